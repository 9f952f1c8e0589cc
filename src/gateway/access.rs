//! May this call happen? Turns a [`RouteMatch`] into a [`Permit`], without which nothing reaches an upstream.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use tokio::time::timeout;

use super::assertion::{self, Assertions, Signer};
use super::issuers::Issuers;
use super::record::Slot;
use super::route::{RouteMatch, Slots};
use super::{Call, Gateway, meter, refusal};
use crate::alarm::{self, Kind};
use crate::auth::{self, Ask, Context, Directory, LogIns, Presented, Refusal, Step, Subscription, Typed};
use crate::catalog::{PublishedApi, Rules, State, Visibility};
use crate::net::fetch::Fetcher;
use crate::net::random::NoRandom;
use crate::problem::{Problem, Reason};
use crate::telemetry::names;
use crate::throttle::{CountState, Limiter};

/// What is remembered between calls about those who make them.
pub(super) struct Desk {
    log_ins: Arc<LogIns>,
    issuers: Issuers,
    assertions: Assertions,
    limiter: Limiter,
}

/// Who calls. A witness: only [`authenticate`] makes it.
#[derive(Debug)]
pub(super) struct Principal(auth::Principal);

/// A call that may happen, with its place among the calls in flight. A witness: only [`permit`] makes it.
pub(super) struct Permit {
    /// What is called.
    pub(super) route: RouteMatch,
    /// Its place; moves to the call's record, so that it is free when the answer has ended.
    pub(super) slot: Option<Slot>,
    /// Header fields by which the SOAP service learns who calls.
    pub(super) told: HeaderMap,
    /// Who gets the same answers: nothing for open APIs, else the caller with all that the SOAP service may tell it apart by.
    pub(super) class: String,
    /// Who calls.
    pub(super) principal: auth::Principal,
}

impl Desk {
    /// Nothing is remembered yet. Without a fetcher no outside issuer's token is good.
    pub(super) fn new(limiter: Limiter, fetcher: Option<Fetcher>) -> Result<Self, NoRandom> {
        Ok(Self { log_ins: LogIns::new()?, issuers: Issuers::new(fetcher), assertions: Assertions::default(), limiter })
    }

    /// Counts failed log-ins together with others.
    pub(super) fn share(&mut self, log_ins: Arc<LogIns>) {
        self.log_ins = log_ins;
    }

    /// How many nodes share the counts.
    pub(super) fn set_nodes(&self, nodes: u32) {
        self.limiter.set_nodes(nodes);
    }

    /// Looks at what no call measures.
    pub(super) fn observe(&self, directory: &Directory, issuer_after: Duration) {
        self.issuers.look(directory, issuer_after);
        metrics::gauge!(names::COUNTERS).set(self.limiter.counters() as f64);
        match self.limiter.state() {
            CountState::Alone => {}
            CountState::Shared => {
                metrics::gauge!(names::COUNTS_SHARED).set(1.0);
                alarm::end(Kind::RedisAway, "");
            }
            CountState::Away => {
                metrics::gauge!(names::COUNTS_SHARED).set(0.0);
                alarm::begin(Kind::RedisAway, "", "Redis is away: this node counts by itself, each limit with its share");
            }
        }
    }
}

/// Asks who calls, by the rules of the resource.
///
/// # Errors
/// 401 where nobody is known by what was presented, 403 where that is blocked.
pub(super) async fn authenticate(gateway: &Gateway, route: &RouteMatch, call: &mut Call<'_>) -> Result<Principal, Problem> {
    // A prototype is callable by everybody.
    if route.api().definition.api.state == State::Prototype {
        return Ok(Principal(auth::Principal::anonymous()));
    }
    by_rules(gateway, route, route.rules(), call).await
}

/// May the caller read the API's documents?
///
/// # Errors
/// As [`authenticate`], and where it is not subscribed.
pub(super) async fn reader(gateway: &Gateway, route: &RouteMatch, call: &mut Call<'_>) -> Result<(), Problem> {
    if route.api().definition.access.visibility == Visibility::Public {
        return Ok(());
    }
    let principal = authenticate(gateway, route, call).await?;
    subscription(route, &principal).map(drop).map_err(|r| refusal::problem(&r, route.rules()))
}

async fn by_rules(gateway: &Gateway, route: &RouteMatch, rules: &Rules, call: &mut Call<'_>) -> Result<Principal, Problem> {
    if rules.is_open() {
        return Ok(Principal(auth::Principal::anonymous()));
    }
    let refused = |r: &Refusal| refusal::problem(r, rules);
    let fields = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let mut presented = Presented::read(fields).map_err(|e| refused(&Refusal::Invalid(e.to_string())))?;
    presented.certificate = call.certificate;
    let principal = known(gateway, route, rules, &presented, (&call.public_url, call.record.caller)).await.map_err(|r| refused(&r))?;
    call.record.application = principal.application.as_ref().map(|a| a.name.clone());
    call.record.application_id = principal.application.as_ref().map(|a| a.id.clone());
    Ok(Principal(principal))
}

/// Who presented that: asks again when keys or a password had to be worked out in between.
async fn known(
    gateway: &Gateway,
    route: &RouteMatch,
    rules: &Rules,
    presented: &Presented,
    (public_url, peer): (&str, IpAddr),
) -> Result<auth::Principal, Refusal> {
    let (desk, callers, tenant) = (&gateway.desk, route.callers(), &*route.api().tenant);
    let issuer: Arc<str> = public_url.into();
    let ask = Ask { tenant, schemes: &rules.schemes, kind: rules.token };
    let none = auth::jwt::KeySet::default();
    let keys = callers.signing.as_ref().map_or(&none, |s| &s.keys);
    let mut fetched = None;
    loop {
        let step = {
            let outside = |i: &auth::Issuer| fetched.clone().or_else(|| desk.issuers.at_hand(i));
            let (directory, pairs) = (&callers.directory, desk.log_ins.pairs());
            auth::authenticate(&ask, presented, &Context { directory, issuer: &issuer, keys, outside: &outside, pairs, now: now() })?
        };
        match step {
            Step::Done(principal) => return Ok(principal),
            Step::Password(check) => {
                let typed = Typed { tenant, name: check.user(), password: &check.password, peer };
                let right = desk.log_ins.check(typed, check.stored.as_deref(), now).await.map_err(Refusal::MustWait)?;
                return check.finish(right, desk.log_ins.pairs(), now());
            }
            Step::Keys(issuer) if fetched.is_none() => {
                fetched = desk.issuers.fetch(&issuer).await;
                if fetched.is_none() {
                    return Err(Refusal::Invalid(format!("the keys of issuer {} are not at hand", issuer.name)));
                }
            }
            Step::Keys(issuer) => return Err(Refusal::Invalid(format!("no key of issuer {} fits", issuer.name))),
        }
    }
}

/// Seconds since 1970, UTC.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn subscription(route: &RouteMatch, principal: &Principal) -> Result<Option<Arc<Subscription>>, Refusal> {
    auth::subscription(&principal.0, &route.api().tenant, &route.api().name, &route.callers().directory)
}

/// Asks whether the caller may call that, counts the call with every limit, and waits for a place among the API's calls in flight. For raw SOAP
/// `operation` are the rules of the resources that its operation has too: whoever calls it this way keeps to them as well.
///
/// # Errors
/// 403 without subscription or scope, 429 at a limit, 503 with 900801 when as many wait already, or none became free in time.
pub(super) async fn permit(
    gateway: &Gateway,
    route: RouteMatch,
    principal: Principal,
    operation: &[Rules],
    call: &mut Call<'_>,
) -> Result<Permit, Problem> {
    let refused = |r: &Refusal| refusal::problem(r, route.rules());
    let subscription = subscription(&route, &principal).map_err(|r| refused(&r))?;
    auth::check_scopes(&principal.0, &route.rules().scopes).map_err(|r| refused(&r))?;
    for rules in operation {
        let asked = by_rules(gateway, &route, rules, call).await?;
        let who = if rules.is_open() { &principal } else { &asked };
        auth::check_scopes(&who.0, &rules.scopes).map_err(|r| refusal::problem(&r, rules))?;
    }
    let who = meter::Who { principal: &principal.0, subscription: subscription.as_deref(), address: call.record.caller };
    let checks = meter::checks(&gateway.desk.limiter, &route, operation, &who)?;
    call.record.plan = subscription.as_ref().map(|s| s.plan.clone());
    // Where it would be turned away in any case it is not counted first.
    if is_full(gateway, &route) {
        return Err(overload());
    }
    let decision = gateway.desk.limiter.decide(&checks).await;
    call.standing = decision.standing();
    meter::passed(&decision, who.subscription)?;
    let told = told(gateway, &route, &principal.0, subscription.as_deref(), call)?;
    let slot = Some(place(gateway, route.slots()).await?);
    let class = class(&principal.0, subscription.as_deref());
    Ok(Permit { route, slot, told, class, principal: principal.0 })
}

fn class(principal: &auth::Principal, subscription: Option<&Subscription>) -> String {
    if principal.scheme == auth::Scheme::None {
        return String::new();
    }
    let application = principal.application.as_ref().map(|a| &a.id);
    let plan = subscription.map(|s| &s.plan);
    format!("{:?} {application:?} {:?} {plan:?} {:?} {:?}", principal.scheme, principal.user, principal.scopes, principal.kind)
}

/// Header fields by which the SOAP service learns who calls: the signed token, and the caller's own `Authorization` for it.
fn told(
    gateway: &Gateway,
    route: &RouteMatch,
    principal: &auth::Principal,
    subscription: Option<&Subscription>,
    call: &Call<'_>,
) -> Result<HeaderMap, Problem> {
    let api: &PublishedApi = route.api();
    let mut told = HeaderMap::new();
    told.extend(signed(gateway, route, api, (principal, subscription), &call.public_url)?);
    if let Some(name) = &route.rules().backend_authorization {
        let mut values = call.headers.get_all(&**name).iter();
        if let Some(value) = values.next() {
            if values.next().is_some() {
                return Err(Problem::new(Reason::BadRequest, 400, format!("The field {name} stands twice.")));
            }
            let mut value: HeaderValue = value.clone();
            value.set_sensitive(true);
            told.insert(AUTHORIZATION, value);
        }
    }
    Ok(told)
}

/// The signed token by which the service of an API learns who calls, where the API wants it.
fn signed(
    gateway: &Gateway,
    route: &RouteMatch,
    api: &PublishedApi,
    (principal, subscription): (&auth::Principal, Option<&Subscription>),
    public_url: &str,
) -> Result<Option<(HeaderName, HeaderValue)>, Problem> {
    let Some(signing) = route.callers().signing.as_ref().filter(|_| api.definition.access.backend_jwt) else { return Ok(None) };
    let issuer: Arc<str> = public_url.into();
    let now = now();
    let by = signing.at(now).map_err(|e| Problem::internal(e.to_string()))?;
    let signer = Signer { key: &by.key, key_id: &by.key_id, issuer: &issuer };
    let token = gateway.desk.assertions.of(signer, api, principal, subscription, now)?;
    Ok(Some((HeaderName::from_static(assertion::FIELD), token)))
}

/// What the service of another API learns of the caller: the token for it. The caller's own credentials are for the API that it called.
///
/// # Errors
/// The token cannot be signed: our own failure.
pub(super) fn told_of(gateway: &Gateway, permit: &Permit, api: &PublishedApi, public_url: &str) -> Result<HeaderMap, Problem> {
    let token = signed(gateway, &permit.route, api, (&permit.principal, None), public_url)?;
    Ok(token.into_iter().collect())
}

/// Are all places taken, and all places to wait in?
fn is_full(gateway: &Gateway, route: &RouteMatch) -> bool {
    let slots = route.slots();
    slots.free.available_permits() == 0 && slots.waiting.load(Ordering::Acquire) >= gateway.config.limits.waiting
}

/// A place among an API's calls in flight.
///
/// # Errors
/// 503: as many wait already, or none became free in time.
pub(super) async fn place(gateway: &Gateway, slots: &Slots) -> Result<Slot, Problem> {
    if let Ok(permit) = slots.free.clone().try_acquire_owned() {
        return Ok(Slot::new(slots.meters.clone(), permit));
    }
    let queued = Queued::enter(&slots.waiting);
    if queued.before >= gateway.config.limits.waiting {
        return Err(overload());
    }
    match timeout(gateway.config.limits.wait, slots.free.clone().acquire_owned()).await {
        Ok(Ok(permit)) => Ok(Slot::new(slots.meters.clone(), permit)),
        Ok(Err(_)) | Err(_) => Err(overload()),
    }
}

fn overload() -> Problem {
    let mut problem = Problem::new(Reason::Overload, 503, "The API is not accepting requests");
    problem.retry_after = Some(1);
    problem.scope = Some("api");
    problem
}

/// One that waits; counted until it no longer does, also when its caller goes away.
struct Queued<'a> {
    waiting: &'a std::sync::atomic::AtomicUsize,
    before: usize,
}

impl<'a> Queued<'a> {
    fn enter(waiting: &'a std::sync::atomic::AtomicUsize) -> Self {
        Self { waiting, before: waiting.fetch_add(1, Ordering::AcqRel) }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
