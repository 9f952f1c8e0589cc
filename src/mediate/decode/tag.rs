//! Start tags and scopes as the decoder sees them: from the gate, or replayed from a tape.

use std::cell::Cell;

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
    fn scope(&self) -> Scope<'_>;
    /// Its own declarations: prefix and namespace.
    fn declarations(&self) -> impl Iterator<Item = (&str, NamespaceId)> {
        std::iter::empty()
    }

    /// The value of an attribute.
    fn attribute(&self, namespace: &str, local: &str) -> Option<&str> {
        self.attributes().find(|a| a.local == local && self.scope().uri(a.namespace) == namespace).map(|a| a.value)
    }

    /// Was it reached through a reference (SOAP encoding)?
    fn is_reference(&self) -> bool {
        false
    }

    /// Has it an id, so that others may refer to it (SOAP encoding)?
    fn is_target(&self) -> bool {
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

    fn scope(&self) -> Scope<'_> {
        Scope::at(StartTag::scope(self))
    }

    fn declarations(&self) -> impl Iterator<Item = (&str, NamespaceId)> {
        StartTag::declarations(self)
    }
}

/// The declarations in scope at one place.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    names: &'a Namespaces,
    /// Where the place is on a tape, the declarations that were in scope there.
    kept: Option<(&'a Bindings, Place)>,
}

impl<'a> Scope<'a> {
    /// Where the gate is.
    pub(super) fn at(names: &'a Namespaces) -> Self {
        Self { names, kept: None }
    }

    /// Where the tape was recorded; `names` has all namespaces of the document.
    pub(super) fn kept(names: &'a Namespaces, bindings: &'a Bindings, place: Place) -> Self {
        Self { names, kept: Some((bindings, place)) }
    }

    /// All namespaces of the document so far.
    pub(super) fn names(self) -> &'a Namespaces {
        self.names
    }

    /// Prefix and namespace of the declarations, those that are hidden by another before it.
    pub(super) fn declarations(self) -> Vec<(&'a str, NamespaceId)> {
        match self.kept {
            None => self.names.in_scope().collect(),
            Some((bindings, place)) => {
                let mut all: Vec<_> = bindings.in_scope(place).collect();
                all.reverse();
                all
            }
        }
    }

    pub(super) fn uri(self, id: NamespaceId) -> &'a str {
        self.names.uri(id)
    }

    pub(super) fn id(self, uri: &str) -> Option<NamespaceId> {
        self.names.id(uri)
    }

    pub(super) fn uri_of_prefix(self, prefix: &str) -> Option<&'a str> {
        match self.kept {
            None => self.names.uri_of_prefix(prefix),
            Some((bindings, place)) => match bindings.resolve(place, prefix) {
                Some(id) => Some(self.names.uri(id)),
                None if prefix == "xml" => Some(crate::xml::ns::XML),
                None => prefix.is_empty().then_some(""),
            },
        }
    }
}

/// Namespace declarations of a whole message, each knowing the one around it.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    all: Vec<Binding>,
    prefixes: String,
}

/// The innermost declaration at a place; 0 for none, else its number in [`Bindings`] and one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place(pub(super) u32);

#[derive(Debug)]
struct Binding {
    /// Where its prefix begins; it ends where the next one's begins.
    prefix: u32,
    namespace: NamespaceId,
    around: Place,
}

impl Bindings {
    /// Adds a declaration inside `around`; `None` where there are more than four billion bytes of them.
    pub(super) fn bind(&mut self, around: Place, prefix: &str, namespace: NamespaceId) -> Option<Place> {
        let start = u32::try_from(self.prefixes.len()).ok()?;
        self.prefixes.push_str(prefix);
        self.all.push(Binding { prefix: start, namespace, around });
        u32::try_from(self.all.len()).ok().map(Place)
    }

    /// The declarations at a place, the innermost first.
    fn in_scope(&self, place: Place) -> impl Iterator<Item = (&str, NamespaceId)> {
        let mut at = place.0 as usize;
        std::iter::from_fn(move || {
            let binding = at.checked_sub(1).and_then(|i| self.all.get(i))?;
            let end = self.all.get(at).map_or(self.prefixes.len(), |b| b.prefix as usize);
            at = binding.around.0 as usize;
            Some((self.prefixes.get(binding.prefix as usize..end).unwrap_or(""), binding.namespace))
        })
    }

    fn resolve(&self, place: Place, prefix: &str) -> Option<NamespaceId> {
        self.in_scope(place).find(|(known, _)| *known == prefix).map(|(_, namespace)| namespace)
    }
}

/// A scope for QName values, each of which may be as long as its namespace: so many bytes of these at most.
pub(super) struct Bounded<'a> {
    scope: Scope<'a>,
    left: Cell<usize>,
}

impl<'a> Bounded<'a> {
    pub(super) fn new(scope: Scope<'a>, bytes: usize) -> Self {
        Self { scope, left: Cell::new(bytes) }
    }

    /// Was it too much?
    pub(super) fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }
}

impl scalar::Namespaces for Bounded<'_> {
    fn resolve(&self, prefix: &str) -> Option<&str> {
        let uri = self.scope.uri_of_prefix(prefix).filter(|u| !u.is_empty() || prefix.is_empty())?;
        let left = self.left.get().saturating_sub(uri.len());
        self.left.set(left);
        (left > 0).then_some(uri)
    }
}

/// A lexical QName in scope: (namespace, local); `None` where its prefix is not declared.
pub(super) fn read_qname<'a>(text: &'a str, scope: Scope<'a>) -> Option<(&'a str, &'a str)> {
    let (prefix, local) = text.split_once(':').unwrap_or(("", text));
    match scope.uri_of_prefix(prefix) {
        Some(uri) => Some((uri, local)),
        None if prefix.is_empty() => Some(("", local)),
        None => None,
    }
}
