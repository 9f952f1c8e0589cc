//! OpenAPI documents of the samples, the constructs and the corpus: valid for two outside validators, true of the messages.

mod examples;
mod generators;
mod large;
mod security;
pub mod served;
mod truth;
pub mod validate;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use castile::api::{ApiDefinition, Method, Resource};
use castile::catalog::{OpenApiVersion, PublishedApi};
use serde_json::{Value, json};

use crate::support::{self, api::construct, api::defined, api::loaded, api::published};

fn document(api: &PublishedApi, version: OpenApiVersion) -> Value {
    let bytes = api.openapi(version, "https://api.example.org").unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Name and WSDL of the samples and the constructs.
fn ours() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for folder in ["wsdl", "tests/constructs"] {
        for service in support::folders(&support::path(folder)) {
            found.push((service.file_name().unwrap().to_string_lossy().into_owned(), service.join("service.wsdl")));
        }
    }
    found
}

#[test]
fn what_is_referred_to_is_there_and_nothing_else() {
    for (name, wsdl) in ours() {
        let api = published(&name, &wsdl);
        for version in [OpenApiVersion::V31, OpenApiVersion::V30] {
            let document = document(&api, version);
            let mut references = BTreeSet::new();
            collect_references(&document, &mut references);
            for reference in &references {
                assert!(document.pointer(&reference[1..]).is_some(), "{name}: {reference}");
            }
            for kind in ["schemas", "responses"] {
                for key in document["components"][kind].as_object().unwrap().keys() {
                    assert!(references.contains(&format!("#/components/{kind}/{key}")), "{name}: nobody refers to {key}");
                }
            }
        }
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                found.insert(reference.clone());
            }
            map.values().for_each(|v| collect_references(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| collect_references(v, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for (name, wsdl) in ours() {
        let text = |api: &PublishedApi| api.openapi(OpenApiVersion::V31, "https://api.example.org").unwrap();
        assert!(text(&published(&name, &wsdl)) == text(&published(&name, &wsdl)), "{name}");
    }
}

#[test]
fn every_operation_has_its_answers() {
    for (name, wsdl) in ours() {
        let api = published(&name, &wsdl);
        let document = document(&api, OpenApiVersion::V31);
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let answers = operation["responses"].as_object().unwrap();
                let success: Vec<_> = ["200", "202", "204"].iter().filter(|s| answers.contains_key(**s)).collect();
                assert_eq!(success.len(), 1, "{name} {method} {path}");
                for status in ["400", "413", "415", "502", "504"] {
                    assert!(answers.contains_key(status), "{name} {method} {path}: {status}");
                }
                let resource = api.resources.iter().find(|r| *r.path == **path && r.method.key() == method).unwrap();
                let plan = api.plan(resource).unwrap();
                assert_eq!(answers.contains_key("422"), !plan.faults.is_empty(), "{name} {method} {path}: 422");
            }
        }
    }
}

/// The schema of a body, with the components that it refers to.
fn body(document: &Value, pointer: &str) -> Option<Value> {
    let mut schema = document.pointer(pointer)?.clone();
    schema["components"] = document["components"].clone();
    Some(schema)
}

/// What the mapping accepts and writes is what the document says; what it refuses the document refuses too, but for what JSON Schema cannot say.
#[test]
fn documents_are_true_of_the_messages() {
    let beyond = beyond();
    let mut needed = BTreeSet::new();
    let mut wrong = Vec::new();
    let (mut accepted, mut refused) = (0, 0);
    for folder in support::folders(&support::path("tests/constructs")) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let document = document(&construct(&folder), OpenApiVersion::V31);
        for file in support::files(&folder, "json") {
            let case = format!("{name}/{}", file.file_name().unwrap().to_string_lossy().split('.').next().unwrap());
            let Ok(value) = serde_json::from_slice::<Value>(&fs::read(&file).unwrap()) else { continue };
            let is_request = file.to_string_lossy().ends_with(".request.json");
            if !is_request && value.get("fault").is_some() {
                continue;
            }
            let operation = case.split_once('@').map_or("Op", |(_, operation)| operation);
            let message = if is_request { "requestBody" } else { "responses/200" };
            let pointer = format!("/paths/~1{operation}/post/{message}/content/application~1json/schema");
            let Some(schema) = body(&document, &pointer) else { continue };
            let validator = jsonschema::validator_for(&schema).unwrap_or_else(|e| panic!("{name}: {e}"));
            let valid = validator.is_valid(&value);
            let should = !file.with_extension("").with_extension("error").exists();
            if should {
                accepted += 1;
            } else {
                refused += 1;
            }
            if valid != should && beyond.contains(&case) {
                needed.insert(case);
            } else if valid != should {
                let errors: Vec<_> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
                wrong.push(format!("{case}: {value} valid: {valid}\n  {}\n  {}", errors.join("\n  "), json!(schema["properties"])));
            }
        }
    }
    assert!(accepted > 60 && refused > 30, "{accepted} accepted, {refused} refused");
    wrong.extend(beyond.difference(&needed).map(|case| format!("{case} is told truly: take it out of tests/openapi/beyond.txt")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The cases of `beyond.txt`: what JSON Schema cannot say, or what documents do not say on purpose.
fn beyond() -> BTreeSet<String> {
    let text = fs::read_to_string(support::path("tests/openapi/beyond.txt")).unwrap();
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// Writes the documents of services and gives their paths.
fn written(folder: &Path, services: &[(String, PathBuf)]) -> Vec<PathBuf> {
    fs::create_dir_all(folder).unwrap();
    let mut files = Vec::new();
    for (name, wsdl) in services {
        let Some(api) = loaded(&ApiDefinition::named(name), None, wsdl).ok().and_then(|made| made.api) else { continue };
        for (version, ending) in [(OpenApiVersion::V31, "3.1"), (OpenApiVersion::V30, "3.0")] {
            let path = folder.join(format!("{name}-{ending}.json"));
            fs::write(&path, api.openapi(version, "https://api.example.org").unwrap()).unwrap();
            files.push(path);
        }
    }
    files
}

/// Services of the corpus, each for what it is known for.
fn corpus(test: &str) -> Vec<(String, PathBuf)> {
    const SERVICES: [(&str, &str); 12] = [
        ("countryinfo", "countryInformation.wsdl"),
        ("vies-checkvat", "vies.xml"),
        ("weather-cdyne", "weather.wsdl"),
        ("exchange-ews", "services.wsdl"),
        ("paypal", "PayPalSvc.wsdl"),
        ("salesforce-partner", "partner.wsdl.xml"),
        ("amazon-ec2", "ec2.wsdl"),
        ("amazon-awse", "awse.wsdl"),
        ("jira", "jira.wsdl"),
        ("epcis", "EPCglobal-epcis-query-1_2.wsdl"),
        ("lnp-number-management", "NumberManagement.wsdl"),
        ("acton", "ActonService2.local.wsdl"),
    ];
    let Some(folder) = support::shared_or_skip(test, "corpus") else { return Vec::new() };
    SERVICES.iter().map(|(name, root)| ((*name).to_owned(), folder.join(name).join(root))).collect()
}

fn documents(test: &str) -> Vec<PathBuf> {
    let mut services = ours();
    // The whole corpus takes minutes: CASTILE_CORPUS=all.
    services.extend(if std::env::var_os("CASTILE_CORPUS").is_some() { corpus_services(test) } else { corpus(test) });
    written(&support::path("target/openapi").join(test), &services)
}

fn run(mut command: Command) {
    let done = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{}", &text[..text.len().min(20_000)]);
}

#[test]
fn openapi_spec_validator_takes_every_document() {
    const TEST: &str = "openapi_spec_validator_takes_every_document";
    let Some(python) = support::python_or_skip(TEST) else { return };
    let mut command = Command::new(python);
    command.arg(support::path("tests/openapi/validate.py")).args(documents(TEST));
    run(command);
}

#[test]
fn redocly_takes_every_document() {
    const TEST: &str = "redocly_takes_every_document";
    let (Some(node), Some(cli)) = (support::program_or_skip(TEST, "node"), support::npm_or_skip(TEST, "@redocly/cli")) else { return };
    let mut command = Command::new(node);
    command.arg(cli.join("bin/cli.js")).args(["lint", "--format", "stylish", "--config"]).arg(support::path("tests/openapi/redocly.yaml"));
    command.args(documents(TEST)).env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    run(command);
}

/// Every service of the corpus, by the name of its folder; some cannot be imported.
fn corpus_services(test: &str) -> Vec<(String, PathBuf)> {
    let Some(file) = support::shared_or_skip(test, "corpus/index.json") else { return Vec::new() };
    let index: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let services = index.as_object().unwrap().iter().filter(|(name, _)| !name.starts_with("malformed"));
    let named = services.map(|(name, entry)| (name.replace('/', "."), file.with_file_name(name).join(entry["root"].as_str().unwrap())));
    named.filter(|(_, wsdl)| wsdl.exists()).collect()
}

#[test]
fn every_service_of_the_corpus_has_a_document_of_bounded_size() {
    const TEST: &str = "every_service_of_the_corpus_has_a_document_of_bounded_size";
    let services = corpus_services(TEST);
    if services.is_empty() {
        return;
    }
    let mut sizes = Vec::new();
    for (name, wsdl) in &services {
        let Some(api) = loaded(&ApiDefinition::named(name), None, wsdl).ok().and_then(|made| made.api) else { continue };
        let bytes = api.openapi(OpenApiVersion::V31, "https://api.example.org").unwrap_or_else(|e| panic!("{name}: {e}"));
        sizes.push((bytes.len(), name.clone()));
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let mut references = BTreeSet::new();
        collect_references(&document, &mut references);
        for reference in &references {
            assert!(document.pointer(&reference[1..]).is_some(), "{name}: {reference}");
        }
    }
    sizes.sort();
    assert!(sizes.len() > 100, "{}", sizes.len());
    println!("{sizes:?}");
}

/// Examples go first, then descriptions of types; the document says so; what is too large all the same is refused with both sizes.
#[test]
fn a_document_that_would_be_too_large_says_what_it_leaves_out() {
    let api = published("annotated", &support::path("tests/openapi/annotated.wsdl"));
    let resource = castile::openapi::Resource {
        method: Method::Post,
        path: "/place".into(),
        operation: 0,
        parameters: Vec::new(),
        body: true,
        unwrap: None,
        asked: Default::default(),
        sequence: castile::sequence::Sequence::shipped(),
    };
    let input = castile::openapi::Input {
        definition: &api.definition,
        program: &api.program,
        resources: &[resource],
        documentation: Some("About it."),
        server: "https://api.example.org/annotated/1",
        issuer: "https://api.example.org",
        log_in: true,
        examples: &|_, _| Some(json!("x".repeat(50_000))),
        outside: &|_, _, message| Some(message.clone()),
    };
    let text = |limit| castile::openapi::text(&input, OpenApiVersion::V31, limit);
    let whole = text(castile::openapi::MAX_BYTES).unwrap();
    assert_eq!(whole.left_out, None);
    let without_examples = text(whole.json.len() - 1).unwrap();
    assert_eq!(without_examples.left_out, Some("examples"));
    let said: Value = serde_json::from_slice(&without_examples.json).unwrap();
    assert_eq!(said["info"]["description"], "About it.\n\nTo keep this document small, examples are left out.");
    assert!(said["components"]["schemas"]["Order"]["description"].is_string());
    let bare = text(without_examples.json.len() - 1).unwrap();
    assert_eq!(bare.left_out, Some("examples and the descriptions of types"));
    assert!(!String::from_utf8(bare.json.clone()).unwrap().contains("About the complex type"));
    let refused = text(bare.json.len() - 1).unwrap_err();
    assert_eq!((refused.bytes, refused.limit_bytes), (bare.json.len(), bare.json.len() - 1));
}

/// The sample with parameters in paths and queries, an unwrapped answer and a status of a fault.
fn countries() -> ApiDefinition {
    let mut definition = ApiDefinition::named("countries");
    let mut get = Resource::new(Method::Get, "/countries/{code}", "GetCountry");
    get.unwrap = Some("GetCountryResult".to_owned());
    let mut list = Resource::new(Method::Get, "/countries", "ListCountries");
    list.query.insert("size".to_owned(), "/limit".to_owned());
    let mut put = Resource::new(Method::Put, "/countries/{code}", "AddCountry");
    put.path_parameters.insert("code".to_owned(), "/country/code".to_owned());
    put.faults.insert("CountryExists".to_owned(), 409);
    definition.resources = vec![get, list, put];
    definition
}

/// Parameters, an unwrapped answer and the statuses that a definition chooses for faults.
#[test]
fn what_a_definition_says_is_in_the_document() {
    let definition = countries();
    let made = defined(&definition, &support::path("wsdl/countries/service.wsdl"));
    let document = document(&made.api.unwrap_or_else(|| panic!("{:?}", made.diagnostics)), OpenApiVersion::V31);

    let get = &document["paths"]["/countries/{code}"]["get"];
    assert!(get.get("requestBody").is_none());
    let code = &get["parameters"][0];
    assert_eq!((&code["in"], &code["required"], &code["name"]), (&json!("path"), &json!(true), &json!("code")));
    assert_eq!(code["schema"]["$ref"], "#/components/schemas/CountryCode");
    assert_eq!(document["components"]["schemas"]["CountryCode"]["pattern"], "^[A-Z]{2}$");
    let answer = &get["responses"]["200"]["content"]["application/json"];
    assert_eq!(answer["schema"]["$ref"], "#/components/schemas/Country");
    assert!(answer["example"]["population"].is_number(), "{answer}");

    let list = &document["paths"]["/countries"]["get"];
    let size = list["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "size").unwrap_or_else(|| panic!("{list}"));
    assert_eq!((&size["in"], &size["required"], &size["schema"]["default"]), (&json!("query"), &json!(false), &json!(50)));

    let put = &document["paths"]["/countries/{code}"]["put"];
    assert!(put["responses"].get("409").is_some() && put["responses"].get("422").is_none(), "{}", put["responses"]);
    let problem = &put["responses"]["409"]["content"]["application/problem+json"]["schema"]["$ref"];
    assert_eq!(problem, "#/components/schemas/CountryExists.problem");
    assert_eq!(document["components"]["schemas"]["CountryExists.problem"]["allOf"][0]["$ref"], "#/components/schemas/Problem");
}

/// What people wrote in a WSDL and its schemas stands where readers of the document look for it.
#[test]
fn documentation_is_in_the_document() {
    let document = document(&published("annotated", &support::path("tests/openapi/annotated.wsdl")), OpenApiVersion::V31);
    let operation = "/paths/~1place/post";
    for (place, texts) in [
        ("/info/description", &["definitions", "service"][..]),
        ("/tags/0/description", &["port type"]),
        (&format!("{operation}/summary"), &["operation"]),
        (&format!("{operation}/description"), &["operation"]),
        (&format!("{operation}/requestBody/description"), &["input", "message"]),
        (&format!("{operation}/responses/200/description"), &["output"]),
        (&format!("{operation}/responses/422/description"), &["fault", "fault's message"]),
        (&format!("{operation}/requestBody/content/application~1json/schema/description"), &["part", "global element"]),
        ("/components/schemas/Order/description", &["complex type"]),
        ("/components/schemas/Order/properties/size/description", &["element"]),
        ("/components/schemas/Order/properties/@id/description", &["attribute"]),
        ("/components/schemas/Size/description", &["simple type", "value S", "value L"]),
        ("/components/schemas/SizeOrCount/description", &["member's value"]),
    ] {
        let said = document.pointer(place).and_then(Value::as_str).unwrap_or_else(|| panic!("nothing at {place}"));
        for text in texts {
            assert!(said.contains(&format!("About the {text}")), "{place}: {said}");
        }
    }
}

/// The document of a sample, whole: a change of it is seen here.
#[test]
fn the_document_of_the_orders_sample() {
    let document = document(&published("orders", &support::path("wsdl/orders/service.wsdl")), OpenApiVersion::V31);
    let folder = support::path("tests/openapi");
    insta::with_settings!({ snapshot_path => folder, prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("orders", format!("{:#}", document["components"]["schemas"]));
    });
}
