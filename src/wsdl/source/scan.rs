//! One document through the gate: what it is, what it refers to.

use std::sync::Arc;

use crate::diagnostic::{SourceId, Span};
use crate::wsdl::documents::{Reference, references};
use crate::xml::document::Document;
use crate::xml::document::Unqualified as _;
use crate::xml::gate::GateErrorKind;
use crate::xml::{limits, ns};

/// What the root element says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `wsdl:definitions`.
    Wsdl,
    /// `description` of WSDL 2.0: kept, so that its refusal has a place.
    Wsdl20,
    /// `xs:schema`.
    Schema,
    /// Anything else.
    Other,
}

/// A document that passed the gate.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) text: Arc<str>,
    pub(super) kind: Kind,
    /// Local name of the root element.
    pub(super) root_name: String,
    /// Where its start tag begins, up to the end of its name.
    pub(super) root_span: Span,
    pub(super) target_namespace: Option<String>,
    /// Target namespaces of the schemas inside a WSDL.
    pub(super) embedded: Vec<String>,
    pub(super) has_service: bool,
    /// With spans of source 0: see [`Scanned::references_in`].
    references: Vec<Reference>,
}

impl Scanned {
    /// The references of the document when it is `source`.
    pub(super) fn references_in(&self, source: SourceId) -> impl Iterator<Item = Reference> + '_ {
        self.references.iter().map(move |r| Reference { span: Span { source, ..r.span }, ..r.clone() })
    }

    /// Does it declare a schema of `namespace` (`None`: of no namespace)?
    pub(super) fn declares(&self, namespace: Option<&str>) -> bool {
        match self.kind {
            Kind::Schema => self.target_namespace.as_deref() == namespace,
            Kind::Wsdl => namespace.is_some_and(|n| self.embedded.iter().any(|e| e == n)),
            Kind::Wsdl20 | Kind::Other => false,
        }
    }
}

/// Bytes that the gate refused, as well as they can be shown.
#[derive(Debug)]
pub(super) struct NotWellFormed {
    pub(super) text: String,
    pub(super) message: String,
    pub(super) hint: Option<&'static str>,
    /// Byte offset into the text.
    pub(super) offset: u32,
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) looks_like_html: bool,
    pub(super) looks_like_xml: bool,
}

/// Reads one document.
pub(super) fn scan(bytes: &[u8], charset: Option<&str>, max_bytes: u64) -> Result<Scanned, NotWellFormed> {
    let limits = limits::Limits { size_bytes: max_bytes.saturating_mul(2), ..limits::Limits::document() };
    let document = Document::parse(bytes, charset, limits).map_err(|e| {
        let text = shown(bytes, charset);
        NotWellFormed {
            message: e.kind.to_string(),
            hint: hint(e.kind),
            offset: u32::try_from(e.offset).unwrap_or(u32::MAX).min(text.len() as u32),
            line: e.line,
            column: e.column,
            looks_like_html: looks_like_html(&text),
            looks_like_xml: text.trim_start().starts_with('<'),
            text,
        }
    })?;
    Ok(describe(&document))
}

fn describe(document: &Document) -> Scanned {
    let tree = document.tree();
    let root = tree.root_element();
    let kind = match (root.tag_name().namespace(), root.tag_name().name()) {
        (Some(ns::WSDL), "definitions") => Kind::Wsdl,
        (Some(ns::WSDL20), "description") => Kind::Wsdl20,
        (Some(ns::XSD), "schema") => Kind::Schema,
        _ => Kind::Other,
    };
    let target = |n: roxmltree::Node<'_, '_>| n.unqualified("targetNamespace").filter(|t| !t.is_empty()).map(str::to_owned);
    let embedded = root
        .children()
        .filter(|c| kind == Kind::Wsdl && c.has_tag_name((ns::WSDL, "types")))
        .flat_map(|t| t.children())
        .filter(|c| c.has_tag_name((ns::XSD, "schema")))
        .filter_map(target)
        .collect();
    Scanned {
        kind,
        root_name: root.tag_name().name().to_owned(),
        root_span: start_of(root, document.text()),
        target_namespace: target(root),
        embedded,
        has_service: root.children().any(|c| c.has_tag_name((ns::WSDL, "service"))),
        references: references(&tree, SourceId(0)),
        text: Arc::from(document.text()),
    }
}

/// `<` and the name of an element.
fn start_of(node: roxmltree::Node<'_, '_>, text: &str) -> Span {
    let range = node.range();
    let tag = text.get(range.clone()).unwrap_or("");
    let length = tag.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(tag.len());
    Span { source: SourceId(0), start: range.start as u32, end: (range.start + length) as u32 }
}

/// What to do about a document type declaration.
pub(super) const WITHOUT_DTD: &str = "remove the DOCTYPE and write its entities out";

/// What to do about the slips that services really have.
fn hint(kind: GateErrorKind) -> Option<&'static str> {
    match kind {
        GateErrorKind::Dtd => Some(WITHOUT_DTD),
        GateErrorKind::MisplacedXmlDeclaration => Some("remove what stands before `<?xml`, white space included"),
        GateErrorKind::UnsupportedEncoding | GateErrorKind::EncodingMismatch | GateErrorKind::InvalidBytes => {
            Some("save the document as UTF-8 and say so in its XML declaration")
        }
        GateErrorKind::UndeclaredPrefix => Some("declare the prefix with `xmlns:prefix=\"…\"`"),
        _ => None,
    }
}

/// Text to show beside an error: never parsed again.
fn shown(bytes: &[u8], charset: Option<&str>) -> String {
    let label = charset.map(str::to_owned).or_else(|| declared(bytes));
    let encoding = label.and_then(|l| encoding_rs::Encoding::for_label(l.as_bytes())).unwrap_or(encoding_rs::UTF_8);
    let (text, _, _) = encoding.decode(bytes);
    text.into_owned()
}

/// The encoding that an XML declaration in ASCII names.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(200))?).into_owned();
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?.to_owned();
    let value = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split(quote).next().map(str::to_owned)
}

/// A web page in the place of a document?
pub(super) fn looks_like_html(text: &str) -> bool {
    let head: String = text.trim_start().chars().take(512).collect::<String>().to_ascii_lowercase();
    head.starts_with("<!doctype html") || head.starts_with("<html") || (head.starts_with('<') && head.contains("<html"))
}
