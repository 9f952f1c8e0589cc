//! Outgoing connections, to real servers on loopback.

mod fetch;
mod fetched_imports;
mod upstream;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use castile::net::address::AddressPolicy;
use castile::net::resolver::{Looking, Lookup};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A server that answers each connection's first request with what a function makes of its head, then closes.
pub struct Server {
    pub address: SocketAddr,
    /// Heads of the requests, in order.
    pub heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1:0", None, reply).await
    }

    pub async fn start_tls(acceptor: TlsAcceptor, reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1:0", Some(acceptor), reply).await
    }

    pub async fn listen(at: &str, tls: Option<TlsAcceptor>, reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, reply) = (heads.clone(), Arc::new(reply));
        let task = tokio::spawn(async move {
            loop {
                let Ok((socket, _)) = listener.accept().await else { continue };
                let (seen, reply, tls) = (seen.clone(), reply.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => answer(socket, &seen, &*reply).await,
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                answer(socket, &seen, &*reply).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, heads, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn answer(mut socket: impl AsyncRead + AsyncWrite + Unpin, seen: &Mutex<Vec<String>>, reply: &impl Fn(&str) -> Vec<u8>) {
    let Some(head) = read_head(&mut socket).await else { return };
    let bytes = reply(&head);
    seen.lock().unwrap().push(head);
    let _ = socket.write_all(&bytes).await;
    let _ = socket.shutdown().await;
}

/// The head of a request, up to and with the empty line; what comes after it in the same read is lost.
pub async fn read_head(socket: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let (mut head, mut chunk) = (Vec::new(), [0u8; 4096]);
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        let n = socket.read(&mut chunk).await.ok()?;
        if n == 0 {
            return None;
        }
        head.extend_from_slice(&chunk[..n]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A reply with a length.
pub fn reply(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut out = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()).into_bytes();
    out.extend_from_slice(body);
    out
}

pub fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    reply("200 OK", "Content-Type: text/xml\r\n", body)
}

pub fn redirect(to: &str) -> Vec<u8> {
    reply("302 Found", &format!("Location: {to}\r\n"), "")
}

/// A name server that gives its answers one after the other, the last one for ever.
pub struct Names {
    answers: Mutex<VecDeque<io::Result<Vec<IpAddr>>>>,
    pub asked: AtomicUsize,
}

impl Names {
    pub fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|a| match a {
            [] => Err(io::Error::other("no such name")),
            list => Ok(list.iter().map(|t| t.parse().unwrap()).collect()),
        });
        Arc::new(Self { answers: Mutex::new(answers.collect()), asked: AtomicUsize::new(0) })
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Lookup for Names {
    fn lookup(&self, _host: &str) -> Looking {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let copy = |a: &io::Result<Vec<IpAddr>>| match a {
            Ok(list) => Ok(list.clone()),
            Err(e) => Err(io::Error::other(e.to_string())),
        };
        let answer = if answers.len() > 1 { answers.pop_front().unwrap() } else { copy(&answers[0]) };
        Box::pin(async move { answer })
    }
}

/// Just 127.0.0.1 beside public addresses.
pub fn only_here() -> AddressPolicy {
    AddressPolicy { allow: vec!["127.0.0.1/32".parse().unwrap()], ..AddressPolicy::public() }
}

/// An authority of our own, a server certificate for `localhost` and 127.0.0.1, and a client certificate.
pub struct Authority {
    pub ca_pem: String,
    pub client_cert_pem: String,
    pub client_key_pem: String,
    server_cert: rustls::pki_types::CertificateDer<'static>,
    server_key: rustls::pki_types::PrivateKeyDer<'static>,
    ca: rustls::pki_types::CertificateDer<'static>,
}

impl Authority {
    pub fn new() -> Self {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Test authority");
        let ca = params.self_signed(&ca_key).unwrap();
        let issuer = rcgen::Issuer::from_params(&params, &ca_key);
        let leaf = |names: Vec<String>| {
            let key = rcgen::KeyPair::generate().unwrap();
            let cert = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
            (cert, key)
        };
        let (server, server_key) = leaf(vec!["localhost".into(), "127.0.0.1".into()]);
        let (client, client_key) = leaf(vec!["client".into()]);
        Self {
            ca_pem: ca.pem(),
            client_cert_pem: client.pem(),
            client_key_pem: client_key.serialize_pem(),
            server_cert: server.der().clone(),
            server_key: rustls::pki_types::PrivatePkcs8KeyDer::from(server_key.serialize_der()).into(),
            ca: ca.der().clone(),
        }
    }

    /// A server that wants a client certificate, or not.
    pub fn acceptor(&self, mutual: bool) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
        let builder = if mutual {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(self.ca.clone()).unwrap();
            let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_single_cert(vec![self.server_cert.clone()], self.server_key.clone_key()).unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}
