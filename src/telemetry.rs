//! Logs as JSON lines, metrics for Prometheus, request ids.
//!
//! Comes in: a filter. Goes out: one subscriber, one recorder. Must not know: what is logged. Metric names: `docs/metrics.md`.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Names of metrics, in one list.
pub mod names {
    /// Calls answered: counter; `api`, `version`, `kind`, `status`, `reason`.
    pub const REQUESTS: &str = "castile_requests_total";
    /// From head to last byte, seconds: histogram; `api`, `kind`.
    pub const REQUEST_SECONDS: &str = "castile_request_duration_seconds";
    /// From the call of the upstream to its reply's head, seconds: histogram; `api`.
    pub const UPSTREAM_SECONDS: &str = "castile_upstream_duration_seconds";
    /// Calls of an API that are running: gauge; `api`.
    pub const IN_FLIGHT: &str = "castile_calls_in_flight";
    /// Gauge: bytes of all bodies that are in memory.
    pub const BODIES: &str = "castile_bodies_bytes";
    /// Counter, label `reason`: calls that were not taken, because the gateway is short of memory.
    pub const CALLS_SHED: &str = "castile_calls_shed_total";
    /// Open connections of callers: gauge.
    pub const CONNECTIONS: &str = "castile_connections";
    /// Connections that were closed at once: counter; `reason`.
    pub const CONNECTIONS_REFUSED: &str = "castile_connections_refused_total";
    /// Replies cut off after their first byte was sent: counter; `api`.
    pub const REPLIES_CUT: &str = "castile_replies_cut_total";
    /// Attachments of replies that nothing in the message refers to, and so no caller gets: counter; `api`.
    pub const ATTACHMENTS_DROPPED: &str = "castile_attachments_dropped_total";
    /// SOAP header blocks of replies that the WSDL does not declare, left out of the JSON: counter; `api`.
    pub const REPLY_HEADERS_DROPPED: &str = "castile_reply_headers_dropped_total";
    /// Panics that were caught: counter.
    pub const PANICS: &str = "castile_panics_total";
    /// Number of the current snapshot: gauge.
    pub const SNAPSHOT: &str = "castile_snapshot_number";
    /// APIs of the current snapshot: gauge.
    pub const APIS: &str = "castile_apis";
    /// Is the count of calls shared with other nodes (1), or is Redis away (0)? Gauge; not there where this node counts by itself.
    pub const COUNTS_SHARED: &str = "castile_counts_shared";
    /// Counters of calls in this process: gauge.
    pub const COUNTERS: &str = "castile_counters";
    /// Was the store reached by the last operation (1) or not (0)? Gauge; `backend`.
    pub const STORE_AVAILABLE: &str = "castile_store_available";
    /// The newest generation of the store that was seen: gauge; `backend`.
    pub const STORE_GENERATION: &str = "castile_store_generation";
    /// Gateways that live on this store: gauge.
    pub const NODES: &str = "castile_nodes";
    /// How long ago what is served was last known to be what the store holds, seconds; 0 while the store is reached: gauge.
    pub const SNAPSHOT_STALE: &str = "castile_snapshot_stale_seconds";
    /// Until a listener's certificate ends, seconds, negative afterwards: gauge; `listener`.
    pub const CERTIFICATE_EXPIRY: &str = "castile_certificate_expiry_seconds";
    /// Is a SOAP service left alone because it fails?: gauge; `upstream`.
    pub const BREAKER_OPEN: &str = "castile_breaker_open";
    /// Calls of resources with a cache: counter; `api`, `result` (`hit`, `miss`).
    pub const CACHE: &str = "castile_cache_lookups_total";
    /// Tokens of SOAP services that were asked for: counter; `api`, `result` (`fetched`, `failed`).
    pub const UPSTREAM_TOKENS: &str = "castile_upstream_tokens_total";
    /// Does a condition hold that an operator must know of (1), or is it over (0)? Gauge; `alarm`, `subject`.
    pub const ALARM: &str = "castile_alarm";
    /// Alarms for the webhook: counter; `result` (`delivered`, `failed`, `dropped`).
    pub const ALARM_WEBHOOK: &str = "castile_alarm_webhook_total";
    /// Memory of this process that is resident, bytes: gauge.
    pub const MEMORY: &str = "castile_memory_bytes";
    /// What it may be, bytes: gauge.
    pub const MEMORY_LIMIT: &str = "castile_memory_limit_bytes";
    /// Tasks that have not ended: gauge.
    pub const TASKS: &str = "castile_tasks";
    /// Files and connections that this process has open: gauge.
    pub const OPEN_FILES: &str = "castile_open_files";
    /// How many they may be: gauge.
    pub const OPEN_FILES_LIMIT: &str = "castile_open_files_limit";
    /// Until a certificate ends that an API shows to its service, seconds, negative afterwards: gauge; `api`, `use` (`tls`, `signature`).
    pub const UPSTREAM_CERTIFICATE_EXPIRY: &str = "castile_upstream_certificate_expiry_seconds";
    /// Operations that steps of sequences call, seconds: histogram; `api`, `result` (`ok`, `fault`, `failed`).
    pub const SEQUENCE_CALL_SECONDS: &str = "castile_sequence_call_duration_seconds";
    /// Values that steps of sequences keep: counter; `api`, `result` (`hit`, `fill`, `drop`).
    pub const SEQUENCE_CACHE: &str = "castile_sequence_cache_total";
    /// Texts of APIs that were compiled in a process of their own: counter; `result` (`good`, `refused`, `memory`, `time`, `ended`).
    pub const IMPORTS: &str = "castile_imports_total";
    /// Build and version: gauge, always 1; `version`.
    pub const BUILD: &str = "castile_build_info";
}

/// Buckets of the two durations, seconds.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Sends log lines as JSON to standard error. `filter` is what `log.level` says; a broken one is `info`.
///
/// A second call changes nothing: tests start several gateways in one process.
pub fn init_logs(filter: &str) {
    // The file watcher talks about its own descriptors at `info` whenever a folder goes; a filter that names it still wins.
    let calm = |filter: &str| format!("notify=warn,{filter}");
    let filter = tracing_subscriber::EnvFilter::try_new(calm(filter)).unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(calm("info")));
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let result = subscriber.with_env_filter(filter).with_writer(std::io::stderr).try_init();
    drop(result);
}

/// The process's recorder; made at the first call.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: LazyLock<PrometheusHandle> = LazyLock::new(|| {
        let builder = PrometheusBuilder::new();
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix(String::from("_duration_seconds")), SECONDS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Another recorder may stand already where a test set one: then ours stays empty.
        drop(metrics::set_global_recorder(recorder));
        describe();
        handle
    });
    &HANDLE
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(names::IMPORTS, "Texts of APIs that were compiled in a process of their own, by result.");
    describe_counter!(names::REQUESTS, "Calls answered.");
    describe_histogram!(names::REQUEST_SECONDS, "Time from a request's head to its answer's last byte, in seconds.");
    describe_histogram!(names::UPSTREAM_SECONDS, "Time from the call of the upstream to its reply's head, in seconds.");
    describe_gauge!(names::IN_FLIGHT, "Calls of an API that are running.");
    describe_gauge!(names::BODIES, "Bytes of requests and replies that are in memory.");
    describe_counter!(names::CALLS_SHED, "Calls that were not taken because the gateway is short of memory.");
    describe_gauge!(names::CONNECTIONS, "Open connections of callers.");
    describe_counter!(names::CONNECTIONS_REFUSED, "Connections that were closed at once.");
    describe_counter!(names::REPLIES_CUT, "Replies cut off after their first byte was sent.");
    describe_counter!(names::ATTACHMENTS_DROPPED, "Attachments of replies that nothing in the message refers to.");
    describe_counter!(names::REPLY_HEADERS_DROPPED, "SOAP header blocks of replies that the WSDL does not declare, left out of the JSON.");
    describe_counter!(names::PANICS, "Panics that were caught.");
    describe_gauge!(names::SNAPSHOT, "Number of the current snapshot.");
    describe_gauge!(names::APIS, "APIs of the current snapshot.");
    describe_gauge!(names::COUNTS_SHARED, "1 while calls are counted together with other nodes, 0 while Redis is away.");
    describe_gauge!(names::COUNTERS, "Counters of calls in this process.");
    describe_gauge!(names::STORE_AVAILABLE, "1 while the store is reached, 0 while it is away.");
    describe_gauge!(names::STORE_GENERATION, "Newest generation of the store that was seen.");
    describe_gauge!(names::NODES, "Gateways that live on this store.");
    describe_gauge!(
        names::SNAPSHOT_STALE,
        "Seconds since what is served was last known to be what the store holds; 0 while the store is reached."
    );
    describe_gauge!(names::CERTIFICATE_EXPIRY, "Seconds until a listener's certificate ends, negative afterwards.");
    describe_gauge!(names::BREAKER_OPEN, "1 while a SOAP service is left alone because it fails.");
    describe_counter!(names::CACHE, "Calls of resources with a cache.");
    describe_counter!(names::UPSTREAM_TOKENS, "Tokens of SOAP services that were asked for.");
    describe_gauge!(names::ALARM, "1 while a condition holds that an operator must know of.");
    describe_counter!(names::ALARM_WEBHOOK, "Alarms for the webhook.");
    describe_gauge!(names::MEMORY, "Resident memory of this process, in bytes.");
    describe_gauge!(names::MEMORY_LIMIT, "What this process may have of memory, in bytes.");
    describe_gauge!(names::TASKS, "Tasks of this process that have not ended.");
    describe_gauge!(names::OPEN_FILES, "Files and connections that this process has open.");
    describe_gauge!(names::OPEN_FILES_LIMIT, "How many files and connections this process may have open.");
    describe_gauge!(
        names::UPSTREAM_CERTIFICATE_EXPIRY,
        "Seconds until a certificate ends that an API shows to its service, negative afterwards."
    );
    describe_histogram!(names::SEQUENCE_CALL_SECONDS, "Time of the operations that steps of sequences call, in seconds.");
    describe_counter!(names::SEQUENCE_CACHE, "Values that steps of sequences keep.");
    describe_gauge!(names::BUILD, "Version of this build; always 1.");
    metrics::gauge!(names::BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Crockford's alphabet: no I, L, O, U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new request id: a [`ulid`].
pub fn request_id() -> String {
    ulid()
}

/// A new id that sorts by time: a ULID, 48 bits of milliseconds and 80 that nobody can guess from another one's.
pub fn ulid() -> String {
    static SEED: LazyLock<(RandomState, RandomState)> = LazyLock::new(|| (RandomState::new(), RandomState::new()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    let random = (u128::from(SEED.0.hash_one(count)) << 64) | u128::from(SEED.1.hash_one(count));
    let mut id = ((ms & 0xFFFF_FFFF_FFFF) << 80) | (random & 0xFFFF_FFFF_FFFF_FFFF_FFFF);
    let mut text = [b'0'; 26];
    for place in text.iter_mut().rev() {
        *place = CROCKFORD[(id & 31) as usize];
        id >>= 5;
    }
    text.iter().map(|b| char::from(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_ulids_and_differ() {
        let ids: std::collections::HashSet<String> = (0..10_000).map(|_| request_id()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == 26 && id.bytes().all(|b| CROCKFORD.contains(&b))));
        assert!(ids.iter().all(|id| id.starts_with('0')), "the time's upper bits come first");
    }
}
