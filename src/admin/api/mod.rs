//! The admin API: a file for each kind of object, with its documents, its operations and who may.

mod apis;
mod applications;
mod audit;
mod certificates;
mod clients;
mod instances;
mod issuers;
mod keys;
mod merge;
mod plans;
mod revisions;
mod seal;
mod secrets;
mod signing;
mod subscriptions;
mod tenants;
mod tokens;
mod trials;
mod updates;
mod users;

pub use merge::Merge;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use utoipa::openapi::ArrayBuilder;
use utoipa::openapi::schema::Schema;

use super::document::{words, words_or_null};
use super::openapi;
use super::problems::member;
use super::route::Routes;
use super::{AdminState, reply};
use crate::auth::{Role, Standing};
use crate::manage::{ManageError, Managed};
use crate::problem::Problem;

/// Who has applications: their own, or all.
const APPLICATIONS: &[Role] = &[Role::Subscriber, Role::Administrator];
/// Administrators.
const ADMINISTRATOR: &[Role] = &[Role::Administrator];
/// Who has to do with APIs.
const PUBLISHER: &[Role] = &[Role::Publisher, Role::Administrator];

pub(super) use self::revisions::Finding;

/// All operations.
pub(super) fn routes() -> Routes {
    let routes = audit::routes(Routes::new());
    let routes = instances::routes(routes);
    let routes = tenants::routes(routes);
    let routes = users::routes(routes);
    let routes = apis::routes(routes);
    let routes = revisions::routes(routes);
    let routes = updates::routes(routes);
    let routes = secrets::routes(routes);
    let routes = seal::routes(routes);
    let routes = trials::routes(routes);
    let routes = plans::routes(routes);
    let routes = applications::routes(routes);
    let routes = subscriptions::routes(routes);
    let routes = keys::routes(routes);
    let routes = clients::routes(routes);
    let routes = certificates::routes(routes);
    let routes = tokens::routes(routes);
    let routes = signing::routes(routes);
    issuers::routes(routes)
}

/// The router of all operations, and of their document.
pub(super) fn router(state: Arc<AdminState>) -> Router {
    let routes = routes();
    let document: Arc<[u8]> = openapi::document(&routes).unwrap_or_default().into_bytes().into();
    let described = move || async move { reply::json(StatusCode::OK, document.to_vec()) };
    routes.into_router().with_state(state).route("/admin/openapi.json", get(described))
}

/// Seconds since 1970 as RFC 3339 writes them.
fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

const STANDINGS: &[&str] = &["active", "blocked"];

/// `active` or `blocked`.
fn standing(word: Option<&str>) -> Managed<Option<Standing>> {
    match word {
        None => Ok(None),
        Some("active") => Ok(Some(Standing::Active)),
        Some("blocked") => Ok(Some(Standing::Blocked)),
        Some(other) => Err(ManageError::not_one_of("standing", STANDINGS, other)),
    }
}

/// The schema of a standing.
fn standing_schema() -> Schema {
    words(STANDINGS).into()
}

/// The schema of a standing to be, or none.
fn standing_change() -> Schema {
    words_or_null(STANDINGS)
}

/// The schema of roles.
fn roles_schema() -> Schema {
    ArrayBuilder::new().items(words(&Role::ALL.map(Role::word))).into()
}

/// The word for it.
fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Blocked => "blocked",
    }
}

/// A time as people write it: `24h`, `90d`, `30 minutes`, `PT1H`.
fn duration(field: &'static str, text: &str) -> Managed<Duration> {
    let wrong = || ManageError::invalid(field, "a time such as `24h` or `90d`, whole seconds", text);
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let whole = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(whole).ok().filter(|d| d.subsec_nanos() == 0).ok_or_else(wrong)
}

/// Refuses a body whose name is another than the one in the address.
fn same_name(name: &str, in_path: &str) -> Result<(), Problem> {
    if name == in_path {
        return Ok(());
    }
    Err(member("name", "the name in the address", name, Some(in_path), "The name does not change.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in
            [("24h", 86_400), ("90d", 90 * 86_400), ("30 minutes", 1_800), ("PT1H", 3_600), ("0s", 0), ("1w", 7 * 86_400)]
        {
            assert_eq!(duration("overlap", text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "24", "soon", "-1h", "1mo", "1ms", "999999999999d"] {
            assert!(duration("overlap", text).is_err(), "{text}");
        }
    }
}
