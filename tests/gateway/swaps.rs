//! Publishes and rollbacks under traffic: no call fails, and each sees one whole version.
//!
//! `CASTILE_PUBLISHES=1000` makes it the judging run, with 200 calls a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use castile::catalog::{Roster, Texts, Vault, read_api};
use castile::config::Config;
use castile::manage::{Act, Actor, Manage, NewRevision, first_start};
use castile::net::address::AddressPolicy;
use castile::store::{AnyStore, Sql};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::bench_of::{Server, Upstream, countries, country, reply};

/// A version says at two places which it is: the service's address, and how its answer is shown.
fn version(upstream: &Upstream, is_odd: bool) -> Texts {
    let resources = "resources:\n  - post: /GetCountry\n    operation: GetCountry\n    unwrap: GetCountryResult\n";
    let folder = countries(upstream.address, if is_odd { resources } else { "" });
    let mut texts = read_api(&folder.path().join("countries")).unwrap().texts();
    let path = if is_odd { "/odd\"" } else { "/even\"" };
    let definition = texts["api.yaml"].replace("/up\"", path);
    assert!(definition.contains(path));
    texts.insert("api.yaml".into(), definition.into());
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_and_each_sees_one_version() {
    let wanted: usize = std::env::var("CASTILE_PUBLISHES").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let upstream = Upstream::by(None, |got| {
        let name = if got.head.starts_with("post /odd") { "odd" } else { "even" };
        reply("200 OK", "text/xml; charset=utf-8", country().replace("Sri Lanka", name).as_bytes())
    })
    .await;
    let mut config = Config::default();
    config.network.allow = vec!["127.0.0.1".parse().unwrap()];
    let server = Arc::new(Server::with(upstream.address, "", config).await);
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<AnyStore> = Arc::new(Sql::sqlite(&folder.path().join("castile.db")).await.unwrap().into());
    first_start(&*store, &crate::admin::seal()).await.unwrap();
    let listed = AddressPolicy { allow: vec!["127.0.0.1".parse().unwrap()], ..AddressPolicy::public() };
    let vault = Arc::new(Vault::beside(folder.path(), listed));
    let manage = Manage::new(store.clone()).knowing(server.catalog.clone()).with_vault(vault.clone());
    let roster = Roster::new(store, server.catalog.clone()).with_vault(vault);
    let versions = [version(&upstream, false), version(&upstream, true)];
    let publish = async |turn: usize| {
        let new = NewRevision { texts: versions[turn % 2].clone(), expected: None, dry_run: false };
        assert!(manage.put_revision(&Actor::local(), "countries", new).await.unwrap().changed);
        assert_eq!(roster.refresh().await.unwrap().changed.len(), 1);
    };
    let act = async |act: Act| {
        manage.act(&Actor::local(), "countries", act).await.unwrap();
        assert_eq!(roster.refresh().await.unwrap().changed.len(), 1, "{act:?}");
    };
    publish(0).await;

    let done = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn(calls(server.clone(), done.clone()));
    let mut swaps = 0;
    for turn in 1..=wanted {
        publish(turn).await;
        swaps += 1;
        if turn % 4 == 0 {
            act(Act::Rollback(None)).await;
            act(Act::Publish(None)).await;
            swaps += 2;
        }
    }
    done.store(true, Ordering::Relaxed);
    let seen = traffic.await.unwrap();
    eprintln!("{swaps} swaps under {} calls of the even and {} of the odd versions, none failed", seen[0], seen[1]);
    assert!(seen.iter().all(|n| *n > 0), "{seen:?}");
}

/// Begins a call every 5 ms, whether or not those before have ended; gives how many saw which version.
async fn calls(server: Arc<Server>, done: Arc<AtomicBool>) -> [usize; 2] {
    let (mut seen, mut open) = ([0, 0], JoinSet::new());
    let mut beat = interval(Duration::from_millis(5));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !done.load(Ordering::Relaxed) {
        beat.tick().await;
        let server = server.clone();
        open.spawn(async move {
            let answer = server.post("/countries/1/GetCountry", r#"{"code":"LK"}"#).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let json = answer.json();
            let (is_wrapped, name) = match json.get("GetCountryResult") {
                Some(inner) => (true, inner["name"].clone()),
                None => (false, json["name"].clone()),
            };
            assert_eq!(name, if is_wrapped { "even" } else { "odd" }, "two versions in one call");
            usize::from(!is_wrapped)
        });
        while let Some(ended) = open.try_join_next() {
            seen[ended.unwrap()] += 1;
        }
    }
    while let Some(ended) = open.join_next().await {
        seen[ended.unwrap()] += 1;
    }
    seen
}
