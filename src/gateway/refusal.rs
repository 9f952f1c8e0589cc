//! Why somebody may not call, as a caller reads it: a stranger learns no more than that the credentials are not good.

use crate::auth::{Refusal, TokenKind};
use crate::catalog::Rules;
use crate::problem::{Problem, Reason};

/// The problem for a refusal. `rules` say which credentials would be taken.
pub(super) fn problem(refusal: &Refusal, rules: &Rules) -> Problem {
    let mut problem = match refusal {
        Refusal::Missing => {
            unauthenticated("900902", "Missing credentials", format!("This resource asks for credentials: {}.", taken(rules)))
        }
        // One text for every token, key and password that is not good, whatever is wrong with it.
        Refusal::Invalid(_) => unauthenticated("900901", "Invalid credentials", String::from("The credentials are not valid.")),
        Refusal::WrongKind(kind) => {
            let text = match kind {
                TokenKind::Application => "This resource asks for a token of an application.",
                TokenKind::ApplicationUser => "This resource asks for a token of a user of an application.",
            };
            unauthenticated("900905", "Wrong kind of token", text.to_owned())
        }
        Refusal::MustWait(wait) => {
            let text = "Too many log-ins failed. Wait before the next.";
            let mut problem =
                titled(Problem::new(Reason::LimitReached, 429, text).with_code("castile.too_many_log_ins"), "Too many failed log-ins");
            problem.retry_after = Some(wait.0);
            problem
        }
        Refusal::Blocked(what) => forbidden("900909", "Blocked", format!("{} is blocked.", capitalized(what))),
        Refusal::NotSubscribed => forbidden("900908", "Not subscribed", String::from("The application is not subscribed to this API.")),
        Refusal::Scope(scopes) => {
            forbidden("900910", "Scope missing", format!("The token has none of the scopes that are asked for: {scopes}."))
        }
    };
    if problem.status == 401 {
        problem.challenges = challenges(refusal, rules);
    }
    problem.with_private(refusal.to_string())
}

fn unauthenticated(code: &'static str, title: &'static str, detail: String) -> Problem {
    titled(Problem::new(Reason::Unauthenticated, 401, detail).with_code(code), title)
}

fn forbidden(code: &'static str, title: &'static str, detail: String) -> Problem {
    titled(Problem::new(Reason::Forbidden, 403, detail).with_code(code), title)
}

fn titled(mut problem: Problem, title: &'static str) -> Problem {
    problem.title = title.into();
    problem
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The schemes in words.
fn taken(rules: &Rules) -> String {
    let words: Vec<&str> = rules.schemes.iter().map(|s| s.word()).collect();
    words.join(" or ")
}

/// What `WWW-Authenticate` says (RFC 9110, section 11.6.1; RFC 6750, section 3).
fn challenges(refusal: &Refusal, rules: &Rules) -> Vec<String> {
    let mut challenges: Vec<String> = Vec::new();
    for challenge in rules.schemes.iter().filter_map(|s| s.challenge()) {
        let text = match refusal {
            Refusal::Missing => challenge.to_owned(),
            _ if challenge.starts_with("Bearer") => format!("{challenge}, error=\"invalid_token\""),
            _ => challenge.to_owned(),
        };
        if !challenges.contains(&text) {
            challenges.push(text);
        }
    }
    challenges
}
