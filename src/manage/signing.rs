//! The keys that sign tokens: a new one in time, each published before it signs and until the last token that it signed has ended.

use std::sync::Arc;
use std::time::Duration;

use super::{Actor, Manage, ManageError, Managed, hold, now, removal};
use crate::auth::jwt::{LEEWAY_SECONDS, SigningKey};
use crate::auth::{LONGEST_TOKEN_SECONDS, SealedKey};
use crate::catalog::field;
use crate::config::OAuthSettings;
use crate::store::{Audit, Change, Expected, Keep, MAX_PAGE, Seal, Store, StoreError, Versioned};

/// Keys at one time, in all states.
pub const MAX_SIGNING_KEYS: usize = 20;
/// How far clocks of nodes may be apart, in seconds: a key is kept so much longer than its tokens.
const CLOCKS_SECONDS: i64 = 300;
/// A key that signs at once does so after so many seconds: all nodes know of it by then.
const AT_ONCE_SECONDS: i64 = 5;
/// Between two looks at whether it is time for a new key, or the end of an old one.
const LOOK: Duration = Duration::from_secs(10);

/// Makes and ends the keys that sign tokens. Several nodes may do so at the same time.
#[derive(Debug, Clone)]
pub struct Signers {
    seal: Arc<Seal>,
    /// A key signs so long, in seconds; 0: until somebody makes another.
    period: i64,
    /// A key is published so long before it signs, in seconds.
    lead: i64,
}

/// What a key does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningState {
    /// It is published and does not sign yet.
    Next,
    /// It signs.
    Signs,
    /// It signs no more; what it signed is good.
    Past,
}

/// A key that signs, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningStatus {
    /// Its `kid`.
    pub id: Arc<str>,
    /// What it does.
    pub state: SigningState,
    /// When it was made, seconds since 1970.
    pub created: i64,
    /// When it begins to sign.
    pub signs_from: i64,
    /// When it is taken away; `None`: no other key signs after it yet.
    pub ends: Option<i64>,
}

impl SigningState {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Signs => "signs",
            Self::Past => "past",
        }
    }
}

impl Signers {
    /// By these settings, sealing with these keys.
    pub fn new(seal: Arc<Seal>, settings: &OAuthSettings) -> Self {
        let lead = i64::try_from(settings.signing_lead.as_secs()).unwrap_or(i64::MAX);
        Self { seal, period: i64::from(settings.signing_days) * 86_400, lead }
    }

    /// Looks after the keys of a store; never returns. One that is away is asked again.
    pub async fn follow<S: Store>(&self, store: &S) {
        loop {
            match self.tend(store, now()).await {
                Ok(()) | Err(ManageError::Conflict) => {}
                // That the store is away is told elsewhere; the keys that there are go on.
                Err(error) => tracing::debug!(%error, "the keys that sign tokens could not be looked after"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Makes a new key where it is time, and takes away those whose tokens have all ended; `now` is seconds since 1970.
    ///
    /// # Errors
    /// The store is away; another node did it at the same time.
    pub async fn tend<S: Store>(&self, store: &S, now: i64) -> Managed<()> {
        let keys = kept(store).await?;
        let Some(newest) = keys.last() else { return Ok(()) };
        let is_due = self.period > 0 && now >= begins(&newest.value).saturating_add(self.period).saturating_sub(self.lead);
        if is_due && keys.len() < MAX_SIGNING_KEYS {
            let key = self.make(now, now.saturating_add(self.lead))?;
            let summary = format!("made a key that signs tokens from {} on, in its turn", at(key.signs_from));
            // Of several nodes that do this, one finds the newest key as it was read.
            let changes = vec![hold(newest)?, Change::put(&key, Expected::Absent)?];
            return written(store, changes, system("signing_key.create", &key.id, summary)).await;
        }
        for (old, next) in keys.iter().zip(keys.iter().skip(1)) {
            if now >= ends(&next.value) {
                let summary = "took away a key whose tokens have all ended".to_owned();
                written(store, vec![removal(old)], system("signing_key.remove", &old.value.id, summary)).await?;
            }
        }
        Ok(())
    }

    /// What seals them.
    pub(super) fn seal(&self) -> &Seal {
        &self.seal
    }

    fn make(&self, now: i64, signs_from: i64) -> Managed<SealedKey> {
        new_signing_key(&self.seal, now, signs_from)
    }
}

impl Manage {
    /// The keys that sign tokens, in the order in which they do.
    ///
    /// # Errors
    /// Only for administrators of the installation.
    pub async fn signing_keys(&self, actor: &Actor) -> Managed<Vec<SigningStatus>> {
        actor.administrates_all()?;
        Ok(described(&kept(&*self.store).await?, now()))
    }

    /// Makes a key that signs after the usual time, or at once: then those who keep the public keys for a while may refuse its first tokens.
    ///
    /// # Errors
    /// Only for administrators of the installation; there are too many; this process has no sealing keys.
    pub async fn rotate_signing_key(&self, actor: &Actor, at_once: bool) -> Managed<SigningStatus> {
        actor.administrates_all()?;
        let signers = self.signers()?;
        let _turn = self.turn().await;
        let (keys, now) = (kept(&*self.store).await?, now());
        if keys.len() >= MAX_SIGNING_KEYS {
            return Err(ManageError::Full { what: "keys that sign tokens", limit: MAX_SIGNING_KEYS });
        }
        // What waits goes where this one is not to wait for it; it signs after all that stay.
        let (stay, go): (Vec<_>, Vec<_>) = keys.iter().partition(|k| !at_once || begins(&k.value) <= now);
        let lead = if at_once { AT_ONCE_SECONDS } else { signers.lead };
        let after = stay.last().map_or(0, |k| begins(&k.value).saturating_add(1));
        let key = signers.make(now, now.saturating_add(lead).max(after))?;
        let mut changes: Vec<_> = go.into_iter().map(removal).collect();
        changes.extend(stay.last().map(|k| hold(k)).transpose()?);
        changes.push(Change::put(&key, Expected::Absent)?);
        let summary = format!("made a key that signs tokens from {} on", at(key.signs_from));
        self.write(changes, actor.did("signing_key.create", &key.id, summary)).await?;
        let all = described(&kept(&*self.store).await?, now);
        all.into_iter().find(|s| s.id == key.id).ok_or(ManageError::Conflict)
    }

    /// Takes a key away at once: no token that it signed is good any more. Where no other key could sign, a new one does.
    ///
    /// # Errors
    /// Only for administrators of the installation; it is not there.
    pub async fn remove_signing_key(&self, actor: &Actor, id: &str) -> Managed<()> {
        actor.administrates_all()?;
        let signers = self.signers()?;
        let _turn = self.turn().await;
        let (keys, now) = (kept(&*self.store).await?, now());
        let found = keys.iter().find(|k| *k.value.id == *id);
        let found = found.ok_or_else(|| ManageError::nearest("signing key", id, keys.iter().map(|k| &*k.value.id)))?;
        let mut changes = vec![removal(found)];
        let signs = described(&keys, now).into_iter().any(|s| s.id == found.value.id && s.state == SigningState::Signs);
        if signs {
            changes.push(Change::put(&signers.make(now, now)?, Expected::Absent)?);
        }
        let summary = format!("took away a key: tokens that it signed are no longer good{}", if signs { "; a new one signs" } else { "" });
        self.write(changes, actor.did("signing_key.remove", id, summary)).await
    }

    pub(super) fn signers(&self) -> Managed<&Signers> {
        self.signers.as_ref().ok_or_else(|| ManageError::System(String::from("this process has no sealing keys")))
    }
}

/// A new key, sealed.
pub(super) fn new_signing_key(seal: &Seal, created: i64, signs_from: i64) -> Managed<SealedKey> {
    let failed = |e: &dyn std::fmt::Display| ManageError::System(format!("no key that signs tokens: {e}"));
    let key = SigningKey::generate().map_err(|e| failed(&e))?;
    let sealed = seal.seal(&field(key.key_id()), key.to_pkcs8()).map_err(|e| failed(&e))?;
    Ok(SealedKey { id: key.key_id().into(), sealed, created, signs_from })
}

/// All of them, in the order in which they sign.
async fn kept<S: Store>(store: &S) -> Managed<Vec<Versioned<SealedKey>>> {
    let (mut keys, _) = store.page::<SealedKey>(None, None, MAX_PAGE).await?;
    keys.sort_by(|a, b| begins(&a.value).cmp(&begins(&b.value)).then_with(|| b.value.id.cmp(&a.value.id)));
    Ok(keys)
}

fn begins(key: &SealedKey) -> i64 {
    key.signs_from.max(key.created)
}

/// When the last token of the key before this one has ended.
fn ends(next: &SealedKey) -> i64 {
    begins(next).saturating_add(LONGEST_TOKEN_SECONDS + LEEWAY_SECONDS + CLOCKS_SECONDS)
}

fn described(keys: &[Versioned<SealedKey>], now: i64) -> Vec<SigningStatus> {
    let signs = keys.iter().rposition(|k| begins(&k.value) <= now).unwrap_or(0);
    let state = |place: usize| match place.cmp(&signs) {
        std::cmp::Ordering::Less => SigningState::Past,
        std::cmp::Ordering::Equal => SigningState::Signs,
        std::cmp::Ordering::Greater => SigningState::Next,
    };
    let nexts = keys.iter().skip(1).map(Some).chain([None]);
    let all = keys.iter().zip(nexts).enumerate();
    let status = all.map(|(place, (key, next))| SigningStatus {
        id: key.value.id.clone(),
        state: state(place),
        created: key.value.created,
        signs_from: begins(&key.value),
        ends: next.map(|n| ends(&n.value)),
    });
    status.collect()
}

async fn written<S: Store>(store: &S, changes: Vec<Change>, audit: Audit) -> Managed<()> {
    match store.write(changes, Some(audit)).await {
        Ok(_) => Ok(()),
        Err(StoreError::Stale { .. }) => Err(ManageError::Conflict),
        Err(error) => Err(error.into()),
    }
}

fn system(action: &str, id: &str, summary: String) -> Audit {
    Audit {
        tenant: crate::auth::DEFAULT_TENANT.to_owned(),
        actor: "system".to_owned(),
        action: action.to_owned(),
        kind: "signing_key".to_owned(),
        object: id.to_owned(),
        summary,
        request_id: String::new(),
    }
}

fn at(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}
