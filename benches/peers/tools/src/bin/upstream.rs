//! The SOAP service of the comparison: one thread, answers made beforehand, chosen by SOAPAction or, without one, by the beginning of the body.
//!
//! `upstream DATA WSDL PORT`

use std::sync::Arc;

use memchr::memmem::find;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The operations and the files that answer them.
const ANSWERS: &[(&str, &str, &str)] = &[
    ("GetRecord", "200 OK", "small.xml"),
    ("ListRecords", "200 OK", "medium.xml"),
    ("ExportRecords", "200 OK", "large.xml"),
    ("PutRecord", "200 OK", "PutRecord.ack.xml"),
    ("ImportRecords", "200 OK", "ImportRecords.ack.xml"),
    ("CheckRecord", "500 Internal Server Error", "fault.xml"),
];
/// Where the operation's name must stand in a body.
const NAMED_WITHIN: usize = 2048;

struct Service {
    answers: Vec<(&'static [u8], Vec<u8>)>,
    wsdl: Vec<u8>,
    unknown: Vec<u8>,
}

impl Service {
    fn answer(&self, action: &[u8], body: &[u8]) -> &[u8] {
        let named = |text: &[u8]| self.answers.iter().find(|(name, _)| find(text, name).is_some());
        let hit = named(action).or_else(|| named(&body[..body.len().min(NAMED_WITHIN)]));
        hit.map_or(&self.unknown, |(_, answer)| answer)
    }
}

fn http(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    text.extend_from_slice(body);
    text
}

fn field<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    head.split(|b| *b == b'\n').find_map(|line| {
        let colon = line.iter().position(|b| *b == b':')?;
        line[..colon].eq_ignore_ascii_case(name.as_bytes()).then(|| line[colon + 1..].trim_ascii())
    })
}

/// Reads until there is more; `false` at the end.
async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<bool> {
    Ok(stream.read_buf(buffer).await? > 0)
}

async fn serve(mut stream: TcpStream, service: Arc<Service>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer: Vec<u8> = Vec::with_capacity(16 << 10);
    loop {
        let head_end = loop {
            match find(&buffer, b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if !more(&mut stream, &mut buffer).await? => return Ok(()),
                None => {}
            }
        };
        let head = buffer[..head_end].to_vec();
        let close = field(&head, "connection").is_some_and(|v| v.eq_ignore_ascii_case(b"close")) || find(&head, b"HTTP/1.0\r\n").is_some();
        if field(&head, "expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let end = if field(&head, "transfer-encoding").is_some() {
            let from = head_end - 2;
            loop {
                match find(&buffer[from..], b"\r\n0\r\n\r\n") {
                    Some(at) => break from + at + 7,
                    None if !more(&mut stream, &mut buffer).await? => return Ok(()),
                    None => {}
                }
            }
        } else {
            let length = field(&head, "content-length").and_then(|v| std::str::from_utf8(v).ok()?.parse::<usize>().ok()).unwrap_or(0);
            while buffer.len() < head_end + length {
                if !more(&mut stream, &mut buffer).await? {
                    return Ok(());
                }
            }
            head_end + length
        };
        let answer = match head.starts_with(b"GET") {
            true => &service.wsdl,
            false => service.answer(field(&head, "soapaction").unwrap_or_default(), &buffer[head_end..end]),
        };
        if close {
            // Said in the answer, so that a client with a pool does not keep the connection.
            let line = find(answer, b"\r\n").map_or(0, |at| at + 2);
            stream.write_all(&[&answer[..line], b"Connection: close\r\n", &answer[line..]].concat()).await?;
            return stream.shutdown().await;
        }
        stream.write_all(answer).await?;
        buffer.drain(..end);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(data), Some(wsdl), Some(port)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("upstream DATA WSDL PORT".into());
    };
    let kind = "text/xml; charset=utf-8";
    let mut answers = Vec::new();
    for (name, status, file) in ANSWERS {
        answers.push((name.as_bytes(), http(status, kind, &std::fs::read(format!("{data}/{file}"))?)));
    }
    let wsdl = http("200 OK", kind, &std::fs::read(wsdl)?);
    let service = Arc::new(Service { answers, wsdl, unknown: http("400 Bad Request", "text/plain", b"unknown operation") });
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>()?)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move { drop(serve(stream, service).await) });
    }
}
