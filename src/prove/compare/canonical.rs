//! When two texts of a simple type say the same: mapping contract, section "Values" and decisions 35 to 40.
//!
//! Stricter than XML Schema's equality where the contract promises more: digits, zones and the case of hexadecimal digits stay as sent.

use crate::plan::scalar::Scalar;
use crate::prove::model::Model;
use crate::schema::model::{TypeDefinition, TypeId, Variety};
use crate::xml::datatypes::Primitive;

/// What is known of the prefixes where a text stands.
pub(super) trait Scope {
    /// The namespace of a prefix; `""` is the default one.
    fn namespace(&self, prefix: &str) -> Option<String>;
}

/// A text by which two are compared.
pub(super) fn canonical(model: &Model<'_>, type_: TypeId, text: &str, scope: &dyn Scope, depth: usize) -> String {
    let TypeDefinition::Simple(t) = model.schemas.type_definition(type_) else { return text.to_owned() };
    if depth > 64 {
        return text.to_owned();
    }
    match &t.variety {
        Variety::Ur => text.to_owned(),
        Variety::List(item) => {
            let items: Vec<String> = words(text).map(|w| canonical(model, *item, w, scope, depth + 1)).collect();
            items.join(" ")
        }
        Variety::Union(members) => {
            let scalars = members.iter().map(|m| (*m, model.scalar(*m)));
            // The first that takes it decides its white space; a number of a union of strings stays a text.
            let taken = scalars.into_iter().find(|(_, s)| takes(s, text));
            let kinds = members.iter().all(|m| is_number(model.scalar(*m))) || members.iter().all(|m| is_boolean(model.scalar(*m)));
            match taken {
                Some((member, scalar)) if kinds || scalar.flat_members().iter().any(|m| is_name(m)) || is_union(scalar) => {
                    canonical(model, member, text, scope, depth + 1)
                }
                Some((_, scalar)) => spaced(scalar, text),
                None => text.to_owned(),
            }
        }
        Variety::Atomic(builtin) => {
            let scalar = model.scalar(type_);
            let text = spaced(scalar, text);
            // A pattern that wants another form than the plain one keeps it (decision 37).
            let plain = atomic(*builtin, &text, scope);
            if plain != text && !scalar.reads(&plain) && !is_name(scalar) { text } else { plain }
        }
    }
}

fn takes(scalar: &Scalar, text: &str) -> bool {
    scalar.reads(text)
}

fn is_name(scalar: &Scalar) -> bool {
    scalar.primitive().is_some_and(crate::plan::scalar::Primitive::is_qname)
}

fn is_union(scalar: &Scalar) -> bool {
    matches!(scalar.variety(), crate::plan::scalar::Variety::Union(_))
}

fn is_number(scalar: &Scalar) -> bool {
    scalar.kind() == crate::plan::scalar::JsonKind::Number
}

fn is_boolean(scalar: &Scalar) -> bool {
    scalar.kind() == crate::plan::scalar::JsonKind::Boolean
}

/// White space as the type's facet says.
fn spaced(scalar: &Scalar, text: &str) -> String {
    use crate::plan::scalar::WhiteSpace as W;
    match scalar.white_space() {
        W::Preserve => text.to_owned(),
        W::Replace => text.replace(['\t', '\n', '\r'], " "),
        W::Collapse => words(text).collect::<Vec<_>>().join(" "),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '\t', '\n', '\r']).filter(|w| !w.is_empty())
}

fn atomic(builtin: Primitive, text: &str, scope: &dyn Scope) -> String {
    use Primitive as P;
    match builtin {
        P::Boolean => match text {
            "1" => "true".to_owned(),
            "0" => "false".to_owned(),
            other => other.to_owned(),
        },
        P::Integer
        | P::NonPositiveInteger
        | P::NegativeInteger
        | P::Long
        | P::Int
        | P::Short
        | P::Byte
        | P::NonNegativeInteger
        | P::UnsignedLong
        | P::UnsignedInt
        | P::UnsignedShort
        | P::UnsignedByte
        | P::PositiveInteger
        | P::Decimal => number(text, false),
        P::Float | P::Double => match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => format!("{}E{}", number(digits, true), number(exponent, false)),
            None if text.ends_with(|c: char| c.is_ascii_alphabetic()) => text.to_owned(),
            None => number(text, true),
        },
        P::Base64Binary => words(text).collect(),
        P::QName | P::Notation => resolve_in(text, scope),
        _ => text.to_owned(),
    }
}

/// `{ns}local` of a lexical QName; as written where its prefix is not declared.
fn resolve_in(text: &str, scope: &dyn Scope) -> String {
    let (prefix, local) = text.split_once(':').unwrap_or(("", text));
    let namespace = if prefix == "xml" { Some(crate::xml::ns::XML.to_owned()) } else { scope.namespace(prefix) };
    match namespace {
        Some(namespace) if !namespace.is_empty() => format!("{{{namespace}}}{local}"),
        Some(_) | None => text.to_owned(),
    }
}

/// Digits without what says nothing: a plus, zeros before the first digit, a point at the end. Zero keeps its sign in floats only.
fn number(text: &str, keeps_sign: bool) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let is_zero = whole == "0" && fraction.bytes().all(|b| b == b'0');
    let sign = if is_zero && !keeps_sign { "" } else { sign };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct None_;

    impl Scope for None_ {
        fn namespace(&self, prefix: &str) -> Option<String> {
            (prefix == "p").then(|| "urn:p".to_owned())
        }
    }

    #[test]
    fn digits_stay_and_what_says_nothing_goes() {
        let said = |b, t| atomic(b, t, &None_);
        for (builtin, text, plain) in [
            (Primitive::Decimal, "+012.50", "12.50"),
            (Primitive::Decimal, ".5", "0.5"),
            (Primitive::Decimal, "5.", "5"),
            (Primitive::Decimal, "-0.00", "0.00"),
            (Primitive::Int, "-007", "-7"),
            (Primitive::Double, "-0", "-0"),
            (Primitive::Double, "1.50e+07", "1.50E7"),
            (Primitive::Double, "INF", "INF"),
            (Primitive::Boolean, "1", "true"),
            (Primitive::HexBinary, "0aFF", "0aFF"),
            (Primitive::Base64Binary, "AA A=", "AAA="),
            (Primitive::QName, "p:x", "{urn:p}x"),
            (Primitive::QName, "q:x", "q:x"),
        ] {
            assert_eq!(said(builtin, text), plain);
        }
    }
}
