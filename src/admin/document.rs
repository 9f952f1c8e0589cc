//! What goes in and out as JSON, each with its schema.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{ArrayItems, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::problems::{member, shown};
use crate::diagnostic::nearest;
use crate::problem::{Problem, Reason};

/// The schemas that a document refers to, by name.
pub(super) type Schemas = BTreeMap<String, RefOr<Schema>>;

/// What a request or an answer holds.
pub(super) trait Document {
    /// Bytes that a request may have.
    const MAX_BYTES: usize = 64 << 10;

    /// Its schema, put under `schemas` where it has a name; `None`: it holds nothing.
    fn schema(schemas: &mut Schemas) -> Option<RefOr<Schema>>;
}

/// No body.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Nothing;

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    /// What is in it.
    pub(super) items: Vec<T>,
    /// Where the next part begins: `?cursor=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

impl Document for Nothing {
    fn schema(_: &mut Schemas) -> Option<RefOr<Schema>> {
        None
    }
}

impl<T: Document> Document for List<T> {
    fn schema(schemas: &mut Schemas) -> Option<RefOr<Schema>> {
        let item = T::schema(schemas)?;
        let next = ObjectBuilder::new().schema_type(Type::String).description(Some("Where the next part begins: `?cursor=`"));
        let list = ObjectBuilder::new().property("items", ArrayBuilder::new().items(item)).required("items").property("next", next);
        Some(list.into())
    }
}

/// The schema of a type that has a name, and those that it refers to.
pub(super) fn named<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let mut more = Vec::new();
    T::schemas(&mut more);
    schemas.extend(more);
    schemas.insert(T::name().into_owned(), T::schema());
    Ref::from_schema_name(T::name()).into()
}

/// Makes types with a name documents.
macro_rules! documents {
    ($($type:ty),* $(,)?) => {
        $(impl $crate::admin::document::Document for $type {
            fn schema(
                schemas: &mut $crate::admin::document::Schemas,
            ) -> Option<utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>> {
                Some($crate::admin::document::named::<$type>(schemas))
            }
        })*
    };
}
pub(super) use documents;

/// What a request may hold.
pub(super) trait Input: Document + Sized + Send {
    /// Reads it.
    ///
    /// # Errors
    /// 400 with every member that is unknown, or the first that does not fit.
    fn read(body: &[u8]) -> Result<Self, Problem>;
}

impl Input for Nothing {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let is_nothing = || serde_json::from_slice::<serde_json::Map<_, _>>(body).is_ok_and(|m: serde_json::Map<String, _>| m.is_empty());
        if body.is_empty() || is_nothing() {
            return Ok(Self);
        }
        Err(Problem::new(Reason::InvalidRequest, 400, "This takes no body but `{}`."))
    }
}

impl<T: Document + DeserializeOwned + PartialSchema + Send> Input for T {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let given: Value = if body.is_empty() {
            serde_json::json!({})
        } else {
            serde_json::from_slice(body).map_err(|e| Problem::new(Reason::InvalidRequest, 400, format!("The body is no JSON: {e}.")))?
        };
        if let (Some(given), RefOr::T(Schema::Object(known))) = (given.as_object(), <T as PartialSchema>::schema()) {
            let names: Vec<&str> = known.properties.keys().map(String::as_str).collect();
            if let Some(unknown) = given.keys().find(|k| !names.contains(&k.as_str())) {
                let hint = nearest(unknown, names.iter().copied());
                let text = format!("There is no member `{}`.", shown(unknown));
                return Err(member(unknown, format!("one of {}", names.join(", ")), unknown, hint, text));
            }
        }
        let mut schemas = Schemas::new();
        let schema = <T as Document>::schema(&mut schemas);
        if let Some(pointer) = schema.and_then(|schema| list_for_object(&given, &schema, &schemas)) {
            let place = if pointer.is_empty() { "The body".to_owned() } else { format!("`{pointer}`") };
            return Err(Problem::new(Reason::InvalidRequest, 400, format!("{place} is a list where an object was expected.")));
        }
        serde_json::from_value(given).map_err(|e| unreadable(&e.to_string()))
    }
}

/// The JSON pointer of a list where the schema says object. `Deserialize` as derived would read one as the members in their order.
fn list_for_object(given: &Value, schema: &RefOr<Schema>, named: &Schemas) -> Option<String> {
    let within = |at: &str, value, schema| list_for_object(value, schema, named).map(|inner| format!("/{at}{inner}"));
    match (schema, given) {
        (RefOr::Ref(to), _) => {
            let name = to.ref_location.rsplit('/').next().unwrap_or_default();
            list_for_object(given, named.get(name)?, named)
        }
        (RefOr::T(Schema::Object(of)), Value::Array(_)) => (of.schema_type == SchemaType::Type(Type::Object)).then(String::new),
        (RefOr::T(Schema::Object(of)), Value::Object(members)) => {
            members.iter().find_map(|(name, value)| within(name, value, of.properties.get(name)?))
        }
        (RefOr::T(Schema::Array(of)), Value::Array(items)) => match &of.items {
            ArrayItems::RefOrSchema(item) => items.iter().enumerate().find_map(|(i, value)| within(&i.to_string(), value, item)),
            ArrayItems::False => None,
        },
        // What may be null: one of nothing and the schema.
        (RefOr::T(Schema::OneOf(of)), _) => {
            let mut found = of.items.iter().map(|schema| list_for_object(given, schema, named));
            let first = found.find(Option::is_some).flatten();
            first.filter(|_| !of.items.iter().any(|item| matches!(item, RefOr::T(Schema::Array(_)))))
        }
        _ => None,
    }
}

fn unreadable(said: &str) -> Problem {
    match said.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        Some(name) => member(name, "a value", "nothing", None, format!("The member `{name}` is missing.")),
        None => Problem::new(Reason::InvalidRequest, 400, format!("The body does not fit: {said}.")),
    }
}

/// A member that may be a value, null, or not there: null takes away what there was.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// The schema of such a member.
pub(super) fn nullable(kind: Type) -> Schema {
    ObjectBuilder::new().schema_type(SchemaType::Array(vec![kind, Type::Null])).into()
}

/// The schema of one of some words.
pub(super) fn words(of: &[&str]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(of.iter().copied()))
}

/// The schema of a member that may be one of some words, or null.
pub(super) fn words_or_null(of: &[&str]) -> Schema {
    let values = of.iter().map(|w| Value::from(*w)).chain([Value::Null]);
    ObjectBuilder::new().schema_type(SchemaType::Array(vec![Type::String, Type::Null])).enum_values(Some(values)).into()
}
