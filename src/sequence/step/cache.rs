//! `cache: { name: session, key: …, lifetime: 20m, fill: […], value: "{{ calls.login.id }}" }`: a value that is kept from call to call, as
//! `properties.session`. Where none is kept the steps below `fill` make it, in one call at a time.

use std::time::Duration;

use super::content::Content;
use super::exchange::{Exchange, FaultFacts, Stop};
use super::reader::Reader;
use super::{Block, Next};
use crate::diagnostic::Diagnostic;
use crate::sequence::codes;
use crate::sequence::expr::Mixed;
use crate::sequence::need::{Keep, Need, Slot};
use crate::sequence::tree::Tree;
use crate::yaml::Node;

/// The longest lifetime, in seconds: a day.
const MAX_SECONDS: u64 = 86_400;
/// Bytes of a key.
const MAX_KEY_BYTES: usize = 1024;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Cache {
    name: Box<str>,
    pub(super) key: Option<Mixed>,
    lifetime: Duration,
    pub(super) fill: Block,
    pub(super) value: Content,
}

impl Cache {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let name = given.need(reader.file, "name");
        let key = given.take("key");
        let lifetime = given.need(reader.file, "lifetime");
        let fill = given.need(reader.file, "fill");
        let value = given.need(reader.file, "value");
        given.end(reader.file);
        let name = name.and_then(|n| reader.word(n));
        let key = match key {
            Some(node) => Some(reader.mixed(node)?),
            None => None,
        };
        let lifetime = lifetime.and_then(|n| reader.duration(n, MAX_SECONDS));
        if reader.fills {
            let diagnostic = Diagnostic::error(&codes::WRONG_PLACE, "`cache` does not stand inside the `fill` of another");
            reader
                .error(node, diagnostic.hint("two calls that wait for each other's value would never end: put one step behind the other"));
            return None;
        }
        reader.fills = true;
        let fill = fill.map(|n| reader.inner(n));
        reader.fills = false;
        let value = value.and_then(|n| Content::read(reader, n));
        let name = name?;
        reader.names.kept.push(name.clone());
        Some(Self { name, key, lifetime: lifetime?, fill: fill?, value: value? })
    }

    pub(super) fn run(&self, exchange: &Exchange) -> Result<Next, Stop> {
        Ok(Next::Need(Need::Kept(self.slot(exchange)?)))
    }

    fn slot(&self, exchange: &Exchange) -> Result<Slot, Stop> {
        let key = match &self.key {
            Some(key) => key.text(exchange, exchange.budget())?,
            None => Some(String::new()),
        };
        // Without the key nobody knows whose value it would be.
        let key = key.filter(|k| k.len() <= MAX_KEY_BYTES);
        let key = key.ok_or_else(|| Stop::Unfit {
            pointer: None,
            expected: format!("a key of at most {MAX_KEY_BYTES} bytes for `{}`", self.name),
        })?;
        Ok(Slot { name: self.name.clone(), key })
    }

    /// The steps that make the value.
    pub(in crate::sequence) fn fill(&self) -> Block {
        self.fill.clone()
    }

    /// Takes the value that is kept.
    pub(in crate::sequence) fn take(&self, exchange: &mut Exchange, value: Tree) -> Result<(), Stop> {
        exchange.set_property(&self.name, Some(value))
    }

    /// The value that was made.
    pub(in crate::sequence) fn keep(&self, exchange: &mut Exchange) -> Result<Keep, Stop> {
        let Some(value) = self.value.value(exchange)? else {
            return Err(Stop::Call(FaultFacts {
                reason: Some(format!("the steps that fill `{}` give no value", self.name)),
                status: String::from("502"),
                ..FaultFacts::default()
            }));
        };
        let slot = self.slot(exchange)?;
        exchange.set_property(&self.name, Some(value.clone()))?;
        Ok(Keep { slot, value, lifetime: self.lifetime })
    }
}
