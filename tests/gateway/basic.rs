//! Names and passwords at the gateway: what failed is counted, by account and by network.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castile::auth::{Change, Directory, LogIns, Standing, Typed, User, password};
use castile::catalog::Callers;
use castile::config::Config;
use castile::net::secret::Secret;

use super::bench_of::{Answer, Server, Upstream, country};

async fn house(names: &[&str]) -> (Server, Upstream) {
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let server = Server::with(upstream.address, "security: [basic]", Config::default()).await;
    let stored = password::hash(&Secret::new("right")).await.unwrap();
    let user = |name: &str| {
        let (tenant, name, standing) = ("default".into(), name.into(), Standing::Active);
        Change::User(User { tenant, name, password: Some(stored.clone()), roles: Vec::new(), standing, tokens_since: 0, created: 0 })
    };
    let mut callers = Callers::nobody().unwrap();
    callers.directory = Directory::default().with(names.iter().map(|n| user(n)));
    server.catalog.admit(&Arc::new(callers));
    (server, upstream)
}

async fn call(server: &Server, name: &str, password: &str) -> Answer {
    let pair = STANDARD.encode(format!("{name}:{password}"));
    let head = format!("POST /countries/1/GetCountry\nContent-Type: application/json\nAuthorization: Basic {pair}");
    server.ask(&head, "{\"code\":\"LK\"}").await
}

/// The first guess that must wait. The wait doubles with each guess, so that a slow machine meets it a little later.
async fn refused(server: &Server, name: &str) -> Answer {
    let mut answer = call(server, name, "guess").await;
    for _ in 0..6 {
        if answer.status == 429 {
            break;
        }
        answer = call(server, name, "guess").await;
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slow_and_calling_is_not() {
    let (server, _upstream) = house(&["ann", "bob"]).await;
    // Many calls at once with the right password are no guesses.
    let many = futures_util::future::join_all((0..20).map(|_| call(&server, "ann", "right"))).await;
    assert!(many.iter().all(|a| a.status == 200), "{:?}", many.iter().map(|a| a.status).collect::<Vec<_>>());
    let bodies = |answer: &Answer| (answer.status, answer.json()["code"].as_str().unwrap().to_owned());
    for i in 0..5 {
        assert_eq!(bodies(&call(&server, "bob", &format!("guess{i}")).await), (401, "900901".into()), "{i}");
    }
    let slow = refused(&server, "bob").await;
    assert_eq!(bodies(&slow), (429, "castile.too_many_log_ins".into()));
    assert!((1..=60).contains(&slow.field("retry-after").unwrap().parse::<u64>().unwrap()));
    assert_eq!(call(&server, "ann", "right").await.status, 200, "another account is not affected");
    // A name that there is not is limited as one that there is.
    for _ in 0..5 {
        assert_eq!(call(&server, "nobody", "x").await.status, 401);
    }
    assert_eq!(refused(&server, "nobody").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_limited_over_all_names_and_who_was_right_goes_on() {
    let log_ins = LogIns::new().unwrap();
    let stored = password::hash(&Secret::new("right")).await.unwrap();
    let (right, wrong) = (Secret::new("right"), Secret::new("wrong"));
    let peer = "10.0.0.7".parse().unwrap();
    let typed = |name: &'static str, password| Typed { tenant: "default", name, password, peer };
    let now = || 1_000;
    assert_eq!(log_ins.check(typed("ann", &right), Some(&stored), now).await, Ok(true));
    const NAMES: [&str; 20] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"];
    for name in NAMES {
        assert_eq!(log_ins.check(typed(name, &wrong), None, now).await, Ok(false));
    }
    assert!(log_ins.check(typed("u", &wrong), None, now).await.is_err());
    // Ann's pair is not at hand any more, but she is no guesser.
    assert_eq!(log_ins.check(typed("ann", &right), Some(&stored), || 1_090).await, Ok(true));
}
