//! Types and elements → JSON Schema, as components that refer to each other.
//!
//! A type has up to five forms: itself; itself or one that derives from it (`oneOf`, told apart by `$type`); itself with `$type` required;
//! its nil with attributes; and unflattened, as a message's root.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::names::{Names, reference};
use super::reach::{Reach, Shared};
use super::scalar;
use super::size::{Size, least_bytes};
use super::value::is_bare;
use crate::plan::Program;
use crate::plan::node::{TypeBody, TypeId};
use crate::plan::scalar::Scalar;

/// The forms of a type in `components`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
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
    pub(super) reach: Reach,
    names: Names,
    keys: HashMap<(TypeId, Form), String>,
    todo: Vec<(TypeId, Form)>,
    components: BTreeMap<String, Value>,
    any: Option<String>,
    /// Are annotations written?
    describe: bool,
    pub(super) size: Size,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(program: &'a Program, reach: Reach, names: Names, describe: bool, size: Size) -> Self {
        Self { program, reach, names, keys: HashMap::new(), todo: Vec::new(), components: BTreeMap::new(), any: None, describe, size }
    }

    /// A component that is not a type: its reference.
    pub(super) fn component(&mut self, wish: &str, schema: Value) -> Value {
        let key = self.names.unique(wish);
        self.components.insert(key.clone(), schema);
        reference(&key)
    }

    /// Makes what is referred to and not made yet, and gives all components in the order of their keys.
    pub(super) fn finish(&mut self) -> Map<String, Value> {
        while let Some((id, form)) = self.todo.pop() {
            if self.size.is_full() {
                break;
            }
            let schema = self.in_form(id, form);
            if let Some(key) = self.keys.get(&(id, form)) {
                self.components.insert(key.clone(), schema);
            }
        }
        std::mem::take(&mut self.components).into_iter().collect()
    }

    /// A component that is made already.
    pub(super) fn made(&self, key: &str) -> Option<&Value> {
        self.components.get(key)
    }

    /// The type and form that a key stands for.
    pub(super) fn named(&self, key: &str) -> Option<(TypeId, Form)> {
        self.keys.iter().find(|(_, known)| *known == key).map(|(named, _)| *named)
    }

    pub(super) fn form(&mut self, id: TypeId, form: Form) -> Value {
        if let Some(key) = self.keys.get(&(id, form)) {
            self.size.add(key.len());
            return reference(key);
        }
        let plain = self.reach.keys.get(&id).cloned();
        // The plain name is the own form's; an abstract type has none of its own, so the choice takes it.
        let key = match (form, plain) {
            (Form::Own, Some(plain)) => plain,
            (Form::Any, Some(plain)) if self.program.type_(id).is_abstract => plain,
            // So does a type that stands in place of its ancestors only.
            (Form::Typed, Some(plain)) if self.is_object(id) && !self.reach.declared.contains(&id) => plain,
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

    /// Is a value of the very type an object?
    fn is_object(&self, id: TypeId) -> bool {
        matches!(&self.program.type_(id).body, TypeBody::Complex(complex) if !is_bare(complex))
    }

    /// The generic rules: anything.
    pub(super) fn any(&mut self) -> Value {
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

    /// A simple type's value in an attribute or as a text: a reference where the type is a component.
    pub(super) fn scalar(&mut self, scalar: &Arc<Scalar>) -> Value {
        match self.reach.scalars.get(&Arc::as_ptr(scalar)) {
            Some(Shared::Type(id)) => self.form(*id, Form::Own),
            Some(Shared::Anonymous(key)) => {
                let key = key.clone();
                if !self.components.contains_key(&key) {
                    let schema = self.scalar_in_place(scalar);
                    self.components.insert(key.clone(), schema);
                }
                self.size.add(key.len());
                reference(&key)
            }
            None => self.scalar_in_place(scalar),
        }
    }

    /// The same, never a reference. Nothing where the document is too large already.
    pub(super) fn scalar_in_place(&self, scalar: &Scalar) -> Value {
        if self.size.is_full() {
            return json!({});
        }
        let schema = scalar::schema(scalar);
        self.size.add(least_bytes(&schema));
        schema
    }

    /// Adds an annotation to a schema.
    pub(super) fn note(&self, schema: &mut Value, text: Option<&str>) {
        let Some(text) = text.map(str::trim).filter(|t| !t.is_empty() && self.describe) else { return };
        let Value::Object(schema) = schema else { return };
        self.size.add(text.len());
        match schema.get_mut("description") {
            Some(Value::String(there)) if !there.contains(text) => *there = format!("{text}\n\n{there}"),
            Some(_) => {}
            None => {
                schema.insert("description".into(), json!(text));
            }
        }
    }
}
