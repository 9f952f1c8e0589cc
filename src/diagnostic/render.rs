//! Diagnostics as text with code frames, and as data for JSON.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use serde::Serialize;

use super::{Diagnostic, Severity, Source, Sources, Span};

/// Columns of the frames' text, as far as words can be wrapped.
const WIDTH: usize = 120;
/// Characters of a long line that are shown before its place and from it on.
const BEFORE: usize = 40;
const AFTER: usize = 80;
/// Characters that are shown of a message, label or hint.
const MESSAGE: usize = 1_000;
/// What stands where a line was cut.
const CUT: char = '…';

/// A diagnostic as plain data: what JSON output shows.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Finding<'a> {
    /// `error`, `warning` or `note`.
    pub severity: &'static str,
    /// The code's id.
    pub code: &'static str,
    /// What was found.
    pub message: &'a str,
    /// The document's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<&'a str>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// From 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What was expected at the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<&'a str>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'a str>,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Diagnostic {
    /// The finding as plain data.
    pub fn finding<'a>(&'a self, sources: &'a Sources) -> Finding<'a> {
        let position = self.span.and_then(|s| sources.position(s));
        Finding {
            severity: self.severity.as_str(),
            code: self.code.id,
            message: &self.message,
            document: self.span.and_then(|s| sources.document(s.source)).map(|d| &*d.name),
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            expected: self.expected.as_deref(),
            hint: self.hint.as_deref(),
        }
    }

    /// One line without a frame: `document:line:column: severity[code]: message`.
    pub fn line(&self, sources: &Sources) -> String {
        let place = self.span.and_then(|s| Some((sources.document(s.source)?, sources.position(s)?)));
        let place = place.map(|(d, (line, column))| format!("{}:{line}:{column}: ", plain(&d.name))).unwrap_or_default();
        format!("{place}{}[{}]: {}", self.severity.as_str(), self.code.id, plain(&self.message))
    }
}

/// All the diagnostics as text with code frames, in their order, and how many more were found.
pub fn text(diagnostics: &[Diagnostic], left_out: usize, sources: &Sources, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(WIDTH).with_context_lines(1).tab_width(4);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let report = Report::new(diagnostic, sources);
        if handler.render_report(&mut out, &report).is_err() {
            // miette refuses what it cannot place; the finding must be seen all the same.
            out.push_str(&diagnostic.line(sources));
            out.push('\n');
        }
    }
    if left_out > 0 {
        out.push_str(&format!("… and {left_out} more\n"));
    }
    out
}

/// A diagnostic with the excerpt of its source, as miette wants it.
#[derive(Debug)]
struct Report {
    severity: miette::Severity,
    code: &'static str,
    message: String,
    label: Option<String>,
    hint: Option<String>,
    excerpt: Option<Excerpt>,
}

impl Report {
    fn new(diagnostic: &Diagnostic, sources: &Sources) -> Self {
        let place = diagnostic.span.and_then(|span| Some((span, sources.document(span.source)?)));
        Self {
            severity: match diagnostic.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
                Severity::Note => miette::Severity::Advice,
            },
            code: diagnostic.code.id,
            message: plain(&diagnostic.message),
            label: diagnostic.expected.as_deref().map(plain),
            hint: diagnostic.hint.as_deref().map(plain),
            excerpt: place.map(|(span, source)| Excerpt::new(source, span)),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.hint.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|e| e as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        let label = LabeledSpan::new_with_span(self.label.clone(), excerpt.span);
        Some(Box::new(std::iter::once(label)))
    }
}

/// A few lines around a place, cut to a width that can be read: generated WSDLs have lines of a megabyte.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    /// The place within the text.
    span: SourceSpan,
    /// Line of the text's first line in the document, from 0.
    first_line: usize,
    /// Column of the place in the document, from 0, in characters.
    column: usize,
}

impl Excerpt {
    fn new(source: &Source, span: Span) -> Self {
        let text = &*source.text;
        let start = text.floor_char_boundary(span.start as usize);
        let (before, after) = text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let (earlier, head) = before.split_at(line_start);
        let line_end = after.find('\n').unwrap_or(after.len());
        let (tail, later) = after.split_at(line_end);
        let mut out = String::new();
        let mut first_line = memchr::memchr_iter(b'\n', earlier.as_bytes()).count();
        if let Some(previous) = earlier.strip_suffix('\n') {
            first_line -= 1;
            shown(&mut out, previous.rsplit('\n').next().unwrap_or(""), BEFORE + AFTER);
            out.push('\n');
        }
        let skipped = head.char_indices().rev().nth(BEFORE - 1).map_or(0, |(i, _)| i);
        if skipped > 0 {
            out.push(CUT);
        }
        shown(&mut out, head.get(skipped..).unwrap_or_default(), BEFORE);
        let place = out.len();
        let length = (span.end as usize).saturating_sub(start).min(tail.len());
        let (inside, rest) = tail.split_at(tail.floor_char_boundary(length));
        shown(&mut out, inside.trim_end_matches('\r'), AFTER);
        let inside_length = out.len() - place;
        shown(&mut out, rest.trim_end_matches('\r'), AFTER.saturating_sub(inside.chars().take(AFTER).count()));
        if let Some(next) = later.strip_prefix('\n') {
            out.push('\n');
            shown(&mut out, next.split('\n').next().unwrap_or(""), BEFORE + AFTER);
        }
        Self {
            name: plain(&source.name),
            text: out,
            span: SourceSpan::from((place, inside_length)),
            first_line,
            column: head.chars().count(),
        }
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, lines_before, lines_after)?;
        let column = if lines_before == 0 && span.offset() == self.span.offset() { self.column } else { inner.column() };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first_line,
            column,
            inner.line_count(),
        )))
    }
}

/// Appends at most `width` characters of a line, without what a terminal would obey.
fn shown(out: &mut String, line: &str, width: usize) {
    let mut characters = line.chars();
    out.extend(characters.by_ref().take(width).map(harmless));
    if characters.next().is_some() && !out.ends_with(CUT) {
        out.push(CUT);
    }
}

/// A text from outside that may be printed: no control characters, not endless.
fn plain(text: &str) -> String {
    let mut out = String::new();
    shown(&mut out, text, MESSAGE);
    out
}

fn harmless(c: char) -> char {
    // Control characters, and those that turn the direction of writing.
    match c {
        '\t' => '\t',
        '\n' => ' ',
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' => '\u{FFFD}',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Code;
    use super::*;

    static CODE: Code = Code { id: "wsdl.missing-message", title: "a message must be declared", help: "" };

    fn one(text_of: &str, part: &str) -> (Sources, Diagnostic) {
        let mut sources = Sources::default();
        let source = sources.add("a/service.wsdl", text_of);
        let start = text_of.find(part).expect("the part is there") as u32;
        let span = Span { source, start, end: start + part.len() as u32 };
        let diagnostic = Diagnostic::error(&CODE, "message `tns:GetX` is not declared")
            .at(span)
            .expected("expected the name of a message")
            .hint("did you mean `tns:GetY`?");
        (sources, diagnostic)
    }

    #[test]
    fn a_frame_shows_the_place() {
        let (sources, diagnostic) = one("<definitions>\n  <input message=\"tns:GetX\"/>\r\n</definitions>", "tns:GetX");
        assert_eq!(
            text(std::slice::from_ref(&diagnostic), 3, &sources, false),
            "wsdl.missing-message\n\n  × message `tns:GetX` is not declared\n   ╭─[a/service.wsdl:2:19]\n 1 │ <definitions>\n \
             2 │   <input message=\"tns:GetX\"/>\n   ·                   ────┬───\n   ·                       ╰── expected the name of a message\n \
             3 │ </definitions>\n   ╰────\n  help: did you mean `tns:GetY`?\n… and 3 more\n"
        );
        assert_eq!(diagnostic.line(&sources), "a/service.wsdl:2:19: error[wsdl.missing-message]: message `tns:GetX` is not declared");
        assert_eq!(
            serde_json::to_value(diagnostic.finding(&sources)).expect("JSON"),
            serde_json::json!({
                "severity": "error", "code": "wsdl.missing-message", "message": "message `tns:GetX` is not declared",
                "document": "a/service.wsdl", "line": 2, "column": 19,
                "expected": "expected the name of a message", "hint": "did you mean `tns:GetY`?"
            })
        );
        assert!(text(&[diagnostic], 0, &sources, true).contains("\u{1b}["));
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let line = "<a b='ä'/>".repeat(100_000);
        let (sources, diagnostic) = one(&format!("{line}<input/>{line}\n{line}"), "<input/>");
        let frame = text(&[diagnostic], 0, &sources, false);
        assert!(frame.len() < 2_000, "{frame}");
        assert!(frame.contains("a/service.wsdl:1:1000001"), "{frame}");
        assert!(frame.contains("…") && frame.contains("<input/>"), "{frame}");
        let (above, below) = frame.split_once("<input/>").expect("the place");
        let column = above.lines().last().expect("a line").chars().count();
        let marked = below.lines().nth(1).expect("marks");
        assert_eq!(marked.chars().position(|c| c == '─'), Some(column), "{frame}");
    }

    #[test]
    fn nothing_of_the_source_reaches_the_terminal_as_a_command() {
        let (sources, diagnostic) = one("<a>\u{1b}[2J\u{202e}\u{7}X</a>", "X");
        let frame = text(&[diagnostic], 0, &sources, false);
        assert!(!frame.chars().any(|c| c.is_control() && c != '\n'), "{frame:?}");
        assert!(!frame.contains('\u{202e}'));
    }

    #[test]
    fn odd_spans_are_drawn_too() {
        let mut sources = Sources::default();
        let source = sources.add("x", "é\nab\n");
        for (start, end) in [(0, 0), (1, 1), (0, 5), (3, 99), (6, 6), (7, 9), (99, 100), (4, 2), (0, u32::MAX)] {
            let diagnostic = Diagnostic::error(&CODE, "odd").at(Span { source, start, end });
            let frame = text(&[diagnostic], 0, &sources, false);
            assert!(frame.contains("[x:") && frame.contains("odd"), "{start}..{end}: {frame}");
        }
        let nowhere = Diagnostic::error(&CODE, "nowhere").at(Span { source: super::super::SourceId(9), start: 0, end: 0 });
        assert!(text(&[nowhere], 0, &sources, false).contains("nowhere"));
    }

    #[test]
    fn the_first_error_is_kept_even_after_many_notes() {
        let mut all = super::super::Diagnostics::default();
        all.extend((0..1_500).map(|_| Diagnostic::new(Severity::Note, &CODE, "n")));
        assert!(!all.has_errors());
        all.push(Diagnostic::error(&CODE, "e"));
        assert!(all.has_errors());
        assert_eq!((all.iter().len(), all.left_out()), (1_000, 501));
        assert!(all.iter().any(|d| d.severity == Severity::Error));
    }
}
