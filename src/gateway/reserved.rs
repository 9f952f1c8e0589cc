//! Addresses that no API may have and that others answer: the hook by which they stand on the gateway's listener.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};

use super::body::{AnswerBody, RequestBody};
use super::{Call, Gateway};
use crate::problem::Problem;

/// Largest body of a request at a reserved address, in bytes.
const MAX_BYTES: u64 = 16 << 10;

/// A request at a reserved address, its body read whole.
#[derive(Debug)]
pub struct ReservedRequest<'a> {
    /// The method; `GET` stands for `HEAD` too.
    pub method: &'a Method,
    /// The path, still encoded.
    pub path: &'a str,
    /// What stands behind `?`.
    pub query: Option<&'a str>,
    /// The fields.
    pub headers: &'a HeaderMap,
    /// The body, at most 16 KiB.
    pub body: Bytes,
    /// The gateway's address as callers see it, without a slash at the end.
    pub public_url: &'a str,
    /// Who calls: the one who is connected, or whom a trusted proxy names.
    pub peer: IpAddr,
    /// The request's id, for the log of what it did.
    pub request_id: &'a str,
}

/// Whom a request concerned, as an extension of its answer: for the access log.
#[derive(Debug, Clone)]
pub struct Concerns {
    /// The tenant.
    pub tenant: Arc<str>,
    /// The name of the application that asked, once it has shown who it is.
    pub application: Option<Arc<str>>,
}

/// An answer that is being made.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Response<Bytes>> + Send + 'a>>;

/// Answers at reserved addresses.
pub trait Reserved: Send + Sync {
    /// Is this (still encoded) path one of its own? Asked for every request, so that it must be cheap.
    fn has(&self, path: &str) -> bool;

    /// The whole answer, errors included, with [`Concerns`] where that is known.
    fn answer<'a>(&'a self, request: ReservedRequest<'a>) -> Answering<'a>;
}

/// The answer of whoever has the path.
pub(super) async fn answer(gateway: &Gateway, reserved: &dyn Reserved, call: &mut Call<'_>) -> Result<Response<AnswerBody>, Problem> {
    call.record.kind = "oauth";
    let mut body = RequestBody::new(call.take_body()?, MAX_BYTES, &gateway.config.limits.http);
    let body = body.whole(&mut call.record.held).await.map_err(super::body::BodyError::problem)?;
    let request = ReservedRequest {
        method: &call.method,
        path: call.path,
        query: call.query,
        headers: call.headers,
        body,
        public_url: &call.public_url,
        peer: call.record.caller,
        request_id: &call.record.request_id,
    };
    let mut response = reserved.answer(request).await;
    if let Some(Concerns { tenant, application }) = response.extensions_mut().remove() {
        call.record.tenant = Some(tenant);
        call.record.application = application;
    }
    Ok(response.map(AnswerBody::whole))
}
