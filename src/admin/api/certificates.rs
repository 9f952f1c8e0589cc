use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{APPLICATIONS, time};
use crate::admin::AdminState;
use crate::admin::call::Call;
use crate::admin::document::{List, Nothing, documents};
use crate::admin::route::{Allow, Operation, Routes, Verb};
use crate::auth::Digest;
use crate::problem::Problem;

/// A client certificate that an application opens connections with. It is not kept, only what it is found by.
#[derive(Debug, Serialize, ToSchema)]
struct Certificate {
    /// SHA-256 of its DER form, 64 hexadecimal digits.
    sha256: String,
    /// When it ends, RFC 3339; without it that was not kept when it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<String>,
}

/// A certificate to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCertificate {
    /// The certificate in PEM, without its key and without those above it.
    certificate: String,
}

documents!(Certificate, NewCertificate);

const fn operation(verb: Verb, path: &'static str, id: &'static str, summary: &'static str, status: u16) -> Operation {
    Operation { verb, path, id, summary, allow: Allow::Roles(APPLICATIONS), query: &[], status }
}

pub(super) fn routes(routes: Routes) -> Routes {
    const ALL: &str = "/admin/v1/applications/{application}/certificates";
    const ONE: &str = "/admin/v1/applications/{application}/certificates/{certificate}";
    let added = "Lets an application open connections with a client certificate (scheme mtls).";
    routes
        .with(operation(Verb::Get, ALL, "listCertificates", "The client certificates of an application.", 200), all)
        .with(operation(Verb::Post, ALL, "addCertificate", added, 201), add)
        .with(operation(Verb::Delete, ONE, "removeCertificate", "Takes a certificate from an application, by its SHA-256.", 204), remove)
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Certificate>, Problem> {
    let application = state.manage.application(&call.actor, call.path("application")).await?;
    let shown = |digest: &Digest| {
        let sha256 = digest.to_string();
        Certificate { ends: application.certificate_ends.get(&sha256).copied().map(time), sha256 }
    };
    let items = application.certificates.iter().map(shown).collect();
    Ok(List { items, next: None })
}

async fn add(state: Arc<AdminState>, call: Call<NewCertificate>) -> Result<Certificate, Problem> {
    let (digest, ends) = state.manage.add_certificate(&call.actor, call.path("application"), &call.input.certificate).await?;
    Ok(Certificate { sha256: digest.to_string(), ends: Some(time(ends)) })
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.remove_certificate(&call.actor, call.path("application"), call.path("certificate")).await?;
    Ok(Nothing)
}
