//! The gateway: callers' requests in, answers out.
//!
//! Comes in: a [`Catalog`] whose snapshots say what is published, connections. Goes out: REST answers, raw
//! SOAP, documents. `Gateway::call` is the whole journey on one screen; a step behind a gate takes the witness of the gate before it
//! and cannot be reached without. Must not know: stores, imports, WSDL. RFC 9110, 9112, 9113.

mod access;
mod answer;
mod assertion;
mod attached;
mod body;
mod breaker;
mod cache;
mod callers;
mod calls;
mod certificates;
mod chunks;
mod cors;
mod documents;
mod door;
mod envelope;
pub mod fault;
mod flight;
mod form;
mod head;
mod issuers;
mod landing;
mod ledger;
mod limits;
mod listener;
mod login;
mod message;
mod meter;
mod meters;
mod operation;
mod passthrough;
mod record;
mod refusal;
mod reply;
mod reserved;
mod respond;
mod rest;
mod retries;
mod route;
mod secure;
mod segments;
mod spool;
mod steps;
mod store;
mod tls;
mod token;
pub mod trace;
mod upstream;
pub mod usage;
mod values;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use http::{HeaderMap, Method, Response, Version};
use hyper::body::Incoming;

pub use landing::Escaped;
pub use listener::{ListenError, Listener};
pub use reserved::{Answering, Concerns, Reserved, ReservedRequest};

use self::body::AnswerBody;
use self::breaker::Breakers;
use self::record::Record;
use self::respond::Speaks;
use self::route::{RouteTable, Target};
use crate::auth::{Certificate, LogIns};
use crate::catalog::{Catalog, Provenance, PublishedApi};
use crate::config::Config;
use crate::net::fetch::Fetcher;
use crate::net::random::NoRandom;
use crate::net::upstream::UpstreamClient;
use crate::problem::Problem;
use crate::telemetry::names;
use crate::throttle::{Limiter, Standing};

/// A caller's body as the HTTP library gives it.
type CallerBody = Incoming;

/// Answers requests by the current snapshot. One for each process; shared by its listeners.
pub struct Gateway {
    config: Config,
    catalog: Arc<Catalog>,
    upstreams: Upstreams,
    routes: ArcSwap<RouteTable>,
    rebuild: Mutex<()>,
    breakers: Breakers,
    attachments: store::Store,
    desk: access::Desk,
    kept: cache::Answers,
    ledger: Arc<ledger::Ledger>,
    certificates: certificates::Certificates,
    values: values::Values,
    logins: login::Logins,
    reserved: Option<Arc<dyn Reserved>>,
    consoles: cors::Consoles,
    usage: Arc<usage::Usage>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

/// Who calls the SOAP services: each with its own addresses and its own connections, so that none is handed from one to the other.
#[derive(Debug, Clone)]
pub struct Upstreams {
    /// For APIs that the operator wrote in files.
    pub files: UpstreamClient,
    /// For APIs that were uploaded.
    pub uploaded: UpstreamClient,
}

impl Upstreams {
    /// Who calls the services of an API.
    fn of(&self, api: &PublishedApi) -> &UpstreamClient {
        match api.provenance {
            Provenance::Files => &self.files,
            Provenance::Uploaded => &self.uploaded,
        }
    }
}

/// One request on its way: what was read of it, and what is written down.
struct Call<'a> {
    method: Method,
    path: &'a str,
    query: Option<&'a str>,
    version: Version,
    headers: &'a HeaderMap,
    body: Option<CallerBody>,
    /// The length that the caller announced.
    announced: Option<u64>,
    /// The gateway's address as the caller shall see it: `https://api.example.org`; where an API was met, that of its tenant.
    public_url: String,
    /// What errors look like.
    speaks: Speaks,
    /// Status of faults for callers that know only one.
    fault_status: Option<u16>,
    /// Fields of the upstream's reply that go to the caller, whatever the answer is.
    returned: HeaderMap,
    /// The client certificate that came with the connection, or by a trusted proxy.
    certificate: Option<Certificate>,
    /// What browsers may read of the API's answers.
    cors: Option<cors::Rules>,
    /// How the caller's limits stand.
    standing: Option<Standing>,
    record: &'a mut Record,
}

impl Gateway {
    /// A gateway over a catalog. `fetcher` gets the keys of outside issuers; without it their tokens are not good.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new(
        config: Config,
        catalog: Arc<Catalog>,
        upstreams: Upstreams,
        limiter: Limiter,
        fetcher: Option<Fetcher>,
    ) -> Result<Self, NoRandom> {
        let routes = ArcSwap::from_pointee(RouteTable::new(catalog.snapshot(), &config.limits, None));
        let kept = cache::Answers::new(config.limits.cache.0);
        let consoles = cors::Consoles::of(&config);
        let breakers = Breakers::new(config.limits.upstream.breaker.clone());
        let gateway = Self {
            kept,
            ledger: ledger::Ledger::new(room(&config)),
            certificates: certificates::Certificates::default(),
            values: values::Values::default(),
            logins: login::Logins::default(),
            breakers,
            config,
            catalog,
            upstreams,
            routes,
            rebuild: Mutex::new(()),
            attachments: store::Store::default(),
            desk: access::Desk::new(limiter, fetcher)?,
            reserved: None,
            consoles,
            usage: Arc::new(usage::Usage::new()),
        };
        gateway.count_snapshot();
        Ok(gateway)
    }

    /// The same, with somebody who answers at addresses that no API may have.
    #[must_use]
    pub fn with_reserved(mut self, reserved: Arc<dyn Reserved>) -> Self {
        self.reserved = Some(reserved);
        self
    }

    /// The same, with failed log-ins counted together with those at other doors.
    #[must_use]
    pub fn with_log_ins(mut self, log_ins: Arc<LogIns>) -> Self {
        self.desk.share(log_ins);
        self
    }

    /// The journey of a call: snapshot › route › who › may › document, raw SOAP, or REST.
    async fn call(&self, call: &mut Call<'_>) -> Result<Response<AnswerBody>, Problem> {
        if let Some(reserved) = self.reserved.as_deref().filter(|r| r.has(call.path)) {
            return reserved::answer(self, reserved, call).await;
        }
        let table = self.table();
        let method = call.method.clone();
        let route = table.find(&method, call.path, |api, cors| call.enter(api, cors))?;
        call.meet(&route);
        if matches!(route.target, Target::Soap | Target::Resource { .. }) {
            self.ledger.admit()?;
        }
        match &route.target {
            Target::Options(allow) => Ok(respond::options(allow)),
            Target::Base => {
                access::reader(self, &route, call).await?;
                documents::base(route.api(), call.query, &call.public_url)
            }
            Target::OpenApi => {
                access::reader(self, &route, call).await?;
                documents::openapi(route.api(), call.query, &call.public_url, self.config.oauth.authorize)
            }
            Target::Soap => {
                let principal = access::authenticate(self, &route, call).await?;
                passthrough::call(self, route, principal, call).await
            }
            Target::Attachment(_) | Target::Resource { .. } => {
                let principal = access::authenticate(self, &route, call).await?;
                let mut permit = access::permit(self, route, principal, &[], call).await?;
                call.record.slot = permit.slot.take();
                match &permit.route.target {
                    Target::Attachment(name) => self.attachments.answer(&permit.route.api().base_path, name),
                    _ => rest::call(self, &permit, call).await,
                }
            }
        }
    }

    /// The routes of this instant's snapshot; made by the first call that meets it.
    fn table(&self) -> Arc<RouteTable> {
        let snapshot = self.catalog.snapshot();
        let table = self.routes.load_full();
        if table.snapshot.number == snapshot.number {
            return table;
        }
        let _one = self.rebuild.lock().unwrap_or_else(PoisonError::into_inner);
        let table = self.routes.load_full();
        let snapshot = self.catalog.snapshot();
        if table.snapshot.number == snapshot.number {
            return table;
        }
        let table = Arc::new(RouteTable::new(snapshot, &self.config.limits, Some(&table)));
        self.routes.store(table.clone());
        self.count_snapshot();
        table
    }

    /// Looks at what no call measures: brings metrics up to date, begins and ends alarms. To be called every second or so.
    pub fn observe(&self) {
        // What is published is counted also where nobody calls.
        let snapshot = self.table().snapshot.clone();
        self.desk.observe(&snapshot.callers.directory, self.config.alarms.issuer_after);
        metrics::gauge!(names::BODIES).set(self.ledger.held() as f64);
        self.certificates.look(&snapshot, self.config.alarms.certificate_seconds());
    }

    /// What was called, for whoever keeps it.
    pub fn usage(&self) -> Arc<usage::Usage> {
        self.usage.clone()
    }

    /// How many nodes share the counts of calls now: see [`Limiter::set_nodes`].
    pub fn set_nodes(&self, nodes: u32) {
        self.desk.set_nodes(nodes);
    }

    fn count_snapshot(&self) {
        let table = self.routes.load();
        metrics::gauge!(names::SNAPSHOT).set(table.snapshot.number as f64);
        metrics::gauge!(names::APIS).set(table.snapshot.apis.len() as f64);
    }
}

/// Bytes that all bodies together may have.
fn room(config: &Config) -> usize {
    /// Where neither settings nor system say what there is.
    const OTHERWISE: u64 = 512 << 20;
    let quarter = || crate::alarm::memory_limit(&config.alarms).unwrap_or(OTHERWISE) / 4;
    usize::try_from(config.limits.bodies.map_or_else(quarter, |b| b.0)).unwrap_or(usize::MAX)
}

impl Call<'_> {
    /// Comes to an API, before anything else is asked: writes down which, and whether it takes calls from there.
    fn enter(&mut self, api: &PublishedApi, cors: Option<&cors::Rules>) -> Result<(), Problem> {
        self.record.tenant = Some(api.tenant.clone());
        self.record.api = Some(api.name.clone());
        self.record.version = Some(api.definition.api.version.clone());
        self.fault_status = api.definition.soap_fault_status;
        self.cors = cors.cloned();
        if api.definition.callers.permits(self.record.caller) {
            return Ok(());
        }
        let base = self.path.trim_end_matches('/');
        if self.method == Method::POST && (*base == *api.base_path || api.default_path.as_deref() == Some(base)) {
            self.speaks = passthrough::speaks(self.headers);
        }
        Err(callers::refused())
    }

    /// Writes down what was met, and how errors will look.
    fn meet(&mut self, route: &route::RouteMatch) {
        self.public_url = crate::auth::tenant_url(&route.callers().directory, &route.api().tenant, &self.public_url).to_string();
        self.record.kind = match &route.target {
            Target::Resource { .. } => "rest",
            Target::Soap => "soap",
            Target::Base | Target::OpenApi | Target::Attachment(_) | Target::Options(_) => "document",
        };
        if matches!(route.target, Target::Soap) {
            self.speaks = passthrough::speaks(self.headers);
        }
    }

    /// The body, for the one who reads it.
    fn take_body(&mut self) -> Result<CallerBody, Problem> {
        self.body.take().ok_or_else(|| Problem::internal("the body was taken twice"))
    }
}
