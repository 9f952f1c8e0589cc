//! Schemas over several documents, and derivation.

use castile::schema::SchemaSet;
use castile::schema::model::{Content, Derivation, NamespaceConstraint, Variety};
use castile::xml::datatypes::{FacetKind, Primitive};
use castile::xml::ns;

use super::{complex, document, names, resolved, schema, simple};

const NOTHING: &[&str] = &[];

#[test]
fn a_chameleon_takes_the_namespace_of_each_that_includes_it() {
    let part = document(
        "",
        r#"<xs:complexType name="Part"><xs:sequence><xs:element name="a" type="Code"/></xs:sequence></xs:complexType>
        <xs:simpleType name="Code"><xs:restriction base="xs:string"/></xs:simpleType>"#,
    );
    let other = document("urn:u", r#"<xs:include schemaLocation="part.xsd"/>"#);
    let types = schema(r#"<xs:include schemaLocation="part.xsd"/><xs:import namespace="urn:u" schemaLocation="other.xsd"/>"#);
    let r = resolved(&types, &[("part.xsd", &part), ("other.xsd", &other)]);
    assert_eq!(r.codes, NOTHING);
    for namespace in ["urn:t", "urn:u"] {
        let part = complex(&r.set, r.type_id(namespace, "Part"));
        assert_eq!(names(&r.set, part), [format!("{{{namespace}}}a")]);
        let Content::Complex(Some(p)) = &part.content else { panic!("no content") };
        let castile::schema::model::Term::ModelGroup(g) = &p.term else { panic!("no group") };
        let castile::schema::model::Term::Element(a) = g.particles[0].term else { panic!("no element") };
        assert_eq!(r.set.element(a).type_definition, r.type_id(namespace, "Code"));
    }
}

#[test]
fn a_diamond_comes_in_once() {
    let leaf = document("urn:t", r#"<xs:simpleType name="Leaf"><xs:restriction base="xs:int"/></xs:simpleType>"#);
    let left = document("urn:t", r#"<xs:include schemaLocation="leaf.xsd"/>"#);
    let right = document("urn:t", r#"<xs:include schemaLocation="leaf.xsd"/><xs:element name="e" type="t:Leaf"/>"#);
    let types = schema(r#"<xs:include schemaLocation="left.xsd"/><xs:include schemaLocation="right.xsd"/>"#);
    let r = resolved(&types, &[("left.xsd", &left), ("right.xsd", &right), ("leaf.xsd", &leaf)]);
    assert_eq!(r.codes, NOTHING);
    assert_eq!(r.set.documents.len(), 4);
    assert_eq!(r.element("e").type_definition, r.type_id("urn:t", "Leaf"));
}

#[test]
fn imports_and_includes_may_be_cyclic() {
    let a = document(
        "urn:t",
        r#"<xs:include schemaLocation="b.xsd"/><xs:import namespace="urn:u" schemaLocation="u.xsd"/><xs:element name="a" type="t:B"/>"#,
    );
    let b = document(
        "urn:t",
        r#"<xs:include schemaLocation="a.xsd"/><xs:complexType name="B"><xs:sequence><xs:element ref="t:a"/></xs:sequence></xs:complexType>"#,
    );
    let u = document("urn:u", r#"<xs:import namespace="urn:t" schemaLocation="a.xsd"/><xs:element name="u" xmlns:o="urn:t" type="o:B"/>"#);
    let r = resolved(&schema(r#"<xs:include schemaLocation="a.xsd"/>"#), &[("a.xsd", &a), ("b.xsd", &b), ("u.xsd", &u)]);
    assert_eq!(r.codes, NOTHING);
    assert_eq!(r.names("B"), ["{urn:t}a"]);
}

#[test]
fn a_redefined_type_extends_the_original() {
    let original = document(
        "urn:t",
        r#"<xs:complexType name="T"><xs:sequence><xs:element name="a" type="xs:int"/><xs:element name="more" type="t:T" minOccurs="0"/></xs:sequence></xs:complexType>
        <xs:complexType name="Kid"><xs:complexContent><xs:extension base="t:T"/></xs:complexContent></xs:complexType>"#,
    );
    let types = schema(
        r#"<xs:redefine schemaLocation="original.xsd"><xs:complexType name="T"><xs:complexContent><xs:extension base="t:T">
        <xs:sequence><xs:element name="b" type="xs:int"/><xs:element name="self" type="t:T" minOccurs="0"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType></xs:redefine>"#,
    );
    let r = resolved(&types, &[("original.xsd", &original)]);
    assert_eq!(r.codes, NOTHING);
    let new = r.complex("T");
    assert_eq!(new.derivation, Derivation::Extension);
    let base = new.base.unwrap();
    assert_ne!(base, r.type_id("urn:t", "T"), "the base is the original");
    assert_eq!(names(&r.set, complex(&r.set, base)), ["{urn:t}a", "{urn:t}more"]);
    // Everybody else means the new one: in the redefined document, in derivations, inside itself.
    for name in ["more", "self"] {
        let id = r.set.elements.iter().find(|e| e.name.local() == name).unwrap().type_definition;
        assert_eq!(id, r.type_id("urn:t", "T"), "{name}");
    }
    assert_eq!(r.complex("Kid").base, Some(r.type_id("urn:t", "T")));
    assert_eq!(r.set.derived[&r.type_id("urn:t", "T")], [r.type_id("urn:t", "Kid")]);
}

#[test]
fn a_redefined_simple_type_adds_facets_and_chains() {
    let first = document(
        "urn:t",
        r#"<xs:simpleType name="S"><xs:restriction base="xs:string"><xs:maxLength value="9"/></xs:restriction></xs:simpleType>"#,
    );
    let second = document(
        "urn:t",
        r#"<xs:redefine schemaLocation="first.xsd"><xs:simpleType name="S"><xs:restriction base="t:S"><xs:maxLength value="8"/></xs:restriction></xs:simpleType></xs:redefine>"#,
    );
    let types = schema(
        r#"<xs:redefine schemaLocation="second.xsd"><xs:simpleType name="S"><xs:restriction base="t:S"><xs:maxLength value="7"/></xs:restriction></xs:simpleType></xs:redefine>"#,
    );
    let r = resolved(&types, &[("first.xsd", &first), ("second.xsd", &second)]);
    assert_eq!(r.codes, NOTHING);
    let mut lengths = Vec::new();
    let mut at = r.type_id("urn:t", "S");
    while let Some(facet) = simple(&r.set, at).facets.first() {
        lengths.push(facet.value.to_string());
        at = simple(&r.set, at).base.unwrap();
    }
    assert_eq!(lengths, ["7", "8", "9"]);
    assert_eq!(r.simple("S").variety, Variety::Atomic(Primitive::String));
}

#[test]
fn redefined_groups_hold_the_originals() {
    let original = document(
        "urn:t",
        r#"<xs:group name="G"><xs:sequence><xs:element name="a"/></xs:sequence></xs:group>
        <xs:attributeGroup name="A"><xs:attribute name="x"/></xs:attributeGroup>
        <xs:complexType name="T"><xs:group ref="t:G"/><xs:attributeGroup ref="t:A"/></xs:complexType>"#,
    );
    let types = schema(
        r#"<xs:redefine schemaLocation="original.xsd">
        <xs:group name="G"><xs:sequence><xs:group ref="t:G"/><xs:element name="b"/></xs:sequence></xs:group>
        <xs:attributeGroup name="A"><xs:attributeGroup ref="t:A"/><xs:attribute name="y"/></xs:attributeGroup></xs:redefine>"#,
    );
    let r = resolved(&types, &[("original.xsd", &original)]);
    assert_eq!(r.codes, NOTHING);
    assert_eq!(r.names("T"), ["{urn:t}a", "{urn:t}b"]);
    assert_eq!(r.attributes("T"), ["x", "y"]);
}

#[test]
fn the_text_of_simple_content_is_inherited_over_documents_in_any_order() {
    let types = schema(
        r#"<xs:complexType name="C"><xs:simpleContent><xs:extension base="t:B"><xs:attribute name="c"/></xs:extension></xs:simpleContent></xs:complexType>
        <xs:complexType name="B"><xs:simpleContent><xs:restriction base="t:A"><xs:maxLength value="3"/></xs:restriction></xs:simpleContent></xs:complexType>
        <xs:complexType name="A"><xs:simpleContent><xs:extension base="t:S"><xs:attribute name="a"/></xs:extension></xs:simpleContent></xs:complexType>
        <xs:simpleType name="S"><xs:restriction base="xs:token"/></xs:simpleType>"#,
    );
    let r = resolved(&types, &[]);
    assert_eq!(r.codes, NOTHING);
    let text = |name: &str| match r.complex(name).content {
        Content::Simple(id) => id,
        Content::Complex(_) => panic!("{name} has no text"),
    };
    assert_eq!(text("A"), r.type_id("urn:t", "S"));
    assert_eq!(text("C"), text("B"));
    let restricted = simple(&r.set, text("B"));
    assert_eq!(restricted.base, Some(r.type_id("urn:t", "S")));
    assert_eq!(restricted.variety, Variety::Atomic(Primitive::Token));
    assert_eq!(restricted.facets[0].kind, FacetKind::MaxLength);
}

#[test]
fn circles_are_cut_with_a_finding() {
    let types = schema(
        r#"<xs:complexType name="A"><xs:complexContent><xs:extension base="t:B"/></xs:complexContent></xs:complexType>
        <xs:complexType name="B"><xs:complexContent><xs:extension base="t:A"/></xs:complexContent></xs:complexType>
        <xs:simpleType name="U"><xs:union memberTypes="t:L xs:int"/></xs:simpleType>
        <xs:simpleType name="L"><xs:list itemType="t:U"/></xs:simpleType>
        <xs:group name="G"><xs:sequence><xs:group ref="t:G" minOccurs="0"/></xs:sequence></xs:group>
        <xs:attributeGroup name="AG"><xs:attributeGroup ref="t:AG"/><xs:attribute name="x"/></xs:attributeGroup>
        <xs:element name="h" substitutionGroup="t:i"/><xs:element name="i" substitutionGroup="t:h"/>"#,
    );
    let r = resolved(&types, &[]);
    let count = |code: &str| r.codes.iter().filter(|c| **c == code).count();
    assert_eq!(count("schema.cyclic-type"), 2);
    assert_eq!(count("schema.cyclic-group"), 2);
    assert_eq!(count("schema.cyclic-substitution"), 1);
    let ends = [r.complex("A").base, r.complex("B").base];
    assert!(ends.contains(&Some(SchemaSet::ANY_TYPE)), "{ends:?}");
}

#[test]
fn substitution_group_members_take_the_type_of_their_head() {
    let types = schema(
        r#"<xs:element name="cat" substitutionGroup="t:pet"/><xs:element name="lion" substitutionGroup="t:cat"/>
        <xs:element name="pet" type="xs:token" abstract="true"/>"#,
    );
    let r = resolved(&types, &[]);
    assert_eq!(r.codes, NOTHING);
    for name in ["cat", "lion"] {
        assert_eq!(r.element(name).type_definition, r.type_id(ns::XSD, "token"), "{name}");
    }
    assert_eq!(r.set.substitution_groups[&r.element_id("pet")], [r.element_id("cat")]);
    assert_eq!(r.set.substitution_groups[&r.element_id("cat")], [r.element_id("lion")]);
}

#[test]
fn attribute_groups_and_wildcards_come_together() {
    let types = schema(
        r###"<xs:attributeGroup name="A"><xs:attribute name="x" default="1"/><xs:attributeGroup ref="t:B"/></xs:attributeGroup>
        <xs:attributeGroup name="B"><xs:attribute ref="t:g" use="required"/><xs:anyAttribute namespace="##other"/></xs:attributeGroup>
        <xs:attribute name="g" type="xs:int" fixed="7"/>
        <xs:complexType name="T"><xs:attribute name="own"/><xs:attributeGroup ref="t:A"/><xs:attribute name="gone" use="prohibited"/>
          <xs:anyAttribute namespace="urn:t urn:u ##local"/></xs:complexType>"###,
    );
    let r = resolved(&types, &[]);
    assert_eq!(r.codes, NOTHING);
    assert_eq!(r.attributes("T"), ["own", "x", "{urn:t}g"]);
    let uses = &r.complex("T").attribute_uses;
    assert_eq!(uses[1].default.as_deref(), Some("1"));
    assert_eq!((uses[2].fixed.as_deref(), uses[2].required), (Some("7"), true));
    assert_eq!(r.complex("T").prohibited[0].local(), "gone");
    let wildcard = r.complex("T").attribute_wildcard.as_ref().unwrap();
    assert_eq!(wildcard.namespaces, NamespaceConstraint::List(vec![Some("urn:u".into())]));
}

#[test]
fn soap_encoding_is_known_without_an_import() {
    let types = schema(
        r#"<xs:complexType name="Ints" xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">
        <xs:complexContent><xs:restriction base="enc:Array"><xs:attribute ref="enc:arrayType" wsdl:arrayType="xs:int[]"/></xs:restriction></xs:complexContent></xs:complexType>
        <xs:element name="s" type="enc:string" xmlns:enc="http://www.w3.org/2003/05/soap-encoding"/>"#,
    );
    let r = resolved(&types, &[]);
    let (written, scope) = r.complex("Ints").array_type.clone().unwrap();
    assert_eq!((&*written, r.set.scope(scope).namespace("xs").map(|n| &**n)), ("xs:int[]", Some(ns::XSD)));
    assert_eq!(r.complex("Ints").base, Some(r.type_id(ns::SOAPENC11, "Array")));
    assert_eq!(r.element("s").type_definition, r.type_id(ns::XSD, "string"));
}

#[test]
fn every_shipped_schema_resolves_in_itself() {
    let imports: String = castile::schema::standard::ALL.iter().map(|s| format!(r#"<xs:import namespace="{}"/>"#, s.namespace)).collect();
    let r = resolved(&schema(&imports), &[]);
    assert_eq!(r.codes, NOTHING);
    assert_eq!(r.set.documents.iter().filter(|d| d.standard).count(), castile::schema::standard::ALL.len());
    assert!(r.set.elements.iter().all(|e| r.set.types.len() > e.type_definition.index()));
    // Every reference in them leads somewhere: nothing is read as a name that nobody declares.
    for t in 0..r.set.types.len() {
        if let castile::schema::model::TypeDefinition::Complex(t) = &r.set.types[t] {
            assert!(names(&r.set, t).iter().all(|n| !n.starts_with('?')), "{:?}", t.name);
        }
    }
}

#[test]
fn an_attribute_of_another_namespace_is_not_the_attribute() {
    let r = resolved(&schema(r#"<xs:element name="e" type="xs:string" t:fixed="x" t:nillable="true"/>"#), &[]);
    assert_eq!((r.element("e").fixed.as_deref(), r.element("e").nillable), (None, false));
}

#[test]
fn scopes_are_innermost_first_in_document_order() {
    let types = schema(r#"<xs:element name="e" xmlns:b="urn:b" xmlns:a="urn:a" xmlns:t="urn:other" type="xs:string"/>"#);
    let r = resolved(&types, &[]);
    let scope: Vec<String> = r.set.scope(r.element("e").scope).0.iter().map(|(p, n)| format!("{p}={n}")).collect();
    assert_eq!(scope[..3], ["b=urn:b", "a=urn:a", "t=urn:other"]);
    assert_eq!(scope.iter().filter(|s| s.starts_with("t=")).count(), 1);
    assert!(scope.iter().all(|s| !s.starts_with("xml=")), "{scope:?}");
}

#[test]
fn schemas_of_one_namespace_see_each_other() {
    let types = format!(
        "{}{}",
        schema(r#"<xs:element name="a" type="t:B"/>"#),
        schema(r#"<xs:simpleType name="B"><xs:restriction base="xs:int"/></xs:simpleType>"#)
    );
    let r = resolved(&types, &[]);
    assert_eq!(r.codes, NOTHING);
    assert_eq!(r.element("a").type_definition, r.type_id("urn:t", "B"));
}
