//! Code samples run as they stand, each where its interpreter is here, and get an answer.

use std::process::Command;
use std::sync::mpsc;

use castile::catalog::State;

use super::{House, Shown, countries};
use crate::support;

const TEST: &str = "code_samples_call";

/// The text of a sample on the page.
fn sample(page: &Shown, name: &str) -> String {
    let text = page.between(&format!("<code data-copy=\"{name}\">"), "</code>");
    [("&quot;", "\""), ("&#x27;", "'"), ("&#x3D;", "="), ("&#x60;", "`"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |t, (from, to)| t.replace(from, to))
}

/// A server that takes one request at a time, answers `ok`, and tells what came.
fn listener() -> (String, mpsc::Receiver<String>) {
    use std::io::{BufRead, BufReader, Read, Write};
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", socket.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in socket.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let _ = reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
            if tell.send(format!("{head}\n{}", String::from_utf8(body).unwrap())).is_err() {
                return;
            }
        }
    });
    (address, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn code_samples_call() {
    let (gateway, told) = listener();
    let mut api = countries("countries", State::Published);
    api.definition.access.security = vec!["api_key".into()];
    let house = House::with(vec![api], |c| c.gateway.public_url = Some(gateway.parse().unwrap())).await;
    let page = house.stranger().get("/apis/countries/code?resource=0");
    assert!(page.status == 200 && page.has("Put your key in the place of <code>YOUR_KEY</code>"), "{page:?}");
    assert_eq!(house.stranger().get("/apis/countries/code?resource=99").status, 404);
    let folder = tempfile::tempdir().unwrap();
    for (language, program, file) in [
        ("curl", "sh", "call.sh"),
        ("JavaScript", "node", "call.mjs"),
        ("Python", "python3", "call.py"),
        ("PHP", "php", "call.php"),
        ("Java", "java", "Call.java"),
    ] {
        let Some(program) = support::program_or_skip(TEST, program) else { continue };
        for kind in ["REST", "SOAP"] {
            let code = sample(&page, &format!("{kind} with {language}"));
            std::fs::write(folder.path().join(file), &code).unwrap();
            let run = Command::new(&program)
                .args(if language == "Java" { &["-XX:TieredStopAtLevel=1"][..] } else { &[] })
                .arg(file)
                .current_dir(folder.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&run.stdout).into_owned();
            assert!(
                run.status.success() && said.contains("ok"),
                "{language} {kind}:\n{code}\n{said}{}",
                String::from_utf8_lossy(&run.stderr)
            );
            let sent = told.try_recv().unwrap_or_else(|_| panic!("{language} {kind} sent nothing"));
            let head = sent.to_lowercase();
            assert!(head.contains("apikey: your_key"), "{language} {kind}: {sent}");
            if kind == "REST" {
                assert!(
                    sent.starts_with("POST /countries/1/GetCountry HTTP/1.1") && head.contains("content-type: application/json\r\n"),
                    "{sent}"
                );
                let body: serde_json::Value =
                    serde_json::from_str(sent.split_once("\n\n").unwrap_or_else(|| sent.rsplit_once("\r\n\n").unwrap()).1).unwrap();
                assert!(body["code"].is_string(), "{sent}");
            } else {
                assert!(sent.starts_with("POST /countries/1 HTTP/1.1") && head.contains("soapaction: \""), "{language}: {sent}");
                assert!(head.contains("content-type: text/xml; charset=utf-8\r\n") && sent.contains(":Envelope"), "{language}: {sent}");
            }
        }
    }
    let csharp = sample(&page, "REST with C#");
    assert!(csharp.contains("new HttpMethod(\"POST\")") && csharp.contains("\"apikey\", \"YOUR_KEY\""), "{csharp}");
    house.stop().await;
}
