//! One element: nil, `$type`, the four kinds of type, attributes.

use super::given::{Given, NIL, TYPE};
use super::problem::{At, Found};
use super::writer::{Ns, Tag};
use super::{Encoder, MAX_DEPTH, text};
use crate::json::Value;
use crate::plan::node::{Attribute, ComplexType, Content, Element, Fixed, PlaceKind, SoapArray, TypeBody, TypeId};
use crate::plan::scalar::Scalar;
use crate::xml::ns;

/// So many attributes of one element that only a wildcard or the generic rules admit.
const MAX_WILD_ATTRIBUTES: usize = 150;

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

/// What `$type` said.
struct Told<'v> {
    /// The type to write by.
    type_: Option<TypeId>,
    /// What `xsi:type` is to say, if anything.
    name: Option<Tag<'v>>,
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
    fn is_any(&self, type_: Option<TypeId>) -> bool {
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

    /// Deals with `$type` and writes `xsi:type`. The type to write by (`None` is anyType) and whether `xsi:type` was written; `None` after an error.
    #[inline(never)]
    fn xsi_type(&mut self, site: &Site<'_>, told: Option<&Value<'_>>, given: Given<'_>, at: At<'_>) -> Option<(Option<TypeId>, bool)> {
        let declared = site.type_;
        if let Some(value) = told {
            let told = self.told(declared, value, at)?;
            if let Some(name) = told.name {
                self.write_type(name);
            }
            return Some((told.type_, told.name.is_some()));
        }
        let Some(id) = declared else { return Some((None, false)) };
        let type_ = self.program.type_(id);
        if type_.is_abstract {
            if given.is_object() {
                let expected = self.derived_name(declared, "a type derived from ");
                self.errors.add(at.key("$type").at(), &expected, Found::Nothing);
            } else {
                self.errors.add(at, "an object with \"$type\"", Found::Value(given.value));
            }
            return None;
        }
        if self.encoded
            && let Some(name) = type_.name
            && !matches!(type_.body, TypeBody::SoapArray(_))
            && !self.is_any(declared)
        {
            self.write_type(Tag::known(&self.program.names, name));
            return Some((declared, true));
        }
        Some((declared, false))
    }

    fn write_type(&mut self, name: Tag<'_>) {
        let text = self.out.qname(name);
        self.out.attribute_in(ns::XSI, "type", &text);
    }

    /// `a type derived from Pet`.
    fn derived_name(&self, declared: Option<TypeId>, words: &str) -> String {
        let name = declared.and_then(|t| self.program.type_(t).name).map_or("?", |n| self.program.names.local(n));
        [words, name].concat()
    }

    /// What `$type` names and what `xsi:type` is to say of it; `None` after an error.
    fn told<'v>(&mut self, declared: Option<TypeId>, value: &'v Value<'_>, at: At<'_>) -> Option<Told<'v>>
    where
        'p: 'v,
    {
        let program = self.program;
        let at = at.key("$type");
        let text = if let Value::String(text) = value { Some(&**text) } else { None };
        let found = text.and_then(|t| self.find_type(t));
        let Some((given, name)) = found else {
            if let Some(name) = text.filter(|_| self.is_any(declared)).and_then(|t| self.braced(t)).filter(|n| self.is_good(*n)) {
                return Some(Told { type_: declared, name: Some(name) });
            }
            let expected = self.derived_name(declared, "the name of a type derived from ");
            let known = declared.map(|d| program.type_(d).derived.iter().map(|t| &*program.type_(*t).label)).into_iter().flatten();
            self.errors.unknown(at.at(), &expected, Found::Value(value), text.unwrap_or(""), known);
            return None;
        };
        if Some(given) != declared && !self.derives(given, declared) {
            let expected = self.derived_name(declared, "the name of a type derived from ");
            self.errors.add(at.at(), &expected, Found::Value(value));
            return None;
        }
        if program.type_(given).is_abstract {
            self.errors.add(at.at(), "a type that is not abstract", Found::Value(value));
            return None;
        }
        // Where it repeats the declaration it says nothing; SOAP encoding says it always.
        let name = (Some(given) != declared || self.encoded).then_some(name);
        Some(Told { type_: Some(given), name })
    }

    fn derives(&self, given: TypeId, declared: Option<TypeId>) -> bool {
        let Some(d) = declared.filter(|_| !self.is_any(declared)) else { return true };
        self.program.derives(given, d)
    }

    /// `"Cat"`, `"p:Cat"`, `"xs:int"`, `"{ns}Cat"` → the type and its name.
    fn find_type<'v>(&self, text: &'v str) -> Option<(TypeId, Tag<'v>)>
    where
        'p: 'v,
    {
        let program = self.program;
        // The types of SOAP encoding's namespace are the built-ins under other names, and xsi:type says the name that was given.
        let soap = text.strip_prefix("soapenc:").map(|local| Tag { ns: Ns::of(&program.names, ns::SOAPENC11), local });
        if let Some(tag) = self.braced(text).or(soap) {
            let name = program.names.find(tag.ns.id()?, tag.local);
            if let Some(id) = name.and_then(|n| program.types_by_name.get(&n)) {
                return Some((*id, tag));
            }
            soap?;
        }
        let id = *program.types_by_label.get(text)?;
        let name = soap.or_else(|| program.type_(id).name.map(|n| Tag::known(&program.names, n)))?;
        Some((id, name))
    }

    /// `{ns}local` as a name.
    pub(super) fn braced<'v>(&self, text: &'v str) -> Option<Tag<'v>> {
        let (uri, local) = text.strip_prefix('{')?.split_once('}')?;
        Some(Tag { ns: Ns::of(&self.program.names, uri), local })
    }

    /// Can an element or attribute have that name?
    pub(super) fn is_good(&self, tag: Tag<'_>) -> bool {
        text::is_nc_name(tag.local)
            && match tag.ns {
                Ns::Known(id) => &**self.program.names.uri(id) != ns::XMLNS,
                Ns::Foreign(uri) => uri != ns::XMLNS && text::is_namespace(uri),
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
        if self.scalar_text(scalar, fixed, value, at) {
            self.out.text(&self.text);
        }
    }

    /// Puts a value's text into `self.text`; false after an error.
    fn scalar_text(&mut self, scalar: &Scalar, fixed: Option<&Fixed>, value: &Value<'_>, at: At<'_>) -> bool {
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
                self.only(given, &["$value"], at);
                match given.member("$value") {
                    Some(value) => self.simple(scalar, site.fixed, value, at.key("$value").at()),
                    None if scalar.reads("") => {}
                    None => self.errors.add(at.key("$value").at(), &scalar.say(), Found::Nothing),
                }
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

    fn attributes(&mut self, complex: &'p ComplexType, given: Given<'_>, at: At<'_>) {
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
