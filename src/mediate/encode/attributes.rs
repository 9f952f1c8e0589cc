//! Attributes: the declared ones in schema order, then what a wildcard admits.

use super::given::Given;
use super::problem::{At, Found};
use super::writer::{Ns, Tag};
use super::{Encoder, text};
use crate::json::Value;
use crate::plan::node::{Attribute, ComplexType};
use crate::xml::ns;

/// So many attributes of one element that only a wildcard or the generic rules admit.
const MAX_WILD_ATTRIBUTES: usize = 150;

impl<'p> Encoder<'p> {
    pub(super) fn attributes(&mut self, complex: &'p ComplexType, given: Given<'_>, at: At<'_>) {
        let mut met = 0;
        for attribute in &complex.attributes {
            let value = given.member(&attribute.key).filter(|v| !(self.program.options.nulls_are_absent && matches!(v, Value::Null)));
            let key = at.key(&attribute.key);
            let tag = Tag::known(&self.program.names, attribute.name);
            match value {
                Some(value) => {
                    met += 1;
                    if self.scalar_text(&attribute.scalar, attribute.fixed.as_ref(), value, key.at()) {
                        self.out.attribute(tag, &self.text);
                    }
                }
                None if !attribute.required => {}
                None => match &attribute.fixed {
                    Some(fixed) => self.out.attribute(tag, &fixed.text),
                    None => {
                        let expected = ["attribute: ", &attribute.scalar.say()].concat();
                        self.errors.add(key.at(), &expected, Found::Nothing);
                    }
                },
            }
        }
        if given.members().filter(|(k, _)| k.starts_with('@')).count() > met {
            self.wild_attributes(complex, given, at);
        }
    }

    /// Attributes that only `xs:anyAttribute` admits, if there is one.
    #[inline(never)]
    fn wild_attributes(&mut self, complex: &'p ComplexType, given: Given<'_>, at: At<'_>) {
        let program = self.program;
        let is_declared = |key: &str| complex.attributes.iter().any(|a| &*a.key == key);
        let mut written: Vec<Tag<'_>> = complex.attributes.iter().map(|a| Tag::known(&program.names, a.name)).collect();
        let declared = written.len();
        for (key, value) in given.members().filter(|(k, _)| k.starts_with('@') && !is_declared(k)) {
            let path = at.key(key);
            let name = self.attribute_name(key).filter(|n| complex.any_attribute.as_ref().is_some_and(|w| self.admits(w, *n)));
            match (name, value) {
                (None, _) if program.options.ignore_unknown => {}
                (None, _) => {
                    let known = complex.attributes.iter().map(|a: &Attribute| &*a.key);
                    self.errors.unknown(path.at(), "no such property", Found::Value(value), key, known);
                }
                (Some(name), Value::String(text)) if text::is_xml(text) => {
                    if self.is_once(&mut written, declared, name, path.at()) {
                        self.out.attribute(name, text);
                    }
                }
                (Some(_), _) => self.errors.add(path.at(), "a string", Found::Value(value)),
            }
        }
    }

    /// Notes an attribute that is about to be written; false, and an error, where it stands there already.
    pub(super) fn is_once<'v>(&mut self, written: &mut Vec<Tag<'v>>, declared: usize, name: Tag<'v>, at: At<'_>) -> bool {
        if written.len() - declared >= MAX_WILD_ATTRIBUTES {
            self.errors.add(at, "at most 150 attributes beyond the declared ones", Found::Words("more"));
            return false;
        }
        if written.contains(&name) {
            self.errors.add(at, "each attribute once", Found::Words("the attribute under two names"));
            return false;
        }
        written.push(name);
        true
    }

    /// `"@{ns}name"`, `"@xml:lang"`, `"@name"` as the name of an attribute that a message may carry; `None` where it cannot be one.
    pub(super) fn attribute_name<'v>(&self, key: &'v str) -> Option<Tag<'v>> {
        let key = key.strip_prefix('@')?;
        let names = &self.program.names;
        let tag = match key.strip_prefix("xml:") {
            Some(local) => Tag { ns: Ns::of(names, ns::XML), local },
            None if key.starts_with('{') => self.braced(key)?,
            None => Tag { ns: Ns::NONE, local: key },
        };
        let reserved = [ns::XSI, ns::SOAP11, ns::SOAP12, ns::SOAPENC11, ns::SOAPENC12, ns::XMLNS];
        let declares = tag.ns == Ns::NONE && tag.local == "xmlns";
        let is_data = !declares && !reserved.contains(&tag.ns.uri(names));
        (is_data && self.is_good(tag)).then_some(tag)
    }
}
