//! The names that XML Schema part 2 gives to its atomic built-in types and to its constraining facets.

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

impl Primitive {
    /// All of them.
    pub const ALL: [Self; 42] = [
        Self::AnySimple,
        Self::String,
        Self::NormalizedString,
        Self::Token,
        Self::Language,
        Self::NmToken,
        Self::Name,
        Self::NcName,
        Self::Id,
        Self::IdRef,
        Self::Entity,
        Self::Boolean,
        Self::Decimal,
        Self::Integer,
        Self::NonPositiveInteger,
        Self::NegativeInteger,
        Self::Long,
        Self::Int,
        Self::Short,
        Self::Byte,
        Self::NonNegativeInteger,
        Self::UnsignedLong,
        Self::UnsignedInt,
        Self::UnsignedShort,
        Self::UnsignedByte,
        Self::PositiveInteger,
        Self::Float,
        Self::Double,
        Self::Duration,
        Self::DateTime,
        Self::Time,
        Self::Date,
        Self::GYearMonth,
        Self::GYear,
        Self::GMonthDay,
        Self::GDay,
        Self::GMonth,
        Self::HexBinary,
        Self::Base64Binary,
        Self::AnyUri,
        Self::QName,
        Self::Notation,
    ];

    /// Its local name: `NMTOKEN`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnySimple => "anySimpleType",
            Self::String => "string",
            Self::NormalizedString => "normalizedString",
            Self::Token => "token",
            Self::Language => "language",
            Self::NmToken => "NMTOKEN",
            Self::Name => "Name",
            Self::NcName => "NCName",
            Self::Id => "ID",
            Self::IdRef => "IDREF",
            Self::Entity => "ENTITY",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::NonPositiveInteger => "nonPositiveInteger",
            Self::NegativeInteger => "negativeInteger",
            Self::Long => "long",
            Self::Int => "int",
            Self::Short => "short",
            Self::Byte => "byte",
            Self::NonNegativeInteger => "nonNegativeInteger",
            Self::UnsignedLong => "unsignedLong",
            Self::UnsignedInt => "unsignedInt",
            Self::UnsignedShort => "unsignedShort",
            Self::UnsignedByte => "unsignedByte",
            Self::PositiveInteger => "positiveInteger",
            Self::Float => "float",
            Self::Double => "double",
            Self::Duration => "duration",
            Self::DateTime => "dateTime",
            Self::Time => "time",
            Self::Date => "date",
            Self::GYearMonth => "gYearMonth",
            Self::GYear => "gYear",
            Self::GMonthDay => "gMonthDay",
            Self::GDay => "gDay",
            Self::GMonth => "gMonth",
            Self::HexBinary => "hexBinary",
            Self::Base64Binary => "base64Binary",
            Self::AnyUri => "anyURI",
            Self::QName => "QName",
            Self::Notation => "NOTATION",
        }
    }

    /// The built-in type of that local name; not the list types.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// The built-in type that it restricts (part 2, section 3); `AnySimple` for a primitive one, `None` for that itself.
    pub const fn parent(self) -> Option<Self> {
        Some(match self {
            Self::AnySimple => return None,
            Self::NormalizedString => Self::String,
            Self::Token => Self::NormalizedString,
            Self::Language | Self::NmToken | Self::Name => Self::Token,
            Self::NcName => Self::Name,
            Self::Id | Self::IdRef | Self::Entity => Self::NcName,
            Self::Integer => Self::Decimal,
            Self::NonPositiveInteger | Self::Long | Self::NonNegativeInteger => Self::Integer,
            Self::NegativeInteger => Self::NonPositiveInteger,
            Self::Int => Self::Long,
            Self::Short => Self::Int,
            Self::Byte => Self::Short,
            Self::UnsignedLong | Self::PositiveInteger => Self::NonNegativeInteger,
            Self::UnsignedInt => Self::UnsignedLong,
            Self::UnsignedShort => Self::UnsignedInt,
            Self::UnsignedByte => Self::UnsignedShort,
            Self::String
            | Self::Boolean
            | Self::Decimal
            | Self::Float
            | Self::Double
            | Self::Duration
            | Self::DateTime
            | Self::Time
            | Self::Date
            | Self::GYearMonth
            | Self::GYear
            | Self::GMonthDay
            | Self::GDay
            | Self::GMonth
            | Self::HexBinary
            | Self::Base64Binary
            | Self::AnyUri
            | Self::QName
            | Self::Notation => Self::AnySimple,
        })
    }
}

impl FacetKind {
    /// Its name in a schema: `minInclusive`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::MinLength => "minLength",
            Self::MaxLength => "maxLength",
            Self::Pattern => "pattern",
            Self::Enumeration => "enumeration",
            Self::WhiteSpace => "whiteSpace",
            Self::MinInclusive => "minInclusive",
            Self::MaxInclusive => "maxInclusive",
            Self::MinExclusive => "minExclusive",
            Self::MaxExclusive => "maxExclusive",
            Self::TotalDigits => "totalDigits",
            Self::FractionDigits => "fractionDigits",
        }
    }
}
