//! `filter` and `switch`.

use roxmltree::Node;

use super::convert::{Converter, Known, Message};
use super::envelope::elements;
use super::expr::{Ex, From, literal};
use super::steps::Step;
use super::text::Text;
use super::xpath::Truth;
use crate::xml::document::Unqualified;

/// Cases of one switch.
const CASES: usize = 200;

impl Converter<'_, '_> {
    /// `<filter xpath=>`, `<filter source= regex=>`
    pub(super) fn filter(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let truth = match (node.unqualified("xpath"), node.unqualified("source"), node.unqualified("regex")) {
            (Some(xpath), ..) => self.condition(xpath),
            (None, Some(source), Some(regex)) => self.value(source).and_then(|ex| matches(&ex, regex)),
            _ => Err("a filter without a condition".to_owned()),
        };
        let truth = match truth {
            Ok(truth) => truth,
            Err(why) => {
                self.lost(out, text, node, why);
                return;
            }
        };
        let child = |name: &str| elements(node).find(|n| n.tag_name().name() == name);
        let (then, otherwise) = (child("then"), child("else"));
        // What stands in the filter itself is the `then`.
        let then = if then.is_none() && otherwise.is_none() { Some(node) } else { then };
        match truth {
            Truth::Known(true) => out.extend(then.map(|n| self.inside(n, text)).unwrap_or_default()),
            Truth::Known(false) => out.extend(otherwise.map(|n| self.inside(n, text)).unwrap_or_default()),
            Truth::When(when) => {
                let then = then.map(|n| self.branch(n, text)).unwrap_or_default();
                let otherwise = otherwise.map(|n| self.branch(n, text)).unwrap_or_default();
                out.push(Step::If { when, then, otherwise });
            }
        }
    }

    /// What stands in a branch, or in the sequence that it names.
    fn inside(&mut self, node: Node<'_, '_>, text: &Text) -> Vec<Step> {
        match node.unqualified("sequence").and_then(|name| self.library.find(name, None)).and_then(|file| self.library.take(&file)) {
            Some(other) => {
                let tree = other.document.tree();
                self.below(tree.root_element(), &other)
            }
            None => self.below(node, text),
        }
    }

    /// The steps of a branch that is taken sometimes: what is known behind it is what holds either way.
    fn branch(&mut self, node: Node<'_, '_>, text: &Text) -> Vec<Step> {
        let properties = self.properties.clone();
        let (message, payloads, status, is_json) = (self.message, self.payloads, self.status, self.is_json);
        self.branches += 1;
        let steps = self.inside(node, text);
        self.branches -= 1;
        let changed = self.payloads != payloads && !self.ended;
        let mut before = properties;
        for (name, known) in std::mem::take(&mut self.properties) {
            let same = matches!((before.get(&name), &known), (Some(Known::Value(a, n)), Known::Value(b, m)) if a == b && n == m);
            if !same {
                before.insert(name, Known::Set);
            }
        }
        self.properties = before;
        self.status = status;
        self.is_json |= is_json;
        self.json = None;
        // A branch that ends with an answer changes nothing for the others.
        self.message = if changed { Message::Made } else { message };
        self.payloads += u32::from(changed);
        self.ended = false;
        steps
    }

    /// `<switch source=><case regex=/><default/></switch>`
    pub(super) fn switch(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let value = match node.unqualified("source").map(|s| self.value(s)) {
            Some(Ok(value)) => value,
            Some(Err(why)) => return self.lost(out, text, node, why),
            None => return self.lost(out, text, node, "a switch without a source"),
        };
        let cases: Vec<Node<'_, '_>> = elements(node).filter(|n| n.tag_name().name() == "case").take(CASES).collect();
        let default = elements(node).find(|n| n.tag_name().name() == "default");
        if let From::Constant(known) = &value.from {
            for case in cases {
                match regex::Regex::new(&whole(case.unqualified("regex").unwrap_or_default())) {
                    Ok(regex) if regex.is_match(known) => {
                        out.extend(self.inside(case, text));
                        return;
                    }
                    Ok(_) => {}
                    Err(_) => self.lost(out, text, case, "this pattern is not read"),
                }
            }
            out.extend(default.map(|n| self.inside(n, text)).unwrap_or_default());
            return;
        }
        let literals: Option<Vec<(Vec<String>, Node<'_, '_>)>> =
            cases.iter().map(|case| Some((literals(case.unqualified("regex")?)?, *case))).collect();
        match literals {
            Some(literals) => {
                let mut made: Vec<(String, Vec<Step>)> = Vec::new();
                for (texts, case) in literals {
                    let steps = self.branch(case, text);
                    for one in texts {
                        if !made.iter().any(|(m, _)| *m == one) {
                            made.push((one, steps.clone()));
                        }
                    }
                }
                let default = default.map(|n| self.branch(n, text)).unwrap_or_default();
                out.push(Step::Switch { value: value.as_text(), cases: made, default });
            }
            None => {
                let mut rest = default.map(|n| self.branch(n, text)).unwrap_or_default();
                for case in cases.into_iter().rev() {
                    match matches(&value, case.unqualified("regex").unwrap_or_default()) {
                        Ok(Truth::When(when)) => {
                            let then = self.branch(case, text);
                            rest = vec![Step::If { when, then, otherwise: rest }];
                        }
                        Ok(Truth::Known(_)) => {}
                        Err(why) => self.lost(&mut rest, text, case, why),
                    }
                }
                out.extend(rest);
            }
        }
    }
}

/// A pattern for the whole of a text.
fn whole(regex: &str) -> String {
    format!("^(?:{regex})$")
}

/// Does the whole of a value match?
fn matches(ex: &Ex, pattern: &str) -> Result<Truth, String> {
    let pattern = whole(pattern);
    let compiled = regex::Regex::new(&pattern)
        .map_err(|_| "this pattern is not read: there is no look-around and there are no back references".to_owned())?;
    if let From::Constant(known) = &ex.from {
        return Ok(Truth::Known(compiled.is_match(known)));
    }
    Ok(Truth::When(format!("{} matches {}", ex.as_text_or_empty(), literal(&pattern))))
}

/// The texts that a pattern stands for, where it stands for nothing else: `a|b`.
fn literals(pattern: &str) -> Option<Vec<String>> {
    let inner = pattern.strip_prefix('(').and_then(|p| p.strip_suffix(')')).unwrap_or(pattern);
    let one = |text: &str| {
        let unescaped = text.replace("\\.", "\u{1}").replace("\\-", "-").replace("\\/", "/");
        let plain = !unescaped.is_empty() && unescaped.chars().all(|c| c.is_alphanumeric() || " -_/:,;@#&=<>'\u{1}".contains(c));
        plain.then(|| unescaped.replace('\u{1}', "."))
    };
    inner.split('|').map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_are_texts() {
        assert_eq!(literals("GET|POST"), Some(vec!["GET".to_owned(), "POST".to_owned()]));
        assert_eq!(literals("v1\\.2"), Some(vec!["v1.2".to_owned()]));
        for other in ["a.b", "a*", "[ab]", "", "a|", "^a$", "(a)|(b)"] {
            assert_eq!(literals(other), None, "{other}");
        }
    }
}
