//! Changes to the text of an `api.yaml` that people wrote: only what must change does, comments and formatting around it stay.

use std::collections::BTreeMap;

use super::write::{HEADERS_NOTE, quoted, scalar};
use super::yaml::{File, Kind, Node};
use super::{ApiDefinition, codes};
use crate::diagnostic::SourceId;

/// What is to be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    /// `source.wsdl`.
    pub wsdl: String,
    /// `source.digest`.
    pub digest: String,
    /// Keys of `headers` that go.
    pub headers_gone: Vec<String>,
    /// Keys of `headers` that come, each with its word.
    pub headers_new: BTreeMap<String, &'static str>,
    /// Notes that are replaced where they stand word for word: (what was written, what is written).
    pub notes: Vec<(String, String)>,
}

/// A stretch of text and what takes its place.
type Cut = (usize, usize, String);

/// Makes the changes. `None` where one of them cannot be made in place, or where more than they would change by it.
pub fn edit(text: &str, edits: &Edits) -> Option<String> {
    let (file, node) = File::parse(SourceId(0), text, &codes::OF_YAML);
    let mut cuts = Vec::new();
    let root = node?;
    source(&file, text, &root, edits, &mut cuts)?;
    let appended = headers(&file, text, &root, edits, &mut cuts)?;
    let mut edited = applied(text, cuts)?;
    let mut at_end = appended;
    for (before, now) in &edits.notes {
        if !before.is_empty() && edited.matches(before.as_str()).count() == 1 {
            edited = edited.replace(before.as_str(), &format!("{}{now}", std::mem::take(&mut at_end)));
            break;
        }
    }
    if !at_end.is_empty() {
        let line = if edited.ends_with('\n') { "" } else { "\n" };
        edited.push_str(line);
        edited.push_str(&at_end);
    }
    is_as_wanted(text, &edited, edits).then_some(edited)
}

/// Does the edited text say what the old one said, but for the changes?
fn is_as_wanted(before: &str, now: &str, edits: &Edits) -> bool {
    let read = |text: &str| ApiDefinition::parse(SourceId(0), text).0;
    let (Some(mut wanted), Some(made)) = (read(before), read(now)) else { return false };
    wanted.source.wsdl.clone_from(&edits.wsdl);
    wanted.source.digest = Some(edits.digest.clone());
    wanted.headers.retain(|key, _| !edits.headers_gone.contains(key));
    let others = made.headers.iter().filter(|(key, _)| !edits.headers_new.contains_key(*key)).count();
    let all_there = others == wanted.headers.len() && edits.headers_new.keys().all(|key| made.headers.contains_key(key));
    let mut made = made;
    made.headers.retain(|key, _| !edits.headers_new.contains_key(key));
    all_there && made.to_yaml(&[]) == wanted.to_yaml(&[])
}

fn member<'n>(node: &'n Node, name: &str) -> Option<(&'n Node, &'n Node)> {
    let Kind::Map(entries) = &node.kind else { return None };
    entries.iter().find(|(k, _)| matches!(&k.kind, Kind::String(key) if key == name)).map(|(k, v)| (k, v))
}

fn span(file: &File<'_>, node: &Node) -> (usize, usize) {
    let span = file.span(node);
    (span.start as usize, span.end as usize)
}

fn source(file: &File<'_>, text: &str, root: &Node, edits: &Edits, cuts: &mut Vec<Cut>) -> Option<()> {
    let (_, source) = member(root, "source")?;
    let (wsdl_key, wsdl) = member(source, "wsdl")?;
    let (start, end) = span(file, wsdl);
    let mut path = scalar(&edits.wsdl);
    let digest = quoted(&edits.digest);
    match member(source, "digest") {
        Some((_, node)) => {
            let (start, end) = span(file, node);
            cuts.push((start, end, digest));
        }
        None if is_flow(file, text, source) => path.push_str(&format!(", digest: {digest}")),
        None => path.push_str(&format!("\n{}digest: {digest}", indent(text, span(file, wsdl_key).0))),
    }
    if text.get(start..end) != Some(path.as_str()) {
        cuts.push((start, end, path));
    }
    Some(())
}

/// Is a map written with braces?
fn is_flow(file: &File<'_>, text: &str, node: &Node) -> bool {
    text.get(span(file, node).0..).is_some_and(|t| t.starts_with('{'))
}

/// The white space before a key.
fn indent(text: &str, at: usize) -> String {
    let start = line_start(text, at);
    text.get(start..at).unwrap_or_default().chars().map(|c| if c.is_whitespace() { c } else { ' ' }).collect()
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1)
}

/// The end of a line, its newline included.
fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|t| t.find('\n')).map_or(text.len(), |n| at + n + 1)
}

/// Changes `headers`; gives what is to be appended where the file has none.
fn headers(file: &File<'_>, text: &str, root: &Node, edits: &Edits, cuts: &mut Vec<Cut>) -> Option<String> {
    let (gone, new) = (&edits.headers_gone, &edits.headers_new);
    if gone.is_empty() && new.is_empty() {
        return Some(String::new());
    }
    let lines = |indent: &str| -> String { new.iter().map(|(key, word)| format!("{indent}{}: {word}\n", scalar(key))).collect() };
    let Some((key, map)) = member(root, "headers") else {
        return gone.is_empty().then(|| format!("{HEADERS_NOTE}headers:\n{}", lines("  ")));
    };
    let entries: &[(Node, Node)] = match &map.kind {
        Kind::Map(entries) => entries,
        Kind::Null => &[],
        Kind::Bool(_) | Kind::Number | Kind::String(_) | Kind::List(_) => return None,
    };
    let is_gone = |k: &Node| matches!(&k.kind, Kind::String(name) if gone.contains(name));
    let flow = is_flow(file, text, map);
    if !flow && new.is_empty() && !entries.is_empty() && entries.iter().all(|(k, _)| is_gone(k)) {
        // An empty `headers:` says nothing; the note above it was for it.
        let first = line_start(text, span(file, key).0);
        let noted = text.get(..first).is_some_and(|t| t.ends_with(HEADERS_NOTE));
        cuts.push((if noted { first - HEADERS_NOTE.len() } else { first }, line_end(text, span(file, key).1), String::new()));
    }
    for (k, v) in entries.iter().filter(|(k, _)| is_gone(k)) {
        let (start, end) = (span(file, k).0, span(file, v).1);
        cuts.push(if flow { flow_entry(text, start, end) } else { block_entry(text, start, end)? });
    }
    if !new.is_empty() && flow {
        let open = span(file, map).0 + 1;
        let all = new.iter().map(|(key, word)| format!("{}: {word}", scalar(key))).collect::<Vec<_>>().join(", ");
        let comma = if entries.iter().any(|(k, _)| !is_gone(k)) { "," } else { " " };
        cuts.push((open, open, format!(" {all}{comma}")));
    } else if !new.is_empty() {
        let indent = entries.first().map_or_else(|| "  ".to_owned(), |(k, _)| indent(text, span(file, k).0));
        let after = line_end(text, span(file, key).1);
        let line = if text.get(..after).is_some_and(|t| t.ends_with('\n')) { "" } else { "\n" };
        cuts.push((after, after, format!("{line}{}", lines(&indent))));
    }
    Some(String::new())
}

/// The lines of an entry of a block map that stands on one.
fn block_entry(text: &str, start: usize, end: usize) -> Option<Cut> {
    let (from, to) = (line_start(text, start), line_end(text, end));
    let alone = text.get(from..start)?.trim().is_empty() && !text.get(start..end)?.contains('\n');
    alone.then(|| (from, to, String::new()))
}

/// An entry of a flow map with the comma that goes with it.
fn flow_entry(text: &str, start: usize, end: usize) -> Cut {
    let after = text.get(end..).unwrap_or_default();
    let space = after.len() - after.trim_start().len();
    if after.trim_start().starts_with(',') {
        let rest = after.get(space + 1..).unwrap_or_default();
        return (start, end + space + 1 + (rest.len() - rest.trim_start_matches(' ').len()), String::new());
    }
    let before = text.get(..start).unwrap_or_default();
    let from = before.trim_end().strip_suffix(',').map_or(start, str::len);
    (from, end, String::new())
}

/// Cuts that do not overlap, made.
fn applied(text: &str, mut cuts: Vec<Cut>) -> Option<String> {
    cuts.sort_by_key(|(start, end, _)| (*start, *end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end, new) in cuts {
        out.push_str(text.get(at..start)?);
        out.push_str(&new);
        at = end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits() -> Edits {
        Edits { wsdl: "wsdl/new.wsdl".into(), digest: "sha256:22".into(), ..Edits::default() }
    }

    #[test]
    fn only_what_must_change_does() {
        let text = "# mine\nversion: 1\napi: { name: X } # its name\nsource: { wsdl: wsdl/old.wsdl,   digest: \"sha256:11\" }  # keep\nplans:   [gold]\n";
        let made = edit(text, &edits()).unwrap();
        assert_eq!(made, text.replace("old.wsdl", "new.wsdl").replace("sha256:11", "sha256:22"));
        let block = "version: 1\nsource:\n    wsdl: wsdl/old.wsdl # here\n    port: P\napi:\n    name: X\n";
        let made = edit(block, &edits()).unwrap();
        assert_eq!(made, block.replace("old.wsdl", "new.wsdl\n    digest: \"sha256:22\""));
        let flow = "version: 1\napi: { name: X }\nsource: { wsdl: wsdl/old.wsdl }\n";
        assert_eq!(edit(flow, &edits()).unwrap(), flow.replace("old.wsdl", "new.wsdl, digest: \"sha256:22\""));
    }

    #[test]
    fn headers_come_and_go() {
        let text = "version: 1\napi: { name: X }\nsource: { wsdl: wsdl/new.wsdl, digest: \"sha256:22\" }\n";
        let new = Edits { headers_new: [("call".to_owned(), "caller")].into(), ..edits() };
        let with = edit(text, &new).unwrap();
        assert_eq!(with, format!("{text}{HEADERS_NOTE}headers:\n  call: caller\n"));
        let gone = Edits { headers_gone: vec!["call".to_owned()], ..edits() };
        assert_eq!(edit(&with, &gone).unwrap(), text);
        let both = Edits { headers_new: [("a/b".to_owned(), "secret")].into(), ..gone.clone() };
        assert_eq!(edit(&with, &both).unwrap(), with.replace("call: caller", "a/b: secret"));
        let flow = format!("{text}headers: {{ call: caller, x: omit }}\n");
        assert_eq!(edit(&flow, &gone).unwrap(), format!("{text}headers: {{ x: omit }}\n"));
        assert_eq!(edit(&flow, &both).unwrap(), format!("{text}headers: {{ a/b: secret, x: omit }}\n"));
        let kept = format!("{text}headers:\n  # mine\n  call: caller # why\n  x: {{ constant: 1 }}\n");
        assert_eq!(edit(&kept, &gone).unwrap(), format!("{text}headers:\n  # mine\n  x: {{ constant: 1 }}\n"));
    }
}
