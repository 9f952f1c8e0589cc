use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::HeaderRule;
use super::access::{Access, ResourceAccess};
use super::auth::{Addressing, Auth};
use crate::diagnostic::Span;
use crate::net::forwarded::AddressLists;

/// What `api.yaml` says, defaults filled in. Made by reading the file, or by `api::derive` at import.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiDefinition {
    /// `api`: who it is.
    pub api: Identity,
    /// `source`: where its WSDL is.
    pub source: Source,
    /// `endpoint`: where its SOAP service is.
    pub endpoint: Endpoint,
    /// `addressing`: is WS-Addressing written, and whom does it name?
    pub addressing: Addressing,
    /// `security`, `token`, `visibility`, `backend_authorization`, `backend_jwt`, `claims`: who may call, and what the SOAP service is told of them.
    pub access: Access,
    /// `callers`: addresses from which it takes calls.
    pub callers: AddressLists,
    /// `cors`: pages of which origins may call it from a browser; `None`: of its own only.
    pub cors: Option<super::Cors>,
    /// `plans`: names of the plans that it may be subscribed on; empty: all.
    pub plans: Vec<String>,
    /// `limits`.
    pub limits: Limits,
    /// `numbers`, `nulls`, `unknown`, `flatten`, `lenient`, `strict`, `raw_xml`: choices about the mapping.
    pub mapping: Mapping,
    /// `mtom`, `attachments` and their thresholds.
    pub attachments: super::Attachments,
    /// `reply_buffer`: a reply whose JSON is at most so many bytes is sent whole; default 256 KiB.
    pub reply_buffer_bytes: usize,
    /// `stream`: are larger replies streamed?
    pub stream: Stream,
    /// `faults.expose`: whose texts a caller may read; `None`: declared ones, in the state prototype all.
    pub expose: Option<Expose>,
    /// `soap_fault_status`: the HTTP status of faults that the gateway itself gives to SOAP callers; `None`: the same as REST callers get.
    pub soap_fault_status: Option<u16>,
    /// `headers`: declared header part (`part`, or `Operation/part`) → who gives its value; parts that are not here are the caller's, or secret
    /// where a name looks like a credential's.
    pub headers: BTreeMap<String, HeaderRule>,
    /// `resources`: those that differ from the derived ones. An operation that stands here has no derived resource.
    pub resources: Vec<Resource>,
    /// `only_listed: true`: operations that `resources` does not name are not published.
    pub only_listed: bool,
    /// `passthrough`: is the raw SOAP endpoint open? Default true.
    pub passthrough: bool,
    /// `rest`: are the resources open? Default true.
    pub rest: bool,
    /// `cache`: are answers of its `get:` resources given again? `None`: no.
    pub cache: Option<super::Cache>,
}

/// `api: { name, version, context, state, default_version }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name, for people.
    pub name: String,
    /// Its version: one path segment; default `1`.
    pub version: String,
    /// Its context: `/` and one or more path segments; default `/` and the name in lower case.
    pub context: String,
    /// Where it is in its life; default published.
    pub state: State,
    /// Does it also answer without the version segment? Default false.
    pub default_version: bool,
}

/// The states of an API's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it; the product's section 8 says what each means")]
pub enum State {
    Created,
    Prototype,
    Published,
    Blocked,
    Deprecated,
    Retired,
}

/// `source: { wsdl, service, port, digest }`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// The root document, relative to the API's folder, with `/`: `wsdl/service.wsdl`.
    pub wsdl: String,
    /// The service to prefer; `None`: all, in document order.
    pub service: Option<String>,
    /// The port to prefer; `None`: SOAP 1.1 before 1.2, in document order.
    pub port: Option<String>,
    /// `sha256:…` over all documents, as imported.
    pub digest: Option<String>,
}

/// `endpoint: { url, timeout, … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Where the SOAP service is; `None`: the address that the WSDL gives for the port.
    pub url: Option<String>,
    /// The whole call; default 60 s.
    pub timeout: Duration,
    /// Until a connection stands; default 3 s.
    pub connect_timeout: Duration,
    /// From the request's end to the reply's first byte; default 30 s.
    pub first_byte_timeout: Duration,
    /// Names of caller's header fields that travel to the upstream, in lower case.
    pub forward_headers: Vec<String>,
    /// Names of the upstream's header fields that travel to the caller, in lower case.
    pub return_headers: Vec<String>,
    /// `auth`: how the gateway introduces itself.
    pub auth: Option<Auth>,
}

/// `limits: { api, in_flight, per_address, json_request, soap_request, reply }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Calls of the API, as written (`200/s`).
    pub api: Option<String>,
    /// Calls of one caller address, as written.
    pub per_address: Option<String>,
    /// Calls in flight; default 256.
    pub in_flight: u32,
    /// Bytes of a JSON request; default 2 MiB.
    pub json_request_bytes: u64,
    /// Bytes of a raw SOAP request; default 10 MiB.
    pub soap_request_bytes: u64,
    /// Bytes of an upstream's reply; default 10 MiB.
    pub reply_bytes: u64,
}

/// Choices about the JSON mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    /// `numbers: exact | string`.
    pub numbers: Numbers,
    /// `nulls: error | absent`.
    pub nulls: Nulls,
    /// `unknown: error | ignore`.
    pub unknown: Unknown,
    /// `flatten`: are wrappers of one repeated element written as the bare array? Default true.
    pub flatten: bool,
    /// `lenient`: is a lone value taken where an array is expected? Default false.
    pub lenient: bool,
    /// `strict`: is a reply that breaks its schema refused? Default false.
    pub strict: bool,
    /// `raw_xml`: may requests hold `$xml`? Default true.
    pub raw_xml: bool,
}

/// How numbers wider than a double are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// As JSON numbers with every digit.
    #[default]
    Exact,
    /// As strings.
    String,
}

/// What a null for what is not nillable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nulls {
    /// An error.
    #[default]
    Error,
    /// As if it were not there.
    Absent,
}

/// What an unknown property of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// An error.
    #[default]
    Error,
    /// Dropped.
    Ignore,
}

/// `stream`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stream {
    /// Replies larger than the reply buffer are streamed.
    #[default]
    Large,
    /// Every reply is buffered, up to the reply limit.
    Never,
}

/// `faults.expose`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expose {
    /// The texts of declared faults; of others a neutral sentence.
    #[default]
    Declared,
    /// All texts.
    All,
}

/// The methods a resource may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "HTTP's names")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// One of `resources`: method and path bound to a SOAP operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `get:`, `post:`, …
    pub method: Method,
    /// Its path under the API's base address: `/countries/{code}`.
    pub path: String,
    /// The operation.
    pub operation: String,
    /// Which overload of that name, from 0 (in the file `overload:` counts from 1).
    pub overload: u32,
    /// Its port type, where several have an operation of that name.
    pub port_type: Option<String>,
    /// `PORT` or `SERVICE/PORT`: which port is called; `None`: the preferred one.
    pub port: Option<String>,
    /// `query`: parameter → JSON pointer into the request.
    pub query: BTreeMap<String, String>,
    /// `path_parameters`: name in the template → JSON pointer; a name that is not here is the property of that name.
    pub path_parameters: BTreeMap<String, String>,
    /// `safe: true`: the operation changes nothing, so that `GET` is open beside the method above.
    pub safe: bool,
    /// `mtom`: are its requests XOP packages? `None`: as the API says.
    pub mtom: Option<bool>,
    /// `unwrap`: the property of the reply that is the answer by itself.
    pub unwrap: Option<String>,
    /// `faults`: declared fault → status.
    pub faults: BTreeMap<String, u16>,
    /// `sequence`: path of a file in the API's folder, its steps; `None`: those that every resource has.
    pub sequence: Option<String>,
    /// `security`, `token`, `backend_authorization`: what differs from the API's.
    pub access: ResourceAccess,
    /// `scope`: of these the caller's token must have one; empty: none is asked for.
    pub scopes: Vec<String>,
    /// `limit`, as written (`50/min`).
    pub limit: Option<String>,
    /// `cache`: as of the API, for this resource; `None`: as the API says.
    pub cache: Option<super::Cache>,
    /// Where it stands in the file; `None` for a derived one.
    pub span: Option<Span>,
}

impl ApiDefinition {
    /// A definition of that name with nothing but defaults.
    pub fn named(name: &str) -> Self {
        Self {
            api: Identity {
                name: name.to_owned(),
                version: "1".to_owned(),
                context: format!("/{}", name.to_lowercase()),
                state: State::Published,
                default_version: false,
            },
            source: Source::default(),
            endpoint: Endpoint::default(),
            addressing: Addressing::default(),
            access: Access::default(),
            plans: Vec::new(),
            limits: Limits::default(),
            mapping: Mapping::default(),
            attachments: super::Attachments::default(),
            reply_buffer_bytes: 256 * 1024,
            stream: Stream::default(),
            expose: None,
            soap_fault_status: None,
            headers: BTreeMap::new(),
            resources: Vec::new(),
            only_listed: false,
            passthrough: true,
            rest: true,
            callers: AddressLists::default(),
            cors: None,
            cache: None,
        }
    }

    /// Whose fault texts a caller may read.
    pub fn exposes(&self) -> Expose {
        self.expose.unwrap_or(if self.api.state == State::Prototype { Expose::All } else { Expose::Declared })
    }

    /// Its base address under the gateway: `/geo/1`.
    pub fn base_path(&self) -> String {
        format!("{}/{}", self.api.context, self.api.version)
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            url: None,
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(3),
            first_byte_timeout: Duration::from_secs(30),
            forward_headers: Vec::new(),
            return_headers: Vec::new(),
            auth: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            api: None,
            per_address: None,
            in_flight: 256,
            json_request_bytes: 2 << 20,
            soap_request_bytes: 10 << 20,
            reply_bytes: 10 << 20,
        }
    }
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            numbers: Numbers::Exact,
            nulls: Nulls::Error,
            unknown: Unknown::Error,
            flatten: true,
            lenient: false,
            strict: false,
            raw_xml: true,
        }
    }
}

impl Method {
    /// All, in the order of files and documents.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Its key in `api.yaml` and in OpenAPI.
    pub fn key(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

impl Resource {
    /// A resource with nothing but what it must have.
    pub fn new(method: Method, path: impl Into<String>, operation: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            operation: operation.into(),
            overload: 0,
            port_type: None,
            port: None,
            query: BTreeMap::new(),
            path_parameters: BTreeMap::new(),
            safe: false,
            mtom: None,
            unwrap: None,
            faults: BTreeMap::new(),
            sequence: None,
            access: ResourceAccess::default(),
            scopes: Vec::new(),
            limit: None,
            cache: None,
            span: None,
        }
    }
}
