//! A gateway with an authorization server over a store, in this process, and what is needed to ask it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use castile::auth::jwt::SigningKey;
use castile::auth::{Application, NewSecret, OAuthClient, SealedKey, Standing, Subscription, Tenant, User, new_secret};
use castile::catalog::{Catalog, Census, Folder, field};
use castile::config::{Config, OAuthSettings};
use castile::gateway::{Gateway, Listener, Upstreams};
use castile::net::address::AddressPolicy;
use castile::net::secret::Secret;
use castile::net::upstream::{UpstreamClient, UpstreamOptions};
use castile::oauth::Server;
use castile::store::{AnyStore, Expected, Keep, Kept, Memory, Seal};
use castile::throttle::{Limiter, LocalOptions, Plan};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use url::form_urlencoded;

use crate::gateway::bench_of::{Upstream, countries, country, find, to_end};

/// What the API asks: two scopes.
const API: &str = "security: [oauth2]\nresources:\n  - post: /GetCountry\n    operation: GetCountry\n    scope: geo:read\n  - post: /ListCountries\n    \
                   operation: ListCountries\n    scope: geo:list";
pub const PASSWORD: &str = "corr\u{e9}ct horse & <battery>";
pub const WEB: &str = "https://web.example/cb";
pub const SPA: &str = "http://127.0.0.1:9/cb?keep=1";

pub struct House {
    pub address: SocketAddr,
    pub store: Arc<AnyStore>,
    /// The secret of every client that has one.
    pub secret: NewSecret,
    _upstream: Upstream,
    pub catalog: Arc<Catalog>,
    _stop: watch::Sender<bool>,
    _folder: tempfile::TempDir,
}

pub fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
}

pub fn application(tenant: &str, id: &str) -> Application {
    Application {
        tenant: tenant.into(),
        id: id.into(),
        name: format!("The <{id}> app").into(),
        owner: "ann".into(),
        plan: None,
        description: String::new(),
        certificates: Vec::new(),
        certificate_ends: std::collections::BTreeMap::new(),
        standing: Standing::Active,
        created: now(),
    }
}

pub fn client(id: &str, secret: Option<&NewSecret>, grants: &[&str], redirect_uris: &[&str]) -> OAuthClient {
    OAuthClient {
        tenant: "default".into(),
        id: id.into(),
        application: "demo".into(),
        secret: secret.map(|s| s.digest),
        redirect_uris: redirect_uris.iter().map(|u| (*u).to_owned()).collect(),
        grants: grants.iter().map(|g| (*g).to_owned()).collect(),
        scopes: Vec::new(),
        created: now(),
    }
}

pub async fn user(tenant: &str, name: &str, password: &str) -> User {
    let password = castile::auth::password::hash(&Secret::new(password)).await.unwrap();
    let (tenant, name, standing) = (tenant.into(), name.into(), Standing::Active);
    User { tenant, name, password: Some(password), roles: Vec::new(), standing, tokens_since: 0, created: now() }
}

impl House {
    pub async fn start() -> Self {
        Self::with(OAuthSettings::default()).await
    }

    pub async fn with(settings: OAuthSettings) -> Self {
        Self::over(Memory::new(), settings).await
    }

    pub async fn over(store: impl Into<AnyStore>, settings: OAuthSettings) -> Self {
        let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
        let folder = countries(upstream.address, API);
        let (store, catalog) = (Arc::new(store.into()), Arc::new(Catalog::default()));
        let reload = Folder::new(folder.path(), Arc::new(Memory::new()), catalog.clone()).reload().await.unwrap();
        assert!(reload.failed.is_empty(), "{:?}", reload.failed);
        let secret = new_secret("secret").unwrap();
        let seal = Arc::new(Seal::parse(&Seal::new_key("k").unwrap()).unwrap());
        furnish(&store, &seal, &secret).await;
        let census = Census::new(store.clone(), catalog.clone(), seal);
        census.refresh().await.unwrap();
        tokio::spawn(async move { census.follow().await });
        let mut config = Config::default();
        config.listen.gateway.address = SocketAddr::from(([127, 0, 0, 1], 0));
        let upstreams = UpstreamClient::new(UpstreamOptions::new(AddressPolicy::local())).unwrap();
        let server = Server::new(store.clone(), catalog.clone(), settings).unwrap();
        let limiter = Limiter::local(LocalOptions::default());
        let upstreams = Upstreams { files: upstreams.clone(), uploaded: upstreams };
        let gateway = Gateway::new(config.clone(), catalog.clone(), upstreams, limiter, None).unwrap().with_reserved(Arc::new(server));
        let listener = Listener::bind(&config.listen.gateway, &config.limits.http).await.unwrap();
        let address = listener.address().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(listener.serve(Arc::new(gateway), stopped, Duration::ZERO));
        Self { address, store, secret, _upstream: upstream, catalog, _stop: stop, _folder: folder }
    }

    /// Keeps a record and waits until the gateway knows.
    pub async fn put<T: Kept>(&self, value: &T) {
        let before = self.catalog.snapshot().number;
        self.store.put(value, Expected::Any, None).await.unwrap();
        self.settled(before).await;
    }

    /// Waits until a later snapshot is in force.
    pub async fn settled(&self, before: u64) {
        for _ in 0..400 {
            if self.catalog.snapshot().number > before {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the gateway did not learn of a change within 2 s");
    }

    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One request; `head` is the request line and fields but Host, with `\n` line ends.
    pub async fn ask(&self, head: &str, body: &str) -> Reply {
        let (line, fields) = head.split_once('\n').unwrap_or((head, ""));
        let mut request = format!("{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        fields.lines().for_each(|field| request.push_str(&format!("{field}\r\n")));
        if line.starts_with("POST") {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        Reply::parse(&to_end(&mut stream).await)
    }

    /// A form at an address of the server.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.ask(&format!("POST {path}\nContent-Type: application/x-www-form-urlencoded"), &encoded(fields)).await
    }

    /// The same by a client with its secret in the body.
    pub async fn by(&self, client: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
        let own = [("client_id", client), ("client_secret", self.secret.plain.reveal())];
        self.form(path, &[&own, fields].concat()).await
    }

    /// A token by client credentials.
    pub async fn token(&self, client: &str) -> String {
        let reply = self.by(client, "/oauth2/token", &[("grant_type", "client_credentials")]).await;
        reply.json()["access_token"].as_str().unwrap_or_else(|| panic!("{}", reply.text())).to_owned()
    }

    /// Calls the API with a token.
    pub async fn call(&self, token: &str) -> Reply {
        let head = format!("POST /countries/1/GetCountry\nContent-Type: application/json\nAuthorization: Bearer {token}");
        self.ask(&head, r#"{"code":"LK"}"#).await
    }
}

/// Keeps everything that the tests meet. All clients are of one application but `foreign`, which is of another tenant.
async fn furnish(store: &AnyStore, seal: &Seal, secret: &NewSecret) {
    let key = SigningKey::generate().unwrap();
    let sealed = seal.seal(&field(key.key_id()), key.to_pkcs8()).unwrap();
    put(store, &SealedKey { id: key.key_id().into(), sealed, created: now(), signs_from: 0 }).await;
    for name in ["default", "acme"] {
        let display_name = String::new();
        let (name, standing) = (name.into(), Standing::Active);
        put(store, &Tenant { name, display_name, calls_per_second: None, public_url: None, standing, created: now() }).await;
    }
    for plan in Plan::shipped("default") {
        put(store, &plan).await;
    }
    put(store, &application("default", "demo")).await;
    put(store, &application("acme", "demo")).await;
    let subscription = Subscription {
        tenant: "default".into(),
        id: "s1".into(),
        application: "demo".into(),
        api: "countries".into(),
        plan: "unlimited".into(),
        standing: Standing::Active,
        created: now(),
    };
    put(store, &subscription).await;
    let code = ["authorization_code", "refresh_token"];
    let all = ["client_credentials", "authorization_code", "refresh_token", "password"];
    put(store, &client("web", Some(secret), &all, &[WEB, "https://web.example/other", "http://intranet.example/cb"])).await;
    put(store, &client("other", Some(secret), &code, &["https://other.example/cb"])).await;
    put(store, &client("once", Some(secret), &["authorization_code"], &["com.example.once:/cb"])).await;
    put(store, &client("spa", None, &[code[0], code[1], "client_credentials"], &[SPA])).await;
    put(store, &client("service", Some(secret), &["client_credentials"], &[])).await;
    let mut small = client("small", Some(secret), &["client_credentials"], &[]);
    small.scopes = vec!["geo:read".to_owned(), "own:thing".to_owned()];
    put(store, &small).await;
    let mut foreign = client("foreign", Some(secret), &["client_credentials"], &[]);
    foreign.tenant = "acme".into();
    put(store, &foreign).await;
    put(store, &user("default", "ann", PASSWORD).await).await;
}

async fn put<T: Kept>(store: &AnyStore, value: &T) {
    store.put(value, Expected::Absent, None).await.unwrap();
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// An HTTP answer; names of fields in lower case, values as they came.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    fields: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = find(bytes, b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned())).collect();
        Self { status, fields, body: String::from_utf8_lossy(&bytes[end + 4..]).into_owned() }
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn text(&self) -> &str {
        &self.body
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The value of a member that is text.
    pub fn said(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member}: {}", self.body)).to_owned()
    }

    /// Status and `error` of an error by RFC 6749, section 5.2, whose form is checked.
    pub fn error(&self) -> (u16, String) {
        assert_eq!((self.field("content-type"), self.field("cache-control")), (Some("application/json"), Some("no-store")), "{self:?}");
        assert_eq!(self.field("www-authenticate").is_some(), self.status == 401, "{self:?}");
        let json = self.json();
        let description = json["error_description"].as_str().unwrap();
        assert!(description.bytes().all(|b| (b == b' ' || b.is_ascii_graphic()) && b != b'"' && b != b'\\'), "{description}");
        (self.status, json["error"].as_str().unwrap().to_owned())
    }

    /// The parameters of the address that the browser is sent to, where it begins as it must.
    pub fn sent_to(&self, redirect_uri: &str) -> std::collections::HashMap<String, String> {
        assert_eq!(self.status, 303, "{}", self.text());
        let location = self.field("location").unwrap();
        let query = location.strip_prefix(redirect_uri).and_then(|r| r.strip_prefix(['?', '&'])).unwrap_or_else(|| panic!("{location}"));
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }
}
