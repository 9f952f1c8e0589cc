//! A request on its way to the upstream: an envelope, or a package of an envelope and its parts.

use bytes::Bytes;
use futures_util::StreamExt;

use super::body::Cut;
use super::passthrough::Forwarded;
use super::segments::{self, Segment};
use super::spool::Stored;
use crate::mediate::package::{EncodedPackage, Source, Stretch};
use crate::problem::Problem;

/// What the encoder made of a request, before its header blocks are complete.
#[derive(Debug, Default)]
pub(super) struct Draft {
    package: EncodedPackage,
    /// The JSON text that it points into.
    text: Bytes,
    files: Vec<Stored>,
}

impl Draft {
    /// What was made of `text`, with these uploaded files.
    pub(super) fn new(package: EncodedPackage, text: Bytes, files: Vec<Stored>) -> Self {
        Self { package, text, files }
    }

    /// The same with all of it in the envelope: for one that is to be signed.
    ///
    /// # Errors
    /// A part cannot be read, or stands beside the envelope, which the encoder refuses: our own failures.
    pub(super) async fn in_one_piece(self) -> Result<Self, Problem> {
        if self.package.is_multipart() {
            return Err(Problem::internal("a message that is to be signed has parts beside its envelope"));
        }
        if self.package.insertions.is_empty() {
            return Ok(self);
        }
        let envelope = self.envelope();
        let message = self.into_message(envelope, "")?;
        let mut whole = Vec::new();
        let mut pieces = Box::pin(segments::stream(message.segments));
        while let Some(piece) = pieces.next().await {
            whole.extend_from_slice(&piece.map_err(|e| Problem::internal(format!("a part could not be read: {e}")))?);
        }
        Ok(Self { package: EncodedPackage { envelope: whole, ..EncodedPackage::default() }, ..Self::default() })
    }

    /// The envelope, for those who put header blocks into it.
    pub(super) fn envelope(&self) -> Bytes {
        Bytes::from(self.package.envelope.clone())
    }

    /// Do parts stand beside the envelope?
    pub(super) fn has_attachments(&self) -> bool {
        self.package.is_multipart()
    }

    /// The message with that envelope. What was added to it stands first in its Header, before all that is to be put in.
    ///
    /// # Errors
    /// There is no randomness: our own failure.
    pub(super) fn into_message(mut self, envelope: Bytes, action: &str) -> Result<Message, Problem> {
        let package = &mut self.package;
        if !package.is_multipart() && package.insertions.is_empty() {
            return Ok(Message::envelope(envelope));
        }
        let added = envelope.len().saturating_sub(package.envelope.len());
        package.insertions.iter_mut().for_each(|i| i.at += added);
        package.envelope = Vec::from(envelope);
        let (content_type, layout) = package.layout(action, &super::token::token()?);
        let content_type = package.is_multipart().then_some(content_type);
        let segments = layout.into_iter().filter_map(|stretch| segment(stretch, &self.text, &self.files)).collect();
        Ok(Message { content_type, segments })
    }
}

/// A message that can be sent, more than once if need be.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// Its Content-Type, where that is not the envelope's own.
    pub(super) content_type: Option<String>,
    segments: Vec<Segment>,
}

impl Message {
    /// An envelope that is in memory.
    pub(super) fn envelope(bytes: impl Into<Bytes>) -> Self {
        Self { content_type: None, segments: vec![Segment::Bytes(bytes.into())] }
    }

    /// Its body.
    pub(super) fn body(&self) -> Forwarded {
        let rest = segments::stream(self.segments.clone()).map(|piece| piece.map_err(|_| Cut("the request's body could not be read")));
        Forwarded::new(Box::pin(rest), Some(segments::length(&self.segments)))
    }

    /// Its bytes, where they are in memory in one piece.
    pub(super) fn whole(&self) -> Option<&Bytes> {
        match self.segments.as_slice() {
            [Segment::Bytes(bytes)] => Some(bytes),
            _ => None,
        }
    }
}

fn segment(stretch: Stretch<'_>, text: &Bytes, files: &[Stored]) -> Option<Segment> {
    let of = |source: &Source| match source {
        Source::Text(range) => Some(text.slice(range.clone())),
        Source::Owned(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
        Source::Upload(_) => None,
    };
    Some(match stretch {
        Stretch::Bytes(bytes) => Segment::Bytes(bytes.into_owned().into()),
        Stretch::Base64(Source::Upload(i), _) => Segment::Base64(files.get(*i)?.clone()),
        Stretch::Binary(Source::Upload(i), _) => Segment::Raw(files.get(*i)?.clone()),
        Stretch::Base64(source, size) => Segment::Stripped(of(source)?, size.div_ceil(3) * 4),
        Stretch::Binary(source, size) => Segment::Decoded(of(source)?, size),
    })
}
