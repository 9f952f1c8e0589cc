//! `callers`, `cors`, `cache`: who may ask from where, and which answers are given again.

use std::time::Duration;

use super::units;
use super::write::{Flow, list};
use super::yaml::{Fields, File, Kind, Node};
use crate::net::address::Cidr;
use crate::net::forwarded::AddressLists;

/// Reads `callers: { allow: […], deny: […] }`.
pub(super) fn callers(file: &mut File<'_>, node: &Node) -> AddressLists {
    let mut fields = file.fields(node);
    let mut lists = AddressLists::default();
    for (key, networks) in [("allow", &mut lists.allow), ("deny", &mut lists.deny)] {
        if let Some(node) = fields.take(key) {
            for item in file.list(node) {
                match file.text(item).map(|t| t.parse::<Cidr>()) {
                    Some(Ok(network)) => networks.push(network),
                    Some(Err(_)) => file.wrong(item, "a network such as 10.0.0.0/8 or fd00::/8, or one address"),
                    None => {}
                }
            }
        }
    }
    fields.end(file);
    lists
}

/// The same as it is written.
pub(super) fn callers_written(lists: &AddressLists) -> String {
    let mut map = Flow::default();
    for (key, networks) in [("allow", &lists.allow), ("deny", &lists.deny)] {
        if !networks.is_empty() {
            map.raw(key, &list(&networks.iter().map(Cidr::to_string).collect::<Vec<_>>()));
        }
    }
    map.end()
}

/// `cors`: pages of which origins may call from a browser (Fetch standard, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// `origins`: as browsers send them, `https://app.example.org`; `*` alone: all.
    pub origins: Vec<String>,
    /// `methods`: default all of HTTP that resources can have.
    pub methods: Vec<String>,
    /// `headers`: fields that a page may send, in lower case; default those of calls with any credentials.
    pub headers: Vec<String>,
    /// `expose`: fields of answers that a page may read, in lower case; default limits and the request id.
    pub expose: Vec<String>,
    /// `credentials`: may the browser send what it has for this address by itself: cookies, client certificates? Default false.
    pub credentials: bool,
    /// `max_age`: how long a browser may remember that; default 10 min.
    pub max_age: Duration,
}

/// Methods that pages may use, where nothing else is said.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Fields that pages may send, where nothing else is said.
const HEADERS: [&str; 6] = ["accept", "apikey", "authorization", "content-type", "soapaction", "x-authorization"];
/// Fields that pages may read, where nothing else is said.
const EXPOSED: [&str; 4] = ["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"];

impl Default for Cors {
    fn default() -> Self {
        let all = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Self {
            origins: Vec::new(),
            methods: all(&METHODS),
            headers: all(&HEADERS),
            expose: all(&EXPOSED),
            credentials: false,
            max_age: Duration::from_secs(600),
        }
    }
}

impl Cors {
    /// May pages of every origin call?
    pub fn is_for_all(&self) -> bool {
        self.origins.iter().any(|o| o == "*")
    }

    /// Reads `cors: { origins, methods, headers, expose, credentials, max_age }`.
    pub(super) fn read(file: &mut File<'_>, node: &Node) -> Self {
        let mut fields = file.fields(node);
        let mut cors = Self::default();
        if let Some(node) = fields.need(file, "origins") {
            cors.origins = origins(file, node);
        }
        if let Some(node) = fields.take("methods") {
            cors.methods = file.list(node).iter().filter_map(|n| method(file, n)).collect();
        }
        for (key, list) in [("headers", &mut cors.headers), ("expose", &mut cors.expose)] {
            if let Some(node) = fields.take(key) {
                *list = file.list(node).iter().filter_map(|n| field(file, n)).collect();
            }
        }
        cors.credentials = credentials(file, &mut fields, cors.is_for_all());
        if let Some(node) = fields.take("max_age") {
            match file.text(node).and_then(|t| units::duration(&t)) {
                Some(time) => cors.max_age = time,
                None => file.wrong(node, "a length of time of at most a day, such as 10m, 1h"),
            }
        }
        fields.end(file);
        cors
    }

    /// The same as it is written.
    pub(super) fn written(&self) -> String {
        let default = Self::default();
        let mut map = Flow::default();
        map.raw("origins", &list(&self.origins));
        for (key, names, usual) in [
            ("methods", &self.methods, &default.methods),
            ("headers", &self.headers, &default.headers),
            ("expose", &self.expose, &default.expose),
        ] {
            if names != usual {
                map.raw(key, &list(names));
            }
        }
        if self.credentials {
            map.raw("credentials", "true");
        }
        if self.max_age != default.max_age {
            map.raw("max_age", &units::say_duration(self.max_age));
        }
        map.end()
    }
}

/// The origins of a list; `*` stands alone.
fn origins(file: &mut File<'_>, node: &Node) -> Vec<String> {
    let items = file.list(node);
    let mut origins = Vec::new();
    for item in items {
        let Some(text) = file.text(item) else { continue };
        if text == "*" && items.len() > 1 {
            file.wrong(item, "`*` alone, or a list of origins");
        } else if text != "*" && !is_origin(&text) {
            file.wrong(
                item,
                "an origin as browsers send it: https://app.example.org, in lower case, without a path, the port only where it is unusual",
            );
        }
        origins.push(text);
    }
    if items.is_empty() {
        file.wrong(node, "a list of origins, such as [https://app.example.org]");
    }
    origins
}

fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.origin().ascii_serialization() == text)
}

fn method(file: &mut File<'_>, node: &Node) -> Option<String> {
    let words: Vec<(&str, &str)> = METHODS.iter().map(|m| (*m, *m)).collect();
    file.word(node, &words).map(str::to_owned)
}

fn field(file: &mut File<'_>, node: &Node) -> Option<String> {
    let name = file.text(node)?.to_ascii_lowercase();
    if name != "*" && crate::net::fields::is_name(&name) {
        return Some(name);
    }
    file.wrong(node, "the name of a header field; `*` would not stand for `Authorization`");
    None
}

/// With `*` every page of the internet would act in the name of whoever opens it.
fn credentials(file: &mut File<'_>, fields: &mut Fields<'_>, for_all: bool) -> bool {
    let Some(node) = fields.take("credentials") else { return false };
    let credentials = file.boolean(node).unwrap_or(false);
    if credentials && for_all {
        file.wrong(node, "false, because `origins` is `*`: with credentials each origin must be named");
    }
    credentials && !for_all
}

/// `cache`: answers of `get:` resources are given again for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// `ttl`: for how long; zero: not at all.
    pub ttl: Duration,
    /// `max_bytes`: the largest answer that is kept; default 256 KiB.
    pub max_bytes: u64,
}

impl Cache {
    const MAX_BYTES: u64 = 256 << 10;

    /// Reads `cache: 60s` or `cache: { ttl: 60s, max_bytes: 64KiB }`.
    pub(super) fn read(file: &mut File<'_>, node: &Node) -> Self {
        const EXPECTED: &str = "a length of time of at most a day, such as 60s, or { ttl: 60s, max_bytes: 64KiB }; none: off";
        let mut cache = Self { ttl: Duration::ZERO, max_bytes: Self::MAX_BYTES };
        let mut ttl = |file: &mut File<'_>, node: &Node| match file
            .text(node)
            .map(|t| if t == "none" { Some(Duration::ZERO) } else { units::duration(&t) })
        {
            Some(Some(time)) => cache.ttl = time,
            Some(None) => file.wrong(node, EXPECTED),
            None => {}
        };
        if !matches!(node.kind, Kind::Map(_)) {
            ttl(file, node);
            return cache;
        }
        let mut fields = file.fields(node);
        if let Some(node) = fields.need(file, "ttl") {
            ttl(file, node);
        }
        if let Some(node) = fields.take("max_bytes") {
            match file.text(node).and_then(|t| units::size(&t)).filter(|n| (1..=16 << 20).contains(n)) {
                Some(bytes) => cache.max_bytes = bytes,
                None => file.wrong(node, "a size of at most 16MiB, such as 64KiB"),
            }
        }
        fields.end(file);
        cache
    }

    /// The same as it is written.
    pub(super) fn written(self) -> String {
        if self.ttl.is_zero() {
            return String::from("none");
        }
        let ttl = units::say_duration(self.ttl);
        match self.max_bytes {
            Self::MAX_BYTES => ttl,
            bytes => format!("{{ ttl: {ttl}, max_bytes: {bytes} }}"),
        }
    }
}
