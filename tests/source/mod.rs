//! Loading WSDLs: from files, folders, zips and addresses.

mod archives;
mod corpus;
mod files;

use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::path::Path;

use castile::diagnostic::Severity;
use castile::wsdl::documents::{Documents, Target};
use castile::wsdl::source::{Loaded, Options, Origin, Policy, Refused, load_local};

/// Writes files into a new folder.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

/// A zip of entries.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A zip as an origin.
pub fn archive(bytes: Vec<u8>) -> Origin {
    Origin::Archive { name: "upload.zip".to_owned(), bytes: bytes.into(), root: None }
}

/// Loads a file of a folder as the operator.
pub fn load_file(path: impl AsRef<Path>) -> Result<Loaded, Refused> {
    load_local(&Origin::File(path.as_ref().to_owned()), &Options::local(Policy::Operator))
}

/// Loads a folder or zip as an upload.
pub fn load_upload(origin: &Origin) -> Result<Loaded, Refused> {
    load_local(origin, &Options::local(Policy::Upload))
}

/// The names of the documents.
pub fn names(documents: &Documents) -> BTreeSet<String> {
    documents.sources.iter().map(|(_, s)| s.name.to_string()).collect()
}

/// The texts of the documents.
pub fn texts(documents: &Documents) -> BTreeSet<String> {
    documents.sources.iter().map(|(_, s)| s.text.to_string()).collect()
}

/// Why references lead nowhere, as `location: reason`, sorted.
pub fn missing(documents: &Documents) -> Vec<String> {
    let mut out: Vec<String> = documents
        .links
        .iter()
        .filter_map(|(key, target)| match target {
            Target::Missing { reason } => Some(format!("{}: {reason}", key.location.as_deref().unwrap_or("-"))),
            _ => None,
        })
        .collect();
    out.sort();
    out
}

/// The codes of what was found, in order.
pub fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics.iter().map(|d| d.code.id).collect()
}

/// The codes of the errors of a refusal.
pub fn refusal(result: Result<Loaded, Refused>) -> Vec<&'static str> {
    let refused = result.expect_err("it should be refused");
    assert!(refused.diagnostics.iter().any(|d| d.severity == Severity::Error), "{refused:?}");
    refused.diagnostics.iter().map(|d| d.code.id).collect()
}

/// A WSDL with imports: `(namespace, location)`.
pub fn wsdl(imports: &[(&str, &str)]) -> String {
    let imports: String = imports.iter().map(|(n, l)| format!(r#"<import namespace="{n}" location="{l}"/>"#)).collect();
    format!(r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:w">{imports}<service name="S"/></definitions>"#)
}

/// A WSDL whose types import schemas: `(namespace, location)`; an empty location is left out.
pub fn wsdl_with_schemas(imports: &[(&str, &str)]) -> String {
    format!(
        r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:w"><types><x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:inline">{}</x:schema></types><service name="S"/></definitions>"#,
        schema_imports(imports)
    )
}

fn schema_imports(imports: &[(&str, &str)]) -> String {
    imports
        .iter()
        .map(|(n, l)| match *l {
            "" => format!(r#"<x:import namespace="{n}"/>"#),
            l => format!(r#"<x:import namespace="{n}" schemaLocation="{l}"/>"#),
        })
        .collect()
}

/// A schema that imports `(namespace, location)` and includes.
pub fn schema(namespace: &str, imports: &[(&str, &str)], includes: &[&str]) -> String {
    let includes: String = includes.iter().map(|l| format!(r#"<x:include schemaLocation="{l}"/>"#)).collect();
    let target = if namespace.is_empty() { String::new() } else { format!(r#" targetNamespace="{namespace}""#) };
    format!(r#"<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema"{target}>{includes}{}</x:schema>"#, schema_imports(imports))
}
