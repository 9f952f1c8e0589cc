use super::{run, sample};

#[test]
fn help_is_no_error_and_wrong_usage_is_two() {
    let dir = tempfile::tempdir().unwrap();
    let help = run(dir.path(), &["--help"]).fine();
    for command in ["try", "init", "import", "check", "serve", "mock", "encode", "decode", "call", "openapi", "wsdl", "explain"] {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command} is missing: {}", help.out);
    }
    run(dir.path(), &["--version"]).fine();
    run(dir.path(), &["improt"]).code(2);
    run(dir.path(), &["import"]).code(2);
    run(dir.path(), &["encode", "x"]).code(2);
    run(dir.path(), &["check", "nowhere"]).code(2);
}

#[test]
fn init_makes_what_is_missing_and_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init", "new"]).fine();
    let settings = dir.path().join("new/castile.yaml");
    assert!(dir.path().join("new/apis").is_dir());
    let text = std::fs::read_to_string(&settings).unwrap();
    assert!(text.lines().all(|l| l.is_empty() || l.starts_with('#')), "{text}");
    std::fs::write(&settings, "log: { level: debug }\n").unwrap();
    run(dir.path(), &["init", "new"]).fine();
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), "log: { level: debug }\n");
    run(dir.path(), &["check", "new"]).fine();
}

#[test]
fn check_says_all_errors_at_once() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init"]).fine();
    for name in ["countries", "orders", "inventory"] {
        run(dir.path(), &["import", &sample(name), "--name", name]).fine();
    }
    run(dir.path(), &["check"]).fine();
    let api = |name: &str| dir.path().join("apis").join(name).join("api.yaml");
    let edit = |name: &str, more: &str| {
        let text = std::fs::read_to_string(api(name)).unwrap();
        std::fs::write(api(name), text + more).unwrap();
    };
    edit("countries", "nubmers: string\n");
    edit("orders", "resources:\n  - get: /x\n    operation: NoSuchOperation\n    sequence: sequences/none.yaml\n");
    std::fs::write(dir.path().join("apis/inventory/wsdl/service.wsdl"), "<a>").unwrap();
    std::fs::write(dir.path().join("castile.yaml"), "listen: { gatway: 1 }\n").unwrap();
    let said = run(dir.path(), &["check"]).code(1);
    for expected in [
        "`listen.gatway` is not a setting",
        "api.unknown-key",
        "did you mean `numbers`?",
        "api.unknown-operation",
        "sequence.missing-file",
        "apis/countries/api.yaml",
        "apis/inventory/wsdl/service.wsdl",
    ] {
        assert!(said.err.contains(expected), "{expected} is missing: {}", said.err);
    }
    std::fs::write(dir.path().join("castile.yaml"), "").unwrap();
    let json = run(dir.path(), &["check", "--output", "json"]).code(1);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["good"], false);
    assert_eq!(json["apis"].as_array().unwrap().len(), 3);
    let one = run(dir.path(), &["check", "apis/orders"]).code(1);
    assert!(!one.err.contains("nubmers") && one.err.contains("NoSuchOperation"));
}

/// What is wrong in one file of an API must not hide what is wrong in another.
#[test]
fn a_broken_api_yaml_hides_neither_the_wsdl_nor_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["import", &sample("inventory"), "--name", "inventory"]).fine();
    let own = dir.path().join("apis/inventory");
    std::fs::write(own.join("wsdl/service.wsdl"), "<a>").unwrap();
    std::fs::write(own.join("api.lock"), "{").unwrap();
    let good = std::fs::read_to_string(own.join("api.yaml")).unwrap();
    for broken in [good.replace("version: 1", "vresion: 1"), "version: 1\napi: {\n".to_owned()] {
        std::fs::write(own.join("api.yaml"), broken).unwrap();
        let said = run(dir.path(), &["check"]).code(1);
        for file in ["apis/inventory/api.yaml:", "apis/inventory/api.lock:", "apis/inventory/wsdl/service.wsdl:"] {
            assert!(said.err.contains(file), "{file} is missing: {}", said.err);
        }
    }
}

#[test]
fn two_apis_at_one_address_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["import", &sample("countries"), "--name", "a", "--context", "/same"]).fine();
    run(dir.path(), &["import", &sample("countries"), "--name", "b", "--context", "/same"]).fine();
    let said = run(dir.path(), &["check"]).code(1);
    assert!(said.err.contains("api.duplicate-address"), "{}", said.err);
}

#[test]
fn codes_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(dir.path(), &["explain", "api.unknown-key"]).fine().out.contains("slip of the pen"));
    assert!(run(dir.path(), &["explain", "castile.invalid_request"]).fine().out.contains("pointer"));
    let said = run(dir.path(), &["explain", "api.unknwon-key"]).code(2);
    assert!(said.err.contains("did you mean `api.unknown-key`?"), "{}", said.err);
    let plan = run(dir.path(), &["explain", &sample("countries"), "GetCountry"]).fine();
    assert!(plan.out.contains("\"code\""), "{}", plan.out);
    assert_eq!(run(dir.path(), &["explain", &sample("countries"), "GetCountry"]).out, plan.out);
}
