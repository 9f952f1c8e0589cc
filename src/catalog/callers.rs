use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::auth::jwt::{KeySet, KeySetError, SignError, SigningKey};
use crate::auth::{DEFAULT_TENANT, Directory};
use crate::throttle::Plan;

/// What the gateway knows of those who call, at one instant. Immutable.
#[derive(Debug, Clone, Default)]
pub struct Callers {
    /// Who there is.
    pub directory: Directory,
    /// What they may use, by tenant and name.
    pub plans: Plans,
    /// The keys that sign tokens; `None`: no tokens are made here, and the SOAP service is told nothing.
    pub signing: Option<Arc<Signing>>,
}

/// The plans of all tenants.
#[derive(Debug, Clone, Default)]
pub struct Plans(HashMap<Arc<str>, HashMap<Arc<str>, Arc<Plan>>>);

/// The keys that sign access tokens and the token for the upstream.
#[derive(Debug)]
pub struct Signing {
    /// The one that begins to sign first stands first.
    signers: Vec<Signer>,
    /// All whose tokens are good: those that signed, the one that signs, those that will.
    pub keys: KeySet,
    /// The same as a JWKS document (RFC 7517).
    pub document: Bytes,
}

/// A key that signs, from a time on.
#[derive(Debug)]
pub struct Signer {
    /// It.
    pub key: SigningKey,
    /// Its `kid`.
    pub key_id: Arc<str>,
    /// From when on, seconds since 1970.
    pub from: i64,
}

impl Plans {
    /// The plans that are there before anybody made one.
    pub fn shipped() -> Self {
        Self::default().with(Plan::shipped(DEFAULT_TENANT))
    }

    /// These plans and those; one of the same name takes the other's place.
    #[must_use]
    pub fn with(mut self, plans: impl IntoIterator<Item = Plan>) -> Self {
        for plan in plans {
            self.0.entry(plan.tenant.clone()).or_default().insert(plan.name.clone(), Arc::new(plan));
        }
        self
    }

    /// All but one.
    #[must_use]
    pub fn without(mut self, tenant: &str, name: &str) -> Self {
        if let Some(plans) = self.0.get_mut(tenant) {
            plans.remove(name);
        }
        self
    }

    /// The plan of that name.
    pub fn get(&self, tenant: &str, name: &str) -> Option<&Arc<Plan>> {
        self.0.get(tenant)?.get(name)
    }
}

impl Signing {
    /// The keys, with when each begins to sign, in seconds since 1970.
    ///
    /// # Errors
    /// There is none.
    pub fn new(keys: Vec<(i64, SigningKey)>) -> Result<Self, KeySetError> {
        let mut set = None::<KeySet>;
        let mut documents = Vec::new();
        for (_, key) in &keys {
            let one = key.key_set()?;
            set = Some(match set {
                Some(set) => set.with(one),
                None => one,
            });
            documents.extend(key.public_jwk().ok());
        }
        let mut signers: Vec<_> = keys.into_iter().map(|(from, key)| Signer { key_id: key.key_id().into(), key, from }).collect();
        signers.sort_by(|a, b| a.from.cmp(&b.from).then_with(|| b.key_id.cmp(&a.key_id)));
        let set = set.ok_or(KeySetError::Empty)?;
        let document = serde_json::json!({ "keys": documents }).to_string();
        Ok(Self { signers, keys: set, document: document.into() })
    }

    /// The key that signs at that time, in seconds since 1970: of those that have begun the last one. Where none has, the clock is wrong, and the first one
    /// signs: it is published as the others are.
    ///
    /// # Errors
    /// There is none, which does not happen.
    pub fn at(&self, now: i64) -> Result<&Signer, SignError> {
        self.signers.iter().rev().find(|s| s.from <= now).or(self.signers.first()).ok_or(SignError::Make)
    }

    /// [`Signing::at`] now.
    ///
    /// # Errors
    /// As there.
    pub fn now(&self) -> Result<&Signer, SignError> {
        self.at(jiff::Timestamp::now().as_second())
    }

    /// When each begins, and its name.
    pub(super) fn signers(&self) -> impl Iterator<Item = (i64, &str)> {
        self.signers.iter().map(|s| (s.from, &*s.key_id))
    }
}

impl Callers {
    /// Nobody, the shipped plans, a key of this process alone.
    ///
    /// # Errors
    /// The system gives no key.
    pub fn nobody() -> Result<Self, SignError> {
        let signing = Signing::new(vec![(0, SigningKey::generate()?)]).map_err(|_| SignError::Make)?;
        Ok(Self { directory: Directory::default(), plans: Plans::shipped(), signing: Some(Arc::new(signing)) })
    }
}
