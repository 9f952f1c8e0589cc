//! What sequences call of other APIs, once all are known.

use std::path::Path;
use std::sync::Arc;

use castile::catalog::{self, Built, PublishedApi};
use castile::diagnostic::text;

use crate::support;

/// An API of the sample `countries` of that name, whose `POST /c` calls this.
fn api(root: &Path, name: &str, call: &str) {
    let folder = root.join(name);
    std::fs::create_dir_all(folder.join("wsdl")).unwrap();
    std::fs::create_dir_all(folder.join("sequences")).unwrap();
    for file in ["service.wsdl", "types.xsd"] {
        std::fs::copy(support::path("wsdl/countries").join(file), folder.join("wsdl").join(file)).unwrap();
    }
    let definition = format!(
        "version: 1\napi: {{ name: {name} }}\nsource: {{ wsdl: wsdl/service.wsdl }}\nendpoint: {{ url: \"http://h/\" }}\nresources:\n  - post: /c\n    operation: GetCountry\n    sequence: sequences/s.yaml\n  - post: /d\n    operation: GetCountry\n    sequence: sequences/s.yaml\n"
    );
    std::fs::write(folder.join("api.yaml"), definition).unwrap();
    let sequence = format!("version: 1\nrequest:\n{call}  - to_soap: {{}}\nresponse:\n  - to_json: {{}}\nfault:\n  - to_problem: {{}}\n");
    std::fs::write(folder.join("sequences/s.yaml"), sequence).unwrap();
}

/// What is said of that call to the API `stock`.
fn said(call: &str) -> String {
    let root = tempfile::tempdir().unwrap();
    api(root.path(), "orders", call);
    api(root.path(), "stock", "");
    let built: Vec<Built> =
        ["orders", "stock"].iter().map(|name| catalog::build(name, &catalog::read_api(&root.path().join(name)).unwrap())).collect();
    let apis: Vec<Arc<PublishedApi>> = built.iter().map(|b| b.api.clone().unwrap()).collect();
    let found = catalog::missing_callees(&apis[0], &apis);
    text(&found, 0, &built[0].sources, false).replace(&*root.path().to_string_lossy(), "apis")
}

#[test]
fn what_another_api_does_not_have_is_said_where_it_is_called() {
    assert_eq!(said("  - call: { api: stock, operation: ListCountries, as: all }\n"), "");
    assert_eq!(said("  - call: { operation: ListCountries, as: all }\n"), "", "its own are looked at elsewhere");
    let operation = said("  - call: { api: stock, operation: ListContries, as: all }\n");
    for part in ["×", "the API `stock` has no operation `ListContries` that can be called", "did you mean `ListCountries`?", "s.yaml:3:36"]
    {
        assert!(operation.contains(part), "{operation}");
    }
    assert_eq!(operation.matches("ListContries` that").count(), 1, "two resources, one file: {operation}");
    let api = said("  - call:\n      parallel:\n        - { api: stok, operation: ListCountries, as: all }\n");
    for part in ["⚠", "there is no API `stok` to call", "did you mean `stock`?", "s.yaml:5"] {
        assert!(api.contains(part), "{api}");
    }
}
