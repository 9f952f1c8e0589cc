//! A document for people to read: an element on a line of its own wherever that changes no text.

use roxmltree::Node;

use super::{Document, Limits};

/// Levels that are set in by two spaces each; what is deeper stands below its parent's margin.
const LEVELS: usize = 40;

/// The document with line breaks and margins between elements. Elements that hold text stay as they are, byte for byte, and so does everything below
/// `xml:space="preserve"`. `None`: it is no document within `limits`.
pub fn pretty(bytes: &[u8], charset: Option<&str>, limits: Limits) -> Option<String> {
    let document = Document::parse(bytes, charset, limits).ok()?;
    let tree = document.tree();
    let mut out = String::with_capacity(document.text().len() * 2);
    for child in tree.root().children().filter(|c| !c.is_text()) {
        // The declaration is no node: it goes, since the text is UTF-8 here whatever it was.
        node(document.text(), child, 0, &mut out);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    Some(out)
}

fn node(text: &str, at: Node<'_, '_>, level: usize, out: &mut String) {
    let whole = text.get(at.range()).unwrap_or_default();
    let (Some(first), true) = (at.first_child(), is_structure(at)) else {
        out.push_str(whole);
        return;
    };
    out.push_str(text.get(at.range().start..first.range().start).unwrap_or_default());
    for child in at.children().filter(|c| !c.is_text()) {
        margin(level + 1, out);
        node(text, child, level + 1, out);
    }
    margin(level, out);
    out.push_str(whole.rfind("</").and_then(|end| whole.get(end..)).unwrap_or_default());
}

/// Does it hold elements and white space only?
fn is_structure(at: Node<'_, '_>) -> bool {
    let keeps = at.attributes().any(|a| a.namespace() == Some(super::ns::XML) && a.name() == "space" && a.value() == "preserve");
    let is_blank = |c: Node<'_, '_>| !c.is_text() || c.text().is_none_or(|t| t.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n')));
    at.is_element() && !keeps && at.children().any(|c| c.is_element()) && at.children().all(is_blank)
}

fn margin(level: usize, out: &mut String) {
    out.push('\n');
    for _ in 0..level.min(LEVELS) {
        out.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        pretty(text.as_bytes(), None, Limits::message()).unwrap()
    }

    #[test]
    fn elements_stand_on_lines_of_their_own_and_texts_stay() {
        let text =
            "<?xml version=\"1.0\"?><s:E xmlns:s='u'><s:B><a x=\"1 &lt;\"><b> two  words\n</b><c/><d>&amp;<e/>mixed</d></a>\n</s:B></s:E>";
        let expected = "<s:E xmlns:s='u'>\n  <s:B>\n    <a x=\"1 &lt;\">\n      <b> two  words\n</b>\n      <c/>\n      <d>&amp;<e/>mixed</d>\n    </a>\n  </s:B>\n</s:E>";
        assert_eq!(shown(text), expected);
        assert_eq!(shown(expected), expected);
    }

    #[test]
    fn white_space_that_counts_stays() {
        for text in ["<a> <![CDATA[ x ]]> <b/></a>", "<a xml:space=\"preserve\"> <b/> </a>", "<a/>", "<a></a>", "<a> </a>"] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(shown("<!-- x --><a><!-- y --><b/></a>"), "<!-- x -->\n<a>\n  <!-- y -->\n  <b/>\n</a>");
        assert_eq!(pretty(b"<a>", None, Limits::message()), None);
    }
}
