//! What is written down of one call: a line in the access log and its metrics, when its answer has ended.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::calls::Tally;
use super::ledger::{Holding, Ledger};
use super::listener::Connection;
use super::meters::{Meters, Outcome};
use super::upstream::Sent;
use super::usage::{Counted, Usage};
use crate::catalog::api_label;
use crate::problem::Reason;
use crate::telemetry::names;

/// One call, from its head to the last byte of its answer. Holds no payload.
pub(super) struct Record {
    pub(super) request_id: String,
    began: Instant,
    peer: SocketAddr,
    /// Who calls: the one who is connected, or whom a trusted proxy names.
    pub(super) caller: IpAddr,
    method: String,
    /// Without the query, which may hold values.
    path: String,
    /// What kind of address was called: `rest`, `soap`, `document`, `oauth`, `none`.
    pub(super) kind: &'static str,
    /// Whose API it is.
    pub(super) tenant: Option<Arc<str>>,
    pub(super) api: Option<Arc<str>>,
    pub(super) version: Option<String>,
    pub(super) operation: Option<Arc<str>>,
    pub(super) status: u16,
    pub(super) reason: Option<Reason>,
    /// What only the log may say.
    pub(super) private: Option<String>,
    /// The call of the SOAP service.
    pub(super) sent: Sent,
    /// Calls of operations that steps made besides.
    pub(super) calls: Tally,
    /// The application that calls, by its name.
    pub(super) application: Option<Arc<str>>,
    /// Its id.
    pub(super) application_id: Option<Arc<str>>,
    /// The plan that it calls on.
    pub(super) plan: Option<Arc<str>>,
    /// Header blocks of the reply that nobody declares, left out.
    pub(super) dropped_headers: u64,
    bytes_out: u64,
    /// Its place among the calls in flight.
    pub(super) slot: Option<Slot>,
    /// What its bodies hold of memory.
    pub(super) held: Holding,
    /// Its connection, which waits for the answer's end.
    connection: Arc<Connection>,
    /// Has the body given bytes for which it was not asked again yet?
    gave: bool,
    closed: bool,
    /// Where it is counted for people.
    usage: Arc<Usage>,
}

/// A place among an API's calls in flight; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    meters: Arc<Meters>,
    _permit: OwnedSemaphorePermit,
}

impl Slot {
    pub(super) fn new(meters: Arc<Meters>, permit: OwnedSemaphorePermit) -> Self {
        meters.in_flight().increment(1.0);
        Self { meters, _permit: permit }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.meters.in_flight().decrement(1.0);
    }
}

impl Record {
    pub(super) fn open(
        request_id: String,
        connection: &Arc<Connection>,
        ledger: &Arc<Ledger>,
        usage: &Arc<Usage>,
        method: &http::Method,
        path: &str,
    ) -> Self {
        connection.open.fetch_add(1, Ordering::Relaxed);
        Self {
            request_id,
            began: Instant::now(),
            peer: connection.peer,
            caller: connection.peer.ip().to_canonical(),
            method: method.as_str().to_owned(),
            path: path.to_owned(),
            kind: "none",
            tenant: None,
            api: None,
            version: None,
            operation: None,
            status: 0,
            reason: None,
            private: None,
            sent: Sent::default(),
            calls: Tally::default(),
            application: None,
            application_id: None,
            plan: None,
            dropped_headers: 0,
            bytes_out: 0,
            slot: None,
            held: ledger.holding(),
            connection: connection.clone(),
            gave: false,
            closed: false,
            usage: usage.clone(),
        }
    }

    /// The body has given so many bytes.
    pub(super) fn gave(&mut self, bytes: usize) {
        self.bytes_out += bytes as u64;
        self.gave = true;
        self.connection.gave();
    }

    /// The body is asked for more.
    pub(super) fn asked(&mut self) {
        if std::mem::take(&mut self.gave) {
            self.connection.asked();
        }
    }

    /// Writes it down: the answer has ended, or was cut off for that reason.
    pub(super) fn close(mut self: Box<Self>, cut: Option<&'static str>) {
        self.write_down(cut);
    }

    /// Counts a call of an API for its people; documents are none.
    fn count_use(&self, elapsed: Duration) {
        let (Some(tenant), Some(api), "rest" | "soap") = (&self.tenant, &self.api, self.kind) else { return };
        let what = Counted {
            tenant: tenant.clone(),
            api: api.clone(),
            application: self.application_id.clone(),
            operation: self.operation.clone(),
            kind: self.kind,
        };
        self.usage.count(what, self.application.as_ref(), self.status, elapsed);
    }

    /// Counts the call. Of one that had a place in flight the metrics are at hand.
    fn count(&self, elapsed: Duration, is_cut: bool) {
        let outcome = Outcome {
            version: self.version.as_deref().unwrap_or(""),
            kind: self.kind,
            status: self.status,
            reason: self.reason.map_or("", Reason::label),
        };
        let loose;
        let meters = match &self.slot {
            Some(slot) => &*slot.meters,
            None => {
                let label = self.api.as_deref().map(|name| api_label(self.tenant.as_deref().unwrap_or(""), name));
                loose = Meters::new(label.unwrap_or_default());
                &loose
            }
        };
        meters.answered(&outcome, elapsed);
        if let Some(upstream) = self.sent.took {
            meters.upstream().record(upstream);
        }
        if self.dropped_headers > 0 {
            metrics::counter!(names::REPLY_HEADERS_DROPPED, "api" => meters.api().to_owned()).increment(self.dropped_headers);
        }
        if is_cut {
            metrics::counter!(names::REPLIES_CUT, "api" => meters.api().to_owned()).increment(1);
        }
    }

    fn write_down(&mut self, cut: Option<&'static str>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let elapsed = self.began.elapsed();
        let api = self.api.as_deref().unwrap_or("");
        let version = self.version.as_deref().unwrap_or("");
        let reason = self.reason.map_or("", Reason::label);
        let tenant = self.tenant.as_deref().unwrap_or("");
        self.count(elapsed, cut.is_some());
        self.count_use(elapsed);
        tracing::info!(
            target: "castile::access",
            request_id = %self.request_id,
            peer = %self.peer,
            caller = %self.caller,
            method = %self.method,
            path = %self.path,
            kind = self.kind,
            tenant,
            api,
            version,
            operation = self.operation.as_deref().unwrap_or(""),
            application = self.application.as_deref().unwrap_or(""),
            plan = self.plan.as_deref().unwrap_or(""),
            status = self.status,
            reason,
            cut = cut.unwrap_or(""),
            upstream_status = self.sent.status.unwrap_or(0),
            upstream_ms = self.sent.took.map_or(0, milliseconds),
            calls = self.calls.calls,
            calls_ms = milliseconds(self.calls.took),
            duration_ms = milliseconds(elapsed),
            bytes_out = self.bytes_out,
            private = self.private.as_deref().unwrap_or(""),
            "answered"
        );
        self.slot = None;
        self.asked();
        self.connection.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(wire) = &self.connection.wire {
            wire.answer_done();
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Record {
    /// A caller that went away before the end.
    fn drop(&mut self) {
        if self.status == 0 {
            self.status = 499;
        }
        self.write_down(Some("the caller went away"));
    }
}
