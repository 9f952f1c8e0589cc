//! Content transfer encodings (RFC 2045, section 6), undone piece by piece.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::MimeError;

/// Writers exist that leave out the padding, or leave bits set beyond the last byte.
const LAX: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// base64 text → bytes, by pieces; white space is skipped.
#[derive(Debug, Default, Clone)]
pub struct Base64Decoder {
    /// Characters of a group of four that is not complete.
    held: Vec<u8>,
    ended: bool,
}

impl Base64Decoder {
    /// Takes the next characters and appends what they stand for.
    ///
    /// # Errors
    /// It is no base64, or goes on behind its padding.
    pub fn push(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), MimeError> {
        self.held.extend(text.iter().copied().filter(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')));
        let whole = self.held.len() - self.held.len() % 4;
        let groups = self.held.get(..whole).unwrap_or_default();
        if groups.is_empty() {
            return Ok(());
        }
        if self.ended {
            return Err(MimeError::TransferEncoding);
        }
        self.ended = groups.last() == Some(&b'=');
        LAX.decode_vec(groups, out).map_err(|_| MimeError::TransferEncoding)?;
        self.held.drain(..whole);
        Ok(())
    }

    /// The end of the text.
    ///
    /// # Errors
    /// What is left is no base64.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), MimeError> {
        let rest = std::mem::take(&mut self.held);
        if rest.is_empty() {
            return Ok(());
        }
        if self.ended {
            return Err(MimeError::TransferEncoding);
        }
        LAX.decode_vec(&rest, out).map_err(|_| MimeError::TransferEncoding)
    }
}

/// One part's encoding at work.
#[derive(Debug)]
pub(super) enum Transfer {
    /// binary, 8bit, 7bit: the bytes are what they are.
    Plain,
    Base64(Base64Decoder, Vec<u8>),
    Quoted(Quoted, Vec<u8>),
}

impl Transfer {
    pub(super) fn named(name: &str) -> Result<Self, MimeError> {
        match name {
            "" | "binary" | "8bit" | "7bit" => Ok(Self::Plain),
            "base64" => Ok(Self::Base64(Base64Decoder::default(), Vec::new())),
            "quoted-printable" => Ok(Self::Quoted(Quoted::default(), Vec::new())),
            _ => Err(MimeError::TransferEncoding),
        }
    }

    /// What the next bytes stand for.
    pub(super) fn push<'a>(&'a mut self, bytes: &'a [u8]) -> Result<&'a [u8], MimeError> {
        match self {
            Self::Plain => Ok(bytes),
            Self::Base64(decoder, out) => {
                out.clear();
                decoder.push(bytes, out)?;
                Ok(out)
            }
            Self::Quoted(decoder, out) => {
                out.clear();
                decoder.push(bytes, out)?;
                Ok(out)
            }
        }
    }

    /// What is left at the end of the part.
    pub(super) fn finish(&mut self) -> Result<&[u8], MimeError> {
        match self {
            Self::Plain => Ok(&[]),
            Self::Base64(decoder, out) => {
                out.clear();
                decoder.finish(out)?;
                Ok(out)
            }
            Self::Quoted(decoder, out) => {
                out.clear();
                if decoder.held.is_empty() || decoder.held == b"=" || decoder.held == b"=\r" {
                    Ok(out)
                } else {
                    Err(MimeError::TransferEncoding)
                }
            }
        }
    }
}

/// quoted-printable (RFC 2045, section 6.7).
#[derive(Debug, Default)]
pub(super) struct Quoted {
    /// `=` and what of its two characters came.
    held: Vec<u8>,
}

impl Quoted {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), MimeError> {
        for byte in bytes {
            if self.held.is_empty() {
                match byte {
                    b'=' => self.held.push(b'='),
                    byte => out.push(*byte),
                }
                continue;
            }
            match (self.held.as_slice(), byte) {
                // A soft line break.
                ([b'='] | [b'=', b'\r'], b'\n') => self.held.clear(),
                ([b'='], _) => self.held.push(*byte),
                ([b'=', high], low) => {
                    let (Some(high), Some(low)) = (hex(*high), hex(*low)) else { return Err(MimeError::TransferEncoding) };
                    out.push(high << 4 | low);
                    self.held.clear();
                }
                _ => return Err(MimeError::TransferEncoding),
            }
        }
        Ok(())
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undo(name: &str, text: &[u8], step: usize) -> Result<Vec<u8>, MimeError> {
        let mut transfer = Transfer::named(name)?;
        let mut out = Vec::new();
        for piece in text.chunks(step) {
            out.extend_from_slice(transfer.push(piece)?);
        }
        out.extend_from_slice(transfer.finish()?);
        Ok(out)
    }

    #[test]
    fn encodings_are_undone_at_any_cut() {
        for step in 1..20 {
            assert_eq!(undo("base64", b"aGVs\r\nbG8g d29ybGQ=\r\n", step).as_deref(), Ok(&b"hello world"[..]), "{step}");
            assert_eq!(undo("base64", b"aGVsbG8", step).as_deref(), Ok(&b"hello"[..]), "{step}");
            assert_eq!(undo("quoted-printable", b"a=3Db=\r\nc=\nd=e9", step).as_deref(), Ok(&b"a=bcd\xe9"[..]), "{step}");
            assert!(undo("base64", b"aGVsbG8=aGVs", step).is_err(), "{step}");
            assert!(undo("base64", b"a!Vs", step).is_err(), "{step}");
            assert!(undo("quoted-printable", b"a=zz", step).is_err(), "{step}");
            assert!(undo("quoted-printable", b"a=4", step).is_err(), "{step}");
        }
        assert!(undo("uuencode", b"", 1).is_err());
    }
}
