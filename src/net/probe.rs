//! Is somebody there? Opens a connection as a call would, and closes it.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use tokio_rustls::TlsConnector;

use super::address::AddressPolicy;
use super::connector::{Connector, Stream};
use super::resolver::Resolver;
use super::tls::{TlsOptions, client_config, not_after};

/// What a connection showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probed {
    /// When the certificate of the other side ends, seconds since 1970; `None`: there is none.
    pub certificate_ends: Option<i64>,
}

/// Resolves the name of an http(s) address, connects, and greets over TLS where it is https; nothing is sent beyond that.
///
/// # Errors
/// Why there is no connection: a sentence that names the host.
pub async fn probe(address: &str, policy: AddressPolicy, tls: &TlsOptions, whole: Duration) -> Result<Probed, String> {
    let uri: Uri = address.parse().map_err(|_| format!("`{address}` is no http or https address"))?;
    let tls = TlsConnector::from(Arc::new(client_config(tls).map_err(|e| e.to_string())?));
    let connector = Connector { resolver: Resolver::default(), policy: Arc::new(policy), tls, timeout: whole };
    Ok(match connector.connect(&uri).await.map_err(|e| e.to_string())? {
        Stream::Plain(_) => Probed { certificate_ends: None },
        Stream::Tls(stream) => {
            let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
            Probed { certificate_ends: certificates.first().and_then(|c| not_after(c)) }
        }
    })
}
