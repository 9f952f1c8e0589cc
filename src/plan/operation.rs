//! The nodes of operations and their messages: what of an envelope is which part.

use std::fmt;
use std::sync::Arc;

use super::asks::Asks;
use super::node::{ElementId, NameId, TypeId};

/// The SOAP version of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub enum SoapVersion {
    #[default]
    Soap11,
    Soap12,
}

/// The compiled mediation of one operation at one port.
#[derive(Debug)]
pub struct OperationPlan {
    /// The operation's name.
    pub name: Arc<str>,
    /// Several operations of one name at one port are numbered from 0 here.
    pub overload: u32,
    /// The service; `None` where no service names the binding.
    pub service: Option<Arc<str>>,
    /// The port; `None` where no service names the binding.
    pub port: Option<Arc<str>>,
    /// The binding.
    pub binding: Arc<str>,
    /// The port type.
    pub port_type: Arc<str>,
    /// The SOAP version.
    pub version: SoapVersion,
    /// `soapAction`, also empty; `None` where the WSDL has none.
    pub soap_action: Option<Arc<str>>,
    /// WS-Addressing's action of the input, where the WSDL states one.
    pub wsa_action: Option<Arc<str>>,
    /// WS-Addressing's action of the input, stated or not: Metadata 1.0, section 4.4.
    pub action: Arc<str>,
    /// What WSDL and policies ask beside the messages.
    pub asks: Asks,
    /// WS-Addressing's action of the output, where the WSDL states one.
    pub wsa_reply_action: Option<Arc<str>>,
    /// `location` of the port's address.
    pub address: Option<Arc<str>>,
    /// Marked as safe by the WSDL.
    pub safe: bool,
    /// Who sends first, and is there an answer? Only what callers begin is published.
    pub pattern: Pattern,
    /// What is asked; an empty message for a notification.
    pub input: MessagePlan,
    /// What is answered; `None` for a one-way operation.
    pub output: Option<MessagePlan>,
    /// Declared faults.
    pub faults: Vec<FaultPlan>,
    /// `soap:headerfault`s: header blocks that may come with a fault, beside those of the output.
    pub header_faults: Vec<Slot>,
    /// Its documentation.
    pub documentation: Option<Arc<str>>,
    /// What people wrote about what is around it and in it: for documents.
    pub annotations: Annotations,
}

/// Documentation of what an operation stands in and is made of.
#[derive(Debug, Default)]
pub struct Annotations {
    /// Of its port type.
    pub port_type: Option<Arc<str>>,
    /// Of its input and the input's message.
    pub input: Option<Arc<str>>,
    /// Of its output and the output's message.
    pub output: Option<Arc<str>>,
}

/// The transmission primitives of WSDL 1.1, section 2.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum Pattern {
    RequestResponse,
    OneWay,
    SolicitResponse,
    Notification,
}

/// One direction of an operation.
#[derive(Debug)]
pub struct MessagePlan {
    /// How its body is laid out.
    pub body: Body,
    /// SOAP encoding: `xsi:type` everywhere, references resolved.
    pub encoded: bool,
    /// Declared header blocks that stand under `$headers`; of a request those that callers give.
    pub headers: Vec<Slot>,
    /// Declared header blocks of a request that callers do not give.
    pub fixed_headers: Vec<FixedHeader>,
    /// Parts that travel beside the envelope (`mime:content`), under `$attachments`.
    pub attachments: Vec<AttachmentSlot>,
}

/// A header block that the API definition decides: it is in no JSON.
#[derive(Debug)]
pub struct FixedHeader {
    /// The part.
    pub slot: Slot,
    /// How many of [`MessagePlan::headers`] are declared before it.
    pub after: usize,
    /// What is sent; `None`: nothing, nobody speaks of it.
    pub block: Option<Block>,
}

/// One element as it is sent, with the namespace declarations that it needs.
#[derive(Clone)]
pub struct Block {
    /// Its markup in UTF-8; empty until it is filled in.
    pub markup: Arc<[u8]>,
    /// Is it a credential? Then nobody may be shown it.
    pub secret: bool,
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secret {
            true => f.write_str("[redacted]"),
            false => write!(f, "{:?}", String::from_utf8_lossy(&self.markup)),
        }
    }
}

impl MessagePlan {
    /// A message without parts and headers.
    pub const EMPTY: Self =
        Self { body: Body::Empty, encoded: false, headers: Vec::new(), fixed_headers: Vec::new(), attachments: Vec::new() };

    /// Is `$headers` a word of its JSON? Also where all blocks are the API's: who gives one must hear so.
    pub fn takes_headers(&self) -> bool {
        !self.headers.is_empty() || self.fixed_headers.iter().any(|f| f.block.is_some())
    }
}

/// A message part that is an attachment (WSDL 1.1, section 5).
#[derive(Debug, Clone)]
pub struct AttachmentSlot {
    /// The part's name: its key under `$attachments`.
    pub key: Arc<str>,
    /// The media types that it may have; empty where the binding does not say.
    pub types: Vec<Arc<str>>,
    /// The part's annotation.
    pub documentation: Option<Arc<str>>,
}

/// The layout of a SOAP Body.
#[derive(Debug)]
pub enum Body {
    /// Document style without parts: nothing.
    Empty,
    /// Document style with one part: its element's value is the JSON value. The element's type is not flattened here.
    Element(Slot),
    /// Document style with several parts: an object by part name.
    Parts(Vec<Slot>),
    /// RPC style: an object by part name; the parts are accessors inside the wrapper.
    Rpc {
        /// The wrapper's name.
        wrapper: NameId,
        /// The accessors, in order.
        parts: Vec<Slot>,
    },
    /// A message that is defined nowhere: an object by local names, whatever stands there by the generic rules.
    Undefined {
        /// RPC style: the wrapper that it stands in.
        wrapper: Option<NameId>,
    },
}

/// A message part: an element, or a type under the part's name.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Its JSON property.
    pub key: Arc<str>,
    /// The element that carries it.
    pub tag: NameId,
    /// Its declaration; `None` for a `type=` part, and for an element that nobody declares.
    pub element: Option<ElementId>,
    /// Its type.
    pub type_: TypeId,
    /// May it be nil? A `type=` part always.
    pub nillable: bool,
    /// The elements that may stand here by substitution, the head first unless it is abstract; empty where the element has no
    /// substitution group. With members the JSON value is an object with one property, the local name of the element that stands there.
    pub members: Vec<ElementId>,
    /// Is it a header part of a request that carries a credential? Then no document shows a value of it, and no message repeats one.
    pub secret: bool,
    /// The part's annotation.
    pub documentation: Option<Arc<str>>,
}

impl AttachmentSlot {
    /// The one media type that it has. Where it may have others its JSON value says which: `{"@contentType": …, "$value": …}`.
    pub fn only_type(&self) -> Option<&str> {
        match self.types.as_slice() {
            [only] if !only.contains('*') => Some(only),
            _ => None,
        }
    }

    /// The media type of a value that says none: the first that is one.
    pub fn usual_type(&self) -> Option<&str> {
        self.types.iter().map(|t| &**t).find(|t| !t.contains('*'))
    }
}

/// A declared fault.
#[derive(Debug)]
pub struct FaultPlan {
    /// Its name.
    pub name: Arc<str>,
    /// The detail entry.
    pub detail: Slot,
    /// The HTTP status of its problem document.
    pub status: u16,
    /// Its documentation and its message's.
    pub documentation: Option<Arc<str>>,
}

impl OperationPlan {
    /// Is this operation at `port` (`PORT` or `SERVICE/PORT`)?
    pub fn is_at(&self, port: &str) -> bool {
        match port.split_once('/') {
            Some((service, port)) => self.service.as_deref() == Some(service) && self.port.as_deref() == Some(port),
            None => self.port.as_deref() == Some(port),
        }
    }
}
