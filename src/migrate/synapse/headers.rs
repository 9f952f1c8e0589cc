//! `header` and `property`: fields of the messages, settings of the transport, values that are kept.

use roxmltree::Node;
use serde_json::{Value, json};

use super::convert::{Converter, Known, Message};
use super::expr::{Ex, From};
use super::steps::Step;
use super::text::Text;
use crate::net::fields;
use crate::sequence::expr::Path;
use crate::xml::document::Unqualified;
use crate::xml::writer::is_ncname;

/// Settings of Synapse's transport that Castile decides by itself.
const TRANSPORT: [&str; 18] = [
    "ContentType",
    "messageType",
    "DISABLE_CHUNKING",
    "FORCE_HTTP_1.0",
    "NO_ENTITY_BODY",
    "FORCE_POST_PUT_NOBODY",
    "NO_KEEPALIVE",
    "DISABLE_SMOOKS",
    "CHARACTER_SET_ENCODING",
    "setCharacterEncoding",
    "PRESERVE_WS_ADDRESSING",
    "disableAddressingForOutMessages",
    "OUT_ONLY",
    "ClientApiNonBlocking",
    "POST_TO_URI",
    "COPY_CONTENT_LENGTH_FROM_INCOMING",
    "FORCE_CONTENT_LENGTH",
    "FAULTS_AS_HTTP_200",
];

impl Converter<'_, '_> {
    /// `<header name= scope= value= expression= action=>`
    pub(super) fn header(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let name = node.unqualified("name").unwrap_or_default();
        if node.unqualified("scope") != Some("transport") {
            if name.to_ascii_lowercase().contains("security") {
                self.findings.hide(text.whole(node));
                let hint = "`endpoint: { auth: { wss: … } }`: docs/upstream-security.md";
                self.findings.fill_in(Some(text.span(node)), "WS-Security is set up beside the endpoint, not in a sequence", hint);
                return;
            }
            self.header_block(name, node, text, out);
            return;
        }
        self.field(name, node, text, out);
    }

    /// A block of the SOAP Header: one with a namespace, that holds a text.
    fn header_block(&mut self, name: &str, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let element = name.split_once(':').and_then(|(prefix, local)| Some((node.lookup_namespace_uri(Some(prefix))?, local)));
        let element = element.filter(|(uri, local)| is_ncname(local) && !uri.contains(['{', '}']));
        let makes = self.path == Path::Request && node.unqualified("action") != Some("remove");
        let Some((uri, local)) = element.filter(|_| makes && !node.children().any(|c| c.is_element())) else {
            let why = "a SOAP header that a sequence takes away, or that is more than a text in a namespace, is not carried over";
            self.lost(out, text, node, why);
            return;
        };
        match self.given(node, text) {
            Ok(Some(ex)) if is_credential(local) && matches!(ex.from, From::Constant(_)) => {
                self.findings.hide(text.value(node, "value"));
                let hint = "`set_soap_header` puts it there: keep it in `endpoint: { auth }`, or let callers send it";
                self.findings.fill_in(Some(text.span(node)), format!("the credential in the SOAP header `{local}` is not copied"), hint);
                out.push(Step::Comment(format!("a credential for the SOAP header `{local}` stood here")));
            }
            Ok(Some(ex)) => {
                let settings = json!({ "element": format!("{{{uri}}}{local}"), "value": ex.setting() });
                out.push(Step::Plain("set_soap_header", settings));
            }
            Ok(None) => self.lost(out, text, node, "a SOAP header without a value"),
            Err(why) => self.lost(out, text, node, why),
        }
    }

    /// A header field of HTTP.
    fn field(&mut self, name: &str, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let lower = name.to_ascii_lowercase();
        let removes = node.unqualified("action") == Some("remove");
        if lower == "soapaction" && self.path == Path::Request {
            match node.unqualified("value") {
                Some(value) => self.made.action = Some(value.trim_matches('"').to_owned()),
                None if removes => {}
                None => self.lost(out, text, node, "the SOAPAction is the WSDL's, whatever a sequence computes"),
            }
            return;
        }
        if !fields::is_name(&lower) {
            self.lost(out, text, node, "this is not the name of a header field");
            return;
        }
        let is_free = match self.path {
            Path::Request => fields::may_be_added(&lower) && !matches!(&*lower, "x-jwt-assertion" | "x-request-id"),
            Path::Response | Path::Fault => fields::may_be_returned(&lower),
        };
        if !is_free {
            let why = format!("the gateway writes the field `{lower}` itself, or it is of one connection");
            self.findings.different(Some(text.span(node)), why);
            return;
        }
        if removes {
            out.push(Step::Plain("remove_header", Value::from(name)));
            return;
        }
        match self.given(node, text) {
            Ok(Some(ex)) => {
                if is_credential(&lower) && matches!(ex.from, From::Constant(_)) {
                    self.secret(&lower, node, text, out);
                    return;
                }
                out.push(Step::Plain("set_header", json!({ "name": name, "value": ex.setting() })));
            }
            Ok(None) => self.lost(out, text, node, "a field without a value"),
            Err(why) => self.lost(out, text, node, why),
        }
    }

    /// A credential that stands in the sequence: nobody is shown it, and it is not copied.
    fn secret(&mut self, name: &str, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        self.findings.hide(text.value(node, "value"));
        let hint = format!(
            "`endpoint: {{ auth: {{ header: {{ name: {name}, value_env: VARIABLE }} }} }}` sends it; for `Basic …` there is `basic`"
        );
        self.findings.fill_in(Some(text.span(node)), format!("the credential in `{name}` is not copied"), hint);
        out.push(Step::Comment(format!("a credential for `{name}` stood here: it belongs into `endpoint.auth` of api.yaml")));
    }

    /// `<property name= scope= value= expression= action= type=>`
    pub(super) fn property(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let name = node.unqualified("name").unwrap_or_default();
        match node.unqualified("scope").unwrap_or("default") {
            "transport" => self.field(name, node, text, out),
            "axis2" | "axis2-client" => self.transport(name, node, text, out),
            "default" | "synapse" => self.keep(name, node, text, out),
            scope => {
                let why = format!("properties of the scope `{}` have no counterpart", scope.escape_debug());
                self.lost(out, text, node, why);
            }
        }
    }

    /// A setting of Synapse's transport.
    fn transport(&mut self, name: &str, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let value = node.unqualified("value").unwrap_or_default();
        let removes = node.unqualified("action") == Some("remove");
        match name {
            "messageType" | "ContentType" => {
                let is_json = value.contains("json");
                self.is_json |= is_json;
                if self.path != Path::Request && !is_json && !removes {
                    self.lost(out, text, node, "answers of REST resources are JSON");
                }
            }
            "HTTP_SC" => self.status(node, text, out),
            "REST_URL_POSTFIX" if removes => {}
            "REST_URL_POSTFIX" => self.lost(out, text, node, "the service is called at its own address, without a path behind it"),
            "HTTP_METHOD" if value == "POST" => {}
            "TRANSPORT_HEADERS" if removes => {
                let why = "no field of callers reaches the service but those in `endpoint.forward_headers`";
                self.findings.different(Some(text.span(node)), why);
            }
            _ if TRANSPORT.contains(&name) => {}
            _ => {
                let why = format!("the setting `{}` of the transport has no counterpart", name.escape_debug());
                self.lost(out, text, node, why);
            }
        }
    }

    fn status(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let given = self.given(node, text);
        let number = match &given {
            Ok(Some(Ex { from: From::Constant(text), .. })) => text.trim().parse::<u16>().ok(),
            _ => None,
        };
        let least = if self.path == Path::Fault { 400 } else { 200 };
        let Some(status) = number.filter(|s| (200..=599).contains(s)) else {
            self.lost(out, text, node, "a status that is only known at call time, or is none, has no counterpart");
            return;
        };
        self.status = Some(status);
        match self.path {
            Path::Request => {}
            _ if status < least => self.lost(out, text, node, "the answer to a fault has a status from 400 on"),
            Path::Response | Path::Fault => out.push(Step::Plain("set_status", json!(status))),
        }
    }

    /// A value that is kept.
    fn keep(&mut self, name: &str, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        if matches!(name, "RESPONSE" | "OUT_ONLY" | "FORCE_ERROR_ON_SOAP_FAULT" | "preserveProcessedHeaders") {
            return;
        }
        if name.starts_with("uri.var.") && self.path == Path::Request {
            self.lost(out, text, node, "the service's address is not made of parts");
            return;
        }
        if name.is_empty() || name.len() > 100 {
            self.lost(out, text, node, "a property has a name of at most 100 bytes");
            return;
        }
        if node.unqualified("action") == Some("remove") {
            self.properties.remove(name);
            return;
        }
        if node.children().any(|c| c.is_element()) {
            self.properties.insert(name.to_owned(), Known::Set);
            self.lost(out, text, node, "a property that is XML has no counterpart");
            return;
        }
        match self.given(node, text) {
            Ok(Some(ex)) => {
                if is_credential(&name.to_ascii_lowercase()) && matches!(ex.from, From::Constant(_)) {
                    self.secret(name, node, text, out);
                    return;
                }
                let value = match (&ex.from, node.unqualified("type")) {
                    (From::Constant(text), Some("INTEGER" | "LONG" | "DOUBLE" | "FLOAT" | "SHORT")) if super::expr::is_number(text) => {
                        serde_json::from_str(text).unwrap_or_else(|_| Value::from(ex.setting()))
                    }
                    (From::Constant(text), Some("BOOLEAN")) => Value::Bool(text == "true"),
                    _ => Value::from(ex.setting()),
                };
                out.push(Step::Property { name: name.to_owned(), value });
                let known = match (self.branches, self.message) {
                    (0, _) => Known::Value(ex, self.payloads),
                    (_, Message::Caller | Message::Reply | Message::Fault | Message::Made) => Known::Set,
                };
                self.properties.insert(name.to_owned(), known);
            }
            Ok(None) => self.lost(out, text, node, "a property without a value"),
            Err(why) => self.lost(out, text, node, why),
        }
    }
}

/// Does a name say that its value is a credential?
pub(super) fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["authorization", "password", "passwd", "secret", "apikey", "api-key", "api_key", "token", "credential", "licensekey"]
        .iter()
        .any(|w| name.contains(w))
}
