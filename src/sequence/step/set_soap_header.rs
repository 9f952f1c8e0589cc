//! `set_soap_header: { element: "{urn:shop:session}Session", value: { id: "{{ properties.session }}" } }`: a block of the SOAP Header. With `header` in
//! place of `element` it is one that the WSDL declares: the same as its JSON below `$headers`.

use super::content::Content;
use super::exchange::{Exchange, Stop};
use super::pointer::Pointer;
use super::reader::Reader;
use super::set::Set;
use crate::diagnostic::{Diagnostic, Span};
use crate::mediate::security::HeaderBlock;
use crate::sequence::codes;
use crate::sequence::tree::Tree;
use crate::xml::writer;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct SetSoapHeader {
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// JSON below `$headers`: the same as `set` there.
    Declared(Set),
    Element {
        namespace: Box<str>,
        local: Box<str>,
        qualified: bool,
        must_understand: bool,
        role: Option<Box<str>>,
        value: Content,
    },
}

impl SetSoapHeader {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let (header, element, value) = (given.take("header"), given.take("element"), given.need(reader.file, "value"));
        let settings = [given.take("qualified"), given.take("must_understand"), given.take("role")];
        given.end(reader.file);
        let content = value.and_then(|n| Some((Content::read(reader, n)?, reader.file.span(n))));
        let what = match (header, element) {
            (Some(node), None) => declared(reader, node, settings, content),
            (None, Some(node)) => self::element(reader, node, settings, content),
            _ => {
                let diagnostic = Diagnostic::error(&codes::BAD_SEQUENCE, "`set_soap_header` sets one block");
                reader.error(node, diagnostic.expected("one of header, element"));
                None
            }
        };
        Some(Self { what: what? })
    }

    /// What it sets of the message's JSON, where the WSDL declares the block.
    pub(super) fn declared(&self) -> Option<&Set> {
        match &self.what {
            What::Declared(set) => Some(set),
            What::Element { .. } => None,
        }
    }

    /// What it sets.
    pub(super) fn value(&self) -> &Content {
        match &self.what {
            What::Declared(set) => &set.value,
            What::Element { value, .. } => value,
        }
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        match &self.what {
            What::Declared(set) => set.run(exchange),
            What::Element { namespace, local, qualified, must_understand, role, value } => {
                let value = value.value(exchange)?;
                exchange.soap_headers.retain(|b| (&b.namespace, &b.local) != (namespace, local));
                let Some(value) = value else { return Ok(()) };
                exchange.grow(&value, 0)?;
                let mut block = HeaderBlock {
                    namespace: namespace.clone(),
                    local: local.clone(),
                    must_understand: *must_understand,
                    role: role.clone(),
                    attributes: Vec::new(),
                    content: Vec::new(),
                };
                let unfit = |expected: &str| Stop::Unfit { pointer: None, expected: format!("{expected} in the header block {local}") };
                let prefix = if *qualified && !namespace.is_empty() { "h:" } else { "" };
                content(&value, prefix, &mut block.attributes, &mut block.content).map_err(unfit)?;
                exchange.soap_headers.push(block);
                Ok(())
            }
        }
    }
}

/// JSON as content: members are child elements, or attributes where their name begins with `@`; lists are repeated elements.
fn content(value: &Tree, prefix: &str, attributes: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<(), &'static str> {
    const PLAIN: &str = "a text without control characters";
    match value {
        Tree::Null => Ok(()),
        Tree::Bool(b) => writer::text(out, if *b { "true" } else { "false" }).map_err(|_| PLAIN),
        Tree::Number(text) | Tree::Text(text) => writer::text(out, text).map_err(|_| PLAIN),
        Tree::List(_) => Err("an object or a text"),
        Tree::Object(members) => {
            for (name, member) in members {
                if let Some(name) = name.strip_prefix('@') {
                    let text = match member {
                        Tree::Number(text) | Tree::Text(text) => &**text,
                        Tree::Bool(true) => "true",
                        Tree::Bool(false) => "false",
                        Tree::Null | Tree::List(_) | Tree::Object(_) => return Err("a text as attribute"),
                    };
                    if !writer::is_ncname(name) || name == "xmlns" {
                        return Err("a name that XML has");
                    }
                    attributes.push(b' ');
                    attributes.extend_from_slice(name.as_bytes());
                    attributes.extend_from_slice(b"=\"");
                    writer::attribute(attributes, text).map_err(|_| PLAIN)?;
                    attributes.push(b'"');
                    continue;
                }
                if !writer::is_ncname(name) {
                    return Err("a name that XML has");
                }
                let items = if let Tree::List(items) = member { items.as_slice() } else { std::slice::from_ref(member) };
                for item in items {
                    let (mut own, mut inner) = (Vec::new(), Vec::new());
                    content(item, prefix, &mut own, &mut inner)?;
                    let tag = format!("{prefix}{name}");
                    out.extend_from_slice(format!("<{tag}").as_bytes());
                    out.extend_from_slice(&own);
                    out.push(b'>');
                    out.extend_from_slice(&inner);
                    out.extend_from_slice(format!("</{tag}>").as_bytes());
                }
            }
            Ok(())
        }
    }
}

type Given = Option<(Content, Span)>;

fn declared(reader: &mut Reader<'_, '_>, node: &Node, settings: [Option<&Node>; 3], value: Given) -> Option<What> {
    if let Some(setting) = settings.into_iter().flatten().next() {
        let diagnostic = Diagnostic::error(&codes::BAD_SEQUENCE, "a block that the WSDL declares is written as it declares it");
        reader.error(setting, diagnostic.hint("these settings stand beside `element`"));
        return None;
    }
    let name = reader.file.text(node)?;
    let span = reader.file.span(node);
    let mut text = String::from("/$headers");
    crate::json::push_pointer(&mut text, &name);
    reader.uses.body = true;
    let (value, value_at) = value?;
    Some(What::Declared(Set { to: Pointer::parse(&text, span).ok()?, value, value_at }))
}

fn element(reader: &mut Reader<'_, '_>, node: &Node, [qualified, must_understand, role]: [Option<&Node>; 3], value: Given) -> Option<What> {
    let text = reader.file.text(node)?;
    let name = text.strip_prefix('{').and_then(|t| t.split_once('}'));
    let name = name.filter(|(uri, local)| writer::is_ncname(local) && writer::check(uri).is_ok() && uri.len() <= 1000);
    let Some((namespace, local)) = name else {
        reader.file.wrong(node, "the name of an element with its namespace, such as {urn:shop:session}Session");
        return None;
    };
    if namespace.starts_with("http://schemas.xmlsoap.org/soap/envelope") || namespace.starts_with("http://www.w3.org/2003/05/soap-envelope")
    {
        reader.file.wrong(node, "an element of another namespace than SOAP's own");
        return None;
    }
    let mut flag = |node: Option<&Node>, otherwise: bool| match node {
        Some(node) => reader.file.boolean(node),
        None => Some(otherwise),
    };
    let (qualified, must_understand) = (flag(qualified, true)?, flag(must_understand, false)?);
    let role = match role {
        Some(node) => Some(Box::from(reader.file.text(node)?)),
        None => None,
    };
    let (value, _) = value?;
    Some(What::Element { namespace: namespace.into(), local: local.into(), qualified, must_understand, role, value })
}
