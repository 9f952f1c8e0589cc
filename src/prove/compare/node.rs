//! Elements in canonical form: types found by the schema, values by what they mean.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use roxmltree::Node;

use super::canonical::{Scope, canonical};
use crate::prove::model::{ArrayType, Kind, Model, NodeKind, is_encoding};
use crate::schema::SchemaSet;
use crate::schema::model::{Compositor, ElementId, ProcessContents, TypeId, Wildcard};
use crate::xml::{QName, ns};

/// An element by what it says.
#[derive(Debug)]
pub(super) struct Said {
    /// `{ns}local`, or `*` for a member of an array, whose name does not count.
    pub(super) name: String,
    pub(super) local: String,
    /// Byte offset in its document.
    pub(super) offset: usize,
    /// The type where it is another than the declared one.
    pub(super) told: Option<String>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Nil,
    Value(String),
    /// Elements in order, or in an order that does not count.
    Row(Vec<Said>),
    Mixed(Vec<Part>),
    Array {
        sizes: Vec<String>,
        members: Vec<Said>,
    },
}

#[derive(Debug)]
pub(super) enum Part {
    Text(String),
    Element(Said),
}

/// What may stand in a type, by name.
struct Names {
    elements: HashMap<QName, ElementId>,
    wildcards: Vec<Wildcard>,
    /// Is there an `xs:all`?
    has_all: bool,
    is_only_wildcards: bool,
}

/// Reads the elements of one document.
pub(super) struct Reader<'r, 'd, 'x, 'i> {
    pub(super) model: &'r Model<'d>,
    pub(super) encoded: bool,
    /// Elements that are referred to, by their id.
    pub(super) apart: HashMap<&'x str, Node<'x, 'i>>,
    names: &'r NamesCache,
}

/// Kept between documents of one schema.
#[derive(Default)]
pub(super) struct NamesCache(RefCell<HashMap<TypeId, Rc<Names>>>);

struct At<'x, 'i>(Node<'x, 'i>);

impl Scope for At<'_, '_> {
    fn namespace(&self, prefix: &str) -> Option<String> {
        let prefix = if prefix.is_empty() { None } else { Some(prefix) };
        self.0.lookup_namespace_uri(prefix).map(str::to_owned)
    }
}

impl<'r, 'd, 'x, 'i> Reader<'r, 'd, 'x, 'i> {
    pub(super) fn new(model: &'r Model<'d>, names: &'r NamesCache, encoded: bool, envelope: Node<'x, 'i>) -> Self {
        let ids = envelope.descendants().filter(|n| encoded && n.is_element());
        let apart = ids.filter_map(|n| Some((n.attribute("id").or_else(|| n.attribute((ns::SOAPENC12, "id")))?, n))).collect();
        Self { model, encoded, apart, names }
    }

    /// An element where that type is declared.
    pub(super) fn element(&self, node: Node<'x, 'i>, declared: TypeId, declaration: Option<ElementId>) -> Said {
        let name = name_of(node);
        self.said(self.target(node), name.to_string(), name.local().to_owned(), declared, declaration)
    }

    /// What an element refers to, or itself.
    fn target(&self, node: Node<'x, 'i>) -> Node<'x, 'i> {
        let mut target = node;
        // Chains are bounded by what was written; a circle would be a fault of the mapping, which has its own test.
        for _ in 0..64 {
            let href = target.attribute("href").and_then(|h| h.strip_prefix('#'));
            let reference = href.or_else(|| target.attribute((ns::SOAPENC12, "ref")));
            match reference.filter(|_| self.encoded).and_then(|id| self.apart.get(id)) {
                Some(next) => target = *next,
                None => break,
            }
        }
        target
    }

    fn said(&self, node: Node<'x, 'i>, name: String, local: String, declared: TypeId, declaration: Option<ElementId>) -> Said {
        let (type_, told) = self.effective(node, declared);
        let is_nil = node.attribute((ns::XSI, "nil")).is_some_and(|v| matches!(v.trim(), "true" | "1"));
        let has_children = node.children().any(|c| c.is_element());
        let attributes = self.attributes(node, type_);
        let content = if is_nil && !has_children { Content::Nil } else { self.content(node, type_, declaration) };
        Said { name, local, offset: node.range().start, told, attributes, content }
    }

    /// The type that an element has, and its name where that says more than the declaration (decision 7).
    fn effective(&self, node: Node<'x, 'i>, declared: TypeId) -> (TypeId, Option<String>) {
        let set = self.model.schemas;
        let Some(text) = node.attribute((ns::XSI, "type")) else { return (declared, None) };
        let (prefix, local) = text.trim().split_once(':').unwrap_or(("", text.trim()));
        let namespace = At(node).namespace(prefix).unwrap_or_default();
        let name = QName::new(namespace, local);
        let is_array = is_encoding(&name) && name.local() == "Array";
        match set.type_names.get(&name) {
            // An array says its type by its members'.
            _ if is_array && matches!(self.model.type_(declared).kind, Kind::Array(_)) => (declared, None),
            Some(told) if self.model.derives(declared, *told) && *told != declared && declared != SchemaSet::ANY_TYPE => (declared, None),
            Some(told) if *told == declared => (declared, None),
            Some(told) => (*told, set.type_definition(*told).name().map(ToString::to_string)),
            None => (declared, Some(name.to_string())),
        }
    }

    fn attributes(&self, node: Node<'x, 'i>, type_: TypeId) -> BTreeMap<String, String> {
        let info = self.model.type_(type_);
        let set = self.model.schemas;
        let mut found = BTreeMap::new();
        for attribute in node.attributes() {
            let name = QName::new(attribute.namespace().unwrap_or(""), attribute.name());
            let is_data = !is_encoding(&name) && !matches!(name.namespace(), Some(ns::XSI | ns::SOAP11 | ns::SOAP12));
            let is_reference = self.encoded && name.namespace().is_none() && matches!(name.local(), "id" | "href");
            if !is_data || is_reference {
                continue;
            }
            let known = info.attributes.iter().find(|(n, _)| *n == name);
            let value = match known {
                Some((_, a)) => self.value(set.attribute(a.attribute).type_definition, attribute.value(), &At(node)),
                None => attribute.value().to_owned(),
            };
            found.insert(name.to_string(), value);
        }
        for (name, attribute) in info.attributes.iter().filter(|(_, a)| a.required) {
            if let Some(fixed) = &attribute.fixed {
                let type_ = set.attribute(attribute.attribute).type_definition;
                found.entry(name.to_string()).or_insert_with(|| self.value(type_, fixed, &At(node)));
            }
        }
        found
    }

    fn value(&self, type_: TypeId, text: &str, scope: &dyn Scope) -> String {
        let simple = match self.model.type_(type_).kind {
            Kind::Simple(simple) => simple,
            Kind::Any | Kind::Elements { .. } | Kind::Array(_) => type_,
        };
        canonical(self.model, simple, text, scope, 0)
    }

    fn content(&self, node: Node<'x, 'i>, type_: TypeId, declaration: Option<ElementId>) -> Content {
        match &self.model.type_(type_).kind {
            Kind::Simple(simple) => {
                let mut text = text_of(node);
                let given = declaration.map(|d| self.model.element(d)).and_then(|d| d.fixed.as_ref().or(d.default.as_ref()));
                if text.is_empty()
                    && let Some(given) = given
                {
                    text = given.to_string();
                }
                Content::Value(self.value(*simple, &text, &At(node)))
            }
            Kind::Any => self.generic(node),
            Kind::Array(array) => self.array(node, array),
            Kind::Elements { mixed, .. } => {
                let names = self.names(type_);
                if *mixed && names.is_only_wildcards && self.model.type_(type_).attributes.is_empty() {
                    return self.generic(node);
                }
                let child = |c: Node<'x, 'i>| {
                    let (type_, declaration) = self.declared(&names, c);
                    self.element(c, type_, declaration)
                };
                let has_text = node.children().any(|c| c.is_text() && c.text().is_some_and(|t| !t.trim_matches(is_space).is_empty()));
                if *mixed || has_text {
                    return Content::Mixed(interleaved(node, child));
                }
                let mut row: Vec<Said> = node.children().filter(Node::is_element).map(child).collect();
                if self.encoded || names.has_all {
                    row.sort_by(|a, b| a.name.cmp(&b.name));
                }
                Content::Row(row)
            }
        }
    }

    /// Content that no schema speaks of (decisions 28 and 29).
    fn generic(&self, node: Node<'x, 'i>) -> Content {
        let child = |c: Node<'x, 'i>| self.element(c, SchemaSet::ANY_TYPE, None);
        if !node.children().any(|c| c.is_element()) {
            return Content::Value(text_of(node));
        }
        let has_text = node.children().any(|c| c.is_text() && c.text().is_some_and(|t| !t.trim_matches(is_space).is_empty()));
        if has_text {
            return Content::Mixed(interleaved(node, child));
        }
        Content::Row(node.children().filter(Node::is_element).map(child).collect())
    }

    /// What a child of that name is declared as.
    fn declared(&self, names: &Names, child: Node<'x, 'i>) -> (TypeId, Option<ElementId>) {
        let name = name_of(child);
        let typed = |id: ElementId| (self.model.element(id).type_definition, Some(id));
        if let Some(id) = names.elements.get(&name) {
            return typed(*id);
        }
        let wildcard = names.wildcards.iter().find(|w| w.namespaces.admits(name.namespace()));
        let global = self.model.schemas.element_names.get(&name);
        match (wildcard, global) {
            (Some(w), Some(id)) if w.process_contents != ProcessContents::Skip => typed(*id),
            _ => (SchemaSet::ANY_TYPE, None),
        }
    }

    fn names(&self, type_: TypeId) -> Rc<Names> {
        if let Some(known) = self.names.0.borrow().get(&type_) {
            return known.clone();
        }
        let model = self.model;
        let mut names = Names { elements: HashMap::new(), wildcards: Vec::new(), has_all: false, is_only_wildcards: true };
        if let Kind::Elements { parts, .. } = &model.type_(type_).kind {
            for id in model.all_nodes(parts) {
                match &model.node(id).kind {
                    NodeKind::Element(e) => {
                        for e in std::iter::once(e).chain(model.members(*e)) {
                            names.elements.entry(model.element(*e).name.clone()).or_insert(*e);
                        }
                        names.is_only_wildcards = false;
                    }
                    NodeKind::Any(wildcard) => names.wildcards.push(wildcard.clone()),
                    NodeKind::Group(compositor, _) => names.has_all |= *compositor == Compositor::All,
                    NodeKind::Undeclared(_) | NodeKind::Named(_) => {}
                }
            }
            names.is_only_wildcards &= !names.wildcards.is_empty();
        }
        let made = Rc::new(names);
        self.names.0.borrow_mut().insert(type_, made.clone());
        made
    }

    /// An array by its sizes and members; their names do not count (SOAP 1.1, section 5.4.2; decision 46).
    fn array(&self, node: Node<'x, 'i>, array: &ArrayType) -> Content {
        let told = node.attribute((ns::SOAPENC11, "arrayType")).map(str::to_owned).or_else(|| array_type12(node));
        let (mut item_type, mut dimensions, mut sizes) = (array.item_type, array.ranks.len(), Vec::new());
        if let Some(text) = &told {
            let (name, rest) = text.trim().split_once('[').unwrap_or((text.trim(), ""));
            let (prefix, local) = name.split_once(':').unwrap_or(("", name));
            let name = QName::new(At(node).namespace(prefix).unwrap_or_default(), local);
            item_type = self.model.schemas.type_names.get(&name).copied().unwrap_or(item_type);
            let parts: Vec<&str> = rest.split_terminator(']').map(|p| p.trim_start_matches('[')).collect();
            dimensions = parts.len().max(1);
            sizes = parts.last().map(|s| s.split(',').map(|n| n.trim().to_owned()).collect()).unwrap_or_default();
        }
        let members: Vec<Node<'x, 'i>> = node.children().filter(Node::is_element).collect();
        if sizes.len() < 2 {
            sizes = vec![members.len().to_string()];
        }
        let inner =
            ArrayType { ranks: array.ranks.iter().copied().take(dimensions.saturating_sub(1)).collect(), item_type, ..array.clone() };
        let members = members.into_iter().map(|member| {
            let mut said = if dimensions > 1 {
                let content = self.array(self.target(member), &inner);
                Said {
                    name: String::new(),
                    local: local_of(member),
                    offset: member.range().start,
                    told: None,
                    attributes: BTreeMap::new(),
                    content,
                }
            } else {
                self.element(member, item_type, None)
            };
            said.name = "*".to_owned();
            said
        });
        Content::Array { sizes, members: members.collect() }
    }
}

/// What SOAP 1.2 says in two attributes (part 2, 3.1.4), in the words of SOAP 1.1.
fn array_type12(node: Node<'_, '_>) -> Option<String> {
    let item = node.attribute((ns::SOAPENC12, "itemType"))?;
    let sizes: Vec<&str> = node.attribute((ns::SOAPENC12, "arraySize")).unwrap_or("*").split_whitespace().collect();
    Some(format!("{item}[{}]", sizes.join(",")))
}

fn interleaved<'x, 'i: 'x>(node: Node<'x, 'i>, child: impl Fn(Node<'x, 'i>) -> Said) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for c in node.children() {
        match (c.is_element(), c.text().filter(|_| c.is_text()), parts.last_mut()) {
            (true, ..) => parts.push(Part::Element(child(c))),
            (false, Some(text), Some(Part::Text(before))) => before.push_str(text),
            (false, Some(text), _) if !text.is_empty() => parts.push(Part::Text(text.to_owned())),
            (false, ..) => {}
        }
    }
    parts
}

fn text_of(node: Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|c| c.text()).collect()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The expanded name of an element.
pub(super) fn name_of(node: Node<'_, '_>) -> QName {
    QName::new(node.tag_name().namespace().unwrap_or(""), node.tag_name().name())
}

fn local_of(node: Node<'_, '_>) -> String {
    node.tag_name().name().to_owned()
}
