//! The bytes of one HTTP/1 connection on their way to the HTTP library: every head is checked whole before any of it is handed on.
//!
//! A refused head is replaced by a plain request, and the refusal is left in [`Wire`] for whoever answers that request: so a
//! refusal has the shape of every other problem, a request id and a line in the log. Deadlines of heads, of idle connections and of
//! callers that do not take their answer are kept here too.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::chunks::Chunks;
use super::head::{self, Framing, Refusal};
use crate::config::HttpLimits;

/// What stands in the place of a refused head.
const REPLACEMENT: &[u8] = b"GET /refused HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
/// HTTP/2 with prior knowledge begins so.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";
/// Bytes read at once while a head or a chunked body is looked at.
const READ_BYTES: usize = 16 << 10;
/// How long a caller that still sends is listened to after its answer.
const LINGER: Duration = Duration::from_secs(1);

/// What the two sides of a connection share: the inspector of its bytes and the one who answers.
#[derive(Debug, Default)]
pub(super) struct Wire {
    heads: AtomicU64,
    answered: AtomicU64,
    refusal: Mutex<Option<(u64, Refusal)>>,
    /// Who waits for bytes while an answer is under way: with its end a deadline begins, which nobody else would ask for.
    reader: AtomicWaker,
}

impl Wire {
    /// The refusal of the `n`-th request of this connection, counted from 1.
    pub(super) fn refusal(&self, n: u64) -> Option<Refusal> {
        let refusal = self.refusal.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (*refusal).filter(|(at, _)| *at == n).map(|(_, refusal)| refusal)
    }

    /// Says that one more answer is complete.
    pub(super) fn answer_done(&self) {
        self.answered.fetch_add(1, Ordering::AcqRel);
        self.reader.wake();
    }

    fn is_busy(&self) -> bool {
        self.answered.load(Ordering::Acquire) < self.heads.load(Ordering::Acquire)
    }

    fn head_done(&self, refusal: Option<Refusal>) {
        let n = self.heads.fetch_add(1, Ordering::AcqRel) + 1;
        if let Some(refusal) = refusal {
            *self.refusal.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((n, refusal));
        }
    }
}

#[derive(Debug)]
enum State {
    /// Waiting for the end of a head; so many bytes of the buffer were looked at.
    Head { seen: usize },
    /// Inside a body of known length.
    Length(u64),
    /// Inside a chunked body.
    Chunked(Chunks),
    /// HTTP/2 with prior knowledge, where it is allowed: bytes pass unseen.
    Transparent,
    /// Nothing more is read.
    Refused,
}

/// What the connection waits for, with the deadline's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Nothing,
    FirstHead,
    Idle,
    Head,
}

/// A connection whose requests are inspected.
pub(super) struct Inspected<T> {
    inner: T,
    limits: Arc<HttpLimits>,
    wire: Arc<Wire>,
    h2c: bool,
    state: State,
    /// Bytes that arrived and were not handed on.
    buffer: BytesMut,
    /// How many of them may be.
    released: usize,
    wait: Wait,
    read_deadline: Pin<Box<Sleep>>,
    write_deadline: Option<Pin<Box<Sleep>>>,
    /// Until when what still comes is read and dropped after our own end was sent.
    linger: Option<Pin<Box<Sleep>>>,
    /// Does a write wait (not a flush, whose success says nothing of it)?
    write_waits: bool,
}

impl<T> Inspected<T> {
    /// Inspects `inner`, which was accepted at `accepted`.
    pub(super) fn new(inner: T, limits: Arc<HttpLimits>, wire: Arc<Wire>, h2c: bool, accepted: Instant) -> Self {
        let read_deadline = Box::pin(sleep_until(accepted + limits.head_deadline));
        Self {
            inner,
            limits,
            wire,
            h2c,
            state: State::Head { seen: 0 },
            buffer: BytesMut::new(),
            released: 0,
            wait: Wait::FirstHead,
            read_deadline,
            write_deadline: None,
            linger: None,
            write_waits: false,
        }
    }

    /// Lets HTTP/2 pass unseen; only writes are timed.
    pub(super) fn transparent(inner: T, limits: Arc<HttpLimits>, wire: Arc<Wire>, accepted: Instant) -> Self {
        let plain = Self::new(inner, limits, wire, true, accepted);
        Self { state: State::Transparent, wait: Wait::Nothing, ..plain }
    }

    /// Takes one step over the buffered bytes. Does it need more of them?
    fn advance(&mut self) -> io::Result<bool> {
        if self.released > 0 {
            return Ok(false);
        }
        match &mut self.state {
            State::Head { seen } => {
                let seen = *seen;
                Ok(self.advance_head(seen))
            }
            State::Length(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(self.buffer.len());
                *left -= take as u64;
                self.released = take;
                if *left == 0 {
                    self.state = State::Head { seen: 0 };
                }
                Ok(take == 0)
            }
            State::Chunked(chunks) => {
                let broken = |_| io::Error::new(io::ErrorKind::InvalidData, "the chunked coding is broken");
                self.released = chunks.scan(&self.buffer).map_err(broken)?;
                if chunks.is_done() {
                    self.state = State::Head { seen: 0 };
                }
                Ok(self.released == 0)
            }
            State::Transparent => {
                self.released = self.buffer.len();
                Ok(self.released == 0)
            }
            State::Refused => Ok(true),
        }
    }

    fn advance_head(&mut self, seen: usize) -> bool {
        // An empty line before a request line is forgiven (RFC 9112, section 2.2), as browsers of old send it after a body.
        while self.buffer.starts_with(b"\r\n") {
            self.buffer.advance(2);
        }
        if self.buffer.starts_with(HTTP2_PREFACE) {
            if self.h2c {
                self.wait = Wait::Nothing;
                self.state = State::Transparent;
                return false;
            }
            self.refuse(Refusal::Http2);
            return false;
        }
        let found = head::find_end(&self.buffer, seen.min(self.buffer.len()));
        let limit = self.limits.head.get();
        match found {
            Err(refusal) => self.refuse(refusal),
            Ok(Some(end)) if end > limit => self.refuse(Refusal::HeadTooLarge),
            Ok(Some(end)) => match head::check(&self.buffer[..end], &self.limits) {
                Err(refusal) => self.refuse(refusal),
                Ok(framing) => {
                    self.wire.head_done(None);
                    self.wait = Wait::Nothing;
                    self.released = end;
                    self.state = match framing {
                        Framing::Length(0) => State::Head { seen: 0 },
                        Framing::Length(n) => State::Length(n),
                        Framing::Chunked => State::Chunked(Chunks::default()),
                    };
                }
            },
            Ok(None) if self.buffer.len() > limit => {
                let line_is_open = !self.buffer.contains(&b'\n');
                self.refuse(if line_is_open { Refusal::TargetTooLong } else { Refusal::HeadTooLarge });
            }
            // What can be no method (a TLS hello) is told at once, not at the deadline.
            Ok(None) if self.buffer.first().is_some_and(|b| !b.is_ascii_alphanumeric() && *b != b'\r') => self.refuse(Refusal::RequestLine),
            Ok(None) => {
                self.state = State::Head { seen: self.buffer.len() };
                return true;
            }
        }
        false
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.wire.head_done(Some(refusal));
        self.buffer.clear();
        self.buffer.extend_from_slice(REPLACEMENT);
        self.released = self.buffer.len();
        self.state = State::Refused;
        self.wait = Wait::Nothing;
    }

    /// Keeps the deadline that fits the state; `true` when it has passed.
    fn check_deadline(&mut self, cx: &mut Context<'_>) -> bool {
        let waits_for_head = matches!(self.state, State::Head { .. }) && !self.wire.is_busy();
        let wait = match (waits_for_head, self.wait) {
            (false, _) => Wait::Nothing,
            (true, Wait::FirstHead) => Wait::FirstHead,
            (true, _) if self.buffer.is_empty() => Wait::Idle,
            (true, _) => Wait::Head,
        };
        if wait != self.wait {
            self.wait = wait;
            let limit = match wait {
                Wait::Idle => self.limits.keep_alive,
                Wait::Nothing | Wait::FirstHead | Wait::Head => self.limits.head_deadline,
            };
            self.read_deadline.as_mut().reset(Instant::now() + limit);
        }
        wait != Wait::Nothing && self.read_deadline.as_mut().poll(cx).is_ready()
    }
}

impl<T: AsyncRead + Unpin> Inspected<T> {
    /// Reads and drops what is under way: closing over unread bytes would reset the connection and take the answer with it.
    fn drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let linger = self.linger.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + LINGER)));
        let mut scratch = [0u8; READ_BYTES];
        while linger.as_mut().poll(cx).is_pending() {
            let mut read = ReadBuf::new(&mut scratch);
            let result = ready!(Pin::new(&mut self.inner).poll_read(cx, &mut read));
            if result.is_err() || read.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads more into the buffer; 0 is the end.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.buffer.reserve(READ_BYTES);
        let before = self.buffer.len();
        let result = read_once(Pin::new(&mut self.inner), cx, &mut self.buffer);
        ready!(result)?;
        Poll::Ready(Ok(self.buffer.len() - before))
    }
}

/// Reads once into the spare room of `buffer`, without exposing uninitialised bytes.
fn read_once<T: AsyncRead>(inner: Pin<&mut T>, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<io::Result<()>> {
    let mut scratch = [0u8; READ_BYTES];
    let mut read = ReadBuf::new(&mut scratch);
    ready!(inner.poll_read(cx, &mut read))?;
    buffer.extend_from_slice(read.filled());
    Poll::Ready(Ok(()))
}

impl<T: AsyncRead + Unpin> AsyncRead for Inspected<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.released > 0 {
                let take = this.released.min(out.remaining());
                out.put_slice(&this.buffer[..take]);
                this.buffer.advance(take);
                this.released -= take;
                return Poll::Ready(Ok(()));
            }
            if !this.advance()? {
                continue;
            }
            if matches!(this.state, State::Refused) {
                // The answer closes the connection; until then nothing is read, not even the end.
                return Poll::Pending;
            }
            // A body of known length needs no look: straight into the caller's buffer.
            if let State::Length(left) = &mut this.state {
                let room = usize::try_from(*left).unwrap_or(usize::MAX).min(out.remaining());
                let mut part = ReadBuf::new(out.initialize_unfilled_to(room));
                ready!(Pin::new(&mut this.inner).poll_read(cx, &mut part))?;
                let read = part.filled().len();
                out.advance(read);
                *left -= read as u64;
                if *left == 0 {
                    this.state = State::Head { seen: 0 };
                }
                return Poll::Ready(Ok(()));
            }
            // Before it is asked whether an answer is under way: its end must not be missed.
            this.wire.reader.register(cx.waker());
            // While an answer is under way a next request may be sent ahead, but no more than a head of it.
            if this.wire.is_busy() && this.buffer.len() > this.limits.head.get() {
                return Poll::Pending;
            }
            match this.fill(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => {
                    if !this.check_deadline(cx) {
                        return Poll::Pending;
                    }
                    if this.buffer.is_empty() {
                        // Nobody is waiting for an answer: close without a word.
                        return Poll::Ready(Ok(()));
                    }
                    this.refuse(Refusal::Slow);
                }
            }
        }
    }
}

impl<T> Inspected<T> {
    /// Turns a write that waits too long into an error.
    fn watch_write<R>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if result.is_ready() {
            if !self.write_waits {
                self.write_deadline = None;
            }
            return result;
        }
        let idle: Duration = self.limits.write_idle;
        let deadline = self.write_deadline.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + idle)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the caller does not take its answer")))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Inspected<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.write_waits = result.is_pending();
        this.watch_write(cx, result)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_flush(cx);
        this.watch_write(cx, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            let result = Pin::new(&mut this.inner).poll_shutdown(cx);
            ready!(this.watch_write(cx, result))?;
            if matches!(this.state, State::Head { .. }) && this.buffer.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        this.drain(cx)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write_vectored(cx, bufs);
        this.write_waits = result.is_pending();
        this.watch_write(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
