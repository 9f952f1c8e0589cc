//! The built command as operators run it: its ports, logs, signals, memory.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::attachments::{api, package};
use super::bench_of::{Answer, Do, Upstream, countries, country, find, get_country, reply, to_end};
use crate::support;

/// `castile serve` over a folder, on ports of its own.
struct Process {
    child: Child,
    gateway: SocketAddr,
    admin: SocketAddr,
    log: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Process {
    async fn start(folder: &std::path::Path) -> Self {
        let mut child = Command::new(support::castile())
            .args(["serve", "--dir"])
            .arg(folder)
            .current_dir(folder)
            .env("CASTILE_LISTEN__GATEWAY__ADDRESS", "127.0.0.1:0")
            .env("CASTILE_LISTEN__PORTAL__ADDRESS", "127.0.0.1:0")
            .env("CASTILE_LISTEN__ADMIN__ADDRESS", "127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, keep) = (BufReader::new(child.stderr.take().unwrap()).lines(), log.clone());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // Code frames are for people; every log line is JSON.
                if line.starts_with('{') {
                    keep.lock().unwrap().push(serde_json::from_str(&line).unwrap());
                }
            }
        });
        let mut process = Self { child, gateway: SocketAddr::from(([0; 4], 0)), admin: SocketAddr::from(([0; 4], 0)), log };
        let serving = process.logged(|l| l["message"] == "serving").await;
        process.gateway = serving["gateway"].as_str().unwrap().parse().unwrap();
        process.admin = serving["admin"].as_str().unwrap().parse().unwrap();
        process
    }

    /// Waits until APIs were published so many times.
    async fn published(&self, times: usize) {
        let began = Instant::now();
        while self.log.lock().unwrap().iter().filter(|l| l["message"] == "published").count() < times {
            assert!(began.elapsed() < Duration::from_secs(20), "not published again: {:#?}", self.log.lock().unwrap());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for a line of the log.
    async fn logged(&self, is_it: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let began = Instant::now();
        loop {
            if let Some(line) = self.log.lock().unwrap().iter().find(|l| is_it(l)) {
                return line.clone();
            }
            assert!(began.elapsed() < Duration::from_secs(20), "the line never came: {:#?}", self.log.lock().unwrap());
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Files and sockets that are open.
    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Resident memory and its peak, in KiB.
    fn memory_kib(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn get(address: SocketAddr, path: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    Answer::parse(&to_end(&mut stream).await)
}

async fn call(address: SocketAddr) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "POST /countries/1/GetCountry HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"code\":\"LK\"}";
    stream.write_all(request.as_bytes()).await.unwrap();
    Answer::parse(&to_end(&mut stream).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn health_metrics_and_access_log() {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let folder = countries(upstream.address, "");
    let process = Process::start(folder.path()).await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(get(process.admin, path).await.status, 200);
    }
    let answer = call(process.gateway).await;
    assert_eq!(answer.status, 200);
    let line = process.logged(|l| l["message"] == "answered" && l["kind"] == "rest").await;
    assert_eq!(line["request_id"].as_str().unwrap().to_lowercase(), answer.field("x-request-id").unwrap());
    for (field, value) in [("api", "countries"), ("operation", "GetCountry"), ("method", "POST"), ("path", "/countries/1/GetCountry")] {
        assert_eq!(line[field], value, "{line}");
    }
    assert_eq!((line["status"].clone(), line["upstream_status"].clone(), line["cut"].clone()), (200.into(), 200.into(), "".into()));
    assert_eq!(line["bytes_out"], answer.body.len());
    assert!(!line.to_string().contains("LK"), "no payload in the log: {line}");
    let metrics = get(process.admin, "/metrics").await;
    assert!(metrics.field("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let counted = "castile_requests_total{api=\"countries\",version=\"1\",kind=\"rest\",status=\"200\",reason=\"\"} 1";
    assert!(metrics.text().contains(counted), "{}", metrics.text());
    let documented = std::fs::read_to_string(support::path("docs/metrics.md")).unwrap();
    for name in metrics.text().lines().filter_map(|l| l.strip_prefix("# TYPE ")).filter_map(|l| l.split(' ').next()) {
        assert!(documented.contains(name), "{name} is not in docs/metrics.md");
    }
    if let Some(promtool) = support::program_or_skip("gateway::run::health_metrics_and_access_log (promtool)", "promtool") {
        let mut check = Command::new(promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut check.stdin.take().unwrap(), &metrics.body).unwrap();
        let out = check.wait_with_output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_reloaded_and_a_bad_one_keeps_the_last_good_version() {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let folder = countries(upstream.address, "");
    let process = Process::start(folder.path()).await;
    let file = folder.path().join("countries/api.yaml");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replace("name: countries", "name: countries, context: /lands")).unwrap();
    process.published(2).await;
    assert_eq!(get(process.gateway, "/lands/1").await.status, 200);
    assert_eq!(get(process.gateway, "/countries/1").await.status, 404);
    std::fs::write(&file, good.replace("version: 1", "verzion: 1")).unwrap();
    let line = process.logged(|l| l["message"] == "the files of an API are not good").await;
    assert_eq!(line["last_good_version_kept"], true);
    assert_eq!(get(process.gateway, "/lands/1").await.status, 200);
    std::fs::write(&file, &good).unwrap();
    process.signal("-HUP");
    process.published(3).await;
    assert_eq!(call(process.gateway).await.status, 200);
    // How many there are is known without a call.
    std::fs::create_dir_all(folder.path().join("other/wsdl")).unwrap();
    for name in ["wsdl/service.wsdl", "wsdl/types.xsd"] {
        std::fs::copy(folder.path().join("countries").join(name), folder.path().join("other").join(name)).unwrap();
    }
    std::fs::write(folder.path().join("other/api.yaml"), good.replace("name: countries", "name: other")).unwrap();
    process.published(4).await;
    let began = Instant::now();
    while !get(process.admin, "/metrics").await.text().contains("\ncastile_apis 2\n") {
        assert!(began.elapsed() < Duration::from_secs(20), "castile_apis is not 2");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_drains() {
    let upstream = Upstream::start(vec![Do::Wait(7000), Do::Send(reply("200 OK", "text/xml", country().as_bytes()))]).await;
    let folder = countries(upstream.address, "");
    let mut process = Process::start(folder.path()).await;
    let gateway = process.gateway;
    let running = tokio::spawn(async move { call(gateway).await });
    let mut idle = TcpStream::connect(gateway).await.unwrap();
    idle.write_all(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    idle.read_exact(&mut [0; 12]).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    process.signal("-TERM");
    sleep(Duration::from_millis(500)).await;
    assert_eq!(get(process.admin, "/readyz").await.status, 503, "balancers are told first");
    assert_eq!(get(gateway, "/nowhere").await.status, 404, "and for a while calls are still taken");
    sleep(Duration::from_millis(5000)).await;
    assert!(TcpStream::connect(gateway).await.is_err(), "then no more");
    to_end(&mut idle).await;
    let answer = running.await.unwrap();
    assert_eq!((answer.status, answer.complete), (200, true), "what ran has ended well");
    let began = Instant::now();
    while process.child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(50)).await;
    }
    assert!(process.child.wait().unwrap().success());
}

/// The bytes of a part that a service sends or gets in the tests of memory.
const PART: usize = 50 << 20;

const LARGE_LIMITS: &str = "limits: { json_request: 128MiB, soap_request: 128MiB, reply: 128MiB }";

/// A service that counts what it gets in one call and answers with these bytes, so many zeros between the two.
struct LargeService {
    address: SocketAddr,
    got: Arc<Mutex<usize>>,
}

impl LargeService {
    async fn start(head: Vec<u8>, zeros: usize, tail: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(0usize));
        let counted = got.clone();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut buffer, mut seen, mut length, mut body) = (vec![0; 1 << 16], Vec::new(), None, 0);
            while length.is_none_or(|l| body < l) {
                let n = stream.read(&mut buffer).await.unwrap();
                assert!(n > 0, "the request was cut off");
                match length {
                    Some(_) => body += n,
                    None => {
                        seen.extend_from_slice(&buffer[..n]);
                        if let Some(end) = find(&seen, b"\r\n\r\n") {
                            length = Some(content_length(&seen[..end]));
                            body = seen.len() - end - 4;
                        }
                    }
                }
            }
            *counted.lock().unwrap() = body;
            let type_ = "multipart/related; type=\"application/xop+xml\"; start=\"<root>\"; boundary=b";
            let length = head.len() + zeros + tail.len();
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\ncontent-type: {type_}\r\ncontent-length: {length}\r\n\r\n").as_bytes())
                .await
                .unwrap();
            stream.write_all(&head).await.unwrap();
            for _ in 0..zeros / buffer.len() {
                stream.write_all(&vec![0; buffer.len()]).await.unwrap();
            }
            stream.write_all(&tail).await.unwrap();
        });
        Self { address, got }
    }

    /// Sends it a request through a gateway with that folder: head and beginning, then the rest in pieces.
    async fn call(self, what: &str, folder: &std::path::Path, head: &str, pieces: impl Iterator<Item = Vec<u8>>) -> LargeCall {
        let process = Process::start(folder).await;
        let before = process.memory_kib("VmRSS");
        let mut stream = TcpStream::connect(process.gateway).await.unwrap();
        let (mut read, mut write) = stream.split();
        let send = async {
            write.write_all(head.as_bytes()).await.unwrap();
            for piece in pieces {
                write.write_all(&piece).await.unwrap();
            }
        };
        let receive = async {
            let (mut buffer, mut count, mut first) = (vec![0; 1 << 16], 0, Vec::new());
            loop {
                let n = read.read(&mut buffer).await.unwrap();
                if n == 0 {
                    return (count, first);
                }
                if first.len() < 4096 {
                    first.extend_from_slice(&buffer[..n]);
                }
                count += n;
            }
        };
        let ((), (received, first)) = tokio::join!(send, receive);
        assert!(first.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&first[..first.len().min(1000)]));
        let extra_kib = process.memory_kib("VmHWM").saturating_sub(before);
        eprintln!("{what}: {extra_kib} KiB more than before");
        let sent = *self.got.lock().unwrap();
        LargeCall { received, sent, extra_kib }
    }
}

fn content_length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_lowercase();
    text.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap()
}

/// What came of a call of a [`LargeService`].
struct LargeCall {
    /// Bytes of the answer, its head too.
    received: usize,
    /// Bytes that the service got.
    sent: usize,
    /// What the gateway held at most beyond what it had before.
    extra_kib: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_of_raw_soap_need_no_memory() {
    const SIZE: usize = 100 << 20;
    let service = LargeService::start(Vec::new(), SIZE, Vec::new()).await;
    let folder = countries(service.address, "limits: { soap_request: 128MiB, reply: 128MiB }");
    let (start, end) = get_country().split_once("LK").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let item = "<x y=\"z\">1</x>&lt;";
    let filler = SIZE - start.len() - end.len();
    let items = filler / item.len();
    let head = format!(
        "POST /countries/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {SIZE}\r\nConnection: close\r\n\r\n{start}"
    );
    let last = format!("{}{}{end}", item.repeat(items % 1000), " ".repeat(filler % item.len()));
    let pieces = (0..items / 1000).map(|_| item.repeat(1000).into_bytes()).chain([last.into_bytes()]);
    let call = service.call("100 MiB each way", folder.path(), &head, pieces).await;
    assert!(call.received > SIZE, "{}", call.received);
    assert_eq!(call.sent, SIZE);
    assert!(call.extra_kib < 30 << 10, "{} KiB more than before", call.extra_kib);
}

const PUT_NOTHING: &str =
    "POST /docs/1/Put HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

#[tokio::test(flavor = "multi_thread")]
async fn a_large_part_of_a_reply_is_not_held_in_memory() {
    let whole = package("<data><x:Include href=\"cid:a\"/></data>", &[("a", "x/y", b"@@")]);
    let at = find(&whole, b"@@").unwrap();
    let service = LargeService::start(whole[..at].to_vec(), PART, whole[at + 2..].to_vec()).await;
    let folder = api("attachments-xop", service.address, LARGE_LIMITS);
    let call = service.call("50 MiB in a reply", folder.path(), PUT_NOTHING, std::iter::empty()).await;
    assert!(call.received > PART.div_ceil(3) * 4, "{}", call.received);
    assert!(call.extra_kib < 40 << 10, "{} KiB more than before", call.extra_kib);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_of_a_form_is_not_held_in_memory() {
    for yaml in ["mtom: true", ""] {
        let service = LargeService::start(package("", &[]), 0, Vec::new()).await;
        let folder = api("attachments-xop", service.address, &format!("{LARGE_LIMITS}\n{yaml}"));
        let open = "--f\r\nContent-Disposition: form-data; name=\"data\"; filename=\"x\"\r\n\r\n";
        let close = "\r\n--f--\r\n";
        let length = open.len() + PART + close.len();
        let head = format!(
            "POST /docs/1/Put HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=f\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{open}"
        );
        let pieces = (0..PART >> 16).map(|_| vec![0; 1 << 16]).chain([close.as_bytes().to_vec()]);
        let call = service.call(&format!("50 MiB in a form ({yaml})"), folder.path(), &head, pieces).await;
        let sent = if yaml.is_empty() { PART.div_ceil(3) * 4 } else { PART };
        assert!((sent..sent + 4096).contains(&call.sent), "{}", call.sent);
        assert!(call.extra_kib < 40 << 10, "{} KiB more than before", call.extra_kib);
    }
}

/// JSON is held as it came, since it is checked before anything is sent; but only once.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_value_of_a_json_request_is_held_once() {
    let text = PART.div_ceil(3) * 4;
    for yaml in ["mtom: true", ""] {
        let service = LargeService::start(package("", &[]), 0, Vec::new()).await;
        let folder = api("attachments-xop", service.address, &format!("{LARGE_LIMITS}\n{yaml}"));
        let (open, close) = ("{\"data\":\"", "\"}");
        let length = open.len() + text + close.len();
        let head = PUT_NOTHING.replace("Length: 2", &format!("Length: {length}")).replace("{}", open);
        let pieces = (0..text >> 16).map(|_| vec![b'A'; 1 << 16]).chain([vec![b'A'; text & 0xFFFF], close.as_bytes().to_vec()]);
        let call = service.call(&format!("50 MiB in JSON ({yaml})"), folder.path(), &head, pieces).await;
        let sent = if yaml.is_empty() { text } else { text / 4 * 3 };
        assert!((sent..sent + 4096).contains(&call.sent), "{}", call.sent);
        let once = (text >> 10) as u64;
        assert!(call.extra_kib < once + (30 << 10), "{} KiB more than before, {once} KiB of them the request", call.extra_kib);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_parts_need_few_descriptors() {
    // Just more than what stays in memory, and all that a message may have, with its root part.
    let (part, count) = (vec![7; (32 << 10) + 1], 999);
    let names: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
    let pages: String = names.iter().map(|n| format!("<page><x:Include href=\"cid:{n}\"/></page>")).collect();
    let parts: Vec<(&str, &str, &[u8])> = names.iter().map(|n| (n.as_str(), "x/y", &part[..])).collect();
    let service = LargeService::start(package(&pages, &parts), 0, Vec::new()).await;
    let folder = api("attachments-xop", service.address, LARGE_LIMITS);
    let process = Process::start(folder.path()).await;
    let before = process.descriptors();
    let mut stream = TcpStream::connect(process.gateway).await.unwrap();
    stream.write_all(PUT_NOTHING.as_bytes()).await.unwrap();
    let mut first = vec![0; 1 << 10];
    stream.read_exact(&mut first).await.unwrap();
    // The rest waits for this caller, and so do the parts.
    let extra = process.descriptors().saturating_sub(before);
    let received = [first, to_end(&mut stream).await].concat();
    let answer = Answer::parse(&received);
    assert_eq!((answer.status, answer.complete), (200, true), "{:.500}", answer.text());
    assert_eq!(answer.json()["page"].as_array().unwrap().len(), count);
    assert!(extra < 16, "{extra} descriptors more than before, for {count} parts");
}
