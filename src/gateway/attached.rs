//! A reply that came with attachments, as the caller's answer: each part where the message refers to it.

use bytes::Bytes;
use futures_util::StreamExt;

use super::body::{AnswerBody, Content, Cut};
use super::reply::EnvelopeReader;
use super::segments::{self, Segment};
use super::spool::Stored;
use crate::catalog::PublishedApi;
use crate::mediate::package::{Package, Piece, pieces};
use crate::mediate::{DecodeError, Decoded, Decoder};
use crate::problem::Problem;
use crate::telemetry::names;

/// A decoded reply and its parts.
pub(super) struct Attached {
    pub(super) decoded: Decoded,
    pub(super) parts: Parts,
}

/// The parts of a reply.
pub(super) struct Parts {
    /// The part of each mark in the JSON text.
    marks: Vec<usize>,
    stored: Vec<Stored>,
}

impl Attached {
    /// What a reply that was read to its end says.
    ///
    /// # Errors
    /// It cannot be read, or refers to a part that did not come.
    pub(super) fn of(decoder: Decoder, reader: EnvelopeReader, api: &PublishedApi) -> Result<Self, DecodeError> {
        let spool = reader.into_parts();
        let Package { decoded, parts, dropped } = decoder.finish_package(spool.parts())?;
        if dropped > 0 {
            metrics::counter!(names::ATTACHMENTS_DROPPED, "api" => api.name.to_string()).increment(dropped as u64);
            tracing::debug!(api = %api.name, dropped, "attachments that nothing in the reply refers to");
        }
        Ok(Self { decoded, parts: Parts { marks: parts, stored: spool.into_stored() } })
    }
}

impl Parts {
    /// The answer's body: the JSON text with each part in its place.
    pub(super) fn answer(&self, json: Vec<u8>) -> AnswerBody {
        if self.marks.is_empty() {
            return AnswerBody::whole(json);
        }
        let segments = self.segments(&json);
        let length = segments::length(&segments);
        let rest = segments::stream(segments).map(|piece| piece.map_err(|_| Cut("the gateway failed")));
        AnswerBody::new(Content::Stream(Box::pin(rest), Some(length)))
    }

    /// The JSON text with each part in its place, in memory: for what is part of a larger document.
    pub(super) async fn inlined(&self, json: Vec<u8>) -> Result<Vec<u8>, Problem> {
        if self.marks.is_empty() {
            return Ok(json);
        }
        let mut whole = Vec::new();
        let mut rest = Box::pin(segments::stream(self.segments(&json)));
        while let Some(piece) = rest.next().await {
            whole.extend_from_slice(&piece.map_err(|e| Problem::internal(format!("a part could not be read: {e}")))?);
        }
        Ok(whole)
    }

    fn segments(&self, json: &[u8]) -> Vec<Segment> {
        let mut all = Vec::with_capacity(4 * self.marks.len() + 1);
        for piece in pieces(json, &self.marks) {
            match piece {
                Piece::Text(text) => all.push(Segment::Bytes(Bytes::copy_from_slice(text))),
                Piece::Part(part) => {
                    let Some(stored) = self.stored.get(part) else { continue };
                    all.push(Segment::Bytes(Bytes::from_static(b"\"")));
                    all.push(Segment::Base64(stored.clone()));
                    all.push(Segment::Bytes(Bytes::from_static(b"\"")));
                }
            }
        }
        all
    }
}
