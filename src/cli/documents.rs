//! `castile openapi` and `castile wsdl`: documents to standard output.

use super::args::{Global, Openapi, Wsdl};
use super::{Exit, Outcome, Screen, target};
use crate::catalog::OpenApiVersion;

/// Where the gateway will be, as far as the settings say.
pub(super) fn public_url(screen: &Screen, global: &Global) -> Outcome<String> {
    let config = target::config(screen, global)?;
    Ok(match &config.gateway.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None if config.listen.gateway.tls.is_some() => format!("https://{}", config.listen.gateway.address),
        None => format!("http://{}", config.listen.gateway.address),
    })
}

/// Prints the OpenAPI document.
pub(super) fn openapi(screen: &Screen, global: &Global, args: &Openapi) -> Outcome {
    let api = target::api(screen, global, &args.target)?;
    let version = if args.openapi_version == "3.0" { OpenApiVersion::V30 } else { OpenApiVersion::V31 };
    match api.openapi(version, &public_url(screen, global)?) {
        Ok(bytes) => Ok(screen.answer(&bytes)),
        Err(e) => {
            screen.error(&e.to_string());
            Err(Exit::Problem)
        }
    }
}

/// Prints one of the documents that `?wsdl` and `?xsd=N` give.
pub(super) fn wsdl(screen: &Screen, global: &Global, args: &Wsdl) -> Outcome {
    let api = target::api(screen, global, &args.target)?;
    let base = format!("{}{}", public_url(screen, global)?, api.base_path);
    match api.documents.part(args.xsd, &base) {
        Some(text) => Ok(screen.answer(text.as_bytes())),
        None => Err(screen.usage(&format!("there are documents 0 to {}", api.documents.len().saturating_sub(1)))),
    }
}
