//! Two texts side by side, line by line.

use similar::{Algorithm, ChangeTag, TextDiff};

/// Lines around a change that are shown.
const AROUND: usize = 3;
/// Lines of one comparison that are shown.
const MAX_LINES: usize = 2_000;
/// How long lines are looked for that belong together; then what is there counts.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(2);

/// A line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferentLine {
    /// Its number in the old text, from 1; `None`: it is new.
    pub old: Option<usize>,
    /// Its number in the new text; `None`: it is gone.
    pub new: Option<usize>,
    /// The line.
    pub text: String,
}

/// What differs, in groups of lines with some around; the number of lines beyond what is shown.
pub fn difference(old: &str, new: &str) -> (Vec<Vec<DifferentLine>>, usize) {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).timeout(LONGEST).diff_lines(old, new);
    let (mut groups, mut shown, mut left) = (Vec::new(), 0, 0);
    for group in diff.grouped_ops(AROUND) {
        let mut lines = Vec::new();
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            if shown == MAX_LINES {
                left += usize::from(change.tag() != ChangeTag::Equal);
                continue;
            }
            shown += 1;
            let number = |index: Option<usize>| index.map(|i| i + 1);
            lines.push(DifferentLine {
                old: number(change.old_index()),
                new: number(change.new_index()),
                text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
            });
        }
        groups.push(lines);
    }
    groups.retain(|g| !g.is_empty());
    (groups, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_found_with_their_numbers() {
        let old: String = (1..=20).map(|i| format!("line {i}\n")).collect();
        let new = old.replace("line 3\n", "line three\n").replace("line 18\n", "");
        let (groups, left) = difference(&old, &new);
        assert_eq!((groups.len(), left), (2, 0));
        let changed: Vec<_> = groups.iter().flatten().filter(|l| l.old.is_none() || l.new.is_none()).collect();
        let said: Vec<_> = changed.iter().map(|l| (l.old, l.new, l.text.as_str())).collect();
        assert_eq!(said, [(Some(3), None, "line 3"), (None, Some(3), "line three"), (Some(18), None, "line 18")]);
        assert!(difference(&old, &old).0.is_empty());
    }
}
