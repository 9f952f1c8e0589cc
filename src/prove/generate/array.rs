//! SOAP encoding, section 5: arrays, and values that stand apart and are referred to.

use super::{Generator, Made, Vertex};
use crate::prove::model::ArrayType;
use crate::prove::tree::{Element, Piece};
use crate::xml::{QName, ns};

/// References in references, at most.
const MAX_APART: usize = 40;

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
        let Some(own) = self.prefixes.lexical(&QName::new(ns::SOAPENC11, "Array")) else {
            return self.stuck("it needs more namespaces than an envelope may declare");
        };
        made.set(ns::XSI, "type", own);
        made.set(ns::SOAPENC11, "arrayType", format!("{item}{brackets}[{}]", size.join(",")));
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

    /// Moves some values apart, as Axis writes them: `<a href="#id1"/>`, and `<multiRef id="id1">` beside the message.
    pub(super) fn refer(&mut self, element: &mut Element, apart: &mut Vec<Element>) {
        for piece in &mut element.content {
            if let Piece::Element(child) = piece {
                self.refer(child, apart);
            }
        }
        let is_struct = element.is_row && !element.content.is_empty();
        let is_plain = element.attributes.iter().all(|(n, _)| n.namespace().is_some());
        if !is_struct || !is_plain || apart.len() >= MAX_APART || !self.choices.percent(50, true) {
            return;
        }
        let id = format!("id{}", apart.len());
        let mut own = Element::new(QName::local_only("multiRef"));
        std::mem::swap(&mut own.attributes, &mut element.attributes);
        std::mem::swap(&mut own.content, &mut element.content);
        own.is_row = true;
        own.set("", "id", id.clone());
        own.set(ns::SOAPENC11, "root", "0");
        element.is_row = false;
        element.set("", "href", format!("#{id}"));
        apart.push(own);
    }
}
