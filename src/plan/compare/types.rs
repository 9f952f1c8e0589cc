//! Two types at one place.

use std::collections::HashMap;
use std::sync::Arc;

use super::graph::{Graph, Node, Pair};
use super::object::{Spot, admits_all, below, fixed};
use super::{Effect, Kind, Side};
use crate::plan::node::{Attribute, ComplexType, Content, Program, SoapArray, Type, TypeBody, TypeId};
use crate::plan::scalar::Scalar;

use Effect::{Breaking, Harmless, None as Unnoticed};

/// Wildcards may meet as many global elements.
const MAX_GLOBALS: usize = 100_000;

impl Graph<'_> {
    /// Looks at every pair that was not looked at yet.
    pub(super) fn work(&mut self) {
        while let Some((id, pair, side)) = self.todo.pop() {
            let mut node = Node::default();
            match pair {
                Pair::Types(old, new) => self.type_pair(&mut node, old, new, side),
                Pair::Wild => self.globals(&mut node, side),
            }
            if let Some(slot) = self.nodes.get_mut(id) {
                *slot = node;
            }
        }
    }

    fn type_pair(&mut self, node: &mut Node, old: TypeId, new: TypeId, side: Side) {
        let (Some(before), Some(now)) = (self.old.types.get(old.index()), self.new.types.get(new.index())) else { return };
        // A built-in type is told by what happened to it.
        node.type_ = (!before.label.is_empty() && !before.label.starts_with("xs:")).then(|| before.label.clone());
        if before.is_abstract != now.is_abstract {
            let (text, breaks) = match now.is_abstract {
                true => ("a derived type must stand in its place now", side == Side::Request),
                false => ("it may stand for itself now, without `$type`", side == Side::Reply),
            };
            node.both(Kind::Abstract, "", text, if breaks { Breaking } else { Harmless });
        }
        self.derived(node, before, now, side);
        self.bodies(node, before, now, side);
    }

    fn bodies(&mut self, node: &mut Node, before: &Type, now: &Type, side: Side) {
        match (&before.body, &now.body) {
            (TypeBody::Complex(a), TypeBody::Complex(b)) => self.complex(node, a, b, side),
            (TypeBody::Generic, TypeBody::Generic) => {
                let next = self.pair(Pair::Wild, side);
                node.leads.push(("/*".to_owned(), next));
            }
            (TypeBody::SoapArray(a), TypeBody::SoapArray(b)) => self.soap_arrays(node, a, b, side),
            (a, b) => match (bare(a), bare(b)) {
                (Some(a), Some(b)) => scalars(node, "", a, b, side),
                (Some(_), None) => node.both(Kind::Type, "", "a simple value became something else", Breaking),
                (None, Some(_)) => node.both(Kind::Type, "", "it became a simple value", Breaking),
                (None, None) => node.both(Kind::Type, "", "its type is of another kind", Breaking),
            },
        }
    }

    /// The types that `$type` may name here.
    fn derived(&mut self, node: &mut Node, before: &Type, now: &Type, side: Side) {
        let labels = |program: &Program, t: &Type| -> HashMap<Arc<str>, TypeId> {
            t.derived.iter().filter_map(|id| Some((program.types.get(id.index())?.label.clone(), *id))).collect()
        };
        let (olds, news) = (labels(self.old, before), labels(self.new, now));
        let mut went: Vec<_> = olds.keys().filter(|l| !news.contains_key(*l)).collect();
        let mut came: Vec<_> = news.keys().filter(|l| !olds.contains_key(*l)).collect();
        went.sort();
        came.sort();
        for label in went {
            let effect = if side == Side::Request { Breaking } else { Harmless };
            node.both(Kind::DerivedRemoved, "", format!("`$type` {label} may not stand in its place any more"), effect);
        }
        for label in came {
            let effect = if side == Side::Reply { Breaking } else { Harmless };
            node.both(Kind::DerivedAdded, "", format!("`$type` {label} may stand in its place now"), effect);
        }
        let mut both: Vec<_> = olds.iter().filter_map(|(label, old)| Some((label, *old, *news.get(label)?))).collect();
        both.sort();
        for (label, old, new) in both {
            let next = self.types(old, new, side);
            node.leads.push((format!("<{label}>"), next));
        }
    }

    fn complex(&mut self, node: &mut Node, a: &ComplexType, b: &ComplexType, side: Side) {
        if let (Some(a), Some(b)) = (bare_content(a), bare_content(b)) {
            return scalars(node, "", a, b, side);
        }
        if bare_content(a).is_some() != bare_content(b).is_some() {
            let text = if bare_content(a).is_some() { "a bare value became an object" } else { "an object became a bare value" };
            node.add(Kind::Type, "", text, Breaking, Unnoticed);
        }
        self.attributes(node, a, b, side);
        match (&a.content, &b.content) {
            (Content::Simple(a), Content::Simple(b)) => scalars(node, "/$value", a, b, side),
            (Content::Elements(old), Content::Elements(new)) => {
                if a.is_flat != b.is_flat {
                    let text = if a.is_flat { "a bare array became an object" } else { "an object became a bare array" };
                    node.add(Kind::Type, "", text, Breaking, Unnoticed);
                }
                self.shapes(node, *old, *new, Spot { around: "", side, ordered: false, depth: 0 });
            }
            (Content::Mixed(old), Content::Mixed(new)) => {
                self.shapes(node, *old, *new, Spot { around: "/$content", side, ordered: true, depth: 0 })
            }
            (Content::Elements(_), Content::Mixed(_)) => node.both(Kind::Type, "", "text may stand between its elements now", Breaking),
            (Content::Mixed(_), Content::Elements(_)) => {
                node.both(Kind::Type, "", "no text stands between its elements any more", Breaking)
            }
            (Content::Simple(_), _) => node.both(Kind::Type, "", "it has elements and no more a value", Breaking),
            (_, Content::Simple(_)) => node.both(Kind::Type, "", "it has a value and no more elements", Breaking),
        }
    }

    fn attributes(&mut self, node: &mut Node, a: &ComplexType, b: &ComplexType, side: Side) {
        let find = |of: &ComplexType, key: &str| of.attributes.iter().position(|x| *x.key == *key);
        for before in &a.attributes {
            let place = below("", &before.key);
            match find(b, &before.key).and_then(|at| b.attributes.get(at)) {
                Some(now) => self.attribute(node, &place, before, now, side),
                None => {
                    let text = if side == Side::Request { "is not taken any more" } else { "does not come any more" };
                    node.both(Kind::FieldRemoved, &place, text, Breaking);
                }
            }
        }
        for now in b.attributes.iter().filter(|x| find(a, &x.key).is_none()) {
            let place = below("", &now.key);
            match side {
                Side::Request if now.required => node.both(Kind::Required, &place, "is new and must be given", Breaking),
                Side::Request if a.any_attribute.is_some() => {
                    node.both(Kind::Wildcard, &place, "was taken as any attribute, and is declared now", Breaking);
                }
                Side::Request | Side::Reply => node.both(Kind::FieldAdded, &place, "is new", Harmless),
            }
        }
        match (&a.any_attribute, &b.any_attribute, side) {
            (None, None, _) => {}
            (Some(_), None, Side::Request) => node.both(Kind::Wildcard, "", "other attributes may not be given any more", Breaking),
            (Some(v), Some(w), Side::Request) if !admits_all(self.old, v, self.new, w) => {
                node.both(Kind::Wildcard, "", "fewer other attributes may be given", Breaking);
            }
            (Some(v), Some(w), _) if admits_all(self.old, v, self.new, w) && admits_all(self.new, w, self.old, v) => {}
            (None, Some(_), _) | (Some(_), _, _) => node.both(Kind::Wildcard, "", "what other attributes it has changed", Harmless),
        }
    }

    fn attribute(&mut self, node: &mut Node, place: &str, before: &Attribute, now: &Attribute, side: Side) {
        if !self.same_name(before.name, now.name) {
            let text = format!("the attribute is called {} now", self.new.names.clark(now.name));
            node.add(Kind::Namespace, place, text, Unnoticed, Breaking);
        }
        if before.required != now.required {
            let (kind, text, breaks) = match now.required {
                true => (Kind::Required, "must be there now", side == Side::Request),
                false => (Kind::Optional, "may be left out now", side == Side::Reply),
            };
            node.both(kind, place, text, if breaks { Breaking } else { Harmless });
        }
        let of = |a: &Attribute| a.fixed.as_ref().map(|f| f.canonical.clone());
        fixed(node, place, of(before).as_ref(), of(now).as_ref(), side);
        if before.default != now.default {
            node.both(Kind::Default, place, "its default changed", Harmless);
        }
        scalars(node, place, &before.scalar, &now.scalar, side);
    }

    fn soap_arrays(&mut self, node: &mut Node, a: &SoapArray, b: &SoapArray, side: Side) {
        if a.ranks != b.ranks {
            node.both(Kind::Type, "", "the dimensions of the array changed", Breaking);
        }
        if a.soap12 != b.soap12 || !self.same_name(a.item_tag, b.item_tag) || !self.same_name(a.item_name, b.item_name) {
            node.add(Kind::Type, "", "the names of the array's members changed", Unnoticed, Breaking);
        }
        let next = self.types(a.item_type, b.item_type, side);
        node.leads.push(("/*".to_owned(), next));
    }

    /// What wildcards may meet: the global elements.
    fn globals(&mut self, node: &mut Node, side: Side) {
        let by_name = |program: &Program| -> HashMap<String, crate::plan::node::ElementId> {
            program.globals.iter().map(|(name, id)| (program.names.clark(*name), *id)).take(MAX_GLOBALS).collect()
        };
        let (olds, news) = (by_name(self.old), by_name(self.new));
        let mut names: Vec<&String> = olds.keys().collect();
        names.sort();
        for name in names {
            let (Some(old), Some(new)) = (olds.get(name), news.get(name)) else {
                if side == Side::Request {
                    node.both(Kind::FieldRemoved, format!("/{name}"), "is not declared any more", Breaking);
                }
                continue;
            };
            self.elements(node, &format!("/{name}"), *old, *new, side);
        }
    }
}

/// The simple type of a value that is bare in JSON.
fn bare(body: &TypeBody) -> Option<&Scalar> {
    match body {
        TypeBody::Simple(scalar) => Some(scalar),
        TypeBody::Complex(complex) => bare_content(complex),
        TypeBody::Generic | TypeBody::SoapArray(_) => None,
    }
}

fn bare_content(complex: &ComplexType) -> Option<&Scalar> {
    match &complex.content {
        Content::Simple(scalar) if complex.attributes.is_empty() && complex.any_attribute.is_none() => Some(scalar),
        Content::Simple(_) | Content::Elements(_) | Content::Mixed(_) => None,
    }
}

/// Two simple types at one place.
pub(super) fn scalars(node: &mut Node, place: &str, before: &Scalar, now: &Scalar, side: Side) {
    let (narrower, wider) = match side {
        Side::Request => (before.beyond(now), now.beyond(before)),
        Side::Reply => (now.beyond(before), before.beyond(now)),
    };
    match side {
        Side::Request => narrower.iter().for_each(|why| node.both(Kind::Narrowed, place, why.clone(), Breaking)),
        Side::Reply if narrower.is_empty() => {}
        Side::Reply => {
            let text = format!("it may be {} and was {}", now.say_with_facets(), before.say_with_facets());
            node.both(Kind::Widened, place, text, Breaking);
        }
    }
    if narrower.is_empty() && !wider.is_empty() {
        let kind = if side == Side::Request { Kind::Widened } else { Kind::Narrowed };
        node.both(kind, place, format!("it is {} and was {}", now.say_with_facets(), before.say_with_facets()), Harmless);
    }
}
