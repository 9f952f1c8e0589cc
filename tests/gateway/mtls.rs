//! Client certificates at the listener, the field by which a proxy hands one on, and files that change.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castile::auth::{Application, Change, Directory, Standing, Subscription, certificate_digest};
use castile::catalog::Callers;
use castile::config::{Config, TlsFiles};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::bench_of::{Answer, Server, Upstream, country, to_end};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A client certificate with its key.
struct Client {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn client(issuer: Option<&Authority>, serial: u64, ends: i32) -> Client {
    let mut params = CertificateParams::new(vec![String::from("client.example.org")]).unwrap();
    params.serial_number = Some(SerialNumber::from(serial));
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(ends, 1, 1);
    let key = KeyPair::generate().unwrap();
    let made = match issuer {
        Some(issuer) => params.signed_by(&key, issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    Client { certificate: made.der().clone(), key: key.serialize_der() }
}

/// A gateway whose application `demo` has these certificates.
struct House {
    server: Server,
    _upstream: Upstream,
    files: tempfile::TempDir,
    roots: rustls::RootCertStore,
}

fn write_server(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec![String::from("localhost")]).unwrap();
    std::fs::write(folder.join("k.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("c.pem"), made.cert.pem()).unwrap();
    made.cert.der().clone()
}

impl House {
    async fn of(authorities: &[&Authority], crl: Option<String>, clients: &[&Client]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let own = write_server(files.path());
        std::fs::write(files.path().join("ca.pem"), authorities.iter().map(|a| a.pem()).collect::<String>()).unwrap();
        let client_crl = crl.map(|text| {
            let path = files.path().join("crl.pem");
            std::fs::write(&path, text).unwrap();
            path
        });
        let at = |name: &str| files.path().join(name);
        let mut config = Config::default();
        config.listen.gateway.tls =
            Some(TlsFiles { certificate: at("c.pem"), key: at("k.pem"), client_ca: Some(at("ca.pem")), client_crl });
        let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
        let server = Server::with(upstream.address, "security: [mtls, api_key]", config).await;
        admit(&server, clients);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(own).unwrap();
        Self { server, _upstream: upstream, files, roots }
    }

    async fn call(&self, client: Option<&Client>, fields: &str) -> Result<Answer, std::io::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(self.roots.clone());
        let config = match client {
            Some(c) => {
                let key = PrivateKeyDer::try_from(c.key.clone()).unwrap();
                builder.with_client_auth_cert(vec![c.certificate.clone()], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(self.server.address).await?;
        let mut stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await?;
        let body = r#"{"code":"LK"}"#;
        let head = format!(
            "POST /countries/1/GetCountry HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n{fields}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        Ok(Answer::parse(&to_end(&mut stream).await))
    }

    async fn said(&self, client: Option<&Client>, fields: &str) -> (u16, String) {
        let answer = self.call(client, fields).await.unwrap();
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

fn admit(server: &Server, clients: &[&Client]) {
    let mut callers = Callers::nobody().unwrap();
    let application = Application {
        tenant: "default".into(),
        id: "id".into(),
        name: "demo".into(),
        owner: "ann".into(),
        plan: None,
        description: String::new(),
        certificates: clients.iter().map(|c| certificate_digest(&c.certificate)).collect(),
        certificate_ends: std::collections::BTreeMap::new(),
        standing: Standing::Active,
        created: 0,
    };
    let subscription = Subscription {
        tenant: "default".into(),
        id: "s".into(),
        application: "id".into(),
        api: "countries".into(),
        plan: "tryout".into(),
        standing: Standing::Active,
        created: 0,
    };
    callers.directory = Directory::default().with([Change::Application(application), Change::Subscription(subscription)]);
    server.catalog.admit(&Arc::new(callers));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_calls_by_its_certificate() {
    let (one, two, foreign) = (authority("one"), authority("two"), authority("foreign"));
    let (good, other, unknown) = (client(Some(&one), 1, 2100), client(Some(&two), 2, 2100), client(Some(&one), 3, 2100));
    let (ended, strange, selfmade) = (client(Some(&one), 4, 2021), client(Some(&foreign), 5, 2100), client(None, 6, 2100));
    let house = House::of(&[&one, &two], None, &[&good, &other, &ended, &strange, &selfmade]).await;
    for right in [&good, &other] {
        assert_eq!(house.call(Some(right), "").await.unwrap().status, 200);
    }
    let mut texts = std::collections::HashSet::new();
    for wrong in [&unknown, &ended, &strange, &selfmade] {
        let answer = house.call(Some(wrong), "").await.unwrap();
        let mut json = answer.json();
        assert_eq!((answer.status, json["code"].as_str()), (401, Some("900901")));
        json["request_id"] = serde_json::Value::Null;
        texts.insert(json.to_string());
    }
    assert_eq!(texts.len(), 1, "a stranger learns what is wrong: {texts:?}");
    assert_eq!(house.said(None, "").await, (401, "900902".into()), "a certificate is not needed for a handshake");
    let field = format!("Client-Cert: :{}:\r\n", STANDARD.encode(&good.certificate));
    assert_eq!(house.said(None, &field).await, (401, "900902".into()), "the field of a stranger does not count");
    admit(&house.server, &[&other]);
    assert_eq!(house.said(Some(&good), "").await, (401, "900901".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_is_not_good() {
    let (one, two) = (authority("one"), authority("two"));
    let (revoked, good, unlisted) = (client(Some(&one), 1, 2100), client(Some(&one), 2, 2100), client(Some(&two), 1, 2100));
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2024, 1, 1),
        next_update: date_time_ymd(2100, 1, 1),
        crl_number: SerialNumber::from(1u64),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(1u64),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let crl = list.signed_by(&one).unwrap().pem().unwrap();
    let house = House::of(&[&one, &two], Some(crl), &[&revoked, &good, &unlisted]).await;
    assert_eq!(house.said(Some(&revoked), "").await, (401, "900901".into()));
    for right in [&good, &unlisted] {
        assert_eq!(house.call(Some(right), "").await.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_hands_a_certificate_on() {
    let good = client(None, 1, 2100);
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let field = format!("Client-Cert: :{}:", STANDARD.encode(&good.certificate));
    for (trusted, named, status) in [(true, true, 200), (true, false, 401), (false, true, 401)] {
        let mut config = Config::default();
        if trusted {
            config.network.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        }
        config.network.client_certificate = named.then(|| String::from("client-cert"));
        let server = Server::with(upstream.address, "security: [mtls]", config).await;
        admit(&server, &[&good]);
        let call = |fields: String| {
            let server = &server;
            async move {
                server.ask(&format!("POST /countries/1/GetCountry\nContent-Type: application/json\n{fields}"), r#"{"code":"LK"}"#).await
            }
        };
        assert_eq!(call(field.clone()).await.status, status, "{trusted} {named}");
        for wrong in
            [format!("{field}\n{field}"), String::from("Client-Cert: :!:"), String::from("Client-Cert: x"), String::from("Client-Cert: ::")]
        {
            assert_eq!(call(wrong).await.status, 401);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_used_without_a_restart() {
    let one = authority("one");
    let good = client(Some(&one), 1, 2100);
    let mut house = House::of(&[&one], None, &[&good]).await;
    assert_eq!(house.call(Some(&good), "").await.unwrap().status, 200);
    // Half of a change cannot be used: the last good pair stays.
    let before = std::fs::read(house.files.path().join("k.pem")).unwrap();
    std::fs::write(house.files.path().join("k.pem"), "no key").unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(house.call(Some(&good), "").await.unwrap().status, 200);
    std::fs::write(house.files.path().join("k.pem"), before).unwrap();
    let renewed = write_server(house.files.path());
    house.roots = rustls::RootCertStore::empty();
    house.roots.add(renewed).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while house.call(Some(&good), "").await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "the new certificate is not used");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
