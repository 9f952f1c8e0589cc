use std::fmt;
use std::sync::Arc;

/// An expanded name: namespace name (none for no namespace) and local part. Prefixes do not survive parsing.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QName {
    namespace: Option<Arc<str>>,
    local: Arc<str>,
}

impl QName {
    /// A name in `namespace`; the empty string is no namespace.
    pub fn new(namespace: impl Into<Arc<str>>, local: impl Into<Arc<str>>) -> Self {
        let namespace = namespace.into();
        Self { namespace: (!namespace.is_empty()).then_some(namespace), local: local.into() }
    }

    /// A name in `namespace`, or in none.
    pub fn with_optional(namespace: Option<Arc<str>>, local: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.filter(|n| !n.is_empty()), local: local.into() }
    }

    /// A name in no namespace.
    pub fn local_only(local: impl Into<Arc<str>>) -> Self {
        Self { namespace: None, local: local.into() }
    }

    /// The namespace name, `None` for no namespace.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The namespace name, shared.
    pub fn namespace_arc(&self) -> Option<&Arc<str>> {
        self.namespace.as_ref()
    }

    /// The local part.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The local part, shared.
    pub fn local_arc(&self) -> &Arc<str> {
        &self.local
    }

    /// Is this `local` in `namespace` (empty: none)?
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        &*self.local == local && self.namespace().unwrap_or("") == namespace
    }
}

impl fmt::Display for QName {
    /// `{namespace}local`, or `local` without a namespace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(ns) => write!(f, "{{{ns}}}{}", self.local),
            None => f.write_str(&self.local),
        }
    }
}

impl fmt::Debug for QName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
