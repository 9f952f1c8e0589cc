//! Texts → nodes: what the parser of Handlebars gives, checked and made small. Parts are put in where they are included.

use std::ops::Range;

use handlebars::Path;
use handlebars::template::{BlockParam, DecoratorTemplate, HelperTemplate, Parameter, Template as Parsed, TemplateElement};

use super::scan::Scan;
use super::text::{Lines, look_over, parse, position};
use super::{Flaw, Format, HELPERS, ItemPlace, Node, Operand, Place, Template, limits};
use crate::diagnostic::nearest;
use crate::sequence::expr::{Expr, Path as SequencePath};
use crate::sequence::step::Segment;
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
    let mut compiler =
        Compiler { parts, path, seen, open: Vec::new(), scopes: Vec::new(), items: Vec::new(), nodes: 0, literal: 0, depth: 0 };
    let mut scan = Scan::of(format);
    let nodes = compiler.part(0, &mut scan)?;
    if scan != Scan::of(format) {
        let end = parts.first().map_or(0, |p| p.text.len());
        return Err(Flaw::new(0, end..end, "the template ends inside a string, a tag or a comment"));
    }
    Ok(Template { format, nodes, items: compiler.items })
}

impl Flaw {
    pub(super) fn new(part: usize, at: Range<usize>, message: impl Into<String>) -> Self {
        Self { part, at, message: message.into(), expected: None, hint: None, is_limit: false }
    }

    pub(super) fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn limit(part: usize, at: Range<usize>, message: String) -> Self {
        Self { is_limit: true, ..Self::new(part, at, message) }
    }
}

/// A block whose item can be named.
pub(super) struct Scope {
    pub(super) item: Option<String>,
    pub(super) key: Option<String>,
    pub(super) is_list: bool,
    /// Where in the message its item stands; `None` where it is made of something else.
    pub(super) stands: Option<Vec<Segment>>,
}

pub(super) struct Compiler<'c> {
    parts: &'c Parts,
    pub(super) path: SequencePath,
    pub(super) seen: &'c mut dyn FnMut(usize, Range<usize>, &mut Expr),
    /// The parts that are being put in.
    open: Vec<usize>,
    pub(super) scopes: Vec<Scope>,
    /// The members of items that it reads.
    pub(super) items: Vec<ItemPlace>,
    nodes: usize,
    literal: usize,
    depth: usize,
}

/// Where an element stands.
pub(super) type At = (usize, Range<usize>);

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
        let mut stands = self.stands(&operand);
        let scope = match &*name {
            "each" => {
                stands.iter_mut().for_each(|segments| segments.push(Segment::Each));
                Some(Scope { item, key, is_list: true, stands })
            }
            "with" => Some(Scope { item, key, is_list: false, stands }),
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
        let stands = self.stands(&over);
        self.scopes.push(Scope { item: None, key: None, is_list: false, stands });
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
