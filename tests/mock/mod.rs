//! The mock answers every operation of the services that ship, and of the corpus, with what its own reader takes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use castile::catalog::{PublishedApi, RawOperation};
use castile::mediate::{DecodeOptions, Decoded, Direction, decode, encode};
use castile::mock::{Mock, Options, Reply, Request};
use castile::plan::node::SoapVersion;
use castile::sample::{Style, request};

use crate::support::{self, api::published};

fn api(name: &str) -> Arc<PublishedApi> {
    Arc::new(published(name, &Path::new(env!("CARGO_MANIFEST_DIR")).join("wsdl").join(name)))
}

fn post<'a>(envelope: &'a [u8], version: SoapVersion, soap_action: Option<&'a str>) -> Request<'a> {
    let content_type = match version {
        SoapVersion::Soap11 => "text/xml; charset=utf-8",
        SoapVersion::Soap12 => "application/soap+xml; charset=utf-8",
    };
    Request { method: "POST", query: "", url: "http://h/", content_type, soap_action, body: envelope }
}

/// Calls every operation with a sample; gives the answers.
fn call_all(mock: &Mock, api: &PublishedApi) -> Vec<(String, Reply)> {
    let mut answers = Vec::new();
    for raw in &api.raw_operations {
        let Some(plan) = raw.plan.and_then(|p| api.program.operations.get(p)) else { continue };
        let Ok(json) = request(&api.program, plan, Direction::Request, None, Style::Typical) else { continue };
        let envelope = encode(&api.program, plan, Direction::Request, &json).expect("a sample fits");
        let reply = mock.answer(&post(&envelope, plan.version, plan.soap_action.as_deref()));
        answers.push((format!("{} at {:?}", plan.name, plan.port), reply.clone()));
        let decoded =
            || decode(&api.program, plan, Direction::Response, &reply.body, &DecodeOptions { strict: true, ..DecodeOptions::default() });
        match (reply.status, &plan.output) {
            (202, None) => assert!(reply.body.is_empty()),
            (200, Some(_)) => assert!(matches!(decoded(), Ok(Decoded::Value(_) | Decoded::Empty)), "{}: {:?}", plan.name, decoded()),
            // Two operations with one Body and no action of their own: nothing decides.
            (400, _) if is_ambiguous(api, raw) => {
                let text = String::from_utf8_lossy(&reply.body);
                assert!(text.contains("must decide between") && text.contains(&*raw.name), "{}: {text}", plan.name);
            }
            (500, _) => assert!(matches!(decoded(), Ok(Decoded::Fault(_))), "{}", plan.name),
            (status, _) => panic!("{}: {status} {}", plan.name, String::from_utf8_lossy(&reply.body)),
        }
    }
    answers
}

/// Does another operation look the same on the wire?
fn is_ambiguous(api: &PublishedApi, one: &RawOperation) -> bool {
    let same = |o: &&RawOperation| o.body == one.body && o.stated_actions().eq(one.stated_actions()) && o.name != one.name;
    api.raw_operations.iter().any(|o| same(&o))
}

#[test]
fn shipped_services_answer_what_they_declare() {
    for name in ["countries", "orders", "inventory"] {
        let api = api(name);
        let mock = Mock::new(api.clone(), Options { validate: true, ..Options::default() });
        let answers = call_all(&mock, &api);
        assert!(!answers.is_empty());
        for (operation, reply) in answers {
            assert!(matches!(reply.status, 200 | 202), "{name} {operation}: {}", String::from_utf8_lossy(&reply.body));
        }
    }
}

/// A solicit-response has an input of its own, which is what the service sends: no caller's message is for it.
#[test]
fn what_the_service_begins_is_not_called() {
    const WSDL: &str = r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
        xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">
      <types><xs:schema targetNamespace="urn:t"><xs:element name="A" type="xs:int"/></xs:schema></types>
      <message name="m"><part name="p" element="t:A"/></message>
      <portType name="PT">
        <operation name="ask"><input message="t:m"/><output message="t:m"/></operation>
        <operation name="solicit"><output message="t:m"/><input message="t:m"/></operation>
      </portType>
      <binding name="B" type="t:PT">
        <s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
        <operation name="ask"><s:operation soapAction="a"/><input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation>
        <operation name="solicit"><output><s:body use="literal"/></output><input><s:body use="literal"/></input></operation>
      </binding>
      <service name="S">
        <port name="P" binding="t:B"><s:address location="http://h/1"/></port>
        <port name="Q" binding="t:B"><s:address location="http://h/2"/></port>
      </service>
    </definitions>"#;
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("service.wsdl");
    std::fs::write(&file, WSDL).expect("written");
    let api = Arc::new(published("asked", &file));
    assert_eq!(api.raw_operations.iter().map(|o| &*o.name).collect::<Vec<_>>(), ["ask", "ask"]);
    let mock = Mock::new(api.clone(), Options { validate: true, ..Options::default() });
    let plan = &api.program.operations[0];
    let envelope = encode(&api.program, plan, Direction::Request, b"5").expect("fits");
    for action in [None, Some("a")] {
        assert_eq!(mock.answer(&post(&envelope, SoapVersion::Soap11, action)).status, 200, "{action:?}");
    }
    assert_eq!(mock.answer(&post(&envelope, SoapVersion::Soap11, Some("b"))).status, 500);
}

#[test]
fn faults_come_as_often_as_asked_and_the_same_for_a_seed() {
    let api = api("countries");
    let always = Mock::new(api.clone(), Options { fault: 1.0, ..Options::default() });
    let declared = api.program.operations.iter().find(|o| !o.faults.is_empty()).expect("AddCountry declares a fault");
    let json = request(&api.program, declared, Direction::Request, None, Style::Typical).expect("a sample");
    let envelope = encode(&api.program, declared, Direction::Request, &json).expect("fits");
    let call = |mock: &Mock| mock.answer(&post(&envelope, declared.version, None));
    let reply = call(&always);
    let Ok(Decoded::Fault(fault)) = decode(&api.program, declared, Direction::Response, &reply.body, &DecodeOptions::default()) else {
        panic!("no fault")
    };
    assert_eq!((reply.status, fault.declared.as_deref()), (500, Some(&*declared.faults[0].name)));
    let row = |seed| {
        let mock = Mock::new(api.clone(), Options { fault: 0.5, seed: Some(seed), ..Options::default() });
        (0..64).map(|_| call(&mock).status).collect::<Vec<_>>()
    };
    assert_eq!(row(7), row(7));
    assert_ne!(row(7), row(8));
    let faults = row(7).iter().filter(|s| **s == 500).count();
    assert!((16..=48).contains(&faults), "{faults} of 64");
}

#[test]
fn what_does_not_fit_is_told() {
    let api = api("countries");
    let mock = Mock::new(api.clone(), Options { validate: true, ..Options::default() });
    let plan = &api.program.operations[0];
    let json = request(&api.program, plan, Direction::Request, None, Style::Typical).expect("a sample");
    let envelope = String::from_utf8(encode(&api.program, plan, Direction::Request, &json).expect("fits")).expect("UTF-8");
    let fault = |body: &str, action: Option<&str>| {
        let reply = mock.answer(&post(body.as_bytes(), plan.version, action));
        assert!(reply.status >= 400, "{body}");
        String::from_utf8(reply.body.to_vec()).expect("UTF-8")
    };
    let broken = envelope.replacen("code>", "kode>", 2);
    assert!(fault(&broken, None).contains("does not fit its schema"), "{broken}");
    assert!(fault(&envelope, Some("\"urn:other\"")).contains("urn:other"));
    assert!(fault("<a/>", None).contains("not a SOAP"));
    assert!(fault("<a", None).contains("Fault"));
    assert!(fault(&envelope.replace("http://schemas.xmlsoap.org/soap/envelope/", "urn:other-soap"), None).contains("VersionMismatch"));
    let other = format!("<e:Envelope xmlns:e=\"{}\"><e:Body><x/></e:Body></e:Envelope>", "http://schemas.xmlsoap.org/soap/envelope/");
    assert!(fault(&other, None).contains("no operation of this service takes x"));
}

#[tokio::test]
async fn it_listens() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let api = api("countries");
    let mock = Arc::new(Mock::new(api, Options { delay: Duration::from_millis(1), ..Options::default() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(castile::mock::serve(mock, listener, async move {
        let _ = stopped.await;
    }));
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    stream.write_all(b"GET /any?wsdl HTTP/1.1\r\nhost: mock.test\r\nconnection: close\r\n\r\n").await.expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an answer");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("location=\"http://mock.test/any\""), "{text}");
    stop.send(()).expect("it waits");
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic").expect("ended well");
    }
}

#[test]
fn corpus_services_answer() {
    let Some(corpus) = support::shared_or_skip("mock::corpus_services_answer", "corpus") else { return };
    for name in ["weather-cdyne", "axis-soap12", "virtualbox", "betfair"] {
        let folder = corpus.join(name);
        if !folder.is_dir() {
            continue;
        }
        let api = Arc::new(published(name, &folder));
        let mock = Mock::new(api.clone(), Options { validate: true, seed: Some(3), ..Options::default() });
        for (operation, reply) in call_all(&mock, &api).iter().take(40) {
            assert!(reply.status < 500, "{name} {operation}: {}", String::from_utf8_lossy(&reply.body));
        }
    }
}

#[test]
fn security_and_addressing_headers_are_understood() {
    use castile::mediate::security::{Addressing, Moment, Password, Route, Security, UsernameToken, secure};
    use castile::plan::asks::AddressingVersion;

    let username = Some(UsernameToken { user: "u".into(), password: Password::None, nonce: true });
    let security = Security { username, timestamp: Some(Duration::from_secs(60)), must_understand: true, ..Security::default() };
    let api = api("countries");
    let mock = Mock::new(api.clone(), Options { validate: true, ..Options::default() });
    for plan in &api.program.operations {
        let json = request(&api.program, plan, Direction::Request, None, Style::Typical).unwrap();
        let envelope = encode(&api.program, plan, Direction::Request, &json).unwrap();
        let route = Route { action: &plan.action, to: "http://h/" };
        let addressing = Addressing { version: AddressingVersion::V10, route };
        let envelope = secure(envelope, Some(&security), Some(&addressing), &Moment::new(0, [1; 48])).unwrap();
        let reply = mock.answer(&post(&envelope, plan.version, plan.soap_action.as_deref()));
        assert_eq!(reply.status, 200, "{}: {}", plan.name, String::from_utf8_lossy(&reply.body));
    }
}

#[test]
fn who_asks_with_mtom_is_answered_with_mtom() {
    let folder = support::path("tests/constructs/attachments-xop");
    let api = Arc::new(support::api::construct(&folder));
    let mock = Mock::new(api.clone(), Options { validate: true, ..Options::default() });
    let include = "<n:Include xmlns:n=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:a\"/>";
    let ask = |content: &str, part: &str| {
        let body = format!(
            "--b\r\nContent-Type: application/xop+xml\r\n\r\n<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
             <Put xmlns=\"urn:xop\">{content}</Put></e:Body></e:Envelope>\r\n--b\r\nContent-ID: <a>\r\n\r\n{part}\r\n--b--"
        );
        let content_type = "multipart/related; type=\"application/xop+xml\"; start-info=\"text/xml\"; boundary=b";
        let request = Request { content_type, ..post(body.as_bytes(), SoapVersion::Soap11, None) };
        mock.answer(&request)
    };
    let reply = ask(&format!("<small>{include}</small>"), "1234");
    let media_type = castile::mediate::mime::MediaType::parse(&reply.content_type);
    assert_eq!((reply.status, media_type.essence.as_str()), (200, "multipart/related"), "{}", String::from_utf8_lossy(&reply.body));
    assert!(String::from_utf8_lossy(&reply.body).contains("Include href=\"cid:"), "{}", String::from_utf8_lossy(&reply.body));
    let options = DecodeOptions { strict: true, ..DecodeOptions::default() };
    let read = castile::mediate::package::decode_package(&api.program, 0, Direction::Response, &media_type, &reply.body, &options);
    assert!(matches!(read, Ok(Decoded::Value(_))), "{read:?}");
    for (content, part, says) in [
        (format!("<small>{include}</small>"), "12345", "/small"),
        (format!("<count>{include}</count>"), "1", "an attachment where xs:int should stand"),
        (format!("<data>{}</data>", include.replace("cid:a", "cid:b")), "1", "did not come"),
    ] {
        let reply = ask(&content, part);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(reply.status == 500 && text.contains(says), "{says}: {} {text}", reply.status);
    }
}

#[test]
fn what_the_setting_or_the_policy_wants_of_security_is_missed() {
    use crate::catalog::wire::{POLICY, definition, with_policy};
    use castile::mediate::security::{Moment, Password, Security, UsernameToken, secure};

    let setting = "endpoint: { auth: { wss: { username_token: { user: u, password_env: P }, timestamp: true, signature: { certificate_env: C, key_env: K } } } }";
    let service = |yaml: &str, wsdl: &Path| {
        let made = support::api::defined(&definition(yaml), wsdl);
        let api = Arc::new(made.api.unwrap_or_else(|| panic!("{:?}", made.diagnostics)));
        Mock::new(api, Options { security: true, ..Options::default() })
    };
    let countries = support::path("wsdl/countries/service.wsdl");
    let policy = with_policy(POLICY);
    let asking = policy.path().join("service.wsdl");
    let signing = with_policy(SIGNING_POLICY);
    let plain = api("countries");
    let bare = |version| {
        let plan = plain.program.operations.iter().find(|o| &*o.name == "GetCountry" && o.version == version).unwrap();
        encode(&plain.program, plan, Direction::Request, b"{\"code\":\"LK\"}").unwrap()
    };
    let username = Some(UsernameToken { user: "u".into(), password: Password::None, nonce: true });
    let stamped = Security { timestamp: Some(Duration::from_secs(60)), ..Security::default() };
    let both = Security { username, ..stamped.clone() };
    let secured = |bare: &[u8], security: &Security| secure(bare.to_vec(), Some(security), None, &Moment::new(0, [1; 48])).unwrap();
    let (soap11, soap12) = (bare(SoapVersion::Soap11), bare(SoapVersion::Soap12));
    let text = String::from_utf8(soap11.clone()).unwrap();
    let elsewhere = text.replace("LK", "<w:Security xmlns:w='urn:w'><w:UsernameToken/></w:Security>");
    let at = text.find("Body").and_then(|at| text[..at].rfind('<')).unwrap();
    let header = format!("<Header xmlns='urn:w'><Security xmlns='{}'><UsernameToken/></Security></Header>", castile::xml::ns::WSSE);
    let other_header = format!("{}{header}{}", &text[..at], &text[at..]).into_bytes();
    let whole = secured(&soap11, &both);
    let cut = whole[..whole.len() - 4].to_vec();
    let package = |root: &[u8]| [b"--b\r\nContent-Type: text/xml\r\n\r\n", root, b"\r\n--b--\r\n"].concat();
    let related = "multipart/related; type=\"text/xml\"; boundary=b";
    let of12 = "application/soap+xml; charset=utf-8";
    let (two, three) = ("no wsu:Timestamp and no wsse:UsernameToken<", "no wsu:Timestamp and no wsse:UsernameToken and no ds:Signature<");
    for (mock, content_type, body, missing) in [
        (service("", &countries), "text/xml", soap11.clone(), None),
        (service(setting, &countries), "text/xml", soap11.clone(), Some(three)),
        (service(setting, &countries), "text/xml", whole.clone(), Some("has no ds:Signature<")),
        (service("", &asking), "text/xml", soap11.clone(), Some(two)),
        (service("", &asking), "text/xml", elsewhere.into_bytes(), Some(two)),
        (service("", &asking), "text/xml", other_header, Some(two)),
        (service("", &asking), "text/xml", secured(&soap11, &stamped), Some("has no wsse:UsernameToken<")),
        (service("", &asking), "text/xml", whole.clone(), None),
        (service("", &asking), related, package(&soap11), Some(two)),
        (service("", &asking), related, package(&whole), None),
        (service("", &asking), of12, soap12.clone(), Some(two)),
        (service("", &asking), of12, secured(&soap12, &both), None),
        // What is cut off after its security is told so, and not of what it has.
        (service("", &asking), "text/xml", cut, Some("the document ends")),
        (service("", &signing.path().join("service.wsdl")), "text/xml", whole.clone(), Some("has no ds:Signature<")),
    ] {
        let reply = mock.answer(&Request { content_type, ..post(&body, SoapVersion::Soap11, None) });
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let refusal = if content_type == of12 { (400, "Sender<") } else { (500, "Client<") };
        match missing {
            None => assert_eq!(reply.status, 200, "{text}"),
            Some(missing) => {
                assert!(reply.status == refusal.0 && text.contains(refusal.1) && text.contains(missing), "{missing}: {text}");
            }
        }
    }
}

const SIGNING_POLICY: &str = r#"<wsp:Policy xmlns:wsp="http://www.w3.org/ns/ws-policy" xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702">
  <sp:AsymmetricBinding><wsp:Policy>
    <sp:InitiatorToken><wsp:Policy><sp:X509Token sp:IncludeToken="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702/IncludeToken/AlwaysToRecipient"/></wsp:Policy></sp:InitiatorToken>
  </wsp:Policy></sp:AsymmetricBinding>
  <sp:SignedParts><sp:Body/></sp:SignedParts>
</wsp:Policy>"#;

/// Actions are URIs of any characters where a service says so, and a field of a request may have any bytes.
#[tokio::test]
async fn actions_beyond_ascii_are_understood() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let folder = tempfile::tempdir().unwrap();
    for name in ["service.wsdl", "types.xsd"] {
        let text = std::fs::read_to_string(support::path("wsdl/countries").join(name)).unwrap();
        std::fs::write(folder.path().join(name), text.replace("urn:castile:samples:countries/GetCountry\"", "urn:gr\u{f6}\u{df}e\""))
            .unwrap();
    }
    let api = Arc::new(published("countries", &folder.path().join("service.wsdl")));
    let mock = Arc::new(Mock::new(api.clone(), Options::default()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(castile::mock::serve(mock, listener, async move {
        let _ = stopped.await;
    }));
    for version in [SoapVersion::Soap11, SoapVersion::Soap12] {
        let plan = api.program.operations.iter().find(|o| &*o.name == "GetCountry" && o.version == version).unwrap();
        let action = plan.soap_action.as_deref().unwrap();
        assert_eq!(action, "urn:gr\u{f6}\u{df}e");
        let envelope = encode(&api.program, plan, Direction::Request, b"{\"code\":\"LK\"}").unwrap();
        let fields = match version {
            SoapVersion::Soap11 => format!("Content-Type: text/xml\r\nSOAPAction: \"{action}\""),
            SoapVersion::Soap12 => format!("Content-Type: application/soap+xml; charset=utf-8; action=\"{action}\""),
        };
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {}\r\n{fields}\r\n\r\n", envelope.len());
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(&[head.as_bytes(), &envelope].concat()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    }
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}
