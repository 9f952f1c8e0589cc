//! `limits`: what one call or connection may use, with what is shipped.

use std::time::Duration;

use super::read::{Errors, Section};
use super::settings::count;
use super::units::{Bytes, parse_bytes, parse_duration};

/// `limits`: what one call or connection may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// JSON request bodies; default 2 MiB.
    pub json_request: Bytes,
    /// SOAP passthrough request bodies; default 10 MiB.
    pub soap_request: Bytes,
    /// Bodies of upstream replies, after decompression; default 10 MiB.
    pub reply: Bytes,
    /// A JSON reply up to this size is sent whole after its XML was read to the end; default 256 KiB.
    pub reply_buffer: Bytes,
    /// What passthrough holds back until it has found the Body's first child; default 256 KiB.
    pub passthrough_hold: Bytes,
    /// Calls in flight per API; default 256.
    pub in_flight: usize,
    /// Calls that wait for one of these; default 256.
    pub waiting: usize,
    /// How long they wait; default 100 ms.
    pub wait: Duration,
    /// Answers that are kept to be given again (`cache` in api.yaml), of all APIs together; default 64 MiB.
    pub cache: Bytes,
    /// Bodies of all calls together that are in memory; default: a quarter of what the process may have of memory.
    pub bodies: Option<Bytes>,
    /// Time that running calls have after SIGTERM; default 30 s.
    pub grace: Duration,
    /// `limits.http`.
    pub http: HttpLimits,
    /// `limits.upstream`.
    pub upstream: UpstreamLimits,
    /// `limits.import`.
    pub import: ImportLimits,
}

/// `limits.import`: the process that compiles what comes over the admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportLimits {
    /// Memory that it may have; default 1 GiB.
    pub memory: Bytes,
    /// How long it may take; default 120 s.
    pub deadline: Duration,
}

/// `limits.http`: the listener's own.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// Request line and header fields together; default 32 KiB.
    pub head: Bytes,
    /// Number of header fields; default 100.
    pub headers: usize,
    /// The request target; default 8 KiB.
    pub uri: Bytes,
    /// From accept, or from the first byte after the last response, to the end of the head; default 10 s.
    pub head_deadline: Duration,
    /// Longest silence inside a body; default 10 s.
    pub body_idle: Duration,
    /// Bytes per second that a body brings on average once `body_rate_after` has passed; default 1 000.
    pub body_rate: u64,
    /// Default 20 s.
    pub body_rate_after: Duration,
    /// Silence between two requests of a connection; default 60 s.
    pub keep_alive: Duration,
    /// Default 10 000.
    pub requests_per_connection: u64,
    /// Longest time that a caller may refuse to take bytes; default 30 s.
    pub write_idle: Duration,
    /// Default 10 000.
    pub connections: usize,
    /// Default 1 000.
    pub connections_per_address: usize,
    /// Concurrent HTTP/2 streams of a connection; default 100.
    pub h2_streams: u32,
    /// Default 64 KiB.
    pub h2_stream_window: Bytes,
    /// Default 1 MiB.
    pub h2_connection_window: Bytes,
}

/// `limits.upstream`: calls to the SOAP services.
#[derive(Debug, Clone)]
pub struct UpstreamLimits {
    /// Default 3 s.
    pub connect: Duration,
    /// From the request's end to the reply's head; default 30 s.
    pub first_byte: Duration,
    /// The whole call; default 60 s.
    pub call: Duration,
    /// `limits.upstream.breaker`.
    pub breaker: BreakerLimits,
}

/// `limits.upstream.breaker`: when a SOAP service that fails is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Failures in a row after which it is; default 5. Half of 20 calls in 10 s are enough too. 0: never.
    pub failures: u32,
    /// For how long at first; default 30 s.
    pub pause: Duration,
    /// Doubled each time that it fails again, up to this; default 300 s.
    pub longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json_request: Bytes(2 << 20),
            soap_request: Bytes(10 << 20),
            reply: Bytes(10 << 20),
            reply_buffer: Bytes(256 << 10),
            passthrough_hold: Bytes(256 << 10),
            in_flight: 256,
            waiting: 256,
            wait: Duration::from_millis(100),
            cache: Bytes(64 << 20),
            bodies: None,
            grace: Duration::from_secs(30),
            http: HttpLimits::default(),
            upstream: UpstreamLimits::default(),
            import: ImportLimits::default(),
        }
    }
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self { memory: Bytes(1 << 30), deadline: Duration::from_secs(120) }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            head: Bytes(32 << 10),
            headers: 100,
            uri: Bytes(8 << 10),
            head_deadline: Duration::from_secs(10),
            body_idle: Duration::from_secs(10),
            body_rate: 1_000,
            body_rate_after: Duration::from_secs(20),
            keep_alive: Duration::from_secs(60),
            requests_per_connection: 10_000,
            write_idle: Duration::from_secs(30),
            connections: 10_000,
            connections_per_address: 1_000,
            h2_streams: 100,
            h2_stream_window: Bytes(64 << 10),
            h2_connection_window: Bytes(1 << 20),
        }
    }
}

impl Default for UpstreamLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(30),
            call: Duration::from_secs(60),
            breaker: BreakerLimits::default(),
        }
    }
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { failures: 5, pause: Duration::from_secs(30), longest_pause: Duration::from_secs(300) }
    }
}

/// Takes them from the section.
pub(super) fn read(mut s: Section, limits: &mut Limits, e: &mut Errors) {
    s.value("json_request", &mut limits.json_request, e, parse_bytes);
    s.value("soap_request", &mut limits.soap_request, e, parse_bytes);
    s.value("reply", &mut limits.reply, e, parse_bytes);
    s.value("reply_buffer", &mut limits.reply_buffer, e, parse_bytes);
    s.value("passthrough_hold", &mut limits.passthrough_hold, e, parse_bytes);
    s.value("in_flight", &mut limits.in_flight, e, count);
    s.value("waiting", &mut limits.waiting, e, count);
    s.value("wait", &mut limits.wait, e, parse_duration);
    s.value("cache", &mut limits.cache, e, parse_bytes);
    s.value("bodies", &mut limits.bodies, e, |t| parse_bytes(t).map(Some));
    s.value("grace", &mut limits.grace, e, parse_duration);

    let mut h = s.section("http", e);
    let http = &mut limits.http;
    h.value("head", &mut http.head, e, parse_bytes);
    h.value("headers", &mut http.headers, e, count);
    h.value("uri", &mut http.uri, e, parse_bytes);
    h.value("head_deadline", &mut http.head_deadline, e, parse_duration);
    h.value("body_idle", &mut http.body_idle, e, parse_duration);
    h.value("body_rate", &mut http.body_rate, e, count);
    h.value("body_rate_after", &mut http.body_rate_after, e, parse_duration);
    h.value("keep_alive", &mut http.keep_alive, e, parse_duration);
    h.value("requests_per_connection", &mut http.requests_per_connection, e, count);
    h.value("write_idle", &mut http.write_idle, e, parse_duration);
    h.value("connections", &mut http.connections, e, count);
    h.value("connections_per_address", &mut http.connections_per_address, e, count);
    h.value("h2_streams", &mut http.h2_streams, e, count);
    h.value("h2_stream_window", &mut http.h2_stream_window, e, parse_bytes);
    h.value("h2_connection_window", &mut http.h2_connection_window, e, parse_bytes);
    h.finish(e);

    let mut u = s.section("upstream", e);
    u.value("connect", &mut limits.upstream.connect, e, parse_duration);
    u.value("first_byte", &mut limits.upstream.first_byte, e, parse_duration);
    u.value("call", &mut limits.upstream.call, e, parse_duration);
    let mut b = u.section("breaker", e);
    b.value("failures", &mut limits.upstream.breaker.failures, e, count);
    b.value("pause", &mut limits.upstream.breaker.pause, e, parse_duration);
    b.value("longest_pause", &mut limits.upstream.breaker.longest_pause, e, parse_duration);
    b.finish(e);
    u.finish(e);

    let mut i = s.section("import", e);
    i.value("memory", &mut limits.import.memory, e, parse_bytes);
    i.value("deadline", &mut limits.import.deadline, e, parse_duration);
    i.finish(e);
    s.finish(e);
}
