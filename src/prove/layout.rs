//! Where the parts of a message stand: WSDL 1.1 sections 2.4 to 2.8 and 3, read from the definitions and not from a plan.

use crate::plan::Program;
use crate::plan::node::OperationPlan;
use crate::schema::SchemaSet;
use crate::schema::model::{ElementId, TypeId};
use crate::wsdl::Definitions;
use crate::wsdl::model::{
    Binding, BindingMessage, BindingOperation, MessageId, Operation, OperationMessage, Part, PartKind, Protocol, Style, Use,
};
use crate::xml::QName;

/// One message of an operation.
#[derive(Debug)]
pub(super) struct Layout {
    /// SOAP 1.2, not 1.1?
    pub(super) soap12: bool,
    /// The RPC wrapper.
    pub(super) wrapper: Option<QName>,
    /// SOAP encoding?
    pub(super) encoded: bool,
    pub(super) parts: Vec<Accessor>,
    /// Is the message defined nowhere?
    pub(super) is_undefined: bool,
    /// Declared header blocks, each name once.
    pub(super) headers: Vec<Accessor>,
    /// A declared fault: its parts are entries of the detail.
    pub(super) is_fault: bool,
}

/// The element that carries a part.
#[derive(Debug, Clone)]
pub(super) struct Accessor {
    pub(super) name: QName,
    pub(super) element: Option<ElementId>,
    pub(super) type_: TypeId,
    /// Does the WSDL name something here that nobody declares?
    pub(super) is_undeclared: bool,
    /// Must `xsi:type` tell it from another fault whose detail entry has the same name?
    pub(super) is_told: bool,
}

/// An operation where the WSDL has it.
#[derive(Clone, Copy)]
pub(super) struct Place<'d> {
    binding: &'d Binding,
    bound: &'d BindingOperation,
    operation: &'d Operation,
}

impl<'d> Place<'d> {
    /// The operation that a plan is of.
    pub(super) fn of(definitions: &'d Definitions, plan: &OperationPlan) -> Option<Self> {
        let named = definitions.services.iter().filter(|s| plan.service.as_deref() == Some(s.name.local()));
        let port = named.flat_map(|s| &s.ports).find(|p| plan.port.as_deref() == Some(&*p.name));
        let binding = match port {
            Some(port) => definitions.binding(port.binding),
            None => definitions.bindings.iter().find(|b| b.name.local() == &*plan.binding)?,
        };
        let port_type = definitions.port_type(binding.port_type?);
        let of_that_name = binding.operations.iter().filter(|b| *b.name == *plan.name);
        let mut known = of_that_name.filter_map(|b| Some((b, port_type.operations.get(b.operation?)?)));
        let (bound, operation) = known.nth(usize::try_from(plan.overload).ok()?)?;
        Some(Self { binding, bound, operation })
    }

    /// Without the header blocks that the API gives: they are in no JSON.
    pub(super) fn request(&self, definitions: &Definitions, program: &Program, plan: &OperationPlan) -> Option<Layout> {
        let message = self.operation.input.as_ref()?;
        let mut layout = self.layout(definitions, message, self.bound.input.as_ref(), "");
        let fixed: Vec<String> = plan.input.fixed_headers.iter().map(|f| program.names.clark(f.slot.tag)).collect();
        layout.headers.retain(|h| !fixed.contains(&h.name.to_string()));
        Some(layout)
    }

    pub(super) fn response(&self, definitions: &Definitions) -> Option<Layout> {
        let message = self.operation.output.as_ref()?;
        Some(self.layout(definitions, message, self.bound.output.as_ref(), "Response"))
    }

    /// The declared faults, a name and a layout for each part.
    pub(super) fn faults(&self, definitions: &Definitions) -> Vec<Layout> {
        let encoded = self.bound.output.as_ref().and_then(|o| o.body.as_ref()).is_some_and(|b| b.use_ == Use::Encoded);
        let parts = self.operation.faults.iter().flat_map(|f| parts_of(definitions, f.message));
        let mut made: Vec<Accessor> = parts.map(|part| accessor(definitions, part)).collect();
        let same: Vec<bool> = made.iter().map(|a| made.iter().any(|b| a.name == b.name && a.type_ != b.type_)).collect();
        made.iter_mut().zip(same).for_each(|(a, same)| a.is_told = same);
        made.into_iter()
            .map(|part| Layout {
                soap12: self.binding.protocol == Protocol::Soap12,
                wrapper: None,
                encoded,
                parts: vec![part],
                is_undefined: false,
                headers: Vec::new(),
                is_fault: true,
            })
            .collect()
    }

    fn layout(&self, definitions: &Definitions, message: &OperationMessage, bound: Option<&BindingMessage>, suffix: &str) -> Layout {
        let all = parts_of(definitions, message.message);
        let body = bound.and_then(|b| b.body.as_ref());
        let listed = body.and_then(|b| b.parts.as_ref());
        let is_in_body = |part: &&Part| match (bound, listed) {
            (_, Some(listed)) => listed.contains(&part.name),
            (Some(bound), None) => {
                let is_header = bound.headers.iter().any(|h| h.message == message.message && h.part == part.name);
                let is_attached = body.is_some() && bound.mime_parts.iter().any(|(name, _)| *name == part.name);
                !is_header && !is_attached
            }
            (None, None) => true,
        };
        let mut headers: Vec<Accessor> = Vec::new();
        for header in bound.into_iter().flat_map(|b| &b.headers) {
            let part = parts_of(definitions, header.message).iter().find(|p| p.name == header.part);
            let made = part.map(|p| accessor(definitions, p));
            headers.extend(made.filter(|m| headers.iter().all(|h| h.name != m.name)));
        }
        let is_rpc = self.bound.style == Style::Rpc;
        let namespace = body.and_then(|b| b.namespace.clone());
        Layout {
            soap12: self.binding.protocol == Protocol::Soap12,
            wrapper: is_rpc.then(|| QName::with_optional(namespace, format!("{}{suffix}", self.operation.name))),
            encoded: body.is_some_and(|b| b.use_ == Use::Encoded),
            parts: all.iter().filter(is_in_body).map(|p| accessor(definitions, p)).collect(),
            is_undefined: message.message.is_none(),
            headers,
            is_fault: false,
        }
    }
}

fn parts_of(definitions: &Definitions, message: Option<MessageId>) -> &[Part] {
    message.map_or(&[], |m| &definitions.message(m).parts)
}

fn accessor(definitions: &Definitions, part: &Part) -> Accessor {
    let unqualified = || QName::local_only(part.name.clone());
    let any = SchemaSet::ANY_TYPE;
    match &part.kind {
        PartKind::Element(name, Some(id)) => Accessor {
            name: name.clone(),
            element: Some(*id),
            type_: definitions.schemas.element(*id).type_definition,
            is_undeclared: false,
            is_told: false,
        },
        PartKind::Element(name, None) => Accessor { name: name.clone(), element: None, type_: any, is_undeclared: true, is_told: false },
        PartKind::Type(_, type_) => {
            Accessor { name: unqualified(), element: None, type_: type_.unwrap_or(any), is_undeclared: type_.is_none(), is_told: false }
        }
        PartKind::Neither => Accessor { name: unqualified(), element: None, type_: any, is_undeclared: true, is_told: false },
    }
}
