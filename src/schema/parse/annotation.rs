//! `xs:annotation`: the documentation that people read.

use std::sync::Arc;

use roxmltree::Node;

use super::Place;
use crate::schema::model::Documentation;

/// The `xs:documentation` texts of a component, joined by blank lines.
pub(super) fn documentation(place: Place<'_>) -> Documentation {
    let mut texts = Vec::new();
    for annotation in place.children().filter(|c| c.local() == "annotation") {
        for text in annotation.children().filter(|c| c.local() == "documentation") {
            texts.push(text_of(text.node));
        }
    }
    join(&texts)
}

/// Trimmed texts that are not blank, joined by blank lines; `None` where there are none.
pub(crate) fn join(texts: &[String]) -> Documentation {
    let texts: Vec<&str> = texts.iter().map(|t| t.trim()).filter(|t| !t.is_empty()).collect();
    (!texts.is_empty()).then(|| Arc::from(texts.join("\n\n")))
}

/// All text inside an element, markup left out.
pub(crate) fn text_of(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|t| t.text()).collect()
}
