//! The artefact that people edit: `apis/NAME/api.yaml` as [`ApiDefinition`], `apis/NAME/api.lock` as [`Lock`], and what is derived
//! where they say nothing.
//!
//! Comes in: the text of the files, and `Definitions` to derive names and resources from. Goes out: definitions, locks, diagnostics
//! with places. Must not know: plans, stores, HTTP servers. The surface is fixed by the product's page of files (section 4).

mod definition;
mod lock;

pub use definition::{
    ApiDefinition, Endpoint, Expose, Identity, Limits, Mapping, Method, Nulls, Numbers, Resource, Source, State, Stream, Unknown,
};
pub use lock::{Lock, TypeKey};
