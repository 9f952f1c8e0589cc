//! Bounds: what is too large or too deep is refused with a finding, and nothing overflows.

use super::{outcome, schema, wsdl};

/// The findings of severity error of a WSDL with these types.
fn errors(content: &str) -> Vec<String> {
    let text = wsdl(&schema(content));
    let outcome = outcome(&[("service.wsdl", &text)]);
    assert!(outcome.definitions.is_none(), "it was resolved");
    outcome.diagnostics.iter().filter(|d| d.code.id == "schema.limit").map(|d| d.message.clone()).collect()
}

fn chain(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

#[test]
fn groups_nested_deeper_than_the_gate_allows() {
    let deep = format!(r#"<xs:complexType name="T">{}{}</xs:complexType>"#, "<xs:sequence>".repeat(900), "</xs:sequence>".repeat(900));
    assert_eq!(errors(&deep), ["declarations are nested more than 100 levels deep"]);
}

#[test]
fn derivation_in_more_than_64_steps() {
    let steps = chain(70, |i| {
        let base = if i == 0 { "xs:anyType".to_owned() } else { format!("t:T{}", i - 1) };
        format!(r#"<xs:complexType name="T{i}"><xs:complexContent><xs:extension base="{base}"/></xs:complexContent></xs:complexType>"#)
    });
    assert_eq!(errors(&steps).len(), 1);
    let simple = chain(20_000, |i| {
        let base = if i == 0 { "xs:int".to_owned() } else { format!("t:S{}", i - 1) };
        format!(r#"<xs:simpleType name="S{i}"><xs:restriction base="{base}"/></xs:simpleType>"#)
    });
    assert_eq!(errors(&simple).len(), 1);
}

#[test]
fn derivation_in_64_steps_is_allowed() {
    let steps = chain(64, |i| {
        let base = if i == 0 { "xs:anyType".to_owned() } else { format!("t:T{}", i - 1) };
        format!(r#"<xs:complexType name="T{i}"><xs:complexContent><xs:extension base="{base}"/></xs:complexContent></xs:complexType>"#)
    });
    let text = wsdl(&schema(&steps));
    assert!(outcome(&[("service.wsdl", &text)]).definitions.is_some());
}

#[test]
fn chains_of_groups_lists_and_attribute_groups() {
    let groups =
        chain(20_000, |i| format!(r#"<xs:group name="G{i}"><xs:sequence><xs:group ref="t:G{}"/></xs:sequence></xs:group>"#, i + 1));
    assert_eq!(errors(&groups).len(), 1);
    let unions = chain(20_000, |i| format!(r#"<xs:simpleType name="U{i}"><xs:union memberTypes="t:U{} xs:int"/></xs:simpleType>"#, i + 1));
    assert_eq!(errors(&unions).len(), 1);
    let attributes =
        chain(20_000, |i| format!(r#"<xs:attributeGroup name="A{i}"><xs:attributeGroup ref="t:A{}"/></xs:attributeGroup>"#, i + 1));
    assert_eq!(errors(&attributes).len(), 1);
}

#[test]
fn a_chain_of_simple_contents_and_of_heads() {
    let contents = chain(60, |i| {
        let base = if i == 59 { "xs:int".to_owned() } else { format!("t:C{}", i + 1) };
        format!(r#"<xs:complexType name="C{i}"><xs:simpleContent><xs:extension base="{base}"/></xs:simpleContent></xs:complexType>"#)
    });
    let heads = |count| chain(count, |i| format!(r#"<xs:element name="e{i}" substitutionGroup="t:e{}"/>"#, i + 1));
    let text = wsdl(&schema(&format!(r#"{contents}{}<xs:element name="e64" type="t:C0"/>"#, heads(64))));
    let outcome = outcome(&[("service.wsdl", &text)]);
    let set = outcome.definitions.unwrap().schemas;
    let first = set.element_names[&castile::xml::QName::new("urn:t", "e0")];
    assert_eq!(set.element(first).type_definition, set.type_names[&castile::xml::QName::new("urn:t", "C0")]);
    for count in [65, 20_000] {
        let found = errors(&format!(r#"{}<xs:element name="e{count}"/>"#, heads(count)));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with("stands in for heads in more than 64 steps"), "{found:?}");
    }
}

#[test]
fn members_that_restrictions_of_a_large_union_inherit() {
    let union = |restrictions: usize| {
        let restricted = chain(restrictions, |i| format!(r#"<xs:simpleType name="R{i}"><xs:restriction base="t:U"/></xs:simpleType>"#));
        format!(r#"<xs:simpleType name="U"><xs:union memberTypes="{}"/></xs:simpleType>{restricted}"#, "xs:int xs:date ".repeat(5_000))
    };
    assert_eq!(errors(&union(101)), ["restrictions of unions inherit more than 1000000 members"]);
    let text = wsdl(&schema(&union(100)));
    assert!(outcome(&[("service.wsdl", &text)]).definitions.is_some());
}

#[test]
fn unions_that_multiply() {
    let doubling = |levels: usize| {
        let pattern = |p| format!(r#"<xs:restriction base="t:U{{}}"><xs:pattern value="{p}"/></xs:restriction>"#);
        let member = |i: usize, p| format!("<xs:simpleType>{}</xs:simpleType>", pattern(p).replace("{}", &(i + 1).to_string()));
        let unions = chain(levels, |i| {
            format!(r#"<xs:simpleType name="U{i}"><xs:union>{}{}</xs:union></xs:simpleType>"#, member(i, "a*"), member(i, "b*"))
        });
        format!(r#"{unions}<xs:simpleType name="U{levels}"><xs:restriction base="xs:int"/></xs:simpleType>"#)
    };
    let found = errors(&doubling(30));
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("has more than 10000 members, those of its members counted"), "{found:?}");
    let text = wsdl(&schema(&doubling(13)));
    assert!(outcome(&[("service.wsdl", &text)]).definitions.is_some());
}

#[test]
fn too_many_of_anything() {
    assert_eq!(errors(&chain(100_001, |i| format!(r#"<xs:element name="e{i}"/>"#))), ["the schemas have more than 100000 components"]);
    let values = chain(100_001, |i| format!(r#"<xs:enumeration value="{i}"/>"#));
    let many = format!(r#"<xs:simpleType name="S"><xs:restriction base="xs:string">{values}</xs:restriction></xs:simpleType>"#);
    assert_eq!(errors(&many), ["the schemas have more than 100000 enumeration values"]);
    let particles = r#"<xs:any namespace="urn:u"/>"#.repeat(200_001);
    let many = format!(r#"<xs:complexType name="T"><xs:sequence>{particles}</xs:sequence></xs:complexType>"#);
    assert_eq!(errors(&many), ["the schemas have more than 200000 particles"]);
}

#[test]
fn undeclared_references_without_end_stay_fast() {
    let wrong = chain(20_000, |i| format!(r#"<xs:element name="e{i}" type="t:Missing{i}"/>"#));
    let text = wsdl(&schema(&wrong));
    let outcome = outcome(&[("service.wsdl", &text)]);
    assert!(outcome.definitions.is_some());
    assert!(outcome.diagnostics.len() <= 2_100, "{}", outcome.diagnostics.len());
}
