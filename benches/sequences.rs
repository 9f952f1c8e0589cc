//! What a sequence costs beside the default one: a `set_header` with an expression and an `if`, from the beginning of a call to its end, against the default
//! sequence, which has nothing to run. The bound is 5 µs of CPU for both paths together.
//!
//! `cargo bench --bench sequences`
#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![allow(missing_docs, reason = "a program, not a library")]

use std::hint::black_box;

use castile::diagnostic::SourceId;
use castile::sequence::{Caller, Exchange, Sequence, Who};
use criterion::{Criterion, criterion_group, criterion_main};
use http::HeaderMap;

const STEPS: &str = "version: 1\nrequest:\n  - set_header: { name: X-Tenant, value: \"t-{{ lower(headers.x-t) }}\" }\n  \
                     - if: { when: \"headers['x-dry-run'] == 'true'\", then: [ { respond: { status: 202 } } ] }\n  - to_soap: {}\nresponse:\n  \
                     - to_json: {}\n  - set_header: { name: X-Answer, value: \"{{ headers.x-t }}\" }\nfault:\n  - to_problem: {}\n";

/// Fields as a caller behind a proxy sends them.
fn fields() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in ["host", "user-agent", "accept", "content-type", "content-length", "x-forwarded-for", "traceparent", "x-dry-run", "x-t"] {
        headers.insert(http::HeaderName::from_static(name), "ACME-some-value".parse().unwrap());
    }
    headers
}

/// What the gateway does for the steps of one call.
fn call(sequence: &Sequence, fields: &HeaderMap) {
    if sequence.is_plain() {
        return;
    }
    let who = Who { scheme: "api_key", kind: "application", ..Who::default() };
    let mut exchange = Exchange::new(Caller { headers: fields.clone(), who, ..Caller::default() });
    for steps in [&sequence.request, &sequence.response] {
        exchange.turn(HeaderMap::new(), None);
        steps.start().go(&mut exchange).unwrap();
    }
    black_box(exchange);
}

fn sequences(criterion: &mut Criterion) {
    let (own, fields) = (Sequence::parse(SourceId(0), STEPS).unwrap(), fields());
    let shipped = Sequence::shipped();
    criterion.bench_function("the default sequence", |b| b.iter(|| call(black_box(&shipped), &fields)));
    criterion.bench_function("set_header, if, set_header", |b| b.iter(|| call(black_box(&own), &fields)));
}

criterion_group!(all, sequences);
criterion_main!(all);
