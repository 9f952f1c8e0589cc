//! Do two envelopes say the same? By their canonical infosets, typed by the schema.
//!
//! What does not count: prefixes, white space in element-only content, the order of attributes, the lexical form of a value as far as the
//! contract lets it go, an `xsi:type` that says no more than the declaration, a required attribute whose value is fixed, an empty element
//! that has a default, the order inside `xs:all`; with SOAP encoding also references, names of members and the order of a struct.

mod canonical;
mod node;

use roxmltree::Node;

use self::node::{Content, NamesCache, Part, Reader, Said, name_of};
use super::layout::{Accessor, Layout};
use super::model::Model;
use crate::schema::SchemaSet;
use crate::xml::{Document, Limits, QName, ns};

/// Characters of a value that a difference shows.
const SHOWN: usize = 80;

/// The first place where two envelopes differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Element path from the Body or Header: `Body/PlaceOrder/line[2]/@id`.
    pub path: String,
    /// The line in the first envelope, from 1; of the element around where the place is missing.
    pub line: Option<usize>,
    /// What is there and what is not.
    pub text: String,
}

/// Compares envelopes of one schema.
pub(super) struct Comparer<'r, 'd> {
    model: &'r Model<'d>,
    names: NamesCache,
}

impl<'r, 'd> Comparer<'r, 'd> {
    pub(super) fn new(model: &'r Model<'d>) -> Self {
        Self { model, names: NamesCache::default() }
    }

    /// The first difference of two envelopes of that message.
    pub(super) fn difference(&self, layout: &Layout, sent: &[u8], back: &[u8]) -> Option<Difference> {
        let whole = |text: String| Some(Difference { path: "Envelope".to_owned(), line: None, text });
        let (sent, back) = match (parse(sent), parse(back)) {
            (Ok(sent), Ok(back)) => (sent, back),
            (Err(e), _) => return whole(format!("the message itself cannot be read: {e}")),
            (_, Err(e)) => return whole(format!("what was written cannot be read: {e}")),
        };
        let (sent_tree, back_tree) = (sent.tree(), back.tree());
        let (a, b) = (sent_tree.root_element(), back_tree.root_element());
        if name_of(a) != name_of(b) {
            return whole(format!("the root is {}, not {}", name_of(b), name_of(a)));
        }
        let found = ["Header", "Body"].into_iter().find_map(|section| {
            let (a, b) = (self.said(layout, a, section), self.said(layout, b, section));
            rows(section, None, &a, &b)
        })?;
        let line = found.offset.map(|at| sent.text().get(..at).unwrap_or("").matches('\n').count() + 1);
        Some(Difference { path: found.path, line, text: found.text })
    }

    /// The elements of a section that carry something.
    fn said<'x, 'i: 'x>(&self, layout: &Layout, envelope: Node<'x, 'i>, section: &str) -> Vec<Said> {
        let reader = Reader::new(self.model, &self.names, layout.encoded, envelope);
        let children = |n: Node<'x, 'i>| n.children().filter(Node::is_element).collect::<Vec<_>>();
        let soap = if layout.soap12 { ns::SOAP12 } else { ns::SOAP11 };
        let holder = envelope.children().find(|c| c.has_tag_name((soap, section)));
        let elements = holder.map(children).unwrap_or_default();
        if section == "Header" {
            let mut said: Vec<Said> = elements
                .into_iter()
                .filter_map(|e| layout.headers.iter().find(|h| self.carries(h, &name_of(e))).map(|h| self.part(&reader, e, Some(h))))
                .collect();
            said.sort_by(|a, b| a.name.cmp(&b.name));
            return said;
        }
        if layout.is_fault {
            let detail =
                elements.iter().flat_map(|f| f.children()).find(|c| c.is_element() && c.tag_name().name().eq_ignore_ascii_case("detail"));
            return detail.map(children).unwrap_or_default().into_iter().map(|e| self.part(&reader, e, layout.parts.first())).collect();
        }
        let Some(wrapper) = &layout.wrapper else {
            let count = if layout.encoded { layout.parts.len() } else { usize::MAX };
            return elements.into_iter().take(count).enumerate().map(|(ix, e)| self.part(&reader, e, layout.parts.get(ix))).collect();
        };
        let Some(outer) = elements.first() else { return Vec::new() };
        let mut inner: Vec<Said> = children(*outer)
            .into_iter()
            .map(|e| self.part(&reader, e, layout.parts.iter().find(|p| self.carries(p, &name_of(e)))))
            .collect();
        if layout.encoded {
            inner.sort_by(|a, b| a.name.cmp(&b.name));
        }
        vec![Said {
            name: name_of(*outer).to_string(),
            local: wrapper.local().to_owned(),
            offset: outer.range().start,
            told: None,
            attributes: Default::default(),
            content: Content::Row(inner),
        }]
    }

    fn carries(&self, accessor: &Accessor, name: &QName) -> bool {
        let members = accessor.element.map_or(&[][..], |e| self.model.members(e));
        accessor.name == *name || members.iter().any(|m| self.model.element(*m).name == *name)
    }

    fn part<'x, 'i>(&self, reader: &Reader<'_, '_, 'x, 'i>, element: Node<'x, 'i>, accessor: Option<&Accessor>) -> Said {
        let Some(accessor) = accessor else { return reader.element(element, SchemaSet::ANY_TYPE, None) };
        let name = name_of(element);
        let head = accessor.element.into_iter();
        let id = head
            .flat_map(|e| std::iter::once(e).chain(self.model.members(e).iter().copied()))
            .find(|e| self.model.element(*e).name == name);
        match id {
            Some(id) => reader.element(element, self.model.element(id).type_definition, Some(id)),
            None => reader.element(element, accessor.type_, accessor.element),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Document, String> {
    Document::parse(bytes, None, Limits::message_of(bytes.len() as u64)).map_err(|e| e.to_string())
}

/// A place that differs.
struct Found {
    path: String,
    offset: Option<usize>,
    text: String,
}

fn cut(text: &str) -> String {
    let kept: String = text.chars().take(SHOWN).collect();
    if kept.len() < text.len() { format!("{kept:?}…") } else { format!("{kept:?}") }
}

/// `around`: where the element around stands.
fn rows(path: &str, around: Option<usize>, a: &[Said], b: &[Said]) -> Option<Found> {
    for (ix, pair) in a.iter().zip(b).enumerate() {
        let (x, y) = pair;
        if x.name != y.name {
            let text = format!("element {} came back as {}", x.name, y.name);
            return Some(Found { path: step(path, a, ix), offset: Some(x.offset), text });
        }
        // The path is made where something differs only: each step of it looks at the whole row.
        if let Some(found) = differ("", x, y) {
            return Some(Found { path: format!("{}{}", step(path, a, ix), found.path), ..found });
        }
    }
    if let Some(lost) = a.get(b.len()) {
        let here = step(path, a, b.len());
        return Some(Found { path: here, offset: Some(lost.offset), text: format!("element {} is lost", lost.name) });
    }
    let new = b.get(a.len())?;
    Some(Found { path: step(path, b, a.len()), offset: around, text: format!("element {} was not there", new.name) })
}

/// The path of an element among its siblings: numbered from 1 where several have its name.
fn step(path: &str, row: &[Said], ix: usize) -> String {
    let Some(this) = row.get(ix) else { return path.to_owned() };
    let same = |s: &&Said| s.local == this.local;
    if row.iter().filter(same).count() < 2 {
        return format!("{path}/{}", this.local);
    }
    let nth = row.iter().take(ix + 1).filter(same).count();
    format!("{path}/{}[{nth}]", this.local)
}

fn differ(path: &str, a: &Said, b: &Said) -> Option<Found> {
    let found = |path: String, text: String| Some(Found { path, offset: Some(a.offset), text });
    if a.told != b.told {
        let word = |t: &Option<String>| t.clone().unwrap_or_else(|| "the declared type".to_owned());
        return found(path.to_owned(), format!("xsi:type {} came back as {}", word(&a.told), word(&b.told)));
    }
    for (name, value) in &a.attributes {
        match b.attributes.get(name) {
            None => return found(format!("{path}/@{name}"), format!("attribute {name} is lost")),
            Some(other) if other != value => {
                return found(format!("{path}/@{name}"), format!("{} came back as {}", cut(value), cut(other)));
            }
            Some(_) => {}
        }
    }
    if let Some(new) = b.attributes.keys().find(|n| !a.attributes.contains_key(*n)) {
        return found(format!("{path}/@{new}"), format!("attribute {new} was not there"));
    }
    match (&a.content, &b.content) {
        (Content::Nil, Content::Nil) => None,
        (Content::Value(x), Content::Value(y)) if x == y => None,
        (Content::Value(x), Content::Value(y)) => found(path.to_owned(), format!("{} came back as {}", cut(x), cut(y))),
        (Content::Row(x), Content::Row(y)) => rows(path, Some(a.offset), x, y),
        (Content::Mixed(x), Content::Mixed(y)) => mixed(path, a.offset, x, y),
        (Content::Array { sizes: s, members: x }, Content::Array { sizes: t, members: y }) => {
            if s != t {
                return found(path.to_owned(), format!("an array of {} came back as one of {}", s.join(","), t.join(",")));
            }
            rows(path, Some(a.offset), x, y)
        }
        (x, y) => found(path.to_owned(), format!("{} came back as {}", x.brief(), y.brief())),
    }
}

fn mixed(path: &str, offset: usize, a: &[Part], b: &[Part]) -> Option<Found> {
    let found = |text: String| Some(Found { path: path.to_owned(), offset: Some(offset), text });
    for (x, y) in a.iter().zip(b) {
        match (x, y) {
            (Part::Text(x), Part::Text(y)) if x == y => {}
            (Part::Text(x), Part::Text(y)) => return found(format!("the text {} came back as {}", cut(x), cut(y))),
            (Part::Element(x), Part::Element(y)) => {
                let inner = rows(path, Some(offset), std::slice::from_ref(x), std::slice::from_ref(y));
                if inner.is_some() {
                    return inner;
                }
            }
            (Part::Text(x), Part::Element(y)) => return found(format!("the text {} came back as element {}", cut(x), y.name)),
            (Part::Element(x), Part::Text(y)) => return found(format!("element {} came back as the text {}", x.name, cut(y))),
        }
    }
    (a.len() != b.len()).then(|| found(format!("{} pieces of mixed content came back as {}", a.len(), b.len())))?
}

impl Content {
    fn brief(&self) -> String {
        match self {
            Self::Nil => "nil".to_owned(),
            Self::Value(text) => format!("the value {}", cut(text)),
            Self::Row(row) => format!("{} elements", row.len()),
            Self::Mixed(_) => "mixed content".to_owned(),
            Self::Array { members, .. } => format!("an array of {}", members.len()),
        }
    }
}
