//! SOAP encoding, section 5: arrays, and values that stand apart and are referred to.

use std::collections::HashMap;

use super::{Generator, Made, Vertex};
use crate::prove::model::ArrayType;
use crate::prove::tree::{Element, Piece};
use crate::xml::{QName, ns};

/// Values that are referred to, at most.
const MAX_IDS: usize = 40;

impl Generator<'_, '_> {
    /// An array in its own dimensions.
    pub(super) fn array(&mut self, made: &mut Element, array: &ArrayType) -> Made<()> {
        let ranks = array.ranks.clone();
        self.dimension(made, array, &ranks)
    }

    /// The members of one dimension: `ranks` are those of this array, innermost first.
    fn dimension(&mut self, made: &mut Element, array: &ArrayType, ranks: &[usize]) -> Made<()> {
        let (rank, inner) = ranks.split_last().map_or((1, &[][..]), |(r, rest)| (*r, rest));
        let leads = self.leads_on(Some(Vertex::Type(array.item_type)));
        let count = if self.is_spare() { 0 } else { self.choices.below(3) + usize::from(leads) };
        let mut sizes = vec![count];
        sizes.extend((1..rank).map(|_| if count == 0 { 0 } else { 1 + self.choices.below(2) }));
        let total: usize = sizes.iter().product();
        let Some(item) = self.prefixes.lexical(&array.item) else {
            return self.stuck("it needs more namespaces than an envelope may declare");
        };
        let brackets: String = inner.iter().map(|r| format!("[{}]", ",".repeat(r.saturating_sub(1)))).collect();
        let size: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let encoding = if array.soap12 { ns::SOAPENC12 } else { ns::SOAPENC11 };
        let Some(own) = self.prefixes.lexical(&QName::new(encoding, "Array")) else {
            return self.stuck("it needs more namespaces than an envelope may declare");
        };
        made.set(ns::XSI, "type", own);
        if array.soap12 {
            made.set(encoding, "itemType", item);
            made.set(encoding, "arraySize", size.join(" "));
        } else {
            made.set(encoding, "arrayType", format!("{item}{brackets}[{}]", size.join(",")));
        }
        made.is_row = true;
        for _ in 0..total {
            self.left -= 1;
            let mut member = Element::new(array.tag.clone());
            self.depth += 1;
            let filled = if inner.is_empty() {
                self.typed(&mut member, array.item_type, Default::default())
            } else {
                self.dimension(&mut member, array, inner)
            };
            self.depth -= 1;
            filled?;
            made.content.push(Piece::Element(member));
        }
        Ok(())
    }

    /// Gives some values an id and lets others refer to them. SOAP 1.1 as Axis writes it: `<a href="#id1"/>`, and `<multiRef id="id1">` beside
    /// the message; SOAP 1.2 (part 2, 3.1.5) in place: `enc:id`, `enc:ref`. Is something of the element apart or referred to now?
    pub(super) fn refer(&mut self, element: &mut Element, graph: &mut Graph) -> bool {
        let mut is_touched = false;
        for piece in &mut element.content {
            if let Piece::Element(child) = piece {
                is_touched |= self.refer(child, graph);
            }
        }
        let is_struct = element.is_row && !element.content.is_empty();
        let is_plain = element.attributes.iter().all(|(n, _)| n.namespace().is_some());
        if !is_struct || !is_plain || graph.ids >= MAX_IDS {
            return is_touched;
        }
        let type_ = if is_touched { None } else { struct_type(element) };
        if let Some(id) = type_.as_ref().and_then(|t| graph.shared.get(t))
            && self.choices.percent(60, false)
        {
            // One value at two places: of the same type, it is valid at both.
            let id = id.clone();
            *element = Element::new(element.name.clone());
            self.refer_to(element, &id);
            return true;
        }
        if !self.choices.percent(50, true) {
            return is_touched;
        }
        graph.ids += 1;
        let id = format!("id{}", graph.ids);
        if let Some(type_) = type_ {
            graph.shared.insert(type_, id.clone());
        }
        if self.soap12 {
            element.set(ns::SOAPENC12, "id", id);
            return true;
        }
        let mut own = Element::new(QName::local_only("multiRef"));
        std::mem::swap(&mut own.attributes, &mut element.attributes);
        std::mem::swap(&mut own.content, &mut element.content);
        own.is_row = true;
        own.set("", "id", id.clone());
        own.set(ns::SOAPENC11, "root", "0");
        element.is_row = false;
        self.refer_to(element, &id);
        graph.apart.push(own);
        true
    }

    fn refer_to(&self, element: &mut Element, id: &str) {
        if self.soap12 {
            element.set(ns::SOAPENC12, "ref", id);
        } else {
            element.set("", "href", format!("#{id}"));
        }
    }
}

/// Values of one message that are referred to.
#[derive(Default)]
pub(super) struct Graph {
    /// Those that stand beside the message.
    pub(super) apart: Vec<Element>,
    ids: usize,
    /// Of each type a value that holds no reference.
    shared: HashMap<String, String>,
}

/// The type that a struct says, as written: prefixes mean the same everywhere in a message.
fn struct_type(element: &Element) -> Option<String> {
    let is_array = element.attributes.iter().any(|(n, _)| matches!(n.local(), "arrayType" | "itemType"));
    let told = element.attributes.iter().find(|(n, _)| n.namespace() == Some(ns::XSI) && n.local() == "type");
    told.filter(|_| !is_array).map(|(_, text)| text.clone())
}
