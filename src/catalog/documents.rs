//! The WSDL as it is given out: the author's text, byte for byte, but for addresses and locations.

use std::sync::Arc;

use crate::diagnostic::{SourceId, Span};
use crate::schema::standard;
use crate::wsdl::documents::{Documents as Linked, Target, references};
use crate::wsdl::{Definitions, documents::Reference};
use crate::xml::{Document, Limits};

/// The WSDL of an API and what it imports and includes; number 0 is the root.
///
/// The texts stay as they are; what is given out differs from them in addresses and locations only. Shipped standard schemas that
/// a document imports stand at the end, so that a SOAP toolkit needs nothing but the gateway.
#[derive(Debug, Default)]
pub struct Documents {
    parts: Vec<Part>,
    own: usize,
}

#[derive(Debug)]
struct Part {
    /// The name of its file, where it is one: no two parts have the same.
    name: String,
    text: Arc<str>,
    /// What differs, in order, without overlaps.
    edits: Vec<Edit>,
}

/// A place that is written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit {
    start: usize,
    end: usize,
    becomes: Becomes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Becomes {
    /// The API's address.
    Address,
    /// The address of the document of that number.
    Document(usize),
    /// A text.
    Text(&'static str),
}

impl Documents {
    /// Finds what must differ in the documents of a WSDL.
    pub fn new(definitions: &Definitions, linked: &Linked) -> Self {
        let mut order: Vec<SourceId> = vec![linked.root];
        order.extend(linked.sources.iter().map(|(id, _)| id).filter(|id| *id != linked.root));
        let mut parts: Vec<Part> = Vec::new();
        let mut standards: Vec<usize> = Vec::new();
        let own = order.len();
        for id in &order {
            let text = linked.sources.document(*id).map(|d| d.text.clone()).unwrap_or_default();
            let mut edits = vec![];
            edits.extend(declared_encoding(&text).map(|(start, end)| Edit { start, end, becomes: Becomes::Text("UTF-8") }));
            for reference in references_of(&text, *id) {
                if reference.location.is_none() {
                    continue;
                }
                let number = match linked.links.get(&reference.key(*id)) {
                    Some(Target::Document(target)) => order.iter().position(|o| o == target),
                    Some(Target::Standard) => standard_number(reference.namespace.as_deref(), &mut standards).map(|n| own + n),
                    Some(Target::Missing { .. }) | None => None,
                };
                edits.extend(number.map(|n| edit(reference.span, Becomes::Document(n))));
            }
            let addresses = definitions.services.iter().flat_map(|s| &s.ports).filter_map(|p| p.address_span);
            edits.extend(addresses.filter(|s| s.source == *id).map(|s| edit(s, Becomes::Address)));
            let name = linked.sources.document(*id).map(|d| &*d.name).unwrap_or_default();
            parts.push(Part::new(file_name(name, &text, &parts), text, edits));
        }
        for index in standards {
            let text = standard::ALL.get(index).map(|s| s.text).unwrap_or_default();
            parts.push(Part::new(file_name("standard.xsd", text, &parts), text.into(), Vec::new()));
        }
        Self { parts, own }
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// How many of them are the author's, not shipped ones.
    pub fn own(&self) -> usize {
        self.own
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The root document, for `?wsdl`: every port's address is `base_url` (the API's public address, without query), every import
    /// and include that leads to one of these documents is `base_url?wsdl` or `base_url?xsd=N`.
    pub fn wsdl(&self, base_url: &str) -> Option<String> {
        self.part(0, base_url)
    }

    /// The document of that number, for `?xsd=N`; 0 is the root.
    pub fn part(&self, number: usize, base_url: &str) -> Option<String> {
        let base = escaped(base_url);
        self.written(number, &base, |number| match number {
            0 => format!("{base}?wsdl"),
            n => format!("{base}?xsd={n}"),
        })
    }

    /// Every document as a file, the root first: its name, and its text, in which every import and include that leads to one of them is that name. Every
    /// port's address is `base_url`.
    pub fn files(&self, base_url: &str) -> Vec<(&str, String)> {
        let base = escaped(base_url);
        let name = |number: usize| self.parts.get(number).map(|part| part.name.clone()).unwrap_or_default();
        let parts = self.parts.iter().enumerate();
        parts.filter_map(|(number, part)| Some((part.name.as_str(), self.written(number, &base, name)?))).collect()
    }

    /// The document of that number with the address `base` (escaped) and the locations that `link` gives.
    fn written(&self, number: usize, base: &str, link: impl Fn(usize) -> String) -> Option<String> {
        let part = self.parts.get(number)?;
        let mut out = String::with_capacity(part.text.len() + part.edits.len() * (base.len() + 8));
        let mut at = 0;
        for edit in &part.edits {
            out.push_str(part.text.get(at..edit.start)?);
            match edit.becomes {
                Becomes::Address => out.push_str(base),
                Becomes::Document(n) => out.push_str(&link(n)),
                Becomes::Text(text) => out.push_str(text),
            }
            at = edit.end;
        }
        out.push_str(part.text.get(at..)?);
        Some(out)
    }
}

impl Part {
    fn new(name: String, text: Arc<str>, mut edits: Vec<Edit>) -> Self {
        edits.sort_by_key(|e| e.start);
        // Two ports may share one address, two references one place: each place is written once.
        edits.dedup_by(|next, kept| next.start < kept.end);
        edits.retain(|e| text.get(e.start..e.end).is_some());
        Self { name, text, edits }
    }
}

/// Characters of a file's name.
const NAME_CHARS: usize = 80;

/// A name for the file of a document that its author calls `name`: plain, with an ending, and none of those that `there` have.
fn file_name(name: &str, text: &str, there: &[Part]) -> String {
    let last = name.split(['?', '#']).next().unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String =
        last.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).take(NAME_CHARS).collect();
    let plain = plain.trim_start_matches('.');
    let (stem, ending) = match plain.rsplit_once('.') {
        Some((stem, ending @ ("wsdl" | "xsd" | "xml"))) => (stem, ending),
        _ => (plain, if text.contains("definitions") { "wsdl" } else { "xsd" }),
    };
    let stem = if stem.is_empty() { "document" } else { stem };
    let is_free = |name: &String| !there.iter().any(|part| part.name.eq_ignore_ascii_case(name));
    std::iter::once(format!("{stem}.{ending}")).chain((2..).map(|n| format!("{stem}-{n}.{ending}"))).find(is_free).unwrap_or_default()
}

fn edit(span: Span, becomes: Becomes) -> Edit {
    Edit { start: span.start as usize, end: span.end as usize, becomes }
}

fn references_of(text: &str, id: SourceId) -> Vec<Reference> {
    match Document::parse(text.as_bytes(), Some("utf-8"), Limits::document()) {
        Ok(document) => references(&document.tree(), id),
        Err(_) => Vec::new(),
    }
}

fn standard_number(namespace: Option<&str>, standards: &mut Vec<usize>) -> Option<usize> {
    let index = standard::ALL.iter().position(|s| Some(s.namespace) == namespace)?;
    if let Some(number) = standards.iter().position(|s| *s == index) {
        return Some(number);
    }
    standards.push(index);
    Some(standards.len() - 1)
}

/// Where an XML declaration names an encoding other than UTF-8: the text is UTF-8 whatever it was.
pub fn declared_encoding(text: &str) -> Option<(usize, usize)> {
    let declaration = text.strip_prefix("<?xml")?.split("?>").next()?;
    let at = declaration.find("encoding")?;
    let after = declaration.get(at + "encoding".len()..)?;
    let quote_at = after.find(['"', '\''])?;
    let quote = after.get(quote_at..)?.chars().next()?;
    let value = after.get(quote_at + 1..)?.split(quote).next()?;
    let start = "<?xml".len() + at + "encoding".len() + quote_at + 1;
    (!value.eq_ignore_ascii_case("utf-8")).then_some((start, start + value.len()))
}

/// A text as an attribute's value.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_touch_nothing_else() {
        let text = "<?xml version='1.0' encoding='ISO-8859-1'?>\r\n<a x='old'  y=\"o\"/>\r\n";
        let (start, end) = declared_encoding(text).unwrap();
        assert_eq!(&text[start..end], "ISO-8859-1");
        let old = text.find("old").unwrap();
        let o = text.find("\"o\"").unwrap() + 1;
        let edits = vec![
            Edit { start: o, end: o + 1, becomes: Becomes::Document(3) },
            Edit { start: old, end: old + 3, becomes: Becomes::Address },
            Edit { start: old, end: old + 3, becomes: Becomes::Address },
            Edit { start, end, becomes: Becomes::Text("UTF-8") },
        ];
        let documents = Documents { parts: vec![Part::new("a.wsdl".into(), text.into(), edits)], own: 1 };
        assert_eq!(
            documents.wsdl("https://a/b'&c").unwrap(),
            "<?xml version='1.0' encoding='UTF-8'?>\r\n<a x='https://a/b&apos;&amp;c'  y=\"https://a/b&apos;&amp;c?xsd=3\"/>\r\n"
        );
        assert_eq!(documents.part(1, "x"), None);
    }

    #[test]
    fn files_have_plain_names_of_their_own() {
        let mut parts = Vec::new();
        for (name, text, expected) in [
            ("wsdl/service.wsdl", "", "service.wsdl"),
            ("other/service.wsdl", "", "service-2.wsdl"),
            ("https://a.example/Service.svc?wsdl=wsdl0", "<wsdl:definitions", "Service.svc.wsdl"),
            ("https://a.example/?xsd=1", "<xs:schema", "document.xsd"),
            ("..\\..\\a b\".xsd", "", "a_b_.xsd"),
            ("A_B_.xsd", "", "A_B_-2.xsd"),
        ] {
            let name = file_name(name, text, &parts);
            assert_eq!(name, expected);
            parts.push(Part::new(name, text.into(), Vec::new()));
        }
    }

    #[test]
    fn an_encoding_that_is_right_stays() {
        for text in ["<a/>", "<?xml version=\"1.0\"?><a/>", "<?xml version=\"1.0\" encoding=\"utf-8\"?><a/>", "<?xml"] {
            assert_eq!(declared_encoding(text), None, "{text}");
        }
    }
}
