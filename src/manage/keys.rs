use std::time::Duration;

use super::{Actor, Listed, Manage, ManageError, Managed, Part, hold, now, removal, values};
use crate::auth::{ApiKey, Application, NewSecret, new_secret};
use crate::net::secret::Secret;
use crate::store::{Change, Expected, Keep, Versioned, of_application};
use crate::telemetry::ulid;

/// Keys of one application.
pub const MAX_KEYS: usize = 100;
/// Longest time from now to the end of a key, in seconds: ten years.
const MAX_LIFE_S: i64 = 10 * 366 * 86_400;

/// A key that was just made.
#[derive(Debug, Clone)]
pub struct MadeKey {
    /// What is kept.
    pub key: ApiKey,
    /// The key itself: shown now and never again.
    pub plain: Secret,
}

impl Manage {
    /// The keys of an application.
    ///
    /// # Errors
    /// The application is not there, or somebody else's.
    pub async fn keys(&self, actor: &Actor, application: &str, part: &Part) -> Managed<Listed<ApiKey>> {
        let application = self.own_application(actor, application).await?.value;
        let key = of_application(&actor.tenant, &application.id);
        let (found, next) = self.store.page_by(&key, part.after.as_ref(), part.limit).await?;
        Ok((values(found), next))
    }

    /// A key by its id.
    ///
    /// # Errors
    /// It is not there, or somebody else's.
    pub async fn key(&self, actor: &Actor, id: &str) -> Managed<ApiKey> {
        Ok(self.own_key(actor, id).await?.0.value)
    }

    /// Makes a key for an application; `expires` is its end, in seconds since 1970.
    ///
    /// # Errors
    /// The application is not there, or somebody else's; it has too many keys; the end is not ahead.
    pub async fn create_key(&self, actor: &Actor, application: &str, expires: Option<i64>) -> Managed<MadeKey> {
        let now = now();
        if let Some(end) = expires.filter(|end| *end <= now || *end > now + MAX_LIFE_S) {
            return Err(ManageError::invalid("expires", "a time ahead of now, within ten years", &end.to_string()));
        }
        let _turn = self.turn().await;
        let application = self.own_application(actor, application).await?;
        self.has_room_for_a_key(actor, &application.value).await?;
        let made = new_key(&application.value, expires)?;
        let changes = vec![hold(&application)?, Change::put(&made.key, Expected::Absent)?];
        let summary = format!("made the key {}… for the application {}", made.key.shown, application.value.name);
        self.write(changes, actor.did("api_key.create", &made.key.id, summary)).await?;
        Ok(made)
    }

    /// Ends a key at once.
    ///
    /// # Errors
    /// It is not there, or somebody else's.
    pub async fn revoke_key(&self, actor: &Actor, id: &str) -> Managed<()> {
        let _turn = self.turn().await;
        let (found, application) = self.own_key(actor, id).await?;
        let summary = format!("revoked the key {}… of the application {}", found.value.shown, application.value.name);
        self.write(vec![removal(&found)], actor.did("api_key.revoke", &found.value.id, summary)).await
    }

    /// Makes a key in the place of one, which ends after `overlap`, or at once where that is nothing. One that ends earlier by itself does so.
    ///
    /// # Errors
    /// It is not there, or somebody else's; the overlap is too long; with an overlap, the application has too many keys.
    pub async fn rotate_key(&self, actor: &Actor, id: &str, overlap: Duration) -> Managed<MadeKey> {
        let _turn = self.turn().await;
        let (mut old, application) = self.own_key(actor, id).await?;
        let made = new_key(&application.value, old.value.expires)?;
        let end = i64::try_from(overlap.as_secs()).unwrap_or(i64::MAX).saturating_add(now());
        if end > now() + MAX_LIFE_S {
            return Err(ManageError::invalid("overlap", "a time within ten years", &format!("{}s", overlap.as_secs())));
        }
        let ends = if overlap.is_zero() {
            removal(&old)
        } else {
            // Both are there for a while.
            self.has_room_for_a_key(actor, &application.value).await?;
            old.value.expires = Some(old.value.expires.map_or(end, |already| already.min(end)));
            hold(&old)?
        };
        let changes = vec![hold(&application)?, ends, Change::put(&made.key, Expected::Absent)?];
        let summary = format!(
            "made the key {}… in the place of {}… for the application {}; the old one ends after {} s",
            made.key.shown,
            old.value.shown,
            application.value.name,
            overlap.as_secs()
        );
        self.write(changes, actor.did("api_key.rotate", &made.key.id, summary)).await?;
        Ok(made)
    }

    async fn has_room_for_a_key(&self, actor: &Actor, application: &Application) -> Managed<()> {
        let (there, _) = self.store.page_by::<ApiKey>(&of_application(&actor.tenant, &application.id), None, MAX_KEYS).await?;
        if there.len() >= MAX_KEYS {
            return Err(ManageError::Full { what: "keys of this application", limit: MAX_KEYS });
        }
        Ok(())
    }

    async fn own_key(&self, actor: &Actor, id: &str) -> Managed<(Versioned<ApiKey>, Versioned<Application>)> {
        let found = self.need::<ApiKey>("key", &actor.tenant, id).await?;
        match self.own_application(actor, &found.value.application).await {
            Ok(application) => Ok((found, application)),
            Err(ManageError::NotFound { .. }) => Err(ManageError::not_found("key", id)),
            Err(error) => Err(error),
        }
    }
}

fn new_key(application: &Application, expires: Option<i64>) -> Managed<MadeKey> {
    let NewSecret { plain, digest, shown } = new_secret("key")?;
    let (tenant, id) = (application.tenant.clone(), ulid().into());
    let key = ApiKey { tenant, id, application: application.id.clone(), digest, shown, expires, created: now() };
    Ok(MadeKey { key, plain })
}
