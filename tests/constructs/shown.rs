//! The contract and its proof: every row and case of the mapping names the folders that show it, and every folder is named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::support;

/// The headings of the contract's tables, which are no rows.
const HEADINGS: [&str; 4] = ["XML", "XML Schema", "XSD", "SOAP"];

#[test]
fn every_row_and_case_of_the_contract_is_shown() {
    let read = |name: &str| fs::read_to_string(support::path("docs").join(name)).unwrap();
    let shown = shown(&read("mapping-shown.md"));
    let contract = rows(&read("mapping.md")).into_iter().chain(cases(&read("mapping-cases.md"))).collect::<BTreeSet<_>>();
    let named: BTreeSet<&str> = shown.values().flatten().map(String::as_str).collect();
    let folders = support::folders(&support::path("tests/constructs"));
    let folders: BTreeSet<_> = folders.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
    let mut wrong = Vec::new();
    wrong.extend(contract.iter().filter(|row| shown.get(*row).is_none_or(Vec::is_empty)).map(|row| format!("nothing shows: {row}")));
    wrong.extend(shown.keys().filter(|row| !contract.contains(*row)).map(|row| format!("no row or case of the contract: {row}")));
    wrong.extend(folders.difference(&named).map(|folder| format!("tests/constructs/{folder} is named by no row")));
    wrong.extend(
        named.iter().filter(|name| !folders.contains(*name) && !is_test(name)).map(|name| format!("neither a folder nor a test: {name}")),
    );
    assert!(contract.len() > 90, "{}", contract.len());
    assert!(wrong.is_empty(), "docs/mapping-shown.md:\n{}", wrong.join("\n"));
}

/// The first cells of the tables.
fn rows(text: &str) -> Vec<String> {
    let cells = text.lines().filter_map(|l| l.strip_prefix("| ")?.split(" | ").next().map(str::to_owned));
    cells.filter(|cell| !cell.starts_with("---") && !HEADINGS.contains(&cell.as_str())).collect()
}

/// `12. Key order` of `12. **Key order.** …`.
fn cases(text: &str) -> Vec<String> {
    let case = |line: &str| {
        let (number, rest) = line.split_once(". **")?;
        number.parse::<u32>().ok()?;
        Some(format!("{number}. {}", rest.split("**").next()?.trim_end_matches('.')))
    };
    text.lines().filter_map(case).collect()
}

/// Row or case → the names in its second cell.
fn shown(text: &str) -> BTreeMap<String, Vec<String>> {
    let lines = text.lines().filter_map(|l| l.strip_prefix("| ")?.strip_suffix(" |")?.rsplit_once(" | "));
    let rows = lines.filter(|(row, _)| !matches!(*row, "row" | "case" | "---"));
    rows.map(|(row, names)| (row.to_owned(), names.split(", ").map(|n| n.trim_matches('`').to_owned()).collect())).collect()
}

/// `gateway::replies::faults_under_any_status`: is there such a test?
fn is_test(name: &str) -> bool {
    let Some((module, test)) = name.rsplit_once("::") else { return false };
    let path = support::path("tests").join(module.replace("::", "/"));
    let texts = [path.with_extension("rs"), path.join("mod.rs")].map(|file| fs::read_to_string(file).unwrap_or_default());
    texts.iter().any(|text| text.contains(&format!("fn {test}()")))
}
