use super::offers::{must_be_offered, must_be_open};
use super::{Actor, Listed, Manage, ManageError, Managed, Part, hold, now, removal, values};
use crate::auth::{Role, Standing, Subscription};
use crate::store::{Change, Expected, Keep, Versioned, of_api, of_application};
use crate::telemetry::ulid;
use crate::throttle::Plan;

/// Subscriptions of one application.
pub const MAX_SUBSCRIPTIONS: usize = 500;

/// A subscription to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewSubscription {
    /// The application, by its id or name.
    pub application: String,
    /// The API's name.
    pub api: String,
    /// The plan's name.
    pub plan: String,
}

/// What becomes of a subscription; `None`: as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscriptionChange {
    /// Its plan.
    pub plan: Option<String>,
    /// May it call? Only publishers and administrators.
    pub standing: Option<Standing>,
}

/// Which subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// Of the tenant: publishers and administrators.
    All,
    /// Those of an application.
    Of(&'a str),
    /// Those to an API: publishers and administrators.
    To(&'a str),
}

/// Who decides on the subscriptions of others.
const DECIDE: [Role; 2] = [Role::Publisher, Role::Administrator];

impl Manage {
    /// Subscriptions.
    ///
    /// # Errors
    /// The application is not there, or somebody else's; the actor may not see those of others.
    pub async fn subscriptions(&self, actor: &Actor, which: Which<'_>, part: &Part) -> Managed<Listed<Subscription>> {
        let key = match which {
            Which::All => {
                actor.needs(&DECIDE)?;
                return self.listed(&actor.tenant, part).await;
            }
            Which::Of(application) => of_application(&actor.tenant, &self.own_application(actor, application).await?.value.id),
            Which::To(api) => {
                actor.needs(&DECIDE)?;
                of_api(&actor.tenant, api)
            }
        };
        let (found, next) = self.store.page_by(&key, part.after.as_ref(), part.limit).await?;
        Ok((values(found), next))
    }

    /// A subscription by its id.
    ///
    /// # Errors
    /// It is not there, or somebody else's.
    pub async fn subscription(&self, actor: &Actor, id: &str) -> Managed<Subscription> {
        Ok(self.own_subscription(actor, id).await?.value)
    }

    /// Subscribes an application to an API on a plan.
    ///
    /// # Errors
    /// One of the three is not there; the application has a subscription to the API already; the API takes none, or none on that plan.
    pub async fn subscribe(&self, actor: &Actor, new: NewSubscription) -> Managed<Subscription> {
        let _turn = self.turn().await;
        let application = self.own_application(actor, &new.application).await?;
        let found = self.api(&actor.tenant, &new.api).await?;
        must_be_open(&new.api, found.state())?;
        let plan = self.named::<Plan>("plan", &actor.tenant, &new.plan).await?;
        must_be_offered(&new.api, &found.definition, &new.plan)?;
        let there = self.all_of::<Subscription>(&of_application(&actor.tenant, &application.value.id)).await?;
        if there.iter().any(|s| *s.value.api == *new.api) {
            return Err(ManageError::Exists { kind: "subscription of this application to".to_owned(), name: new.api });
        }
        if there.len() >= MAX_SUBSCRIPTIONS {
            return Err(ManageError::Full { what: "subscriptions of this application", limit: MAX_SUBSCRIPTIONS });
        }
        let subscription = Subscription {
            tenant: actor.tenant.clone(),
            id: ulid().into(),
            application: application.value.id.clone(),
            api: new.api.into(),
            plan: new.plan.into(),
            standing: Standing::Active,
            created: now(),
        };
        let changes = vec![hold(&application)?, hold(&plan)?, Change::put(&subscription, Expected::Absent)?];
        let summary = format!("subscribed the application {} to {} on {}", application.value.name, subscription.api, subscription.plan);
        self.write(changes, actor.did("subscription.create", &subscription.id, summary)).await?;
        Ok(subscription)
    }

    /// Changes a subscription.
    ///
    /// # Errors
    /// It is not there, or somebody else's; the API is not offered on the plan.
    pub async fn update_subscription(&self, actor: &Actor, id: &str, change: SubscriptionChange) -> Managed<Subscription> {
        let _turn = self.turn().await;
        let mut found = self.own_subscription(actor, id).await?;
        let mut changes = Vec::new();
        if let Some(name) = change.plan.filter(|p| **p != *found.value.plan) {
            let plan = self.named::<Plan>("plan", &actor.tenant, &name).await?;
            must_be_offered(&found.value.api, &self.api(&actor.tenant, &found.value.api).await?.definition, &name)?;
            changes.push(hold(&plan)?);
            found.value.plan = name.into();
        }
        if let Some(standing) = change.standing {
            actor.needs(&DECIDE)?;
            found.value.standing = standing;
        }
        changes.push(hold(&found)?);
        let word = if found.value.standing.is_active() { "active" } else { "blocked" };
        let summary = format!("changed the subscription to {}: on {}, {word}", found.value.api, found.value.plan);
        self.write(changes, actor.did("subscription.update", &found.value.id, summary)).await?;
        Ok(found.value)
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// It is not there, or somebody else's.
    pub async fn unsubscribe(&self, actor: &Actor, id: &str) -> Managed<()> {
        let _turn = self.turn().await;
        let found = self.own_subscription(actor, id).await?;
        let summary = format!("ended the subscription to {}", found.value.api);
        self.write(vec![removal(&found)], actor.did("subscription.remove", &found.value.id, summary)).await
    }

    /// A subscription that the actor may see.
    async fn own_subscription(&self, actor: &Actor, id: &str) -> Managed<Versioned<Subscription>> {
        let found = self.need::<Subscription>("subscription", &actor.tenant, id).await?;
        if actor.needs(&DECIDE).is_ok() {
            return Ok(found);
        }
        match self.own_application(actor, &found.value.application).await {
            Ok(_) => Ok(found),
            Err(ManageError::NotFound { .. }) => Err(ManageError::not_found("subscription", id)),
            Err(error) => Err(error),
        }
    }
}
