//! The table of operations: none without its roles, and no address without an operation.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use http::StatusCode;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::AdminState;
use super::call::{Call, RequestId, accept};
use super::document::{Document, Input, Schemas};
use super::reply;
pub(super) use crate::manage::Allow;
use crate::problem::Problem;

/// What an operation is called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// An operation. Every field must be given: one without its roles does not compile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// Its method.
    pub(super) verb: Verb,
    /// Its address, with `{…}` for parameters.
    pub(super) path: &'static str,
    /// Its name.
    pub(super) id: &'static str,
    /// What it does, in a sentence.
    pub(super) summary: &'static str,
    /// Who may.
    pub(super) allow: Allow,
    /// Its query parameters, beside `tenant`: names and what they say.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The status where it went well.
    pub(super) status: u16,
}

/// An operation with the schemas of what goes in and out.
pub(super) struct Described {
    pub(super) operation: Operation,
    pub(super) input: Option<RefOr<Schema>>,
    pub(super) output: Option<RefOr<Schema>>,
}

/// The operations, and the router that answers them.
pub(super) struct Routes {
    router: Router<Arc<AdminState>>,
    pub(super) operations: Vec<Described>,
    pub(super) schemas: Schemas,
}

/// The query parameters of lists.
pub(super) const LIST: &[(&str, &str)] = &[LIMIT, CURSOR];
pub(super) const LIMIT: (&str, &str) = ("limit", "How many at most, 1 to 1000; 100 where nothing is said");
pub(super) const CURSOR: (&str, &str) = ("cursor", "Where to begin: `next` of the part before");

impl Routes {
    /// None.
    pub(super) fn new() -> Self {
        Self { router: Router::new(), operations: Vec::new(), schemas: BTreeMap::new() }
    }

    /// The same with an operation.
    pub(super) fn with<I, O, F, R>(mut self, operation: Operation, act: F) -> Self
    where
        I: Input + 'static,
        O: Document + Serialize + 'static,
        F: Fn(Arc<AdminState>, Call<I>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<O, Problem>> + Send + 'static,
    {
        let answer = move |State(state): State<Arc<AdminState>>,
                           Extension(id): Extension<RequestId>,
                           parameters: RawPathParams,
                           request: Request| {
            let act = act.clone();
            async move {
                let done = match accept::<I>(&state, operation, &id, &parameters, request).await {
                    Ok(call) => act(state, call).await,
                    Err(problem) => Err(problem),
                };
                answered(operation, done, &id)
            }
        };
        self.router = self.router.route(operation.path, on(operation.verb.filter(), answer));
        let (input, output) = (I::schema(&mut self.schemas), O::schema(&mut self.schemas));
        self.operations.push(Described { operation, input, output });
        self
    }

    /// The router.
    pub(super) fn into_router(self) -> Router<Arc<AdminState>> {
        self.router
    }
}

fn answered<O: Serialize>(operation: Operation, done: Result<O, Problem>, id: &RequestId) -> Response {
    match done {
        Ok(_) if operation.status == 204 => reply::empty(StatusCode::NO_CONTENT),
        Ok(value) => match serde_json::to_vec(&value) {
            Ok(body) => reply::json(StatusCode::from_u16(operation.status).unwrap_or(StatusCode::OK), body),
            Err(error) => reply::problem(&Problem::internal(format!("an answer cannot be written: {error}")), id),
        },
        Err(problem) => reply::problem(&problem, id),
    }
}

impl Verb {
    /// Does a request with it have a body?
    pub(super) fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}
