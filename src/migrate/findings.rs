//! What is said of an archive: its texts without their secrets, and what was found in them.

use std::sync::Arc;

use super::codes;
use crate::diagnostic::{Code, Diagnostic, Severity, SourceId, Sources, Span};

/// Findings that are kept; of more, only the number is.
const KEPT: usize = 2_000;

/// The texts of an archive and what was found in them.
#[derive(Debug, Default)]
pub(super) struct Findings {
    texts: Vec<(Arc<str>, Arc<str>)>,
    masks: Vec<Span>,
    found: Vec<Diagnostic>,
    left_out: usize,
}

impl Findings {
    /// Keeps a text and gives its id.
    pub(super) fn add(&mut self, name: &str, text: Arc<str>) -> SourceId {
        let id = SourceId(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push((name.into(), text));
        id
    }

    /// The text of that id.
    pub(super) fn text(&self, source: SourceId) -> Arc<str> {
        self.texts.get(source.0 as usize).map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// What stands there is a secret: nobody is shown it.
    pub(super) fn hide(&mut self, span: Span) {
        self.masks.push(span);
    }

    /// It has no counterpart.
    pub(super) fn lost(&mut self, at: Option<Span>, message: impl Into<String>) {
        self.say(Severity::Warning, &codes::NOT_CARRIED, at, message.into(), None);
    }

    /// The same, with what to do.
    pub(super) fn lost_but(&mut self, at: Option<Span>, message: impl Into<String>, hint: impl Into<String>) {
        self.say(Severity::Warning, &codes::NOT_CARRIED, at, message.into(), Some(hint.into()));
    }

    /// It is done differently.
    pub(super) fn different(&mut self, at: Option<Span>, message: impl Into<String>) {
        self.say(Severity::Note, &codes::DIFFERENT, at, message.into(), None);
    }

    /// A person has to fill it in.
    pub(super) fn fill_in(&mut self, at: Option<Span>, message: impl Into<String>, hint: impl Into<String>) {
        self.say(Severity::Warning, &codes::FILL_IN, at, message.into(), Some(hint.into()));
    }

    /// A resource without an operation.
    pub(super) fn unbound(&mut self, at: Option<Span>, message: impl Into<String>, hint: impl Into<String>) {
        self.say(Severity::Warning, &codes::NO_OPERATION, at, message.into(), Some(hint.into()));
    }

    fn say(&mut self, severity: Severity, code: &'static Code, span: Option<Span>, message: String, hint: Option<String>) {
        self.push(Diagnostic { span, hint, ..Diagnostic::new(severity, code, message) });
    }

    /// Keeps a finding; one that is there already, of a place that several resources share, once.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let same = |d: &Diagnostic| d.span == diagnostic.span && d.message == diagnostic.message;
        if diagnostic.span.is_some() && self.found.iter().any(same) {
            return;
        }
        match self.found.len() < KEPT {
            true => self.found.push(diagnostic),
            false => self.left_out += 1,
        }
    }

    /// The text of a place, in one line of at most 160 characters, without secrets.
    pub(super) fn quote(&self, span: Span) -> String {
        let text = self.texts.get(span.source.0 as usize).map(|(_, text)| text.as_bytes()).unwrap_or_default();
        let mut bytes = text.get(span.start as usize..span.end as usize).unwrap_or_default().to_vec();
        for mask in self.masks.iter().filter(|m| m.source == span.source) {
            for at in mask.start.max(span.start)..mask.end.min(span.end) {
                if let Some(byte) = bytes.get_mut((at - span.start) as usize) {
                    *byte = b'*';
                }
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut line = words.join(" ");
        if let Some((cut, _)) = line.char_indices().nth(160) {
            line.truncate(cut);
            line.push('…');
        }
        line
    }

    /// The findings, and the texts without secrets.
    pub(super) fn end(mut self) -> (Vec<Diagnostic>, Sources) {
        if self.left_out > 0 {
            let message = format!("{} more findings are not listed", self.left_out);
            self.found.push(Diagnostic::new(Severity::Warning, &codes::NOT_CARRIED, message));
        }
        let mut sources = Sources::default();
        for (index, (name, text)) in self.texts.iter().enumerate() {
            let masks = self.masks.iter().filter(|m| m.source.0 as usize == index);
            sources.add(name.clone(), masked(text, masks));
        }
        (self.found, sources)
    }

    /// Where a place is: `Sequences/in-sequence/a.xml:12`.
    pub(super) fn place(&self, span: Span) -> String {
        let Some((name, text)) = self.texts.get(span.source.0 as usize) else { return String::new() };
        let before = text.as_bytes().get(..span.start as usize).unwrap_or_default();
        format!("{name}:{}", memchr::memchr_iter(b'\n', before).count() + 1)
    }
}

/// The text with stars where the masks are: as many bytes, the same lines.
fn masked<'m>(text: &Arc<str>, masks: impl Iterator<Item = &'m Span>) -> Arc<str> {
    let mut bytes = text.as_bytes().to_vec();
    let mut any = false;
    for mask in masks {
        for byte in bytes.get_mut(mask.start as usize..mask.end as usize).unwrap_or_default() {
            if !matches!(*byte, b'\n' | b'\r') {
                *byte = b'*';
                any = true;
            }
        }
    }
    if any { String::from_utf8_lossy(&bytes).into() } else { text.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_no_text_and_no_quote() {
        let mut findings = Findings::default();
        let text = "user: a\npassword: hünter2\nurl: b\n";
        let id = findings.add("api.yaml", text.into());
        let start = text.find("hünter2").unwrap_or_default() as u32;
        findings.hide(Span { source: id, start, end: start + "hünter2".len() as u32 });
        let whole = Span { source: id, start: 0, end: text.len() as u32 };
        assert_eq!(findings.quote(whole), "user: a password: ******** url: b");
        assert_eq!(findings.place(Span { source: id, start, end: start }), "api.yaml:2");
        findings.lost(Some(whole), "x");
        findings.lost(Some(whole), "x");
        let (found, sources) = findings.end();
        assert_eq!(found.len(), 1, "the same place is told once");
        assert_eq!(sources.document(id).map(|d| d.text.to_string()), Some(text.replace("hünter2", "********")));
    }
}
