//! `castile api …`: what is in force of each API, and what becomes of it.

use clap::{Args, Subcommand};
use serde_json::json;

use super::wanted::{Body, Wanted, Wants};

const NOUN: &str = "apis";
pub(super) const API: &[&str] = &["name", "version", "state", "revision", "latest", "held", "context", "managed_by_files"];
pub(super) const REVISION: &[&str] = &["revision", "made", "digest"];

#[derive(Debug, Subcommand)]
pub(crate) enum Api {
    /// The APIs, with the state and the revision that are in force
    List,
    /// One of them
    Show(Named),
    /// The revisions that are kept of an API
    Revisions(Named),
    /// Publish an API: the newest revision and those that come, or one that is held
    Publish {
        #[command(flatten)]
        api: Named,
        /// This revision, held until it is published again without one
        #[arg(long, value_name = "N")]
        revision: Option<u64>,
    },
    /// Put an older revision in force, and hold it
    Rollback {
        #[command(flatten)]
        api: Named,
        /// Which [default: the one before the one in force]
        #[arg(long, value_name = "N")]
        revision: Option<u64>,
    },
    /// Refuse calls for the time being (503)
    Block(Named),
    /// Put a blocked API back to what it was
    Unblock(Named),
    /// Take no new subscriptions; those that there are go on
    Deprecate(Named),
    /// Take an API away for good (410)
    Retire(Named),
    /// Let everybody call it, without credentials
    Prototype(Named),
    /// Take an API back to where it is only created (404)
    Withdraw(Named),
    /// Remove an API with all its revisions
    Remove {
        #[command(flatten)]
        api: Named,
        /// Its subscriptions too; without it an API that has some stays
        #[arg(long)]
        subscriptions: bool,
    },
}

/// An API.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its name
    #[arg(value_name = "API")]
    name: String,
}

impl Wants for Api {
    fn wanted(self) -> Result<Wanted, String> {
        let act = |api: Named, word: &str| Wanted::create(&[NOUN, &api.name, word], json!({}));
        let with = |api: Named, word: &str, revision: Option<u64>| {
            Wanted::create(&[NOUN, &api.name, word], Body::default().set("revision", revision).end())
        };
        Ok(match self {
            Self::List => Wanted::list(&[NOUN], API),
            Self::Show(api) => Wanted::show(NOUN, &api.name),
            Self::Revisions(api) => Wanted::whole(&[NOUN, &api.name, "revisions"], REVISION),
            Self::Publish { api, revision } => with(api, "publish", revision),
            Self::Rollback { api, revision } => with(api, "rollback", revision),
            Self::Block(api) => act(api, "block"),
            Self::Unblock(api) => act(api, "unblock"),
            Self::Deprecate(api) => act(api, "deprecate"),
            Self::Retire(api) => act(api, "retire"),
            Self::Prototype(api) => act(api, "prototype"),
            Self::Withdraw(api) => act(api, "withdraw"),
            Self::Remove { api, subscriptions } => {
                let query = if subscriptions { vec![("subscriptions", "remove".to_owned())] } else { Vec::new() };
                Wanted { query, ..Wanted::remove(NOUN, &api.name) }
            }
        })
    }
}
