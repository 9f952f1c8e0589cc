//! Compilation: what it says of schemas, and that large ones are compiled in a time that grows as they do.

use castile::diagnostic::{Diagnostic, Severity};
use castile::mediate::{DecodeOptions, Decoded, Direction, decode, encode};
use castile::plan::Program;
use castile::plan::compile::{Compiled, Settings, compile};
use castile::plan::node::{Shape, TypeBody};

use super::{outcome, schema, wsdl};

fn compiled(text: &str) -> Compiled {
    let outcome = outcome(&[("service.wsdl", text)]);
    let definitions = outcome.definitions.unwrap_or_else(|| panic!("{:?}", outcome.diagnostics.first()));
    compile(&definitions, &Settings::default())
}

fn of_types(content: &str) -> Compiled {
    compiled(&wsdl(&schema(content)))
}

fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

/// The shape of the type `T`.
fn shape(program: &Program) -> &Shape {
    let complex = program.types.iter().find(|t| &*t.label == "T").map(|t| &t.body);
    let Some(TypeBody::Complex(complex)) = complex else { panic!("no complex type T") };
    match complex.content {
        castile::plan::node::Content::Elements(id) => program.shape(id),
        ref other => panic!("{other:?}"),
    }
}

fn sequence(particles: &str) -> String {
    format!(r#"<xs:complexType name="T"><xs:sequence>{particles}</xs:sequence></xs:complexType>"#)
}

/// What is said of elements of one name and several types: severity, and what stands there.
fn told(content: &str) -> Vec<(Severity, String)> {
    let text = wsdl(&schema(content));
    let written =
        |d: &Diagnostic| d.span.map(|s| format!("{}/>", text[s.start as usize..].split("/>").next().unwrap())).unwrap_or_default();
    let made = compiled(&text);
    made.diagnostics.iter().filter(|d| d.code.id == "plan.element-types").map(|d| (d.severity, written(d))).collect()
}

#[test]
fn elements_of_one_name_and_two_types_are_told_at_both_places() {
    let (int, string) = (r#"<xs:element name="a" type="xs:int"/>"#, r#"<xs:element name="a" type="xs:string"/>"#);
    let (b, c) = (r#"<xs:element name="b" type="xs:int"/>"#, r#"<xs:element name="c" type="xs:int"/>"#);
    let extended = |base: &str, more: &str| {
        format!(
            r#"{}<xs:complexType name="D"><xs:complexContent><xs:extension base="t:T"><xs:sequence>{more}</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"#,
            sequence(base)
        )
    };
    for content in [
        sequence(&format!("{int}{b}{string}")),
        sequence(&format!("{int}{string}")),
        sequence(&format!("<xs:choice><xs:sequence>{b}{int}</xs:sequence><xs:sequence>{c}{string}</xs:sequence></xs:choice>")),
        extended(&format!("{int}{b}"), string),
    ] {
        assert_eq!(told(&content), [(Severity::Warning, string.to_owned()), (Severity::Note, int.to_owned())], "{content}");
    }
    let group = format!(r#"<xs:group name="G"><xs:sequence>{int}{b}{string}</xs:sequence></xs:group>"#);
    let users = many(50, |i| format!(r#"<xs:complexType name="T{i}"><xs:group ref="t:G"/></xs:complexType>"#));
    assert_eq!(told(&format!("{group}{users}")).len(), 2);
    for content in [
        sequence(&format!("{int}{b}{int}")),
        format!("{}{}", sequence(int), sequence(string).replace("name=\"T\"", "name=\"U\"")),
        extended(&format!("{int}{b}"), int),
    ] {
        assert_eq!(told(&content), [], "{content}");
    }
}

/// A message of a sequence `a`, `b`, `a` with these types of `a`: what is sent for some JSON, and what is read of it again.
fn there_and_back(types: [&str; 2], json: &str) -> (String, Result<String, String>) {
    let element = |name: &str, of: &str| format!(r#"<xs:element name="{name}" type="{of}"/>"#);
    let places = [element("a", types[0]), element("b", "xs:int"), element("a", types[1])].concat();
    let point = format!(r#"<xs:complexType name="P"><xs:sequence>{}</xs:sequence></xs:complexType>"#, element("x", "xs:int"));
    let text = wsdl(&schema(&format!("{}{point}{}", sequence(&places), element("root", "t:T"))));
    let text = text.replace("<message name=\"M\"/>", "<message name=\"M\"><part name=\"p\" element=\"t:root\"/></message>");
    let program = compiled(&text).program;
    let sent = encode(&program, &program.operations[0], Direction::Request, json.as_bytes()).unwrap();
    let read = decode(&program, &program.operations[0], Direction::Request, &sent, &DecodeOptions::default());
    let read = read.map_err(|e| format!("{e:?}")).map(|d| match d {
        Decoded::Value(json) => String::from_utf8(json).unwrap(),
        other => panic!("{other:?}"),
    });
    (String::from_utf8(sent).unwrap(), read)
}

/// As docs/mapping.md says under "Not there yet".
#[test]
fn places_of_one_name_keep_their_type_in_requests_and_have_the_first_in_replies() {
    let (sent, read) = there_and_back(["xs:int", "xs:string"], r#"{"a":1,"b":2,"a2":"x"}"#);
    assert!(sent.contains("a>1<") && sent.contains("a>x<"), "{sent}");
    assert_eq!(read.unwrap(), r#"{"a":1,"b":2,"a2":"x"}"#);
    let (_, read) = there_and_back(["xs:int", "xs:string"], r#"{"a":1,"b":2,"a2":"5"}"#);
    assert_eq!(read.unwrap(), r#"{"a":1,"b":2,"a2":5}"#);
    let (_, read) = there_and_back(["xs:string", "xs:int"], r#"{"a":"x","b":2,"a2":3}"#);
    assert_eq!(read.unwrap(), r#"{"a":"x","b":2,"a2":"3"}"#);
    let (sent, read) = there_and_back(["xs:int", "t:P"], r#"{"a":1,"b":2,"a2":{"x":3}}"#);
    assert!(sent.contains("x>3<"), "{sent}");
    assert!(read.unwrap_err().contains("an element where a simple value should stand"));
}

#[test]
fn ports_and_operations_multiply_to_a_limit() {
    let service = |ports: usize, operations: usize, parts: usize| {
        let parts = many(parts, |i| format!("<part name=\"p{i}\" type=\"xs:int\"/>"));
        let declared = many(operations, |i| format!("<operation name=\"o{i}\"><input message=\"w:M\"/></operation>"));
        let bound =
            many(operations, |i| format!("<operation name=\"o{i}\"><s:operation/><input><s:body use=\"literal\"/></input></operation>"));
        let ports = many(ports, |i| format!("<port name=\"p{i}\" binding=\"w:B\"><s:address location=\"http://x/\"/></port>"));
        compiled(&format!(
            "<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:s=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:w=\"urn:w\" \
             xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:w\"><message name=\"M\">{parts}</message><portType name=\"P\">{declared}\
             </portType><binding name=\"B\" type=\"w:P\"><s:binding style=\"rpc\"/>{bound}</binding><service name=\"S\">{ports}</service></definitions>"
        ))
    };
    let left_out = |made: &Compiled| {
        let found: Vec<_> = made.diagnostics.iter().filter(|d| d.code.id == "plan.too-many-operations").collect();
        found.iter().map(|d| d.message.split(' ').next().unwrap().parse::<usize>().unwrap()).sum::<usize>()
    };
    let made = service(100, 100, 1);
    assert_eq!((made.program.operations.len(), left_out(&made)), (10_000, 0));
    let made = service(73, 137, 1);
    assert_eq!((made.program.operations.len(), left_out(&made)), (10_000, 1));
    let made = service(30, 30, 10_000);
    assert_eq!((made.program.operations.len(), left_out(&made)), (200, 700));
}

#[test]
fn one_element_at_ten_thousand_places() {
    let made =
        of_types(&sequence(&many(10_000, |i| format!(r#"<xs:element name="y" type="xs:int"/><xs:element name="y{i}" type="xs:int"/>"#))));
    let shape = shape(&made.program);
    assert_eq!(shape.places.len(), 20_000);
    assert_eq!(&*shape.places[0].key, "y");
    // `y2` to `y9999` are elements of their own.
    assert_eq!(&*shape.places[2].key, "y10000");
    assert_eq!(&*shape.places[19_998].key, "y19998");
}

#[test]
fn branches_of_a_choice_share_places() {
    let y = r#"<xs:element name="y" type="xs:int"/>"#;
    let z = r#"<xs:element name="z" type="xs:int"/>"#;
    let branches = format!("<xs:choice><xs:sequence>{y}{z}{y}</xs:sequence><xs:sequence>{z}{y}</xs:sequence></xs:choice>");
    let made = of_types(&sequence(&format!("{y}{z}{branches}{z}{y}")));
    let keys: Vec<&str> = shape(&made.program).places.iter().filter(|p| p.key.starts_with('y')).map(|p| &*p.key).collect();
    assert_eq!(keys, ["y", "y2", "y3", "y2", "y4"]);
}

#[test]
fn many_repeated_groups_attributes_and_wildcards() {
    let groups = many(5_000, |i| {
        format!(
            r#"<xs:sequence maxOccurs="unbounded"><xs:element name="a{i}" type="xs:int"/><xs:element name="b{i}" type="xs:int"/></xs:sequence>"#
        )
    });
    let made = of_types(&sequence(&groups));
    assert_eq!(&*shape(&made.program).places[4_999].key, "$items5000");
    let attributes = many(20_000, |i| format!(r#"<xs:attribute name="a{i}" type="xs:int"/>"#));
    let made = of_types(&format!(r#"<xs:complexType name="T">{attributes}</xs:complexType>"#));
    let Some(TypeBody::Complex(complex)) = made.program.types.iter().find(|t| &*t.label == "T").map(|t| &t.body) else { panic!() };
    assert_eq!(complex.attributes.len(), 20_000);
    let wild = many(20_000, |i| format!(r#"<xs:element name="a{i}" type="xs:int"/><xs:any namespace="urn:other"/>"#));
    assert_eq!(shape(&of_types(&sequence(&wild)).program).wildcards.len(), 20_000);
}

#[test]
fn a_large_substitution_group_at_many_places() {
    let members = many(10_000, |i| format!(r#"<xs:element name="m{i}" type="xs:string" substitutionGroup="t:h"/>"#));
    let heads =
        many(10, |i| format!(r#"<xs:element name="h{i}" type="xs:string"{}/>"#, if i == 0 { "" } else { r#" substitutionGroup="t:h""# }));
    let made = of_types(&format!(r#"<xs:element name="h" type="xs:string"/>{members}{heads}{}"#, sequence(r#"<xs:element ref="t:h"/>"#)));
    assert_eq!(shape(&made.program).places.len(), 10_010);
    assert!(made.diagnostics.is_empty(), "{:?}", made.diagnostics.first());
}
