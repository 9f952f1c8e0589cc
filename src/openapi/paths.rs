//! Resources → `paths`.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::message::{example, relax};
use super::responses::Responses;
use super::schema::Schemas;
use super::size::least_bytes;
use super::{Input, Parameter, Resource, Side, set};
use crate::api::State;
use crate::plan::node::{OperationPlan, Pattern};

/// The value of a header field that the steps of a resource ask for, in examples.
pub const EXAMPLE_FIELD: &str = "1";

/// `paths`, and the port types that tag them.
pub(super) fn paths(input: &Input<'_>, schemas: &mut Schemas<'_>, responses: &mut Responses) -> (Map<String, Value>, Vec<Value>) {
    let mut paths = Map::new();
    let mut tags: BTreeMap<&str, Value> = BTreeMap::new();
    let mut ids = HashSet::new();
    for resource in input.resources {
        if schemas.size.is_full() {
            break;
        }
        let Some(plan) = input.program.operations.get(resource.operation) else { continue };
        if matches!(plan.pattern, Pattern::Notification | Pattern::SolicitResponse) {
            continue;
        }
        tags.entry(&plan.port_type).or_insert_with(|| tag(plan));
        let made = operation(input, schemas, responses, resource, plan, &operation_id(&mut ids, resource, plan));
        let path = paths.entry(resource.path.to_string()).or_insert_with(|| json!({}));
        path[resource.method.key()] = made;
    }
    (paths, tags.into_values().collect())
}

/// The tag of an operation's port type.
fn tag(plan: &OperationPlan) -> Value {
    let mut tag = json!({ "name": plan.port_type });
    if let Some(text) = said(plan.annotations.port_type.as_deref()) {
        set(&mut tag, "description", json!(text));
    }
    tag
}

/// Documentation that says something.
pub(super) fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|t| !t.is_empty())
}

/// The operation's name; with its port type, then with a number where that is taken.
fn operation_id(taken: &mut HashSet<String>, resource: &Resource, plan: &OperationPlan) -> String {
    let longer = format!("{}_{}", plan.port_type, plan.name);
    let mut candidates = vec![plan.name.to_string(), longer.clone(), format!("{}_{}", resource.method.key(), plan.name)];
    candidates.extend((2..).take(taken.len() + 1).map(|n| format!("{longer}_{n}")));
    let id = candidates.into_iter().find(|c| !taken.contains(c)).unwrap_or(longer);
    taken.insert(id.clone());
    id
}

fn operation(
    input: &Input<'_>,
    schemas: &mut Schemas<'_>,
    responses: &mut Responses,
    resource: &Resource,
    plan: &OperationPlan,
    id: &str,
) -> Value {
    let mut made = Map::new();
    let documentation = said(plan.documentation.as_deref());
    made.insert("operationId".into(), json!(id));
    made.insert("tags".into(), json!([plan.port_type]));
    made.insert("summary".into(), json!(documentation.map_or(&*plan.name, first_sentence)));
    if let Some(text) = documentation {
        made.insert("description".into(), json!(text));
    }
    if input.definition.api.state == State::Deprecated {
        made.insert("deprecated".into(), json!(true));
    }
    let is_shown = resource.body || !resource.parameters.is_empty();
    let example = is_shown.then(|| example(input, &schemas.size, resource.operation, Side::Request, &plan.input)).flatten();
    let mut parameters: Vec<_> = resource.parameters.iter().map(|p| parameter(schemas, plan, p, example.as_ref())).collect();
    parameters.extend(asked_fields(resource));
    if !parameters.is_empty() {
        made.insert("parameters".into(), json!(parameters));
    }
    if resource.body {
        made.insert("requestBody".into(), request_body(input, schemas, resource, plan, example));
    }
    if let Some(requirements) = resource.asked.requirements() {
        made.insert("security".into(), requirements);
    }
    made.insert("responses".into(), responses.of(input, schemas, resource, plan));
    Value::Object(made)
}

fn request_body(input: &Input<'_>, schemas: &mut Schemas<'_>, resource: &Resource, plan: &OperationPlan, example: Option<Value>) -> Value {
    let elsewhere: Vec<String> = resource.parameters.iter().filter_map(|p| top_level(&p.pointer)).collect();
    let mut schema = schemas.message(&plan.input, &plan.input.headers, !elsewhere.is_empty());
    relax(&mut schema, &elsewhere);
    let reads = resource.sequence.request.use_body();
    if reads {
        schema = resource.sequence.request.before(schema, schemas, "").0.unwrap_or_else(|| json!({}));
    }
    let example = match example {
        Some(example) if !resource.sequence.is_plain() => (input.outside)(resource, Side::Request, &example),
        example => example,
    };
    // Steps read JSON, which a form is not.
    let form = if reads { None } else { super::form::content(input.program, &plan.input, &schema) };
    let required = if reads { schema.get("required").is_some() } else { elsewhere.is_empty() };
    let mut content = json!({ "schema": schema });
    if let Some(example) = example {
        schemas.size.add(least_bytes(&example));
        set(&mut content, "example", example);
    }
    let mut body = json!({ "required": required, "content": { "application/json": content } });
    if let Some((form, types)) = form.zip(body.get_mut("content")) {
        set(types, "multipart/form-data", form);
    }
    if let Some(text) = said(plan.annotations.input.as_deref()) {
        set(&mut body, "description", json!(text));
    }
    body
}

/// The property that a pointer of one segment names.
fn top_level(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix('/')?;
    (!name.contains('/')).then(|| name.replace("~1", "/").replace("~0", "~"))
}

fn parameter(schemas: &mut Schemas<'_>, plan: &OperationPlan, parameter: &Parameter, example: Option<&Value>) -> Value {
    let mut schema = schemas.at_pointer(&plan.input, &parameter.pointer).unwrap_or_else(|| json!({ "type": "string" }));
    let description = schema.as_object_mut().and_then(|s| s.remove("description"));
    let mut made = json!({
        "name": parameter.name,
        "in": parameter.location,
        "required": parameter.required || parameter.location == "path",
        "schema": schema,
    });
    if let Some(text) = description {
        set(&mut made, "description", text);
    }
    if let Some(value) = example.and_then(|e| e.pointer(&parameter.pointer)) {
        schemas.size.add(least_bytes(value));
        set(&mut made, "example", value.clone());
    }
    made
}

/// The header fields that the steps of the resource ask for, beside its parameters.
fn asked_fields(resource: &Resource) -> Vec<Value> {
    let is_free = |name: &String| {
        let known = resource.parameters.iter().any(|p| p.location == "header" && p.name.eq_ignore_ascii_case(name));
        // OpenAPI has other places for these.
        !known && !matches!(name.as_str(), "accept" | "content-type" | "authorization")
    };
    let names = resource.sequence.request.outcomes().headers.into_iter().filter(is_free);
    names
        .map(|name| json!({ "name": name, "in": "header", "required": true, "schema": { "type": "string" }, "example": EXAMPLE_FIELD }))
        .collect()
}

/// The first sentence of a text, at most 120 characters.
fn first_sentence(text: &str) -> &str {
    const LONGEST: usize = 120;
    let line = text.lines().next().unwrap_or(text);
    let sentence = line.split_inclusive(". ").next().unwrap_or(line).trim_end().trim_end_matches('.');
    match sentence.char_indices().nth(LONGEST) {
        Some((at, _)) => sentence.get(..at).and_then(|s| s.rsplit_once(' ')).map_or(sentence, |(head, _)| head),
        None => sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_a_sentence() {
        assert_eq!(first_sentence("Gives a country. Or not."), "Gives a country");
        assert_eq!(first_sentence("Gives a country"), "Gives a country");
        let long = "word ".repeat(60);
        assert!(first_sentence(&long).chars().count() <= 120);
    }

    #[test]
    fn only_top_level_pointers_relax_a_body() {
        assert_eq!(top_level("/a~1b"), Some("a/b".into()));
        assert_eq!(top_level("/a/b"), None);
    }
}
