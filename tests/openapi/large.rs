//! Documents that would be large: what can be said once is, and what is too large all the same is given up on the way.

use std::fmt::Write;

use castile::api::Method;
use castile::catalog::{OpenApiVersion, PublishedApi};
use castile::openapi::{Input, Parameter, Resource, text};

use super::document;
use crate::support::{self, api::published};

/// Values of the enumeration, each of 12 bytes.
const VALUES: usize = 800;
const TYPES: usize = 120;

/// The service of `sequence`, with more in its schema.
fn service(schema: &str) -> PublishedApi {
    let wsdl = std::fs::read_to_string(support::path("tests/constructs/sequence/service.wsdl")).unwrap();
    let (start, rest) = wsdl.split_once("<xs:complexType name=\"T\">").unwrap();
    let (_, end) = rest.split_once("</xs:complexType>").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.wsdl");
    std::fs::write(&path, format!("{start}{schema}{end}")).unwrap();
    published("large", &path)
}

/// `<xs:simpleType…>` of an enumeration.
fn codes(name: &str) -> String {
    let mut made = format!("<xs:simpleType{name}><xs:restriction base=\"xs:string\">");
    for n in 0..VALUES {
        write!(made, "<xs:enumeration value=\"code-{n:07}\"/>").unwrap();
    }
    made + "</xs:restriction></xs:simpleType>"
}

/// A type with these attributes, and many that derive from it and so have them too.
fn derived(attributes: &str) -> String {
    let mut made = format!("<xs:complexType name=\"T\"><xs:sequence/>{attributes}</xs:complexType>");
    for n in 0..TYPES {
        write!(
            made,
            "<xs:complexType name=\"D{n}\"><xs:complexContent><xs:extension base=\"t:T\"><xs:sequence/></xs:extension></xs:complexContent></xs:complexType>"
        )
        .unwrap();
    }
    made
}

#[test]
fn an_enumeration_of_attributes_is_written_once() {
    let named = "<xs:attribute name=\"a\" type=\"t:Code\"/><xs:attribute name=\"b\" type=\"t:Code\" default=\"code-0000001\"/>";
    let anonymous = format!("<xs:attribute name=\"c\">{}</xs:attribute>", codes(""));
    let api = service(&format!("{}{}", codes(" name=\"Code\""), derived(&format!("{named}{anonymous}"))));
    let bytes = api.openapi(OpenApiVersion::V31, "https://api.example.org").unwrap();
    let said = String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(said.matches("code-0000799").count(), 2, "once for each type");
    assert!(said.len() < 200_000, "{}", said.len());
    for version in [OpenApiVersion::V31, OpenApiVersion::V30] {
        let schemas = &document(&api, version)["components"]["schemas"];
        for key in ["Code", "c"] {
            assert_eq!(schemas[key]["enum"].as_array().unwrap().len(), VALUES, "{key}");
        }
        let properties = &schemas["D7"]["properties"];
        assert_eq!(properties["@a"]["$ref"], "#/components/schemas/Code");
        assert_eq!(properties["@c"]["$ref"], "#/components/schemas/c");
        assert_eq!(properties["@b"]["default"], "code-0000001");
    }
}

/// Lists of the enumeration, each a type of its own: the values stand in every one of them, which makes more than a megabyte.
#[test]
fn what_is_too_large_is_given_up_on_the_way() {
    let mut schema = codes(" name=\"Code\"");
    let mut attributes = String::new();
    for n in 0..TYPES {
        write!(schema, "<xs:simpleType name=\"L{n}\"><xs:list itemType=\"t:Code\"/></xs:simpleType>").unwrap();
        write!(attributes, "<xs:attribute name=\"a{n}\" type=\"t:L{n}\"/>").unwrap();
    }
    write!(schema, "<xs:complexType name=\"T\"><xs:sequence/>{attributes}</xs:complexType>").unwrap();
    let api = service(&schema);
    let resource = Resource {
        method: Method::Post,
        path: "/a".into(),
        operation: 0,
        parameters: Vec::new(),
        body: true,
        unwrap: None,
        asked: Default::default(),
        sequence: castile::sequence::Sequence::shipped(),
    };
    let input = Input {
        definition: &api.definition,
        program: &api.program,
        resources: &[resource],
        documentation: None,
        server: "https://api.example.org/large/1",
        issuer: "https://api.example.org",
        log_in: true,
        examples: &|_, _| None,
        outside: &|_, _, message| Some(message.clone()),
    };
    let whole = text(&input, OpenApiVersion::V31, 32 << 20).unwrap().json.len();
    assert!(whole > TYPES * VALUES * 12, "{whole}");
    let limit = 128 << 10;
    let refused = text(&input, OpenApiVersion::V31, limit).unwrap_err();
    assert_eq!(refused.limit_bytes, limit);
    assert!(refused.bytes > limit && refused.bytes < 2 * limit, "{} of {whole}", refused.bytes);
    // What is counted on the way is never more than there is.
    assert!(text(&input, OpenApiVersion::V31, whole).is_ok() && text(&input, OpenApiVersion::V30, whole + (whole / 10)).is_ok());
}

/// An example is counted where it stands: once in a body, in a parameter its own piece, of an answer what `unwrap` keeps.
#[test]
fn examples_count_as_often_as_they_stand() {
    let api = service("<xs:complexType name=\"T\"><xs:sequence><xs:element name=\"a\" type=\"xs:string\"/></xs:sequence></xs:complexType>");
    let parameter = Parameter { location: "query", name: "a".into(), pointer: "/a".into(), required: false };
    let resource = Resource {
        method: Method::Post,
        path: "/a".into(),
        operation: 0,
        parameters: vec![parameter],
        body: true,
        unwrap: Some("a".into()),
        asked: Default::default(),
        sequence: castile::sequence::Sequence::shipped(),
    };
    let large = serde_json::json!({ "a": "short", "rest": "x".repeat(200_000) });
    let input = Input {
        definition: &api.definition,
        program: &api.program,
        resources: &[resource],
        documentation: None,
        server: "https://api.example.org/large/1",
        issuer: "https://api.example.org",
        log_in: true,
        examples: &|_, _| Some(large.clone()),
        outside: &|_, _, message| Some(message.clone()),
    };
    let whole = text(&input, OpenApiVersion::V31, 32 << 20).unwrap().json.len();
    assert!(whole > 200_000 && whole < 300_000, "{whole}");
    let made = text(&input, OpenApiVersion::V31, whole).unwrap();
    assert_eq!((made.json.len(), made.left_out), (whole, None));
}
