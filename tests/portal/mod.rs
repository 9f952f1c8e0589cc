//! The portal over a socket, on a store in a file: who sees what, who gets in, what a page may do.

mod applications;
mod browser;
mod catalogue;
mod chromium;
mod code;
mod consoles;
mod door;
mod entry;
mod inert;
mod matrix;
mod publish;
mod served;
mod usage;

use std::net::SocketAddr;
use std::sync::Arc;

use castile::auth::{LogIns, Role};
use castile::catalog::{Catalog, PublishedApi, State, Vault};
use castile::config::Config;
use castile::manage::{Actor, Manage, NewUser, first_start};
use castile::net::secret::Secret;
use castile::portal::{self, Portal};
use castile::store::{AnyStore, Seal, Sql, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use browser::{Browser, Shown, encoded};

pub const PASSWORD: &str = "correct horse battery";

/// A portal alone.
pub struct House {
    pub address: SocketAddr,
    pub store: Arc<AnyStore>,
    pub catalog: Arc<Catalog>,
    pub manage: Arc<Manage>,
    _folder: tempfile::TempDir,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// The sample Countries under that name, in that state.
pub fn countries(name: &str, state: State) -> PublishedApi {
    let mut api = crate::support::api::published(name, &crate::support::path("wsdl/countries"));
    api.definition.api.state = state;
    api
}

impl House {
    /// With the users sue, sid (subscribers), pia (publisher) and ada (administrator), and these APIs.
    pub async fn start(apis: Vec<PublishedApi>) -> Self {
        Self::with(apis, |_| {}).await
    }

    /// The same with other settings.
    pub async fn with(apis: Vec<PublishedApi>, set: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<AnyStore> = Arc::new(Sql::sqlite(&folder.path().join("castile.db")).await.unwrap().into());
        let seal = Arc::new(Seal::parse(&Seal::new_key("k1").unwrap()).unwrap());
        first_start(&*store, &seal).await.unwrap();
        let catalog = Arc::new(Catalog::new(apis.into_iter().map(Arc::new).collect()));
        let manage = Arc::new(Manage::new(store.clone()).knowing(catalog.clone()).with_vault(Arc::new(Vault::default().with_seal(seal))));
        for (name, role) in [("sue", Role::Subscriber), ("sid", Role::Subscriber), ("pia", Role::Publisher), ("ada", Role::Administrator)] {
            let new = NewUser { name: name.into(), password: Some(Secret::new(PASSWORD)), roles: vec![role] };
            manage.create_user(&Actor::local(), new).await.unwrap();
        }
        let mut config = Config::default();
        set(&mut config);
        let portal = Portal::new(manage.clone(), LogIns::new().unwrap(), &config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(portal::serve(listener, portal, stopped));
        Self { address, store, catalog, manage, _folder: folder, stop, tasks }
    }

    pub fn stranger(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A browser in which that user has logged in.
    pub fn user(&self, name: &str) -> Browser {
        let mut browser = self.stranger();
        let shown = browser.log_in(name, PASSWORD);
        assert_eq!(shown.status, 303, "{shown:?}");
        browser
    }

    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        assert!(self.store.check().await.unwrap().is_empty());
        self.store.close().await;
    }
}
