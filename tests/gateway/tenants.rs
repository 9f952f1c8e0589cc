//! Two tenants with an API of one name and one context: neither sees, uses up or answers for the other's.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use castile::auth::{ApiKey, Application, Change, Directory, Standing, Subscription, Tenant, new_secret};
use castile::catalog::{Callers, Plans};
use castile::config::Config;
use castile::throttle::Plan;
use serde_json::Value;

use super::bench_of::{Do, Server, Upstream, country, reply};

fn tenant(name: &str, public_url: Option<&str>) -> Change {
    Change::Tenant(Tenant {
        name: name.into(),
        display_name: String::new(),
        calls_per_second: None,
        public_url: public_url.map(str::to_owned),
        standing: Standing::Active,
        created: 0,
    })
}

/// An application with a key, subscribed to countries on the plan tryout: 20 calls a minute. Ids are the same in each tenant.
fn caller(of: &str, key: &castile::auth::NewSecret) -> [Change; 3] {
    let tenant: Arc<str> = of.into();
    [
        Change::Application(Application {
            tenant: tenant.clone(),
            id: "app".into(),
            name: "demo".into(),
            owner: "ann".into(),
            plan: None,
            description: String::new(),
            certificates: Vec::new(),
            certificate_ends: std::collections::BTreeMap::new(),
            standing: Standing::Active,
            created: 0,
        }),
        Change::ApiKey(ApiKey {
            tenant: tenant.clone(),
            id: "key".into(),
            application: "app".into(),
            digest: key.digest,
            shown: key.shown.clone(),
            expires: None,
            created: 0,
        }),
        Change::Subscription(Subscription {
            tenant,
            id: "subscription".into(),
            application: "app".into(),
            api: "countries".into(),
            plan: "tryout".into(),
            standing: Standing::Active,
            created: 0,
        }),
    ]
}

/// Gives the tenant acme the API that the gateway has. Both are open.
pub fn twice(server: &Server) {
    let own = server.catalog.snapshot().apis[0].clone();
    server.catalog.publish(vec![own.clone(), Arc::new((*own).clone().of_tenant("acme"))]);
    let mut callers = Callers::nobody().unwrap();
    callers.directory = Directory::default().with([tenant("default", None), tenant("acme", None)]);
    server.catalog.admit(&Arc::new(callers));
}

/// `iss` of the token that the last call brought to the service.
fn issuer_told(upstream: &Upstream) -> String {
    let got = upstream.got();
    let head = &got.last().unwrap().raw_head;
    let token = head.lines().find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case("x-jwt-assertion"))).unwrap().1;
    let claims = URL_SAFE_NO_PAD.decode(token.trim().split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["iss"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_meet() {
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let server = Server::with(upstream.address, "security: [api_key]\n", Config::default()).await;
    let own = server.catalog.snapshot().apis[0].clone();
    server.catalog.publish(vec![own.clone(), Arc::new((*own).clone().of_tenant("acme"))]);
    let keys = [new_secret("key").unwrap(), new_secret("key").unwrap()];
    let mut callers = Callers::nobody().unwrap();
    callers.plans = Plans::shipped().with(Plan::shipped("acme"));
    let changes = [caller("default", &keys[0]), caller("acme", &keys[1])].concat();
    callers.directory = Directory::default().with(changes).with([tenant("default", None), tenant("acme", None)]);
    server.catalog.admit(&Arc::new(callers.clone()));
    let call = async |base: &str, key: usize| {
        let head = format!("POST {base}/countries/1/GetCountry\nContent-Type: application/json\napikey: {}", keys[key].plain.reveal());
        server.ask(&head, r#"{"code":"LK"}"#).await
    };
    let gateway = format!("http://{}", server.address);
    // A key is good in its own tenant only.
    for (base, key) in [("", 1), ("/t/acme", 0)] {
        let answer = call(base, key).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("900901")), "{base}");
    }
    assert!(upstream.got().is_empty());
    for nth in 1..=20 {
        let answer = call("/t/acme", 1).await;
        assert_eq!(answer.status, 200, "call {nth}: {}", answer.text());
    }
    assert_eq!(issuer_told(&upstream), format!("{gateway}/t/acme"));
    // What one has used up the other has still, though all ids are the same.
    assert_eq!(call("/t/acme", 1).await.status, 429);
    assert_eq!(call("", 0).await.status, 200);
    assert_eq!(issuer_told(&upstream), gateway);
    // Nobody's tenant, and one that has no such API.
    assert_eq!(call("/t/nobody", 1).await.status, 404);

    let addresses = async |base: &str| {
        let openapi = server.ask(&format!("GET {base}/countries/1/openapi.json"), "").await.json();
        let wsdl = server.ask(&format!("GET {base}/countries/1?wsdl"), "").await.text();
        let at = wsdl.split("location=\"").find_map(|l| l.split_once('"').filter(|(l, _)| l.ends_with("/countries/1"))).unwrap();
        (openapi["servers"][0]["url"].as_str().unwrap().to_owned(), at.0.to_owned())
    };
    let both = |url: &str| (format!("{url}/countries/1"), format!("{url}/countries/1"));
    assert_eq!(addresses("/t/acme").await, both(&format!("{gateway}/t/acme")));
    assert_eq!(addresses("").await, both(&gateway));
    // A tenant with an address of its own stands directly below it.
    callers.directory = callers.directory.with([tenant("acme", Some("https://api.acme.example/"))]);
    server.catalog.admit(&Arc::new(callers));
    assert_eq!(addresses("/t/acme").await, both("https://api.acme.example"));
    assert_eq!(addresses("").await, both(&gateway));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_for_one_tenant_is_asked_for_another() {
    let upstream = Upstream::answering("503 Service Unavailable", "text/html", b"<html/>").await;
    let server = Server::start(upstream.address).await;
    twice(&server);
    let call = async |base: &str| server.post(&format!("{base}/countries/1/GetCountry"), r#"{"code":"LK"}"#).await.status;
    for expected in [502, 502, 502, 502, 502, 503] {
        assert_eq!(call("/t/acme").await, expected);
    }
    assert_eq!((call("").await, upstream.got().len()), (502, 6), "the service was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn places_in_flight_are_a_tenants_own() {
    let upstream = Upstream::start(vec![Do::Wait(1500), Do::Send(reply("200 OK", "text/xml; charset=utf-8", country().as_bytes()))]).await;
    let server = Server::with(upstream.address, "limits: { in_flight: 1 }\n", Config::default()).await;
    twice(&server);
    let call = async |base: &str| server.post(&format!("{base}/countries/1/GetCountry"), r#"{"code":"LK"}"#).await.status;
    let second = async {
        while upstream.got().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (call("/t/acme").await, call("").await)
    };
    let (first, (same, other)) = tokio::join!(call("/t/acme"), second);
    assert_eq!((first, same, other), (200, 503, 200));
}
