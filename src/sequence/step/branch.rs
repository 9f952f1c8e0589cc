//! `if: { when: "…", then: […], else: […] }`

use super::exchange::{Exchange, Stop};
use super::reader::Reader;
use super::{Block, Next};
use crate::sequence::expr::Expr;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct If {
    pub(super) when: Expr,
    pub(super) then: Block,
    pub(super) otherwise: Block,
}

impl If {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let when = given.need(reader.file, "when");
        let then = given.need(reader.file, "then");
        let otherwise = given.take("else");
        given.end(reader.file);
        let when = when.and_then(|n| reader.condition(n));
        let then = then.map(|n| reader.inner(n));
        let otherwise = otherwise.map(|n| reader.inner(n)).unwrap_or_default();
        Some(Self { when: when?, then: then?, otherwise })
    }

    pub(super) fn run(&self, exchange: &Exchange) -> Result<Next, Stop> {
        let holds = self.when.holds(exchange, exchange.budget())?;
        Ok(Next::Into(if holds { self.then.clone() } else { self.otherwise.clone() }))
    }
}
