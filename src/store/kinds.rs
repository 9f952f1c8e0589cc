//! The records of other rooms: how each kind is named and found. A kind's name never changes.

use jiff::Timestamp;

use super::{Kept, Key};
use crate::api::{Release, SealedSecret};
use crate::auth::{ApiKey, Application, Issuer, OAuthClient, RevokedToken, SealedKey, Subscription, Tenant, User};
use crate::throttle::Plan;

/// The kinds that the APIs' half of the gateway's snapshot is made of, beside the APIs themselves.
pub const API_KINDS: [&str; 2] = [Release::KIND, SealedSecret::KIND];

/// The kinds that the callers' half of the gateway's snapshot is made of.
pub const CALLER_KINDS: [&str; 10] = [
    Tenant::KIND,
    User::KIND,
    Application::KIND,
    Subscription::KIND,
    ApiKey::KIND,
    OAuthClient::KIND,
    Issuer::KIND,
    RevokedToken::KIND,
    Plan::KIND,
    SealedKey::KIND,
];

fn at(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

impl Kept for Tenant {
    const KIND: &'static str = "tenant";

    fn tenant(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.name
    }
}

impl Kept for User {
    const KIND: &'static str = "user";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.name
    }
}

impl Kept for Application {
    const KIND: &'static str = "application";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn keys(&self) -> Vec<Key> {
        let certificates = self.certificates.iter().map(|c| Key::unique_in(&*self.tenant, "certificate", c.to_string()));
        let name = Key::unique_in(&*self.tenant, "name", format!("{}/{}", self.owner, self.name));
        let plan = self.plan.as_ref().map(|plan| on_plan(&self.tenant, plan));
        [name, owner(&self.tenant, &self.owner)].into_iter().chain(plan).chain(certificates).collect()
    }
}

impl Kept for Subscription {
    const KIND: &'static str = "subscription";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn keys(&self) -> Vec<Key> {
        vec![
            Key::unique_in(&*self.tenant, "application and API", format!("{}/{}", self.application, self.api)),
            of_application(&self.tenant, &self.application),
            of_api(&self.tenant, &self.api),
            on_plan(&self.tenant, &self.plan),
        ]
    }
}

impl Kept for ApiKey {
    const KIND: &'static str = "api_key";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key::unique("digest", self.digest.to_string()), of_application(&self.tenant, &self.application)]
    }

    fn expires(&self) -> Option<Timestamp> {
        self.expires.and_then(at)
    }
}

impl Kept for OAuthClient {
    const KIND: &'static str = "oauth_client";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn keys(&self) -> Vec<Key> {
        vec![of_application(&self.tenant, &self.application)]
    }
}

impl Kept for Issuer {
    const KIND: &'static str = "issuer";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.name
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key::unique_in(&*self.tenant, "iss", &*self.iss)]
    }
}

impl Kept for RevokedToken {
    const KIND: &'static str = "revoked_token";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.jti
    }

    fn expires(&self) -> Option<Timestamp> {
        at(self.expires)
    }
}

impl Kept for Plan {
    const KIND: &'static str = "plan";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.name
    }
}

impl Kept for Release {
    const KIND: &'static str = "release";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.api
    }
}

impl Kept for SealedSecret {
    const KIND: &'static str = "secret";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.name
    }
}

impl Kept for SealedKey {
    const KIND: &'static str = "signing_key";

    fn id(&self) -> &str {
        &self.id
    }
}

/// Finds what belongs to a user.
pub fn owner(tenant: &str, user: &str) -> Key {
    Key { tenant: tenant.to_owned(), ..Key::shared("owner", user) }
}

/// Finds what belongs to an application: its subscriptions, keys and clients.
pub fn of_application(tenant: &str, application: &str) -> Key {
    Key { tenant: tenant.to_owned(), ..Key::shared("application", application) }
}

/// Finds the subscriptions to an API.
pub fn of_api(tenant: &str, api: &str) -> Key {
    Key { tenant: tenant.to_owned(), ..Key::shared("api", api) }
}

/// Finds the subscriptions, and the applications, on a plan.
pub fn on_plan(tenant: &str, plan: &str) -> Key {
    Key { tenant: tenant.to_owned(), ..Key::shared("plan", plan) }
}
