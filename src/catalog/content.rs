//! Stored texts ⇄ linked documents, and from there to a published API.

use std::path::Path;
use std::sync::Arc;

use super::credentials::Desk;
use super::login::login;
use super::wire::Wiring;
use super::{Assembled, Credentials, Provenance, PublishedApi, Vault, assemble_with, sequences};
use crate::api::{ApiDefinition, Lock, codes};
use crate::auth::DEFAULT_TENANT;
use crate::diagnostic::{Diagnostic, Severity, SourceId, Sources};
use crate::store::{Content, StoredDocument, StoredLink, StoredTarget};
use crate::wsdl::documents::{Documents, LinkKey, Links, Target};

/// What came of a stored API.
#[derive(Debug)]
pub struct Built {
    /// The API; `None` where a diagnostic is an error.
    pub api: Option<Arc<PublishedApi>>,
    /// Everything that was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub sources: Sources,
}

impl Content {
    /// Content made of linked documents.
    pub fn of(definition: StoredDocument, lock: Option<StoredDocument>, documents: &Documents, managed_by_files: bool) -> Self {
        let stored =
            |(_, source): (SourceId, &crate::diagnostic::Source)| StoredDocument { name: source.name.clone(), text: source.text.clone() };
        let mut links: Vec<StoredLink> = documents.links.iter().map(|(key, target)| stored_link(key, target)).collect();
        links.sort();
        Self {
            definition,
            lock,
            documents: documents.sources.iter().map(stored).collect(),
            root: documents.root.0,
            links,
            sequences: Vec::new(),
            importer: env!("CARGO_PKG_VERSION").to_owned(),
            managed_by_files,
        }
    }

    /// The linked documents again.
    pub fn linked(&self) -> Documents {
        let mut sources = Sources::default();
        for document in &self.documents {
            sources.add(document.name.clone(), document.text.clone());
        }
        let mut documents = Documents::new(sources, SourceId(self.root));
        documents.links = self.links.iter().map(loaded_link).collect::<Links>();
        documents
    }
}

fn stored_link(key: &LinkKey, target: &Target) -> StoredLink {
    StoredLink {
        from: key.from.0,
        location: key.location.clone(),
        namespace: key.namespace.clone(),
        target: match target {
            Target::Document(id) => StoredTarget::Document(id.0),
            Target::Standard => StoredTarget::Standard,
            Target::Missing { reason } => StoredTarget::Missing(reason.clone()),
        },
    }
}

fn loaded_link(link: &StoredLink) -> (LinkKey, Target) {
    let key = LinkKey { from: SourceId(link.from), location: link.location.clone(), namespace: link.namespace.clone() };
    let target = match &link.target {
        StoredTarget::Document(id) => Target::Document(SourceId(*id)),
        StoredTarget::Standard => Target::Standard,
        StoredTarget::Missing(reason) => Target::Missing { reason: reason.clone() },
    };
    (key, target)
}

/// Are the secrets that a definition names needed?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// The service will be called: one that cannot be had is an error.
    Needed,
    /// It will not: they are not looked for.
    NotNeeded,
}

/// Builds an API from what is stored of it, to be looked at here. What an uploaded API finds on a server is not there.
pub fn build(name: &str, content: &Content) -> Built {
    build_with(name, content, Secrets::Needed)
}

/// Builds an API of that tenant from what is stored of it, to be served.
pub fn build_of(tenant: &str, name: &str, content: &Content, vault: &Vault) -> Built {
    of_tenant(tenant, made(tenant, name, content, Some(vault), false))
}

fn of_tenant(tenant: &str, mut built: Built) -> Built {
    if tenant != DEFAULT_TENANT {
        built.api = built.api.map(|api| Arc::new(Arc::unwrap_or_clone(api).of_tenant(tenant)));
    }
    built
}

/// Builds an API of that tenant without its secrets, to be looked at.
pub fn look_at(tenant: &str, name: &str, content: &Content) -> Built {
    of_tenant(tenant, made(tenant, name, content, None, false))
}

/// What is found where the secrets that stored texts name are looked for, and used as far as that needs no WSDL.
pub fn secrets_of(tenant: &str, content: &Content, vault: &Vault) -> Built {
    let mut sources = Sources::default();
    let at = sources.add(content.definition.name.clone(), content.definition.text.clone());
    let (definition, _) = ApiDefinition::parse(at, &content.definition.text);
    let mut diagnostics = Vec::new();
    if let Some(definition) = definition {
        let folder = Path::new(&*content.definition.name).parent().unwrap_or(Path::new(""));
        let desk = Desk { vault, provenance: Provenance::of(content), folder, tenant };
        let (credentials, missing) = Credentials::read(&definition, &desk);
        diagnostics.extend(missing);
        drop(Wiring::new(&definition, &credentials, &mut diagnostics));
        drop(login(&definition, &credentials, &mut diagnostics));
    }
    Built { api: None, diagnostics, sources }
}

/// Builds an API from what is stored of it.
pub fn build_with(name: &str, content: &Content, secrets: Secrets) -> Built {
    match secrets {
        Secrets::Needed => made(DEFAULT_TENANT, name, content, Some(&Vault::default()), false),
        Secrets::NotNeeded => made(DEFAULT_TENANT, name, content, None, false),
    }
}

/// Builds an API for who plays its service: with all its SOAP operations, also where its callers get none of them.
pub fn build_service(name: &str, content: &Content) -> Built {
    made(DEFAULT_TENANT, name, content, None, true)
}

/// `vault`: what uploaded APIs find here; `None`: secrets are not looked for. `whole`: with all SOAP operations, whatever the definition says.
fn made(tenant: &str, name: &str, content: &Content, vault: Option<&Vault>, whole: bool) -> Built {
    let mut documents = content.linked();
    let at = documents.sources.add(content.definition.name.clone(), content.definition.text.clone());
    let (definition, mut diagnostics) = ApiDefinition::parse(at, &content.definition.text);
    let lock = match &content.lock {
        Some(stored) => {
            let at = documents.sources.add(stored.name.clone(), stored.text.clone());
            match Lock::parse(at, &stored.text) {
                Ok(lock) => Some(lock),
                Err(diagnostic) => {
                    diagnostics.push(*diagnostic);
                    None
                }
            }
        }
        None => {
            let text = format!("{} has no api.lock: names are derived each time", content.definition.name);
            diagnostics.push(Diagnostic::new(Severity::Warning, &codes::NO_LOCK, text));
            None
        }
    };
    let mut built = Built { api: None, diagnostics, sources: Sources::default() };
    if let Some(mut definition) = definition {
        definition.passthrough |= whole;
        // The documents' own ids come first, so that spans of WSDL and definition share one numbering.
        let folder = Path::new(&*content.definition.name).parent().unwrap_or(Path::new(""));
        let provenance = Provenance::of(content);
        let (credentials, missing) = match vault {
            Some(vault) => Credentials::read(&definition, &Desk { vault, provenance, folder, tenant }),
            None => Default::default(),
        };
        built.diagnostics.extend(missing);
        let only = documents_only(&documents, content);
        let Assembled { mut api, diagnostics, .. } = assemble_with(name, &definition, lock.as_ref(), &only, &credentials);
        built.diagnostics.extend(diagnostics);
        built.diagnostics.extend(sequences::bind(api.as_mut(), &definition, content, &mut documents.sources));
        built.api = api.map(|api| Arc::new(PublishedApi { provenance, ..api }));
    }
    if built.diagnostics.iter().any(|d| d.severity == Severity::Error) {
        built.api = None;
    }
    built.sources = documents.sources;
    built
}

/// The WSDL's documents without the definition and the lock, under the same ids.
fn documents_only(all: &Documents, content: &Content) -> Documents {
    let mut sources = Sources::default();
    for (_, source) in all.sources.iter().take(content.documents.len()) {
        sources.add(source.name.clone(), source.text.clone());
    }
    Documents { sources, root: all.root, links: all.links.clone() }
}

/// What a stored definition and its lock say to the compiler.
///
/// # Errors
/// They cannot be read.
pub fn stored_settings(content: &Content) -> Result<crate::plan::compile::Settings, Built> {
    let mut sources = Sources::default();
    let at = sources.add(content.definition.name.clone(), content.definition.text.clone());
    let (definition, diagnostics) = ApiDefinition::parse(at, &content.definition.text);
    let Some(definition) = definition else { return Err(Built { api: None, diagnostics, sources }) };
    let mut settings = super::settings(&definition);
    if let Some(stored) = &content.lock {
        let at = sources.add(stored.name.clone(), stored.text.clone());
        match Lock::parse(at, &stored.text) {
            Ok(lock) => settings.lock = Some(lock),
            Err(diagnostic) => return Err(Built { api: None, diagnostics: vec![*diagnostic], sources }),
        }
    }
    Ok(settings)
}
