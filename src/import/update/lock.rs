//! The lock of an update: every name that there was stays, and what is new is chosen as an import of the new WSDL would.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::api::Lock;

/// `base` has every name that there is, `fresh` every name that an import of the new documents alone would choose. Namespaces that have a
/// new name take theirs along.
pub(super) fn merged(base: &Lock, fresh: &Lock, renamed: &BTreeMap<Arc<str>, Arc<str>>) -> Lock {
    let moved = |key: &String| moved(key, renamed);
    let moved_names = |names: &BTreeMap<String, String>| names.iter().map(|(name, key)| (moved(name), key.clone())).collect();
    let tables = |all: &BTreeMap<String, BTreeMap<String, String>>| all.iter().map(|(k, names)| (moved(k), moved_names(names))).collect();
    let known: BTreeSet<String> = base.element_keys.keys().chain(base.attribute_keys.keys()).map(moved).collect();
    let mut flattened: BTreeSet<String> = base.flattened.iter().map(moved).collect();
    flattened.extend(fresh.flattened.iter().filter(|k| !known.contains(*k)).cloned());
    Lock {
        version: Lock::VERSION,
        paths: paths(base, fresh),
        type_labels: moved_names(&base.type_labels),
        fault_names: base.fault_names.clone(),
        flattened,
        element_keys: tables(&base.element_keys),
        attribute_keys: tables(&base.attribute_keys),
    }
}

/// A key with the new names of its namespaces: `{urn:x:v1}order/{urn:x:v1}item`.
fn moved(key: &str, renamed: &BTreeMap<Arc<str>, Arc<str>>) -> String {
    let mut out = String::with_capacity(key.len());
    let mut rest = key;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((namespace, left)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push('{');
        out.push_str(renamed.get(namespace).map_or(namespace, |n| n));
        out.push('}');
        rest = left;
    }
    out.push_str(rest);
    out
}

/// The paths; those of a port type that has another name now go along with its operations.
fn paths(base: &Lock, fresh: &Lock) -> BTreeMap<String, String> {
    let operation = |key: &str| key.split_once('/').map_or_else(|| key.to_owned(), |(_, o)| o.to_owned());
    let mut paths = base.paths.clone();
    for (key, path) in base.paths.iter().filter(|(key, _)| !fresh.paths.contains_key(*key)) {
        let mut heirs = fresh.paths.keys().filter(|k| operation(k) == operation(key) && !base.paths.contains_key(*k));
        if let (Some(heir), None) = (heirs.next(), heirs.next()) {
            paths.entry(heir.clone()).or_insert_with(|| path.clone());
        }
        paths.remove(key);
    }
    paths
}

/// What an import of the new WSDL alone would choose otherwise, in words.
pub(super) fn kept(fresh: &Lock, now: &Lock) -> Vec<String> {
    let mut kept = Vec::new();
    for (operation, path) in &now.paths {
        if let Some(other) = fresh.paths.get(operation).filter(|p| *p != path) {
            kept.push(format!("{operation} stays at {path}, which a new import would put at {other}"));
        }
    }
    for (name, label) in &now.type_labels {
        let local = name.rsplit('}').next().unwrap_or(name);
        let other = fresh.type_labels.get(name).map_or(local, String::as_str);
        if other != label {
            kept.push(format!("`$type` stays {label}, which a new import would call {other}"));
        }
    }
    for (type_, keys) in &now.element_keys {
        for (element, key) in keys {
            if let Some(other) = fresh.element_keys.get(type_).and_then(|k| k.get(element)).filter(|k| *k != key) {
                kept.push(format!("{key} of {type_} stays, which a new import would call {other}"));
            }
        }
    }
    let both: Vec<&String> = now.flattened.difference(&fresh.flattened).collect();
    kept.extend(both.into_iter().map(|t| format!("{t} stays a bare array")));
    kept.sort();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_take_their_names_along() {
        let renamed = BTreeMap::from([(Arc::from("urn:v1"), Arc::from("urn:v2"))]);
        assert_eq!(moved("/{urn:v1}order/{urn:x}item#2", &renamed), "/{urn:v2}order/{urn:x}item#2");
        assert_eq!(moved("plain", &renamed), "plain");
    }

    #[test]
    fn a_port_type_that_is_called_otherwise_keeps_its_paths() {
        let lock = |paths: &[(&str, &str)]| Lock {
            paths: paths.iter().map(|(k, p)| ((*k).to_owned(), (*p).to_owned())).collect(),
            ..Lock::default()
        };
        let base = lock(&[("Old/Get", "/read"), ("Old/Gone", "/Gone")]);
        let fresh = lock(&[("New/Get", "/Get"), ("New/More", "/More")]);
        assert_eq!(paths(&base, &fresh), lock(&[("New/Get", "/read")]).paths);
    }
}
