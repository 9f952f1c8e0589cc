//! TLS of outgoing connections: the platform's authorities, those that the operator adds, and a client certificate.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_platform_verifier::Verifier;
use x509_cert::der::Decode;

use super::secret::Secret;

/// What outgoing TLS needs beyond the platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Certificates of further authorities, PEM.
    pub extra_ca_pem: Option<String>,
    /// Who we are, for mutual TLS.
    pub identity: Option<Identity>,
}

/// A client certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate and what is between it and its authority, PEM.
    pub certificates_pem: String,
    /// The private key, PEM (PKCS #8, PKCS #1 or SEC1).
    pub key_pem: Secret,
}

/// TLS options that cannot be used. The text never repeats key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsSetupError(String);

/// When a certificate ends (DER), seconds since 1970; `None`: it cannot be read.
pub fn not_after(der: &[u8]) -> Option<i64> {
    let certificate = x509_cert::Certificate::from_der(der).ok()?;
    i64::try_from(certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs()).ok()
}

/// The one certificate in a PEM text (DER); `None`: there is none, there are several, or something else is there, too.
pub fn one_certificate(pem: &str) -> Option<Vec<u8>> {
    let mut all = CertificateDer::pem_slice_iter(pem.as_bytes());
    let one = all.next()?.ok()?;
    (all.next().is_none() && pem.matches("-----BEGIN").count() == 1).then(|| one.to_vec())
}

/// When the first certificate of a chain (PEM) to end does so, seconds since 1970; `None`: there is none that can be read.
pub fn chain_ends(pem: &[u8]) -> Option<i64> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).filter_map(|c| not_after(&c)).min()
}

/// The configuration for HTTP/1.1 over TLS 1.2 or 1.3.
///
/// # Errors
/// A PEM text is malformed, holds no certificate, or certificate and key do not belong together.
pub fn client_config(options: &TlsOptions) -> Result<ClientConfig, TlsSetupError> {
    let extra = match &options.extra_ca_pem {
        Some(pem) => certificates(pem, "the extra CA")?,
        None => Vec::new(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsSetupError(format!("TLS cannot be set up: {e}")))?;
    let builder = match Verifier::new_with_extra_roots(extra.clone(), provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        Err(e) if extra.is_empty() => {
            // A machine without authorities can still do plain HTTP; every certificate is refused then.
            tracing::warn!(error = %e, "the platform has no certificate authorities: no TLS server will be trusted");
            builder.with_root_certificates(rustls::RootCertStore::empty())
        }
        Err(e) => return Err(TlsSetupError(format!("the extra CA cannot be used: {e}"))),
    };
    let mut config = match &options.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = certificates(&identity.certificates_pem, "the client certificate")?;
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.reveal().as_bytes())
                .map_err(|_| TlsSetupError("the client key is not a private key in PEM".to_owned()))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| TlsSetupError(format!("the client certificate cannot be used with its key: {e}")))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(pem: &str, what: &str) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match parsed {
        Ok(list) if list.is_empty() => Err(TlsSetupError(format!("{what} holds no certificate in PEM"))),
        Ok(list) => Ok(list),
        Err(_) => Err(TlsSetupError(format!("{what} is not PEM"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_options_are_named_without_their_text() {
        let of = |ca: &str| client_config(&TlsOptions { extra_ca_pem: Some(ca.to_owned()), identity: None });
        assert_eq!(of("nothing here").map(|_| ()).unwrap_err().to_string(), "the extra CA holds no certificate in PEM");
        let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        assert!(of(broken).is_err());
        let identity = Identity { certificates_pem: "x".into(), key_pem: Secret::new("hunter2") };
        let options = TlsOptions { extra_ca_pem: None, identity: Some(identity) };
        assert!(!format!("{options:?}").contains("hunter2"));
        assert!(!client_config(&options).map(|_| ()).unwrap_err().to_string().contains("hunter2"));
    }
}
