//! What an act that was not done is to who asked: problem documents of the product's one shape.

use super::api::Finding;
use crate::json::string_into;
use crate::manage::ManageError;
use crate::problem::{InvalidField, Place, Problem, Reason};
use crate::publish::Failed;

/// Seconds after which a store that is away is worth another try.
const AGAIN: u64 = 1;
/// Seconds after which memory may be free again.
const FREED: u64 = 60;

impl From<ManageError> for Problem {
    fn from(error: ManageError) -> Self {
        let code = error.code();
        let said = |reason, status, title: &'static str| {
            let mut problem = Self::new(reason, status, error.to_string()).with_code(code);
            problem.title = title.into();
            problem
        };
        match &error {
            ManageError::NotFound { nearest, .. } => {
                let mut problem = said(Reason::NoSuchResource, 404, "Not found");
                if let Some(name) = nearest {
                    let mut text = Vec::new();
                    string_into(&mut text, name);
                    problem.member = Some(("nearest", text));
                }
                problem
            }
            ManageError::Invalid { field, expected, found, nearest } => {
                let place = Place::Pointer(format!("/{field}"));
                let field = InvalidField { place, expected: expected.clone(), found: found.clone(), hint: nearest.clone() };
                said(Reason::InvalidRequest, 400, "Invalid request").with_errors(vec![field])
            }
            ManageError::Forbidden(_) => said(Reason::Forbidden, 403, "Forbidden"),
            ManageError::Exists { .. } => said(Reason::InvalidRequest, 409, "Already there"),
            ManageError::InUse { .. } => said(Reason::InvalidRequest, 409, "In use"),
            ManageError::NotOpen { .. } => said(Reason::ApiState, 409, "No new subscriptions"),
            ManageError::NotOffered { .. } => said(Reason::InvalidRequest, 409, "Plan not offered"),
            ManageError::NotGood { findings, .. } => {
                let mut problem = said(Reason::InvalidRequest, 400, "API not good");
                let findings: Vec<_> = findings.iter().map(Finding::from).collect();
                problem.member = serde_json::to_vec(&findings).ok().map(|text| ("errors", text));
                problem
            }
            ManageError::ManagedByFiles { .. } => said(Reason::InvalidRequest, 409, "Managed by files"),
            ManageError::AddressTaken { .. } => said(Reason::InvalidRequest, 409, "Address in use"),
            ManageError::NoOlder { .. } => said(Reason::InvalidRequest, 409, "No older revision"),
            ManageError::Full { .. } => said(Reason::LimitReached, 409, "Limit reached"),
            ManageError::Conflict => said(Reason::InvalidRequest, 409, "Changed meanwhile"),
            ManageError::TooLarge { .. } => said(Reason::TooLarge, 413, "Texts too large"),
            ManageError::NoRoom { .. } => {
                let mut problem = said(Reason::Overload, 503, "No memory for it");
                problem.retry_after = Some(FREED);
                problem
            }
            ManageError::Ended { .. } => {
                let mut problem = said(Reason::Overload, 503, "Texts not read");
                problem.retry_after = Some(AGAIN);
                problem
            }
            ManageError::Store(store) if store.is_transient() => {
                let text = "The store cannot be reached. What was asked for may have been done or not.";
                let mut problem = Self::new(Reason::Overload, 503, text).with_code(code).with_private(store.to_string());
                problem.title = "Store not reachable".into();
                problem.retry_after = Some(AGAIN);
                problem
            }
            ManageError::Store(_) | ManageError::System(_) => Self::internal(error.to_string()),
        }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Manage(error) => error.into(),
            Failed::Call(problem) => *problem,
        }
    }
}

/// Too many log-ins failed.
pub(super) fn must_wait(seconds: u64) -> Problem {
    let text = "Too many log-ins failed. Wait before the next.";
    let mut problem = Problem::new(Reason::LimitReached, 429, text).with_code("castile.too_many_log_ins");
    problem.title = "Too many failed log-ins".into();
    problem.retry_after = Some(seconds);
    problem
}

/// Credentials are missing, or not good: one answer for all that is wrong with them.
pub(super) fn unauthenticated(presented: bool) -> Problem {
    let (code, text) = if presented {
        ("900901", "The credentials are not valid.")
    } else {
        ("900902", "This asks for credentials: a bearer token, or name and password.")
    };
    let mut problem = Problem::new(Reason::Unauthenticated, 401, text).with_code(code);
    problem.challenges = vec!["Bearer realm=\"castile admin\"".to_owned(), "Basic realm=\"castile admin\", charset=\"UTF-8\"".to_owned()];
    problem
}

/// A query parameter that does not fit.
pub(super) fn parameter(name: &str, expected: impl Into<String>, found: &str, hint: Option<&str>) -> Problem {
    misplaced("query", name, expected.into(), found, hint)
}

/// A part of the address that does not fit.
pub(super) fn in_path(name: &str, expected: &str, found: &str) -> Problem {
    misplaced("path", name, expected.to_owned(), found, None)
}

fn misplaced(location: &'static str, name: &str, expected: String, found: &str, hint: Option<&str>) -> Problem {
    let place = Place::Parameter { location, name: shown(name) };
    let text = format!("The parameter `{}` is not {expected}.", shown(name));
    let field = InvalidField { place, expected, found: shown(found), hint: hint.map(str::to_owned) };
    Problem::new(Reason::InvalidRequest, 400, text).with_errors(vec![field])
}

/// A member of the body that does not fit.
pub(super) fn member(name: &str, expected: impl Into<String>, found: &str, hint: Option<&str>, text: String) -> Problem {
    let mut pointer = String::new();
    crate::json::push_pointer(&mut pointer, &shown(name));
    let field =
        InvalidField { place: Place::Pointer(pointer), expected: expected.into(), found: shown(found), hint: hint.map(str::to_owned) };
    Problem::new(Reason::InvalidRequest, 400, text).with_errors(vec![field])
}

/// Other refusals of a request.
pub(super) fn refused(reason: Reason, status: u16, text: impl Into<String>) -> Problem {
    Problem::new(reason, status, text)
}

/// What a caller sent, as it is repeated.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
