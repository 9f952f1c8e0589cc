//! A browser as plain as can be: it keeps cookies, says where it comes from, sends forms.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Cookies, and where the portal is.
#[derive(Debug, Clone)]
pub struct Browser {
    address: SocketAddr,
    pub cookies: BTreeMap<String, String>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Shown {
    pub status: u16,
    /// Fields in lower case with their values, a line each.
    pub head: String,
    pub body: String,
}

impl Shown {
    /// The first value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    }

    /// What its forms are known by.
    pub fn token(&self) -> String {
        self.hidden("form").unwrap_or_else(|| panic!("no form on the page: {self:?}"))
    }

    /// The value of the first hidden field of that name.
    pub fn hidden(&self, name: &str) -> Option<String> {
        let at = self.body.find(&format!("<input type=\"hidden\" name=\"{name}\" value=\""))?;
        self.body[at..].split("value=\"").nth(1)?.split('"').next().map(str::to_owned)
    }

    /// What stands behind a text, up to another one.
    pub fn between(&self, before: &str, after: &str) -> &str {
        let rest = self.body.split_once(before).unwrap_or_else(|| panic!("no {before}: {}", self.body)).1;
        rest.split_once(after).unwrap_or_else(|| panic!("no {after}: {rest}")).0
    }

    pub fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new() }
    }

    /// One exchange as it stands; `request` is the method and the path.
    pub fn send(&mut self, request: &str, fields: &[(&str, &str)], body: &str) -> Shown {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut text = format!("{request} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !fields.iter().any(|(name, _)| *name == "host") {
            text.push_str(&format!("host: {}\r\n", self.address));
        }
        if !self.cookies.is_empty() {
            let all: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
            text.push_str(&format!("cookie: {}\r\n", all.join("; ")));
        }
        for (name, value) in fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        // A server that refuses early may have closed its end.
        let _ = write!(stream, "{text}\r\n{body}");
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let reply = String::from_utf8(reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request}: {reply}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let shown = Shown { status, head: head.to_owned(), body: body.to_owned() };
        self.keep(&shown);
        shown
    }

    fn keep(&mut self, shown: &Shown) {
        for line in shown.head.lines().filter_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case("set-cookie"))) {
            let (pair, attributes) = line.1.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Opens a page.
    pub fn get(&mut self, path: &str) -> Shown {
        self.send(&format!("GET {path}"), &[("sec-fetch-site", "same-origin")], "")
    }

    /// The bytes of a file.
    pub fn bytes(&mut self, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nconnection: close\r\nhost: {}\r\n\r\n", self.address).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let head = reply.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        assert!(reply.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&reply[..head]));
        reply.split_off(head + 4)
    }

    /// Sends a form as a page of the portal does.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let origin = format!("http://{}", self.address);
        let said = [("origin", &*origin), ("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")];
        self.send(&format!("POST {path}"), &said, &encoded(fields))
    }

    /// Opens the page `on` and sends a form of it to `path`.
    pub fn fill(&mut self, on: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let token = self.get(on).token();
        let fields: Vec<_> = fields.iter().copied().chain([("form", &*token)]).collect();
        self.post(path, &fields)
    }

    /// Opens the page `on` and sends a form with files of it to `path`, as browsers do.
    pub fn upload(&mut self, on: &str, path: &str, fields: &[(&str, &str)], files: &[(&str, &str)]) -> Shown {
        let token = self.get(on).token();
        let mut body = String::new();
        let disposition = |rest: &str| format!("--b0undary\r\ncontent-disposition: form-data; {rest}\r\n");
        for (name, value) in fields.iter().copied().chain([("form", &*token)]) {
            body.push_str(&disposition(&format!("name=\"{name}\"\r\n")));
            body.push_str(&format!("{value}\r\n"));
        }
        for (name, text) in files {
            let name = name.replace('"', "%22");
            body.push_str(&disposition(&format!("name=\"files\"; filename=\"{name}\"\r\ncontent-type: text/xml\r\n")));
            body.push_str(&format!("{text}\r\n"));
        }
        body.push_str("--b0undary--\r\n");
        let origin = format!("http://{}", self.address);
        let said = [("origin", &*origin), ("sec-fetch-site", "same-origin"), ("content-type", "multipart/form-data; boundary=b0undary")];
        self.send(&format!("POST {path}"), &said, &body)
    }

    /// Goes where an answer points.
    pub fn follow(&mut self, shown: &Shown) -> Shown {
        assert_eq!(shown.status, 303, "{shown:?}");
        self.get(shown.field("location").unwrap())
    }

    pub fn log_in(&mut self, name: &str, password: &str) -> Shown {
        self.fill("/log-in", "/log-in", &[("name", name), ("password", password)])
    }
}
