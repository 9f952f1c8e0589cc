//! `/publish/apis/{api}/mapping`: the types of an operation as a tree, beside an example of its JSON and the envelope that comes of it.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::super::applications::Choice;
use super::{Head, Opened, PUBLISHER};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, upload};
use crate::portal::visit::Visit;
use crate::publish::{Branch, Direction, Mapping};

/// Resources to choose from.
const MAX_RESOURCES: usize = 300;
/// Characters of an annotation.
const ABOUT_CHARS: usize = 200;
/// Levels that have a look of their own.
const LEVELS: usize = 8;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/publish/apis/{api}/mapping", PUBLISHER), show).with(upload("/publish/apis/{api}/mapping", PUBLISHER), show)
}

#[derive(Serialize)]
struct Shown {
    api: Head,
    resources: Vec<Choice>,
    index: usize,
    response: bool,
    branches: Vec<Row>,
    is_cut: bool,
    json: String,
    envelope: String,
    wrong: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    level: usize,
    key: String,
    name: String,
    type_: String,
    times: String,
    notes: String,
    about: String,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let opened = Opened::of(&portal, &visit).await?;
    let api = portal.publish.compiled(&opened.actor, &opened.latest).await?;
    let field = |name: &str| visit.form.trimmed(name).or_else(|| visit.query.trimmed(name));
    let index = field("resource").and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    let response = field("direction").as_deref() == Some("response");
    let direction = if response { Direction::Response } else { Direction::Request };
    let json = visit.form.trimmed("json");
    let made = tokio::task::spawn_blocking({
        let api = api.clone();
        move || api.resources.get(index).and_then(|r| Mapping::of(&api, r, direction, json.as_deref()))
    });
    let mapping = made.await.map_err(|_| Fail::Broken("a mapping cannot be shown".to_owned()))?.ok_or(Fail::Nowhere)?;
    let choice = |(i, r): (usize, &crate::catalog::PublishedResource)| Choice {
        value: i.to_string(),
        text: format!("{} {}", r.method.as_str(), r.path),
        chosen: i == index,
    };
    let (envelope, wrong) = match mapping.envelope {
        Ok(envelope) => (indented(&envelope), Vec::new()),
        Err(wrong) => (String::new(), wrong),
    };
    let shown = Shown {
        resources: api.resources.iter().enumerate().take(MAX_RESOURCES).map(choice).collect(),
        index,
        response,
        branches: mapping.tree.iter().map(row).collect(),
        is_cut: mapping.is_cut,
        json: mapping.json.unwrap_or_default(),
        envelope,
        wrong,
        api: opened.head(),
    };
    Answer::page(&portal, &visit, StatusCode::OK, "publish_mapping", "Mapping", &shown)
}

fn row(branch: &Branch) -> Row {
    Row {
        level: branch.depth.min(LEVELS),
        key: if branch.key.is_empty() { "*".to_owned() } else { format!("{}{}", branch.key, if branch.array { "[]" } else { "" }) },
        name: branch.name.clone(),
        type_: branch.type_.clone(),
        times: branch.times.clone(),
        notes: branch.notes.join(", "),
        about: super::super::beginning(&branch.documentation, ABOUT_CHARS),
    }
}

/// XML with its elements on lines of their own where they hold elements; texts stay as they are.
pub(super) fn indented(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len() * 2);
    let mut depth: usize = 0;
    let mut rest = xml;
    let mut after_text = true;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        let end = tag.find('>').map_or(tag.len(), |e| e + 1);
        let (tag, left) = tag.split_at(end);
        let is_text = !text.trim().is_empty();
        let closes = tag.starts_with("</");
        depth = if closes { depth.saturating_sub(1) } else { depth };
        if is_text {
            out.push_str(text);
        } else if !(after_text || out.is_empty()) {
            out.push('\n');
            out.push_str(&"  ".repeat(depth.min(40)));
        }
        out.push_str(tag);
        let opens = !closes && !tag.ends_with("/>") && !tag.starts_with("<?") && !tag.starts_with("<!");
        depth += usize::from(opens);
        // A start tag and its end tag stay together.
        after_text = opens && (left.trim_start().starts_with("</") || !left.trim_start().starts_with('<'));
        rest = left;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn envelopes_are_shown_on_lines() {
        let shown = indented("<?xml version=\"1.0\"?><a:E xmlns:a=\"u\"><a:B><x>1 &lt; 2</x><y/><z></z></a:B></a:E>");
        assert_eq!(
            shown,
            "<?xml version=\"1.0\"?>\n<a:E xmlns:a=\"u\">\n  <a:B>\n    <x>1 &lt; 2</x>\n    <y/>\n    <z></z>\n  </a:B>\n</a:E>"
        );
        assert_eq!(indented("no xml <"), "no xml <");
    }
}
