//! What stands between `<` and `>` and is no tag: comments, CDATA sections, processing instructions; a DTD is refused.

use super::{Halt, Reader, State, Step};
use crate::xml::gate::GateErrorKind;
use crate::xml::gate::handler::Handler;
use crate::xml::gate::scan::{self, Fault, byte};

impl Reader {
    /// What begins with `<!`.
    pub(super) fn bang(&mut self, text: &str, at: usize) -> Result<Step, Fault> {
        const CDATA: &[u8] = b"<![CDATA[";
        const COMMENT: &[u8] = b"<!--";
        const DTD: &[u8] = b"<!DOCTYPE";
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        if rest.starts_with(COMMENT) {
            self.count_nodes(1, at)?;
            self.count_reference(1, at)?;
            self.state = State::Comment;
            Ok(Step::To(at + COMMENT.len()))
        } else if rest.starts_with(CDATA) {
            if self.open.is_empty() {
                return Err(Fault::new(GateErrorKind::TextOutsideRoot, at));
            }
            self.state = State::CData;
            Ok(Step::To(at + CDATA.len()))
        } else if rest.get(..DTD.len()).is_some_and(|r| r.eq_ignore_ascii_case(DTD)) {
            Err(Fault::new(GateErrorKind::Dtd, at))
        } else if COMMENT.starts_with(rest)
            || CDATA.starts_with(rest)
            || DTD.get(..rest.len()).is_some_and(|d| d.eq_ignore_ascii_case(rest))
        {
            Ok(Step::Hold(at))
        } else {
            Err(Fault::new(GateErrorKind::UnknownMarkup, at))
        }
    }

    /// Production 15, `Comment`, after `<!--`.
    pub(super) fn comment(&mut self, text: &str, from: usize) -> Result<Step, Fault> {
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            at = scan::next_stop(bytes, at, scan::COMMENT);
            match (byte(bytes, at), bytes.get(at + 1), bytes.get(at + 2)) {
                _ if at >= bytes.len() => return Ok(Step::Hold(at)),
                (b'-', None, _) | (b'-', Some(b'-'), None) => return Ok(Step::Hold(at)),
                (b'-', Some(b'-'), Some(b'>')) => {
                    self.state = State::Content;
                    return Ok(Step::To(at + 3));
                }
                (b'-', Some(b'-'), Some(_)) => return Err(Fault::new(GateErrorKind::DoubleHyphenInComment, at)),
                (b'-', Some(_), _) => at += 1,
                _ => at += scan::check_char(bytes, at)?,
            }
        }
    }

    /// Productions 18 to 21, `CDSect`, after `<![CDATA[`.
    pub(super) fn cdata<H: Handler>(&mut self, text: &str, from: usize, last: bool, handler: &mut H) -> Result<Step, Halt<H::Error>> {
        let bytes = text.as_bytes();
        let (mut start, mut at) = (from, from);
        loop {
            at = scan::next_stop(bytes, at, scan::CDATA);
            match byte(bytes, at) {
                b']' => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    if rest.starts_with(b"]]>") {
                        self.emit(text, start, at, handler)?;
                        self.state = State::Content;
                        return Ok(Step::To(at + 3));
                    }
                    if rest == b"]" || rest == b"]]" {
                        self.emit(text, start, at, handler)?;
                        return Ok(Step::Hold(at));
                    }
                    at += 1;
                }
                b'\r' => match self.line_end(text, start, at, last, handler)? {
                    Step::To(next) => (start, at) = (next, next),
                    hold @ Step::Hold(_) => return Ok(hold),
                },
                _ if at >= bytes.len() => {
                    self.emit(text, start, at, handler)?;
                    return Ok(Step::Hold(at));
                }
                _ => at += self.checked_char(text, start, at, handler)?,
            }
        }
    }

    /// Production 17, `PITarget`, at the `<?` at `at`.
    pub(super) fn instruction_target(&mut self, text: &str, at: usize) -> Result<Step, Fault> {
        let bytes = text.as_bytes();
        let malformed = Fault { kind: GateErrorKind::MalformedTarget, at };
        let target = match scan::qname(text, at + 2, self.limits.name_bytes) {
            Ok(name) => name,
            Err(f) if f.at >= bytes.len() => return Ok(Step::Hold(at)),
            Err(f) if matches!(f.kind, GateErrorKind::NameLength { .. }) => return Err(f),
            Err(_) => return Err(malformed),
        };
        match (byte(bytes, target.end), bytes.get(target.end + 1)) {
            _ if target.end >= bytes.len() => return Ok(Step::Hold(at)),
            (b'?', None) => return Ok(Step::Hold(at)),
            (b'?', Some(b'>')) => {}
            (b, _) if scan::is_space(b) => {}
            _ => return Err(malformed),
        }
        let name = text.get(at + 2..target.end).unwrap_or_default();
        if name == "xml" {
            return Err(Fault::new(GateErrorKind::MisplacedXmlDeclaration, at));
        }
        // Namespaces in XML 1.0, section 7: no colon in a target.
        if name.eq_ignore_ascii_case("xml") || target.colon.is_some() {
            return Err(malformed);
        }
        self.count_nodes(1, at)?;
        self.count_reference(1, at)?;
        self.state = State::Instruction;
        Ok(Step::To(target.end))
    }

    /// Production 16, `PI`, after its target.
    pub(super) fn instruction(&mut self, text: &str, from: usize) -> Result<Step, Fault> {
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            at = scan::next_stop(bytes, at, scan::INSTRUCTION);
            match (byte(bytes, at), bytes.get(at + 1)) {
                _ if at >= bytes.len() => return Ok(Step::Hold(at)),
                (b'?', None) => return Ok(Step::Hold(at)),
                (b'?', Some(b'>')) => {
                    self.state = State::Content;
                    return Ok(Step::To(at + 2));
                }
                (b'?', Some(_)) => at += 1,
                _ => at += scan::check_char(bytes, at)?,
            }
        }
    }
}
