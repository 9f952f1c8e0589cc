//! APIs of other products → `apis/NAME/`, and a list of what could not be carried over, each with its place.
//!
//! Comes in: an archive that WSO2 API Manager exported, as a zip or a folder. Goes out: the files of an API, written in one step, and
//! diagnostics that point into the archive's texts. Nothing is dropped in silence: what has no counterpart is named with its place, and what
//! a person has to fill in is said. Secrets of an archive are neither copied nor shown. Must not know: the command line, HTTP.

mod archive;
/// The codes of this room, with their long help.
pub mod codes;
mod document;
mod findings;
mod report;
mod synapse;
mod write;
mod wso2;

use std::path::PathBuf;

pub use report::{Migrated, Summary};
pub use wso2::MadeResource;

use crate::diagnostic::{Diagnostic, Sources};

/// What the person asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The archive: a zip or a folder.
    pub archive: PathBuf,
    /// The folder of API definitions; made where it is missing.
    pub apis: PathBuf,
    /// The name of the API's folder; else the API's name in the archive.
    pub name: Option<String>,
    /// Where its WSDL is, for archives that hold none: a file, a folder or a zip.
    pub wsdl: Option<String>,
    /// Write nothing?
    pub dry_run: bool,
}

/// Why an archive was not migrated. Nothing was written.
#[derive(Debug)]
pub struct Failed {
    /// Why: at least one error.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into, without secrets.
    pub sources: Sources,
}

/// Makes an API of an archive of WSO2 API Manager.
///
/// # Errors
/// The archive cannot be read, it holds no API that Castile could serve, or there is an API of that name.
pub fn wso2(request: &Request) -> Result<Migrated, Failed> {
    wso2::migrate(request)
}
