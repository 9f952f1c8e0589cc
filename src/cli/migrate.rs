//! `castile migrate`: an archive of another product becomes an API; what could not be carried over is listed with its place.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::args::Global;
use super::{Exit, Outcome, Screen, target};
use crate::migrate::{self, Failed, Migrated, Request};

#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// An API archive of WSO2 API Manager (2.x to 4.x), as `apictl export api` or the publisher makes it
    Wso2(Wso2),
}

#[derive(Debug, clap::Args)]
struct Wso2 {
    /// The archive: a zip, or the folder that it unpacks to
    #[arg(value_name = "ARCHIVE")]
    archive: PathBuf,
    /// The name of the API's folder [default: the API's name]
    #[arg(long, short = 'n', value_name = "N")]
    name: Option<String>,
    /// The service's WSDL, where the archive holds none: a file, a folder or a zip
    #[arg(long, value_name = "WSDL")]
    wsdl: Option<String>,
    /// Say what would happen and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The folder of API definitions [default: `apis` of the settings, else ./apis]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Migrates and reports.
pub(super) fn run(screen: &Screen, global: &Global, args: &Migrate) -> Outcome {
    let From::Wso2(args) = &args.from;
    let apis = match &args.dir {
        Some(dir) => dir.clone(),
        None => target::apis_folder(&target::config(screen, global)?, target::config_file(global).as_deref()),
    };
    let request = Request { archive: args.archive.clone(), apis, name: args.name.clone(), wsdl: args.wsdl.clone(), dry_run: args.dry_run };
    let shown = args.archive.display().to_string();
    match screen.progress(&format!("migrating {shown}"), || migrate::wso2(&request)) {
        Ok(migrated) => {
            if screen.json {
                screen.answer(pretty(&to_json(&migrated)).as_bytes());
            } else {
                screen.diagnostics(&migrated.diagnostics, &migrated.sources);
                screen.diagnostics(&migrated.checked, &migrated.checked_sources);
                screen.answer(to_text(&migrated).as_bytes());
            }
            Ok(if migrated.good { Exit::Fine } else { Exit::Problem })
        }
        Err(Failed { diagnostics, sources }) => {
            if screen.json {
                let findings: Vec<Value> = diagnostics.iter().map(|d| json!(d.finding(&sources))).collect();
                screen.answer(pretty(&json!({ "migrated": false, "diagnostics": findings })).as_bytes());
            }
            screen.diagnostics(&diagnostics, &sources);
            screen.error(&format!("{shown} was not migrated ({}); nothing was written", Screen::count(&diagnostics)));
            Err(Exit::Problem)
        }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn to_json(migrated: &Migrated) -> Value {
    let resources: Vec<Value> = migrated
        .resources
        .iter()
        .map(|r| json!({ "method": r.method.as_str(), "path": format!("{}{}", migrated.base_path, r.path), "operation": r.operation }))
        .collect();
    let findings: Vec<Value> = migrated.diagnostics.iter().map(|d| json!(d.finding(&migrated.sources))).collect();
    let checked: Vec<Value> = migrated.checked.iter().map(|d| json!(d.finding(&migrated.checked_sources))).collect();
    let summary = migrated.summary();
    json!({
        "migrated": true,
        "written": migrated.directory.is_some(),
        "good": migrated.good,
        "name": migrated.name,
        "directory": migrated.directory.as_ref().map(|d| d.display().to_string()),
        "base_path": migrated.base_path,
        "raw_soap": migrated.passthrough,
        "resources": resources,
        "sequences": migrated.sequences,
        "to_fill_in": summary.fill_in,
        "left_out": summary.unbound,
        "not_carried_over": summary.not_carried,
        "done_differently": summary.different,
        "diagnostics": findings,
        "check": checked,
    })
}

fn to_text(migrated: &Migrated) -> String {
    let mut out = String::new();
    let _infallible = write_text(&mut out, migrated);
    out
}

fn write_text(out: &mut String, migrated: &Migrated) -> std::fmt::Result {
    match &migrated.directory {
        Some(directory) => writeln!(out, "Migrated {} as {} into {}", migrated.archive, migrated.name, directory.display())?,
        None => writeln!(out, "{} can be migrated as {}; nothing was written", migrated.archive, migrated.name)?,
    }
    let summary = migrated.summary();
    let words = [
        (summary.fill_in, "to fill in"),
        (summary.unbound, "resources left out"),
        (summary.not_carried, "not carried over"),
        (summary.different, "done differently"),
    ];
    let found: Vec<String> = words.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    match found.is_empty() {
        true => writeln!(out, "Everything was carried over")?,
        false => writeln!(out, "Found: {}", found.join(", "))?,
    }
    if !migrated.resources.is_empty() {
        writeln!(out)?;
        let path = |p: &str| format!("{}{p}", migrated.base_path);
        let width = migrated.resources.iter().map(|r| path(&r.path).chars().count()).max().unwrap_or(0);
        for r in &migrated.resources {
            writeln!(out, "  {:<6} {:<width$}  {}", r.method.as_str(), path(&r.path), r.operation)?;
        }
    }
    if migrated.passthrough {
        writeln!(out, "\nRaw SOAP: POST {}", migrated.base_path)?;
    }
    if let Some(directory) = &migrated.directory {
        let verdict = match (migrated.good, summary.fill_in) {
            (true, 0) => "passes `castile check`",
            (true, _) => "passes `castile check` when what is to fill in is there",
            (false, _) => "does not pass `castile check` yet",
        };
        writeln!(out, "\nIt {verdict}. The list stands in {}, too.", directory.join("migration.md").display())?;
    }
    Ok(())
}
