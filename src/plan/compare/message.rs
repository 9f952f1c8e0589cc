//! Two messages of one operation.

use super::graph::{Graph, Node};
use super::object::below;
use super::{Effect, Kind, Side};
use crate::plan::node::{Body, MessagePlan, Slot};

use Effect::{Breaking, Harmless, None as Unnoticed};

/// Is a part always there, or does it come and go with who gives it?
fn part_of<'s>(slots: &'s [Slot], key: &str) -> Option<&'s Slot> {
    slots.iter().find(|s| *s.key == *key)
}

impl Graph<'_> {
    /// The node of two messages.
    pub(super) fn messages(&mut self, old: &MessagePlan, new: &MessagePlan, side: Side) -> usize {
        let mut node = Node::default();
        if old.encoded != new.encoded {
            let text = if new.encoded { "is SOAP encoded now" } else { "is not SOAP encoded any more" };
            node.add(Kind::Style, "", text, Unnoticed, Breaking);
        }
        self.body(&mut node, &old.body, &new.body, side);
        self.headers(&mut node, old, new, side);
        attachments(&mut node, old, new, side);
        self.node(node)
    }

    fn body(&mut self, node: &mut Node, old: &Body, new: &Body, side: Side) {
        match (old, new) {
            (Body::Empty, Body::Empty) => {}
            (Body::Element(a), Body::Element(b)) => self.slot(node, "", a, b, side),
            (Body::Parts(a), Body::Parts(b)) => self.parts(node, a, b, side),
            (Body::Rpc { wrapper: v, parts: a }, Body::Rpc { wrapper: w, parts: b }) => {
                if !self.same_name(*v, *w) {
                    let text = format!("the wrapper is called {} now", self.new.names.clark(*w));
                    node.add(Kind::Namespace, "", text, Unnoticed, Breaking);
                }
                self.parts(node, a, b, side);
            }
            (Body::Parts(a), Body::Rpc { parts: b, .. }) | (Body::Rpc { parts: a, .. }, Body::Parts(b)) => {
                node.add(Kind::Style, "", "the style changed between document and rpc", Unnoticed, Breaking);
                self.parts(node, a, b, side);
            }
            (Body::Undefined { wrapper: v }, Body::Undefined { wrapper: w }) => {
                let same = match (v, w) {
                    (Some(v), Some(w)) => self.same_name(*v, *w),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                if !same {
                    node.add(Kind::Style, "", "the wrapper changed", Unnoticed, Breaking);
                }
            }
            (Body::Empty | Body::Element(_) | Body::Parts(_) | Body::Rpc { .. } | Body::Undefined { .. }, _) => {
                node.both(Kind::Style, "", "its parts are laid out in another way", Breaking);
            }
        }
    }

    fn parts(&mut self, node: &mut Node, old: &[Slot], new: &[Slot], side: Side) {
        for before in old {
            let place = below("", &before.key);
            match part_of(new, &before.key) {
                Some(now) => self.slot(node, &place, before, now, side),
                None => node.both(Kind::FieldRemoved, &place, "the part is gone", Breaking),
            }
        }
        for now in new.iter().filter(|s| part_of(old, &s.key).is_none()) {
            let place = below("", &now.key);
            match side {
                Side::Request => node.both(Kind::Required, &place, "is a new part and must be given", Breaking),
                Side::Reply => node.both(Kind::FieldAdded, &place, "is a new part", Harmless),
            }
        }
        let order = |slots: &[Slot], others: &[Slot]| -> Vec<String> {
            slots.iter().filter(|s| part_of(others, &s.key).is_some()).map(|s| s.key.to_string()).collect()
        };
        if order(old, new) != order(new, old) {
            node.add(Kind::Order, "", "the order of the parts changed", Unnoticed, Breaking);
        }
    }

    /// Two parts of one name.
    pub(super) fn slot(&mut self, node: &mut Node, place: &str, old: &Slot, new: &Slot, side: Side) {
        if !self.same_name(old.tag, new.tag) {
            let text = format!("the element is called {} and no more {}", self.new.names.clark(new.tag), self.old.names.clark(old.tag));
            node.add(Kind::Namespace, place, text, Unnoticed, Breaking);
        }
        if old.nillable != new.nillable {
            let breaks = new.nillable == (side == Side::Reply);
            let text = if new.nillable { "may be null now" } else { "may not be null any more" };
            node.both(Kind::Nillable, place, text, if breaks { Breaking } else { Harmless });
        }
        if old.members.is_empty() != new.members.is_empty() {
            node.both(Kind::Type, place, "which element stands there is said now, or is not any more", Breaking);
            return;
        }
        for before in &old.members {
            let local = self.old.elements.get(before.index()).map(|e| self.old.names.local(e.name).clone()).unwrap_or_default();
            let is_it = |id: &&crate::plan::node::ElementId| {
                self.new.elements.get(id.index()).is_some_and(|e| *self.new.names.local(e.name) == local)
            };
            match new.members.iter().find(is_it).copied() {
                Some(now) => self.elements(node, &below(place, &local), *before, now, side),
                None if side == Side::Request => {
                    node.both(Kind::FieldRemoved, below(place, &local), "may not stand there any more", Breaking)
                }
                None => node.both(Kind::FieldRemoved, below(place, &local), "does not come any more", Harmless),
            }
        }
        for now in &new.members {
            let local = self.new.elements.get(now.index()).map(|e| self.new.names.local(e.name).clone()).unwrap_or_default();
            let known =
                old.members.iter().any(|id| self.old.elements.get(id.index()).is_some_and(|e| *self.old.names.local(e.name) == local));
            if !known {
                let effect = if side == Side::Reply { Breaking } else { Harmless };
                node.both(Kind::FieldAdded, below(place, &local), "may stand there now", effect);
            }
        }
        match (old.element, new.element) {
            (Some(before), Some(now)) => self.elements(node, place, before, now, side),
            _ => {
                let next = self.types(old.type_, new.type_, side);
                node.leads.push((place.to_owned(), next));
            }
        }
    }

    fn headers(&mut self, node: &mut Node, old: &MessagePlan, new: &MessagePlan, side: Side) {
        let place = |key: &str| below("/$headers", key);
        let fixed = |m: &MessagePlan, key: &str| m.fixed_headers.iter().any(|f| *f.slot.key == *key);
        for before in &old.headers {
            match part_of(&new.headers, &before.key) {
                Some(now) => self.slot(node, &place(&before.key), before, now, side),
                None if fixed(new, &before.key) => {}
                None => node.both(Kind::HeaderRemoved, place(&before.key), "the SOAP header is not declared any more", Breaking),
            }
        }
        for now in new.headers.iter().filter(|h| part_of(&old.headers, &h.key).is_none() && !fixed(old, &h.key)) {
            match side {
                Side::Request => {
                    node.both(Kind::HeaderAdded, place(&now.key), "is a new SOAP header, which callers do not give yet", Breaking);
                }
                Side::Reply => node.both(Kind::HeaderAdded, place(&now.key), "is a new SOAP header", Harmless),
            }
        }
        // The API gives these: raw SOAP callers write them themselves.
        for now in new.fixed_headers.iter().filter(|f| !fixed(old, &f.slot.key) && part_of(&old.headers, &f.slot.key).is_none()) {
            node.add(Kind::HeaderAdded, place(&now.slot.key), "is a new SOAP header, which the API gives", Harmless, Breaking);
        }
        for before in &old.fixed_headers {
            match new.fixed_headers.iter().find(|f| f.slot.key == before.slot.key) {
                Some(now) => {
                    let mut inner = Node::default();
                    self.slot(&mut inner, &place(&before.slot.key), &before.slot, &now.slot, side);
                    // REST callers do not write it.
                    inner.found.iter_mut().for_each(|f| f.rest = Unnoticed);
                    node.found.extend(inner.found);
                }
                None if part_of(&new.headers, &before.slot.key).is_none() => {
                    node.add(Kind::HeaderRemoved, place(&before.slot.key), "the SOAP header is not declared any more", Unnoticed, Breaking);
                }
                None => {}
            }
        }
    }
}

fn attachments(node: &mut Node, old: &MessagePlan, new: &MessagePlan, side: Side) {
    let place = |key: &str| below("/$attachments", key);
    for before in &old.attachments {
        let Some(now) = new.attachments.iter().find(|a| a.key == before.key) else {
            node.both(Kind::AttachmentRemoved, place(&before.key), "the attachment is gone", Breaking);
            continue;
        };
        if before.types != now.types {
            let (sub, sup) = if side == Side::Request { (before, now) } else { (now, before) };
            let any = |t: &str| t == "*/*" || t == "*";
            let wide = sup.types.is_empty() || sup.types.iter().any(|t| any(t));
            let breaks = !wide && (sub.types.is_empty() || sub.types.iter().any(|t| !sup.types.contains(t)))
                // A value of the only type says none; of several it does.
                || before.only_type().is_some() != now.only_type().is_some();
            node.both(Kind::Type, place(&before.key), "its media types changed", if breaks { Breaking } else { Harmless });
        }
    }
    for now in new.attachments.iter().filter(|a| !old.attachments.iter().any(|o| o.key == a.key)) {
        let effect = if side == Side::Request { Breaking } else { Harmless };
        node.both(Kind::AttachmentAdded, place(&now.key), "is a new attachment", effect);
    }
}
