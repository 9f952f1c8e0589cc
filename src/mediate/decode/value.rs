//! The value of one element: its effective type, attributes, and what its content will be.

use std::borrow::Cow;
use std::sync::Arc;

use super::attach::is_blank;
use super::machine::{Close, Generic, Kind, Mixed, Object, Run, Simple, Step};
use super::tag::{Bounded, Scope, Tag, read_qname};
use crate::json::{escape_into, string_into};
use crate::mediate::package::write_mark;
use crate::plan::node::{ComplexType, Content, ElementId, Matching, NamespaceId, TypeBody, TypeId};
use crate::plan::scalar::{Primitive, Scalar};
use crate::xml::gate::{Attribute, NamespaceId as DocumentNs};
use crate::xml::ns;

/// How the value of an element is to be written.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) declared: TypeId,
    /// `$type`, where the declared type was narrowed by the array around.
    pub(super) told: Option<Arc<str>>,
    pub(super) element: Option<ElementId>,
    /// May a flattened type be a bare array here?
    pub(super) flat: bool,
    /// Must the value say its namespace?
    pub(super) say_namespace: bool,
    /// The namespace that encode will give the element, where that is not its own.
    pub(super) around: Option<DocumentNs>,
    pub(super) close: Close,
    /// Is `{"$headers":…` open already, or must the value be an object for headers' sake?
    pub(super) root: bool,
}

impl Wanted {
    pub(super) fn new(declared: TypeId, element: Option<ElementId>, close: Close) -> Self {
        Self { declared, told: None, element, flat: true, say_namespace: false, around: None, close, root: false }
    }
}

impl Run<'_> {
    /// Writes the beginning of an element's value and opens its frame.
    pub(super) fn value<T: Tag>(&mut self, tag: &T, wanted: &Wanted) -> Step {
        if self.attached_value(tag) {
            self.push(Kind::Ignored, tag.namespace(), wanted.close);
            return Ok(());
        }
        let (type_, told) = match &wanted.told {
            Some(told) => (wanted.declared, Some(told.clone())),
            None => self.effective(wanted.declared, tag),
        };
        let nil = tag.attribute(ns::XSI, "nil").is_some_and(|v| matches!(v.trim(), "true" | "1"));
        let program = self.program;
        let start = self.position();
        let headers_open = wanted.root && self.machine.envelope.headers_open;
        // Members that are known from the start tag; `{` is put before them once the value is known to be an object.
        let mut members = Members { comma: headers_open, any: false };
        if let Some(told) = &told {
            self.member(&mut members, "$type", told);
        }
        if wanted.say_namespace {
            let uri = tag.uri();
            self.member(&mut members, "$ns", uri);
        }
        let kind = match &program.type_(type_).body {
            TypeBody::Simple(_) | TypeBody::SoapArray(_) if nil => self.nil(start, members, wanted.root),
            TypeBody::Simple(_) => {
                let wrapped = self.scalar_prefix(start, members, wanted.root);
                Kind::Scalar(Simple { type_, element: wanted.element, wrapped, comma: members.comma, include: None })
            }
            TypeBody::SoapArray(array) => {
                let wrapped = members.any || (wanted.root && self.wants_object());
                if wrapped {
                    self.open(start, wanted.root);
                    self.key(members.comma, "$value");
                }
                let namespace = self.item_namespace(tag, array);
                Kind::SoapArray(self.soap_array(tag, array.item_type, namespace, array.ranks.len(), wrapped)?)
            }
            TypeBody::Generic => {
                self.other_attributes(tag, &[], &mut members);
                let around = wanted.around.unwrap_or(tag.namespace());
                Kind::Generic(Generic::new(self.position(), nil, around, members.comma))
            }
            TypeBody::Complex(complex) => self.complex(tag, type_, complex, wanted, nil, told.is_some(), start, members)?,
        };
        let text = self.machine.text.len();
        // An array is replaced whole: its own text begins after what is around it.
        let start = if matches!(kind, Kind::SoapArray(_)) { self.position() } else { start };
        self.machine.frames.push(super::machine::Frame { kind, text, start, namespace: tag.namespace(), close: wanted.close });
        self.begin_array();
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one decision, split off for length")]
    fn complex<T: Tag>(
        &mut self,
        tag: &T,
        type_: TypeId,
        complex: &ComplexType,
        wanted: &Wanted,
        nil: bool,
        told: bool,
        start: usize,
        mut members: Members,
    ) -> Result<Kind, crate::mediate::DecodeError> {
        self.attributes(tag, complex, &mut members)?;
        if nil {
            return Ok(self.nil(start, members, wanted.root));
        }
        match complex.content {
            Content::Simple(_) => {
                let object = !complex.attributes.is_empty() || complex.any_attribute.is_some();
                let wrapped = if object && !members.any {
                    self.open(start, wanted.root);
                    true
                } else {
                    self.scalar_prefix(start, members, wanted.root)
                };
                Ok(Kind::Scalar(Simple { type_, element: wanted.element, wrapped, comma: members.comma, include: None }))
            }
            Content::Mixed(shape) => {
                self.open(start, wanted.root);
                self.key(members.comma, "$content");
                self.emit(b"[");
                Ok(Kind::Mixed(Mixed { shape, comma: false }))
            }
            Content::Elements(shape) => {
                // Attributes that the schema does not know make an object of a flattened type, too.
                let flat = wanted.flat && !told && complex.is_flat && !members.any;
                if flat {
                    self.emit(b"[");
                } else {
                    self.open(start, wanted.root);
                }
                let words = self.program.shape(shape).places.len().div_ceil(64);
                let seen = self.machine.seen.len();
                self.machine.seen.resize(seen + words, 0);
                let comma = members.comma && !flat;
                let mut object =
                    Object { shape, seen, members: self.position(), comma, comma_before: comma, open: None, flat, collect: None };
                if self.machine.strict || self.program.shape(shape).matching == Matching::ByRow {
                    // A strict reader asks the content model of every row.
                    object.collect = Some(self.new_collect(false));
                }
                Ok(Kind::Object(object))
            }
        }
    }

    /// Puts `{` before the members that stand from `start` on; where the root's object is open for headers' sake it goes on.
    pub(super) fn open(&mut self, start: usize, root: bool) {
        if root && self.machine.envelope.headers_open {
            return;
        }
        let at = start.saturating_sub(self.machine.base).min(self.machine.out.len());
        self.machine.out.insert(at, b'{');
    }

    /// Opens the object around a simple value where one is needed, up to `"$value":`.
    fn scalar_prefix(&mut self, start: usize, members: Members, root: bool) -> bool {
        if !members.any {
            return false;
        }
        self.open(start, root);
        true
    }

    /// Writes nil: `null`, or the members with `$nil`.
    fn nil(&mut self, start: usize, members: Members, root: bool) -> Kind {
        if members.any || (root && self.wants_object()) {
            self.open(start, root);
            self.key(members.comma, "$nil");
            self.emit(b"true}");
        } else {
            self.emit(b"null");
        }
        Kind::Nil
    }

    /// Is the message's value an object, because its message declares headers or some came?
    pub(super) fn wants_object(&self) -> bool {
        self.machine.envelope.headers_open || self.message.is_some_and(|m| !m.headers.is_empty())
    }

    fn member(&mut self, members: &mut Members, key: &str, value: &str) {
        self.key(members.comma, key);
        string_into(&mut self.machine.out, value);
        (members.comma, members.any) = (true, true);
    }

    /// SOAP encoding's array in an untyped place, told by its own attributes alone.
    fn untyped_array<T: Tag>(&self, declared: TypeId, tag: &T) -> Option<(TypeId, Option<Arc<str>>)> {
        if !self.encoded() || !matches!(self.program.type_(declared).body, TypeBody::Generic) {
            return None;
        }
        let has = |uri, local| tag.attribute(uri, local).is_some();
        let is_array12 = || {
            has(ns::SOAPENC12, "itemType")
                || has(ns::SOAPENC12, "arraySize")
                || tag.attribute(ns::SOAPENC12, "nodeType").is_some_and(|node| node.trim() == "array")
        };
        let uri = match () {
            () if has(ns::SOAPENC11, "arrayType") => ns::SOAPENC11,
            () if is_array12() => ns::SOAPENC12,
            () => return None,
        };
        let name = self.program.names.find(self.program.names.namespace_id(uri)?, "Array")?;
        Some((*self.program.types_by_name.get(&name)?, self.program.type_labels.get(&name).cloned()))
    }

    /// The type that an element really has, and its `$type` where xsi:type says more than the declaration (mapping decision 7).
    fn effective<T: Tag>(&mut self, declared: TypeId, tag: &T) -> (TypeId, Option<Arc<str>>) {
        let Some(text) = tag.attribute(ns::XSI, "type").map(str::trim).filter(|t| !t.is_empty()) else {
            return self.untyped_array(declared, tag).unwrap_or((declared, None));
        };
        let unknown = |uri: &str, local: &str| Arc::<str>::from(format!("{{{uri}}}{local}"));
        let Some((uri, local)) = read_qname(text, tag.scope()) else { return (declared, Some(unknown("", text))) };
        let program = self.program;
        let encoding = matches!(uri, ns::SOAPENC11 | ns::SOAPENC12);
        if encoding && local == "Array" && matches!(program.type_(declared).body, TypeBody::SoapArray(_)) {
            return (declared, None);
        }
        let name = program.names.namespace_id(uri).and_then(|n| program.names.find(n, local));
        let Some((name, given)) = name.and_then(|n| program.types_by_name.get(&n).map(|t| (n, *t))) else {
            return (declared, Some(unknown(uri, local)));
        };
        let label = || program.type_labels.get(&name).cloned();
        if given == declared {
            return (declared, None);
        }
        match (&program.type_(declared).body, &program.type_(given).body) {
            (TypeBody::Simple(d), TypeBody::Simple(g)) if (encoding || uri == ns::XSD) && same_builtin(d, g) => (declared, None),
            // Names an ancestor: says less than the declaration.
            (TypeBody::Complex(_) | TypeBody::SoapArray(_), TypeBody::Complex(_) | TypeBody::Generic | TypeBody::SoapArray(_))
                if program.derives(declared, given) =>
            {
                (declared, None)
            }
            (TypeBody::Complex(_) | TypeBody::SoapArray(_), _) if !self.encoded() && !program.derives(given, declared) => {
                (declared, label())
            }
            (TypeBody::Generic, _) if Some(declared) != program.any_type && program.derives(declared, given) => (declared, None),
            _ => (given, label()),
        }
    }

    /// The attributes of a complex type: declared ones in schema order, then the others as they came.
    fn attributes<T: Tag>(&mut self, tag: &T, complex: &ComplexType, members: &mut Members) -> Step {
        let program = self.program;
        let mut known: Vec<(DocumentNs, &str)> = Vec::new();
        for attribute in &complex.attributes {
            let name = &program.names.names[attribute.name.index()];
            let found = tag.attributes().find(|a| a.local == &*name.local && self.document_namespace_is(a, name.namespace, tag.scope()));
            let Some(found) = found else {
                if attribute.required && self.machine.strict {
                    self.deviation(&format!("without the attribute {}", name.local))?;
                }
                continue;
            };
            known.push((found.namespace, found.local));
            self.key(members.comma, &attribute.key);
            (members.comma, members.any) = (true, true);
            let (value, scope) = (found.value, tag.scope());
            self.scalar_value(&attribute.scalar, value, scope, Some(found.local))?;
        }
        self.wild_attributes(tag, &known, complex, members)
    }

    fn document_namespace_is(&mut self, a: &Attribute<'_>, wanted: NamespaceId, scope: Scope<'_>) -> bool {
        self.namespace(a.namespace, scope) == Some(wanted)
    }

    fn wild_attributes<T: Tag>(&mut self, tag: &T, known: &[(DocumentNs, &str)], complex: &ComplexType, members: &mut Members) -> Step {
        for a in tag.attributes() {
            let uri = tag.scope().uri(a.namespace);
            let is_href = self.encoded() && uri.is_empty() && a.local == "href";
            if is_data(uri) && !is_href && !known.contains(&(a.namespace, a.local)) {
                let namespace = self.namespace(a.namespace, tag.scope());
                let admitted = complex.any_attribute.as_ref().is_some_and(|w| w.admits.admits(namespace, None));
                let reference = self.encoded() && uri.is_empty();
                if !admitted && !reference {
                    self.deviation("an attribute that the schema does not know")?;
                }
                let taken: Vec<&str> = complex.attributes.iter().map(|a| &*a.key).collect();
                let key = wild_attribute_key(uri, a.local, &taken);
                self.member(members, &key, a.value);
            }
        }
        Ok(())
    }

    /// The attributes of generic content.
    fn other_attributes<T: Tag>(&mut self, tag: &T, taken: &[&str], members: &mut Members) {
        for a in tag.attributes() {
            let uri = tag.scope().uri(a.namespace);
            let is_href = self.encoded() && uri.is_empty() && a.local == "href";
            if is_data(uri) && !is_href {
                let key = wild_attribute_key(uri, a.local, taken);
                self.member(members, &key, a.value);
            }
        }
    }

    /// The end of a simple value: its text becomes JSON.
    pub(super) fn end_scalar(&mut self, frame: &super::machine::Frame, simple: Simple, scope: Scope<'_>) -> Step {
        let Simple { type_, element, wrapped, comma, include } = simple;
        let program = self.program;
        let scalar = match &program.type_(type_).body {
            TypeBody::Simple(scalar) | TypeBody::Complex(ComplexType { content: Content::Simple(scalar), .. }) => scalar,
            TypeBody::Complex(_) | TypeBody::Generic | TypeBody::SoapArray(_) => return Ok(()),
        };
        let root = frame.close == Close::Root;
        let headers_open = root && self.machine.envelope.headers_open;
        let in_object = wrapped || (root && self.wants_object());
        if in_object {
            if !wrapped && !headers_open {
                self.emit(b"{");
            }
            self.key(comma, "$value");
        }
        let text = std::mem::take(&mut self.machine.text);
        let value = text.get(frame.text..).unwrap_or("");
        let default = element.and_then(|e| program.element(e).value_if_empty.clone());
        let value = match (&default, value.is_empty()) {
            (Some(default), true) => {
                self.machine.by_schema = self.machine.by_schema.saturating_add(default.len());
                default
            }
            _ => value,
        };
        let attached = if include.is_some() { include } else { self.swa_ref(type_, value) };
        let done = match attached {
            Some(_) if include.is_some() && !is_blank(value) => Err(self.beside()),
            Some(n) => {
                write_mark(&mut self.machine.out, n);
                Ok(())
            }
            None => self.scalar_value(scalar, value, scope, None),
        };
        self.machine.text = text;
        if in_object {
            self.emit(b"}");
        }
        done
    }

    /// Text → JSON; text that is not of the type is its raw text as a string.
    fn scalar_value(&mut self, scalar: &Scalar, text: &str, scope: Scope<'_>, attribute: Option<&str>) -> Step {
        let before = self.machine.out.len();
        let scope = Bounded::new(scope, self.room().saturating_add(1));
        let read = scalar.decode(text, &scope, &mut self.machine.out);
        if scope.is_exhausted() {
            return Err(self.too_much());
        }
        match read {
            Ok(()) if self.machine.strict && !is_name(scalar) && !scalar.reads(text) => self.deviation(&format!("not {}", scalar.say())),
            Ok(()) => Ok(()),
            Err(mismatch) => {
                self.machine.out.truncate(before);
                let place = attribute.map_or(String::new(), |a| format!("attribute {a}: "));
                self.deviation(&format!("{place}not {}", mismatch.expected))?;
                string_into(&mut self.machine.out, text);
                Ok(())
            }
        }
    }

    /// An element where a simple value should stand: `xop:Include`, or nothing that can be read.
    pub(super) fn element_in_scalar<T: Tag>(&mut self, tag: &T) -> Step {
        let program = self.program;
        let Some(super::machine::Frame { kind: Kind::Scalar(simple), .. }) = self.machine.frames.last() else { return Ok(()) };
        let scalar = match &program.type_(simple.type_).body {
            TypeBody::Simple(scalar) | TypeBody::Complex(ComplexType { content: Content::Simple(scalar), .. }) => scalar,
            TypeBody::Complex(_) | TypeBody::Generic | TypeBody::SoapArray(_) => return Ok(()),
        };
        self.include_in_scalar(scalar, tag)?;
        self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
        Ok(())
    }

    /// Mixed content: the text so far, as one item.
    fn mixed_text(&mut self, mixed_text_start: usize, comma: &mut bool) {
        let text = self.machine.text.get(mixed_text_start..).unwrap_or("");
        if text.is_empty() {
            return;
        }
        if *comma {
            self.machine.out.push(b',');
        }
        self.machine.out.push(b'"');
        escape_into(&mut self.machine.out, text);
        self.machine.out.push(b'"');
        *comma = true;
        self.machine.text.truncate(mixed_text_start);
    }

    pub(super) fn mixed_child<T: Tag>(&mut self, tag: &T) -> Step {
        let Some(frame) = self.machine.frames.last() else { return Ok(()) };
        let Kind::Mixed(mixed) = &frame.kind else { return Ok(()) };
        let (start, shape, mut comma, around) = (frame.text, mixed.shape, mixed.comma, frame.namespace);
        self.mixed_text(start, &mut comma);
        let child = self.identify(shape, tag);
        self.emit(if comma { b",{" } else { b"{" });
        let program = self.program;
        let mut wanted = child.wanted(Close::Brace);
        if let Some(name) = child.declared() {
            let key = program.shape(shape).content_keys.get(&name).cloned();
            self.key(false, key.as_deref().unwrap_or(tag.local()));
        } else {
            let wild = self.wild_key(shape, child.name, tag.local());
            self.key(false, &wild.text(tag.uri(), tag.local()));
            wanted.say_namespace = child.is_generic() && !wild.says_namespace && tag.namespace() != around;
        }
        if let Some(frame) = self.machine.frames.last_mut()
            && let Kind::Mixed(mixed) = &mut frame.kind
        {
            mixed.comma = true;
        }
        self.value(tag, &wanted)
    }

    pub(super) fn end_mixed(&mut self, frame: &super::machine::Frame, mixed: &Mixed) {
        let mut comma = mixed.comma;
        self.mixed_text(frame.text, &mut comma);
        self.emit(b"]}");
    }
}

/// What was written of an object's members so far.
#[derive(Clone, Copy)]
struct Members {
    comma: bool,
    any: bool,
}

/// Do its values mean something by the declarations around them only?
fn is_name(scalar: &Scalar) -> bool {
    matches!(scalar.primitive(), Some(Primitive::QName | Primitive::Notation))
}

/// Are both the same built-in type, apart from facets?
fn same_builtin(declared: &Scalar, given: &Scalar) -> bool {
    declared.primitive() == given.primitive() && declared.kind() == given.kind()
}

/// Attributes of these namespaces are the envelope's business (mapping decision 34).
fn is_data(uri: &str) -> bool {
    !matches!(uri, ns::XSI | ns::SOAP11 | ns::SOAP12 | ns::SOAPENC11 | ns::SOAPENC12)
}

/// The key of an attribute that only a wildcard admits (mapping decision 33).
fn wild_attribute_key<'a>(uri: &str, local: &'a str, taken: &[&str]) -> Cow<'a, str> {
    let key = match uri {
        ns::XML => format!("@xml:{local}"),
        "" => {
            let plain = format!("@{local}");
            if taken.contains(&&*plain) { format!("@{{}}{local}") } else { plain }
        }
        uri => format!("@{{{uri}}}{local}"),
    };
    Cow::Owned(key)
}
