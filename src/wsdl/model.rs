//! WSDL 1.1 in its own words, resolved: Service › Port › Binding › PortType › Operation › Message › Part.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::schema::SchemaSet;
use crate::schema::model::{Documentation, ElementId, TypeId};
use crate::xml::QName;

/// Index into [`Definitions::bindings`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BindingId(pub usize);
/// Index into [`Definitions::port_types`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PortTypeId(pub usize);
/// Index into [`Definitions::messages`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MessageId(pub usize);

/// A resolved WSDL with all that it imports. Made by `wsdl::resolve` only.
#[derive(Debug, Default)]
pub struct Definitions {
    /// `name` of the root document's `wsdl:definitions`.
    pub name: Option<Arc<str>>,
    /// The root document's target namespace.
    pub target_namespace: Option<Arc<str>>,
    /// The root document's documentation.
    pub documentation: Documentation,
    /// Services in document order. A WSDL without any is valid (ONVIF): its bindings are used by themselves.
    pub services: Vec<Service>,
    /// All bindings in document order.
    pub bindings: Vec<Binding>,
    /// All port types in document order.
    pub port_types: Vec<PortType>,
    /// All messages in document order.
    pub messages: Vec<Message>,
    /// The schemas of its types.
    pub schemas: SchemaSet,
    /// Declarations at the roots of the WSDL documents, root document first: for prefixes.
    pub scopes: Vec<crate::schema::model::PrefixScope>,
    /// What policies ask, by subject: see [`Definitions::asks`].
    pub policies: super::policy::Policies,
}

/// `wsdl:service`.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: QName,
    /// Its ports in document order; those whose binding is missing are left out, with a diagnostic.
    pub ports: Vec<Port>,
    /// Its documentation.
    pub documentation: Documentation,
    /// Where it stands.
    pub span: Span,
}

/// `wsdl:port`.
#[derive(Debug)]
pub struct Port {
    /// Its name.
    pub name: Arc<str>,
    /// Its binding.
    pub binding: BindingId,
    /// `location` of its address, as written, trimmed; `None` where there is none.
    pub address: Option<Arc<str>>,
    /// Its documentation.
    pub documentation: Documentation,
    /// Where it stands.
    pub span: Span,
    /// Where the address' `location` value stands, so that it can be rewritten.
    pub address_span: Option<Span>,
}

/// `wsdl:binding`.
#[derive(Debug)]
pub struct Binding {
    /// Its name.
    pub name: QName,
    /// The port type it binds; `None` where that is missing.
    pub port_type: Option<PortTypeId>,
    /// Which protocol.
    pub protocol: Protocol,
    /// The transport's address (`http://schemas.xmlsoap.org/soap/http`), as written.
    pub transport: Option<Arc<str>>,
    /// Its operations in document order.
    pub operations: Vec<BindingOperation>,
    /// Its documentation.
    pub documentation: Documentation,
    /// Where it stands.
    pub span: Span,
}

/// The protocol of a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protocol {
    /// SOAP 1.1.
    Soap11,
    /// SOAP 1.2.
    Soap12,
    /// HTTP, with its verb: parsed and reported, not published.
    Http(Arc<str>),
    /// Another, or none that is known: the namespace of its extension element, if there is one.
    Other(Option<Arc<str>>),
}

/// `operation` of a binding.
#[derive(Debug)]
pub struct BindingOperation {
    /// Its name.
    pub name: Arc<str>,
    /// Index into the operations of the binding's port type; overloads are told apart by the names of input and output.
    /// `None` where the port type has none such.
    pub operation: Option<usize>,
    /// `soapAction` as written, also the empty string; `None` where it is absent.
    pub soap_action: Option<Arc<str>>,
    /// `style` of its `soap:operation`, else of the binding, else document.
    pub style: Style,
    /// What the binding says of the input.
    pub input: Option<BindingMessage>,
    /// What the binding says of the output.
    pub output: Option<BindingMessage>,
    /// What the binding says of the faults.
    pub faults: Vec<BindingFault>,
    /// Where it stands.
    pub span: Span,
}

/// `style`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum Style {
    Document,
    Rpc,
}

/// `use`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum Use {
    Literal,
    Encoded,
}

/// `soap:body` and what stands beside it, of one direction.
#[derive(Debug)]
pub struct BindingMessage {
    /// `soap:body`, also inside `mime:multipartRelated`; `None` where there is none.
    pub body: Option<SoapBody>,
    /// `soap:header` in document order, also inside `mime:multipartRelated`.
    pub headers: Vec<SoapHeader>,
    /// Is there a `mime:multipartRelated`?
    pub multipart: bool,
    /// Parts that `mime:content` carries as attachments, with their media types.
    pub mime_parts: Vec<(Arc<str>, Vec<Arc<str>>)>,
}

/// `soap:body`.
#[derive(Debug, Clone)]
pub struct SoapBody {
    /// `parts`: the names it lists; `None` where the attribute is absent (all parts).
    pub parts: Option<Vec<Arc<str>>>,
    /// `use`, literal where absent.
    pub use_: Use,
    /// `namespace` as written, for rpc wrappers.
    pub namespace: Option<Arc<str>>,
    /// `encodingStyle`.
    pub encoding_style: Option<Arc<str>>,
}

/// `soap:header` (`soap:headerfault`s inside have the same shape).
#[derive(Debug, Clone)]
pub struct SoapHeader {
    /// The message; `None` where it is missing.
    pub message: Option<MessageId>,
    /// The part of it.
    pub part: Arc<str>,
    /// `use`.
    pub use_: Use,
    /// Declared header faults.
    pub header_faults: Vec<SoapHeader>,
    /// Where it stands.
    pub span: Span,
}

/// `wsdl:fault` of a binding operation with its `soap:fault`.
#[derive(Debug)]
pub struct BindingFault {
    /// `name`.
    pub name: Arc<str>,
    /// `use` of its `soap:fault`.
    pub use_: Use,
}

/// `wsdl:portType`.
#[derive(Debug)]
pub struct PortType {
    /// Its name.
    pub name: QName,
    /// Its operations in document order; several of one name are overloads.
    pub operations: Vec<Operation>,
    /// Its documentation.
    pub documentation: Documentation,
    /// Where it stands.
    pub span: Span,
}

/// `wsdl:operation` of a port type.
#[derive(Debug)]
pub struct Operation {
    /// Its name.
    pub name: Arc<str>,
    /// Input; `None` for a notification.
    pub input: Option<OperationMessage>,
    /// Output; `None` for a one-way operation.
    pub output: Option<OperationMessage>,
    /// Does the output stand before the input (solicit-response)?
    pub output_first: bool,
    /// Faults in document order.
    pub faults: Vec<OperationMessage>,
    /// `parameterOrder`.
    pub parameter_order: Vec<Arc<str>>,
    /// Its documentation.
    pub documentation: Documentation,
    /// `wsdlx:safe="true"`.
    pub safe: bool,
    /// Where it stands.
    pub span: Span,
}

/// `wsdl:input`, `wsdl:output` or `wsdl:fault` of an operation.
#[derive(Debug)]
pub struct OperationMessage {
    /// `name`, where given.
    pub name: Option<Arc<str>>,
    /// The message; `None` where it is missing.
    pub message: Option<MessageId>,
    /// `wsaw:Action` or `wsam:Action`.
    pub action: Option<Arc<str>>,
    /// Its documentation.
    pub documentation: Documentation,
    /// Where it stands.
    pub span: Span,
}

/// `wsdl:message`.
#[derive(Debug)]
pub struct Message {
    /// Its name.
    pub name: QName,
    /// Its parts in document order.
    pub parts: Vec<Part>,
    /// Its documentation.
    pub documentation: Documentation,
    /// Where it stands.
    pub span: Span,
}

/// `wsdl:part`.
#[derive(Debug)]
pub struct Part {
    /// Its name.
    pub name: Arc<str>,
    /// What it is.
    pub kind: PartKind,
    /// Its documentation.
    pub documentation: Documentation,
    /// Where it stands.
    pub span: Span,
}

/// What a part refers to. A name without an id is declared nowhere: a diagnostic says so, and the part is read as `xs:anyType`.
#[derive(Debug, Clone)]
pub enum PartKind {
    /// `element=`.
    Element(QName, Option<ElementId>),
    /// `type=`.
    Type(QName, Option<TypeId>),
    /// Neither: read as `xs:anyType`.
    Neither,
}

impl Definitions {
    /// The binding of that id. Panics where the id is of another WSDL.
    pub fn binding(&self, id: BindingId) -> &Binding {
        &self.bindings[id.0]
    }

    /// The port type of that id. Panics where the id is of another WSDL.
    pub fn port_type(&self, id: PortTypeId) -> &PortType {
        &self.port_types[id.0]
    }

    /// The message of that id. Panics where the id is of another WSDL.
    pub fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0]
    }

    /// The action of an operation's input: the one that it states, else its `soapAction`, else the default (Web Services Addressing 1.0
    /// Metadata, sections 4.4.1 and 4.4.4).
    pub fn action(&self, port_type: &PortType, operation: &Operation, soap_action: Option<&str>) -> Arc<str> {
        let stated = operation.input.as_ref().and_then(|i| i.action.clone());
        let soap_action = soap_action.map(str::trim).filter(|a| !a.is_empty()).map(Arc::from);
        stated.filter(|a| !a.is_empty()).or(soap_action).unwrap_or_else(|| self.default_action(port_type, operation))
    }

    /// The action of an input that states none: target namespace, port type and input's name (the same, section 4.4.4).
    pub fn default_action(&self, port_type: &PortType, operation: &Operation) -> Arc<str> {
        let namespace = port_type.name.namespace().unwrap_or("");
        let delimiter = if namespace.starts_with("urn:") { ':' } else { '/' };
        let namespace = namespace.strip_suffix(delimiter).unwrap_or(namespace);
        let input = operation.input.as_ref().and_then(|i| i.name.clone());
        let suffix = if operation.output.is_some() { "Request" } else { "" };
        let input = input.unwrap_or_else(|| format!("{}{suffix}", operation.name).into());
        format!("{namespace}{delimiter}{}{delimiter}{input}", port_type.name.local()).into()
    }
}
