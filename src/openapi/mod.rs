//! Plans + API definition → OpenAPI 3.1, and 3.0 by down-conversion.
//!
//! Comes in: a [`Program`], an [`ApiDefinition`], the resources as the gateway publishes them. Goes out: one document, the same bytes for
//! the same input. Must not know: schemas, WSDL, HTTP servers; the JSON shape of every message is decided by the plan's nodes alone.
//! Specifications: OpenAPI 3.1.1 and 3.0.3, JSON Schema 2020-12.

mod content;
mod down;
mod form;
mod message;
mod names;
mod object;
mod outer;
mod paths;
mod prune;
mod reach;
mod responses;
mod scalar;
mod schema;
mod security;
mod size;
mod value;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::names::Names;
pub use self::outer::Messages;
pub use self::paths::EXAMPLE_FIELD;
use self::reach::Reach;
use self::responses::Responses;
use self::schema::Schemas;
pub use self::security::Asked;
use self::size::Size;
use crate::api::{ApiDefinition, Deliver, Method};
use crate::plan::Program;
use crate::sequence::Sequence;

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
    /// `iss` of the tokens that the gateway gives out: its authorization server stands below.
    pub issuer: &'a str,
    /// Has that server a page on which users log in?
    pub log_in: bool,
    /// Gives an example of a message, where there is one.
    pub examples: &'a dyn Fn(usize, Side) -> Option<Value>,
    /// What an example of a message is outside the sequence of its resource; `None` where it does not go through.
    pub outside: &'a dyn Fn(&Resource, Side, &Value) -> Option<Value>,
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
    /// Parameters in the URL and in header fields.
    pub parameters: Vec<Parameter>,
    /// May it have a body?
    pub body: bool,
    /// The property of the reply that is the answer by itself.
    pub unwrap: Option<Arc<str>>,
    /// What it asks of its callers.
    pub asked: Asked,
    /// What happens to its messages on their way.
    pub sequence: Arc<Sequence>,
}

/// A parameter of a [`Resource`].
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Where it stands: `path`, `query` or `header`.
    pub location: &'static str,
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

/// The document is larger than is given out, even without examples and descriptions.
#[derive(Debug, thiserror::Error)]
#[error("the OpenAPI document has at least {bytes} bytes, more than {limit_bytes}, also without examples and descriptions")]
pub struct TooLarge {
    /// Its size, as far as it was made: one that grows far beyond what is allowed is given up on the way.
    pub bytes: usize,
    /// What is allowed.
    pub limit_bytes: usize,
}

/// A document has at most so many bytes.
pub const MAX_BYTES: usize = 32 << 20;

/// A document.
#[derive(Debug)]
pub struct Text {
    /// It, as JSON.
    pub json: Vec<u8>,
    /// What is left out because it would be larger than is given out, in words.
    pub left_out: Option<&'static str>,
}

/// The document as JSON text of at most `limit_bytes`, [`MAX_BYTES`] as a rule. Where it would be larger it is made without examples, then
/// without descriptions of types too, and says so in its own description.
///
/// # Errors
/// Where it is too large all the same; nobody's fault but the schemas'.
pub fn text(input: &Input<'_>, version: Version, limit_bytes: usize) -> Result<Text, TooLarge> {
    let mut bytes = 0;
    for thrift in [Thrift::None, Thrift::NoExamples, Thrift::NoDescriptions] {
        bytes = match document(input, version, thrift, limit_bytes).map(|d| d.to_string()) {
            Ok(text) if text.len() <= limit_bytes => return Ok(Text { json: text.into_bytes(), left_out: thrift.left_out() }),
            Ok(text) => text.len(),
            Err(Full(bytes)) => bytes,
        };
    }
    Err(TooLarge { bytes, limit_bytes })
}

/// What is left out to keep a document small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thrift {
    None,
    NoExamples,
    NoDescriptions,
}

impl Thrift {
    fn left_out(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::NoExamples => Some("examples"),
            Self::NoDescriptions => Some("examples and the descriptions of types"),
        }
    }
}

/// A document that was given up after so many bytes.
struct Full(usize);

fn document(input: &Input<'_>, version: Version, thrift: Thrift, limit_bytes: usize) -> Result<Value, Full> {
    let no_example = |_, _| None;
    let input = &Input { examples: if thrift == Thrift::None { input.examples } else { &no_example }, ..*input };
    let mut schemas = schemas(input, thrift != Thrift::NoDescriptions, Size::new(limit_bytes));
    let mut responses = Responses::new(&mut schemas);
    let (paths, tags) = paths::paths(input, &mut schemas, &mut responses);
    let mut components = Map::new();
    components.insert("schemas".into(), Value::Object(schemas.finish()));
    responses.shared(&mut components);
    let schemes = security::schemes(input);
    if !schemes.is_empty() {
        components.insert("securitySchemes".into(), Value::Object(schemes));
    }
    if schemas.size.is_full() {
        return Err(Full(schemas.size.bytes()));
    }
    // An API of raw SOAP alone: nothing refers to anything.
    if paths.is_empty() {
        components.clear();
    }
    let mut info = json!({ "title": input.definition.api.name, "version": input.definition.api.version });
    let without = thrift.left_out().map(|what| format!("To keep this document small, {what} are left out."));
    let texts: Vec<&str> = input.documentation.map(str::trim).filter(|t| !t.is_empty()).into_iter().chain(without.as_deref()).collect();
    if !texts.is_empty() {
        set(&mut info, "description", json!(texts.join("\n\n")));
    }
    let mut document = json!({
        "openapi": "3.1.1",
        "info": info,
        "servers": [{ "url": input.server }],
        "externalDocs": { "description": "The WSDL that this API is made from.", "url": format!("{}?wsdl", input.server) },
        "security": [],
        "tags": tags,
        "paths": paths,
        "components": components,
    });
    if input.resources.iter().any(|r| !r.sequence.is_plain()) {
        prune::prune(&mut document);
    }
    if input.definition.attachments.deliver == Deliver::Url {
        form::refer(&mut document);
    }
    match version {
        Version::V30 => down::convert(&mut document),
        Version::V31 => {}
    }
    Ok(document)
}

/// Everything that the resources' messages are made of, named.
fn schemas<'a>(input: &Input<'a>, describe: bool, size: Size) -> Schemas<'a> {
    let program = input.program;
    let mut names = Names::default();
    let mut messages = Vec::new();
    let mut details = Vec::new();
    let mut headers = Vec::new();
    for plan in input.resources.iter().filter_map(|r| program.operations.get(r.operation)) {
        for message in [Some(&plan.input), plan.output.as_ref()].into_iter().flatten() {
            messages.push(message);
            headers.extend(&message.headers);
        }
        details.extend(plan.faults.iter().map(|f| &f.detail));
    }
    details.extend(headers);
    let reach = Reach::of(program, &messages, &details, &mut names);
    Schemas::new(program, reach, names, describe, size)
}

/// Gives an object a member. What is no object stays as it is.
fn set(value: &mut Value, key: &str, member: Value) {
    if let Value::Object(members) = value {
        members.insert(key.to_owned(), member);
    }
}
