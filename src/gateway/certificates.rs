//! Certificates by which the gateway shows itself to SOAP services: those that end soon are alarms.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::alarm::{self, Kind};
use crate::catalog::Snapshot;
use crate::telemetry::names;

/// Between two looks at the same snapshot.
const LOOK: Duration = Duration::from_secs(3600);

/// What was looked at last.
#[derive(Debug, Default)]
pub(super) struct Certificates(Mutex<Looked>);

#[derive(Debug, Default)]
struct Looked {
    snapshot: Option<(u64, Instant)>,
    /// Of which APIs, by what alarms call them.
    subjects: BTreeSet<String>,
}

impl Certificates {
    /// Looks at the certificates of all APIs, where that was not done for this snapshot a while ago. One that ends within `near` seconds is an alarm.
    pub(super) fn look(&self, snapshot: &Snapshot, near_seconds: i64) {
        let mut looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.snapshot.is_some_and(|(number, at)| number == snapshot.number && at.elapsed() < LOOK) {
            return;
        }
        looked.snapshot = Some((snapshot.number, Instant::now()));
        let now = jiff::Timestamp::now().as_second();
        let mut subjects = BTreeSet::new();
        for api in snapshot.apis.iter() {
            for (which, ends) in api.certificate_ends() {
                let subject = format!("{which} {}", api.base_path);
                metrics::gauge!(names::UPSTREAM_CERTIFICATE_EXPIRY, "api" => api.name.to_string(), "use" => which).set((ends - now) as f64);
                let what = format!("the certificate with which an API shows itself to its service ({which})");
                alarm::set(Kind::Certificate, &subject, near(&what, ends, ends - now, near_seconds));
                subjects.insert(subject);
            }
        }
        for gone in looked.subjects.difference(&subjects) {
            alarm::end(Kind::Certificate, gone);
        }
        looked.subjects = subjects;
    }
}

/// What to say of a certificate that ends in `left` seconds; `None`: nothing yet.
pub(super) fn near(what: &str, ends: i64, left: i64, near: i64) -> Option<String> {
    let at = jiff::Timestamp::from_second(ends).unwrap_or_default();
    (left < near).then(|| if left < 0 { format!("{what} has ended at {at}") } else { format!("{what} ends at {at}") })
}
