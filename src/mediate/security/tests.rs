use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::net::secret::Secret;
use crate::plan::asks::AddressingVersion;
use crate::xml::Limits;
use crate::xml::gate::{Gate, Ignore};

/// 2026-11-24T23:20:00.123Z
const MOMENT: Moment = Moment { unix_ms: 1_795_562_400_123, random: [7; 48] };

fn envelope(ns: &str, header: &str, body: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\"?>\n<e:Envelope xmlns:e=\"{ns}\">{header}{body}</e:Envelope>").into_bytes()
}

fn secured(envelope: Vec<u8>, security: Option<&Security>, addressing: Option<&Addressing<'_>>) -> String {
    let out = secure(envelope, security, addressing, &MOMENT).unwrap();
    let mut gate = Gate::new(Limits::message(), None);
    gate.feed(&out, &mut Ignore).unwrap();
    gate.finish(&mut Ignore).unwrap();
    String::from_utf8(out).unwrap()
}

fn token(password: Password) -> Security {
    let username = Some(UsernameToken { user: "j\u{e4}n & <x>".into(), password, nonce: false });
    Security { username, must_understand: true, ..Security::default() }
}

#[test]
fn the_digest_is_that_of_the_published_example() {
    // ONVIF Application Programmer's Guide, section 6.1.1.3.
    let nonce = STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap();
    assert_eq!(password_digest(&nonce, "2010-09-16T07:50:45Z", "userpassword"), "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
}

#[test]
fn a_text_password_in_an_envelope_without_header() {
    let out = secured(envelope(ns::SOAP11, "", "<e:Body><a/></e:Body>"), Some(&token(Password::Text(Secret::new("p\u{20ac}<")))), None);
    assert_eq!(
        out,
        format!(
            "<?xml version=\"1.0\"?>\n<e:Envelope xmlns:e=\"{soap}\"><e:Header><wsse:Security xmlns:wsse=\"{}\" xmlns:wsu=\"{}\" xmlns:env=\"{soap}\" \
             env:mustUnderstand=\"1\"><wsse:UsernameToken wsu:Id=\"UT-070707070707070707070707\"><wsse:Username>j&#228;n &amp; &lt;x&gt;</wsse:Username>\
             <wsse:Password Type=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText\">p&#8364;&lt;\
             </wsse:Password></wsse:UsernameToken></wsse:Security></e:Header><e:Body><a/></e:Body></e:Envelope>",
            ns::WSSE,
            ns::WSU,
            soap = ns::SOAP11
        )
    );
}

#[test]
fn a_digest_has_nonce_and_time_and_never_the_password() {
    let out = secured(envelope(ns::SOAP12, "<e:Header/>", "<e:Body/>"), Some(&token(Password::Digest(Secret::new("hunter2")))), None);
    assert!(!out.contains("hunter2"));
    assert!(out.contains("env:mustUnderstand=\"true\"") && out.contains("</wsse:Security></e:Header><e:Body/>"), "{out}");
    let nonce = STANDARD.encode([7; 20]);
    assert!(out.contains(&format!("#Base64Binary\">{nonce}</wsse:Nonce><wsu:Created>2026-11-24T23:20:00.123Z</wsu:Created>")), "{out}");
    assert!(out.contains(&format!("#PasswordDigest\">{}<", password_digest(&[7; 20], "2026-11-24T23:20:00.123Z", "hunter2"))), "{out}");
}

#[test]
fn a_timestamp_expires_and_the_block_comes_first() {
    let security = Security { timestamp: Some(Duration::from_secs(90)), ..Security::default() };
    let out = secured(envelope(ns::SOAP11, "<e:Header ><h/></e:Header>", "<e:Body></e:Body>"), Some(&security), None);
    assert!(out.contains("<e:Header ><wsse:Security ") && out.contains("</wsse:Security><h/></e:Header>"), "{out}");
    assert!(
        out.contains("<wsu:Created>2026-11-24T23:20:00.123Z</wsu:Created><wsu:Expires>2026-11-24T23:21:30.123Z</wsu:Expires>"),
        "{out}"
    );
    assert!(!out.contains("mustUnderstand"), "{out}");
}

#[test]
fn blocks_that_are_there_stay() {
    let header = format!("<e:Header><s:Security xmlns:s=\"{}\"/><w:Action xmlns:w=\"{}\">mine</w:Action></e:Header>", ns::WSSE, ns::WSA10);
    let before = envelope(ns::SOAP11, &header, "<e:Body/>");
    assert_eq!(secured(before.clone(), Some(&token(Password::None)), None).into_bytes(), before);
    for role in ["urn:other", "http://www.w3.org/2003/05/soap-envelope/role/next"] {
        let attributes = format!("e:role=\"{role}\" e:mustUnderstand=\"true\" e:relay=\"1\"");
        let header = format!("<e:Header><h/><s:Security xmlns:s=\"{}\" {attributes}><s:x/></s:Security></e:Header>", ns::WSSE);
        let others = envelope(ns::SOAP12, &header, "<e:Body/>");
        assert_eq!(secured(others.clone(), Some(&token(Password::None)), None).into_bytes(), others);
    }
    let route = Route { action: "urn:a", to: "http://x/?a&b" };
    let out = secured(before, None, Some(&Addressing { version: AddressingVersion::V10, route }));
    assert_eq!(out.matches("Action").count(), 2, "{out}");
    assert!(out.contains("<wsa:To xmlns:wsa=\"http://www.w3.org/2005/08/addressing\">http://x/?a&amp;b</wsa:To>"), "{out}");
    let id =
        "<wsa:MessageID xmlns:wsa=\"http://www.w3.org/2005/08/addressing\">urn:uuid:07070707-0707-4707-8707-070707070707</wsa:MessageID>";
    assert!(out.contains(id), "{out}");
    assert!(out.contains("<wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address>"), "{out}");
}

#[test]
fn the_submission_has_its_own_names() {
    let route = Route { action: "urn:a", to: "urn:to" };
    let out = secured(envelope(ns::SOAP11, "", "<e:Body/>"), None, Some(&Addressing { version: AddressingVersion::Submission, route }));
    assert_eq!(out.matches(ns::WSA2004).count(), 5, "{out}");
    assert!(out.contains("http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"), "{out}");
}

#[test]
fn what_is_no_envelope_is_refused() {
    for text in [
        "<a/>",
        "<e:Envelope xmlns:e='urn:x'><e:Body/></e:Envelope>",
        "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'/>",
        "<",
        "",
    ] {
        let error = secure(text.as_bytes().to_vec(), Some(&token(Password::None)), None, &MOMENT).unwrap_err();
        assert!(matches!(error, SecureError::Head(_)), "{text}: {error:?}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let printed = format!("{:?} {MOMENT:?}", token(Password::Text(Secret::new("hunter2"))));
    assert!(!printed.contains("hunter2") && !printed.contains("7, 7"), "{printed}");
}

#[cfg(feature = "x509")]
mod signed {
    use super::*;
    use crate::plan::asks::SignedParts;

    fn key(algorithm: &'static rcgen::SignatureAlgorithm) -> (String, Secret) {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["castile.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), Secret::new(key.serialize_pem()))
    }

    fn signature(algorithm: &'static rcgen::SignatureAlgorithm, parts: SignedParts) -> Security {
        let (certificate, key) = key(algorithm);
        let signer = Arc::new(Signer::new(&certificate, &key).unwrap());
        let timestamp = Some(Duration::from_secs(300));
        Security { timestamp, signature: Some(Signature { signer, parts }), ..token(Password::Text(Secret::new("p"))) }
    }

    const ALL: SignedParts = SignedParts { body: true, timestamp: true, addressing: true, username_token: true, certificate: true };

    #[test]
    fn every_part_is_referred_to_and_data_with_equal_ids_passes() {
        let body = "<e:Body><a id=\"1\"><b id=\"1\" Id=\"x\"/></a></e:Body>";
        let route = Route { action: "urn:a", to: "urn:to" };
        let addressing = Addressing { version: AddressingVersion::V10, route };
        for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
            let out = secured(envelope(ns::SOAP11, "", body), Some(&signature(algorithm, ALL)), Some(&addressing));
            assert_eq!(out.matches("<ds:Reference URI=\"#").count(), 8, "{out}");
            for reference in out.split("<ds:Reference URI=\"#").skip(1) {
                let id = reference.split('"').next().unwrap();
                assert_eq!(out.matches(&format!("wsu:Id=\"{id}\"")).count(), 1, "{id}");
            }
            assert!(!out.contains("<!--"), "{out}");
        }
    }

    #[test]
    fn a_body_with_an_id_of_its_own_keeps_it() {
        let body = format!("<e:Body xmlns:wsu=\"urn:other\" xmlns:u=\"{}\" u:Id=\"mine\"><a/></e:Body>", ns::WSU);
        let parts = SignedParts { body: true, timestamp: false, addressing: false, username_token: false, certificate: false };
        let out = secured(envelope(ns::SOAP11, "", &body), Some(&signature(&rcgen::PKCS_ECDSA_P256_SHA256, parts)), None);
        assert!(out.contains("<ds:Reference URI=\"#mine\">") && out.contains(&body), "{out}");
        let body = "<e:Body xmlns:wsu=\"urn:other\"/>";
        let out = secured(envelope(ns::SOAP11, "", body), Some(&signature(&rcgen::PKCS_ECDSA_P256_SHA256, parts)), None);
        assert!(out.contains("<e:Body xmlns:wsu=\"urn:other\" xmlns:wsu1=\""), "{out}");
    }

    #[test]
    fn a_prefix_that_the_envelope_binds_keeps_its_meaning_in_the_body() {
        let parts = SignedParts { body: true, timestamp: false, addressing: false, username_token: false, certificate: false };
        let signature = signature(&rcgen::PKCS_ECDSA_P256_SHA256, parts);
        for (uris, body, expected) in [
            ("xmlns:wsu='urn:x'", "<e:Body><wsu:a b='wsu:c'/></e:Body>", "<e:Body xmlns:wsu1="),
            ("xmlns:wsu='urn:x' xmlns:wsu1='urn:x'", "<e:Body xmlns:wsu2='urn:x'/>", "<e:Body xmlns:wsu2='urn:x' xmlns:wsu3="),
            (&format!("xmlns:wsu='{}'", ns::WSU), "<e:Body/>", "<e:Body xmlns:wsu="),
        ] {
            let before = format!("<e:Envelope xmlns:e=\"{}\" {uris}>{body}</e:Envelope>", ns::SOAP11);
            let out = secured(before.into_bytes(), Some(&signature), None);
            assert!(out.contains(expected), "{out}");
        }
    }

    #[test]
    fn an_id_is_a_value_in_the_reference() {
        let parts = SignedParts { body: true, timestamp: false, addressing: false, username_token: false, certificate: false };
        let id = "a&amp;b&quot;&lt;c>'%20#\u{ef}";
        let body = format!("<e:Body xmlns:u=\"{}\" u:Id=\"{id}\"><a/></e:Body>", ns::WSU);
        let out = secured(envelope(ns::SOAP11, "", &body), Some(&signature(&rcgen::PKCS_ECDSA_P256_SHA256, parts)), None);
        let document = crate::xml::document::tree(&out).unwrap();
        let references: Vec<_> = document.descendants().filter(|n| n.has_tag_name((ns::DSIG, "Reference"))).collect();
        assert_eq!(references.len(), 1, "{out}");
        assert_eq!(references[0].attribute("URI"), Some("#a&b\"<c>'%20#\u{ef}"), "{out}");
        assert!(out.contains(&body), "{out}");
    }

    #[test]
    fn keys_that_do_not_fit_are_refused_without_a_word_of_them() {
        let (certificate, key_of_it) = key(&rcgen::PKCS_ECDSA_P256_SHA256);
        let (_, other) = key(&rcgen::PKCS_ECDSA_P256_SHA256);
        let (odd_certificate, odd) = key(&rcgen::PKCS_ED25519);
        assert_eq!(Signer::new(&certificate, &other).unwrap_err(), SignerError::Mismatch);
        assert_eq!(Signer::new("", &key_of_it).unwrap_err(), SignerError::Certificate);
        assert_eq!(Signer::new(&certificate, &Secret::new("hunter2")).unwrap_err(), SignerError::Key);
        assert!(Signer::new(&odd_certificate, &odd).is_err());
        assert!(!format!("{:?}", Signer::new(&certificate, &key_of_it).unwrap()).contains("MI"));
    }
}
