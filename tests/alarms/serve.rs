//! A server with much that is not well.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;

use super::{Receiver, secret, until};
use crate::cli::{castile, http, run, sample};
use crate::support;

/// A certificate for localhost that ends with that year, and its key.
fn certificate(folder: &Path, name: &str, ends: i32) {
    let mut params = CertificateParams::new(vec![String::from("localhost")]).unwrap();
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(ends, 1, 1);
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), made.pem()).unwrap();
}

fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A token of an issuer that looks good but for its signature.
fn token(iss: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = format!("{{\"iss\":\"{iss}\",\"sub\":\"x\",\"aud\":\"urn:x\",\"exp\":4102444800}}");
    format!("{}.{}.{}", part("{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k\"}"), part(&claims), part(&"s".repeat(64)))
}

#[test]
fn each_alarm_is_a_line_a_metric_and_a_message_when_it_begins_and_when_it_ends() {
    let receiver = Receiver::answering(|before| if before == 0 { 500 } else { 200 });
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let (gateway, admin, dead) = (free(), free(), free());
    certificate(dir, "listener", 2030);
    let hook = format!("{{ url: \"http://{}/hook?key=planted\", secret: \"{}\" }}", receiver.address, secret());
    let text = format!(
        "listen: {{ gateway: {{ address: \"{gateway}\", tls: {{ certificate: {0}/listener.pem, key: {0}/listener.key }} }}, admin: {{ address: \"{admin}\" }} }}\n\
         network: {{ allow: [127.0.0.1/32] }}\n\
         alarms: {{ memory: 1, memory_limit: 16MiB, memory_after: 0s, certificate_days: 3650, issuer_after: 0s, webhook: {hook} }}\n",
        dir.display()
    );
    std::fs::write(dir.join("castile.yaml"), text).unwrap();
    run(dir, &["import", &sample("countries"), "--name", "countries", "--endpoint", &format!("https://{dead}/")]).fine();
    let api = dir.join("apis/countries");
    certificate(&api, "client", 2020);
    let definition = std::fs::read_to_string(api.join("api.yaml")).unwrap();
    let endpoint =
        format!("endpoint: {{ url: \"https://{dead}/\", auth: {{ tls: {{ certificate_file: client.pem, key_file: client.key }} }} }}");
    let lines: Vec<_> =
        definition.lines().filter(|l| !l.starts_with("security")).map(|l| if l.starts_with("endpoint") { &*endpoint } else { l }).collect();
    std::fs::write(api.join("api.yaml"), lines.join("\n") + "\nsecurity: [jwt]\n").unwrap();

    let mut child = castile(dir, &["serve"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (log, lines) = (Arc::new(Mutex::new(Vec::<Value>::new())), BufReader::new(child.stderr.take().unwrap()).lines());
    let kept = log.clone();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            kept.lock().unwrap().push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
        }
    });
    let ended = Ended(child);
    let said = |kind: &str, message: Option<&str>| {
        let log = log.lock().unwrap();
        log.iter().filter(|l| l["alarm"] == kind && message.is_none_or(|m| l["message"] == m)).count()
    };
    until("it serves", || log.lock().unwrap().iter().any(|l| l["message"] == "serving"));
    run(dir, &["issuer", "create", "idp", "--iss", &format!("http://{dead}"), "--audience", "urn:x"]).fine();
    let call = || {
        let head = format!(
            "POST /countries/1/GetCountry HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\n",
            token(&format!("http://{dead}"))
        );
        tls(&gateway, &head, "{\"code\":\"LK\"}")
    };
    until("a token of the issuer is looked at", || {
        assert!(call().starts_with("HTTP/1.1 401"), "{}", call());
        said("issuer_keys", None) > 0
    });

    let standing = || {
        let answer = http(&admin, "GET /alarms HTTP/1.1\r\n", "");
        let document: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let alarms = document["alarms"].as_array().unwrap().iter();
        alarms.map(|a| format!("{} {}", a["alarm"].as_str().unwrap(), a["subject"].as_str().unwrap())).collect::<Vec<_>>()
    };
    let all = ["memory ", "certificate listener gateway", "certificate tls /countries/1", "issuer_keys default/idp"];
    until("all stand", || standing() == all);
    until("all were sent", || all.iter().all(|a| receiver.got().iter().any(|g| g.answered == 200 && is(&g.body, "alarm.begins", a))));
    let metrics = http(&admin, "GET /metrics HTTP/1.1\r\n", "");
    for line in [
        "castile_alarm{alarm=\"memory\",subject=\"\"} 1",
        "castile_alarm{alarm=\"issuer_keys\",subject=\"default/idp\"} 1",
        "castile_alarm_webhook_total{result=\"delivered\"} ",
        "castile_memory_limit_bytes 16777216",
        "castile_upstream_certificate_expiry_seconds{api=\"countries\",use=\"tls\"} -",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    documented_and_well_formed(metrics.split("\r\n\r\n").nth(1).unwrap());

    // The operator does something about two of them.
    certificate(dir, "listener", 2100);
    run(dir, &["issuer", "remove", "idp"]).fine();
    until("those are over", || standing() == ["memory ", "certificate tls /countries/1"]);
    let over = ["certificate listener gateway", "issuer_keys default/idp"];
    until("that was sent", || over.iter().all(|a| receiver.got().iter().any(|g| is(&g.body, "alarm.ends", a))));
    assert!(http(&admin, "GET /metrics HTTP/1.1\r\n", "").contains("castile_alarm{alarm=\"issuer_keys\",subject=\"default/idp\"} 0"));
    assert_eq!(
        (said("memory", None), said("certificate", None), said("issuer_keys", None)),
        (1, 3, 2),
        "each once: {:?}",
        log.lock().unwrap()
    );
    assert_eq!(said("certificate", Some("an alarm is over")), 1);
    let log = format!("{:?}", log.lock().unwrap());
    assert!(!log.contains("planted") && !log.contains(&secret()), "{log}");
    drop(ended);
}

/// A process that is ended with the test.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Is that message this one?
fn is(body: &Value, kind: &str, alarm: &str) -> bool {
    let data = &body["data"];
    body["type"] == kind && format!("{} {}", data["alarm"].as_str().unwrap(), data["subject"].as_str().unwrap()) == alarm
}

/// Every metric is in docs/metrics.md, and promtool has no objections.
fn documented_and_well_formed(metrics: &str) {
    let documented = std::fs::read_to_string(support::path("docs/metrics.md")).unwrap();
    for name in metrics.lines().filter_map(|l| l.strip_prefix("# TYPE ")).filter_map(|l| l.split(' ').next()) {
        assert!(documented.contains(name), "{name} is not in docs/metrics.md");
    }
    let Some(promtool) = support::program_or_skip("alarms::serve (promtool)", "promtool") else { return };
    let mut check =
        std::process::Command::new(promtool).args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut check.stdin.take().unwrap(), metrics.as_bytes()).unwrap();
    let out = check.wait_with_output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// One exchange over TLS with whoever is there, by curl's own eyes.
fn tls(address: &str, head: &str, body: &str) -> String {
    use std::io::{Read, Write};
    let port = address.rsplit(':').next().unwrap();
    let config = castile::net::tls::client_config(&castile::net::tls::TlsOptions::default()).unwrap();
    let mut config = config;
    config.dangerous().set_certificate_verifier(Arc::new(Anybody));
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, std::net::TcpStream::connect(address).unwrap());
    write!(stream, "{head}host: localhost:{port}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).unwrap();
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    String::from_utf8_lossy(&reply).into_owned()
}

/// Takes every certificate: whether it is good is not what is tested.
#[derive(Debug)]
struct Anybody;

impl rustls::client::danger::ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
