//! Settings: `castile.yaml`, overridden by the environment, over the defaults that LIMITS names.
//!
//! Comes in: a file's text and variables. Goes out: a [`Config`], or every error with line, column and the nearest name. The only
//! room that reads the environment. Every setting `a.b.c` is also `CASTILE_A__B__C`; `CASTILE_A__B__C_FILE` names a file
//! that holds the value.

mod alarms;
mod limits;
mod read;
mod settings;
mod units;

pub use alarms::{AlarmSettings, WebhookSettings};
pub use limits::{BreakerLimits, HttpLimits, ImportLimits, Limits, UpstreamLimits};
pub use read::{ConfigError, Setting, SettingKind, Variables};
pub use settings::{
    Admin, Config, ExposeFaults, ForwardedField, GatewayListener, GatewaySettings, Listen, Log, Network, OAuthSettings, PortalListener,
    PortalSettings, SignUp, StoreSettings, TlsFiles, UsageSettings,
};
pub use units::{Bytes, parse_bytes, parse_duration};

use std::fmt;
use std::path::Path;

/// A secret: prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value that must not be printed.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The value of an environment variable, for what a file names by `*_env`. `None` where it is not set or not UTF-8.
#[allow(clippy::disallowed_methods, reason = "config is the one room that reads the environment")]
pub fn variable(name: &str) -> Option<Secret> {
    std::env::var(name).ok().map(Secret)
}

/// The settings of this process: the file (none: defaults only), then the environment.
///
/// # Errors
/// Every problem that was found, in the file's order: the operator's fault.
pub fn load(file: Option<&Path>) -> Result<Config, Vec<ConfigError>> {
    let (name, text) = match file {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| vec![ConfigError::unreadable(&path.display().to_string(), &e)])?;
            (path.display().to_string(), text)
        }
        None => (String::from("castile.yaml"), String::new()),
    };
    parse(&name, &text, &Variables::of_process())
}

/// Every setting that there is, as the reader of the file asks for them: groups before what is in them.
pub fn settings() -> Vec<Setting> {
    read::Root::parse("", "").map(|root| settings::taken(root).1.into_settings()).unwrap_or_default()
}

/// The settings that `text` and `variables` give; `name` is what errors call the file.
///
/// # Errors
/// Every problem that was found.
pub fn parse(name: &str, text: &str, variables: &Variables) -> Result<Config, Vec<ConfigError>> {
    let mut root = read::Root::parse(name, text)?;
    root.overlay(variables);
    settings::read(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        match parse("castile.yaml", text, &Variables::default()) {
            Ok(_) => Vec::new(),
            Err(list) => list.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn defaults_are_the_published_addresses() {
        let config = parse("castile.yaml", "", &Variables::default()).unwrap();
        assert_eq!(config.listen.gateway.address.to_string(), "127.0.0.1:8280");
        assert_eq!(config.listen.admin.address.to_string(), "127.0.0.1:8291");
        assert_eq!(config.limits.json_request.get(), 2 << 20);
    }

    #[test]
    fn the_admin_listener_has_names_of_its_own() {
        let config = parse("castile.yaml", "listen: { admin: { hosts: [admin.example.org] } }", &Variables::default()).unwrap();
        assert_eq!(config.listen.admin.hosts, ["admin.example.org"]);
    }

    #[test]
    fn an_unknown_key_has_a_place_and_the_nearest_name() {
        let found = errors("listen:\n  gateway:\n    adress: 127.0.0.1:1\n");
        assert_eq!(found, ["castile.yaml:3:5: `listen.gateway.adress` is not a setting; did you mean `address`?"]);
    }

    #[test]
    fn all_errors_are_found_at_once() {
        let found = errors("listen:\n  gateway: { address: nowhere }\nlimits:\n  reply: 3 bananas\n  zzzzzz: 1\n");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("castile.yaml:2:23: `listen.gateway.address`"), "{found:?}");
        assert!(found[1].starts_with("castile.yaml:4:10: `limits.reply`"), "{found:?}");
        assert!(found[2].starts_with("castile.yaml:5:3: `limits.zzzzzz` is not a setting"), "{found:?}");
    }

    #[test]
    fn broken_yaml_and_a_key_given_twice_are_refused_with_their_place() {
        assert!(errors("listen: [").first().is_some_and(|e| e.starts_with("castile.yaml:1:")), "{:?}", errors("listen: ["));
        assert!(!errors("log: { level: info }\nlog: { level: warn }\n").is_empty());
        assert!(!errors("- a\n- b\n").is_empty());
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let variables =
            Variables::from_pairs([("CASTILE_LISTEN__GATEWAY__ADDRESS", "127.0.0.1:9999"), ("CASTILE_LIMITS__HTTP__HEADERS", "7")]);
        let config = parse("castile.yaml", "listen:\n  gateway:\n    address: 127.0.0.1:1\n", &variables).unwrap();
        assert_eq!(config.listen.gateway.address.to_string(), "127.0.0.1:9999");
        assert_eq!(config.limits.http.headers, 7);
    }

    #[test]
    fn an_error_from_the_environment_names_the_variable() {
        let variables = Variables::from_pairs([("CASTILE_LISTEN__GATEWAY__ADDRES", "127.0.0.1:9999")]);
        let found = parse("castile.yaml", "", &variables).unwrap_err();
        assert_eq!(
            found[0].to_string(),
            "CASTILE_LISTEN__GATEWAY__ADDRES: `listen.gateway.addres` is not a setting; did you mean `address`?"
        );
    }

    #[test]
    fn a_value_can_come_from_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("url");
        std::fs::write(&path, "https://api.example.org\n").unwrap();
        let variables = Variables::from_pairs([("CASTILE_GATEWAY__PUBLIC_URL_FILE", path.to_str().unwrap())]);
        let config = parse("castile.yaml", "", &variables).unwrap();
        assert_eq!(config.gateway.public_url.as_ref().map(url::Url::as_str), Some("https://api.example.org/"));
    }

    #[test]
    fn an_open_listener_needs_a_public_url() {
        let found = errors("listen:\n  gateway:\n    address: 0.0.0.0:8280\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("gateway.public_url"), "{found:?}");
        assert!(errors("listen: { gateway: { address: 0.0.0.0:8280 } }\ngateway: { public_url: 'https://a.example' }\n").is_empty());
        assert!(!errors("gateway: { public_url: 'ftp://a.example' }\n").is_empty());
        assert!(!errors("gateway: { public_url: 'https://u:p@a.example/x?y' }\n").is_empty());
    }

    #[test]
    fn the_store_is_one_of_two_and_its_secrets_are_not_repeated() {
        let config =
            parse("castile.yaml", "store: { postgres: 'postgres://u:planted@h/d', password: planted }\n", &Variables::default()).unwrap();
        assert!(!format!("{config:?}").contains("planted"));
        assert_eq!(config.store.password.map(|p| p.reveal().to_owned()).as_deref(), Some("planted"));
        let found = errors("store: { sqlite: a.db, postgres: 'mysql://u:planted@h/d', keyfile: x }\n");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(!found.concat().contains("planted") && found[1].contains("did you mean `key_file`?"), "{found:?}");
        let found = errors("store: { sqlite: a.db, postgres: 'postgres://h/d' }\n");
        assert!(found[0].contains("both `sqlite` and `postgres`"), "{found:?}");
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("url"), "postgres://h/d\n").unwrap();
        let variables = Variables::from_pairs([("CASTILE_STORE__POSTGRES_FILE", dir.path().join("url").to_str().unwrap())]);
        let config = parse("castile.yaml", "", &variables).unwrap();
        assert_eq!(config.store.postgres.map(|p| p.reveal().to_owned()).as_deref(), Some("postgres://h/d"));
    }

    #[test]
    fn passwords_for_clients_are_off() {
        let config = parse("castile.yaml", "oauth: { authorize: false }\n", &Variables::default()).unwrap();
        assert!(!config.oauth.authorize && !config.oauth.password_grant);
        let config = parse("castile.yaml", "oauth: { password_grant: true }\n", &Variables::default()).unwrap();
        assert!(config.oauth.authorize && config.oauth.password_grant);
        assert_eq!(errors("oauth: { password_grant: maybe }\n").len(), 1);
    }

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[redacted]");
    }
}
