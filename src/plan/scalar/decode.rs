//! XML text → JSON.

use std::borrow::Cow;

use super::canonical::{Names, read_qname};
use super::lexical::number::{is_decimal, is_float, is_integer, plain_decimal, plain_float};
use super::lexical::time::{Moment, Span};
use super::lexical::white::{normalize, words};
use super::lexical::{binary, names};
use super::primitive::Family;
use super::{JsonKind, MAX_DIGITS, Mismatch, Namespaces, NoNamespaces, Primitive, Scalar, Variety};
use crate::json::string_into;

impl Scalar {
    /// XML text (not normalised) → JSON text appended to `out`. Facets are not asked, lexical forms are.
    ///
    /// # Errors
    /// Where the text is not of the type; nothing is appended then.
    pub fn decode(&self, text: &str, scope: &dyn Namespaces, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        let start = out.len();
        let result = match &self.variety {
            Variety::Atomic(p) => match normalize(text, self.white_space) {
                Cow::Borrowed(text) => self.decode_atomic(*p, text, scope, out),
                Cow::Owned(text) => self.decode_atomic(*p, &text, scope, out),
            },
            Variety::List(item) => decode_list(item, text, scope, out),
            Variety::Union(_) => self.decode_union(text, scope, out),
        };
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    /// Would this text, as XML text, be of the type, facets included?
    pub fn reads(&self, text: &str) -> bool {
        self.takes(text, &NoNamespaces, &mut Vec::new())
    }

    /// Is the text of the type, facets included? `scratch` is for what it would be.
    fn takes(&self, text: &str, scope: &dyn Namespaces, scratch: &mut Vec<u8>) -> bool {
        scratch.clear();
        self.decode(text, scope, scratch).is_ok() && self.facets_fit(&normalize(text, self.white_space), &Names::Scope(scope))
    }

    fn decode_atomic(&self, primitive: Primitive, text: &str, scope: &dyn Namespaces, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        let is_right = match primitive.family() {
            Family::Text => true,
            Family::Name(is_name) => is_name(text),
            Family::Duration => Span::new(text).is_some(),
            Family::Time(kind) => Moment::new(kind, text).is_some(),
            Family::Hex => binary::is_hex(text),
            Family::Base64 => return decode_base64(text, out).ok_or_else(|| wrong(primitive)),
            Family::QName => {
                names::split_qname(text).ok_or_else(|| wrong(primitive))?;
                string_into(out, &read_qname(text, scope));
                return Ok(());
            }
            Family::Boolean => {
                out.extend_from_slice(match text {
                    "true" | "1" => b"true",
                    "false" | "0" => b"false",
                    _ => return Err(wrong(primitive)),
                });
                return Ok(());
            }
            Family::Float => return decode_float(primitive, text, out),
            Family::Integer => return self.decode_number(primitive, is_integer(text), text, out),
            Family::Decimal => return self.decode_number(primitive, is_decimal(text), text, out),
        };
        if !is_right {
            return Err(wrong(primitive));
        }
        string_into(out, text);
        Ok(())
    }

    fn decode_number(&self, primitive: Primitive, is_right: bool, text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        if !is_right {
            return Err(wrong(primitive));
        }
        let plain = plain_decimal(text);
        if self.has_patterns() && !self.patterns_fit(&plain) && self.patterns_fit(text) {
            // The pattern asks for a form that a JSON number cannot have: 007.
            string_into(out, text);
        } else if self.kind == JsonKind::String {
            string_into(out, &plain);
        } else {
            out.extend_from_slice(plain.as_bytes());
        }
        Ok(())
    }

    fn decode_union(&self, text: &str, scope: &dyn Namespaces, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        let Some(member) = self.active(text, scope) else { return Err(Mismatch::new(self.say())) };
        if self.gives_own_kind(member) {
            return member.decode(text, scope, out);
        }
        string_into(out, &normalize(text, member.white_space));
        Ok(())
    }

    /// Does a union give what that member gives, not the text?
    pub(super) fn gives_own_kind(&self, member: &Scalar) -> bool {
        self.kind != JsonKind::String || member.primitive().is_some_and(Primitive::is_qname)
    }

    /// The first member of a union that takes the text, facets included; of a union in a union, its member.
    pub(super) fn active(&self, text: &str, scope: &dyn Namespaces) -> Option<&Scalar> {
        self.active_of(text, scope, &mut Vec::new())
    }

    fn active_of(&self, text: &str, scope: &dyn Namespaces, scratch: &mut Vec<u8>) -> Option<&Scalar> {
        let Variety::Union(members) = &self.variety else { return None };
        members.iter().find_map(|member| match &member.variety {
            Variety::Union(_) => {
                let inner = member.active_of(text, scope, scratch)?;
                member.facets_fit(&normalize(text, inner.white_space), &Names::Scope(scope)).then_some(inner)
            }
            Variety::Atomic(_) | Variety::List(_) => member.takes(text, scope, scratch).then_some(&**member),
        })
    }
}

fn wrong(primitive: Primitive) -> Mismatch {
    Mismatch::new(format!("xs:{}", primitive.name()))
}

fn decode_list(item: &Scalar, text: &str, scope: &dyn Namespaces, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    out.push(b'[');
    for (i, word) in words(text).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        item.decode(word, scope, out)?;
    }
    out.push(b']');
    Ok(())
}

fn decode_float(primitive: Primitive, text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    if matches!(text, "INF" | "-INF" | "NaN") {
        string_into(out, text);
    } else if text.len() <= 2 * MAX_DIGITS && is_float(text) {
        out.extend_from_slice(plain_float(text).as_bytes());
    } else {
        return Err(wrong(primitive));
    }
    Ok(())
}

fn decode_base64(text: &str, out: &mut Vec<u8>) -> Option<()> {
    out.push(b'"');
    let start = out.len();
    binary::without_space(text, out);
    let data = out.get(start..).and_then(|data| std::str::from_utf8(data).ok())?;
    binary::base64_bytes(data)?;
    out.push(b'"');
    Some(())
}
