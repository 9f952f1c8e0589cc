//! Do two XML documents say the same? Their canonical text, so that a difference reads well.

use roxmltree::{Document, Node};

/// One line for each element, attribute and text: expanded names, attributes in order, no insignificant white space, prefixed values with
/// the namespace in place of the prefix.
pub fn canonical(xml: &str) -> String {
    let document = Document::parse(xml).unwrap_or_else(|e| panic!("{e}\n{xml}"));
    let mut out = String::new();
    element(document.root_element(), 0, &mut out);
    out
}

fn element(node: Node<'_, '_>, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    out.push_str(&format!("{indent}<{}>\n", name(node.tag_name().namespace(), node.tag_name().name())));
    let mut attributes: Vec<_> =
        node.attributes().map(|a| format!("{indent}  @{}={:?}\n", name(a.namespace(), a.name()), resolved(node, a.value()))).collect();
    attributes.sort();
    attributes.iter().for_each(|a| out.push_str(a));
    let has_elements = node.children().any(|c| c.is_element());
    let mut text = String::new();
    for child in node.children() {
        if let Some(part) = child.text().filter(|_| child.is_text()) {
            text.push_str(part);
        } else if child.is_element() {
            flush(node, &mut text, has_elements, depth, out);
            element(child, depth + 1, out);
        }
    }
    flush(node, &mut text, has_elements, depth, out);
}

fn flush(node: Node<'_, '_>, text: &mut String, has_elements: bool, depth: usize, out: &mut String) {
    let insignificant = text.is_empty() || (has_elements && text.trim().is_empty());
    if !insignificant {
        out.push_str(&format!("{}  {:?}\n", "  ".repeat(depth), resolved(node, text)));
    }
    text.clear();
}

fn name(namespace: Option<&str>, local: &str) -> String {
    namespace.filter(|n| !n.is_empty()).map_or_else(|| local.to_owned(), |n| format!("{{{n}}}{local}"))
}

/// A value `prefix:local` whose prefix is declared means the expanded name, and so does each word of a list.
fn resolved(node: Node<'_, '_>, text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(|word| resolved_word(node, word)).collect()
}

fn resolved_word(node: Node<'_, '_>, word: &str) -> String {
    match word.split_once(':') {
        Some((prefix, local)) if !prefix.is_empty() && !local.trim_end().is_empty() => {
            node.lookup_namespace_uri(Some(prefix)).map_or_else(|| word.to_owned(), |uri| name(Some(uri), local))
        }
        _ => word.to_owned(),
    }
}

#[test]
fn what_says_the_same_is_equal() {
    let one = "<a:e xmlns:a='urn:a' y='2' x='1' t='a:n'> <a:f>1</a:f>\n</a:e>";
    let two = "<e xmlns='urn:a' xmlns:b='urn:a' t='b:n' x='1' y='2'><f>1</f></e>";
    assert_eq!(canonical(one), canonical(two));
    assert_ne!(canonical("<e><f>1</f></e>"), canonical("<e><f> 1</f></e>"));
    assert_ne!(canonical("<e x='1'/>"), canonical("<e xmlns:q='urn:q' q:x='1'/>"));
    assert_ne!(canonical("<e><f/><g/></e>"), canonical("<e><g/><f/></e>"));
}
