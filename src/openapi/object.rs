//! Objects: the properties of attributes, elements and groups.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::content::presence;
use super::reach::substitutes;
use super::scalar;
use super::schema::{Extra, Schemas};
use super::set;
use super::size::least_bytes;
use super::value::is_bare;
use crate::plan::node::{Attribute, ComplexType, Content, Element, ElementId, Place, PlaceKind, Shape, TypeBody, TypeId};
use crate::plan::scalar::Scalar;

impl<'a> Schemas<'a> {
    /// The object of a complex type that is one.
    pub(super) fn object_of(&mut self, id: TypeId, complex: &ComplexType, typed: bool, extra: &[Extra]) -> Value {
        let type_ = self.program.type_(id);
        let mut properties: Vec<Extra> = extra.to_vec();
        let stands_in = self.reach.substitutes.contains(&id);
        if typed || stands_in || !substitutes(self.program, id).is_empty() {
            let required = typed || (stands_in && !self.reach.declared.contains(&id));
            properties.push(("$type".into(), constant(&type_.label), required));
        }
        for attribute in &complex.attributes {
            self.size.add(attribute.key.len());
            let schema = self.attribute(attribute);
            properties.push((attribute.key.clone(), schema, attribute.required && attribute.fixed.is_none()));
        }
        let mut schema = match complex.content {
            Content::Simple(ref scalar) => {
                properties.push(("$value".into(), self.scalar(scalar), !scalar.reads("")));
                object(&properties, json!(false))
            }
            Content::Elements(shape) => self.object(properties, self.program.shape(shape)),
            Content::Mixed(shape) => {
                let content = self.mixed(self.program.shape(shape));
                properties.push(("$content".into(), content, true));
                object(&properties, json!(false))
            }
        };
        if complex.any_attribute.is_some() && schema["additionalProperties"] == json!(false) {
            set(&mut schema, "patternProperties", json!({ "^@": {} }));
        }
        schema
    }

    /// An object of these properties and of a shape's.
    fn object(&mut self, properties: Vec<Extra>, shape: &Shape) -> Value {
        let mut all = Map::new();
        let mut required = Vec::new();
        for (key, schema, is_required) in properties {
            if is_required {
                required.push(key.clone());
            }
            all.insert(key.to_string(), schema);
        }
        let mut open = false;
        let bounds = Bounds::of(shape);
        for place in &shape.places {
            if self.size.is_full() {
                break;
            }
            if matches!(place.kind, PlaceKind::Any(_)) {
                open = true;
            } else if !all.contains_key(&*place.key) {
                self.size.add(place.key.len());
                let bounds = bounds.get(&*place.key).copied().unwrap_or_else(|| Bounds::at(place));
                let schema = self.place_within(place, bounds);
                all.insert(place.key.to_string(), schema);
            }
        }
        let mut presence = presence(self.program, shape);
        presence.required.extend(required);
        let mut schema = Map::new();
        schema.insert("type".into(), json!("object"));
        schema.insert("properties".into(), Value::Object(all));
        presence.write(&mut schema);
        self.size.add(schema.get("allOf").map_or(0, least_bytes));
        let rest = if open { self.any() } else { json!(false) };
        schema.insert("additionalProperties".into(), rest);
        let mut schema = Value::Object(schema);
        for note in &presence.notes {
            self.note(&mut schema, Some(note));
        }
        schema
    }

    pub(super) fn attribute(&mut self, attribute: &Attribute) -> Value {
        let mut schema = self.scalar(&attribute.scalar);
        if let Some(fixed) = &attribute.fixed
            && let Some(value) = scalar::value(&attribute.scalar, &fixed.text)
        {
            set(&mut schema, "enum", json!([value]));
        }
        if let Some(default) = &attribute.default
            && let Some(value) = scalar::value(&attribute.scalar, default)
        {
            set(&mut schema, "default", value);
        }
        self.note(&mut schema, attribute.documentation.as_deref());
        schema
    }

    pub(super) fn place(&mut self, place: &Place) -> Value {
        self.place_within(place, Bounds::at(place))
    }

    fn place_within(&mut self, place: &Place, bounds: Bounds) -> Value {
        let value = match &place.kind {
            PlaceKind::Element(id) => self.element(*id, place.nillable),
            PlaceKind::Items(shape) => self.object(Vec::new(), self.program.shape(*shape)),
            PlaceKind::Any(_) => self.any(),
        };
        if !place.array {
            return value;
        }
        let mut schema = Map::new();
        schema.insert("type".into(), json!("array"));
        schema.insert("items".into(), value);
        if bounds.min > 0 {
            schema.insert("minItems".into(), json!(bounds.min));
        }
        if let Some(max) = bounds.max {
            schema.insert("maxItems".into(), json!(max));
        }
        Value::Object(schema)
    }

    /// The value of an element, with what its declaration says.
    pub(super) fn element(&mut self, id: ElementId, nillable: bool) -> Value {
        let element = self.program.element(id);
        let value = self.value(element.type_);
        let value = if nillable { self.or_nil(element.type_, value) } else { value };
        self.element_facts(Some(id), value)
    }

    pub(super) fn element_facts(&self, id: Option<ElementId>, mut schema: Value) -> Value {
        let Some(element) = id.map(|id| self.program.element(id)) else {
            return schema;
        };
        if let Some(scalar) = self.bare_scalar(element) {
            if let Some(value) = element.fixed.as_ref().and_then(|f| scalar::value(scalar, &f.text)) {
                set(&mut schema, "enum", json!([value]));
            }
            if let Some(value) = element.default.as_ref().and_then(|d| scalar::value(scalar, d)) {
                set(&mut schema, "default", value);
            }
        }
        self.note(&mut schema, element.documentation.as_deref());
        schema
    }

    /// The scalar of an element whose value is a bare one.
    fn bare_scalar(&self, element: &Element) -> Option<&'a Scalar> {
        match &self.program.type_(element.type_).body {
            TypeBody::Simple(scalar) => Some(scalar),
            TypeBody::Complex(complex) => match &complex.content {
                Content::Simple(scalar) if is_bare(complex) => Some(scalar),
                Content::Simple(_) | Content::Elements(_) | Content::Mixed(_) => None,
            },
            TypeBody::Generic | TypeBody::SoapArray(_) => None,
        }
    }

    /// `$content`: texts, and elements as objects of one property.
    fn mixed(&mut self, shape: &Shape) -> Value {
        let mut keys: Vec<_> = shape.content_names.iter().map(|(key, id)| (key.clone(), *id)).collect();
        keys.sort_unstable();
        let properties: Map<String, Value> = keys
            .into_iter()
            .map(|(key, id)| {
                self.size.add(key.len());
                let nillable = self.program.element(id).nillable;
                (key.to_string(), self.element(id, nillable))
            })
            .collect();
        let rest = if shape.wildcards.is_empty() { json!(false) } else { self.any() };
        let element =
            json!({ "type": "object", "properties": properties, "additionalProperties": rest, "minProperties": 1, "maxProperties": 1 });
        json!({ "type": "array", "items": { "oneOf": [{ "type": "string" }, element] } })
    }
}

/// How often a property's element may stand, over all branches of a choice that share the property.
#[derive(Clone, Copy)]
struct Bounds {
    min: u32,
    max: Option<u32>,
}

impl Bounds {
    fn at(place: &Place) -> Self {
        Self { min: place.min, max: place.max }
    }

    /// Of each property of the shape.
    fn of(shape: &Shape) -> HashMap<&str, Self> {
        let mut all = HashMap::new();
        for place in &shape.places {
            let bounds = all.entry(&*place.key).or_insert_with(|| Self::at(place));
            bounds.min = bounds.min.min(place.min);
            bounds.max = bounds.max.zip(place.max).map(|(a, b)| a.max(b));
        }
        all
    }
}

/// An object of these properties; `rest`: its `additionalProperties`.
pub(super) fn object(properties: &[Extra], rest: Value) -> Value {
    let required: Vec<_> = properties.iter().filter(|p| p.2).map(|p| p.0.clone()).collect();
    let all: Map<String, Value> = properties.iter().map(|(key, schema, _)| (key.to_string(), schema.clone())).collect();
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), Value::Object(all));
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    schema.insert("additionalProperties".into(), rest);
    Value::Object(schema)
}

/// Just this string. Not as `const`, which says the same: generators of clients make a check of `enum` and none of `const`, and without
/// it they cannot tell the branches of a `oneOf`.
pub(super) fn constant(text: &str) -> Value {
    json!({ "type": "string", "enum": [text] })
}

/// Just `true`.
pub(super) fn truth() -> Value {
    json!({ "type": "boolean", "enum": [true] })
}
