//! Plans + API definition → OpenAPI 3.1, and 3.0 by down-conversion.
//!
//! Comes in: a [`Program`], an [`ApiDefinition`], the resources as the gateway publishes them. Goes out: one document, the same bytes for
//! the same input. Must not know: schemas, WSDL, HTTP servers; the JSON shape of every message is decided by the plan's nodes alone.
//! Specifications: OpenAPI 3.1.1 and 3.0.4, JSON Schema 2020-12.

use std::sync::Arc;

use serde_json::Value;

use crate::api::{ApiDefinition, Method};
use crate::plan::Program;

/// What a document is made from.
pub struct Input<'a> {
    /// What people said about the API.
    pub definition: &'a ApiDefinition,
    /// Its operations, compiled.
    pub program: &'a Program,
    /// Its resources, in the order in which they shall stand.
    pub resources: &'a [Resource],
    /// What it is, for people: the WSDL's documentation.
    pub documentation: Option<&'a str>,
    /// The API's base address as callers see it, without a slash at the end: `https://api.example.org/geo/1`.
    pub server: &'a str,
    /// Gives an example of a message, where there is one.
    pub examples: &'a dyn Fn(usize, Side) -> Option<Value>,
}

/// A REST resource, as documents describe it.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its method.
    pub method: Method,
    /// Its path under the base address, a template: `/countries/{code}`.
    pub path: Arc<str>,
    /// Index into the program's operations.
    pub operation: usize,
    /// URL parameters.
    pub parameters: Vec<Parameter>,
    /// May it have a body?
    pub body: bool,
    /// The property of the reply that is the answer by itself.
    pub unwrap: Option<Arc<str>>,
}

/// A URL parameter of a [`Resource`].
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Is it in the path? Else in the query.
    pub in_path: bool,
    /// Its name.
    pub name: Arc<str>,
    /// JSON pointer of the value in the request.
    pub pointer: Arc<str>,
    /// Must it be there?
    pub required: bool,
}

/// One of the two messages of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Side {
    Request,
    Response,
}

/// The versions of OpenAPI that a document can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Version {
    V30,
    #[default]
    V31,
}

/// The document is larger than [`MAX_BYTES`] even without examples and descriptions.
#[derive(Debug, thiserror::Error)]
#[error("the OpenAPI document has {bytes} bytes, more than {MAX_BYTES}")]
pub struct TooLarge {
    /// Its size.
    pub bytes: usize,
}

/// A document has at most so many bytes.
pub const MAX_BYTES: usize = 32 << 20;

/// The document as JSON text.
///
/// # Errors
/// Where it is too large; nobody's fault but the schemas'.
pub fn text(_input: &Input<'_>, _version: Version) -> Result<Vec<u8>, TooLarge> {
    todo!("openapi")
}
