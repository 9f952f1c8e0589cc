//! Applications with what they own: the way from a name to a key.

use castile::auth::{ApiKey, digest};
use castile::store::{Keep, of_application};
use serde_json::{Value, json};

use super::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_gets_a_key_for_an_api() {
    let server = Server::start().await;
    let app = server.fine("sue", "POST applications", json!({ "name": "demo", "description": "a try" }));
    assert_eq!((&app["owner"], &app["standing"], app["id"].as_str().unwrap().len()), (&json!("sue"), &json!("active"), 26));
    let subscription = server.fine("sue", "POST subscriptions", json!({ "application": "demo", "api": "countries", "plan": "tryout" }));
    assert_eq!(subscription["application"], app["id"]);
    let made = server.fine("sue", "POST applications/demo/keys", json!({}));
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("key_") && key.len() == 47, "{key}");
    // Nothing shows it again.
    let listed = server.fine("sue", "GET applications/demo/keys", Value::Null);
    let shown = &listed["items"][0];
    assert_eq!((&shown["id"], &shown["shown"], shown.get("key")), (&made["id"], &json!(&key[..10]), None));
    let kept = server.store.get::<ApiKey>("default", made["id"].as_str().unwrap()).await.unwrap().unwrap().value;
    assert_eq!(kept.digest, digest(key));
    let log = server.log().await;
    let actions: Vec<&str> = log.iter().filter(|(actor, ..)| actor == "sue").map(|(_, action, _)| action.as_str()).collect();
    assert_eq!(actions, ["application.create", "subscription.create", "api_key.create"]);
    assert!(!format!("{log:?}").contains(key));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_others_are_not_there() {
    let server = Server::start().await;
    let app = server.fine("sue", "POST applications", json!({ "name": "demo" }));
    let id = app["id"].as_str().unwrap();
    let subscription = server.fine("sue", "POST subscriptions", json!({ "application": id, "api": "countries", "plan": "tryout" }));
    let key = server.fine("sue", "POST applications/demo/keys", json!({}));
    let client = server.fine("sue", "POST applications/demo/clients", json!({}));
    let of = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let (key, client, subscription) = (of(&key, "id"), of(&client, "client_id"), of(&subscription, "id"));
    let paths = [
        format!("GET applications/{id}"),
        "GET applications/demo".into(),
        format!("PATCH applications/{id}"),
        format!("DELETE applications/{id}"),
        format!("GET applications/{id}/keys"),
        format!("POST applications/{id}/keys"),
        format!("GET applications/{id}/subscriptions"),
        format!("GET subscriptions?application={id}"),
        format!("GET subscriptions/{subscription}"),
        format!("PATCH subscriptions/{subscription}"),
        format!("DELETE subscriptions/{subscription}"),
        format!("GET keys/{key}"),
        format!("DELETE keys/{key}"),
        format!("POST keys/{key}/rotate"),
        format!("GET clients/{client}"),
        format!("DELETE clients/{client}"),
        format!("POST clients/{client}/secret"),
    ];
    for path in &paths {
        let body = if path.starts_with("GET") || path.starts_with("DELETE") { Value::Null } else { json!({}) };
        let (status, code, text) = server.refused("sid", path, body);
        assert_eq!((status, code.as_str()), (404, "castile.not_found"), "{path}: {text}");
    }
    // Not even a hint of the name, and all is as it was.
    assert_eq!(server.refused("sid", "GET applications/dem", Value::Null).2, "There is no application `dem`.");
    assert_eq!(server.fine("sid", "GET applications", Value::Null)["items"], json!([]));
    assert_eq!(server.fine("sue", "GET applications", Value::Null)["items"], json!([app]));
    // An administrator sees it, a publisher the subscription.
    assert_eq!(server.fine("ada", "GET applications/demo", Value::Null), app);
    server.fine("pia", &format!("PATCH subscriptions/{subscription}"), json!({ "standing": "blocked" }));
    assert_eq!(server.refused("sue", &format!("PATCH subscriptions/{subscription}"), json!({ "standing": "active" })).0, 403);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_once_for_each_owner() {
    let server = Server::start().await;
    for who in ["sue", "sid", "local"] {
        server.fine(who, "POST applications", json!({ "name": "demo" }));
    }
    let taken = server.refused("sue", "POST applications", json!({ "name": "demo" }));
    assert_eq!(taken, (409, "castile.exists".into(), "There is an application `demo` already.".into()));
    // Who administrates has one too; another's is found by its id, or where the name says enough.
    assert_eq!(server.fine("local", "GET applications/demo", Value::Null)["owner"], "local");
    let several = server.refused("ada", "GET applications/demo", Value::Null);
    assert!(several.0 == 400 && several.2.contains("have one of this name"), "{several:?}");
    server.fine("ada", "POST applications", json!({ "name": "other", "owner": "sid" }));
    assert_eq!(server.fine("ada", "GET applications/other", Value::Null)["owner"], "sid");
    assert_eq!(server.refused("sue", "POST applications", json!({ "name": "x", "owner": "sid" })).0, 403);
    let nobody = server.refused("ada", "POST applications", json!({ "name": "x", "owner": "sids" }));
    assert_eq!(nobody, (404, "castile.not_found".into(), "There is no user `sids`; did you mean `sid`?".into()));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_goes_with_all_it_has() {
    let server = Server::start().await;
    let app = server.fine("sue", "POST applications", json!({ "name": "demo" }));
    let id = app["id"].as_str().unwrap();
    server.fine("sue", "POST subscriptions", json!({ "application": "demo", "api": "countries", "plan": "gold" }));
    for _ in 0..3 {
        server.fine("sue", "POST applications/demo/keys", json!({ "expires_in": "90d" }));
        server.fine("sue", "POST applications/demo/clients", json!({}));
    }
    server.fine("sue", "DELETE applications/demo", Value::Null);
    let key = of_application("default", id);
    for kind in ["api_key", "subscription", "oauth_client"] {
        use castile::store::Store;
        assert!(server.store.records_by(kind, &key, None, 10).await.unwrap().records.is_empty(), "{kind}");
    }
    let log = server.log().await;
    assert_eq!(log.last().unwrap().2, "removed the application demo of sue and 7 things of it");
    // One entry for all of it.
    assert_eq!(log.iter().filter(|(_, action, _)| action.ends_with("remove")).count(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apis_decide_who_subscribes_and_on_what() {
    let server = Server::start().await;
    server.fine("sue", "POST applications", json!({ "name": "demo" }));
    server.publish("dear", "published", "plans: [gold, silver]").await;
    for state in ["created", "prototype", "blocked", "deprecated", "retired"] {
        server.publish(state, state, "").await;
        let (status, code, _) = server.refused("sue", "POST subscriptions", json!({ "application": "demo", "api": state, "plan": "gold" }));
        assert_eq!((status, code.as_str()), (409, "castile.api_not_open"), "{state}");
    }
    let subscribe = |api: &str, plan: &str| json!({ "application": "demo", "api": api, "plan": plan });
    let refused = |api: &str, plan: &str| server.refused("sue", "POST subscriptions", subscribe(api, plan));
    let sentence = "There is no API `countrys`; did you mean `countries`?".to_owned();
    assert_eq!(refused("countrys", "gold"), (404, "castile.not_found".into(), sentence));
    assert_eq!(refused("countries", "golden").2, "There is no plan `golden`; did you mean `gold`?");
    let sentence = "The API `dear` is not offered on the plan `tryout`, but on gold, silver.".to_owned();
    assert_eq!(refused("dear", "tryout"), (409, "castile.plan_not_offered".into(), sentence));
    let made = server.fine("sue", "POST subscriptions", subscribe("dear", "gold"));
    assert_eq!(refused("dear", "silver").1, "castile.exists");
    // Those who have one go on, also to another plan, when it is deprecated.
    server.publish("dear", "deprecated", "plans: [gold, silver]").await;
    let path = format!("PATCH subscriptions/{}", made["id"].as_str().unwrap());
    assert_eq!(server.fine("sue", &path, json!({ "plan": "silver" }))["plan"], "silver");
    assert_eq!(server.refused("sue", &path, json!({ "plan": "tryout" })).1, "castile.plan_not_offered");
    let of_api = server.fine("pia", "GET subscriptions?api=dear", Value::Null);
    assert_eq!(of_api["items"].as_array().unwrap().len(), 1);
    assert_eq!(server.refused("sue", "GET subscriptions?api=dear", Value::Null).0, 403);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_ends_after_the_overlap() {
    let server = Server::start().await;
    server.fine("sue", "POST applications", json!({ "name": "demo" }));
    let old = server.fine("sue", "POST applications/demo/keys", json!({}));
    let path = format!("POST keys/{}/rotate", old["id"].as_str().unwrap());
    let new = server.fine("sue", &path, json!({ "overlap": "24h" }));
    assert_ne!(new["key"], old["key"]);
    let kept = |id: &Value| {
        let id = id.as_str().unwrap().to_owned();
        let store = server.store.clone();
        async move { store.get::<ApiKey>("default", &id).await.unwrap().map(|k| k.value) }
    };
    let end = kept(&old["id"]).await.unwrap().expires.unwrap();
    let now = jiff::Timestamp::now().as_second();
    assert!((now + 86_390..=now + 86_400).contains(&end), "{end}");
    assert_eq!(kept(&new["id"]).await.unwrap().expires, None);
    // A second rotation does not give the old one more time, and without an overlap it is over.
    server.fine("sue", &path, json!({ "overlap": "90d" }));
    assert_eq!(kept(&old["id"]).await.unwrap().expires, Some(end));
    server.fine("sue", &format!("POST keys/{}/rotate", new["id"].as_str().unwrap()), json!({}));
    assert_eq!(kept(&new["id"]).await, None);
    // Rotations with an overlap do not make more keys than an application may have.
    for _ in server.fine("sue", "GET applications/demo/keys", Value::Null)["items"].as_array().unwrap().len()..100 {
        server.fine("sue", &path, json!({ "overlap": "90d" }));
    }
    assert_eq!(server.refused("sue", &path, json!({ "overlap": "90d" })).1, "castile.limit");
    let wrong = server.refused("sue", &path, json!({ "overlap": "a while" }));
    assert_eq!(wrong.2, "`overlap` is not a time such as `24h` or `90d`, whole seconds.");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_together_is_made_once() {
    let server = std::sync::Arc::new(Server::start().await);
    let all: Vec<_> = (0..8)
        .map(|_| {
            let server = server.clone();
            tokio::task::spawn_blocking(move || server.ask("sue", "POST applications", json!({ "name": "demo" })).status)
        })
        .collect();
    let mut made = 0;
    for one in all {
        made += usize::from(one.await.unwrap() == 201);
    }
    assert_eq!(made, 1);
    // What the gateway reads of it is whole.
    let everything = castile::store::Store::read_all(&*server.store, &castile::store::CALLER_KINDS).await.unwrap();
    assert_eq!(everything.records.iter().filter(|r| r.kind == "application").count(), 1);
}
