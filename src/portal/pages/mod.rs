//! The pages: a file for each thing that they are about, with its routes and who may.

mod account;
mod admin;
mod api;
mod applications;
mod asset;
mod catalogue;
mod code;
mod console;
mod credentials;
mod downloads;
mod entry;
mod publish;
mod reference;
mod set_up;
mod subscriptions;
mod usage;

use super::route::{Routes, Who};
use crate::auth::Role;
use crate::catalog::PublishedApi;
use crate::manage::Allow;
use crate::throttle::Plan;

/// Everybody who has logged in.
const LOGGED_IN: Who = Who::LoggedIn(Allow::Everybody);

/// Who has applications: their own, or all.
const APPLICATIONS: Who = Who::LoggedIn(Allow::Roles(&[Role::Subscriber, Role::Administrator]));

/// All of them.
pub(super) fn routes() -> Routes {
    let routes = asset::routes(Routes::default());
    let routes = catalogue::routes(routes);
    let routes = api::routes(routes);
    let routes = code::routes(routes);
    let routes = console::routes(routes);
    let routes = downloads::routes(routes);
    let routes = reference::routes(routes);
    let routes = usage::routes(routes);
    let routes = entry::routes(routes);
    let routes = set_up::routes(routes);
    let routes = account::routes(routes);
    let routes = applications::routes(routes);
    let routes = credentials::routes(routes);
    let routes = subscriptions::routes(routes);
    let routes = publish::routes(routes);
    admin::routes(routes)
}

/// The plans that an API is offered on, of those that there are.
fn offered<'a>(api: &'a PublishedApi, plans: &'a [Plan]) -> impl Iterator<Item = &'a Plan> {
    let offered = &api.definition.plans;
    plans.iter().filter(move |plan| offered.is_empty() || offered.iter().any(|o| **o == *plan.name))
}

/// A day, of seconds since 1970: `2026-01-31`.
fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().strftime("%Y-%m-%d").to_string()
}

/// A minute: `2026-01-31 23:59`, UTC.
fn minute(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().strftime("%Y-%m-%d %H:%M").to_string()
}

/// So many of something, in words: `1 call`, `2 calls`.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The beginning of a text on one line.
fn beginning(text: &str, chars: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(chars) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default().trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_begin_where_they_begin() {
        assert_eq!(beginning(" a\n  b\u{e4}c ", 5), "a b\u{e4}c");
        assert_eq!(beginning("a b\u{e4}c", 4), "a b\u{e4}…");
        assert_eq!((day(1_800_000_000), minute(0)), ("2027-01-15".to_owned(), "1970-01-01 00:00".to_owned()));
        assert_eq!((counted(1, "API", "APIs"), counted(0, "API", "APIs")), ("1 API".to_owned(), "0 APIs".to_owned()));
    }
}
