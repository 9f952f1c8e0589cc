//! `require: { scope: countries:write }`, `{ header: X-Tenant }` or `{ when: "…", status: 403, detail: … }`: else the call is refused.

use http::HeaderName;

use super::exchange::{Exchange, Failure, FailureKind, Stop};
use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::sequence::codes;
use crate::sequence::expr::{Expr, Mixed};
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Require {
    pub(super) what: What,
    pub(super) status: Option<u16>,
    pub(super) detail: Option<Mixed>,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Scope(Box<str>),
    Header(HeaderName),
    When(Expr),
}

impl Require {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let (scope, header, when) = (given.take("scope"), given.take("header"), given.take("when"));
        let (status, detail) = (given.take("status"), given.take("detail"));
        given.end(reader.file);
        let what = match (scope, header, when) {
            (Some(node), None, None) => What::Scope(reader.file.text(node)?.into()),
            (None, Some(node), None) => What::Header(self::header(reader, node)?),
            (None, None, Some(node)) => What::When(reader.condition(node)?),
            _ => {
                let diagnostic = Diagnostic::error(&codes::BAD_SEQUENCE, "`require` asks for one thing");
                reader.error(node, diagnostic.expected("one of scope, header, when"));
                return None;
            }
        };
        let status = match status {
            Some(node) => Some(reader.status(node, 400, 499)?),
            None => None,
        };
        let detail = match detail {
            Some(node) => Some(reader.mixed(node)?),
            None => None,
        };
        Some(Self { what, status, detail })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let (met, status, kind) = match &self.what {
            What::Scope(scope) => (exchange.caller.who.scopes.iter().any(|s| **s == **scope), 403, FailureKind::Scope(scope.to_string())),
            What::Header(name) => (exchange.caller.headers.contains_key(name), 400, FailureKind::Header(name.to_string())),
            What::When(when) => (when.holds(exchange, exchange.budget())?, 403, FailureKind::Own { code: None, title: None }),
        };
        if met {
            return Ok(());
        }
        let detail = match &self.detail {
            Some(detail) => detail.text(exchange, exchange.budget())?,
            None => None,
        };
        Err(Stop::Fail(Failure { status: self.status.unwrap_or(status), detail, kind }))
    }
}

/// The name of a field that sequences may read.
fn header(reader: &mut Reader<'_, '_>, node: &Node) -> Option<HeaderName> {
    let name = reader.file.text(node)?.to_ascii_lowercase();
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(parsed) if !crate::sequence::is_hidden(&name) => Some(parsed),
        Ok(_) => {
            let message = format!("`{name}` carries the caller's credentials for this gateway, which no sequence reads");
            reader.error(node, Diagnostic::error(&codes::BAD_HEADER, message).hint("`security` in api.yaml says who may call"));
            None
        }
        Err(_) => {
            reader.file.wrong(node, "the name of a header field");
            None
        }
    }
}
