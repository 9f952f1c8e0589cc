//! Simple types: XML text ⇄ JSON value, facets, canonical values. XML Schema part 2.
//!
//! A [`Scalar`] is a simple type flattened to its built-in ancestor with the facets of every restriction step.

use std::fmt;
use std::sync::Arc;

use crate::json::Value;

/// A simple type, ready to run. Immutable.
#[derive(Debug)]
pub struct Scalar {}

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

/// The atomic built-in types of XML Schema part 2; `AnySimple` is `anySimpleType`: any text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum Primitive {
    AnySimple,
    String,
    NormalizedString,
    Token,
    Language,
    NmToken,
    Name,
    NcName,
    Id,
    IdRef,
    Entity,
    Boolean,
    Decimal,
    Integer,
    NonPositiveInteger,
    NegativeInteger,
    Long,
    Int,
    Short,
    Byte,
    NonNegativeInteger,
    UnsignedLong,
    UnsignedInt,
    UnsignedShort,
    UnsignedByte,
    PositiveInteger,
    Float,
    Double,
    Duration,
    DateTime,
    Time,
    Date,
    GYearMonth,
    GYear,
    GMonthDay,
    GDay,
    GMonth,
    HexBinary,
    Base64Binary,
    AnyUri,
    QName,
    Notation,
}

/// The constraining facets of part 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum FacetKind {
    Length,
    MinLength,
    MaxLength,
    Pattern,
    Enumeration,
    WhiteSpace,
    MinInclusive,
    MaxInclusive,
    MinExclusive,
    MaxExclusive,
    TotalDigits,
    FractionDigits,
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

impl Scalar {
    /// A built-in type. `numbers_as_strings`: replies give numbers wider than a double as strings.
    pub fn builtin(_primitive: Primitive, _numbers_as_strings: bool) -> Self {
        todo!()
    }

    /// A list type.
    pub fn list(_item: Arc<Scalar>) -> Self {
        todo!()
    }

    /// A union type.
    pub fn union(_members: Vec<Arc<Scalar>>) -> Self {
        todo!()
    }

    /// A restriction by the facets of one step.
    ///
    /// # Errors
    /// The facets that make no sense (a pattern that is no regular expression, a bound that is no number), in words; the scalar
    /// without them.
    pub fn restrict(_base: &Arc<Scalar>, _facets: &[FacetSpec]) -> (Self, Vec<String>) {
        todo!()
    }

    /// What kind of JSON value it is.
    pub fn kind(&self) -> JsonKind {
        todo!()
    }

    /// The built-in ancestor of an atomic type; `None` for lists and unions.
    pub fn primitive(&self) -> Option<Primitive> {
        todo!()
    }

    /// The type in words, for error messages: `xs:int between 1 and 99`.
    pub fn say(&self) -> String {
        todo!()
    }

    /// XML text (not normalised) → JSON text appended to `out`. Facets are not asked, lexical forms are.
    ///
    /// # Errors
    /// Where the text is not of the type; nothing is appended then.
    pub fn decode(&self, _text: &str, _scope: &dyn Namespaces, _out: &mut Vec<u8>) -> Result<(), Mismatch> {
        todo!()
    }

    /// JSON value → XML text (not escaped) appended to `out`. Everything is checked, facets too.
    ///
    /// # Errors
    /// Where the value does not fit; nothing is appended then.
    pub fn encode(&self, _value: &Value<'_>, _prefixes: &mut dyn Prefixes, _out: &mut String) -> Result<(), Mismatch> {
        todo!()
    }

    /// Would this text, as XML text, be of the type, facets included?
    pub fn reads(&self, _text: &str) -> bool {
        todo!()
    }

    /// A text that is equal exactly where two lexical forms mean the same.
    pub fn canonical(&self, _text: &str) -> String {
        todo!()
    }
}
