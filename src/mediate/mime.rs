//! `multipart/related` (RFC 2387, RFC 2046 section 5.1) by pushing: the root part's bytes come out, attachments are counted.
//!
//! Synchronous and bounded: held back are at most a boundary's length and one part's head. MTOM (XOP) and SOAP with Attachments
//! both look like this.

use memchr::memmem::Finder;

/// Bytes of one part's header fields.
const PART_HEAD_BYTES: usize = 16 << 10;
/// Parts of one message.
const PARTS: usize = 1_000;
/// A boundary has at most 70 characters (RFC 2046).
const BOUNDARY_BYTES: usize = 70;

/// Why a body is not a readable multipart message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MimeError {
    /// The Content-Type field has no usable boundary.
    #[error("the multipart type has no usable boundary")]
    Boundary,
    /// A part's header is too long.
    #[error("the header of a part is larger than 16 KiB")]
    PartHead,
    /// Too many parts.
    #[error("there are more than 1 000 parts")]
    Parts,
    /// The root part is in base64 or quoted-printable.
    #[error("the root part has a content transfer encoding that is not binary, 8bit or 7bit")]
    TransferEncoding,
    /// The body ended before its last boundary.
    #[error("the multipart body is cut off")]
    CutOff,
    /// No part is the root.
    #[error("no part is the root part")]
    NoRoot,
}

/// A media type with its parameters (RFC 9110, section 8.3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype` in lower case.
    pub essence: String,
    /// Parameters: names in lower case, values without quotes.
    pub parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads a Content-Type value. What cannot be read is left out.
    pub fn parse(text: &str) -> Self {
        let mut pieces = split_outside_quotes(text).into_iter();
        let essence = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameters = pieces.filter_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), unquote(value.trim())))
        });
        Self { essence, parameters: parameters.collect() }
    }

    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let (mut pieces, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) else { return value.to_owned() };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}

/// Finds the root part of a multipart message that comes in chunks.
#[derive(Debug)]
pub struct RootPart {
    /// `\r\n--boundary`
    delimiter: Finder<'static>,
    /// `start`, without its angle brackets; `None`: the first part is the root.
    start: Option<String>,
    state: State,
    held: Vec<u8>,
    parts: usize,
    root: Root,
    charset: Option<String>,
    /// Bytes of the body that are behind `held`'s first one, and two for the line end that was put before.
    dropped: u64,
    /// Where the root part's content begins.
    root_offset: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Before,
    Inside,
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first boundary, or inside a part: `true` if it is the root.
    Body(bool),
    /// Behind a delimiter: the two bytes that follow say whether it was the last.
    Delimiter,
    /// Inside a part's head.
    Head,
    /// Behind the last delimiter.
    Epilogue,
}

impl RootPart {
    /// A splitter for a body of that type.
    ///
    /// # Errors
    /// The type has no usable boundary.
    pub fn new(media_type: &MediaType) -> Result<Self, MimeError> {
        let boundary = media_type.parameter("boundary").unwrap_or_default();
        let usable = !boundary.is_empty() && boundary.len() <= BOUNDARY_BYTES && boundary.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !usable {
            return Err(MimeError::Boundary);
        }
        let delimiter = Finder::new(format!("\r\n--{boundary}").as_bytes()).into_owned();
        let start = media_type.parameter("start").map(|s| content_id(s).to_owned());
        // As if a line end stood before the first byte: the first delimiter has none.
        Ok(Self {
            delimiter,
            start,
            state: State::Body(false),
            held: b"\r\n".to_vec(),
            parts: 0,
            root: Root::Before,
            charset: None,
            dropped: 0,
            root_offset: None,
        })
    }

    /// The charset of the root part's own type, once its head was read.
    pub fn charset(&self) -> Option<&str> {
        self.charset.as_deref()
    }

    /// Was the root part read to its end?
    pub fn is_complete(&self) -> bool {
        self.root == Root::After
    }

    /// Where the root part's content begins in the body, in bytes, once that is known. Its bytes travel as they are.
    pub fn root_offset(&self) -> Option<u64> {
        self.root_offset
    }

    /// Parts seen so far, the root among them.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// Takes the next bytes and appends what of them belongs to the root part to `out`.
    ///
    /// # Errors
    /// The body is not a readable multipart message.
    pub fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), MimeError> {
        self.held.extend_from_slice(chunk);
        let mut at = 0;
        loop {
            let rest = self.held.get(at..).unwrap_or_default();
            match self.state {
                State::Body(is_root) => {
                    let (end, next) = match self.delimiter.find(rest) {
                        Some(end) => (end, end + self.delimiter.needle().len()),
                        None => {
                            let safe = rest.len().saturating_sub(self.delimiter.needle().len() - 1);
                            if is_root {
                                out.extend_from_slice(rest.get(..safe).unwrap_or_default());
                            }
                            at += safe;
                            break;
                        }
                    };
                    if is_root {
                        out.extend_from_slice(rest.get(..end).unwrap_or_default());
                        self.root = Root::After;
                    }
                    at += next;
                    self.state = State::Delimiter;
                }
                State::Delimiter => {
                    // `--` ends the message; white space up to the line end is padding.
                    if rest.starts_with(b"--") {
                        self.state = State::Epilogue;
                        continue;
                    }
                    let Some(line) = memchr::memchr(b'\n', rest) else {
                        if rest.len() > PART_HEAD_BYTES {
                            return Err(MimeError::PartHead);
                        }
                        break;
                    };
                    self.parts += 1;
                    if self.parts > PARTS {
                        return Err(MimeError::Parts);
                    }
                    // The line end stays: a part without header fields begins with its empty line.
                    at += line.saturating_sub(usize::from(line > 0 && rest.get(line - 1) == Some(&b'\r')));
                    self.state = State::Head;
                }
                State::Head => {
                    let Some(end) = memchr::memmem::find(rest, b"\r\n\r\n") else {
                        if rest.len() > PART_HEAD_BYTES {
                            return Err(MimeError::PartHead);
                        }
                        break;
                    };
                    if end > PART_HEAD_BYTES {
                        return Err(MimeError::PartHead);
                    }
                    let head = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
                    let is_root = self.is_root(&head)?;
                    // The line end before an empty body's delimiter is the head's own.
                    at += end + 2;
                    if self.held.get(at..).is_some_and(|r| r.starts_with(self.delimiter.needle())) {
                        self.state = State::Body(is_root);
                        continue;
                    }
                    if self.held.len() < at + self.delimiter.needle().len() {
                        // Not known yet whether the body is empty.
                        at -= end + 2;
                        self.undo_root(is_root);
                        break;
                    }
                    at += 2;
                    if is_root {
                        self.root_offset = Some((self.dropped + at as u64).saturating_sub(2));
                    }
                    self.state = State::Body(is_root);
                }
                State::Epilogue => {
                    at = self.held.len();
                    break;
                }
            }
        }
        self.held.drain(..at);
        self.dropped += at as u64;
        Ok(())
    }

    /// Says that there are no more bytes.
    ///
    /// # Errors
    /// The last boundary did not come, or no part was the root.
    pub fn finish(&self) -> Result<(), MimeError> {
        if self.state != State::Epilogue {
            return Err(MimeError::CutOff);
        }
        if self.root == Root::After { Ok(()) } else { Err(MimeError::NoRoot) }
    }

    fn undo_root(&mut self, was: bool) {
        if was {
            self.root = Root::Before;
        }
    }

    fn is_root(&mut self, head: &str) -> Result<bool, MimeError> {
        if self.root != Root::Before {
            return Ok(false);
        }
        // Folded lines are one line (RFC 5322).
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let field = |name: &str| {
            let fields = unfolded.split("\r\n").filter_map(|line| line.split_once(':'));
            fields.filter(|(n, _)| n.trim().eq_ignore_ascii_case(name)).map(|(_, v)| v.trim().to_owned()).next()
        };
        let is_root = match &self.start {
            Some(start) => field("content-id").is_some_and(|id| content_id(&id) == start),
            None => true,
        };
        if is_root {
            let encoding = field("content-transfer-encoding").unwrap_or_default().to_ascii_lowercase();
            if !matches!(encoding.as_str(), "" | "binary" | "8bit" | "7bit") {
                return Err(MimeError::TransferEncoding);
            }
            self.charset = field("content-type").and_then(|t| MediaType::parse(&t).parameter("charset").map(str::to_owned));
            self.root = Root::Inside;
        }
        Ok(is_root)
    }
}

fn content_id(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/related; boundary=\"b=1\"; type=\"application/xop+xml\"; start=\"<root@x>\"; start-info=\"text/xml\"";
    const BODY: &str = "preamble\r\n--b=1\r\nContent-ID: <a@x>\r\n\r\n--b=\r\n\r\n--b=1\r\nContent-Type: application/xop+xml;\r\n charset=utf-8\r\nContent-ID: <root@x>\r\n\r\n<a>\r\n--b=</a>\r\n--b=1\r\nContent-ID: <c@x>\r\n\r\n\r\n--b=1--\r\nepilogue";

    fn split(type_: &str, body: &[u8], step: usize) -> Result<(Vec<u8>, usize), MimeError> {
        let mut root = RootPart::new(&MediaType::parse(type_))?;
        let mut out = Vec::new();
        for chunk in body.chunks(step) {
            root.feed(chunk, &mut out)?;
        }
        root.finish()?;
        Ok((out, root.parts()))
    }

    #[test]
    fn the_root_part_comes_out_at_any_cut() {
        for step in 1..BODY.len() {
            let (root, parts) = split(TYPE, BODY.as_bytes(), step).unwrap();
            assert_eq!(String::from_utf8(root).unwrap(), "<a>\r\n--b=</a>", "{step}");
            let mut told = RootPart::new(&MediaType::parse(TYPE)).unwrap();
            BODY.as_bytes().chunks(step).for_each(|c| told.feed(c, &mut Vec::new()).unwrap());
            assert_eq!(told.root_offset(), BODY.find("<a>\r\n").map(|at| at as u64), "{step}");
            assert_eq!(parts, 3, "{step}");
        }
    }

    #[test]
    fn the_first_part_is_the_root_without_start() {
        let body = b"--b\r\n\r\n<a/>\r\n--b--";
        for step in 1..body.len() {
            assert_eq!(split("multipart/related; boundary=b", body, step), Ok((b"<a/>".to_vec(), 1)), "{step}");
        }
        let empty = b"--b\r\nContent-Type: text/xml\r\n\r\n--b--";
        for step in 1..empty.len() {
            assert_eq!(split("multipart/related; boundary=b", empty, step), Ok((Vec::new(), 1)), "{step}");
        }
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(split("multipart/related", b"", 1), Err(MimeError::Boundary));
        assert_eq!(split("multipart/related; boundary=b", b"--b\r\n\r\n<a/>\r\n", 1), Err(MimeError::CutOff));
        assert_eq!(split("multipart/related; boundary=b; start=x", b"--b\r\n\r\n<a/>\r\n--b--", 1), Err(MimeError::NoRoot));
        let base64 = b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nPGEvPg==\r\n--b--";
        assert_eq!(split("multipart/related; boundary=b", base64, 7), Err(MimeError::TransferEncoding));
        let long = format!("--b\r\nx: {}\r\n\r\n\r\n--b--", "x".repeat(20_000));
        assert_eq!(split("multipart/related; boundary=b", long.as_bytes(), 999), Err(MimeError::PartHead));
        let many = format!("{}--b--", "--b\r\n\r\n\r\n".repeat(1_001));
        assert_eq!(split("multipart/related; boundary=b", many.as_bytes(), 4096), Err(MimeError::Parts));
    }

    #[test]
    fn media_types() {
        let t = MediaType::parse("Application/SOAP+xml; charset=utf-8; action=\"urn:a;\\\"b\"");
        assert_eq!(t.essence, "application/soap+xml");
        assert_eq!(t.parameter("action"), Some("urn:a;\"b"));
        assert_eq!(t.parameter("charset"), Some("utf-8"));
        assert_eq!(MediaType::parse("").essence, "");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_at_any_cut_give_the_same(
            pieces in proptest::collection::vec("(--b|--b--|\r\n|\r\n\r\n|Content-ID: <r>|x|-|\r|\n)", 0..40),
            step in 1usize..20
        ) {
            let body = pieces.concat();
            let whole = split("multipart/related; boundary=b; start=r", body.as_bytes(), body.len().max(1));
            proptest::prop_assert_eq!(split("multipart/related; boundary=b; start=r", body.as_bytes(), step), whole);
        }
    }
}
