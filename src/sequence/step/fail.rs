//! `fail: { status: 409, code: orders.closed, title: …, detail: … }`: a problem document (RFC 9457) as the answer.

use super::exchange::{Exchange, Failure, FailureKind, Stop};
use super::reader::Reader;
use crate::sequence::expr::Mixed;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Fail {
    pub(super) status: u16,
    pub(super) code: Option<String>,
    pub(super) title: Option<Mixed>,
    pub(super) detail: Option<Mixed>,
}

impl Fail {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let status = given.need(reader.file, "status");
        let (code, title, detail) = (given.take("code"), given.take("title"), given.take("detail"));
        given.end(reader.file);
        let status = status.and_then(|n| reader.status(n, 400, 599));
        let code = match code {
            Some(node) => {
                let text = reader.file.text(node)?;
                if text.is_empty() || text.len() > 100 || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
                    reader.file.wrong(node, "a code of letters, digits, dots and hyphens, such as orders.closed");
                    return None;
                }
                Some(text)
            }
            None => None,
        };
        let mut mixed = |node: Option<&Node>| match node {
            Some(node) => reader.mixed(node).map(Some),
            None => Some(None),
        };
        let (title, detail) = (mixed(title), mixed(detail));
        Some(Self { status: status?, code, title: title?, detail: detail? })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let text = |mixed: &Option<Mixed>| match mixed {
            Some(mixed) => mixed.text(exchange, exchange.budget()),
            None => Ok(None),
        };
        let (title, detail) = (text(&self.title)?, text(&self.detail)?);
        Err(Stop::Fail(Failure { status: self.status, detail, kind: FailureKind::Own { code: self.code.clone(), title } }))
    }
}
