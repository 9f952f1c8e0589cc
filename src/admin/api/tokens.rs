use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ADMINISTRATOR, APPLICATIONS, time};
use crate::admin::AdminState;
use crate::admin::call::Call;
use crate::admin::document::{Nothing, documents};
use crate::admin::route::{Allow, Operation, Routes, Verb};
use crate::manage::TokenStatus;
use crate::problem::Problem;

/// What an access token says.
#[derive(Debug, Serialize, ToSchema)]
struct Token {
    /// Is it good here?
    active: bool,
    /// Why not; null: it is.
    why: Option<String>,
    /// The name of its application.
    application: String,
    /// Whom it is about.
    sub: String,
    /// Who issued it.
    iss: String,
    /// Its own name.
    jti: String,
    /// When it was issued, RFC 3339.
    issued: String,
    /// When it ends, RFC 3339.
    expires: String,
    /// What else it says.
    claims: std::collections::BTreeMap<String, serde_json::Value>,
}

/// An access token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ThisToken {
    /// The token.
    token: String,
}

documents!(Token, ThisToken);

const fn operation(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation { verb: Verb::Post, path, id, summary, allow: Allow::Roles(APPLICATIONS), query: &[], status: 200 }
}

pub(super) fn routes(routes: Routes) -> Routes {
    let inspected = "What an access token that was issued here says, and whether it is good.";
    let revoked = "Ends an access token before its time.";
    routes
        .with(operation("/admin/v1/tokens/inspect", "inspectToken", inspected), inspect)
        .with(operation("/admin/v1/tokens/revoke", "revokeToken", revoked), revoke)
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/tokens/{jti}",
                id: "revokeTokenByName",
                summary: "Ends an access token by its `jti`, or all tokens of a grant by the name of that.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 204,
            },
            revoke_named,
        )
}

async fn inspect(state: Arc<AdminState>, call: Call<ThisToken>) -> Result<Token, Problem> {
    Ok(state.manage.inspect_token(&call.actor, &call.input.token).await?.into())
}

async fn revoke(state: Arc<AdminState>, call: Call<ThisToken>) -> Result<Token, Problem> {
    Ok(state.manage.revoke_token(&call.actor, &call.input.token).await?.into())
}

async fn revoke_named(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.revoke_token_named(&call.actor, call.path("jti")).await?;
    Ok(Nothing)
}

impl From<TokenStatus> for Token {
    fn from(token: TokenStatus) -> Self {
        Self {
            active: token.why.is_none(),
            why: token.why,
            application: token.application,
            sub: token.subject,
            iss: token.issuer,
            jti: token.jti,
            issued: time(token.issued),
            expires: time(token.expires),
            claims: token.claims.other,
        }
    }
}
