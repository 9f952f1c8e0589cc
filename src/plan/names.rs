//! The names that a program speaks of, interned.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::node::{NameId, NamespaceId};

/// Values by the number of a name. The numbers are ours and dense, so that nobody outside can make them collide.
pub type ByName<T> = HashMap<NameId, T, BuildHasherDefault<NumberHasher>>;

/// A hash of numbers that are given out one after the other: one multiplication.
#[derive(Debug, Default, Clone, Copy)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        // Fibonacci hashing: the odd number next to 2^64 divided by the golden ratio spreads neighbours over the high bits.
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// Expanded names, interned.
#[derive(Debug, Default)]
pub struct NameTable {
    /// Namespace names; index 0 is the empty string: no namespace.
    pub namespaces: Vec<Arc<str>>,
    /// Names.
    pub names: Vec<Name>,
    namespace_index: HashMap<Arc<str>, NamespaceId>,
    /// By namespace: local part → name.
    index: Vec<HashMap<Arc<str>, NameId>>,
}

/// An expanded name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// Its namespace.
    pub namespace: NamespaceId,
    /// Its local part.
    pub local: Arc<str>,
}

impl NameTable {
    /// An empty table: namespace 0 is there.
    pub fn new() -> Self {
        let mut t = Self::default();
        t.intern_namespace("");
        t
    }

    /// The id of a namespace name, made if needed.
    pub fn intern_namespace(&mut self, uri: &str) -> NamespaceId {
        if let Some(id) = self.namespace_index.get(uri) {
            return *id;
        }
        let id = NamespaceId(self.namespaces.len() as u32);
        let uri: Arc<str> = uri.into();
        self.namespaces.push(uri.clone());
        self.index.push(HashMap::new());
        self.namespace_index.insert(uri, id);
        id
    }

    /// The id of a name, made if needed.
    pub fn intern(&mut self, uri: &str, local: &str) -> NameId {
        let namespace = self.intern_namespace(uri);
        if let Some(id) = self.find(namespace, local) {
            return id;
        }
        let id = NameId(self.names.len() as u32);
        let local: Arc<str> = local.into();
        self.names.push(Name { namespace, local: local.clone() });
        self.index[namespace.index()].insert(local, id);
        id
    }

    /// The id of a namespace name that some node speaks of.
    pub fn namespace_id(&self, uri: &str) -> Option<NamespaceId> {
        self.namespace_index.get(uri).copied()
    }

    /// The id of a name that some node speaks of.
    pub fn find(&self, namespace: NamespaceId, local: &str) -> Option<NameId> {
        self.index.get(namespace.index())?.get(local).copied()
    }

    /// The local part of a name.
    pub fn local(&self, id: NameId) -> &Arc<str> {
        &self.names[id.index()].local
    }

    /// The namespace of a name.
    pub fn namespace(&self, id: NameId) -> NamespaceId {
        self.names[id.index()].namespace
    }

    /// The namespace name of a namespace; empty for none.
    pub fn uri(&self, id: NamespaceId) -> &Arc<str> {
        &self.namespaces[id.index()]
    }

    /// `{ns}local`, or `local` without a namespace.
    pub fn clark(&self, id: NameId) -> String {
        let name = &self.names[id.index()];
        if name.namespace == NamespaceId::NONE { name.local.to_string() } else { format!("{{{}}}{}", self.uri(name.namespace), name.local) }
    }
}
