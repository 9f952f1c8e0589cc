//! Every operation of every SOAP binding that a caller may begin, as raw SOAP finds it: also those that could not be mapped.

use std::sync::Arc;

use super::{BodyChild, PublishedResource, RawOperation, Rules, Wire};
use crate::plan::Program;
use crate::plan::asks::Asks;
use crate::plan::compile;
use crate::plan::node::{OperationPlan, SoapVersion};
use crate::schema::model::ElementId;
use crate::wsdl::Definitions;
use crate::wsdl::model::{Binding, BindingId, BindingOperation, Operation, Part, PartKind, Port, Protocol, Service, Style};
use crate::xml::QName;

/// The operations in the order of the ports, then those of bindings that no port names. `url` overrides the ports' addresses.
pub(super) fn raw_operations(
    definitions: &Definitions,
    program: &Program,
    url: Option<&str>,
    wire: &mut dyn FnMut(&Asks, &str) -> Wire,
) -> Vec<RawOperation> {
    let mut all = Vec::new();
    let mut bound = Vec::new();
    for service in &definitions.services {
        for port in &service.ports {
            bound.push(port.binding);
            of_binding(definitions, program, Some((service, port)), port.binding, url, wire, &mut all);
        }
    }
    for id in (0..definitions.bindings.len()).map(BindingId) {
        if !bound.contains(&id) {
            of_binding(definitions, program, None, id, url, wire, &mut all);
        }
    }
    all
}

fn of_binding(
    definitions: &Definitions,
    program: &Program,
    at: Option<(&Service, &Port)>,
    id: BindingId,
    url: Option<&str>,
    wire: &mut dyn FnMut(&Asks, &str) -> Wire,
    all: &mut Vec<RawOperation>,
) {
    let binding = definitions.binding(id);
    let version = match binding.protocol {
        Protocol::Soap11 => SoapVersion::Soap11,
        Protocol::Soap12 => SoapVersion::Soap12,
        Protocol::Http(_) | Protocol::Other(_) => return,
    };
    let service = at.map(|(s, _)| s.name.local_arc().clone());
    let port = at.map(|(_, p)| p.name.clone());
    let address = at.and_then(|(_, p)| p.address.clone());
    for (index, operation) in binding.operations.iter().enumerate() {
        let declared = declared(definitions, binding, operation);
        // Those are calls that the service makes: nothing could be sent to it.
        if declared.is_some_and(|d| d.input.is_none() || d.output_first) {
            continue;
        }
        let overload = binding.operations.iter().take(index).filter(|o| o.name == operation.name && o.operation.is_some()).count();
        let plan = program.operations.iter().position(|p| {
            p.name == operation.name
                && p.overload as usize == overload
                && p.version == version
                && p.binding == *binding.name.local_arc()
                && p.service == service
                && p.port == port
        });
        let asks = compile::asks::of(&definitions.asks(at.map(|(s, _)| s), at.map(|(_, p)| p), id, index));
        let url: Arc<str> = url.map_or_else(|| address.clone().unwrap_or_default(), Arc::from);
        all.push(RawOperation {
            name: operation.name.clone(),
            service: service.clone(),
            port: port.clone(),
            version,
            soap_action: operation.soap_action.clone(),
            wsa_action: declared.and_then(|d| d.input.as_ref()).and_then(|i| i.action.clone()),
            default_action: declared
                .zip(binding.port_type)
                .map_or_else(|| "".into(), |(d, p)| definitions.default_action(definitions.port_type(p), d)),
            body: body_child(definitions, operation, declared),
            wire: wire(&asks, &url),
            url,
            one_way: declared.is_some_and(|d| d.output.is_none()),
            plan,
            rules: Vec::new(),
        });
    }
}

/// Gives each operation the rules of the resources that call it too, as far as they ask for more than the API does: what is asked there is asked of
/// raw calls as well.
pub(super) fn bind_rules(operations: &mut [RawOperation], resources: &[PublishedResource], program: &Program, api: &Rules) {
    let is_same = |a: &OperationPlan, b: &OperationPlan| a.name == b.name && a.port_type == b.port_type && a.overload == b.overload;
    for raw in operations {
        let Some(plan) = raw.plan.and_then(|i| program.operations.get(i)) else { continue };
        let of_it = resources.iter().filter(|r| program.operations.get(r.operation).is_some_and(|p| is_same(p, plan)));
        for more in of_it.filter_map(|r| r.rules.beyond(api)) {
            if !raw.rules.contains(&more) {
                raw.rules.push(more);
            }
        }
    }
}

fn declared<'a>(definitions: &'a Definitions, binding: &Binding, operation: &BindingOperation) -> Option<&'a Operation> {
    definitions.port_type(binding.port_type?).operations.get(operation.operation?)
}

/// What the first child of the input's Body is.
fn body_child(definitions: &Definitions, bound: &BindingOperation, declared: Option<&Operation>) -> BodyChild {
    let message = bound.input.as_ref();
    let body = message.and_then(|m| m.body.as_ref());
    if bound.style == Style::Rpc {
        let namespace = body.and_then(|b| b.namespace.clone()).filter(|n| !n.is_empty());
        return BodyChild::Elements(vec![QName::with_optional(namespace, bound.name.clone())]);
    }
    let Some(id) = declared.and_then(|d| d.input.as_ref()).and_then(|i| i.message) else { return BodyChild::Unknown };
    let in_header = |part: &Part| {
        message.is_some_and(|m| {
            m.headers.iter().any(|h| h.message == Some(id) && h.part == part.name)
                || m.mime_parts.iter().any(|(name, _)| *name == part.name)
        })
    };
    let parts = &definitions.message(id).parts;
    let listed = body.and_then(|b| b.parts.as_ref());
    let first = match listed {
        Some(names) => parts.iter().find(|p| names.contains(&p.name)),
        None => parts.iter().find(|p| !in_header(p)),
    };
    match first.map(|p| (&p.kind, &p.name)) {
        None => BodyChild::Empty,
        Some((PartKind::Element(name, None), _)) => BodyChild::Elements(vec![name.clone()]),
        Some((PartKind::Element(_, Some(element)), _)) => BodyChild::Elements(with_members(definitions, *element)),
        Some((PartKind::Type(..) | PartKind::Neither, name)) => BodyChild::Elements(vec![QName::local_only(name.clone())]),
    }
}

/// An element and those that may stand in its place.
fn with_members(definitions: &Definitions, element: ElementId) -> Vec<QName> {
    let schemas = &definitions.schemas;
    let mut all = vec![element];
    let mut next = 0;
    while let Some(head) = all.get(next).copied() {
        for member in schemas.substitution_groups.get(&head).into_iter().flatten() {
            if !all.contains(member) {
                all.push(*member);
            }
        }
        next += 1;
    }
    all.into_iter().map(|e| schemas.element(e).name.clone()).collect()
}
