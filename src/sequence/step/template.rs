//! `template: { file: sequences/order.hbs, as: soap }`: the message, written by hand with values of the call in it (Handlebars).

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::exchange::{Exchange, Stop};
use super::reader::{BodyPlace, Reader};
use crate::diagnostic::{Diagnostic, SourceId, Span};
use crate::sequence::codes;
use crate::sequence::expr::Path;
use crate::sequence::template::{self, Flaw, Format, Halt, ItemPlace, Part};
use crate::sequence::tree::Tree;
use crate::yaml::{File, Kind, Node};

/// Parts that a template may include.
const MAX_PARTS: usize = 32;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Template {
    pub(super) template: template::Template,
    /// What JSON it takes or makes, where that is said.
    pub(super) schema: Option<Value>,
    /// The places of the message that it reads by way of the items of its blocks.
    pub(super) items: Vec<BodyPlace>,
    /// Its file.
    shown: Box<str>,
}

/// Where the text of a part stands.
enum Home<'n> {
    File(SourceId),
    Inline(&'n Node),
}

impl Template {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let (file, text, format) = (given.take("file"), given.take("text"), given.take("as"));
        let (partials, schema) = (given.take("partials"), given.take("schema"));
        given.end(reader.file);
        let format = match format {
            Some(node) => reader.file.word(node, &[("json", Format::Json), ("soap", Format::Xml)])?,
            None => Format::Json,
        };
        if format == Format::Xml && reader.path != Path::Request {
            let diagnostic = Diagnostic::error(&codes::WRONG_PLACE, "a template of SOAP is a request: the caller gets JSON");
            reader.error(node, diagnostic.expected("`as: json`, or the step on the request path"));
            return None;
        }
        let first = match (file, text) {
            (Some(file), None) => of_file(reader, "", file)?,
            (None, Some(text)) => {
                let part = Part { name: String::new(), shown: String::from("text"), text: reader.file.text(text)? };
                (part, Home::Inline(text))
            }
            _ => {
                let diagnostic = Diagnostic::error(&codes::BAD_TEMPLATE, "a template stands in a file or in the step");
                reader.error(node, diagnostic.expected("one of file, text"));
                return None;
            }
        };
        let (mut parts, mut homes) = (vec![first.0], vec![first.1]);
        for (name, _, node) in partials.map(|n| reader.file.entries(n)).unwrap_or_default() {
            if parts.len() > MAX_PARTS {
                let message = format!("a template has more than {MAX_PARTS} parts");
                reader.error(node, Diagnostic::error(&codes::TOO_LARGE, message));
                return None;
            }
            let (part, home) = of_file(reader, &name, node)?;
            parts.push(part);
            homes.push(home);
        }
        reader.uses.body = true;
        let facts = reader.facts();
        let mut seen: Vec<(usize, Range<usize>)> = Vec::new();
        let place = |reader: &Reader<'_, '_>, part: usize, at: &Range<usize>| span(reader, &parts, &homes, part, at);
        let result = template::compile(&parts, format, facts, &mut |part, at, expr| {
            let span = place(reader, part, &at);
            reader.note_at(expr, &|_| span);
            seen.push((part, at));
        });
        let template = match result {
            Ok(template) => template,
            Err(flaw) => {
                let span = place(reader, flaw.part, &flaw.at);
                reader.file.diagnostics.push(diagnostic(flaw).at(span));
                return None;
            }
        };
        let item = |item: &ItemPlace| BodyPlace { segments: item.segments.clone(), span: place(reader, item.part, &item.at) };
        let items = template.items.iter().map(item).collect();
        let schema = match schema {
            Some(node) => Some(reader.schema(node)?),
            None => None,
        };
        if format == Format::Xml {
            reader.enveloped = true;
        }
        let shown = parts.first().map(|p| p.shown.as_str().into()).unwrap_or_default();
        Some(Self { template, schema, items, shown })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let text = self.template.render(exchange, exchange.budget()).map_err(|halt| match halt {
            Halt::Exhausted => Stop::Exhausted("its template writes or does more than it may"),
            Halt::Refused(r) => Stop::Template { place: r.place, pointer: r.pointer, expected: r.expected },
        })?;
        if self.template.format == Format::Xml {
            exchange.soap = Some(text);
            return Ok(());
        }
        let value = crate::json::parse(text.as_bytes(), &crate::json::Limits::default());
        let value = value.map_err(|e| Stop::Broken(format!("the template {} writes no JSON: {e}", self.shown)))?;
        let tree = Tree::from(&value);
        exchange.grow(&tree, 0)?;
        exchange.body = Some(tree);
        Ok(())
    }
}

fn of_file<'n>(reader: &mut Reader<'_, '_>, name: &str, node: &'n Node) -> Option<(Part, Home<'n>)> {
    let path = reader.file.text(node)?;
    match (reader.files)(&path) {
        Some((source, text)) => Some((Part { name: name.to_owned(), shown: path, text: text.to_string() }, Home::File(source))),
        None => {
            let message = format!("the template `{}` is not there", path.escape_debug());
            let diagnostic = Diagnostic::error(&codes::MISSING_FILE, message);
            reader.error(node, diagnostic.expected("the path of a file in the API's folder, such as sequences/order.hbs"));
            None
        }
    }
}

/// Where a part of a template's text stands, for its author.
fn span(reader: &Reader<'_, '_>, parts: &[Part], homes: &[Home<'_>], part: usize, at: &Range<usize>) -> Span {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    match homes.get(part) {
        Some(Home::File(source)) => Span { source: *source, start: number(at.start), end: number(at.end) },
        Some(Home::Inline(node)) => reader.file.span_within(node, parts.get(part).map_or("", |p| p.text.as_str()), at),
        None => Span { source: SourceId(0), start: 0, end: 0 },
    }
}

fn diagnostic(flaw: Flaw) -> Diagnostic {
    let code = if flaw.is_limit { &codes::TOO_LARGE } else { &codes::BAD_TEMPLATE };
    Diagnostic { expected: flaw.expected, hint: flaw.hint, ..Diagnostic::error(code, flaw.message) }
}

/// The files that the templates of a sequence name, each once: what must be at hand when it is read.
pub(in crate::sequence) fn files(text: &str) -> Vec<String> {
    let (_, node) = File::parse(SourceId(0), text, &codes::OF_YAML);
    let mut found = BTreeSet::new();
    if let Some(node) = node {
        gather(&node, &mut found);
    }
    found.into_iter().collect()
}

fn gather(node: &Node, found: &mut BTreeSet<String>) {
    match &node.kind {
        Kind::List(nodes) => nodes.iter().for_each(|n| gather(n, found)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                if let (Kind::String(verb), Kind::Map(settings)) = (&key.kind, &value.kind)
                    && verb == "template"
                {
                    for (key, value) in settings {
                        match (&key.kind, &value.kind) {
                            (Kind::String(name), Kind::String(path)) if name == "file" => drop(found.insert(path.clone())),
                            (Kind::String(name), Kind::Map(parts)) if name == "partials" => {
                                let paths = parts
                                    .iter()
                                    .filter_map(|(_, v)| if let Kind::String(path) = &v.kind { Some(path.clone()) } else { None });
                                found.extend(paths);
                            }
                            _ => {}
                        }
                    }
                }
                gather(value, found);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String(_) => {}
    }
}
