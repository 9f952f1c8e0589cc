//! WSDL documents: overloads, several documents, headers, attachments, policies.

use castile::wsdl::Definitions;
use castile::wsdl::model::{PartKind, Protocol, Style, Use};
use castile::xml::QName;

use super::outcome;

const ROOT: &str = r#"xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:http="http://schemas.xmlsoap.org/wsdl/http/"
  xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:w="urn:w" xmlns:v="urn:v""#;

fn read(documents: &[(&str, String)]) -> (Definitions, Vec<&'static str>) {
    let documents: Vec<(&str, &str)> = documents.iter().map(|(n, t)| (*n, t.as_str())).collect();
    let outcome = outcome(&documents);
    let codes = outcome.diagnostics.iter().map(|d| d.code.id).collect();
    (outcome.definitions.unwrap_or_else(|| panic!("not resolved: {:?}", outcome.diagnostics)), codes)
}

fn one(content: &str) -> (Definitions, Vec<&'static str>) {
    read(&[("a.wsdl", format!(r#"<definitions {ROOT} targetNamespace="urn:w">{content}</definitions>"#))])
}

#[test]
fn overloads_are_told_apart_by_names_given_or_default() {
    let (d, codes) = one(r#"<message name="A"/><message name="B"/>
        <portType name="P">
          <operation name="O"><input name="one" message="w:A"/><output message="w:A"/></operation>
          <operation name="O"><input message="w:B"/><output name="two" message="w:B"/></operation>
        </portType>
        <binding name="B" type="w:P"><soap:binding style="rpc"/>
          <operation name="O"><soap:operation soapAction="2"/><input name="ORequest"/><output name="two"/></operation>
          <operation name="O"><soap:operation soapAction="1"/><input name="one"/><output name="OResponse"/></operation>
        </binding><service name="S"><port name="p" binding="w:B"><soap:address location=" http://x/ "/></port></service>"#);
    assert_eq!(codes, [] as [&str; 0]);
    let found: Vec<_> = d.bindings[0].operations.iter().map(|o| (o.soap_action.as_deref().unwrap(), o.operation.unwrap())).collect();
    assert_eq!(found, [("2", 1), ("1", 0)]);
    assert_eq!(d.bindings[0].operations[0].style, Style::Rpc);
    let port = &d.services[0].ports[0];
    assert_eq!(port.address.as_deref(), Some("http://x/"));
    assert!(port.address_span.is_some());
}

#[test]
fn documents_import_each_other_and_schemas() {
    let a = format!(
        r#"<definitions {ROOT} targetNamespace="urn:w"><import namespace="urn:v" location="b.wsdl"/><import namespace="urn:t" location="t.xsd"/>
        <binding name="B" type="v:P"><soap12:binding/><operation name="O"><soap12:operation/><input><soap12:body use="literal"/></input></operation></binding>
        <service name="S"><port name="p" binding="w:B"><soap12:address location="http://x/"/></port></service></definitions>"#
    );
    let b = format!(
        r#"<definitions {ROOT} xmlns:t="urn:t" targetNamespace="urn:v"><import namespace="urn:w" location="a.wsdl"/>
        <message name="M"><part name="p" element="t:e"/></message>
        <portType name="P"><operation name="O"><input message="v:M" wsaw:Action="urn:act"/></operation></portType></definitions>"#
    );
    let t = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"><xs:element name="e" type="xs:int"/></xs:schema>"#;
    let (d, codes) = read(&[("a.wsdl", a), ("b.wsdl", b), ("t.xsd", t.to_owned())]);
    assert_eq!(codes, ["wsdl.import-of-schema"]);
    assert_eq!(d.bindings[0].protocol, Protocol::Soap12);
    let operation = &d.port_types[0].operations[0];
    assert_eq!(operation.input.as_ref().unwrap().action.as_deref(), Some("urn:act"));
    let PartKind::Element(name, Some(_)) = &d.messages[0].parts[0].kind else { panic!("the part is not resolved") };
    assert_eq!(*name, QName::new("urn:t", "e"));
    assert_eq!(d.scopes.len(), 2);
}

#[test]
fn headers_attachments_and_policies() {
    let (d, codes) = one(
        r#"<wsp:Policy><wsp:ExactlyOne><wsp:All><x:Sign xmlns:x="urn:x"><wsp:Policy><x:Inner/></wsp:Policy></x:Sign></wsp:All></wsp:ExactlyOne></wsp:Policy>
        <message name="M"><part name="body" type="xs:string"/><part name="file" type="xs:base64Binary"/><part name="head" type="xs:int"/></message>
        <portType name="P"><operation name="O"><output message="w:M"/><input message="w:M"/></operation></portType>
        <binding name="B" type="w:P"><soap:binding style="document"/><operation name="O"><soap:operation style="rpc"/><input><mime:multipartRelated>
          <mime:part><soap:body parts="body" use="encoded" namespace="urn:n" encodingStyle="urn:e"/>
            <soap:header message="w:M" part="head" use="literal"><soap:headerfault message="w:M" part="head" use="literal"/></soap:header></mime:part>
          <mime:part><mime:content part="file" type="image/png"/><mime:content part="file" type="image/gif"/></mime:part>
        </mime:multipartRelated></input><fault name="F"><soap:fault name="F" use="encoded"/></fault></operation></binding>
        <service name="S"><port name="p" binding="w:B"><soap:address location="http://x/"/></port></service>"#,
    );
    assert_eq!(codes, ["wsdl.policy"]);
    let operation = &d.bindings[0].operations[0];
    assert_eq!(operation.style, Style::Rpc);
    let input = operation.input.as_ref().unwrap();
    let body = input.body.as_ref().unwrap();
    assert_eq!((body.use_, body.namespace.as_deref(), body.parts.as_ref().map(Vec::len)), (Use::Encoded, Some("urn:n"), Some(1)));
    assert!(input.multipart);
    assert_eq!(input.headers[0].header_faults.len(), 1);
    assert_eq!(input.mime_parts, [("file".into(), vec!["image/png".into(), "image/gif".into()])]);
    assert_eq!(operation.faults[0].use_, Use::Encoded);
    assert!(d.port_types[0].operations[0].output_first);
    assert!(!d.has_policies(), "it is attached to nothing");
}

#[test]
fn a_reference_in_the_wrong_namespace_is_found_by_its_local_name() {
    let (d, codes) = one(r#"<message name="M"/><portType name="P"><operation name="O"><input message="v:M"/></operation></portType>
        <binding name="B" type="P"><soap:binding/><operation name="O"><soap:operation/><input/></operation></binding>
        <service name="S"><port name="p" binding="nowhere:B"><soap:address location="http://x/"/></port></service>"#);
    assert_eq!(codes, ["wsdl.other-namespace"; 3]);
    assert!(d.port_types[0].operations[0].input.as_ref().unwrap().message.is_some());
    assert_eq!(d.services[0].ports.len(), 1);
}

#[test]
fn protocols_stand_side_by_side() {
    let binding = |name: &str, extension: &str| format!(r#"<binding name="{name}" type="w:P">{extension}<operation name="O"/></binding>"#);
    let (d, codes) = one(&format!(
        r#"<message name="M"/><portType name="P"><operation name="O"><input message="w:M"/></operation></portType>{}{}{}{}"#,
        binding("A", "<soap:binding/>"),
        binding("B", r#"<x:binding xmlns:x="urn:toolkit"/><soap12:binding/>"#),
        binding("C", r#"<http:binding verb="POST"/>"#),
        binding("D", r#"<x:binding xmlns:x="urn:jms"/>"#),
    ));
    assert_eq!(codes, ["wsdl.no-address", "wsdl.not-soap", "wsdl.not-soap"]);
    let protocols: Vec<_> = d.bindings.into_iter().map(|b| b.protocol).collect();
    assert_eq!(protocols, [Protocol::Soap11, Protocol::Soap12, Protocol::Http("POST".into()), Protocol::Other(Some("urn:jms".into()))]);
}

#[test]
fn roots_and_imports_of_other_kinds_are_told() {
    let codes = |documents: &[(&str, &str)]| -> Vec<(&'static str, String)> {
        outcome(documents).diagnostics.iter().map(|d| (d.code.id, d.message.clone())).collect()
    };
    let said = |text: &str| codes(&[("a.wsdl", text)]).remove(0);
    assert_eq!(said("<html><body/></html>"), ("wsdl.not-a-wsdl", "the document is an HTML page, not a WSDL".to_owned()));
    assert_eq!(said("<!DOCTYPE html><html><br></html>"), ("wsdl.not-a-wsdl", "the document is an HTML page, not a WSDL".to_owned()));
    assert_eq!(said("{}").1, "the document is JSON, not a WSDL");
    assert_eq!(said("").1, "the document is empty, not a WSDL");
    assert_eq!(said("<a><b></a>").0, "wsdl.not-well-formed");
    assert_eq!(said("<definitions/>").1, "the root element `definitions` is not in the namespace of WSDL 1.1");
    let page = super::wsdl(&super::schema(r#"<xs:include schemaLocation="page.xsd"/><xs:include schemaLocation="cut.xsd"/>"#));
    let found = codes(&[("a.wsdl", &page), ("page.xsd", "<html/>"), ("cut.xsd", "<xs:schema")]);
    assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["schema.not-a-schema", "wsdl.not-well-formed"]);
}
