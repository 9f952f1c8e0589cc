//! What can be set, with its default; one function reads it all.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::Secret;
use super::alarms::{self, AlarmSettings};
use super::limits::{self, Limits};
use super::read::{ConfigError, Errors, Root, Section};
use super::units::parse_duration;
use crate::net::address::Cidr;
use crate::net::forwarded::AddressLists;

/// All settings. Made by [`super::load`] and [`super::parse`], or from its default.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `listen`: addresses.
    pub listen: Listen,
    /// `gateway`: how it shows itself.
    pub gateway: GatewaySettings,
    /// `apis`: the folder of API definitions; default `apis` beside the settings file.
    pub apis: Option<PathBuf>,
    /// `store`: where things are kept.
    pub store: StoreSettings,
    /// `redis`: where calls are counted together with other nodes.
    pub redis: RedisSettings,
    /// `oauth`: the authorization server.
    pub oauth: OAuthSettings,
    /// `portal`: the pages for people.
    pub portal: PortalSettings,
    /// `network`: which addresses outgoing calls may reach.
    pub network: Network,
    /// `limits`.
    pub limits: Limits,
    /// `usage`: what was called, for people.
    pub usage: UsageSettings,
    /// `alarms`.
    pub alarms: AlarmSettings,
    /// `log`.
    pub log: Log,
}

/// `listen`.
#[derive(Debug, Clone, Default)]
pub struct Listen {
    /// `listen.gateway`.
    pub gateway: GatewayListener,
    /// `listen.portal`.
    pub portal: PortalListener,
    /// `listen.admin`.
    pub admin: Admin,
}

/// `listen.gateway`: where callers connect.
#[derive(Debug, Clone)]
pub struct GatewayListener {
    /// Default `127.0.0.1:8280`.
    pub address: SocketAddr,
    /// HTTP/2 with prior knowledge on the plain port; default false: HTTP/2 comes by ALPN only.
    pub h2c: bool,
    /// Certificate and key; with them the port speaks TLS.
    pub tls: Option<TlsFiles>,
}

/// `listen.gateway.tls`: PEM files.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// `client_ca`: the authorities whose client certificates are good (scheme `mtls`); without it none is asked for.
    pub client_ca: Option<PathBuf>,
    /// `client_crl`: their revocation lists.
    pub client_crl: Option<PathBuf>,
}

/// `listen.admin`: health, metrics and the admin API.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Default `127.0.0.1:8291`.
    pub address: SocketAddr,
    /// `listen.admin.hosts`: names by which it may be called, beside those of this machine and addresses.
    pub hosts: Vec<String>,
}

/// `listen.portal`: where people connect.
#[derive(Debug, Clone)]
pub struct PortalListener {
    /// Default `127.0.0.1:8290`.
    pub address: SocketAddr,
}

impl Default for PortalListener {
    fn default() -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], 8290)) }
    }
}

impl Default for GatewayListener {
    fn default() -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], 8280)), h2c: false, tls: None }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], 8291)), hosts: Vec::new() }
    }
}

/// `gateway`.
#[derive(Debug, Clone, Default)]
pub struct GatewaySettings {
    /// `gateway.public_url`: what `?wsdl` and OpenAPI say. Without it the Host header is used, on loopback listeners only.
    pub public_url: Option<url::Url>,
    /// `gateway.faults`: what of undeclared faults a caller reads.
    pub faults: ExposeFaults,
}

/// `faults.expose`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExposeFaults {
    /// The text of declared faults only; of others a neutral sentence.
    #[default]
    Declared,
    /// The text of all: for `try` and prototypes.
    All,
}

/// `store`: SQLite or PostgreSQL; without either the SQLite file `data/castile.db`. Paths are relative to the settings file's folder.
#[derive(Debug, Clone, Default)]
pub struct StoreSettings {
    /// `store.sqlite`: the file of the database.
    pub sqlite: Option<PathBuf>,
    /// `store.postgres`: the address of the database, `postgres://USER@HOST/DATABASE`.
    pub postgres: Option<Secret>,
    /// `store.postgres_file`: a file that holds the address.
    pub postgres_file: Option<PathBuf>,
    /// `store.password`: of the database's user, where the address has none.
    pub password: Option<Secret>,
    /// `store.password_file`: a file that holds the password.
    pub password_file: Option<PathBuf>,
    /// `store.key`: the sealing keys themselves, from the environment.
    pub key: Option<Secret>,
    /// `store.key_file`: a file that holds the sealing keys; default `data/castile.key`.
    pub key_file: Option<PathBuf>,
}

/// `redis`: without an address this node counts calls by itself.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `redis.url`: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://…` for TLS, `unix:///PATH`.
    pub url: Option<Secret>,
    /// `redis.prefix`: what its keys begin with; installations that share a server need one each. Default `castile`.
    pub prefix: String,
    /// `redis.secret`: makes the names of counters ones that nobody else can make; the same on every node.
    pub secret: Option<Secret>,
    /// `redis.timeout`: how long a call waits for it before this node's share decides. Default 20 ms.
    pub timeout: Duration,
    /// `redis.nodes`: how many nodes share the counts: each one's share when Redis is away. Default 1.
    pub nodes: u32,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self { url: None, prefix: String::from("castile"), secret: None, timeout: Duration::from_millis(20), nodes: 1 }
    }
}

/// `oauth`.
#[derive(Debug, Clone)]
pub struct OAuthSettings {
    /// `oauth.authorize`: does the gateway's listener have the log-in page, and with it the grant `authorization_code`? Default true.
    pub authorize: bool,
    /// `oauth.password_grant`: may clients that are allowed to send users' passwords? Default false (RFC 9700, section 2.4).
    pub password_grant: bool,
    /// `oauth.signing_days`: how long a key signs tokens before the next one does; 0: until `castile signing rotate`. Default 90.
    pub signing_days: u32,
    /// `oauth.signing_lead`: how long a key is published before it signs, and how long its readers may keep the keys at most. Default 15 min.
    pub signing_lead: Duration,
}

impl Default for OAuthSettings {
    fn default() -> Self {
        Self { authorize: true, password_grant: false, signing_days: 90, signing_lead: Duration::from_secs(900) }
    }
}

/// `portal`: the pages for people.
#[derive(Debug, Clone)]
pub struct PortalSettings {
    /// `portal.public_url`: the address that browsers know it by. Cookies are for TLS only where it is https. Without it the portal answers to the names of
    /// this machine and to addresses.
    pub public_url: Option<url::Url>,
    /// `portal.sign_up`: may people make an account for themselves? Default approval.
    pub sign_up: SignUp,
    /// `portal.session_idle`: a session ends after this time without a request. Default 2 h.
    pub session_idle: Duration,
    /// `portal.session_max`: a session ends after this time whatever is done in it. Default 24 h.
    pub session_max: Duration,
}

/// `usage`: what was called, for people.
#[derive(Debug, Clone)]
pub struct UsageSettings {
    /// `usage.days`: so many days it is kept; 0: it is not. Default 90.
    pub days: u32,
}

impl Default for UsageSettings {
    fn default() -> Self {
        Self { days: 90 }
    }
}

/// `portal.sign_up`: who makes accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignUp {
    /// Everybody makes one.
    Open,
    /// Everybody asks for one, and an administrator decides.
    #[default]
    Approval,
    /// Administrators only.
    Closed,
}

impl Default for PortalSettings {
    fn default() -> Self {
        Self {
            public_url: None,
            sign_up: SignUp::default(),
            session_idle: Duration::from_secs(2 * 3600),
            session_max: Duration::from_secs(24 * 3600),
        }
    }
}

/// `network`.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// `network.allow`: networks beyond the public ones that may be reached for what came through portal and admin API: the services and token
    /// endpoints of uploaded APIs, the keys of outside issuers.
    pub allow: Vec<Cidr>,
    /// `network.callers`: which addresses may call at all.
    pub callers: AddressLists,
    /// `network.trusted_proxies`: networks of the proxies in front, whose word on the caller's address counts. Default: none.
    pub trusted_proxies: Vec<Cidr>,
    /// `network.forwarded`: the field in which they say it; the other one does not count.
    pub forwarded: ForwardedField,
    /// `network.client_certificate`: the field in which they hand on the client certificate that they have verified, in lower case; by RFC 9440
    /// `client-cert`. Default: none.
    pub client_certificate: Option<String>,
}

/// The field in which proxies say who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedField {
    /// `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// `log`.
#[derive(Debug, Clone)]
pub struct Log {
    /// A filter as `tracing` reads it: `info`, `castile=debug`. Default `info`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: String::from("info") }
    }
}

/// Takes every setting from the tree.
pub(super) fn read(root: Root) -> Result<Config, Vec<ConfigError>> {
    let (config, errors) = taken(root);
    errors.finish(config)
}

/// The settings of the tree, and what is wrong with them.
pub(super) fn taken(root: Root) -> (Config, Errors) {
    let mut config = Config::default();
    let (mut errors, mut top) = root.into_reader();
    let e = &mut errors;

    let mut listen = top.section("listen", e);
    read_gateway_listener(listen.section("gateway", e), &mut config.listen.gateway, e);
    let mut portal = listen.section("portal", e);
    portal.value("address", &mut config.listen.portal.address, e, address);
    portal.finish(e);
    let mut admin = listen.section("admin", e);
    admin.value("address", &mut config.listen.admin.address, e, address);
    admin.list("hosts", &mut config.listen.admin.hosts, e, |t| Ok(t.to_owned()));
    admin.finish(e);
    listen.finish(e);

    let mut gateway = top.section("gateway", e);
    gateway.value("public_url", &mut config.gateway.public_url, e, |t| public_url(t).map(Some));
    let faults = [("declared", ExposeFaults::Declared), ("all", ExposeFaults::All)];
    gateway.word("faults", &mut config.gateway.faults, e, &faults);
    gateway.finish(e);

    top.value("apis", &mut config.apis, e, |t| Ok(Some(PathBuf::from(t))));

    read_store(top.section("store", e), &mut config.store, e);
    read_redis(top.section("redis", e), &mut config.redis, e);

    let mut oauth = top.section("oauth", e);
    oauth.value("authorize", &mut config.oauth.authorize, e, boolean);
    oauth.value("password_grant", &mut config.oauth.password_grant, e, boolean);
    oauth.value("signing_days", &mut config.oauth.signing_days, e, count);
    oauth.value("signing_lead", &mut config.oauth.signing_lead, e, parse_duration);
    oauth.finish(e);

    read_portal(top.section("portal", e), &mut config.portal, e);

    let mut usage = top.section("usage", e);
    usage.value("days", &mut config.usage.days, e, count);
    usage.finish(e);

    let mut network = top.section("network", e);
    network.list("allow", &mut config.network.allow, e, cidr);
    let mut callers = network.section("callers", e);
    callers.list("allow", &mut config.network.callers.allow, e, cidr);
    callers.list("deny", &mut config.network.callers.deny, e, cidr);
    callers.finish(e);
    network.list("trusted_proxies", &mut config.network.trusted_proxies, e, cidr);
    network.value("client_certificate", &mut config.network.client_certificate, e, |t| {
        let name = t.to_ascii_lowercase();
        if crate::net::fields::is_name(&name) {
            Ok(Some(name))
        } else {
            Err(String::from("expected the name of a header field, such as client-cert"))
        }
    });
    let fields = [("x-forwarded-for", ForwardedField::XForwarded), ("forwarded", ForwardedField::Forwarded)];
    network.word("forwarded", &mut config.network.forwarded, e, &fields);
    network.finish(e);

    limits::read(top.section("limits", e), &mut config.limits, e);
    alarms::read(top.section("alarms", e), &mut config.alarms, e);

    let mut log = top.section("log", e);
    log.value("level", &mut config.log.level, e, |t| Ok(t.to_owned()));
    log.finish(e);

    top.finish(e);
    if config.gateway.public_url.is_none() && !config.listen.gateway.address.ip().is_loopback() {
        errors.whole(format!(
            "`gateway.public_url` is needed because `listen.gateway.address` is {}, which others can reach: documents must not repeat a caller's Host header",
            config.listen.gateway.address
        ));
    }
    if config.portal.public_url.is_none() && !config.listen.portal.address.ip().is_loopback() {
        errors.whole(format!(
            "`portal.public_url` is needed because `listen.portal.address` is {}, which others can reach: pages must not trust a caller's Host header",
            config.listen.portal.address
        ));
    }
    (config, errors)
}

fn read_portal(mut s: Section, portal: &mut PortalSettings, e: &mut Errors) {
    s.value("public_url", &mut portal.public_url, e, |t| match public_url(t)? {
        url if url.path() == "/" => Ok(Some(url)),
        _ => Err(String::from("expected http(s)://HOST[:PORT]: the portal needs a host of its own, not a path")),
    });
    s.value("sign_up", &mut portal.sign_up, e, |t| match t {
        "open" => Ok(SignUp::Open),
        "approval" => Ok(SignUp::Approval),
        "closed" => Ok(SignUp::Closed),
        other => Err(format!("expected `open`, `approval` or `closed`, found `{other}`")),
    });
    s.value("session_idle", &mut portal.session_idle, e, lifetime);
    s.value("session_max", &mut portal.session_max, e, lifetime);
    s.finish(e);
}

/// How long a session may live: a minute to a week.
fn lifetime(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text)?;
    if time >= Duration::from_secs(60) { Ok(time) } else { Err(String::from("expected 1m to 168h")) }
}

fn read_gateway_listener(mut section: Section, listener: &mut GatewayListener, e: &mut Errors) {
    section.value("address", &mut listener.address, e, address);
    section.value("h2c", &mut listener.h2c, e, boolean);
    let (mut certificate, mut key, mut client_ca, mut client_crl) = (None, None, None, None);
    let path = |t: &str| Ok(Some(PathBuf::from(t)));
    let mut tls = section.section("tls", e);
    tls.value("certificate", &mut certificate, e, path);
    tls.value("key", &mut key, e, path);
    tls.value("client_ca", &mut client_ca, e, path);
    tls.value("client_crl", &mut client_crl, e, path);
    tls.finish(e);
    listener.tls = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            if client_crl.is_some() && client_ca.is_none() {
                e.whole(String::from("`listen.gateway.tls.client_crl` needs `client_ca`: whose certificates are revoked?"));
            }
            Some(TlsFiles { certificate, key, client_ca, client_crl })
        }
        (None, None) if client_ca.is_none() && client_crl.is_none() => None,
        _ => {
            e.whole(String::from("`listen.gateway.tls` needs both `certificate` and `key`"));
            None
        }
    };
    section.finish(e);
}

fn cidr(text: &str) -> Result<Cidr, String> {
    text.parse().map_err(|e: crate::net::address::NotACidr| e.to_string())
}

/// Nothing of a secret is repeated in an error.
pub(super) fn secret(text: &str) -> Result<Option<Secret>, String> {
    if text.is_empty() { Err(String::from("it is empty")) } else { Ok(Some(Secret::new(text))) }
}

fn read_redis(mut s: Section, redis: &mut RedisSettings, e: &mut Errors) {
    s.value("url", &mut redis.url, e, secret);
    s.value("prefix", &mut redis.prefix, e, |t| Ok(t.to_owned()));
    s.value("secret", &mut redis.secret, e, secret);
    s.value("timeout", &mut redis.timeout, e, parse_duration);
    s.value("nodes", &mut redis.nodes, e, count);
    s.finish(e);
}

fn read_store(mut s: Section, store: &mut StoreSettings, e: &mut Errors) {
    let path = |t: &str| Ok(Some(PathBuf::from(t)));
    s.value("sqlite", &mut store.sqlite, e, path);
    s.value("postgres", &mut store.postgres, e, |t| match t.starts_with("postgres://") || t.starts_with("postgresql://") {
        true => Ok(Some(Secret::new(t))),
        false => Err(String::from("expected postgres://USER@HOST[:PORT]/DATABASE")),
    });
    s.value("postgres_file", &mut store.postgres_file, e, path);
    s.value("password", &mut store.password, e, secret);
    s.value("password_file", &mut store.password_file, e, path);
    s.value("key", &mut store.key, e, secret);
    s.value("key_file", &mut store.key_file, e, path);
    s.finish(e);
    if store.sqlite.is_some() && (store.postgres.is_some() || store.postgres_file.is_some()) {
        e.whole(String::from("`store` names both `sqlite` and `postgres`: which of them?"));
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("expected an address with a port such as `127.0.0.1:8280` or `[::1]:8280`, found `{text}`"))
}

fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(format!("expected `true` or `false`, found `{other}`")),
    }
}

pub(super) fn count<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("expected a whole number, found `{text}`"))
}

fn public_url(text: &str) -> Result<url::Url, String> {
    let url = url::Url::parse(text).map_err(|e| format!("`{text}` is no address: {e}"))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain {
        return Err(String::from("expected http(s)://HOST[:PORT][/PATH], without credentials, query or fragment"));
    }
    Ok(url)
}
