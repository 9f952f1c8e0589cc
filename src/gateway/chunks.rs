//! Where a chunked body ends (RFC 9112, section 7.1), strictly: CR LF only, hexadecimal sizes, short extensions and trailers.

/// A chunked body that is passing by.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chunks {
    state: State,
    size: u64,
    digits: u8,
    /// Bytes of the extension or of all trailers so far.
    extra: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    LastLf,
    Done,
}

/// Bytes of one chunk extension, and of all trailers.
const EXTRA_BYTES: usize = 1024;

/// The coding is broken: the caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

impl Chunks {
    /// Is the body over?
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Looks at the next bytes and gives how many of them belong to the body.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let mut at = 0;
        while let (Some(byte), false) = (bytes.get(at), self.is_done()) {
            if self.state == State::Data {
                let take = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len() - at);
                self.size -= take as u64;
                at += take;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            self.step(*byte)?;
            at += 1;
        }
        Ok(at)
    }

    fn step(&mut self, byte: u8) -> Result<(), Broken> {
        self.state = match (self.state, byte) {
            (State::Size, b) if b.is_ascii_hexdigit() => {
                let digit = char::from(b).to_digit(16).unwrap_or(0);
                self.digits += 1;
                if self.digits > 15 {
                    return Err(Broken);
                }
                self.size = self.size * 16 + u64::from(digit);
                State::Size
            }
            (State::Size, b'\r') if self.digits > 0 => State::SizeLf,
            (State::Size, b';') if self.digits > 0 => {
                self.extra = 0;
                State::Extension
            }
            (State::Extension, b'\r') => State::SizeLf,
            (State::Extension | State::Trailer, b) if b >= 0x20 || b == b'\t' => {
                self.extra += 1;
                if self.extra > EXTRA_BYTES {
                    return Err(Broken);
                }
                self.state
            }
            (State::SizeLf, b'\n') => {
                self.digits = 0;
                self.extra = 0;
                if self.size == 0 { State::TrailerStart } else { State::Data }
            }
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size,
            (State::TrailerStart, b'\r') => State::LastLf,
            (State::TrailerStart, b) if b > 0x20 => {
                self.extra += 1;
                State::Trailer
            }
            (State::Trailer, b'\r') => State::TrailerLf,
            (State::TrailerLf, b'\n') => State::TrailerStart,
            (State::LastLf, b'\n') => State::Done,
            _ => return Err(Broken),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(bytes: &[u8], step: usize) -> Result<(usize, bool), Broken> {
        let mut chunks = Chunks::default();
        let mut total = 0;
        for piece in bytes.chunks(step) {
            let used = chunks.scan(piece)?;
            total += used;
            if used < piece.len() {
                break;
            }
        }
        Ok((total, chunks.is_done()))
    }

    #[test]
    fn the_end_is_found_at_any_cut() {
        let body = b"5;x=\"y\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: v\r\n\r\n";
        let mut bytes = body.to_vec();
        bytes.extend_from_slice(b"GET / HTTP/1.1");
        for step in 1..bytes.len() {
            assert_eq!(scan(&bytes, step), Ok((body.len(), true)), "{step}");
        }
    }

    #[test]
    fn broken_codings() {
        let long = format!("1;{}\r\n", "x".repeat(2000));
        let bad: [&[u8]; 8] =
            [b"\r\n", b"5\nhello", b"g\r\n", b"-1\r\n", b"1\r\nab\r\n", b"0x1\r\n", b"1111111111111111\r\n", long.as_bytes()];
        for bytes in bad {
            assert_eq!(scan(bytes, 1), Err(Broken), "{bytes:?}");
        }
    }
}
