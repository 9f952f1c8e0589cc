//! PostgreSQL.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use castile::store::{Expected, Keep, Load, PostgresOptions, Sql, Store, StoreError, backup, restore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::contract;
use super::server::{PASSWORD, Server};
use super::sqlite::Note;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_the_contract() {
    let Some(server) = Server::start("postgres_keeps_the_contract") else { return };
    contract::run(|| async { Sql::postgres(&server.database().await).await.unwrap() }).await;
    let log = server.log();
    assert!(log.contains("INSERT INTO castile_records"), "statements are logged");
    let errors: Vec<_> = log.lines().filter(|l| l.contains("ERROR:") || l.contains("FATAL:")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_make_one_schema() {
    let Some(server) = Server::start("nodes_that_start_together_make_one_schema") else { return };
    let options = server.database().await;
    assert_eq!(Sql::postgres_as_it_is(&options).await.unwrap_err(), StoreError::Older { found: 0, known: 1 });
    let starts: JoinSet<_> = (0..6)
        .map(|_| {
            let options = options.clone();
            async move { Sql::postgres(&options).await.unwrap() }
        })
        .collect();
    let nodes = starts.join_all().await;
    nodes[0].put(&Note("a".into()), Expected::Absent, None).await.unwrap();
    assert!(nodes[5].get::<Note>("default", "a").await.unwrap().is_some());
    assert!(Sql::postgres_as_it_is(&options).await.unwrap().get::<Note>("default", "a").await.unwrap().is_some());
    let mut raw = server.connect("d0").await;
    sqlx::query("INSERT INTO castile_migrations (number, at) VALUES (99, 0)").execute(&mut raw).await.unwrap();
    assert_eq!(Sql::postgres(&options).await.unwrap_err(), StoreError::Newer { found: 99, known: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_heard_on_another_node_at_once() {
    let Some(server) = Server::start("a_change_is_heard_on_another_node_at_once") else { return };
    let options = server.database().await;
    let (one, two) = (Sql::postgres(&options).await.unwrap(), Sql::postgres(&options).await.unwrap());
    // Until it listens it only asks, once a second.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut longest = Duration::ZERO;
    for i in 0..20 {
        let seen = two.generation().await.unwrap();
        let began = Instant::now();
        one.put(&Note(i.to_string()), Expected::Absent, None).await.unwrap();
        timeout(Duration::from_secs(2), two.changed(seen)).await.unwrap();
        longest = longest.max(began.elapsed());
    }
    println!("heard after {longest:?} at most");
    assert!(longest < Duration::from_millis(400), "{longest:?}: faster than by asking");
}

/// Writers and readers go on while the server stops and comes back: what was acknowledged is there, errors come soon and are of one kind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_and_comes_back_loses_nothing() {
    let Some(mut server) = Server::start("a_server_that_goes_away_and_comes_back_loses_nothing") else { return };
    let options = server.database().await;
    let store = Arc::new(Sql::postgres(&options).await.unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let writers: JoinSet<_> = (0..4)
        .map(|w| {
            let (store, stop) = (store.clone(), stop.clone());
            async move {
                let (mut kept, mut refused, mut longest) = (BTreeSet::new(), 0, Duration::ZERO);
                for i in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let began = Instant::now();
                    match store.put(&Note(format!("{w} {i}")), Expected::Absent, None).await {
                        Ok(_) => drop(kept.insert(format!("{w} {i}"))),
                        Err(StoreError::Unavailable { .. }) => refused += 1,
                        Err(error) => panic!("{error:?}"),
                    }
                    longest = longest.max(began.elapsed());
                    let _ = store.page::<Note>(None, None, 5).await;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                (kept, refused, longest)
            }
        })
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.stop();
        tokio::time::sleep(Duration::from_millis(2500)).await;
        assert!(!store.state().available);
        server.run();
        let until = Instant::now() + Duration::from_secs(5);
        while !store.state().available {
            assert!(Instant::now() < until, "not there again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let (mut all, mut refused) = (BTreeSet::new(), 0);
    for (kept, times, longest) in writers.join_all().await {
        all.extend(kept);
        refused += times;
        assert!(longest < Duration::from_secs(4), "an operation took {longest:?}");
    }
    println!("{} kept, {refused} refused", all.len());
    assert!(all.len() > 50 && refused > 0, "{} kept, {refused} refused", all.len());
    let everything = store.read_all(&["note"]).await.unwrap();
    let there: BTreeSet<_> = everything.records.into_iter().map(|r| r.id).collect();
    assert!(all.is_subset(&there), "{:?} are lost", all.difference(&there).collect::<Vec<_>>());
    // Notifications are heard again too.
    let other = Sql::postgres(&options).await.unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let (seen, began) = (store.generation().await.unwrap(), Instant::now());
        other.put(&Note("after".into()), Expected::Any, None).await.unwrap();
        store.changed(seen).await;
        if began.elapsed() < Duration::from_millis(200) {
            break;
        }
        assert!(Instant::now() < until, "never heard again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let Some(mut server) = Server::start("a_server_that_is_not_there_yet_is_waited_for") else { return };
    let options = server.database().await;
    server.stop();
    let began = Instant::now();
    assert!(matches!(Sql::postgres(&options).await, Err(StoreError::Unavailable { .. })));
    let store = Sql::postgres_later(&options).unwrap();
    let error = store.put(&Note("a".into()), Expected::Any, None).await.unwrap_err();
    assert!(error.is_transient() && began.elapsed() < Duration::from_secs(4), "{error} after {:?}", began.elapsed());
    server.run();
    let until = Instant::now() + Duration::from_secs(6);
    while store.put(&Note("a".into()), Expected::Any, None).await.is_err() {
        assert!(Instant::now() < until, "never reached");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(store.get::<Note>("default", "a").await.unwrap().is_some());
}

/// A node that stands still in the middle of a write holds up the others for some seconds, not for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_does_not_hold_the_others_for_ever() {
    let Some(server) = Server::start("a_node_that_stands_still") else { return };
    let store = Sql::postgres(&server.database().await).await.unwrap();
    let mut raw = server.connect("d0").await;
    sqlx::raw_sql("BEGIN; SET idle_in_transaction_session_timeout = '3s'; UPDATE castile_state SET generation = generation")
        .execute(&mut raw)
        .await
        .unwrap();
    let began = Instant::now();
    while let Err(error) = store.put(&Note("a".into()), Expected::Any, None).await {
        assert!(error.is_transient(), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "still held up");
    }
    println!("held up for {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_moves_to_postgres_and_back() {
    let Some(server) = Server::start("sqlite_moves_to_postgres_and_back") else { return };
    let folder = tempfile::tempdir().unwrap();
    let from = Sql::sqlite(&folder.path().join("from.db")).await.unwrap();
    for i in 0..2500 {
        from.put(&Note(format!("\u{e4} {i}")), Expected::Absent, None).await.unwrap();
    }
    let through = Sql::postgres(&server.database().await).await.unwrap();
    let to = Sql::sqlite(&folder.path().join("to.db")).await.unwrap();
    let (mut one, mut two) = (Vec::new(), Vec::new());
    backup(&from, &mut one).await.unwrap();
    restore(&through, || Ok(&*one), Load::IntoEmpty).await.unwrap();
    backup(&through, &mut two).await.unwrap();
    restore(&to, || Ok(&*two), Load::IntoEmpty).await.unwrap();
    let all = |e: castile::store::Everything| e.records;
    assert_eq!(all(to.read_all(&["note"]).await.unwrap()), all(from.read_all(&["note"]).await.unwrap()));
    assert_eq!(to.check().await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_password_is_never_said() {
    let url = |address: &str| PostgresOptions { url: address.replace("PASSWORD", PASSWORD), password: Some(PASSWORD.into()) };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for address in
        ["postgres://u:PASSWORD@127.0.0.1:PORT/d", "postgres://u:PASSWORD@:bad:/d?sslmode=odd", "PASSWORD", "mysql://u:PASSWORD@h/d"]
    {
        let options = url(&address.replace("PORT", &port.to_string()));
        let error = Sql::postgres(&options).await.unwrap_err();
        let said = format!("{error} {error:?} {options:?}");
        assert!(!said.contains("planted"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_refused_without_saying_it() {
    let Some(server) = Server::start("a_wrong_password_is_refused_without_saying_it") else { return };
    let options = PostgresOptions { password: Some("planted-wrong".into()), ..server.database().await };
    let error = Sql::postgres(&options).await.unwrap_err();
    assert!(error.to_string().contains("password authentication failed"), "{error}");
    assert!(!error.to_string().contains("planted"), "{error}");
    assert!(server.folder().join("log").is_file());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_must_prove_who_it_is_where_that_is_asked() {
    let Some(server) = Server::start("a_server_must_prove_who_it_is_where_that_is_asked") else { return };
    let options = server.database().await;
    let good = Server::verified(&options, &server.folder().join("server.crt"));
    let store = Sql::postgres(&good).await.unwrap();
    store.put(&Note("a".into()), Expected::Any, None).await.unwrap();
    let other = server.folder().join("other.crt");
    std::fs::write(&other, rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem()).unwrap();
    let error = Sql::postgres(&Server::verified(&options, &other)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}
