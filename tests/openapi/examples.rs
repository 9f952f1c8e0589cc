//! Every example of a document, sent as it stands through the gateway to the mock, succeeds; the answers are what the document says.
//!
//! `CASTILE_SERVICE=name` takes the services of that name only.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use castile::api::{ApiDefinition, Method, Resource};
use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use super::served::{Operation, Served, operations};
use super::{corpus_services, ours};
use crate::support;

#[derive(Default)]
struct Report {
    services: usize,
    called: usize,
    responses: usize,
    without: Vec<String>,
    wrong: Vec<String>,
}

/// Makes validators of a document's schemas.
struct Schemas<'d> {
    registry: Registry<'d>,
}

const DOCUMENT: &str = "json-schema:///document";

impl<'d> Schemas<'d> {
    fn of(document: &'d Value) -> Self {
        Self { registry: Registry::new().add(DOCUMENT, document).unwrap().prepare().unwrap() }
    }

    fn at(&self, pointer: &str) -> Result<Validator, String> {
        let schema =
            json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": format!("{DOCUMENT}#{}", fragment(pointer)) });
        jsonschema::options().with_registry(&self.registry).build(&schema).map_err(|e| e.to_string())
    }
}

/// A JSON pointer as a URI's fragment.
fn fragment(pointer: &str) -> String {
    const SET: &percent_encoding::AsciiSet =
        &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'%').add(b'^').add(b'|');
    percent_encoding::utf8_percent_encode(pointer, SET).to_string()
}

fn errors(validator: &Validator, value: &Value) -> Option<String> {
    let found: Vec<_> = validator.iter_errors(value).take(3).map(|e| format!("{}: {:.300}", e.instance_path(), e.to_string())).collect();
    (!found.is_empty()).then(|| found.join("; "))
}

async fn check(service: &str, served: &Served, report: &mut Report) {
    let schemas = Schemas::of(&served.document);
    report.services += 1;
    let before = report.without.len();
    for operation in &operations(&served.document) {
        if let Err(e) = check_one(&schemas, served, operation, report).await {
            report.wrong.push(format!("{service} {}: {e}", operation.id()));
        }
    }
    // What has no example is said at import.
    let notes = castile::catalog::without_examples(&served.api);
    for name in report.without.get(before..).unwrap_or_default() {
        let plan = name.split(' ').next().unwrap_or_default();
        if !notes.iter().any(|n| n.code.id == "import.no-example" && n.message.contains(plan)) {
            report.wrong.push(format!("{service} {name}: no example, and no note of it"));
        }
    }
}

async fn check_one(schemas: &Schemas<'_>, served: &Served, operation: &Operation<'_>, report: &mut Report) -> Result<(), String> {
    let (status, success) = operation.success();
    let content = &success["content"]["application/json"];
    let answer_schema = match content.get("schema") {
        Some(_) => Some(schemas.at(&operation.pointer(&format!("responses/{status}/content/application~1json/schema")))?),
        None => None,
    };
    match (&answer_schema, content.get("example")) {
        (Some(validator), Some(example)) => {
            if let Some(e) = errors(validator, example) {
                return Err(format!("the answer's example does not fit its schema: {e}"));
            }
        }
        (Some(_), None) => report.without.push(format!("{} (answer)", operation.id())),
        (None, _) => {}
    }
    let Some(example) = operation.example() else {
        report.without.push(operation.id().to_owned());
        return Ok(());
    };
    if let Some(body) = &example.body {
        let validator = schemas.at(&operation.pointer("requestBody/content/application~1json/schema"))?;
        if let Some(e) = errors(&validator, body) {
            return Err(format!("the request's example does not fit its schema: {e}"));
        }
    }
    let answer = served.send(&example).await;
    report.called += 1;
    if answer.status.to_string() != status {
        return Err(format!("{status} is documented, {} came: {:.600}\n    {:.600}", answer.status, answer.text(), json!(example.body)));
    }
    let Some(validator) = answer_schema else { return Ok(()) };
    report.responses += 1;
    match errors(&validator, &answer.json()) {
        Some(e) => Err(format!("the answer does not fit its schema: {e}\n    {:.600}", answer.text())),
        None => Ok(()),
    }
}

/// Runs the services on as many threads as there are cores.
fn each(services: &[(String, PathBuf)]) -> Report {
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report::default());
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        while let Some((name, wsdl)) = services.get(next.fetch_add(1, Ordering::Relaxed)) {
            let began = std::time::Instant::now();
            let mut own = Report::default();
            runtime.block_on(async {
                if let Some(served) = Served::start(&ApiDefinition::named(name), wsdl).await {
                    check(name, &served, &mut own).await;
                }
            });
            println!("{name}: {} calls, {} answers, {:.1} s", own.called, own.responses, began.elapsed().as_secs_f64());
            let mut all = report.lock().unwrap();
            all.services += own.services;
            all.called += own.called;
            all.responses += own.responses;
            all.without.extend(own.without.into_iter().map(|w| format!("{name} {w}")));
            all.wrong.append(&mut own.wrong);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(work);
        }
    });
    report.into_inner().unwrap()
}

fn expect_all_right(report: &Report) {
    println!(
        "{} services, {} calls, {} answers checked, without an example: {:?}",
        report.services, report.called, report.responses, report.without
    );
    assert!(
        report.wrong.is_empty(),
        "{} wrong\n{}",
        report.wrong.len(),
        report.wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn examples_of_samples_and_constructs_succeed() {
    let report = each(&ours());
    expect_all_right(&report);
    assert!(report.called > 50 && report.without.is_empty(), "{}", report.called);
}

#[test]
fn examples_of_the_corpus_succeed() {
    const TEST: &str = "openapi::examples_of_the_corpus_succeed";
    let only = std::env::var("CASTILE_SERVICE").ok();
    let services: Vec<_> =
        corpus_services(TEST).into_iter().filter(|(n, _)| only.as_ref().is_none_or(|o| n.contains(o.as_str()))).collect();
    if services.is_empty() {
        return;
    }
    let report = each(&services);
    expect_all_right(&report);
    assert!(only.is_some() || report.services > 100 && report.called > 2_000, "{} services, {} calls", report.services, report.called);
}

/// URL parameters, unwrapped answers: the examples of parameters make the call.
#[test]
fn examples_of_parameters_succeed() {
    let mut definition = ApiDefinition::named("countries");
    let mut get = Resource::new(Method::Get, "/countries/{code}", "GetCountry");
    get.unwrap = Some("GetCountryResult".to_owned());
    let mut list = Resource::new(Method::Get, "/countries", "ListCountries");
    list.query.insert("size".to_owned(), "/limit".to_owned());
    let mut put = Resource::new(Method::Put, "/countries/{code}", "AddCountry");
    put.path_parameters.insert("code".to_owned(), "/country/code".to_owned());
    definition.resources = vec![get, list, put];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let served = Served::start(&definition, &support::path(Path::new("wsdl/countries/service.wsdl"))).await.unwrap();
        let mut report = Report::default();
        check("countries", &served, &mut report).await;
        expect_all_right(&report);
        assert!(report.called >= 3 && report.without.is_empty());
    });
}
