use std::collections::BTreeMap;

use super::{Actor, Listed, Manage, ManageError, Managed, Part, hold, now, removal, text, values};
use crate::auth::{ApiKey, Application, OAuthClient, Role, Standing, Subscription, User};
use crate::store::{Change, Expected, Keep, Kept, Key, MAX_PAGE, Versioned, of_application, owner};
use crate::telemetry::ulid;
use crate::throttle::Plan;

/// Applications of one owner.
pub const MAX_APPLICATIONS: usize = 200;

/// What registers applications: their own, or anybody's.
pub(super) const REGISTER: [Role; 2] = [Role::Subscriber, Role::Administrator];

/// An application to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewApplication {
    /// Its name; unique for its owner.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Its owner; `None`: who makes it. Only administrators name another.
    pub owner: Option<String>,
    /// The plan of the application itself. Only administrators give one.
    pub plan: Option<String>,
}

/// What becomes of an application; `None`: as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplicationChange {
    /// Its name.
    pub name: Option<String>,
    /// What it is, for people.
    pub description: Option<String>,
    /// Its own plan, or none. Only administrators.
    pub plan: Option<Option<String>>,
    /// May it call? Only administrators.
    pub standing: Option<Standing>,
}

impl Manage {
    /// The applications of the actor; for an administrator those of the tenant.
    ///
    /// # Errors
    /// Neither subscriber nor administrator.
    pub async fn applications(&self, actor: &Actor, part: &Part) -> Managed<Listed<Application>> {
        actor.needs(&REGISTER)?;
        if actor.is(Role::Administrator) {
            return self.listed(&actor.tenant, part).await;
        }
        let (found, next) = self.store.page_by(&owner(&actor.tenant, &actor.name), part.after.as_ref(), part.limit).await?;
        Ok((values(found), next))
    }

    /// An application by its id or its name.
    ///
    /// # Errors
    /// It is not there, or somebody else's.
    pub async fn application(&self, actor: &Actor, id: &str) -> Managed<Application> {
        Ok(self.own_application(actor, id).await?.value)
    }

    /// Registers an application.
    ///
    /// # Errors
    /// A name that does not fit or is in use; too many.
    pub async fn create_application(&self, actor: &Actor, new: NewApplication) -> Managed<Application> {
        actor.needs(&REGISTER)?;
        text::application(&new.name)?;
        text::prose("description", &new.description)?;
        let _turn = self.turn().await;
        let mut changes = vec![hold(&self.tenant_of(actor).await?)?];
        let owner_name = new.owner.as_deref().unwrap_or(&actor.name);
        if *owner_name != *actor.name {
            actor.administrates()?;
            changes.push(hold(&self.named::<User>("user", &actor.tenant, owner_name).await?)?);
        }
        if let Some(plan) = &new.plan {
            changes.push(self.own_plan(actor, plan).await?);
        }
        self.name_must_be_free(actor, owner_name, &new.name).await?;
        self.must_have_room(&owner(&actor.tenant, owner_name)).await?;
        let application = Application {
            tenant: actor.tenant.clone(),
            id: ulid().into(),
            name: new.name.into(),
            owner: owner_name.into(),
            plan: new.plan.map(Into::into),
            description: new.description,
            certificates: Vec::new(),
            certificate_ends: BTreeMap::new(),
            standing: Standing::Active,
            created: now(),
        };
        changes.push(Change::put(&application, Expected::Absent)?);
        let summary = format!("registered the application {} of {}", application.name, application.owner);
        self.write(changes, actor.did("application.create", &application.id, summary)).await?;
        Ok(application)
    }

    /// Changes an application.
    ///
    /// # Errors
    /// It is not there, or somebody else's; what is given does not fit.
    pub async fn update_application(&self, actor: &Actor, id: &str, change: ApplicationChange) -> Managed<Application> {
        let _turn = self.turn().await;
        let mut found = self.own_application(actor, id).await?;
        let mut changes = Vec::new();
        if let Some(name) = change.name.filter(|n| **n != *found.value.name) {
            text::application(&name)?;
            self.name_must_be_free(actor, &found.value.owner, &name).await?;
            found.value.name = name.into();
        }
        if let Some(description) = change.description {
            text::prose("description", &description)?;
            found.value.description = description;
        }
        if let Some(plan) = change.plan {
            if let Some(plan) = &plan {
                changes.push(self.own_plan(actor, plan).await?);
            }
            actor.administrates()?;
            found.value.plan = plan.map(Into::into);
        }
        if let Some(standing) = change.standing {
            actor.administrates()?;
            found.value.standing = standing;
        }
        changes.push(hold(&found)?);
        let summary = format!("changed the application {} of {}", found.value.name, found.value.owner);
        self.write(changes, actor.did("application.update", &found.value.id, summary)).await?;
        Ok(found.value)
    }

    /// Removes an application with its keys, clients and subscriptions.
    ///
    /// # Errors
    /// It is not there, or somebody else's.
    pub async fn remove_application(&self, actor: &Actor, id: &str) -> Managed<()> {
        let _turn = self.turn().await;
        let found = self.own_application(actor, id).await?;
        let key = of_application(&actor.tenant, &found.value.id);
        let mut changes = vec![removal(&found)];
        changes.extend(self.all_of::<ApiKey>(&key).await?.iter().map(removal));
        changes.extend(self.all_of::<OAuthClient>(&key).await?.iter().map(removal));
        changes.extend(self.all_of::<Subscription>(&key).await?.iter().map(removal));
        let summary =
            format!("removed the application {} of {} and {} things of it", found.value.name, found.value.owner, changes.len() - 1);
        self.write(changes, actor.did("application.remove", &found.value.id, summary)).await
    }

    /// An application that the actor may see, by its id or its name: its own before those of others.
    pub(super) async fn own_application(&self, actor: &Actor, id: &str) -> Managed<Versioned<Application>> {
        actor.needs(&REGISTER)?;
        match self.need::<Application>("application", &actor.tenant, id).await {
            Ok(found) if actor.owns(&found.value) => return Ok(found),
            Ok(_) | Err(ManageError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        if text::application(id).is_ok()
            && let Some(found) = self.store.get_by(&named_key(actor, &actor.name, id)).await?
        {
            return Ok(found);
        }
        let seen = self.seen_applications(actor).await?;
        let mut same = seen.iter().filter(|a| *a.value.name == *id);
        match (same.next(), same.next()) {
            (Some(one), None) => Ok(one.clone()),
            (Some(one), Some(other)) => {
                let why = format!("the id of an application: {} and {} have one of this name", one.value.owner, other.value.owner);
                Err(ManageError::invalid("application", why, id))
            }
            (None, _) => Err(ManageError::nearest("application", id, seen.iter().map(|a| &*a.value.name))),
        }
    }

    /// The applications whose names the actor may know.
    async fn seen_applications(&self, actor: &Actor) -> Managed<Vec<Versioned<Application>>> {
        if !actor.is(Role::Administrator) {
            return self.all_of(&owner(&actor.tenant, &actor.name)).await;
        }
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (found, next) = self.store.page::<Application>(Some(&actor.tenant), after.as_ref(), MAX_PAGE).await?;
            all.extend(found);
            match next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// What belongs to something; what may belong to one thing is bounded well below a page.
    pub(super) async fn all_of<T: Kept>(&self, key: &Key) -> Managed<Vec<Versioned<T>>> {
        Ok(self.store.page_by(key, None, MAX_PAGE).await?.0)
    }

    async fn name_must_be_free(&self, actor: &Actor, owner: &str, name: &str) -> Managed<()> {
        match self.store.get_by::<Application>(&named_key(actor, owner, name)).await? {
            Some(_) => Err(ManageError::Exists { kind: "application".to_owned(), name: name.to_owned() }),
            None => Ok(()),
        }
    }

    async fn must_have_room(&self, key: &Key) -> Managed<()> {
        let (found, _) = self.store.page_by::<Application>(key, None, MAX_APPLICATIONS).await?;
        if found.len() < MAX_APPLICATIONS {
            Ok(())
        } else {
            Err(ManageError::Full { what: "applications of this owner", limit: MAX_APPLICATIONS })
        }
    }

    /// A plan for an application itself; held, so that it is not removed meanwhile.
    async fn own_plan(&self, actor: &Actor, plan: &str) -> Managed<Change> {
        actor.administrates()?;
        hold(&self.named::<Plan>("plan", &actor.tenant, plan).await?)
    }
}

fn named_key(actor: &Actor, owner: &str, name: &str) -> Key {
    Key::unique_in(&*actor.tenant, "name", format!("{owner}/{name}"))
}
