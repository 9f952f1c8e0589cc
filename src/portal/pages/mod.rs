//! The pages: a file for each thing that they are about, with its routes and who may.

mod account;
mod api;
mod asset;
mod catalogue;
mod entry;
mod set_up;

use super::route::{Routes, Who};
use crate::manage::Allow;

/// Everybody who has logged in.
const LOGGED_IN: Who = Who::LoggedIn(Allow::Everybody);

/// All of them.
pub(super) fn routes() -> Routes {
    let routes = asset::routes(Routes::default());
    let routes = catalogue::routes(routes);
    let routes = api::routes(routes);
    let routes = entry::routes(routes);
    let routes = set_up::routes(routes);
    account::routes(routes)
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
        assert_eq!((counted(1, "API", "APIs"), counted(0, "API", "APIs")), ("1 API".to_owned(), "0 APIs".to_owned()));
    }
}
