use super::first_start::{of_name, tenant_with_plans};
use super::{Actor, Listed, Manage, ManageError, Managed, Part, hold, removal, text};
use crate::auth::{Application, DEFAULT_TENANT, Issuer, Standing, Tenant, User};
use crate::store::{Keep, Kept, MAX_PAGE, Store};
use crate::throttle::Plan;

/// Most calls per second of a tenant.
const MAX_PER_SECOND: u32 = 1_000_000;

/// What becomes of a tenant, or what a new one is beyond its name; `None`: as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantChange {
    /// Its name for people.
    pub display_name: Option<String>,
    /// Calls per second of all its APIs together, or as many as come.
    pub calls_per_second: Option<Option<u32>>,
    /// What its documents and tokens say in the place of the gateway's address, or that.
    pub public_url: Option<Option<String>>,
    /// May its users log in, its applications call?
    pub standing: Option<Standing>,
}

const TENANT: &str = "tenant";

impl Manage {
    /// All tenants.
    ///
    /// # Errors
    /// Only for administrators of the installation.
    pub async fn tenants(&self, actor: &Actor, part: &Part) -> Managed<Listed<Tenant>> {
        actor.administrates_all()?;
        let (found, next) = self.store.page(None, part.after.as_ref(), part.limit).await?;
        Ok((super::values(found), next))
    }

    /// A tenant by its name.
    ///
    /// # Errors
    /// It is not there. Only for administrators of the installation.
    pub async fn tenant(&self, actor: &Actor, name: &str) -> Managed<Tenant> {
        actor.administrates_all()?;
        Ok(self.some_tenant(name).await?.value)
    }

    /// The actor in another tenant.
    ///
    /// # Errors
    /// As [`Actor::acting_in`]; there is no such tenant.
    pub async fn enter(&self, actor: Actor, tenant: &str) -> Managed<Actor> {
        let actor = actor.acting_in(tenant)?;
        if actor.is_of_installation() {
            self.some_tenant(tenant).await?;
        }
        Ok(actor)
    }

    /// Makes a tenant, with the shipped plans.
    ///
    /// # Errors
    /// Its name is in use, or something does not fit. Only for administrators of the installation.
    pub async fn create_tenant(&self, actor: &Actor, name: &str, change: TenantChange) -> Managed<Tenant> {
        actor.administrates_all()?;
        text::tenant(name)?;
        let _turn = self.turn().await;
        self.must_be_free::<Tenant>(TENANT, name, name).await?;
        let mut tenant = of_name(name);
        apply(&mut tenant, change)?;
        self.write(tenant_with_plans(&tenant)?, actor.did("tenant.create", name, format!("made the tenant {name}"))).await?;
        Ok(tenant)
    }

    /// Changes a tenant.
    ///
    /// # Errors
    /// It is not there, or something does not fit. Only for administrators of the installation.
    pub async fn update_tenant(&self, actor: &Actor, name: &str, change: TenantChange) -> Managed<Tenant> {
        actor.administrates_all()?;
        let _turn = self.turn().await;
        let mut found = self.some_tenant(name).await?;
        if name == DEFAULT_TENANT && change.standing == Some(Standing::Blocked) {
            return Err(ManageError::InUse {
                kind: TENANT,
                name: name.to_owned(),
                by: "its administrators are those of the installation".to_owned(),
            });
        }
        apply(&mut found.value, change)?;
        let calls = found.value.calls_per_second.map_or_else(|| "as many calls as come".to_owned(), |n| format!("{n} calls a second"));
        let word = if found.value.standing.is_active() { "active" } else { "blocked" };
        let summary = format!("changed the tenant {name}: {calls}, {word}");
        self.write(vec![hold(&found)?], actor.did("tenant.update", name, summary)).await?;
        Ok(found.value)
    }

    /// Removes a tenant and its plans.
    ///
    /// # Errors
    /// It is not there, is `default`, or has users, applications, issuers or APIs. Only for administrators of the installation.
    pub async fn remove_tenant(&self, actor: &Actor, name: &str) -> Managed<()> {
        actor.administrates_all()?;
        let _turn = self.turn().await;
        let found = self.some_tenant(name).await?;
        let in_use = |by: &str| Err(ManageError::InUse { kind: TENANT, name: name.to_owned(), by: by.to_owned() });
        if name == DEFAULT_TENANT {
            return in_use("it is there as long as the installation");
        }
        if self.any::<User>(name).await? {
            return in_use("it has users");
        }
        if self.any::<Application>(name).await? {
            return in_use("it has applications");
        }
        if self.any::<Issuer>(name).await? {
            return in_use("it has issuers");
        }
        if !self.store.apis(Some(name)).await?.is_empty() {
            return in_use("it has APIs");
        }
        // A write has a bound; who has made so many plans removes some by hand.
        let (plans, more) = self.store.page::<Plan>(Some(name), None, MAX_PAGE - 1).await?;
        if more.is_some() {
            return in_use("it has too many plans to remove them in one step");
        }
        let mut changes = vec![removal(&found)];
        changes.extend(plans.iter().map(removal));
        self.write(changes, actor.did("tenant.remove", name, format!("removed the tenant {name} and its plans"))).await
    }

    async fn some_tenant(&self, name: &str) -> Managed<crate::store::Versioned<Tenant>> {
        match self.need(TENANT, name, name).await {
            Err(ManageError::NotFound { .. }) => {
                let (all, _) = self.store.page::<Tenant>(None, None, MAX_PAGE).await?;
                Err(ManageError::nearest(TENANT, name, all.iter().map(|t| &*t.value.name)))
            }
            other => other,
        }
    }

    async fn any<T: Kept>(&self, tenant: &str) -> Managed<bool> {
        Ok(!self.store.page::<T>(Some(tenant), None, 1).await?.0.is_empty())
    }
}

fn apply(tenant: &mut Tenant, change: TenantChange) -> Managed<()> {
    if let Some(name) = change.display_name {
        text::prose("display_name", &name)?;
        tenant.display_name = name;
    }
    if let Some(calls) = change.calls_per_second {
        if let Some(wrong) = calls.filter(|c| !(1..=MAX_PER_SECOND).contains(c)) {
            return Err(ManageError::invalid("calls_per_second", format!("a number from 1 to {MAX_PER_SECOND}"), &wrong.to_string()));
        }
        tenant.calls_per_second = calls;
    }
    if let Some(url) = change.public_url {
        if let Some(url) = &url {
            let parsed = text::address("public_url", url)?;
            if parsed.query().is_some() {
                return Err(ManageError::invalid("public_url", "an address without a query", url));
            }
        }
        tenant.public_url = url;
    }
    if let Some(standing) = change.standing {
        tenant.standing = standing;
    }
    Ok(())
}
