//! How often: the limits that a call must keep to, in the order in which they are looked at, and what a caller reads at one that is reached.

use std::net::IpAddr;
use std::sync::Arc;

use super::route::RouteMatch;
use crate::auth::{Principal, Subscription};
use crate::catalog::Rules;
use crate::problem::{Problem, Reason};
use crate::throttle::{Check, Decision, Limit, Limiter, Rate, Refused, Scope, Subject};

/// Whose call is counted.
pub(super) struct Who<'a> {
    /// Who calls.
    pub(super) principal: &'a Principal,
    /// By which subscription.
    pub(super) subscription: Option<&'a Subscription>,
    /// From where.
    pub(super) address: IpAddr,
}

/// Every limit of a call: tenant, API, resource, application, then the plan of its subscription.
///
/// # Errors
/// A plan that the call is made on is gone: what it allows is not known.
pub(super) fn checks(limiter: &Limiter, route: &RouteMatch, operation: &[Rules], who: &Who<'_>) -> Result<Vec<Check>, Problem> {
    let (api, callers) = (route.api(), route.callers());
    let tenant = &*api.tenant;
    let mut checks = Vec::with_capacity(8);
    let mut add = |scope, limit: Option<Limit>, ids: &[&str], address| {
        if let Some(limit) = limit {
            checks.push(limiter.check(scope, limit, &Subject { tenant, ids, address }));
        }
    };
    let per_second = callers.directory.tenant(tenant).and_then(|m| m.itself()).and_then(|t| t.calls_per_second);
    add(Scope::Tenant, per_second.and_then(|n| Rate::per_second(n).ok()).map(Limit::Rate), &[], None);
    add(Scope::Api, api.rules.limit, &[&api.name], None);
    add(Scope::Address, api.per_address, &[&api.name], Some(who.address));
    if let Some(resource) = route.resource() {
        add(Scope::Resource, resource.rules.limit, &[&api.name, resource.method.as_str(), &resource.path], None);
    }
    for (index, rules) in operation.iter().enumerate() {
        add(Scope::Resource, rules.limit, &[&api.name, "raw", &index.to_string()], None);
    }
    let plan = |name: &Arc<str>| callers.plans.get(tenant, name).ok_or_else(|| Problem::internal(format!("the plan {name} is gone")));
    if let Some((application, name)) = who.principal.application.as_ref().and_then(|a| Some((a, a.plan.as_ref()?))) {
        let plan = plan(name)?;
        add(Scope::Application, plan.quota.map(Limit::Quota), &[&application.id], None);
        add(Scope::Application, plan.burst.map(Limit::Rate), &[&application.id], None);
    }
    let (mut of_plan, mut address) = (None, None);
    let mut ids: Vec<&str> = vec![&api.name];
    match (who.subscription, api.definition.plans.first()) {
        (Some(subscription), _) => {
            of_plan = Some(plan(&subscription.plan)?);
            ids.push(&subscription.application);
        }
        // Callers without an application: the API's first plan is each user's, and each address's.
        (None, Some(first)) => {
            of_plan = Some(plan(&first.as_str().into())?);
            match &who.principal.user {
                Some(user) => ids.push(user),
                None => address = Some(who.address),
            }
        }
        (None, None) => {}
    }
    if let Some(plan) = of_plan {
        add(Scope::Subscription, plan.quota.map(Limit::Quota), &ids, address);
        add(Scope::Burst, plan.burst.map(Limit::Rate), &ids, address);
    }
    Ok(checks)
}

/// Turns a refusal into what the caller reads.
///
/// # Errors
/// 429 with the code and the words of the limit that is reached.
pub(super) fn passed(decision: &Decision, subscription: Option<&Subscription>) -> Result<(), Problem> {
    match decision {
        Decision::Allowed(_) => Ok(()),
        Decision::Refused(refused) => Err(reached(refused, subscription)),
    }
}

fn reached(refused: &Refused, subscription: Option<&Subscription>) -> Problem {
    let seconds = refused.retry_after_seconds();
    let allows = |what: &str| format!("{what} allows {}; try again in {seconds} s.", refused.limit);
    let plan = || subscription.map_or_else(|| String::from("The plan"), |s| format!("Plan {}", s.plan));
    let (code, title, detail) = match refused.scope {
        Scope::Tenant => (
            "900850",
            "Organisation limit reached",
            String::from(
                "Your request was blocked due to exceeding the allocated quota. Please contact the API Store owner to resolve this.",
            ),
        ),
        Scope::Api => ("900800", "API limit reached", format!("You have exceeded your quota. {}", allows("The API"))),
        Scope::Address => {
            ("900800", "API limit reached", format!("You have exceeded your quota. {}", allows("The API, for each address,")))
        }
        Scope::Resource => ("900802", "Resource limit reached", format!("You have exceeded your quota. {}", allows("The resource"))),
        Scope::Application => {
            ("900803", "Application limit reached", format!("You have exceeded your quota. {}", allows("The application's plan")))
        }
        Scope::Subscription => ("900804", "Plan limit reached", format!("You have exceeded your quota. {}", allows(&plan()))),
        Scope::Burst => ("900807", "Burst limit reached", format!("You have exceeded your burst limit. {}", allows(&plan()))),
    };
    let mut problem = Problem::new(Reason::LimitReached, 429, detail).with_code(code);
    problem.title = title.into();
    problem.scope = Some(refused.scope.as_str());
    problem.retry_after = Some(seconds);
    problem
}
