//! The generic rules: `xs:anyType` and elements that no schema declares.

use super::given::{Given, Member, NS};
use super::problem::{At, Found};
use super::writer::{Ns, Tag};
use super::{Encoder, raw, text};
use crate::json::Value;

/// What is said of text with characters that XML lacks.
pub(super) const NOT_XML: &str = "characters that XML 1.0 can carry";

impl Encoder<'_> {
    /// The content of an element by the generic rules. `ns` is the element's namespace.
    pub(super) fn generic(&mut self, ns: Ns<'_>, given: Given<'_>, at: At<'_>, nil: bool) {
        match given.value {
            Value::String(text) => self.generic_text(text, given.value, at),
            Value::Bool(b) => self.out.text(if *b { "true" } else { "false" }),
            Value::Number(n) => self.out.text(n),
            Value::Object(_) => self.generic_object(ns, given, at, nil),
            Value::Null | Value::Array(_) => self.errors.add(at, "a string, number, boolean or object", Found::Value(given.value)),
        }
    }

    fn generic_text(&mut self, text: &str, value: &Value<'_>, at: At<'_>) {
        if text::is_xml(text) {
            self.out.text(text);
        } else {
            self.errors.add(at, NOT_XML, Found::Value(value));
        }
    }

    fn generic_object(&mut self, ns: Ns<'_>, given: Given<'_>, at: At<'_>, nil: bool) {
        self.generic_attributes(given, at);
        if nil {
            return;
        }
        if let Some(markup) = given.member("$xml") {
            self.only(given, &["$xml"], at);
            self.raw_xml(markup, at.key("$xml").at());
        } else if let Some(value) = given.member("$value") {
            self.only(given, &["$value"], at);
            self.generic_value(value, at.key("$value").at());
        } else if let Some(content) = given.member("$content") {
            self.only(given, &["$content"], at);
            self.generic_content(ns, content, at.key("$content").at());
        } else {
            self.generic_members(ns, given.members().filter(|(k, _)| !k.starts_with('@')), at);
        }
    }

    /// Elements by local name, an array as several of one name.
    fn generic_members<'v>(&mut self, around: Ns<'_>, members: impl Iterator<Item = Member<'v>>, at: At<'_>) {
        for (key, value) in members {
            let path = at.key(key);
            if let Value::Array(items) = value {
                for (n, item) in items.iter().enumerate() {
                    self.generic_child(around, key, item, path.at().item(n).at());
                }
            } else {
                self.generic_child(around, key, value, path.at());
            }
        }
    }

    /// The elements of a message of which nothing is known: each in no namespace unless its `$ns` says one.
    pub(super) fn undefined(&mut self, given: Given<'_>, at: At<'_>) {
        if !given.is_object() {
            return self.errors.add(at, "an object", Found::Value(given.value));
        }
        self.generic_members(Ns::NONE, given.members(), at);
    }

    #[inline(never)]
    fn generic_attributes(&mut self, given: Given<'_>, at: At<'_>) {
        let mut written: Vec<Tag<'_>> = Vec::new();
        for (key, value) in given.members().filter(|(k, _)| k.starts_with('@')) {
            let path = at.key(key);
            let Some(name) = self.attribute_name(key) else {
                self.errors.add(path.at(), "no such property", Found::Value(value));
                continue;
            };
            let text = match value {
                Value::String(text) if text::is_xml(text) => text,
                Value::Number(n) => *n,
                Value::Bool(true) => "true",
                Value::Bool(false) => "false",
                Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => {
                    self.errors.add(path.at(), "a string", Found::Value(value));
                    continue;
                }
            };
            if self.is_once(&mut written, 0, name, path.at()) {
                self.out.attribute(name, text);
            }
        }
    }

    #[inline(never)]
    fn raw_xml(&mut self, markup: &Value<'_>, at: At<'_>) {
        if self.program.options.refuse_raw_xml {
            return self.errors.add(at, "no raw XML: it is switched off for this API", Found::Words("\"$xml\""));
        }
        let clean = if let Value::String(text) = markup { raw::clean(text) } else { None };
        match clean {
            Some(element) => self.out.raw(&element),
            None => self.errors.add(at, "one well-formed XML element", Found::Value(markup)),
        }
    }

    #[inline(never)]
    fn generic_value(&mut self, value: &Value<'_>, at: At<'_>) {
        match value {
            Value::String(text) if text::is_xml(text) => self.out.text(text),
            Value::Number(n) => self.out.text(n),
            Value::Bool(b) => self.out.text(if *b { "true" } else { "false" }),
            Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => self.errors.add(at, "a string", Found::Value(value)),
        }
    }

    /// `$content`: texts and elements in order.
    fn generic_content(&mut self, ns: Ns<'_>, content: &Value<'_>, at: At<'_>) {
        let Value::Array(items) = content else {
            return self.errors.add(at, "an array", Found::Value(content));
        };
        for (n, item) in items.iter().enumerate() {
            let path = at.item(n);
            match (item, Given::of(item).only_member()) {
                (Value::String(text), _) => self.generic_text(text, item, path.at()),
                (_, Some((key, value))) => self.generic_child(ns, key, value, path.at().key(key).at()),
                (_, None) => self.errors.add(path.at(), "a string or an object with one property", Found::Value(item)),
            }
        }
    }

    /// A child by its local name, in the namespace of the element around unless `$ns` says another.
    fn generic_child(&mut self, around: Ns<'_>, key: &str, value: &Value<'_>, at: At<'_>) {
        let mut ns = around;
        let mut given = Given::of(value);
        match value.member("$ns") {
            None => {}
            Some(Value::String(uri)) => {
                ns = Ns::of(&self.program.names, uri);
                given = given.without(NS);
            }
            Some(other) => return self.errors.add(at.key("$ns").at(), "a string", Found::Value(other)),
        }
        let tag = Tag { ns, local: key };
        if key.starts_with('$') || !self.is_good(tag) {
            return self.errors.add(at, "no such property", Found::Value(value));
        }
        self.any_element(tag, given, at);
    }
}
