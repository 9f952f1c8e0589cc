//! What stands before every operation: host, credentials, size, form.

use std::os::unix::fs::PermissionsExt;

use castile::admin;
use serde_json::{Value, json};

use super::{PASSWORD, Server};

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_not_good_have_one_answer() {
    let server = Server::start().await;
    let basic = |text: &str| {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
    };
    let bad = [
        "Bearer wrong".to_owned(),
        "Bearer".to_owned(),
        "Digest x".to_owned(),
        "Basic !".to_owned(),
        basic("sue"),
        basic("sue:wrong password"),
        basic(&format!("nobody:{PASSWORD}")),
        basic(&format!("nowhere/sue:{PASSWORD}")),
        basic(&format!(":{PASSWORD}")),
        format!("Bearer {}", "x".repeat(9_000)),
    ];
    for authorization in &bad {
        let answer = server.send("GET /admin/v1/me", &[("authorization", authorization)], "");
        let said = (answer.status, &answer.body["code"], &answer.body["detail"]);
        assert_eq!(said, (401, &json!("900901"), &json!("The credentials are not valid.")), "{authorization}");
        assert!(answer.head.contains("www-authenticate: bearer") && answer.head.contains("www-authenticate: basic"), "{}", answer.head);
    }
    let twice = server.send("GET /admin/v1/me", &[("authorization", &server.local), ("authorization", &server.local)], "");
    assert_eq!(twice.status, 401);
    // A password that was changed, a user who is blocked: at once.
    assert_eq!(server.fine("sue", "GET me", Value::Null)["roles"], json!(["subscriber"]));
    server.fine("ada", "PATCH users/sue", json!({ "password": "another long one" }));
    assert_eq!(server.ask("sue", "GET me", Value::Null).status, 401);
    server.fine("ada", "PATCH users/sid", json!({ "standing": "blocked" }));
    assert_eq!(server.ask("sid", "GET me", Value::Null).status, 401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_names_that_nobody_else_owns_lead_here() {
    let server = Server::start().await;
    let status = |host: &str| server.send("GET /admin/v1/me", &[("authorization", &server.local), ("host", host)], "").status;
    for good in ["localhost", "127.0.0.1:8291", "[::1]:8291", "10.0.0.7:8291", "admin.example.org", "ADMIN.example.org:8291"] {
        assert_eq!(status(good), 200, "{good}");
    }
    for bad in ["evil.example", "localhost.evil.example", "admin.example.org.evil.example"] {
        assert_eq!(status(bad), 421, "{bad}");
    }
    // Probes and scrapers are served by any name.
    assert_eq!(server.send("GET /livez", &[("host", "pod-7.internal")], "").status, 200);
    let crossed = server.send("GET /admin/v1/me", &[("authorization", &server.local), ("sec-fetch-site", "cross-site")], "");
    assert_eq!(crossed.status, 403);
    let answer = server.send("OPTIONS /admin/v1/me", &[("origin", "https://evil.example")], "");
    assert!(answer.status == 405 && !answer.head.contains("access-control"), "{answer:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_said() {
    let server = Server::start().await;
    let answer = server.ask("sue", "POST applications", json!({ "nam": "demo" }));
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.body["errors"],
        json!([{ "pointer": "/nam", "expected": "one of description, name, owner, plan", "found": "nam", "hint": "name" }])
    );
    assert_eq!(server.refused("sue", "POST applications", json!({})).2, "The member `name` is missing.");
    let wrong = server.refused("sue", "POST applications", json!({ "name": 5 }));
    assert_eq!(wrong.1, "castile.invalid_request");
    for name in ["", " x", "a/b", "a\nb", &"x".repeat(101)] {
        let answer = server.ask("sue", "POST applications", json!({ "name": name }));
        assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (400, &json!("/name")), "{name:?}");
    }
    let answer = server.ask("ada", "POST users", json!({ "name": "eve", "roles": ["publisherr"] }));
    assert_eq!(answer.body["errors"][0]["hint"], "publisher");
    let short = server.refused("ada", "POST users", json!({ "name": "eve", "roles": ["publisher"], "password": "short" }));
    assert_eq!(short.2, "`password` is not a password of at least 10 characters, without control characters.");
    let answer = server.ask("ada", "POST plans", json!({ "name": "odd", "quota": "20 bananas" }));
    assert_eq!(answer.body["errors"][0]["pointer"], "/quota");
    let answer = server.ask("sue", "GET applications?limt=5", Value::Null);
    assert_eq!((answer.status, &answer.body["errors"][0]["hint"]), (400, &json!("limit")));
    for query in ["limit=0", "limit=1001", "limit=x", "cursor=!", "limit=1&limit=2"] {
        assert_eq!(server.ask("sue", &format!("GET applications?{query}"), Value::Null).status, 400, "{query}");
    }
    let fields = [("authorization", server.local.as_str()), ("content-type", "text/plain")];
    assert_eq!(server.send("POST /admin/v1/applications", &fields, "{\"name\":\"x\"}").status, 415);
    let fields = [("authorization", server.local.as_str()), ("content-type", "application/json; charset=utf-8")];
    assert_eq!(server.send("POST /admin/v1/applications", &fields, "{").status, 400);
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(70_000));
    let answer = server.send("POST /admin/v1/applications", &fields, &large);
    assert_eq!((answer.status, &answer.body["code"]), (413, &json!("castile.too_large")));
    assert_eq!(server.send("GET /admin/v1/nothing", &fields, "").body["code"], "castile.not_found");
    let answer = server.send("PUT /admin/v1/applications", &fields, "{}");
    assert!(answer.status == 405 && answer.head.contains("allow: "), "{answer:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_kept_by_nobody() {
    let server = Server::start().await;
    for request in ["GET me", "GET applications", "GET nothing"] {
        let answer = server.ask("sue", request, Value::Null);
        assert!(answer.head.contains("cache-control: no-store") && answer.head.contains("x-request-id: "), "{}", answer.head);
    }
    server.stop().await;
}

#[test]
fn the_token_file_is_for_its_owner_and_new_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = admin::write_token(folder.path()).unwrap();
    let file = admin::token_file(folder.path());
    let token = std::fs::read_to_string(&file).unwrap();
    assert_eq!(castile::auth::digest(token.trim()), first);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_ne!(admin::write_token(folder.path()).unwrap(), first);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(file.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_is_slow() {
    use base64::Engine;
    let server = Server::start().await;
    let as_sue = |password: &str| {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("sue:{password}"));
        server.send("GET /admin/v1/me", &[("authorization", &format!("Basic {pair}"))], "")
    };
    for i in 0..5 {
        assert_eq!(as_sue(&format!("guess {i}")).status, 401);
    }
    // The wait doubles with each guess, so that a slow machine meets it a little later.
    let mut answer = as_sue("guess 5");
    for _ in 0..6 {
        if answer.status == 429 {
            break;
        }
        answer = as_sue("guess again");
    }
    assert_eq!((answer.status, &answer.body["code"]), (429, &json!("castile.too_many_log_ins")));
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    // The machine's own token needs no password, and others are not affected.
    assert_eq!(server.send("GET /admin/v1/me", &[("authorization", &server.local)], "").status, 200);
    assert_eq!(server.fine("ada", "GET me", Value::Null)["roles"], json!(["administrator"]));
    server.stop().await;
}

/// Types that are read member by member could as well be read from a list in their order; nobody would mean that.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_no_object() {
    let server = Server::start().await;
    let document = server.send("GET /admin/openapi.json", &[], "").body;
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["requestBody"]["content"]["application/json"].is_null() {
                continue;
            }
            let path: Vec<&str> = path.split('/').map(|s| if s.starts_with('{') { "countries" } else { s }).collect();
            let request = format!("{} {}", method.to_uppercase(), path.join("/").trim_start_matches("/admin/v1/"));
            let answer = server.ask("local", &request, json!([]));
            let detail = answer.body["detail"].as_str().unwrap_or_default();
            let said = ["The body is a list where an object was expected.", "This takes no body but `{}`."].contains(&detail);
            assert!(answer.status == 400 && said, "{request}: {answer:?}");
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
    server.stop().await;
}
