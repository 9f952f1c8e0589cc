//! Fetches of documents for management: imports, key sets. Never the path of a call.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use super::address::{AddressPolicy, AddressRefused};
use super::inflate::{Inflate, InflateError};
use super::resolver::{ResolveError, Resolver};
use super::secret::Secret;
use super::tls::{TlsOptions, client_config};

/// Until a connection stands, name look-up and TLS included.
pub const CONNECT: Duration = Duration::from_secs(3);
/// For all fetches of one import.
pub const WHOLE: Duration = Duration::from_secs(60);
/// Redirects of one fetch.
pub const REDIRECTS: usize = 3;

/// Whom to be, where.
#[derive(Clone, Debug)]
pub struct Credentials {
    origin: url::Origin,
    user: String,
    password: Secret,
}

impl Credentials {
    /// For the origin (scheme, host, port) of `url` only.
    pub fn new(url: &Url, user: impl Into<String>, password: Secret) -> Self {
        Self { origin: url.origin(), user: user.into(), password }
    }

    /// Those in an address, `http://user:password@host/`, where it has some.
    pub fn from_url(url: &Url) -> Option<Self> {
        let decode = |t: &str| percent_encoding::percent_decode_str(t).decode_utf8_lossy().into_owned();
        let password = url.password().unwrap_or("");
        (!url.username().is_empty() || !password.is_empty()).then(|| Self::new(url, decode(url.username()), Secret::new(decode(password))))
    }

    pub(super) fn header(&self, url: &Url) -> Option<String> {
        (url.origin() == self.origin).then(|| format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password.reveal()))))
    }
}

/// How to fetch.
#[derive(Clone, Debug)]
pub struct FetchOptions {
    /// Where to.
    pub policy: AddressPolicy,
    /// Whom to be.
    pub credentials: Option<Credentials>,
    /// Whom to trust.
    pub tls: TlsOptions,
    /// Who resolves names.
    pub resolver: Resolver,
    /// Until a connection stands. Default 3 s.
    pub connect: Duration,
    /// For all fetches of one import. Default 60 s.
    pub whole: Duration,
}

impl FetchOptions {
    /// With that policy and the defaults.
    pub fn new(policy: AddressPolicy) -> Self {
        Self { policy, credentials: None, tls: TlsOptions::default(), resolver: Resolver::default(), connect: CONNECT, whole: WHOLE }
    }
}

/// A document that was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Where it was in the end, without credentials.
    pub address: Url,
    /// `Content-Type` as sent.
    pub content_type: Option<String>,
    /// The charset of the content type, where it names one.
    pub charset: Option<String>,
    /// The body, inflated.
    pub bytes: Vec<u8>,
}

/// Why a document was not fetched: a lower-case sentence about the server or the limit.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// No fetcher at all.
    #[error("addresses are not fetched here")]
    NotAllowed,
    /// The client could not be made: an error of the configuration.
    #[error("{0}")]
    Setup(String),
    /// Neither http nor https.
    #[error("addresses of scheme `{scheme}` are not fetched")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// The address may not be connected to.
    #[error("{0}")]
    Refused(AddressRefused),
    /// The host name is unknown.
    #[error("the host name `{host}` was not found: {reason}")]
    Dns {
        /// The name.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// No connection.
    #[error("no connection to `{host}`: {reason}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// The certificate or the handshake.
    #[error("no TLS connection to `{host}`: {reason}")]
    Tls {
        /// Host and port.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// Too slow.
    #[error("`{host}` did not answer in time")]
    Timeout {
        /// Host and port.
        host: String,
    },
    /// Another status than 200.
    #[error("the server answered {status}{}", reason.as_deref().map(|r| format!(" {r}")).unwrap_or_default())]
    Status {
        /// The status.
        status: u16,
        /// What the status is called.
        reason: Option<String>,
    },
    /// More than [`REDIRECTS`].
    #[error("the server redirected more than {REDIRECTS} times")]
    TooManyRedirects {
        /// The last target.
        last: String,
    },
    /// A redirect without a usable target.
    #[error("the server redirected to no usable address")]
    Redirect {
        /// What it said.
        location: Option<String>,
    },
    /// Too large, compressed or not.
    #[error("the document has more than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// An encoding that is not read, or damaged.
    #[error("{0}")]
    Encoding(String),
    /// The connection broke.
    #[error("the connection to `{host}` broke: {reason}")]
    Broken {
        /// Host and port.
        host: String,
        /// What the system says.
        reason: String,
    },
}

impl FetchError {
    /// What it was, without naming anybody.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotAllowed | Self::Scheme { .. } | Self::Refused(_) => "its address is not allowed",
            Self::Setup(_) => "the client cannot be made",
            Self::Dns { .. } => "its host name is unknown",
            Self::Connect { .. } => "there is no connection",
            Self::Tls { .. } => "there is no TLS connection",
            Self::Timeout { .. } => "there is no answer in time",
            Self::Status { .. } | Self::TooManyRedirects { .. } | Self::Redirect { .. } => "the answer is another than expected",
            Self::TooLarge { .. } | Self::Encoding(_) => "the answer cannot be read",
            Self::Broken { .. } => "the connection broke",
        }
    }
}

/// Fetches documents. Holds connections, so make one per import.
pub struct Fetcher {
    client: reqwest::Client,
    options: FetchOptions,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").field("policy", &self.options.policy).finish_non_exhaustive()
    }
}

/// Our resolver as reqwest asks for it.
struct Names {
    resolver: Resolver,
    policy: Arc<AddressPolicy>,
}

impl reqwest::dns::Resolve for Names {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let (resolver, policy) = (self.resolver.clone(), self.policy.clone());
        Box::pin(async move {
            let addresses = resolver.resolve(name.as_str(), 0, &policy).await?;
            Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

impl Fetcher {
    /// Makes the client.
    ///
    /// # Errors
    /// [`FetchError::Setup`]: the extra CA or the client certificate cannot be used.
    pub fn new(options: FetchOptions) -> Result<Self, FetchError> {
        let client = client(&options)?;
        Ok(Self { client, options })
    }

    /// The time for all fetches of one import.
    pub fn whole(&self) -> Duration {
        self.options.whole
    }

    /// Fetches a document of at most `max_bytes` until `deadline`, following redirects.
    ///
    /// # Errors
    /// As the variants say.
    pub async fn fetch(&self, url: &Url, max_bytes: u64, deadline: Instant) -> Result<Fetched, FetchError> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            let host = shown_host(&url);
            let hop = self.hop(url.clone(), max_bytes);
            let next = timeout_at(deadline, hop).await.map_err(|_| FetchError::Timeout { host })??;
            match next {
                Hop::Document(fetched) => return Ok(fetched),
                Hop::Redirect(target) => url = target,
            }
        }
        Err(FetchError::TooManyRedirects { last: shown(&url) })
    }

    async fn hop(&self, mut url: Url, max_bytes: u64) -> Result<Hop, FetchError> {
        check(&self.options.policy, &url)?;
        let own = Credentials::from_url(&url);
        strip_credentials(&mut url);
        let mut request = self.client.get(url.clone()).header(ACCEPT, "text/xml, application/xml, application/wsdl+xml, */*;q=0.5");
        request = request.header(ACCEPT_ENCODING, "gzip");
        if let Some(value) = own.as_ref().or(self.options.credentials.as_ref()).and_then(|c| c.header(&url)) {
            request = request.header(AUTHORIZATION, value);
        }
        let response = request.send().await.map_err(|e| classify(&e, &url))?;
        let status = response.status();
        if status.is_redirection() && status.as_u16() != 304 {
            let location = response.headers().get(LOCATION).and_then(|l| l.to_str().ok()).map(str::to_owned);
            let target = location.as_deref().and_then(|l| url.join(l).ok());
            return target.map(Hop::Redirect).ok_or(FetchError::Redirect { location });
        }
        if status.as_u16() != 200 {
            let reason = status.canonical_reason().map(str::to_owned);
            return Err(FetchError::Status { status: status.as_u16(), reason });
        }
        let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let content_type = header(CONTENT_TYPE);
        let encoding = header(CONTENT_ENCODING);
        let charset = content_type.as_deref().and_then(charset);
        let bytes = read(response, encoding.as_deref(), max_bytes, &url).await?;
        Ok(Hop::Document(Fetched { address: url, content_type, charset, bytes }))
    }
}

/// What the resolver never sees: the scheme and literal addresses, in any spelling that the URL standard reads.
pub(super) fn check(policy: &AddressPolicy, url: &Url) -> Result<(), FetchError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::Scheme { scheme: url.scheme().to_owned() });
    }
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => v4.into(),
        Some(Host::Ipv6(v6)) => v6.into(),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err(FetchError::Redirect { location: None }),
    };
    policy.check(literal).map_err(FetchError::Refused)
}

/// The client that fetches; also the one of [`super::rest`].
pub(super) fn client(options: &FetchOptions) -> Result<reqwest::Client, FetchError> {
    let tls = client_config(&options.tls).map_err(|e| FetchError::Setup(e.to_string()))?;
    let names = Names { resolver: options.resolver.clone(), policy: Arc::new(options.policy.clone()) };
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(names))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        // Inflated by us: reqwest has no limit for what comes out.
        .no_gzip()
        .http1_only()
        .connect_timeout(options.connect)
        .pool_max_idle_per_host(4)
        .user_agent(concat!("castile/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| FetchError::Setup(innermost(&e)))
}

enum Hop {
    Document(Fetched),
    Redirect(Url),
}

pub(super) async fn read(
    mut response: reqwest::Response,
    encoding: Option<&str>,
    max_bytes: u64,
    url: &Url,
) -> Result<Vec<u8>, FetchError> {
    let too_large = || FetchError::TooLarge { limit_bytes: max_bytes };
    if response.content_length().is_some_and(|n| n > max_bytes) {
        return Err(too_large());
    }
    let mut inflate = match encoding.map(|e| e.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => None,
        Some("gzip" | "x-gzip") => Some(Inflate::new(max_bytes)),
        Some(other) => return Err(FetchError::Encoding(format!("the content encoding `{}` is not read", short(other)))),
    };
    let damaged = |e: InflateError| match e {
        InflateError::TooLarge { limit_bytes } => FetchError::TooLarge { limit_bytes },
        InflateError::Ratio | InflateError::Malformed | InflateError::Truncated => FetchError::Encoding(e.to_string()),
    };
    let (mut out, mut received) = (Vec::new(), 0u64);
    while let Some(chunk) = response.chunk().await.map_err(|e| classify(&e, url))? {
        received = received.saturating_add(chunk.len() as u64);
        if received > max_bytes {
            return Err(too_large());
        }
        match &mut inflate {
            Some(inflate) => inflate.push(&chunk, &mut out).map_err(damaged)?,
            None => out.extend_from_slice(&chunk),
        }
    }
    if let Some(inflate) = &mut inflate {
        inflate.finish(&mut out).map_err(damaged)?;
    }
    Ok(out)
}

/// An address as it may be shown: without credentials.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    strip_credentials(&mut url);
    url.into()
}

pub(super) fn strip_credentials(url: &mut Url) {
    // Fails only for addresses that can have none.
    url.set_username("").ok();
    url.set_password(None).ok();
}

pub(super) fn shown_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("");
    url.port().map_or_else(|| host.to_owned(), |p| format!("{host}:{p}"))
}

pub(super) fn classify(error: &reqwest::Error, url: &Url) -> FetchError {
    let host = shown_host(url);
    let mut cause = error.source();
    while let Some(e) = cause {
        if let Some(e) = e.downcast_ref::<ResolveError>() {
            return match e {
                ResolveError::Refused { refused, .. } => FetchError::Refused(*refused),
                ResolveError::NotFound { host, reason } => FetchError::Dns { host: host.clone(), reason: reason.clone() },
            };
        }
        if let Some(e) = e.downcast_ref::<rustls::Error>() {
            return FetchError::Tls { host, reason: e.to_string() };
        }
        cause = below(e);
    }
    let reason = innermost(error);
    if error.is_timeout() {
        FetchError::Timeout { host }
    } else if error.is_connect() {
        FetchError::Connect { host, reason }
    } else {
        FetchError::Broken { host, reason }
    }
}

/// The error below `e`: what an I/O error wraps is its source only from its second layer on.
fn below<'e>(e: &'e (dyn std::error::Error + 'static)) -> Option<&'e (dyn std::error::Error + 'static)> {
    match e.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => e.source(),
    }
}

/// The last sentence of a chain of errors: the others repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut last = None;
    let mut cause = error.source();
    while let Some(e) = cause {
        last = Some(e.to_string());
        cause = below(e);
    }
    last.unwrap_or_else(|| "the request failed".to_owned())
}

/// `charset` of a content type.
pub fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|p| {
        let (name, value) = p.split_once('=')?;
        let value = value.trim().trim_matches(|c| c == '"' || c == '\'');
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    })
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
