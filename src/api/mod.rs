//! The artefact that people edit: `apis/NAME/api.yaml` as [`ApiDefinition`], `apis/NAME/api.lock` as [`Lock`], and what is derived
//! where they say nothing.
//!
//! Comes in: the text of the files, and `Definitions` to derive names and resources from. Goes out: definitions, locks, diagnostics
//! with places. Must not know: plans, stores, HTTP servers. The surface is fixed by the product's page of files (section 4).

mod access;
mod attachments;
mod auth;
/// The codes of this room, with their long help.
pub mod codes;
mod definition;
mod derive;
mod edit;
mod front;
mod headers;
mod lock;
mod login;
mod read;
mod release;
mod sealed;
mod units;
mod write;

pub use access::{Access, ClaimNames, ResourceAccess, SECURITY, TOKENS, Visibility};
pub use attachments::{Attachments, Deliver};
pub use auth::{
    Addressing, AddressingMode, Auth, BasicAuth, HeaderAuth, PasswordKind, SecretRef, SecretSource, SignatureAuth, SignedPart, TTL,
    TokenAuth, Wss,
};
pub use definition::{
    ApiDefinition, Endpoint, Expose, Identity, Limits, Mapping, Method, Nulls, Numbers, Resource, Source, State, Stream, Unknown,
};
pub use derive::{Derivation, bindings_in_order, derive, effective_resources, folder_name, reading_word, suggested_name};
pub use edit::{Edits, edit};
pub use front::{Cache, Cors};
pub use headers::{HeaderPart, HeaderRule, header_part, header_rule};
pub use lock::{Lock, TypeKey};
pub use login::{ClientCredentials, OAuth2Auth, TlsAuth};
pub use read::{ATTACHMENTS_PATH, check_path, is_context, is_http, is_reserved, is_segment};
pub use release::Release;
pub use sealed::SealedSecret;
pub use write::derived_notes;

use std::collections::BTreeMap;

use crate::yaml;

/// JSON Schema (2020-12) of `api.yaml`. What editors need: what holds between keys is said by [`ApiDefinition::parse`] alone.
pub const SCHEMA: &str = include_str!("api.schema.json");
