use std::collections::HashMap;

use crate::xml::ns;

/// A namespace name of one document: equal names have equal ids, ids are never reused within a document.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord)]
pub struct NamespaceId(pub u32);

impl NamespaceId {
    /// No namespace.
    pub const NONE: Self = Self(0);
    /// The namespace of the `xml` prefix.
    pub const XML: Self = Self(1);
    /// The namespace of the `xmlns` prefix.
    pub const XMLNS: Self = Self(2);
}

/// A namespace declaration in scope. The prefix is text of [`Namespaces::prefixes`].
#[derive(Clone, Copy, Debug)]
struct Binding {
    prefix_start: u32,
    prefix_end: u32,
    namespace: NamespaceId,
}

/// The namespace names of a document so far, and the declarations in scope at the place where the gate is.
#[derive(Debug, Clone)]
pub struct Namespaces {
    uris: Vec<Box<str>>,
    ids: HashMap<Box<str>, NamespaceId>,
    bindings: Vec<Binding>,
    prefixes: String,
}

impl Namespaces {
    pub(super) fn new() -> Self {
        let uris: Vec<Box<str>> = vec!["".into(), ns::XML.into(), ns::XMLNS.into()];
        let ids = uris.iter().cloned().zip([NamespaceId::NONE, NamespaceId::XML, NamespaceId::XMLNS]).collect();
        Self { uris, ids, bindings: Vec::new(), prefixes: String::new() }
    }

    /// Roughly what a copy takes.
    pub fn size_bytes(&self) -> usize {
        self.uris.iter().map(|u| 2 * u.len() + 64).sum::<usize>() + self.bindings.len() * size_of::<Binding>() + self.prefixes.len()
    }

    /// The namespace name of an id of this document, empty for no namespace (and for an id of another document).
    pub fn uri(&self, id: NamespaceId) -> &str {
        self.uris.get(id.0 as usize).map_or("", |u| u)
    }

    /// The id of a namespace name that this document has declared so far.
    pub fn id(&self, uri: &str) -> Option<NamespaceId> {
        self.ids.get(uri).copied()
    }

    /// What `prefix` means here; the empty prefix is the default namespace, [`NamespaceId::NONE`] if there is none.
    #[inline]
    pub fn resolve(&self, prefix: &str) -> Option<NamespaceId> {
        for binding in self.bindings.iter().rev() {
            if self.prefix(binding) == prefix {
                return Some(binding.namespace);
            }
        }
        match prefix {
            _ if prefix.is_empty() => Some(NamespaceId::NONE),
            "xml" => Some(NamespaceId::XML),
            _ => None,
        }
    }

    /// The namespace name that `prefix` means here; the empty prefix gives the default namespace, empty if there is none.
    pub fn uri_of_prefix(&self, prefix: &str) -> Option<&str> {
        self.resolve(prefix).map(|id| self.uri(id))
    }

    /// The declarations in scope, the innermost first, hidden ones left out. `xml` is not among them; an undeclared default
    /// namespace (`xmlns=""`) is, with [`NamespaceId::NONE`].
    pub fn in_scope(&self) -> impl Iterator<Item = (&str, NamespaceId)> {
        self.bindings.iter().enumerate().rev().filter_map(|(i, b)| {
            let prefix = self.prefix(b);
            let hidden = self.bindings.iter().skip(i + 1).any(|inner| self.prefix(inner) == prefix);
            (!hidden).then_some((prefix, b.namespace))
        })
    }

    /// How many different namespace names the document has, the three built in among them.
    pub(in crate::xml) fn len(&self) -> usize {
        self.uris.len()
    }

    /// How many declarations are in scope, hidden ones too.
    pub(in crate::xml) fn depth(&self) -> usize {
        self.bindings.len()
    }

    /// Adds a declaration to the scope.
    pub(super) fn bind(&mut self, prefix: &str, uri: &str) {
        let namespace = match self.resolve(prefix) {
            Some(id) if self.uri(id) == uri => id,
            _ => self.intern(uri),
        };
        let prefix_start = self.prefixes.len() as u32;
        self.prefixes.push_str(prefix);
        self.bindings.push(Binding { prefix_start, prefix_end: self.prefixes.len() as u32, namespace });
    }

    /// Takes the innermost declarations back until `depth` are left.
    #[inline]
    pub(super) fn unbind(&mut self, depth: usize) {
        if let Some(first) = self.bindings.get(depth) {
            self.prefixes.truncate(first.prefix_start as usize);
            self.bindings.truncate(depth);
        }
    }

    fn intern(&mut self, uri: &str) -> NamespaceId {
        if let Some(id) = self.ids.get(uri) {
            return *id;
        }
        let id = NamespaceId(self.uris.len() as u32);
        self.uris.push(uri.into());
        self.ids.insert(uri.into(), id);
        id
    }

    #[inline]
    fn prefix(&self, binding: &Binding) -> &str {
        self.prefixes.get(binding.prefix_start as usize..binding.prefix_end as usize).unwrap_or("")
    }
}
