//! The mapping, construct by construct: each folder here is a small WSDL and cases of it, found by their names.
//!
//! `NN-name.request.json` must encode to `NN-name.request.xml` (canonical form) or be refused with the pointers in `NN-name.error`, a line
//! each, `(root)` for the whole; `NN-name.response.xml` must decode to `NN-name.response.json` (as values, numbers by their digits) or be
//! refused with what `NN-name.response.error` says. `NN-name@Operation.…` names another operation than the first, `Operation#2` an overload.
//! `NN-name.response.text` is the JSON text to the letter, for its order. `request.mime` and `response.mime` are messages with attachments:
//! a `Content-Type` line, an empty line, the body; lines end in LF in the file, in CRLF on the wire. An `api.yaml` and an `api.lock` beside
//! the WSDL are those of the API.

mod shown;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use castile::catalog::PublishedApi;
use castile::mediate::mime::MediaType;
use castile::mediate::package::{PackageOptions, decode_package};
use castile::mediate::{DecodeError, DecodeOptions, Decoded, Direction, EncodeError, decode, encode, encode_package};
use castile::plan::Program;
use castile::plan::node::OperationPlan;

use crate::support::{self, api::construct, canon::canonical};

/// The files of a case by their endings: `request.json`, `error`, …
type Case = BTreeMap<String, PathBuf>;

#[test]
fn every_construct_is_mapped_as_its_folder_says() {
    let mut wrong = String::new();
    let mut cases = 0;
    for folder in support::folders(&support::path("tests/constructs")) {
        let api = construct(&folder);
        for (name, case) in read_cases(&folder) {
            cases += 1;
            let operation = operation(&api.program, &name);
            let troubles =
                [request(&api, operation, &case), response(&api.program, operation, &case), mime_response(&api.program, operation, &case)];
            for trouble in troubles.into_iter().flatten() {
                let _ = writeln!(wrong, "── {}/{name}\n{trouble}", folder.file_name().unwrap_or_default().to_string_lossy());
            }
        }
    }
    assert!(cases > 100, "only {cases} cases were found");
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The plans of the constructs, as text: what a change to the compiler does is seen here.
#[test]
fn plans_are_what_they_were() {
    for folder in support::folders(&support::path("tests/constructs")) {
        let api = construct(&folder);
        let text: Vec<_> = api.program.operations.iter().map(|o| castile::plan::explain(&api.program, o)).collect();
        insta::with_settings!({ snapshot_path => folder.clone(), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("plan", text.join("\n"));
        });
    }
}

/// What it says in every request of ours that is accepted is read back the same: JSON → SOAP → JSON.
#[test]
fn accepted_requests_are_read_back() {
    let mut wrong = String::new();
    for folder in support::folders(&support::path("tests/constructs")) {
        let api = construct(&folder);
        for (name, case) in read_cases(&folder) {
            let (Some(json), Some(xml)) = (case.get("request.json"), case.get("request.xml")) else { continue };
            let operation = operation(&api.program, &name);
            let read = decode(&api.program, operation, Direction::Request, &fs::read(xml).unwrap(), &DecodeOptions::default());
            let again = match read {
                Ok(Decoded::Value(json)) => encode(&api.program, operation, Direction::Request, &json),
                Ok(Decoded::Empty) => encode(&api.program, operation, Direction::Request, b"{}"),
                other => {
                    let _ = writeln!(wrong, "── {}: {other:?}", json.display());
                    continue;
                }
            };
            match again {
                Ok(bytes) => compare(&canonical(&fs::read_to_string(xml).unwrap()), &canonical(&String::from_utf8(bytes).unwrap()))
                    .into_iter()
                    .for_each(|d| wrong.push_str(&format!("── {}\n{d}", json.display()))),
                Err(e) => wrong.push_str(&format!("── {}: {e:?}\n", json.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn read_cases(folder: &Path) -> BTreeMap<String, Case> {
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let file = entry.file_name().to_string_lossy().into_owned();
        if let Some((name, ending)) = file.split_once('.')
            && name.starts_with(|c: char| c.is_ascii_digit())
        {
            cases.entry(name.to_owned()).or_default().insert(ending.to_owned(), path);
        }
    }
    cases
}

/// The index of the operation that a case is about.
pub fn position(program: &Program, case: &str) -> usize {
    let Some((_, name)) = case.split_once('@') else { return 0 };
    let (plain, overload) = name.split_once('#').map_or((name, 1), |(plain, n)| (plain, n.parse().unwrap()));
    let mut found = (0..program.operations.len()).filter(|at| &*program.operations[*at].name == plain);
    found.nth(overload - 1).unwrap_or_else(|| panic!("{case}: no operation {name}"))
}

fn operation<'a>(program: &'a Program, case: &str) -> &'a OperationPlan {
    program.operations.get(position(program, case)).unwrap_or_else(|| panic!("{case}: no operation"))
}

fn request(api: &PublishedApi, operation: &OperationPlan, case: &Case) -> Option<String> {
    let json = fs::read(case.get("request.json")?).unwrap();
    let made = made(api, operation, &json);
    match (made, case.get("request.xml"), case.get("error")) {
        (Ok((content_type, bytes)), _, _) if case.contains_key("request.mime") => {
            let found = format!("Content-Type: {content_type}\n\n{}", String::from_utf8(bytes).unwrap().replace("\r\n", "\n"));
            compare(&fs::read_to_string(&case["request.mime"]).unwrap(), &found)
        }
        (Ok((_, bytes)), Some(expected), _) => {
            compare(&canonical(&fs::read_to_string(expected).unwrap()), &canonical(&String::from_utf8(bytes).unwrap()))
        }
        (Err(error), _, Some(expected)) => compare(&fs::read_to_string(expected).unwrap(), &pointers(&error)),
        (Ok((_, bytes)), None, _) => Some(format!("accepted:\n{}\n", String::from_utf8_lossy(&bytes))),
        (Err(error), _, None) => Some(format!("refused: {error:?}\n")),
    }
}

/// The message that a request becomes: its type and its bytes.
fn made(api: &PublishedApi, operation: &OperationPlan, json: &[u8]) -> Result<(String, Vec<u8>), EncodeError> {
    let value = castile::json::parse(json, &castile::json::Limits::default()).map_err(EncodeError::NotJson)?;
    let attachments = api.definition.attachments;
    let mtom = attachments.mtom.unwrap_or_default().then_some(attachments.mtom_over_bytes);
    let options = PackageOptions { source: json, uploads: None, mtom, token: "token", whole: false };
    let package = encode_package(&api.program, operation, Direction::Request, &value, &options)?;
    Ok(package.in_memory(json, &[], operation.soap_action.as_deref().unwrap_or_default(), "boundary").unwrap())
}

/// Every pointer once, in order, a line each.
fn pointers(error: &EncodeError) -> String {
    let mut all: Vec<_> = match error {
        EncodeError::NotJson(error) => vec![error.pointer.clone()],
        EncodeError::Invalid(errors) => errors.iter().map(|e| e.pointer.clone()).collect(),
    };
    all.sort();
    all.iter().map(|p| if p.is_empty() { "(root)\n".to_owned() } else { format!("{p}\n") }).collect()
}

fn response(program: &Program, operation: &OperationPlan, case: &Case) -> Option<String> {
    let xml = fs::read(case.get("response.xml")?).unwrap();
    told(decode(program, operation, Direction::Response, &xml, &DecodeOptions::default()), case)
}

fn mime_response(program: &Arc<Program>, operation: &OperationPlan, case: &Case) -> Option<String> {
    let text = fs::read_to_string(case.get("response.mime")?).unwrap().replace('\n', "\r\n");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let media_type = MediaType::parse(head.split_once(':').unwrap().1.trim());
    let index = program.operations.iter().position(|o| std::ptr::eq(o, operation)).unwrap();
    told(decode_package(program, index, Direction::Response, &media_type, body.as_bytes(), &DecodeOptions::default()), case)
}

/// Is what was read what the case says?
fn told(read: Result<Decoded, DecodeError>, case: &Case) -> Option<String> {
    let expected = match (case.get("response.json"), case.get("response.error")) {
        (Some(json), _) => {
            serde_json::from_slice::<serde_json::Value>(&fs::read(json).unwrap()).map_err(|e| panic!("{}: {e}", json.display()))
        }
        (None, error) => Err(fs::read_to_string(error?).unwrap()),
    };
    let read: serde_json::Value = match read {
        Ok(Decoded::Value(json)) => {
            let text = String::from_utf8(json).unwrap();
            if let Some(exact) = case.get("response.text").map(|f| fs::read_to_string(f).unwrap()).filter(|e| e.trim_end() != text) {
                return compare(&exact, &text);
            }
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
        }
        Ok(Decoded::Empty) => serde_json::json!({}),
        Ok(Decoded::Fault(fault)) => {
            let mut made = serde_json::json!({ "fault": serde_json::from_slice::<serde_json::Value>(&fault.fault_json).unwrap() });
            if let Some(name) = &fault.declared {
                made["title"] = serde_json::json!(name);
            }
            if let Some(reason) = &fault.reason {
                made["detail"] = serde_json::json!(reason);
            }
            if expected.as_ref().is_ok_and(|e| e.get("status").is_some()) {
                made["status"] = serde_json::json!(fault.status);
            }
            made
        }
        Err(error) => {
            let found = format!("{:?}: {}\n", error.kind, error.message);
            return compare(&expected.map_or_else(|error| error, |json| sorted(&json)), &found);
        }
    };
    compare(&expected.map_or_else(|error| error, |json| sorted(&json)), &sorted(&read))
}

/// A JSON value with its members in order, a line each.
fn sorted(value: &serde_json::Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    format!("{value:#}\n")
}

fn compare(expected: &str, found: &str) -> Option<String> {
    (expected != found).then(|| format!("expected\n{expected}found\n{found}"))
}
