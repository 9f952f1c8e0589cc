//! Path, query and header parameters → the JSON value of a message.

use std::borrow::Cow;
use std::sync::Arc;

use super::problem::{REDACTED, short};
use crate::json::Value;
use crate::mediate::{FieldError, ParameterIn, ParameterSite};
use crate::plan::Program;
use crate::plan::node::{Body, ComplexType, Content, MessagePlan, PlaceKind, Slot, TypeBody, TypeId};
use crate::plan::scalar::{JsonKind, Prefixes, Scalar};

/// One parameter of an HTTP request, percent-decoding done.
#[derive(Debug, Clone, Copy)]
pub struct Parameter<'v> {
    /// Where it stands.
    pub location: ParameterIn,
    /// Its name in the request.
    pub name: &'v str,
    /// JSON pointer of the property that it fills.
    pub pointer: &'v str,
    /// Its text.
    pub text: &'v str,
}

/// What a parameter may fill.
#[derive(Debug, Clone, Copy)]
pub struct ParameterTarget<'p> {
    /// The type of its value, or of an item.
    pub scalar: &'p Arc<Scalar>,
    /// Is the property an array, filled by repetition?
    pub array: bool,
}

/// What the property at a pointer takes as text: `None` where there is none, or one that is no simple value.
pub fn parameter_target<'p>(program: &'p Program, message: &'p MessagePlan, pointer: &str) -> Option<ParameterTarget<'p>> {
    let tokens = tokens(pointer)?;
    let tokens: Vec<&str> = tokens.iter().map(|t| &**t).collect();
    let of_slot = |slots: &'p [Slot], key: &str, rest: &[&str]| {
        let slot = slots.iter().find(|s| &*s.key == key)?;
        slot_target(program, slot, rest, false)
    };
    match (&message.body, tokens.as_slice()) {
        (_, ["$headers", key, rest @ ..]) if !message.headers.is_empty() => of_slot(&message.headers, key, rest),
        (Body::Empty | Body::Undefined { .. }, _) | (Body::Parts(_) | Body::Rpc { .. }, []) => None,
        (Body::Element(slot), rest) => {
            let of_root = slot_target(program, slot, rest, true);
            // A body that is no object stands under "$value" beside "$headers".
            of_root.or_else(|| if let ["$value"] = rest { slot_target(program, slot, &[], true) } else { None })
        }
        (Body::Parts(parts) | Body::Rpc { parts, .. }, [key, rest @ ..]) => of_slot(parts, key, rest),
    }
}

pub(super) fn slot_target<'p>(program: &'p Program, slot: &'p Slot, rest: &[&str], root: bool) -> Option<ParameterTarget<'p>> {
    if slot.members.is_empty() {
        return type_target(program, slot.type_, rest, root);
    }
    let (key, rest) = rest.split_first()?;
    let member = slot.members.iter().map(|id| program.element(*id)).find(|e| &**program.names.local(e.name) == *key)?;
    type_target(program, member.type_, rest, false)
}

fn type_target<'p>(program: &'p Program, type_: TypeId, rest: &[&str], root: bool) -> Option<ParameterTarget<'p>> {
    match (&program.type_(type_).body, rest) {
        (TypeBody::Simple(scalar), []) => Some(ParameterTarget { scalar, array: false }),
        (TypeBody::Complex(complex), _) => complex_target(program, complex, rest, root),
        (TypeBody::Simple(_) | TypeBody::Generic | TypeBody::SoapArray(_), _) => None,
    }
}

fn complex_target<'p>(program: &'p Program, complex: &'p ComplexType, rest: &[&str], root: bool) -> Option<ParameterTarget<'p>> {
    if let ([key], true) = (rest, rest.first().is_some_and(|k| k.starts_with('@'))) {
        let attribute = complex.attributes.iter().find(|a| &*a.key == *key)?;
        return Some(ParameterTarget { scalar: &attribute.scalar, array: false });
    }
    let shape = match &complex.content {
        Content::Simple(scalar) => {
            let bare = complex.attributes.is_empty() && complex.any_attribute.is_none();
            let fits = matches!((bare, rest), (true, []) | (false, ["$value"]));
            return fits.then_some(ParameterTarget { scalar, array: false });
        }
        Content::Mixed(_) => return None,
        Content::Elements(shape) => program.shape(*shape),
    };
    let (place, rest) = match rest.split_first() {
        Some((key, rest)) => (shape.places.get(*shape.by_key.get(*key)? as usize)?, rest),
        None if complex.is_flat && !root => (shape.places.first()?, rest),
        None => return None,
    };
    let PlaceKind::Element(id) = &place.kind else { return None };
    if place.array && !rest.is_empty() {
        return None;
    }
    let type_ = program.element(*id).type_;
    // An array of arrays is no text; and a type may be an array of itself.
    if place.array && matches!(&program.type_(type_).body, TypeBody::Complex(inner) if inner.is_flat) {
        return None;
    }
    let target = type_target(program, type_, rest, false)?;
    match (place.array, target.array) {
        (true, true) => None,
        (array, of_type) => Some(ParameterTarget { array: array || of_type, ..target }),
    }
}

/// The JSON value that parameters and a body make together. A property may be given in several places, where they say the same.
///
/// # Errors
/// Every parameter that does not fit its type, that no property takes, or that says something else than another place.
pub fn parameters<'v>(
    program: &Program,
    message: &MessagePlan,
    given: &[Parameter<'v>],
    body: Option<Value<'v>>,
) -> Result<Value<'v>, Vec<FieldError>> {
    let mut value = body.unwrap_or(Value::Object(Vec::new()));
    let mut errors: Vec<FieldError> = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for parameter in given {
        if done.contains(&parameter.pointer) {
            continue;
        }
        done.push(parameter.pointer);
        let same: Vec<&Parameter<'v>> = given.iter().filter(|p| p.pointer == parameter.pointer).collect();
        let result = property(program, message, parameter, &same).and_then(|(made, target)| put(&mut value, parameter, made, target));
        errors.extend(result.err().map(|e| redacted(message, *e)));
    }
    if errors.is_empty() { Ok(value) } else { Err(errors) }
}

/// What was found for a secret header part is not repeated, nor what would have been equal to it.
fn redacted(message: &MessagePlan, mut error: FieldError) -> FieldError {
    let part = tokens(&error.pointer).filter(|t| t.first().is_some_and(|t| t == "$headers")).and_then(|t| t.into_iter().nth(1));
    if part.is_some_and(|part| message.headers.iter().any(|h| h.secret && *h.key == *part)) {
        REDACTED.clone_into(&mut error.found);
        if let Some((words, _)) = error.expected.split_once(" in the body") {
            error.expected = format!("{words} in the body");
        }
    }
    error
}

/// The value of one property from all the parameters that fill it.
fn property<'p, 'v>(
    program: &'p Program,
    message: &'p MessagePlan,
    first: &Parameter<'v>,
    same: &[&Parameter<'v>],
) -> Result<(Value<'v>, ParameterTarget<'p>), Box<FieldError>> {
    let Some(target) = parameter_target(program, message, first.pointer) else {
        return Err(error(first, "no such property".to_owned(), first.text));
    };
    if target.array {
        let items: Result<Vec<Value<'v>>, Box<FieldError>> = same.iter().map(|p| item(target.scalar, p)).collect();
        return Ok((Value::Array(items?), target));
    }
    if target.scalar.kind() == JsonKind::Array {
        return Ok((list(target.scalar, first, same)?, target));
    }
    let value = item(target.scalar, first)?;
    for other in same.iter().skip(1) {
        if !are_equal(target.scalar, &value, &item(target.scalar, other)?) {
            return Err(error(other, format!("the same value as in {} {}", first.location.word(), first.name), other.text));
        }
    }
    Ok((value, target))
}

/// The text of one simple value, as the JSON value that its type wants.
fn item<'v>(scalar: &Scalar, parameter: &Parameter<'v>) -> Result<Value<'v>, Box<FieldError>> {
    typed(scalar, parameter.text).map_err(|expected| error(parameter, expected, parameter.text))
}

/// The same for any text.
///
/// # Errors
/// What the type would take, in words.
pub(super) fn typed<'v>(scalar: &Scalar, text: &'v str) -> Result<Value<'v>, String> {
    let string = Value::String(Cow::Borrowed(text));
    let typed = match scalar.kind() {
        JsonKind::Number => number(text).map(Value::Number),
        JsonKind::Boolean => boolean(text).map(Value::Bool),
        JsonKind::String | JsonKind::Array => None,
    };
    // A number's text where its plain digits do not fit: 007.
    let mut refused = None;
    for candidate in typed.into_iter().chain([string]) {
        match scalar.encode(&candidate, &mut NoPrefixes, &mut String::new()) {
            Ok(()) => return Ok(candidate),
            Err(mismatch) => refused = refused.or(Some(mismatch.expected)),
        }
    }
    Err(refused.unwrap_or_else(|| scalar.say()))
}

/// A list type: repetition, and white space between items as in XML.
fn list<'v>(scalar: &Scalar, first: &Parameter<'v>, same: &[&Parameter<'v>]) -> Result<Value<'v>, Box<FieldError>> {
    let texts: Vec<&'v str> = same.iter().flat_map(|p| p.text.split_ascii_whitespace()).collect();
    let all = |f: &dyn Fn(&'v str) -> Option<Value<'v>>| texts.iter().map(|t| f(t)).collect::<Option<Vec<_>>>().map(Value::Array);
    let candidates =
        [all(&|t| number(t).map(Value::Number)), all(&|t| boolean(t).map(Value::Bool)), all(&|t| Some(Value::String(Cow::Borrowed(t))))];
    let fits = |v: &Value<'_>| scalar.encode(v, &mut NoPrefixes, &mut String::new()).is_ok();
    candidates.into_iter().flatten().find(fits).ok_or_else(|| error(first, scalar.say(), first.text))
}

/// A JSON number for an XML number, where taking away a sign and leading zeros makes one.
fn number(text: &str) -> Option<&str> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let digits = unsigned.trim_start_matches('0');
    let plain = match digits.as_bytes().first() {
        Some(b'0'..=b'9') => digits,
        _ if unsigned.len() > digits.len() => unsigned.get(unsigned.len() - digits.len() - 1..)?,
        _ => unsigned,
    };
    is_json_number(plain).then_some(plain)
}

/// RFC 8259, section 6.
fn is_json_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = rest.split_once(['e', 'E']).map_or((rest, None), |(m, e)| (m, Some(e)));
    let (int, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(i, f)| (i, Some(f)));
    let is_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let is_int = is_digits(int) && (int == "0" || !int.starts_with('0'));
    is_int && fraction.is_none_or(is_digits) && exponent.is_none_or(|e| is_digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Do two values say the same?
fn are_equal(scalar: &Scalar, a: &Value<'_>, b: &Value<'_>) -> bool {
    let canonical = |v: &Value<'_>| {
        let mut text = String::new();
        scalar.encode(v, &mut NoPrefixes, &mut text).ok().map(|()| scalar.canonical(&text))
    };
    a == b || canonical(a).is_some_and(|x| Some(x) == canonical(b))
}

/// Puts a value at its pointer, objects around it made as needed; where a value stands already they must be equal.
fn put<'v>(root: &mut Value<'v>, parameter: &Parameter<'v>, made: Value<'v>, target: ParameterTarget<'_>) -> Result<(), Box<FieldError>> {
    let tokens = tokens(parameter.pointer).unwrap_or_default();
    let mut at = root;
    let Some((last, above)) = tokens.split_last() else {
        let is_free = matches!(at, Value::Object(m) if m.is_empty());
        if !is_free {
            return agree(at, parameter, &made, target);
        }
        *at = made;
        return Ok(());
    };
    for token in above {
        let Value::Object(members) = at else { return Err(error(parameter, "an object around it".to_owned(), &short(at))) };
        let ix = members.iter().position(|(k, _)| k == token).unwrap_or_else(|| {
            members.push((Cow::Owned(token.clone()), Value::Object(Vec::new())));
            members.len() - 1
        });
        let Some((_, next)) = members.get_mut(ix) else { return Ok(()) };
        at = next;
    }
    let Value::Object(members) = at else { return Err(error(parameter, "an object around it".to_owned(), &short(at))) };
    match members.iter().find(|(k, _)| k == last) {
        Some((_, there)) => agree(there, parameter, &made, target),
        None => {
            members.push((Cow::Owned(last.clone()), made));
            Ok(())
        }
    }
}

/// The value of the body must be equal.
fn agree(there: &Value<'_>, parameter: &Parameter<'_>, made: &Value<'_>, target: ParameterTarget<'_>) -> Result<(), Box<FieldError>> {
    let is_equal = match (there, made) {
        (Value::Array(a), Value::Array(b)) if target.array => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| are_equal(target.scalar, x, y))
        }
        (a, b) => are_equal(target.scalar, a, b),
    };
    if is_equal { Ok(()) } else { Err(error(parameter, format!("the same value as in the body: {}", short(there)), parameter.text)) }
}

fn error(parameter: &Parameter<'_>, expected: String, found: &str) -> Box<FieldError> {
    let found = short(&Value::String(Cow::Borrowed(found)));
    let site = ParameterSite { location: parameter.location, name: parameter.name.to_owned() };
    Box::new(FieldError { pointer: parameter.pointer.to_owned(), expected, found, hint: None, parameter: Some(site) })
}

/// The tokens of a JSON pointer; `None` where it is none.
fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    Some(rest.split('/').map(|t| t.replace("~1", "/").replace("~0", "~")).collect())
}

/// Values are checked here, not written: any prefix will do.
struct NoPrefixes;

impl Prefixes for NoPrefixes {
    fn prefix(&mut self, _namespace: &str) -> String {
        "q".to_owned()
    }
}
