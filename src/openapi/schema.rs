//! Types and elements → JSON Schema, as components that refer to each other.
//!
//! A type has up to five forms: itself; itself or one that derives from it (`oneOf`, told apart by `$type`); itself with `$type` required;
//! its nil with attributes; and unflattened, as a message's root.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::content::presence;
use super::names::{Names, reference};
use super::reach::{Reach, is_builtin, substitutes};
use super::scalar;
use crate::plan::Program;
use crate::plan::node::{
    Attribute, ComplexType, Content, Element, ElementId, Place, PlaceKind, Shape, ShapeId, Slot, SoapArray, TypeBody, TypeId,
};
use crate::plan::scalar::Scalar;

/// The forms of a type in `components`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// A value of the very type.
    Own,
    /// A value of it or of a type that derives from it.
    Any,
    /// A value of it that says so: in place of an ancestor.
    Typed,
    /// Nil with attributes.
    Nil,
}

/// A property beside those of a type.
pub(super) type Extra = (Arc<str>, Value, bool);

/// How a message's root is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Root<'e> {
    /// Properties beside its own: `$headers`.
    pub(super) extra: &'e [Extra],
    /// Is it an object in any case? So where headers are declared: a bare value stands under `$value` then.
    pub(super) object: bool,
    /// Must the object stand here, not a reference to it?
    pub(super) in_place: bool,
}

/// Makes schemas and collects the components that they refer to.
pub(super) struct Schemas<'a> {
    pub(super) program: &'a Program,
    reach: Reach,
    names: Names,
    keys: HashMap<(TypeId, Form), String>,
    todo: Vec<(TypeId, Form)>,
    components: BTreeMap<String, Value>,
    any: Option<String>,
    /// Are annotations written?
    describe: bool,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(program: &'a Program, reach: Reach, names: Names, describe: bool) -> Self {
        Self { program, reach, names, keys: HashMap::new(), todo: Vec::new(), components: BTreeMap::new(), any: None, describe }
    }

    /// A component that is not a type: its reference.
    pub(super) fn component(&mut self, wish: &str, schema: Value) -> Value {
        let key = self.names.unique(wish);
        self.components.insert(key.clone(), schema);
        reference(&key)
    }

    /// Makes what is referred to and not made yet, and gives all components in the order of their keys.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        while let Some((id, form)) = self.todo.pop() {
            let schema = match form {
                Form::Own => self.own(id),
                Form::Any => self.own_or_derived(id),
                Form::Typed => self.typed(id),
                Form::Nil => self.nil(id),
            };
            if let Some(key) = self.keys.get(&(id, form)) {
                self.components.insert(key.clone(), schema);
            }
        }
        self.components.into_iter().collect()
    }

    fn form(&mut self, id: TypeId, form: Form) -> Value {
        if let Some(key) = self.keys.get(&(id, form)) {
            return reference(key);
        }
        let plain = self.reach.keys.get(&id).cloned();
        // The plain name is the own form's; an abstract type has none of its own, so the choice takes it.
        let key = match (form, plain) {
            (Form::Own, Some(plain)) => plain,
            (Form::Any, Some(plain)) if self.program.type_(id).is_abstract => plain,
            (Form::Own, None) => self.names.unique("Anonymous"),
            (form, plain) => {
                let suffix = match form {
                    Form::Own | Form::Any => "any",
                    Form::Typed => "typed",
                    Form::Nil => "nil",
                };
                self.names.unique(&format!("{}.{suffix}", plain.as_deref().unwrap_or("Anonymous")))
            }
        };
        let made = reference(&key);
        self.keys.insert((id, form), key);
        self.todo.push((id, form));
        made
    }

    // ---- places of types -------------------------------------------------------------------------------------------------

    /// A value of a part: an object by the name of the element where members may stand in its place.
    pub(super) fn slot(&mut self, slot: &Slot, root: bool) -> Value {
        let mut schema = if slot.members.is_empty() {
            let nillable = slot.nillable;
            let value = if root { self.root(slot.type_, &Root::default()) } else { self.value(slot.type_) };
            let value = if nillable { self.or_nil(slot.type_, value) } else { value };
            self.element_facts(slot.element, value)
        } else {
            self.one_of_members(&slot.members, &[])
        };
        self.note(&mut schema, slot.documentation.as_deref());
        schema
    }

    /// An object with one property: the element that stands there.
    pub(super) fn one_of_members(&mut self, members: &[ElementId], extra: &[Extra]) -> Value {
        let mut properties = Map::new();
        let mut branches = Vec::new();
        for member in members {
            let element = self.program.element(*member);
            let key = self.program.names.local(element.name).to_string();
            let schema = self.element(*member, element.nillable);
            branches.push(json!({ "required": [key] }));
            properties.insert(key, schema);
        }
        let mut schema = Map::new();
        schema.insert("type".into(), json!("object"));
        properties.extend(extra.iter().map(|(key, value, _)| (key.to_string(), value.clone())));
        schema.insert("properties".into(), Value::Object(properties));
        schema.insert("additionalProperties".into(), json!(false));
        schema.insert("oneOf".into(), json!(branches));
        Value::Object(schema)
    }

    /// A message's root: its type is not flattened there, and may have properties beside its own.
    pub(super) fn root(&mut self, id: TypeId, root: &Root<'_>) -> Value {
        let type_ = self.program.type_(id);
        let TypeBody::Complex(complex) = &type_.body else {
            return self.beside(id, root);
        };
        if !root.object && !complex.is_flat && !root.in_place {
            return self.value(id);
        }
        let derived = substitutes(self.program, id);
        let mut alternatives = Vec::new();
        if !type_.is_abstract {
            alternatives.push((id, false));
        }
        alternatives.extend(derived.into_iter().map(|d| (d, true)));
        let mut schemas: Vec<_> = alternatives
            .into_iter()
            .map(|(id, typed)| match &self.program.type_(id).body {
                TypeBody::Complex(complex) if complex.is_flat || !is_bare(complex) => self.object_of(id, complex, typed, root.extra),
                _ => self.beside(id, root),
            })
            .collect();
        match (schemas.len(), schemas.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                schemas.push(last);
                json!({ "oneOf": schemas })
            }
            (_, None) => nothing_stands_here(),
        }
    }

    /// A value that is no object, or `{"$value": …}` with properties beside it.
    fn beside(&mut self, id: TypeId, root: &Root<'_>) -> Value {
        let value = self.value(id);
        if !root.object || matches!(self.program.type_(id).body, TypeBody::Generic) {
            return value;
        }
        let mut all: Vec<Extra> = root.extra.to_vec();
        all.push(("$value".into(), value, true));
        object(&all, json!(false))
    }

    /// A value where `id` is declared: a derived type may stand in its place.
    pub(super) fn value(&mut self, id: TypeId) -> Value {
        let type_ = self.program.type_(id);
        if !substitutes(self.program, id).is_empty() || (type_.is_abstract && matches!(type_.body, TypeBody::Complex(_))) {
            return self.form(id, Form::Any);
        }
        self.exactly(id)
    }

    /// A value of the very type: a reference where it is a component, else in place.
    fn exactly(&mut self, id: TypeId) -> Value {
        match &self.program.type_(id).body {
            TypeBody::Generic => self.any(),
            _ if self.reach.keys.contains_key(&id) => self.form(id, Form::Own),
            _ => self.own(id),
        }
    }

    fn own_or_derived(&mut self, id: TypeId) -> Value {
        let type_ = self.program.type_(id);
        let derived = substitutes(self.program, id);
        if type_.is_abstract && derived.is_empty() {
            return nothing_stands_here();
        }
        let mut mapping = Map::new();
        let mut schemas = Vec::new();
        if !type_.is_abstract {
            schemas.push(self.exactly(id));
        }
        for d in derived {
            let typed = self.form(d, Form::Typed);
            if let Some(target) = typed.get("$ref") {
                mapping.insert(self.program.type_(d).label.to_string(), target.clone());
            }
            schemas.push(typed);
        }
        let mut schema = json!({ "oneOf": schemas });
        // Where `$type` may be absent a discriminator would say too much: it has to be required.
        if type_.is_abstract {
            schema["discriminator"] = json!({ "propertyName": "$type", "mapping": mapping });
        }
        self.note(&mut schema, type_.documentation.as_deref());
        schema
    }

    // ---- types -----------------------------------------------------------------------------------------------------------

    fn own(&mut self, id: TypeId) -> Value {
        let type_ = self.program.type_(id);
        let mut schema = match &type_.body {
            TypeBody::Generic => return self.any(),
            TypeBody::Simple(scalar) => self.scalar(scalar),
            TypeBody::SoapArray(array) => self.soap_array(array),
            TypeBody::Complex(complex) => self.complex(id, complex),
        };
        if !is_builtin(self.program, id) {
            self.note(&mut schema, type_.documentation.as_deref());
        }
        schema
    }

    fn complex(&mut self, id: TypeId, complex: &ComplexType) -> Value {
        match complex.content {
            Content::Simple(ref scalar) if is_bare(complex) => self.scalar(scalar),
            Content::Elements(shape) if complex.is_flat => self.only_place(shape),
            Content::Simple(_) | Content::Elements(_) | Content::Mixed(_) => self.object_of(id, complex, false, &[]),
        }
    }

    /// The one array of a flattened type.
    fn only_place(&mut self, shape: ShapeId) -> Value {
        match self.program.shape(shape).places.first() {
            Some(place) => self.place(place),
            None => json!({ "type": "array", "maxItems": 0 }),
        }
    }

    /// `{"$type": …}` required: as an object of its own where nothing else declares the type, else beside it.
    fn typed(&mut self, id: TypeId) -> Value {
        let type_ = self.program.type_(id);
        let label = &type_.label;
        match &type_.body {
            TypeBody::Complex(complex) if !is_bare(complex) => {
                if self.reach.declared.contains(&id) && self.reach.keys.contains_key(&id) {
                    return json!({ "allOf": [self.form(id, Form::Own), { "type": "object", "required": ["$type"] }] });
                }
                let mut schema = self.object_of(id, complex, true, &[]);
                self.note(&mut schema, type_.documentation.as_deref());
                schema
            }
            TypeBody::Complex(_) | TypeBody::Simple(_) | TypeBody::Generic | TypeBody::SoapArray(_) => {
                let value = self.exactly(id);
                object(&[("$type".into(), constant(label), true), ("$value".into(), value, true)], json!(false))
            }
        }
    }

    /// Nil that has attributes all the same.
    fn nil(&mut self, id: TypeId) -> Value {
        let mut properties: Vec<Extra> = vec![("$nil".into(), json!({ "const": true }), true)];
        let mut open = json!(false);
        if let TypeBody::Complex(complex) = &self.program.type_(id).body {
            properties.extend(complex.attributes.iter().map(|a| (a.key.clone(), self.attribute(a), false)));
            if complex.any_attribute.is_some() {
                open = json!(true);
            }
        }
        object(&properties, open)
    }

    pub(super) fn or_nil(&mut self, id: TypeId, value: Value) -> Value {
        let has_attributes = match &self.program.type_(id).body {
            TypeBody::Complex(complex) => !complex.attributes.is_empty() || complex.any_attribute.is_some(),
            TypeBody::Generic => return value,
            TypeBody::Simple(_) | TypeBody::SoapArray(_) => false,
        };
        if has_attributes {
            return json!({ "oneOf": [value, self.form(id, Form::Nil), { "type": "null" }] });
        }
        or_null(value)
    }

    fn soap_array(&mut self, array: &SoapArray) -> Value {
        let item = self.value(array.item_type);
        let mut schema = self.or_nil(array.item_type, item);
        for _ in 0..array.ranks.iter().sum::<u32>().clamp(1, 8) {
            schema = json!({ "type": "array", "items": schema });
        }
        schema
    }

    /// The generic rules: anything.
    fn any(&mut self) -> Value {
        if let Some(key) = &self.any {
            return reference(key);
        }
        let description = "Content that the WSDL does not describe: an object by local name, repeated elements as arrays, attributes under \
                           `@name`, text as a string (`$value` beside attributes), `$ns` where a namespace differs from the one around it.";
        let key = self.names.unique("Any");
        self.components.insert(key.clone(), if self.describe { json!({ "description": description }) } else { json!({}) });
        let made = reference(&key);
        self.any = Some(key);
        made
    }

    pub(super) fn scalar(&self, scalar: &Scalar) -> Value {
        scalar::schema(scalar)
    }

    // ---- objects ---------------------------------------------------------------------------------------------------------

    /// The object of a complex type that is one.
    fn object_of(&mut self, id: TypeId, complex: &ComplexType, typed: bool, extra: &[Extra]) -> Value {
        let type_ = self.program.type_(id);
        let mut properties: Vec<Extra> = extra.to_vec();
        let stands_in = self.reach.substitutes.contains(&id);
        if typed || stands_in || !substitutes(self.program, id).is_empty() {
            let required = typed || (stands_in && !self.reach.declared.contains(&id));
            properties.push(("$type".into(), constant(&type_.label), required));
        }
        for attribute in &complex.attributes {
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
            schema["patternProperties"] = json!({ "^@": {} });
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
        for place in &shape.places {
            if matches!(place.kind, PlaceKind::Any(_)) {
                open = true;
            } else if !all.contains_key(&*place.key) {
                let bounds = Bounds::of(shape, place);
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
        let rest = if open { self.any() } else { json!(false) };
        schema.insert("additionalProperties".into(), rest);
        let mut schema = Value::Object(schema);
        for note in &presence.notes {
            self.note(&mut schema, Some(note));
        }
        schema
    }

    pub(super) fn attribute(&self, attribute: &Attribute) -> Value {
        let mut schema = self.scalar(&attribute.scalar);
        if let Some(fixed) = &attribute.fixed
            && let Some(value) = scalar::value(&attribute.scalar, &fixed.text)
        {
            schema["const"] = value;
        }
        if let Some(default) = &attribute.default
            && let Some(value) = scalar::value(&attribute.scalar, default)
        {
            schema["default"] = value;
        }
        self.note(&mut schema, attribute.documentation.as_deref());
        schema
    }

    pub(super) fn place(&mut self, place: &Place) -> Value {
        self.place_within(place, Bounds { min: place.min, max: place.max })
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

    fn element_facts(&self, id: Option<ElementId>, mut schema: Value) -> Value {
        let Some(element) = id.map(|id| self.program.element(id)) else {
            return schema;
        };
        if let Some(scalar) = self.bare_scalar(element) {
            if let Some(value) = element.fixed.as_ref().and_then(|f| scalar::value(scalar, &f.text)) {
                schema["const"] = value;
            }
            if let Some(value) = element.default.as_ref().and_then(|d| scalar::value(scalar, d)) {
                schema["default"] = value;
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
                let nillable = self.program.element(id).nillable;
                (key.to_string(), self.element(id, nillable))
            })
            .collect();
        let rest = if shape.wildcards.is_empty() { json!(false) } else { self.any() };
        let element =
            json!({ "type": "object", "properties": properties, "additionalProperties": rest, "minProperties": 1, "maxProperties": 1 });
        json!({ "type": "array", "items": { "oneOf": [{ "type": "string" }, element] } })
    }

    /// Adds an annotation to a schema.
    pub(super) fn note(&self, schema: &mut Value, text: Option<&str>) {
        let Some(text) = text.map(str::trim).filter(|t| !t.is_empty() && self.describe) else { return };
        let Value::Object(schema) = schema else { return };
        match schema.get_mut("description") {
            Some(Value::String(there)) if !there.contains(text) => *there = format!("{text}\n\n{there}"),
            Some(_) => {}
            None => {
                schema.insert("description".into(), json!(text));
            }
        }
    }
}

/// How often a property's element may stand, over all branches of a choice that share the property.
#[derive(Clone, Copy)]
struct Bounds {
    min: u32,
    max: Option<u32>,
}

impl Bounds {
    fn of(shape: &Shape, place: &Place) -> Self {
        let mut bounds = Self { min: place.min, max: place.max };
        for other in shape.places.iter().filter(|p| p.key == place.key) {
            bounds.min = bounds.min.min(other.min);
            bounds.max = bounds.max.zip(other.max).map(|(a, b)| a.max(b));
        }
        bounds
    }
}

/// Is the value of a complex type with simple content bare?
fn is_bare(complex: &ComplexType) -> bool {
    match complex.content {
        Content::Simple(_) => complex.attributes.is_empty() && complex.any_attribute.is_none(),
        Content::Elements(_) => complex.is_flat,
        Content::Mixed(_) => false,
    }
}

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

fn constant(text: &str) -> Value {
    json!({ "type": "string", "const": text })
}

/// The value or null: in the type itself where that is possible.
fn or_null(mut value: Value) -> Value {
    if let Value::Object(schema) = &mut value
        && !schema.contains_key("const")
    {
        let with_null = match schema.get("type") {
            Some(Value::String(one)) => Some(json!([one, "null"])),
            Some(Value::Array(several)) if !several.contains(&json!("null")) => {
                let mut several = several.clone();
                several.push(json!("null"));
                Some(Value::Array(several))
            }
            _ => None,
        };
        if let Some(types) = with_null {
            schema.insert("type".into(), types);
            if let Some(Value::Array(values)) = schema.get_mut("enum") {
                values.push(Value::Null);
            }
            return value;
        }
    }
    json!({ "oneOf": [value, { "type": "null" }] })
}

/// An abstract type from which none derives.
fn nothing_stands_here() -> Value {
    json!({
        "type": "object",
        "description": "The type is abstract and the WSDL has none that derives from it.",
        "properties": { "$type": { "type": "string" } },
        "required": ["$type"],
    })
}
