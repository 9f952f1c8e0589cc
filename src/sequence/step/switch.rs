//! `switch: { value: "body.kind", cases: { A: […], B: […] }, default: […] }`: the steps below the value's text.

use super::exchange::{Exchange, Stop};
use super::reader::Reader;
use super::{Block, Next};
use crate::sequence::expr::Expr;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Switch {
    pub(super) value: Expr,
    pub(super) cases: Vec<(Box<str>, Block)>,
    pub(super) otherwise: Block,
}

impl Switch {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let value = given.need(reader.file, "value");
        let cases = given.need(reader.file, "cases");
        let otherwise = given.take("default");
        given.end(reader.file);
        let value = value.and_then(|n| reader.value(n));
        let entries = reader.file.entries(cases?);
        if value.as_ref().is_some_and(Expr::is_fault_name) {
            for (name, key, _) in &entries {
                let span = reader.file.span(key);
                reader.asks_for_fault(name, span);
            }
        }
        let cases = entries.into_iter().map(|(text, _, steps)| (text.into(), reader.inner(steps))).collect();
        let otherwise = otherwise.map(|n| reader.inner(n)).unwrap_or_default();
        Some(Self { value: value?, cases, otherwise })
    }

    pub(super) fn run(&self, exchange: &Exchange) -> Result<Next, Stop> {
        let text = self.value.text(exchange, exchange.budget())?;
        exchange.budget().spend(self.cases.len())?;
        let case = text.and_then(|t| self.cases.iter().find(|(case, _)| **case == *t));
        Ok(Next::Into(case.map_or(&self.otherwise, |(_, steps)| steps).clone()))
    }
}
