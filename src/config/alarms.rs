//! `alarms`: when operators are told, and where.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;
use super::read::{Errors, Section};
use super::settings::{count, secret};
use super::units::{Bytes, parse_bytes, parse_duration};

/// Days that a certificate may be asked to have left at most.
const MAX_DAYS: u32 = 3_650;

/// `alarms`: when operators are told, and where.
#[derive(Debug, Clone)]
pub struct AlarmSettings {
    /// `alarms.memory`: how much of the memory limit is an alarm, in percent, 1 to 100; default 70.
    pub memory: u8,
    /// `alarms.memory_limit`: the limit itself; default: what the container allows, else the machine's memory.
    pub memory_limit: Option<Bytes>,
    /// `alarms.memory_after`: how long it must be used; default 60 s.
    pub memory_after: Duration,
    /// `alarms.certificate_days`: a certificate that ends sooner is an alarm; default 30.
    pub certificate_days: u32,
    /// `alarms.issuer_after`: how long the keys of an outside issuer must have failed; default 10 min.
    pub issuer_after: Duration,
    /// `alarms.webhook`: who is told of each alarm.
    pub webhook: Option<WebhookSettings>,
}

/// `alarms.webhook`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// `url`: http(s). Hidden like a secret: many services have theirs in it.
    pub url: Secret,
    /// `secret`: signs what is sent; `whsec_` and base64, or any text of 16 bytes and more.
    pub secret: Option<Secret>,
    /// `secret_file`: a file that holds it, relative to the settings file's folder.
    pub secret_file: Option<PathBuf>,
}

impl Default for AlarmSettings {
    fn default() -> Self {
        Self {
            memory: 70,
            memory_limit: None,
            memory_after: Duration::from_secs(60),
            certificate_days: 30,
            issuer_after: Duration::from_secs(600),
            webhook: None,
        }
    }
}

impl AlarmSettings {
    /// [`AlarmSettings::certificate_days`] in seconds.
    pub fn certificate_seconds(&self) -> i64 {
        i64::from(self.certificate_days) * 24 * 3600
    }
}

/// Takes them from the section.
pub(super) fn read(mut s: Section, alarms: &mut AlarmSettings, e: &mut Errors) {
    s.value("memory", &mut alarms.memory, e, |t| {
        t.trim_end_matches('%')
            .parse()
            .ok()
            .filter(|p| (1..=100).contains(p))
            .ok_or_else(|| format!("expected a percentage from 1 to 100, found `{t}`"))
    });
    s.value("memory_limit", &mut alarms.memory_limit, e, |t| parse_bytes(t).map(Some));
    s.value("memory_after", &mut alarms.memory_after, e, parse_duration);
    s.value("certificate_days", &mut alarms.certificate_days, e, |t| {
        count(t).and_then(|days| if days <= MAX_DAYS { Ok(days) } else { Err(format!("at most {MAX_DAYS} days")) })
    });
    s.value("issuer_after", &mut alarms.issuer_after, e, parse_duration);
    let mut w = s.section("webhook", e);
    let (mut url, mut key, mut secret_file) = (None, None, None);
    w.value("url", &mut url, e, http);
    w.value("secret", &mut key, e, secret);
    w.value("secret_file", &mut secret_file, e, |t| Ok(Some(PathBuf::from(t))));
    w.finish(e);
    s.finish(e);
    alarms.webhook = match url {
        Some(url) => {
            if key.is_none() && secret_file.is_none() {
                e.whole(String::from("`alarms.webhook` needs `secret` or `secret_file`: who gets alarms must know that they are true"));
            }
            Some(WebhookSettings { url, secret: key, secret_file })
        }
        None => {
            if key.is_some() || secret_file.is_some() {
                e.whole(String::from("`alarms.webhook` needs `url`"));
            }
            None
        }
    };
}

/// Nothing of the address is repeated in an error: there may be a secret in it.
fn http(text: &str) -> Result<Option<Secret>, String> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(Secret::new(text))),
        Ok(_) | Err(_) => Err(String::from("expected http(s)://HOST[:PORT]/PATH")),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Variables, parse};

    #[test]
    fn a_webhook_has_an_address_and_a_secret_and_neither_is_printed() {
        let text = "alarms: { memory: 80%, webhook: { url: 'https://a.example/planted', secret: planted-planted } }\n";
        let config = parse("castile.yaml", text, &Variables::default()).unwrap();
        assert_eq!(config.alarms.memory, 80);
        assert!(!format!("{config:?}").contains("planted"));
        for (text, part) in [
            ("alarms: { webhook: { url: 'https://a.example/' } }", "needs `secret` or `secret_file`"),
            ("alarms: { webhook: { secret: x } }", "needs `url`"),
            ("alarms: { webhook: { url: 'planted', secret: x } }", "expected http(s)://"),
            ("alarms: { memory: 0 }", "from 1 to 100"),
            ("alarms: { certificate_days: 4000 }", "at most 3650 days"),
        ] {
            let errors = parse("castile.yaml", text, &Variables::default()).unwrap_err();
            let said: String = errors.iter().map(ToString::to_string).collect();
            assert!(said.contains(part) && !said.contains("planted"), "{text}: {said}");
        }
    }
}
