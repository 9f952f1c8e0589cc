//! Nodes on one database, as processes: what they do while it is away, what they share, what each part does without the other.
//!
//! `CASTILE_JUDGE=1` raises the bounds to those of the judging runs: minutes instead of seconds.

mod away;
mod planted;
mod roles;
mod secrets;
mod shared;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use castile::store::{PostgresOptions, Seal};
use serde_json::Value;

use crate::cli::{Running, castile, run, sample};
use crate::stores::server::Server as Postgres;

/// The first number, or the second in a judging run.
fn judged<T>(usual: T, judging: T) -> T {
    if std::env::var_os("CASTILE_JUDGE").is_some() { judging } else { usual }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// What several nodes share: a database, a mock of countries, sealing keys.
struct Bed {
    postgres: Postgres,
    options: PostgresOptions,
    seal: String,
    redis: Option<u16>,
    endpoint: String,
    _mock: Running,
    _folder: tempfile::TempDir,
}

impl Bed {
    async fn start_or_skip(test: &str) -> Option<Self> {
        let postgres = Postgres::start(test)?;
        let options = postgres.database().await;
        let folder = tempfile::tempdir().unwrap();
        let (mock, said) = Running::start(castile(folder.path(), &["mock", &sample("countries"), "--port", "0"]), "answers at", false);
        let at = said.find("http://").unwrap() + "http://".len();
        let endpoint = format!("http://{}/", said[at..].split('/').next().unwrap());
        let seal = Seal::new_key("k1").unwrap();
        Some(Self { postgres, options, seal, redis: None, endpoint, _mock: mock, _folder: folder })
    }

    /// A node that does not run yet, with the API countries in its folder `apis`.
    fn node(&self) -> Node {
        let folder = tempfile::tempdir().unwrap();
        let (gateway, admin) = (free(), free());
        let redis = self
            .redis
            .map(|port| format!("redis: {{ url: \"redis://127.0.0.1:{port}\", secret: shared, timeout: 1s }}\n"))
            .unwrap_or_default();
        let text = format!(
            "listen: {{ gateway: {{ address: \"{gateway}\" }}, admin: {{ address: \"{admin}\" }} }}\n\
             store: {{ postgres: \"{}\", password: \"{}\", key: \"{}\" }}\n\
             gateway: {{ public_url: \"http://gateway.example\" }}\n{redis}",
            self.options.url,
            self.options.password.as_deref().unwrap(),
            self.seal.trim(),
        );
        std::fs::write(folder.path().join("castile.yaml"), text).unwrap();
        run(folder.path(), &["import", &sample("countries"), "--name", "countries", "--endpoint", &self.endpoint]).fine();
        Node { folder, gateway, admin, child: None, log: Arc::default() }
    }
}

/// A node in a folder of its own.
struct Node {
    folder: tempfile::TempDir,
    gateway: SocketAddr,
    admin: SocketAddr,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
}

impl Node {
    /// Starts it and waits until it serves.
    fn serve(&mut self, arguments: &[&str]) {
        let mut command = castile(self.folder.path(), &["serve"]);
        let mut child = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        self.log = log.clone();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        self.child = Some(child);
        self.until("it serves", |n| n.log().contains("\"message\":\"serving\""));
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until something holds, 30 s at most.
    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < Duration::from_secs(30), "not within 30 s: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// As `kill -9` does.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What a command of this folder answers as JSON.
    fn made(&self, words: &[&str]) -> Value {
        let said = run(self.folder.path(), &[words, &["--output", "json"]].concat()).fine();
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{words:?}: {e}: {}", said.out))
    }

    /// An application with a subscription to countries, and its key.
    fn caller(&self, name: &str, plan: &str) -> String {
        self.made(&["app", "create", name]);
        self.made(&["subscription", "create", "--app", name, "--api", "countries", "--plan", plan]);
        self.made(&["key", "create", "--app", name])["key"].as_str().unwrap().to_owned()
    }

    /// The status of a call; 0 where there was no whole answer.
    fn call(&self, key: &str) -> u16 {
        call(self.gateway, key)
    }

    /// Status and text of an address of the admin listener.
    fn ask(&self, path: &str) -> (u16, String) {
        exchange(self.admin, &format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.admin)).unwrap_or_default()
    }

    /// What the admin API says to the token file of this folder.
    fn admin(&self, path: &str) -> Value {
        let token = std::fs::read_to_string(castile::admin::token_file(self.folder.path())).unwrap();
        let fields = format!("host: {}\r\nauthorization: Bearer {}\r\nconnection: close", self.admin, token.trim());
        let (status, body) = exchange(self.admin, &format!("GET /admin/v1/{path} HTTP/1.1\r\n{fields}\r\n\r\n")).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The value of a metric without labels.
    fn metric(&self, name: &str) -> Option<f64> {
        self.ask("/metrics").1.lines().find_map(|l| l.strip_prefix(name)?.trim().parse().ok())
    }

    fn snapshot(&self) -> std::path::PathBuf {
        self.folder.path().join("data/snapshot/snapshot.jsonl")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn call(gateway: SocketAddr, key: &str) -> u16 {
    call_with(gateway, &format!("apikey: {key}"))
}

/// The status of a call with those credentials; 0 where there was no whole answer.
fn call_with(gateway: SocketAddr, credentials: &str) -> u16 {
    let body = r#"{"code":"LK"}"#;
    let request = format!(
        "POST /countries/1/GetCountry HTTP/1.1\r\nhost: {gateway}\r\n{credentials}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    exchange(gateway, &request).map_or(0, |(status, _)| status)
}

/// A request with a body to the admin API, by the token of the node's machine.
fn exchange_with(node: &Node, method: &str, path: &str, body: &str) -> (u16, String) {
    let token = std::fs::read_to_string(castile::admin::token_file(node.folder.path())).unwrap();
    let fields = format!("host: {}\r\nauthorization: Bearer {}\r\nconnection: close", node.admin, token.trim());
    let request = format!(
        "{method} /admin/v1/{path} HTTP/1.1\r\n{fields}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(node.admin).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let status = reply.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    (status, reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn exchange(address: SocketAddr, request: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(request.as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let status = reply.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Ok((status, reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}

/// Calls one after the other until it is told to stop; each must be answered 200.
struct Load {
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
    threads: Vec<JoinHandle<Vec<u16>>>,
}

impl Load {
    fn on(gateways: &[SocketAddr], key: &str) -> Self {
        let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let of = |gateway: SocketAddr| {
            let (stop, calls, key) = (stop.clone(), calls.clone(), key.to_owned());
            std::thread::spawn(move || {
                let mut failed = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let status = call(gateway, &key);
                    calls.fetch_add(1, Ordering::Relaxed);
                    failed.extend((status != 200).then_some(status));
                    std::thread::sleep(Duration::from_millis(5));
                }
                failed
            })
        };
        let threads = gateways.iter().map(|g| of(*g)).collect();
        Self { stop, calls, threads }
    }

    /// Waits for so many more calls.
    fn more(&self, calls: u64) {
        let until = self.calls.load(Ordering::Relaxed) + calls;
        let began = Instant::now();
        while self.calls.load(Ordering::Relaxed) < until {
            assert!(began.elapsed() < Duration::from_secs(60), "calls are not answered");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// How many there were, and the statuses of those that failed.
    fn end(self) -> (u64, Vec<u16>) {
        self.stop.store(true, Ordering::Relaxed);
        let failed = self.threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
        (self.calls.load(Ordering::Relaxed), failed)
    }
}
