//! Others: the SOAP services of the APIs in the folder, and the issuers of tokens that are trusted.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::serve::operators;
use super::super::target;
use super::{Findings, Level, Patient, certificate};
use crate::auth::Issuer;
use crate::catalog::{self, PublishedApi};
use crate::net::address::AddressPolicy;
use crate::net::probe::probe;
use crate::net::tls::TlsOptions;

/// For one connection.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn look(patient: &Patient, issuers: &[Issuer], findings: &mut Findings) {
    let folder = target::apis_folder(&patient.config, patient.file.as_deref());
    for (name, path) in catalog::list(&folder).unwrap_or_default() {
        let built = match catalog::read_api(&path) {
            Ok(content) => catalog::build(&name, &content),
            Err(built) => built,
        };
        match built.api {
            Some(api) => service(patient, &api, findings).await,
            None => {
                let advice = format!("castile check {}", path.display());
                findings.add(format!("api {name}"), Level::Problem, "its files are not good", advice);
            }
        }
    }
    for issuer in issuers {
        let what = format!("issuer {}/{}", issuer.tenant, issuer.name);
        let address = issuer.jwks_uri.as_deref().unwrap_or(&issuer.iss);
        let policy = AddressPolicy { allow: patient.config.network.allow.clone(), ..AddressPolicy::public() };
        match probe(address, policy, &TlsOptions::default(), PATIENCE).await {
            Ok(probed) => match probed.certificate_ends {
                Some(ends) => certificate(what, ends, patient.config.alarms.certificate_seconds(), findings),
                None => findings.fine(what, "where its keys are is reached"),
            },
            Err(error) => {
                findings.add(what, Level::Unreachable, error, "its tokens will not be good: see the issuer, and `network.allow`");
            }
        }
    }
}

/// The certificates that an API has, and every address of its service.
async fn service(patient: &Patient, api: &PublishedApi, findings: &mut Findings) {
    let near = patient.config.alarms.certificate_seconds();
    for (which, ends) in api.certificate_ends() {
        certificate(format!("api {} ({which})", api.name), ends, near, findings);
    }
    let tls = api.login.as_ref().and_then(|l| l.tls.clone()).unwrap_or_default();
    let of_plans = api.program.operations.iter().filter_map(|o| o.address.as_deref());
    let addresses: BTreeSet<&str> = match api.definition.endpoint.url.as_deref() {
        Some(one) => BTreeSet::from([one]),
        None => of_plans.collect(),
    };
    for address in addresses {
        let what = format!("service of {}", api.name);
        match probe(address, operators(&patient.config), &tls, PATIENCE).await {
            Ok(probed) => match probed.certificate_ends {
                Some(ends) => certificate(what, ends, near, findings),
                None => findings.fine(what, "it is reached"),
            },
            Err(error) => findings.add(what, Level::Unreachable, error, "see `endpoint` of its api.yaml, DNS and the service"),
        }
    }
}
