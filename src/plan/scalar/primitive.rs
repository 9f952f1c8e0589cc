//! The built-in types: what they are called, where they come from, which values they have.

use super::lexical::time::TimeKind;
use super::{JsonKind, Primitive, Variety};

/// How a built-in type is read and written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Family {
    /// Any text.
    Text,
    /// Text of one of the name kinds.
    Name(fn(&str) -> bool),
    Boolean,
    Integer,
    Decimal,
    Float,
    Duration,
    Time(TimeKind),
    Hex,
    Base64,
    QName,
}

impl Primitive {
    /// Least and greatest value of an integer type, where it has them.
    pub const fn range(self) -> (Option<i128>, Option<i128>) {
        match self {
            Self::Long => (Some(i64::MIN as i128), Some(i64::MAX as i128)),
            Self::Int => (Some(i32::MIN as i128), Some(i32::MAX as i128)),
            Self::Short => (Some(i16::MIN as i128), Some(i16::MAX as i128)),
            Self::Byte => (Some(i8::MIN as i128), Some(i8::MAX as i128)),
            Self::UnsignedLong => (Some(0), Some(u64::MAX as i128)),
            Self::UnsignedInt => (Some(0), Some(u32::MAX as i128)),
            Self::UnsignedShort => (Some(0), Some(u16::MAX as i128)),
            Self::UnsignedByte => (Some(0), Some(u8::MAX as i128)),
            Self::NonNegativeInteger => (Some(0), None),
            Self::PositiveInteger => (Some(1), None),
            Self::NonPositiveInteger => (None, Some(0)),
            Self::NegativeInteger => (None, Some(-1)),
            _ => (None, None),
        }
    }

    /// A number that a double may not hold: `long`, `unsignedLong`, the integer kinds, `decimal`. Requests may always give it as a string.
    pub const fn is_wide(self) -> bool {
        matches!(
            self,
            Self::Decimal
                | Self::Integer
                | Self::NonPositiveInteger
                | Self::NegativeInteger
                | Self::Long
                | Self::NonNegativeInteger
                | Self::UnsignedLong
                | Self::PositiveInteger
        )
    }

    /// An integer type of any size.
    pub const fn is_integer(self) -> bool {
        matches!(self.family(), Family::Integer)
    }

    /// `NOTATION` or `QName`.
    pub const fn is_qname(self) -> bool {
        matches!(self.family(), Family::QName)
    }

    pub(super) const fn family(self) -> Family {
        use super::lexical::names;
        match self {
            Self::AnySimple | Self::String | Self::NormalizedString | Self::Token | Self::AnyUri => Family::Text,
            Self::Language => Family::Name(names::is_language),
            Self::NmToken => Family::Name(names::is_nmtoken),
            Self::Name => Family::Name(names::is_name),
            Self::NcName | Self::Id | Self::IdRef | Self::Entity => Family::Name(names::is_ncname),
            Self::Boolean => Family::Boolean,
            Self::Decimal => Family::Decimal,
            Self::Integer
            | Self::NonPositiveInteger
            | Self::NegativeInteger
            | Self::Long
            | Self::Int
            | Self::Short
            | Self::Byte
            | Self::NonNegativeInteger
            | Self::UnsignedLong
            | Self::UnsignedInt
            | Self::UnsignedShort
            | Self::UnsignedByte
            | Self::PositiveInteger => Family::Integer,
            Self::Float | Self::Double => Family::Float,
            Self::Duration => Family::Duration,
            Self::DateTime => Family::Time(TimeKind::DateTime),
            Self::Time => Family::Time(TimeKind::Time),
            Self::Date => Family::Time(TimeKind::Date),
            Self::GYearMonth => Family::Time(TimeKind::YearMonth),
            Self::GYear => Family::Time(TimeKind::Year),
            Self::GMonthDay => Family::Time(TimeKind::MonthDay),
            Self::GDay => Family::Time(TimeKind::Day),
            Self::GMonth => Family::Time(TimeKind::Month),
            Self::HexBinary => Family::Hex,
            Self::Base64Binary => Family::Base64,
            Self::QName | Self::Notation => Family::QName,
        }
    }
}

/// The kind of JSON value that a variety gives.
pub(super) fn kind_of(variety: &Variety, numbers_as_strings: bool) -> JsonKind {
    match variety {
        Variety::List(_) => JsonKind::Array,
        Variety::Atomic(p) => match p.family() {
            Family::Boolean => JsonKind::Boolean,
            Family::Integer | Family::Decimal if numbers_as_strings && p.is_wide() => JsonKind::String,
            Family::Integer | Family::Decimal | Family::Float => JsonKind::Number,
            Family::Text | Family::Name(_) | Family::Duration | Family::Time(_) | Family::Hex | Family::Base64 | Family::QName => {
                JsonKind::String
            }
        },
        Variety::Union(members) => {
            let mut kinds = members.iter().map(|m| m.kind());
            match kinds.next() {
                Some(kind @ (JsonKind::Number | JsonKind::Boolean)) if kinds.all(|k| k == kind) => kind,
                Some(JsonKind::Number | JsonKind::Boolean | JsonKind::String | JsonKind::Array) | None => JsonKind::String,
            }
        }
    }
}
