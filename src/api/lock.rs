use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::codes;
use crate::diagnostic::{Diagnostic, SourceId, Span};

/// Names a type in a [`Lock`]: `{ns}Name` (`Name` without a namespace) of a named type; of an anonymous one the way to it from a named
/// component, each step an element's expanded name: `{ns}order/{ns}item`.
pub type TypeKey = String;

/// `api.lock`: what was chosen at import and must never change by itself. Written by `import` and `update` only.
///
/// Names are expanded names as `{ns}local`, `local` without a namespace. A place of an element that stands several times in its type is
/// `{ns}local#2` from the second on. Maps are sorted, so the same lock is always the same text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lock {
    /// The version of this format: 1.
    pub version: u32,
    /// Port type and operation (`Countries/GetCountry`, `Countries/GetCountry#2` for an overload) → the path of its derived resource.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub paths: BTreeMap<String, String>,
    /// Named type → what `$type` calls it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub type_labels: BTreeMap<String, String>,
    /// Port type and operation → declared fault → the name that problem documents give it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fault_names: BTreeMap<String, BTreeMap<String, String>>,
    /// Types that are written as a bare array.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub flattened: BTreeSet<TypeKey>,
    /// Type → element → JSON property.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub element_keys: BTreeMap<TypeKey, BTreeMap<String, String>>,
    /// Type → attribute → JSON property.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attribute_keys: BTreeMap<TypeKey, BTreeMap<String, String>>,
}

impl Lock {
    /// The version of this format that is written.
    pub const VERSION: u32 = 1;

    /// Reads the text of an `api.lock`.
    ///
    /// # Errors
    /// A diagnostic at the place where it cannot be read: of whoever edited it.
    pub fn parse(source: SourceId, text: &str) -> Result<Self, Box<Diagnostic>> {
        let at = |offset: usize| Span { source, start: offset as u32, end: offset as u32 };
        let body = text.strip_prefix(HEADER).unwrap_or(text);
        let lock: Self = serde_json::from_str(body).map_err(|e| {
            let before: usize = body.split_inclusive('\n').take(e.line().saturating_sub(1)).map(str::len).sum();
            let offset = (text.len() - body.len() + before + e.column().saturating_sub(1)).min(text.len());
            let offset = (0..=offset).rev().find(|o| text.is_char_boundary(*o)).unwrap_or(0);
            let message = e.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Box::new(Diagnostic::error(&codes::BAD_LOCK, message).at(at(offset)))
        })?;
        if lock.version != Self::VERSION {
            let message = format!("the version is {}, this Castile reads version {}", lock.version, Self::VERSION);
            return Err(Box::new(Diagnostic::error(&codes::BAD_LOCK, message).at(at(0))));
        }
        Ok(lock)
    }

    /// Its text: JSON with one entry a line (which is YAML too), so that version control shows what changed.
    pub fn to_text(&self) -> String {
        let mut lock = self.clone();
        lock.version = Self::VERSION;
        let json = serde_json::to_string_pretty(&lock).unwrap_or_default();
        format!("{HEADER}{json}\n")
    }

    /// The name of an operation in [`Lock::paths`] and [`Lock::fault_names`].
    pub fn operation_key(port_type: &str, operation: &str, overload: u32) -> String {
        match overload {
            0 => format!("{port_type}/{operation}"),
            n => format!("{port_type}/{operation}#{}", n + 1),
        }
    }
}

const HEADER: &str = "# Written by `castile import`: names that callers rely on. Commit it, do not edit it.\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_comes_back_and_is_always_the_same_text() {
        let mut lock = Lock { version: 1, ..Lock::default() };
        lock.paths.insert(Lock::operation_key("Countries", "GetCountry", 0), "/GetCountry".into());
        lock.paths.insert(Lock::operation_key("Countries", "GetCountry", 1), "/GetCountry2".into());
        lock.flattened.insert("{urn:x}ArrayOfString".into());
        lock.element_keys.entry("{urn:x}order".into()).or_default().insert("{urn:y}id".into(), "y:id".into());
        let text = lock.to_text();
        assert_eq!(Lock::parse(SourceId(0), &text).unwrap(), lock);
        assert_eq!(lock.to_text(), text);
        assert!(text.contains("\"Countries/GetCountry#2\": \"/GetCountry2\""));
    }

    #[test]
    fn an_edited_lock_is_refused_at_its_place() {
        let text = format!("{HEADER}{{\n  \"version\": 1,\n  \"pahts\": {{}}\n}}\n");
        let error = Lock::parse(SourceId(0), &text).unwrap_err();
        assert_eq!(error.code.id, "api.bad-lock");
        let before = &text[..error.span.unwrap().start as usize];
        assert_eq!(before.matches('\n').count(), 3, "{error:?}");
        assert!(Lock::parse(SourceId(0), "{\"version\": 7}").is_err());
    }
}
