//! The metrics of one API's calls, looked up once: a look-up makes and hashes texts, and every call would make five.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};

use crate::telemetry::names;

/// What most calls of an API end with is at hand; what else comes is looked up.
#[derive(Debug)]
pub(super) struct Meters {
    api: Arc<str>,
    in_flight: OnceLock<Gauge>,
    upstream: OnceLock<Histogram>,
    rest: Answered,
    soap: Answered,
}

/// How a call ended: the labels of its count.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub(super) version: &'a str,
    pub(super) kind: &'static str,
    pub(super) status: u16,
    pub(super) reason: &'static str,
}

/// The metrics of calls of one kind.
#[derive(Debug, Default)]
struct Answered {
    seconds: OnceLock<Histogram>,
    /// Of calls that went well, with the version whose calls are counted there.
    well: OnceLock<(String, Counter)>,
}

impl Meters {
    /// Those of the API of that label. Nothing is registered before it is used.
    pub(super) fn new(api: impl Into<Arc<str>>) -> Self {
        Self {
            api: api.into(),
            in_flight: OnceLock::new(),
            upstream: OnceLock::new(),
            rest: Answered::default(),
            soap: Answered::default(),
        }
    }

    /// The API's label.
    pub(super) fn api(&self) -> &str {
        &self.api
    }

    /// Calls that are running.
    pub(super) fn in_flight(&self) -> &Gauge {
        self.in_flight.get_or_init(|| metrics::gauge!(names::IN_FLIGHT, "api" => self.api.to_string()))
    }

    /// Until the reply's head.
    pub(super) fn upstream(&self) -> &Histogram {
        self.upstream.get_or_init(|| metrics::histogram!(names::UPSTREAM_SECONDS, "api" => self.api.to_string()))
    }

    /// One more call was answered, after that time.
    pub(super) fn answered(&self, outcome: &Outcome<'_>, elapsed: Duration) {
        let kind = match outcome.kind {
            "rest" => &self.rest,
            "soap" => &self.soap,
            _ => {
                self.counter(outcome).increment(1);
                return self.seconds(outcome.kind).record(elapsed);
            }
        };
        kind.seconds.get_or_init(|| self.seconds(outcome.kind)).record(elapsed);
        if outcome.status != 200 || !outcome.reason.is_empty() {
            return self.counter(outcome).increment(1);
        }
        let (version, counter) = kind.well.get_or_init(|| (outcome.version.to_owned(), self.counter(outcome)));
        if version == outcome.version { counter.increment(1) } else { self.counter(outcome).increment(1) }
    }

    fn seconds(&self, kind: &'static str) -> Histogram {
        metrics::histogram!(names::REQUEST_SECONDS, "api" => self.api.to_string(), "kind" => kind)
    }

    fn counter(&self, outcome: &Outcome<'_>) -> Counter {
        metrics::counter!(
            names::REQUESTS, "api" => self.api.to_string(), "version" => outcome.version.to_owned(), "kind" => outcome.kind,
            "status" => outcome.status.to_string(), "reason" => outcome.reason
        )
    }
}
