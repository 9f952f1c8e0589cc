//! The rules of this room that diagnostics name.

use crate::diagnostic::Code;
use crate::schema::codes::codes;

codes! {
    /// The root document is a WSDL 2.0 description.
    VERSION_2 = "wsdl.version-2", "The document is WSDL 2.0, and only WSDL 1.1 is read",
        "The root element is `description` in the namespace of WSDL 2.0 (2007). That language was hardly adopted; nearly every SOAP \
service and tool speaks WSDL 1.1, whose root element is `definitions`.\n\n\
Ask the service for its WSDL 1.1 (often at the address with `?wsdl`), or have the toolkit that wrote this write version 1.1.";
    /// The root document is no WSDL.
    NOT_A_WSDL = "wsdl.not-a-wsdl", "The document is not a WSDL",
        "A WSDL 1.1 document has the root element `definitions` in the namespace http://schemas.xmlsoap.org/wsdl/. This one has \
another: it may be a schema, a sign-in or error page that a server sent in place of the WSDL, or another kind of description.\n\n\
Give the WSDL itself. If it was fetched, open the address in a browser to see what the server sends.";
    /// A document is not well-formed XML.
    NOT_WELL_FORMED = "wsdl.not-well-formed", "A document is not well-formed XML",
        "The document breaks a rule of XML itself at the place that is shown: a tag that does not match, a prefix that is not declared, an \
attribute without a value, a text that ends too early. XML parsers must stop there.\n\n\
If it is the root document the import fails; if it is an imported one, its components are missing. Correct the document at that \
place, or fetch it again if it is cut off.";
    /// There is nothing to publish.
    NOTHING_TO_IMPORT = "wsdl.nothing-to-import", "The WSDL has no operation that could be called",
        "No binding of this WSDL has an operation, so there is nothing to publish. The bindings may stand in another document that this one \
does not import, or the operations may be missing from the binding.\n\n\
Import the document that has the `service` and `binding` elements; it names this one in a `wsdl:import`.";
    /// A message is named that is not declared.
    UNDECLARED_MESSAGE = "wsdl.undeclared-message", "A message is named that no WSDL declares",
        "An `input`, `output`, `fault` or `soap:header` names a `wsdl:message` that is in none of the documents of this import. Usually the \
name or its prefix is misspelt, or a `wsdl:import` is missing.\n\n\
An operation whose input or output is unknown is published, but that message passes untyped and unchecked; an unknown fault or header is \
left out. Correct the name.";
    /// A binding is named that is not declared.
    UNDECLARED_BINDING = "wsdl.undeclared-binding", "A port names a binding that no WSDL declares",
        "The `binding` of a `wsdl:port` names a `wsdl:binding` that is in none of the documents of this import. Usually the name or its \
prefix is misspelt, or a `wsdl:import` is missing.\n\n\
The port is left out. Correct the name, or add the document that declares the binding.";
    /// A port type is named that is not declared.
    UNDECLARED_PORT_TYPE = "wsdl.undeclared-port-type", "A binding names a port type that no WSDL declares",
        "The `type` of a `wsdl:binding` names a `wsdl:portType` that is in none of the documents of this import. Without it the \
binding's operations have no messages.\n\n\
The operations of this binding cannot be mapped. Correct the name, or add the document that declares the port type.";
    /// A binding's operation is not in its port type.
    UNDECLARED_OPERATION = "wsdl.undeclared-operation", "A binding has an operation that its port type does not have",
        "Every `operation` of a binding says how one of the same name in the port type is sent. The port type has none of this name, so \
its messages are unknown.\n\n\
The operation is left out. Correct the name in the binding or in the port type.";
    /// A part's element or type is not declared.
    UNDECLARED_PART = "wsdl.undeclared-part", "A message part names an element or type that no schema declares",
        "The `element` or `type` of a `wsdl:part` is in none of the schemas of this import. Usually the name or its prefix is misspelt, \
or the schema is not imported.\n\n\
The part is read as xs:anyType: it passes by the generic rules, neither typed nor checked. Correct the name, or add the schema.";
    /// Only the local name fits.
    OTHER_NAMESPACE = "wsdl.other-namespace", "A reference is right but for its namespace",
        "The QName names something that is not declared in that namespace, but a single component of that local name is declared in another \
namespace of this WSDL. The prefix is a slip that SOAP stacks forgive.\n\n\
That component is used. Correct the prefix to be safe.";
    /// Overloads cannot be told apart.
    AMBIGUOUS_OVERLOAD = "wsdl.ambiguous-overload", "Overloaded operations cannot be told apart",
        "The port type has several operations of this name, and the binding must say by the names of `input` and `output` which of them it \
binds. Here they do not.\n\n\
The first one that no other operation of the binding takes is used. Name the inputs and outputs.";
    /// A component is declared twice.
    DUPLICATE = "wsdl.duplicate", "Two components of a WSDL have the same name",
        "Messages, port types, bindings and services have names of their own within a namespace. Two with the same name stand in the \
documents of this import.\n\n\
The first one is used. Rename or remove the other.";
    /// A part or header that a binding names is not in the message.
    UNKNOWN_PART = "wsdl.unknown-part", "A binding names a part that its message does not have",
        "The `parts` of `soap:body`, or the `part` of `soap:header` or `mime:content`, names a `wsdl:part` of the message, and the message has \
none of that name.\n\n\
The reference is ignored. Correct the name in the binding or in the message.";
    /// A value that is none of the allowed ones.
    BAD_VALUE = "wsdl.bad-value", "An attribute of a WSDL element has a value that it cannot have",
        "`style` is document or rpc, `use` is literal or encoded, `soapAction` has no control characters, and every component has a name. \
This value is something else, or missing.\n\n\
The default is used. Correct the value.";
    /// An attribute that the element does not have.
    UNKNOWN_ATTRIBUTE = "wsdl.unknown-attribute", "A WSDL element has an attribute that it cannot have",
        "WSDL 1.1 does not define this attribute here. It is misspelt, or belongs to another element; SOAP stacks ignore it.\n\n\
It is ignored here too. Check the spelling if it was meant to say something.";
    /// A child that the element does not have.
    UNEXPECTED_CHILD = "wsdl.unexpected-child", "A WSDL element has a child that it cannot have",
        "WSDL 1.1 does not allow this element here. It is misspelt, or stands one level too high or too low.\n\n\
It is ignored, with everything inside, so what it was meant to declare is missing. Move or correct it.";
    /// An HTTP binding, or one of another protocol.
    NOT_SOAP = "wsdl.not-soap", "A binding is not for SOAP",
        "The binding is for plain HTTP GET or POST, or another protocol, not for SOAP 1.1 or 1.2; or it carries SOAP by another transport than \
HTTP (JMS, TCP, MSMQ, …). .NET services, TIBCO and others offer these beside their SOAP bindings, with the same operations.\n\n\
Its operations are listed but not published: there is no SOAP message behind them, or none that comes by HTTP.";
    /// No address.
    NO_ADDRESS = "wsdl.no-address", "The WSDL does not say where the service listens",
        "A `wsdl:port` of a `wsdl:service` says by `soap:address` where the service listens. This WSDL has no service, or its port has \
no address or an empty one.\n\n\
The operations are imported; give the endpoint in the API's definition.";
    /// A policy that belongs to nothing.
    POLICY = "wsdl.policy", "A policy is attached to nothing",
        "A `wsp:Policy` directly below `wsdl:definitions` is there to be referred to, by `wsp:PolicyReference` or `wsp:PolicyURIs` at a service, port, \
binding, port type, operation or message. Nothing refers to this one.\n\n\
It is ignored. If the service means it, configure the endpoint's security by hand (`endpoint: { auth }`, `addressing` in api.yaml).";
    /// A policy asks what cannot be done.
    POLICY_UNMET = "wsdl.policy-unmet", "The service asks for something that Castile cannot do",
        "The policy of the service has no alternative that Castile can satisfy, because of this assertion. Castile does WS-Addressing with replies by \
the same connection, UsernameToken (text, digest, without password), Timestamp, X.509 signatures of Body, Timestamp, addressing headers and \
UsernameToken, HTTP Basic, HTTPS and MTOM. It does not encrypt messages, and has no SAML, Kerberos, issued or secure-conversation tokens, no derived \
keys, no client certificates named by a policy, and no reliable messaging.\n\n\
The operations are imported, and calls are sent without it. If the service insists, it will answer with a fault: ask it for an endpoint with a simpler \
policy (a UsernameToken over HTTPS is the usual one), or put a gateway of its own kind between.";
    /// A reference to a policy that is not there.
    POLICY_REFERENCE = "wsdl.policy-reference", "A policy is referred to that is not there",
        "`wsp:PolicyReference` or `wsp:PolicyURIs` leads to a policy by `#` and its `wsu:Id`, or by its `Name`. None of the documents of this import has \
such a policy.\n\n\
The reference is ignored, so that what the service asks for is not known. Add the document that holds the policy, or correct the reference.";
    /// `xs:import` directly below `wsdl:types`.
    IMPORT_OUTSIDE_SCHEMA = "wsdl.import-outside-schema", "An xs:import stands outside any xs:schema",
        "`wsdl:types` holds `xs:schema` elements, and an `xs:import` belongs into one of them. Directly below `wsdl:types` it says nothing, \
although some tools read it.\n\n\
It is ignored, so what it should declare is missing. Put an `<xs:schema>` around it.";
    /// A `wsdl:import` of a schema.
    WSDL_IMPORT_OF_SCHEMA = "wsdl.import-of-schema", "wsdl:import brings in an XML Schema",
        "`wsdl:import` is for WSDL documents; this one leads to an XML Schema, which belongs into `wsdl:types` with `xs:import`. Many \
services do it, and SOAP stacks accept it.\n\n\
The schema is used. Nothing needs to be done.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_room_and_help_of_two_sentences() {
        let mut seen = std::collections::HashSet::new();
        for code in ALL {
            assert!(code.id.starts_with("wsdl."), "{}", code.id);
            assert!(code.help.matches(". ").count() + code.help.matches(".\n").count() >= 1, "{}", code.id);
            assert!(seen.insert(code.id), "{} stands twice", code.id);
        }
    }
}
