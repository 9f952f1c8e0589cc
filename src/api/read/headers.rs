//! `headers` of an `api.yaml`.

use std::collections::BTreeMap;

use crate::api::auth::{Place, secret_source};
use crate::api::yaml::{File, Kind, Node};
use crate::api::{HeaderPart, HeaderRule};

/// What a header part may be, in words.
const EXPECTED: &str = "caller, secret, omit, { constant: … }, { secret_env: NAME }, { secret_file: PATH } or { secret: NAME }";

pub(super) fn headers(file: &mut File<'_>, node: &Node) -> BTreeMap<String, HeaderRule> {
    let mut headers = BTreeMap::new();
    for (name, _, value) in file.entries(node) {
        let found = match &value.kind {
            Kind::Map(_) => given(file, value),
            Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String(_) | Kind::List(_) => word(file, value).map(|part| (part, value)),
        };
        if let Some((part, at)) = found {
            headers.insert(name, HeaderRule { part, span: Some(file.span(at)) });
        }
    }
    headers
}

fn word(file: &mut File<'_>, node: &Node) -> Option<HeaderPart> {
    #[derive(Clone, Copy)]
    enum Word {
        Caller,
        Secret,
        Omit,
    }
    let word = file.word(node, &[("caller", Word::Caller), ("secret", Word::Secret), ("omit", Word::Omit)])?;
    Some(match word {
        Word::Caller => HeaderPart::Caller,
        Word::Secret => HeaderPart::Secret,
        Word::Omit => HeaderPart::Omit,
    })
}

/// A value that the API gives: exactly one of the four keys. The second is the node that it stands at.
fn given<'n>(file: &mut File<'_>, node: &'n Node) -> Option<(HeaderPart, &'n Node)> {
    let mut fields = file.fields(node);
    let mut found = Vec::new();
    let mut wrong = false;
    if let Some(value) = fields.take("constant") {
        found.push((HeaderPart::Constant(file.json(value)), value));
    }
    for (key, place) in ["secret_env", "secret_file", "secret"].into_iter().zip(Place::ALL) {
        if let Some(value) = fields.take(key) {
            found.extend(secret_source(file, value, place).map(|source| (HeaderPart::ApiSecret(source), value)));
            wrong |= found.is_empty();
        }
    }
    let complete = fields.is_empty();
    fields.end(file);
    if complete && !wrong && found.len() != 1 {
        file.wrong(node, EXPECTED);
        return None;
    }
    found.pop()
}
