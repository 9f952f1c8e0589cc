//! A reply's bytes: deadlines and limits, decompression, the root part of a multipart reply.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::spool::{Spool, SpoolError};
use super::upstream::too_slow;
use crate::mediate::mime::{MediaType, MimeError, RootPart};
use crate::net::inflate::{Inflate, InflateError};
use crate::problem::{Problem, Reason};

/// The upstream's reply: its head is here, its body comes.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Incoming,
    /// When the whole call must be over.
    deadline: Instant,
}

/// Why a reply's body could not be read to its end.
#[derive(Debug)]
pub(super) enum ReplyError {
    Timeout,
    CutOff(String),
    TooLarge(u64),
    Inflate(InflateError),
    Mime(MimeError),
    /// A part could not be kept, for our own reasons.
    Spool(String),
}

impl ReplyError {
    fn of(error: SpoolError) -> Self {
        match error {
            SpoolError::Mime(e) => Self::Mime(e),
            SpoolError::Io(e) => Self::Spool(format!("a part could not be kept: {e}")),
        }
    }

    /// What the caller reads, if nothing was sent to it yet.
    pub(super) fn problem(&self) -> Problem {
        let text = match self {
            Self::Timeout => return too_slow(),
            Self::CutOff(private) => {
                let mut problem = Problem::new(Reason::UpstreamReply, 502, "The reply of the SOAP service behind this API was cut off.");
                problem.upstream_failed = true;
                return problem.with_private(private.clone());
            }
            Self::TooLarge(limit) => format!("The reply of the SOAP service behind this API is larger than {limit} bytes."),
            Self::Inflate(e) => format!("The compressed reply of the SOAP service behind this API cannot be read: {e}."),
            Self::Spool(private) => return Problem::internal(private.clone()),
            Self::Mime(e) => format!("The multipart reply of the SOAP service behind this API cannot be read: {e}."),
        };
        Problem::new(Reason::UpstreamReply, 502, text)
    }
}

impl Reply {
    /// What was received of a call that must be over at `deadline`.
    pub(super) fn new(response: Response<Incoming>, deadline: Instant) -> Self {
        let (head, body) = response.into_parts();
        Self { status: head.status, headers: head.headers, body, deadline }
    }

    /// The reply's type.
    pub(super) fn media_type(&self) -> MediaType {
        self.headers.get(CONTENT_TYPE).map_or_else(MediaType::default, |v| MediaType::parse(&String::from_utf8_lossy(v.as_bytes())))
    }

    /// The length of the body as it travels, where it is known.
    pub(super) fn length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// Is it certain that there is no body?
    pub(super) fn is_empty(&self) -> bool {
        self.body.is_end_stream()
    }

    /// The bytes as they travel.
    pub(super) fn raw(self, limit: u64) -> RawReply {
        RawReply { body: self.body, deadline: self.deadline, received: 0, limit }
    }

    /// The bytes of the envelope: inflated, and the root part of a multipart reply.
    ///
    /// # Errors
    /// A coding that was not asked for, or a multipart type that cannot be read.
    pub(super) fn envelope(self, media_type: &MediaType, limit: u64) -> Result<EnvelopeReader, Problem> {
        let coding = self.headers.get(CONTENT_ENCODING).map_or(&b""[..], HeaderValue::as_bytes).to_ascii_lowercase();
        let inflate = match coding.as_slice() {
            b"" | b"identity" => None,
            b"gzip" | b"x-gzip" => Some(Inflate::new(limit)),
            _ => {
                let text = "The SOAP service behind this API answered in a compression that was not asked for.";
                return Err(Problem::new(Reason::UpstreamReply, 502, text));
            }
        };
        let root = match media_type.essence.as_str() {
            "multipart/related" => Some(RootPart::new(media_type).map_err(|e| ReplyError::Mime(e).problem())?),
            _ => None,
        };
        Ok(EnvelopeReader { raw: self.raw(limit), inflate, inflated: Vec::new(), root, spool: Spool::default(), ended: false })
    }
}

/// A reply's bytes as they travel, within deadline and limit.
pub(super) struct RawReply {
    body: Incoming,
    deadline: Instant,
    received: u64,
    limit: u64,
}

impl RawReply {
    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ReplyError> {
        loop {
            let frame = timeout_at(self.deadline, self.body.frame()).await.map_err(|_| ReplyError::Timeout)?;
            let Some(frame) = frame else { return Ok(None) };
            let Ok(data) = frame.map_err(|e| ReplyError::CutOff(e.to_string()))?.into_data() else { continue };
            self.received += data.len() as u64;
            if self.received > self.limit {
                return Err(ReplyError::TooLarge(self.limit));
            }
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }
}

/// The bytes of a reply's envelope.
pub(super) struct EnvelopeReader {
    raw: RawReply,
    inflate: Option<Inflate>,
    inflated: Vec<u8>,
    root: Option<RootPart>,
    /// The parts beside the root.
    spool: Spool,
    ended: bool,
}

impl EnvelopeReader {
    /// The parts beside the envelope, once all was read.
    pub(super) fn into_parts(self) -> Spool {
        self.spool
    }

    /// Charset of the root part's own type, once it is known.
    pub(super) fn root_charset(&self) -> Option<&str> {
        self.root.as_ref().and_then(RootPart::charset)
    }

    /// Replaces what is in `out` by the next bytes; `false` at the end.
    pub(super) async fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, ReplyError> {
        out.clear();
        while out.is_empty() {
            if self.ended {
                return Ok(false);
            }
            let chunk = self.raw.next().await?;
            self.ended = chunk.is_none();
            self.inflated.clear();
            let bytes: &[u8] = match (&mut self.inflate, &chunk) {
                (Some(inflate), Some(chunk)) => {
                    inflate.push(chunk, &mut self.inflated).map_err(ReplyError::Inflate)?;
                    &self.inflated
                }
                (Some(inflate), None) => {
                    inflate.finish(&mut self.inflated).map_err(ReplyError::Inflate)?;
                    &self.inflated
                }
                (None, Some(chunk)) => chunk,
                (None, None) => &[],
            };
            match &mut self.root {
                Some(root) => {
                    root.feed_all(bytes, out, &mut self.spool).map_err(ReplyError::of)?;
                    self.spool.settle().await.map_err(ReplyError::of)?;
                }
                None => out.extend_from_slice(bytes),
            }
            if let (true, Some(root)) = (self.ended, &self.root) {
                root.finish().map_err(ReplyError::Mime)?;
            }
        }
        Ok(true)
    }
}
