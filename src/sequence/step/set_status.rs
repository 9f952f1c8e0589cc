//! `set_status: 201`

use super::exchange::{Exchange, Stop};
use super::reader::Reader;
use crate::sequence::expr::Path;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct SetStatus {
    pub(super) status: u16,
}

impl SetStatus {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        // A fault is a problem, which has the status of one; `respond` makes something else of it. 204 and the like have no body.
        let (min, max) = if reader.path == Path::Fault { (400, 599) } else { (200, 599) };
        let status = reader.status(node, min, max)?;
        if matches!(status, 204 | 205 | 304) {
            reader.file.wrong(node, "a status whose answer has a body; `respond` gives an answer without one");
            return None;
        }
        Some(Self { status })
    }

    #[allow(clippy::unnecessary_wraps, reason = "every step has this form")]
    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        exchange.status = Some(self.status);
        Ok(())
    }
}
