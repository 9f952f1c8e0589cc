//! WS-Policy: where policies are attached, which alternative is taken, what cannot be done, and what must not exhaust.

use castile::diagnostic::Severity;
use castile::wsdl::model::BindingId;
use castile::wsdl::policy::{Addressing, Asks, Mtom, Password};

use super::outcome;

const ROOT: &str = r#"xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:w="urn:w"
  xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:wsp15="http://www.w3.org/ns/ws-policy"
  xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl"
  xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702" xmlns:sp11="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"
  xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
  xmlns:wsoma="http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization""#;

/// What is put at the places of one WSDL.
#[derive(Default)]
struct At<'a> {
    definitions: &'a str,
    service: &'a str,
    port: &'a str,
    binding: &'a str,
    binding_operation: &'a str,
    binding_input: &'a str,
    port_type_attributes: &'a str,
    operation: &'a str,
    input: &'a str,
    message: &'a str,
}

/// What the one operation asks, and the findings: code, line within the WSDL's text from 1, name.
fn asked(at: &At<'_>) -> (Asks, Vec<(&'static str, String)>) {
    let text = format!(
        r#"<definitions {ROOT} targetNamespace="urn:w">{}
        <message name="M">{}</message>
        <portType name="P" {}><operation name="O">{}<input message="w:M">{}</input><output message="w:M"/></operation></portType>
        <binding name="B" type="w:P">{}<soap:binding/><operation name="O">{}<soap:operation/><input>{}<soap:body use="literal"/></input></operation></binding>
        <service name="S">{}<port name="p" binding="w:B">{}<soap:address location="http://x/"/></port></service></definitions>"#,
        at.definitions,
        at.message,
        at.port_type_attributes,
        at.operation,
        at.input,
        at.binding,
        at.binding_operation,
        at.binding_input,
        at.service,
        at.port
    );
    let outcome = outcome(&[("a.wsdl", &text)]);
    let definitions = outcome.definitions.unwrap_or_else(|| panic!("{:?}", outcome.diagnostics));
    let service = &definitions.services[0];
    let found = outcome.diagnostics.iter().map(|d| {
        let shown = d.span.map(|s| text[s.start as usize..].split(['>', '/']).next().unwrap_or_default().to_owned()).unwrap_or_default();
        (d.code.id, shown)
    });
    (definitions.asks(Some(service), service.ports.first(), BindingId(0), 0), found.collect())
}

fn of_binding(policy: &str) -> (Asks, Vec<(&'static str, String)>) {
    asked(&At { binding: policy, ..At::default() })
}

const ADDRESSING: &str = "<wsp:Policy><wsam:Addressing/></wsp:Policy>";

#[test]
fn a_policy_holds_wherever_it_is_attached() {
    let referred = "<wsp15:PolicyReference URI=\"#a\"/>";
    let library =
        "<wsp15:Policy wsu:Id=\"a\"><wsp15:ExactlyOne><wsp15:All><wsam:Addressing/></wsp15:All></wsp15:ExactlyOne></wsp15:Policy>";
    let none = At::default();
    let places = [
        At { service: ADDRESSING, ..none },
        At { port: ADDRESSING, ..At::default() },
        At { binding: ADDRESSING, ..At::default() },
        At { binding_operation: ADDRESSING, ..At::default() },
        At { binding_input: ADDRESSING, ..At::default() },
        At { operation: ADDRESSING, ..At::default() },
        At { input: ADDRESSING, ..At::default() },
        At { message: ADDRESSING, ..At::default() },
        At { definitions: library, binding: referred, ..At::default() },
        At { definitions: library, port_type_attributes: "wsp15:PolicyURIs=\"#a\"", ..At::default() },
        At { port: "<wsaw:UsingAddressing wsdl:required=\"false\"/>", ..At::default() },
    ];
    for (index, place) in places.iter().enumerate() {
        let (asks, found) = asked(place);
        assert_eq!((asks.addressing, found.as_slice()), (Some(Addressing::V10), &[][..]), "{index}");
    }
    assert_eq!(asked(&At::default()).0, Asks::default());
}

#[test]
fn the_first_alternative_that_can_be_satisfied_is_taken() {
    let (asks, found) = of_binding(
        "<wsp:Policy><wsp:ExactlyOne><wsp:All><sp:SymmetricBinding/><wsam:Addressing/></wsp:All>\
         <wsp:All><sp11:TransportBinding><wsp:Policy><sp11:TransportToken><wsp:Policy><sp11:HttpsToken RequireClientCertificate=\"false\"/></wsp:Policy>\
         </sp11:TransportToken><sp11:AlgorithmSuite><wsp:Policy><sp11:Basic256/></wsp:Policy></sp11:AlgorithmSuite><sp11:Layout><wsp:Policy><sp11:Strict/>\
         </wsp:Policy></sp11:Layout><sp11:IncludeTimestamp/></wsp:Policy></sp11:TransportBinding><sp11:SignedSupportingTokens><wsp:Policy>\
         <sp11:UsernameToken><wsp:Policy><sp11:WssUsernameToken10/></wsp:Policy></sp11:UsernameToken></wsp:Policy></sp11:SignedSupportingTokens>\
         </wsp:All></wsp:ExactlyOne></wsp:Policy>",
    );
    assert_eq!(found, []);
    assert!(asks.https && asks.transport && asks.timestamp && !asks.signature && asks.addressing.is_none(), "{asks:?}");
    assert_eq!(asks.username_token, Some(Password::Text));
}

#[test]
fn what_is_optional_is_done_where_it_can_be() {
    let optional = |inner: &str| of_binding(&format!("<wsp:Policy>{inner}</wsp:Policy>"));
    let (asks, found) = optional("<wsoma:OptimizedMimeSerialization wsp:Optional=\"true\"/><wsam:Addressing wsp:Optional=\"true\"/>");
    assert_eq!((asks.mtom, asks.addressing, found.len()), (Mtom::Optional, Some(Addressing::V10), 0));
    assert_eq!(optional("<wsoma:OptimizedMimeSerialization/>").0.mtom, Mtom::Required);
    let (asks, found) = optional("<x:Odd xmlns:x=\"urn:x\" wsp:Optional=\"1\"/><y:Odd xmlns:y=\"urn:y\" wsp15:Ignorable=\"true\"/>");
    assert_eq!((asks, found.len()), (Asks::default(), 0));
}

#[test]
fn tokens_and_signatures() {
    let username = |inner: &str| {
        let token = format!(
            "<sp:SupportingTokens><wsp:Policy><sp:UsernameToken><wsp:Policy>{inner}</wsp:Policy></sp:UsernameToken></wsp:Policy></sp:SupportingTokens>"
        );
        of_binding(&format!("<wsp:Policy>{token}</wsp:Policy>")).0
    };
    assert_eq!(username("<sp:HashPassword/>").username_token, Some(Password::Hashed));
    assert_eq!(username("<sp:NoPassword/>").username_token, Some(Password::None));
    assert!(username("<sp13:Nonce xmlns:sp13=\"http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802\"/>").nonce);
    let x509 = |included: &str| {
        format!(
            "<sp:X509Token sp:IncludeToken=\"http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702/IncludeToken/{included}\"><wsp:Policy><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token>"
        )
    };
    let asymmetric = |own: &str| {
        format!(
            "<wsp:Policy><sp:AsymmetricBinding><wsp:Policy><sp:InitiatorToken><wsp:Policy>{own}</wsp:Policy></sp:InitiatorToken><sp:RecipientToken>\
             <wsp:Policy>{}</wsp:Policy></sp:RecipientToken><sp:IncludeTimestamp/><sp:ProtectTokens/></wsp:Policy></sp:AsymmetricBinding><sp:SignedParts>\
             <sp:Body/><sp:Header Namespace=\"http://www.w3.org/2005/08/addressing\"/></sp:SignedParts></wsp:Policy>",
            x509("Never")
        )
    };
    let (asks, found) = of_binding(&asymmetric(&x509("AlwaysToRecipient")));
    assert_eq!(found, []);
    assert!(asks.signature && asks.signs_body && asks.signs_addressing && asks.signs_certificate && asks.timestamp, "{asks:?}");
    let (_, found) = of_binding(&asymmetric(&x509("Never")));
    assert_eq!(found.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["wsdl.policy-unmet"]);
}

#[test]
fn what_cannot_be_done_is_said_at_its_place() {
    let table = [
        ("<sp:SymmetricBinding/>", "<sp:SymmetricBinding"),
        ("<sp:SupportingTokens><wsp:Policy><sp:SamlToken/></wsp:Policy></sp:SupportingTokens>", "<sp:SamlToken"),
        ("<sp:SupportingTokens><wsp:Policy><sp:IssuedToken/></wsp:Policy></sp:SupportingTokens>", "<sp:IssuedToken"),
        ("<r:RMAssertion xmlns:r=\"http://schemas.xmlsoap.org/ws/2005/02/rm/policy\"/>", "<r:RMAssertion xmlns:r=\"http:"),
        ("<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>", "<sp:EncryptedParts"),
        ("<sp:SignedParts><sp:Body/></sp:SignedParts>", "<sp:SignedParts"),
        ("<wsam:Addressing><wsp:Policy><wsam:NonAnonymousResponses/></wsp:Policy></wsam:Addressing>", "<wsam:NonAnonymousResponses"),
        ("<wsp:ExactlyOne/>", "<wsp:ExactlyOne"),
    ];
    for (policy, place) in table {
        let (_, found) = of_binding(&format!("<wsp:Policy>{policy}</wsp:Policy>"));
        assert_eq!(found, [("wsdl.policy-unmet", place.to_owned())], "{policy}");
    }
    // A transport that protects everything protects these parts too.
    let transport = "<sp:TransportBinding><wsp:Policy><sp:TransportToken><wsp:Policy><sp:HttpsToken/></wsp:Policy></sp:TransportToken></wsp:Policy></sp:TransportBinding>";
    let (_, found) = of_binding(&format!("<wsp:Policy>{transport}<sp:EncryptedParts><sp:Body/></sp:EncryptedParts></wsp:Policy>"));
    assert_eq!(found, []);
}

#[test]
fn references_that_lead_nowhere_and_in_circles() {
    let library = "<wsp:Policy wsu:Id=\"addressing\"><wsp:PolicyReference URI=\"#other\"/></wsp:Policy><wsp:Policy wsu:Id=\"other\"><wsp:PolicyReference URI=\"#addressing\"/></wsp:Policy>";
    let (_, found) = asked(&At { definitions: library, binding: "<wsp:PolicyReference URI=\"#adressing\"/>", ..At::default() });
    let codes: Vec<_> = found.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, ["wsdl.policy", "wsdl.policy", "wsdl.policy-reference"]);
    let (_, found) = asked(&At { definitions: library, binding: "<wsp:PolicyReference URI=\"#other\"/>", ..At::default() });
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "wsdl.policy-unmet");
}

#[test]
fn hostile_policies_are_read_in_linear_time() {
    // Each refers to the next twice: 2^400 alternatives if it were expanded.
    let doubling: String = (0..400)
        .map(|i| {
            format!(
                "<wsp:Policy wsu:Id=\"p{i}\"><wsp:PolicyReference URI=\"#p{0}\"/><wsp:PolicyReference URI=\"#p{0}\"/></wsp:Policy>",
                i + 1
            )
        })
        .chain(["<wsp:Policy wsu:Id=\"p400\"><wsam:Addressing/></wsp:Policy>".to_owned()])
        .collect();
    let (_, found) = asked(&At { definitions: &doubling, binding: "<wsp:PolicyReference URI=\"#p0\"/>", ..At::default() });
    assert_eq!(found.iter().filter(|(code, _)| *code == "wsdl.policy-unmet").count(), 1, "{found:?}");
    let (asks, _) = asked(&At { definitions: &doubling, binding: "<wsp:PolicyReference URI=\"#p370\"/>", ..At::default() });
    assert_eq!(asks.addressing, Some(Addressing::V10));
    // An All of 2,000 choices between two: 2^2000 alternatives in normal form.
    let choices = "<wsp:ExactlyOne><sp:SymmetricBinding/><sp:IncludeTimestamp/></wsp:ExactlyOne>".repeat(2_000);
    let (asks, found) = of_binding(&format!("<wsp:Policy>{choices}</wsp:Policy>"));
    assert!(asks.timestamp && found.is_empty());
    let deep = format!("<wsp:Policy>{}{}</wsp:Policy>", "<wsp:All>".repeat(180), "</wsp:All>".repeat(180));
    assert_eq!(of_binding(&deep).1.len(), 1);
}

/// A WSDL whose ports and operations have policies of their own: 64 assertions at each of `ports` ports and `operations` operations.
fn multiplied(ports: usize, operations: usize) -> String {
    let assertions = |of: &str| -> String {
        let one = |i| format!("<sp:EncryptedParts a=\"{of}{i}\"/><sp:SignedParts><sp:Body/></sp:SignedParts>");
        format!("<wsp:Policy wsu:Id=\"{of}\">{}</wsp:Policy>", (0..64).map(one).collect::<String>())
    };
    let refers = "<wsp:PolicyReference URI=\"#";
    let declared: String = (0..operations).map(|i| format!("<operation name=\"o{i}\"><input message=\"w:M\"/></operation>")).collect();
    let bound: String =
        (0..operations).map(|i| format!("<operation name=\"o{i}\">{refers}op\"/><soap:operation/><input/></operation>")).collect();
    let ports: String = (0..ports)
        .map(|i| format!("<port name=\"p{i}\" binding=\"w:B\">{refers}port\"/><soap:address location=\"http://x/\"/></port>"))
        .collect();
    format!(
        "<definitions {ROOT} targetNamespace=\"urn:w\">{}{}<message name=\"M\"/><portType name=\"P\">{declared}</portType>\
         <binding name=\"B\" type=\"w:P\"><soap:binding/>{bound}</binding><service name=\"S\">{ports}</service></definitions>",
        assertions("op"),
        assertions("port")
    )
}

#[test]
fn ports_and_operations_do_not_multiply() {
    let outcome = outcome(&[("a.wsdl", &multiplied(5_000, 5_000))]);
    let unmet = outcome.diagnostics.iter().filter(|d| d.code.id == "wsdl.policy-unmet").count();
    // 64 of a kind are kept of one policy.
    assert_eq!(unmet, 2 * 2 * 64);
}

#[test]
fn the_transport_of_one_side_protects_the_other() {
    let transport = "<wsp:Policy><sp:TransportBinding/></wsp:Policy>";
    let encrypted = "<wsp:Policy><sp:EncryptedParts><sp:Body/></sp:EncryptedParts></wsp:Policy>";
    let signed = "<wsp:Policy><sp:SignedParts><sp:Body/></sp:SignedParts></wsp:Policy>";
    let asymmetric = "<wsp:Policy><sp:AsymmetricBinding/></wsp:Policy>";
    for (port, operation, expected) in [
        (transport, encrypted, 0),
        (encrypted, transport, 0),
        ("", encrypted, 1),
        (encrypted, "", 1),
        (asymmetric, signed, 0),
        (signed, asymmetric, 0),
        (signed, "", 1),
        (asymmetric, encrypted, 1),
    ] {
        let (_, found) = asked(&At { port, binding_operation: operation, ..At::default() });
        assert_eq!(found.iter().filter(|(code, _)| *code == "wsdl.policy-unmet").count(), expected, "{port} {operation}");
    }
}

#[test]
fn ten_thousand_references_into_other_documents_are_followed() {
    let ids = 20_000;
    let library: String = (0..ids).map(|i| format!("<wsp:Policy wsu:Id=\"p{i}\"/>")).collect();
    let library = format!(
        "<definitions {ROOT} targetNamespace=\"urn:l\">{library}<wsp:Policy wsu:Id=\"last\"><wsam:Addressing/></wsp:Policy></definitions>"
    );
    let refers: String = (0..ids).map(|i| format!("<wsp:PolicyReference URI=\"#p{i}\"/>")).collect();
    let lost: String = (0..200).map(|i| format!("<wsp:PolicyReference URI=\"#x{i}\"/>")).collect();
    let text = format!(
        "<definitions {ROOT} targetNamespace=\"urn:w\"><import namespace=\"urn:l\" location=\"l.wsdl\"/><portType name=\"P\"><operation name=\"O\"/></portType>\
         <binding name=\"B\" type=\"w:P\">{refers}{lost}<wsp:PolicyReference URI=\"#last\"/><soap:binding/><operation name=\"O\"/></binding></definitions>"
    );
    let outcome = outcome(&[("a.wsdl", &text), ("l.wsdl", &library)]);
    let asks = outcome.definitions.unwrap().asks(None, None, BindingId(0), 0);
    assert_eq!(asks.addressing, Some(Addressing::V10));
    let lost: Vec<_> = outcome.diagnostics.iter().filter(|d| d.code.id == "wsdl.policy-reference").collect();
    assert_eq!(lost.len(), 100);
    assert_eq!(lost.iter().filter(|d| d.hint.is_some()).count(), 10);
}

#[test]
fn every_finding_is_a_warning_with_help() {
    let text = format!("<definitions {ROOT}><wsp:Policy wsu:Id=\"x\"/></definitions>");
    let notes = outcome(&[("a.wsdl", &text)]).diagnostics;
    assert!(notes.iter().any(|d| d.code.id == "wsdl.policy" && d.severity == Severity::Note), "{notes:?}");
}
