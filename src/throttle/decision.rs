//! What is asked of a limiter, and what it says.

use std::fmt;
use std::time::Duration;

use super::key::Key;
use super::limit::Limit;

/// Whose limit it is: the word for `scope` in problems and the name in the RateLimit fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// An organisation's calls.
    Tenant,
    /// All calls of an API.
    Api,
    /// All calls of a resource.
    Resource,
    /// All calls of an application.
    Application,
    /// An application's calls under its subscription: the plan's quota.
    Subscription,
    /// The plan's burst.
    Burst,
    /// The calls of an address.
    Address,
}

impl Scope {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Api => "api",
            Self::Resource => "resource",
            Self::Application => "application",
            Self::Subscription => "subscription",
            Self::Burst => "burst",
            Self::Address => "address",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One limit that a call must keep to. Made by [`super::Limiter::check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Whose limit it is.
    pub scope: Scope,
    /// How much.
    pub limit: Limit,
    /// What is counted together.
    pub(super) key: Key,
}

/// What a limiter says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Every limit lets it pass; it is counted with each.
    Allowed(Allowed),
    /// At least one does not; it is counted nowhere.
    Refused(Refused),
}

/// A call that passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The limit that is closest to its end, this call counted; none where nothing was checked. See [`Standing`].
    pub standing: Option<Standing>,
}

/// A call that does not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which of the checks: the first, in the order in which they were given, that does not let it pass.
    pub index: usize,
    /// Whose limit that is.
    pub scope: Scope,
    /// That limit.
    pub limit: Limit,
    /// The earliest time at which the same call would pass *all* its limits if nobody else calls. More than zero.
    pub retry_after: Duration,
    /// The RateLimit fields.
    pub standing: Standing,
}

/// Where a limit stands after a call: what the RateLimit fields say.
///
/// Of the limits of a call that passes it is the quota that has the fewest calls left; a rate only where there is no quota, because it
/// is whole again before a caller could plan by it. Of a call that is refused it is the limit that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whose limit it is.
    pub scope: Scope,
    /// How much.
    pub limit: Limit,
    /// Calls that it still lets pass now.
    pub remaining: u32,
    /// Until it lets one more pass than now.
    pub reset: Duration,
}

impl Standing {
    /// The value of the `RateLimit` field (draft-ietf-httpapi-ratelimit-headers-10, section 4): `"subscription";r=19;t=42`, where `r` are the calls
    /// that are left and `t` the seconds until more are, rounded up.
    pub fn rate_limit(&self) -> String {
        format!("\"{}\";r={};t={}", self.scope, self.remaining, seconds_up(self.reset))
    }

    /// The value of the `RateLimit-Policy` field (the same, section 3): `"subscription";q=20;w=60`, where `w` is the window in seconds.
    pub fn policy(&self) -> String {
        format!("\"{}\";q={};w={}", self.scope, self.limit.calls(), self.limit.window().as_secs())
    }

    /// Which of the two shall a caller read?
    fn or(self, other: Self) -> Self {
        let rank = |s: &Self| (matches!(s.limit, Limit::Rate(_)), s.remaining, std::cmp::Reverse(s.reset));
        if rank(&other) < rank(&self) { other } else { self }
    }
}

impl Decision {
    /// Does the call pass?
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// What the RateLimit fields say; none where nothing was checked.
    pub fn standing(&self) -> Option<Standing> {
        match self {
            Self::Allowed(allowed) => allowed.standing,
            Self::Refused(refused) => Some(refused.standing),
        }
    }

    /// The decision that follows from what was found for each check, in their order. A refusal anywhere refuses.
    pub(super) fn from_findings(checks: &[Check], findings: impl Iterator<Item = Finding>) -> Self {
        let mut standing: Option<Standing> = None;
        let mut refused: Option<Refused> = None;
        for (index, (check, finding)) in checks.iter().zip(findings).enumerate() {
            let Check { scope, limit, .. } = *check;
            match finding {
                Finding::Free { remaining, reset } => {
                    let this = Standing { scope, limit, remaining, reset };
                    standing = Some(standing.map_or(this, |s| s.or(this)));
                }
                Finding::Full { wait } => match &mut refused {
                    // The call waits for the slowest of its limits.
                    Some(first) => first.retry_after = first.retry_after.max(wait),
                    None => {
                        let standing = Standing { scope, limit, remaining: 0, reset: wait };
                        refused = Some(Refused { index, scope, limit, retry_after: wait, standing });
                    }
                },
            }
        }
        refused.map_or(Self::Allowed(Allowed { standing }), Self::Refused)
    }
}

/// What one limit says of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// It lets it pass; how it stands then.
    Free { remaining: u32, reset: Duration },
    /// It does not, for so long.
    Full { wait: Duration },
}

impl Refused {
    /// `Retry-After`: [`Refused::retry_after`] in whole seconds, rounded up, from 1.
    pub fn retry_after_seconds(&self) -> u64 {
        seconds_up(self.retry_after)
    }
}

fn seconds_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scope: Scope, limit: &str) -> Check {
        Check { scope, limit: limit.parse().unwrap(), key: Key::default() }
    }

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_limit_that_is_full_is_named_and_the_longest_wait_is_told() {
        let checks = [check(Scope::Tenant, "9/s"), check(Scope::Api, "20/min"), check(Scope::Application, "20/min")];
        let findings = [Finding::Free { remaining: 1, reset: S }, Finding::Full { wait: S }, Finding::Full { wait: 7 * S }];
        let Decision::Refused(refused) = Decision::from_findings(&checks, findings.into_iter()) else { panic!() };
        assert_eq!((refused.index, refused.scope, refused.retry_after), (1, Scope::Api, 7 * S));
        assert_eq!(refused.standing.rate_limit(), r#""api";r=0;t=1"#);
    }

    #[test]
    fn the_fields_tell_of_the_quota_that_is_closest_to_its_end() {
        let checks = [check(Scope::Tenant, "9/s"), check(Scope::Api, "900/h"), check(Scope::Subscription, "20/min")];
        let reset = Duration::from_millis(41_001);
        let findings = [3, 700, 19].map(|remaining| Finding::Free { remaining, reset });
        let standing = Decision::from_findings(&checks, findings.into_iter()).standing().unwrap();
        assert_eq!(standing.rate_limit(), r#""subscription";r=19;t=42"#);
        assert_eq!(standing.policy(), r#""subscription";q=20;w=60"#);
        let rate = Decision::from_findings(&checks[..1], findings.into_iter()).standing().unwrap();
        assert_eq!(rate.policy(), r#""tenant";q=9;w=1"#);
        assert_eq!(Decision::from_findings(&[], findings.into_iter()).standing(), None);
    }
}
