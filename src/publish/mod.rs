//! What publishers do beyond single acts: a WSDL becomes an API, a newer one is merged with it, a call is tried out, its mapping is shown.
//!
//! Comes in: an actor of [`crate::manage`], documents, texts, samples of calls. Goes out: texts for a new revision, and reports that people read. Documents
//! are compiled in a process of their own where the server has one. Must not know: HTTP servers, pages.

mod difference;
mod draft;
mod job;
mod mapping;
mod report;
mod shelf;
mod trial;
mod update;

pub use difference::{DifferentLine, difference};
pub use draft::{AuthShown, Changed, Row, Upstream, UpstreamAuth, auth_of, is_as_written};
pub use job::{Job, Source, Work, Worked};
pub use mapping::{Branch, Mapping, pretty_json};
pub use report::{Found, Looked, LookedHeader, LookedResource};
pub use shelf::MAX_WAITING;
pub use trial::{Asked, Failed, run as try_out};
pub use update::{UpdateChange, UpdateColumns, UpdateResource, Updated};

pub use crate::api::Method;
pub use crate::mediate::Direction;
pub use crate::sequence::trace::{Changed as TracedChange, Traced};
pub use crate::store::{Revision, RevisionEntry};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::auth::DEFAULT_TENANT;
use crate::catalog::{PublishedApi, Secrets, build_with};
use crate::gateway::Gateway;
use crate::manage::{Actor, Finding, Manage, ManageError, Managed, NewRevision, WhichRevision};
use crate::net::fetch::Fetcher;
use crate::wsdl::source::{Options, Origin, Policy, load};

/// Documents of one import.
pub const MAX_DOCUMENTS: usize = 256;
/// Bytes of all documents of one import.
pub const MAX_BYTES: usize = 64 << 20;

/// The sequence that changes nothing: where one begins to write.
pub const PLAIN_SEQUENCE: &str = crate::sequence::Sequence::DEFAULT_TEXT;

/// The desk of publishers: the acts, and what it takes to fetch, compile and try.
#[derive(Debug)]
pub struct Publish {
    manage: Arc<Manage>,
    gateway: Option<Arc<Gateway>>,
    fetcher: Option<Fetcher>,
    /// What was said of APIs lately.
    looks: shelf::Looks,
    /// Updates that somebody looks at.
    waiting: shelf::Waiting,
}

/// What a WSDL is to become.
#[derive(Debug, Clone, Default)]
pub struct NewApi {
    /// Its name; `None`: what the WSDL suggests.
    pub name: Option<String>,
    /// Its version; `None`: `1`.
    pub version: Option<String>,
    /// Its context; `None`: `/` and the name.
    pub context: Option<String>,
    /// Where its service is; `None`: what the WSDL says.
    pub endpoint: Option<String>,
    /// May everybody call it?
    pub open: bool,
}

/// Why a document did not become what it should.
#[derive(Debug)]
pub enum NotTaken {
    /// The documents, with all that is wrong in them.
    Documents {
        /// What is wrong, with code frames.
        found: Vec<Found>,
        /// Root WSDLs of which one must be chosen; empty: that is not it.
        roots: Vec<String>,
    },
    /// The act.
    Manage(ManageError),
}

impl From<ManageError> for NotTaken {
    fn from(error: ManageError) -> Self {
        Self::Manage(error)
    }
}

impl Publish {
    /// With these acts.
    pub fn new(manage: Arc<Manage>) -> Self {
        Self { manage, gateway: None, fetcher: None, looks: shelf::Looks::default(), waiting: shelf::Waiting::default() }
    }

    /// The same beside the gateway of this process, which calls services.
    #[must_use]
    pub fn with_gateway(self, gateway: Option<Arc<Gateway>>) -> Self {
        Self { gateway, ..self }
    }

    /// The same with what fetches documents from addresses.
    #[must_use]
    pub fn with_fetcher(self, fetcher: Option<Fetcher>) -> Self {
        Self { fetcher, ..self }
    }

    /// Can a service be called from here?
    pub fn calls_services(&self) -> bool {
        self.gateway.is_some()
    }

    /// The documents behind an address, fetched as far as the operator lets anybody fetch.
    ///
    /// # Errors
    /// It is no address, nobody may fetch from it, or it does not answer with a WSDL.
    pub async fn fetched(&self, address: &str) -> Result<Source, NotTaken> {
        let Some(fetcher) = &self.fetcher else {
            return Err(ManageError::Forbidden("This process fetches nothing; send the documents themselves.".to_owned()).into());
        };
        let url = url::Url::parse(address).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.username().is_empty());
        let expected = "an address that begins with http:// or https://, without user and password";
        let url = url.ok_or_else(|| ManageError::invalid("url", expected, address))?;
        let options = Options { fetcher: Some(fetcher), ..Options::local(Policy::Upload) };
        let loaded = load(&Origin::Address(url), &options).await;
        let loaded = loaded.map_err(|r| NotTaken::Documents { found: report::found(&r.diagnostics, &r.sources), roots: Vec::new() })?;
        let (root, files) = crate::import::as_files(&loaded.documents);
        Ok(Source::Texts { files: files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect(), root: Some(root) })
    }

    /// Makes an API of documents, in the state `created`: callers do not find it before it is published. Gives its name.
    ///
    /// # Errors
    /// The documents cannot be imported; an API of that name is there.
    pub async fn import(&self, actor: &Actor, source: Source, new: NewApi) -> Result<String, NotTaken> {
        let job = Job { tenant: actor.tenant.clone(), work: Work::Import { source: source.bounded()?, new: new.into() } };
        let (name, texts) = match self.work(actor, job).await? {
            Worked::Imported { name, texts } => (name, texts),
            Worked::Bad { found, roots } => return Err(NotTaken::Documents { found, roots }),
            Worked::Looked(_) | Worked::Updated(_) => return Err(strange().into()),
        };
        let new = NewRevision { texts, expected: Some(0), dry_run: false };
        match self.manage.put_revision(actor, &name, new).await {
            Ok(_) => Ok(name),
            Err(ManageError::Conflict) => Err(ManageError::Exists { kind: "API".to_owned(), name }.into()),
            Err(ManageError::NotGood { findings, .. }) => {
                Err(NotTaken::Documents { found: findings.into_iter().map(Found::from).collect(), roots: Vec::new() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What an import would say today of the newest revision of an API.
    ///
    /// # Errors
    /// It is not there; it takes more memory or time than there is.
    pub async fn look(&self, actor: &Actor, revision: &Revision) -> Result<Arc<Looked>, NotTaken> {
        let texts = revision.content.texts();
        let key = shelf::key(&actor.tenant, &revision.name, &texts);
        if let Some(looked) = self.looks.find(key) {
            return Ok(looked);
        }
        let job = Job { tenant: actor.tenant.clone(), work: Work::Look { name: revision.name.to_string(), texts } };
        match self.work(actor, job).await? {
            Worked::Looked(looked) => Ok(self.looks.keep(key, *looked)),
            Worked::Bad { found, roots } => Err(NotTaken::Documents { found, roots }),
            Worked::Imported { .. } | Worked::Updated(_) => Err(strange().into()),
        }
    }

    /// What newer documents mean for an API, and the id by which [`Publish::carry_out`] finds it in the next quarter of an hour.
    ///
    /// # Errors
    /// As [`Publish::update`].
    pub async fn prepare(&self, actor: &Actor, name: &str, source: Source) -> Result<(String, Updated), NotTaken> {
        let updated = self.update(actor, name, source, None, |_| false).await?;
        let id = self.waiting.keep(actor, name, &updated).map_err(ManageError::from)?;
        Ok((id, updated))
    }

    /// Makes a revision of what was prepared.
    ///
    /// # Errors
    /// It is not there any more; somebody else changed the API meanwhile.
    pub async fn carry_out(&self, actor: &Actor, name: &str, id: &str) -> Managed<u64> {
        let Some((expected, texts)) = self.waiting.take(actor, name, id) else {
            return Err(ManageError::invalid(
                "update",
                "one that was looked at in the last quarter of an hour; send the documents once more",
                id,
            ));
        };
        Ok(self.manage.put_revision(actor, name, NewRevision { texts, expected: Some(expected), dry_run: false }).await?.revision)
    }

    /// What newer documents mean for an API; where `accept` says so, and nothing stands against it, a revision of it is made. `expected`: the newest
    /// revision as its writer knows it.
    ///
    /// # Errors
    /// The documents cannot be imported, or do not fit; the API is not there, or is managed by files.
    pub async fn update(
        &self,
        actor: &Actor,
        name: &str,
        source: Source,
        expected: Option<u64>,
        accept: impl FnOnce(&Updated) -> bool,
    ) -> Result<Updated, NotTaken> {
        let found = self.manage.revision(actor, name, WhichRevision::Latest).await?;
        if expected.is_some_and(|e| e != found.number) {
            return Err(ManageError::Conflict.into());
        }
        let work = Work::Update { name: name.to_owned(), before: found.content.texts(), source: source.bounded()? };
        let mut updated = match self.work(actor, Job { tenant: actor.tenant.clone(), work }).await? {
            Worked::Updated(updated) => *updated,
            Worked::Bad { found, roots } => return Err(NotTaken::Documents { found, roots }),
            Worked::Imported { .. } | Worked::Looked(_) => return Err(strange().into()),
        };
        updated.revision = found.number;
        if !updated.same && updated.fits && accept(&updated) {
            let new = NewRevision { texts: updated.texts.clone(), expected: Some(found.number), dry_run: false };
            updated.revision = self.manage.put_revision(actor, name, new).await?.revision;
            updated.is_done = true;
        }
        Ok(updated)
    }

    /// An API as a revision makes it, without secrets: as it is served where that is the revision, else compiled.
    ///
    /// # Errors
    /// Its texts are no API any more.
    pub async fn compiled(&self, actor: &Actor, revision: &Arc<Revision>) -> Managed<Arc<PublishedApi>> {
        let tenant = actor.tenant.to_string();
        let work = {
            let revision = revision.clone();
            move || {
                let built = build_with(&revision.name, &revision.content, Secrets::NotNeeded);
                built.api.clone().ok_or_else(|| crate::manage::findings_of(&built.diagnostics, &built.sources))
            }
        };
        let built = tokio::task::spawn_blocking(work).await.map_err(|_| strange())?;
        let api = built.map_err(|findings: Vec<Finding>| ManageError::NotGood { api: revision.name.to_string(), findings })?;
        Ok(if tenant == DEFAULT_TENANT { api } else { Arc::new(Arc::unwrap_or_clone(api).of_tenant(&tenant)) })
    }

    /// A call that is tried out.
    ///
    /// # Errors
    /// The API or its resource is not there, the sequence or the sample does not fit, the service cannot be called.
    pub async fn try_out(&self, actor: &Actor, name: &str, asked: Asked) -> Result<crate::gateway::trace::Report, Failed> {
        trial::run(&self.manage, self.gateway.as_ref(), actor, name, asked).await
    }

    async fn work(&self, actor: &Actor, job: Job) -> Managed<Worked> {
        if !actor.is(crate::auth::Role::Publisher) && !actor.is(crate::auth::Role::Administrator) {
            return Err(ManageError::Forbidden("This asks for the role publisher or administrator.".to_owned()));
        }
        self.manage.work(job).await
    }
}

fn strange() -> ManageError {
    ManageError::System("documents cannot be compiled".to_owned())
}

/// Documents by their paths, as texts.
pub fn texts(documents: BTreeMap<String, String>, root: Option<String>) -> Source {
    Source::Texts { files: documents.into_iter().map(|(path, text)| (path, text.into_bytes())).collect(), root }
}
