use std::sync::Arc;

use castile::catalog::{self, BodyChild, Built, ParameterLocation, PublishedApi, PublishedResource};

use super::{add, edit};

fn built(sample: &str, more: &str) -> Built {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), sample, "x", None);
    edit(dir.path(), "x", more);
    match catalog::read_api(&dir.path().join("x")) {
        Ok(content) => catalog::build("x", &content),
        Err(built) => built,
    }
}

fn good(sample: &str, more: &str) -> Arc<PublishedApi> {
    let built = built(sample, more);
    let said: Vec<_> = built.diagnostics.iter().map(|d| d.line(&built.sources)).collect();
    built.api.unwrap_or_else(|| panic!("{said:#?}"))
}

/// `GET /countries/{code} GetCountry: path code=/code, query …`
fn shown(api: &PublishedApi, resource: &PublishedResource) -> String {
    let parameter = |p: &catalog::Parameter| {
        let place = if p.location == ParameterLocation::Path { "path" } else { "query" };
        format!("{place} {}={}{}", p.name, p.pointer, if p.required { "!" } else { "" })
    };
    let parameters: Vec<_> = resource.parameters.iter().map(parameter).collect();
    format!("{} {} {}: {}", resource.method.as_str(), resource.path, api.plan(resource).unwrap().name, parameters.join(", "))
}

fn all(api: &PublishedApi) -> Vec<String> {
    api.resources.iter().map(|r| shown(api, r)).collect()
}

#[test]
fn every_operation_is_a_post_by_itself() {
    assert_eq!(
        all(&good("countries", "")),
        ["POST /GetCountry GetCountry: ", "POST /ListCountries ListCountries: ", "POST /AddCountry AddCountry: "]
    );
}

#[test]
fn a_get_takes_simple_inputs_from_path_and_query() {
    let api = good(
        "countries",
        "resources:\n  - get: /countries/{code}\n    operation: GetCountry\n  - get: /countries\n    operation: ListCountries\n    \
         query: { part: /continent }\n",
    );
    assert_eq!(
        all(&api),
        [
            "GET /countries/{code} GetCountry: path code=/code!",
            "GET /countries ListCountries: query part=/continent, query limit=/limit",
            "POST /AddCountry AddCountry: ",
        ]
    );
    assert!(!api.resources[0].body && api.resources[2].body);
}

#[test]
fn a_safe_operation_answers_get_beside_its_method() {
    let api = good("countries", "resources:\n  - post: /c\n    operation: GetCountry\n    safe: true\nonly_listed: true\n");
    assert_eq!(all(&api), ["POST /c GetCountry: ", "GET /c GetCountry: query code=/code!"]);
}

#[test]
fn the_port_is_soap_11_unless_the_definition_picks() {
    let version =
        |more: &str| good("countries", more).program.operations[good("countries", more).resources[0].operation].port.clone().unwrap();
    assert_eq!(&*version(""), "CountriesSoap");
    let api = good("countries", "");
    let ports: Vec<_> = api.program.operations.iter().filter(|o| &*o.name == "GetCountry").map(|o| o.port.clone().unwrap()).collect();
    if let Some(other) = ports.get(1) {
        let picked = format!("resources:\n  - post: /GetCountry\n    operation: GetCountry\n    port: {other}\n");
        assert_eq!(version(&picked), *other);
    }
}

#[test]
fn what_does_not_fit_the_wsdl_is_said_with_the_nearest_name() {
    let cases = [
        ("  - post: /a\n    operation: GetCuontry\n", "api.unknown-operation", Some("did you mean `GetCountry`?")),
        ("  - post: /a\n    operation: GetCountry\n    port: Nowhere\n", "api.unknown-operation", None),
        ("  - get: /a/{coed}\n    operation: GetCountry\n", "api.unknown-property", Some("did you mean `code`?")),
        ("  - get: /a\n    operation: AddCountry\n", "api.unknown-property", None),
        ("  - get: /a\n    operation: GetCountry\n    query: { q: /code/x }\n", "api.unknown-property", None),
        (
            "  - post: /a\n    operation: AddCountry\n    faults: { CountryExist: 409 }\n",
            "api.unknown-fault",
            Some("did you mean `CountryExists`?"),
        ),
        (
            "  - post: /a\n    operation: GetCountry\n    unwrap: GetCountryResul\n",
            "api.unknown-property",
            Some("did you mean `GetCountryResult`?"),
        ),
        ("  - post: /a\n    operation: AddCountry\n  - post: /a\n    operation: GetCountry\n", "api.duplicate-resource", None),
        ("  - get: /a/{code}\n    operation: GetCountry\n  - get: /a/{x}\n    operation: ListCountries\n", "api.duplicate-resource", None),
    ];
    for (resources, code, hint) in cases {
        let built = built("countries", &format!("resources:\n{resources}"));
        assert!(built.api.is_none(), "{resources}");
        let found = built.diagnostics.iter().find(|d| d.code.id == code).unwrap_or_else(|| panic!("{resources}: {:?}", built.diagnostics));
        assert_eq!(found.hint.as_deref(), hint, "{resources}");
        let said = found.line(&built.sources);
        assert!(said.contains("x/api.yaml:"), "{said}");
    }
}

#[test]
fn a_reply_can_be_unwrapped() {
    let api = good("countries", "resources:\n  - post: /a\n    operation: GetCountry\n    unwrap: GetCountryResult\n");
    assert_eq!(api.resources[0].unwrap.as_deref(), Some("GetCountryResult"));
}

#[test]
fn a_fault_has_the_status_of_its_resource() {
    let api = good("countries", "resources:\n  - post: /AddCountry\n    operation: AddCountry\n    faults: { CountryExists: 409 }\n");
    let plan = api.program.operation("AddCountry", None).unwrap();
    assert_eq!(plan.faults[0].status, 409);
}

#[test]
fn raw_operations_are_found_by_the_first_child_of_the_body() {
    let api = good("countries", "endpoint: { url: \"http://h/x\" }\n");
    let get = api.raw_operations.iter().find(|r| &*r.name == "GetCountry").unwrap();
    assert!(matches!(&get.body, BodyChild::Elements(names) if names[0].is("urn:castile:samples:countries", "GetCountry")), "{get:?}");
    assert!(api.raw_operations.iter().all(|r| &*r.url == "http://h/x" && r.plan.is_some()));
    let inventory = good("inventory", "");
    let rpc = &inventory.raw_operations[0];
    assert!(matches!(&rpc.body, BodyChild::Elements(names) if names[0].local() == &*rpc.name), "{rpc:?}");
    assert!(good("countries", "passthrough: false\n").raw_operations.is_empty());
    assert!(good("countries", "rest: false\n").resources.is_empty());
}

#[test]
fn a_sequence_fits_the_resource_that_names_it() {
    let resource = "resources:\n  - get: /c/{code}\n    operation: GetCountry\n    sequence: sequences/s.yaml\n";
    let said = |more: &str, steps: &str, json: &str| {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), "countries", "x", None);
        edit(dir.path(), "x", more);
        let text =
            format!("version: 1\nrequest:\n{steps}  - to_soap: {{}}\nresponse:\n  - to_json: {json}\nfault:\n  - to_problem: {{}}\n");
        std::fs::create_dir_all(dir.path().join("x/sequences")).unwrap();
        std::fs::write(dir.path().join("x/sequences/s.yaml"), text).unwrap();
        let content = catalog::read_api(&dir.path().join("x")).unwrap();
        // What is sent elsewhere as texts comes back whole.
        let texts = content.texts();
        let again = castile::store::Content::of_texts("default", "x", &texts).map(|c| c.texts()).unwrap_or_default();
        assert_eq!(again.get("sequences/s.yaml"), texts.get("sequences/s.yaml"));
        let built = catalog::build("x", &content);
        let position = |d: &castile::diagnostic::Diagnostic| d.span.and_then(|s| built.sources.position(s)).unwrap_or_default();
        let errors: Vec<_> = built
            .diagnostics
            .iter()
            .filter(|d| d.code.id.starts_with("sequence."))
            .map(|d| (d.code.id, position(d), d.message.clone()))
            .collect();
        assert_eq!(built.api.is_none(), !errors.is_empty(), "{:?}", built.diagnostics);
        errors
    };
    assert_eq!(said(resource, "  - set_header: { name: X-Code, value: \"{{ path.code }}\" }\n", "{ unwrap: GetCountryResult }"), []);
    let wrong = said(resource, "  - set_header: { name: X-Code, value: \"{{ path.cod }}\" }\n", "{}");
    assert_eq!(wrong, [("sequence.no-name", (3, 42), "the path /c/{code} has no parameter `cod`".to_owned())]);
    assert_eq!(said(resource, "", "{ unwrap: GetContryResult }")[0].0, "sequence.unfit");
    assert_eq!(said(&format!("cache: 60s\n{resource}"), "  - remove: /a\n", "{}")[0].0, "sequence.unfit");
    assert_eq!(said(&resource.replace("s.yaml", "none.yaml"), "", "{}")[0].0, "sequence.missing-file");
}
