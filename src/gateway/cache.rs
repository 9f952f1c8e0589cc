//! Answers of `get:` resources that are given again for a time, where their API says so.
//!
//! The key is what would go to the SOAP service: the envelope with all parameters in it, the caller's fields that travel, who calls, and
//! the revision of the API. Credentials and limits are asked before, for each call.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use http::header::{AGE, AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE};
use http::{Method, Response, StatusCode};
use quick_cache::Weighter;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::access::Permit;
use super::body::AnswerBody;
use super::{Call, assertion, respond};
use crate::catalog::{Cache, PublishedApi, PublishedResource};
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
}

struct Kept {
    /// The revision that made it. Held weakly: while it is, no other one can have its address.
    api: Weak<PublishedApi>,
    fields: HeaderMap,
    returned: HeaderMap,
    body: Bytes,
    since: Instant,
    until: Instant,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Kept>> for Weight {
    fn weight(&self, _key: &Key, kept: &Arc<Kept>) -> u64 {
        let fields = |map: &HeaderMap| map.iter().map(|(n, v)| n.as_str().len() + v.len() + 64).sum::<usize>();
        ENTRY_BYTES + (kept.body.len() + fields(&kept.fields) + fields(&kept.returned)) as u64
    }
}

impl Answers {
    /// At most so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / 4096).unwrap_or(usize::MAX).clamp(16, 1 << 16);
        Self { kept: quick_cache::sync::Cache::with_weighter(items, bytes, Weight) }
    }

    /// The answer under that key, if it is still good.
    pub(super) fn get(&self, key: &Key, api: &Arc<PublishedApi>, call: &mut Call<'_>) -> Option<Response<AnswerBody>> {
        let now = Instant::now();
        let found = self.kept.get(key).filter(|k| k.until > now && std::ptr::eq(k.api.as_ptr(), Arc::as_ptr(api)));
        let result = if found.is_some() { "hit" } else { "miss" };
        metrics::counter!(names::CACHE, "api" => api.label(), "result" => result).increment(1);
        let kept = found?;
        let mut response = respond::empty(StatusCode::OK).map(|_| AnswerBody::whole(kept.body.clone()));
        response.headers_mut().clone_from(&kept.fields);
        response.headers_mut().insert(AGE, HeaderValue::from(now.duration_since(kept.since).as_secs()));
        call.returned.clone_from(&kept.returned);
        Some(response)
    }

    /// Keeps an answer that is whole, good and not too large.
    pub(super) fn put(&self, key: Key, rule: Cache, api: &Arc<PublishedApi>, answer: &Response<AnswerBody>, returned: &HeaderMap) {
        let Some(body) = answer.body().bytes().filter(|b| answer.status() == StatusCode::OK && b.len() as u64 <= rule.max_bytes) else {
            return;
        };
        let since = Instant::now();
        let (fields, returned) = (answer.headers().clone(), returned.clone());
        let kept = Kept { api: Arc::downgrade(api), fields, returned, body: body.clone(), since, until: since + rule.ttl };
        self.kept.insert(key, Arc::new(kept));
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
