#![allow(clippy::wildcard_enum_match_arm, reason = "tests ask for one kind")]

mod build;
mod edges;
mod random;

use build::{Build, T, any, group, place};

use crate::json::Limits;
use crate::mediate::{Direction, EncodeError, encode};
use crate::plan::Program;
use crate::plan::node::*;
use crate::plan::scalar::Primitive;
use crate::xml::Limits as XmlLimits;
use crate::xml::gate::{Gate, Ignore};

/// What stands in the Body, or the errors as `pointer: expected; found`.
fn body(program: &Program, json: &str) -> String {
    match encode(program, &program.operations[0], Direction::Request, json.as_bytes()) {
        Ok(envelope) => {
            assert!(is_accepted(&envelope), "{}", String::from_utf8_lossy(&envelope));
            let text = String::from_utf8(envelope).expect("UTF-8");
            let (_, rest) = text.split_once("<soap:Body>").unwrap_or(("", "<soap:Body/>"));
            rest.split("</soap:Body>").next().unwrap_or_default().to_owned()
        }
        Err(e) => panic!("{json}: {e:?}"),
    }
}

/// Does the gate let it pass?
fn is_accepted(envelope: &[u8]) -> bool {
    let mut gate = Gate::new(XmlLimits::message(), None);
    gate.feed(envelope, &mut Ignore).and_then(|()| gate.finish(&mut Ignore)).is_ok()
}

fn errors(program: &Program, json: &str) -> Vec<String> {
    match encode(program, &program.operations[0], Direction::Request, json.as_bytes()) {
        Ok(envelope) => panic!("accepted: {}", String::from_utf8_lossy(&envelope)),
        Err(EncodeError::NotJson(e)) => panic!("{e:?}"),
        Err(EncodeError::Invalid(errors)) => errors.into_iter().map(|e| format!("{}: {}; {}", e.pointer, e.expected, e.found)).collect(),
    }
}

/// `e` of a sequence (a: string, b: int optional, c: int array).
fn plain() -> Program {
    let mut b = Build::new();
    let (string, int) = (b.simple(Primitive::String), b.simple(Primitive::Int));
    let (a, bb, c) = (b.element("a", string), b.element("b", int), b.element_in("", "c", int));
    let shape = b.sequence(vec![
        place(PlaceKind::Element(a), "a", 1, Some(1)),
        place(PlaceKind::Element(bb), "b", 0, Some(1)),
        place(PlaceKind::Element(c), "c", 0, Some(2)),
    ]);
    let type_ = b.complex("E", Content::Elements(shape));
    let root = b.element("e", type_);
    b.finish(root)
}

#[test]
fn properties_are_written_in_schema_order_and_escaped() {
    let p = plain();
    assert_eq!(
        body(&p, r#"{"c": [1, 2e0], "b": 7, "a": "x<&>\r"}"#),
        "<n1:e><n1:a>x&lt;&amp;&gt;&#13;</n1:a><n1:b>7</n1:b><c>1</c><c>2</c></n1:e>"
    );
    assert_eq!(body(&p, r#"{"a": ""}"#), "<n1:e><n1:a/></n1:e>");
}

#[test]
fn every_error_is_found_with_its_pointer() {
    let p = plain();
    assert_eq!(
        errors(&p, r#"{"b": "x", "c": [1, 2, true], "d~/": null}"#),
        [
            "/d~0~1: no such property; null",
            "/a: xs:string; nothing",
            "/b: xs:int; \"x\"",
            "/c/2: xs:int; true",
            "/c: 0 to 2 items; 3 items"
        ]
    );
    assert_eq!(errors(&p, r#"{"a": null}"#), ["/a: not null: xs:string; null"]);
    assert_eq!(errors(&p, r#"[]"#), [": an object: E; []"]);
    assert_eq!(errors(&p, r#"{"a": "x", "c": 1}"#), ["/c: an array; 1"]);
    assert_eq!(errors(&p, r#"{"a": "\u0001"}"#).len(), 1);
}

#[test]
fn nearest_names_are_told() {
    let mut b = Build::new();
    let string = b.simple(Primitive::String);
    let a = b.element("countryName", string);
    let shape = b.sequence(vec![place(PlaceKind::Element(a), "countryName", 0, Some(1))]);
    let type_ = b.complex("E", Content::Elements(shape));
    let root = b.element("e", type_);
    let p = b.finish(root);
    let Err(EncodeError::Invalid(e)) = encode(&p, &p.operations[0], Direction::Request, br#"{"countryname": "x"}"#) else {
        panic!("accepted")
    };
    assert_eq!(e[0].hint.as_deref(), Some("countryName"));
}

#[test]
fn options_forgive() {
    let mut p = plain();
    p.options.nulls_are_absent = true;
    p.options.ignore_unknown = true;
    p.options.lenient = true;
    assert_eq!(body(&p, r#"{"a": "x", "b": null, "c": 5, "zzz": {"y": 1}}"#), "<n1:e><n1:a>x</n1:a><c>5</c></n1:e>");
    assert_eq!(errors(&p, r#"{"a": null}"#), ["/a: xs:string; nothing"]);
    assert_eq!(errors(&p, r#"{"a": "x", "$xml": "<a/>"}"#).len(), 1);
}

/// choice((a, b?), (b, a?)) with shared keys.
fn two_orders() -> Program {
    let mut b = Build::new();
    let string = b.simple(Primitive::String);
    let (a, bb) = (b.element("a", string), b.element("b", string));
    let places = vec![
        place(PlaceKind::Element(a), "a", 1, Some(1)),
        place(PlaceKind::Element(bb), "b", 0, Some(1)),
        place(PlaceKind::Element(bb), "b", 1, Some(1)),
        place(PlaceKind::Element(a), "a", 0, Some(1)),
    ];
    let branch = |x: u32, y: u32| group(Compositor::Sequence, false, vec![Particle::Place(x), Particle::Place(y)]);
    let shape = b.shape(places, group(Compositor::Choice, false, vec![branch(0, 1), branch(2, 3)]));
    let type_ = b.complex("E", Content::Elements(shape));
    let root = b.element("e", type_);
    b.finish(root)
}

#[test]
fn equal_branches_are_told_by_the_order_of_keys() {
    let p = two_orders();
    assert_eq!(body(&p, r#"{"a": "1", "b": "2"}"#), "<n1:e><n1:a>1</n1:a><n1:b>2</n1:b></n1:e>");
    assert_eq!(body(&p, r#"{"b": "1", "a": "2"}"#), "<n1:e><n1:b>1</n1:b><n1:a>2</n1:a></n1:e>");
    assert_eq!(body(&p, r#"{"b": "1"}"#), "<n1:e><n1:b>1</n1:b></n1:e>");
    assert_eq!(errors(&p, "{}"), [": one of a, b, b, a; nothing"]);
}

#[test]
fn two_branches_are_an_error_of_the_object() {
    let mut b = Build::new();
    let string = b.simple(Primitive::String);
    let (a, bb) = (b.element("a", string), b.element("b", string));
    let places = vec![place(PlaceKind::Element(a), "a", 1, Some(1)), place(PlaceKind::Element(bb), "b", 1, None)];
    let shape = b.shape(places, group(Compositor::Choice, false, vec![Particle::Place(0), Particle::Place(1)]));
    let type_ = b.complex("E", Content::Elements(shape));
    let root = b.element("e", type_);
    let p = b.finish(root);
    assert_eq!(errors(&p, r#"{"a": "1", "b": ["2"]}"#), [": one branch of: a | b; a and b"]);
    // An array without items tells no branch, but names one.
    assert_eq!(body(&p, r#"{"a": "1", "b": []}"#), "<n1:e><n1:a>1</n1:a></n1:e>");
    assert_eq!(errors(&p, r#"{"b": []}"#), ["/b: at least 1 items; 0 items"]);
}

#[test]
fn repeated_groups_are_arrays_of_objects() {
    let mut b = Build::new();
    let string = b.simple(Primitive::String);
    let (a, bb) = (b.element("a", string), b.element("b", string));
    let places = vec![place(PlaceKind::Element(a), "a", 1, Some(1)), place(PlaceKind::Element(bb), "b", 1, Some(1))];
    let inner = b.shape(places, group(Compositor::Choice, false, vec![Particle::Place(0), Particle::Place(1)]));
    let outer = b.shape(vec![place(PlaceKind::Items(inner), "$items", 0, None)], Particle::Place(0));
    let type_ = b.complex("E", Content::Elements(outer));
    let root = b.element("e", type_);
    let p = b.finish(root);
    assert_eq!(body(&p, r#"{"$items": [{"b": "1"}, {"a": "2"}, {"b": "3"}]}"#), "<n1:e><n1:b>1</n1:b><n1:a>2</n1:a><n1:b>3</n1:b></n1:e>");
    assert_eq!(
        errors(&p, r#"{"$items": [{}, "x", {"a": "1", "@q": 1}]}"#),
        ["/$items/0: one of a, b; nothing", "/$items/1: an object; \"x\"", "/$items/2/@q: no such property; 1"]
    );
}

#[test]
fn flattened_types_are_arrays_below_the_root() {
    let mut b = Build::new();
    let string = b.simple(Primitive::String);
    let s = b.element("s", string);
    let wrapped = b.shape(vec![place(PlaceKind::Element(s), "s", 0, None)], Particle::Place(0));
    let list = b.complex("Strings", Content::Elements(wrapped));
    b.complex_mut(list).is_flat = true;
    let inner = b.element("list", list);
    let shape = b.sequence(vec![place(PlaceKind::Element(inner), "list", 0, Some(1))]);
    let type_ = b.complex("E", Content::Elements(shape));
    let root = b.element("e", type_);
    let p = b.finish(root);
    assert_eq!(body(&p, r#"{"list": ["a", "b"]}"#), "<n1:e><n1:list><n1:s>a</n1:s><n1:s>b</n1:s></n1:list></n1:e>");
    assert_eq!(body(&p, r#"{"list": []}"#), "<n1:e><n1:list/></n1:e>");
    assert_eq!(errors(&p, r#"{"list": {"s": ["a"]}}"#), [r#"/list: an array; {"s": ["a"]}"#]);
    assert_eq!(body(&p, r#"{"list": {"$type": "Strings", "s": ["a"]}}"#), "<n1:e><n1:list><n1:s>a</n1:s></n1:list></n1:e>");
}

/// `e` of anyType.
fn anything() -> Program {
    let mut b = Build::new();
    b.simple(Primitive::Int);
    let root = b.element("e", TypeId(0));
    b.finish(root)
}

#[test]
fn generic_rules() {
    let p = anything();
    for (json, xml) in [
        (r#""<a/>""#, "<n1:e>&lt;a/&gt;</n1:e>"),
        ("12.50", "<n1:e>12.50</n1:e>"),
        ("null", "<n1:e xsi:nil=\"true\"/>"),
        (r#"{"k": ["1", true], "@a": 5}"#, "<n1:e a=\"5\"><n1:k>1</n1:k><n1:k>true</n1:k></n1:e>"),
        (r#"{"k": {"$ns": "", "$value": "1"}}"#, "<n1:e><k>1</k></n1:e>"),
        (r#"{"k": {"$ns": "urn:q", "j": "1"}}"#, "<n1:e><n2:k><n2:j>1</n2:j></n2:k></n1:e>"),
        (r#"{"$content": ["a", {"b": "c"}, "d"]}"#, "<n1:e>a<n1:b>c</n1:b>d</n1:e>"),
        (r#"{"$type": "xs:int", "$value": 5}"#, "<n1:e xsi:type=\"xsd:int\">5</n1:e>"),
        (r#"{"$type": "{urn:u}Nope", "k": "1"}"#, "<n1:e xsi:type=\"n2:Nope\"><n1:k>1</n1:k></n1:e>"),
        (r#"{"k": {"$nil": true, "@x": "1"}}"#, "<n1:e><n1:k xsi:nil=\"true\" x=\"1\"/></n1:e>"),
    ] {
        assert_eq!(body(&p, json), xml, "{json}");
    }
    for (json, pointer) in [
        (r#"{"a b": 1}"#, "/a b"),
        (r#"{"k": [["x"]]}"#, "/k/0"),
        (r#"{"@xmlns": "urn:x"}"#, "/@xmlns"),
        (r#"{"@{http://www.w3.org/2000/xmlns/}p": "urn:x"}"#, "/@{http:~1~1www.w3.org~12000~1xmlns~1}p"),
        (r#"{"@{http://www.w3.org/2001/XMLSchema-instance}nil": "true"}"#, "/@{http:~1~1www.w3.org~12001~1XMLSchema-instance}nil"),
        (r#"{"k": {"$ns": "http://www.w3.org/2000/xmlns/"}}"#, "/k"),
        (r#"{"k": {"$ns": "a b"}}"#, "/k"),
        (r#"{"@a": "1", "@{}a": "2"}"#, "/@{}a"),
        (r#"{"$foo": 1}"#, "/$foo"),
        (r#"{"$value": "x", "k": 1}"#, "/k"),
        (r#"{"k><b": 1}"#, "/k><b"),
    ] {
        let e = errors(&p, json);
        assert!(e.iter().any(|e| e.starts_with(&format!("{pointer}: "))), "{json}: {e:?}");
    }
}

#[test]
fn derived_types() {
    let mut b = Build::new();
    let (string, int) = (b.simple(Primitive::String), b.simple(Primitive::Int));
    let (name, lives) = (b.element("name", string), b.element("lives", int));
    let base = b.sequence(vec![place(PlaceKind::Element(name), "name", 1, Some(1))]);
    let pet = b.complex("Pet", Content::Elements(base));
    b.program.types[pet.index()].is_abstract = true;
    let both = b.sequence(vec![place(PlaceKind::Element(name), "name", 1, Some(1)), place(PlaceKind::Element(lives), "lives", 1, Some(1))]);
    let cat = b.complex("Cat", Content::Elements(both));
    b.program.types[cat.index()].base = Some(pet);
    b.program.types[pet.index()].derived = vec![cat];
    let root = b.element("e", pet);
    let p = b.finish(root);
    let cat = r#""name": "Tom", "lives": 9"#;
    let xml = "<n1:e xsi:type=\"n1:Cat\"><n1:name>Tom</n1:name><n1:lives>9</n1:lives></n1:e>";
    assert_eq!(body(&p, &format!(r#"{{{cat}, "$type": "Cat"}}"#)), xml);
    assert_eq!(body(&p, &format!(r#"{{{cat}, "$type": "{{urn:t}}Cat"}}"#)), xml);
    assert_eq!(errors(&p, &format!("{{{cat}}}")), ["/$type: a type derived from Pet; nothing"]);
    assert_eq!(errors(&p, r#"{"$type": "Pet", "name": "x"}"#), ["/$type: a type that is not abstract; \"Pet\""]);
    assert_eq!(errors(&p, r#"{"$type": "xs:int", "$value": 5}"#), ["/$type: the name of a type derived from Pet; \"xs:int\""]);
    assert_eq!(errors(&p, r#"{"$type": "Cta"}"#), ["/$type: the name of a type derived from Pet; \"Cta\""]);
}

#[test]
fn attributes_values_and_wildcards_for_attributes() {
    let mut b = Build::new();
    let decimal = b.simple(Primitive::Decimal);
    let scalar = match &b.program.types[decimal.index()].body {
        TypeBody::Simple(s) => s.clone(),
        _ => panic!("simple"),
    };
    let type_ = b.complex("Price", Content::Simple(scalar));
    let (cur, id) = (b.attribute("", "cur", Primitive::String, true), b.attribute(T, "id", Primitive::Int, false));
    let other = Wildcard { admits: Admits::Not(b.program.names.intern_namespace(T)), process: Process::Lax };
    let c = b.complex_mut(type_);
    c.attributes = vec![cur, id];
    c.any_attribute = Some(other);
    let root = b.element("e", type_);
    let p = b.finish(root);
    assert_eq!(body(&p, r#"{"$value": 1.50, "@cur": "a\"\n", "@id": 7}"#), "<n1:e cur=\"a&quot;&#10;\" n1:id=\"7\">1.50</n1:e>");
    assert_eq!(body(&p, r#"{"@{urn:q}x": "1", "@cur": "", "$value": 0}"#), "<n1:e cur=\"\" n2:x=\"1\">0</n1:e>");
    assert_eq!(
        errors(&p, r#"{"@x": "1", "@{urn:t}id": "5", "k": 1}"#),
        [
            "/@cur: attribute: xs:string; nothing",
            "/@x: no such property; \"1\"",
            "/@{urn:t}id: no such property; \"5\"",
            "/k: no such property; 1",
            "/$value: xs:decimal; nothing"
        ]
    );
    assert_eq!(errors(&p, "5"), [": an object: Price; 5"]);
}

/// `e` of (k?, one foreign element, up to two), with `{urn:u}num` declared.
fn wild() -> Program {
    let mut b = Build::new();
    let int = b.simple(Primitive::Int);
    b.global("urn:u", "num", int);
    let k = b.element("k", int);
    let t = b.program.names.intern_namespace(T);
    let shape = b.sequence(vec![
        place(PlaceKind::Element(k), "k", 0, Some(1)),
        any(Admits::Not(t), Process::Lax, 0, Some(1)),
        any(Admits::Not(t), Process::Lax, 0, Some(2)),
    ]);
    b.program.shapes[shape.index()].many_wild = true;
    let type_ = b.complex("E", Content::Elements(shape));
    let root = b.element("e", type_);
    b.finish(root)
}

#[test]
fn wildcards_take_typed_and_generic_elements() {
    let p = wild();
    assert_eq!(
        body(&p, r#"{"num": [5, 6], "z": {"$ns": "urn:q", "$value": "v"}, "k": 1}"#),
        "<n1:e><n1:k>1</n1:k><n2:num>5</n2:num><n2:num>6</n2:num><n3:z>v</n3:z></n1:e>"
    );
    assert_eq!(body(&p, r#"{"{urn:q}k": "x"}"#), "<n1:e><n2:k>x</n2:k></n1:e>");
    assert_eq!(
        body(&p, r#"{"$content": [{"k": 1}, {"z": {"$ns": "urn:q"}}, {"num": 5}]}"#),
        "<n1:e><n1:k>1</n1:k><n2:z/><n3:num>5</n3:num></n1:e>"
    );
    assert_eq!(errors(&p, r#"{"num": 5}"#), ["/num: an array; 5"]);
    assert_eq!(errors(&p, r#"{"num": [5, "x"]}"#), ["/num/1: xs:int; \"x\""]);
    assert_eq!(errors(&p, r#"{"num": [1, 2, 3, 4]}"#), ["/num/3: no more elements of this kind; 4"]);
    assert_eq!(errors(&p, r#"{"y": "1"}"#), ["/y: no such property; \"1\""]);
    assert_eq!(errors(&p, r#"{"$content": [{"num": 5}, {"k": 1}]}"#), ["/$content: elements as the schema orders them; num, k"]);
}

#[test]
fn mixed_content_keeps_its_order() {
    let mut b = Build::new();
    let int = b.simple(Primitive::Int);
    let k = b.element("k", int);
    let shape = b.sequence(vec![place(PlaceKind::Element(k), "k", 0, Some(2))]);
    let type_ = b.complex("E", Content::Mixed(shape));
    let root = b.element("e", type_);
    let p = b.finish(root);
    assert_eq!(body(&p, r#"{"$content": ["a ", {"k": 1}, "b", "<"]}"#), "<n1:e>a <n1:k>1</n1:k>b&lt;</n1:e>");
    assert_eq!(body(&p, "{}"), "<n1:e/>");
    assert_eq!(errors(&p, r#"{"k": 1}"#), ["/k: no such property; 1"]);
    assert_eq!(errors(&p, r#"{"$content": [{"k": 1}, {"k": 2}, {"k": 3}]}"#), ["/$content: elements as the schema orders them; k, k, k"]);
}

#[test]
fn arrays_of_soap_encoding() {
    let mut b = Build::new();
    let int = b.simple(Primitive::Int);
    let (item_name, item_tag) = (b.program.names.intern(crate::xml::ns::XSD, "int"), b.program.names.intern("", "item"));
    let mut array = SoapArray { item_type: int, item_name, item_tag, ranks: vec![1, 2], soap12: false };
    let grid = b.add_type("Grid", None, TypeBody::SoapArray(array.clone()));
    array.ranks = vec![1];
    let row = b.add_type("Row", None, TypeBody::SoapArray(array));
    let (wrapper, x, y) = (b.program.names.intern(T, "Op"), b.program.names.intern("", "x"), b.program.names.intern("", "y"));
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
    let parts = vec![part("x", x, row), part("y", y, grid)];
    let p = b.finish_with(MessagePlan {
        body: Body::Rpc { wrapper, parts },
        encoded: true,
        headers: Vec::new(),
        fixed_headers: Vec::new(),
        attachments: Vec::new(),
    });
    let opening = "<n1:Op soap:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">";
    assert_eq!(
        body(&p, r#"{"x": [1, null]}"#),
        format!(
            "{opening}<x xsi:type=\"soapenc:Array\" soapenc:arrayType=\"xsd:int[2]\"><item xsi:type=\"xsd:int\">1</item><item xsi:nil=\"true\"/></x></n1:Op>"
        )
    );
    let inner =
        |n: u32| format!("<item xsi:type=\"soapenc:Array\" soapenc:arrayType=\"xsd:int[1]\"><item xsi:type=\"xsd:int\">{n}</item></item>");
    assert_eq!(
        body(&p, r#"{"y": [[[1], [2]]]}"#),
        format!("{opening}<y xsi:type=\"soapenc:Array\" soapenc:arrayType=\"xsd:int[][1,2]\">{}{}</y></n1:Op>", inner(1), inner(2))
    );
    assert_eq!(
        errors(&p, r#"{"y": [[[1]], [[2], [3]]], "x": 5, "z": 1}"#),
        ["/z: no such property; 1", "/x: an array; 5", "/y: rows of one length; lengths 1, 2"]
    );
}

#[test]
fn headers_stand_beside_any_body() {
    let mut b = Build::new();
    let (string, int) = (b.simple(Primitive::String), b.simple(Primitive::Int));
    let (root, h) = (b.element("e", string), b.element("h", int));
    let (slot, header) = (b.slot(root), b.slot(h));
    let p = b.finish_with(MessagePlan {
        body: Body::Element(slot),
        encoded: false,
        headers: vec![header],
        fixed_headers: Vec::new(),
        attachments: Vec::new(),
    });
    let whole =
        |json: &str| String::from_utf8(encode(&p, &p.operations[0], Direction::Request, json.as_bytes()).expect("valid")).expect("UTF-8");
    assert_eq!(body(&p, r#""x""#), "<n1:e>x</n1:e>");
    assert!(
        whole(r#"{"$headers": {"h": 5}, "$value": "x"}"#)
            .ends_with("xmlns:n1=\"urn:t\"><soap:Header><n1:h>5</n1:h></soap:Header><soap:Body><n1:e>x</n1:e></soap:Body></soap:Envelope>")
    );
    assert_eq!(
        errors(&p, r#"{"$headers": {"h": "x", "i": 1}, "$value": 5}"#),
        ["/$headers/i: no such property; 1", "/$headers/h: xs:int; \"x\"", "/$value: xs:string; 5"]
    );
}

#[test]
fn no_envelope_declares_more_prefixes_than_a_reader_takes() {
    let p = anything();
    let mut json = String::from("{");
    for n in 0..200 {
        json.push_str(&format!(r#"{}"k{n}": {{"$ns": "urn:n{n}", "@{{urn:a{n}}}a": "1"}}"#, if n == 0 { "" } else { "," }));
    }
    json.push('}');
    let envelope = encode(&p, &p.operations[0], Direction::Request, json.as_bytes()).expect("valid");
    let text = String::from_utf8(envelope).expect("UTF-8");
    let root = text.split("<soap:Body>").next().unwrap_or_default();
    assert_eq!(root.matches("xmlns:").count(), 48);
    assert!(text.contains("<n400:k199 xmlns:n400=\"urn:n199\" xmlns:n401=\"urn:a199\" n401:a=\"1\"/>"));
    assert!(is_accepted(text.as_bytes()));
    let many: Vec<String> = (0..100).map(|n| format!(r#""@{{urn:a{n}}}a": "1""#)).collect();
    assert_eq!(errors(&p, &format!("{{{}}}", many.join(","))), [": at most 12 further namespaces in one element; more"]);
}

/// `n` of (name: string?, choice(n*, sequence(n?, @items...))), recursive through nested groups.
fn recursive() -> Program {
    let mut b = Build::new();
    let string = b.simple(Primitive::String);
    let name = b.element("name", string);
    let node = b.complex("Node", Content::Elements(ShapeId(0)));
    let n = b.element("n", node);
    let inner = group(Compositor::Choice, true, vec![Particle::Place(1), Particle::Place(2)]);
    let model = group(Compositor::Sequence, false, vec![Particle::Place(0), group(Compositor::Sequence, true, vec![inner])]);
    let places = vec![
        place(PlaceKind::Element(name), "name", 0, Some(1)),
        place(PlaceKind::Element(n), "n", 0, Some(1)),
        place(PlaceKind::Element(name), "other", 0, None),
    ];
    b.shape(places, model);
    b.finish(n)
}

#[test]
fn deep_values_need_little_stack() {
    let depth = Limits::default().depth;
    // Unoptimised frames are several times larger.
    let stack_bytes = if cfg!(debug_assertions) { 1 << 20 } else { 512 << 10 };
    for (program, key) in [(anything(), "k"), (recursive(), "n")] {
        let json = format!("{}{{}}{}", format!(r#"{{"{key}":"#).repeat(depth - 1), "}".repeat(depth - 1));
        let run = || encode(&program, &program.operations[0], Direction::Request, json.as_bytes()).map(|e| e.len());
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(stack_bytes).spawn_scoped(scope, run).expect("a thread");
            assert!(thread.join().expect("no overflow").expect("valid") > depth * 8);
        });
    }
}
