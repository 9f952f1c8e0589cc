//! The admin API over a socket, on a store in a file: what each may do, what each reads, what is written down.

mod access;
pub mod apart;
pub mod apis;
mod applications;
mod cli;
mod door;
mod others;
mod roles;
mod schemathesis;
mod secrets;
mod set_up;
mod start;
mod trials;
mod updates;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castile::admin::{self, AdminState, Health};
use castile::auth::Role;
use castile::catalog::Vault;
use castile::config::OAuthSettings;
use castile::manage::{Actor, Manage, NewUser, Signers, first_start};
use castile::net::address::AddressPolicy;
use castile::net::secret::Secret;
use castile::store::{AnyStore, Content, Seal, Sql, Store, StoredDocument};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub const PASSWORD: &str = "correct horse battery";

/// A server with its admin API alone.
pub struct Server {
    pub address: SocketAddr,
    pub store: Arc<AnyStore>,
    pub folder: tempfile::TempDir,
    pub seal: Arc<Seal>,
    /// The text of its key.
    pub keys: String,
    /// `Bearer …` of the token file.
    pub local: String,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

pub fn seal() -> Seal {
    Seal::parse(&Seal::new_key("k1").unwrap()).unwrap()
}

impl Server {
    /// With the API countries, published and offered on every plan, and the users sue, sid (subscribers), pia (publisher) and ada (administrator).
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<AnyStore> = Arc::new(Sql::sqlite(&folder.path().join("castile.db")).await.unwrap().into());
        let keys = Seal::new_key("k1").unwrap();
        let seal = Arc::new(Seal::parse(&keys).unwrap());
        first_start(&*store, &seal).await.unwrap();
        let vault = Arc::new(Vault::beside(folder.path(), AddressPolicy::public()).with_seal(seal.clone()));
        let manage = Manage::new(store.clone()).with_vault(vault).signing(Signers::new(seal.clone(), &OAuthSettings::default()));
        for (name, role) in [("sue", Role::Subscriber), ("sid", Role::Subscriber), ("pia", Role::Publisher), ("ada", Role::Administrator)] {
            let new = NewUser { name: name.into(), password: Some(Secret::new(PASSWORD)), roles: vec![role] };
            manage.create_user(&Actor::local(), new).await.unwrap();
        }
        let token = admin::write_token(folder.path()).unwrap();
        let local = std::fs::read_to_string(admin::token_file(folder.path())).unwrap();
        let mut state = AdminState::new(manage, Some(token)).unwrap();
        state.hosts = vec!["admin.example.org".into()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(admin::serve(listener, Arc::new(Health::default()), stopped, Some(state)));
        let server = Self { address, store, folder, seal, keys, local: format!("Bearer {}", local.trim()), stop, tasks };
        server.publish("countries", "published", "").await;
        server
    }

    /// Puts an API into the store of the tenant `default`.
    pub async fn publish(&self, name: &str, state: &str, more: &str) {
        let text = format!("version: 1\napi: {{ name: {name}, state: {state} }}\nsource: {{ wsdl: wsdl/service.wsdl }}\n{more}\n");
        let definition = StoredDocument { name: "api.yaml".into(), text: text.into() };
        let importer = "0.1.0".to_owned();
        let content = Content {
            definition,
            lock: None,
            documents: Vec::new(),
            root: 0,
            links: Vec::new(),
            sequences: Vec::new(),
            importer,
            managed_by_files: true,
        };
        self.store.put_revision("default", name, None, content, None).await.unwrap();
    }

    /// One exchange; `request` is the method and the path.
    pub fn send(&self, request: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut text = format!("{request} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            text.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        // A server that refuses early may have closed its end.
        let _ = write!(stream, "{text}\r\n{body}");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request}: {reply}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or_default() }
    }

    /// A request by the token file, or by one of the users; `GET` has no body.
    #[allow(clippy::needless_pass_by_value, reason = "`json!` gives values, and every caller would borrow one")]
    pub fn ask(&self, who: &str, request: &str, body: Value) -> Answer {
        let authorization = match who {
            "local" => self.local.clone(),
            user => format!("Basic {}", STANDARD.encode(format!("{user}:{PASSWORD}"))),
        };
        let path = request.replacen(' ', " /admin/v1/", 1);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(&path, &[("Authorization", &authorization), ("Content-Type", "application/json")], &body)
    }

    /// The same, which must go well.
    pub fn fine(&self, who: &str, request: &str, body: Value) -> Value {
        let answer = self.ask(who, request, body);
        assert!((200..300).contains(&answer.status), "{who} {request}: {answer:?}");
        answer.body
    }

    /// The same, which must be refused: the status, the code and the sentence.
    pub fn refused(&self, who: &str, request: &str, body: Value) -> (u16, String, String) {
        let answer = self.ask(who, request, body);
        let text = |name: &str| answer.body[name].as_str().unwrap_or_else(|| panic!("{who} {request}: {answer:?}")).to_owned();
        assert!(answer.head.contains("content-type: application/problem+json"), "{answer:?}");
        assert_eq!(answer.body["status"], json!(answer.status));
        assert!(answer.head.contains(&format!("x-request-id: {}", text("request_id").to_lowercase())), "{answer:?}");
        (answer.status, text("code"), text("detail"))
    }

    /// What the audit log says, the oldest first: who, what, the sentence.
    pub async fn log(&self) -> Vec<(String, String, String)> {
        let entries = self.store.audit(None, None, 1000).await.unwrap();
        entries.into_iter().rev().map(|e| (e.audit.actor, e.audit.action, e.audit.summary)).collect()
    }

    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        assert!(self.store.check().await.unwrap().is_empty());
        self.store.close().await;
    }
}
