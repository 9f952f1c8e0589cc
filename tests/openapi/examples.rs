//! Every example of a document, sent as it stands through the gateway to the mock, succeeds; the answers are what the document says.
//!
//! `CASTILE_SERVICE=name` takes the services of that name only.

use std::path::{Path, PathBuf};

use castile::api::ApiDefinition;
use serde_json::json;

use super::served::{Operation, Served, operations};
use super::validate::{Schemas, errors, in_parallel};
use super::{corpus_services, countries, ours};
use crate::support;

#[derive(Default)]
struct Report {
    services: usize,
    called: usize,
    responses: usize,
    without: Vec<String>,
    wrong: Vec<String>,
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
    let notes = castile::catalog::undocumented(&served.api);
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

/// All services, the reports put together.
fn each(services: &[(String, PathBuf)]) -> Report {
    let reports = in_parallel(services, |name, wsdl| {
        let began = std::time::Instant::now();
        let mut own = Report::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if let Some(served) = Served::start(&ApiDefinition::named(name), wsdl).await {
                check(name, &served, &mut own).await;
            }
        });
        println!("{name}: {} calls, {} answers, {:.1} s", own.called, own.responses, began.elapsed().as_secs_f64());
        own
    });
    let mut all = Report::default();
    for mut own in reports {
        all.services += own.services;
        all.called += own.called;
        all.responses += own.responses;
        all.without.append(&mut own.without);
        all.wrong.append(&mut own.wrong);
    }
    all
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let served = Served::start(&countries(), &support::path(Path::new("wsdl/countries/service.wsdl"))).await.unwrap();
        let mut report = Report::default();
        check("countries", &served, &mut report).await;
        expect_all_right(&report);
        assert!(report.called >= 3 && report.without.is_empty());
    });
}

/// An input that the WSDL does not define may be anything, so what another operation sends looks like it.
#[test]
fn what_may_be_anything_is_told_from_nothing() {
    let text = std::fs::read_to_string(support::path("tests/constructs/undefined-input/service.wsdl")).unwrap();
    let text = text
        .replace("name=\"Headed\"><wsdl:input message=\"s:Asked\"", "name=\"Headed\"><wsdl:input message=\"s:Keys\"")
        .replace("<soap:header message=\"s:Keys\" part=\"key\" use=\"literal\"/>", "")
        .replace("urn:s/Document", "")
        .replace("urn:s/Headed", "");
    let folder = tempfile::tempdir().unwrap();
    let wsdl = folder.path().join("service.wsdl");
    std::fs::write(&wsdl, text).unwrap();
    let api = support::api::published("alike", &wsdl);
    let notes: Vec<String> = castile::catalog::undocumented(&api).into_iter().map(|n| n.message).collect();
    let alike = "requests of Document, Headed look the same to a service, so their OpenAPI documents have no example";
    assert!(notes.iter().any(|n| n == alike), "{notes:?}");
}
