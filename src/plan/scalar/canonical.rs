//! Values by which two lexical forms are the same.

use std::borrow::Cow;

use super::lexical::names::split_qname;
use super::lexical::number::{Magnitude, is_decimal, is_float, plain_decimal};
use super::lexical::time::{Moment, Span};
use super::lexical::white::{is_space, normalize, words};
use super::primitive::Family;
use super::{Namespaces, NoNamespaces, Primitive, Scalar, Variety};
use crate::xml::ns;

/// What is known about the QNames of a text.
pub(super) enum Names<'a> {
    /// The declarations in scope.
    Scope(&'a dyn Namespaces),
    /// The value itself, as `{ns}local`.
    Json(&'a str),
    /// Nothing.
    Unknown,
}

impl Names<'_> {
    fn scope(&self) -> &dyn Namespaces {
        match self {
            Names::Scope(scope) => *scope,
            Names::Json(_) | Names::Unknown => &NoNamespaces,
        }
    }

    fn read<'t>(&'t self, text: &'t str) -> Cow<'t, str> {
        match self {
            Names::Scope(scope) => read_qname(text, *scope),
            Names::Json(name) => Cow::Borrowed(name),
            Names::Unknown => Cow::Borrowed(text),
        }
    }
}

/// Lexical QName → `{ns}local`, or `local` without a namespace; the default namespace applies. As written where the prefix is unknown.
pub(super) fn read_qname<'t>(text: &'t str, scope: &dyn Namespaces) -> Cow<'t, str> {
    let Some((prefix, local)) = split_qname(text) else { return Cow::Borrowed(text) };
    let namespace = if prefix == "xml" { Some(ns::XML) } else { scope.resolve(prefix) };
    match namespace {
        Some(ns) if !ns.is_empty() => Cow::Owned(format!("{{{ns}}}{local}")),
        Some(_) | None => Cow::Borrowed(text),
    }
}

impl Scalar {
    /// A text that is equal exactly where two lexical forms mean the same; for text that is not of the type, that text. QName
    /// values are compared as written: use [`canonical_in`](Self::canonical_in) where their declarations are at hand.
    pub fn canonical(&self, text: &str) -> String {
        self.canonical_of(text, &Names::Unknown).into_owned()
    }

    /// The same, QName values by their namespaces.
    pub fn canonical_in(&self, text: &str, scope: &dyn Namespaces) -> String {
        self.canonical_of(text, &Names::Scope(scope)).into_owned()
    }

    pub(super) fn canonical_of<'t>(&self, text: &'t str, names: &'t Names<'_>) -> Cow<'t, str> {
        match &self.variety {
            Variety::Atomic(p) => match normalize(text, self.white_space) {
                Cow::Borrowed(text) => canonical_atomic(*p, text, names),
                Cow::Owned(text) => Cow::Owned(canonical_atomic(*p, &text, names).into_owned()),
            },
            Variety::List(item) => {
                let mut out = String::new();
                for word in words(text) {
                    out.push(' ');
                    out.push_str(&item.canonical_of(word, names));
                }
                Cow::Owned(out)
            }
            Variety::Union(_) => match self.active(text, names.scope()) {
                None => normalize(text, self.white_space),
                Some(member) if self.gives_own_kind(member) => member.canonical_of(text, names),
                Some(member) => normalize(text, member.white_space),
            },
        }
    }
}

fn canonical_atomic<'t>(primitive: Primitive, text: &'t str, names: &'t Names<'_>) -> Cow<'t, str> {
    let found = match primitive.family() {
        Family::Boolean => match text {
            "1" => Some("true".into()),
            "0" => Some("false".into()),
            _ => None,
        },
        Family::Float => canonical_float(text),
        // Most are plain already: nothing is built for them.
        Family::Integer if is_decimal(text) => return plain_decimal(text),
        Family::Decimal if is_decimal(text) => match plain_decimal(text) {
            plain if plain.contains('.') => {
                let short = plain.trim_end_matches('0').trim_end_matches('.');
                Some(if short == "-0" { "0".into() } else { short.to_owned() })
            }
            plain => return plain,
        },
        // The text is the value, or no number.
        Family::Text | Family::Name(_) | Family::Integer | Family::Decimal => None,
        Family::Duration => Span::new(text).and_then(|s| s.canonical()),
        Family::Time(kind) => Moment::new(kind, text).and_then(|m| m.canonical()),
        Family::Hex => text.bytes().any(|b| b.is_ascii_lowercase()).then(|| text.to_ascii_uppercase()),
        Family::Base64 => text.bytes().any(is_space).then(|| words(text).collect()),
        Family::QName => return names.read(text),
    };
    found.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// By the double that it stands for: that is what the type's values are.
fn canonical_float(text: &str) -> Option<String> {
    if !is_float(text) {
        return None;
    }
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() => Some(if n == 0.0 { "0".to_owned() } else { format!("{n:e}") }),
        Ok(_) | Err(_) => Magnitude::new(text).map(|m| m.canonical()),
    }
}
