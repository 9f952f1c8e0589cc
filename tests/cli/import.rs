use std::fs;
use std::path::Path;

use super::{run, sample};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).map(|d| d.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect()).unwrap_or_default();
    names.sort();
    names
}

#[test]
fn an_import_writes_the_files_of_an_api() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["import", &sample("orders"), "--name", "orders", "--endpoint", "http://127.0.0.1:9/o"]).fine();
    assert!(said.out.contains("POST   /orders/1/"), "{}", said.out);
    assert!(said.out.contains(" exact"), "{}", said.out);
    assert!(said.out.contains("curl -X POST"), "{}", said.out);
    assert_eq!(names(dir.path()), ["apis"]);
    assert_eq!(names(&dir.path().join("apis")), ["orders"]);
    assert_eq!(names(&dir.path().join("apis/orders")), ["api.lock", "api.yaml", "evidence.json", "wsdl"]);
    assert_eq!(names(&dir.path().join("apis/orders/wsdl")), ["orders.xsd", "payment.xsd", "service.wsdl"]);
    for file in ["orders.xsd", "payment.xsd", "service.wsdl"] {
        let before = fs::read_to_string(Path::new(&sample("orders")).join(file)).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("apis/orders/wsdl").join(file)).unwrap(), before);
    }
    let yaml = fs::read_to_string(dir.path().join("apis/orders/api.yaml")).unwrap();
    assert!(yaml.contains("endpoint: { url: \"http://127.0.0.1:9/o\" }"), "{yaml}");
    // Defaults are not written.
    assert!(!yaml.contains("\ncontext") && !yaml.contains("numbers") && !yaml.contains("\npassthrough"), "{yaml}");
    run(dir.path(), &["check"]).fine();
}

#[test]
fn an_api_that_is_there_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["import", &sample("orders"), "--name", "x"]).fine();
    let before = fs::read_to_string(dir.path().join("apis/x/api.yaml")).unwrap();
    let said = run(dir.path(), &["import", &sample("countries"), "--name", "x"]).code(1);
    assert!(said.err.contains("import.exists") && said.err.contains("--name"), "{}", said.err);
    assert_eq!(fs::read_to_string(dir.path().join("apis/x/api.yaml")).unwrap(), before);
    assert_eq!(names(&dir.path().join("apis")), ["x"]);
}

#[test]
fn a_failed_import_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("broken.wsdl");
    let bad: [&[u8]; 5] = [
        b"",
        b"<definitions xmlns='http://schemas.xmlsoap.org/wsdl/'>",
        b"<!DOCTYPE definitions [<!ENTITY a 'b'>]><definitions xmlns='http://schemas.xmlsoap.org/wsdl/'/>",
        b"<description xmlns='http://www.w3.org/ns/wsdl'/>",
        b"\x00\xff\xfe",
    ];
    for text in bad {
        fs::write(&broken, text).unwrap();
        let said = run(dir.path(), &["import", "broken.wsdl", "--name", "x"]).code(1);
        assert!(said.err.contains("nothing was written") || said.err.contains('×'), "{}", said.err);
        assert_eq!(names(dir.path()), ["broken.wsdl"]);
    }
    for missing in ["missing.wsdl", "broken.wsdl"] {
        let said = run(dir.path(), &["import", missing, "--output", "json"]).code(1);
        let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(json["imported"], false, "{missing}");
        assert!(!json["diagnostics"].as_array().unwrap().is_empty(), "{missing}");
    }
    assert_eq!(names(dir.path()), ["broken.wsdl"]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["import", &sample("countries"), "--dry-run", "--output", "json"]).fine();
    assert!(names(dir.path()).is_empty());
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["written"], false);
    assert_eq!(json["resources"].as_array().unwrap().len(), 3);
    assert!(json["resources"].as_array().unwrap().iter().all(|r| r["mapping"] == "exact"));
    assert!(json["diagnostics"].as_array().unwrap().iter().any(|d| d["code"] == "api.suggest-get"));
    assert!(json["curl"].as_str().unwrap().starts_with("curl "));
}

#[test]
fn a_part_of_a_type_that_is_missing_is_not_exact() {
    let dir = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(crate::support::path("tests/constructs/rpc-one-part/service.wsdl")).unwrap();
    let wsdl = dir.path().join("service.wsdl");
    for (type_, mapping) in [("xs:string", "exact"), ("xs:struct", "noted")] {
        fs::write(&wsdl, text.replace("\"word\" type=\"xs:string\"", &format!("\"word\" type=\"{type_}\""))).unwrap();
        let said = run(dir.path(), &["import", "service.wsdl", "--name", "x", "--dry-run", "--output", "json"]).fine();
        let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(json["resources"][0]["mapping"], mapping, "{}", said.out);
    }
}

#[test]
fn what_is_asked_for_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let wsdl = sample("countries");
    for bad in [
        ["--name", "../up"],
        ["--name", ""],
        ["--api-version", "a/b"],
        ["--context", "/a/../b"],
        ["--endpoint", "ftp://x/"],
        ["--endpoint", "http://u:p@x/"],
    ] {
        let said = run(dir.path(), &["import", &wsdl, bad[0], bad[1]]).code(2);
        assert!(said.err.contains("import.bad-request"), "{bad:?}: {}", said.err);
    }
    let said = run(dir.path(), &["import", &wsdl, "--context", "oauth2"]).code(1);
    assert!(said.err.contains("api.reserved-context"), "{}", said.err);
    run(dir.path(), &["import", &wsdl, "--mode", "neither"]).code(2);
    assert!(names(dir.path()).is_empty());
}

#[test]
fn faces_version_and_context() {
    let dir = tempfile::tempdir().unwrap();
    let wsdl = sample("countries");
    let rest = run(dir.path(), &["import", &wsdl, "--name", "r", "--mode", "rest", "--api-version", "v2.1", "--context", "geo"]).fine();
    assert!(rest.out.contains("/geo/v2.1/GetCountry") && !rest.out.contains("Raw SOAP"), "{}", rest.out);
    let soap = run(dir.path(), &["import", &wsdl, "--name", "p", "--mode", "passthrough"]).fine();
    assert!(!soap.out.contains("GetCountry") && soap.out.contains("Raw SOAP"), "{}", soap.out);
    run(dir.path(), &["check"]).fine();
}

#[test]
fn a_zip_is_imported_as_its_folder_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut zip = zip::ZipWriter::new(fs::File::create(dir.path().join("orders.zip")).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for file in ["orders.xsd", "payment.xsd", "service.wsdl"] {
        zip.start_file(format!("inside/{file}"), options).unwrap();
        std::io::Write::write_all(&mut zip, &fs::read(Path::new(&sample("orders")).join(file)).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    run(dir.path(), &["import", "orders.zip", "--name", "z"]).fine();
    assert_eq!(names(&dir.path().join("apis/z/wsdl/inside")), ["orders.xsd", "payment.xsd", "service.wsdl"]);
    run(dir.path(), &["check"]).fine();
}

#[test]
fn the_comment_of_a_new_definition_can_be_taken_over_as_it_is() {
    let Some(corpus) = crate::support::corpus_or_skip("the_comment_of_a_new_definition_can_be_taken_over_as_it_is") else { return };
    let wanted = ["rubiii-qname-collisions", "axis-multibinding", "exchange-ews"];
    for folder in corpus.iter().filter(|f| wanted.iter().any(|w| f.ends_with(w))) {
        let dir = tempfile::tempdir().unwrap();
        let mut command = vec!["import", folder.to_str().unwrap(), "--name", "x", "-q"];
        if folder.ends_with("rubiii-qname-collisions") {
            command.extend(["--root", "root.wsdl"]);
        }
        run(dir.path(), &command).fine();
        let path = dir.path().join("apis/x/api.yaml");
        let before = fs::read_to_string(&path).unwrap();
        let (head, comment) = before.split_once("# resources:\n").unwrap();
        let taken: String = comment.lines().map(|l| format!("{}\n", l.strip_prefix('#').unwrap_or(l))).collect();
        fs::write(&path, format!("{head}only_listed: true\nresources:\n{taken}")).unwrap();
        run(dir.path(), &["check"]).fine();
        let openapi = run(dir.path(), &["openapi", "x"]).fine().out;
        fs::write(&path, before).unwrap();
        assert!(openapi == run(dir.path(), &["openapi", "x"]).fine().out, "{}", folder.display());
    }
}

/// What was proved stands in the report and in a file beside the definition.
#[test]
fn an_import_proves_a_little() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["import", &sample("orders"), "--name", "orders"]).fine();
    assert!(said.out.contains("Proved 4 of 4 operations, "), "{}", said.out);
    let folder = dir.path().join("apis/orders");
    let text = std::fs::read_to_string(folder.join("evidence.json")).unwrap();
    let evidence: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(evidence["importer"], concat!("castile ", env!("CARGO_PKG_VERSION")));
    assert_eq!(evidence["seed"], 1);
    assert_eq!(evidence["exact"], 4);
    let yaml = std::fs::read_to_string(folder.join("api.yaml")).unwrap();
    assert!(yaml.contains(evidence["digest"].as_str().unwrap()), "{yaml}");
    let messages = evidence["operations"][0]["messages"].as_array().unwrap();
    assert!(messages.iter().all(|m| m["verdict"] == "exact" && m["exact"] == m["of"] && m["of"].as_u64() > Some(0)), "{text}");
    // It is nobody's but people's: what reads the folder takes no notice, and nothing else writes it.
    std::fs::write(folder.join("evidence.json"), "mine").unwrap();
    run(dir.path(), &["check"]).fine();
    assert_eq!(std::fs::read_to_string(folder.join("evidence.json")).unwrap(), "mine");
    let again = run(dir.path(), &["import", &sample("orders"), "--name", "orders", "--dir", "other"]).fine();
    assert_eq!(std::fs::read_to_string(dir.path().join("other/orders/evidence.json")).unwrap(), text);
    assert!(again.out.contains("Proved 4 of 4"), "{}", again.out);
}

/// `exact` is said of what was proved only: not of a message that nobody defines, nor of one with a part that nobody declares, in the body or a header, nor where none can be made.
#[test]
fn exact_is_said_of_what_was_proved() {
    let dir = tempfile::tempdir().unwrap();
    let mapping = |from: &str, construct: &str, to: &str| {
        let wsdl = std::fs::read_to_string(crate::support::path("tests/constructs").join(construct).join("service.wsdl")).unwrap();
        assert!(wsdl.contains(from), "{from}");
        std::fs::write(dir.path().join("a.wsdl"), wsdl.replace(from, to)).unwrap();
        let said = run(dir.path(), &["import", "a.wsdl", "--dry-run", "--output", "json"]).fine();
        let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        report["resources"][0].clone()
    };
    let whole = mapping("", "sequence", "");
    assert_eq!((whole["mapping"].as_str(), whole["proved"]["request"].as_str()), (Some("exact"), Some("exact")), "{whole}");
    let part = mapping("<xs:element name=\"Answer\" type=\"t:T\"/>", "sequence", "");
    assert_eq!((part["mapping"].as_str(), part["proved"]["response"].as_str()), (Some("noted"), Some("undeclared")), "{part}");
    let header = mapping("element=\"t:Session\"", "headers", "element=\"t:Nowhere\"");
    assert_eq!(header["mapping"].as_str(), Some("noted"), "{header}");
    for (construct, message) in [("undefined-input", "request"), ("undefined-output", "response")] {
        let undefined = mapping("", construct, "");
        assert_eq!(
            (undefined["mapping"].as_str(), undefined["proved"][message].as_str()),
            (Some("noted"), Some("undeclared")),
            "{undefined}"
        );
    }
    let none = mapping("<xs:complexType name=\"T\">", "sequence", "<xs:complexType name=\"T\" abstract=\"true\">");
    assert_eq!((none["mapping"].as_str(), none["proved"]["request"].as_str()), (Some("unproved"), Some("unproved")), "{none}");
}
