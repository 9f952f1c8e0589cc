//! Bodies at the gateway's door: a caller's with its limits of size, silence and rate, and the answer's, whole or streamed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout};

use super::ledger::{Holding, NoRoom};
use super::record::Record;
use crate::config::HttpLimits;
use crate::problem::{Problem, Reason};

/// Why a caller's body ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Larger than the limit, in bytes.
    TooLarge(u64),
    /// Silent too long, or too slow.
    Slow,
    /// Cut off, or its framing is broken.
    Broken,
    /// The gateway has no room for it now.
    NoRoom,
}

impl BodyError {
    /// What the caller reads, if it still does.
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::TooLarge(limit) => Problem::new(Reason::TooLarge, 413, format!("The request's body is larger than {limit} bytes.")),
            Self::Slow => Problem::new(Reason::RequestTimeout, 408, "The request's body did not arrive in time."),
            Self::Broken => Problem::new(Reason::BadRequest, 400, "The request's body is cut off, or its framing is broken."),
            Self::NoRoom => NoRoom.problem(),
        }
    }
}

/// A caller's body, watched.
pub(super) struct RequestBody<B> {
    inner: B,
    limit: u64,
    received: u64,
    /// How much longer may be waited for the caller: what it brings pays for more. What we ourselves are slow at does not count.
    credit: Duration,
    idle: Duration,
    rate: u64,
    /// The most that can be saved up, so that a body that came fast cannot stand still for long near its end.
    rate_after: Duration,
}

impl<B: Body<Data = Bytes> + Unpin> RequestBody<B> {
    /// Watches `inner`, of which at most `limit` bytes are taken.
    pub(super) fn new(inner: B, limit: u64, http: &HttpLimits) -> Self {
        Self {
            inner,
            limit,
            received: 0,
            credit: http.body_rate_after,
            idle: http.body_idle,
            rate: http.body_rate,
            rate_after: http.body_rate_after,
        }
    }

    /// The length that the caller announced.
    pub(super) fn announced(&self) -> Option<u64> {
        self.inner.size_hint().exact()
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        if self.announced().is_some_and(|n| n > self.limit.saturating_sub(self.received)) {
            return Err(BodyError::TooLarge(self.limit));
        }
        loop {
            let began = Instant::now();
            let frame = timeout(self.patience(), self.inner.frame()).await.map_err(|_| BodyError::Slow)?;
            self.credit = self.credit.saturating_sub(began.elapsed());
            let Some(frame) = frame else { return Ok(None) };
            // Trailers are not asked for and not passed on.
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            self.received += data.len() as u64;
            let paid = Duration::from_millis((data.len() as u64).saturating_mul(1000).checked_div(self.rate).unwrap_or_default());
            self.credit = (self.credit + paid).min(self.rate_after);
            if self.received > self.limit {
                return Err(BodyError::TooLarge(self.limit));
            }
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }

    /// The next bytes, which stay in memory as long as `held` does.
    pub(super) async fn kept(&mut self, held: &mut Holding) -> Result<Option<Bytes>, BodyError> {
        let next = self.next().await?;
        if let Some(bytes) = &next {
            held.request(bytes.len()).map_err(|NoRoom| BodyError::NoRoom)?;
        }
        Ok(next)
    }

    /// All of it.
    pub(super) async fn whole(&mut self, held: &mut Holding) -> Result<Bytes, BodyError> {
        let Some(first) = self.kept(held).await? else { return Ok(Bytes::new()) };
        let Some(second) = self.kept(held).await? else { return Ok(first) };
        // What was announced is within the limit; growing step by step would hold large bodies twice.
        let announced = self.announced().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        let mut all = BytesMut::with_capacity(announced.saturating_add(first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(more) = self.kept(held).await? {
            all.extend_from_slice(&more);
        }
        Ok(all.freeze())
    }

    /// How long to wait for the next bytes: the silence allowed, and no longer than the rate allows.
    fn patience(&self) -> Duration {
        if self.rate == 0 {
            return self.idle;
        }
        self.idle.min(self.credit)
    }
}

/// The answer was cut off: whoever reads it must not take it for whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer was cut off: {0}")]
pub(super) struct Cut(pub(super) &'static str);

/// The rest of a streamed answer.
pub(super) type Rest = Pin<Box<dyn Stream<Item = Result<Bytes, Cut>> + Send>>;

/// What an answer's body is made of.
pub(super) enum Content {
    /// Nothing more.
    Empty,
    /// These bytes.
    Whole(Bytes),
    /// Bytes as they come; so many are still to come, where that is known.
    Stream(Rest, Option<u64>),
}

/// An answer's body. When it ends, by whatever end, the call's [`Record`] is closed.
pub(super) struct AnswerBody {
    content: Content,
    record: Option<Box<Record>>,
}

impl AnswerBody {
    pub(super) fn new(content: Content) -> Self {
        Self { content, record: None }
    }

    /// No bytes.
    pub(super) fn empty() -> Self {
        Self::new(Content::Empty)
    }

    /// These bytes.
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::new(Content::Whole(bytes.into()))
    }

    /// All of its bytes, where they are there and nothing of them was given yet.
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Whole(bytes) => Some(bytes),
            Content::Empty | Content::Stream(..) => None,
        }
    }

    /// The same, closing `record` at its end.
    pub(super) fn recorded(mut self, record: Box<Record>) -> Self {
        self.record = Some(record);
        if self.is_end_stream() {
            self.close(None);
        }
        self
    }

    /// Drops the bytes: the answer to HEAD.
    pub(super) fn without_bytes(self) -> Self {
        Self { content: Content::Empty, record: self.record }
    }

    fn close(&mut self, cut: Option<&'static str>) {
        if let Some(record) = self.record.take() {
            record.close(cut);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = self.get_mut();
        if let Some(record) = &mut this.record {
            record.asked();
        }
        let next = match &mut this.content {
            Content::Empty => Poll::Ready(None),
            Content::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                this.content = Content::Empty;
                Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)))
            }
            Content::Stream(rest, left) => {
                // A panic in the middle of an answer cuts it: the status is sent already.
                let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| rest.as_mut().poll_next(cx)));
                let polled = polled.unwrap_or_else(|_| {
                    metrics::counter!(crate::telemetry::names::PANICS).increment(1);
                    Poll::Ready(Some(Err(Cut("the gateway failed"))))
                });
                if let (Poll::Ready(Some(Ok(bytes))), Some(left)) = (&polled, left) {
                    *left = left.saturating_sub(bytes.len() as u64);
                }
                polled
            }
        };
        match next {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                this.content = Content::Empty;
                this.close(None);
                Poll::Ready(None)
            }
            Poll::Ready(Some(Ok(bytes))) => {
                if let Some(record) = &mut this.record {
                    record.gave(bytes.len());
                }
                if this.is_end_stream() {
                    this.close(None);
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Poll::Ready(Some(Err(cut))) => {
                this.content = Content::Empty;
                this.close(Some(cut.0));
                Poll::Ready(Some(Err(cut)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Empty => true,
            Content::Whole(bytes) => bytes.is_empty(),
            // The HTTP library asks no more once the announced length was sent.
            Content::Stream(_, left) => *left == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Empty => SizeHint::with_exact(0),
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(_, Some(left)) => SizeHint::with_exact(*left),
            Content::Stream(_, None) => SizeHint::default(),
        }
    }
}

impl std::fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnswerBody").field("size", &self.size_hint().exact()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Ledger;
    use super::*;
    use http_body_util::{BodyStream, StreamBody};

    /// A body that gives `size` bytes every `pause`, `count` times.
    fn dripping(size: usize, pause: Duration, count: usize) -> impl Body<Data = Bytes, Error = std::convert::Infallible> + Unpin {
        let stream = futures_util::stream::unfold(0, move |n| async move {
            if n == count {
                return None;
            }
            tokio::time::sleep(pause).await;
            Some((Ok(Frame::data(Bytes::from(vec![b'x'; size]))), n + 1))
        });
        StreamBody::new(Box::pin(stream))
    }

    async fn whole(body: impl Body<Data = Bytes> + Unpin, limit: u64) -> Result<usize, BodyError> {
        RequestBody::new(body, limit, &HttpLimits::default()).whole(&mut Ledger::new(4 << 20).holding()).await.map(|b| b.len())
    }

    async fn read(size: usize, pause_ms: u64, count: usize) -> Result<usize, BodyError> {
        whole(dripping(size, Duration::from_millis(pause_ms), count), 1 << 20).await
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_body() {
        assert_eq!(read(10, 9_900, 1).await, Ok(10));
        assert_eq!(read(10, 10_100, 1).await, Err(BodyError::Slow));
    }

    #[tokio::test(start_paused = true)]
    async fn dripping_ends_a_body_after_twenty_seconds() {
        assert_eq!(read(100, 1_000, 19).await, Ok(1_900));
        assert_eq!(read(100, 1_000, 25).await, Err(BodyError::Slow));
        assert_eq!(read(1_100, 1_000, 100).await, Ok(110_000));
    }

    #[tokio::test(start_paused = true)]
    async fn size_is_limited() {
        assert_eq!(read(1 << 19, 1, 2).await, Ok(1 << 20));
        assert_eq!(read((1 << 19) + 1, 1, 2).await, Err(BodyError::TooLarge(1 << 20)));
        let body = http_body_util::Full::new(Bytes::from(vec![b'x'; 11]));
        assert_eq!(whole(body, 10).await, Err(BodyError::TooLarge(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_fast_does_not_pay_for_standing_still() {
        let body = dripping(1 << 19, Duration::from_millis(1), 1);
        let drops = dripping(1, Duration::from_secs(9), 100);
        let both = futures_util::StreamExt::chain(BodyStream::new(body), BodyStream::new(drops));
        let began = Instant::now();
        assert_eq!(whole(StreamBody::new(both), 1 << 20).await, Err(BodyError::Slow));
        assert!(began.elapsed() < Duration::from_secs(21), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn what_has_no_room_is_refused() {
        let full = |bytes: usize| http_body_util::Full::new(Bytes::from(vec![b'x'; bytes]));
        let ledger = Ledger::new(100);
        let mut held = ledger.holding();
        let read = async |held: &mut Holding, bytes| RequestBody::new(full(bytes), 1000, &HttpLimits::default()).whole(held).await;
        assert_eq!(read(&mut held, 75).await.map(|b| b.len()), Ok(75));
        assert_eq!(read(&mut ledger.holding(), 1).await, Err(BodyError::NoRoom));
        drop(held);
        assert!(read(&mut ledger.holding(), 1).await.is_ok());
    }
}
