//! `xs:schema` documents → components: one file for each kind.
//!
//! A [`Builder`] first gives every global component an id (`resolve::index`), then reads each into its slot; references are looked
//! up by name while reading, so the order of documents does not matter. What needs other components' content (varieties, the text
//! of simpleContent, types of substitution group members) is left to `resolve::finish`.

mod annotation;
mod attribute;
mod complex_type;
mod element;
mod names;
mod particle;
mod scope;
mod simple_type;
mod vocabulary;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use roxmltree::{Attribute, Node};

pub(crate) use annotation::{join, text_of};
pub(crate) use scope::prefix_scope;

use super::builtin;
use super::codes;
use super::links::Links;
use super::model::{AttributeGroupId, AttributeId, DerivationSet, DocumentId, ElementId, GroupId, PrefixScope, SchemaSet, ScopeId, TypeId};
use crate::diagnostic::{Code, Diagnostic, Severity, SourceId, Span};
use crate::xml::document::Unqualified as _;
use crate::xml::{QName, ns};

/// Bounds of an import (LIMITS): components, particles, enumeration values, nesting of one document.
pub(super) const MAX_COMPONENTS: usize = 100_000;
const MAX_PARTICLES: usize = 200_000;
const MAX_ENUMERATIONS: usize = 100_000;
const MAX_NESTING: usize = 100;
/// Findings that are kept; a document that has more is broken as a whole.
const MAX_DIAGNOSTICS: usize = 1_000;

/// Where a component stands: its element and the index of its schema document.
#[derive(Clone, Copy)]
pub(super) struct Place<'d> {
    pub(super) node: Node<'d, 'd>,
    pub(super) document: usize,
}

impl<'d> Place<'d> {
    /// A child element of the same document.
    pub(super) fn at(self, node: Node<'d, 'd>) -> Self {
        Self { node, ..self }
    }

    /// Its child elements in the XML Schema namespace.
    pub(super) fn children(self) -> impl Iterator<Item = Place<'d>> {
        self.node.children().filter(|c| c.is_element() && c.tag_name().namespace() == Some(ns::XSD)).map(move |c| self.at(c))
    }

    /// Its first child element `xs:local`.
    pub(super) fn child(self, local: &str) -> Option<Place<'d>> {
        self.children().find(|c| c.local() == local)
    }

    /// The local part of its element's name.
    pub(super) fn local(self) -> &'d str {
        self.node.tag_name().name()
    }

    /// An attribute that is there and not blank.
    pub(super) fn attribute(self, name: &str) -> Option<Attribute<'d, 'd>> {
        self.node.unqualified_node(name).filter(|a| !a.value().trim().is_empty())
    }
}

/// A schema document on its way into the set.
pub(super) struct Document<'d> {
    pub(super) node: Node<'d, 'd>,
    pub(super) source: SourceId,
    /// After chameleon inclusion.
    pub(super) target: Option<Arc<str>>,
    /// Is the target namespace that of the including document?
    pub(super) chameleon: bool,
    pub(super) elements_qualified: bool,
    pub(super) attributes_qualified: bool,
    pub(super) block_default: DerivationSet,
    pub(super) standard: bool,
    /// Namespaces that it imports.
    pub(super) imports: HashSet<Option<Arc<str>>>,
    /// Was it said that it declares again what others do?
    pub(super) repeats: bool,
}

/// A global component that waits to be read.
pub(super) enum Job<'d> {
    Type(TypeId, QName, Place<'d>),
    Element(ElementId, QName, Place<'d>),
    Attribute(AttributeId, QName, Place<'d>),
    Group(GroupId, QName, Place<'d>),
    AttributeGroup(AttributeGroupId),
}

/// `default` and `fixed` of a global attribute.
type DefaultAndFixed = (Option<Arc<str>>, Option<Arc<str>>);

/// How far an attribute group is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Waiting,
    Reading,
    Done,
}

/// The text of a simpleContent that depends on the base's.
pub(super) struct PendingText {
    pub(super) complex: TypeId,
    /// The anonymous type that restricts the base's text, if it restricts it.
    pub(super) own: Option<TypeId>,
    /// Does `own` restrict an inline type already, not the base's text?
    pub(super) own_has_base: bool,
    pub(super) span: Span,
}

/// An import that leads nowhere.
#[derive(Debug, Clone)]
pub struct MissingImport {
    /// The namespace whose components it would bring.
    pub namespace: Option<Arc<str>>,
    /// The location as written.
    pub location: Option<Arc<str>>,
    /// Why there is nothing behind it.
    pub reason: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// Everything that reading needs to know and to remember.
pub(super) struct Builder<'d> {
    pub(super) set: SchemaSet,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) documents: Vec<Document<'d>>,
    pub(super) trees: &'d [Option<roxmltree::Document<'d>>],
    pub(super) links: &'d Links,
    pub(super) jobs: VecDeque<Job<'d>>,
    /// Documents that are in already: source, node, target namespace.
    pub(super) seen: HashSet<(SourceId, u32, Option<Arc<str>>)>,
    pub(super) missing: Vec<MissingImport>,
    /// Shipped schemas that are imported.
    pub(super) wanted_standards: Vec<usize>,
    /// Namespaces of references that lead nowhere.
    pub(super) unresolved: HashSet<Option<Arc<str>>>,
    /// Redefining component → the original, by kind.
    pub(super) original_types: HashMap<TypeId, TypeId>,
    pub(super) original_groups: HashMap<GroupId, GroupId>,
    pub(super) original_attribute_groups: HashMap<AttributeGroupId, AttributeGroupId>,
    /// Components inside `xs:redefine`.
    pub(super) redefining_types: HashMap<TypeId, Place<'d>>,
    pub(super) redefining_groups: HashSet<GroupId>,
    pub(super) redefining_attribute_groups: HashSet<AttributeGroupId>,
    /// Where the author's global types stand.
    pub(super) type_places: HashMap<TypeId, Place<'d>>,
    /// The redefining component that is being read: references to its own name mean the original.
    pub(super) redefining: Option<QName>,
    pub(super) redefined_type: Option<TypeId>,
    pub(super) redefined_group: Option<GroupId>,
    pub(super) redefined_attribute_group: Option<AttributeGroupId>,
    pub(super) attribute_values: HashMap<AttributeId, DefaultAndFixed>,
    pub(super) attribute_group_places: Vec<(Place<'d>, Progress)>,
    pub(super) attribute_group_prohibited: Vec<Vec<QName>>,
    /// Simple types that restrict another: their variety is their base's.
    pub(super) restrictions: Vec<TypeId>,
    pub(super) pending_text: Vec<PendingText>,
    pub(super) without_type: Vec<ElementId>,
    pub(super) particles: usize,
    pub(super) enumerations: usize,
    pub(super) nesting: usize,
    /// A limit was passed: nothing more is read, and there is no set.
    pub(super) stopped: bool,
    strings: HashSet<Arc<str>>,
    scope_ids: HashMap<PrefixScope, ScopeId>,
    scope_cache: HashMap<Vec<usize>, ScopeId>,
    scope_buffer: Vec<usize>,
    undeclared: HashMap<(&'static str, QName), (usize, usize)>,
    hints: usize,
}

impl<'d> Builder<'d> {
    pub(super) fn new(trees: &'d [Option<roxmltree::Document<'d>>], links: &'d Links) -> Self {
        let mut set = SchemaSet::default();
        set.scopes.push(PrefixScope::default());
        builtin::install(&mut set);
        Self {
            set,
            diagnostics: Vec::new(),
            documents: Vec::new(),
            trees,
            links,
            jobs: VecDeque::new(),
            seen: HashSet::new(),
            missing: Vec::new(),
            wanted_standards: Vec::new(),
            unresolved: HashSet::new(),
            original_types: HashMap::new(),
            original_groups: HashMap::new(),
            original_attribute_groups: HashMap::new(),
            redefining_types: HashMap::new(),
            redefining_groups: HashSet::new(),
            redefining_attribute_groups: HashSet::new(),
            type_places: HashMap::new(),
            redefining: None,
            redefined_type: None,
            redefined_group: None,
            redefined_attribute_group: None,
            attribute_values: HashMap::new(),
            attribute_group_places: Vec::new(),
            attribute_group_prohibited: Vec::new(),
            restrictions: Vec::new(),
            pending_text: Vec::new(),
            without_type: Vec::new(),
            particles: 0,
            enumerations: 0,
            nesting: 0,
            stopped: false,
            strings: HashSet::new(),
            scope_ids: HashMap::from([(PrefixScope::default(), ScopeId(0))]),
            scope_cache: HashMap::new(),
            scope_buffer: Vec::new(),
            undeclared: HashMap::new(),
            hints: 0,
        }
    }

    /// The one shared copy of a string.
    pub(super) fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.strings.get(text) {
            return known.clone();
        }
        let new: Arc<str> = Arc::from(text);
        self.strings.insert(new.clone());
        new
    }

    /// Notes a finding; those about shipped schemas are not the author's.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let shipped = diagnostic.span.is_some_and(|s| is_shipped(s.source));
        if !shipped && self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn warn(&mut self, code: &'static Code, message: String, span: Span) {
        self.report(Diagnostic::new(Severity::Warning, code, message).at(span));
    }

    pub(super) fn note(&mut self, code: &'static Code, message: String, span: Span) {
        self.report(Diagnostic::new(Severity::Note, code, message).at(span));
    }

    /// Stops reading: a limit is passed.
    pub(super) fn stop(&mut self, message: &str, span: Option<Span>) {
        if !self.stopped {
            self.stopped = true;
            let mut d = Diagnostic::error(&codes::LIMIT, message);
            d.span = span;
            self.diagnostics.push(d);
            self.jobs.clear();
        }
    }

    /// Checks the number of components; `true` where there is room for one more.
    pub(super) fn room_for_component(&mut self, place: Place<'d>) -> bool {
        let set = &self.set;
        let count = set.types.len() + set.elements.len() + set.attributes.len() + set.groups.len() + set.attribute_groups.len();
        if count > MAX_COMPONENTS {
            let span = self.span(place);
            self.stop("the schemas have more than 100000 components", Some(span));
        }
        !self.stopped
    }

    pub(super) fn count_particle(&mut self, place: Place<'d>) {
        self.particles += 1;
        if self.particles > MAX_PARTICLES {
            let span = self.span(place);
            self.stop("the schemas have more than 200000 particles", Some(span));
        }
    }

    pub(super) fn count_enumeration(&mut self, place: Place<'d>) {
        self.enumerations += 1;
        if self.enumerations > MAX_ENUMERATIONS {
            let span = self.span(place);
            self.stop("the schemas have more than 100000 enumeration values", Some(span));
        }
    }

    /// Runs `read` one level further in; `None` where that is too deep.
    pub(super) fn nested<T>(&mut self, place: Place<'d>, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.stopped {
            return None;
        }
        if self.nesting >= MAX_NESTING {
            let span = self.span(place);
            self.stop("declarations are nested more than 100 levels deep", Some(span));
            return None;
        }
        self.nesting += 1;
        let value = read(self);
        self.nesting -= 1;
        Some(value)
    }

    /// The document of a place.
    pub(super) fn document(&self, place: Place<'d>) -> &Document<'d> {
        &self.documents[place.document]
    }

    pub(super) fn document_id(place: Place<'d>) -> DocumentId {
        DocumentId(place.document as u32)
    }

    /// Where a place's start tag begins: its `<` and name.
    pub(super) fn span(&self, place: Place<'d>) -> Span {
        start_tag(place.node, self.document(place).source)
    }

    /// Where an attribute's value stands.
    pub(super) fn value_span(&self, place: Place<'d>, attribute: Attribute<'d, 'd>) -> Span {
        let range = attribute.range_value();
        Span { source: self.document(place).source, start: range.start as u32, end: range.end as u32 }
    }

    /// A truth value; anything that is none counts as absent.
    pub(super) fn boolean(&mut self, place: Place<'d>, name: &str) -> Option<bool> {
        let attribute = place.node.unqualified_node(name)?;
        match attribute.value().trim() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            other => {
                let span = self.value_span(place, attribute);
                let message = format!("`{name}` is `{other}`");
                self.report(Diagnostic::new(Severity::Warning, &codes::BAD_VALUE, message).at(span).expected("true or false"));
                None
            }
        }
    }

    /// A value as written, shared.
    pub(super) fn text_attribute(&mut self, place: Place<'d>, name: &str) -> Option<Arc<str>> {
        place.node.unqualified(name).map(|v| self.intern(v))
    }

    /// `block` or `final` with the document's default.
    pub(super) fn block(&mut self, place: Place<'d>) -> DerivationSet {
        match place.node.unqualified("block") {
            Some(text) => derivation_set(text),
            None => self.document(place).block_default,
        }
    }

    /// The expanded name of a global component, from its `name`.
    pub(super) fn global_name(&mut self, place: Place<'d>) -> Option<QName> {
        let local = self.ncname(place)?;
        Some(QName::with_optional(self.document(place).target.clone(), local))
    }

    /// `name`, trimmed; a finding where it is no name.
    pub(super) fn ncname(&mut self, place: Place<'d>) -> Option<Arc<str>> {
        let attribute = place.attribute("name")?;
        let name = attribute.value().trim();
        if name.contains([':', ' ', '\t', '\n', '/', '<', '&']) || name.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') {
            let span = self.value_span(place, attribute);
            self.warn(&codes::BAD_VALUE, format!("`{name}` is not a name without a colon"), span);
        }
        Some(self.intern(name))
    }
}

/// `#all`, or a list of methods.
pub(super) fn derivation_set(text: &str) -> DerivationSet {
    let all = text.trim() == "#all";
    let has = |method| all || text.split_ascii_whitespace().any(|m| m == method);
    DerivationSet { extension: has("extension"), restriction: has("restriction"), substitution: has("substitution") }
}

/// The span of a start tag's `<` and name.
pub(crate) fn start_tag(node: Node<'_, '_>, source: SourceId) -> Span {
    let range = node.range();
    let text = node.document().input_text().get(range.clone()).unwrap_or("");
    let length = text.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(text.len());
    Span { source, start: range.start as u32, end: (range.start + length) as u32 }
}

/// The source id of the shipped schema with this index: it is in no `Sources`.
pub(super) fn shipped_source(index: usize) -> SourceId {
    SourceId(u32::MAX - index as u32)
}

fn is_shipped(source: SourceId) -> bool {
    source.0 > u32::MAX - 1_000
}
