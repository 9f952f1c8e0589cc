//! Bytes in any supported encoding to UTF-8, piece by piece.
//!
//! The encoding is what the byte order mark says, else what the transport says, else what the XML declaration says, else UTF-8
//! (XML 1.0 section 4.3.3, RFC 7303). Bytes that are not valid in it are an error, never U+FFFD.

use encoding_rs::{DecoderResult, Encoding, UTF_16BE, UTF_16LE};

use super::gate::GateErrorKind;

/// How far an XML declaration may reach before its encoding is looked for no longer, bytes.
pub(super) const DECLARATION_BYTES: usize = 1_024;

/// How bytes become characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Charset {
    Utf8,
    /// Seven bits; a set eighth is an error.
    Ascii,
    /// ISO-8859-1 by the book: 0x80–0x9F are control characters, not windows-1252's.
    Latin1,
    /// `UTF-16` without a byte order: the first bytes tell, and big endian if they do not.
    Utf16,
    Other(&'static Encoding),
}

impl Charset {
    fn of_label(label: &str) -> Option<Self> {
        let label = label.trim_matches(|c: char| c.is_ascii_whitespace());
        let lower = label.to_ascii_lowercase();
        Some(match lower.as_str() {
            "iso-8859-1" | "iso8859-1" | "iso88591" | "iso_8859-1" | "iso_8859-1:1987" | "iso-ir-100" | "latin1" | "l1" | "ibm819"
            | "cp819" | "csisolatin1" => Self::Latin1,
            "us-ascii" | "ascii" | "ansi_x3.4-1968" | "ansi_x3.4-1986" | "iso646-us" | "iso_646.irv:1991" | "iso-ir-6" | "us" | "cp367"
            | "ibm367" | "csascii" => Self::Ascii,
            // encoding_rs would take the older names for UTF-16LE.
            "utf-16" | "utf16" | "iso-10646-ucs-2" | "ucs-2" | "unicode" | "csunicode" | "unicodefeff" => Self::Utf16,
            _ => match Encoding::for_label(label.as_bytes())? {
                e if e == encoding_rs::UTF_8 => Self::Utf8,
                // Not encodings of documents: one replaces everything, the other is a browser's private trick.
                e if e == encoding_rs::REPLACEMENT || e == encoding_rs::X_USER_DEFINED => return None,
                e => Self::Other(e),
            },
        })
    }

    fn is_utf16(self) -> bool {
        match self {
            Self::Utf16 => true,
            Self::Other(e) => e == UTF_16LE || e == UTF_16BE,
            Self::Utf8 | Self::Ascii | Self::Latin1 => false,
        }
    }
}

/// Who decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Authority {
    /// A byte order mark, or the shape of the first bytes: a declaration has to agree.
    Bytes,
    /// The transport: a declaration is not asked.
    Transport,
    /// The declaration itself, or nobody.
    Declaration,
}

#[derive(Debug)]
enum State {
    /// The first bytes are kept until the encoding is known.
    Detecting(Vec<u8>),
    /// UTF-8; the incomplete character at the end of the last chunk.
    Utf8 {
        carry: [u8; 4],
        carried: u8,
    },
    Ascii,
    Latin1,
    Other(Box<encoding_rs::Decoder>),
}

/// Decodes one document.
#[derive(Debug)]
pub struct Decoder {
    transport: Option<String>,
    state: State,
    charset: Charset,
    authority: Authority,
}

impl Decoder {
    /// A decoder for one document; `transport` is the charset that came with it, if one did.
    pub fn new(transport: Option<&str>) -> Self {
        Self {
            transport: transport.map(str::to_owned),
            state: State::Detecting(Vec::new()),
            charset: Charset::Utf8,
            authority: Authority::Declaration,
        }
    }

    /// Appends the characters that `chunk` completes to `out`; `last` says that no more bytes come.
    ///
    /// # Errors
    /// [`GateErrorKind::UnsupportedCharset`], [`GateErrorKind::UnsupportedEncoding`], [`GateErrorKind::EncodingMismatch`] or
    /// [`GateErrorKind::InvalidBytes`]; `out` then holds what came before.
    pub fn decode(&mut self, chunk: &[u8], last: bool, out: &mut String) -> Result<(), GateErrorKind> {
        let State::Detecting(held) = &mut self.state else { return self.convert(chunk, last, out) };
        held.extend_from_slice(chunk);
        let held = std::mem::take(held);
        match self.detect(&held, last)? {
            None => {
                self.state = State::Detecting(held);
                Ok(())
            }
            Some((charset, skip)) => {
                self.charset = charset;
                self.state = match charset {
                    Charset::Utf8 => State::Utf8 { carry: [0; 4], carried: 0 },
                    Charset::Ascii => State::Ascii,
                    Charset::Latin1 => State::Latin1,
                    Charset::Utf16 => State::Other(Box::new(UTF_16BE.new_decoder_without_bom_handling())),
                    Charset::Other(e) => State::Other(Box::new(e.new_decoder_without_bom_handling())),
                };
                self.convert(held.get(skip..).unwrap_or_default(), last, out)
            }
        }
    }

    /// Checks what the XML declaration says against what the bytes turned out to be.
    ///
    /// # Errors
    /// [`GateErrorKind::UnsupportedEncoding`] or [`GateErrorKind::EncodingMismatch`].
    pub fn check_declared(&self, label: &str) -> Result<(), GateErrorKind> {
        let declared = Charset::of_label(label).ok_or(GateErrorKind::UnsupportedEncoding)?;
        let agrees = match self.authority {
            Authority::Transport => true,
            Authority::Bytes | Authority::Declaration => {
                declared == self.charset || (declared == Charset::Utf16 && self.charset.is_utf16())
            }
        };
        if agrees { Ok(()) } else { Err(GateErrorKind::EncodingMismatch) }
    }

    /// The encoding and how many bytes of byte order mark to skip; `None`: more bytes are needed.
    fn detect(&mut self, held: &[u8], last: bool) -> Result<Option<(Charset, usize)>, GateErrorKind> {
        if held.len() < 4 && !last {
            return Ok(None);
        }
        let by_mark = match held {
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => return Err(GateErrorKind::UnsupportedEncoding),
            [0xEF, 0xBB, 0xBF, ..] => Some((Charset::Utf8, 3)),
            [0xFE, 0xFF, ..] => Some((Charset::Other(UTF_16BE), 2)),
            [0xFF, 0xFE, ..] => Some((Charset::Other(UTF_16LE), 2)),
            _ => None,
        };
        if let Some(found) = by_mark {
            self.authority = Authority::Bytes;
            return Ok(Some(found));
        }
        let by_shape = match held {
            [0, 0, 0, b'<', ..] | [b'<', 0, 0, 0, ..] => return Err(GateErrorKind::UnsupportedEncoding),
            [0, b'<', ..] => Some(UTF_16BE),
            [b'<', 0, ..] => Some(UTF_16LE),
            _ => None,
        };
        if let Some(label) = &self.transport {
            self.authority = Authority::Transport;
            let charset = Charset::of_label(label).ok_or(GateErrorKind::UnsupportedCharset)?;
            let charset = match (charset, by_shape) {
                (Charset::Utf16, Some(e)) => Charset::Other(e),
                (other, _) => other,
            };
            return Ok(Some((charset, 0)));
        }
        if let Some(e) = by_shape {
            self.authority = Authority::Bytes;
            return Ok(Some((Charset::Other(e), 0)));
        }
        if !b"<?xml".starts_with(held.get(..5.min(held.len())).unwrap_or_default()) {
            return Ok(Some((Charset::Utf8, 0)));
        }
        // Not further, also where more is here already: chunks must not matter.
        let Some(end) = held.iter().take(DECLARATION_BYTES).position(|b| *b == b'>') else {
            let enough = last || held.len() >= DECLARATION_BYTES;
            return Ok(enough.then_some((Charset::Utf8, 0)));
        };
        match declared(held.get(..end).unwrap_or_default()) {
            None => Ok(Some((Charset::Utf8, 0))),
            Some(label) => match Charset::of_label(label) {
                None => Err(GateErrorKind::UnsupportedEncoding),
                // The declaration was readable byte by byte, so these it is not.
                Some(charset) if charset.is_utf16() => Err(GateErrorKind::EncodingMismatch),
                Some(charset) => Ok(Some((charset, 0))),
            },
        }
    }

    fn convert(&mut self, chunk: &[u8], last: bool, out: &mut String) -> Result<(), GateErrorKind> {
        match &mut self.state {
            State::Detecting(_) => Ok(()),
            State::Utf8 { carry, carried } => utf8(carry, carried, chunk, last, out),
            State::Ascii => {
                let valid = Encoding::ascii_valid_up_to(chunk);
                out.push_str(chunk.get(..valid).and_then(|c| std::str::from_utf8(c).ok()).unwrap_or_default());
                if valid == chunk.len() { Ok(()) } else { Err(GateErrorKind::InvalidBytes) }
            }
            State::Latin1 => {
                out.push_str(&encoding_rs::mem::decode_latin1(chunk));
                Ok(())
            }
            State::Other(decoder) => other(decoder, chunk, last, out),
        }
    }
}

/// The value of the pseudo-attribute `encoding` in the declaration's bytes, if there is one.
fn declared(declaration: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(declaration).ok()?;
    let (_, rest) = text.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest.get(1..)?.split_once(quote).map(|(label, _)| label)
}

fn utf8(carry: &mut [u8; 4], carried: &mut u8, mut chunk: &[u8], last: bool, out: &mut String) -> Result<(), GateErrorKind> {
    // Complete the character that the last chunk began, byte by byte.
    while *carried > 0 {
        let held = usize::from(*carried);
        let Some((next, rest)) = chunk.split_first() else { break };
        let Some(slot) = carry.get_mut(held) else { return Err(GateErrorKind::InvalidBytes) };
        *slot = *next;
        chunk = rest;
        *carried += 1;
        match std::str::from_utf8(carry.get(..=held).unwrap_or_default()) {
            Ok(c) => {
                out.push_str(c);
                *carried = 0;
            }
            Err(e) if e.error_len().is_some() => return Err(GateErrorKind::InvalidBytes),
            Err(_) => {}
        }
    }
    match std::str::from_utf8(chunk) {
        Ok(text) => out.push_str(text),
        Err(e) => {
            let (valid, rest) = chunk.split_at(e.valid_up_to());
            out.push_str(std::str::from_utf8(valid).unwrap_or_default());
            if e.error_len().is_some() {
                return Err(GateErrorKind::InvalidBytes);
            }
            for (slot, byte) in carry.iter_mut().zip(rest) {
                *slot = *byte;
            }
            *carried = rest.len() as u8;
        }
    }
    if last && *carried > 0 { Err(GateErrorKind::InvalidBytes) } else { Ok(()) }
}

fn other(decoder: &mut encoding_rs::Decoder, mut chunk: &[u8], last: bool, out: &mut String) -> Result<(), GateErrorKind> {
    loop {
        let needed = decoder.max_utf8_buffer_length_without_replacement(chunk.len()).unwrap_or(chunk.len());
        out.reserve(needed);
        let (result, read) = decoder.decode_to_string_without_replacement(chunk, out, last);
        chunk = chunk.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return Err(GateErrorKind::InvalidBytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], charset: Option<&str>, piece: usize) -> Result<String, GateErrorKind> {
        let mut decoder = Decoder::new(charset);
        let mut out = String::new();
        for chunk in bytes.chunks(piece) {
            decoder.decode(chunk, false, &mut out)?;
        }
        decoder.decode(&[], true, &mut out)?;
        Ok(out)
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    }

    #[test]
    fn every_supported_encoding_in_every_chunking() {
        let text = "<a>ä€\u{1F600}</a>";
        let latin = "<?xml version='1.0' encoding='ISO-8859-1'?><a>\u{80}ä</a>";
        let windows = b"<?xml version='1.0' encoding = \"Windows-1252\"?><a>\x80\xE4</a>";
        let mark = |m: &[u8], b: Vec<u8>| [m, &b].concat();
        let latin_bytes: Vec<u8> = latin.chars().map(|c| c as u8).collect();
        let cases: Vec<(Vec<u8>, Option<&str>, String)> = vec![
            (text.into(), None, text.into()),
            (text.into(), Some("UTF-8"), text.into()),
            (mark(b"\xEF\xBB\xBF", text.into()), Some("iso-8859-1"), text.into()),
            (mark(b"\xFE\xFF", utf16(text, true)), None, text.into()),
            (mark(b"\xFF\xFE", utf16(text, false)), Some("utf-16"), text.into()),
            (utf16(text, true), None, text.into()),
            (utf16(text, false), Some("utf-16"), text.into()),
            (utf16(text, false), Some("utf-16le"), text.into()),
            (latin_bytes, None, latin.into()),
            (windows.to_vec(), None, "<?xml version='1.0' encoding = \"Windows-1252\"?><a>€ä</a>".into()),
            (b"<a>\xE4\x80</a>".to_vec(), Some("latin1"), "<a>ä\u{80}</a>".into()),
            (b"<a>\xE4\x80</a>".to_vec(), Some("\twindows-1252 "), "<a>ä€</a>".into()),
            (b"<a>x</a>".to_vec(), Some("us-ascii"), "<a>x</a>".into()),
            (b"".to_vec(), None, String::new()),
            (b"<a".to_vec(), None, "<a".into()),
        ];
        for (bytes, charset, expected) in cases {
            for piece in 1..=bytes.len().max(1) {
                assert_eq!(decode(&bytes, charset, piece).as_ref(), Ok(&expected), "{charset:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn an_encoding_is_not_looked_for_far_away() {
        for (spaces, found) in [(900, "€"), (2_000, "")] {
            let document = [b"<?xml version='1.0'", " ".repeat(spaces).as_bytes(), b"encoding='windows-1252'?><a>\x80</a>"].concat();
            for piece in [1, 7, 1_000, document.len()] {
                let text = decode(&document, None, piece);
                assert_eq!(text.map_or_else(|_| String::new(), |t| t[t.len() - 7..t.len() - 4].to_owned()), found, "in pieces of {piece}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        use GateErrorKind::{EncodingMismatch, InvalidBytes, UnsupportedCharset, UnsupportedEncoding};
        let cases: &[(&[u8], Option<&str>, GateErrorKind)] = &[
            (b"<a>\xE4</a>", None, InvalidBytes),
            (b"<a>\xC3", None, InvalidBytes),
            (b"<a>\xC0\x80</a>", None, InvalidBytes),
            (b"<a>\xED\xA0\x80</a>", None, InvalidBytes),
            (b"<a>\xE4</a>", Some("us-ascii"), InvalidBytes),
            (b"<a/>", Some("utf-7"), UnsupportedCharset),
            (b"<a/>", Some("klingon"), UnsupportedCharset),
            (b"<a/>", Some("hz-gb-2312"), UnsupportedCharset),
            (b"<?xml version='1.0' encoding='UTF-7'?><a/>", None, UnsupportedEncoding),
            (b"<?xml version='1.0' encoding='UTF-16'?><a/>", None, EncodingMismatch),
            (b"\xFF\xFE\0\0<\0\0\0", None, UnsupportedEncoding),
            (b"\0\0\0<", None, UnsupportedEncoding),
            (b"\xFE\xFF\0<\xD8\0\0a", None, InvalidBytes),
            (b"\xFE\xFF\0<\0", None, InvalidBytes),
        ];
        for (bytes, charset, kind) in cases {
            for piece in 1..=bytes.len() {
                assert_eq!(decode(bytes, *charset, piece), Err(*kind), "{bytes:?} in pieces of {piece}");
            }
        }
    }
}
