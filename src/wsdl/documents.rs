//! The documents of one import, loaded and linked, before anything is read into them.
//!
//! A loader ([`source`](crate::wsdl)) fills [`Documents`]: it reads the root, asks [`references`] what that refers to, loads
//! that, and so on, and notes in `links` what it found behind each. A document that is not well-formed makes no references
//! and stays in the set: [`resolve`](crate::wsdl::resolve::resolve) says what is wrong with it.

use crate::diagnostic::{SourceId, Sources};

pub use crate::schema::links::{LinkKey, Links, Reference, ReferenceKind, Target, references};

/// A root document with all that it refers to, directly or not.
#[derive(Clone, Debug)]
pub struct Documents {
    /// The texts, decoded to UTF-8 without a byte order mark, in the order of reading.
    pub sources: Sources,
    /// The WSDL that is imported.
    pub root: SourceId,
    /// What is behind each reference of each document. One that is not listed counts as missing.
    pub links: Links,
}

impl Documents {
    /// A set of one document, nothing linked.
    pub fn new(sources: Sources, root: SourceId) -> Self {
        Self { sources, root, links: Links::new() }
    }

    /// Notes what is behind a reference of `from`. The first note of a reference stays.
    pub fn link(&mut self, from: SourceId, reference: &Reference, target: Target) {
        self.links.entry(reference.key(from)).or_insert(target);
    }
}
