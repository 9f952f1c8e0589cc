//! Tells somebody else of alarms: a POST each, signed as Standard Webhooks 1.0 says. Beside everything: no call waits for it.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;
use url::Url;

use super::{Event, Kind, begin, end};
use crate::config::WebhookSettings;
use crate::net::address::AddressPolicy;
use crate::net::fetch::{FetchError, FetchOptions};
use crate::net::hook::HookClient;
use crate::net::secret::Secret;
use crate::telemetry::{self, names};

/// Waits before the second and each further attempt: five in all, over some minutes.
const WAITS: [Duration; 4] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25), Duration::from_secs(120)];
/// What one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// Bytes of a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=4_096;

/// Sends alarms to an address.
pub struct Webhook {
    client: HookClient,
    key: hmac::Key,
    waits: Vec<Duration>,
    host: String,
    /// From when it was made on: what happens at the start is sent, too.
    events: Mutex<Receiver<Event>>,
}

/// Why alarms cannot be sent: the operator's fault.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The secret.
    #[error("the secret of `alarms.webhook` cannot be used: {0}")]
    Secret(String),
    /// The client.
    #[error("the client for `alarms.webhook` cannot be made: {0}")]
    Client(#[from] FetchError),
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").finish_non_exhaustive()
    }
}

impl Webhook {
    /// By these settings; `beside` is the folder of the settings file, `host` the name of this machine.
    ///
    /// # Errors
    /// The secret cannot be read or is too short.
    pub fn new(settings: &WebhookSettings, beside: &Path, host: String, policy: AddressPolicy) -> Result<Self, WebhookError> {
        let secret = match (&settings.secret, &settings.secret_file) {
            (Some(secret), _) => Secret::new(secret.reveal()),
            (None, Some(file)) => read(&beside.join(file))?,
            (None, None) => return Err(WebhookError::Secret(String::from("there is none"))),
        };
        let url = Url::parse(settings.url.reveal()).map_err(|_| FetchError::Setup(String::from("its address is none")))?;
        let client = HookClient::new(url, &FetchOptions::new(policy))?;
        Ok(Self { client, key: key(&secret)?, waits: WAITS.to_vec(), host, events: Mutex::new(super::events()) })
    }

    /// The same with other waits between attempts; there is one attempt more than waits.
    #[must_use]
    pub fn with_waits(self, waits: Vec<Duration>) -> Self {
        Self { waits, ..self }
    }

    /// Sends what begins and ends; never returns. One of them at a time.
    pub async fn follow(&self) {
        let mut events = self.events.lock().await;
        loop {
            match events.recv().await {
                // Its own alarm is one for the metric and the log.
                Ok(event) if event.alarm.alarm == Kind::Webhook.word() => {}
                Ok(event) => self.deliver(&event).await,
                Err(RecvError::Lagged(missed)) => {
                    metrics::counter!(names::ALARM_WEBHOOK, "result" => "dropped").increment(missed);
                    begin(Kind::Webhook, "", format!("{missed} alarms were not sent: the webhook is too slow"));
                }
                // The board lives as long as the process.
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn deliver(&self, event: &Event) {
        let id = format!("msg_{}", telemetry::ulid());
        let body = self.body(event);
        let mut waits = self.waits.iter();
        loop {
            let why = match self.attempt(&id, &body).await {
                Ok(status) if (200..300).contains(&status) => {
                    metrics::counter!(names::ALARM_WEBHOOK, "result" => "delivered").increment(1);
                    return end(Kind::Webhook, "");
                }
                Ok(status) => format!("it answered {status}"),
                // The text of other errors names the host, which only the settings should.
                Err(error) => error.kind().to_owned(),
            };
            match waits.next() {
                Some(wait) => sleep(*wait).await,
                None => {
                    metrics::counter!(names::ALARM_WEBHOOK, "result" => "failed").increment(1);
                    return begin(Kind::Webhook, "", format!("the webhook for alarms does not take them: {why}"));
                }
            }
        }
    }

    async fn attempt(&self, id: &str, body: &str) -> Result<u16, FetchError> {
        let now = Timestamp::now().as_second();
        let fields = [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", now.to_string()),
            ("webhook-signature", signature(&self.key, id, now, body)),
        ];
        self.client.post(&fields, body.to_owned(), ATTEMPT).await
    }

    fn body(&self, event: &Event) -> String {
        let Event { alarm, ended } = event;
        let (kind, at) = ended.map_or(("alarm.begins", alarm.since), |at| ("alarm.ends", at));
        let data = json!({
            "alarm": alarm.alarm, "subject": alarm.subject, "text": alarm.text, "since": alarm.since.to_string(),
            "host": self.host, "version": env!("CARGO_PKG_VERSION"),
        });
        json!({ "type": kind, "timestamp": at.to_string(), "data": data }).to_string()
    }
}

/// `whsec_` and base64, as Standard Webhooks writes keys; any other text is the key itself.
fn key(secret: &Secret) -> Result<hmac::Key, WebhookError> {
    let wrong = |what: &str| WebhookError::Secret(what.to_owned());
    let bytes = match secret.reveal().strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| wrong("behind `whsec_` there is no base64"))?,
        None => secret.reveal().as_bytes().to_vec(),
    };
    if !SECRET_BYTES.contains(&bytes.len()) {
        return Err(wrong("it must have 16 to 4096 bytes"));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn signature(key: &hmac::Key, id: &str, at: i64, body: &str) -> String {
    let tag = hmac::sign(key, format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

fn read(file: &Path) -> Result<Secret, WebhookError> {
    let text = std::fs::read_to_string(file).map_err(|e| WebhookError::Secret(format!("{}: {e}", file.display())))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The example of its reference libraries.
        let key = key(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let made = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_is_easily_guessed_is_refused_and_not_shown() {
        for text in ["planted", "whsec_planted!", "whsec_cGxhbnRlZA=="] {
            let error = key(&Secret::new(text)).unwrap_err().to_string();
            assert!(error.contains("cannot be used") && !error.contains("planted"), "{error}");
        }
        assert!(key(&Secret::new("sixteen bytes it")).is_ok());
    }
}
