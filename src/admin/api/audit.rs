use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::ADMINISTRATOR;
use crate::admin::AdminState;
use crate::admin::call::Call;
use crate::admin::document::{List, Nothing, documents};
use crate::admin::problems::parameter;
use crate::admin::route::{Allow, LIMIT, Operation, Routes, Verb};
use crate::problem::Problem;
use crate::store::AuditEntry;

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct Entry {
    /// Counts up from 1 without gaps.
    seq: u64,
    /// When, RFC 3339.
    at: String,
    /// Who: a user's name, `local` for the token file of the machine, `system`.
    actor: String,
    /// What was done: `application.create`.
    action: String,
    /// Whose object it is.
    tenant: String,
    /// The kind of the object.
    kind: String,
    /// Its id.
    object: String,
    /// A sentence.
    summary: String,
    /// The request that did it.
    request_id: String,
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// Where it acts.
    tenant: String,
    /// Its name.
    name: String,
    /// `subscriber`, `publisher`, `administrator`.
    roles: Vec<&'static str>,
}

documents!(Entry, Me);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/me",
                id: "whoAmI",
                summary: "Says who asks, where, and with which roles.",
                allow: Allow::Everybody,
                query: &[],
                status: 200,
            },
            me,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/audit",
                id: "listAudit",
                summary: "The audit log of the tenant, the newest entry first; administrators of the tenant default read that of all.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[LIMIT, ("cursor", "Entries with lower numbers: `next` of the part before")],
                status: 200,
            },
            log,
        )
}

async fn me(_: Arc<AdminState>, call: Call<Nothing>) -> Result<Me, Problem> {
    let actor = call.actor;
    Ok(Me { tenant: actor.tenant.to_string(), name: actor.name.to_string(), roles: actor.roles.iter().map(|r| r.word()).collect() })
}

async fn log(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Entry>, Problem> {
    let limit = call.limit()?;
    let read = |text: &str| text.parse::<u64>().map_err(|_| parameter("cursor", "the number of an entry", text, None));
    let before = call.query("cursor").map(read).transpose()?;
    let entries = state.manage.audit(&call.actor, before, limit).await?;
    let next = entries.last().filter(|e| entries.len() == limit && e.seq > 1).map(|e| e.seq.to_string());
    Ok(List { items: entries.into_iter().map(Entry::from).collect(), next })
}

impl From<AuditEntry> for Entry {
    fn from(entry: AuditEntry) -> Self {
        let audit = entry.audit;
        Self {
            seq: entry.seq,
            at: entry.at.to_string(),
            actor: audit.actor,
            action: audit.action,
            tenant: audit.tenant,
            kind: audit.kind,
            object: audit.object,
            summary: audit.summary,
            request_id: audit.request_id,
        }
    }
}
