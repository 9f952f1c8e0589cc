//! `castile postman` and `castile jmeter`: calls of an API for the tools of others, with the examples of its OpenAPI document.

use super::args::Global;
use super::{Exit, Outcome, Screen, documents, target};
use crate::handout::Handout;

/// What is described.
#[derive(Debug, clap::Args)]
pub(super) struct Plan {
    /// The name of an API, or a WSDL
    #[arg(value_name = "API|WSDL")]
    target: String,
}

/// What JMeter does.
#[derive(Debug, clap::Args)]
pub(super) struct Jmeter {
    #[command(flatten)]
    plan: Plan,
    /// The resource, by its operation's name [default: the first]
    #[arg(long, value_name = "OP")]
    operation: Option<String>,
    /// How many calls, one after the other
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    calls: u32,
}

fn described(screen: &Screen, global: &Global, plan: &Plan) -> Outcome<Handout> {
    let api = target::api(screen, global, &plan.target)?;
    Handout::of(&api, &documents::public_url(screen, global)?).map_err(|e| {
        screen.error(&e);
        Exit::Problem
    })
}

/// Prints a Postman collection.
pub(super) fn postman(screen: &Screen, global: &Global, plan: &Plan) -> Outcome {
    let api = described(screen, global, plan)?;
    Ok(screen.answer(api.postman().as_bytes()))
}

/// Prints a JMeter plan.
pub(super) fn jmeter(screen: &Screen, global: &Global, args: &Jmeter) -> Outcome {
    let api = described(screen, global, &args.plan)?;
    if let Some(name) = args.operation.as_deref().filter(|name| api.names().all(|n| n != *name)) {
        let hint = crate::diagnostic::nearest(name, api.names()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        return Err(screen.usage(&format!("there is no such resource{hint}")));
    }
    match api.jmeter(args.operation.as_deref(), args.calls) {
        Some(plan) => Ok(screen.answer(plan.as_bytes())),
        None => Err(screen.usage("there is no resource, or the gateway's address cannot be read")),
    }
}
