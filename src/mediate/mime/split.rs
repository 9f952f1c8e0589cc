//! The splitter: chunks of a multipart body in, parts out.

use memchr::memmem::Finder;

use super::transfer::Transfer;
use super::{MediaType, MimeError, PartHead};

/// Bytes of one part's header fields.
const PART_HEAD_BYTES: usize = 16 << 10;
/// Parts of one message.
const PARTS: usize = 1_000;
/// A boundary has at most 70 characters (RFC 2046).
const BOUNDARY_BYTES: usize = 70;

/// Who takes the parts, one after the other.
pub trait PartSink {
    /// What goes wrong: the message, or what is done with it.
    type Error: From<MimeError>;

    /// A part begins.
    ///
    /// # Errors
    /// The sink's own.
    fn begin(&mut self, head: PartHead) -> Result<(), Self::Error>;

    /// The next bytes of it, its transfer encoding undone; never empty.
    ///
    /// # Errors
    /// The sink's own.
    fn data(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// It ended.
    ///
    /// # Errors
    /// The sink's own.
    fn end(&mut self) -> Result<(), Self::Error>;
}

/// Splits a multipart body that comes in chunks.
#[derive(Debug)]
pub struct Splitter {
    /// `\r\n--boundary`
    delimiter: Finder<'static>,
    state: State,
    held: Vec<u8>,
    /// Bytes behind `held`, with those that are being looked at and the line end that was put before the first.
    taken: u64,
    parts: usize,
}

#[derive(Debug)]
enum State {
    /// Before the first boundary.
    Preamble,
    /// Inside a part.
    Body(Transfer),
    /// Behind a delimiter: the two bytes that follow say whether it was the last.
    Delimiter,
    /// Inside a part's head.
    Head,
    /// Behind the last delimiter.
    Epilogue,
}

impl Splitter {
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
        // As if a line end stood before the first byte: the first delimiter has none.
        Ok(Self { delimiter, state: State::Preamble, held: b"\r\n".to_vec(), taken: 2, parts: 0 })
    }

    /// Parts seen so far.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// The body is not a readable multipart message, or the sink's own.
    pub fn feed<S: PartSink>(&mut self, chunk: &[u8], sink: &mut S) -> Result<(), S::Error> {
        self.held.extend_from_slice(chunk);
        self.taken += chunk.len() as u64;
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_slice();
        while let Some(after) = self.step(rest, sink)? {
            rest = after;
        }
        let used = held.len() - rest.len();
        self.held = held;
        self.held.drain(..used);
        // What is inside a part goes out at once, up to what may be the beginning of a delimiter.
        let safe = self.held.len().saturating_sub(self.delimiter.needle().len() - 1);
        match &mut self.state {
            State::Preamble => drop(self.held.drain(..safe)),
            State::Body(transfer) if safe > 0 => {
                give(sink, transfer.push(self.held.get(..safe).unwrap_or_default())?)?;
                self.held.drain(..safe);
            }
            State::Epilogue => self.held.clear(),
            State::Delimiter | State::Head if self.held.len() > PART_HEAD_BYTES => return Err(MimeError::PartHead.into()),
            State::Body(_) | State::Delimiter | State::Head => {}
        }
        Ok(())
    }

    /// One move: what follows it, or `None` where more bytes are needed.
    fn step<'a, S: PartSink>(&mut self, rest: &'a [u8], sink: &mut S) -> Result<Option<&'a [u8]>, S::Error> {
        let needle = self.delimiter.needle().len();
        match &mut self.state {
            State::Epilogue => Ok(None),
            State::Preamble => {
                let Some(at) = self.delimiter.find(rest) else { return Ok(None) };
                self.state = State::Delimiter;
                Ok(rest.get(at + needle..))
            }
            State::Body(transfer) => {
                let Some(at) = self.delimiter.find(rest) else { return Ok(None) };
                give(sink, transfer.push(rest.get(..at).unwrap_or_default())?)?;
                give(sink, transfer.finish()?)?;
                sink.end()?;
                self.state = State::Delimiter;
                Ok(rest.get(at + needle..))
            }
            State::Delimiter => {
                // `--` ends the message; white space up to the line end is padding.
                if rest.starts_with(b"--") {
                    self.state = State::Epilogue;
                    return Ok(None);
                }
                let Some(line) = memchr::memchr(b'\n', rest) else { return Ok(None) };
                self.parts += 1;
                if self.parts > PARTS {
                    return Err(MimeError::Parts.into());
                }
                // The line end stays: a part without header fields begins with its empty line.
                let at = line.saturating_sub(usize::from(line > 0 && rest.get(line - 1) == Some(&b'\r')));
                self.state = State::Head;
                Ok(rest.get(at..))
            }
            State::Head => {
                let Some(end) = memchr::memmem::find(rest, b"\r\n\r\n") else { return Ok(None) };
                if end > PART_HEAD_BYTES {
                    return Err(MimeError::PartHead.into());
                }
                // The line end before an empty body's delimiter is the head's own: that must be seen first.
                let body = rest.get(end + 2..).unwrap_or_default();
                if body.len() < needle {
                    return Ok(None);
                }
                let mut head = PartHead::read(rest.get(..end).unwrap_or_default())?;
                let is_empty = body.starts_with(self.delimiter.needle());
                let left = if is_empty { body.len() } else { body.len() - 2 };
                head.offset = self.taken.saturating_sub(2 + left as u64);
                let transfer = Transfer::named(&head.transfer_encoding)?;
                sink.begin(head)?;
                self.state = State::Body(transfer);
                Ok(if is_empty { Some(body) } else { body.get(2..) })
            }
        }
    }

    /// Says that there are no more bytes.
    ///
    /// # Errors
    /// The last boundary did not come.
    pub fn finish(&self) -> Result<(), MimeError> {
        if matches!(self.state, State::Epilogue) { Ok(()) } else { Err(MimeError::CutOff) }
    }
}

fn give<S: PartSink>(sink: &mut S, bytes: &[u8]) -> Result<(), S::Error> {
    if bytes.is_empty() { Ok(()) } else { sink.data(bytes) }
}
