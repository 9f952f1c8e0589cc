//! Request parameters and faults.

use super::build::Build;
use super::{is_accepted, plain};
use crate::json::{Limits, parse};
use crate::mediate::{FaultCode, Parameter, ParameterIn, encode_fault, fault_envelope, parameters};
use crate::plan::Program;
use crate::plan::node::{Body, FaultPlan, MessagePlan, Slot, SoapVersion};
use crate::plan::scalar::Primitive;

#[test]
fn parameters_become_typed_properties() {
    let p = plain();
    let message = &p.operations[0].input;
    let parameter = |name, pointer, text| Parameter { location: ParameterIn::Query, name, pointer, text };
    let value = parameters(
        &p,
        message,
        &[parameter("a", "/a", "x"), parameter("c", "/c", "+07"), parameter("b", "/b", "5"), parameter("c", "/c", "8")],
        None,
    );
    let expected = parse(br#"{"a": "x", "c": [7, 8], "b": 5}"#, &Limits::default()).expect("JSON");
    assert_eq!(value, Ok(expected));
    let body = || parse(br#"{"a": "x", "b": 5}"#, &Limits::default()).ok();
    assert!(parameters(&p, message, &[parameter("b", "/b", "05")], body()).is_ok());
    let e = parameters(&p, message, &[parameter("b", "/b", "6"), parameter("q", "/q", "1"), parameter("b2", "/b", "7")], body())
        .expect_err("wrong");
    let told: Vec<_> = e.iter().map(|e| (e.pointer.as_str(), e.parameter.as_ref().map(|p| p.name.as_str()))).collect();
    assert_eq!(told, [("/b", Some("b2")), ("/q", Some("q"))]);
    let e = parameters(&p, message, &[parameter("b", "/b", "x")], None).expect_err("wrong");
    assert_eq!((e[0].expected.as_str(), e[0].found.as_str()), ("xs:int", "\"x\""));
}

#[test]
fn faults_of_both_versions() {
    let mut b = Build::new();
    let int = b.simple(Primitive::Int);
    let (root, why) = (b.element("e", int), b.element("why", int));
    let detail = b.slot(why);
    let mut p = b.finish(root);
    p.operations[0].faults.push(FaultPlan { name: "Why".into(), detail, status: 422, documentation: None });
    let text = |bytes: Vec<u8>| {
        assert!(is_accepted(&bytes));
        String::from_utf8(bytes).expect("UTF-8")
    };
    let fault = |p: &Program, json: &str| {
        let detail = parse(json.as_bytes(), &Limits::default()).expect("JSON");
        encode_fault(p, &p.operations[0], &p.operations[0].faults[0], "a<b", &detail)
    };
    assert!(text(fault(&p, "5").expect("valid")).ends_with(
        "<soap:Body><soap:Fault><faultcode>soap:Server</faultcode><faultstring>a&lt;b</faultstring>\
        <detail><n1:why>5</n1:why></detail></soap:Fault></soap:Body></soap:Envelope>"
    ));
    p.operations[0].version = SoapVersion::Soap12;
    assert!(text(fault(&p, "5").expect("valid")).ends_with(
        "<soap:Body><soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code><soap:Reason>\
        <soap:Text xml:lang=\"en\">a&lt;b</soap:Text></soap:Reason><soap:Detail><n2:why>5</n2:why></soap:Detail></soap:Fault></soap:Body></soap:Envelope>"
    ));
    assert!(fault(&p, "true").is_err());
    assert!(text(fault_envelope(SoapVersion::Soap11, FaultCode::Sender, "\u{1}", &[("requestId", "7")])).ends_with(
        "<faultcode>soap:Client</faultcode><faultstring>\u{FFFD}</faultstring><detail><n1:requestId>7</n1:requestId></detail></soap:Fault></soap:Body></soap:Envelope>"
    ));
}

#[test]
fn raw_markup_can_be_switched_off() {
    let mut p = super::anything();
    let json = r#"{"$xml": "<a xmlns='urn:a'><!-- c -->1</a>"}"#;
    assert_eq!(super::body(&p, json), "<n1:e><a xmlns=\"urn:a\">1</a></n1:e>");
    p.options.refuse_raw_xml = true;
    assert_eq!(super::errors(&p, json), ["/$xml: no raw XML: it is switched off for this API; \"$xml\""]);
}

#[test]
fn rpc_literal_asks_for_every_part() {
    let mut b = Build::new();
    let (int, string) = (b.simple(Primitive::Int), b.simple(Primitive::String));
    let (wrapper, x, y) = (b.program.names.intern(super::T, "Op"), b.program.names.intern("", "x"), b.program.names.intern("", "y"));
    let part = |key: &str, tag, type_| Slot {
        key: key.into(),
        tag,
        element: None,
        type_,
        nillable: true,
        members: Vec::new(),
        secret: false,
        documentation: None,
    };
    let parts = vec![part("x", x, int), part("y", y, string)];
    let p = b.finish_with(MessagePlan {
        body: Body::Rpc { wrapper, parts },
        encoded: false,
        headers: Vec::new(),
        fixed_headers: Vec::new(),
        attachments: Vec::new(),
    });
    assert_eq!(super::body(&p, r#"{"y": null, "x": 1}"#), "<n1:Op><x>1</x><y xsi:nil=\"true\"/></n1:Op>");
    assert_eq!(super::errors(&p, r#"{"z": 1, "x": 1}"#), ["/z: no such property; 1", "/y: part y; nothing"]);
}

#[test]
fn a_substitution_group_is_told_by_the_member() {
    let mut b = Build::new();
    let string = b.simple(Primitive::String);
    let (pet, cat, dog) = (b.element("pet", string), b.element("cat", string), b.element("dog", string));
    let mut slot = b.slot(pet);
    slot.members = vec![cat, dog];
    let p = b.finish_with(MessagePlan {
        body: Body::Element(slot),
        encoded: false,
        headers: Vec::new(),
        fixed_headers: Vec::new(),
        attachments: Vec::new(),
    });
    assert_eq!(super::body(&p, r#"{"cat": "Tom"}"#), "<n1:cat>Tom</n1:cat>");
    assert_eq!(super::errors(&p, r#"{"pet": "Tom"}"#), ["/pet: one of cat, dog; pet"]);
    assert_eq!(super::errors(&p, r#""Tom""#), [": one property that names the element: cat, dog; \"Tom\""]);
}
