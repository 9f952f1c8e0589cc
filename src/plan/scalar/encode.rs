//! JSON → XML text.

use super::canonical::Names;
use super::lexical::binary::without_space;
use super::lexical::number::{expand, is_decimal, is_integer, plain_decimal};
use super::lexical::time::{Moment, Span};
use super::lexical::white::{is_space, normalize, trim};
use super::lexical::{binary, names};
use super::primitive::Family;
use super::{JsonKind, MAX_DIGITS, Mismatch, Prefixes, Primitive, Scalar, Variety};
use crate::json::Value;

impl Scalar {
    /// JSON value → XML text (not escaped) appended to `out`. Everything is checked, facets too.
    ///
    /// # Errors
    /// Where the value does not fit; nothing is appended then.
    pub fn encode(&self, value: &Value<'_>, prefixes: &mut dyn Prefixes, out: &mut String) -> Result<(), Mismatch> {
        let start = out.len();
        let result = self.lexical(value, prefixes, out).and_then(|()| {
            let text = normalize(out.get(start..).unwrap_or_default(), self.white_space);
            let names = match value {
                Value::String(name) if self.primitive().is_some_and(Primitive::is_qname) => Names::Json(trim(name)),
                Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Names::Unknown,
            };
            if self.facets_fit(&text, &names) { Ok(()) } else { Err(Mismatch::new(self.say_with_facets())) }
        });
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    /// The same without this type's facets.
    fn lexical(&self, value: &Value<'_>, prefixes: &mut dyn Prefixes, out: &mut String) -> Result<(), Mismatch> {
        let primitive = match &self.variety {
            Variety::List(item) => return self.encode_list(item, value, prefixes, out),
            Variety::Union(members) => return self.encode_union(members, value, prefixes, out),
            Variety::Atomic(primitive) => *primitive,
        };
        let family = primitive.family();
        match (family, value) {
            (Family::Boolean, Value::Bool(true)) => out.push_str("true"),
            (Family::Boolean, Value::Bool(false)) => out.push_str("false"),
            (Family::Float, Value::Number(text)) if text.len() <= MAX_DIGITS => out.push_str(text),
            (Family::Float, Value::Number(_)) => return Err(Mismatch::new(format!("a number of at most {MAX_DIGITS} digits"))),
            (Family::Float, Value::String(text)) if matches!(&**text, "INF" | "-INF" | "NaN") => out.push_str(text),
            (Family::Integer | Family::Decimal, Value::Number(text)) => match expand(text, primitive.is_integer()) {
                Some(plain) => self.push_number(primitive, &plain, out)?,
                None => return Err(self.wrong()),
            },
            (Family::Integer | Family::Decimal, Value::String(text)) => self.encode_numeral(primitive, text, out)?,
            (
                Family::Text | Family::Name(_) | Family::Duration | Family::Time(_) | Family::Hex | Family::Base64 | Family::QName,
                Value::String(text),
            ) => return self.encode_text(family, primitive, text, prefixes, out),
            (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(self.wrong());
            }
        }
        Ok(())
    }

    fn wrong(&self) -> Mismatch {
        Mismatch::new(self.say())
    }

    fn encode_text(
        &self,
        family: Family,
        primitive: Primitive,
        value: &str,
        prefixes: &mut dyn Prefixes,
        out: &mut String,
    ) -> Result<(), Mismatch> {
        if !names::is_xml_text(value) {
            return Err(Mismatch::new("characters that XML 1.0 can carry"));
        }
        let text = normalize(value, self.white_space);
        let expected = match family {
            Family::Name(is_name) if !is_name(&text) => format!("xs:{}", primitive.name()),
            Family::Duration if Span::new(&text).is_none() => format!("xs:{}", primitive.name()),
            Family::Time(kind) if Moment::new(kind, &text).is_none() => format!("xs:{}", primitive.name()),
            Family::Hex if !binary::is_hex(&text) => "hexadecimal digits, an even number of them".to_owned(),
            Family::Base64 if !is_base64(&text) => "base64".to_owned(),
            Family::QName => return encode_qname(&text, prefixes, out),
            Family::Text
            | Family::Name(_)
            | Family::Duration
            | Family::Time(_)
            | Family::Hex
            | Family::Base64
            | Family::Boolean
            | Family::Integer
            | Family::Decimal
            | Family::Float => {
                out.push_str(value);
                return Ok(());
            }
        };
        Err(Mismatch::new(expected))
    }

    /// A number as a string: of any wide type, of others only where a pattern may ask for it.
    fn encode_numeral(&self, primitive: Primitive, text: &str, out: &mut String) -> Result<(), Mismatch> {
        let text = trim(text);
        let is_number = if primitive.is_integer() { is_integer(text) } else { is_decimal(text) };
        if !is_number || text.len() > MAX_DIGITS || !primitive.is_wide() && !self.has_patterns() {
            return Err(self.wrong());
        }
        let plain = plain_decimal(text);
        if self.has_patterns() && !self.patterns_fit(&plain) {
            self.push_number(primitive, text, out)
        } else {
            self.push_number(primitive, &plain, out)
        }
    }

    fn push_number(&self, primitive: Primitive, text: &str, out: &mut String) -> Result<(), Mismatch> {
        if !in_range(primitive, text) {
            let limit = |n: Option<i128>, none: &str| n.map_or_else(|| none.to_owned(), |n| n.to_string());
            let (least, most) = primitive.range();
            return Err(Mismatch::new(format!("xs:{} between {} and {}", primitive.name(), limit(least, "-∞"), limit(most, "∞"))));
        }
        out.push_str(text);
        Ok(())
    }

    fn encode_list(&self, item: &Scalar, value: &Value<'_>, prefixes: &mut dyn Prefixes, out: &mut String) -> Result<(), Mismatch> {
        let Value::Array(items) = value else { return Err(Mismatch::new(format!("an array: {}", self.say()))) };
        for (i, value) in items.iter().enumerate() {
            if i > 0 {
                out.push(' ');
            }
            let start = out.len();
            item.encode(value, prefixes, out)?;
            let text = out.as_bytes().get(start..).unwrap_or_default();
            if text.is_empty() || text.iter().any(|b| is_space(*b)) {
                return Err(Mismatch::new("items without white space"));
            }
        }
        Ok(())
    }

    /// The first member that takes the value; else a number stands for its text, and a string for any member's text.
    fn encode_union(
        &self,
        members: &[std::sync::Arc<Scalar>],
        value: &Value<'_>,
        prefixes: &mut dyn Prefixes,
        out: &mut String,
    ) -> Result<(), Mismatch> {
        let start = out.len();
        if let Some(member) = members.iter().find(|m| m.encode(value, prefixes, out).is_ok()) {
            // The code 007 stays what it is, also where a member would read it as the number 7.
            if let (Value::String(text), JsonKind::String, JsonKind::Number) = (value, self.kind, member.kind)
                && member.reads(text)
            {
                out.truncate(start);
                out.push_str(text);
            }
            return Ok(());
        }
        match value {
            Value::Number(text) => {
                let text = Value::String((*text).into());
                if members.iter().any(|m| m.encode(&text, prefixes, out).is_ok()) {
                    return Ok(());
                }
            }
            Value::String(text) if self.kind == JsonKind::String => {
                if names::is_xml_text(text) && members.iter().any(|m| m.reads(text)) {
                    out.push_str(text);
                    return Ok(());
                }
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
        Err(self.wrong())
    }
}

/// `{ns}local` or `local` → a lexical QName.
fn encode_qname(text: &str, prefixes: &mut dyn Prefixes, out: &mut String) -> Result<(), Mismatch> {
    let wrong = || Mismatch::new("\"{namespace}local\"");
    let (namespace, local) = match text.strip_prefix('{') {
        Some(rest) => rest.split_once('}').ok_or_else(wrong)?,
        None => ("", text),
    };
    if !names::is_ncname(local) {
        return Err(wrong());
    }
    if !namespace.is_empty() {
        out.push_str(&prefixes.prefix(namespace));
        out.push(':');
    }
    out.push_str(local);
    Ok(())
}

fn is_base64(text: &str) -> bool {
    if !text.bytes().any(is_space) {
        return binary::base64_bytes(text).is_some();
    }
    let mut data = Vec::with_capacity(text.len());
    without_space(text, &mut data);
    std::str::from_utf8(&data).is_ok_and(|data| binary::base64_bytes(data).is_some())
}

/// Is an integer within its built-in type's range? Other numbers have none.
fn in_range(primitive: Primitive, text: &str) -> bool {
    let (least, most) = primitive.range();
    if least.is_none() && most.is_none() {
        return true;
    }
    match text.parse::<i128>() {
        Ok(n) => least.is_none_or(|l| n >= l) && most.is_none_or(|m| n <= m),
        // Beyond 38 digits only the side that has no bound is left; leading zeros do not count.
        Err(_) => {
            let digits = text.trim_start_matches(['+', '-']).trim_start_matches('0');
            let negative = text.starts_with('-');
            match digits.parse::<i128>() {
                Ok(n) => {
                    let n = if negative { -n } else { n };
                    least.is_none_or(|l| n >= l) && most.is_none_or(|m| n <= m)
                }
                Err(_) if digits.is_empty() => least.is_none_or(|l| l <= 0) && most.is_none_or(|m| m >= 0),
                Err(_) => {
                    if negative {
                        least.is_none()
                    } else {
                        most.is_none()
                    }
                }
            }
        }
    }
}
