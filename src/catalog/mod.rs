//! What the gateway knows: [`Catalog`] holds the current [`Snapshot`] and swaps it under traffic.
//!
//! Comes in: revisions from the store, the folder `apis/`. Goes out: published APIs, compiled. A call takes one snapshot at the door
//! and keeps it to the end. Must not know: listeners, requests.

mod assemble;
mod callers;
mod calls;
mod census;
mod content;
mod credentials;
mod documents;
mod examples;
mod folder;
mod headers;
mod login;
mod neighbours;
mod outer;
mod parameters;
mod raw;
mod resources;
mod roster;
mod rules;
mod sequences;
mod snapshot;
mod texts;
mod twin;
mod vault;
mod watch;
mod wire;

/// What the gateway asks of a definition.
pub use crate::api::{ATTACHMENTS_PATH, Cache, ClaimNames, Cors, Deliver, Expose, State, Stream, Visibility};
pub use assemble::{Assembled, assemble, assemble_with, settings, suggestions};
pub use callers::{Callers, Plans, Signer, Signing};
pub use calls::ExampleCall;
pub use census::{Census, field};
pub use content::{Built, Secrets, build, build_of, build_service, build_with, look_at, secrets_of, stored_settings};
pub use credentials::{Credentials, names_sealed, names_secrets};
pub use documents::{Documents, declared_encoding};
pub use examples::undocumented;
pub use folder::{Failure, Folder, Reload, answers_at, list, read_api, share_address};
pub use headers::fill_headers;
pub use login::{Login, TokenRequest};
pub use neighbours::{calls_of_others, missing_callee, missing_callees};
pub use resources::mtom;
pub use roster::{ApiName, Compiled, Pinned, Roster, Update, Weigh};
pub use rules::Rules;
pub use snapshot::{
    BodyChild, Callee, Catalog, OpenApiVersion, Parameter, ParameterLocation, PublishedApi, PublishedResource, RawOperation, Snapshot,
    api_label,
};
pub use texts::{DEFINITION, LOCK, Texts, is_inside};
pub use twin::{SoapSample, Twin, fault_document, read_message};
pub use vault::{FOLDER as SECRETS_FOLDER, Provenance, VARIABLES as SECRET_VARIABLES, Vault, secret_field, targets};
pub use watch::Watch;
pub use wire::Wire;
