//! The root part alone, for those who pass a message on and only look into its envelope.

use super::{MediaType, MimeError, PartHead, PartSink, Splitter, content_id};

/// Finds the root part of a `multipart/related` message that comes in chunks.
#[derive(Debug)]
pub struct RootPart {
    splitter: Splitter,
    chosen: Chosen,
}

/// Which part is the root, and what was seen of it.
#[derive(Debug)]
struct Chosen {
    /// `start`, without its angle brackets; `None`: the first part is the root.
    start: Option<String>,
    root: Root,
    charset: Option<String>,
    offset: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Before,
    Inside,
    After,
}

impl RootPart {
    /// A splitter for a body of that type.
    ///
    /// # Errors
    /// The type has no usable boundary.
    pub fn new(media_type: &MediaType) -> Result<Self, MimeError> {
        let start = media_type.parameter("start").map(|s| content_id(s).to_owned());
        Ok(Self { splitter: Splitter::new(media_type)?, chosen: Chosen { start, root: Root::Before, charset: None, offset: None } })
    }

    /// The charset of the root part's own type, once its head was read.
    pub fn charset(&self) -> Option<&str> {
        self.chosen.charset.as_deref()
    }

    /// Was the root part read to its end?
    pub fn is_complete(&self) -> bool {
        self.chosen.root == Root::After
    }

    /// Where the root part's content begins in the body, in bytes, once that is known. `None` too where its bytes do not travel as they are.
    pub fn root_offset(&self) -> Option<u64> {
        self.chosen.offset
    }

    /// Parts seen so far, the root among them.
    pub fn parts(&self) -> usize {
        self.splitter.parts()
    }

    /// Takes the next bytes and appends what of them belongs to the root part to `out`.
    ///
    /// # Errors
    /// The body is not a readable multipart message.
    pub fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), MimeError> {
        self.feed_all(chunk, out, &mut Nobody)
    }

    /// The same, the other parts to `others`.
    ///
    /// # Errors
    /// The body is not a readable multipart message, or the sink's own.
    pub fn feed_all<S: PartSink>(&mut self, chunk: &[u8], out: &mut Vec<u8>, others: &mut S) -> Result<(), S::Error> {
        self.splitter.feed(chunk, &mut Fork { chosen: &mut self.chosen, out, others })
    }

    /// Says that there are no more bytes.
    ///
    /// # Errors
    /// The last boundary did not come, or no part was the root.
    pub fn finish(&self) -> Result<(), MimeError> {
        self.splitter.finish()?;
        if self.is_complete() { Ok(()) } else { Err(MimeError::NoRoot) }
    }
}

/// Sends the root part one way and the others another.
struct Fork<'a, S> {
    chosen: &'a mut Chosen,
    out: &'a mut Vec<u8>,
    others: &'a mut S,
}

impl<S: PartSink> PartSink for Fork<'_, S> {
    type Error = S::Error;

    fn begin(&mut self, head: PartHead) -> Result<(), S::Error> {
        let is_root = self.chosen.root == Root::Before
            && match &self.chosen.start {
                Some(start) => head.content_id.as_ref() == Some(start),
                None => true,
            };
        if !is_root {
            return self.others.begin(head);
        }
        self.chosen.root = Root::Inside;
        self.chosen.offset = head.is_plain().then_some(head.offset);
        self.chosen.charset = head.media_type().parameter("charset").map(str::to_owned);
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), S::Error> {
        if self.chosen.root == Root::Inside {
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        self.others.data(bytes)
    }

    fn end(&mut self) -> Result<(), S::Error> {
        if self.chosen.root == Root::Inside {
            self.chosen.root = Root::After;
            return Ok(());
        }
        self.others.end()
    }
}

/// Takes nothing of the other parts.
struct Nobody;

impl PartSink for Nobody {
    type Error = MimeError;

    fn begin(&mut self, _head: PartHead) -> Result<(), MimeError> {
        Ok(())
    }

    fn data(&mut self, _bytes: &[u8]) -> Result<(), MimeError> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), MimeError> {
        Ok(())
    }
}
