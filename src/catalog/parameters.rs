//! URL parameters: which simple values of a request a path or query may carry.

use std::sync::Arc;

use super::{Parameter, ParameterLocation};
use crate::net::fields;
use crate::plan::Program;
use crate::plan::node::{Body, Compositor, Content, ElementId, MessagePlan, Particle, PlaceIx, PlaceKind, Shape, Slot, TypeBody, TypeId};
use crate::plan::scalar::{JsonKind, Scalar};

/// A property of a message.
struct Property<'a> {
    key: Arc<str>,
    value: Value<'a>,
    /// More than one?
    array: bool,
    required: bool,
}

/// What the value of a property is.
#[derive(Clone, Copy)]
enum Value<'a> {
    Scalar(&'a Scalar),
    Type(TypeId),
    /// Neither simple nor with properties of its own that a pointer could name.
    Other,
}

/// The simple values at the top of a request that a query can carry, and the required properties that it cannot.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// In schema order.
    pub(super) scalars: Vec<Parameter>,
    /// Names.
    pub(super) beyond: Vec<Arc<str>>,
}

/// What is wrong with a pointer, in words, and the names at the level where it went wrong.
pub(super) type Astray = (String, Vec<Arc<str>>);

/// What of a request could be query parameters.
pub(super) fn inputs(program: &Program, message: &MessagePlan) -> Inputs {
    let mut inputs = Inputs::default();
    for property in top(program, message) {
        match scalar_kind(program, &property) {
            Some(kind) => inputs.scalars.push(Parameter {
                location: ParameterLocation::Query,
                name: property.key.clone(),
                pointer: pointer_to(&property.key),
                kind,
                required: property.required,
            }),
            None if property.required => inputs.beyond.push(property.key),
            None => {}
        }
    }
    inputs
}

/// The header blocks of a request that a header field of HTTP can carry: the caller's, each a single simple value. A field is called like
/// the part where no client sends one of that name by itself.
pub(super) fn header_fields(program: &Program, message: &MessagePlan) -> Vec<Parameter> {
    let mut fields: Vec<Parameter> = Vec::new();
    for slot in message.headers.iter().filter(|s| !s.secret) {
        let kind = scalar_kind(program, &of_slot(slot)).filter(|k| *k != JsonKind::Array);
        let is_free =
            fields::may_be_a_parameter(&slot.key.to_lowercase()) && !fields.iter().any(|f| f.name.eq_ignore_ascii_case(&slot.key));
        if let Some(kind) = kind.filter(|_| is_free) {
            let pointer = format!("/$headers{}", pointer_to(&slot.key)).into();
            fields.push(Parameter { location: ParameterLocation::Header, name: slot.key.clone(), pointer, kind, required: false });
        }
    }
    fields
}

/// The names of the properties at the top of a message; empty where its JSON is no object with known ones.
pub(super) fn properties(program: &Program, message: &MessagePlan) -> Vec<Arc<str>> {
    top(program, message).into_iter().map(|p| p.key).collect()
}

fn pointer_to(key: &str) -> Arc<str> {
    let mut pointer = String::new();
    crate::json::push_pointer(&mut pointer, key);
    pointer.into()
}

/// The simple value at a pointer: its kind, and whether it must be there.
///
/// # Errors
/// In words, what is wrong with the pointer; then the names at the level where it went wrong.
pub(super) fn at_pointer(program: &Program, message: &MessagePlan, pointer: &str) -> Result<(JsonKind, bool), Astray> {
    let tokens: Vec<String> = pointer.split('/').skip(1).map(|t| t.replace("~1", "/").replace("~0", "~")).collect();
    let Some((last, parents)) = tokens.split_last() else { return Err(("it is empty".to_owned(), Vec::new())) };
    let mut level = top(program, message);
    if parents.first().is_some_and(|t| t == "$headers") {
        if tokens.get(1).is_some_and(|part| message.headers.iter().any(|s| s.secret && *s.key == **part)) {
            return Err(("it is a credential, which does not belong into an address".to_owned(), Vec::new()));
        }
        level = headers(program, message);
    }
    let mut required = true;
    for token in parents {
        if token == "$headers" {
            required = false;
            continue;
        }
        let property = find(&level, token)?;
        required &= property.required;
        if property.array {
            return Err((format!("`{token}` is an array"), Vec::new()));
        }
        level = match property.value {
            Value::Type(type_) => of_type(program, type_),
            Value::Scalar(_) | Value::Other => return Err((format!("`{token}` has no properties"), Vec::new())),
        };
    }
    let property = find(&level, last)?;
    let kind = scalar_kind(program, property).ok_or_else(|| (format!("`{last}` is not a simple value"), Vec::new()))?;
    Ok((kind, required && property.required))
}

fn find<'l, 'p>(level: &'l [Property<'p>], token: &str) -> Result<&'l Property<'p>, Astray> {
    level.iter().find(|p| &*p.key == token).ok_or_else(|| (format!("there is no `{token}`"), level.iter().map(|p| p.key.clone()).collect()))
}

/// The kind of a property's value where a URL can carry it; an array of simple values is a repeated parameter.
fn scalar_kind(program: &Program, property: &Property<'_>) -> Option<JsonKind> {
    let scalar = match property.value {
        Value::Scalar(scalar) => scalar,
        Value::Type(type_) => bare(program, type_)?,
        Value::Other => return None,
    };
    let kind = Some(scalar.kind()).filter(|k| *k != JsonKind::Array)?;
    Some(if property.array { JsonKind::Array } else { kind })
}

/// The simple type whose bare value stands for a value of this type.
fn bare(program: &Program, type_: TypeId) -> Option<&Scalar> {
    match &program.type_(type_).body {
        TypeBody::Simple(scalar) => Some(scalar),
        TypeBody::Complex(complex) => match &complex.content {
            Content::Simple(scalar) if !complex.attributes.iter().any(|a| a.required && a.fixed.is_none()) => Some(scalar),
            Content::Simple(_) | Content::Elements(_) | Content::Mixed(_) => None,
        },
        TypeBody::Generic | TypeBody::SoapArray(_) => None,
    }
}

/// The properties of a request's JSON.
fn top<'p>(program: &'p Program, message: &MessagePlan) -> Vec<Property<'p>> {
    match &message.body {
        Body::Element(slot) if slot.members.is_empty() => of_type(program, slot.type_),
        Body::Empty | Body::Element(_) | Body::Undefined { .. } => Vec::new(),
        Body::Parts(slots) | Body::Rpc { parts: slots, .. } => {
            slots.iter().map(|s| Property { required: !message.encoded, ..of_slot(s) }).collect()
        }
    }
}

fn headers<'p>(_: &'p Program, message: &MessagePlan) -> Vec<Property<'p>> {
    message.headers.iter().map(|s| Property { required: false, ..of_slot(s) }).collect()
}

fn of_slot<'p>(slot: &Slot) -> Property<'p> {
    let value = if slot.members.is_empty() { Value::Type(slot.type_) } else { Value::Other };
    Property { key: slot.key.clone(), value, array: false, required: true }
}

/// The properties of an object of this type.
fn of_type(program: &Program, type_: TypeId) -> Vec<Property<'_>> {
    let complex = match &program.type_(type_).body {
        TypeBody::Complex(complex) => complex,
        TypeBody::Simple(_) | TypeBody::Generic | TypeBody::SoapArray(_) => return Vec::new(),
    };
    let attribute = |a: &'_ crate::plan::node::Attribute| (a.key.clone(), a.required && a.fixed.is_none());
    let mut properties: Vec<Property<'_>> = complex
        .attributes
        .iter()
        .map(|a| {
            let (key, required) = attribute(a);
            Property { key, value: Value::Scalar(&a.scalar), array: false, required }
        })
        .collect();
    match &complex.content {
        Content::Simple(scalar) => {
            properties.push(Property { key: "$value".into(), value: Value::Scalar(scalar), array: false, required: true });
        }
        Content::Elements(shape) => properties.extend(of_shape(program, program.shape(*shape))),
        Content::Mixed(_) => {}
    }
    properties
}

fn of_shape<'p>(program: &'p Program, shape: &'p Shape) -> Vec<Property<'p>> {
    let mut required = Vec::new();
    if let Some(model) = &shape.model {
        certain(model, &mut required);
    }
    let mut properties: Vec<Property<'p>> = Vec::new();
    for (index, place) in shape.places.iter().enumerate() {
        if place.key.is_empty() || properties.iter().any(|p| p.key == place.key) {
            continue;
        }
        let value = match &place.kind {
            PlaceKind::Element(element) => of_element(program, *element),
            PlaceKind::Items(_) | PlaceKind::Any(_) => Value::Other,
        };
        let required = place.min > 0 && required.contains(&(index as PlaceIx)) && !has_fixed(program, &place.kind);
        properties.push(Property { key: place.key.clone(), value, array: place.array, required });
    }
    properties
}

fn of_element<'p>(program: &'p Program, element: ElementId) -> Value<'p> {
    let declaration = program.element(element);
    if declaration.is_abstract { Value::Other } else { Value::Type(declaration.type_) }
}

fn has_fixed(program: &Program, kind: &PlaceKind) -> bool {
    match kind {
        PlaceKind::Element(element) => program.element(*element).fixed.is_some(),
        PlaceKind::Items(_) | PlaceKind::Any(_) => false,
    }
}

/// The places that stand in every instance, if their own minimum says so.
fn certain(particle: &Particle, places: &mut Vec<PlaceIx>) {
    match particle {
        Particle::Place(place) => places.push(*place),
        Particle::Group(group) if !group.optional && group.compositor != Compositor::Choice => {
            group.particles.iter().for_each(|p| certain(p, places));
        }
        Particle::Group(_) => {}
    }
}
