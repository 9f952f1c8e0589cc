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
    /// The one that signs.
    pub key: SigningKey,
    /// Its `kid`.
    pub key_id: Arc<str>,
    /// All whose tokens are still good.
    pub keys: KeySet,
    key_ids: Vec<Arc<str>>,
    /// The same as a JWKS document (RFC 7517).
    pub document: Bytes,
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
    /// The keys, the one that signs first.
    ///
    /// # Errors
    /// There is none.
    pub fn new(keys: Vec<SigningKey>) -> Result<Self, KeySetError> {
        let mut set = None::<KeySet>;
        let mut documents = Vec::new();
        for key in &keys {
            let one = key.key_set()?;
            set = Some(match set {
                Some(set) => set.with(one),
                None => one,
            });
            documents.extend(key.public_jwk().ok());
        }
        let key_ids = keys.iter().map(|k| k.key_id().into()).collect();
        let (Some(key), Some(set)) = (keys.into_iter().next(), set) else { return Err(KeySetError::Empty) };
        let document = serde_json::json!({ "keys": documents }).to_string();
        Ok(Self { key_id: key.key_id().into(), key, keys: set, key_ids, document: document.into() })
    }

    /// The names of all keys, the one that signs first.
    pub(super) fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.key_ids.iter().map(|id| &**id)
    }
}

impl Callers {
    /// Nobody, the shipped plans, a key of this process alone.
    ///
    /// # Errors
    /// The system gives no key.
    pub fn nobody() -> Result<Self, SignError> {
        let signing = Signing::new(vec![SigningKey::generate()?]).map_err(|_| SignError::Make)?;
        Ok(Self { directory: Directory::default(), plans: Plans::shipped(), signing: Some(Arc::new(signing)) })
    }
}
