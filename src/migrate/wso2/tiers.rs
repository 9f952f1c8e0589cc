//! Throttling tiers: plans of subscriptions, limits of the API.

use crate::api::{ApiDefinition, folder_name};
use crate::migrate::document::At;
use crate::migrate::findings::Findings;

/// The plans that ship with Castile.
const SHIPPED: [&str; 5] = ["tryout", "bronze", "silver", "gold", "unlimited"];

/// Carries plans and the API's own limit.
pub(super) fn carry(from: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    if let Some(at) = from.any(&["policies", "availableTiers"]) {
        for item in at.items() {
            let (name, place) = match item.get("name") {
                Some(name) => (name.text(), name),
                None => (item.text(), item),
            };
            let name = folder_name(&name.unwrap_or_default()).to_ascii_lowercase();
            if name.is_empty() || definition.plans.contains(&name) {
                continue;
            }
            if !SHIPPED.contains(&name.as_str()) {
                let (known, rate) = match quota(item) {
                    Some(rate) => (true, rate),
                    None => (false, "N per minute".to_owned()),
                };
                let text = match known {
                    true => format!("the plan {name} does not ship with Castile"),
                    false => format!("the plan {name} does not ship with Castile, and the archive does not say what it allows"),
                };
                findings.fill_in(Some(place.span()), text, format!("castile plan create {name} --quota \"{rate}\""));
            }
            definition.plans.push(name);
        }
    }
    if let Some(at) = from.any(&["apiThrottlingPolicy", "apiLevelPolicy"]).filter(|at| !at.is_empty()) {
        definition.limits.api = limit(at, "`limits: { api: … }`", findings);
    }
    if let Some(at) = from.get("maxTps").filter(|at| !at.is_empty()) {
        let production = at.get("production").and_then(At::number).filter(|n| *n > 0 && *n < 1_000_000_000);
        match (production, definition.limits.api.is_some()) {
            (Some(calls), false) => definition.limits.api = Some(format!("{calls}/s")),
            _ => findings.lost(Some(at.span()), "calls per second towards the service are not limited beside `limits: { api }`"),
        }
    }
}

/// What a tier of the archive allows: `requestCount` calls in `unitTime` `timeUnit`s.
fn quota(tier: At<'_>) -> Option<String> {
    let calls = tier.any(&["requestCount", "requestsPerMin"])?.number().filter(|n| *n > 0 && *n < u64::from(u32::MAX / 2))?;
    let per_minute = tier.get("requestCount").is_none();
    let unit = match tier.get("timeUnit").and_then(At::text).unwrap_or_default().to_ascii_lowercase().as_str() {
        _ if per_minute => "minute",
        "sec" | "s" => "second",
        "min" | "minute" | "m" => "minute",
        "hour" | "h" => "hour",
        "day" | "days" | "d" => "day",
        _ => return None,
    };
    let units = if per_minute { 1 } else { tier.get("unitTime").and_then(At::number)? };
    (units == 1).then(|| format!("{calls} per {unit}"))
}

/// The rate that the name of a policy says, as Castile writes it: `10KPerMin` is `10000/min`; `None` for no limit.
pub(super) fn limit(at: At<'_>, where_: &str, findings: &mut Findings) -> Option<String> {
    let name = at.text().unwrap_or_default();
    if name.is_empty() || name.eq_ignore_ascii_case("unlimited") {
        return None;
    }
    let rate = named(&name);
    if rate.is_none() {
        let text = format!("the archive does not say what the policy {} allows", name.escape_debug());
        findings.fill_in(Some(at.span()), text, format!("write it as {where_}: a rate such as 50/min"));
    }
    rate
}

/// `10KPerMin`, `500PerSec`; `Gold` and its like as API Manager ships them.
fn named(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "bronze" => return Some("1000/min".to_owned()),
        "silver" => return Some("2000/min".to_owned()),
        "gold" => return Some("5000/min".to_owned()),
        _ => {}
    }
    let (count, unit) = lower.split_once("per")?;
    let (digits, factor) = match count.strip_suffix('k') {
        Some(digits) => (digits, 1_000),
        None => (count, 1),
    };
    let calls: u64 = digits.parse().ok()?;
    let calls = calls.checked_mul(factor).filter(|n| *n > 0 && *n < 1_000_000_000)?;
    let unit = match unit {
        "sec" | "second" => "s",
        "min" | "minute" => "min",
        "hour" => "hour",
        "day" => "day",
        _ => return None,
    };
    Some(format!("{calls}/{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_policies_say_their_rates() {
        assert_eq!(named("10KPerMin").as_deref(), Some("10000/min"));
        assert_eq!(named("500PerSec").as_deref(), Some("500/s"));
        assert_eq!(named("Gold").as_deref(), Some("5000/min"));
        for unknown in ["Custom", "PerMin", "KPerMin", "0PerMin", "99999999999KPerMin", "5PerFortnight"] {
            assert_eq!(named(unknown), None, "{unknown}");
        }
    }
}
