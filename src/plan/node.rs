//! The instruction set: what a program is made of.
//!
//! A [`Program`] serves all operations of an API. Types, elements and shapes stand in arenas, so that recursion is an index and the
//! largest services stay small. The JSON shape of every message is decided by these nodes alone: encode, decode, OpenAPI and
//! samples read the same ones.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub use super::names::{ByName, Name, NameTable, NumberHasher};
pub use super::operation::{
    Annotations, AttachmentSlot, Block, Body, FaultPlan, FixedHeader, MessagePlan, OperationPlan, Pattern, Slot, SoapVersion,
};
use super::scalar::Scalar;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $name {
            /// The index into its arena.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(/// A namespace name of the program; [`NamespaceId::NONE`] is no namespace.
    NamespaceId);
id!(/// An expanded name of the program.
    NameId);
id!(/// A type.
    TypeId);
id!(/// An element declaration.
    ElementId);
id!(/// What one JSON object may hold of elements.
    ShapeId);

impl NamespaceId {
    /// No namespace.
    pub const NONE: Self = Self(0);
}

/// The compiled mediation of all operations of an API. Immutable; made by `plan::compile` only.
#[derive(Debug, Default)]
pub struct Program {
    /// Every name that any node speaks of.
    pub names: NameTable,
    /// Types.
    pub types: Vec<Type>,
    /// Element declarations, local ones too.
    pub elements: Vec<Element>,
    /// Shapes.
    pub shapes: Vec<Shape>,
    /// Global elements: what wildcards, fault details and the generic rules may meet.
    pub globals: HashMap<NameId, ElementId>,
    /// The same by local name, in the order of `elements`; filled by [`Program::index`].
    pub globals_by_local: HashMap<Arc<str>, Vec<ElementId>>,
    /// Named types, built-ins and the SOAP encodings' among them: what `xsi:type` may name.
    pub types_by_name: HashMap<NameId, TypeId>,
    /// `$type` → type: `"Cat"`, `"p:Cat"`, `"xs:int"`. `"{ns}local"` is looked up by name.
    pub types_by_label: HashMap<Arc<str>, TypeId>,
    /// What `$type` calls the types of [`Program::types_by_name`].
    pub type_labels: HashMap<NameId, Arc<str>>,
    /// `xs:anyType`, whose content follows the generic rules.
    pub any_type: Option<TypeId>,
    /// Operations in the order of the ports, then of the binding.
    pub operations: Vec<OperationPlan>,
    /// The API's choices about the mapping.
    pub options: MappingOptions,
}

/// What an API definition may choose about the mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingOptions {
    /// `numbers: string`: numbers wider than a double are strings in replies.
    pub numbers_as_strings: bool,
    /// `nulls: absent`: a null for what is not nillable is as if it were not there.
    pub nulls_are_absent: bool,
    /// `unknown: ignore`: properties that the schema does not know are dropped, not refused.
    pub ignore_unknown: bool,
    /// `lenient: true`: a lone value is taken where an array is expected.
    pub lenient: bool,
    /// `strict: true`: a reply that breaks its schema is refused.
    pub strict: bool,
    /// `flatten: false`: wrappers of one repeated element stay objects.
    pub keep_wrappers: bool,
    /// `$xml` is refused in requests.
    pub refuse_raw_xml: bool,
}

/// A type: what the value of an element is.
#[derive(Debug)]
pub struct Type {
    /// Its name; `None` for an anonymous one.
    pub name: Option<NameId>,
    /// What `$type` calls it; empty for an anonymous one.
    pub label: Arc<str>,
    /// The type it derives from: for deciding what may stand in its place. Built-in types have theirs.
    pub base: Option<TypeId>,
    /// Must a derived type stand in its place?
    pub is_abstract: bool,
    /// Named types that derive from it, directly or not, and are not abstract; in schema order.
    pub derived: Vec<TypeId>,
    /// The member types of a union: each may stand in its place.
    pub union_members: Vec<TypeId>,
    /// What its value is.
    pub body: TypeBody,
    /// Its annotation.
    pub documentation: Option<Arc<str>>,
}

/// The four kinds of type that the mapping knows.
#[derive(Debug)]
pub enum TypeBody {
    /// A simple type: a bare JSON value.
    Simple(Arc<Scalar>),
    /// `xs:anyType`, or a mixed type of nothing but wildcards: the generic rules.
    Generic,
    /// An array of SOAP encoding.
    SoapArray(SoapArray),
    /// Attributes and content.
    Complex(ComplexType),
}

/// A complex type.
#[derive(Debug)]
pub struct ComplexType {
    /// Attributes in schema order, the base's first.
    pub attributes: Vec<Attribute>,
    /// Attributes beyond these.
    pub any_attribute: Option<Wildcard>,
    /// What stands between the tags.
    pub content: Content,
    /// Is it written as a bare array below a message's root (`ArrayOfX`)? Then `content` is `Elements` with exactly one place, which is an array.
    pub is_flat: bool,
}

/// The content of a complex type.
#[derive(Debug)]
pub enum Content {
    /// Text of a simple type: the bare value where there are no attributes and no wildcard for them, else `$value`.
    Simple(Arc<Scalar>),
    /// Elements (perhaps none): properties.
    Elements(ShapeId),
    /// Elements with text between them: `$content`.
    Mixed(ShapeId),
}

/// An attribute of a complex type.
#[derive(Debug)]
pub struct Attribute {
    /// Its name.
    pub name: NameId,
    /// The JSON property: `"@id"`.
    pub key: Arc<str>,
    /// Its type.
    pub scalar: Arc<Scalar>,
    /// Must it be there?
    pub required: bool,
    /// The only value it may have, as written.
    pub fixed: Option<Fixed>,
    /// The value it has when absent: for documents only.
    pub default: Option<Arc<str>>,
    /// Its annotation.
    pub documentation: Option<Arc<str>>,
}

/// A `fixed` value.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// As written in the schema.
    pub text: Arc<str>,
    /// What equal lexical forms have in common, by its scalar's `canonical`.
    pub canonical: Arc<str>,
}

/// An element declaration.
#[derive(Debug)]
pub struct Element {
    /// Its name.
    pub name: NameId,
    /// Its type.
    pub type_: TypeId,
    /// May it be nil?
    pub nillable: bool,
    /// Must a member of its substitution group stand in its place?
    pub is_abstract: bool,
    /// What an empty element means: `fixed`, else `default`.
    pub value_if_empty: Option<Arc<str>>,
    /// The only value it may have.
    pub fixed: Option<Fixed>,
    /// `default`: for documents.
    pub default: Option<Arc<str>>,
    /// Non-abstract members of its substitution group, direct or not, itself not among them; empty for local elements.
    pub members: Vec<ElementId>,
    /// Its annotation.
    pub documentation: Option<Arc<str>>,
}

/// What one JSON object may hold of elements: a content model in normal form, with the keys of its places.
///
/// Normal form: groups of one particle collapse into it, groups of one kind are spliced, a substitution group's head is a choice
/// of its members, a repeated group of several particles is an [`PlaceKind::Items`] place with a shape of its own.
#[derive(Debug, Default)]
pub struct Shape {
    /// The content model; `None` for no content.
    pub model: Option<Particle>,
    /// The leaves of the model in schema order.
    pub places: Vec<Place>,
    /// Property → the first place of that key (places in different branches of a choice may share one).
    pub by_key: HashMap<Arc<str>, PlaceIx>,
    /// Element → where it stands: the first place, perhaps inside the shape of an `Items` place.
    pub by_name: ByName<Found>,
    /// Local name → the only element of that local name in this shape: for replies that slip in the namespace.
    pub by_local: HashMap<Arc<str>, NameId>,
    /// Element → its key in `$content` (the key without the number of a later place), `Items` included.
    pub content_keys: HashMap<NameId, Arc<str>>,
    /// Key in `$content` → element, `Items` included.
    pub content_names: HashMap<Arc<str>, ElementId>,
    /// All keys of the type's elements, those of other shapes of it too; see [`Shape::takes`].
    pub taken_keys: Arc<HashSet<Arc<str>>>,
    /// All wildcards, those inside `Items` too.
    pub wildcards: Vec<Wildcard>,
    /// Do the wildcards of this very shape admit more than one element in all?
    pub many_wild: bool,
    /// How a decoder finds the place of a child.
    pub matching: Matching,
}

/// How children are matched to places on decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// By name alone: every name has one place (or places that share a key), and every `Items` is a choice of single
    /// elements. Streams.
    #[default]
    ByName,
    /// By the whole row of children: an element stands at several places, a repeated group has several particles, or several branches of a
    /// choice have wildcards. The element is buffered to its end.
    ByRow,
}

/// Index into [`Shape::places`].
pub type PlaceIx = u32;

/// Where an element stands in a shape.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The declaration.
    pub element: ElementId,
    /// The place in this shape: of the element, or of the `Items` around it.
    pub place: PlaceIx,
    /// May nil stand there?
    pub nillable: bool,
}

/// A particle of a content model in normal form.
#[derive(Debug, Clone)]
pub enum Particle {
    /// A leaf.
    Place(PlaceIx),
    /// A group that stands at most once.
    Group(Group),
}

/// A group of particles.
#[derive(Debug, Clone)]
pub struct Group {
    /// sequence, choice or all.
    pub compositor: Compositor,
    /// May it be left out?
    pub optional: bool,
    /// Its particles in schema order.
    pub particles: Vec<Particle>,
}

/// The compositor of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "XML Schema's names")]
pub enum Compositor {
    Sequence,
    Choice,
    All,
}

/// A leaf of a content model.
#[derive(Debug, Clone)]
pub struct Place {
    /// What stands there.
    pub kind: PlaceKind,
    /// The JSON property; empty for a wildcard.
    pub key: Arc<str>,
    /// The first place of this key: itself, but for a place in a later branch of a choice that shares the key. Filled by
    /// [`Program::index`].
    pub first: PlaceIx,
    /// Is the property an array? Always so for `Items`.
    pub array: bool,
    /// Is it inside a choice of its object? Then no `[]` is written where there are none.
    pub in_choice: bool,
    /// May nil stand there?
    pub nillable: bool,
    /// How often at least.
    pub min: u32,
    /// How often at most, `None` for any number.
    pub max: Option<u32>,
}

/// What stands at a place.
#[derive(Debug, Clone)]
pub enum PlaceKind {
    /// An element.
    Element(ElementId),
    /// A repeated group: an array of objects of that shape.
    Items(ShapeId),
    /// Elements that a wildcard admits.
    Any(Wildcard),
}

/// `xs:any` or `xs:anyAttribute`.
#[derive(Debug, Clone)]
pub struct Wildcard {
    /// What it admits.
    pub admits: Admits,
    /// What is done with it.
    pub process: Process,
}

/// A namespace constraint.
#[derive(Debug, Clone)]
pub enum Admits {
    /// Anything.
    Any,
    /// Any namespace but this one, and not none.
    Not(NamespaceId),
    /// These namespaces.
    Namespaces(Vec<NamespaceId>),
    /// Just this name: a reference to an element that nobody declares.
    Name(NameId),
}

/// `processContents`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "XML Schema's names")]
pub enum Process {
    Strict,
    Lax,
    Skip,
}

/// An array of SOAP encoding.
#[derive(Debug, Clone)]
pub struct SoapArray {
    /// The type of its members.
    pub item_type: TypeId,
    /// That type's name, as `arrayType` writes it.
    pub item_name: NameId,
    /// The name of a member's element.
    pub item_tag: NameId,
    /// The declared dimensions, outermost last, by their ranks: `xs:int[][,]` is `[1, 2]`. At least one.
    pub ranks: Vec<u32>,
    /// SOAP 1.2's encoding, not 1.1's?
    pub soap12: bool,
}

impl Shape {
    /// Is it a key of the type? A wildcard's element may not take one.
    pub fn takes(&self, key: &str) -> bool {
        self.taken_keys.contains(key) || self.by_key.contains_key(key)
    }

    /// May a particle of an `all` that stands so often stand once more? A substitution group's members count together.
    pub fn has_room(&self, particle: &Particle, times: u32) -> bool {
        match particle {
            Particle::Place(ix) => self.places.get(*ix as usize).is_some_and(|place| place.max.is_none_or(|m| times < m)),
            Particle::Group(_) => times == 0,
        }
    }

    /// Does a particle of an `all` stand often enough?
    pub fn is_enough(&self, particle: &Particle, times: u32) -> bool {
        match particle {
            Particle::Place(ix) => self.places.get(*ix as usize).is_some_and(|place| times >= place.min),
            Particle::Group(group) => times > 0 || group.optional,
        }
    }

    /// Fills `by_key` and [`Place::first`] from the places.
    pub fn index(&mut self) {
        self.by_key.clear();
        for (ix, place) in self.places.iter_mut().enumerate() {
            let ix = ix as PlaceIx;
            place.first = if place.key.is_empty() { ix } else { *self.by_key.entry(place.key.clone()).or_insert(ix) };
        }
    }
}

impl Program {
    /// Fills what follows from other fields: `globals_by_local`, and of every shape `by_key` and [`Place::first`]. The last step of a
    /// compilation.
    pub fn index(&mut self) {
        self.globals_by_local.clear();
        let mut globals: Vec<ElementId> = self.globals.values().copied().collect();
        globals.sort_unstable();
        for id in globals {
            let local = self.names.local(self.element(id).name).clone();
            self.globals_by_local.entry(local).or_default().push(id);
        }
        self.shapes.iter_mut().for_each(Shape::index);
    }

    /// The type of that id. Panics where the id is of another program.
    pub fn type_(&self, id: TypeId) -> &Type {
        &self.types[id.index()]
    }

    /// The element of that id. Panics where the id is of another program.
    pub fn element(&self, id: ElementId) -> &Element {
        &self.elements[id.index()]
    }

    /// The shape of that id. Panics where the id is of another program.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.index()]
    }

    /// May a value of `given` stand where `declared` is declared? `block` and `final` are not asked.
    pub fn derives(&self, given: TypeId, declared: TypeId) -> bool {
        let mut at = Some(given);
        while let Some(t) = at {
            if t == declared || self.type_(declared).union_members.contains(&t) {
                return true;
            }
            at = self.type_(t).base;
        }
        false
    }

    /// How many derivations lead from `declared` to `given`; `None` where it does not derive from it.
    pub fn steps_to(&self, given: TypeId, declared: TypeId) -> Option<usize> {
        std::iter::successors(Some(given), |t| self.type_(*t).base).position(|t| t == declared)
    }

    /// Is it `swaRef` (WS-I Attachments Profile 1.0, section 4.4), or derived from it?
    pub fn is_swa_ref(&self, type_: TypeId) -> bool {
        let is_it = |t: &TypeId| {
            let name = self.types.get(t.index()).and_then(|t| t.name);
            name.is_some_and(|n| &**self.names.local(n) == "swaRef" && &**self.names.uri(self.names.namespace(n)) == crate::xml::ns::SWAREF)
        };
        std::iter::successors(Some(type_), |t| self.types.get(t.index())?.base).any(|t| is_it(&t))
    }

    /// The operation of that name, at that port (`PORT` or `SERVICE/PORT`) where one is given; the first of its overloads.
    pub fn operation(&self, name: &str, port: Option<&str>) -> Option<&OperationPlan> {
        self.operations.iter().find(|o| &*o.name == name && port.is_none_or(|p| o.is_at(p)))
    }
}

impl Admits {
    /// Is an item of that namespace and name admitted? `name` is `None` where no node of the program speaks of it.
    pub fn admits(&self, namespace: Option<NamespaceId>, name: Option<NameId>) -> bool {
        match self {
            Self::Any => true,
            Self::Not(target) => namespace != Some(NamespaceId::NONE) && namespace != Some(*target),
            Self::Namespaces(list) => namespace.is_some_and(|n| list.contains(&n)),
            Self::Name(only) => name == Some(*only),
        }
    }
}
