//! Operations: bindings → [`OperationPlan`]s. WSDL 1.1 sections 2.4–2.8 and 3.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Compiler, codes};
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::node::{
    Annotations, AttachmentSlot, Body, ElementId, FaultPlan, MessagePlan, OperationPlan, Pattern, Slot, SoapVersion, TypeId,
};
use crate::schema::SchemaSet;
use crate::wsdl::Definitions;
use crate::wsdl::model::{
    Binding, BindingId, BindingMessage, BindingOperation, MessageId, Operation, OperationMessage, Part, PartKind, PortType, Protocol,
    Service, Style, Use,
};
use crate::xml::QName;

/// Operations of all ports that are compiled.
const MAX_OPERATIONS: usize = 10_000;
/// `soap:header` and `soap:headerfault` of one of them.
const MAX_HEADERS: usize = 1_000;
/// Parts of their messages, and members of the substitution groups that these admit.
pub(super) const MAX_SLOTS: usize = 2_000_000;

/// The place of a binding in the WSDL: a port of a service, or none.
#[derive(Clone, Copy)]
struct At<'a> {
    service: Option<&'a Service>,
    port: Option<&'a crate::wsdl::model::Port>,
    binding: BindingId,
}

impl Compiler<'_> {
    /// All operations of SOAP bindings: the ports' in the order of the services, then those of bindings that no port names.
    pub(super) fn operations(&mut self) {
        let definitions = self.definitions;
        let mut places = Vec::new();
        let mut bound = HashSet::new();
        for service in &definitions.services {
            for port in &service.ports {
                places.push(At { service: Some(service), port: Some(port), binding: port.binding });
                bound.insert(port.binding.0);
            }
        }
        for i in 0..definitions.bindings.len() {
            if !bound.contains(&i) {
                places.push(At { service: None, port: None, binding: BindingId(i) });
            }
        }
        for at in places {
            self.binding(at);
        }
        if self.operations_left_out > 0 {
            let text = format!("{} operations are left out: messages and ports multiply beyond what is compiled", self.operations_left_out);
            self.diagnostics.push(Diagnostic::new(Severity::Warning, &codes::TOO_MANY_OPERATIONS, text));
        }
    }

    fn binding(&mut self, at: At<'_>) {
        let definitions = self.definitions;
        let binding = definitions.binding(at.binding);
        let version = match &binding.protocol {
            Protocol::Soap11 => SoapVersion::Soap11,
            Protocol::Soap12 => SoapVersion::Soap12,
            // Reported by whoever lists what an import leaves out.
            Protocol::Http(_) | Protocol::Other(_) => return,
        };
        let Some(port_type) = binding.port_type.map(|p| definitions.port_type(p)) else {
            return;
        };
        let mut seen: HashMap<&str, u32> = HashMap::new();
        for (index, bound) in binding.operations.iter().enumerate() {
            let Some(operation) = bound.operation.and_then(|i| port_type.operations.get(i)) else {
                continue;
            };
            let overload = seen.entry(&bound.name).and_modify(|n| *n += 1).or_insert(0);
            if self.program.operations.len() >= MAX_OPERATIONS || !self.fits(bound, operation) {
                self.operations_left_out += 1;
                continue;
            }
            let made = self.operation(at, binding, port_type, (index, bound), operation, version, *overload);
            self.program.operations.extend(made);
        }
    }

    /// Counts the parts of an operation's messages with what they admit; says whether there was room for them.
    fn fits(&mut self, bound: &BindingOperation, operation: &Operation) -> bool {
        let definitions = self.definitions;
        let of_part = |part: &Part| match &part.kind {
            PartKind::Element(_, Some(e)) => 1 + self.program.element(ElementId(e.0)).members.len(),
            PartKind::Element(_, None) | PartKind::Type(..) | PartKind::Neither => 1,
        };
        let messages = operation.input.iter().chain(&operation.output).chain(&operation.faults).filter_map(|m| m.message);
        let in_messages: usize = messages.flat_map(|m| &definitions.message(m).parts).map(of_part).sum();
        let headers = bound.input.iter().chain(&bound.output).flat_map(|m| &m.headers);
        let headers: Vec<_> = headers.flat_map(|h| std::iter::once(h).chain(&h.header_faults)).take(MAX_HEADERS + 1).collect();
        // Each is looked for among the parts of its message.
        let in_headers: usize =
            headers.iter().filter_map(|h| h.message).map(|m| definitions.message(m).parts.iter().map(of_part).sum::<usize>()).sum();
        if headers.len() > MAX_HEADERS {
            return false;
        }
        let left = self.slots_left.checked_sub(in_messages.saturating_add(in_headers));
        self.slots_left = left.unwrap_or(self.slots_left);
        left.is_some()
    }

    #[allow(clippy::too_many_arguments, reason = "the levels of a WSDL that an operation stands on")]
    fn operation(
        &mut self,
        at: At<'_>,
        binding: &Binding,
        port_type: &PortType,
        (index, bound): (usize, &BindingOperation),
        operation: &Operation,
        version: SoapVersion,
        overload: u32,
    ) -> Option<OperationPlan> {
        for (what, message) in [("request", &operation.input), ("reply", &operation.output)] {
            if let Some(m) = message.as_ref().filter(|m| m.message.is_none()) {
                let text = format!(
                    "the {what} of operation {} goes by the generic rules, unchecked: its message is defined nowhere",
                    operation.name
                );
                self.diagnostics.push(Diagnostic::new(Severity::Warning, &codes::UNDEFINED_MESSAGE, text).at(m.span));
            }
        }
        let pattern = match (&operation.input, &operation.output) {
            (Some(_), Some(_)) if operation.output_first => Pattern::SolicitResponse,
            (Some(_), Some(_)) => Pattern::RequestResponse,
            (Some(_), None) => Pattern::OneWay,
            (None, Some(_)) => Pattern::Notification,
            (None, None) => return None,
        };
        let definitions = self.definitions;
        let mut input = operation.input.as_ref().map_or(MessagePlan::EMPTY, |m| self.message(m, bound.input.as_ref(), bound, ""));
        self.assign_headers(&operation.name, &mut input);
        let output: Option<MessagePlan> = operation.output.as_ref().map(|m| self.message(m, bound.output.as_ref(), bound, "Response"));
        let header_faults = self.header_faults(bound, output.as_ref());
        Some(OperationPlan {
            name: operation.name.clone(),
            overload,
            service: at.service.map(|s| s.name.local_arc().clone()),
            port: at.port.map(|p| p.name.clone()),
            binding: binding.name.local_arc().clone(),
            port_type: port_type.name.local_arc().clone(),
            version,
            soap_action: bound.soap_action.clone(),
            wsa_action: operation.input.as_ref().and_then(|m| m.action.clone()),
            action: definitions.action(port_type, operation, bound.soap_action.as_deref()),
            asks: super::asks::of(&definitions.asks(at.service, at.port, at.binding, index)),
            wsa_reply_action: operation.output.as_ref().and_then(|m| m.action.clone()),
            address: at.port.and_then(|p| p.address.clone()),
            safe: operation.safe,
            pattern,
            input,
            output,
            faults: self.faults(operation),
            header_faults,
            documentation: operation.documentation.clone(),
            annotations: Annotations {
                port_type: port_type.documentation.clone(),
                input: operation.input.as_ref().and_then(|m| annotation(definitions, m)),
                output: operation.output.as_ref().and_then(|m| annotation(definitions, m)),
            },
        })
    }

    /// One direction: what the binding says decides which parts stand in the Body and which in the Header.
    fn message(
        &mut self,
        message: &OperationMessage,
        bound: Option<&BindingMessage>,
        operation: &BindingOperation,
        suffix: &str,
    ) -> MessagePlan {
        let definitions = self.definitions;
        let id = message.message;
        let all: &[Part] = id.map_or(&[], |m| &definitions.message(m).parts);
        let body = bound.and_then(|b| b.body.as_ref());
        let mime: HashSet<&Arc<str>> = bound.iter().flat_map(|b| &b.mime_parts).map(|(name, _)| name).collect();
        let mut parts: Vec<&Part> = match body.map(|b| &b.parts) {
            Some(Some(names)) => {
                let names: HashSet<&Arc<str>> = names.iter().collect();
                all.iter().filter(|p| names.contains(&p.name)).collect()
            }
            Some(None) => all.iter().filter(|p| !mime.contains(&p.name)).collect(),
            None => all.iter().collect(),
        };
        let mut headers: Vec<Slot> = Vec::new();
        for header in bound.map_or(&[][..], |b| &b.headers) {
            if header.message == id && body.and_then(|b| b.parts.as_ref()).is_none_or(Vec::is_empty) {
                parts.retain(|p| p.name != header.part);
            }
            if let Some(part) = part_of(definitions, header.message, &header.part) {
                self.header(part, &mut headers);
            }
        }
        let in_body: HashSet<&Arc<str>> = parts.iter().map(|p| &p.name).collect();
        let attachments = all.iter().filter(|p| mime.contains(&p.name) && !in_body.contains(&p.name));
        let attachments = attachments.map(|p| attachment(p, bound)).collect();
        let encoded = body.is_some_and(|b| b.use_ == Use::Encoded);
        let mut slots: Vec<Slot> = parts.into_iter().map(|p| self.slot(p)).collect();
        let wrapper = (operation.style == Style::Rpc).then(|| {
            let namespace = body.and_then(|b| b.namespace.clone());
            self.name(&QName::with_optional(namespace, format!("{}{suffix}", operation.name)))
        });
        let body = match wrapper {
            _ if id.is_none() => Body::Undefined { wrapper },
            Some(wrapper) => Body::Rpc { wrapper, parts: slots },
            None if slots.len() > 1 => Body::Parts(slots),
            None => slots.pop().map_or(Body::Empty, Body::Element),
        };
        MessagePlan { body, encoded, headers, fixed_headers: Vec::new(), attachments }
    }

    pub(super) fn slot(&mut self, part: &Part) -> Slot {
        let (tag, element, type_) = match &part.kind {
            PartKind::Element(name, element) => {
                let element = element.map(|e| ElementId(e.0));
                let type_ = element.map_or(TypeId(SchemaSet::ANY_TYPE.0), |e| self.program.element(e).type_);
                (self.name(name), element, type_)
            }
            PartKind::Type(_, id) => (self.name(&QName::local_only(part.name.clone())), None, TypeId(id.unwrap_or(SchemaSet::ANY_TYPE).0)),
            PartKind::Neither => (self.name(&QName::local_only(part.name.clone())), None, TypeId(SchemaSet::ANY_TYPE.0)),
        };
        let declaration = element.map(|e| self.program.element(e));
        let members = match (element, declaration) {
            (Some(e), Some(d)) if !d.members.is_empty() => {
                (!d.is_abstract).then_some(e).into_iter().chain(d.members.iter().copied()).collect()
            }
            _ => Vec::new(),
        };
        Slot {
            key: part.name.clone(),
            tag,
            element,
            type_,
            nillable: declaration.is_none_or(|d| d.nillable),
            members,
            secret: false,
            documentation: part.documentation.clone(),
        }
    }

    fn faults(&mut self, operation: &Operation) -> Vec<FaultPlan> {
        let definitions = self.definitions;
        let mut out = Vec::new();
        for fault in &operation.faults {
            let parts: &[Part] = fault.message.map_or(&[], |m| &definitions.message(m).parts);
            for part in parts {
                let name: Arc<str> = fault.name.clone().unwrap_or_else(|| part.name.clone());
                let status = self
                    .settings
                    .fault_statuses
                    .get(&(operation.name.clone(), name.clone()))
                    .copied()
                    .unwrap_or(super::DEFAULT_FAULT_STATUS);
                out.push(FaultPlan { name, detail: self.slot(part), status, documentation: annotation(definitions, fault) });
            }
        }
        out
    }
}

/// A part that `mime:content` binds; `*/*` says nothing.
fn attachment(part: &Part, bound: Option<&BindingMessage>) -> AttachmentSlot {
    let types = bound.and_then(|b| b.mime_parts.iter().find(|(name, _)| *name == part.name)).map_or(&[][..], |(_, types)| types);
    AttachmentSlot {
        key: part.name.clone(),
        types: types.iter().filter(|t| ***t != *"*/*").cloned().collect(),
        documentation: part.documentation.clone(),
    }
}

pub(super) fn part_of<'a>(definitions: &'a Definitions, message: Option<MessageId>, name: &str) -> Option<&'a Part> {
    definitions.message(message?).parts.iter().find(|p| &*p.name == name)
}

/// What people wrote about an input, an output or a fault, and about its message.
fn annotation(definitions: &Definitions, message: &OperationMessage) -> Option<Arc<str>> {
    let of_message = message.message.and_then(|m| definitions.message(m).documentation.clone());
    match (message.documentation.clone(), of_message) {
        (Some(one), Some(other)) if one != other => Some(format!("{one}\n\n{other}").into()),
        (one, other) => one.or(other),
    }
}
