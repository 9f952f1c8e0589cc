//! A reply that came with attachments, as the caller's answer: each part where the message refers to it.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;

use super::Gateway;
use super::body::{AnswerBody, Content, Cut};
use super::reply::EnvelopeReader;
use super::segments::{self, Segment};
use super::spool::Stored;
use super::store::Store;
use crate::catalog::{ATTACHMENTS_PATH, Deliver, PublishedApi};
use crate::json::string_into;
use crate::mediate::package::{Attachment, Package, Piece, pieces};
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
    heads: Vec<Attachment>,
    stored: Vec<Stored>,
}

/// Where large parts of an API's replies are kept for callers to fetch (`attachments: url`).
pub(super) struct References<'a> {
    store: &'a Store,
    api: &'a Arc<str>,
    /// What the names of attachments are put behind.
    address: String,
    /// Parts of more bytes are given by reference.
    over: u64,
}

impl<'a> References<'a> {
    /// Those of an API that wants them.
    pub(super) fn of(gateway: &'a Gateway, api: &'a PublishedApi, public_url: &str) -> Option<Self> {
        let settings = &api.definition.attachments;
        (settings.deliver == Deliver::Url).then(|| Self {
            store: &gateway.attachments,
            api: &api.base_path,
            address: format!("{public_url}{}{ATTACHMENTS_PATH}/", api.path()),
            over: settings.url_over_bytes,
        })
    }

    /// What stands for a part; `None`: it is small, or there is no room for it.
    fn of_part(&self, head: &Attachment, stored: &Stored) -> Result<Option<Vec<u8>>, Problem> {
        if stored.size() <= self.over {
            return Ok(None);
        }
        let Some(name) = self.store.keep(self.api, stored.clone(), &head.media_type)? else { return Ok(None) };
        let mut json = br#"{"$url":"#.to_vec();
        string_into(&mut json, &format!("{}{name}", self.address));
        json.extend_from_slice(br#","$contentType":"#);
        string_into(&mut json, &head.media_type);
        json.extend_from_slice(format!(",\"$size\":{}}}", stored.size()).as_bytes());
        Ok(Some(json))
    }
}

impl Attached {
    /// What a reply that was read to its end says.
    ///
    /// # Errors
    /// It cannot be read, or refers to a part that did not come.
    pub(super) fn of(decoder: Decoder, reader: EnvelopeReader, api: &PublishedApi) -> Result<Self, DecodeError> {
        let spool = reader.into_parts();
        let Package { decoded, parts, dropped } = decoder.finish_package(spool.parts())?;
        let heads = spool.parts().to_vec();
        if dropped > 0 {
            metrics::counter!(names::ATTACHMENTS_DROPPED, "api" => api.label()).increment(dropped as u64);
            tracing::debug!(api = %api.name, dropped, "attachments that nothing in the reply refers to");
        }
        Ok(Self { decoded, parts: Parts { marks: parts, heads, stored: spool.into_stored() } })
    }
}

impl Parts {
    /// The answer's body: the JSON text with each part in its place.
    ///
    /// # Errors
    /// Our own failure.
    pub(super) fn answer(&self, json: &[u8], references: Option<&References<'_>>) -> Result<AnswerBody, Problem> {
        if self.marks.is_empty() {
            return Ok(AnswerBody::whole(json.to_vec()));
        }
        let segments = self.segments(json, references)?;
        let length = segments::length(&segments);
        let rest = segments::stream(segments).map(|piece| piece.map_err(|_| Cut("the gateway failed")));
        Ok(AnswerBody::new(Content::Stream(Box::pin(rest), Some(length))))
    }

    /// The JSON text with each part in its place, in memory: for what is part of a larger document.
    pub(super) async fn inlined(&self, json: Vec<u8>) -> Result<Vec<u8>, Problem> {
        if self.marks.is_empty() {
            return Ok(json);
        }
        let mut whole = Vec::new();
        let mut rest = Box::pin(segments::stream(self.segments(&json, None)?));
        while let Some(piece) = rest.next().await {
            whole.extend_from_slice(&piece.map_err(|e| Problem::internal(format!("a part could not be read: {e}")))?);
        }
        Ok(whole)
    }

    fn segments(&self, json: &[u8], references: Option<&References<'_>>) -> Result<Vec<Segment>, Problem> {
        let mut all = Vec::with_capacity(4 * self.marks.len() + 1);
        for piece in pieces(json, &self.marks) {
            match piece {
                Piece::Text(text) => all.push(Segment::Bytes(Bytes::copy_from_slice(text))),
                Piece::Part(part) => {
                    let (Some(stored), Some(head)) = (self.stored.get(part), self.heads.get(part)) else { continue };
                    if let Some(reference) = references.and_then(|r| r.of_part(head, stored).transpose()) {
                        all.push(Segment::Bytes(reference?.into()));
                        continue;
                    }
                    all.push(Segment::Bytes(Bytes::from_static(b"\"")));
                    all.push(Segment::Base64(stored.clone()));
                    all.push(Segment::Bytes(Bytes::from_static(b"\"")));
                }
            }
        }
        Ok(all)
    }
}
