//! Secured envelopes as they reach the upstream, verified by others: xmlsec1, zeep (libxmlsec, lxml), Apache WSS4J.

use std::path::{Path, PathBuf};
use std::process::Command;

use castile::config::Config;

use super::bench_of::{Server, Upstream, countries, country, get_country};
use crate::support;

const USER: &str = "j\u{e4}n";
const PASSWORD: &str = "s\u{e9}cret <1>";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// Envelopes of REST calls at both ports and of raw SOAP, signed with one key; the folder holds `cert.pem` too.
struct Captured {
    folder: tempfile::TempDir,
    envelopes: Vec<PathBuf>,
}

impl Captured {
    fn certificate(&self) -> PathBuf {
        self.folder.path().join("countries/cert.pem")
    }
}

fn rsa() -> rcgen::KeyPair {
    rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap()
}

pub fn ec() -> rcgen::KeyPair {
    rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

/// Writes a key and a certificate of it into an API's folder: `key.pem`, `cert.pem`.
pub fn write_key(api: &Path, key: &rcgen::KeyPair) {
    let certificate = rcgen::CertificateParams::new(vec!["castile.example".to_owned()]).unwrap().self_signed(key).unwrap();
    std::fs::write(api.join("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(api.join("key.pem"), key.serialize_pem()).unwrap();
}

async fn captured(key: rcgen::KeyPair) -> Captured {
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let yaml = "addressing: on\nresources:\n  - post: /get12\n    operation: GetCountry\n    port: CountriesSoap12";
    let folder = countries(upstream.address, yaml);
    let api = folder.path().join("countries");
    write_key(&api, &key);
    std::fs::write(api.join("pw"), PASSWORD).unwrap();
    let auth = format!(
        "wss: {{ username_token: {{ user: \"{USER}\", password_file: pw, type: digest }}, timestamp: true, signature: {{ certificate_file: cert.pem, \
         key_file: key.pem, parts: [body, timestamp, addressing, username_token, certificate] }} }}"
    );
    let definition = std::fs::read_to_string(api.join("api.yaml")).unwrap().replace("/up\" }", &format!("/up\", auth: {{ {auth} }} }}"));
    std::fs::write(api.join("api.yaml"), definition).unwrap();
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("countries")).unwrap();
    std::fs::copy(api.join("cert.pem"), copy.path().join("countries/cert.pem")).unwrap();
    let server = Server::of(folder, Config::default()).await;
    for path in ["/countries/1/AddCountry", "/countries/1/get12"] {
        let json = match path.ends_with("12") {
            true => "{\"code\":\"LK\"}".to_owned(),
            false => "{\"country\":{\"code\":\"LK\",\"name\":\"a \\u2028 <b> \\t\\\"'\",\"continent\":\"Asia\",\"population\":1,\"area\":1.50,\"currency\":[],\"founded\":null}}"
                .to_owned(),
        };
        let answer = server.post(path, &json).await;
        assert!(answer.status == 200 || answer.status == 502, "{path}: {}", answer.text());
    }
    // Comments, character references, CDATA and odd white space: what a canonical form must see through.
    let raw = get_country().replace("<code>LK</code>", "<code  ><![CDATA[L]]>&#75;<!-- c --></code\n>");
    // A prefix of ours that means something else in the Body, in a value too; a Body with an Id of its own.
    let bound = get_country().replacen("<s:Envelope", "<s:Envelope xmlns:wsu='urn:castile:samples:countries' xmlns:wsse='urn:x'", 1);
    let bound = bound.replace("<code>", "<code wsse:a=\"1\" b=\"wsu:code\">");
    let bound = bound.replace("<GetCountry xmlns=\"urn:castile:samples:countries\">", "<wsu:GetCountry>").replace("</G", "</wsu:G");
    let own = get_country().replacen("<s:Body", &format!("<s:Body xmlns:u=\"{WSU}\" u:Id=\"m\u{ef}ne.-_1\""), 1);
    for raw in [format!("\u{feff}<?xml version='1.0'?><?p i?>{raw}"), bound, own] {
        let answer = server.ask("POST /countries/1\nContent-Type: text/xml; charset=utf-8", raw).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let mut envelopes = Vec::new();
    for (index, got) in upstream.got().into_iter().enumerate() {
        let path = copy.path().join(format!("{index}.xml"));
        std::fs::write(&path, got.body).unwrap();
        envelopes.push(path);
    }
    assert_eq!(envelopes.len(), 5);
    Captured { folder: copy, envelopes }
}

fn succeeds(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}\n{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn xmlsec1_verifies_what_is_signed() {
    let Some(xmlsec1) = support::program_or_skip("xmlsec1_verifies_what_is_signed", "xmlsec1") else { return };
    for key in [rsa(), ec()] {
        let captured = captured(key).await;
        for envelope in &captured.envelopes {
            let verify = |envelope: &Path| {
                let mut command = Command::new(&xmlsec1);
                command.arg("--verify").arg("--pubkey-cert-pem").arg(captured.certificate());
                for name in ["Body", "Timestamp", "UsernameToken", "BinarySecurityToken", "Action", "To", "MessageID", "ReplyTo"] {
                    command.arg("--id-attr:Id").arg(name);
                }
                command.arg(envelope);
                command
            };
            succeeds(&mut verify(envelope));
            let text = std::fs::read_to_string(envelope).unwrap();
            let changed = envelope.with_extension("changed");
            let end = text.rfind("Body>").and_then(|at| text[..at].rfind("</")).unwrap();
            std::fs::write(&changed, format!("{}!{}", &text[..end], &text[end..])).unwrap();
            assert!(!verify(&changed).output().unwrap().status.success(), "a changed message passes");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zeep_verifies_what_is_signed() {
    const TEST: &str = "zeep_verifies_what_is_signed";
    let Some(python) = support::python_or_skip(TEST) else { return };
    if !Command::new(&python).args(["-c", "import xmlsec"]).output().unwrap().status.success() {
        return support::skip(TEST, "the Python package xmlsec of tests/requirements.txt (tests/run.sh installs it)");
    }
    for key in [rsa(), ec()] {
        let captured = captured(key).await;
        let mut command = Command::new(&python);
        command
            .arg(support::path("tests/clients/verify_wss.py"))
            .arg(captured.certificate())
            .args([USER, PASSWORD])
            .args(&captured.envelopes);
        succeeds(&mut command);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wss4j_verifies_what_is_signed() {
    const TEST: &str = "wss4j_verifies_what_is_signed";
    let Some(java) = support::program_or_skip(TEST, "java") else { return };
    let jars = ["wss4j", "xmlsec", "commons-logging", "slf4j-api"].map(|jar| PathBuf::from(format!("/usr/share/java/{jar}.jar")));
    if !jars.iter().all(|j| j.exists()) {
        return support::skip(TEST, "Debian's libwss4j-java (tests/run.sh installs it)");
    }
    let captured = captured(rsa()).await;
    let mut command = Command::new(java);
    command
        .arg("-Dfile.encoding=UTF-8")
        .arg("-Dsun.jnu.encoding=UTF-8")
        .env("LC_ALL", "C.UTF-8")
        .arg("-cp")
        .arg(std::env::join_paths(jars).unwrap());
    command.arg(support::path("tests/clients/VerifyWss.java")).arg(captured.certificate()).args([USER, PASSWORD]).args(&captured.envelopes);
    succeeds(&mut command);
}
