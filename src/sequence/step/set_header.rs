//! `set_header: { name: X-Tenant, value: "{{ principal.application }}" }`: an absent value removes the field.

use http::HeaderName;

use super::exchange::{Exchange, Stop};
use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::net::fields;
use crate::sequence::codes;
use crate::sequence::expr::{Mixed, Path};
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct SetHeader {
    pub(super) name: HeaderName,
    pub(super) value: Mixed,
}

impl SetHeader {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let name = given.need(reader.file, "name");
        let value = given.need(reader.file, "value");
        given.end(reader.file);
        let name = name.and_then(|n| self::name(reader, n));
        let value_node = value?;
        let value = reader.mixed(value_node)?;
        if value.plain().is_some_and(|t| t.chars().any(char::is_control)) {
            reader.file.wrong(value_node, "a value without line breaks and control characters");
            return None;
        }
        Some(Self { name: name?, value })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let value = self.value.text(exchange, exchange.budget())?;
        exchange.set_header(&self.name, value.as_deref())
    }
}

/// The name of a field that steps of this path may set and remove.
pub(super) fn name(reader: &mut Reader<'_, '_>, node: &Node) -> Option<HeaderName> {
    let name = reader.file.text(node)?.to_ascii_lowercase();
    let refused = |why: &str| Diagnostic::error(&codes::BAD_HEADER, format!("`{}` {why}", name.escape_debug()));
    let Some(parsed) = HeaderName::from_bytes(name.as_bytes()).ok().filter(|_| fields::is_name(&name)) else {
        let diagnostic = refused("is not the name of a header field").expected("a name such as X-Tenant");
        reader.error(node, diagnostic);
        return None;
    };
    let is_free = match reader.path {
        Path::Request => fields::may_be_added(&name) && !matches!(&*name, "x-jwt-assertion" | "x-request-id"),
        Path::Response | Path::Fault => fields::may_be_returned(&name),
    };
    if !is_free {
        let diagnostic = refused("belongs to the connection, or is written by the gateway itself").hint("docs/http-fields.md lists them");
        reader.error(node, diagnostic);
        return None;
    }
    Some(parsed)
}
