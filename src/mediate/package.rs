//! A message with attachments, apart: the envelope or its JSON on one side, the parts on the other, each where its owner keeps it.
//!
//! Comes in and goes out: positions. Whoever has the parts' bytes (in memory, in a file) puts them where they belong; nothing here
//! holds them. MTOM/XOP 1.0, SOAP Messages with Attachments, WSDL 1.1 section 5.

use super::mime::{Base64Decoder, MediaType, MimeError, Multipart, PartHead, PartSink, RootPart};
use super::{DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Decoder, Direction};
use crate::plan::Program;
use crate::plan::node::SoapVersion;

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A part that came beside an envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Its Content-ID without angle brackets.
    pub content_id: Option<String>,
    /// Its Content-Type as written; empty where it has none.
    pub media_type: String,
    /// The name that its header gives it.
    pub name: Option<String>,
    /// Its bytes, transfer encoding undone.
    pub size: u64,
}

impl Attachment {
    /// What a part's header says; of no bytes yet.
    pub fn of(head: PartHead) -> Self {
        Self { content_id: head.content_id, media_type: head.content_type.unwrap_or_default(), name: head.name, size: 0 }
    }
}

/// A decoded message, its attachments still apart.
#[derive(Debug)]
pub struct Package {
    /// The message; where an attachment belongs stands a mark ([`pieces`]).
    pub decoded: Decoded,
    /// The part of each mark.
    pub parts: Vec<usize>,
    /// Parts that nothing refers to: they are no data of the message.
    pub dropped: usize,
}

/// A stretch of JSON text, or the place of an attachment in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// JSON text.
    Text(&'a [u8]),
    /// The value that this part is: a string, or whatever the part's owner makes of it.
    Part(usize),
}

/// A string that the decoder writes for nothing else: it never escapes a solidus.
const MARK: &[u8] = br#""\/"#;

/// Writes the mark of the `n`th reference.
pub(super) fn write_mark(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(MARK);
    out.extend_from_slice(n.to_string().as_bytes());
    out.push(b'"');
}

/// A decoder's JSON text in pieces; `parts` are those of its [`Package`].
pub fn pieces<'a>(json: &'a [u8], parts: &'a [usize]) -> impl Iterator<Item = Piece<'a>> {
    let mut rest = Some(json).filter(|j| !j.is_empty());
    let mut next = None;
    std::iter::from_fn(move || {
        if let Some(part) = next.take() {
            return Some(Piece::Part(part));
        }
        let text = rest.take()?;
        let found = if parts.is_empty() { None } else { memchr::memmem::find(text, MARK) };
        let Some(at) = found else { return Some(Piece::Text(text)) };
        let behind = text.get(at + MARK.len()..).unwrap_or_default();
        let end = memchr::memchr(b'"', behind).unwrap_or(behind.len());
        let digits = behind.get(..end).and_then(|d| std::str::from_utf8(d).ok());
        let part = digits.and_then(|d| d.parse::<usize>().ok()).and_then(|n| parts.get(n)).copied();
        rest = behind.get(end + 1..).filter(|r| !r.is_empty());
        next = part;
        Some(Piece::Text(text.get(..at).unwrap_or_default()))
    })
}

/// Where bytes are that a message holds, or takes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// base64 text: this range of the JSON text.
    Text(Range<usize>),
    /// base64 text that the JSON text has with escapes.
    Owned(String),
    /// An uploaded file, by its number.
    Upload(usize),
}

/// base64 text that belongs into an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insertion {
    /// Offset in the envelope.
    pub at: usize,
    /// Where it comes from.
    pub source: Source,
    /// Bytes that it stands for.
    pub size: u64,
}

/// A part on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedPart {
    /// Its Content-ID, without angle brackets.
    pub content_id: String,
    /// Its media type, where it is known.
    pub media_type: Option<String>,
    /// Its bytes.
    pub source: Source,
    /// How many they are.
    pub size: u64,
}

/// An uploaded file, as far as the encoder must know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upload {
    /// Its bytes.
    pub size: u64,
    /// Its media type, where it is known.
    pub media_type: Option<String>,
}

/// Files that stand for base64 strings of a JSON value. [`Uploads::mark`] is the string to put there: it is known by where it stands in
/// memory, so that no text of a caller's can be taken for one.
#[derive(Debug, Clone, Default)]
pub struct Uploads {
    /// One character for each file, which no XML can carry: at any other place it is refused.
    marks: String,
    files: Vec<Upload>,
}

impl Uploads {
    /// These files.
    pub fn new(files: Vec<Upload>) -> Self {
        Self { marks: "\0".repeat(files.len()), files }
    }

    /// The string that stands for a file; empty where there is none of that number.
    pub fn mark(&self, file: usize) -> &str {
        self.marks.get(file..=file).unwrap_or_default()
    }

    pub(super) fn marks(&self) -> &str {
        &self.marks
    }

    /// The files.
    pub fn files(&self) -> &[Upload] {
        &self.files
    }
}

/// How a message leaves.
#[derive(Debug, Clone, Copy)]
pub struct PackageOptions<'a> {
    /// The JSON text that the value was read from; what borrows from it is not copied.
    pub source: &'a [u8],
    /// Files that strings of the value stand for.
    pub uploads: Option<&'a Uploads>,
    /// MTOM: base64Binary elements of at least so many bytes become parts.
    pub mtom: Option<u64>,
    /// What makes the Content-IDs unlike those of other messages: letters and digits.
    pub token: &'a str,
    /// Must all of it stand in the envelope, because it is to be signed? Then an attachment is an error.
    pub whole: bool,
}

/// A message on its way out.
#[derive(Debug, Default)]
pub struct EncodedPackage {
    /// The envelope, but for what is put in.
    pub envelope: Vec<u8>,
    /// What is put in, by its places, in order.
    pub insertions: Vec<Insertion>,
    /// The parts beside it.
    pub parts: Vec<EncodedPart>,
    /// The envelope's version.
    pub version: SoapVersion,
    /// Is it an XOP package (MTOM)?
    pub is_xop: bool,
}

/// A stretch of a message on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stretch<'a> {
    /// These bytes.
    Bytes(Cow<'a, [u8]>),
    /// As base64 text that stands for so many bytes.
    Base64(&'a Source, u64),
    /// As so many bytes.
    Binary(&'a Source, u64),
}

impl EncodedPackage {
    /// Is it more than an envelope?
    pub fn is_multipart(&self) -> bool {
        self.is_xop || !self.parts.is_empty()
    }

    /// The message's Content-Type and its bytes, stretch by stretch. `boundary`: letters and digits that nobody can guess.
    pub fn layout(&self, action: &str, boundary: &str) -> (String, Vec<Stretch<'_>>) {
        let mut all = Vec::with_capacity(2 * self.insertions.len() + 3 * self.parts.len() + 3);
        if !self.is_multipart() {
            self.lay_envelope(&mut all);
            return (content_type(self.version, action), all);
        }
        let (plain, parameter) = envelope_type(self.version, action);
        let root_id = format!("root.{boundary}@castile");
        let multipart = Multipart::new(boundary.to_owned());
        let (kind, root_type) = if self.is_xop {
            let kind = format!("type=\"application/xop+xml\"; start-info=\"{plain}\"{parameter}");
            (kind, format!("application/xop+xml; charset=utf-8; type=\"{plain}\"{parameter}"))
        } else {
            (format!("type=\"{plain}\"{parameter}"), content_type(self.version, action))
        };
        let content_type = format!("multipart/related; boundary=\"{boundary}\"; start=\"<{root_id}>\"; {kind}");
        all.push(Stretch::Bytes(multipart.open(true, &root_type, &root_id).into()));
        self.lay_envelope(&mut all);
        for part in &self.parts {
            let type_ = part.media_type.as_deref().unwrap_or("application/octet-stream");
            all.push(Stretch::Bytes(multipart.open(false, type_, &part.content_id).into()));
            all.push(Stretch::Binary(&part.source, part.size));
        }
        all.push(Stretch::Bytes(multipart.close().into()));
        (content_type, all)
    }

    fn lay_envelope<'a>(&'a self, all: &mut Vec<Stretch<'a>>) {
        // Deviation: a part's media type says its charset, and Spyne cannot read a root part whose XML declaration says one too.
        let mut done = if self.is_multipart() { declaration(&self.envelope) } else { 0 };
        for insertion in &self.insertions {
            all.push(Stretch::Bytes(self.envelope.get(done..insertion.at).unwrap_or_default().into()));
            all.push(Stretch::Base64(&insertion.source, insertion.size));
            done = insertion.at;
        }
        all.push(Stretch::Bytes(self.envelope.get(done..).unwrap_or_default().into()));
    }

    /// The message in memory: its Content-Type and its bytes. `source` is the JSON text, `files` the uploads.
    ///
    /// # Errors
    /// A text is no base64 after all.
    pub fn in_memory(&self, source: &[u8], files: &[Vec<u8>], action: &str, boundary: &str) -> Result<(String, Vec<u8>), MimeError> {
        let (content_type, layout) = self.layout(action, boundary);
        let mut out = Vec::new();
        for stretch in layout {
            match stretch {
                Stretch::Bytes(bytes) => out.extend_from_slice(&bytes),
                Stretch::Base64(Source::Upload(i), _) => {
                    out.extend_from_slice(STANDARD.encode(files.get(*i).map_or(&[][..], Vec::as_slice)).as_bytes());
                }
                Stretch::Binary(Source::Upload(i), _) => out.extend_from_slice(files.get(*i).map_or(&[][..], Vec::as_slice)),
                Stretch::Base64(from, _) => out.extend(text_of(from, source).iter().copied().filter(|b| !b.is_ascii_whitespace())),
                Stretch::Binary(from, _) => {
                    let mut decoder = Base64Decoder::default();
                    decoder.push(text_of(from, source), &mut out)?;
                    decoder.finish(&mut out)?;
                }
            }
        }
        Ok((content_type, out))
    }
}

/// How long the XML declaration at the beginning of an envelope is.
fn declaration(envelope: &[u8]) -> usize {
    let end = envelope.starts_with(b"<?xml ").then(|| memchr::memmem::find(envelope, b"?>")).flatten();
    end.map_or(0, |at| at + 2)
}

fn text_of<'a>(from: &'a Source, source: &'a [u8]) -> &'a [u8] {
    match from {
        Source::Text(range) => source.get(range.clone()).unwrap_or_default(),
        Source::Owned(text) => text.as_bytes(),
        Source::Upload(_) => &[],
    }
}

/// The media type of an envelope, and the parameter that says its action (SOAP 1.2).
fn envelope_type(version: SoapVersion, action: &str) -> (&'static str, String) {
    match version {
        SoapVersion::Soap11 => ("text/xml", String::new()),
        SoapVersion::Soap12 if action.is_empty() => ("application/soap+xml", String::new()),
        SoapVersion::Soap12 => {
            let quoted = action.replace('\\', "\\\\").replace('"', "\\\"");
            ("application/soap+xml", format!("; action=\"{quoted}\""))
        }
    }
}

/// The Content-Type of an envelope in UTF-8 that travels alone. An empty action is not said.
pub fn content_type(version: SoapVersion, action: &str) -> String {
    let (plain, parameter) = envelope_type(version, action);
    format!("{plain}; charset=utf-8{parameter}")
}

/// JSON text with every attachment in its place as a base64 string.
pub fn inlined(json: &[u8], parts: &[usize], bytes: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    for piece in pieces(json, parts) {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Part(i) => {
                out.push(b'"');
                out.extend_from_slice(STANDARD.encode(bytes.get(i).map_or(&[][..], Vec::as_slice)).as_bytes());
                out.push(b'"');
            }
        }
    }
    out
}

/// Decodes a whole `multipart/related` message that is in memory, attachments inline.
///
/// # Errors
/// The message cannot be read: the sender's fault.
pub fn decode_package(
    program: &std::sync::Arc<Program>,
    operation: usize,
    direction: Direction,
    media_type: &MediaType,
    body: &[u8],
    options: &DecodeOptions,
) -> Result<Decoded, DecodeError> {
    let mut root = RootPart::new(media_type).map_err(|e| unreadable(&e))?;
    let mut envelope = Vec::new();
    let mut kept = Kept::default();
    root.feed_all(body, &mut envelope, &mut kept).and_then(|()| root.finish()).map_err(|e| unreadable(&e))?;
    let options = DecodeOptions { charset: root.charset().map(str::to_owned), package: true, ..options.clone() };
    let mut decoder = Decoder::new(program.clone(), operation, direction, &options);
    decoder.feed(&envelope)?;
    let Package { decoded, parts, .. } = decoder.finish_package(&kept.parts)?;
    Ok(match decoded {
        Decoded::Value(json) => Decoded::Value(inlined(&json, &parts, &kept.bytes)),
        Decoded::Empty => Decoded::Empty,
        Decoded::Fault(mut fault) => {
            fault.fault_json = inlined(&fault.fault_json, &parts, &kept.bytes);
            Decoded::Fault(fault)
        }
    })
}

/// What is said of a multipart body that cannot be split.
pub fn unreadable(error: &MimeError) -> DecodeError {
    DecodeError { kind: DecodeErrorKind::Invalid, message: format!("the multipart message cannot be read: {error}") }
}

/// Parts in memory.
#[derive(Debug, Default)]
struct Kept {
    parts: Vec<Attachment>,
    bytes: Vec<Vec<u8>>,
}

impl PartSink for Kept {
    type Error = MimeError;

    fn begin(&mut self, head: PartHead) -> Result<(), MimeError> {
        self.parts.push(Attachment::of(head));
        self.bytes.push(Vec::new());
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), MimeError> {
        if let (Some(part), Some(kept)) = (self.parts.last_mut(), self.bytes.last_mut()) {
            part.size += bytes.len() as u64;
            kept.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), MimeError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_and_nothing_else_is_one() {
        let mut json = b"{\"a\":".to_vec();
        write_mark(&mut json, 1);
        json.extend_from_slice(b",\"b\":");
        crate::json::string_into(&mut json, "\\/0 \"\\/0\" /0");
        json.extend_from_slice(b",\"c\":[");
        write_mark(&mut json, 0);
        json.extend_from_slice(b"]}");
        let made = inlined(&json, &[1, 0], &[b"x".to_vec(), b"yz".to_vec()]);
        let text = String::from_utf8(made).unwrap();
        assert_eq!(text, r#"{"a":"eA==","b":"\\/0 \"\\/0\" /0","c":["eXo="]}"#);
        assert_eq!(pieces(b"", &[]).count(), 0);
    }
}
