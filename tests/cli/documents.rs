use super::{run, sample};

#[test]
fn openapi_of_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    for (version, starts) in [("3.1", "3.1."), ("3.0", "3.0.")] {
        let said = run(dir.path(), &["openapi", &sample("orders"), "--openapi-version", version]).fine();
        let document: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with(starts));
        assert!(!document["paths"].as_object().unwrap().is_empty());
    }
    run(dir.path(), &["openapi", &sample("orders"), "--openapi-version", "2.0"]).code(2);
}

#[test]
fn a_folder_that_is_called_as_the_api_would_be_is_in_nobodys_way() {
    let dir = tempfile::tempdir().unwrap();
    let service = dir.path().join("countries");
    std::fs::create_dir(&service).unwrap();
    for file in std::fs::read_dir(sample("countries")).unwrap().flatten().filter(|f| f.path().is_file()) {
        std::fs::copy(file.path(), service.join(file.file_name())).unwrap();
    }
    std::fs::create_dir(dir.path().join("Countries")).unwrap();
    run(dir.path(), &["openapi", "countries"]).fine();
    run(dir.path(), &["wsdl", "countries"]).fine();
}

#[test]
fn the_wsdl_names_the_gateway_and_nothing_else_changes() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["import", &sample("orders"), "--name", "orders"]).fine();
    let said = run(dir.path(), &["wsdl", "orders"]).fine();
    let base = "http://127.0.0.1:8280/orders/1";
    assert!(said.out.contains(&format!("location=\"{base}\"")), "{}", said.out);
    assert!(said.out.contains(&format!("schemaLocation=\"{base}?xsd=1\"")), "{}", said.out);
    let original = std::fs::read_to_string(std::path::Path::new(&sample("orders")).join("service.wsdl")).unwrap();
    let changed: Vec<_> = original.lines().zip(said.out.lines()).filter(|(a, b)| a != b).collect();
    assert!(changed.iter().all(|(a, _)| a.contains("ocation=")), "{changed:?}");
    assert_eq!(original.lines().count(), said.out.lines().count());
    let part = run(dir.path(), &["wsdl", "orders", "--xsd", "1"]).fine();
    assert!(part.out.contains("schema"), "{}", part.out);
    run(dir.path(), &["wsdl", "orders", "--xsd", "99"]).code(2);
}
