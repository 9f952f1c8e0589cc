//! Calls that a page sends for its reader: one request to a fixed server, its answer kept whole.

use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio::time::{Instant, timeout};
use url::Url;

use super::fetch::{FetchError, FetchOptions, check, classify, client, read, shown_host};

/// For one call.
const WHOLE: Duration = Duration::from_secs(60);

/// Sends calls.
pub struct Relay {
    client: reqwest::Client,
    options: FetchOptions,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Relayed {
    /// The status.
    pub status: u16,
    /// `Content-Type` as sent; empty where there is none.
    pub content_type: String,
    /// Those of the fields that were asked for, in that order: names, values.
    pub fields: Vec<(&'static str, String)>,
    /// The body, inflated.
    pub body: Vec<u8>,
    /// From the request to the answer's last byte.
    pub took: Duration,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

impl Relay {
    /// Makes the client.
    ///
    /// # Errors
    /// [`FetchError::Setup`].
    pub fn new(options: FetchOptions) -> Result<Self, FetchError> {
        Ok(Self { client: client(&options)?, options })
    }

    /// Posts `body`; of an answer it keeps at most `max_bytes`, and the fields named in `keep`.
    ///
    /// # Errors
    /// No answer came, or one that is too large. Values that no header field can hold are an error of this call too.
    pub async fn post(
        &self,
        url: &Url,
        fields: &[(&'static str, String)],
        body: Vec<u8>,
        max_bytes: u64,
        keep: &[&'static str],
    ) -> Result<Relayed, FetchError> {
        check(&self.options.policy, url)?;
        let began = Instant::now();
        let mut request = self.client.post(url.clone()).body(body);
        for (name, value) in fields {
            request = request.header(*name, value);
        }
        let exchange = async {
            let response = request.send().await.map_err(|e| classify(&e, url))?;
            let status = response.status().as_u16();
            let text = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
            let content_type = text(CONTENT_TYPE.as_str()).unwrap_or_default();
            let encoding = text(CONTENT_ENCODING.as_str());
            let fields = keep.iter().filter_map(|name| Some((*name, text(name)?))).collect();
            let body = read(response, encoding.as_deref(), max_bytes, url).await?;
            Ok(Relayed { status, content_type, fields, body, took: began.elapsed() })
        };
        timeout(WHOLE, exchange).await.map_err(|_| FetchError::Timeout { host: shown_host(url) })?
    }
}
