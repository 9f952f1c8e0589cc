//! `multipart` bodies (RFC 2046 section 5.1, RFC 2387, RFC 7578) by pushing: parts and their bytes come out as they arrive.
//!
//! Synchronous and bounded: held back are at most a boundary's length and one part's head. MTOM (XOP), SOAP with Attachments and
//! uploads of forms all look like this. A part that is itself multipart is bytes like any other: nothing nests.

mod head;
mod root;
mod split;
mod transfer;
mod write;

pub use head::{PartHead, content_id};
pub use root::RootPart;
pub use split::{PartSink, Splitter};
pub use transfer::Base64Decoder;
pub use write::{Multipart, is_media_type};

/// Why a body is not a readable multipart message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MimeError {
    /// The Content-Type field has no usable boundary.
    #[error("the multipart type has no usable boundary")]
    Boundary,
    /// A part's header is too long.
    #[error("the header of a part is larger than 16 KiB")]
    PartHead,
    /// A part's header has too many fields.
    #[error("the header of a part has more than 64 fields")]
    PartFields,
    /// Too many parts.
    #[error("there are more than 1 000 parts")]
    Parts,
    /// A part is in a content transfer encoding that nobody knows, or is not what its encoding says.
    #[error("a part has a content transfer encoding that cannot be read")]
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
    fn transfer_encodings_are_undone() {
        let base64 = b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nPGEv\r\nPg==\r\n--b--";
        let quoted = b"--b\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n<a=\r\n=2F>\r\n--b--";
        for step in 1..base64.len() {
            assert_eq!(split("multipart/related; boundary=b", base64, step), Ok((b"<a/>".to_vec(), 1)), "{step}");
            assert_eq!(split("multipart/related; boundary=b", quoted, step), Ok((b"<a/>".to_vec(), 1)), "{step}");
        }
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(split("multipart/related", b"", 1), Err(MimeError::Boundary));
        assert_eq!(split("multipart/related; boundary=b", b"--b\r\n\r\n<a/>\r\n", 1), Err(MimeError::CutOff));
        assert_eq!(split("multipart/related; boundary=b; start=x", b"--b\r\n\r\n<a/>\r\n--b--", 1), Err(MimeError::NoRoot));
        let other = b"--b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nPGEvPg==\r\n--b--";
        assert_eq!(split("multipart/related; boundary=b", other, 7), Err(MimeError::TransferEncoding));
        let fields = format!("--b\r\n{}\r\n\r\n--b--", "x: y\r\n".repeat(65));
        assert_eq!(split("multipart/related; boundary=b", fields.as_bytes(), 999), Err(MimeError::PartFields));
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
