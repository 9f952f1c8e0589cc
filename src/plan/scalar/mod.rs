//! Simple types: XML text ⇄ JSON value, facets, canonical values. XML Schema part 2.
//!
//! A [`Scalar`] is a simple type flattened to its built-in ancestor with the facets of every restriction step.

mod binary;
mod canonical;
mod decode;
mod describe;
mod encode;
mod facets;
mod lexical;
pub(crate) mod pattern;
mod primitive;
#[cfg(test)]
mod tests;
mod within;

use std::fmt;
use std::sync::Arc;

pub use describe::EnumerationValue;
pub use facets::Step;
pub use pattern::Pattern;
use primitive::kind_of;

pub use crate::xml::datatypes::{FacetKind, Primitive};

/// A simple type, ready to run. Immutable.
#[derive(Debug)]
pub struct Scalar {
    variety: Variety,
    white_space: WhiteSpace,
    /// Restriction steps, the nearest first.
    steps: Vec<Arc<Step>>,
    numbers_as_strings: bool,
    kind: JsonKind,
}

/// What a simple type is made of.
#[derive(Debug, Clone)]
pub enum Variety {
    /// One value of a built-in type.
    Atomic(Primitive),
    /// Values of one type between white space.
    List(Arc<Scalar>),
    /// A value of the first of these that takes it.
    Union(Vec<Arc<Scalar>>),
}

/// The whiteSpace facet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum WhiteSpace {
    Preserve,
    Replace,
    Collapse,
}

/// Digits, and powers of ten, of a number that is converted.
pub const MAX_DIGITS: usize = 1000;

/// What kind of JSON value a simple type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    /// A string.
    String,
    /// A number with its digits.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An array (lists).
    Array,
}

/// A facet as written, for [`Scalar::restrict`].
#[derive(Debug, Clone)]
pub struct FacetSpec {
    /// Which one.
    pub kind: FacetKind,
    /// Its value as written.
    pub value: Arc<str>,
    /// For an enumeration of a QName type: the value as `{ns}local`.
    pub qname: Option<Arc<str>>,
    /// Its annotation.
    pub documentation: Option<Arc<str>>,
}

/// The namespace declarations in scope where a text stands: for QName values.
pub trait Namespaces {
    /// The namespace name that `prefix` (`""`: the default) stands for; `None` where it is not declared.
    fn resolve(&self, prefix: &str) -> Option<&str>;
}

/// Prefixes that values need in the envelope that is being written; all are declared on its root.
pub trait Prefixes {
    /// The prefix for a namespace name, declared if needed.
    fn prefix(&mut self, namespace: &str) -> String;
}

/// A value does not fit its type: what would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// In words, for an error message: `xs:int between 1 and 99`.
    pub expected: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

/// A scope without declarations.
#[derive(Debug, Clone, Copy)]
pub struct NoNamespaces;

impl Namespaces for NoNamespaces {
    fn resolve(&self, _prefix: &str) -> Option<&str> {
        None
    }
}

impl Mismatch {
    fn new(expected: impl Into<String>) -> Self {
        Self { expected: expected.into() }
    }
}

impl Scalar {
    /// A built-in type. `numbers_as_strings`: replies give numbers wider than a double as strings.
    pub fn builtin(primitive: Primitive, numbers_as_strings: bool) -> Self {
        let white_space = match primitive {
            Primitive::AnySimple | Primitive::String => WhiteSpace::Preserve,
            Primitive::NormalizedString => WhiteSpace::Replace,
            _ => WhiteSpace::Collapse,
        };
        Self::made(Variety::Atomic(primitive), white_space, Vec::new(), numbers_as_strings)
    }

    /// A list type.
    pub fn list(item: Arc<Scalar>) -> Self {
        let numbers_as_strings = item.numbers_as_strings;
        Self::made(Variety::List(item), WhiteSpace::Collapse, Vec::new(), numbers_as_strings)
    }

    /// A union type.
    pub fn union(members: Vec<Arc<Scalar>>) -> Self {
        let numbers_as_strings = members.iter().any(|m| m.numbers_as_strings);
        Self::made(Variety::Union(members), WhiteSpace::Collapse, Vec::new(), numbers_as_strings)
    }

    /// A restriction by the facets of one step.
    ///
    /// # Errors
    /// The facets that make no sense (a pattern that is no regular expression, a bound that is no number), in words; the scalar
    /// without them.
    pub fn restrict(base: &Arc<Scalar>, facets: &[FacetSpec]) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut scalar = Self::made(base.variety.clone(), base.white_space, base.steps.clone(), base.numbers_as_strings);
        let step = Step::new(&mut scalar, facets, &mut problems);
        if !step.is_empty() {
            scalar.steps.insert(0, Arc::new(step));
        }
        (scalar, problems)
    }

    fn made(variety: Variety, white_space: WhiteSpace, steps: Vec<Arc<Step>>, numbers_as_strings: bool) -> Self {
        let kind = kind_of(&variety, numbers_as_strings);
        Self { variety, white_space, steps, numbers_as_strings, kind }
    }

    /// What kind of JSON value it is. A number that [`may_be_string`](Self::may_be_string) is [`JsonKind::Number`].
    pub fn kind(&self) -> JsonKind {
        self.kind
    }

    /// What it is made of.
    pub fn variety(&self) -> &Variety {
        &self.variety
    }

    /// The built-in type at the bottom of an atomic one.
    pub fn primitive(&self) -> Option<Primitive> {
        match &self.variety {
            Variety::Atomic(p) => Some(*p),
            Variety::List(_) | Variety::Union(_) => None,
        }
    }

    /// What happens to white space.
    pub fn white_space(&self) -> WhiteSpace {
        self.white_space
    }

    /// Restriction steps, the nearest first. All of them must be met.
    pub fn steps(&self) -> &[Arc<Step>] {
        &self.steps
    }

    /// Is a wide number a string in replies?
    pub fn numbers_as_strings(&self) -> bool {
        self.numbers_as_strings
    }

    /// Is every text of the type its own JSON string? True of `xs:string` and its restrictions that keep white space: decode is a copy.
    pub fn is_any_text(&self) -> bool {
        matches!(self.variety, Variety::Atomic(Primitive::String | Primitive::AnySimple)) && self.white_space == WhiteSpace::Preserve
    }

    /// The members of a union, those of unrestricted unions among them in their place; else the type itself.
    pub fn flat_members(&self) -> Vec<&Scalar> {
        let Variety::Union(members) = &self.variety else { return vec![self] };
        let mut flat = Vec::new();
        for member in members {
            if matches!(member.variety, Variety::Union(_)) && member.steps.is_empty() {
                flat.extend(member.flat_members());
            } else {
                flat.push(member);
            }
        }
        flat
    }
}
