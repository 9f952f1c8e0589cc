//! `castile import`: a WSDL becomes an API; the report says what became of each operation and construct.

use std::fmt::Write;

use serde_json::{Value, json};

use super::args::{Global, Import, Mode};
use super::target::Wanted;
use super::{Exit, Outcome, Screen, documents, samples, target};
use crate::api::Method;
use crate::import::{self, Mapping, Report, Request};

/// Imports and reports.
pub(super) fn run(screen: &Screen, global: &Global, args: &Import) -> Outcome {
    let apis = match &args.dir {
        Some(dir) => dir.clone(),
        None => target::apis_folder(&target::config(screen, global)?, target::config_file(global).as_deref()),
    };
    let wanted = Wanted { root: args.root.as_deref(), ca: args.ca.as_deref(), answers: true, ..Wanted::new(&args.wsdl) };
    let request = Request {
        apis,
        name: args.name.clone(),
        version: args.api_version.clone(),
        context: args.context.clone(),
        endpoint: args.endpoint.clone(),
        mode: match args.mode {
            Mode::Rest => import::Mode::Rest,
            Mode::Passthrough => import::Mode::Passthrough,
            Mode::Both => import::Mode::Both,
        },
        open: false,
        state: crate::api::State::Published,
        dry_run: args.dry_run,
        said: args.dry_run.then(|| wanted.said()),
    };
    let loaded = target::load_wsdl(screen, global, &wanted)?;
    let imported = screen.progress(&format!("importing {}", args.wsdl), || import::import(loaded, &request));
    match imported {
        Ok(report) => {
            let public_url = documents::public_url(screen, global)?;
            if screen.json {
                return Ok(screen.answer(pretty(&to_json(&report, &public_url)).as_bytes()));
            }
            screen.diagnostics(&report.diagnostics, &report.sources);
            Ok(screen.answer(to_text(screen, &report, &args.wsdl, &public_url).as_bytes()))
        }
        Err(failed) => {
            if screen.json {
                screen.answer(target::not_imported(&failed.diagnostics, &failed.sources).as_bytes());
            }
            screen.diagnostics(&failed.diagnostics, &failed.sources);
            screen.error(&format!("{} was not imported ({}); nothing was written", args.wsdl, Screen::count(&failed.diagnostics)));
            let misuse = failed.diagnostics.iter().any(|d| d.code.id == import::codes::BAD_REQUEST.id);
            Err(if misuse { Exit::Usage } else { Exit::Problem })
        }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn to_json(report: &Report, public_url: &str) -> Value {
    let resources: Vec<Value> = report
        .resources
        .iter()
        .map(|r| {
            let mapping = match r.mapping() {
                Mapping::Exact => "exact",
                Mapping::Noted => "noted",
                Mapping::Differs => "differs",
                Mapping::Unproved => "unproved",
            };
            json!({
                "method": r.method.as_str(),
                "path": format!("{}{}", report.base_path, r.path),
                "operation": &*r.operation,
                "mapping": mapping,
                "notes": r.notes,
                "proved": r.proved.iter().map(|(m, v)| (m.to_string(), json!(v.word()))).collect::<serde_json::Map<_, _>>(),
            })
        })
        .collect();
    let left_out: Vec<Value> =
        report.left_out.iter().map(|l| json!({ "operation": &*l.operation, "port": l.port.as_deref(), "raw_soap": l.raw })).collect();
    let headers: Vec<Value> = report
        .headers
        .iter()
        .map(|h| json!({ "header": h.key, "elements": h.elements, "given_by": "caller", "secret": h.secret, "operations": h.operations }))
        .collect();
    let findings: Vec<Value> = report.diagnostics.iter().map(|d| json!(d.finding(&report.sources))).collect();
    json!({
        "imported": true,
        "written": report.directory.is_some(),
        "name": report.name,
        "directory": report.directory.as_ref().map(|d| d.display().to_string()),
        "base_path": report.base_path,
        "documents": report.documents,
        "resources": resources,
        "proof": {
            "exact": report.proof.exact(),
            "operations": report.proof.operations.len(),
            "messages": report.proof.cases(),
            "seed": report.proof.seed,
        },
        "left_out": left_out,
        "headers": headers,
        "raw_soap": report.passthrough,
        "diagnostics": findings,
        "curl": samples::curl(&report.api, public_url),
    })
}

fn to_text(screen: &Screen, report: &Report, wsdl: &str, public_url: &str) -> String {
    let mut out = String::new();
    let _infallible = write_text(&mut out, screen, report, wsdl, public_url);
    out
}

fn write_text(out: &mut String, screen: &Screen, report: &Report, wsdl: &str, public_url: &str) -> std::fmt::Result {
    let documents = if report.documents == 1 { "1 document".to_owned() } else { format!("{} documents", report.documents) };
    match &report.directory {
        Some(directory) => writeln!(out, "Imported {wsdl} ({documents}) as {} into {}", report.name, directory.display())?,
        None => writeln!(out, "{wsdl} ({documents}) can be imported as {}; nothing was written", report.name)?,
    }
    let found = Screen::count(&report.diagnostics);
    if !found.is_empty() {
        writeln!(out, "Found on the way: {found}")?;
    }
    writeln!(out)?;
    let path = |p: &str| format!("{}{p}", report.base_path);
    let width = report.resources.iter().map(|r| path(&r.path).chars().count()).max().unwrap_or(0);
    for r in &report.resources {
        let mapping = match (r.mapping(), r.notes) {
            (Mapping::Exact, _) => screen.paint("32", "exact"),
            (Mapping::Differs, _) => screen.paint("31", "differs"),
            (Mapping::Unproved, _) => screen.paint("33", "unproved"),
            (Mapping::Noted, 0) => screen.paint("33", "undeclared"),
            (Mapping::Noted, 1) => screen.paint("33", "1 note"),
            (Mapping::Noted, n) => screen.paint("33", &format!("{n} notes")),
        };
        let operation = if r.path.ends_with(&format!("/{}", r.operation)) { String::new() } else { format!("  ({})", r.operation) };
        writeln!(out, "  {:<6} {:<width$}  {mapping}{operation}", r.method.as_str(), path(&r.path))?;
    }
    write_headers(out, report)?;
    if !report.resources.is_empty() {
        let (exact, all) = (report.proof.exact(), report.proof.operations.len());
        let operations = if all == 1 { "operation" } else { "operations" };
        writeln!(out, "\nProved {exact} of {all} {operations}, {} messages; `castile prove` does it at length", report.proof.cases())?;
    }
    if !report.left_out.is_empty() {
        writeln!(out, "\nWithout a resource, callable as raw SOAP only:")?;
        for l in &report.left_out {
            writeln!(out, "  {}{}", l.operation, l.port.as_ref().map(|p| format!(" at port {p}")).unwrap_or_default())?;
        }
    }
    if report.passthrough {
        writeln!(out, "\nRaw SOAP: POST {public_url}{0}   WSDL: GET {public_url}{0}?wsdl", report.base_path)?;
    }
    if report.resources.iter().any(|r| r.method != Method::Get)
        && let Some(curl) = samples::curl(&report.api, public_url)
    {
        writeln!(out, "\nAfter `castile serve`:")?;
        if samples::asks_for_a_key(&report.api) {
            writeln!(out, "  castile app create demo")?;
            writeln!(out, "  castile subscription create --app demo --api {} --plan tryout", report.name)?;
            writeln!(out, "  KEY=$(castile key create --app demo -q)")?;
        }
        writeln!(out, "  {curl}")?;
    }
    Ok(())
}

/// The declared header parts of requests, and who gives each.
fn write_headers(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.headers.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nSOAP headers of requests, as `headers` of api.yaml assigns them:")?;
    let width = report.headers.iter().map(|h| h.key.chars().count()).max().unwrap_or(0);
    for h in &report.headers {
        let who = if h.secret { "secret: the caller's, a credential by its name" } else { "caller" };
        let of = if h.operations == 1 { "1 operation".to_owned() } else { format!("{} operations", h.operations) };
        writeln!(out, "  {:<width$}  {who} ({of})", h.key)?;
    }
    Ok(())
}
