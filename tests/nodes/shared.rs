//! What nodes on one database and one Redis share: counts, changes, and the knowledge of each other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castile::manage::Instance;
use castile::store::{Change, Expected, Memory, Store};

use super::{Bed, Node, call, call_with, exchange, judged};
use crate::throttle::redis::Server as Redis;

/// Two nodes, each of which knows of the other.
async fn two(test: &str) -> Option<(Bed, Redis, [Node; 2])> {
    let redis = Redis::start_or_skip(test)?;
    let mut bed = Bed::start_or_skip(test).await?;
    bed.redis = Some(redis.port);
    let mut nodes = [bed.node(), bed.node()];
    nodes[0].serve(&["--dir", "apis"]);
    nodes[1].serve(&[]);
    for node in &nodes {
        node.until("it knows of both", |n| n.metric("castile_nodes") == Some(2.0) && n.metric("castile_counts_shared") == Some(1.0));
    }
    Some((bed, redis, nodes))
}

/// So many calls on each of the gateways at the same time: how many were accepted, and the statuses that are neither 200 nor 429.
fn spread(gateways: &[SocketAddr], calls: usize, key: &str) -> (usize, Vec<u16>) {
    let of = |gateway: SocketAddr| {
        let key = key.to_owned();
        std::thread::spawn(move || (0..calls).map(|_| call(gateway, &key)).collect::<Vec<_>>())
    };
    let threads: Vec<_> = gateways.iter().map(|g| of(*g)).collect();
    let statuses: Vec<u16> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
    (statuses.iter().filter(|s| **s == 200).count(), statuses.into_iter().filter(|s| !matches!(s, 200 | 429)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_give_one_quota_and_lose_no_call_when_redis_goes() {
    let test = "nodes::shared::two_nodes_give_one_quota_and_lose_no_call_when_redis_goes";
    let Some((_bed, mut redis, nodes)) = two(test).await else { return };
    let (plan, quota) = judged(("tryout", 20), ("bronze", 1000));
    let whole = nodes[0].caller("whole", plan);
    let halved = nodes[0].caller("halved", plan);
    let gateways = nodes.each_ref().map(|n| n.gateway);
    for node in &nodes {
        for key in [&whole, &halved] {
            node.until("the keys are in force", |n| n.call(key) == 200);
        }
    }
    // What was asked to see the keys in force counts too.
    let before = nodes.len();
    let (accepted, failed) = spread(&[gateways, gateways].concat(), quota / 2, &whole);
    println!("one quota of {quota}, {} calls over two nodes: {} accepted, {} failed", 2 * quota, accepted + before, failed.len());
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(accepted + before, quota);

    let (first, failed) = spread(&gateways, quota / 4, &halved);
    assert_eq!((first, failed), (quota / 2, vec![]));
    redis.kill();
    let (rest, failed) = spread(&[gateways, gateways].concat(), quota / 2, &halved);
    println!("the same with Redis killed in the middle: {} accepted, {} failed", first + rest + before, failed.len());
    assert!(failed.is_empty(), "{failed:?}");
    // Each gives its half, of which it gave a half already: calls are spread evenly.
    assert_eq!(first + rest + before, quota, "each node gives its share");
    for node in &nodes {
        node.until("the alarm is raised", |n| n.metric("castile_counts_shared") == Some(0.0));
        assert!(node.ask("/alarms").1.contains("\"alarm\":\"redis_away\""), "{}", node.ask("/alarms").1);
    }
    redis.again();
    let began = Instant::now();
    for node in &nodes {
        node.until("counts are shared again", |n| n.metric("castile_counts_shared") == Some(1.0));
    }
    println!("counts are shared again {:?} after Redis came back", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_in_force_on_both_within_two_seconds() {
    let test = "nodes::shared::a_revocation_is_in_force_on_both_within_two_seconds";
    let Some((_bed, _redis, mut nodes)) = two(test).await else { return };
    let gateways = nodes.each_ref().map(|n| n.gateway);
    let in_force = |key: &str, status: u16| {
        let began = Instant::now();
        for gateway in gateways {
            while call(gateway, key) != status {
                assert!(began.elapsed() < Duration::from_secs(30), "not {status} within 30 s");
            }
        }
        began.elapsed()
    };
    nodes[0].caller("demo", "unlimited");
    let mut worst = Duration::ZERO;
    let trials = judged(3, 100);
    for _ in 0..trials {
        let made = nodes[0].made(&["key", "create", "--app", "demo"]);
        let key = made["key"].as_str().unwrap();
        in_force(key, 200);
        crate::cli::run(nodes[0].folder.path(), &["key", "revoke", made["id"].as_str().unwrap()]).fine();
        worst = worst.max(in_force(key, 401));
    }
    println!("{trials} revocations, in force on both nodes after {worst:?} at most");
    assert!(worst < Duration::from_secs(2), "{worst:?}");

    // A new key that signs tokens is published by both.
    let began = Instant::now();
    let made = nodes[0].made(&["signing", "rotate"]);
    let published =
        |address| super::exchange(address, &format!("GET /oauth2/jwks HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"));
    while !gateways.iter().all(|g| published(*g).is_ok_and(|(_, keys)| keys.contains(made["id"].as_str().unwrap()))) {
        assert!(began.elapsed() < Duration::from_secs(30), "not published within 30 s");
    }
    println!("a new signing key, published by both nodes after {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(3), "the command and two seconds");

    // Who lives is known, and who ends well is not waited for.
    let instances = nodes[0].admin("instances");
    let listed: Vec<&str> = instances["items"].as_array().unwrap().iter().map(|i| i["gateway"].as_str().unwrap()).collect();
    assert_eq!(listed.len(), 2, "{instances}");
    assert!(gateways.iter().all(|g| listed.contains(&g.to_string().as_str())), "{instances}");
    let child = nodes[1].child.take().unwrap();
    assert_eq!(crate::cli::Running(child).interrupt(), 0);
    assert_eq!(nodes[0].admin("instances")["items"].as_array().unwrap().len(), 1);
}

/// What a person changes on one node is in force on both within two seconds, each kind of change.
#[tokio::test(flavor = "multi_thread")]
async fn blocks_plans_states_and_tokens_are_in_force_on_both_within_two_seconds() {
    let test = "nodes::shared::blocks_plans_states_and_tokens_are_in_force_on_both_within_two_seconds";
    let Some((_bed, _redis, nodes)) = two(test).await else { return };
    let node = &nodes[0];
    let gateways = nodes.each_ref().map(|n| n.gateway);
    let run = |words: &[&str]| drop(crate::cli::run(node.folder.path(), words).fine());
    run(&["plan", "create", "mine", "--quota", "100000 per minute"]);
    let key = node.caller("demo", "mine");
    let subscription = node.made(&["subscription", "list", "--app", "demo"])[0]["id"].as_str().unwrap().to_owned();
    let client = node.made(&["client", "create", "--app", "demo"]);
    let id = client["client_id"].as_str().unwrap();
    let basic = STANDARD.encode(format!("{id}:{}", client["client_secret"].as_str().unwrap()));
    let form = |path: &str, body: &str| {
        let fields = format!("host: {}\r\nauthorization: Basic {basic}\r\ncontent-type: application/x-www-form-urlencoded", gateways[0]);
        let text = format!("POST {path} HTTP/1.1\r\n{fields}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        exchange(gateways[0], &text).unwrap()
    };
    let by_key = format!("apikey: {key}");
    let in_force = |what: &str, field: &str, status: u16| {
        let began = Instant::now();
        for gateway in gateways {
            while call_with(gateway, field) != status {
                assert!(began.elapsed() < Duration::from_secs(30), "{what}: not {status} within 30 s");
            }
        }
        println!("{what}: in force on both nodes after {:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(2), "{what}: {:?}", began.elapsed());
    };
    in_force("the key", &by_key, 200);
    for (what, words, status) in [
        ("an application is blocked", &["app", "update", "demo", "--block"][..], 403),
        ("and is not any more", &["app", "update", "demo", "--unblock"], 200),
        ("a subscription is blocked", &["subscription", "update", &subscription, "--block"], 403),
        ("and is not any more", &["subscription", "update", &subscription, "--unblock"], 200),
        ("a lower limit of a plan", &["plan", "update", "mine", "--quota", "2 per minute"], 429),
        ("a higher one", &["plan", "update", "mine", "--quota", "100000 per minute"], 200),
        ("another plan of a subscription", &["subscription", "update", &subscription, "--plan", "tryout"], 429),
        ("no limit", &["subscription", "update", &subscription, "--plan", "unlimited"], 200),
        ("an API is blocked", &["api", "block", "countries"], 503),
        ("and is not any more", &["api", "unblock", "countries"], 200),
        ("an API is retired", &["api", "retire", "countries"], 410),
        ("and published", &["api", "publish", "countries"], 200),
        ("a tenant's calls per second", &["tenant", "update", "default", "--calls-per-second", "1"], 429),
        ("and without", &["tenant", "update", "default", "--no-calls-per-second"], 200),
    ] {
        run(words);
        in_force(what, &by_key, status);
    }
    let (status, answer) = form("/oauth2/token", "grant_type=client_credentials");
    assert_eq!(status, 200, "{answer}");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let by_token = format!("authorization: Bearer {token}");
    in_force("a token", &by_token, 200);
    let said = |log: &str| log.lines().any(|l| l.contains(r#""kind":"oauth","tenant":"default""#) && l.contains(r#""application":"demo""#));
    node.until("the access log says whose token it was", |n| said(&n.log()));
    assert_eq!(form("/oauth2/revoke", &format!("token={token}")).0, 200);
    in_force("its revocation", &by_token, 401);
    // A subscription that is gone, and the whole application.
    run(&["subscription", "remove", &subscription]);
    in_force("the end of a subscription", &by_key, 403);
    run(&["app", "remove", "demo"]);
    in_force("the end of an application", &by_key, 401);
}

#[tokio::test]
async fn instances_without_a_heartbeat_are_dead() {
    let store = Memory::new();
    let now = jiff::Timestamp::now().as_second();
    let instance = |id: &str, gateway: Option<&str>, seen: i64| Instance {
        id: id.to_owned(),
        host: "h".to_owned(),
        role: "all".to_owned(),
        version: "0".to_owned(),
        gateway: gateway.map(str::to_owned),
        admin: "127.0.0.1:1".to_owned(),
        started: seen,
        seen,
        apis: 0,
        alarms: Vec::new(),
    };
    for (id, gateway, seen) in [("a", Some("127.0.0.1:2"), now), ("b", None, now), ("c", Some("127.0.0.1:3"), now - 20)] {
        let change = Change::put(&instance(id, gateway, seen), Expected::Any).unwrap();
        store.write(vec![change], None).await.unwrap();
    }
    assert_eq!(Instance::gateways(&store).await, Ok(1), "neither management alone nor one that was not heard of for 20 s");
    let mut late = instance("c", Some("127.0.0.1:3"), now - 20);
    late.beat(&store).await.unwrap();
    assert_eq!(Instance::gateways(&store).await, Ok(2));
    late.leave(&store).await.unwrap();
    assert_eq!(Instance::gateways(&store).await, Ok(1));
}
