//! `castile signing|instance|token …` and `castile app certificate …`: who the gateway is, and by what applications show who they are.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use http::Method;
use serde_json::json;

use super::wanted::{Shown, Wanted, Wants};

const SIGNING: &[&str] = &["state", "signs_from", "ends", "created", "id"];
const INSTANCE: &[&str] = &["host", "role", "version", "gateway", "admin", "apis", "alarms", "started", "seen"];
const CERTIFICATE: &[&str] = &["sha256", "ends"];
/// Bytes of a file with a certificate or a token.
const MAX_FILE_BYTES: u64 = 64 << 10;

#[derive(Debug, Subcommand)]
pub(crate) enum Signing {
    /// The keys that sign tokens, in the order in which they do
    List,
    /// Make a new key; it is published for `oauth.signing_lead` before it signs
    Rotate {
        /// It signs within seconds: those who keep the public keys for a while may refuse its first tokens
        #[arg(long)]
        at_once: bool,
    },
    /// Take a key away at once: no token that it signed is good any more
    Remove {
        /// Its kid
        // One in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Instance {
    /// The instances that live, with what is not well at each
    List,
}

/// Client certificates of an application (scheme mtls).
#[derive(Debug, Args)]
pub(crate) struct OfApp {
    #[command(subcommand)]
    pub(super) command: Certificate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Certificate {
    /// Those that it opens connections with
    List {
        /// The application, by its name or id
        app: String,
    },
    /// Let it open connections with one more
    Add {
        /// The application, by its name or id
        app: String,
        /// The certificate in PEM, without its key; `-`: standard input
        file: PathBuf,
    },
    /// Take one away
    Remove {
        /// The application, by its name or id
        app: String,
        /// Its SHA-256, as `list` shows it or openssl writes it
        sha256: String,
    },
}

impl Wants for Signing {
    fn wanted(self) -> Result<Wanted, String> {
        const NOUN: &str = "signing-keys";
        Ok(match self {
            Self::List => Wanted::whole(&[NOUN], SIGNING),
            Self::Rotate { at_once } => Wanted::create(&[NOUN], json!({ "at_once": at_once })),
            Self::Remove { id } => Wanted::remove(NOUN, &id),
        })
    }
}

impl Wants for Instance {
    fn wanted(self) -> Result<Wanted, String> {
        match self {
            Self::List => Ok(Wanted::list(&["instances"], INSTANCE)),
        }
    }
}

impl Wants for Certificate {
    fn wanted(self) -> Result<Wanted, String> {
        let path = |app: &str| ["applications".to_owned(), app.to_owned(), "certificates".to_owned()];
        Ok(match self {
            Self::List { app } => Wanted::whole(&path(&app).each_ref().map(String::as_str), CERTIFICATE),
            Self::Add { app, file } => {
                let body = json!({ "certificate": read(&file)? });
                Wanted::create(&path(&app).each_ref().map(String::as_str), body)
            }
            Self::Remove { app, sha256 } => {
                let mut path = path(&app).to_vec();
                path.push(sha256.clone());
                Wanted::at(Method::DELETE, path, Shown::Gone(format!("removed {sha256}")))
            }
        })
    }
}

/// A small text file; `-` is standard input.
pub(super) fn read(file: &Path) -> Result<String, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", file.display());
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
    } else {
        std::fs::File::open(file).map_err(failed)?.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
    }
    Ok(text)
}
