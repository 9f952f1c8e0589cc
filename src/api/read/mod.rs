//! The text of `api.yaml` → [`ApiDefinition`], every error at its place.

use std::time::Duration;

mod headers;
#[cfg(test)]
mod tests;

use super::yaml::{Fields, File, Kind, Node};
use super::*;
use crate::diagnostic::{Diagnostic, Severity, SourceId};

/// Contexts that the gateway needs for itself.
const RESERVED: [&str; 5] = ["/t", "/oauth2", "/token", "/revoke", "/.well-known"];

impl ApiDefinition {
    /// Reads the text of an `api.yaml`. `None` where a diagnostic is an error.
    pub fn parse(source: SourceId, text: &str) -> (Option<Self>, Vec<Diagnostic>) {
        let (mut file, node) = File::parse(source, text, &codes::OF_YAML);
        let definition = node.and_then(|node| root(&mut file, &node));
        let diagnostics = file.diagnostics;
        let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
        (definition.filter(|_| !failed), diagnostics)
    }
}

impl ApiDefinition {
    /// `source.wsdl` of a text that may be wrong elsewhere; `None` where it does not say one.
    pub fn wsdl_of(text: &str) -> Option<String> {
        let (mut file, node) = File::parse(SourceId(0), text, &codes::OF_YAML);
        let node = node?;
        let source = file.fields(&node).take("source")?;
        let wsdl = file.fields(source).take("wsdl")?;
        file.text(wsdl)
    }
}

fn root(file: &mut File<'_>, node: &Node) -> Option<ApiDefinition> {
    let mut fields = file.fields(node);
    if let Some(version) = fields.need(file, "version") {
        file.integer(version, 1, 1);
    }
    let api = fields.need(file, "api");
    let mut definition = ApiDefinition::named("");
    if let Some(api) = api {
        definition.api = identity(file, api)?;
    }
    if let Some(node) = fields.need(file, "source") {
        definition.source = self::source(file, node);
    }
    if let Some(node) = fields.take("endpoint") {
        definition.endpoint = endpoint(file, node);
    }
    if let Some(node) = fields.take("addressing") {
        definition.addressing = Addressing::read(file, node);
    }
    definition.access = Access::read(file, &mut fields);
    if let Some(node) = fields.take("callers") {
        definition.callers = super::front::callers(file, node);
    }
    if let Some(node) = fields.take("cors") {
        definition.cors = Some(super::Cors::read(file, node));
    }
    if let Some(node) = fields.take("plans") {
        definition.plans = file.texts(node);
    }
    if let Some(node) = fields.take("limits") {
        definition.limits = limits(file, node);
    }
    mapping(file, &mut fields, &mut definition);
    attachments(file, &mut fields, &mut definition.attachments);
    delivery(file, &mut fields, &mut definition);
    if let Some(node) = fields.take("headers") {
        definition.headers = headers::headers(file, node);
    }
    if let Some(node) = fields.take("resources") {
        let items = file.list(node);
        definition.resources = items.iter().filter_map(|item| resource(file, item)).collect();
    }
    flag(file, &mut fields, "only_listed", &mut definition.only_listed);
    flag(file, &mut fields, "passthrough", &mut definition.passthrough);
    flag(file, &mut fields, "rest", &mut definition.rest);
    if let Some(node) = fields.take("cache") {
        definition.cache = Some(super::Cache::read(file, node));
    }
    fields.end(file);
    Some(definition)
}

fn flag(file: &mut File<'_>, fields: &mut Fields<'_>, key: &'static str, value: &mut bool) {
    if let Some(node) = fields.take(key) {
        *value = file.boolean(node).unwrap_or(*value);
    }
}

/// A text of a key that may be left out.
fn optional(file: &mut File<'_>, fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    fields.take(key).and_then(|node| file.text(node))
}

fn identity(file: &mut File<'_>, node: &Node) -> Option<Identity> {
    let mut fields = file.fields(node);
    let name = fields.need(file, "name").and_then(|n| file.text(n));
    let mut identity = ApiDefinition::named(name.as_deref().unwrap_or_default()).api;
    if let Some(node) = fields.take("version")
        && let Some(version) = file.text(node)
    {
        if !is_segment(&version) || version.contains(['{', '}']) {
            file.wrong(node, "one path segment, such as \"1\" or \"v2.1\"");
        }
        identity.version = version;
    }
    if let Some(node) = fields.take("context")
        && let Some(context) = file.text(node)
    {
        if !is_context(&context) {
            file.wrong(node, "a path such as /geo, without a slash at the end");
        } else if is_reserved(&context) {
            let at = file.span(node);
            file.diagnostics.push(Diagnostic::error(&codes::RESERVED_CONTEXT, format!("the context `{context}` is reserved")).at(at));
        }
        identity.context = context;
    }
    if let Some(node) = fields.take("state") {
        const STATES: [(&str, State); 6] = [
            ("created", State::Created),
            ("prototype", State::Prototype),
            ("published", State::Published),
            ("blocked", State::Blocked),
            ("deprecated", State::Deprecated),
            ("retired", State::Retired),
        ];
        identity.state = file.word(node, &STATES).unwrap_or(identity.state);
    }
    flag(file, &mut fields, "default_version", &mut identity.default_version);
    fields.end(file);
    name.map(|_| identity)
}

/// Is it one segment of a path, in characters that need no escape?
pub fn is_segment(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text != "."
        && text != ".."
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@{}".contains(&b))
}

/// Is it a context: `/` and one or more segments?
pub fn is_context(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|t| t.split('/').all(|s| is_segment(s) && !s.contains(['{', '}']))) && text.len() <= 200
}

/// Does the gateway need that context for itself?
pub fn is_reserved(context: &str) -> bool {
    RESERVED.iter().any(|r| context.strip_prefix(r).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Is it the path of a file inside the API's folder?
fn is_file_inside(path: &str) -> bool {
    !(path.is_empty() || path.starts_with('/') || path.contains('\\') || path.split('/').any(|s| s == ".."))
}

fn source(file: &mut File<'_>, node: &Node) -> Source {
    let mut fields = file.fields(node);
    let mut source = Source::default();
    if let Some(node) = fields.need(file, "wsdl")
        && let Some(wsdl) = file.text(node)
    {
        if !is_file_inside(&wsdl) {
            file.wrong(node, "a path inside the API's folder, such as wsdl/service.wsdl");
        }
        source.wsdl = wsdl;
    }
    source.service = optional(file, &mut fields, "service");
    source.port = optional(file, &mut fields, "port");
    source.digest = optional(file, &mut fields, "digest");
    fields.end(file);
    source
}

fn duration(file: &mut File<'_>, fields: &mut Fields<'_>, key: &'static str, value: &mut Duration) {
    let Some(node) = fields.take(key) else { return };
    match file.text(node).and_then(|t| units::duration(&t)) {
        Some(duration) => *value = duration,
        None => file.wrong(node, "a length of time of at most a day, such as 500ms, 10s, 2m"),
    }
}

fn endpoint(file: &mut File<'_>, node: &Node) -> Endpoint {
    use crate::net::fields;
    /// What `forward_headers` may name.
    const FORWARDED: &str = "a header field that may be forwarded: those of one connection, credentials of callers and what the gateway writes itself never are";
    /// What `return_headers` may name.
    const RETURNED: &str = "a header field that may be returned: those of one connection, cookies, what the gateway writes itself and what \
                            speaks for the whole origin never are";
    let mut keys = file.fields(node);
    let mut endpoint = Endpoint::default();
    if let Some(node) = keys.take("url")
        && let Some(url) = file.text(node)
    {
        match is_http(&url) {
            true => endpoint.url = Some(url),
            false => file.wrong(node, "an address that begins with http:// or https://, without user and password"),
        }
    }
    duration(file, &mut keys, "timeout", &mut endpoint.timeout);
    duration(file, &mut keys, "connect_timeout", &mut endpoint.connect_timeout);
    duration(file, &mut keys, "first_byte_timeout", &mut endpoint.first_byte_timeout);
    for (key, names) in [("forward_headers", &mut endpoint.forward_headers), ("return_headers", &mut endpoint.return_headers)] {
        if let Some(node) = keys.take(key) {
            *names = match key {
                "forward_headers" => field_names(file, node, fields::may_be_forwarded, FORWARDED),
                _ => field_names(file, node, fields::may_be_returned, RETURNED),
            };
        }
    }
    if let Some(node) = keys.take("auth") {
        endpoint.auth = Some(super::auth::read(file, node));
    }
    keys.end(file);
    endpoint
}

/// An http(s) address with a host and without credentials.
pub fn is_http(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !authority.is_empty() && !authority.contains('@') && url.bytes().all(|b| b.is_ascii_graphic()) && !url.contains('#')
}

fn field_names(file: &mut File<'_>, node: &Node, may: fn(&str) -> bool, expected: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for item in file.list(node) {
        let Some(name) = file.text(item) else { continue };
        let name = name.to_ascii_lowercase();
        match (crate::net::fields::is_name(&name), may(&name)) {
            (true, true) if names.contains(&name) => {}
            (true, true) => names.push(name),
            (false, _) => file.wrong(item, "the name of a header field"),
            (true, false) => file.wrong(item, expected),
        }
    }
    names
}

fn size(file: &mut File<'_>, fields: &mut Fields<'_>, key: &'static str, value: &mut u64) {
    /// Nothing unbounded.
    const LARGEST: u64 = 4 << 30;
    let Some(node) = fields.take(key) else { return };
    match file.text(node).and_then(|t| units::size(&t)).filter(|n| *n <= LARGEST) {
        Some(bytes) => *value = bytes,
        None => file.wrong(node, "a size of at most 4GiB, such as 4096, 256KiB, 10MiB"),
    }
}

fn rate(file: &mut File<'_>, fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    let node = fields.take(key)?;
    let text = file.text(node)?;
    if !units::is_rate(&text) {
        file.wrong(node, "a rate such as 200/s, 50/min, 20 per minute");
        return None;
    }
    Some(text)
}

fn limits(file: &mut File<'_>, node: &Node) -> Limits {
    let mut fields = file.fields(node);
    let mut limits = Limits::default();
    for (key, value) in [("api", &mut limits.api), ("per_address", &mut limits.per_address)] {
        *value = rate(file, &mut fields, key);
    }
    if let Some(node) = fields.take("in_flight") {
        limits.in_flight = file.integer(node, 1, 100_000).map_or(limits.in_flight, |n| n as u32);
    }
    size(file, &mut fields, "json_request", &mut limits.json_request_bytes);
    size(file, &mut fields, "soap_request", &mut limits.soap_request_bytes);
    size(file, &mut fields, "reply", &mut limits.reply_bytes);
    fields.end(file);
    limits
}

fn mapping(file: &mut File<'_>, fields: &mut Fields<'_>, definition: &mut ApiDefinition) {
    let mapping = &mut definition.mapping;
    if let Some(node) = fields.take("numbers") {
        mapping.numbers = file.word(node, &[("exact", Numbers::Exact), ("string", Numbers::String)]).unwrap_or_default();
    }
    if let Some(node) = fields.take("nulls") {
        mapping.nulls = file.word(node, &[("error", Nulls::Error), ("absent", Nulls::Absent)]).unwrap_or_default();
    }
    if let Some(node) = fields.take("unknown") {
        mapping.unknown = file.word(node, &[("error", Unknown::Error), ("ignore", Unknown::Ignore)]).unwrap_or_default();
    }
    flag(file, fields, "flatten", &mut mapping.flatten);
    flag(file, fields, "lenient", &mut mapping.lenient);
    flag(file, fields, "strict", &mut mapping.strict);
    flag(file, fields, "raw_xml", &mut mapping.raw_xml);
}

fn attachments(file: &mut File<'_>, fields: &mut Fields<'_>, attachments: &mut Attachments) {
    if let Some(node) = fields.take("mtom") {
        attachments.mtom = file.boolean(node);
    }
    size(file, fields, "mtom_over", &mut attachments.mtom_over_bytes);
    if let Some(node) = fields.take("attachments") {
        attachments.deliver = file.word(node, &[("inline", Deliver::Inline), ("url", Deliver::Url)]).unwrap_or_default();
    }
    size(file, fields, "attachments_over", &mut attachments.url_over_bytes);
}

fn delivery(file: &mut File<'_>, fields: &mut Fields<'_>, definition: &mut ApiDefinition) {
    let mut buffer = definition.reply_buffer_bytes as u64;
    size(file, fields, "reply_buffer", &mut buffer);
    definition.reply_buffer_bytes = usize::try_from(buffer).unwrap_or(usize::MAX);
    if let Some(node) = fields.take("stream") {
        definition.stream = file.word(node, &[("large", Stream::Large), ("never", Stream::Never)]).unwrap_or_default();
    }
    if let Some(node) = fields.take("faults") {
        let mut inner = file.fields(node);
        if let Some(node) = inner.take("expose") {
            definition.expose = file.word(node, &[("declared", Expose::Declared), ("all", Expose::All)]);
        }
        inner.end(file);
    }
    if let Some(node) = fields.take("soap_fault_status") {
        definition.soap_fault_status = file.integer(node, 200, 599).map(|n| n as u16);
    }
}

fn resource(file: &mut File<'_>, node: &Node) -> Option<Resource> {
    let mut fields = file.fields(node);
    let (method, path) = method_and_path(file, &mut fields, node)?;
    let operation = fields.need(file, "operation").and_then(|n| file.text(n));
    let mut resource = Resource::new(method, path, operation.as_deref().unwrap_or_default());
    resource.span = Some(file.span(node));
    resource.safe = method == Method::Get;
    flag(file, &mut fields, "safe", &mut resource.safe);
    if let Some(node) = fields.take("mtom") {
        resource.mtom = file.boolean(node);
    }
    if let Some(node) = fields.take("overload") {
        resource.overload = file.integer(node, 1, 1000).map_or(0, |n| n as u32 - 1);
    }
    resource.port_type = optional(file, &mut fields, "port_type");
    resource.port = optional(file, &mut fields, "port");
    for (key, map) in [("query", &mut resource.query), ("path_parameters", &mut resource.path_parameters)] {
        if let Some(node) = fields.take(key) {
            *map = pointers(file, node);
        }
    }
    resource.unwrap = optional(file, &mut fields, "unwrap");
    if let Some(node) = fields.take("faults") {
        for (name, _, value) in file.entries(node) {
            if let Some(status) = file.integer(value, 400, 599) {
                resource.faults.insert(name, status as u16);
            }
        }
    }
    if let Some(node) = fields.take("sequence") {
        resource.sequence = file.text(node);
        if resource.sequence.as_ref().is_some_and(|p| !is_file_inside(p)) {
            file.wrong(node, "a path inside the API's folder, such as sequences/add-country.yaml");
        }
    }
    resource.access = ResourceAccess::read(file, &mut fields);
    if let Some(node) = fields.take("scope") {
        resource.scopes = scopes(file, node);
    }
    resource.limit = rate(file, &mut fields, "limit");
    if let Some(node) = fields.take("cache") {
        let cache = super::Cache::read(file, node);
        if method != Method::Get && !cache.ttl.is_zero() {
            file.wrong(node, "no `cache`: only answers of `get:` are kept");
        }
        resource.cache = Some(cache);
    }
    fields.end(file);
    operation.map(|_| resource)
}

/// One scope, or a list of which one is enough: words as RFC 6749, section 3.3 has them.
fn scopes(file: &mut File<'_>, node: &Node) -> Vec<String> {
    let scopes = match &node.kind {
        Kind::String(one) => vec![one.clone()],
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::List(_) | Kind::Map(_) => file.texts(node),
    };
    let is_scope = |s: &String| !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
    if scopes.is_empty() || !scopes.iter().all(is_scope) {
        file.wrong(node, "a scope such as countries:write, or a list of scopes");
    }
    scopes
}

fn method_and_path(file: &mut File<'_>, fields: &mut Fields<'_>, node: &Node) -> Option<(Method, String)> {
    let mut found = None;
    for method in Method::ALL {
        let Some(value) = fields.take(method.key()) else { continue };
        if found.is_some() {
            file.wrong(value, "a resource with one method");
        }
        let Some(path) = file.text(value) else { continue };
        if let Err(why) = check_path(&path) {
            let at = file.span(value);
            file.diagnostics.push(Diagnostic::error(&codes::BAD_PATH, format!("`{path}` {why}")).at(at));
        }
        found = Some((method, path));
    }
    if found.is_none() {
        let at = file.span(node);
        file.diagnostics
            .push(Diagnostic::error(&codes::MISSING_KEY, "a resource without method and path").at(at).expected("post: /Operation"));
    }
    found
}

/// Where attachments are fetched that were given by reference, below an API's base address.
pub const ATTACHMENTS_PATH: &str = "/$attachments";

/// Can it be a resource's path?
///
/// # Errors
/// Why it cannot, in words that follow the path.
pub fn check_path(path: &str) -> Result<(), &'static str> {
    let Some(rest) = path.strip_prefix('/') else { return Err("does not begin with a slash") };
    if path == "/openapi.json" || path == ATTACHMENTS_PATH || path.strip_prefix(ATTACHMENTS_PATH).is_some_and(|p| p.starts_with('/')) {
        return Err("belongs to the gateway");
    }
    let mut names = Vec::new();
    for segment in rest.split('/') {
        if !is_segment(segment) {
            return Err("has a segment that is empty, too long, a dot segment, or needs escapes");
        }
        match segment.strip_prefix('{').map(|s| s.strip_suffix('}')) {
            Some(Some(name)) if !name.is_empty() && !name.contains(['{', '}', '*']) => {
                if names.contains(&name) {
                    return Err("has two parameters of one name");
                }
                names.push(name);
            }
            None if !segment.contains(['{', '}']) => {}
            Some(_) | None => return Err("has a parameter that is not a whole segment: /countries/{code}"),
        }
    }
    Ok(())
}

fn pointers(file: &mut File<'_>, node: &Node) -> BTreeMap<String, String> {
    let mut pointers = BTreeMap::new();
    for (name, _, value) in file.entries(node) {
        let Some(pointer) = file.text(value) else { continue };
        if !pointer.starts_with('/') {
            file.wrong(value, "a JSON pointer such as /language");
        }
        pointers.insert(name, pointer);
    }
    pointers
}
