//! Characters to events: the state machine behind the decoder.

mod markup;

use quick_xml::parser::{ElementParser, Parser};

use crate::xml::encoding::{DECLARATION_BYTES, Decoder};
use crate::xml::limits::Limits;

use super::handler::{Handler, StartTag};
use super::names::DistinctNames;
use super::namespaces::Namespaces;
use super::scan::{self, Fault, byte};
use super::tag::Tag;
use super::{GateErrorKind, declaration};

/// Why a run over the text at hand ended early.
pub(super) enum Halt<E> {
    Fault(Fault),
    Handler(E),
}

impl<E> From<Fault> for Halt<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// How far a step came.
enum Step {
    /// Everything before this byte is done with.
    To(usize),
    /// Everything before this byte is done with, and more bytes are needed to go on.
    Hold(usize),
}

/// What the text at hand is in the middle of.
#[derive(Debug)]
enum State {
    /// Nothing was read: an XML declaration may come.
    Begin,
    /// Between mark-up: text in an element, white space outside.
    Content,
    /// A start tag that is not complete; how much of it the parser has seen, bytes.
    StartTag(ElementParser, usize),
    Comment,
    CData,
    Instruction,
}

/// An open element. Its name is text of [`Reader::names`].
#[derive(Debug)]
struct Open {
    name_start: u32,
    bindings: u32,
}

/// What one document has shown so far.
#[derive(Debug)]
pub(super) struct Reader {
    limits: Limits,
    state: State,
    open: Vec<Open>,
    names: String,
    root_seen: bool,
    scope: Namespaces,
    distinct: DistinctNames,
    tag: Tag,
    text_bytes: u64,
    nodes: u64,
    references: u64,
    /// Where the event that was handed on last stands in the text at hand.
    pub(super) event_at: usize,
}

impl Reader {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Begin,
            open: Vec::new(),
            names: String::new(),
            root_seen: false,
            scope: Namespaces::new(),
            distinct: DistinctNames::new(),
            tag: Tag::default(),
            text_bytes: 0,
            nodes: 0,
            references: 0,
            event_at: 0,
        }
    }

    /// Reads `text`, which begins `offset` bytes into the document, as far as it is complete; `consumed` says how far that is,
    /// and the next call must begin there. With `last` nothing may be left over and the document must be whole.
    pub(super) fn run<H: Handler>(
        &mut self,
        text: &str,
        offset: u64,
        last: bool,
        decoder: &Decoder,
        handler: &mut H,
        consumed: &mut usize,
    ) -> Result<(), Halt<H::Error>> {
        let mut at = 0;
        loop {
            let step = match &mut self.state {
                State::Begin => self.begin(text, last, decoder)?,
                State::Content if at >= text.len() => break,
                State::Content => self.content(text, at, offset, last, handler)?,
                State::StartTag(..) => self.start_tag(text, at, offset, last, handler)?,
                State::Comment => self.comment(text, at)?,
                State::CData => self.cdata(text, at, last, handler)?,
                State::Instruction => self.instruction(text, at)?,
            };
            match step {
                Step::To(next) => at = next,
                Step::Hold(next) => {
                    at = next;
                    if last {
                        return Err(Fault::new(GateErrorKind::UnclosedMarkup, at.min(text.len())).into());
                    }
                    break;
                }
            }
        }
        *consumed = at;
        if last { self.check_whole(at).map_err(Halt::Fault) } else { Ok(()) }
    }

    fn check_whole(&self, at: usize) -> Result<(), Fault> {
        match (self.open.is_empty(), self.root_seen) {
            (false, _) => Err(Fault::new(GateErrorKind::UnclosedElement, at)),
            (true, false) => Err(Fault::new(GateErrorKind::NoRoot, at)),
            (true, true) => Ok(()),
        }
    }

    /// The XML declaration, if the document has one.
    fn begin(&mut self, text: &str, last: bool, decoder: &Decoder) -> Result<Step, Fault> {
        const OPEN: &str = "<?xml";
        let bytes = text.as_bytes();
        if !text.starts_with(OPEN) || (bytes.len() > OPEN.len() && !scan::is_space(byte(bytes, OPEN.len()))) {
            if OPEN.starts_with(text) && !last {
                return Ok(Step::Hold(0));
            }
            self.state = State::Content;
            return Ok(Step::To(0));
        }
        let window = bytes.get(..DECLARATION_BYTES.min(bytes.len())).unwrap_or_default();
        let Some(close) = memchr::memmem::find(window, b"?>") else {
            if bytes.len() >= DECLARATION_BYTES {
                return Err(Fault::new(GateErrorKind::MalformedXmlDeclaration, 0));
            }
            return Ok(Step::Hold(0));
        };
        let declared = declaration::parse(text.get(..close + 2).unwrap_or_default())?;
        if let Some(label) = declared {
            decoder.check_declared(label).map_err(|kind| Fault::new(kind, 0))?;
        }
        self.state = State::Content;
        Ok(Step::To(close + 2))
    }

    fn content<H: Handler>(&mut self, text: &str, from: usize, offset: u64, last: bool, handler: &mut H) -> Result<Step, Halt<H::Error>> {
        let bytes = text.as_bytes();
        let at = if self.open.is_empty() {
            let at = scan::skip_space(bytes, from);
            if at >= bytes.len() {
                return Ok(Step::To(at));
            }
            if byte(bytes, at) != b'<' {
                return Err(self.outside_root(text, at).into());
            }
            at
        } else {
            match self.text(text, from, last, handler)? {
                Step::To(at) if at < bytes.len() => at,
                step => return Ok(step),
            }
        };
        match byte(bytes, at + 1) {
            _ if at + 1 >= bytes.len() => Ok(Step::Hold(at)),
            b'/' => self.end_tag(text, at, handler),
            b'!' => Ok(self.bang(text, at)?),
            b'?' => Ok(self.instruction_target(text, at)?),
            _ => {
                self.state = State::StartTag(ElementParser::default(), 1);
                self.start_tag(text, at, offset, last, handler)
            }
        }
    }

    fn outside_root(&self, text: &str, at: usize) -> Fault {
        let allowed = text.get(at..).and_then(|t| t.chars().next()).is_none_or(crate::xml::writer::is_xml_char);
        Fault::new(if allowed { GateErrorKind::TextOutsideRoot } else { GateErrorKind::ForbiddenCharacter }, at)
    }

    /// Production 14, `CharData`, with references, up to the next `<`.
    fn text<H: Handler>(&mut self, text: &str, from: usize, last: bool, handler: &mut H) -> Result<Step, Halt<H::Error>> {
        let bytes = text.as_bytes();
        let (mut start, mut at) = (from, from);
        loop {
            at = scan::next_stop(bytes, at, scan::TEXT);
            match byte(bytes, at) {
                b'<' => {
                    self.emit(text, start, at, handler)?;
                    return Ok(Step::To(at));
                }
                b'&' => {
                    self.emit(text, start, at, handler)?;
                    let Some((character, end)) = scan::reference(bytes, at, last)? else { return Ok(Step::Hold(at)) };
                    self.count_reference(1, at)?;
                    self.emit_piece(character.encode_utf8(&mut [0; 4]), at, handler)?;
                    (start, at) = (end, end);
                }
                b'\r' => match self.line_end(text, start, at, last, handler)? {
                    Step::To(next) => (start, at) = (next, next),
                    hold @ Step::Hold(_) => return Ok(hold),
                },
                b']' => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    if rest.starts_with(b"]]>") {
                        self.emit(text, start, at, handler)?;
                        return Err(Fault::new(GateErrorKind::CDataEndInText, at).into());
                    }
                    if !last && (rest == b"]" || rest == b"]]") {
                        self.emit(text, start, at, handler)?;
                        return Ok(Step::Hold(at));
                    }
                    at += 1;
                }
                _ if at >= bytes.len() => {
                    self.emit(text, start, at, handler)?;
                    return Ok(Step::To(at));
                }
                _ => at += self.checked_char(text, start, at, handler)?,
            }
        }
    }

    /// Section 2.11: CR LF and CR alone are LF. Gives where the text goes on.
    fn line_end<H: Handler>(&mut self, text: &str, start: usize, at: usize, last: bool, handler: &mut H) -> Result<Step, Halt<H::Error>> {
        self.emit(text, start, at, handler)?;
        if at + 1 >= text.len() && !last {
            return Ok(Step::Hold(at));
        }
        if byte(text.as_bytes(), at + 1) != b'\n' {
            self.emit_piece("\n", at, handler)?;
        }
        Ok(Step::To(at + 1))
    }

    /// The length of an allowed character; what stands before a forbidden one is handed on, as it is when chunks end there.
    fn checked_char<H: Handler>(&mut self, text: &str, start: usize, at: usize, handler: &mut H) -> Result<usize, Halt<H::Error>> {
        match scan::check_char(text.as_bytes(), at) {
            Ok(length) => Ok(length),
            Err(fault) => {
                self.emit(text, start, at, handler)?;
                Err(fault.into())
            }
        }
    }

    #[inline]
    fn emit<H: Handler>(&mut self, text: &str, start: usize, end: usize, handler: &mut H) -> Result<(), Halt<H::Error>> {
        // By its length: `memcmp` with the empty string reads at no address, which costs some processors hundreds of cycles.
        match text.get(start..end).filter(|piece| !piece.is_empty()) {
            None => Ok(()),
            Some(piece) => self.emit_piece(piece, start, handler),
        }
    }

    /// Hands on a piece that stands at `at`, as far as the text limit allows.
    #[inline]
    fn emit_piece<H: Handler>(&mut self, piece: &str, at: usize, handler: &mut H) -> Result<(), Halt<H::Error>> {
        // Not the white space before it: where that is cut depends on the chunks.
        self.event_at = at + if piece.len() > 1 { white_space(piece) } else { 0 };
        if self.text_bytes == 0 {
            self.count_nodes(1, at)?;
        }
        let room = self.limits.text_bytes - self.text_bytes;
        if piece.len() as u64 > room {
            let fits = piece.floor_char_boundary(usize::try_from(room).unwrap_or(usize::MAX));
            if fits > 0 {
                handler.text(piece.get(..fits).unwrap_or_default()).map_err(Halt::Handler)?;
            }
            return Err(Fault::new(GateErrorKind::TextLength { limit: self.limits.text_bytes }, at + fits).into());
        }
        self.text_bytes += piece.len() as u64;
        handler.text(piece).map_err(Halt::Handler)
    }

    #[inline]
    fn count_nodes(&mut self, more: u64, at: usize) -> Result<(), Fault> {
        self.nodes += more;
        if self.nodes > self.limits.nodes {
            return Err(Fault::new(GateErrorKind::Nodes { limit: self.limits.nodes }, at));
        }
        Ok(())
    }

    fn count_reference(&mut self, more: u64, at: usize) -> Result<(), Fault> {
        self.references += more;
        if self.references > self.limits.references {
            return Err(Fault::new(GateErrorKind::References { limit: self.limits.references }, at));
        }
        Ok(())
    }

    /// A start tag from its `<` at `at`; quick-xml's parser finds its end across any number of chunks.
    fn start_tag<H: Handler>(&mut self, text: &str, at: usize, offset: u64, last: bool, handler: &mut H) -> Result<Step, Halt<H::Error>> {
        let State::StartTag(parser, seen) = &mut self.state else { return Ok(Step::To(at)) };
        let bytes = text.as_bytes();
        let limit = self.limits.start_tag_bytes as usize;
        let Some(close) = parser.feed(bytes.get(at + *seen..).unwrap_or_default()) else {
            *seen = bytes.len() - at;
            let too_long = *seen > limit;
            if too_long || last {
                // What is wrong with it may be something else than its length.
                let fault = self.tag.parse(text.get(at..).unwrap_or_default(), &self.limits).err();
                return match fault {
                    Some(f) if f.kind != GateErrorKind::UnclosedMarkup => Err(Fault { at: at + f.at, ..f }.into()),
                    _ if too_long => Err(Fault::new(GateErrorKind::StartTagLength { limit: self.limits.start_tag_bytes }, at).into()),
                    _ => Ok(Step::Hold(at)),
                };
            }
            return Ok(Step::Hold(at));
        };
        let end = at + *seen + close + 1;
        self.state = State::Content;
        let tag = text.get(at..end).unwrap_or_default();
        self.event_at = at;
        self.open_element(tag, offset + at as u64, handler).map_err(|halt| match halt {
            Halt::Fault(f) => Halt::Fault(Fault { at: at + f.at, ..f }),
            handler => handler,
        })?;
        Ok(Step::To(end))
    }

    /// Takes a whole start tag; faults are relative to it.
    fn open_element<H: Handler>(&mut self, tag: &str, offset: u64, handler: &mut H) -> Result<(), Halt<H::Error>> {
        self.tag.parse(tag, &self.limits)?;
        if tag.len() > self.limits.start_tag_bytes as usize {
            return Err(Fault::new(GateErrorKind::StartTagLength { limit: self.limits.start_tag_bytes }, 0).into());
        }
        if self.open.is_empty() && self.root_seen {
            return Err(Fault::new(GateErrorKind::SecondRoot, 0).into());
        }
        if self.open.len() >= self.limits.element_depth as usize {
            return Err(Fault::new(GateErrorKind::ElementDepth { limit: self.limits.element_depth }, 0).into());
        }
        self.root_seen = true;
        self.text_bytes = 0;
        let bindings = self.scope.depth();
        self.tag.resolve(tag, &mut self.scope, &self.limits)?;
        self.count_nodes(1 + self.tag.attributes.len() as u64, 0)?;
        self.count_reference(self.tag.references, 0)?;
        self.count_names(tag)?;
        let parts = &self.tag;
        let start = StartTag {
            namespace: parts.namespace,
            prefix: parts.prefix.of(tag),
            local: parts.local.of(tag),
            attributes: &parts.attributes,
            declarations: &parts.declarations,
            scope: &self.scope,
            tag,
            scratch: &parts.scratch,
            offset,
        };
        handler.start(&start).map_err(Halt::Handler)?;
        if parts.empty {
            handler.end(&self.scope).map_err(Halt::Handler)?;
            self.scope.unbind(bindings);
        } else {
            self.open.push(Open { name_start: self.names.len() as u32, bindings: bindings as u32 });
            self.names.push_str(parts.name.of(tag));
        }
        Ok(())
    }

    fn count_names(&mut self, tag: &str) -> Result<(), Fault> {
        let Some(limit) = self.limits.distinct_names else { return Ok(()) };
        let mut count = self.distinct.note(self.tag.name.of(tag));
        for attribute in &self.tag.attributes {
            let from = if attribute.prefix.start < attribute.prefix.end { attribute.prefix.start } else { attribute.local.start };
            count = self.distinct.note(tag.get(from as usize..attribute.local.end as usize).unwrap_or_default());
        }
        if count + self.scope.len() > limit as usize {
            return Err(Fault::new(GateErrorKind::DistinctNames { limit }, 0));
        }
        Ok(())
    }

    /// Production 42, `ETag`, at `at`.
    fn end_tag<H: Handler>(&mut self, text: &str, at: usize, handler: &mut H) -> Result<Step, Halt<H::Error>> {
        let bytes = text.as_bytes();
        let Some(open) = self.open.last() else { return Err(Fault::new(GateErrorKind::UnmatchedEndTag, at).into()) };
        let name = self.names.get(open.name_start as usize..).unwrap_or_default();
        let content = bytes.get(at + 2..).unwrap_or_default();
        let end = if content.starts_with(name.as_bytes()) && byte(content, name.len()) == b'>' {
            at + 2 + name.len() + 1
        } else {
            match other_end_tag(content, name, self.limits.name_bytes) {
                Ok(Some(length)) => at + 2 + length,
                Ok(None) => return Ok(Step::Hold(at)),
                Err(kind) => return Err(Fault::new(kind, at).into()),
            }
        };
        self.text_bytes = 0;
        self.event_at = at;
        handler.end(&self.scope).map_err(Halt::Handler)?;
        self.scope.unbind(open.bindings as usize);
        self.names.truncate(open.name_start as usize);
        self.open.pop();
        Ok(Step::To(end))
    }
}

/// Bytes of white space before the first other character; 0 where there is none.
fn white_space(text: &str) -> usize {
    text.bytes().position(|b| !scan::is_space(b)).unwrap_or(0)
}

/// An end tag that is not simply the open element's name and `>`: its length after `</` if it is that name and white space.
fn other_end_tag(content: &[u8], name: &str, name_limit: u32) -> Result<Option<usize>, GateErrorKind> {
    /// White space that may follow the name, beyond what a name may have.
    const SPACE: usize = 1_024;
    let window = content.get(..(name_limit as usize + SPACE).min(content.len())).unwrap_or_default();
    match memchr::memchr(b'>', window) {
        None if content.len() > window.len() => Err(GateErrorKind::MalformedEndTag),
        None => Ok(None),
        Some(end) => {
            let inside = window.get(..end).and_then(|w| std::str::from_utf8(w).ok()).unwrap_or_default();
            let found = inside.trim_end_matches([' ', '\t', '\r', '\n']);
            if found == name {
                return Ok(Some(end + 1));
            }
            let is_name = scan::qname(found, 0, name_limit).is_ok_and(|q| q.end == found.len());
            Err(if is_name { GateErrorKind::MismatchedEndTag } else { GateErrorKind::MalformedEndTag })
        }
    }
}
