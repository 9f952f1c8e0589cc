//! Archives that want to do harm: refused, or left out, with nothing written and nothing read that is not theirs.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;

use crate::cli::{Said, run};

const API: &str = "type: api\nversion: v4.2.0\ndata:\n  name: Bad\n  context: /bad\n  version: 1.0.0\n  type: HTTP\n  operations: []\n";

fn wsdl() -> String {
    std::fs::read_to_string(super::case("soap-to-rest").join("archive/WSDL/Customers-1.0.0.wsdl")).unwrap()
}

/// A zip of these entries, below one folder as the publisher makes it.
fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn migrate(folder: &Path, bytes: &[u8]) -> Said {
    std::fs::write(folder.join("a.zip"), bytes).unwrap();
    run(folder, &["migrate", "wso2", "a.zip"])
}

/// It is refused with these words, and nothing is written.
fn refused(bytes: &[u8], words: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let said = migrate(dir.path(), bytes).code(1);
    for word in words {
        assert!(said.err.contains(word), "{word} is missing: {}", said.err);
    }
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["a.zip"]);
}

#[test]
fn zips_that_are_too_much_or_lead_out() {
    refused(b"PK\x03\x04 not a zip", &["migrate.archive", "damaged"]);
    refused(&zipped(&[("Bad/api.yaml", &vec![b' '; 15 << 20])]), &["migrate.archive", "100 times its size"]);
    refused(&zipped(&[("Bad/api.yaml", API.as_bytes()), ("../../evil.yaml", b"x")]), &["migrate.archive", "leads out"]);
    refused(&zipped(&[("/etc/api.yaml", API.as_bytes())]), &["migrate.archive", "absolute"]);
    let many: Vec<(String, Vec<u8>)> = (0..1_100).map(|n| (format!("Bad/{n}.yaml"), Vec::new())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    refused(&zipped(&many), &["migrate.archive", "more than 1000"]);
    // The WSDL of an archive may be a zip; one in that is not read, and neither is a bomb.
    let inner = zipped(&[("a.wsdl", &vec![b' '; 15 << 20])]);
    refused(&zipped(&[("Bad/api.yaml", API.as_bytes()), ("Bad/WSDL/a.zip", &inner)]), &["migrate.archive", "100 times its size"]);
    let inner = zipped(&[("deeper.zip", &zipped(&[("a.wsdl", wsdl().as_bytes())]))]);
    refused(&zipped(&[("Bad/api.yaml", API.as_bytes()), ("Bad/WSDL/a.zip", &inner)]), &["migrate.no-wsdl"]);
}

#[test]
fn definitions_that_multiply() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
    }
    refused(&zipped(&[("Bad/api.yaml", bomb.as_bytes())]), &["migrate.unreadable"]);
    let deep = format!("data: {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    refused(&zipped(&[("Bad/api.yaml", deep.as_bytes())]), &["migrate.unreadable"]);
    refused(&zipped(&[("Bad/api.yaml", b"\xff\xfe\x00: [")]), &["migrate.unreadable"]);
}

#[test]
fn a_wsdl_with_a_document_type_is_refused() {
    let dtd =
        format!("<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}", wsdl().split_once("?>").unwrap().1);
    refused(&zipped(&[("Bad/api.yaml", API.as_bytes()), ("Bad/WSDL/a.wsdl", dtd.as_bytes())]), &["DOCTYPE"]);
}

#[test]
fn sequences_that_want_more_than_they_may_are_left_out_and_the_api_is_made() {
    let dtd = "<!DOCTYPE s [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><sequence name=\"&x;\"/>";
    let deep = format!("<sequence>{}{}</sequence>", "<filter xpath=\"//a\"><then>".repeat(3_000), "</then></filter>".repeat(3_000));
    let turning = "<sequence name=\"turning\"><sequence key=\"turning\"/></sequence>";
    let long = format!("<sequence>{}</sequence>", "<log/>".repeat(5_000));
    let expression = format!("<sequence><property name=\"a\" expression=\"{}\"/></sequence>", "not(".repeat(300));
    let regex = "<sequence><filter source=\"$trp:a\" regex=\"(a{1000}){1000}\"><then><log/></then></filter></sequence>";
    let injected = "<sequence><header name=\"X-A\" scope=\"transport\" value=\"{{ principal.user }}\"/><log><property name=\"{{ body }}\" value=\"b\"/></log></sequence>";
    let api = API.replace("operations: []", "operations: [ { target: /getCustomer, verb: POST } ]");
    let wsdl = wsdl();
    let entries: Vec<(&str, &[u8])> = vec![
        ("Bad/api.yaml", api.as_bytes()),
        ("Bad/WSDL/a.wsdl", wsdl.as_bytes()),
        ("Bad/Sequences/in-sequence/dtd.xml", dtd.as_bytes()),
        ("Bad/Sequences/in-sequence/deep.xml", deep.as_bytes()),
        ("Bad/Sequences/in-sequence/turning.xml", turning.as_bytes()),
        ("Bad/Sequences/in-sequence/expression.xml", expression.as_bytes()),
        ("Bad/Sequences/in-sequence/regex.xml", regex.as_bytes()),
        ("Bad/Sequences/in-sequence/injected.xml", injected.as_bytes()),
        ("Bad/Sequences/in-sequence/z-long.xml", long.as_bytes()),
    ];
    let dir = tempfile::tempdir().unwrap();
    let said = migrate(dir.path(), &zipped(&entries)).fine();
    for expected in
        ["dtd.xml` is left out", "deep.xml` is left out", "deep in one another", "more than 800 mediators", "pattern is not read"]
    {
        assert!(said.err.contains(expected), "{expected} is missing: {}", said.err);
    }
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let text = std::fs::read_to_string(dir.path().join("apis/Bad/sequences/post-getCustomer.yaml")).unwrap();
    assert!(host.trim().is_empty() || !said.err.contains(&format!("name=\"{}\"", host.trim())), "an entity was read");
    assert!(text.contains("{{ '{' }}{{ '{' }} principal.user }}") && !text.contains("\"{{ principal.user"), "{text}");
    run(dir.path(), &["check", "apis"]).fine();
}

#[cfg(unix)]
#[test]
fn a_folder_with_a_link_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("a")).unwrap();
    std::fs::write(dir.path().join("a/api.yaml"), API).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("a/secret.yaml")).unwrap();
    let said = run(dir.path(), &["migrate", "wso2", "a"]).code(1);
    assert!(said.err.contains("is a link"), "{}", said.err);
}

/// The zip as the publisher makes it, with the WSDL and its schemas in a zip of their own.
#[test]
fn a_zip_is_read_like_its_folder() {
    let folder = crate::support::path("wsdl/countries");
    let file = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let inner = zipped(&[("Countries/service.wsdl", &file("service.wsdl")), ("Countries/types.xsd", &file("types.xsd"))]);
    let api = API.replace("Bad", "Countries").replace("HTTP", "SOAP");
    let bytes = zipped(&[("Countries-1.0.0/api.yaml", api.as_bytes()), ("Countries-1.0.0/WSDL/Countries-1.0.0.zip", &inner)]);
    let dir = tempfile::tempdir().unwrap();
    let said = migrate(dir.path(), &bytes).fine();
    assert!(said.out.contains("Raw SOAP: POST /bad/1.0.0"), "{}", said.out);
    assert!(
        dir.path().join("apis/Countries/wsdl/Countries/types.xsd").is_file() || dir.path().join("apis/Countries/wsdl/types.xsd").is_file()
    );
    run(dir.path(), &["check", "apis"]).fine();
}
