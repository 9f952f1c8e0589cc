//! Work on documents of strangers: here, or in a process of its own that may end in any way.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::report::{Found, Looked, found, looked};
use super::update::{Updated, updated};
use super::{MAX_BYTES, MAX_DOCUMENTS, NewApi};
use crate::api::State;
use crate::catalog::{Texts, is_inside};
use crate::import::{self, Failed, Request};
use crate::manage::{self, ManageError, Managed};
use crate::store::Content;
use crate::wsdl::source::{Loaded, Options, Origin, Policy, Refused, load_local};

/// What texts are called in messages.
const CALLED: &str = "the documents";

/// Documents that somebody sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Source {
    /// Each by its path.
    Texts {
        /// Paths and bytes.
        #[serde(with = "in_base64")]
        files: BTreeMap<String, Vec<u8>>,
        /// The root's path; `None`: the one that no other imports.
        root: Option<String>,
    },
    /// A zip of them.
    Zip {
        /// Its bytes.
        #[serde(with = "in_base64")]
        bytes: Vec<u8>,
        /// As above.
        root: Option<String>,
    },
}

/// Work for one process.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// What is to be done.
    pub work: Work,
}

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub enum Work {
    /// Documents become the texts of an API.
    Import {
        /// The documents.
        source: Source,
        /// What they are to become.
        new: Wanted,
    },
    /// The texts of an API are looked at.
    Look {
        /// Its name.
        name: String,
        /// The texts.
        texts: Texts,
    },
    /// Newer documents are merged with the texts of an API.
    Update {
        /// Its name.
        name: String,
        /// The texts.
        before: Texts,
        /// The documents.
        source: Source,
    },
}

/// [`NewApi`] on its way to another process.
#[derive(Debug, Serialize, Deserialize)]
pub struct Wanted {
    name: Option<String>,
    version: Option<String>,
    context: Option<String>,
    endpoint: Option<String>,
    open: bool,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Worked {
    /// The texts of an API.
    Imported {
        /// Its name.
        name: String,
        /// The texts by their paths in its folder.
        texts: Texts,
    },
    /// What is said of an API.
    Looked(Box<Looked>),
    /// What newer documents mean.
    Updated(Box<Updated>),
    /// Nothing: errors.
    Bad {
        /// All that was found.
        found: Vec<Found>,
        /// Root WSDLs of which one must be chosen.
        roots: Vec<String>,
    },
}

impl From<NewApi> for Wanted {
    fn from(new: NewApi) -> Self {
        Self { name: new.name, version: new.version, context: new.context, endpoint: new.endpoint, open: new.open }
    }
}

impl Source {
    /// The same where it is no more than one import may have.
    pub(super) fn bounded(self) -> Managed<Self> {
        let (count, bytes) = match &self {
            Self::Texts { files, .. } => (files.len(), files.values().map(Vec::len).sum()),
            Self::Zip { bytes, .. } => (1, bytes.len()),
        };
        if count == 0 || count > MAX_DOCUMENTS {
            return Err(ManageError::invalid("documents", format!("1 to {MAX_DOCUMENTS} documents"), &count.to_string()));
        }
        if bytes > MAX_BYTES {
            return Err(ManageError::invalid("documents", format!("at most {MAX_BYTES} bytes"), "more"));
        }
        if let Self::Texts { files, .. } = &self
            && let Some(path) = files.keys().find(|p| !is_inside(p))
        {
            return Err(ManageError::invalid("documents", "paths such as service.wsdl or types/a.xsd", path));
        }
        Ok(self)
    }

    fn load(self) -> Result<Loaded, Refused> {
        let name = CALLED.to_owned();
        let origin = match self {
            Self::Texts { files, root } => {
                let entries = files.into_iter().map(|(path, bytes)| (path, Arc::from(bytes))).collect();
                Origin::Texts { name, entries: Arc::new(entries), root }
            }
            Self::Zip { bytes, root } => Origin::Archive { name, bytes: bytes.into(), root },
        };
        load_local(&origin, &Options::local(Policy::Upload))
    }
}

impl manage::Work for Job {
    const KIND: &'static str = "publish";
    type Answer = Worked;

    fn api(&self) -> &str {
        match &self.work {
            Work::Import { new, .. } => new.name.as_deref().unwrap_or("new"),
            Work::Look { name, .. } | Work::Update { name, .. } => name,
        }
    }

    fn is_good(answer: &Worked) -> bool {
        !matches!(answer, Worked::Bad { .. })
    }

    fn run(self) -> Worked {
        match self.work {
            Work::Import { source, new } => imported(source, new),
            Work::Look { name, texts } => match Content::of_texts(&self.tenant, &name, &texts) {
                Ok(content) => match import::review(&name, &content) {
                    Ok(report) => Worked::Looked(Box::new(looked(&report))),
                    Err(Failed { diagnostics, sources }) => Worked::bad(found(&diagnostics, &sources)),
                },
                Err(built) => Worked::bad(found(&built.diagnostics, &built.sources)),
            },
            Work::Update { name, before, source } => match Content::of_texts(&self.tenant, &name, &before) {
                Ok(content) => match source.load() {
                    Ok(loaded) => updated(&name, &content, &before, loaded),
                    Err(refused) => Worked::refused(&refused),
                },
                Err(built) => Worked::bad(found(&built.diagnostics, &built.sources)),
            },
        }
    }
}

fn imported(source: Source, new: Wanted) -> Worked {
    let loaded = match source.load() {
        Ok(loaded) => loaded,
        Err(refused) => return Worked::refused(&refused),
    };
    let request = Request {
        name: new.name,
        version: new.version,
        context: new.context,
        endpoint: new.endpoint,
        open: new.open,
        state: State::Created,
        ..Request::of(PathBuf::new(), Some(CALLED.to_owned()))
    };
    match import::compose(loaded, &request) {
        Ok(composed) => Worked::Imported { name: composed.report.name, texts: composed.texts },
        Err(Failed { diagnostics, sources }) => Worked::bad(found(&diagnostics, &sources)),
    }
}

impl Worked {
    pub(super) fn bad(found: Vec<Found>) -> Self {
        Self::Bad { found, roots: Vec::new() }
    }

    fn refused(refused: &Refused) -> Self {
        Self::Bad { found: found(&refused.diagnostics, &refused.sources), roots: refused.candidates.clone() }
    }
}

/// Bytes in JSON: documents may be in any encoding.
mod in_base64 {
    use super::{BTreeMap, Deserialize, Deserializer, Engine, STANDARD, Serialize, Serializer};

    pub(super) trait Bytes: Sized {
        fn write<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error>;
        fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
    }

    impl Bytes for Vec<u8> {
        fn write<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
            STANDARD.encode(self).serialize(out)
        }

        fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            STANDARD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
        }
    }

    impl Bytes for BTreeMap<String, Vec<u8>> {
        fn write<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
            out.collect_map(self.iter().map(|(path, bytes)| (path, STANDARD.encode(bytes))))
        }

        fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let texts = BTreeMap::<String, String>::deserialize(from)?;
            texts.into_iter().map(|(path, text)| Ok((path, STANDARD.decode(text).map_err(serde::de::Error::custom)?))).collect()
        }
    }

    pub(super) fn serialize<T: Bytes, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
        value.write(out)
    }

    pub(super) fn deserialize<'de, T: Bytes, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        T::read(from)
    }
}
