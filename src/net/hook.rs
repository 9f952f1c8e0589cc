//! Messages to an address that an operator named: a POST each, of which only the status is read. No redirects.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::time::timeout;
use url::Url;

use super::fetch::{Credentials, FetchError, FetchOptions, check, classify, client, shown_host, strip_credentials};
use super::secret::Secret;

/// Sends messages to one address.
pub struct HookClient {
    client: reqwest::Client,
    options: FetchOptions,
    url: Url,
    authorization: Option<Secret>,
}

impl std::fmt::Debug for HookClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookClient").finish_non_exhaustive()
    }
}

impl HookClient {
    /// Sends to `url`, with the user and password that stand there.
    ///
    /// # Errors
    /// [`FetchError::Setup`].
    pub fn new(mut url: Url, options: &FetchOptions) -> Result<Self, FetchError> {
        let authorization = Credentials::from_url(&url).and_then(|c| c.header(&url)).map(Secret::new);
        strip_credentials(&mut url);
        Ok(Self { client: client(options)?, options: options.clone(), url, authorization })
    }

    /// Sends a message of JSON with these header fields, and gives the status of the answer.
    ///
    /// # Errors
    /// No answer came within `whole`, or the address may not be connected to.
    pub async fn post(&self, fields: &[(&str, String)], body: String, whole: Duration) -> Result<u16, FetchError> {
        check(&self.options.policy, &self.url)?;
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        if let Some(authorization) = &self.authorization {
            request = request.header(reqwest::header::AUTHORIZATION, authorization.reveal());
        }
        for (name, value) in fields {
            request = request.header(*name, value);
        }
        let sent = timeout(whole, request.send()).await.map_err(|_| FetchError::Timeout { host: shown_host(&self.url) })?;
        Ok(sent.map_err(|e| classify(&e, &self.url))?.status().as_u16())
    }
}
