//! `callers`: what is asked of a call before it is read.

use super::write::{Flow, list};
use super::yaml::{File, Node};
use crate::net::address::Cidr;
use crate::net::forwarded::AddressLists;

/// Reads `callers: { allow: […], deny: […] }`.
pub(super) fn callers(file: &mut File<'_>, node: &Node) -> AddressLists {
    let mut fields = file.fields(node);
    let mut lists = AddressLists::default();
    for (key, networks) in [("allow", &mut lists.allow), ("deny", &mut lists.deny)] {
        if let Some(node) = fields.take(key) {
            for item in file.list(node) {
                match file.text(item).map(|t| t.parse::<Cidr>()) {
                    Some(Ok(network)) => networks.push(network),
                    Some(Err(_)) => file.wrong(item, "a network such as 10.0.0.0/8 or fd00::/8, or one address"),
                    None => {}
                }
            }
        }
    }
    fields.end(file);
    lists
}

/// The same as it is written.
pub(super) fn callers_written(lists: &AddressLists) -> String {
    let mut map = Flow::default();
    for (key, networks) in [("allow", &lists.allow), ("deny", &lists.deny)] {
        if !networks.is_empty() {
            map.raw(key, &list(&networks.iter().map(Cidr::to_string).collect::<Vec<_>>()));
        }
    }
    map.end()
}
