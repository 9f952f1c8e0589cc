//! The listener's TLS: certificate and key, the authorities of client certificates, and all of it anew when the files change.
//!
//! A client certificate is asked for and never needed: other schemes go on working. One that no authority vouches for does not end the
//! handshake, so that its caller reads the same 401 as with any other credential that is not good.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::certificates;
use super::listener::ListenError;
use crate::alarm::{self, Kind};
use crate::auth::{Certificate, Digest, certificate_digest};
use crate::config::TlsFiles;
use crate::net::tls::not_after;
use crate::telemetry::names;

/// What alarms call this listener.
const LISTENER: &str = "listener gateway";
/// Between two looks at the files.
const LOOKED_AT: Duration = Duration::from_secs(1);
/// The largest file, in bytes: revocation lists of large authorities have some megabytes.
const MAX_BYTES: u64 = 16 << 20;

/// TLS of one listener.
pub(super) struct Tls {
    files: TlsFiles,
    current: ArcSwap<Setup>,
    /// A certificate that ends sooner is an alarm, in seconds.
    pub(super) near: i64,
}

/// What one reading of the files gave.
pub(super) struct Setup {
    /// Takes handshakes.
    pub(super) acceptor: TlsAcceptor,
    callers: Option<Arc<dyn ClientCertVerifier>>,
    /// When the certificate ends, seconds since 1970; `None`: not readable.
    ends: Option<i64>,
    /// Of the bytes that were read.
    digest: Digest,
}

/// The texts of the files.
struct Texts {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
    client_crl: Option<Vec<u8>>,
}

impl Tls {
    /// Reads the files. A certificate that ends within `near` seconds is an alarm.
    ///
    /// # Errors
    /// One cannot be used.
    pub(super) fn open(files: &TlsFiles, near: i64) -> Result<Self, ListenError> {
        let setup = Setup::of(files, &Texts::read(files)?)?;
        Ok(Self { files: files.clone(), current: ArcSwap::from_pointee(setup), near })
    }

    /// What holds for a connection that begins now.
    pub(super) fn now(&self) -> Arc<Setup> {
        self.current.load_full()
    }

    /// Looks at the files until `stop`: what they say anew holds for new connections; where they cannot be used the last good ones stay.
    pub(super) async fn follow(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            self.look();
            tokio::select! {
                _ = stop.wait_for(|s| *s) => return,
                () = sleep(LOOKED_AT) => {}
            }
            let tls = self.clone();
            let Ok(read) = tokio::task::spawn_blocking(move || tls.reread()).await else { continue };
            match read {
                Ok(None) => alarm::end(Kind::TlsFiles, LISTENER),
                Ok(Some(setup)) => {
                    self.current.store(Arc::new(setup));
                    alarm::end(Kind::TlsFiles, LISTENER);
                    tracing::info!("the TLS files have changed: new connections use them");
                }
                Err(error) => {
                    let text = format!("the TLS files have changed and cannot be used, the last good ones stay: {error}");
                    alarm::begin(Kind::TlsFiles, LISTENER, text);
                }
            }
        }
    }

    /// What the files say, where it is new.
    fn reread(&self) -> Result<Option<Setup>, ListenError> {
        let texts = Texts::read(&self.files)?;
        if texts.digest() == self.current.load().digest {
            return Ok(None);
        }
        Setup::of(&self.files, &texts).map(Some)
    }

    /// The time that is left, as a metric, and as an alarm where it is little.
    fn look(&self) {
        let Some(ends) = self.current.load().ends else { return };
        let left = ends - jiff::Timestamp::now().as_second();
        metrics::gauge!(names::CERTIFICATE_EXPIRY, "listener" => "gateway").set(left as f64);
        alarm::set(Kind::Certificate, LISTENER, certificates::near("the certificate of the gateway's listener", ends, left, self.near));
    }
}

impl Setup {
    fn of(files: &TlsFiles, texts: &Texts) -> Result<Self, ListenError> {
        let chain: Vec<CertificateDer<'static>> = pem(&texts.certificate, &files.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&texts.key).map_err(|e| wrong(&files.key, &e))?;
        let ends = chain.first().and_then(|c| not_after(c));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let callers = match (&files.client_ca, &texts.client_ca) {
            (Some(path), Some(text)) => Some(verifier(path, text, files, texts, provider.clone())?),
            _ => None,
        };
        let builder = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| ListenError::Tls(e.to_string()))?;
        let builder = match &callers {
            Some(callers) => builder.with_client_cert_verifier(Arc::new(Lenient(callers.clone()))),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|e| wrong(&files.certificate, &e))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), callers, ends, digest: texts.digest() })
    }

    /// What to think of the certificates of a handshake. Asked for resumed sessions too, whose certificate may have ended since.
    pub(super) fn certificate(&self, chain: Option<&[CertificateDer<'_>]>) -> Option<Certificate> {
        let (callers, (own, above)) = (self.callers.as_ref()?, chain?.split_first()?);
        match callers.verify_client_cert(own, above, UnixTime::now()) {
            Ok(_) => Some(Certificate::Verified(certificate_digest(own))),
            Err(error) => {
                tracing::debug!(%error, "a client certificate is not good");
                Some(Certificate::Refused)
            }
        }
    }
}

impl Texts {
    fn read(files: &TlsFiles) -> Result<Self, ListenError> {
        let optional = |path: &Option<PathBuf>| path.as_deref().map(bytes).transpose();
        Ok(Self {
            certificate: bytes(&files.certificate)?,
            key: bytes(&files.key)?,
            client_ca: optional(&files.client_ca)?,
            client_crl: optional(&files.client_crl)?,
        })
    }

    /// Of each text's own digest, so that none can run into the next.
    fn digest(&self) -> Digest {
        let all = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref(), self.client_crl.as_ref()];
        let each: Vec<String> = all.into_iter().map(|t| t.map_or_else(String::new, |t| certificate_digest(t).to_string())).collect();
        certificate_digest(each.join(" ").as_bytes())
    }
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> ListenError {
    ListenError::Tls(format!("{}: {error}", path.display()))
}

fn bytes(path: &Path) -> Result<Vec<u8>, ListenError> {
    let length = std::fs::metadata(path).map_err(|e| wrong(path, &e))?.len();
    if length > MAX_BYTES {
        return Err(wrong(path, &"larger than 16 MiB"));
    }
    std::fs::read(path).map_err(|e| wrong(path, &e))
}

/// The items of one kind in a PEM file; at least one.
fn pem<T: PemObject>(text: &[u8], path: &Path) -> Result<Vec<T>, ListenError> {
    let items: Vec<T> = T::pem_slice_iter(text).collect::<Result<_, _>>().map_err(|e| wrong(path, &e))?;
    if items.is_empty() { Err(wrong(path, &"nothing in PEM of the kind that is expected")) } else { Ok(items) }
}

fn verifier(
    path: &Path,
    text: &[u8],
    files: &TlsFiles,
    texts: &Texts,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, ListenError> {
    let mut roots = RootCertStore::empty();
    for authority in pem::<CertificateDer<'static>>(text, path)? {
        roots.add(authority).map_err(|e| wrong(path, &e))?;
    }
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    if let (Some(path), Some(text)) = (&files.client_crl, &texts.client_crl) {
        // Of several authorities one may have no list.
        builder = builder.with_crls(pem::<CertificateRevocationListDer<'static>>(text, path)?).allow_unknown_revocation_status();
    }
    builder.build().map_err(|e| wrong(path, &e))
}

/// Lets every certificate through the handshake whose owner has its key; what it is worth is asked afterwards.
#[derive(Debug)]
struct Lenient(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Lenient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _own: &CertificateDer<'_>,
        _above: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
