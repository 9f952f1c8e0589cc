//! Which file of an archive is which: the layouts of API Manager 2.x, 3.x and 4.x.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{needed, optional};
use crate::diagnostic::Diagnostic;
use crate::migrate::archive::Archive;
use crate::migrate::document::{At, Document};
use crate::migrate::findings::Findings;
use crate::migrate::{Failed, Request, codes};
use crate::wsdl::source::{Entry, Limits, Loaded, Options, Origin, Policy, Refused, load_local, open_zip};

/// Where the definition may be, the newest layout first.
const DEFINITIONS: [&str; 4] = ["api.yaml", "api.json", "Meta-information/api.yaml", "Meta-information/api.json"];
/// Where the OpenAPI document may be.
const SWAGGERS: [&str; 4] =
    ["Definitions/swagger.yaml", "Definitions/swagger.json", "Meta-information/swagger.yaml", "Meta-information/swagger.json"];

/// The files of an API.
pub(super) struct Files {
    pub(super) archive: Archive,
    definition: Document,
    swagger: Option<Document>,
    /// Paths that were read, or have their own reader.
    pub(super) known: Vec<String>,
}

/// Why there is no WSDL.
pub(super) enum NoWsdl {
    Said(Box<Diagnostic>),
    Refused(Refused),
}

impl NoWsdl {
    pub(super) fn into_failed(self, findings: Findings) -> Failed {
        match self {
            Self::Said(diagnostic) => super::failed(findings, vec![*diagnostic]),
            Self::Refused(Refused { sources, diagnostics, .. }) => Failed { diagnostics, sources },
        }
    }
}

impl Files {
    /// Opens the archive and reads its definitions.
    ///
    /// # Errors
    /// At least one error.
    pub(super) fn open(request: &Request, findings: &mut Findings) -> Result<Self, Vec<Diagnostic>> {
        let one = |code, text: String| vec![Diagnostic::error(code, text)];
        let archive = Archive::open(&request.archive).map_err(|why| one(&codes::ARCHIVE, why))?;
        let Some((path, bytes)) = DEFINITIONS.iter().find_map(|p| archive.find(p)) else {
            let is_product = ["api_product.yaml", "api_product.json"].iter().any(|p| archive.find(p).is_some());
            let text = match is_product {
                true => format!("`{}` is an API product: migrate the APIs that it is made of, one by one", archive.name),
                false => format!("`{}` holds no api.yaml and no api.json", archive.name),
            };
            return Err(one(&codes::NO_API, text));
        };
        let mut known = vec![path.to_owned()];
        let definition = needed(findings, path, bytes)?;
        let swagger = SWAGGERS.iter().find_map(|p| archive.find(p)).and_then(|(path, bytes)| {
            known.push(path.to_owned());
            optional(findings, path, bytes)
        });
        Ok(Self { archive, definition, swagger, known })
    }

    /// What the API says of itself: of newer archives the part below `data`.
    pub(super) fn definition(&self) -> At<'_> {
        let root = self.definition.root();
        root.get("data").filter(|data| data.is_map()).unwrap_or(root)
    }

    /// Its OpenAPI document.
    pub(super) fn swagger(&self) -> Option<At<'_>> {
        self.swagger.as_ref().map(Document::root)
    }

    /// The WSDL that was named, else the archive's own.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub(super) fn wsdl(&self, request: &Request, findings: &mut Findings) -> Result<Loaded, NoWsdl> {
        let limits = Limits::default();
        let (origin, policy) = match &request.wsdl {
            Some(named) => (Origin::of(named, &limits).map_err(NoWsdl::Refused)?, Policy::Operator),
            None => (self.own_wsdl(&limits)?, Policy::Upload),
        };
        if let Some(at) = self.definition().any(&["wsdlUrl", "wsdlUri"]).filter(|at| !at.is_empty()) {
            findings.different(Some(at.span()), "the WSDL is read from files; the address beside it is not fetched");
        }
        load_local(&origin, &Options { policy, limits, fetcher: None }).map_err(NoWsdl::Refused)
    }

    /// The documents below `WSDL`, unpacked where they are a zip.
    fn own_wsdl(&self, limits: &Limits) -> Result<Origin, NoWsdl> {
        let said = |code, text: String, hint: &str| NoWsdl::Said(Box::new(Diagnostic::error(code, text).hint(hint)));
        let mut entries: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
        for (path, bytes) in self.archive.below("WSDL") {
            let inside = path.get("WSDL/".len()..).unwrap_or(path);
            if !inside.to_ascii_lowercase().ends_with(".zip") {
                entries.insert(inside.to_owned(), bytes.clone());
                continue;
            }
            let opened = open_zip(bytes, limits, &mut |name| {
                let lower = name.to_ascii_lowercase();
                if [".wsdl", ".xsd", ".xml"].iter().any(|e| lower.ends_with(e)) { Entry::Keep } else { Entry::Skip }
            });
            let opened = opened.map_err(|why| said(&codes::ARCHIVE, format!("`{path}`: {why}"), "docs/limits.md lists what is refused"))?;
            entries.extend(opened);
        }
        if entries.is_empty() {
            let text = format!("`{}` holds no WSDL, and Castile serves what a WSDL describes", self.archive.name);
            return Err(said(&codes::NO_WSDL, text, "name the service's WSDL with `--wsdl FILE`"));
        }
        let total: u64 = entries.values().map(|e| e.len() as u64).sum();
        if total > limits.total_bytes {
            let text = format!("the documents below WSDL have more than {} bytes", limits.total_bytes);
            return Err(said(&codes::ARCHIVE, text, "name the service's WSDL with `--wsdl FILE`"));
        }
        Ok(Origin::Texts { name: format!("{}/WSDL", self.archive.name), entries: Arc::new(entries), root: None })
    }
}
