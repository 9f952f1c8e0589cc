//! `wsdl:binding` with the SOAP, HTTP and MIME extensions (WSDL 1.1, 2.5 and 3–5; WSDL 1.1 binding for SOAP 1.2).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use roxmltree::Node;

use super::{Document, Reader, children, documentation, is_soap, text};
use crate::diagnostic::{Diagnostic, Severity};
use crate::wsdl::codes;
use crate::wsdl::model::{
    Binding, BindingFault, BindingId, BindingMessage, BindingOperation, MessageId, Operation, PortTypeId, Protocol, SoapBody, SoapHeader,
    Style, Use,
};
use crate::xml::document::Unqualified as _;
use crate::xml::ns;

/// Operations of one name that are told apart.
const MAX_OVERLOADS: usize = 100;

impl Reader {
    pub(super) fn binding<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) {
        let name = document.name(node);
        let id = BindingId(self.definitions.bindings.len());
        if !self.bindings.insert(&name, id) {
            return self.duplicate(document, node, &name);
        }
        let port_type = self.find(document, node, "type", (&codes::UNDECLARED_PORT_TYPE, "port type"), |r| &r.port_types);
        let (protocol, extension) = protocol(node);
        if matches!(protocol, Protocol::Http(_) | Protocol::Other(_)) {
            let message = match &protocol {
                Protocol::Http(verb) => format!("the binding `{}` is for HTTP {verb}; its operations are not published", name.local()),
                Protocol::Other(Some(by)) if extension.is_some_and(is_soap_extension) => {
                    format!(
                        "the binding `{}` carries SOAP by another transport than HTTP ({by}); its operations are not published",
                        name.local()
                    )
                }
                _ => format!("the binding `{}` is not for SOAP 1.1 or 1.2; its operations are not published", name.local()),
            };
            self.report(Diagnostic::new(Severity::Note, &codes::NOT_SOAP, message).at(document.span(node)));
        }
        let style = extension.map_or(Style::Document, |e| self.style(document, e).unwrap_or(Style::Document));
        let mut taken = HashSet::new();
        let operations = children(node, "operation").map(|o| self.binding_operation(document, o, port_type, style, &mut taken)).collect();
        self.definitions.bindings.push(Binding {
            name,
            port_type,
            protocol,
            transport: extension.and_then(|e| text(e, "transport")),
            operations,
            documentation: documentation(node),
            span: document.span(node),
        });
    }

    fn binding_operation<'d>(
        &mut self,
        document: &Document<'d>,
        node: Node<'d, 'd>,
        port_type: Option<PortTypeId>,
        style: Style,
        taken: &mut HashSet<usize>,
    ) -> BindingOperation {
        let name = node.unqualified("name").unwrap_or("").trim();
        let soap = node.children().find(|c| is_soap(*c, "operation"));
        let operation = port_type.and_then(|p| self.operation_of(document, node, name, p, taken));
        let messages = |which: fn(&Operation) -> Option<MessageId>| -> Option<MessageId> {
            let port_type = self.definitions.port_types.get(port_type?.0)?;
            which(port_type.operations.get(operation?)?)
        };
        let input_message = messages(|o| o.input.as_ref().and_then(|m| m.message));
        let output_message = messages(|o| o.output.as_ref().and_then(|m| m.message));
        let style = soap.and_then(|s| self.style(document, s)).unwrap_or(style);
        let input = children(node, "input").next().map(|m| self.binding_message(document, m, input_message));
        let output = children(node, "output").next().map(|m| self.binding_message(document, m, output_message));
        BindingOperation {
            name: Arc::from(name),
            operation,
            soap_action: soap.and_then(|s| self.soap_action(document, s)),
            style,
            input,
            output,
            faults: children(node, "fault").map(|f| self.binding_fault(document, f)).collect(),
            span: document.span(node),
        }
    }

    /// `soapAction`. It travels in a header field, which could be ended by what it holds.
    fn soap_action<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) -> Option<Arc<str>> {
        let action = node.unqualified("soapAction")?.trim();
        let Some(control) = action.chars().find(|c| c.is_control()) else { return Some(Arc::from(action)) };
        let message =
            format!("`soapAction` holds the control character U+{:04X}; the operation is called without an action", u32::from(control));
        self.warn(&codes::BAD_VALUE, message, document.span(node));
        None
    }

    /// Which operation of the port type is bound. Overloads are told apart by the names of input and output, given or default.
    fn operation_of<'d>(
        &mut self,
        document: &Document<'d>,
        node: Node<'d, 'd>,
        name: &str,
        port_type: PortTypeId,
        taken: &mut HashSet<usize>,
    ) -> Option<usize> {
        let operations = &self.definitions.port_types.get(port_type.0)?.operations;
        let by_name = self.operations.entry(port_type).or_insert_with(|| {
            let mut by_name: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
            for (i, o) in operations.iter().enumerate() {
                let overloads = by_name.entry(o.name.clone()).or_default();
                if overloads.len() < MAX_OVERLOADS {
                    overloads.push(i);
                }
            }
            by_name
        });
        let candidates = by_name.get(name).cloned().unwrap_or_default();
        let [first, rest @ ..] = candidates.as_slice() else {
            let near = self.near(name, || operations.iter().map(|o| &*o.name));
            let message = format!("the port type has no operation `{name}`");
            let mut d = Diagnostic::new(Severity::Warning, &codes::UNDECLARED_OPERATION, message).at(document.span(node));
            d.hint = near;
            self.report(d);
            return None;
        };
        if rest.is_empty() {
            return Some(*first);
        }
        let written = |local| children(node, local).next().and_then(|m| m.unqualified("name")).map(str::trim);
        let (input, output) = (written("input"), written("output"));
        let fits = |i: &usize, with_output: bool| {
            let o = &operations[*i];
            let same = |given: Option<&str>, own: Option<&str>, default: String| given.is_none_or(|g| g == own.unwrap_or(&default));
            let one_way = o.output.is_none();
            same(input, o.input.as_ref().and_then(|m| m.name.as_deref()), if one_way { name.to_owned() } else { format!("{name}Request") })
                && (!with_output || same(output, o.output.as_ref().and_then(|m| m.name.as_deref()), format!("{name}Response")))
        };
        let free = || candidates.iter().filter(|i| !taken.contains(i));
        let told = input.is_some() || output.is_some();
        let chosen = free().find(|i| told && fits(i, true)).or_else(|| free().find(|i| told && fits(i, false)));
        let chosen = match chosen {
            Some(chosen) => *chosen,
            None => {
                let chosen = free().next().copied().unwrap_or(*first);
                let message = format!("`{name}` is overloaded, and the names of input and output here are none of the port type's");
                self.warn(&codes::AMBIGUOUS_OVERLOAD, message, document.span(node));
                chosen
            }
        };
        taken.insert(chosen);
        Some(chosen)
    }

    /// `wsdl:input` or `wsdl:output` of a binding.
    fn binding_message<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>, message: Option<MessageId>) -> BindingMessage {
        let body = node.descendants().find(|n| is_soap(*n, "body")).map(|n| self.body(document, n, message));
        let headers = node.descendants().filter(|n| is_soap(*n, "header")).collect::<Vec<_>>();
        let headers = headers.into_iter().map(|h| self.header(document, h)).collect();
        let mut mime_parts: Vec<(Arc<str>, Vec<Arc<str>>)> = Vec::new();
        for content in node.descendants().filter(|n| n.has_tag_name((ns::WSDL_MIME, "content"))) {
            let Some(part) = text(content, "part") else { continue };
            self.check_part(document, content, message, &part);
            let media_type = text(content, "type");
            match mime_parts.iter_mut().find(|(p, _)| *p == part) {
                Some((_, types)) => types.extend(media_type),
                None => mime_parts.push((part, media_type.into_iter().collect())),
            }
        }
        BindingMessage {
            body,
            headers,
            multipart: node.descendants().any(|n| n.has_tag_name((ns::WSDL_MIME, "multipartRelated"))),
            mime_parts,
        }
    }

    fn body<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>, message: Option<MessageId>) -> SoapBody {
        let parts: Option<Vec<Arc<str>>> = node.unqualified("parts").map(|p| p.split_ascii_whitespace().map(Arc::from).collect());
        for part in parts.iter().flatten() {
            self.check_part(document, node, message, part);
        }
        SoapBody { parts, use_: self.use_(document, node), namespace: text(node, "namespace"), encoding_style: text(node, "encodingStyle") }
    }

    /// `soap:header` or `soap:headerfault`.
    fn header<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) -> SoapHeader {
        let message = self.find(document, node, "message", (&codes::UNDECLARED_MESSAGE, "message"), |r| &r.messages);
        let part: Arc<str> = text(node, "part").unwrap_or_default();
        self.check_part(document, node, message, &part);
        let header_faults = node.children().filter(|c| is_soap(*c, "headerfault")).map(|f| self.header(document, f)).collect();
        SoapHeader { message, part, use_: self.use_(document, node), header_faults, span: document.span(node) }
    }

    fn binding_fault<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) -> BindingFault {
        let soap = node.children().find(|c| is_soap(*c, "fault"));
        let name = text(node, "name").or_else(|| soap.and_then(|s| text(s, "name"))).unwrap_or_default();
        BindingFault { name, use_: soap.map_or(Use::Literal, |s| self.use_(document, s)) }
    }

    /// Says where a part that the binding names is not in the message.
    fn check_part<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>, message: Option<MessageId>, part: &str) {
        let Some(message) = message.and_then(|m| self.definitions.messages.get(m.0)) else { return };
        if message.parts.iter().any(|p| &*p.name == part) {
            return;
        }
        let text = format!("the message `{}` has no part `{part}`", message.name.local());
        let mut d = Diagnostic::new(Severity::Warning, &codes::UNKNOWN_PART, text).at(document.span(node));
        d.hint = self.near(part, || message.parts.iter().map(|p| &*p.name));
        self.report(d);
    }

    fn style<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) -> Option<Style> {
        match node.unqualified("style").map(str::trim)? {
            "document" => Some(Style::Document),
            "rpc" => Some(Style::Rpc),
            other => {
                self.warn(&codes::BAD_VALUE, format!("`style` is `{other}`, not document or rpc"), document.span(node));
                None
            }
        }
    }

    fn use_<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) -> Use {
        match node.unqualified("use").map(str::trim) {
            None | Some("literal" | "") => Use::Literal,
            Some("encoded") => Use::Encoded,
            Some(other) => {
                self.warn(&codes::BAD_VALUE, format!("`use` is `{other}`, not literal or encoded"), document.span(node));
                Use::Literal
            }
        }
    }
}

fn is_soap_extension(element: Node<'_, '_>) -> bool {
    matches!(element.tag_name().namespace(), Some(ns::WSDL_SOAP11 | ns::WSDL_SOAP12))
}

/// Is a transport HTTP? All but those whose address has a word of another: toolkits write HTTP's in many ways, and some leave it out.
fn is_http(transport: &str) -> bool {
    const OTHERS: [&str; 9] = ["jms", "soapjms", "tcp", "msmq", "pipe", "udp", "smtp", "amqp", "xmpp"];
    transport.split(|c: char| !c.is_ascii_alphanumeric()).all(|word| !OTHERS.iter().any(|o| word.eq_ignore_ascii_case(o)))
}

/// The protocol of a binding, with the element that says it.
fn protocol<'d>(node: Node<'d, 'd>) -> (Protocol, Option<Node<'d, 'd>>) {
    let is_binding = |c: &Node<'_, '_>| c.is_element() && c.tag_name().name() == "binding" && c.tag_name().namespace() != Some(ns::WSDL);
    let is_known = |c: &Node<'_, '_>| matches!(c.tag_name().namespace(), Some(ns::WSDL_SOAP11 | ns::WSDL_SOAP12 | ns::WSDL_HTTP));
    // Toolkits put elements of their own called `binding` beside the one that says the protocol.
    let extension = node.children().filter(is_binding).find(is_known).or_else(|| node.children().find(is_binding));
    let other_transport = extension.filter(|e| is_soap_extension(*e)).and_then(|e| text(e, "transport")).filter(|t| !is_http(t));
    let protocol = match extension.and_then(|e| e.tag_name().namespace()) {
        Some(ns::WSDL_SOAP11 | ns::WSDL_SOAP12) if other_transport.is_some() => Protocol::Other(other_transport),
        Some(ns::WSDL_SOAP11) => Protocol::Soap11,
        Some(ns::WSDL_SOAP12) => Protocol::Soap12,
        Some(ns::WSDL_HTTP) => Protocol::Http(extension.and_then(|e| text(e, "verb")).unwrap_or_else(|| Arc::from("GET"))),
        Some(other) => Protocol::Other(Some(Arc::from(other))),
        None => Protocol::Other(None),
    };
    (protocol, extension)
}
