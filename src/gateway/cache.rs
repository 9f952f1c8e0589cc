//! Answers of `get:` resources that are given again for a time, where their API says so.
//!
//! The key is what would go to the SOAP service: the envelope with all parameters in it, the caller's fields that travel, who calls, and
//! the revision of the API (`check` refuses sequences beside it). Credentials and limits are asked before, for each call. Of calls that miss at the same time one goes to the SOAP service.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use http::header::{AGE, AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE};
use http::{Method, Response, StatusCode};
use quick_cache::Weighter;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::access::Permit;
use super::body::AnswerBody;
use super::flight::{self, Flights, Joined, Lead, Waited};
use super::upstream::too_slow;
use super::{Call, assertion, respond};
use crate::catalog::{Cache, PublishedApi, PublishedResource};
use crate::problem::{Problem, Reason};
use crate::telemetry::names;

/// SHA-256 of all that an answer depends on.
pub(super) type Key = [u8; 32];

/// Fields of the gateway's own that differ from call to call or only repeat who calls, which the key has.
const APART: [&str; 4] = ["x-request-id", assertion::FIELD, "traceparent", "tracestate"];
/// What an entry takes beside its bytes.
const ENTRY_BYTES: u64 = 512;

/// The answers of this process.
pub(super) struct Answers {
    kept: quick_cache::sync::Cache<Key, Arc<Kept>, Weight>,
    flights: Flights<Key, Outcome>,
}

pub(super) struct Kept {
    /// The revision that made it. Held weakly: while it is, no other one can have its address.
    api: Weak<PublishedApi>,
    /// `None`: what came was not to be kept, and whoever asks the same in the next time need not wait for others.
    whole: Option<Whole>,
    since: Instant,
    until: Instant,
}

struct Whole {
    fields: HeaderMap,
    returned: HeaderMap,
    body: Bytes,
}

/// What came of a question that others wait for.
#[derive(Clone)]
pub(super) enum Outcome {
    /// An answer that is kept.
    Kept(Arc<Kept>),
    /// A failure of the service, or a fault, with the fields that go to the caller.
    Failed(Arc<(Problem, HeaderMap)>),
    /// What is for its caller alone.
    Apart,
}

/// What to do with a call.
pub(super) enum Asked<'a> {
    /// It is answered.
    Answer(Response<AnswerBody>),
    /// The call that it waited for failed.
    Failed(Problem),
    /// It goes to the service, and tells others what came of it.
    Lead(Lead<'a, Key, Outcome>),
    /// It goes to the service.
    Alone,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Kept>> for Weight {
    fn weight(&self, _key: &Key, kept: &Arc<Kept>) -> u64 {
        let fields = |map: &HeaderMap| map.iter().map(|(n, v)| n.as_str().len() + v.len() + 64).sum::<usize>();
        let whole = kept.whole.as_ref().map_or(0, |w| w.body.len() + fields(&w.fields) + fields(&w.returned));
        ENTRY_BYTES + whole as u64
    }
}

impl Answers {
    /// At most so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / 4096).unwrap_or(usize::MAX).clamp(16, 1 << 16);
        Self { kept: quick_cache::sync::Cache::with_weighter(items, bytes, Weight), flights: Flights::default() }
    }

    /// The answer under that key, or who is to get it. Waits for another call that asks the same until that time at most.
    pub(super) async fn ask(&self, key: &Key, api: &Arc<PublishedApi>, call: &mut Call<'_>, deadline: Instant) -> Asked<'_> {
        let count = |result| metrics::counter!(names::CACHE, "api" => api.label(), "result" => result).increment(1);
        loop {
            let joined = self.flights.join(key);
            // Looked up once nobody else can begin to ask: what was kept a moment ago is found.
            if let Some(kept) = self.found(key, api) {
                let answer = kept.answer(call);
                count(if answer.is_some() { "hit" } else { "miss" });
                return answer.map_or(Asked::Alone, Asked::Answer);
            }
            let told = match joined {
                Joined::Lead(lead) => {
                    count("miss");
                    return Asked::Lead(lead);
                }
                Joined::Wait(told) => told,
            };
            match flight::wait(told, deadline).await {
                Waited::Told(Outcome::Kept(kept)) => {
                    count("shared");
                    return kept.answer(call).map_or(Asked::Alone, Asked::Answer);
                }
                Waited::Told(Outcome::Failed(failed)) => {
                    count("shared");
                    call.returned.clone_from(&failed.1);
                    return Asked::Failed(failed.0.clone());
                }
                Waited::Told(Outcome::Apart) => {
                    count("miss");
                    return Asked::Alone;
                }
                Waited::Gone => {}
                Waited::TooLong => return Asked::Failed(too_slow()),
            }
        }
    }

    fn found(&self, key: &Key, api: &Arc<PublishedApi>) -> Option<Arc<Kept>> {
        let now = Instant::now();
        self.kept.get(key).filter(|k| k.until > now && std::ptr::eq(k.api.as_ptr(), Arc::as_ptr(api)))
    }

    /// Keeps an answer that is whole, good and not too large, where the service lets it be kept; gives what those who wait for it are told.
    pub(super) fn put(
        &self,
        key: Key,
        rule: Cache,
        api: &Arc<PublishedApi>,
        answer: Option<&Response<AnswerBody>>,
        returned: &HeaderMap,
    ) -> Outcome {
        let is_good = |r: &&Response<AnswerBody>| r.status() == StatusCode::OK;
        let whole = answer.filter(is_good).and_then(|answer| {
            let body = answer.body().bytes().filter(|b| b.len() as u64 <= rule.max_bytes)?;
            Some(Whole { fields: answer.headers().clone(), returned: returned.clone(), body: body.clone() })
        });
        let is_kept = whole.is_some();
        let since = Instant::now();
        let kept = Arc::new(Kept { api: Arc::downgrade(api), whole, since, until: since + rule.ttl });
        self.kept.insert(key, kept.clone());
        if is_kept { Outcome::Kept(kept) } else { Outcome::Apart }
    }
}

impl Kept {
    fn answer(&self, call: &mut Call<'_>) -> Option<Response<AnswerBody>> {
        let whole = self.whole.as_ref()?;
        let mut response = respond::empty(StatusCode::OK).map(|_| AnswerBody::whole(whole.body.clone()));
        response.headers_mut().clone_from(&whole.fields);
        response.headers_mut().insert(AGE, HeaderValue::from(self.since.elapsed().as_secs()));
        call.returned.clone_from(&whole.returned);
        Some(response)
    }
}

impl Outcome {
    /// What those who wait are told of a failure: only one of the service is theirs too.
    pub(super) fn of_failure(problem: &Problem, returned: &HeaderMap) -> Self {
        match problem.reason {
            Reason::UpstreamUnreachable | Reason::UpstreamTimeout | Reason::UpstreamReply | Reason::Fault => {
                Self::Failed(Arc::new((problem.clone(), returned.clone())))
            }
            _ => Self::Apart,
        }
    }
}

/// What the answer to this call depends on; `None`: it is not one to be kept.
pub(super) fn key(permit: &Permit, resource: &PublishedResource, outgoing: &HeaderMap, envelope: &[u8], call: &Call<'_>) -> Option<Key> {
    // The caller's own credential for the SOAP service: what it answers is for nobody else.
    if call.method != Method::GET || permit.told.contains_key(AUTHORIZATION) {
        return None;
    }
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(&(Arc::as_ptr(permit.route.api()) as usize).to_le_bytes());
    // Two resources of one operation may give it differently.
    add(resource.path.as_bytes());
    add(call.public_url.as_bytes());
    add(permit.class.as_bytes());
    add(envelope);
    for (name, value) in outgoing.iter().filter(|(n, _)| !APART.contains(&n.as_str())) {
        add(name.as_str().as_bytes());
        add(value.as_bytes());
    }
    Some(hash.finalize().into())
}

/// Does the SOAP service let its reply be kept?
pub(super) fn may_be_kept(status: StatusCode, reply: &HeaderMap) -> bool {
    let mut directives = reply.get_all(CACHE_CONTROL).iter().flat_map(|v| v.as_bytes().split(|b| *b == b','));
    let refuses = directives.any(|d| {
        let name = d.trim_ascii().split(|b| *b == b'=').next().unwrap_or_default();
        [&b"no-store"[..], b"private", b"no-cache"].iter().any(|n| name.eq_ignore_ascii_case(n))
    });
    status == StatusCode::OK && !refuses && !reply.contains_key(SET_COOKIE)
}
