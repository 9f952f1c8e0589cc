//! Pairs of types on their way through two programs: what was found in each, and which pairs it leads to.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{Effect, Kind, Side};
use crate::plan::node::{NameId, Program, TypeId};

/// Pairs of types that are compared.
const MAX_PAIRS: usize = 1_000_000;

/// What differs, with its place below the type or message it was found in.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) place: String,
    pub(super) text: String,
    pub(super) rest: Effect,
    pub(super) soap: Effect,
}

/// What was found of a pair of types, or of a message.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) type_: Option<Arc<str>>,
    pub(super) found: Vec<Found>,
    /// (place, pair)
    pub(super) leads: Vec<(String, usize)>,
}

impl Node {
    pub(super) fn add(&mut self, kind: Kind, place: impl Into<String>, text: impl Into<String>, rest: Effect, soap: Effect) {
        if (rest, soap) != (Effect::None, Effect::None) {
            self.found.push(Found { kind, place: place.into(), text: text.into(), rest, soap });
        }
    }

    /// The same for both faces.
    pub(super) fn both(&mut self, kind: Kind, place: impl Into<String>, text: impl Into<String>, effect: Effect) {
        self.add(kind, place, text, effect, effect);
    }

    /// Is it told already that nobody can rely on it?
    pub(super) fn is_broken(&self) -> bool {
        self.found.iter().any(|f| (f.rest, f.soap) == (Effect::Breaking, Effect::Breaking))
    }
}

/// Which pair: of types, or of everything that wildcards may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pair {
    Types(TypeId, TypeId),
    Wild,
}

/// Two programs side by side.
pub(super) struct Graph<'p> {
    pub(super) old: &'p Program,
    pub(super) new: &'p Program,
    pub(super) nodes: Vec<Node>,
    ids: HashMap<(Pair, Side), usize>,
    pub(super) todo: Vec<(usize, Pair, Side)>,
    /// Old → new, of namespaces whose names were found under the other one.
    pub(super) renamed: BTreeMap<Arc<str>, Arc<str>>,
    /// Those of them that were met.
    pub(super) met: BTreeMap<Arc<str>, Arc<str>>,
    pub(super) exhausted: bool,
}

impl<'p> Graph<'p> {
    pub(super) fn new(old: &'p Program, new: &'p Program) -> Self {
        Self {
            old,
            new,
            nodes: Vec::new(),
            ids: HashMap::new(),
            todo: Vec::new(),
            renamed: super::renamed_namespaces(old, new),
            met: BTreeMap::new(),
            exhausted: false,
        }
    }

    pub(super) fn node(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// The node of a pair; it is looked at later.
    pub(super) fn pair(&mut self, pair: Pair, side: Side) -> usize {
        if let Some(known) = self.ids.get(&(pair, side)) {
            return *known;
        }
        let id = self.node(Node::default());
        self.ids.insert((pair, side), id);
        if self.ids.len() > MAX_PAIRS {
            self.exhausted = true;
        } else {
            self.todo.push((id, pair, side));
        }
        id
    }

    pub(super) fn types(&mut self, old: TypeId, new: TypeId, side: Side) -> usize {
        self.pair(Pair::Types(old, new), side)
    }

    /// Is a name of the old program that name of the new one? Namespaces that were renamed as a whole count as one, and are remembered.
    pub(super) fn same_name(&mut self, old: NameId, new: NameId) -> bool {
        let (old_uri, new_uri) = (self.old.names.uri(self.old.names.namespace(old)), self.new.names.uri(self.new.names.namespace(new)));
        if self.old.names.local(old) != self.new.names.local(new) {
            return false;
        }
        if old_uri == new_uri {
            return true;
        }
        if self.renamed.get(old_uri) == Some(new_uri) {
            self.met.insert(old_uri.clone(), new_uri.clone());
            return true;
        }
        false
    }

    /// Every node that a message leads to, with the shortest way to it.
    pub(super) fn reach(&self, root: usize) -> Vec<(usize, String)> {
        let mut seen = HashSet::from([root]);
        let mut row = std::collections::VecDeque::from([(root, String::new())]);
        let mut reached = Vec::new();
        while let Some((id, way)) = row.pop_front() {
            for (step, next) in self.nodes.get(id).into_iter().flat_map(|n| &n.leads) {
                if seen.insert(*next) {
                    row.push_back((*next, format!("{way}{step}")));
                }
            }
            reached.push((id, way));
        }
        reached
    }
}
