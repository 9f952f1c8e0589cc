//! Simple types → JSON Schema. A `format` stands only where every value of the XSD type satisfies it.

use serde_json::{Map, Value, json};

use super::names::Names;
use super::set;
use crate::plan::scalar::{EnumerationValue, FacetKind, JsonKind, NoNamespaces, Primitive, Scalar, Variety};

/// The schema of a simple type's JSON value.
pub(super) fn schema(scalar: &Scalar) -> Value {
    let mut schema = Map::new();
    let mut notes = Vec::new();
    match scalar.variety() {
        Variety::List(item) => list(scalar, item, &mut schema),
        Variety::Union(_) => union(scalar, &mut schema, &mut notes),
        Variety::Atomic(primitive) => match scalar.kind() {
            JsonKind::Boolean => {
                schema.insert("type".into(), json!("boolean"));
            }
            JsonKind::Number => number(scalar, *primitive, &mut schema, &mut notes),
            JsonKind::String | JsonKind::Array => string(scalar, *primitive, &mut schema, &mut notes),
        },
    }
    enumeration(scalar, &mut schema, &mut notes);
    if !notes.is_empty() {
        schema.insert("description".into(), json!(notes.join("\n")));
    }
    Value::Object(schema)
}

/// The JSON value of a text as written in a schema, if it is one of the type.
pub(super) fn value(scalar: &Scalar, text: &str) -> Option<Value> {
    let mut json = Vec::new();
    scalar.decode(text, &NoNamespaces, &mut json).ok()?;
    serde_json::from_slice(&json).ok()
}

fn list(scalar: &Scalar, item: &Scalar, schema: &mut Map<String, Value>) {
    schema.insert("type".into(), json!("array"));
    let mut items = self::schema(item);
    // White space separates items, so none has any.
    if item.kind() == JsonKind::String && items.get("enum").is_none() && items.get("pattern").is_none() && items["type"] == "string" {
        set(&mut items, "pattern", json!("^[^ \\t\\r\\n]+$"));
    }
    schema.insert("items".into(), items);
    let (least, most) = scalar.length_range();
    if least > 0 {
        schema.insert("minItems".into(), json!(least));
    }
    if let Some(most) = most {
        schema.insert("maxItems".into(), json!(most));
    }
}

/// A union is a string where its members are of several kinds; requests may give a number or a boolean all the same.
fn union(scalar: &Scalar, schema: &mut Map<String, Value>, notes: &mut Vec<String>) {
    let kinds: Vec<_> = scalar.json_kinds().into_iter().map(type_name).collect();
    match kinds.as_slice() {
        [one] => schema.insert("type".into(), json!(one)),
        several => schema.insert("type".into(), json!(several)),
    };
    let members = scalar.flat_members();
    let enumerated: Option<Vec<_>> = members.iter().map(|m| m.enumeration()).collect();
    match enumerated.map(|all| all.concat()) {
        Some(all) if scalar.enumeration().is_none() => {
            explain(&all, notes);
            let mut values: Vec<Value> = all.iter().filter_map(|v| serde_json::from_str(&v.json).ok()).collect();
            let mut seen = std::collections::HashSet::new();
            values.retain(|v| seen.insert(v.to_string()));
            name_values(&values, schema);
            schema.insert("enum".into(), json!(values));
        }
        _ => notes.push(scalar.say()),
    }
}

fn type_name(kind: JsonKind) -> &'static str {
    match kind {
        JsonKind::String => "string",
        JsonKind::Number => "number",
        JsonKind::Boolean => "boolean",
        JsonKind::Array => "array",
    }
}

/// `(type, least, most)` of the integer types; `None` for the others.
fn integer(primitive: Primitive) -> Option<(Option<&'static str>, Option<&'static str>)> {
    use Primitive as P;
    Some(match primitive {
        P::Integer => (None, None),
        P::NonPositiveInteger => (None, Some("0")),
        P::NegativeInteger => (None, Some("-1")),
        P::Long => (Some("-9223372036854775808"), Some("9223372036854775807")),
        P::Int => (Some("-2147483648"), Some("2147483647")),
        P::Short => (Some("-32768"), Some("32767")),
        P::Byte => (Some("-128"), Some("127")),
        P::NonNegativeInteger => (Some("0"), None),
        P::UnsignedLong => (Some("0"), Some("18446744073709551615")),
        P::UnsignedInt => (Some("0"), Some("4294967295")),
        P::UnsignedShort => (Some("0"), Some("65535")),
        P::UnsignedByte => (Some("0"), Some("255")),
        P::PositiveInteger => (Some("1"), None),
        _ => return None,
    })
}

fn number(scalar: &Scalar, primitive: Primitive, schema: &mut Map<String, Value>, notes: &mut Vec<String>) {
    let bounds = integer(primitive);
    let base = if bounds.is_some() { "integer" } else { "number" };
    let float = matches!(primitive, Primitive::Float | Primitive::Double);
    if float {
        // Not a number in JSON's sense, and as strings in ours.
        let special = json!({ "type": "string", "enum": ["INF", "-INF", "NaN"] });
        let format = if primitive == Primitive::Float { "float" } else { "double" };
        let mut number = Map::from_iter([("type".to_owned(), json!("number")), ("format".to_owned(), json!(format))]);
        facet_bounds(scalar, &mut number, notes);
        if scalar.enumeration().is_none() {
            schema.insert("oneOf".into(), json!([number, special]));
        }
        return;
    }
    if scalar.may_be_string() {
        schema.insert("type".into(), json!([base, "string"]));
        notes.push(format!("A string where the digits alone would not do: {}.", scalar.say()));
        patterns(scalar, schema);
    } else {
        schema.insert("type".into(), json!(base));
    }
    match primitive {
        Primitive::Int => {
            schema.insert("format".into(), json!("int32"));
        }
        Primitive::Long => {
            schema.insert("format".into(), json!("int64"));
        }
        _ => {}
    }
    let (least, most) = bounds.unwrap_or_default();
    let is_format = matches!(primitive, Primitive::Int | Primitive::Long);
    for (keyword, bound) in [("minimum", least), ("maximum", most)] {
        if let Some(value) = bound.filter(|_| !is_format).and_then(|b| serde_json::from_str::<Value>(b).ok()) {
            schema.insert(keyword.into(), value);
        }
    }
    facet_bounds(scalar, schema, notes);
    let digits = [(FacetKind::TotalDigits, "digits in all"), (FacetKind::FractionDigits, "of them after the point")];
    let said: Vec<_> = digits.iter().filter_map(|(kind, what)| scalar.count(*kind).map(|n| format!("{n} {what}"))).collect();
    if !said.is_empty() {
        notes.push(format!("At most {}.", said.join(", ")));
    }
}

/// Bounds of a number; what JSON cannot write is said in words.
fn facet_bounds(scalar: &Scalar, schema: &mut Map<String, Value>, notes: &mut Vec<String>) {
    for (kind, keyword, words) in BOUNDS {
        let Some(text) = scalar.bound(kind) else { continue };
        match value(scalar, text).or_else(|| serde_json::from_str(text).ok()) {
            Some(bound @ Value::Number(_)) if is_number(scalar) => {
                schema.insert(keyword.into(), bound);
            }
            _ => notes.push(format!("{words} {text}.")),
        }
    }
}

const BOUNDS: [(FacetKind, &str, &str); 4] = [
    (FacetKind::MinInclusive, "minimum", "From"),
    (FacetKind::MaxInclusive, "maximum", "Up to"),
    (FacetKind::MinExclusive, "exclusiveMinimum", "More than"),
    (FacetKind::MaxExclusive, "exclusiveMaximum", "Less than"),
];

fn is_number(scalar: &Scalar) -> bool {
    scalar.kind() == JsonKind::Number
}

fn string(scalar: &Scalar, primitive: Primitive, schema: &mut Map<String, Value>, notes: &mut Vec<String>) {
    schema.insert("type".into(), json!("string"));
    if scalar.enumeration().is_some() {
        return;
    }
    let (least, most) = scalar.length_range();
    // Octets of the binary kinds; what they are as characters.
    let characters: fn(u64) -> u64 = match primitive {
        Primitive::HexBinary => |n| n.saturating_mul(2),
        Primitive::Base64Binary => |n| n.div_ceil(3).saturating_mul(4),
        _ => |n| n,
    };
    if least > 0 {
        schema.insert("minLength".into(), json!(characters(least)));
    }
    if let Some(most) = most {
        schema.insert("maxLength".into(), json!(characters(most)));
    }
    match primitive {
        Primitive::Base64Binary => {
            schema.insert("contentEncoding".into(), json!("base64"));
        }
        Primitive::HexBinary => {
            schema.insert("pattern".into(), json!("^([0-9A-Fa-f]{2})*$"));
        }
        _ => {}
    }
    patterns(scalar, schema);
    facet_bounds(scalar, schema, notes);
    if let Some(text) = words(primitive) {
        notes.insert(0, text.to_owned());
    }
}

/// One for each step of restriction; those that ECMA-262 cannot say are left out.
fn patterns(scalar: &Scalar, schema: &mut Map<String, Value>) {
    let mut said = scalar.json_schema_patterns().into_iter().flatten();
    if !schema.contains_key("pattern")
        && let Some(first) = said.next()
    {
        schema.insert("pattern".into(), json!(first));
    }
    let more: Vec<_> = said.map(|p| json!({ "pattern": p })).collect();
    if !more.is_empty() {
        schema.insert("allOf".into(), json!(more));
    }
}

fn enumeration(scalar: &Scalar, schema: &mut Map<String, Value>, notes: &mut Vec<String>) {
    let Some(values) = scalar.enumeration() else { return };
    let mut seen = std::collections::HashSet::new();
    let distinct: Vec<Value> =
        values.iter().filter_map(|v| serde_json::from_str::<Value>(&v.json).ok()).filter(|v| seen.insert(v.to_string())).collect();
    explain(&values, notes);
    if !distinct.is_empty() {
        name_values(&distinct, schema);
        schema.insert("enum".into(), json!(distinct));
    }
}

/// Values that differ only in case or in signs (`y` and `Y`, `<` and `>`) would be one constant in what generators make of them: those
/// get names of their own, in the extension that openapi-generator reads.
fn name_values(values: &[Value], schema: &mut Map<String, Value>) {
    let mut names = Names::default();
    let bare = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let plain: Vec<String> = values.iter().map(|v| constant_name(&bare(v))).collect();
    let named: Vec<String> = plain.iter().map(|name| names.unique(name)).collect();
    if named != plain {
        schema.insert("x-enum-varnames".into(), json!(named));
    }
}

/// As generators would name a constant.
fn constant_name(text: &str) -> String {
    let name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("VALUE_{name}") }
}

/// What people wrote about values of an enumeration.
fn explain(values: &[EnumerationValue], notes: &mut Vec<String>) {
    for value in values {
        if let Some(text) = value.documentation.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
            notes.push(format!("- `{}`: {text}", value.json.trim_matches('"')));
        }
    }
}

/// The types whose form a caller would not guess.
fn words(primitive: Primitive) -> Option<&'static str> {
    use Primitive as P;
    Some(match primitive {
        P::DateTime => "Date and time as in `2024-02-29T12:30:00.5Z`; the zone may be absent.",
        P::Date => "A date as in `2024-02-29`, with or without a zone.",
        P::Time => "A time as in `12:30:00`, with or without a zone.",
        P::Duration => "A duration as in `P1DT2H30M`.",
        P::GYearMonth => "A month as in `2024-02`.",
        P::GYear => "A year as in `2024`.",
        P::GMonthDay => "A day of any year as in `--02-29`.",
        P::GDay => "A day of any month as in `---29`.",
        P::GMonth => "A month of any year as in `--02`.",
        P::QName | P::Notation => "A qualified name as in `{namespace}local`.",
        _ => return None,
    })
}
