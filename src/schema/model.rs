//! The components of XML Schema part 1, in the specification's own words, in arenas with typed ids.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::Span;
use crate::xml::QName;
use crate::xml::datatypes::{FacetKind, Primitive};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Default)]
        pub struct $name(pub u32);
        impl $name {
            /// The index into its arena.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(/// A type definition, simple or complex.
    TypeId);
id!(/// An element declaration, global or local.
    ElementId);
id!(/// An attribute declaration, global or local.
    AttributeId);
id!(/// A model group definition (`xs:group`).
    GroupId);
id!(/// An attribute group definition.
    AttributeGroupId);
id!(/// The namespace declarations in scope at a component.
    ScopeId);
id!(/// A schema document.
    DocumentId);

/// All schema components of one WSDL, every reference resolved.
///
/// Made by `schema::resolve` only. The ids inside are valid for this set. Component arenas are in document order.
#[derive(Debug, Default)]
pub struct SchemaSet {
    /// Every schema document (or embedded `xs:schema`) in the order of reading.
    pub documents: Vec<SchemaDocument>,
    /// Type definitions; the built-in ones come first (`anyType` is 0).
    pub types: Vec<TypeDefinition>,
    /// Element declarations.
    pub elements: Vec<ElementDeclaration>,
    /// Attribute declarations.
    pub attributes: Vec<AttributeDeclaration>,
    /// Model group definitions.
    pub groups: Vec<ModelGroupDefinition>,
    /// Attribute group definitions.
    pub attribute_groups: Vec<AttributeGroupDefinition>,
    /// Namespace declarations in scope, shared by the components that have the same ones.
    pub scopes: Vec<PrefixScope>,
    /// Global types by name, built-ins and the SOAP encodings' included.
    pub type_names: HashMap<QName, TypeId>,
    /// Global elements by name.
    pub element_names: HashMap<QName, ElementId>,
    /// Global attributes by name.
    pub attribute_names: HashMap<QName, AttributeId>,
    /// Model group definitions by name.
    pub group_names: HashMap<QName, GroupId>,
    /// Attribute group definitions by name.
    pub attribute_group_names: HashMap<QName, AttributeGroupId>,
    /// Head → elements that name it in `substitutionGroup`, directly, in document order.
    pub substitution_groups: HashMap<ElementId, Vec<ElementId>>,
    /// Type → named types that derive from it directly, in document order.
    pub derived: HashMap<TypeId, Vec<TypeId>>,
}

/// One `xs:schema`.
#[derive(Debug)]
pub struct SchemaDocument {
    /// Its target namespace after chameleon inclusion, `None` for none.
    pub target_namespace: Option<Arc<str>>,
    /// Declarations at its root element (and those of the WSDL around it, when embedded).
    pub scope: ScopeId,
    /// Where its root element stands.
    pub span: Span,
    /// Is it one of the shipped standard schemas, not a document of the author's?
    pub standard: bool,
}

/// Prefix → namespace pairs in scope: innermost element first, in document order on each; the default namespace has the
/// prefix `""`. A prefix that is declared again further in stands once, with the inner meaning.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PrefixScope(pub Vec<(Arc<str>, Arc<str>)>);

/// `xs:documentation` texts of a component, joined by blank lines, trimmed; `None` where there are none.
pub type Documentation = Option<Arc<str>>;

/// A type definition.
#[derive(Debug)]
pub enum TypeDefinition {
    /// Simple, built-in ones included.
    Simple(SimpleType),
    /// Complex, `xs:anyType` included.
    Complex(ComplexType),
}

/// A simple type definition (part 1, 3.14).
#[derive(Debug)]
pub struct SimpleType {
    /// Its name; `None` for an anonymous one.
    pub name: Option<QName>,
    /// The type it restricts: `None` for `anySimpleType`; `anySimpleType` for lists and unions without a restriction.
    pub base: Option<TypeId>,
    /// Atomic, list or union, with what that needs; inherited along restrictions.
    pub variety: Variety,
    /// The facets of this step only; those of the bases stand there.
    pub facets: Vec<Facet>,
    /// Declarations in scope.
    pub scope: ScopeId,
    /// The document that holds it; `None` for a built-in.
    pub document: Option<DocumentId>,
    /// Where it stands; `None` for a built-in.
    pub span: Option<Span>,
    /// Its annotation.
    pub documentation: Documentation,
}

/// The variety of a simple type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variety {
    /// `anySimpleType` itself.
    Ur,
    /// Restricts this built-in, possibly in several steps: the nearest built-in ancestor (`xs:int`, not `xs:decimal`).
    Atomic(Primitive),
    /// List of an atomic or union type.
    List(TypeId),
    /// Union, members in order.
    Union(Vec<TypeId>),
}

/// A constraining facet (part 2, 4.3).
#[derive(Debug)]
pub struct Facet {
    /// Which one.
    pub kind: FacetKind,
    /// Its value as written.
    pub value: Arc<str>,
    /// Declarations in scope, for enumerations of QNames.
    pub scope: ScopeId,
    /// Its annotation (of an enumeration value, usually).
    pub documentation: Documentation,
}

/// A complex type definition (part 1, 3.4).
#[derive(Debug)]
pub struct ComplexType {
    /// Its name; `None` for an anonymous one.
    pub name: Option<QName>,
    /// The type it derives from; `None` only for `xs:anyType`. For a redefined type: the original.
    pub base: Option<TypeId>,
    /// How it derives from it. A type without `complexContent` or `simpleContent` restricts `xs:anyType`.
    pub derivation: Derivation,
    /// `abstract="true"`.
    pub is_abstract: bool,
    /// `mixed="true"` on the type or its `complexContent`.
    pub mixed: bool,
    /// Its own content, without what it inherits.
    pub content: Content,
    /// Its own attribute uses in schema order, attribute groups expanded, without what it inherits.
    pub attribute_uses: Vec<AttributeUse>,
    /// Names with `use="prohibited"`: taken away from what a restriction inherits.
    pub prohibited: Vec<QName>,
    /// Its own `xs:anyAttribute`, attribute groups included.
    pub attribute_wildcard: Option<Wildcard>,
    /// `wsdl:arrayType` as written on a use of `soapenc:arrayType`, with its scope: `"xsd:string[]"`.
    pub array_type: Option<(Arc<str>, ScopeId)>,
    /// Derivations that `block` refuses where this type is declared.
    pub block: DerivationSet,
    /// Declarations in scope.
    pub scope: ScopeId,
    /// The document that holds it; `None` for `xs:anyType`.
    pub document: Option<DocumentId>,
    /// Where it stands.
    pub span: Option<Span>,
    /// Its annotation.
    pub documentation: Documentation,
}

/// How a complex type derives from its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum Derivation {
    Extension,
    Restriction,
}

/// A set of derivation methods (`block`, `final`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "the specification's names")]
pub struct DerivationSet {
    pub extension: bool,
    pub restriction: bool,
    pub substitution: bool,
}

/// A complex type's own content.
#[derive(Debug)]
pub enum Content {
    /// `simpleContent`: the simple type of the text; a restriction with facets has an anonymous type of its own here.
    Simple(TypeId),
    /// Elements (also none): the own content model, without the base's.
    Complex(Option<Particle>),
}

/// An attribute use (part 1, 3.5).
#[derive(Debug, Clone)]
pub struct AttributeUse {
    /// The declaration.
    pub attribute: AttributeId,
    /// `use="required"`.
    pub required: bool,
    /// `fixed` of the use, else of the declaration.
    pub fixed: Option<Arc<str>>,
    /// `default` of the use, else of the declaration.
    pub default: Option<Arc<str>>,
}

/// An attribute declaration (part 1, 3.2).
#[derive(Debug)]
pub struct AttributeDeclaration {
    /// Its expanded name, after `form` and `attributeFormDefault`.
    pub name: QName,
    /// A simple type (`anySimpleType` where none is given).
    pub type_definition: TypeId,
    /// Declarations in scope.
    pub scope: ScopeId,
    /// Where it stands.
    pub span: Span,
    /// Its annotation.
    pub documentation: Documentation,
}

/// An element declaration (part 1, 3.3).
#[derive(Debug)]
pub struct ElementDeclaration {
    /// Its expanded name, after `form` and `elementFormDefault`.
    pub name: QName,
    /// Is it global?
    pub is_global: bool,
    /// Its type (`anyType` where none is given and no head gives one).
    pub type_definition: TypeId,
    /// `nillable`.
    pub nillable: bool,
    /// `abstract`.
    pub is_abstract: bool,
    /// `default`.
    pub default: Option<Arc<str>>,
    /// `fixed`.
    pub fixed: Option<Arc<str>>,
    /// The head it may stand for.
    pub substitution_group: Option<ElementId>,
    /// What `block` refuses.
    pub block: DerivationSet,
    /// `xs:key`, `xs:unique`, `xs:keyref` are parsed and kept by name; messages are not checked against them.
    pub identity_constraints: Vec<Arc<str>>,
    /// `xmime:expectedContentTypes`.
    pub expected_content_types: Option<Arc<str>>,
    /// Declarations in scope.
    pub scope: ScopeId,
    /// Where it stands.
    pub span: Span,
    /// Its annotation.
    pub documentation: Documentation,
}

/// A particle (part 1, 3.9): a term and how often it may stand.
#[derive(Debug, Clone)]
pub struct Particle {
    /// `minOccurs`.
    pub min: u32,
    /// `maxOccurs`, `None` for unbounded. Particles with `maxOccurs="0"` are left out, so this is at least 1.
    pub max: Option<u32>,
    /// What stands there.
    pub term: Term,
}

/// What a particle stands for.
#[derive(Debug, Clone)]
pub enum Term {
    /// An element, declared here or referred to.
    Element(ElementId),
    /// A group in place.
    ModelGroup(ModelGroup),
    /// A reference to a model group definition. These may be cyclic where authors break the rules.
    Group(GroupId),
    /// A wildcard.
    Wildcard(Wildcard),
    /// A reference to an element that nobody declares (`ref="s:schema"`, a missing import): a wildcard for just that name.
    Undeclared(QName),
}

/// A model group (part 1, 3.8).
#[derive(Debug, Clone)]
pub struct ModelGroup {
    /// sequence, choice or all.
    pub compositor: Compositor,
    /// Its particles, in order.
    pub particles: Vec<Particle>,
}

/// The compositor of a model group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum Compositor {
    Sequence,
    Choice,
    All,
}

/// A model group definition (part 1, 3.7).
#[derive(Debug)]
pub struct ModelGroupDefinition {
    /// Its name.
    pub name: QName,
    /// Its group; empty where the definition is.
    pub model_group: ModelGroup,
    /// Where it stands.
    pub span: Span,
}

/// An attribute group definition (part 1, 3.6). The uses that refer to it are expanded already.
#[derive(Debug)]
pub struct AttributeGroupDefinition {
    /// Its name.
    pub name: QName,
    /// Its uses, nested groups expanded.
    pub attribute_uses: Vec<AttributeUse>,
    /// Its wildcard.
    pub attribute_wildcard: Option<Wildcard>,
    /// Where it stands.
    pub span: Span,
}

/// A wildcard (part 1, 3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    /// Which namespaces it admits.
    pub namespaces: NamespaceConstraint,
    /// What to do with what it admits.
    pub process_contents: ProcessContents,
}

/// A namespace constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamespaceConstraint {
    /// `##any`.
    Any,
    /// `##other`: any namespace but this one, and not none.
    Not(Option<Arc<str>>),
    /// These; `None` is no namespace (`##local`).
    List(Vec<Option<Arc<str>>>),
}

/// `processContents`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum ProcessContents {
    Strict,
    Lax,
    Skip,
}

impl SchemaSet {
    /// `xs:anyType`: always the first type.
    pub const ANY_TYPE: TypeId = TypeId(0);

    /// The type of that id.
    ///
    /// # Panics
    /// Where the id is of another set.
    pub fn type_definition(&self, id: TypeId) -> &TypeDefinition {
        &self.types[id.index()]
    }

    /// The element of that id. Panics where the id is of another set.
    pub fn element(&self, id: ElementId) -> &ElementDeclaration {
        &self.elements[id.index()]
    }

    /// The attribute of that id. Panics where the id is of another set.
    pub fn attribute(&self, id: AttributeId) -> &AttributeDeclaration {
        &self.attributes[id.index()]
    }

    /// The group of that id. Panics where the id is of another set.
    pub fn group(&self, id: GroupId) -> &ModelGroupDefinition {
        &self.groups[id.index()]
    }

    /// The declarations in scope of that id. Panics where the id is of another set.
    pub fn scope(&self, id: ScopeId) -> &PrefixScope {
        &self.scopes[id.index()]
    }
}

impl TypeDefinition {
    /// Its name, if it has one.
    pub fn name(&self) -> Option<&QName> {
        match self {
            Self::Simple(t) => t.name.as_ref(),
            Self::Complex(t) => t.name.as_ref(),
        }
    }

    /// The type it derives from.
    pub fn base(&self) -> Option<TypeId> {
        match self {
            Self::Simple(t) => t.base,
            Self::Complex(t) => t.base,
        }
    }

    /// The document that holds it.
    pub fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Simple(t) => t.document,
            Self::Complex(t) => t.document,
        }
    }
}

impl PrefixScope {
    /// The namespace that `prefix` (`""`: the default) stands for here.
    pub fn namespace(&self, prefix: &str) -> Option<&Arc<str>> {
        self.0.iter().find(|(p, _)| &**p == prefix).map(|(_, ns)| ns)
    }

    /// The first declared prefix of `namespace`, never the default.
    pub fn prefix(&self, namespace: &str) -> Option<&Arc<str>> {
        self.0.iter().find(|(p, ns)| !p.is_empty() && &**ns == namespace).map(|(p, _)| p)
    }
}

impl NamespaceConstraint {
    /// Is an item in `namespace` (`None`: no namespace) admitted?
    pub fn admits(&self, namespace: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Not(target) => namespace.is_some() && namespace != target.as_deref(),
            Self::List(list) => list.iter().any(|n| n.as_deref() == namespace),
        }
    }
}
