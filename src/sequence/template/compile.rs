//! Texts → nodes: what the parser of Handlebars gives, checked and made small. Parts are put in where they are included.

use std::ops::Range;

use handlebars::Path;
use handlebars::template::{BlockParam, DecoratorTemplate, HelperTemplate, Parameter, Template as Parsed, TemplateElement};

use super::scan::Scan;
use super::{Flaw, Format, HELPERS, Key, Node, Operand, Place, Template, limits};
use crate::diagnostic::nearest;
use crate::sequence::expr::{Expr, Path as SequencePath};
use crate::sequence::tree::Tree;

/// A text of a template.
#[derive(Debug, Clone)]
pub(in crate::sequence) struct Part {
    /// What `{{> … }}` calls it; of the template itself empty.
    pub(in crate::sequence) name: String,
    /// What its author calls it: its file.
    pub(in crate::sequence) shown: String,
    pub(in crate::sequence) text: String,
}

/// The template itself and what it may include.
pub(in crate::sequence) type Parts = [Part];

/// Names of the call's facts, at the outermost level.
const ROOTS: [&str; 8] = ["body", "headers", "path", "query", "properties", "principal", "fault", "calls"];

/// Compiles the first of these texts. `seen` gets every expression, with its part and place.
///
/// # Errors
/// What is wrong with it: the author's fault.
pub(in crate::sequence) fn compile(
    parts: &Parts,
    format: Format,
    path: SequencePath,
    seen: &mut dyn FnMut(usize, Range<usize>, &mut Expr),
) -> Result<Template, Flaw> {
    let mut compiler = Compiler { parts, path, seen, open: Vec::new(), scopes: Vec::new(), nodes: 0, literal: 0, depth: 0 };
    let mut scan = Scan::of(format);
    let nodes = compiler.part(0, &mut scan)?;
    if scan != Scan::of(format) {
        let end = parts.first().map_or(0, |p| p.text.len());
        return Err(Flaw::new(0, end..end, "the template ends inside a string, a tag or a comment"));
    }
    Ok(Template { format, nodes })
}

impl Flaw {
    fn new(part: usize, at: Range<usize>, message: impl Into<String>) -> Self {
        Self { part, at, message: message.into(), expected: None, hint: None, is_limit: false }
    }

    fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn limit(part: usize, at: Range<usize>, message: String) -> Self {
        Self { is_limit: true, ..Self::new(part, at, message) }
    }
}

/// A block whose item can be named.
struct Scope {
    item: Option<String>,
    key: Option<String>,
    is_list: bool,
}

struct Compiler<'c> {
    parts: &'c Parts,
    path: SequencePath,
    seen: &'c mut dyn FnMut(usize, Range<usize>, &mut Expr),
    /// The parts that are being put in.
    open: Vec<usize>,
    scopes: Vec<Scope>,
    nodes: usize,
    literal: usize,
    depth: usize,
}

/// Where an element stands.
type At = (usize, Range<usize>);

impl Compiler<'_> {
    fn part(&mut self, index: usize, scan: &mut Scan) -> Result<Vec<Node>, Flaw> {
        let Some(part) = self.parts.get(index) else { return Ok(Vec::new()) };
        look_over(index, &part.text)?;
        let parsed = parse(index, &part.text)?;
        self.open.push(index);
        let nodes = self.elements(index, &parsed, scan)?;
        self.open.pop();
        Ok(nodes)
    }

    fn elements(&mut self, part: usize, parsed: &Parsed, scan: &mut Scan) -> Result<Vec<Node>, Flaw> {
        let text = self.parts.get(part).map_or("", |p| p.text.as_str());
        let mut nodes = Vec::with_capacity(parsed.elements.len());
        let mut lines = Lines::new(text);
        for (i, element) in parsed.elements.iter().enumerate() {
            let at = parsed.mapping.get(i).map_or(0, |m| lines.offset(m.0, m.1));
            let end = text.get(at..).and_then(|r| r.find("}}")).map_or(text.len(), |n| at + n + 2);
            let at: At = (part, at..end.max(at));
            self.count(&at)?;
            match element {
                TemplateElement::RawString(raw) => {
                    self.literal += raw.len();
                    if self.literal > limits::LITERAL_BYTES {
                        let message = format!("the template, with what it includes, has more than {} bytes of text", limits::LITERAL_BYTES);
                        return Err(Flaw::limit(at.0, at.1, message));
                    }
                    *scan = scan.over(raw);
                    nodes.push(Node::Text(raw.as_str().into()));
                }
                TemplateElement::Expression(helper) => nodes.push(self.written(helper, &at, *scan)?),
                TemplateElement::HtmlExpression(_) => {
                    return Err(
                        Flaw::new(at.0, at.1, "values are always escaped").expected("`{{ … }}` in place of `{{{ … }}}` and `{{& … }}`")
                    );
                }
                TemplateElement::HelperBlock(block) => nodes.push(self.block(block, &at, scan)?),
                TemplateElement::PartialExpression(include) => nodes.extend(self.include(include, &at, scan)?),
                TemplateElement::Comment(_) => {}
                _ => {
                    let flaw = Flaw::new(at.0, at.1, "decorators and blocks of parts are not part of the language");
                    return Err(flaw.hint("what several templates share stands in a file of its own, below `partials`"));
                }
            }
        }
        Ok(nodes)
    }

    fn count(&mut self, at: &At) -> Result<(), Flaw> {
        self.nodes += 1;
        if self.nodes > limits::NODES {
            let message = format!("the template, with what it includes, has more than {} pieces", limits::NODES);
            return Err(Flaw::limit(at.0, at.1.clone(), message));
        }
        Ok(())
    }

    fn deeper<T>(&mut self, at: &At, read: impl FnOnce(&mut Self) -> Result<T, Flaw>) -> Result<T, Flaw> {
        if self.depth >= limits::DEPTH {
            let message = format!("blocks and parts are nested more than {} levels deep", limits::DEPTH);
            return Err(Flaw::limit(at.0, at.1.clone(), message));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn written(&mut self, helper: &HelperTemplate, at: &At, scan: Scan) -> Result<Node, Flaw> {
        let spot = scan.spot().map_err(|what| {
            let flaw = Flaw::new(at.0, at.1.clone(), format!("a value cannot stand in {what}"));
            flaw.hint("in XML a value is character data, or stands between the quotes of an attribute")
        })?;
        let operand = self.expression(helper, at)?;
        let pointer = match &operand {
            Operand::Fact(expr) if expr.is_body_place() => expr.body_places().first().map(|(names, _)| {
                let mut pointer = String::new();
                names.iter().for_each(|name| crate::json::push_pointer(&mut pointer, name));
                pointer
            }),
            _ => None,
        };
        let part = self.parts.get(at.0);
        let (line, column) = part.map_or((1, 1), |p| position(&p.text, at.1.start));
        let shown = format!("{}:{line}:{column}", part.map_or("", |p| p.shown.as_str())).into();
        Ok(Node::Value { operand, spot, at: Place { shown, pointer: pointer.map(String::into) } })
    }

    /// What stands in a tag: a value, or a helper with its arguments.
    fn expression(&mut self, helper: &HelperTemplate, at: &At) -> Result<Operand, Flaw> {
        if helper.params.is_empty() && helper.hash.is_empty() {
            return self.operand(&helper.name, at);
        }
        self.call(helper, at)
    }

    fn call(&mut self, helper: &HelperTemplate, at: &At) -> Result<Operand, Flaw> {
        let name = name_of(&helper.name);
        let Some((_, found, count)) = HELPERS.iter().find(|(n, ..)| *n == name) else {
            let names = HELPERS.iter().map(|(n, ..)| *n);
            let flaw = Flaw::new(at.0, at.1.clone(), format!("there is no helper `{}`", name.escape_debug()));
            let flaw = flaw.expected(format!("one of {}, or a value", names.clone().collect::<Vec<_>>().join(", ")));
            return Err(match nearest(&name, names) {
                Some(near) => flaw.hint(format!("did you mean `{near}`?")),
                None => flaw,
            });
        };
        if !helper.hash.is_empty() || !count.contains(&helper.params.len()) {
            let flaw = Flaw::new(at.0, at.1.clone(), format!("`{name}` has {} arguments", helper.params.len()));
            return Err(flaw.expected(format!("{} to {}, without names", count.start, count.end - 1)));
        }
        let operands = helper.params.iter().map(|p| self.operand(p, at)).collect::<Result<_, _>>()?;
        Ok(Operand::Call(*found, operands))
    }

    fn operand(&mut self, parameter: &Parameter, at: &At) -> Result<Operand, Flaw> {
        self.count(at)?;
        match parameter {
            Parameter::Name(name) => self.place(name, at),
            Parameter::Path(Path::Relative((_, raw)) | Path::Local((_, _, raw))) => self.place(raw, at),
            Parameter::Literal(json) => {
                let text = json.to_string();
                let value = crate::json::parse(text.as_bytes(), &crate::json::Limits::default());
                let value = value.map_err(|_| Flaw::new(at.0, at.1.clone(), "this is no value of JSON"))?;
                Ok(Operand::Literal(Tree::from(&value)))
            }
            Parameter::Subexpression(sub) => match sub.as_element() {
                TemplateElement::Expression(helper) => self.deeper(at, |c| c.call(helper, at)),
                _ => Err(Flaw::new(at.0, at.1.clone(), "this is no value")),
            },
            _ => Err(Flaw::new(at.0, at.1.clone(), "this is no value")),
        }
    }

    /// `../name`, `this.x`, `@index`, `body.lines`
    fn place(&mut self, raw: &str, at: &At) -> Result<Operand, Flaw> {
        let mut rest = raw;
        let is_root = match rest.strip_prefix("@root") {
            Some(more) => {
                rest = more.trim_start_matches(['.', '/']);
                true
            }
            None => false,
        };
        let is_here = rest == "this" || ["./", "this/", "this."].iter().any(|p| rest.starts_with(p));
        if is_here {
            rest = rest.strip_prefix("./").or_else(|| rest.strip_prefix("this")).unwrap_or(rest).trim_start_matches(['.', '/']);
        }
        // `@../index` and `../@index` are the same.
        let local = rest.starts_with('@') || rest.trim_start_matches("../").starts_with('@');
        if local {
            rest = rest.strip_prefix('@').unwrap_or(rest);
        }
        let mut up = 0;
        while let Some(more) = rest.strip_prefix("../") {
            rest = more;
            up += 1;
        }
        let rest = rest.strip_prefix('@').unwrap_or(rest);
        let inner = if is_root { None } else { self.scopes.len().checked_sub(up + 1) };
        if up > self.scopes.len() {
            let message = format!("`{}` leads out of the template", raw.escape_debug());
            return Err(Flaw::new(at.0, at.1.clone(), message).hint("each `#each` and `#with` is a level, `#if` is none"));
        }
        if local {
            return self.local(rest, inner, at);
        }
        let names = segments(rest);
        if let Some((scope, is_key)) = names.first().filter(|_| !is_here && !is_root && up == 0).and_then(|n| self.named(n)) {
            return Ok(if is_key {
                Operand::Key { scope }
            } else {
                Operand::Item { scope, keys: keys(names.get(1..).unwrap_or_default()) }
            });
        }
        match inner {
            Some(scope) => {
                if up == 0 && !is_here && names.first().is_some_and(|n| ROOTS.contains(&n.as_str())) && names.len() > 1 {
                    let flaw =
                        Flaw::new(at.0, at.1.clone(), format!("inside a block `{}` would be a member of its item", raw.escape_debug()));
                    return Err(flaw.hint(format!("write `@root.{raw}` for the call's, `this.{raw}` for the item's")));
                }
                Ok(Operand::Item { scope, keys: keys(&names) })
            }
            None => self.fact(&names, raw, at),
        }
    }

    /// `@index`, `@key`, `@first`, `@last` of a block.
    fn local(&self, name: &str, scope: Option<usize>, at: &At) -> Result<Operand, Flaw> {
        let Some(scope) = scope.filter(|s| self.scopes.get(*s).is_some_and(|s| s.is_list)) else {
            return Err(Flaw::new(at.0, at.1.clone(), format!("`@{}` is known inside `#each`", name.escape_debug())));
        };
        match name {
            "index" | "key" => Ok(Operand::Key { scope }),
            "first" => Ok(Operand::First { scope }),
            "last" => Ok(Operand::Last { scope }),
            _ => {
                let flaw = Flaw::new(at.0, at.1.clone(), format!("there is no `@{}`", name.escape_debug()));
                Err(flaw.expected("one of @index, @key, @first, @last, @root"))
            }
        }
    }

    /// The block that gives its item or key that name: the innermost.
    fn named(&self, name: &str) -> Option<(usize, bool)> {
        self.scopes.iter().enumerate().rev().find_map(|(i, scope)| match name {
            n if scope.item.as_deref() == Some(n) => Some((i, false)),
            n if scope.key.as_deref() == Some(n) => Some((i, true)),
            _ => None,
        })
    }

    /// A fact of the call: the same places as in expressions, with the same checks.
    fn fact(&mut self, names: &[String], raw: &str, at: &At) -> Result<Operand, Flaw> {
        let Some((root, rest)) = names.split_first() else {
            return Err(Flaw::new(at.0, at.1.clone(), "which value is not said").expected(format!("one of {}", ROOTS.join(", "))));
        };
        if !ROOTS.contains(&root.as_str()) {
            let flaw = Flaw::new(at.0, at.1.clone(), format!("there is no `{}`", root.escape_debug()));
            let flaw = flaw.expected(format!("one of {}, or a name that a block gives", ROOTS.join(", ")));
            let near = nearest(root, ROOTS).map(|n| format!("did you mean `{n}`?"));
            return Err(flaw.hint(near.unwrap_or_else(|| format!("a member of the message is body.{raw}"))));
        }
        let mut text = root.clone();
        for name in rest {
            match name.parse::<usize>() {
                Ok(index) => text.push_str(&format!("[{index}]")),
                Err(_) => text.push_str(&format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))),
            }
        }
        let mut expr = Expr::parse(&text, self.path).map_err(|fault| Flaw {
            part: at.0,
            at: at.1.clone(),
            message: fault.message,
            expected: fault.expected,
            hint: fault.hint,
            is_limit: false,
        })?;
        (self.seen)(at.0, at.1.clone(), &mut expr);
        Ok(Operand::Fact(Box::new(expr)))
    }

    fn block(&mut self, block: &HelperTemplate, at: &At, scan: &mut Scan) -> Result<Node, Flaw> {
        let name = name_of(&block.name);
        let [parameter] = block.params.as_slice() else {
            let flaw = Flaw::new(at.0, at.1.clone(), format!("`#{}` has {} arguments", name.escape_debug(), block.params.len()));
            return Err(flaw.expected("one: what it is about"));
        };
        let operand = self.deeper(at, |c| c.operand(parameter, at))?;
        let (item, key) = match &block.block_param {
            Some(BlockParam::Single(item)) => (Some(name_of(item)), None),
            Some(BlockParam::Pair((item, key))) => (Some(name_of(item)), Some(name_of(key))),
            None | Some(_) => (None, None),
        };
        let scope = match &*name {
            "each" => Some(Scope { item, key, is_list: true }),
            "with" => Some(Scope { item, key, is_list: false }),
            "if" | "unless" => None,
            other => {
                let flaw = Flaw::new(at.0, at.1.clone(), format!("there is no block `#{}`", other.escape_debug()));
                let flaw = flaw.expected("one of #if, #unless, #each, #with");
                return Err(match nearest(other, ["if", "unless", "each", "with"]) {
                    Some(near) => flaw.hint(format!("did you mean `#{near}`?")),
                    None => flaw,
                });
            }
        };
        let has_scope = scope.is_some();
        self.scopes.extend(scope);
        let body = self.branch(block.template.as_ref(), at, *scan)?;
        if has_scope {
            self.scopes.pop();
        }
        let otherwise = self.branch(block.inverse.as_ref(), at, *scan)?;
        Ok(match &*name {
            "each" => Node::Each { over: operand, body, otherwise },
            "with" => Node::With { over: operand, body, otherwise },
            "unless" => Node::If { when: operand, then: otherwise, otherwise: body },
            _ => Node::If { when: operand, then: body, otherwise },
        })
    }

    /// What stands in a block: it ends where it began, so that every value's place is known.
    fn branch(&mut self, parsed: Option<&Parsed>, at: &At, scan: Scan) -> Result<Vec<Node>, Flaw> {
        let Some(parsed) = parsed else { return Ok(Vec::new()) };
        let mut end = scan;
        let nodes = self.deeper(at, |c| c.elements(at.0, parsed, &mut end))?;
        if end != scan {
            let flaw = Flaw::new(at.0, at.1.clone(), "the block begins and ends in different places of a string, a tag or a comment");
            return Err(flaw.hint("put the whole of the string or tag into the block"));
        }
        Ok(nodes)
    }

    fn include(&mut self, include: &DecoratorTemplate, at: &At, scan: &mut Scan) -> Result<Vec<Node>, Flaw> {
        let name = name_of(&include.name);
        let Some(index) = self.parts.iter().position(|p| p.name == name && !name.is_empty()) else {
            let flaw = Flaw::new(at.0, at.1.clone(), format!("there is no part `{}`", name.escape_debug()));
            let names = self.parts.iter().map(|p| p.name.as_str()).filter(|n| !n.is_empty());
            return Err(match nearest(&name, names) {
                Some(near) => flaw.hint(format!("did you mean `{near}`?")),
                None => flaw.hint("name it below `partials`, with its file"),
            });
        };
        if self.open.contains(&index) {
            return Err(Flaw::new(at.0, at.1.clone(), format!("`{name}` includes itself")).hint("parts that include each other never end"));
        }
        if !include.hash.is_empty() || include.params.len() > 1 {
            let flaw = Flaw::new(at.0, at.1.clone(), "a part takes one value at most, without a name");
            return Err(flaw.expected(format!("such as {{{{> {name} body.customer}}}}")));
        }
        let Some(parameter) = include.params.first() else { return self.deeper(at, |c| c.part(index, scan)) };
        let over = self.operand(parameter, at)?;
        self.scopes.push(Scope { item: None, key: None, is_list: false });
        let body = self.deeper(at, |c| c.part(index, scan))?;
        self.scopes.pop();
        Ok(vec![Node::With { over, body, otherwise: Vec::new() }])
    }
}

fn name_of(parameter: &Parameter) -> String {
    match parameter {
        Parameter::Name(name) => name.clone(),
        Parameter::Path(Path::Relative((_, raw)) | Path::Local((_, _, raw))) => raw.clone(),
        _ => String::new(),
    }
}

/// `lines.[0].[odd name]` → its names.
fn segments(path: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (name, more) = match rest.strip_prefix('[') {
            Some(raw) => raw.split_once(']').unwrap_or((raw, "")),
            None => rest.split_at(rest.find(['.', '/']).unwrap_or(rest.len())),
        };
        names.push(name.to_owned());
        rest = more.strip_prefix(['.', '/']).unwrap_or(more);
    }
    names
}

fn keys(names: &[String]) -> Vec<Key> {
    names.iter().map(|n| n.parse().map_or_else(|_| Key::Name(n.as_str().into()), Key::Index)).collect()
}

/// The parser recurses with every block and bracket: what is nested too deep, or has no end, must not reach it.
fn look_over(part: usize, text: &str) -> Result<(), Flaw> {
    if text.len() > limits::TEXT_BYTES {
        return Err(Flaw::limit(part, 0..0, format!("the template has more than {} bytes", limits::TEXT_BYTES)));
    }
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|r| r.find("{{")) {
        let start = from + found;
        let rest = text.get(start + 2..).unwrap_or_default();
        let (end_sign, skip) = if rest.starts_with("!--") { ("--}}", 4) } else { ("}}", 2) };
        let Some(length) = rest.find(end_sign) else {
            return Err(Flaw::new(part, start..start + 2, "`{{` has no end").expected("`}}` behind it"));
        };
        let inner = rest.get(..length).unwrap_or_default();
        let tag = inner.trim_start_matches(['~', '{']);
        let at = start..start + 2 + length + skip;
        from = at.end;
        if tag.starts_with('!') || text.get(..start).is_some_and(|t| t.ends_with('\\')) {
            continue;
        }
        if inner.starts_with("{{") {
            return Err(Flaw::new(part, at, "raw blocks are not part of the language"));
        }
        let mut depth = 0usize;
        for c in tag.chars() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > limits::BRACKETS {
                return Err(Flaw::limit(part, at, format!("brackets are nested more than {} levels deep", limits::BRACKETS)));
            }
        }
        let word = |t: &'_ str| t.trim_start().split(|c: char| c.is_whitespace() || c == '~').next().unwrap_or_default().len();
        if let Some(name) = tag.strip_prefix('#') {
            let name = name.trim_start();
            open.push((start, name.get(..word(name)).unwrap_or_default()));
            if open.len() > limits::DEPTH {
                let message = format!("blocks and parts are nested more than {} levels deep", limits::DEPTH);
                return Err(Flaw::limit(part, at, message));
            }
        } else if let Some(name) = tag.strip_prefix('/') {
            let name = name.trim().trim_end_matches('~').trim();
            match open.pop() {
                Some((_, opened)) if opened == name => {}
                Some((_, opened)) => {
                    let flaw = Flaw::new(part, at, format!("`{}` ends where `{}` began", name.escape_debug(), opened.escape_debug()));
                    return Err(flaw.expected(format!("{{{{/{opened}}}}}")));
                }
                None => return Err(Flaw::new(part, at, format!("no block `{}` began", name.escape_debug()))),
            }
        }
    }
    match open.last() {
        Some((start, name)) => {
            Err(Flaw::new(part, *start..start + 2, format!("`#{}` has no end", name.escape_debug())).expected(format!("{{{{/{name}}}}}")))
        }
        None => Ok(()),
    }
}

fn parse(part: usize, text: &str) -> Result<Parsed, Flaw> {
    // Deviation: the parser has places where it gives up with a panic; for a text of somebody else's that is an error as any other.
    let parsed = std::panic::catch_unwind(|| Parsed::compile(text));
    let wrong = |message: String, at: usize| Flaw::new(part, at..text.len().min(at + 2), message);
    match parsed {
        Ok(Ok(parsed)) => Ok(parsed),
        Ok(Err(error)) => {
            let at = error.pos().map_or(0, |(line, column)| Lines::new(text).offset(line, column));
            let why = error.reason().to_string();
            let why = why.lines().rev().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default().trim_start_matches("= ").to_owned();
            Err(wrong(format!("the template cannot be read: {why}"), at))
        }
        Err(_) => Err(wrong(String::from("the template cannot be read"), 0)),
    }
}

/// Lines and columns, from 1, → bytes. Asked for rising places it goes over the text once.
struct Lines<'t> {
    text: &'t str,
    line: usize,
    at: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, line: 1, at: 0 }
    }

    fn offset(&mut self, line: usize, column: usize) -> usize {
        if line < self.line {
            (self.line, self.at) = (1, 0);
        }
        while self.line < line {
            let Some(next) = self.text.get(self.at..).and_then(|r| r.find('\n')) else { break };
            self.at += next + 1;
            self.line += 1;
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(i, _)| i)
    }
}

/// Line and column of a byte, from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before.get(line_start..).unwrap_or_default().chars().count() + 1)
}
