//! Is there room in this process for what texts take to compile? A process of its own has compiled them before and says how much that was.

use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::trial::Job;
use super::{Apart, ManageError};
use crate::alarm::MemoryReading;
use crate::catalog::{Texts, Weigh};
use crate::store::Revision;

/// Texts of so many bytes together take little to compile: they are not weighed.
const LIGHT: usize = 1 << 20;
/// Percent of the memory that the process may have, up to which it is used for imports.
const MOST: u64 = 80;
/// Texts whose weight is known.
const KNOWN: usize = 64;

/// Weighs what is to be compiled here.
#[derive(Debug)]
pub struct Scale {
    apart: Arc<Apart>,
    /// Bytes that this process may have; `None`: what the machine allows.
    memory: Option<u64>,
    /// What was weighed last, by its digest, the oldest first.
    known: Mutex<VecDeque<([u8; 32], u64)>>,
}

impl Scale {
    /// Weighs with these processes. `memory`: bytes that this process may have; `None`: what the machine allows.
    pub fn new(apart: Arc<Apart>, memory: Option<u64>) -> Self {
        Self { apart, memory, known: Mutex::default() }
    }

    /// The processes.
    pub(super) fn apart(&self) -> &Apart {
        &self.apart
    }

    /// Remembers what the texts took, and says whether there is room for that here now.
    pub(super) fn knows(&self, tenant: &str, name: &str, texts: &Texts, peak: Option<u64>) -> Result<(), ManageError> {
        let Some(peak) = peak else { return Ok(()) };
        let digest = digest(tenant, name, texts);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(d, _)| *d != digest);
        known.push_back((digest, peak));
        if known.len() > KNOWN {
            known.pop_front();
        }
        drop(known);
        self.has_room(name, peak)
    }

    /// Is there room here now for so many bytes?
    pub(super) fn has_room(&self, name: &str, peak: u64) -> Result<(), ManageError> {
        // What cannot be read is an alarm already, and stops no change.
        let Ok(read) = MemoryReading::take(Path::new("/")) else { return Ok(()) };
        let most = self.memory.unwrap_or(read.limit) / 100 * MOST;
        if read.used.saturating_add(peak) <= most {
            return Ok(());
        }
        Err(ManageError::NoRoom { api: name.to_owned(), needed: peak.div_ceil(1 << 20), free: most.saturating_sub(read.used) >> 20 })
    }

    async fn weighed(&self, revision: &Revision) -> Result<(), ManageError> {
        let texts = revision.content.texts();
        if texts.values().map(|t| t.len()).sum::<usize>() < LIGHT {
            return Ok(());
        }
        let (tenant, name) = (&*revision.tenant, &*revision.name);
        let digest = digest(tenant, name, &texts);
        let found = self.known.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|(d, _)| *d == digest).map(|(_, peak)| *peak);
        if let Some(peak) = found {
            return self.has_room(name, peak);
        }
        let job = Job { tenant: tenant.into(), name: name.to_owned(), texts };
        let peak = self.apart.run(&job).await?.peak;
        self.knows(tenant, name, &job.texts, peak)
    }
}

impl Weigh for Scale {
    fn weigh<'a>(&'a self, revision: &'a Revision) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move { self.weighed(revision).await.map_err(|e| e.to_string()) })
    }
}

fn digest(tenant: &str, name: &str, texts: &Texts) -> [u8; 32] {
    let mut hash = Sha256::new();
    let all = [tenant, name].into_iter().chain(texts.iter().flat_map(|(path, text)| [path.as_str(), &**text]));
    for part in all {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
