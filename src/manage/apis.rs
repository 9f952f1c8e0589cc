//! The APIs of a tenant: what is in force of each, and what becomes of it.

use std::sync::Arc;

use super::{Actor, Listed, Manage, ManageError, Managed, Part, removal};
use crate::api::{ApiDefinition, Release, State};
use crate::auth::{Role, Subscription};
use crate::diagnostic::SourceId;
use crate::store::{Change, Cursor, Expected, Keep, MAX_PAGE, Revision, Store, StoreError, Versioned, of_api};

/// Who has to do with APIs.
pub(super) const PUBLISH: [Role; 2] = [Role::Publisher, Role::Administrator];

/// How an API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Its name for people.
    pub title: String,
    /// Its version.
    pub version: String,
    /// Its context.
    pub context: String,
    /// The state that is in force.
    pub state: State,
    /// The state that its definition says.
    pub defined_state: State,
    /// The revision that is in force.
    pub revision: u64,
    /// The newest revision.
    pub latest: u64,
    /// Is a revision held, so that newer ones are not in force?
    pub held: bool,
    /// Does the newest revision come from the folder of a server?
    pub managed_by_files: bool,
}

/// What becomes of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It is published: that revision and no other, or the newest and those that come.
    Publish(Option<u64>),
    /// An older revision is in force again: that one, or the one before.
    Rollback(Option<u64>),
    /// It refuses calls for the time being.
    Block,
    /// It is as it was before it was blocked.
    Unblock,
    /// It takes no new subscriptions.
    Deprecate,
    /// It is gone for good.
    Retire,
    /// Everybody may try it.
    Prototype,
    /// It is not there yet for callers.
    Withdraw,
}

impl Act {
    /// Its word in commands, addresses and the audit log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Publish(_) => "publish",
            Self::Rollback(_) => "rollback",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Deprecate => "deprecate",
            Self::Retire => "retire",
            Self::Prototype => "prototype",
            Self::Withdraw => "withdraw",
        }
    }
}

/// An API with what is in force of it.
pub(super) struct Found {
    pub(super) release: Option<Versioned<Release>>,
    pub(super) latest: Arc<Revision>,
    pub(super) in_force: Arc<Revision>,
    pub(super) definition: ApiDefinition,
}

impl Found {
    /// The state that is in force.
    pub(super) fn state(&self) -> State {
        self.release.as_ref().map_or(self.definition.api.state, |r| r.value.state_of(&self.definition))
    }

    fn status(&self) -> ApiStatus {
        let identity = &self.definition.api;
        ApiStatus {
            name: self.latest.name.clone(),
            title: identity.name.clone(),
            version: identity.version.clone(),
            context: identity.context.clone(),
            state: self.state(),
            defined_state: identity.state,
            revision: self.in_force.number,
            latest: self.latest.number,
            held: self.release.as_ref().is_some_and(|r| r.value.revision == Some(self.in_force.number)),
            managed_by_files: self.latest.content.managed_by_files,
        }
    }
}

impl Manage {
    /// The APIs of the tenant, by name.
    ///
    /// # Errors
    /// Only publishers and administrators see those that are not published.
    pub async fn apis(&self, actor: &Actor, part: &Part) -> Managed<Listed<ApiStatus>> {
        actor.needs(&PUBLISH)?;
        let all = self.store.apis(Some(&actor.tenant)).await?;
        let behind = part.after.as_ref().map(|a| a.id.as_str());
        let from = all.partition_point(|a| behind.is_some_and(|b| *a.name <= *b));
        let (part_of, more) = all.split_at(from.saturating_add(part.limit).min(all.len()));
        let mut listed = Vec::new();
        for api in part_of.iter().skip(from) {
            match self.api(&actor.tenant, &api.name).await {
                Ok(found) => listed.push(found.status()),
                // Removed meanwhile.
                Err(ManageError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let last = part_of.last().filter(|_| !more.is_empty());
        let next = last.map(|l| Cursor { tenant: actor.tenant.to_string(), id: l.name.to_string() });
        Ok((listed, next))
    }

    /// How an API is.
    ///
    /// # Errors
    /// It is not there.
    pub async fn api_status(&self, actor: &Actor, name: &str) -> Managed<ApiStatus> {
        actor.needs(&PUBLISH)?;
        Ok(self.api(&actor.tenant, name).await?.status())
    }

    /// Does that with an API: in force on every node within two seconds, without a call that fails for it.
    ///
    /// # Errors
    /// It is not there; it has no such revision, or none that is older.
    pub async fn act(&self, actor: &Actor, name: &str, act: Act) -> Managed<ApiStatus> {
        actor.needs(&PUBLISH)?;
        let _turn = self.turn().await;
        let mut found = self.api(&actor.tenant, name).await?;
        let before = found.release.as_ref().map(|r| r.version);
        let mut release = found.release.take().map_or_else(|| Release::of(actor.tenant.clone(), name), |r| r.value);
        match act {
            Act::Publish(None) => (release.revision, found.in_force) = (None, found.latest.clone()),
            Act::Publish(Some(number)) | Act::Rollback(Some(number)) => {
                if matches!(act, Act::Rollback(_)) && number >= found.in_force.number {
                    let expected = format!("a revision older than {}, which is in force", found.in_force.number);
                    return Err(ManageError::invalid("revision", expected, &number.to_string()));
                }
                found.in_force = self.numbered(&actor.tenant, name, number).await?;
                release.revision = Some(number);
            }
            Act::Rollback(None) => {
                let history = self.store.history(&actor.tenant, name).await?;
                let number = history.iter().rev().map(|e| e.number).find(|n| *n < found.in_force.number);
                let none = || ManageError::NoOlder { api: name.to_owned(), revision: found.in_force.number };
                let number = number.ok_or_else(none)?;
                found.in_force = self.numbered(&actor.tenant, name, number).await?;
                release.revision = Some(number);
            }
            Act::Block | Act::Unblock | Act::Deprecate | Act::Retire | Act::Prototype | Act::Withdraw => {}
        }
        found.definition = defined(&found.in_force)?;
        change_state(&mut release, &found.definition, act);
        let change = match before {
            Some(version) if release.is_plain() => vec![Change::remove::<Release>(&actor.tenant, name, Expected::Version(version))],
            None if release.is_plain() => Vec::new(),
            Some(version) => vec![Change::put(&release, Expected::Version(version))?],
            None => vec![Change::put(&release, Expected::Absent)?],
        };
        found.release = Some(Versioned { version: 0, value: release });
        let status = found.status();
        let held = if status.held { ", which is held" } else { "" };
        let summary = format!("{} the API {name}: {}, revision {}{held}", past(act), status.state.as_str(), status.revision);
        self.write(change, actor.did(&format!("api.{}", act.word()), name, summary)).await?;
        Ok(status)
    }

    /// Removes an API with all its revisions, and where `subscriptions` says so its subscriptions.
    ///
    /// # Errors
    /// It is not there, is managed by files, or has subscriptions.
    pub async fn remove_api(&self, actor: &Actor, name: &str, subscriptions: bool) -> Managed<()> {
        actor.needs(&PUBLISH)?;
        let _turn = self.turn().await;
        let found = self.api(&actor.tenant, name).await?;
        self.not_by_files(&found.latest)?;
        let key = of_api(&actor.tenant, name);
        let mut ended = 0;
        loop {
            let (there, _) = self.store.page_by::<Subscription>(&key, None, MAX_PAGE).await?;
            if there.is_empty() {
                break;
            }
            if !subscriptions {
                return Err(ManageError::InUse { kind: "API", name: name.to_owned(), by: "it has subscriptions".to_owned() });
            }
            ended += there.len();
            let summary = format!("ended {} subscriptions to {name}, which is removed", there.len());
            self.write(there.iter().map(removal).collect(), actor.did("subscription.remove", name, summary)).await?;
        }
        let with = if ended > 0 { format!(" and {ended} subscriptions") } else { String::new() };
        let summary = format!("removed the API {name} with {} revisions{with}", found.latest.number);
        self.store.remove_api(&actor.tenant, name, Some(actor.did("api.remove", name, summary))).await?;
        if let Some(release) = &found.release {
            self.store.write(vec![removal(release)], None).await?;
        }
        Ok(())
    }

    /// An API with what is in force of it.
    pub(super) async fn api(&self, tenant: &str, name: &str) -> Managed<Found> {
        let Some(latest) = self.store.latest(tenant, name).await? else {
            let apis = self.store.apis(Some(tenant)).await?;
            return Err(ManageError::nearest("API", name, apis.iter().map(|a| &*a.name)));
        };
        let release = self.store.get::<Release>(tenant, name).await?;
        let in_force = match release.as_ref().and_then(|r| r.value.revision).filter(|n| *n != latest.number) {
            // One that is held and not kept any more holds nothing.
            Some(number) => self.store.revision(tenant, name, number).await?.unwrap_or_else(|| latest.clone()),
            None => latest.clone(),
        };
        let definition = defined(&in_force)?;
        Ok(Found { release, latest, in_force, definition })
    }

    /// A revision of an API.
    pub(super) async fn numbered(&self, tenant: &str, name: &str, number: u64) -> Managed<Arc<Revision>> {
        match self.store.revision(tenant, name, number).await? {
            Some(revision) => Ok(revision),
            None => Err(ManageError::not_found("revision", &number.to_string())),
        }
    }
}

/// What the definition of a revision says.
fn defined(revision: &Revision) -> Managed<ApiDefinition> {
    let (definition, _) = ApiDefinition::parse(SourceId(0), &revision.content.definition.text);
    let what = || format!("the definition of the API {} cannot be read", revision.name);
    definition.ok_or_else(|| ManageError::Store(StoreError::Damaged { what: what() }))
}

/// The state after an act. What the definition says itself is not said twice where an API is published, so that it goes on saying it.
fn change_state(release: &mut Release, definition: &ApiDefinition, act: Act) {
    let unless_said = |state: State| Some(state).filter(|s| *s != definition.api.state);
    let state = match act {
        Act::Rollback(_) => return,
        Act::Publish(_) => unless_said(State::Published),
        Act::Block if release.state_of(definition) == State::Blocked => return,
        Act::Block => {
            release.unblocked = release.state;
            release.state = Some(State::Blocked);
            return;
        }
        Act::Unblock if release.state_of(definition) != State::Blocked => return,
        Act::Unblock => release.unblocked.or_else(|| Some(State::Published).filter(|_| definition.api.state == State::Blocked)),
        Act::Deprecate => Some(State::Deprecated),
        Act::Retire => Some(State::Retired),
        Act::Prototype => Some(State::Prototype),
        Act::Withdraw => Some(State::Created),
    };
    (release.state, release.unblocked) = (state, None);
}

fn past(act: Act) -> &'static str {
    match act {
        Act::Publish(_) => "published",
        Act::Rollback(_) => "rolled back",
        Act::Block => "blocked",
        Act::Unblock => "unblocked",
        Act::Deprecate => "deprecated",
        Act::Retire => "retired",
        Act::Prototype => "made a prototype of",
        Act::Withdraw => "withdrew",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The override after some acts on an API whose definition says that state.
    fn after(defined: State, acts: &[Act]) -> (Option<State>, State) {
        let mut definition = ApiDefinition::named("x");
        definition.api.state = defined;
        let mut release = Release::of("default", "x");
        for act in acts {
            change_state(&mut release, &definition, *act);
        }
        (release.state, release.state_of(&definition))
    }

    #[test]
    fn states_follow_the_acts() {
        use State::{Blocked, Created, Deprecated, Published, Retired};
        assert_eq!(after(Published, &[Act::Block]), (Some(Blocked), Blocked));
        assert_eq!(after(Published, &[Act::Block, Act::Unblock]), (None, Published));
        assert_eq!(after(Published, &[Act::Deprecate, Act::Block, Act::Block, Act::Unblock]), (Some(Deprecated), Deprecated));
        assert_eq!(after(Published, &[Act::Deprecate, Act::Publish(None)]), (None, Published));
        assert_eq!(after(Created, &[Act::Publish(None)]), (Some(Published), Published));
        assert_eq!(after(Created, &[Act::Publish(None), Act::Withdraw]), (Some(Created), Created));
        // An API that its file blocks is unblocked against the file; one that is not blocked stays what it is.
        assert_eq!(after(Blocked, &[Act::Unblock]), (Some(Published), Published));
        assert_eq!(after(Deprecated, &[Act::Unblock]), (None, Deprecated));
        assert_eq!(after(Blocked, &[Act::Block, Act::Publish(None), Act::Retire]), (Some(Retired), Retired));
        // A rollback changes no state.
        assert_eq!(after(Published, &[Act::Block, Act::Rollback(None)]), (Some(Blocked), Blocked));
    }
}
