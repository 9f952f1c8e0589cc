//! Documents of the corpus, changed at random: the gate and roxmltree agree on them, and chunks do not matter.

use castile::xml::gate::{Attribute, Gate, GateError, Handler, Namespaces, StartTag, Stop};
use castile::xml::{Document, Limits};

use crate::support;

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// A tree written as one string, from either parser.
#[derive(Default)]
struct Shape(String);

impl Handler for Shape {
    type Error = std::convert::Infallible;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Self::Error> {
        let attributes: Vec<String> = tag
            .attributes()
            .map(|Attribute { namespace, local, value, .. }| format!(" {{{}}}{local}={value:?}", tag.scope().uri(namespace)))
            .collect();
        self.0 += &format!("<{{{}}}{}{}>", tag.uri(), tag.local(), attributes.concat());
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Self::Error> {
        self.0 += text;
        Ok(())
    }

    fn end(&mut self, _scope: &Namespaces) -> Result<(), Self::Error> {
        self.0 += "</>";
        Ok(())
    }
}

fn by_gate(bytes: &[u8], piece: usize) -> Result<String, GateError> {
    let mut shape = Shape::default();
    let mut gate = Gate::new(Limits::document(), None);
    let fed = bytes.chunks(piece).try_for_each(|c| gate.feed(c, &mut shape)).and_then(|()| gate.finish(&mut shape));
    match fed {
        Ok(()) => Ok(shape.0),
        Err(Stop::Refused(e)) => Err(e),
        Err(Stop::Handler(never)) => match never {},
    }
}

fn by_tree(node: roxmltree::Node<'_, '_>, out: &mut String) {
    for child in node.children() {
        if child.is_element() {
            let name = child.tag_name();
            let attributes: Vec<String> =
                child.attributes().map(|a| format!(" {{{}}}{}={:?}", a.namespace().unwrap_or(""), a.name(), a.value())).collect();
            *out += &format!("<{{{}}}{}{}>", name.namespace().unwrap_or(""), name.name(), attributes.concat());
            by_tree(child, out);
            *out += "</>";
        } else if child.is_text() {
            *out += child.text().unwrap_or("");
        }
    }
}

#[test]
fn corpus_documents_have_the_tree_that_roxmltree_sees() {
    let Some(folders) = support::corpus_or_skip("xml::mutations trees") else { return };
    let mut seen = 0;
    for file in folders.iter().flat_map(|f| [support::files(f, "wsdl"), support::files(f, "xsd"), support::files(f, "xml")].concat()) {
        let bytes = std::fs::read(&file).unwrap();
        let gate = by_gate(&bytes, 4_093);
        match Document::parse(&bytes, None, Limits::document()) {
            Ok(document) => {
                let mut tree = String::new();
                by_tree(document.tree().root(), &mut tree);
                assert!(gate.as_ref() == Ok(&tree), "{} differs", file.display());
                seen += 1;
            }
            Err(e) => {
                assert_eq!(gate, Err(e), "{}", file.display());
                let text = String::from_utf8_lossy(&bytes);
                assert!(roxmltree::Document::parse(&text).is_err(), "{}: only the gate refuses: {e}", file.display());
            }
        }
    }
    assert!(seen > 200, "{seen} documents");
}

#[test]
fn mutants_are_judged_alike() {
    const TOKENS: &[&str] = &[
        "<",
        ">",
        "/",
        "\"",
        "'",
        "&",
        ";",
        "&#0;",
        "&lt;",
        "]]>",
        "<![CDATA[",
        "--",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<?p?>",
        "=",
        " ",
        ":",
        "xmlns:q=''",
        "xmlns=''",
        " a='1'",
        "\u{FFFE}",
        "\u{1}",
        "\r",
        "é",
        "<a/>",
        "</a>",
        "<!DOCTYPE a>",
        "a:b",
        "xml:lang",
    ];
    let Some(folders) = support::corpus_or_skip("xml::mutations mutants") else { return };
    let files: Vec<_> = folders.iter().flat_map(|f| support::files(f, "wsdl")).filter(|f| f.metadata().unwrap().len() < 20_000).collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut accepted, mut refused) = (0, 0);
    for file in files.iter().cycle().take(3_000) {
        let Ok(mut text) = String::from_utf8(std::fs::read(file).unwrap()) else { continue };
        for _ in 0..=random.below(3) {
            let at = text.floor_char_boundary(random.below(text.len()));
            let end = text.floor_char_boundary((at + random.below(4)).min(text.len()));
            text.replace_range(at..end, TOKENS[random.below(TOKENS.len())]);
        }
        let whole = by_gate(text.as_bytes(), usize::MAX);
        let pieces = by_gate(text.as_bytes(), 1 + random.below(50));
        assert!(whole == pieces, "{}: chunks matter in\n{text}", file.display());
        let bare = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        match (&whole, roxmltree::Document::parse(bare)) {
            (Ok(shape), Ok(document)) => {
                let mut tree = String::new();
                by_tree(document.root(), &mut tree);
                // roxmltree 0.21 leaves a CR that stands before a reference.
                let (shape, tree) = (shape.replace('\r', "\n"), tree.replace('\r', "\n"));
                let same = shape.bytes().zip(tree.bytes()).take_while(|(a, b)| a == b).count();
                let around = shape.floor_char_boundary(same.saturating_sub(60))..shape.floor_char_boundary(same + 60);
                assert!(
                    shape == tree,
                    "{}: the trees differ at {:?}, {:?} of\n{text}",
                    file.display(),
                    &shape[around.clone()],
                    &tree[around]
                );
                accepted += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            (Err(e), Ok(_)) if super::conformance::stricter(&text, e.kind) => refused += 1,
            (gate, tree) => panic!("{}: the gate {:?}, roxmltree {:?}\n{text}", file.display(), gate.as_ref().err(), tree.err()),
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > 300 && refused > 300, "{accepted} accepted, {refused} refused");
}
