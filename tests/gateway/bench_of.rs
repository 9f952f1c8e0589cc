//! The two ends of a call: a gateway in this process with one API, and an upstream that does what a test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use castile::catalog::{Catalog, Folder};
use castile::cli::serve::{Role, Running};
use castile::config::Config;
use castile::store::Memory;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::support;

/// One thing that an upstream does with a connection.
#[derive(Clone)]
pub enum Do {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Waits, in milliseconds.
    Wait(u64),
    /// Closes the connection; without it the next request is read.
    Close,
}

/// A request as an upstream got it.
#[derive(Debug, Clone)]
pub struct Got {
    /// Request line and fields, in lower case.
    pub head: String,
    /// The same as it came.
    pub raw_head: String,
    /// The body, framing undone.
    pub body: Vec<u8>,
    /// Did it end as its framing says?
    pub complete: bool,
}

/// A service that answers every request with the same acts, and keeps what it got.
pub struct Upstream {
    pub address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Upstream {
    pub async fn start(acts: Vec<Do>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let keep = got.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(one(stream, acts.clone(), keep.clone()));
            }
        });
        Self { address, got }
    }

    /// An upstream that answers with this body.
    pub async fn answering(status: &str, content_type: &str, body: &[u8]) -> Self {
        Self::start(vec![Do::Send(reply(status, content_type, body))]).await
    }

    /// An upstream that answers each request with what a function makes of it, over TLS or not.
    pub async fn by(tls: Option<TlsAcceptor>, answer: impl Fn(&Got) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let (keep, answer) = (got.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, answer, keep) = (tls.clone(), answer.clone(), keep.clone());
                tokio::spawn(async move {
                    match tls {
                        None => each(stream, &*answer, &keep).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                each(stream, &*answer, &keep).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, got }
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn each(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &impl Fn(&Got) -> Vec<u8>, keep: &Mutex<Vec<Got>>) {
    let mut buffer = Vec::new();
    while let Some(request) = read_message(&mut stream, &mut buffer).await {
        let bytes = answer(&request);
        keep.lock().unwrap().push(request);
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn one(mut stream: TcpStream, acts: Vec<Do>, got: Arc<Mutex<Vec<Got>>>) {
    let mut buffer = Vec::new();
    loop {
        let Some(request) = read_message(&mut stream, &mut buffer).await else { return };
        let complete = request.complete;
        got.lock().unwrap().push(request);
        if !complete {
            return;
        }
        for act in &acts {
            match act {
                Do::Send(bytes) => {
                    if stream.write_all(bytes).await.is_err() {
                        return;
                    }
                }
                Do::Wait(ms) => sleep(Duration::from_millis(*ms)).await,
                Do::Close => return,
            }
        }
    }
}

/// A whole HTTP reply with its length.
pub fn reply(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let type_ = if content_type.is_empty() { String::new() } else { format!("content-type: {content_type}\r\n") };
    let mut bytes = format!("HTTP/1.1 {status}\r\n{type_}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A SOAP 1.1 envelope around a body.
pub fn soap(body: &str) -> String {
    format!("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{body}</s:Body></s:Envelope>")
}

/// The request of GetCountry.
pub fn get_country() -> String {
    soap("<GetCountry xmlns=\"urn:castile:samples:countries\"><code>LK</code></GetCountry>")
}

/// A good answer of GetCountry.
pub fn country() -> String {
    soap(
        "<GetCountryResponse xmlns=\"urn:castile:samples:countries\" xmlns:t=\"urn:castile:samples:countries:types\"><GetCountryResult>\
         <t:code>LK</t:code><t:name>Sri Lanka</t:name></GetCountryResult></GetCountryResponse>",
    )
}

/// An answer of GetCountry whose name has so many bytes.
pub fn large_country(bytes: usize) -> String {
    country().replace("Sri Lanka", &"x".repeat(bytes))
}

/// An answer of ListCountries with so many of them.
pub fn countries_list(count: usize) -> String {
    let one = "<t:Country><t:code>LK</t:code><t:name>Sri Lanka</t:name></t:Country>";
    soap(&format!(
        "<ListCountriesResponse xmlns=\"urn:castile:samples:countries\" xmlns:t=\"urn:castile:samples:countries:types\"><ListCountriesResult>{}\
         </ListCountriesResult><total>{count}</total></ListCountriesResponse>",
        one.repeat(count)
    ))
}

/// A gateway with the countries sample.
pub struct Server {
    pub address: SocketAddr,
    /// What it serves, and to whom.
    pub catalog: Arc<Catalog>,
    _running: Running,
    _folder: tempfile::TempDir,
}

impl Server {
    /// With this upstream and the default settings.
    pub async fn start(upstream: SocketAddr) -> Self {
        Self::with(upstream, "", Config::default()).await
    }

    /// With more lines of `api.yaml`, and settings.
    pub async fn with(upstream: SocketAddr, yaml: &str, config: Config) -> Self {
        Self::of(countries(upstream, yaml), config).await
    }

    /// With the APIs of a folder.
    pub async fn of(folder: tempfile::TempDir, mut config: Config) -> Self {
        config.listen.gateway.address = SocketAddr::from(([127, 0, 0, 1], 0));
        config.listen.admin.address = SocketAddr::from(([127, 0, 0, 1], 0));
        let catalog = Arc::new(Catalog::default());
        let apis = Folder::new(folder.path(), Arc::new(Memory::new()), catalog.clone());
        let reload = apis.reload().await.unwrap();
        assert!(reload.failed.is_empty(), "{:?}", reload.failed);
        let running = Running::start(&config, catalog.clone(), Role::Gateway).await.unwrap();
        running.health.ready();
        Self { address: running.gateway.unwrap(), catalog, _running: running, _folder: folder }
    }

    /// Sends bytes on a connection of their own and gives all that comes back until it is closed.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The gateway may answer and close before it has read everything.
        let _ = stream.write_all(bytes.as_ref()).await;
        to_end(&mut stream).await
    }

    /// One request; `head` is the request line and fields but Host, with `\n` line ends.
    pub async fn ask(&self, head: &str, body: impl AsRef<[u8]>) -> Answer {
        let body = body.as_ref();
        let (line, fields) = head.split_once('\n').unwrap_or((head, ""));
        let mut request = format!("{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for field in fields.lines() {
            request.push_str(field);
            request.push_str("\r\n");
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let mut request = request.into_bytes();
        request.extend_from_slice(body);
        Answer::parse(&self.raw(request).await)
    }

    /// A JSON call.
    pub async fn post(&self, path: &str, json: &str) -> Answer {
        self.ask(&format!("POST {path}\nContent-Type: application/json"), json).await
    }
}

/// A folder of APIs with the countries sample before that upstream.
pub fn countries(upstream: SocketAddr, yaml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let wsdl = folder.path().join("countries/wsdl");
    std::fs::create_dir_all(&wsdl).unwrap();
    for name in ["service.wsdl", "types.xsd"] {
        std::fs::copy(support::path("wsdl/countries").join(name), wsdl.join(name)).unwrap();
    }
    let definition = format!(
        "version: 1\napi: {{ name: countries }}\nsource: {{ wsdl: wsdl/service.wsdl }}\nendpoint: {{ url: \"http://{upstream}/up\" }}\n{yaml}\n"
    );
    std::fs::write(folder.path().join("countries/api.yaml"), definition).unwrap();
    folder
}

/// Everything until the connection is closed.
pub async fn to_end(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 65536];
    loop {
        match timeout(Duration::from_secs(20), stream.read(&mut buffer)).await.expect("the connection stays open") {
            Ok(0) | Err(_) => return bytes,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Fields in lower case.
    pub head: String,
    pub body: Vec<u8>,
    /// Did it end as its framing says?
    pub complete: bool,
}

impl Answer {
    /// The first answer in these bytes, 1xx left out.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut rest = bytes;
        loop {
            let end = find(rest, b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
            let head = String::from_utf8_lossy(&rest[..end]).to_lowercase();
            let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
            rest = &rest[end + 4..];
            if status >= 200 {
                let (body, complete, _) = unframe(&head, rest, true);
                return Self { status, head, body, complete };
            }
        }
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// Checks what every problem document has, and gives its code.
    pub fn problem(&self) -> String {
        assert_eq!(self.field("content-type"), Some("application/problem+json"), "{:.500}", self.text());
        let json = self.json();
        assert_eq!(json["status"], self.status, "{json}");
        assert_eq!(json["request_id"].as_str().unwrap().to_lowercase(), self.field("x-request-id").unwrap());
        json["code"].as_str().unwrap().to_owned()
    }
}

pub fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

/// The body behind a head: its bytes, whether it is complete, and how much of `bytes` it was.
fn unframe(head: &str, bytes: &[u8], closed: bool) -> (Vec<u8>, bool, usize) {
    let field = |name: &str| head.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
    if field("transfer-encoding:").is_some_and(|v| v == "chunked") {
        let (mut body, mut at) = (Vec::new(), 0);
        loop {
            let Some(line) = find(&bytes[at..], b"\r\n") else { return (body, false, at) };
            let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).unwrap(), 16).unwrap();
            let start = at + line + 2;
            if bytes.len() < start + size + 2 {
                body.extend_from_slice(&bytes[start.min(bytes.len())..bytes.len().min(start + size)]);
                return (body, false, bytes.len());
            }
            body.extend_from_slice(&bytes[start..start + size]);
            at = start + size + 2;
            if size == 0 {
                return (body, true, at);
            }
        }
    }
    match field("content-length:") {
        Some(length) => {
            let length: usize = length.parse().unwrap();
            let take = length.min(bytes.len());
            (bytes[..take].to_vec(), take == length, take)
        }
        None => (bytes.to_vec(), closed, bytes.len()),
    }
}

async fn read_message(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<Got> {
    let mut chunk = vec![0; 65536];
    let mut ended = false;
    loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            let raw_head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let head = raw_head.to_lowercase();
            let framed = head.contains("\r\ncontent-length:") || head.contains("\r\ntransfer-encoding:");
            let (body, complete, used) = if framed { unframe(&head, &buffer[end + 4..], false) } else { (Vec::new(), true, 0) };
            if complete || ended {
                buffer.drain(..end + 4 + used);
                return Some(Got { head, raw_head, body, complete });
            }
        } else if ended {
            return None;
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => ended = true,
            Ok(n) => buffer.extend_from_slice(&chunk[..n]),
        }
    }
}
