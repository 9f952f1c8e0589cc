//! One element: nil and the four kinds of type.

use super::given::{Given, NIL, TYPE};
use super::problem::{At, Found};
use super::writer::{Ns, Tag};
use super::{Encoder, MAX_DEPTH};
use crate::json::Value;
use crate::plan::node::{ComplexType, Content, Element, Fixed, PlaceKind, SoapArray, TypeBody, TypeId};
use crate::plan::scalar::Scalar;
use crate::xml::ns;

/// Where a value is to stand.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) tag: Tag<'a>,
    /// The declared type; `None` is `xs:anyType`.
    pub(super) type_: Option<TypeId>,
    pub(super) nillable: bool,
    pub(super) fixed: Option<&'a Fixed>,
    /// May a flattened type be a bare array here?
    pub(super) flat: bool,
}

impl<'p> Encoder<'p> {
    /// An element by its declaration.
    pub(super) fn element(&mut self, decl: &'p Element, nillable: bool, flat: bool, given: Given<'_>, at: At<'_>) {
        let tag = Tag::known(&self.program.names, decl.name);
        self.fill(Site { tag, type_: Some(decl.type_), nillable, fixed: decl.fixed.as_ref(), flat }, given, at);
    }

    /// An element that nothing declares: the generic rules.
    pub(super) fn any_element(&mut self, tag: Tag<'_>, given: Given<'_>, at: At<'_>) {
        self.fill(Site { tag, type_: self.program.any_type, nillable: true, fixed: None, flat: true }, given, at);
    }

    /// The element at a site.
    pub(super) fn fill(&mut self, site: Site<'_>, given: Given<'_>, at: At<'_>) {
        if self.depth >= MAX_DEPTH {
            return self.errors.add(at, "at most 400 levels", Found::Words("more"));
        }
        self.depth += 1;
        self.out.start(site.tag);
        self.inside(&site, given, at);
        self.out.end(site.tag);
        self.depth -= 1;
    }

    /// `xs:anyType` itself?
    pub(super) fn is_any(&self, type_: Option<TypeId>) -> bool {
        type_.is_none() || type_ == self.program.any_type
    }

    /// May null stand at a place of that type?
    pub(super) fn takes_nil(&self, nillable: bool, type_: Option<TypeId>) -> bool {
        nillable || self.encoded || self.is_any(type_)
    }

    fn inside(&mut self, site: &Site<'_>, given: Given<'_>, at: At<'_>) {
        let nillable = self.takes_nil(site.nillable, site.type_);
        if matches!(given.value, Value::Null) {
            return self.null(site, nillable, at);
        }
        let marks = given.marks();
        let Some((type_, wrote_type)) = self.xsi_type(site, marks.type_, given, at) else { return };
        let said = marks.type_.is_some();
        let mut given = if said { given.without(TYPE) } else { given };
        let mut nil = false;
        if let Some(value) = marks.nil {
            given = given.without(NIL);
            match self.nil_mark(value, nillable, site, given, at) {
                Some(n) => nil = n,
                None => return,
            }
        }
        let program = self.program;
        if self.leaving.is_some() && !nil && self.refers(type_, given.value, at) {
            return;
        }
        match type_.map(|t| &program.type_(t).body) {
            None | Some(TypeBody::Generic) => self.generic(site.tag.ns, given, at, nil),
            Some(TypeBody::Simple(_) | TypeBody::SoapArray(_)) if nil => self.no_attributes(given, at),
            Some(TypeBody::Simple(scalar)) => self.simple_or_value(scalar, site.fixed, given, said, at),
            Some(TypeBody::SoapArray(array)) => self.soap_array_or_value(array, given, said, !wrote_type, at),
            Some(TypeBody::Complex(complex)) => self.complex(complex, type_, site, given, said, nil, at),
        }
    }

    /// An array of SOAP encoding, bare or beside `$type`.
    #[inline(never)]
    fn soap_array_or_value(&mut self, array: &SoapArray, given: Given<'_>, said: bool, says_type: bool, at: At<'_>) {
        if !said {
            return self.soap_array(array, &array.ranks, given.value, says_type, at);
        }
        self.only_value(given, at);
        let empty = Value::Array(Vec::new());
        let value = given.member("$value").unwrap_or(&empty);
        self.soap_array(array, &array.ranks, value, says_type, at.key("$value").at());
    }

    /// Refuses attributes where there are none.
    fn no_attributes(&mut self, given: Given<'_>, at: At<'_>) {
        for (key, value) in given.members().filter(|(k, _)| k.starts_with('@')) {
            if !self.ignores(key) {
                self.errors.add(at.key(key).at(), "no such property", Found::Value(value));
            }
        }
    }

    /// Refuses everything but `$value`.
    fn only_value(&mut self, given: Given<'_>, at: At<'_>) {
        self.no_attributes(given, at);
        self.only(given, &["$value"], at);
    }

    #[inline(never)]
    fn null(&mut self, site: &Site<'_>, nillable: bool, at: At<'_>) {
        if nillable {
            self.out.attribute_in(ns::XSI, "nil", "true");
        } else {
            let expected = ["not null: ", &self.say(site.type_)].concat();
            self.errors.add(at, &expected, Found::Value(&Value::Null));
        }
    }

    /// Deals with `$nil`. Is it nil? `None` after an error.
    #[inline(never)]
    fn nil_mark(&mut self, value: &Value<'_>, nillable: bool, site: &Site<'_>, rest: Given<'_>, at: At<'_>) -> Option<bool> {
        let key = at.key("$nil");
        let Value::Bool(nil) = value else {
            self.errors.add(key.at(), "true or false", Found::Value(value));
            return None;
        };
        if *nil {
            if !nillable {
                let expected = ["not nil: ", &self.say(site.type_)].concat();
                self.errors.add(key.at(), &expected, Found::Value(value));
            }
            self.out.attribute_in(ns::XSI, "nil", "true");
            for (k, v) in rest.members().filter(|(k, _)| !k.starts_with('@')) {
                self.errors.add(at.key(k).at(), "nothing beside \"$nil\": true but attributes", Found::Value(v));
            }
        }
        Some(*nil)
    }

    /// A simple type's value, bare or beside `$type`.
    fn simple_or_value(&mut self, scalar: &Scalar, fixed: Option<&Fixed>, given: Given<'_>, said: bool, at: At<'_>) {
        if !said {
            return self.simple(scalar, fixed, given.value, at);
        }
        match given.member("$value") {
            None => self.errors.add(at.key("$value").at(), &scalar.say(), Found::Nothing),
            Some(value) => {
                self.only_value(given, at);
                self.simple(scalar, fixed, value, at.key("$value").at());
            }
        }
    }

    /// Text of a simple type.
    pub(super) fn simple(&mut self, scalar: &Scalar, fixed: Option<&Fixed>, value: &Value<'_>, at: At<'_>) {
        if fixed.is_none() && self.leaving.is_some() && self.leaves(scalar, value, at) {
            return;
        }
        if self.scalar_text(scalar, fixed, value, at) {
            self.out.text(&self.text);
        }
    }

    /// Puts a value's text into `self.text`; false after an error.
    pub(super) fn scalar_text(&mut self, scalar: &Scalar, fixed: Option<&Fixed>, value: &Value<'_>, at: At<'_>) -> bool {
        self.text.clear();
        if let Err(mismatch) = self.scalar_encode(scalar, value) {
            self.errors.add(at, &mismatch, Found::Value(value));
            return false;
        }
        if let Some(fixed) = fixed
            && self.text != *fixed.text
            && scalar.canonical(&self.text) != *fixed.canonical
        {
            let expected = ["the fixed value ", &fixed.text].concat();
            self.errors.add(at, &expected, Found::Value(value));
            return false;
        }
        true
    }

    fn scalar_encode(&mut self, scalar: &Scalar, value: &Value<'_>) -> Result<(), String> {
        let result = scalar.encode(value, &mut self.out, &mut self.text);
        let Err(mismatch) = result else { return Ok(()) };
        if self.program.options.lenient && self.is_lone_item(scalar, value) {
            self.text.clear();
            let one = Value::Array(vec![value.clone()]);
            return scalar.encode(&one, &mut self.out, &mut self.text).map_err(|m| m.expected);
        }
        Err(mismatch.expected)
    }

    fn is_lone_item(&self, scalar: &Scalar, value: &Value<'_>) -> bool {
        scalar.kind() == crate::plan::scalar::JsonKind::Array && matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_))
    }

    // -- complex types

    #[expect(clippy::too_many_arguments, reason = "what an element is, all of it needed once")]
    fn complex(
        &mut self,
        complex: &'p ComplexType,
        type_: Option<TypeId>,
        site: &Site<'_>,
        given: Given<'_>,
        said: bool,
        nil: bool,
        at: At<'_>,
    ) {
        if let Content::Simple(scalar) = &complex.content
            && complex.attributes.is_empty()
            && complex.any_attribute.is_none()
        {
            if nil {
                self.no_attributes(given, at);
            } else {
                let beside = said && given.member("$value").is_some();
                self.simple_or_value(scalar, site.fixed, given, beside, at);
            }
            return;
        }
        if site.flat && complex.is_flat && !said {
            if !nil {
                self.flat(complex, site.tag.ns, given.value, at);
            }
            return;
        }
        if !given.is_object() {
            return self.not_an_object(complex, type_, site, given.value, at);
        }
        self.attributes(complex, given, at);
        if nil {
            return;
        }
        match &complex.content {
            Content::Simple(scalar) => {
                self.note_media_type(complex, given);
                self.only(given, &["$value"], at);
                match given.member("$value") {
                    Some(value) => self.simple(scalar, site.fixed, value, at.key("$value").at()),
                    None if scalar.reads("") => {}
                    None => self.errors.add(at.key("$value").at(), &scalar.say(), Found::Nothing),
                }
                self.forget_media_type();
            }
            Content::Mixed(shape) => {
                self.only(given, &["$content"], at);
                if let Some(content) = given.member("$content") {
                    self.content(*shape, true, content, site.tag.ns, at.key("$content").at());
                } else {
                    self.content(*shape, true, &Value::Array(Vec::new()), site.tag.ns, at.key("$content").at());
                }
            }
            Content::Elements(shape) => {
                if let Some(content) = given.member("$content") {
                    self.only(given, &["$content"], at);
                    self.content(*shape, false, content, site.tag.ns, at.key("$content").at());
                } else {
                    self.object(*shape, given, site.tag.ns, at);
                }
            }
        }
    }

    /// The bare value of a simple content that may have attributes is understood where the API is lenient.
    #[inline(never)]
    fn not_an_object(&mut self, complex: &'p ComplexType, type_: Option<TypeId>, site: &Site<'_>, value: &Value<'_>, at: At<'_>) {
        if let Content::Simple(scalar) = &complex.content
            && self.program.options.lenient
        {
            self.attributes(complex, Given::of(&Value::Null), at);
            return self.simple(scalar, site.fixed, value, at);
        }
        let expected = ["an object: ", &self.say(type_)].concat();
        self.errors.add(at, &expected, Found::Value(value));
    }

    /// A wrapper of one repeated element or group: its array.
    fn flat(&mut self, complex: &'p ComplexType, ns: Ns<'_>, value: &Value<'_>, at: At<'_>) {
        let program = self.program;
        let shape = match &complex.content {
            Content::Elements(shape) | Content::Mixed(shape) => program.shape(*shape),
            Content::Simple(_) => return,
        };
        let Some(place) = shape.places.first() else { return };
        match &place.kind {
            PlaceKind::Element(id) => self.repeat(place, program.element(*id), value, at),
            PlaceKind::Items(inner) => self.rows(place, *inner, value, ns, at),
            PlaceKind::Any(_) => {}
        }
    }

    /// Refuses every property but these (attributes are not asked).
    pub(super) fn only(&mut self, given: Given<'_>, allowed: &[&str], at: At<'_>) {
        for (key, value) in given.members() {
            if !key.starts_with('@') && !allowed.contains(&key) && !self.ignores(key) {
                self.errors.unknown(at.key(key).at(), "no such property", Found::Value(value), key, allowed.iter().copied());
            }
        }
    }

    /// Is an unknown property of that name dropped? The mapping's own words never are.
    pub(super) fn ignores(&self, key: &str) -> bool {
        self.program.options.ignore_unknown && !key.starts_with('$')
    }

    /// A type in words.
    #[cold]
    pub(super) fn say(&self, type_: Option<TypeId>) -> String {
        let Some(id) = type_ else { return "anyType".to_owned() };
        let type_ = self.program.type_(id);
        let content = match &type_.body {
            TypeBody::Simple(scalar) => return scalar.say(),
            TypeBody::Complex(ComplexType { content: Content::Simple(scalar), .. }) => Some(scalar),
            TypeBody::Generic | TypeBody::SoapArray(_) | TypeBody::Complex(_) => None,
        };
        match type_.name {
            Some(name) => self.program.names.local(name).to_string(),
            None => content.map_or_else(|| "an object".to_owned(), |scalar| scalar.say()),
        }
    }
}
