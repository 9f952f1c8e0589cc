//! [`ApiDefinition`] → the text of `api.yaml`: what equals a default is not written.

use std::fmt::Write;

use super::*;

impl ApiDefinition {
    /// The text of its `api.yaml`; `derived` are listed in a comment, ready to be taken over and changed.
    pub fn to_yaml(&self, derived: &[&Resource]) -> String {
        let mut out = String::new();
        let default = Self::named(&self.api.name);
        let _infallible = self.write(&mut out, &default, derived);
        out
    }

    fn write(&self, out: &mut String, default: &Self, derived: &[&Resource]) -> std::fmt::Result {
        writeln!(out, "# {}: what Castile publishes of its WSDL. What equals a default is not written here;", one_line(&self.api.name))?;
        writeln!(out, "# `castile check` reads this file, `castile explain API OPERATION` shows what becomes of it.")?;
        writeln!(out, "version: 1")?;
        self.write_identity(out, default)?;
        let s = &self.source;
        let mut map = Flow::default();
        map.text("wsdl", &s.wsdl);
        map.optional("service", s.service.as_deref());
        map.optional("port", s.port.as_deref());
        map.optional("digest", s.digest.as_deref());
        writeln!(out, "source: {}", map.end())?;
        self.write_endpoint(out, default)?;
        if self.addressing != default.addressing {
            writeln!(out, "addressing: {}", self.addressing.to_flow())?;
        }
        for (key, value) in self.access.written() {
            writeln!(out, "{key}: {value}")?;
        }
        if !self.callers.is_empty() {
            writeln!(out, "callers: {}", front::callers_written(&self.callers))?;
        }
        if let Some(cors) = &self.cors {
            writeln!(out, "cors: {}", cors.written())?;
        }
        if !self.plans.is_empty() {
            writeln!(out, "plans: {}", list(&self.plans))?;
        }
        self.write_limits(out, default)?;
        self.write_mapping(out)?;
        for (key, value) in self.attachments.written() {
            writeln!(out, "{key}: {value}")?;
        }
        for (name, value, usual) in
            [("only_listed", self.only_listed, false), ("passthrough", self.passthrough, true), ("rest", self.rest, true)]
        {
            if value != usual {
                writeln!(out, "{name}: {value}")?;
            }
        }
        if let Some(cache) = self.cache {
            writeln!(out, "cache: {}", cache.written())?;
        }
        self.write_headers(out)?;
        self.write_resources(out, derived)
    }

    fn write_identity(&self, out: &mut String, default: &Self) -> std::fmt::Result {
        let mut map = Flow::default();
        map.text("name", &self.api.name);
        if self.api.version != default.api.version {
            map.raw("version", &quoted(&self.api.version));
        }
        if self.api.context != default.api.context {
            map.text("context", &self.api.context);
        }
        if self.api.state != default.api.state {
            map.raw("state", self.api.state.as_str());
        }
        if self.api.default_version {
            map.raw("default_version", "true");
        }
        writeln!(out, "api: {}", map.end())
    }

    fn write_endpoint(&self, out: &mut String, default: &Self) -> std::fmt::Result {
        let (e, d) = (&self.endpoint, &default.endpoint);
        let mut map = Flow::default();
        map.optional("url", e.url.as_deref());
        for (key, value, usual) in [
            ("timeout", e.timeout, d.timeout),
            ("connect_timeout", e.connect_timeout, d.connect_timeout),
            ("first_byte_timeout", e.first_byte_timeout, d.first_byte_timeout),
        ] {
            if value != usual {
                map.raw(key, &units::say_duration(value));
            }
        }
        for (key, names) in [("forward_headers", &e.forward_headers), ("return_headers", &e.return_headers)] {
            if !names.is_empty() {
                map.raw(key, &list(names));
            }
        }
        if let Some(auth) = &e.auth {
            map.raw("auth", &auth.to_flow());
        }
        match map.is_empty() {
            true => Ok(()),
            false => writeln!(out, "endpoint: {}", map.end()),
        }
    }

    fn write_limits(&self, out: &mut String, default: &Self) -> std::fmt::Result {
        let (l, d) = (&self.limits, &default.limits);
        let mut map = Flow::default();
        map.optional("api", l.api.as_deref());
        map.optional("per_address", l.per_address.as_deref());
        if l.in_flight != d.in_flight {
            map.raw("in_flight", &l.in_flight.to_string());
        }
        for (key, value, usual) in [
            ("json_request", l.json_request_bytes, d.json_request_bytes),
            ("soap_request", l.soap_request_bytes, d.soap_request_bytes),
            ("reply", l.reply_bytes, d.reply_bytes),
        ] {
            if value != usual {
                map.raw(key, &units::say_size(value));
            }
        }
        if !map.is_empty() {
            writeln!(out, "limits: {}", map.end())?;
        }
        if self.reply_buffer_bytes != default.reply_buffer_bytes {
            writeln!(out, "reply_buffer: {}", units::say_size(self.reply_buffer_bytes as u64))?;
        }
        if self.stream == Stream::Never {
            writeln!(out, "stream: never")?;
        }
        match self.expose {
            Some(Expose::All) => writeln!(out, "faults: {{ expose: all }}")?,
            Some(Expose::Declared) => writeln!(out, "faults: {{ expose: declared }}")?,
            None => {}
        }
        match self.soap_fault_status {
            Some(status) => writeln!(out, "soap_fault_status: {status}"),
            None => Ok(()),
        }
    }

    fn write_mapping(&self, out: &mut String) -> std::fmt::Result {
        let m = &self.mapping;
        if m.numbers == Numbers::String {
            writeln!(out, "numbers: string")?;
        }
        if m.nulls == Nulls::Absent {
            writeln!(out, "nulls: absent")?;
        }
        if m.unknown == Unknown::Ignore {
            writeln!(out, "unknown: ignore")?;
        }
        for (name, value, usual) in
            [("flatten", m.flatten, true), ("lenient", m.lenient, false), ("strict", m.strict, false), ("raw_xml", m.raw_xml, true)]
        {
            if value != usual {
                writeln!(out, "{name}: {value}")?;
            }
        }
        Ok(())
    }

    fn write_headers(&self, out: &mut String) -> std::fmt::Result {
        if self.headers.is_empty() {
            return Ok(());
        }
        out.push_str(HEADERS_NOTE);
        writeln!(out, "headers:")?;
        for (name, rule) in &self.headers {
            let value = match &rule.part {
                HeaderPart::Caller => "caller".to_owned(),
                HeaderPart::Secret => "secret".to_owned(),
                HeaderPart::Omit => "omit".to_owned(),
                HeaderPart::Constant(value) => format!("{{ constant: {value} }}"),
                HeaderPart::ApiSecret(SecretSource::Variable(variable)) => format!("{{ secret_env: {} }}", scalar(variable)),
                HeaderPart::ApiSecret(SecretSource::File(path)) => format!("{{ secret_file: {} }}", scalar(path)),
                HeaderPart::ApiSecret(SecretSource::Sealed(name)) => format!("{{ secret: {} }}", scalar(name)),
            };
            writeln!(out, "  {}: {value}", scalar(name))?;
        }
        Ok(())
    }

    fn write_resources(&self, out: &mut String, derived: &[&Resource]) -> std::fmt::Result {
        if !self.resources.is_empty() {
            writeln!(out, "resources:")?;
        }
        for r in &self.resources {
            r.write(out)?;
        }
        write_derived(out, self.resources.is_empty(), derived)
    }
}

/// What a file says at its end of the resources that come from the WSDL: `alone` where it has no others.
pub fn derived_notes(alone: bool, derived: &[&Resource]) -> String {
    let mut out = String::new();
    let _infallible = write_derived(&mut out, alone, derived);
    out
}

fn write_derived(out: &mut String, alone: bool, derived: &[&Resource]) -> std::fmt::Result {
    if derived.is_empty() {
        return Ok(());
    }
    if alone {
        writeln!(out, "# These resources come from the WSDL by themselves. To change one, take it over:")?;
        writeln!(out, "# resources:")?;
    } else {
        writeln!(out, "# These come from the WSDL by themselves:")?;
    }
    for d in derived {
        writeln!(out, "#   - {}: {}", d.method.key(), scalar(&d.path))?;
        writeln!(out, "#     operation: {}", scalar(&d.operation))?;
        // Only what the operation's name does not say: that is what a resource must repeat to take its place.
        let namesakes = || derived.iter().filter(|o| o.operation == d.operation);
        if let Some(port_type) = d.port_type.as_ref().filter(|p| namesakes().any(|o| o.port_type.as_ref() != Some(p))) {
            writeln!(out, "#     port_type: {}", scalar(port_type))?;
        }
        if let Some(port) = &d.port {
            writeln!(out, "#     port: {}", scalar(port))?;
        }
        if d.overload > 0 {
            writeln!(out, "#     overload: {}", d.overload + 1)?;
        }
    }
    Ok(())
}

impl State {
    /// Its word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Prototype => "prototype",
            Self::Published => "published",
            Self::Blocked => "blocked",
            Self::Deprecated => "deprecated",
            Self::Retired => "retired",
        }
    }
}

impl Resource {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "  - {}: {}", self.method.key(), scalar(&self.path))?;
        writeln!(out, "    operation: {}", scalar(&self.operation))?;
        if self.overload > 0 {
            writeln!(out, "    overload: {}", self.overload + 1)?;
        }
        if let Some(mtom) = self.mtom {
            writeln!(out, "    mtom: {mtom}")?;
        }
        for (key, value) in [
            ("port_type", &self.port_type),
            ("port", &self.port),
            ("unwrap", &self.unwrap),
            ("sequence", &self.sequence),
            ("limit", &self.limit),
        ] {
            if let Some(value) = value {
                writeln!(out, "    {key}: {}", scalar(value))?;
            }
        }
        if let Some(cache) = self.cache {
            writeln!(out, "    cache: {}", cache.written())?;
        }
        for (key, value) in self.access.written() {
            writeln!(out, "    {key}: {value}")?;
        }
        if !self.scopes.is_empty() {
            writeln!(out, "    scope: {}", list(&self.scopes))?;
        }
        for (key, map) in [("query", &self.query), ("path_parameters", &self.path_parameters)] {
            if !map.is_empty() {
                let mut flow = Flow::default();
                for (name, pointer) in map {
                    flow.text(name, pointer);
                }
                writeln!(out, "    {key}: {}", flow.end())?;
            }
        }
        if self.safe != (self.method == Method::Get) {
            writeln!(out, "    safe: {}", self.safe)?;
        }
        if !self.faults.is_empty() {
            let mut flow = Flow::default();
            for (name, status) in &self.faults {
                flow.raw(name, &status.to_string());
            }
            writeln!(out, "    faults: {}", flow.end())?;
        }
        Ok(())
    }
}

/// What stands above `headers`.
pub(super) const HEADERS_NOTE: &str = "\
# Who gives the SOAP headers of requests: caller, secret (the caller, never shown), omit, { constant: … }, { secret_env: NAME }
# or { secret_file: PATH }; `Operation/part` is for one operation.
";

/// A flow map that is being written.
#[derive(Default)]
pub(super) struct Flow(Vec<String>);

impl Flow {
    pub(super) fn raw(&mut self, key: &str, value: &str) {
        self.0.push(format!("{}: {value}", scalar(key)));
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &scalar(value));
    }

    pub(super) fn optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn end(self) -> String {
        format!("{{ {} }}", self.0.join(", "))
    }
}

pub(super) fn list(items: &[String]) -> String {
    let items: Vec<_> = items.iter().map(|i| scalar(i)).collect();
    format!("[{}]", items.join(", "))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text as a plain scalar where no reader could take it for something else, also in flow style; else in double quotes.
pub(super) fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-.".contains(&b))
        && !matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain { text.to_owned() } else { quoted(text) }
}

/// A text in double quotes: JSON's escapes are YAML's too.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::SourceId;

    fn read(text: &str) -> ApiDefinition {
        let (definition, diagnostics) = ApiDefinition::parse(SourceId(0), text);
        definition.unwrap_or_else(|| panic!("{diagnostics:?}\n{text}"))
    }

    #[test]
    fn what_equals_a_default_is_not_written() {
        let mut definition = ApiDefinition::named("Countries");
        definition.source.wsdl = "wsdl/service.wsdl".to_owned();
        let text = definition.to_yaml(&[&Resource::new(Method::Post, "/GetCountry", "GetCountry")]);
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "version: 1",
                "api: { name: Countries }",
                "source: { wsdl: wsdl/service.wsdl }",
                "# These resources come from the WSDL by themselves. To change one, take it over:",
                "# resources:",
                "#   - post: /GetCountry",
                "#     operation: GetCountry",
            ]
        );
        assert_eq!(read(&text), definition);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(name in "\\PC{1,40}", url in "https?://[a-z]{1,9}(:[0-9]{1,4})?/[!-~&&[^#@]]{0,20}", pointer in "/\\PC{0,20}") {
            let mut definition = ApiDefinition::named(&name);
            definition.source.wsdl = "wsdl/a b.wsdl".to_owned();
            definition.api.context = "/x".to_owned();
            definition.endpoint.url = Some(url);
            let mut resource = Resource::new(Method::Get, "/a/{b}", name.clone());
            resource.query.insert(name.clone(), pointer);
            resource.faults.insert(name.clone(), 404);
            resource.safe = true;
            definition.resources.push(resource);
            let constant = HeaderPart::Constant(serde_json::json!({"a": [1, "x"], "b": serde_json::from_str::<serde_json::Number>("12.50").unwrap()}));
            for (key, part) in [
                ("", constant),
                ("a", HeaderPart::ApiSecret(SecretSource::Variable("A.b-C_1".to_owned()))),
                ("b", HeaderPart::ApiSecret(SecretSource::File(name.clone()))),
                ("s", HeaderPart::ApiSecret(SecretSource::Sealed("orders.pw".to_owned()))),
                ("c", HeaderPart::Omit),
            ] {
                definition.headers.insert(format!("{name}{key}"), HeaderRule { part, span: None });
            }
            let mut again = read(&definition.to_yaml(&[]));
            again.resources.iter_mut().for_each(|r| r.span = None);
            again.headers.values_mut().for_each(|r| r.span = None);
            prop_assert_eq!(again, definition);
        }
    }
}
