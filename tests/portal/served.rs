//! The portal as it is served: the built command with a gateway beside it and a SOAP service behind it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Browser;
use crate::cli::run::address;
use crate::cli::{Running, castile, run, sample};

/// A server with the sample Countries, the user sue (subscriber), her application `demo` on the plan tryout, and a key of it.
pub struct Served {
    _dir: tempfile::TempDir,
    pub gateway: SocketAddr,
    pub portal: SocketAddr,
    pub password: String,
    pub key: String,
    _running: [Running; 2],
}

impl Served {
    /// Starts all of it; `settings` are further lines of `castile.yaml`.
    pub fn start(settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (mock, said) = Running::start(castile(dir.path(), &["mock", &sample("countries"), "--port", "0"]), "answers at", false);
        let endpoint = format!("http://{}/", address(&said));
        run(dir.path(), &["import", &sample("countries"), "--name", "countries", "--endpoint", &endpoint]).fine();
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (gateway, admin, portal) = (free(), free(), free());
        let listen = format!(
            "listen: {{ gateway: {{ address: \"{gateway}\" }}, admin: {{ address: \"{admin}\" }}, portal: {{ address: \"{portal}\" }} }}\n"
        );
        std::fs::write(dir.path().join("castile.yaml"), listen + settings).unwrap();
        let mut serve = castile(dir.path(), &["serve"]);
        serve.env_remove("CASTILE_LISTEN__PORTAL__ADDRESS");
        let server = Running(serve.stderr(std::process::Stdio::null()).spawn().unwrap());
        let create = |words: &[&str]| -> Value {
            let all: Vec<&str> = words.iter().copied().chain(["--output", "json"]).collect();
            serde_json::from_str(&run(dir.path(), &all).fine().out).unwrap()
        };
        let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
        let password = text(&create(&["user", "create", "sue", "--role", "subscriber"]), "password");
        create(&["app", "create", "demo", "--owner", "sue"]);
        create(&["subscription", "create", "--app", "demo", "--api", "countries", "--plan", "tryout"]);
        let key = text(&create(&["key", "create", "--app", "demo"]), "key");
        Self { _dir: dir, gateway, portal, password, key, _running: [mock, server] }
    }

    /// A browser in which sue has logged in.
    pub fn sue(&self) -> Browser {
        let mut browser = Browser::new(self.portal);
        assert_eq!(browser.log_in("sue", &self.password).status, 303);
        browser
    }

    /// A call as REST; gives status, fields, body.
    pub fn call(&self, fields: &[(&str, &str)], method: &str) -> super::Shown {
        let path = format!("{method} /countries/1/GetCountry");
        Browser::new(self.gateway).send(&path, fields, if method == "POST" { "{\"code\":\"LK\"}" } else { "" })
    }

    /// Waits until the key is in force on the gateway.
    pub fn admitted(&self) {
        let began = Instant::now();
        while self.call(&[("apikey", &self.key), ("content-type", "application/json")], "POST").status != 200 {
            assert!(began.elapsed() < Duration::from_secs(20), "the key does not get in");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
