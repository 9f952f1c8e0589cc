//! `respond: { status: 202, json: { accepted: true } }`: the answer, now; nothing more is called or converted.

use super::content::Content;
use super::exchange::{Answer, Exchange, Stop};
use super::reader::Reader;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Respond {
    pub(super) status: u16,
    pub(super) json: Option<Content>,
}

impl Respond {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let status = given.take("status");
        let json = given.take("json");
        given.end(reader.file);
        let status = match status {
            Some(node) => reader.status(node, 200, 599)?,
            None => 200,
        };
        if let Some(node) = json.filter(|_| matches!(status, 204 | 205 | 304)) {
            reader.file.wrong(node, "no `json`: an answer of this status has no body");
            return None;
        }
        let json = match json {
            Some(node) => Some(Content::read(reader, node)?),
            None => None,
        };
        Some(Self { status, json })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let json = match &self.json {
            Some(json) => json.value(exchange)?,
            None => None,
        };
        if let Some(json) = &json {
            exchange.grow(json, 0)?;
        }
        Err(Stop::Respond(Answer { status: self.status, json }))
    }
}
