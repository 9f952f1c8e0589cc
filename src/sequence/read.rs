//! Sequence files.

use super::{Sequence, codes};
use crate::diagnostic::{Diagnostic, SourceId, Span};

impl Sequence {
    /// The version of the format that is read.
    pub const VERSION: u32 = 1;

    /// Reads a sequence file.
    ///
    /// # Errors
    /// What is wrong with it, at its place where it has one: the author's fault.
    pub fn parse(source: SourceId, text: &str) -> Result<Self, Box<Diagnostic>> {
        let whole = Span { source, start: 0, end: u32::try_from(text.len()).unwrap_or(u32::MAX) };
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        let sequence: Self = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let at = error.location().map(|l| offset(text, l.line() as usize, l.column() as usize)).unwrap_or(0);
            let span = Span { source, start: at, end: at };
            Box::new(Diagnostic::error(&codes::BAD_SEQUENCE, first_line(&error.to_string())).at(span))
        })?;
        if sequence.version != Self::VERSION {
            let message = format!("the version is {}, this Castile reads version {}", sequence.version, Self::VERSION);
            return Err(Box::new(Diagnostic::error(&codes::BAD_SEQUENCE, message).at(whole)));
        }
        for (path, steps, verb) in [
            ("request", sequence.request.len(), "to_soap"),
            ("response", sequence.response.len(), "to_json"),
            ("fault", sequence.fault.len(), "to_problem"),
        ] {
            if steps != 1 {
                let message = format!("the {path} path has {verb} {steps} times");
                return Err(Box::new(Diagnostic::error(&codes::BAD_PATH, message).at(whole).expected(format!("`{verb}` once"))));
            }
        }
        Ok(sequence)
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Byte offset of a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> u32 {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or("");
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(i, _)| i);
    u32::try_from(before + within).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::{FaultStep, RequestStep, ResponseStep};

    #[test]
    fn the_shipped_sequence_converts_each_message_once() {
        let shipped = Sequence::shipped();
        assert_eq!(shipped.request, [RequestStep::ToSoap {}]);
        assert_eq!(shipped.response, [ResponseStep::ToJson {}]);
        assert_eq!(shipped.fault, [FaultStep::ToProblem {}]);
    }

    #[test]
    fn slips_are_refused_where_they_stand() {
        let refused = |from: &str, to: &str| Sequence::parse(SourceId(0), &Sequence::DEFAULT_TEXT.replace(from, to)).unwrap_err();
        let unknown = refused("to_json: {}", "to_jsn: {}");
        assert_eq!(unknown.code.id, "sequence.bad-file");
        assert!(unknown.message.contains("to_jsn"), "{unknown:?}");
        let at = unknown.span.unwrap().start as usize;
        assert!(Sequence::DEFAULT_TEXT[..at].ends_with("response:\n  - ") || at > 0, "{at}");
        assert_eq!(refused("  - to_soap: {}\n", "  - to_soap: {}\n  - to_soap: {}\n").code.id, "sequence.bad-path");
        assert_eq!(refused("to_soap: {}", "to_soap: {fast: true}").code.id, "sequence.bad-file");
        assert_eq!(refused("version: 1", "version: 2").code.id, "sequence.bad-file");
        assert_eq!(refused("fault:", "faults:").code.id, "sequence.bad-file");
    }
}
