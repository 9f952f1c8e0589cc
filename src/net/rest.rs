//! Requests of the command line to the admin API of a server: JSON both ways, no redirects.

use std::time::Duration;

use http::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::fetch::{Credentials, FetchError, FetchOptions, check, classify, client, read, shown_host, strip_credentials};
use super::secret::Secret;

/// For one request.
const WHOLE: Duration = Duration::from_secs(120);
/// Bytes of an answer: a revision with all its texts.
const MAX_BYTES: u64 = 96 << 20;

/// A server's admin API.
pub struct RestClient {
    client: reqwest::Client,
    options: FetchOptions,
    base: Url,
    authorization: Option<Secret>,
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct RestAnswer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for RestClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RestClient").finish_non_exhaustive()
    }
}

impl RestClient {
    /// Speaks to the server at `base`, with the user and password that stand there, else with the bearer token.
    ///
    /// # Errors
    /// [`FetchError::Setup`].
    pub fn new(mut base: Url, token: Option<&Secret>, options: FetchOptions) -> Result<Self, FetchError> {
        let authorization = match Credentials::from_url(&base) {
            Some(credentials) => credentials.header(&base),
            None => token.map(|t| format!("Bearer {}", t.reveal())),
        };
        strip_credentials(&mut base);
        Ok(Self { client: client(&options)?, options, base, authorization: authorization.map(Secret::new) })
    }

    /// Sends a request: `path` below the server's address, query parameters, a body of JSON.
    ///
    /// # Errors
    /// No answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<RestAnswer, FetchError> {
        let mut url = self.base.clone();
        // Fails only for addresses without a host, which are not connected to.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        check(&self.options.policy, &url)?;
        let mut request = self.client.request(method, url.clone()).header(ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.reveal());
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        self.exchange(request, url).await
    }

    /// Sends a form (`application/x-www-form-urlencoded`): `path` below the server's address.
    ///
    /// # Errors
    /// No answer came.
    pub async fn form(&self, path: &[&str], form: &[(&str, &str)]) -> Result<RestAnswer, FetchError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        check(&self.options.policy, &url)?;
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = self.client.post(url.clone()).header(ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.reveal());
        }
        self.exchange(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body), url).await
    }

    async fn exchange(&self, request: reqwest::RequestBuilder, url: Url) -> Result<RestAnswer, FetchError> {
        let exchange = async {
            let response = request.send().await.map_err(|e| classify(&e, &url))?;
            let status = response.status().as_u16();
            Ok(RestAnswer { status, body: read(response, None, MAX_BYTES, &url).await? })
        };
        timeout_at(Instant::now() + WHOLE, exchange).await.map_err(|_| FetchError::Timeout { host: shown_host(&url) })?
    }
}
