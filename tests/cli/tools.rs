//! What other programs take from the command line: schemas for editors, plans for load tests, pages and completions for packages.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::{run, sample};
use crate::support;

fn schema(kind: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    serde_json::from_str(&run(dir.path(), &["schema", kind]).fine().out).unwrap()
}

/// Why a YAML text does not fit a schema.
fn misfit(schema: &jsonschema::Validator, yaml: &str) -> Option<String> {
    let document: Value = serde_saphyr::from_str(yaml).unwrap();
    schema.iter_errors(&document).next().map(|e| format!("{}: {e}", e.instance_path()))
}

/// Every name of a property in a schema.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "properties" {
                    found.extend(value.as_object().into_iter().flatten().map(|(key, _)| key.clone()));
                }
                properties(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
        _ => {}
    }
}

#[test]
fn the_schema_of_api_yaml_takes_what_the_repository_has_and_what_import_writes() {
    let schema = jsonschema::validator_for(&schema("api")).unwrap();
    let mut files: Vec<_> = support::files(&support::path("tests"), "yaml");
    // Archives of others have files of that name, too.
    files.retain(|f| f.file_name().is_some_and(|n| n == "api.yaml") && f.components().all(|c| c.as_os_str() != "archive"));
    assert!(files.len() >= 10, "{files:?}");
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["import", &sample("countries"), "--name", "countries"]).fine();
    files.push(dir.path().join("apis/countries/api.yaml"));
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(misfit(&schema, &text), None, "{}", file.display());
    }
    let start = "version: 1\napi: { name: a }\nsource: { wsdl: wsdl/a.wsdl }\n";
    assert_eq!(misfit(&schema, start), None);
    for wrong in ["resurces: []", "limits: { in_flight: 0 }", "security: [apikey]", "resources: [{ operation: A }]", "cors: {}"] {
        assert!(misfit(&schema, &format!("{start}{wrong}\n")).is_some(), "{wrong}");
    }
}

#[test]
fn the_schema_of_api_yaml_has_each_key_that_its_reader_asks_for() {
    let mut known = BTreeSet::new();
    properties(&schema("api"), &mut known);
    let asks = regex::Regex::new(r#"(?:take|need|flag|optional|duration|size|rate)\([^")]*"([a-z_]+)""#).unwrap();
    let mut asked = BTreeSet::new();
    for file in ["read/mod.rs", "read/headers.rs", "access.rs", "auth.rs", "login.rs", "front.rs"] {
        let text = std::fs::read_to_string(support::path("src/api").join(file)).unwrap();
        asked.extend(asks.captures_iter(&text).map(|c| c[1].to_owned()));
    }
    assert!(asked.len() > 50, "{asked:?}");
    let missing: Vec<_> = asked.difference(&known).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_schema_of_castile_yaml_is_that_of_its_reader() {
    let schema = jsonschema::validator_for(&schema("config")).unwrap();
    let commented = std::fs::read_to_string(support::path("src/cli/castile.yaml")).unwrap();
    let shown: String = commented.lines().filter_map(|l| l.strip_prefix("#: ")).map(|l| format!("{l}\n")).collect();
    assert!(shown.contains("public_url"));
    for good in
        [&*commented, &*shown, "listen: { gateway: { tls: { certificate: a.pem, key: k.pem } } }", "network: { allow: [10.0.0.0/8] }"]
    {
        assert_eq!(misfit(&schema, good), None, "{good}");
    }
    for good in ["gateway: { faults: all }", "network: { forwarded: forwarded }", "gateway: { faults: }"] {
        assert_eq!(misfit(&schema, good), None, "{good}");
    }
    for wrong in [
        "gateway: { faults: some }",
        "network: { forwarded: via }",
        "lisen: {}",
        "oauth: { authorize: perhaps }",
        "redis: { nodes: many }",
        "network: { callers: { alow: [] } }",
    ] {
        assert!(misfit(&schema, wrong).is_some(), "{wrong}");
    }
}

#[test]
fn pages_and_completions_have_every_command() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["man", "pages"]).fine();
    let page = |name: &str| std::fs::read_to_string(dir.path().join("pages").join(name)).unwrap();
    assert!(page("castile.1").contains("castile\\-import"), "{}", page("castile.1"));
    assert!(page("castile-import.1").contains("dry\\-run"));
    assert!(page("castile-app-create.1").contains("Register an application"));
    for shell in ["bash", "zsh", "fish"] {
        let script = run(dir.path(), &["completions", shell]).fine().out;
        assert!(script.contains("postman") && script.contains("dry-run"), "{shell}");
    }
    run(dir.path(), &["completions", "cmd"]).code(2);
}

#[test]
fn postman_and_jmeter_send_the_examples_of_the_openapi_document() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["import", &sample("countries"), "--name", "countries"]).fine();
    let document: Value = serde_json::from_str(&run(dir.path(), &["openapi", "countries"]).fine().out).unwrap();
    let example = &document["paths"]["/GetCountry"]["post"]["requestBody"]["content"]["application/json"]["example"];
    let collection: Value = serde_json::from_str(&run(dir.path(), &["postman", "countries"]).fine().out).unwrap();
    assert_eq!(collection["info"]["schema"], "https://schema.getpostman.com/json/collection/v2.1.0/collection.json");
    assert_eq!(collection["auth"]["apikey"][0]["value"], "apikey");
    assert_eq!(collection["item"].as_array().unwrap().len(), 3);
    let request = &collection["item"][0]["request"];
    assert_eq!(request["url"]["raw"], "{{base}}/GetCountry");
    assert_eq!(serde_json::from_str::<Value>(request["body"]["raw"].as_str().unwrap()).unwrap(), *example);
    let plan = Plan::read(&run(dir.path(), &["jmeter", "countries", "--calls", "5"]).fine().out, "key_1");
    assert_eq!((&*plan.method, &*plan.path, plan.calls), ("POST", "/countries/1/GetCountry", 5));
    assert_eq!(serde_json::from_str::<Value>(&plan.body).unwrap(), *example);
    assert!(plan.fields.contains(&("apikey".into(), "key_1".into())), "{:?}", plan.fields);
    let said = run(dir.path(), &["jmeter", "countries", "--operation", "GetContry"]).code(2);
    assert!(said.err.contains("did you mean `GetCountry`?"), "{}", said.err);
}

/// What a JMeter plan sends, with the properties' defaults and that key.
pub(super) struct Plan {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) address: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) calls: u32,
}

impl Plan {
    pub(super) fn read(text: &str, key: &str) -> Self {
        let document = roxmltree::Document::parse(text).unwrap();
        let property = |node: roxmltree::Node<'_, '_>, name: &str| {
            let found = node.descendants().find(|n| n.attribute("name") == Some(name));
            found.unwrap_or_else(|| panic!("{name}")).text().unwrap_or_default().to_owned()
        };
        let default = |value: &str| value.trim_end_matches(")}").rsplit_once(',').unwrap().1.to_owned();
        let root = document.root();
        let elements = |kind: &'static str| document.descendants().filter(move |n| n.attribute("elementType") == Some(kind));
        let variable = |name: &str| {
            let node = elements("Argument").find(|n| n.attribute("name") == Some(name)).unwrap();
            default(&property(node, "Argument.value"))
        };
        let fields = elements("Header").map(|n| (property(n, "Header.name"), property(n, "Header.value").replace("${key}", key))).collect();
        assert_eq!(property(root, "ThreadGroup.num_threads"), "1");
        assert_eq!(property(root, "Assertion.test_field"), "Assertion.response_code");
        Self {
            method: property(root, "HTTPSampler.method"),
            path: property(root, "HTTPSampler.path"),
            address: format!("{}:{}", variable("host"), variable("port")),
            fields,
            body: elements("HTTPArgument").next().map(|n| property(n, "Argument.value")).unwrap_or_default(),
            calls: default(&property(root, "LoopController.loops")).parse().unwrap(),
        }
    }

    /// Sends its calls one after the other: status, `Retry-After`, body of each.
    pub(super) fn send(&self) -> Vec<(u16, Option<u64>, String)> {
        let fields: String = self.fields.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
        let head = format!("{} {} HTTP/1.1\r\n{fields}", self.method, self.path);
        let sent = (0..self.calls).map(|_| {
            let reply = super::http(&self.address, &head, &self.body);
            let (head, body) = reply.split_once("\r\n\r\n").unwrap();
            let after = head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("retry-after: ")?.trim().parse().ok());
            (head[9..12].parse().unwrap(), after, body.to_owned())
        });
        sent.collect()
    }
}

/// The audit log of what a server did, as the command shows it.
pub(super) fn assert_audit(folder: &Path) {
    let said = run(folder, &["audit", "--output", "json"]).fine();
    let entries: Value = serde_json::from_str(&said.out).unwrap();
    let entries = entries.as_array().unwrap_or_else(|| panic!("{}", said.out));
    let seq: Vec<u64> = entries.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert!(seq.len() > 3 && seq.windows(2).all(|w| w[0] < w[1]), "{seq:?}");
    assert!(entries.iter().any(|e| e["action"] == "application.create"), "{}", said.out);
    let last: Value = serde_json::from_str(&run(folder, &["audit", "--last", "1", "--output", "json"]).fine().out).unwrap();
    assert_eq!(last[0]["seq"].as_u64(), seq.last().copied());
}
