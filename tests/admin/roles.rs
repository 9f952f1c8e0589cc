//! Every operation has its roles, and asks for them.

use serde_json::{Value, json};

use super::Server;

/// Method, path without parameters' names, roles, of every operation in the document.
fn operations(document: &Value) -> Vec<(String, String, Vec<String>)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let roles = operation["x-castile-roles"].as_array().unwrap_or_else(|| panic!("{method} {path} has no roles"));
            let roles = roles.iter().map(|r| r.as_str().unwrap().to_owned()).collect();
            let path: Vec<&str> = path.split('/').map(|s| if s.starts_with('{') { "x" } else { s }).collect();
            all.push((method.to_uppercase(), path.join("/"), roles));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_asks_for_its_roles() {
    let server = Server::start().await;
    let document = server.send("GET /admin/openapi.json", &[], "");
    assert_eq!(document.status, 200);
    let operations = operations(&document.body);
    assert_eq!(operations.len(), 76, "{operations:?}");
    for (method, path, roles) in operations {
        let open = server.send(&format!("{method} {path}"), &[("content-type", "application/json")], "");
        assert_eq!((open.status, &open.body["code"]), (401, &json!("900902")), "{method} {path}");
        for (who, role) in [("sue", "subscriber"), ("pia", "publisher"), ("ada", "administrator")] {
            let request = format!("{method} {}", path.trim_start_matches("/admin/v1/"));
            let answer = server.ask(who, &request, Value::Null);
            let may = roles.is_empty() || roles.iter().any(|r| r == role);
            let forbidden = answer.status == 403 && answer.body["detail"].as_str().unwrap().starts_with("This asks for ");
            // All subscriptions are for those who decide on them; the operation itself is for all.
            let finer = path == "/admin/v1/subscriptions" && who == "sue";
            assert!(forbidden != may || finer, "{who} {method} {path}: {answer:?}");
            assert!(answer.status < 500, "{who} {method} {path}: {answer:?}");
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_for_administrators_of_the_installation() {
    let server = Server::start().await;
    server.fine("ada", "POST tenants", json!({ "name": "acme", "calls_per_second": 50 }));
    let password = server.fine("ada", "POST users?tenant=acme", json!({ "name": "amy", "roles": ["administrator", "subscriber"] }));
    let password = password["password"].as_str().unwrap();
    use base64::Engine;
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("acme/amy:{password}")));
    let ask = |request: &str, body: Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        server.send(&request.replacen(' ', " /admin/v1/", 1), &[("authorization", &basic), ("content-type", "application/json")], &body)
    };
    assert_eq!(ask("GET me", Value::Null).body, json!({ "tenant": "acme", "name": "amy", "roles": ["subscriber", "administrator"] }));
    // Its own plans and users, and nobody else's.
    assert_eq!(ask("GET plans", Value::Null).body["items"].as_array().unwrap().len(), 5);
    assert_eq!(ask("GET users", Value::Null).body["items"].as_array().unwrap().len(), 1);
    for request in ["GET users?tenant=default", "GET users?tenant=nowhere"] {
        let answer = ask(request, Value::Null);
        assert_eq!((answer.status, &answer.body["code"]), (404, &json!("castile.not_found")), "{request}");
    }
    for request in ["GET tenants", "GET tenants/acme", "DELETE tenants/acme"] {
        let answer = ask(request, Value::Null);
        assert_eq!(answer.body["detail"], "This asks for an administrator of the tenant default.", "{request}");
    }
    let app = ask("POST applications", json!({ "name": "demo" })).body;
    assert_eq!(server.refused("ada", &format!("GET applications/{}", app["id"].as_str().unwrap()), Value::Null).0, 404);
    // What is done there by one who is not from there says so.
    assert_eq!(server.fine("ada", "GET me?tenant=acme", Value::Null)["name"], "default/ada");
    assert_eq!(server.refused("ada", "GET me?tenant=acm", Value::Null).2, "There is no tenant `acm`; did you mean `acme`?");
    // Its log is its own; the installation's holds all.
    let actors = |log: Value| log["items"].as_array().unwrap().iter().map(|e| e["actor"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(actors(ask("GET audit", Value::Null).body), ["amy", "default/ada"]);
    assert!(actors(server.fine("ada", "GET audit", Value::Null)).len() > 5);
    // Who is not let in there is not let in here.
    server.fine("ada", "PATCH tenants/acme", json!({ "standing": "blocked" }));
    assert_eq!(ask("GET me", Value::Null).status, 401);
    let in_use = server.refused("ada", "DELETE tenants/acme", Value::Null);
    assert_eq!(in_use, (409, "castile.in_use".into(), "The tenant `acme` is in use: it has users.".into()));
    assert_eq!(server.refused("ada", "DELETE tenants/default", Value::Null).1, "castile.in_use");
    server.stop().await;
}
