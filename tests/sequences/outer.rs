//! Sequences of one's own before a mock: what the OpenAPI document shows is what callers send and get, and errors point into that.

use castile::catalog::{self, OpenApiVersion};
use serde_json::{Value, json};

use crate::openapi::served::{Operation, Served, operations};
use crate::openapi::validate::{Schemas, errors};
use crate::support;

/// An API of the sample `countries` with these resources and sequences, served before its mock.
async fn served(resources: &str, sequences: &[(&str, &str)]) -> Served {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("wsdl")).unwrap();
    std::fs::create_dir_all(folder.path().join("sequences")).unwrap();
    for name in ["service.wsdl", "types.xsd"] {
        std::fs::copy(support::path("wsdl/countries").join(name), folder.path().join("wsdl").join(name)).unwrap();
    }
    for (name, text) in sequences {
        std::fs::write(folder.path().join("sequences").join(name), text).unwrap();
    }
    let made = Served::of(|address| {
        let definition = format!(
            "version: 1\napi: {{ name: countries }}\nsource: {{ wsdl: wsdl/service.wsdl }}\nendpoint: {{ url: \"http://{address}/\" }}\n\
             security: [none]\nresources:\n{resources}"
        );
        std::fs::write(folder.path().join("api.yaml"), definition).unwrap();
        let built = catalog::build("countries", &catalog::read_api(folder.path()).unwrap());
        Some(built.api.unwrap_or_else(|| panic!("{:#?}", built.diagnostics)))
    });
    made.await.unwrap()
}

fn operation<'d>(document: &'d Value, method: &str, path: &str) -> Operation<'d> {
    operations(document).into_iter().find(|o| o.method == method && o.path == path).unwrap()
}

const ADD: &str = r#"version: 1
request:
  - require: { header: X-Tenant }
  - if:
      when: "headers['x-dry-run'] == 'true'"
      then: [ { respond: { status: 202, json: { accepted: true } } } ]
  - rename: { from: /country/iso, to: /country/code }
  - move: { from: /title, to: /country/name }
  - set: { to: /country/population, value: "{{ body.people }}" }
  - remove: [/people, /country/internal]
  - map: { at: /country/continent, values: { EU: Europe, AS: Asia } }
  - default: { to: /country/area, value: 1.50 }
  - to_soap: {}
response:
  - to_json: {}
  - rename: { from: /AddCountryResult, to: /code }
  - set: { to: /link, value: "/countries/{{ body.code }}" }
  - set: { to: /links, value: [ { rel: self, known: true } ] }
  - set_status: 201
fault:
  - if: { when: "fault.name == 'CountryExists'", then: [ { set_status: 409 } ] }
  - to_problem: {}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_document_speaks_of_what_callers_send_and_get() {
    let served = served("  - post: /countries\n    operation: AddCountry\n    sequence: sequences/add.yaml\n", &[("add.yaml", ADD)]).await;
    let operation = operation(&served.document, "post", "/countries");
    let schema = served.document.pointer(&operation.pointer("requestBody/content/application~1json/schema")).unwrap();
    let country = &schema["properties"]["country"];
    let names: Vec<&String> = country["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["iso", "capital", "continent", "area", "currency", "founded", "internal"], "{schema}");
    let mut required: Vec<&str> = country["required"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    required.sort_unstable();
    assert_eq!(required, ["continent", "founded", "iso"], "what is set or has a default need not be sent: {schema}");
    assert_eq!(schema["properties"]["people"]["type"], "integer", "what is made of it says what it is: {schema}");
    let mut required: Vec<&str> = schema["required"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    required.sort_unstable();
    assert_eq!(required, ["country", "people", "title"]);
    assert!(country["properties"]["continent"].to_string().contains("\"EU\""), "{country}");
    assert_eq!(country["properties"]["area"]["default"].to_string(), "1.50");
    let responses = operation.value["responses"].as_object().unwrap();
    assert!(responses.contains_key("201") && responses.contains_key("202") && !responses.contains_key("200"), "{responses:?}");
    assert!(responses.contains_key("409"), "{responses:?}");
    let answer = &responses["201"]["content"]["application/json"]["schema"];
    assert_eq!(answer["required"], json!(["code", "links"]), "{answer}");
    assert_eq!(answer["properties"]["link"]["type"], "string");
    assert_eq!(responses["202"]["content"]["application/json"]["schema"]["properties"]["accepted"]["enum"], json!([true]));
    let field = operation.value["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "x-tenant").unwrap();
    assert_eq!((&field["in"], &field["required"]), (&json!("header"), &json!(true)));

    let schemas = Schemas::of(&served.document);
    let example = operation.example().unwrap();
    let body = example.body.as_ref().unwrap();
    assert!(body["title"].is_string() && body["country"]["iso"].is_string() && body["people"].is_number(), "{body}");
    let request = schemas.at(&operation.pointer("requestBody/content/application~1json/schema")).unwrap();
    assert_eq!(errors(&request, body), None);
    let answered = served.send(&example).await;
    assert_eq!(answered.status, 201, "{}", answered.text());
    let answer = schemas.at(&operation.pointer("responses/201/content/application~1json/schema")).unwrap();
    assert_eq!(errors(&answer, &answered.json()), None);
    assert_eq!(errors(&answer, &responses["201"]["content"]["application/json"]["example"]), None);
    assert_eq!(answered.json(), responses["201"]["content"]["application/json"]["example"], "the mock answers what is shown");

    let older: Value = serde_json::from_slice(&served.api.openapi(OpenApiVersion::V30, "http://h").unwrap()).unwrap();
    let schema = older.pointer(&operation.pointer("requestBody/content/application~1json/schema")).unwrap();
    assert!(schema["properties"]["country"]["properties"]["iso"].is_object(), "{schema}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_point_into_what_was_sent() {
    let served = served("  - post: /countries\n    operation: AddCountry\n    sequence: sequences/add.yaml\n", &[("add.yaml", ADD)]).await;
    let operation = operation(&served.document, "post", "/countries");
    let good = operation.example().unwrap().body.unwrap();
    let send = async |change: &dyn Fn(&mut Value)| {
        let mut example = operation.example().unwrap();
        let mut body = good.clone();
        change(&mut body);
        example.body = Some(body);
        let answer = served.send(&example).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        let mut said: Vec<_> =
            answer.json()["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect();
        said.sort_unstable();
        (said, answer.json()["errors"][0]["hint"].as_str().map(str::to_owned))
    };
    assert_eq!(send(&|b| b["country"]["iso"] = json!("lower")).await.0, ["/country/iso"]);
    assert_eq!(send(&|b| _ = b.as_object_mut().unwrap().remove("title")).await.0, ["/title"]);
    assert_eq!(send(&|b| b["people"] = json!("many")).await.0, ["/people"]);
    let both = send(&|b| {
        b["title"] = json!(["a"]);
        b["country"]["continent"] = json!("XX");
    });
    assert_eq!(both.await.0, ["/country/continent", "/title"]);
    let odd = send(&|b| {
        let country = b["country"].as_object_mut().unwrap();
        let iso = country.remove("iso").unwrap();
        country.insert("codee".into(), iso);
    });
    let (said, hint) = odd.await;
    assert!(said.contains(&"/country/iso".to_owned()) && said.contains(&"/country/codee".to_owned()), "{said:?}");
    assert!(hint.is_none() || hint.as_deref() == Some("iso"), "{hint:?}");
    // Who sends the service's own name reads of that.
    let own = send(&|b| {
        let country = b["country"].as_object_mut().unwrap();
        country.remove("iso");
        country.insert("code".into(), json!("lower"));
    });
    assert_eq!(own.await.0, ["/country/code"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_are_a_choice_and_a_header_is_named_where_it_is_wrong() {
    let text = r#"version: 1
request:
  - switch:
      value: headers.x-form
      cases:
        short: [ { rename: { from: /c, to: /code } } ]
        header: [ { set: { to: /code, value: "{{ headers.x-code }}" } } ]
      default: [ { rename: { from: /countryCode, to: /code } } ]
  - to_soap: {}
response:
  - to_json: { unwrap: GetCountryResult }
  - keep: [/code, /name, /population]
  - cast: { at: /population, to: text }
  - if: { when: "body.code == 'LK'", then: [ { set: { to: /island, value: true } } ] }
fault:
  - to_problem: {}
"#;
    let served = served("  - post: /c\n    operation: GetCountry\n    sequence: sequences/s.yaml\n", &[("s.yaml", text)]).await;
    let operation = operation(&served.document, "post", "/c");
    let schema = served.document.pointer(&operation.pointer("requestBody/content/application~1json/schema")).unwrap();
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 2, "{schema}");
    assert!(schema.get("required").is_none() && schema["properties"]["c"].is_object() && schema["properties"]["countryCode"].is_object());
    let answer = served.document.pointer(&operation.pointer("responses/200/content/application~1json/schema")).unwrap();
    assert_eq!(answer["properties"]["population"]["type"], "string", "{answer}");
    assert!(answer["properties"]["island"].is_object() && !answer["required"].as_array().unwrap().contains(&json!("island")), "{answer}");
    let mut example = operation.example().unwrap();
    let answered = served.send(&example).await;
    assert_eq!(answered.status, 200, "{}", answered.text());
    let schemas = Schemas::of(&served.document);
    let validator = schemas.at(&operation.pointer("responses/200/content/application~1json/schema")).unwrap();
    assert_eq!(errors(&validator, &answered.json()), None);
    example.fields = "X-Form: header\r\nX-Code: lower\r\n".to_owned();
    example.body = Some(json!({}));
    let refused = served.send(&example).await;
    let error = &refused.json()["errors"][0];
    assert_eq!((refused.status, error["in"].as_str(), error["name"].as_str()), (400, Some("header"), Some("x-code")), "{}", refused.text());
}

/// What reply steps make of a message of that schema, and what is wrong with them.
fn behind(steps: &str, schema: Value) -> (Option<Value>, Vec<String>) {
    use castile::sequence::{NoDefinitions, Sequence};
    let text = format!("version: 1\nrequest:\n  - to_soap: {{}}\nresponse:\n  - to_json: {{}}\n{steps}fault:\n  - to_problem: {{}}\n");
    match Sequence::parse(castile::diagnostic::SourceId(0), &text) {
        Ok(sequence) => {
            let (shape, found) = sequence.response.behind(schema, &mut NoDefinitions, "it");
            (shape, found.iter().map(|d| format!("{} {}", d.message, d.hint.as_deref().unwrap_or_default())).collect())
        }
        Err(found) => (None, found.iter().map(|d| format!("{} {}", d.message, d.hint.as_deref().unwrap_or_default())).collect()),
    }
}

#[test]
fn what_a_template_reads_of_an_item_is_compared_with_the_schema() {
    let line = json!({ "type": "object", "properties": { "article": { "type": "string" }, "by": { "type": "object", "properties": { "name": { "type": "string" } }, "additionalProperties": false } }, "additionalProperties": false });
    let object = |members: Value| json!({ "type": "object", "properties": members, "additionalProperties": false });
    let schema = object(json!({ "lines": { "type": "array", "items": line }, "names": object(json!({ "de": { "type": "string" } })) }));
    for (template, wrong) in [
        ("{{#each body.lines}}{{article}}{{#with by}}{{name}}{{/with}}{{by.name}}{{@index}}{{/each}}", None),
        ("{{#each body.lines as |line|}}{{line.artikel}}{{/each}}", Some("it has no `/lines/*/artikel` did you mean `/lines/*/article`?")),
        ("{{#each body.lines}}{{#with by}}{{nam}}{{/with}}{{/each}}", Some("it has no `/lines/*/by/nam` did you mean `/lines/*/by/name`?")),
        ("{{#with body.lines.[0]}}{{articel}}{{/with}}", Some("it has no `/lines/0/articel` did you mean `/lines/0/article`?")),
        ("{{#each body.names}}{{@key}}{{this}}{{/each}}", None),
    ] {
        let (_, found) = behind(&format!("  - template: {{ text: '\"{template}\"' }}\n"), schema.clone());
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), Vec::from_iter(wrong), "{template}");
    }
}

#[test]
fn the_schema_of_a_reply_says_what_is_made_of_it() {
    let call = "  - call: { operation: GetCustomer, as: customer, schema: { type: object, properties: { name: { type: string }, no: { type: integer } }, additionalProperties: false } }\n";
    let set = |place: &str| format!("{call}  - set: {{ to: /x, value: \"{{{{ calls.customer.{place} }}}}\" }}\n");
    let schema = || json!({ "type": "object", "properties": {}, "additionalProperties": false });
    let (shape, found) = behind(&set("no"), schema());
    assert_eq!((shape.unwrap()["properties"]["x"].clone(), found.len()), (json!({ "type": "integer" }), 0));
    let (_, found) = behind(&set("nmae"), schema());
    assert_eq!(found, ["the reply to the call `customer` has no `/nmae` did you mean `/name`?"]);
    let (_, found) = behind(
        &set("no")
            .replace("schema: { type", "schema: [ { type")
            .replace("additionalProperties: false } }", "additionalProperties: false } ] }"),
        schema(),
    );
    assert!(found[0].contains("a JSON Schema"), "{found:?}");
}

#[test]
fn a_declared_header_block_that_a_step_sets_need_not_be_sent() {
    use castile::sequence::{NoDefinitions, Sequence};
    let block =
        json!({ "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"], "additionalProperties": false });
    let object = |members: Value, required: Value| json!({ "type": "object", "properties": members, "required": required, "additionalProperties": false });
    let schema = object(
        json!({ "$headers": object(json!({ "Shop": block }), json!(["Shop"])), "n": { "type": "integer" } }),
        json!(["$headers", "n"]),
    );
    let before = |step: &str| {
        let text =
            format!("version: 1\nrequest:\n  - {step}\n  - to_soap: {{}}\nresponse:\n  - to_json: {{}}\nfault:\n  - to_problem: {{}}\n");
        let sequence = Sequence::parse(castile::diagnostic::SourceId(0), &text).unwrap();
        let (shape, found) = sequence.request.before(schema.clone(), &mut NoDefinitions, "it");
        (shape.unwrap(), found.iter().map(|d| format!("{} {}", d.message, d.hint.as_deref().unwrap_or_default())).collect::<Vec<_>>())
    };
    let (shape, found) = before("set_soap_header: { header: Shop, value: { id: bern } }");
    assert_eq!((shape["required"].clone(), found), (json!(["n"]), Vec::new()), "{shape}");
    let (_, found) = before("set_soap_header: { header: Shpo, value: { id: bern } }");
    assert_eq!(found, ["it has no `/$headers/Shpo` did you mean `/$headers/Shop`?"]);
    let (_, found) = before("set_soap_header: { header: Shop, value: { name: bern } }");
    assert!(found.len() == 1 && found[0].contains("does not fit"), "{found:?}");
}

#[test]
fn a_scope_that_only_a_step_asks_for_is_in_the_document() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("wsdl")).unwrap();
    std::fs::create_dir_all(folder.path().join("sequences")).unwrap();
    for name in ["service.wsdl", "types.xsd"] {
        std::fs::copy(support::path("wsdl/countries").join(name), folder.path().join("wsdl").join(name)).unwrap();
    }
    let sequence = "version: 1\nrequest:\n  - require: { scope: geo:write }\n  - if: { when: \"exists(headers.x)\", then: [ { require: { scope: geo:x } } ] }\n  - to_soap: {}\nresponse:\n  - to_json: {}\nfault:\n  - to_problem: {}\n";
    std::fs::write(folder.path().join("sequences/s.yaml"), sequence).unwrap();
    let definition = "version: 1\napi: { name: countries }\nsource: { wsdl: wsdl/service.wsdl }\nendpoint: { url: \"http://h/\" }\nsecurity: [oauth2, api_key]\nresources:\n  \
                      - post: /a\n    operation: GetCountry\n    sequence: sequences/s.yaml\n  - post: /b\n    operation: GetCountry\n    sequence: sequences/s.yaml\n    scope: geo:read\n";
    std::fs::write(folder.path().join("api.yaml"), definition).unwrap();
    let built = catalog::build("countries", &catalog::read_api(folder.path()).unwrap());
    let api = built.api.unwrap_or_else(|| panic!("{:#?}", built.diagnostics));
    let document: Value = serde_json::from_slice(&api.openapi(OpenApiVersion::V31, "http://h").unwrap()).unwrap();
    // A key has no scopes, so none gets through.
    assert_eq!(document["paths"]["/a"]["post"]["security"], json!([{ "oauth2": ["geo:write"] }]));
    assert_eq!(document["paths"]["/b"]["post"]["security"], json!([{ "oauth2": ["geo:read", "geo:write"] }]));
    let flows = &document["components"]["securitySchemes"]["oauth2"]["flows"];
    assert_eq!(flows["clientCredentials"]["scopes"], json!({ "geo:read": "", "geo:write": "" }), "{flows}");
}

/// Nobody's sequence holds up the process that loads it.
#[test]
fn a_large_sequence_over_a_large_message_is_inferred_within_bounds() {
    use castile::sequence::{NoDefinitions, Sequence};
    let members: serde_json::Map<String, Value> =
        (0..1_000).map(|i| (format!("m{i}"), json!({ "type": "string", "maxLength": i }))).collect();
    let message =
        json!({ "type": "object", "properties": { "a": { "type": "object", "properties": members, "additionalProperties": false } } });
    let branches = "  - if: { when: \"headers.x == 'a'\", then: [ { rename: { from: /a/x, to: /a/m1 } } ], else: [ { set: { to: /a/m2, value: y } } ] }\n".repeat(100);
    let text = format!("version: 1\nrequest:\n{branches}  - to_soap: {{}}\nresponse:\n  - to_json: {{}}\nfault:\n  - to_problem: {{}}\n");
    let sequence = Sequence::parse(castile::diagnostic::SourceId(0), &text).unwrap();
    let began = std::time::Instant::now();
    let (shape, _) = sequence.request.before(message, &mut NoDefinitions, "it");
    assert!(shape.is_some());
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
}

/// Nor does the search for where an error comes from.
#[test]
fn an_error_behind_many_branches_is_placed_within_bounds() {
    use castile::sequence::{Origin, Sequence};
    let renames =
        |level: usize| (0..6).map(|i| format!("{{ rename: {{ from: /r{level}{i}, to: /code }} }}")).collect::<Vec<_>>().join(", ");
    let mut inner = renames(0);
    for level in 1..7 {
        inner = format!(
            "{{ if: {{ when: \"exists(headers.x)\", then: [ {inner} ], else: [ {inner_too} ] }} }}, {}",
            renames(level),
            inner_too = renames(level)
        );
    }
    let text =
        format!("version: 1\nrequest: [ {inner}, {{ to_soap: {{}} }} ]\nresponse:\n  - to_json: {{}}\nfault:\n  - to_problem: {{}}\n");
    let sequence = Sequence::parse(castile::diagnostic::SourceId(0), &text).unwrap();
    let began = std::time::Instant::now();
    let found = sequence.request.origins("/code");
    assert!(found.contains(&Origin::Body("/r65".into())), "{found:?}");
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}
