use super::signing::new_signing_key;
use super::{ManageError, Managed, hold, now};
use crate::auth::{DEFAULT_TENANT, SealedKey, Standing, Tenant};
use crate::store::{Audit, Change, Expected, Keep, Seal, Store, StoreError};
use crate::throttle::Plan;

/// Nodes that start together at most, each of which may be first once.
const TRIES: usize = 100;

/// Makes what must be there before anybody acts: the tenant `default`, its plans, a key that signs tokens. What is there stays as it is. Nodes may do it at
/// the same time: one of them makes it.
///
/// # Errors
/// The store is away, or the system gives no key.
pub async fn first_start<S: Store>(store: &S, seal: &Seal) -> Managed<()> {
    for _ in 0..TRIES {
        let tenant = store.get::<Tenant>(DEFAULT_TENANT, DEFAULT_TENANT).await?;
        let (keys, _) = store.page::<SealedKey>(Some(DEFAULT_TENANT), None, 1).await?;
        // The tenant's record is written in any case, with the version that was read: of several nodes one is first.
        let mut changes = match &tenant {
            Some(_) if !keys.is_empty() => return Ok(()),
            Some(tenant) => vec![hold(tenant)?],
            None => tenant_with_plans(&of_name(DEFAULT_TENANT))?,
        };
        if keys.is_empty() {
            changes.push(Change::put(&new_signing_key(seal, now(), now())?, Expected::Absent)?);
        }
        let audit = Audit {
            tenant: DEFAULT_TENANT.to_owned(),
            actor: "system".to_owned(),
            action: "tenant.create".to_owned(),
            kind: "tenant".to_owned(),
            object: DEFAULT_TENANT.to_owned(),
            summary: "first start: the tenant default with its plans, or the key that signs tokens".to_owned(),
            request_id: String::new(),
        };
        match store.write(changes, Some(audit)).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Stale { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ManageError::Conflict)
}

/// A tenant of which nothing else is known.
pub(super) fn of_name(name: &str) -> Tenant {
    Tenant {
        name: name.into(),
        display_name: String::new(),
        calls_per_second: None,
        public_url: None,
        standing: Standing::Active,
        created: now(),
    }
}

/// A new tenant and the plans that it has from the start.
pub(super) fn tenant_with_plans(tenant: &Tenant) -> Managed<Vec<Change>> {
    let mut changes = vec![Change::put(tenant, Expected::Absent)?];
    for plan in Plan::shipped(&tenant.name) {
        changes.push(Change::put(&plan, Expected::Any)?);
    }
    Ok(changes)
}
