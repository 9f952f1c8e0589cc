//! A gateway with one API and one caller, before a SOAP service that always says the same: what benchmarks and counts of calls need.
//! Its socket work is asynchronous; who counts only what the gateway does lets callers and service run on other threads.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use castile::auth::{ApiKey, Application, Change, Directory, Standing, Subscription, Tenant, new_secret};
use castile::catalog::{Callers, Catalog, Folder};
use castile::cli::serve::{Role, Running};
use castile::config::Config;
use castile::store::Memory;
use castile::throttle::Plan;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What an API of [`House::start`] has that asks for all there is: key, subscription, three limits, and a token for the service.
pub const FULL: &str = "security: [api_key]\nplans: [bench]\nlimits: { api: 1000000/s }";
/// What one has that asks for nothing.
pub const OPEN: &str = "security: [none]\nbackend_jwt: false";

const REPLY: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><GetCountryResponse xmlns=\"urn:castile:samples:countries\" \
                     xmlns:t=\"urn:castile:samples:countries:types\"><GetCountryResult><t:code>LK</t:code><t:name>Sri Lanka</t:name></GetCountryResult>\
                     </GetCountryResponse></s:Body></s:Envelope>";

/// Reads requests of known form and answers each with the same.
pub async fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let reply = format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml; charset=utf-8\r\ncontent-length: {}\r\n\r\n{REPLY}", REPLY.len());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let reply = reply.clone();
            tokio::spawn(async move {
                let mut buffer = Vec::new();
                while message(&mut stream, &mut buffer).await {
                    stream.write_all(reply.as_bytes()).await.unwrap();
                }
            });
        }
    });
    address
}

/// Takes one message with a length off a stream.
async fn message(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> bool {
    buffer.clear();
    let mut chunk = [0; 8192];
    loop {
        let text = String::from_utf8_lossy(buffer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length: usize = head.split("content-length:").nth(1).unwrap().lines().next().unwrap().trim().parse().unwrap();
            if body.len() >= length {
                return true;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(n) if n > 0 => buffer.extend_from_slice(&chunk[..n]),
            _ => return false,
        }
    }
}

/// A gateway that runs, and what its caller sends.
pub struct House {
    address: SocketAddr,
    apikey: String,
    _running: Running,
    _folder: tempfile::TempDir,
}

impl House {
    /// With what `api.yaml` says more, and so many keys besides the one that is used.
    pub async fn start(upstream: SocketAddr, yaml: &str, keys: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wsdl = folder.path().join("countries/wsdl");
        std::fs::create_dir_all(&wsdl).unwrap();
        for name in ["service.wsdl", "types.xsd"] {
            std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("wsdl/countries").join(name), wsdl.join(name)).unwrap();
        }
        let text = format!(
            "version: 1\napi: {{ name: countries }}\nsource: {{ wsdl: wsdl/service.wsdl }}\nendpoint: {{ url: \"http://{upstream}/\" }}\n{yaml}\n"
        );
        std::fs::write(folder.path().join("countries/api.yaml"), text).unwrap();
        let catalog = Arc::new(Catalog::default());
        let reload = Folder::new(folder.path(), Arc::new(Memory::new()), catalog.clone()).reload().await.unwrap();
        assert!(reload.failed.is_empty(), "{:?}", reload.failed);
        let apikey = admit(&catalog, keys);
        let mut config = Config::default();
        config.listen.gateway.address = SocketAddr::from(([127, 0, 0, 1], 0));
        config.listen.admin.address = SocketAddr::from(([127, 0, 0, 1], 0));
        let running = Running::start(&config, catalog, Role::Gateway).await.unwrap();
        Self { address: running.gateway.unwrap(), apikey, _running: running, _folder: folder }
    }

    /// So many calls on one connection, each answered with 200.
    pub async fn call(&self, calls: usize) {
        let body = r#"{"code":"LK"}"#;
        let request = format!(
            "POST /countries/1/GetCountry HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\napikey: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.apikey,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut buffer = Vec::new();
        for _ in 0..calls {
            stream.write_all(request.as_bytes()).await.unwrap();
            assert!(message(&mut stream, &mut buffer).await);
            assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer));
        }
    }
}

/// One application with a subscription, its key, and other applications with keys. Gives the key.
fn admit(catalog: &Catalog, others: usize) -> String {
    let (tenant, standing): (Arc<str>, _) = ("default".into(), Standing::Active);
    let mut changes = vec![Change::Tenant(Tenant {
        name: tenant.clone(),
        display_name: String::new(),
        calls_per_second: Some(1_000_000),
        public_url: None,
        standing,
        created: 0,
    })];
    let mut used = String::new();
    for n in 0..=others {
        let (id, secret): (Arc<str>, _) = (format!("application-{n}").into(), new_secret("key").unwrap());
        changes.push(Change::Application(Application {
            tenant: tenant.clone(),
            id: id.clone(),
            name: id.clone(),
            owner: "ann".into(),
            plan: None,
            description: String::new(),
            certificates: Vec::new(),
            certificate_ends: std::collections::BTreeMap::new(),
            standing,
            created: 0,
        }));
        changes.push(Change::ApiKey(ApiKey {
            tenant: tenant.clone(),
            id: format!("key-{n}").into(),
            application: id.clone(),
            digest: secret.digest,
            shown: secret.shown.clone(),
            expires: None,
            created: 0,
        }));
        changes.push(Change::Subscription(Subscription {
            tenant: tenant.clone(),
            id: format!("subscription-{n}").into(),
            application: id,
            api: "countries".into(),
            plan: "bench".into(),
            standing,
            created: 0,
        }));
        used = secret.plain.reveal().to_owned();
    }
    let plan = Plan { name: "bench".into(), quota: Some("1000000000 per hour".parse().unwrap()), ..Plan::shipped("default").remove(0) };
    let mut callers = Callers::nobody().unwrap();
    callers.plans = callers.plans.with([plan]);
    callers.directory = Directory::default().with(changes);
    catalog.admit(&Arc::new(callers));
    used
}
