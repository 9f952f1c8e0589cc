//! The revisions of an API: what they hold, and how a new one is made of texts.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::apis::PUBLISH;
use super::secrets::MAX_SECRETS;
use super::trial::{Called, Good, Job, Tried};
use super::{Actor, Answered, Manage, ManageError, Managed, removal};
use crate::api::{Release, SealedSecret, folder_name};
use crate::auth::DEFAULT_TENANT;
use crate::catalog::{self, Built, Texts};
use crate::diagnostic::{Severity, Sources};
use crate::store::{Content, Keep, MAX_REVISIONS, Revision, RevisionEntry, Store};

/// Bytes of all texts of an API.
pub const MAX_TEXT_BYTES: usize = 64 << 20;
/// Texts of an API.
pub const MAX_TEXTS: usize = 258;

/// Texts to be a revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRevision {
    /// The texts by their paths in the API's folder.
    pub texts: Texts,
    /// The newest revision as its writer knows it, 0 where there is none; `None`: whatever it is.
    pub expected: Option<u64>,
    /// Are the texts only looked at?
    pub dry_run: bool,
}

/// What came of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeRevision {
    /// The newest revision now; 0: there is none.
    pub revision: u64,
    /// Do the texts differ from what was the newest revision?
    pub changed: bool,
    /// Warnings and notes.
    pub findings: Vec<Finding>,
}

/// What was found in the texts of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The code that `castile explain` explains.
    pub code: Cow<'static, str>,
    /// What was found, and what was expected there.
    pub message: String,
    /// The text that it was found in.
    pub document: Option<String>,
    /// Line and column, from 1, in characters.
    pub position: Option<(usize, usize)>,
    /// What to do.
    pub hint: Option<String>,
}

/// Which revision of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichRevision {
    /// Of that number.
    Number(u64),
    /// The newest.
    Latest,
    /// The one that is in force.
    InForce,
}

impl Manage {
    /// The revisions that are kept of an API, the oldest first.
    ///
    /// # Errors
    /// It is not there.
    pub async fn revisions(&self, actor: &Actor, name: &str) -> Managed<Vec<RevisionEntry>> {
        actor.needs(&PUBLISH)?;
        self.api(&actor.tenant, name).await?;
        Ok(self.store.history(&actor.tenant, name).await?)
    }

    /// A revision of an API.
    ///
    /// # Errors
    /// The API, or the revision of it, is not there.
    pub async fn revision(&self, actor: &Actor, name: &str, which: WhichRevision) -> Managed<Arc<Revision>> {
        actor.needs(&PUBLISH)?;
        let found = self.api(&actor.tenant, name).await?;
        match which {
            WhichRevision::Latest => Ok(found.latest),
            WhichRevision::InForce => Ok(found.in_force),
            WhichRevision::Number(number) => self.numbered(&actor.tenant, name, number).await,
        }
    }

    /// Makes a revision of texts; of a name that there is not yet, an API. It is compiled as the gateway will compile it before it is kept, away from the
    /// tasks, one at a time.
    ///
    /// # Errors
    /// [`ManageError::NotGood`] with all that is wrong in the texts; the API is managed by files; its address is another API's; somebody else was first.
    pub async fn put_revision(&self, actor: &Actor, name: &str, new: NewRevision) -> Managed<MadeRevision> {
        actor.needs(&PUBLISH)?;
        if folder_name(name) != name || name.is_empty() {
            return Err(ManageError::invalid("api", "1 to 64 letters, digits, `-`, `_` and `.`, a letter or digit at both ends", name));
        }
        bounded(&new.texts)?;
        let job = Job { tenant: actor.tenant.clone(), name: name.to_owned(), texts: new.texts };
        let Good { content, findings, addresses, targets, calls } = match self.tried(job).await? {
            Tried::Good(good) => *good,
            Tried::Bad(findings) => return Err(ManageError::NotGood { api: name.to_owned(), findings }),
        };
        let _turn = self.turn().await;
        self.tenant_of(actor).await?;
        let before = match self.api(&actor.tenant, name).await {
            Ok(found) => Some(found),
            Err(ManageError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let latest = before.as_ref().map_or(0, |f| f.latest.number);
        if let Some(found) = &before {
            self.not_by_files(&found.latest)?;
        }
        if new.expected.is_some_and(|e| e != latest) {
            return Err(ManageError::Conflict);
        }
        let mut findings = self.may_be_served(actor, name, &content, findings, &targets).await?;
        self.address_must_be_free(actor, name, &addresses)?;
        self.callees_must_be_there(actor, name, &calls, &mut findings)?;
        let changed = before.as_ref().is_none_or(|f| f.latest.content != content);
        if new.dry_run || !changed {
            return Ok(MadeRevision { revision: latest, changed, findings });
        }
        let held = before.as_ref().and_then(|f| f.release.as_ref()?.value.revision);
        if held.is_some_and(|h| latest.saturating_sub(h) + 1 >= MAX_REVISIONS as u64) {
            return Err(ManageError::Full { what: "revisions from the one on that is held in force", limit: MAX_REVISIONS });
        }
        let summary = format!("made revision {} of the API {name}", latest + 1);
        let audit = Some(actor.did("api.update", name, summary));
        if before.is_none()
            && let Some(left) = self.store.get::<Release>(&actor.tenant, name).await?
        {
            // Of an API of that name that was removed, by a process that ended before it had taken this away too.
            self.store.write(vec![removal(&left)], None).await?;
        }
        let revision = self.store.put_revision(&actor.tenant, name, Some(latest), content, audit).await?;
        Ok(MadeRevision { revision, changed, findings })
    }

    /// Refuses what the folder of this server says.
    pub(super) fn not_by_files(&self, latest: &Revision) -> Managed<()> {
        if self.reads_files && latest.content.managed_by_files && *latest.tenant == *DEFAULT_TENANT {
            return Err(ManageError::ManagedByFiles { api: latest.name.to_string() });
        }
        Ok(())
    }

    /// Reads and compiles texts as the gateway will: in a process of its own where there is one, which says whether there is room for that here.
    async fn tried(&self, job: Job) -> Managed<Tried> {
        let Some(scale) = &self.scale else { return self.work(job).await };
        let (tenant, name) = (job.tenant.clone(), job.name.clone());
        let Answered { peak, answer } = scale.apart().run(&job).await?;
        if let Tried::Good(good) = &answer {
            scale.knows(&tenant, &name, &good.content.texts(), peak)?;
        }
        Ok(answer)
    }

    /// Looks for what the machines that serve add to texts: secrets, and addresses that may be called. Secrets of the machine are its operator's to hand
    /// out: for others they are not even looked for.
    async fn may_be_served(
        &self,
        actor: &Actor,
        name: &str,
        content: &Content,
        mut found: Vec<Finding>,
        targets: &BTreeSet<String>,
    ) -> Managed<Vec<Finding>> {
        if !actor.is_of_installation() && catalog::names_secrets(content) {
            let who = format!("only administrators of the tenant {DEFAULT_TENANT} may do so");
            return Err(ManageError::Forbidden(format!("The API {name} names secrets of the machine that serves: {who}.")));
        }
        let secrets = self.store.page::<SealedSecret>(Some(&actor.tenant), None, MAX_SECRETS).await?.0;
        let vault = self.vault.with(secrets.into_iter().map(|s| s.value));
        let mut built = catalog::secrets_of(&actor.tenant, content, &vault);
        built.diagnostics.extend(vault.unreachable(targets.iter().map(String::as_str)));
        let good = !built.diagnostics.iter().any(|d| d.severity == Severity::Error);
        found.extend(findings(&built));
        if good { Ok(found) } else { Err(ManageError::NotGood { api: name.to_owned(), findings: found }) }
    }

    /// Refuses an API whose sequences call operations that another one does not have; an API that is not there is a warning.
    fn callees_must_be_there(&self, actor: &Actor, name: &str, calls: &[Called], findings: &mut Vec<Finding>) -> Managed<()> {
        let Some(catalog) = &self.catalog else { return Ok(()) };
        let snapshot = catalog.snapshot();
        let mut good = true;
        for called in calls {
            let Some(missing) = catalog::missing_callee(&actor.tenant, &called.api, &called.operation, &snapshot.apis) else { continue };
            good &= missing.severity != Severity::Error;
            let found = findings_of(&[missing], &Sources::default());
            findings.extend(found.into_iter().map(|f| Finding { document: called.document.clone(), position: called.position, ..f }));
        }
        if good { Ok(()) } else { Err(ManageError::NotGood { api: name.to_owned(), findings: findings.clone() }) }
    }

    /// Refuses an API at the address of another one.
    fn address_must_be_free(&self, actor: &Actor, name: &str, addresses: &[Arc<str>]) -> Managed<()> {
        let Some(catalog) = &self.catalog else { return Ok(()) };
        let snapshot = catalog.snapshot();
        let other = snapshot.apis.iter().find(|o| (&*o.name, &*o.tenant) != (name, &*actor.tenant) && catalog::answers_at(o, addresses));
        match (other, addresses.first()) {
            (Some(other), Some(address)) => Err(ManageError::AddressTaken { address: address.to_string(), by: other.name.to_string() }),
            _ => Ok(()),
        }
    }
}

fn bounded(texts: &Texts) -> Managed<()> {
    if texts.len() > MAX_TEXTS {
        return Err(ManageError::invalid("files", format!("at most {MAX_TEXTS} texts"), &texts.len().to_string()));
    }
    let bytes: usize = texts.values().map(|t| t.len()).sum();
    if bytes > MAX_TEXT_BYTES {
        return Err(ManageError::invalid("files", format!("at most {MAX_TEXT_BYTES} bytes"), &bytes.to_string()));
    }
    Ok(())
}

/// What was found, for those who sent the texts.
pub(super) fn findings(built: &Built) -> Vec<Finding> {
    findings_of(&built.diagnostics, &built.sources)
}

/// What was found, as people and programs read it.
pub fn findings_of(diagnostics: &[crate::diagnostic::Diagnostic], sources: &crate::diagnostic::Sources) -> Vec<Finding> {
    let finding = |d: &crate::diagnostic::Diagnostic| {
        let found = d.finding(sources);
        Finding {
            severity: d.severity,
            code: found.code.into(),
            message: match found.expected {
                Some(expected) => format!("{}: {expected}", found.message),
                None => found.message.to_owned(),
            },
            document: found.document.map(str::to_owned),
            position: found.line.zip(found.column),
            hint: found.hint.map(str::to_owned),
        }
    };
    diagnostics.iter().map(finding).collect()
}
