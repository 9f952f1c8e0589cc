//! What samples show, on a service written for it.

use castile::mediate::{Direction, encode};
use castile::plan::Program;
use castile::plan::compile::{Settings, compile};
use castile::sample::{Sampler, Style};
use castile::wsdl::resolve::resolve;
use castile::wsdl::source::{Options, Origin, Policy, load_local};

/// A document/literal service with one operation whose input is the element `in`, declared in `schema`.
fn service(schema: &str) -> Program {
    let text = format!(
        r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
             xmlns:t="urn:t" targetNamespace="urn:t">
          <types><xs:schema targetNamespace="urn:t" elementFormDefault="qualified">{schema}</xs:schema></types>
          <message name="in"><part name="body" element="t:in"/></message>
          <portType name="P"><operation name="op"><input message="t:in"/></operation></portType>
          <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
            <operation name="op"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation></binding>
          <service name="S"><port name="Q" binding="t:B"><soap:address location="http://localhost/"/></port></service>
        </definitions>"#
    );
    let folder = crate::source::folder(&[("s.wsdl", &text)]);
    let loaded = load_local(&Origin::File(folder.path().join("s.wsdl")), &Options::local(Policy::Operator)).unwrap();
    compile(&resolve(&loaded.documents).definitions.unwrap(), &Settings::default()).program
}

/// The sample of `in` in that style without a seed, and that it and twenty others are valid.
fn shown(schema: &str, style: Style) -> String {
    let program = service(schema);
    let sampler = Sampler::new(&program);
    let operation = &program.operations[0];
    let make = |seed| sampler.message(operation, Direction::Request, seed, style).unwrap();
    for seed in std::iter::once(None).chain((0..20).map(Some)) {
        let json = make(seed);
        if let Err(e) = encode(&program, operation, Direction::Request, &json) {
            panic!("{e:?}\n{}", String::from_utf8_lossy(&json));
        }
    }
    String::from_utf8(make(None)).unwrap()
}

fn typed(content: &str) -> String {
    format!(r#"<xs:element name="in"><xs:complexType>{content}</xs:complexType></xs:element>"#)
}

#[test]
fn styles_show_more_and_more() {
    let schema = typed(
        r#"<xs:sequence><xs:element name="code" type="xs:string"/><xs:element name="note" type="xs:string" minOccurs="0"/>
           <xs:element name="size" type="xs:int" maxOccurs="5"/></xs:sequence><xs:attribute name="id" type="xs:int"/>"#,
    );
    assert_eq!(shown(&schema, Style::Minimal), r#"{"code":"code","size":[1]}"#);
    assert_eq!(shown(&schema, Style::Typical), r#"{"@id":1,"code":"code","note":"note","size":[1]}"#);
    assert_eq!(shown(&schema, Style::Full), r#"{"@id":1,"code":"code","note":"note","size":[1,1]}"#);
}

#[test]
fn recursion_takes_the_way_that_ends() {
    let schema = r#"<xs:element name="in" type="t:Node"/>
        <xs:complexType name="Node"><xs:choice><xs:element name="left" type="t:Node"/><xs:element name="leaf" type="xs:int"/></xs:choice></xs:complexType>"#;
    assert_eq!(shown(schema, Style::Minimal), r#"{"leaf":1}"#);
    assert_eq!(shown(schema, Style::Typical), r#"{"leaf":1}"#);
    let tree = r#"<xs:element name="in" type="t:Tree"/>
        <xs:complexType name="Tree"><xs:sequence><xs:element name="v" type="xs:int"/><xs:element name="child" type="t:Tree" minOccurs="0" maxOccurs="9"/></xs:sequence></xs:complexType>"#;
    assert_eq!(shown(tree, Style::Minimal), r#"{"v":1}"#);
    assert_eq!(shown(tree, Style::Typical), r#"{"v":1}"#);
    assert_eq!(shown(tree, Style::Full), r#"{"v":1,"child":[{"v":1},{"v":1}]}"#);
}

#[test]
fn recursion_without_an_end_is_an_error_that_says_where() {
    let program = service(
        r#"<xs:element name="in" type="t:Loop"/>
           <xs:complexType name="Loop"><xs:sequence><xs:element name="again" type="t:Loop"/></xs:sequence></xs:complexType>"#,
    );
    let error = Sampler::new(&program).message(&program.operations[0], Direction::Request, None, Style::Typical).unwrap_err();
    assert!(error.pointer.starts_with("/again/again"), "{error}");
    assert!(error.reason.contains("deep"), "{error}");
}

#[test]
fn a_nillable_element_ends_a_recursion() {
    let schema = r#"<xs:element name="in" type="t:Loop"/>
        <xs:complexType name="Loop"><xs:sequence><xs:element name="again" type="t:Loop" nillable="true"/></xs:sequence></xs:complexType>"#;
    assert!(shown(schema, Style::Typical).contains("null"));
}

#[test]
fn an_abstract_type_is_stood_for_by_one_that_derives_from_it() {
    let schema = r#"<xs:element name="in"><xs:complexType><xs:sequence><xs:element name="pet" type="t:Pet"/></xs:sequence></xs:complexType></xs:element>
        <xs:complexType name="Pet" abstract="true"><xs:sequence><xs:element name="name" type="xs:string"/></xs:sequence></xs:complexType>
        <xs:complexType name="Cat"><xs:complexContent><xs:extension base="t:Pet"><xs:sequence><xs:element name="lives" type="xs:byte"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>"#;
    assert_eq!(shown(schema, Style::Minimal), r#"{"pet":{"$type":"Cat","name":"name","lives":1}}"#);
}

#[test]
fn members_stand_for_an_abstract_head() {
    let schema = r#"<xs:element name="in"><xs:complexType><xs:sequence><xs:element ref="t:pet"/></xs:sequence></xs:complexType></xs:element>
        <xs:element name="pet" abstract="true" type="xs:string"/><xs:element name="dog" substitutionGroup="t:pet"/>"#;
    assert_eq!(shown(schema, Style::Minimal), r#"{"dog":"dog"}"#);
}

#[test]
fn wildcards_hold_a_declared_element_or_nothing() {
    let one = r#"<xs:sequence><xs:element name="a" type="xs:int"/><xs:any namespace="urn:t" minOccurs="{min}"/></xs:sequence>"#;
    let known = r#"<xs:element name="known" type="xs:int"/>"#;
    let schema = |min: &str| format!("{}{known}", typed(&one.replace("{min}", min)));
    assert_eq!(shown(&schema("0"), Style::Typical), r#"{"a":1}"#);
    assert_eq!(shown(&schema("1"), Style::Minimal), r#"{"a":1,"known":1}"#);
    let lax = typed(r#"<xs:sequence><xs:any processContents="lax" namespace="urn:other" minOccurs="2" maxOccurs="2"/></xs:sequence>"#);
    assert_eq!(shown(&lax, Style::Minimal), r#"{"{urn:other}any":["any","any"]}"#);
}

#[test]
fn repeated_groups_and_mixed_content() {
    let items =
        typed(r#"<xs:choice maxOccurs="unbounded"><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/></xs:choice>"#);
    assert_eq!(shown(&items, Style::Typical), r#"{"$items":[{"a":1}]}"#);
    let optional = typed(
        r#"<xs:sequence minOccurs="2" maxOccurs="2"><xs:element name="a" type="xs:int" minOccurs="0"/><xs:element name="b" type="xs:int"/></xs:sequence>"#,
    );
    assert_eq!(shown(&optional, Style::Minimal), r#"{"$items":[{"b":1},{"b":1}]}"#);
    let mixed = r#"<xs:element name="in"><xs:complexType mixed="true"><xs:sequence><xs:element name="b" type="xs:int" maxOccurs="2"/></xs:sequence></xs:complexType></xs:element>"#;
    assert_eq!(shown(mixed, Style::Full), r#"{"$content":["in",{"b":1},{"b":1}]}"#);
}

#[test]
fn what_is_declared_is_shown() {
    let schema = typed(
        r#"<xs:sequence><xs:element name="unit" type="xs:string" default="kg"/><xs:element name="version" type="xs:int" fixed="3"/></xs:sequence>
           <xs:attribute name="lang" type="xs:language" default="fr"/>"#,
    );
    assert_eq!(shown(&schema, Style::Typical), r#"{"@lang":"fr","unit":"kg","version":3}"#);
}

#[test]
fn choices_show_their_first_branch_and_flattened_types_are_arrays() {
    let schema = typed(
        r#"<xs:sequence><xs:choice><xs:sequence><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int" minOccurs="0"/></xs:sequence><xs:element name="c" type="xs:int"/></xs:choice>
           <xs:element name="list"><xs:complexType><xs:sequence><xs:element name="s" type="xs:string" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element></xs:sequence>"#,
    );
    assert_eq!(shown(&schema, Style::Typical), r#"{"a":1,"b":1,"list":["s"]}"#);
    assert_eq!(shown(&schema, Style::Minimal), r#"{"a":1,"list":[]}"#);
}

/// Members of a sequence are each looked at once, however many there are.
#[test]
fn a_sequence_of_very_many_members_has_a_sample() {
    let members: String = (0..20_000).map(|n| format!("<xs:element name=\"e{n}\" type=\"xs:int\" minOccurs=\"0\"/>")).collect();
    let twice = r#"<xs:element name="a" type="xs:int" minOccurs="0"/>"#.repeat(2_000);
    let program = service(&typed(&format!("<xs:sequence>{members}{twice}</xs:sequence>")));
    let operation = &program.operations[0];
    let json = Sampler::new(&program).message(operation, Direction::Request, None, Style::Full).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(value.as_object().unwrap().len(), 20_001, "of those that are alike the first is given");
}
