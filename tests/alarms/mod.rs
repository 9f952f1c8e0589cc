//! Alarms, as operators see them: the log, metrics, `/alarms`, the webhook.

mod serve;
mod webhook;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The secret of the webhook in these tests: `whsec_` and its base64.
const KEY: &[u8] = b"planted secret of the webhook";

/// Somebody who is told of alarms.
struct Receiver {
    address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

/// A message that came.
#[derive(Debug, Clone)]
struct Got {
    id: String,
    body: Value,
    answered: u16,
}

impl Receiver {
    /// Answers each message with what `status` says of how many came before. Every signature must be good.
    fn answering(status: impl Fn(usize) -> u16 + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let kept = got.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(stream);
                let mut head = Vec::new();
                for line in reader.by_ref().lines().map_while(Result::ok).take_while(|l| !l.is_empty()) {
                    head.push(line);
                }
                let field = |name: &str| {
                    head.iter().filter_map(|l| l.split_once(": ")).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_owned())
                };
                let mut body = vec![0; field("content-length").unwrap().parse().unwrap()];
                reader.read_exact(&mut body).unwrap();
                let (id, at) = (field("webhook-id").unwrap(), field("webhook-timestamp").unwrap());
                let text = String::from_utf8(body).unwrap();
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), format!("{id}.{at}.{text}").as_bytes());
                assert_eq!(field("webhook-signature").unwrap(), format!("v1,{}", STANDARD.encode(tag)));
                let answered = status(kept.lock().unwrap().len());
                kept.lock().unwrap().push(Got { id, body: serde_json::from_str(&text).unwrap(), answered });
                let _ = write!(reader.get_mut(), "HTTP/1.1 {answered} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        Self { address, got }
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

/// The settings' text for the secret.
fn secret() -> String {
    format!("whsec_{}", STANDARD.encode(KEY))
}

/// Waits until something holds, 30 s at most.
fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
