//! Two shapes: properties that came, went and changed, and whether what stood together still may.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::counts::{self, Range};
use super::graph::{Graph, Node, Pair};
use super::row::Rows;
use super::{Effect, Kind, Side};
use crate::plan::node::{Admits, ElementId, Place, PlaceKind, Process, Program, Shape, ShapeId, Wildcard};

use Effect::{Breaking, Harmless, None as Unnoticed};

/// Levels of repeated groups that are looked into.
const DEPTH: usize = 32;

/// Which object, of which message.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    /// Where its properties stand below the type.
    pub(super) around: &'a str,
    pub(super) side: Side,
    /// Does the order of its elements count in JSON too?
    pub(super) ordered: bool,
    /// Repeated groups around it.
    pub(super) depth: usize,
}

/// Does `sup` admit whatever `sub` admits, and look at it no closer?
pub(super) fn admits_all(sub_program: &Program, sub: &Wildcard, sup_program: &Program, sup: &Wildcard) -> bool {
    let uri = |program: &Program, n| program.names.uri(n).to_string();
    let strictness = |p| match p {
        Process::Skip => 0,
        Process::Lax => 1,
        Process::Strict => 2,
    };
    let closer = strictness(sup.process) > strictness(sub.process);
    let all = match (&sub.admits, &sup.admits) {
        (_, Admits::Any) => true,
        (Admits::Not(a), Admits::Not(b)) => uri(sub_program, *a) == uri(sup_program, *b),
        (Admits::Namespaces(list), Admits::Not(b)) => {
            list.iter().all(|n| !uri(sub_program, *n).is_empty() && uri(sub_program, *n) != uri(sup_program, *b))
        }
        (Admits::Namespaces(list), Admits::Namespaces(others)) => {
            list.iter().all(|n| others.iter().any(|o| uri(sub_program, *n) == uri(sup_program, *o)))
        }
        (Admits::Name(a), Admits::Name(b)) => sub_program.names.clark(*a) == sup_program.names.clark(*b),
        (Admits::Any | Admits::Not(_) | Admits::Namespaces(_) | Admits::Name(_), _) => false,
    };
    all && !closer
}

impl<'p> Graph<'p> {
    /// Compares two shapes.
    pub(super) fn shapes(&mut self, node: &mut Node, old: ShapeId, new: ShapeId, spot: Spot<'_>) {
        let Spot { around, side, ordered, depth } = spot;
        let (old_shape, new_shape) = match (self.old.shapes.get(old.index()), self.new.shapes.get(new.index())) {
            (Some(old), Some(new)) if depth <= DEPTH => (old, new),
            _ => {
                self.exhausted = true;
                return;
            }
        };
        let mut keys: Vec<&Arc<str>> = Vec::new();
        let mut seen = BTreeSet::new();
        keys.extend(old_shape.places.iter().chain(&new_shape.places).map(|p| &p.key).filter(|k| !k.is_empty() && seen.insert(&***k)));
        for key in keys {
            self.property(node, key, (old_shape, new_shape), spot);
        }
        self.wildcards(node, around, old_shape, new_shape, side);
        self.together(node, around, old_shape, new_shape, side, ordered);
    }

    fn property(&mut self, node: &mut Node, key: &Arc<str>, (old, new): (&'p Shape, &'p Shape), spot: Spot<'_>) {
        let Spot { around, side, depth, .. } = spot;
        let place = below(around, key);
        let of = |shape: &'p Shape| -> Vec<&'p Place> { shape.places.iter().filter(|p| p.key == *key).collect() };
        let (olds, news) = (of(old), of(new));
        let (Some(before), Some(now)) = (olds.first(), news.first()) else {
            self.came_or_went(node, &place, key, old, new, side);
            return;
        };
        ranges(node, &place, side, counts::range(old, key), counts::range(new, key), (before.array, now.array));
        if before.nillable != now.nillable {
            let (text, breaks) = match now.nillable {
                true => ("may be null now", side == Side::Reply),
                false => ("may not be null any more", side == Side::Request),
            };
            node.both(Kind::Nillable, &place, text, if breaks { Breaking } else { Harmless });
        }
        // Of one key in several branches every declaration counts.
        let pairs = olds.iter().map(|o| (*o, *now)).chain(news.iter().skip(1).map(|n| (*before, *n)));
        let item = if before.array && now.array { format!("{place}/*") } else { place.clone() };
        for (before, now) in pairs {
            match (&before.kind, &now.kind) {
                (PlaceKind::Element(a), PlaceKind::Element(b)) => self.elements(node, &item, *a, *b, side),
                (PlaceKind::Items(a), PlaceKind::Items(b)) => {
                    self.shapes(node, *a, *b, Spot { around: &item, side, ordered: false, depth: depth + 1 });
                }
                (PlaceKind::Element(_) | PlaceKind::Items(_) | PlaceKind::Any(_), _) => {
                    node.both(Kind::Type, &place, "an element became a repeated group, or the other way round", Breaking);
                }
            }
        }
    }

    fn came_or_went(&self, node: &mut Node, place: &str, key: &str, old: &Shape, new: &Shape, side: Side) {
        if old.by_key.contains_key(key) {
            let text = match side {
                Side::Request => "is not taken any more",
                Side::Reply => "does not come any more",
            };
            node.both(Kind::FieldRemoved, place, text, Breaking);
            return;
        }
        let required = counts::range(new, key).0 > 0;
        match side {
            Side::Request if required => node.both(Kind::Required, place, "is new and must be given", Breaking),
            Side::Request => node.both(Kind::FieldAdded, place, "is new and may be given", Harmless),
            Side::Reply => node.both(Kind::FieldAdded, place, "is new", Harmless),
        }
        // What callers sent through a wildcard is read by this declaration now.
        let name = new.places.iter().find(|p| *p.key == *key).and_then(|p| match p.kind {
            PlaceKind::Element(e) => self.new.elements.get(e.index()).map(|e| e.name),
            PlaceKind::Items(_) | PlaceKind::Any(_) => None,
        });
        let uri = name.map(|n| self.new.names.uri(self.new.names.namespace(n)));
        let was_wild = |w: &Wildcard| match &w.admits {
            Admits::Any => true,
            Admits::Not(n) => uri.is_some_and(|u| !u.is_empty() && u != self.old.names.uri(*n)),
            Admits::Namespaces(list) => list.iter().any(|n| uri == Some(self.old.names.uri(*n))),
            Admits::Name(n) => name.is_some_and(|name| self.new.names.clark(name) == self.old.names.clark(*n)),
        };
        if side == Side::Request && old.wildcards.iter().any(was_wild) {
            node.both(Kind::Wildcard, place, "was taken as any element, and is declared now", Breaking);
        }
    }

    /// Compares two element declarations at one place.
    pub(super) fn elements(&mut self, node: &mut Node, place: &str, old: ElementId, new: ElementId, side: Side) {
        let (Some(before), Some(now)) = (self.old.elements.get(old.index()), self.new.elements.get(new.index())) else { return };
        if !self.same_name(before.name, now.name) {
            let text =
                format!("the element is called {} and no more {}", self.new.names.clark(now.name), self.old.names.clark(before.name));
            node.add(Kind::Namespace, place, text, Unnoticed, Breaking);
        }
        let (fixed_before, fixed_now) = (before.fixed.as_ref().map(|f| &f.canonical), now.fixed.as_ref().map(|f| &f.canonical));
        fixed(node, place, fixed_before, fixed_now, side);
        if fixed_before.is_none() && fixed_now.is_none() && before.value_if_empty != now.value_if_empty {
            let said = |v: &Option<Arc<str>>| v.as_ref().map_or_else(|| "nothing".to_owned(), |v| format!("`{}`", v.escape_debug()));
            let text = format!("an empty element means {} and no more {}", said(&now.value_if_empty), said(&before.value_if_empty));
            node.both(Kind::Default, place, text, Harmless);
        }
        let next = self.types(before.type_, now.type_, side);
        node.leads.push((place.to_owned(), next));
    }

    fn wildcards(&mut self, node: &mut Node, around: &str, old: &Shape, new: &Shape, side: Side) {
        if old.wildcards.is_empty() && new.wildcards.is_empty() {
            return;
        }
        let (before, now) = (counts::wild_range(old), counts::wild_range(new));
        let own = |shape: &'_ Shape| -> Vec<Wildcard> {
            shape.places.iter().filter_map(|p| if let PlaceKind::Any(w) = &p.kind { Some(w.clone()) } else { None }).collect()
        };
        let (olds, news) = (own(old), own(new));
        let narrower = |sub: Range, sup: Range| sub.0 < sup.0 || sup.1.is_some_and(|most| sub.1.is_none_or(|m| m > most));
        match side {
            Side::Request => {
                let taken = |w: &Wildcard| news.iter().any(|n| admits_all(self.old, w, self.new, n));
                if narrower(before, now) || !olds.iter().all(taken) {
                    node.both(
                        Kind::Wildcard,
                        around,
                        "fewer other elements may be given, or fewer kinds of them, or some must be",
                        Breaking,
                    );
                }
            }
            Side::Reply => {
                let known = |w: &Wildcard| olds.iter().any(|o| admits_all(self.new, w, self.old, o));
                if narrower(now, before) || !news.iter().all(known) {
                    node.both(Kind::Wildcard, around, "other elements may come", Harmless);
                }
            }
        }
        if !olds.is_empty() && !news.is_empty() {
            let next = self.pair(Pair::Wild, side);
            node.leads.push((below(around, "*"), next));
        }
    }

    /// May what stood together still stand together, and in the same order?
    fn together(&mut self, node: &mut Node, around: &str, old: &'p Shape, new: &'p Shape, side: Side, ordered: bool) {
        if node.is_broken() || (Rows { graph: self, side }).fit(old, new) {
            return;
        }
        if ordered {
            node.both(Kind::Order, around, "the order of its elements, or which of them stand together, changed", Breaking);
            return;
        }
        let known = |key: &str| side == Side::Request || old.by_key.contains_key(key);
        let sets = (counts::boxes(old, &known), counts::boxes(new, &known));
        let holds = match (sets, side) {
            ((Some(old), Some(new)), Side::Request) => counts::inside(&old, &new),
            ((Some(old), Some(new)), Side::Reply) => counts::inside(&new, &old),
            _ => None,
        };
        match holds {
            Some(true) => node.add(Kind::Order, around, "the order of its elements changed", Unnoticed, Breaking),
            Some(false) => node.both(Kind::Choice, around, "which of its properties stand together changed", Breaking),
            None => node.both(Kind::Choice, around, "its content model changed in a way that is too large to follow", Breaking),
        }
    }
}

/// A fixed value that came, went or changed.
pub(super) fn fixed(node: &mut Node, place: &str, before: Option<&Arc<str>>, now: Option<&Arc<str>>, side: Side) {
    if before == now {
        return;
    }
    let (text, breaks) = match (before, now) {
        (_, Some(value)) => (format!("its value must be `{}` now", value.escape_debug()), side == Side::Request || before.is_some()),
        (_, None) => ("its value is not fixed any more".to_owned(), side == Side::Reply),
    };
    node.both(Kind::Fixed, place, text, if breaks { Breaking } else { Harmless });
}

/// How often a property may stand.
fn ranges(node: &mut Node, place: &str, side: Side, before: Range, now: Range, array: (bool, bool)) {
    if array.0 != array.1 {
        let text = if array.1 { "became an array" } else { "is not an array any more" };
        // In SOAP a lone element and the only one of several look the same.
        let soap = match side {
            Side::Request if array.1 => Harmless,
            Side::Request => Breaking,
            Side::Reply if array.1 => Breaking,
            Side::Reply => Harmless,
        };
        node.add(Kind::Cardinality, place, text, Breaking, soap);
    }
    if before.0 != now.0 {
        let times = |n: u32| if n == 1 { "once".to_owned() } else { format!("{n} times") };
        let (kind, text) = match (before.0, now.0) {
            (_, 0) => (Kind::Optional, "may be left out now".to_owned()),
            (0, 1) => (Kind::Required, "must be there now".to_owned()),
            (_, n) => (Kind::Cardinality, format!("must be there at least {} and no more {}", times(n), times(before.0))),
        };
        let breaks = match side {
            Side::Request => now.0 > before.0,
            Side::Reply => now.0 < before.0,
        };
        node.both(kind, place, text, if breaks { Breaking } else { Harmless });
    }
    if before.1 != now.1 {
        let wider = now.1.is_none_or(|n| before.1.is_some_and(|b| n > b));
        let said = |n: Option<u32>| match n {
            None => "any number of times".to_owned(),
            Some(1) => "once".to_owned(),
            Some(n) => format!("{n} times"),
        };
        let breaks = match side {
            Side::Request => !wider,
            Side::Reply => wider,
        };
        if array.0 == array.1 {
            let text = format!("may stand {} at most, and was {}", said(now.1), said(before.1));
            node.both(Kind::Cardinality, place, text, if breaks { Breaking } else { Harmless });
        }
    }
}

/// A place one level down; keys escaped as in JSON pointers.
pub(super) fn below(around: &str, key: &str) -> String {
    let mut place = around.to_owned();
    crate::json::push_pointer(&mut place, key);
    place
}
