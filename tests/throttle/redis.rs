//! Limiters on a real Redis: two nodes and one count, and what happens when it is killed, stopped, refuses or forgets.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use castile::net::secret::Secret;
use castile::throttle::{CountState, Limiter, RedisOptions, RedisSetupError, Scope};

use super::check;
use super::contract::{Bed, Time, holds};
use crate::support;

/// A server of its own on loopback, without a copy on disk; ended with the test.
pub(crate) struct Server {
    program: PathBuf,
    folder: tempfile::TempDir,
    pub(crate) port: u16,
    more: Vec<String>,
    child: Child,
}

impl Server {
    pub(crate) fn start_or_skip(test: &str) -> Option<Self> {
        Self::start_with(test, |_| Vec::new())
    }

    fn start_with(test: &str, more: impl FnOnce(&Path) -> Vec<String>) -> Option<Self> {
        let program = support::program_or_skip(test, "redis-server")?;
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let more = more(folder.path());
        let child = spawn(&program, folder.path(), port, &more);
        let server = Self { program, folder, port, more, child };
        server.await_answer();
        Some(server)
    }

    pub(crate) fn again(&mut self) {
        self.child = spawn(&self.program, self.folder.path(), self.port, &self.more);
        self.await_answer();
    }

    fn await_answer(&self) {
        self.await_saying("PONG");
    }

    /// Waits until it answers a PING so.
    fn await_saying(&self, beginning: &str) {
        let begun = Instant::now();
        while !self.ask(&["PING"]).starts_with(beginning) {
            assert!(begun.elapsed() < Duration::from_secs(20), "redis-server does not answer {beginning}: {}", self.ask(&["PING"]));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it and starts it with these options; it answers a PING with that.
    fn again_with(&mut self, more: &[&str], saying: &str) {
        self.kill();
        self.more = more.iter().map(|m| (*m).to_owned()).collect();
        self.child = spawn(&self.program, self.folder.path(), self.port, &self.more);
        self.await_saying(saying);
    }

    /// What `redis-cli` prints.
    fn ask(&self, command: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(command).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    fn options(&self, nodes: u32) -> RedisOptions {
        RedisOptions {
            nodes,
            timeout: Duration::from_secs(2),
            ..RedisOptions::new(Secret::new(format!("redis://127.0.0.1:{}", self.port)))
        }
    }

    async fn node(&self, nodes: u32, timeout_ms: u64) -> Arc<Limiter> {
        let options = RedisOptions { timeout: Duration::from_millis(timeout_ms), ..self.options(nodes) };
        Arc::new(Limiter::redis(options).await.unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL ends a stopped process too.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spawn(program: &Path, folder: &Path, port: u16, more: &[String]) -> Child {
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]).arg(port.to_string());
    command.arg("--dir").arg(folder).args(more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until the limiter counts there; the time that it took, at most 5 s.
async fn until(limiter: &Limiter, state: CountState) -> Duration {
    let begun = Instant::now();
    let mut changes = limiter.changes().unwrap();
    let changed = tokio::time::timeout(Duration::from_secs(5), changes.wait_for(|s| *s == state)).await;
    assert!(changed.is_ok(), "{state:?} is not reached in 5 s");
    begun.elapsed()
}

/// Sends calls in turn to each of the nodes; how many passed, and how long the slowest took.
async fn calls(nodes: &[Arc<Limiter>], calls: usize, limit: &str, id: &str) -> (usize, Duration) {
    let (mut passed, mut slowest) = (0, Duration::ZERO);
    for n in 0..calls {
        let limiter = &nodes[n % nodes.len()];
        let begun = Instant::now();
        passed += usize::from(limiter.decide(&[check(limiter, Scope::Subscription, limit, id)]).await.is_allowed());
        slowest = slowest.max(begun.elapsed());
    }
    (passed, slowest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract() {
    let Some(server) = Server::start_or_skip("throttle::redis::the_contract") else { return };
    let limiter = Arc::new(Limiter::redis(server.options(1)).await.unwrap());
    holds(&Bed { limiter: limiter.clone(), time: Time::Real }).await;
    assert_eq!(limiter.state(), CountState::Shared, "all of it was asked of Redis");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_share_one_quota() {
    let Some(server) = Server::start_or_skip("throttle::redis::two_nodes_share_one_quota") else { return };
    let nodes = [server.node(2, 5_000).await, server.node(2, 5_000).await];
    let tasks = (0..8).map(|n| {
        let node = nodes[n % 2].clone();
        tokio::spawn(async move { calls(&[node], 250, "1000/hour", "shared").await.0 })
    });
    let mut passed = 0;
    for task in tasks.collect::<Vec<_>>() {
        passed += task.await.unwrap();
    }
    assert_eq!(passed, 1_000, "of 2 000 calls over two nodes");
    assert!(nodes.iter().all(|n| n.state() == CountState::Shared));
}

#[tokio::test]
async fn a_redis_that_is_killed_fails_no_call_and_adds_none_when_it_returns_empty() {
    let Some(mut server) = Server::start_or_skip("throttle::redis::a_redis_that_is_killed") else { return };
    let nodes = [server.node(2, 200).await, server.node(2, 200).await];
    let (before, _) = calls(&nodes, 300, "1000/hour", "k").await;
    assert_eq!(before, 300);
    server.kill();
    let (away, slowest) = calls(&nodes, 300, "1000/hour", "k").await;
    assert_eq!(away, 300, "calls go on");
    assert!(slowest < Duration::from_millis(700), "{slowest:?}");
    assert!(nodes.iter().all(|n| n.state() == CountState::Away));
    server.again();
    for node in &nodes {
        until(node, CountState::Shared).await;
    }
    // Each node has told what passed through it, before and while Redis was away.
    let (after, _) = calls(&nodes[..1], 700, "1000/hour", "k").await;
    assert_eq!(before + away + after, 1_000);
    assert!(nodes.iter().all(|n| n.state() == CountState::Shared));
}

#[tokio::test]
async fn a_redis_that_stands_still_holds_no_call() {
    let Some(server) = Server::start_or_skip("throttle::redis::a_redis_that_stands_still") else { return };
    let nodes = [server.node(2, 100).await, server.node(2, 100).await];
    let (before, _) = calls(&nodes, 100, "1000/hour", "s").await;
    server.signal("-STOP");
    let begun = Instant::now();
    let (away, slowest) = calls(&nodes, 1_900, "1000/hour", "s").await;
    // Six questions wait for their time, all other calls for nothing.
    assert!(slowest < Duration::from_millis(500) && begun.elapsed() < Duration::from_secs(4), "{slowest:?} {:?}", begun.elapsed());
    assert!(nodes.iter().all(|n| n.state() == CountState::Away));
    assert_eq!(before + away, 1_000, "each node its half");
    server.signal("-CONT");
    for node in &nodes {
        until(node, CountState::Shared).await;
    }
    assert_eq!(calls(&nodes[..1], 100, "1000/hour", "s").await.0, 0, "the return brings no new calls");
}

#[tokio::test]
async fn a_redis_that_refuses_is_away_until_it_no_longer_does() {
    let Some(server) = Server::start_or_skip("throttle::redis::a_redis_that_refuses") else { return };
    let nodes = [server.node(1, 500).await];
    for (refuse, accept) in [
        (vec!["REPLICAOF", "127.0.0.1", "1"], vec!["REPLICAOF", "NO", "ONE"]),
        (vec!["CONFIG", "SET", "maxmemory", "1"], vec!["CONFIG", "SET", "maxmemory", "0"]),
        (vec!["ACL", "SETUSER", "default", "-evalsha", "-eval"], vec!["ACL", "SETUSER", "default", "+@all"]),
    ] {
        assert_eq!(server.ask(&refuse), "OK");
        assert_eq!(calls(&nodes, 10, "100/hour", "r").await.0, 10, "{refuse:?}");
        assert_eq!(nodes[0].state(), CountState::Away, "{refuse:?}");
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(nodes[0].state(), CountState::Away, "it is asked, and still refuses: {refuse:?}");
        assert_eq!(server.ask(&accept), "OK");
        until(&nodes[0], CountState::Shared).await;
    }
    assert_eq!(calls(&nodes, 100, "100/hour", "r").await.0, 70);
}

#[tokio::test]
async fn a_redis_that_answers_late_or_asks_for_a_password_or_loads_is_away_until_it_no_longer_does() {
    let Some(mut server) = Server::start_or_skip("throttle::redis::a_redis_that_answers_late") else { return };
    let node = server.node(2, 50).await;
    let nodes = std::slice::from_ref(&node);
    assert_eq!(server.ask(&["CLIENT", "PAUSE", "2000", "ALL"]), "OK");
    assert_eq!(calls(nodes, 20, "1000/hour", "late").await.0, 20, "late");
    assert_eq!(node.state(), CountState::Away, "late");
    until(&node, CountState::Shared).await;

    server.again_with(&["--requirepass", "planted"], "NOAUTH");
    assert_eq!(calls(nodes, 20, "1000/hour", "late").await.0, 20, "a password");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(node.state(), CountState::Away, "it is asked, and still wants a password");
    assert_eq!(server.ask(&["-a", "planted", "--no-auth-warning", "CONFIG", "SET", "requirepass", ""]), "OK");
    until(&node, CountState::Shared).await;

    server.again_with(&["--enable-debug-command", "yes"], "PONG");
    assert_eq!(server.ask(&["DEBUG", "POPULATE", "3000"]), "OK");
    assert_eq!(server.ask(&["SAVE"]), "OK");
    server.again_with(&["--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024"], "LOADING");
    assert_eq!(calls(nodes, 20, "1000/hour", "late").await.0, 20, "loading");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!((node.state(), server.ask(&["PING"]).starts_with("LOADING")), (CountState::Away, true), "it is asked, and still loads");
    assert_eq!(server.ask(&["CONFIG", "SET", "key-load-delay", "0"]), "OK");
    server.await_answer();
    until(&node, CountState::Shared).await;
    // All that passed is known to it: half of the quota was this node's share, the rest is told.
    assert_eq!(calls(nodes, 1_000, "1000/hour", "late").await.0, 1_000 - 60);
}

#[tokio::test]
async fn what_redis_forgets_is_told_again() {
    let Some(server) = Server::start_or_skip("throttle::redis::what_redis_forgets") else { return };
    let nodes = [server.node(2, 2_000).await, server.node(2, 2_000).await];
    assert_eq!(calls(&nodes, 20, "20/hour", "f").await.0, 20);
    assert_eq!(server.ask(&["FLUSHALL"]), "OK");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    // Only the first asks: what passed through the second is known to it all the same.
    assert_eq!(calls(&nodes[..1], 40, "20/hour", "f").await.0, 0);
}

#[tokio::test]
async fn a_redis_that_is_away_at_the_start_is_no_error() {
    let Some(mut server) = Server::start_or_skip("throttle::redis::away_at_the_start") else { return };
    server.kill();
    let nodes = [server.node(4, 200).await];
    assert_eq!(nodes[0].state(), CountState::Away);
    assert_eq!(calls(&nodes, 10, "9/hour", "a").await.0, 2, "a quarter of nine");
    nodes[0].set_nodes(3);
    assert_eq!(calls(&nodes, 10, "9/hour", "a").await.0, 1, "a third of nine");
    assert_eq!(calls(&nodes, 10, "1/hour", "b").await.0, 1, "at least one");
    server.again();
    until(&nodes[0], CountState::Shared).await;
    assert_eq!(calls(&nodes, 10, "9/hour", "a").await.0, 6, "what passed is told");
}

#[tokio::test]
async fn keys_are_as_documented_and_expire() {
    let Some(server) = Server::start_or_skip("throttle::redis::keys") else { return };
    let options = RedisOptions { prefix: "acme".into(), secret: Some(Secret::new("pepper")), ..server.options(1) };
    let limiter = Limiter::redis(options).await.unwrap();
    let checks =
        [check(&limiter, Scope::Application, "5 per 2 seconds", "planted-name"), check(&limiter, Scope::Tenant, "5/s", "planted-name")];
    assert!(limiter.decide(&checks).await.is_allowed());
    let keys = server.ask(&["KEYS", "*"]);
    let mut keys: Vec<_> = keys.lines().collect();
    keys.sort_by_key(|k| k.len());
    assert_eq!((keys.len(), keys[0]), (3, "{acme}:life"), "{keys:?}");
    for key in &keys[1..] {
        let hash = key.strip_prefix("{acme}:").unwrap();
        assert!(hash.len() == 32 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{key}");
        let ttl: i64 = server.ask(&["PTTL", key]).parse().unwrap();
        assert!((1..=3_002).contains(&ttl), "{ttl}");
    }
    let other = Limiter::redis(RedisOptions { prefix: "acme".into(), ..server.options(1) }).await.unwrap();
    assert!(other.decide(&[check(&other, Scope::Application, "5 per 2 seconds", "planted-name")]).await.is_allowed());
    assert_eq!(server.ask(&["DBSIZE"]), "4", "another secret, another counter");
    tokio::time::sleep(Duration::from_millis(3_200)).await;
    assert_eq!(server.ask(&["DBSIZE"]), "1", "only the mark of this life is left");
}

#[tokio::test]
async fn options_that_cannot_be_used_are_told_without_their_text() {
    for url in ["http://planted@127.0.0.1", "planted", "redis://planted:x"] {
        let error = Limiter::redis(RedisOptions::new(Secret::new(url))).await.map(|_| ()).unwrap_err();
        assert_eq!(error, RedisSetupError::Address, "{url}");
        assert!(!error.to_string().contains("planted"));
    }
    for prefix in ["", "{a}", "a b"] {
        let options = RedisOptions { prefix: prefix.into(), ..RedisOptions::new(Secret::new("redis://127.0.0.1:1")) };
        assert_eq!(Limiter::redis(options).await.map(|_| ()).unwrap_err(), RedisSetupError::Prefix);
    }
    let options = RedisOptions { extra_ca_pem: Some("none".into()), ..RedisOptions::new(Secret::new("rediss://127.0.0.1:1")) };
    assert_eq!(Limiter::redis(options).await.map(|_| ()).unwrap_err(), RedisSetupError::Authorities);
}

#[tokio::test]
async fn a_redis_behind_tls_is_trusted_by_its_authority_only() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let port = free_port();
    let server = Server::start_with("throttle::redis::tls", |folder| {
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (certificate, key) = (write("server.pem", made.cert.pem()), write("server.key", made.signing_key.serialize_pem()));
        let port = port.to_string();
        ["--tls-port", &port, "--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-auth-clients", "no"]
            .map(str::to_owned)
            .to_vec()
    });
    let Some(_server) = server else { return };
    let options = RedisOptions::new(Secret::new(format!("rediss://localhost:{port}")));
    let trusting = RedisOptions { extra_ca_pem: Some(made.cert.pem()), timeout: Duration::from_secs(2), ..options.clone() };
    let limiter = Arc::new(Limiter::redis(trusting).await.unwrap());
    assert_eq!(limiter.state(), CountState::Shared);
    assert_eq!(calls(std::slice::from_ref(&limiter), 10, "5/min", "tls").await.0, 5);
    assert_eq!(limiter.state(), CountState::Shared);
    let other = Limiter::redis(options).await.unwrap();
    assert_eq!(other.state(), CountState::Away, "a certificate of nobody that is known");
}
