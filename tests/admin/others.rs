//! Plans, users, clients, issuers; pages of lists.

use serde_json::{Value, json};

use super::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_when_nothing_is_on_it() {
    let server = Server::start().await;
    let plan = server.fine("ada", "POST plans", json!({ "name": "small", "quota": "10/min", "burst": "2 per second" }));
    assert_eq!(plan, json!({ "name": "small", "display_name": "", "quota": "10 calls a minute", "burst": "2 calls a second" }));
    assert_eq!(server.refused("ada", "POST plans", json!({ "name": "small" })).1, "castile.exists");
    // What is shown can be put back.
    let mut more = plan.clone();
    more["quota"] = json!("20 calls a minute");
    assert_eq!(server.fine("ada", "PUT plans/small", more.clone()), more);
    assert_eq!(server.refused("ada", "PUT plans/smal", more).0, 400);
    assert_eq!(server.refused("ada", "PUT plans/smal", json!({ "name": "smal" })).2, "There is no plan `smal`; did you mean `small`?");
    let refused = || server.refused("ada", "DELETE plans/small", Value::Null).2;
    server.fine("ada", "POST applications", json!({ "name": "demo", "owner": "sue", "plan": "small" }));
    assert_eq!(refused(), "The plan `small` is in use: applications are on it.");
    server.fine("ada", "PATCH applications/demo", json!({ "plan": null }));
    let subscription = server.fine("sue", "POST subscriptions", json!({ "application": "demo", "api": "countries", "plan": "small" }));
    assert_eq!(refused(), "The plan `small` is in use: subscriptions are on it.");
    server.fine("sue", &format!("DELETE subscriptions/{}", subscription["id"].as_str().unwrap()), Value::Null);
    server.publish("dear", "published", "plans: [small]").await;
    assert_eq!(refused(), "The plan `small` is in use: the API dear is offered on it.");
    server.publish("dear", "published", "plans: [gold]").await;
    server.fine("ada", "DELETE plans/small", Value::Null);
    assert_eq!(server.fine("sue", "GET plans", Value::Null)["items"].as_array().unwrap().len(), 5);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_with_a_password_that_is_shown_once() {
    let server = Server::start().await;
    let made = server.fine("ada", "POST users", json!({ "name": "eve", "roles": ["subscriber", "publisher", "subscriber"] }));
    assert_eq!(made["roles"], json!(["subscriber", "publisher"]));
    assert!(made["password"].as_str().unwrap().starts_with("pw_"));
    let listed = server.fine("ada", "GET users/eve", Value::Null);
    assert!(listed.get("password").is_none() && !listed.to_string().contains("argon2"), "{listed}");
    let changed = server.fine("ada", "PATCH users/eve", json!({ "roles": ["subscriber"] }));
    assert!(changed.get("password").is_none());
    assert_ne!(server.fine("ada", "PATCH users/eve", json!({ "new_password": true }))["password"], made["password"]);
    for name in ["local", "system", "a b", "a:b", "a/b", ""] {
        assert_eq!(server.refused("ada", "POST users", json!({ "name": name, "roles": ["subscriber"] })).0, 400, "{name}");
    }
    assert_eq!(server.refused("ada", "POST users", json!({ "name": "eva", "roles": [] })).0, 400);
    assert_eq!(server.refused("ada", "POST users", json!({ "name": "eve", "roles": ["subscriber"] })).1, "castile.exists");
    server.fine("sue", "POST applications", json!({ "name": "demo" }));
    assert_eq!(server.refused("ada", "DELETE users/sue", Value::Null).2, "The user `sue` is in use: it owns applications.");
    server.fine("ada", "DELETE users/eve", Value::Null);
    let log = server.log().await;
    assert_eq!(log.last().unwrap(), &("ada".into(), "user.remove".into(), "removed the user eve".into()));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_have_the_grants_that_fit_them() {
    let server = Server::start().await;
    server.fine("sue", "POST applications", json!({ "name": "demo" }));
    let create = |who: &str, body: Value| server.ask(who, "POST applications/demo/clients", body);
    let service = create("sue", json!({})).body;
    assert_eq!((&service["grants"], &service["public"]), (&json!(["client_credentials"]), &json!(false)));
    let secret = service["client_secret"].as_str().unwrap();
    assert!(secret.starts_with("secret_"), "{secret}");
    let browser = create("sue", json!({ "public": true, "redirect_uris": ["https://a.example/back"] })).body;
    assert_eq!((&browser["grants"], browser.get("client_secret")), (&json!(["authorization_code", "refresh_token"]), None));
    for redirect in ["http://127.0.0.1:7777/back", "http://[::1]/back", "com.example.app:/back"] {
        assert_eq!(create("sue", json!({ "redirect_uris": [redirect] })).status, 201, "{redirect}");
    }
    let bad = [
        json!({ "redirect_uris": ["http://a.example/back"] }),
        json!({ "redirect_uris": ["https://a.example/#x"] }),
        json!({ "redirect_uris": ["javascript:alert(1)"] }),
        json!({ "redirect_uris": ["https://u:p@a.example/"] }),
        json!({ "grants": ["implicit"] }),
        json!({ "grants": ["authorization_code"] }),
        json!({ "public": true, "grants": ["client_credentials"] }),
        json!({ "public": true }),
        json!({ "scopes": ["a b"] }),
    ];
    for body in bad {
        let answer = create("sue", body.clone());
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("castile.invalid_request")), "{body}");
    }
    assert_eq!(create("sue", json!({ "grants": ["password"] })).status, 403);
    assert_eq!(create("ada", json!({ "grants": ["password"] })).status, 201);
    let renew = |client: &Value| format!("POST clients/{}/secret", client["client_id"].as_str().unwrap());
    assert_ne!(server.fine("sue", &renew(&service), json!({}))["client_secret"], json!(secret));
    assert_eq!(server.refused("sue", &renew(&browser), json!({})).0, 400);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn issuers_have_good_addresses_and_signatures_with_two_keys() {
    let server = Server::start().await;
    let app = server.fine("sue", "POST applications", json!({ "name": "demo" }));
    let good = json!({ "name": "corp", "iss": "https://login.example/", "audiences": ["castile"], "applications": { "c1": "demo" } });
    let made = server.fine("ada", "POST issuers", good.clone());
    assert_eq!(made["applications"], json!({ "c1": app["id"] }));
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body["name"] = json!("other");
        body["iss"] = json!("https://other.example");
        body[name] = value;
        server.ask("ada", "POST issuers", body)
    };
    for (name, value) in [
        ("iss", json!("http://login.example/")),
        ("iss", json!("login")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("jwks_uri", json!("http://10.0.0.1/keys")),
        ("audiences", json!([])),
        ("algorithms", json!(["HS256"])),
        ("algorithms", json!(["none"])),
    ] {
        assert_eq!(with(name, value.clone()).status, 400, "{name} {value}");
    }
    assert_eq!(with("applications", json!({ "c1": "dem" })).body["nearest"], "demo");
    assert_eq!(with("iss", json!("https://login.example/")).body["code"], "castile.exists");
    let mut changed = made.clone();
    changed["audiences"] = json!(["castile", "gateway"]);
    assert_eq!(server.fine("ada", "PUT issuers/corp", changed.clone()), changed);
    server.fine("ada", "DELETE issuers/corp", Value::Null);
    assert_eq!(server.fine("ada", "GET issuers", Value::Null)["items"], json!([]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_come_in_parts() {
    let server = Server::start().await;
    for i in 0..7 {
        server.fine("sue", "POST applications", json!({ "name": format!("app{i}") }));
        server.fine("sid", "POST applications", json!({ "name": format!("app{i}") }));
    }
    let names = |who: &str, path: &str, name: &str| {
        let (mut all, mut cursor, mut parts) = (Vec::new(), String::new(), 0);
        loop {
            let part = server.fine(who, &format!("GET {path}?limit=3{cursor}"), Value::Null);
            all.extend(part["items"].as_array().unwrap().iter().map(|a| a[name].to_string()));
            parts += 1;
            match part["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return (all.len(), parts, all.into_iter().collect::<std::collections::BTreeSet<_>>().len()),
            }
        }
    };
    assert_eq!(names("sue", "applications", "name"), (7, 3, 7));
    assert_eq!(names("ada", "applications", "id"), (14, 5, 14));
    let entries = server.log().await.len();
    assert_eq!(names("ada", "audit", "seq"), (entries, entries.div_ceil(3), entries));
    server.stop().await;
}
