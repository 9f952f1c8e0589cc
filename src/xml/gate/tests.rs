//! What is read, what is refused, and that chunks do not matter.

use proptest::prelude::*;

use super::GateErrorKind as K;
use super::*;

/// Writes events down, text pieces joined.
#[derive(Default, Debug, PartialEq, Eq, Clone)]
struct Script(Vec<String>);

impl Handler for Script {
    type Error = std::convert::Infallible;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Self::Error> {
        let mut line = format!("<{{{}}}{}:{}", tag.uri(), tag.prefix(), tag.local());
        for a in tag.attributes() {
            line += &format!(" {{{}}}{}:{}={:?}", tag.scope().uri(a.namespace), a.prefix, a.local, a.value);
        }
        for (prefix, id) in tag.declarations() {
            line += &format!(" xmlns:{prefix}={}", tag.scope().uri(id));
        }
        self.0.push(line);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Self::Error> {
        assert!(!text.is_empty());
        match self.0.last_mut() {
            Some(last) if last.starts_with('"') => last.push_str(text),
            _ => self.0.push(format!("\"{text}")),
        }
        Ok(())
    }

    fn end(&mut self, scope: &Namespaces) -> Result<(), Self::Error> {
        self.0.push(format!("/{}", scope.in_scope().map(|(p, _)| p).collect::<Vec<_>>().join(",")));
        Ok(())
    }
}

fn read_with(limits: Limits, bytes: &[u8], piece: usize) -> (Script, Result<(), GateError>) {
    let mut script = Script::default();
    let mut gate = Gate::new(limits, None);
    let mut run = || {
        for chunk in bytes.chunks(piece.max(1)) {
            gate.feed(chunk, &mut script)?;
        }
        gate.finish(&mut script)
    };
    let result = match run() {
        Ok(()) => Ok(()),
        Err(Stop::Refused(e)) => Err(e),
        Err(Stop::Handler(never)) => match never {},
    };
    (script, result)
}

fn events(xml: &str) -> Vec<String> {
    let (script, result) = read_with(Limits::message(), xml.as_bytes(), usize::MAX);
    assert_eq!(result, Ok(()), "{xml}");
    for piece in 1..=xml.len().min(40) {
        assert_eq!(read_with(Limits::message(), xml.as_bytes(), piece), (script.clone(), Ok(())), "{xml} in pieces of {piece}");
    }
    script.0
}

fn refusal(limits: Limits, xml: &str) -> GateError {
    let (_, result) = read_with(limits, xml.as_bytes(), usize::MAX);
    let error = result.expect_err(xml);
    for piece in (1..=xml.len().min(40)).chain([1_000, 5_000]) {
        assert_eq!(read_with(limits, xml.as_bytes(), piece).1, Err(error), "{xml:.200} in pieces of {piece}");
    }
    error
}

#[test]
fn names_namespaces_and_values() {
    let xml = "\u{FEFF}<?xml version='1.0' encoding=\"UTF-8\" standalone='yes' ?>\n<!-- -x- --><?p?><?q a?b??>\
        <s:a xmlns:s='urn:s' xmlns=\"urn:d\" x='1' s:x=\"'&lt;&#x20AC;\t\r\n&#10;&#9;>\" xml:lang='de'>\
        <b xmlns='' y=''/>a&amp;b<!-- c -->]] &gt; <![CDATA[<&]]]]>\r\nx\ry\u{FEFF}</s:a \n> <!----> ";
    assert_eq!(
        events(xml),
        [
            "<{urn:s}s:a {}:x=\"1\" {urn:s}s:x=\"'<€  \\n\\t>\" {http://www.w3.org/XML/1998/namespace}xml:lang=\"de\" xmlns:s=urn:s xmlns:=urn:d",
            "<{}:b {}:y=\"\" xmlns:=",
            "/,s",
            "\"a&b]] > <&]]\nx\ny\u{FEFF}",
            "/,s",
        ]
    );
}

#[test]
fn scopes_end_with_their_elements() {
    assert_eq!(
        events("<a xmlns:p='1'><p:b xmlns:p='2'><p:c/></p:b><p:d/></a>"),
        ["<{}:a xmlns:p=1", "<{2}p:b xmlns:p=2", "<{2}p:c", "/p", "/p", "<{1}p:d", "/p", "/p"]
    );
}

#[test]
fn equal_namespaces_have_equal_ids() {
    struct Ids(Vec<NamespaceId>);
    impl Handler for Ids {
        type Error = ();
        fn start(&mut self, tag: &StartTag<'_>) -> Result<(), ()> {
            assert_eq!(tag.scope().resolve("xml"), Some(NamespaceId::XML));
            assert_eq!(tag.scope().uri_of_prefix("nope"), None);
            self.0.push(tag.namespace());
            if tag.local() == "stop" { Err(()) } else { Ok(()) }
        }
        fn text(&mut self, _: &str) -> Result<(), ()> {
            Ok(())
        }
        fn end(&mut self, _: &Namespaces) -> Result<(), ()> {
            Ok(())
        }
    }
    let mut ids = Ids(Vec::new());
    let mut gate = Gate::new(Limits::message(), Some("utf-8"));
    let xml = b"<a xmlns='1'><b xmlns:p='2'/><p:b xmlns:p='1'/><p:b xmlns:p='2'/><c xmlns=''/><stop/></a>";
    assert_eq!(gate.feed(xml, &mut ids), Err(Stop::Handler(())));
    assert_eq!(ids.0.iter().map(|i| i.0).collect::<Vec<_>>(), [3, 3, 3, 4, 0, 3]);
    assert!(matches!(gate.finish(&mut ids), Err(Stop::Refused(GateError { kind: K::Stopped, .. }))));
}

#[test]
fn every_rule_refuses() {
    let cases: &[(&str, K, u64)] = &[
        ("", K::NoRoot, 0),
        (" <!-- -->", K::NoRoot, 9),
        ("<!DOCTYPE a><a/>", K::Dtd, 0),
        ("<?xml version='1.0'?>\n<!doctype a><a/>", K::Dtd, 22),
        (" <?xml version='1.0'?><a/>", K::MisplacedXmlDeclaration, 1),
        ("<a><?xml version='1.0'?></a>", K::MisplacedXmlDeclaration, 3),
        ("<?xml version='1.1'?><a/>", K::UnsupportedVersion, 19),
        ("<?xml version='2.0'?><a/>", K::MalformedXmlDeclaration, 19),
        ("<?xml encoding='utf-8'?><a/>", K::MalformedXmlDeclaration, 5),
        ("<?xml version='1.0'encoding='utf-8'?><a/>", K::MalformedXmlDeclaration, 19),
        ("<?xml version='1.0' standalone='maybe'?><a/>", K::MalformedXmlDeclaration, 19),
        ("<?xml version='1.0' standalone='no' encoding='utf-8'?><a/>", K::MalformedXmlDeclaration, 36),
        ("<?XML version='1.0'?><a/>", K::MalformedTarget, 0),
        ("<?xml version='1.0' encoding='UTF-7'?><a/>", K::UnsupportedEncoding, 0),
        ("\u{FEFF}<?xml version='1.0' encoding='ISO-8859-1'?><a/>", K::EncodingMismatch, 0),
        ("<a/><b/>", K::SecondRoot, 4),
        ("<a/>x", K::TextOutsideRoot, 4),
        ("x<a/>", K::TextOutsideRoot, 0),
        ("&#32;<a/>", K::TextOutsideRoot, 0),
        ("<a/>\u{1}", K::ForbiddenCharacter, 4),
        ("<![CDATA[]]><a/>", K::TextOutsideRoot, 0),
        ("<a>", K::UnclosedElement, 3),
        ("<a><b></b>x", K::UnclosedElement, 11),
        ("<a", K::UnclosedMarkup, 0),
        ("<a b='", K::UnclosedMarkup, 0),
        ("<a><", K::UnclosedMarkup, 3),
        ("<a><!-", K::UnclosedMarkup, 3),
        ("<a><!-- ", K::UnclosedMarkup, 8),
        ("<a><![CDATA[ ]", K::UnclosedMarkup, 13),
        ("<a></a", K::UnclosedMarkup, 3),
        ("<a/><?p", K::UnclosedMarkup, 4),
        ("<a>&am", K::MalformedReference, 3),
        ("<1a/>", K::MalformedName, 1),
        ("< a/>", K::MalformedName, 1),
        ("<a,b/>", K::MalformedName, 2),
        ("<a\u{d7}/>", K::MalformedName, 2),
        ("<a><!ELEMENT b></a>", K::UnknownMarkup, 3),
        ("<a:b:c/>", K::MalformedQName, 4),
        ("<:a/>", K::MalformedQName, 1),
        ("<a:/>", K::MalformedQName, 3),
        ("<a:1/>", K::MalformedQName, 3),
        ("<a b/>", K::MalformedAttribute, 4),
        ("<a b=c/>", K::MalformedAttribute, 5),
        ("<a b=c d='\"'>", K::MalformedAttribute, 5),
        ("<a 1='2'/>", K::MalformedAttribute, 3),
        ("<a / >", K::MalformedAttribute, 3),
        ("<a b='1'c='2'/>", K::MissingSpace, 8),
        ("<a b='1' b='2'/>", K::DuplicateAttribute, 9),
        ("<a xmlns:p='1' xmlns:q='1' p:b='1' q:b='2'/>", K::DuplicateAttribute, 35),
        ("<a xmlns='1' xmlns='1'/>", K::DuplicateAttribute, 13),
        ("<a b='<'/>", K::LessThanInAttribute, 6),
        ("<a></b>", K::MismatchedEndTag, 3),
        ("<a></a b='1'>", K::MalformedEndTag, 3),
        ("<a></ a>", K::MalformedEndTag, 3),
        ("<a></>", K::MalformedEndTag, 3),
        ("</a>", K::UnmatchedEndTag, 0),
        ("<a/></a>", K::UnmatchedEndTag, 4),
        ("<a>x]]>y</a>", K::CDataEndInText, 4),
        ("<a>]]]></a>", K::CDataEndInText, 4),
        ("<a><!-- -- --></a>", K::DoubleHyphenInComment, 8),
        ("<a><!-- ---></a>", K::DoubleHyphenInComment, 8),
        ("<a><? p?></a>", K::MalformedTarget, 3),
        ("<a><?p:q ?></a>", K::MalformedTarget, 3),
        ("<a><?p+?></a>", K::MalformedTarget, 3),
        ("<a>\u{1}</a>", K::ForbiddenCharacter, 3),
        ("<a>0123456789abcdef\u{FFFE}</a>", K::ForbiddenCharacter, 19),
        ("<a b='\u{FFFF}'/>", K::ForbiddenCharacter, 6),
        ("<a b='&#10;\u{B}'/>", K::ForbiddenCharacter, 11),
        ("<a><!--\u{8}--></a>", K::ForbiddenCharacter, 7),
        ("<a><?p \u{8}?></a>", K::ForbiddenCharacter, 7),
        ("<a><![CDATA[\u{8}]]></a>", K::ForbiddenCharacter, 12),
        ("<a>&</a>", K::MalformedReference, 3),
        ("<a>& x;</a>", K::MalformedReference, 3),
        ("<a>&#;</a>", K::MalformedReference, 3),
        ("<a>&#xg;</a>", K::MalformedReference, 3),
        ("<a>&#X41;</a>", K::MalformedReference, 3),
        ("<a b='&'/>", K::MalformedReference, 6),
        ("<a>&nbsp;</a>", K::UndeclaredEntity, 3),
        ("<a>&#0;</a>", K::ForbiddenCharacterReference, 3),
        ("<a>&#xD800;</a>", K::ForbiddenCharacterReference, 3),
        ("<a>&#x110000;</a>", K::ForbiddenCharacterReference, 3),
        ("<a>&#99999999999999999999;</a>", K::ForbiddenCharacterReference, 3),
        ("<a b='&#1;'/>", K::ForbiddenCharacterReference, 6),
        ("<p:a/>", K::UndeclaredPrefix, 1),
        ("<a p:b=''/>", K::UndeclaredPrefix, 3),
        ("<a><b xmlns:p='1'/><p:c/></a>", K::UndeclaredPrefix, 20),
        ("<a xmlns:p=''/>", K::EmptyNamespace, 9),
        ("<a xmlns:xml='urn:x'/>", K::ReservedNamespace, 9),
        ("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", K::ReservedNamespace, 9),
        ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", K::ReservedNamespace, 3),
        ("<a xmlns:xmlns='urn:x'/>", K::ReservedNamespace, 9),
        ("<xmlns:a/>", K::ReservedNamespace, 1),
    ];
    for (xml, kind, offset) in cases {
        let error = refusal(Limits::message(), xml);
        assert_eq!((error.kind, error.offset), (*kind, *offset), "{xml}");
        assert_eq!(kind.limit(), None);
    }
}

#[test]
fn every_limit_refuses_and_its_value_is_allowed() {
    let small = Limits {
        size_bytes: 1_000,
        element_depth: 3,
        attributes: 2,
        namespace_declarations: 2,
        namespace_bindings: 3,
        name_bytes: 7,
        namespace_bytes: 3,
        distinct_names: Some(9),
        attribute_value_bytes: 4,
        text_bytes: 8,
        start_tag_bytes: 60,
        nodes: 12,
        references: 3,
    };
    let long = "c".repeat(986);
    let cases: Vec<(String, String, K)> = vec![
        (format!("<a><!--{long}--></a>"), format!("<a><!--{long}c--></a>"), K::TooLarge { limit: 1_000 }),
        ("<a><a><a/></a></a>".into(), "<a><a><a><a/></a></a></a>".into(), K::ElementDepth { limit: 3 }),
        ("<a b='' c=''/>".into(), "<a b='' c='' d=''/>".into(), K::Attributes { limit: 2 }),
        ("<a xmlns='1' xmlns:b='2'/>".into(), "<a xmlns='1' xmlns:b='2' xmlns:c='2'/>".into(), K::NamespaceDeclarations { limit: 2 }),
        (
            "<a xmlns:b='1' xmlns:c='1'><a xmlns:d='1'/><a xmlns:d='1'/></a>".into(),
            "<a xmlns:b='1' xmlns:c='1'><a xmlns:d='1'><a xmlns:d='1'/></a></a>".into(),
            K::NamespaceBindings { limit: 3 },
        ),
        ("<abcdefg/>".into(), "<abcdefgh/>".into(), K::NameLength { limit: 7 }),
        ("<a><?abcdefg ?></a>".into(), "<a><?abcdefgh ?></a>".into(), K::NameLength { limit: 7 }),
        ("<a abcdefg=''/>".into(), "<a abcdefgh=''/>".into(), K::NameLength { limit: 7 }),
        ("<a xmlns='123'/>".into(), "<a xmlns='1234'/>".into(), K::NamespaceLength { limit: 3 }),
        ("<a><b/><c/><d/><e/><f/><f/><e/><a/></a>".into(), "<a><b/><c/><d/><e/><f/><g/></a>".into(), K::DistinctNames { limit: 9 }),
        ("<a b='1234'/>".into(), "<a b='12345'/>".into(), K::AttributeValueLength { limit: 4 }),
        ("<a b='123&lt;'/>".into(), "<a b='1234&lt;'/>".into(), K::AttributeValueLength { limit: 4 }),
        ("<a>1234&lt;678<b/>12345678</a>".into(), "<a>1234<!-- --><![CDATA[56789]]></a>".into(), K::TextLength { limit: 8 }),
        (format!("<a{}/>", " ".repeat(56)), format!("<a{}/>", " ".repeat(57)), K::StartTagLength { limit: 60 }),
        (format!("<a>{}1</a>", "<b/>1".repeat(5)), format!("<a>{}<b/></a>", "1<b/>".repeat(6)), K::Nodes { limit: 12 }),
        ("<a>&lt;&#65;<?p?></a>".into(), "<a b='&lt;'>&lt;<!-- -->&#65;</a>".into(), K::References { limit: 3 }),
    ];
    for (allowed, refused, kind) in cases {
        assert_eq!(read_with(small, allowed.as_bytes(), usize::MAX).1, Ok(()), "{allowed}");
        assert_eq!(refusal(small, &refused).kind, kind, "{refused}");
        let name = kind.limit().expect("a limit has a label");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    }
}

#[test]
fn a_name_that_is_too_long_and_wrong_is_too_long_in_any_pieces() {
    let small = Limits { name_bytes: 7, ..Limits::message() };
    for xml in ["<a><?abcdefgh::?></a>", "<a><?abcdefgh:?></a>", "<abcdefgh::b/>", "<a abcdefgh::b=''/>"] {
        for pieces in [1, 5, 13, usize::MAX] {
            assert_eq!(
                read_with(small, xml.as_bytes(), pieces).1.unwrap_err().kind,
                K::NameLength { limit: 7 },
                "{xml} in pieces of {pieces}"
            );
        }
    }
}

#[test]
fn positions_count_lines_and_characters() {
    let error = refusal(Limits::message(), "<a>\n  <b/>\n äö€ &x;</a>");
    assert_eq!((error.line, error.column, error.offset), (3, 6, 20));
    assert_eq!(error.to_string(), "the entity is not declared (line 3, column 6)");
}

#[test]
fn bad_bytes_are_placed_after_the_good_ones() {
    let (script, result) = read_with(Limits::message(), b"<a>\n\xE4</a>", 3);
    let error = result.expect_err("not UTF-8");
    assert_eq!((error.kind, error.offset, error.line, error.column), (K::InvalidBytes, 4, 2, 1));
    assert_eq!(script.0.len(), 2);
}

#[test]
fn many_attributes_keep_their_order_and_duplicates_are_found() {
    let many: String = (0..200).map(|i| format!(" a{}='{i}'", (i * 7919) % 1000)).collect();
    let script = events(&format!("<a{many}/>"));
    let start = script.first().expect("a start");
    assert!(start.starts_with("<{}:a {}:a0=\"0\" {}:a919=\"1\" {}:a838=\"2\""), "{start}");
    let error = refusal(Limits::message(), &format!("<a{} a838=''/>", many.replace(" a0='0'", "")));
    assert_eq!(error.kind, K::DuplicateAttribute);
}

#[test]
fn memory_stays_flat() {
    let mut gate = Gate::new(Limits::message_of(1 << 30), None);
    gate.feed(b"<a>", &mut Ignore).expect("start");
    let record = format!("<r k='v'>{}</r><!-- {} --><![CDATA[{}]]>", "text ".repeat(4_000), "c ".repeat(4_000), "d".repeat(8_000));
    for _ in 0..100 {
        for chunk in record.as_bytes().chunks(1_500) {
            gate.feed(chunk, &mut Ignore).expect("well-formed");
        }
    }
    assert!(gate.pending.capacity() <= 4 * PIECE_BYTES, "{}", gate.pending.capacity());
}

/// Pieces of which documents are made that are well-formed often and nearly so otherwise.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-c]{0,3}",
        2 => "<[ab](:[ab])?( [a-c](:[ab])?=('[^'<&]{0,5}'|\"[a&;l#x0-9t\t\r\n]{0,5}\")){0,3} ?/?>",
        2 => "</[ab](:[ab])? ?>",
        1 => "<[ab] xmlns(:[ab])?='[uv]?'>",
        1 => "<!--[a-]{0,4}-->",
        1 => "<!\\[CDATA\\[[a<&>\\]\r\n]{0,5}\\]\\]>",
        1 => "<\\?[a-cx][ml]{0,2} ?[a?>]{0,3}\\?>",
        1 => "&(lt|gt|amp|quot|apos|#[0-9]{1,4}|#x[0-9a-fA-F]{1,4}|no)?;",
        1 => "[\\]>\r\n\t&<\u{FFFD}\u{FFFE}\u{1}é€\u{1F600}]{1,3}",
    ]
}

fn document() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..12).prop_map(|parts| format!("<a xmlns:a='1' xmlns:b='2'>{}</a>", parts.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn chunks_do_not_matter(xml in document(), piece in 1usize..9) {
        let (whole, result) = read_with(Limits::message(), xml.as_bytes(), usize::MAX);
        let (script, pieces) = read_with(Limits::message(), xml.as_bytes(), piece);
        prop_assert_eq!(&result, &pieces);
        prop_assert_eq!(whole, script);
    }

    #[test]
    fn the_gate_agrees_with_roxmltree(xml in document()) {
        let gate = read_with(Limits::message(), xml.as_bytes(), 7).1;
        #[allow(clippy::disallowed_methods, reason = "the other parser is the oracle")]
        let tree = roxmltree::Document::parse(&xml);
        match (&gate, &tree) {
            (Ok(()), Err(e)) => prop_assert!(false, "only roxmltree refuses: {} {}", e, xml),
            (Err(e), Ok(_)) => prop_assert!(stricter(&xml, e.kind), "only the gate refuses: {} {:?}", e, xml),
            (Ok(()), Ok(_)) | (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), charset in prop::option::of("[a-z0-9-]{0,12}")) {
        let mut gate = Gate::new(Limits::message(), charset.as_deref());
        let fed = gate.feed(&bytes, &mut Ignore);
        let finished = fed.and_then(|()| gate.finish(&mut Ignore));
        prop_assert!(!matches!(finished, Err(Stop::Handler(_))));
    }
}

/// Where the gate is right and roxmltree is not.
fn stricter(xml: &str, kind: K) -> bool {
    match kind {
        // `<?xml?>` anywhere.
        K::MisplacedXmlDeclaration => xml.contains("<?xml?>"),
        // A target with a colon or `xml` in another case; what only version 1.1 allows.
        K::MalformedTarget | K::EmptyNamespace => true,
        // A surrogate becomes U+FFFD there.
        K::ForbiddenCharacterReference => xml.contains("&#"),
        _ => false,
    }
}
