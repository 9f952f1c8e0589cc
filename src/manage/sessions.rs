//! Sessions of people in the portal: found by the hash of a secret that the browser has, ended by time, by log-out, by a new password.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Actor, Manage, Managed, now};
use crate::auth::{User, digest, new_secret};
use crate::net::secret::Secret;
use crate::store::{Change, Expected, Keep, Kept, Key, MAX_PAGE, Store, Versioned, owner};

/// Sessions of one user at one time; a new one ends the oldest.
pub const MAX_SESSIONS: usize = 20;
/// A session that is used says so in the store once in this time, in seconds.
const SAID_SECONDS: i64 = 60;

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Without a request.
    pub idle: Duration,
    /// In all.
    pub max: Duration,
}

/// What is kept of a session: by it alone nobody gets in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    tenant: Arc<str>,
    user: Arc<str>,
    /// SHA-256 of its secret, in hexadecimal digits.
    digest: String,
    created: i64,
    /// When it was last used, within [`SAID_SECONDS`].
    used: i64,
    /// When it ends by itself.
    expires: i64,
    /// When it ends whatever is done in it.
    ends: i64,
}

/// A session that is good.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// Who it is.
    pub actor: Actor,
    /// When it began, in seconds since 1970.
    pub since: i64,
}

impl Session {
    fn by_digest(digest: &str) -> Key {
        Key::unique("digest", digest)
    }
}

impl Kept for Session {
    const KIND: &'static str = "session";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.digest
    }

    fn keys(&self) -> Vec<Key> {
        vec![Self::by_digest(&self.digest), owner(&self.tenant, &self.user)]
    }

    fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.expires).ok()
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

impl Manage {
    /// Begins a session of a user who was just let in, and gives its secret: 256 random bits, shown to nobody but the browser.
    ///
    /// # Errors
    /// The store is away, or the system gives no random bytes.
    pub async fn begin_session(&self, user: &User, lifetimes: Lifetimes, request_id: &str) -> Managed<Secret> {
        let secret = new_secret("session")?;
        let at = now();
        let ends = at.saturating_add(seconds(lifetimes.max));
        let session = Session {
            tenant: user.tenant.clone(),
            user: user.name.clone(),
            digest: secret.digest.to_string(),
            created: at,
            used: at,
            expires: ends.min(at.saturating_add(seconds(lifetimes.idle))),
            ends,
        };
        let mut there = self.sessions_of(&user.tenant, &user.name).await?;
        there.sort_by_key(|s| s.value.used);
        let too_many = (there.len() + 1).saturating_sub(MAX_SESSIONS);
        let oldest = there.iter().take(too_many).map(|s| Change::remove::<Session>(s.value.tenant(), s.value.id(), Expected::Any));
        let mut changes: Vec<Change> = oldest.collect();
        changes.push(Change::put(&session, Expected::Absent)?);
        let actor = Actor::new(user.tenant.clone(), user.name.clone(), user.roles.clone()).by(request_id);
        self.write(changes, actor.did("session.begin", &user.name, format!("{} logged in", user.name))).await?;
        Ok(secret.plain)
    }

    /// Who has the session of that secret; `None`: it is not good, or its user is not let in any more. Roles are those of this instant.
    ///
    /// # Errors
    /// The store is away.
    pub async fn session(&self, secret: &Secret, lifetimes: Lifetimes) -> Managed<Option<LoggedIn>> {
        let key = Session::by_digest(&digest(secret.reveal()).to_string());
        let at = now();
        let found = self.store.get_by::<Session>(&key).await?.filter(|s| at < s.value.expires.min(s.value.ends));
        let Some(found) = found else { return Ok(None) };
        let session = &found.value;
        let user = self.active_user(&session.tenant, &session.user).await?;
        let Some(user) = user.filter(|u| u.stands_for(session.created)) else { return Ok(None) };
        let logged_in = LoggedIn { actor: Actor::new(user.tenant, user.name, user.roles), since: session.created };
        if at - session.used >= SAID_SECONDS {
            self.used(found, at, lifetimes).await;
        }
        Ok(Some(logged_in))
    }

    /// Says that a session is in use. Where that fails, another request says it, or the session ended meanwhile.
    async fn used(&self, mut found: Versioned<Session>, at: i64, lifetimes: Lifetimes) {
        found.value.used = at;
        found.value.expires = found.value.ends.min(at.saturating_add(seconds(lifetimes.idle)));
        if let Err(error) = self.store.put(&found.value, Expected::Version(found.version), None).await {
            tracing::debug!(%error, "a session could not be prolonged");
        }
    }

    /// Ends the session of that secret, where there is one.
    ///
    /// # Errors
    /// The store is away.
    pub async fn end_session(&self, secret: &Secret) -> Managed<()> {
        let key = Session::by_digest(&digest(secret.reveal()).to_string());
        match self.store.get_by::<Session>(&key).await? {
            Some(found) => {
                let change = Change::remove::<Session>(found.value.tenant(), found.value.id(), Expected::Any);
                self.store.write(vec![change], None).await?;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Ends all sessions of the actor and says how many there were.
    ///
    /// # Errors
    /// The store is away.
    pub async fn end_sessions(&self, actor: &Actor) -> Managed<usize> {
        let there = self.sessions_of(&actor.tenant, &actor.name).await?;
        if there.is_empty() {
            return Ok(0);
        }
        let summary = format!("{} logged out everywhere", actor.name);
        self.write(there.iter().map(removal_of).collect(), actor.did("session.end_all", &actor.name, summary)).await?;
        Ok(there.len())
    }

    /// How many sessions the actor has.
    ///
    /// # Errors
    /// The store is away.
    pub async fn count_sessions(&self, actor: &Actor) -> Managed<usize> {
        Ok(self.sessions_of(&actor.tenant, &actor.name).await?.len())
    }

    /// What ends all sessions of a user.
    pub(super) async fn ends_of_sessions(&self, tenant: &str, user: &str) -> Managed<Vec<Change>> {
        Ok(self.sessions_of(tenant, user).await?.iter().map(removal_of).collect())
    }

    async fn sessions_of(&self, tenant: &str, user: &str) -> Managed<Vec<Versioned<Session>>> {
        let (found, _) = self.store.page_by::<Session>(&owner(tenant, user), None, MAX_PAGE).await?;
        Ok(found)
    }
}

fn removal_of(found: &Versioned<Session>) -> Change {
    Change::remove::<Session>(found.value.tenant(), found.value.id(), Expected::Any)
}
