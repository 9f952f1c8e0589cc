//! Start tags and scopes as the decoder sees them: from the gate, or replayed from a tape.

use crate::plan::scalar;
use crate::xml::gate::{Attribute, NamespaceId, Namespaces, StartTag};

/// A start tag.
pub(super) trait Tag {
    /// The element's namespace, by the document's numbers.
    fn namespace(&self) -> NamespaceId;
    /// The local part of its name.
    fn local(&self) -> &str;
    /// Its attributes in document order, without namespace declarations.
    fn attributes(&self) -> impl Iterator<Item = Attribute<'_>>;
    /// The declarations in scope inside it.
    fn scope(&self) -> &Namespaces;

    /// The value of an attribute.
    fn attribute(&self, namespace: &str, local: &str) -> Option<&str> {
        self.attributes().find(|a| a.local == local && self.scope().uri(a.namespace) == namespace).map(|a| a.value)
    }

    /// Was it reached through a reference (SOAP encoding)?
    fn is_reference(&self) -> bool {
        false
    }

    /// Does it declare namespaces?
    fn declares(&self) -> bool {
        false
    }

    /// The namespace name, empty for none.
    fn uri(&self) -> &str {
        self.scope().uri(self.namespace())
    }
}

impl Tag for StartTag<'_> {
    fn namespace(&self) -> NamespaceId {
        StartTag::namespace(self)
    }

    fn local(&self) -> &str {
        StartTag::local(self)
    }

    fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        StartTag::attributes(self)
    }

    fn scope(&self) -> &Namespaces {
        StartTag::scope(self)
    }

    fn declares(&self) -> bool {
        self.declarations().len() > 0
    }
}

/// The declarations in scope, for QName values.
pub(super) struct Scope<'a>(pub(super) &'a Namespaces);

impl scalar::Namespaces for Scope<'_> {
    fn resolve(&self, prefix: &str) -> Option<&str> {
        self.0.uri_of_prefix(prefix).filter(|u| !u.is_empty() || prefix.is_empty())
    }
}

/// A lexical QName in scope: (namespace, local); `None` where its prefix is not declared.
pub(super) fn read_qname<'a>(text: &'a str, scope: &'a Namespaces) -> Option<(&'a str, &'a str)> {
    let (prefix, local) = text.split_once(':').unwrap_or(("", text));
    match scope.uri_of_prefix(prefix) {
        Some(uri) => Some((uri, local)),
        None if prefix.is_empty() => Some(("", local)),
        None => None,
    }
}
