//! Namespace declarations in scope, shared by the components that have the same ones.

use super::{Builder, Place};
use crate::schema::model::{PrefixScope, ScopeId};

impl<'d> Builder<'d> {
    /// The declarations in scope at a place: innermost element first, in document order on each.
    pub(in crate::schema) fn scope(&mut self, place: Place<'d>) -> ScopeId {
        // The parser gives equal declarations one address, so that addresses tell scopes apart without reading the texts.
        self.scope_buffer.clear();
        self.scope_buffer.extend(place.node.namespaces().map(|n| std::ptr::from_ref(n) as usize));
        if let Some(id) = self.scope_cache.get(self.scope_buffer.as_slice()) {
            return *id;
        }
        let scope = self.prefixes(place);
        let id = match self.scope_ids.get(&scope) {
            Some(id) => *id,
            None => {
                let id = ScopeId(self.set.scopes.len() as u32);
                self.set.scopes.push(scope.clone());
                self.scope_ids.insert(scope, id);
                id
            }
        };
        self.scope_cache.insert(self.scope_buffer.clone(), id);
        id
    }

    fn prefixes(&mut self, place: Place<'d>) -> PrefixScope {
        prefix_scope(place.node, |text| self.intern(text))
    }
}

/// The declarations in scope of an element, without the built-in `xml`. `xmlns=""` is no declaration.
pub(crate) fn prefix_scope(node: roxmltree::Node<'_, '_>, mut intern: impl FnMut(&str) -> std::sync::Arc<str>) -> PrefixScope {
    PrefixScope(
        node.namespaces()
            .filter(|n| n.name() != Some("xml") && !n.uri().is_empty())
            .map(|n| (intern(n.name().unwrap_or("")), intern(n.uri())))
            .collect(),
    )
}
