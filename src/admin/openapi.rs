//! The OpenAPI document of the admin API, made from the table of its operations.

use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ArrayBuilder, ContentBuilder, InfoBuilder, OpenApiBuilder, PathsBuilder, Ref, Required, ResponseBuilder};

use super::document::words;
use super::route::{Allow, Described, Routes, Verb};
use crate::store::MAX_PAGE;

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// The document.
///
/// # Errors
/// It cannot be written, which does not happen.
pub(super) fn document(routes: &Routes) -> serde_json::Result<String> {
    let mut paths = PathsBuilder::new().build();
    for described in &routes.operations {
        paths.add_path_operation(described.operation.path, vec![method(described.operation.verb)], operation(described));
    }
    let mut components = ComponentsBuilder::new().schema("Problem", problem());
    for (name, schema) in &routes.schemas {
        components = components.schema(name, schema.clone());
    }
    let http = |scheme, text: &str| SecurityScheme::Http(HttpBuilder::new().scheme(scheme).description(Some(text)).build());
    let components = components
        .security_scheme(
            "token",
            http(HttpAuthScheme::Bearer, "The token file of the machine that serves: an administrator of the tenant default"),
        )
        .security_scheme("user", http(HttpAuthScheme::Basic, "`USER` of the tenant default, or `TENANT/USER`, and its password"));
    let info = InfoBuilder::new().title("Castile admin API").version("1").description(Some(
        "Tenants, users, plans, applications, subscriptions, keys, OAuth clients and issuers. Objects of others are not found (404).",
    ));
    let none: [&str; 0] = [];
    let security = vec![SecurityRequirement::new("token", none), SecurityRequirement::new("user", none)];
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components.build())).security(Some(security)).build().to_pretty_json()
}

fn method(verb: Verb) -> HttpMethod {
    match verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
        Verb::Put => HttpMethod::Put,
        Verb::Patch => HttpMethod::Patch,
        Verb::Delete => HttpMethod::Delete,
    }
}

fn operation(described: &Described) -> utoipa::openapi::path::Operation {
    let operation = described.operation;
    let noun = operation.path.split('/').nth(3).unwrap_or_default();
    let named = |name: &str| ParameterBuilder::new().name(name).schema(Some(parameter(name)));
    let in_path = operation.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path.map(|name| named(name).parameter_in(ParameterIn::Path).required(Required::True));
    let in_query =
        operation.query.iter().copied().chain([("tenant", "Another tenant than one's own: administrators of the tenant default")]);
    let in_query =
        in_query.map(|(name, about)| named(name).parameter_in(ParameterIn::Query).required(Required::False).description(Some(about)));
    let mut built = OperationBuilder::new()
        .tag(noun)
        .operation_id(Some(operation.id))
        .summary(Some(operation.summary))
        .description(Some(who(operation.allow)))
        .parameters(Some(in_path.chain(in_query)))
        .extensions(Some(Extensions::from_iter([("x-castile-roles", roles(operation.allow))])));
    // What changes something asks for JSON, also where there is nothing to say: pages of others cannot send it unasked.
    let nothing = || ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(0)).build().into();
    let input = described.input.clone().or_else(|| operation.verb.has_body().then(nothing));
    let has_body = input.is_some();
    if let Some(input) = input {
        let body = RequestBodyBuilder::new().content(JSON, ContentBuilder::new().schema(Some(input)).build());
        built = built.request_body(Some(body.required(Some(Required::True)).build()));
    }
    let mut done = ResponseBuilder::new().description("Done");
    if let Some(output) = &described.output {
        done = done.content(JSON, ContentBuilder::new().schema(Some(output.clone())).build());
    }
    built = built.response(operation.status.to_string(), done.build());
    for (status, text) in REFUSED.iter().chain(if has_body { REFUSED_BODY } else { &[] }) {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        built = built.response(status.to_string(), ResponseBuilder::new().description(*text).content(PROBLEM, problem).build());
    }
    built.build()
}

/// What any operation may be answered where it is not done. All are listed, so that another one is seen to be a mistake.
const REFUSED: &[(u16, &str)] = &[
    (400, "A member or parameter is missing, unknown, or does not fit"),
    (401, "Credentials are missing or not valid"),
    (403, "Another role is asked for"),
    (404, "It is not there, or somebody else's"),
    (409, "What is there stands against it, or somebody else changed it at the same time"),
    (421, "The listener does not answer to this name"),
    (429, "Too many log-ins failed"),
    (500, "It failed here; the log says why, under the request id"),
    (503, "The store is away: what was asked for may have been done or not"),
];

/// And what one with a body.
const REFUSED_BODY: &[(u16, &str)] =
    &[(408, "The body did not come in time"), (413, "The body is too large"), (415, "The body is not `application/json`")];

/// What a parameter may be, by its name.
fn parameter(name: &str) -> ObjectBuilder {
    match name {
        "limit" => ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(MAX_PAGE)),
        "subscriptions" => words(&["remove"]),
        _ => ObjectBuilder::new().schema_type(Type::String),
    }
}

fn who(allow: Allow) -> String {
    match allow {
        Allow::Everybody => "For everybody who has shown who it is.".to_owned(),
        Allow::Roles(roles) => format!("For {}.", roles.iter().map(|r| r.word()).collect::<Vec<_>>().join(", ")),
        Allow::Installation => "For administrators of the tenant default.".to_owned(),
    }
}

fn roles(allow: Allow) -> serde_json::Value {
    json!(allow.roles().iter().map(|r| r.word()).collect::<Vec<_>>())
}

/// RFC 9457.
fn problem() -> ObjectBuilder {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let place =
        ["pointer", "in", "name", "expected", "found", "hint"].into_iter().fold(ObjectBuilder::new(), |o, name| o.property(name, text()));
    let object = ["type", "title", "code", "detail", "request_id"]
        .into_iter()
        .fold(ObjectBuilder::new(), |o, name| o.property(name, text()).required(name));
    object
        .property("status", ObjectBuilder::new().schema_type(Type::Integer))
        .required("status")
        .property("nearest", text())
        .property("retry_after", ObjectBuilder::new().schema_type(Type::Integer))
        .property("errors", ArrayBuilder::new().items(place))
}
