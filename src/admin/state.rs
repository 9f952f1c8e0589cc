//! What the admin API works with, and the token file by which the command line of this machine shows who it is.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::auth::{Digest, LogIns, new_secret};
use crate::gateway::Gateway;
use crate::manage::Manage;
use crate::net::random::NoRandom;

/// The token file, beside the settings.
const TOKEN_FILE: &str = "data/admin.token";

/// What the admin API works with.
#[derive(Debug)]
pub struct AdminState {
    /// What it does.
    pub manage: Arc<Manage>,
    /// What the bearer token of this machine is found by; `None`: there is none.
    pub token: Option<Digest>,
    /// Names by which the listener may be called, beside those of this machine and addresses.
    pub hosts: Vec<String>,
    /// Names and passwords that were tried. Share it with the other doors of the process.
    pub log_ins: Arc<LogIns>,
    /// The gateway of this process, for calls that people try out; `None`: it has none.
    pub gateway: Option<Arc<Gateway>>,
    /// Held while a large body is read.
    pub(super) large: tokio::sync::Mutex<()>,
}

impl AdminState {
    /// With these acts.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new(manage: impl Into<Arc<Manage>>, token: Option<Digest>) -> Result<Self, NoRandom> {
        Ok(Self {
            manage: manage.into(),
            token,
            hosts: Vec::new(),
            log_ins: LogIns::new()?,
            gateway: None,
            large: tokio::sync::Mutex::default(),
        })
    }

    /// With the gateway of this process.
    pub fn with_gateway(self, gateway: Option<Arc<Gateway>>) -> Self {
        Self { gateway, ..self }
    }
}

/// Where the token file is; `beside` is the folder of the settings file.
pub fn token_file(beside: &Path) -> PathBuf {
    beside.join(TOKEN_FILE)
}

/// Makes a new token and writes it to the token file, for its owner only (0600). The one before is no longer good. Gives what the token is found by.
///
/// # Errors
/// The file cannot be written.
pub fn write_token(beside: &Path) -> io::Result<Digest> {
    let file = token_file(beside);
    if let Some(folder) = file.parent().filter(|f| !f.is_dir()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let token = new_secret("admin").map_err(io::Error::other)?;
    // Made anew under another name: rights that an older file was given do not stay, and nobody reads half a token.
    let new = file.with_extension(format!("new{}", std::process::id()));
    let _left_over = fs::remove_file(&new);
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    writeln!(out, "{}", token.plain.reveal())?;
    out.sync_all()?;
    fs::rename(&new, &file)?;
    Ok(token.digest)
}
