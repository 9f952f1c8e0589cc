//! What an operation may answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::message::{example, is_bare};
use super::object::constant;
use super::paths::said;
use super::schema::Schemas;
use super::size::least_bytes;
use super::{Input, Resource, Side, set};
use crate::plan::node::{Body, FaultPlan, NameId, OperationPlan, TypeId};

/// Problems that any operation may give: key in `components.responses`, status, sentence.
const COMMON: [(&str, &str, &str); 5] = [
    (
        "BadRequest",
        "400",
        "The request does not fit the operation; `errors` names every place. Or the service blamed the caller (a fault `Client` or `Sender`).",
    ),
    ("ContentTooLarge", "413", "The request is larger than this API takes."),
    ("UnsupportedMediaType", "415", "The request is not `application/json`."),
    ("BadGateway", "502", "The service behind this API failed, cannot be reached, or its answer is not what its WSDL says."),
    ("GatewayTimeout", "504", "The service behind this API did not answer in time."),
];

/// A declared fault as a component: by its name and what its detail is.
type FaultKey = (std::sync::Arc<str>, NameId, TypeId);

/// Makes responses; a problem that several operations give is one component.
pub(super) struct Responses {
    problem: Value,
    faults: HashMap<FaultKey, Value>,
    /// Keys of [`COMMON`] that some operation refers to.
    used: BTreeSet<&'static str>,
}

impl Responses {
    pub(super) fn new(schemas: &mut Schemas<'_>) -> Self {
        Self { problem: schemas.component("Problem", problem()), faults: HashMap::new(), used: BTreeSet::new() }
    }

    /// `components.responses` and `components.headers`.
    pub(super) fn shared(&self, components: &mut Map<String, Value>) {
        let responses: Map<String, Value> = COMMON
            .iter()
            .filter(|(key, ..)| self.used.contains(key))
            .map(|(key, _, text)| ((*key).to_owned(), response(text, Some(("application/problem+json", &self.problem, None)))))
            .collect();
        components.insert("responses".into(), Value::Object(responses));
        let id = json!({ "description": "Names this call in logs.", "schema": { "type": "string" } });
        components.insert("headers".into(), json!({ "RequestId": id }));
    }

    /// `responses` of an operation behind a resource.
    pub(super) fn of(&mut self, input: &Input<'_>, schemas: &mut Schemas<'_>, resource: &Resource, plan: &OperationPlan) -> Value {
        let mut all: BTreeMap<String, Value> = BTreeMap::new();
        for (status, answer) in success(input, schemas, resource, plan) {
            all.insert(status.to_string(), answer);
        }
        for (key, status, _) in COMMON {
            all.insert(status.into(), json!({ "$ref": format!("#/components/responses/{key}") }));
        }
        let mut by_status: BTreeMap<u16, Vec<&FaultPlan>> = BTreeMap::new();
        for fault in &plan.faults {
            by_status.entry(fault.status).or_default().push(fault);
        }
        for (status, faults) in by_status {
            let common = COMMON.iter().find(|(_, s, _)| *s == status.to_string());
            let mut texts: Vec<String> = faults.iter().map(|f| describe(f)).collect();
            let mut kinds: Vec<Value> = faults.iter().map(|f| self.fault_of(schemas, resource, f)).collect();
            if let Some((_, _, text)) = common {
                texts.push((*text).to_owned());
                kinds.push(self.problem.clone());
            }
            let schema = if kinds.len() == 1 { kinds.swap_remove(0) } else { json!({ "anyOf": kinds }) };
            all.insert(status.to_string(), response(&texts.join("\n\n"), Some(("application/problem+json", &schema, None))));
        }
        self.of_steps(schemas, resource, plan, &mut all);
        self.used.extend(COMMON.iter().filter(|(_, status, _)| all.get(*status).is_some_and(|r| r.get("$ref").is_some())).map(|c| c.0));
        json!(all)
    }

    /// What steps answer by themselves, and the statuses that they choose for faults.
    fn of_steps(&mut self, schemas: &mut Schemas<'_>, resource: &Resource, plan: &OperationPlan, all: &mut BTreeMap<String, Value>) {
        for steps in resource.sequence.paths() {
            let outcomes = steps.outcomes();
            for (status, schema) in outcomes.answers {
                let there = all.remove(&status.to_string());
                let made = self.also(there, &status.to_string(), schema);
                all.insert(status.to_string(), made);
            }
            for status in outcomes.refusals {
                let refusal = || response("This API refuses the call.", Some(("application/problem+json", &self.problem, None)));
                all.entry(status.to_string()).or_insert_with(refusal);
            }
        }
        let mut kinds: Option<Value> = None;
        for status in resource.sequence.fault.outcomes().statuses {
            if all.contains_key(&status.to_string()) {
                continue;
            }
            let kinds = kinds.get_or_insert_with(|| {
                let mut kinds: Vec<Value> = plan.faults.iter().map(|f| self.fault_of(schemas, resource, f)).collect();
                kinds.push(self.problem.clone());
                if kinds.len() == 1 { kinds.swap_remove(0) } else { json!({ "anyOf": kinds }) }
            });
            all.insert(status.to_string(), response("A fault of the service.", Some(("application/problem+json", kinds, None))));
        }
    }

    /// A response that may also be what a step answers: JSON of this schema, or nothing.
    fn also(&self, there: Option<Value>, status: &str, schema: Option<Value>) -> Value {
        let mut made = there.unwrap_or_else(|| response("This API answers by itself.", None));
        if made.get("$ref").is_some() {
            let text = COMMON.iter().find(|(_, s, _)| *s == status).map_or("", |(.., text)| text);
            made = response(text, Some(("application/problem+json", &self.problem, None)));
        }
        let Some(schema) = schema else { return made };
        let known = made.pointer_mut("/content/application~1json/schema").map(Value::take);
        let schema = match known {
            Some(known) if known != schema => json!({ "anyOf": [known, schema] }),
            _ => schema,
        };
        let Some(members) = made.as_object_mut() else { return made };
        let types = members.entry("content").or_insert_with(|| json!({}));
        match types.pointer_mut("/application~1json") {
            Some(content) => set(content, "schema", schema),
            None => set(types, "application/json", json!({ "schema": schema })),
        }
        made
    }

    /// A declared fault as the steps of the resource leave it.
    fn fault_of(&mut self, schemas: &mut Schemas<'_>, resource: &Resource, fault: &FaultPlan) -> Value {
        if !resource.sequence.fault.use_body() {
            return self.fault(schemas, fault);
        }
        let inner = schemas.fault_member(&[fault]);
        let outer = resource.sequence.fault.behind(inner, schemas, "").0.unwrap_or_else(|| json!({}));
        let properties = json!({ "title": constant(&fault.name), "fault": outer });
        json!({ "allOf": [self.problem, { "type": "object", "description": describe(fault), "properties": properties }] })
    }

    /// A problem document that carries a declared fault.
    fn fault(&mut self, schemas: &mut Schemas<'_>, fault: &FaultPlan) -> Value {
        let key = (fault.name.clone(), fault.detail.tag, fault.detail.type_);
        if let Some(known) = self.faults.get(&key) {
            return known.clone();
        }
        let entry = schemas.slot(&fault.detail, false);
        let name = schemas.program.names.local(fault.detail.tag).to_string();
        let schema = json!({
            "allOf": [
                self.problem,
                {
                    "type": "object",
                    "description": describe(fault),
                    "properties": {
                        "title": constant(&fault.name),
                        "fault": {
                            "type": "object",
                            "properties": { "detail": { "type": "object", "properties": { name: entry } } },
                        },
                    },
                },
            ],
        });
        let made = schemas.component(&format!("{}.problem", fault.name), schema);
        self.faults.insert(key, made.clone());
        made
    }
}

fn describe(fault: &FaultPlan) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for text in [said(fault.documentation.as_deref()), said(fault.detail.documentation.as_deref())].into_iter().flatten() {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.is_empty() { format!("The fault {}.", fault.name) } else { format!("The fault {}: {}", fault.name, texts.join("\n\n")) }
}

/// The statuses and the response of a call that went well.
fn success(input: &Input<'_>, schemas: &mut Schemas<'_>, resource: &Resource, plan: &OperationPlan) -> Vec<(u16, Value)> {
    let steps = &resource.sequence.response;
    let (standard, answer) = match &plan.output {
        None => (202, response("Taken. The operation is one-way: there is no answer.", None)),
        Some(output) if matches!(output.body, Body::Empty) && is_bare(output) => (204, response("Done. The answer has no parts.", None)),
        Some(output) => {
            let text = said(plan.annotations.output.as_deref()).unwrap_or("The answer.");
            let mut example = example(input, &schemas.size, resource.operation, Side::Response, output);
            if let Some(property) = &resource.unwrap {
                example = example.and_then(|mut e| e.get_mut(&**property).map(Value::take));
            }
            let mut schema = schemas.answer(output, resource.unwrap.as_deref());
            if !resource.sequence.is_plain() {
                example = example.and_then(|e| (input.outside)(resource, Side::Response, &e));
            }
            if steps.use_body() {
                // No answer comes to the end of its steps.
                let Some(outer) = steps.behind(schema, schemas, "").0 else { return Vec::new() };
                schema = outer;
            }
            schemas.size.add(example.as_ref().map_or(0, least_bytes));
            (200, response(text, Some(("application/json", &schema, example))))
        }
    };
    let outcomes = steps.outcomes();
    let standard = Some(standard).filter(|_| !outcomes.always);
    standard.into_iter().chain(outcomes.statuses).map(|status| (status, answer.clone())).collect()
}

fn response(text: &str, content: Option<(&str, &Value, Option<Value>)>) -> Value {
    let mut made = json!({ "description": text, "headers": { "X-Request-Id": { "$ref": "#/components/headers/RequestId" } } });
    if let Some((media_type, schema, example)) = content {
        let mut body = json!({ "schema": schema });
        if let Some(example) = example {
            set(&mut body, "example", example);
        }
        set(&mut made, "content", json!({ media_type: body }));
    }
    made
}

/// RFC 9457, with this gateway's members.
fn problem() -> Value {
    let text = |what: &str| json!({ "type": "string", "description": what });
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "properties": {
            "type": { "type": "string", "format": "uri", "description": "Names the kind of problem." },
            "title": text("The kind of problem in words; for a declared fault its name."),
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "code": text("A stable code."),
            "detail": text("What happened."),
            "scope": text("Which limit was passed."),
            "retry_after": { "type": "integer", "minimum": 0, "description": "Seconds after which another try makes sense." },
            "request_id": text("Names this call in logs."),
            "errors": {
                "type": "array",
                "description": "Every place of the request that does not fit.",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": text("JSON pointer into the request's body."),
                        "in": { "type": "string", "enum": ["path", "query", "header", "form"], "description": "Where the parameter stands." },
                        "name": text("The parameter."),
                        "expected": text("What would fit."),
                        "found": text("What was there."),
                        "hint": text("The nearest name."),
                    },
                    "required": ["expected", "found"],
                },
            },
            "fault": {
                "type": "object",
                "description": "The SOAP fault, where there was one.",
                "properties": {
                    "code": text("`Client`, `Server`, … or `{namespace}name`."),
                    "subcodes": { "type": "array", "items": { "type": "string" } },
                    "actor": text("Who failed, as the service says."),
                    "headers": { "type": "object", "description": "Declared SOAP header blocks that came with it, by part name." },
                    "detail": { "description": "Text, or the detail's elements by name." },
                },
            },
        },
        "required": ["type", "title", "status", "code", "detail", "request_id"],
    })
}
