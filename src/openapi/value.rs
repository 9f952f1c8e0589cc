//! A value where a type is declared: in place, by reference, or as a choice with the types that derive from it.

use serde_json::{Map, Value, json};

use super::object::{constant, object, truth};
use super::reach::{is_builtin, substitutes};
use super::schema::{Extra, Form, Root, Schemas};
use super::set;
use crate::plan::node::{ComplexType, Content, ElementId, ShapeId, Slot, SoapArray, TypeBody, TypeId};

impl Schemas<'_> {
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
            if self.size.is_full() {
                break;
            }
            let element = self.program.element(*member);
            let key = self.program.names.local(element.name).to_string();
            self.size.add(2 * key.len());
            let schema = self.element(*member, element.nillable);
            branches.push(json!({ "required": [key] }));
            properties.insert(key, schema);
        }
        let mut schema = Map::new();
        schema.insert("type".into(), json!("object"));
        properties.extend(extra.iter().map(|(key, value, _)| (key.to_string(), value.clone())));
        schema.insert("properties".into(), Value::Object(properties));
        schema.insert("allOf".into(), json!([{ "oneOf": branches }]));
        schema.insert("additionalProperties".into(), json!(false));
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
        if !root.object {
            return value;
        }
        if matches!(self.program.type_(id).body, TypeBody::Generic) {
            // Anything; an object may have the properties that stand beside it.
            let properties: Map<String, Value> = root.extra.iter().map(|(key, schema, _)| (key.to_string(), schema.clone())).collect();
            return if properties.is_empty() { value } else { json!({ "properties": properties, "additionalProperties": value }) };
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

    pub(super) fn own_or_derived(&mut self, id: TypeId) -> Value {
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
            if self.size.is_full() {
                break;
            }
            let typed = self.form(d, Form::Typed);
            if let Some(target) = typed.get("$ref") {
                mapping.insert(self.program.type_(d).label.to_string(), target.clone());
            }
            schemas.push(typed);
        }
        let mut schema = json!({ "oneOf": schemas });
        // Where `$type` may be absent a discriminator would say too much: it has to be required.
        if type_.is_abstract {
            set(&mut schema, "discriminator", json!({ "propertyName": "$type", "mapping": mapping }));
        }
        self.note(&mut schema, type_.documentation.as_deref());
        schema
    }

    pub(super) fn own(&mut self, id: TypeId) -> Value {
        let type_ = self.program.type_(id);
        let mut schema = match &type_.body {
            TypeBody::Generic => return self.any(),
            TypeBody::Simple(scalar) => self.scalar_in_place(scalar),
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
    pub(super) fn typed(&mut self, id: TypeId) -> Value {
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
    pub(super) fn nil(&mut self, id: TypeId) -> Value {
        let mut properties: Vec<Extra> = vec![("$nil".into(), truth(), true)];
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
}

/// Is the value of a complex type with simple content bare?
pub(super) fn is_bare(complex: &ComplexType) -> bool {
    match complex.content {
        Content::Simple(_) => complex.attributes.is_empty() && complex.any_attribute.is_none(),
        Content::Elements(_) => complex.is_flat,
        Content::Mixed(_) => false,
    }
}

/// The value or null: in the type itself where that is possible.
fn or_null(mut value: Value) -> Value {
    // Rules of an object hold of null in vain: two branches of a choice at once.
    let has_rules = ["allOf", "anyOf", "oneOf", "not"].iter().any(|rule| value.get(rule).is_some());
    if let Value::Object(schema) = &mut value
        && !has_rules
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
