//! One request at the server: who is asked, by whom, at which instant.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use crate::auth::{DEFAULT_TENANT, Members, tenant_url};
use crate::catalog::{Signing, Snapshot};
use crate::store::Audit;

use super::error::{Code, Refused};

/// What every endpoint is told.
#[derive(Debug)]
pub(super) struct Visit {
    /// Whose server is asked.
    pub(super) tenant: Arc<str>,
    /// Its `iss`: also where its addresses begin.
    pub(super) issuer: Arc<str>,
    /// What is in force.
    pub(super) snapshot: Arc<Snapshot>,
    /// Seconds since 1970, UTC.
    pub(super) now: i64,
    /// Who is connected.
    pub(super) peer: IpAddr,
    /// For the audit log.
    pub(super) request_id: String,
}

impl Visit {
    /// `None`: there is no such tenant.
    pub(super) fn new(snapshot: Arc<Snapshot>, tenant: &str, public_url: &str, now: i64, peer: IpAddr, request_id: &str) -> Option<Self> {
        let known = tenant == DEFAULT_TENANT || snapshot.callers.directory.tenant(tenant).is_some();
        let issuer = tenant_url(&snapshot.callers.directory, tenant, public_url);
        known.then(|| Self { tenant: tenant.into(), issuer, snapshot, now, peer, request_id: request_id.to_owned() })
    }

    /// Who there is.
    pub(super) fn members(&self) -> &Members {
        static NOBODY: LazyLock<Members> = LazyLock::new(Members::default);
        self.snapshot.callers.directory.tenant(&self.tenant).unwrap_or(&NOBODY)
    }

    /// The keys that sign.
    pub(super) fn signing(&self) -> Result<&Signing, Refused> {
        self.snapshot.callers.signing.as_deref().ok_or_else(|| Refused::of(Code::Unavailable, "no key to sign tokens with is at hand"))
    }

    /// An address of this server.
    pub(super) fn address(&self, endpoint: &str) -> String {
        format!("{}/oauth2/{endpoint}", self.issuer)
    }

    /// An entry of the log of who did what.
    pub(super) fn audit(&self, actor: &str, action: &str, object: &str, summary: &str) -> Audit {
        Audit {
            tenant: self.tenant.to_string(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            kind: String::from("oauth_grant"),
            object: object.to_owned(),
            summary: summary.to_owned(),
            request_id: self.request_id.clone(),
        }
    }
}
