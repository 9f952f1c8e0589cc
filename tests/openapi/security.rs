//! What a document says of who may call.

use castile::api::{ApiDefinition, Method, Resource};
use castile::catalog::{OpenApiVersion, PublishedApi};
use serde_json::{Value, json};

use crate::support;
use crate::support::api::loaded;

fn api(security: &[&str], change: impl FnOnce(&mut ApiDefinition)) -> PublishedApi {
    let mut definition = ApiDefinition::named("countries");
    definition.access.security = security.iter().map(|s| (*s).to_owned()).collect();
    change(&mut definition);
    loaded(&definition, None, &support::path("wsdl/countries/service.wsdl")).unwrap().api.unwrap()
}

fn document(api: &PublishedApi, version: OpenApiVersion, log_in: bool) -> Value {
    serde_json::from_slice(&api.openapi_with(version, "https://api.example.org", log_in).unwrap()).unwrap()
}

fn resource(operation: &str, security: Option<&[&str]>, scopes: &[&str]) -> Resource {
    let mut resource = Resource::new(Method::Post, format!("/{operation}").as_str(), operation);
    resource.access.security = security.map(|s| s.iter().map(|s| (*s).to_owned()).collect());
    resource.scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
    resource
}

#[test]
fn an_open_api_asks_nothing() {
    let document = document(&api(&["none"], |_| {}), OpenApiVersion::V31, true);
    assert_eq!(document["security"], json!([]));
    assert!(document["components"].get("securitySchemes").is_none());
    assert!(document["paths"]["/GetCountry"]["post"].get("security").is_none());
}

#[test]
fn each_operation_names_the_schemes_of_which_one_is_enough() {
    let api = api(&["api_key", "oauth2", "jwt", "basic", "mtls"], |d| {
        d.resources = vec![resource("GetCountry", None, &["geo:read", "geo:all"]), resource("ListCountries", Some(&["none"]), &[])];
    });
    let new = document(&api, OpenApiVersion::V31, true);
    let schemes = &new["components"]["securitySchemes"];
    assert_eq!(schemes["api_key"]["name"], "apikey");
    assert_eq!((&schemes["api_key"]["type"], &schemes["api_key"]["in"]), (&json!("apiKey"), &json!("header")));
    assert_eq!((&schemes["basic"]["scheme"], &schemes["jwt"]["scheme"]), (&json!("basic"), &json!("bearer")));
    assert_eq!(schemes["mtls"]["type"], "mutualTLS");
    let scopes = json!({ "geo:all": "", "geo:read": "" });
    let (token, authorize) = ("https://api.example.org/oauth2/token", "https://api.example.org/oauth2/authorize");
    let code = json!({ "authorizationUrl": authorize, "tokenUrl": token, "refreshUrl": token, "scopes": scopes });
    assert_eq!(
        schemes["oauth2"]["flows"],
        json!({ "clientCredentials": { "tokenUrl": token, "scopes": scopes }, "authorizationCode": code })
    );
    let asked = |document: &Value, path: &str| document["paths"][path]["post"].get("security").cloned();
    // One scope is enough, so each is an alternative; keys and certificates have no scopes and never get in here.
    let either = json!([{ "oauth2": ["geo:read"] }, { "oauth2": ["geo:all"] }, { "jwt": ["geo:read"] }, { "jwt": ["geo:all"] }]);
    assert_eq!(asked(&new, "/GetCountry"), Some(either));
    assert_eq!(asked(&new, "/ListCountries"), None);
    let all = json!([{ "api_key": [] }, { "oauth2": [] }, { "jwt": [] }, { "basic": [] }, { "mtls": [] }]);
    assert_eq!(asked(&new, "/AddCountry"), Some(all));

    let old = document(&api, OpenApiVersion::V30, true);
    assert!(old["components"]["securitySchemes"].get("mtls").is_none());
    assert_eq!(asked(&old, "/GetCountry"), Some(json!([{ "oauth2": ["geo:read"] }, { "oauth2": ["geo:all"] }, { "jwt": [] }])));
    assert_eq!(asked(&old, "/AddCountry"), Some(json!([{ "api_key": [] }, { "oauth2": [] }, { "jwt": [] }, { "basic": [] }])));
    assert!(old["paths"]["/AddCountry"]["post"].get("description").is_none_or(|d| !d.as_str().unwrap().contains("OpenAPI 3.0")));
}

#[test]
fn a_certificate_alone_is_said_in_words_where_there_is_no_scheme_for_it() {
    let api = api(&["mtls"], |_| {});
    let new = document(&api, OpenApiVersion::V31, true);
    assert_eq!(new["paths"]["/AddCountry"]["post"]["security"], json!([{ "mtls": [] }]));
    let old = document(&api, OpenApiVersion::V30, true);
    assert!(old["components"].get("securitySchemes").is_none());
    assert_eq!(old["paths"]["/AddCountry"]["post"]["security"], json!([]));
    assert!(old["paths"]["/AddCountry"]["post"]["description"].as_str().unwrap().ends_with("which OpenAPI 3.0 cannot say."));
}

#[test]
fn flows_are_those_that_give_tokens_of_the_kind() {
    let flows = |token: Option<&str>, log_in| {
        let api = api(&["oauth2"], |d| d.access.token = token.map(str::to_owned));
        let made = document(&api, OpenApiVersion::V31, log_in)["components"]["securitySchemes"]["oauth2"].clone();
        assert_eq!(made["type"], if made.get("flows").is_some() { "oauth2" } else { "http" });
        made["flows"].as_object().map(|f| f.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(flows(Some("application"), true), ["clientCredentials"]);
    assert_eq!(flows(Some("application_user"), true), ["authorizationCode"]);
    assert_eq!(flows(None, false), ["clientCredentials"]);
    assert!(flows(Some("application_user"), false).is_empty(), "no page, no flow: a bearer token by other ways");
}
