use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;

use super::{Callers, Credentials, Login, Provenance, Rules, Wire};
use crate::api::{ApiDefinition, Cache, Endpoint, Method, State};
use crate::auth::DEFAULT_TENANT;
use crate::net::secret::Secret;
use crate::openapi;
pub use crate::openapi::Version as OpenApiVersion;
use crate::plan::Program;
use crate::plan::node::{OperationPlan, SoapVersion};
use crate::plan::scalar::JsonKind;
use crate::throttle::Limit;
use crate::xml::QName;

/// What the gateway knows at one instant. Immutable.
#[derive(Debug, Default, Clone)]
pub struct Snapshot {
    /// Counts up from 1 with every swap; 0 is the empty one before the first.
    pub number: u64,
    /// The APIs that answer, by tenant and name. Snapshots with the same APIs share them.
    pub apis: Arc<[Arc<PublishedApi>]>,
    /// Who may call them.
    pub callers: Arc<Callers>,
}

/// The current [`Snapshot`]. Writers swap one half of it each; readers take an `Arc` each.
#[derive(Debug, Default)]
pub struct Catalog {
    current: ArcSwap<Snapshot>,
}

impl Catalog {
    /// A catalog that holds these APIs as snapshot 1.
    pub fn new(apis: Vec<Arc<PublishedApi>>) -> Self {
        Self { current: ArcSwap::from_pointee(Snapshot { number: 1, apis: apis.into(), callers: Arc::default() }) }
    }

    /// The snapshot of this instant.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Puts these APIs in the place of the present ones and gives the new snapshot.
    pub fn publish(&self, apis: Vec<Arc<PublishedApi>>) -> Arc<Snapshot> {
        let apis: Arc<[_]> = apis.into();
        self.swap(|now| Snapshot { number: now.number + 1, apis: apis.clone(), callers: now.callers.clone() })
    }

    /// Puts these callers in the place of the present ones and gives the new snapshot.
    pub fn admit(&self, callers: &Arc<Callers>) -> Arc<Snapshot> {
        self.swap(|now| Snapshot { number: now.number + 1, apis: now.apis.clone(), callers: callers.clone() })
    }

    fn swap(&self, next: impl Fn(&Snapshot) -> Snapshot) -> Arc<Snapshot> {
        let mut made = Arc::default();
        self.current.rcu(|now| {
            made = Arc::new(next(now));
            made.clone()
        });
        made
    }
}

/// One API, ready to answer.
#[derive(Debug, Clone)]
pub struct PublishedApi {
    /// Its name in the store: the name of its folder.
    pub name: Arc<str>,
    /// What its file says, with the state that is in force.
    pub definition: ApiDefinition,
    /// Its base address under the gateway, without a slash at the end: `/geo/1`; of another tenant than the first `/t/acme/geo/1`.
    pub base_path: Arc<str>,
    /// The address without the version, where it is the default version: `/geo`.
    pub default_path: Option<Arc<str>>,
    /// Its operations, compiled.
    pub program: Arc<Program>,
    /// Its REST resources; empty with `rest: false`.
    pub resources: Vec<PublishedResource>,
    /// Every operation of every SOAP binding, also those that could not be mapped: for raw SOAP. Empty with `passthrough: false`.
    pub raw_operations: Vec<RawOperation>,
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Where its texts come from, and with it which addresses it may call.
    pub provenance: Provenance,
    /// What it asks of its callers.
    pub rules: Rules,
    /// How often one caller's address may call.
    pub per_address: Option<Limit>,
    /// Header fields that every call of its service carries: names in lower case, values.
    pub fields: Vec<(Arc<str>, Secret)>,
    /// How its service is logged in at; `None`: with no more than `fields`.
    pub login: Option<Arc<Login>>,
    /// The secrets that it was made with.
    pub(super) credentials: Credentials,
    /// What it is, for people: the WSDL's documentation.
    pub documentation: Option<Arc<str>>,
    /// The WSDL and what belongs to it.
    pub documents: Arc<crate::catalog::Documents>,
    /// OpenAPI documents that were made already.
    pub(super) described: Described,
}

impl PublishedApi {
    /// The certificates that it shows itself to its service with: what for, and when the first of the chain ends, in seconds since 1970.
    pub fn certificate_ends(&self) -> impl Iterator<Item = (&'static str, i64)> {
        self.credentials.certificate_ends()
    }
}

/// The OpenAPI document of each version, for the address that asked last: nearly always there is one address.
#[derive(Debug, Default)]
pub(super) struct Described {
    documents: [ArcSwapOption<(String, Bytes)>; 2],
}

impl Clone for Described {
    /// None is made yet: what is cloned is about to differ.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// A REST resource, ready to answer.
#[derive(Debug, Clone)]
pub struct PublishedResource {
    /// Its method.
    pub method: Method,
    /// Its path under the base address, a template: `/countries/{code}`.
    pub path: Arc<str>,
    /// Index into the program's operations.
    pub operation: usize,
    /// Where that operation is called.
    pub url: Arc<str>,
    /// Parameters in the URL and in header fields, path parameters first.
    pub parameters: Vec<Parameter>,
    /// May it have a body? Not so for `GET` and `DELETE` of safe operations.
    pub body: bool,
    /// May its body be a form, because it takes binary values?
    pub files: bool,
    /// MTOM: base64Binary values of at least so many bytes are sent as parts; `None`: no MTOM.
    pub mtom: Option<u64>,
    /// The property of the reply that is the answer by itself.
    pub unwrap: Option<Arc<str>>,
    /// What its requests carry beside their message.
    pub wire: Wire,
    /// What it asks of its callers.
    pub rules: Rules,
    /// Are its answers given again? `None`: no.
    pub cache: Option<Cache>,
    /// The steps that its messages go through.
    pub sequence: Arc<crate::sequence::Sequence>,
}

/// A parameter of a resource: one scalar of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Where it stands.
    pub location: ParameterLocation,
    /// Its name there; of a header field without regard to case.
    pub name: Arc<str>,
    /// JSON pointer of the value in the request.
    pub pointer: Arc<str>,
    /// What kind of JSON value its text becomes.
    pub kind: JsonKind,
    /// Must it be there? Path parameters must.
    pub required: bool,
}

/// Where a [`Parameter`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ParameterLocation {
    Path,
    Query,
    Header,
}

impl ParameterLocation {
    /// OpenAPI's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// How an operation is called that a sequence names.
#[derive(Debug, Clone, Copy)]
pub struct Callee<'a> {
    /// Index into the program's operations.
    pub operation: usize,
    /// Where it is called.
    pub url: &'a str,
    /// What its requests carry beside their message.
    pub wire: &'a Wire,
    /// MTOM: base64Binary values of at least so many bytes are sent as parts; `None`: no MTOM.
    pub mtom: Option<u64>,
}

/// An operation as raw SOAP finds it.
#[derive(Debug, Clone)]
pub struct RawOperation {
    /// Its name.
    pub name: Arc<str>,
    /// The service; `None` where none names the binding.
    pub service: Option<Arc<str>>,
    /// The port; `None` where no service names the binding.
    pub port: Option<Arc<str>>,
    /// The SOAP version of its binding.
    pub version: SoapVersion,
    /// `soapAction`; `None` where it is absent.
    pub soap_action: Option<Arc<str>>,
    /// WS-Addressing's action of the input, where the WSDL states one.
    pub wsa_action: Option<Arc<str>>,
    /// WS-Addressing's action of the input where the WSDL states none: WS-Addressing 1.0 Metadata, section 4.4.4.
    pub default_action: Arc<str>,
    /// What the first child of the Body is.
    pub body: BodyChild,
    /// Where it is called.
    pub url: Arc<str>,
    /// Has it no reply?
    pub one_way: bool,
    /// What its requests carry beside their message; WS-Addressing is left to the caller.
    pub wire: Wire,
    /// Index into the program's operations; `None` where it could not be mapped.
    pub plan: Option<usize>,
    /// What the resources of the same operation ask beyond what the API does: it holds for raw calls too.
    pub rules: Vec<Rules>,
}

impl RawOperation {
    /// The actions that the WSDL states.
    pub fn stated_actions(&self) -> impl Iterator<Item = &str> {
        self.soap_action.iter().chain(&self.wsa_action).map(|a| a.trim()).filter(|a| !a.is_empty())
    }

    /// Is this action one of its: stated, or what WS-Addressing gives it?
    pub fn has_action(&self, action: &str) -> bool {
        self.stated_actions().any(|a| a == action) || *self.default_action == *action
    }
}

/// The first child of a request's Body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyChild {
    /// There is none.
    Empty,
    /// This element (or a member of its substitution group).
    Elements(Vec<QName>),
    /// The WSDL does not say.
    Unknown,
}

/// The name of an API in metrics: of another tenant than the first `TENANT/NAME`.
pub fn api_label(tenant: &str, name: &str) -> String {
    if tenant == DEFAULT_TENANT { name.to_owned() } else { format!("{tenant}/{name}") }
}

impl PublishedApi {
    /// The same API of that tenant.
    #[must_use]
    pub fn of_tenant(mut self, tenant: &str) -> Self {
        self.tenant = tenant.into();
        self.base_path = self.at(&self.definition.base_path());
        self.default_path = self.definition.api.default_version.then(|| self.at(&self.definition.api.context));
        self
    }

    /// The same API in that state.
    #[must_use]
    pub fn in_state(&self, state: State) -> Self {
        let mut other = self.clone();
        other.definition.api.state = state;
        other
    }

    /// A path of it under the gateway: those of other tenants than the first stand below `/t/TENANT`.
    fn at(&self, path: &str) -> Arc<str> {
        format!("{}{path}", self.below()).into()
    }

    /// What stands before its paths under the gateway: nothing, or `/t/TENANT`.
    pub fn below(&self) -> String {
        if *self.tenant == *DEFAULT_TENANT { String::new() } else { format!("/t/{}", self.tenant) }
    }

    /// Its path under the address of its tenant.
    pub fn path(&self) -> String {
        self.definition.base_path()
    }

    /// Its name in metrics.
    pub fn label(&self) -> String {
        api_label(&self.tenant, &self.name)
    }

    /// May calls of it fail for what it says of its endpoint, credentials or deadlines, where those of other APIs at the same address go well?
    pub fn fails_alone(&self) -> bool {
        let (endpoint, usual) = (&self.definition.endpoint, Endpoint::default());
        let deadlines = |e: &Endpoint| (e.timeout, e.connect_timeout, e.first_byte_timeout);
        endpoint.auth.is_some() || deadlines(endpoint) != deadlines(&usual)
    }

    /// The compiled operation behind a resource of this API.
    pub fn plan(&self, resource: &PublishedResource) -> Option<&OperationPlan> {
        self.program.operations.get(resource.operation)
    }

    /// How an operation is called: as its first resource does it, else as raw SOAP does.
    pub fn callee(&self, operation: &str) -> Option<Callee<'_>> {
        let named = |index: usize| self.program.operations.get(index).is_some_and(|plan| *plan.name == *operation);
        let resource = self.resources.iter().find(|r| named(r.operation));
        let callee = resource.map(|r| Callee { operation: r.operation, url: &r.url, wire: &r.wire, mtom: r.mtom });
        callee.or_else(|| {
            let (raw, index) = self.raw_operations.iter().find_map(|raw| Some((raw, raw.plan.filter(|i| named(*i))?)))?;
            let plan = self.program.operations.get(index)?;
            Some(Callee { operation: index, url: &raw.url, wire: &raw.wire, mtom: super::mtom(&self.definition, None, plan) })
        })
    }

    /// Its OpenAPI document. `public_url` is its tenant's, without a slash at the end: `https://api.example.org`.
    ///
    /// # Errors
    /// Where the schemas make it larger than is given out.
    pub fn openapi(&self, version: OpenApiVersion, public_url: &str) -> Result<Bytes, openapi::TooLarge> {
        self.openapi_with(version, public_url, true)
    }

    /// The same of a gateway that has a page on which users log in (`oauth.authorize`), or none. A process asks for one of both.
    ///
    /// # Errors
    /// As [`PublishedApi::openapi`].
    pub fn openapi_with(&self, version: OpenApiVersion, public_url: &str, log_in: bool) -> Result<Bytes, openapi::TooLarge> {
        let slot = &self.described.documents[usize::from(version == OpenApiVersion::V31)];
        if let Some(made) = slot.load_full().filter(|made| made.0 == public_url) {
            return Ok(made.1.clone());
        }
        let bytes = Bytes::from(self.describe(version, public_url, log_in)?.json);
        slot.store(Some(Arc::new((public_url.to_owned(), bytes.clone()))));
        Ok(bytes)
    }

    /// The document, made anew.
    pub(super) fn describe(&self, version: OpenApiVersion, public_url: &str, log_in: bool) -> Result<openapi::Text, openapi::TooLarge> {
        let server = format!("{public_url}{}", self.path());
        let resources: Vec<_> = self.resources.iter().map(PublishedResource::described).collect();
        let examples = super::examples::Examples::new(&self.program);
        let input = openapi::Input {
            definition: &self.definition,
            program: &self.program,
            resources: &resources,
            documentation: self.documentation.as_deref(),
            server: &server,
            issuer: public_url,
            log_in,
            examples: &|index, side| examples.of(index, side),
            outside: &|resource, side, message| self.outside(&examples, resource, side, message),
        };
        openapi::text(&input, version, openapi::MAX_BYTES)
    }
}

impl PublishedResource {
    fn described(&self) -> openapi::Resource {
        let parameter = |p: &Parameter| openapi::Parameter {
            location: p.location.word(),
            name: p.name.clone(),
            pointer: p.pointer.clone(),
            required: p.required,
        };
        let asked = openapi::Asked {
            schemes: self.rules.schemes.iter().map(|s| s.word()).collect(),
            scopes: self.rules.scopes.clone(),
            also: self.sequence.request.outcomes().needed_scopes.into_iter().map(Arc::from).collect(),
            token: self.rules.token.map(|t| t.word()),
        };
        openapi::Resource {
            method: self.method,
            path: self.path.clone(),
            operation: self.operation,
            parameters: self.parameters.iter().map(parameter).collect(),
            body: self.body,
            unwrap: self.unwrap.clone(),
            asked,
            sequence: self.sequence.clone(),
        }
    }
}
