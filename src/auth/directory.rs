use std::collections::HashMap;
use std::sync::Arc;

use super::jwt::LEEWAY_SECONDS;
use super::keys::Digest;
use super::records::{ApiKey, Application, Issuer, OAuthClient, RevokedToken, Subscription, Tenant, User};

/// What is known of callers at one instant, by tenant: what belongs to one is never found through another. Immutable; the next one is made from
/// it and what changed, and shares what did not.
#[derive(Debug, Default, Clone)]
pub struct Directory {
    tenants: HashMap<Arc<str>, Arc<Members>>,
}

/// What is known of one tenant.
#[derive(Debug, Default, Clone)]
pub struct Members {
    tenant: Option<Arc<Tenant>>,
    users: HashMap<Arc<str>, Arc<User>>,
    applications: HashMap<Arc<str>, Arc<Application>>,
    /// Certificates, and whose they are.
    certificates: HashMap<Digest, Arc<Application>>,
    clients: HashMap<Arc<str>, Arc<OAuthClient>>,
    issuers: HashMap<Arc<str>, Arc<Issuer>>,
    keys: HashMap<Arc<str>, Arc<ApiKey>>,
    keys_by_digest: HashMap<Digest, Arc<ApiKey>>,
    subscriptions: HashMap<Arc<str>, Arc<Subscription>>,
    /// The subscriptions of each application.
    subscribed: HashMap<Arc<str>, Vec<Arc<Subscription>>>,
    /// Tokens that are no longer good, and when they would have ended.
    revoked: HashMap<Arc<str>, i64>,
}

/// One thing that changed.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the records say what they are")]
pub enum Change {
    Tenant(Tenant),
    User(User),
    Application(Application),
    Subscription(Subscription),
    ApiKey(ApiKey),
    OAuthClient(OAuthClient),
    Issuer(Issuer),
    RevokedToken(RevokedToken),
    Removed {
        /// What kind of thing is gone.
        kind: Kind,
        /// Whose it was.
        tenant: Arc<str>,
        /// Its id; the name of tenants, users and issuers.
        id: Arc<str>,
    },
}

/// The kinds of things that a [`Directory`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the records say what they are")]
pub enum Kind {
    Tenant,
    User,
    Application,
    Subscription,
    ApiKey,
    OAuthClient,
    Issuer,
    RevokedToken,
}

impl Directory {
    /// The directory after these changes, in their order.
    #[must_use]
    pub fn with(&self, changes: impl IntoIterator<Item = Change>) -> Self {
        let mut next = self.clone();
        for change in changes {
            let members = next.tenants.entry(change.tenant()).or_default();
            Arc::make_mut(members).apply(change);
        }
        next.tenants.retain(|_, members| !members.is_empty());
        next
    }

    /// The same without revocations of tokens that have ended by themselves at that time (seconds since 1970, UTC).
    #[must_use]
    pub fn without_ended(mut self, now: i64) -> Self {
        let is_over = |end: &i64| end.saturating_add(LEEWAY_SECONDS) <= now;
        for members in self.tenants.values_mut().filter(|m| m.revoked.values().any(is_over)) {
            Arc::make_mut(members).revoked.retain(|_, end| !is_over(end));
        }
        self
    }

    /// What is known of a tenant.
    pub fn tenant(&self, name: &str) -> Option<&Members> {
        self.tenants.get(name).map(|m| &**m)
    }

    /// The names of the tenants of which something is known.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<str>> {
        self.tenants.keys()
    }
}

impl Change {
    fn tenant(&self) -> Arc<str> {
        match self {
            Self::Tenant(t) => &t.name,
            Self::User(u) => &u.tenant,
            Self::Application(a) => &a.tenant,
            Self::Subscription(s) => &s.tenant,
            Self::ApiKey(k) => &k.tenant,
            Self::OAuthClient(c) => &c.tenant,
            Self::Issuer(i) => &i.tenant,
            Self::RevokedToken(r) => &r.tenant,
            Self::Removed { tenant, .. } => tenant,
        }
        .clone()
    }
}

impl Members {
    fn is_empty(&self) -> bool {
        self.tenant.is_none()
            && self.users.is_empty()
            && self.applications.is_empty()
            && self.clients.is_empty()
            && self.issuers.is_empty()
            && self.keys.is_empty()
            && self.subscriptions.is_empty()
            && self.revoked.is_empty()
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Tenant(t) => self.tenant = Some(Arc::new(t)),
            Change::User(u) => _ = self.users.insert(u.name.clone(), Arc::new(u)),
            Change::Application(a) => {
                self.forget_application(&a.id);
                let application = Arc::new(a);
                self.certificates.extend(application.certificates.iter().map(|c| (*c, application.clone())));
                self.applications.insert(application.id.clone(), application);
            }
            Change::OAuthClient(c) => _ = self.clients.insert(c.id.clone(), Arc::new(c)),
            Change::Issuer(i) => _ = self.issuers.insert(i.name.clone(), Arc::new(i)),
            Change::RevokedToken(r) => _ = self.revoked.insert(r.jti, r.expires),
            Change::ApiKey(k) => {
                self.forget_key(&k.id);
                let key = Arc::new(k);
                self.keys_by_digest.insert(key.digest, key.clone());
                self.keys.insert(key.id.clone(), key);
            }
            Change::Subscription(s) => {
                self.forget_subscription(&s.id);
                let subscription = Arc::new(s);
                self.subscribed.entry(subscription.application.clone()).or_default().push(subscription.clone());
                self.subscriptions.insert(subscription.id.clone(), subscription);
            }
            Change::Removed { kind, id, .. } => self.remove(kind, &id),
        }
    }

    fn remove(&mut self, kind: Kind, id: &str) {
        match kind {
            Kind::Tenant => self.tenant = None,
            Kind::User => _ = self.users.remove(id),
            Kind::Application => self.forget_application(id),
            Kind::OAuthClient => _ = self.clients.remove(id),
            Kind::Issuer => _ = self.issuers.remove(id),
            Kind::RevokedToken => _ = self.revoked.remove(id),
            Kind::ApiKey => self.forget_key(id),
            Kind::Subscription => self.forget_subscription(id),
        }
    }

    fn forget_application(&mut self, id: &str) {
        if self.applications.remove(id).is_some_and(|gone| !gone.certificates.is_empty()) {
            self.certificates.retain(|_, owner| *owner.id != *id);
        }
    }

    fn forget_key(&mut self, id: &str) {
        if let Some(key) = self.keys.remove(id) {
            self.keys_by_digest.remove(&key.digest);
        }
    }

    fn forget_subscription(&mut self, id: &str) {
        let Some(gone) = self.subscriptions.remove(id) else { return };
        if let Some(list) = self.subscribed.get_mut(&gone.application) {
            list.retain(|s| *s.id != *id);
            if list.is_empty() {
                self.subscribed.remove(&gone.application);
            }
        }
    }

    /// The tenant itself.
    pub fn itself(&self) -> Option<&Arc<Tenant>> {
        self.tenant.as_ref()
    }

    /// The user of that name.
    pub fn user(&self, name: &str) -> Option<&Arc<User>> {
        self.users.get(name)
    }

    /// The application of that id.
    pub fn application(&self, id: &str) -> Option<&Arc<Application>> {
        self.applications.get(id)
    }

    /// The application that opens connections with this certificate.
    pub fn application_of(&self, certificate: &Digest) -> Option<&Arc<Application>> {
        self.certificates.get(certificate)
    }

    /// The client of that `client_id`.
    pub fn client(&self, id: &str) -> Option<&Arc<OAuthClient>> {
        self.clients.get(id)
    }

    /// The key that has this digest.
    pub fn key(&self, digest: &Digest) -> Option<&Arc<ApiKey>> {
        self.keys_by_digest.get(digest)
    }

    /// The issuer whose tokens say this `iss`.
    pub fn issuer(&self, iss: &str) -> Option<&Arc<Issuer>> {
        self.issuers.values().find(|i| *i.iss == *iss)
    }

    /// All outside issuers.
    pub fn issuers(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.issuers.values()
    }

    /// The subscription of an application to an API.
    pub fn subscription(&self, application: &str, api: &str) -> Option<&Arc<Subscription>> {
        self.subscribed.get(application)?.iter().find(|s| *s.api == *api)
    }

    /// Was the token with this `jti` revoked?
    pub fn is_revoked(&self, jti: &str) -> bool {
        self.revoked.contains_key(jti)
    }
}
