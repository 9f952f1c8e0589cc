//! Values of elements and types.

use super::random::Choices;
use super::scalar::{Source, read};
use super::ways::Ways;
use super::{SampleError, Style};
use crate::json::{push_pointer, string_into};
use crate::plan::Program;
use crate::plan::node::{Attribute, ComplexType, Content, Element, ElementId, SoapArray, TypeBody, TypeId};
use crate::plan::scalar::Scalar;

/// Elements in elements, at most: what messages may have.
const MAX_DEPTH: u32 = 390;
/// Elements of one sample at most: what must be there may multiply without bound.
const MAX_ELEMENTS: u32 = 100_000;

/// One sample in the making.
pub(super) struct Run<'r> {
    pub(super) program: &'r Program,
    pub(super) ways: &'r Ways,
    pub(super) style: Style,
    pub(super) out: Vec<u8>,
    source: Source,
    /// Where `out` ends, as a JSON pointer.
    path: String,
    /// Elements around.
    pub(super) depth: u32,
    /// Types of the elements around that have content.
    pub(super) open: Vec<TypeId>,
    /// Elements that may still be added without need.
    pub(super) left: u32,
    /// Elements that may still be written at all.
    elements: u32,
}

pub(super) type Made = Result<(), SampleError>;

impl<'r> Run<'r> {
    pub(super) fn new(program: &'r Program, ways: &'r Ways, seed: Option<u64>, style: Style) -> Self {
        let left = match style {
            Style::Minimal => 0,
            Style::Typical => 250,
            Style::Full => 2_000,
        };
        Self {
            program,
            ways,
            style,
            out: Vec::new(),
            source: Source::new(seed),
            path: String::new(),
            depth: 0,
            open: Vec::new(),
            left,
            elements: MAX_ELEMENTS,
        }
    }

    pub(super) fn choices(&mut self) -> &mut Choices {
        &mut self.source.choices
    }

    pub(super) fn stuck<T>(&self, reason: impl Into<String>) -> Result<T, SampleError> {
        Err(SampleError { pointer: self.path.clone(), reason: reason.into() })
    }

    /// Is only what must be there to be written from here on?
    pub(super) fn is_thrifty(&self) -> bool {
        let most = match self.style {
            Style::Minimal => 0,
            Style::Typical => 7,
            Style::Full => 12,
        };
        self.left == 0 || self.depth >= most
    }

    /// Is something optional to be there?
    pub(super) fn wants(&mut self) -> bool {
        !self.is_thrifty() && (self.style == Style::Full || self.choices().percent(65, true))
    }

    /// Has the type been entered so often that an optional value of it would only repeat itself?
    pub(super) fn is_repeating(&self, type_: TypeId) -> bool {
        let most = if self.style == Style::Full { 2 } else { 1 };
        self.open.iter().filter(|t| **t == type_).count() >= most
    }

    /// Writes something below a key or index; nothing where it fails.
    pub(super) fn below(&mut self, token: &str, write: impl FnOnce(&mut Self) -> Made) -> Made {
        let (length, depth, open) = (self.path.len(), self.depth, self.open.len());
        push_pointer(&mut self.path, token);
        let made = write(self);
        self.path.truncate(length);
        if made.is_err() {
            self.depth = depth;
            self.open.truncate(open);
        }
        made
    }

    /// Writes a member of an object, of which `first` says whether it is the first; leaves no trace where it fails.
    pub(super) fn member(&mut self, first: &mut bool, key: &str, write: impl FnOnce(&mut Self) -> Made) -> Made {
        let start = self.out.len();
        if !*first {
            self.out.push(b',');
        }
        string_into(&mut self.out, key);
        self.out.push(b':');
        let made = self.below(key, write);
        match made {
            Ok(()) => *first = false,
            Err(_) => self.out.truncate(start),
        }
        made
    }

    /// Writes an item of an array; leaves no trace where it fails.
    pub(super) fn item(&mut self, ix: usize, write: impl FnOnce(&mut Self) -> Made) -> Made {
        let start = self.out.len();
        if ix > 0 {
            self.out.push(b',');
        }
        let made = self.below(&ix.to_string(), write);
        if made.is_err() {
            self.out.truncate(start);
        }
        made
    }

    pub(super) fn string(&mut self, text: &str) {
        string_into(&mut self.out, text);
    }

    /// The value of an element. `flat`: may a flattened type be a bare array?
    pub(super) fn element(&mut self, id: ElementId, nillable: bool, flat: bool) -> Made {
        let element = self.program.element(id);
        if self.depth >= MAX_DEPTH {
            return self.stuck("it is nested too deeply");
        }
        let Some(elements) = self.elements.checked_sub(1) else {
            return self.stuck(format!("what must be there is more than {MAX_ELEMENTS} elements"));
        };
        self.elements = elements;
        self.left = self.left.saturating_sub(1);
        let endless = self.ways.type_(element.type_).is_none() || self.depth > MAX_DEPTH / 2;
        if nillable && (endless || self.may_be_bare_nil(element) && self.choices().percent(6, false)) {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        let name = self.program.names.local(element.name);
        let text = element.fixed.as_ref().map(|f| &*f.text).or(element.default.as_deref());
        self.depth += 1;
        self.typed(element.type_, name, flat, text)?;
        self.depth -= 1;
        Ok(())
    }

    /// Is `null` a choice: no value is fixed, and no attribute must stand on the nil element?
    fn may_be_bare_nil(&self, element: &Element) -> bool {
        let has_required = match &self.program.type_(element.type_).body {
            TypeBody::Complex(complex) => complex.attributes.iter().any(|a| a.required && a.fixed.is_none()),
            TypeBody::Simple(_) | TypeBody::Generic | TypeBody::SoapArray(_) => false,
        };
        self.style != Style::Minimal && element.fixed.is_none() && !has_required
    }

    /// A value of a type, for something called `name`; `text` is what it says by its declaration.
    pub(super) fn typed(&mut self, declared: TypeId, name: &str, flat: bool, text: Option<&str>) -> Made {
        let id = self.concrete(declared)?;
        let type_ = self.program.type_(id);
        let told = (id != declared).then(|| match (&*type_.label, type_.name) {
            ("", Some(name)) => self.program.names.clark(name),
            (label, _) => label.to_owned(),
        });
        match &type_.body {
            TypeBody::Simple(scalar) => self.told_value(told, |run| run.scalar(scalar, name, text)),
            TypeBody::Generic => self.told_value(told, |run| {
                run.string(name);
                Ok(())
            }),
            TypeBody::SoapArray(array) => self.told_value(told, |run| run.soap_array(array, &array.ranks)),
            TypeBody::Complex(complex) => {
                self.open.push(id);
                self.complex(complex, told, name, flat, text)?;
                self.open.pop();
                Ok(())
            }
        }
    }

    /// The type itself, or one that may stand in its place.
    fn concrete(&mut self, declared: TypeId) -> Result<TypeId, SampleError> {
        let type_ = self.program.type_(declared);
        let ending: Vec<TypeId> = type_.derived.iter().copied().filter(|t| self.ways.type_(*t).is_some()).collect();
        if !type_.is_abstract {
            let varies =
                self.style == Style::Full && !self.is_thrifty() && matches!(type_.body, TypeBody::Complex(_)) && !ending.is_empty();
            let other = varies && self.choices().percent(15, false);
            return Ok(if other { ending[self.choices().below(ending.len())] } else { declared });
        }
        let found = if self.is_thrifty() {
            ending.iter().copied().min_by_key(|t| self.ways.type_(*t))
        } else {
            let ix = self.choices().below(ending.len());
            ending.get(ix).copied()
        };
        match found {
            Some(id) => Ok(id),
            None => self.stuck("its type is abstract, and none that derives from it has an end"),
        }
    }

    /// A bare value, or one beside `$type`.
    fn told_value(&mut self, told: Option<String>, write: impl FnOnce(&mut Self) -> Made) -> Made {
        let Some(label) = told else { return write(self) };
        self.out.extend_from_slice(b"{\"$type\":");
        self.string(&label);
        self.out.extend_from_slice(b",\"$value\":");
        self.below("$value", write)?;
        self.out.push(b'}');
        Ok(())
    }

    /// A value of a simple type.
    pub(super) fn scalar(&mut self, scalar: &Scalar, name: &str, text: Option<&str>) -> Made {
        let json = text.and_then(|t| read(scalar, t)).or_else(|| self.source.value(scalar, name));
        match json {
            Some(json) => {
                self.out.extend_from_slice(json.as_bytes());
                Ok(())
            }
            None => self.stuck(format!("no value of {} was found", scalar.say())),
        }
    }

    fn complex(&mut self, complex: &ComplexType, told: Option<String>, name: &str, flat: bool, text: Option<&str>) -> Made {
        let has_attributes = !complex.attributes.is_empty() || complex.any_attribute.is_some();
        if let Content::Simple(scalar) = &complex.content
            && !has_attributes
        {
            return self.told_value(told, |run| run.scalar(scalar, name, text));
        }
        if let Content::Elements(shape) = &complex.content
            && complex.is_flat
            && flat
            && told.is_none()
        {
            return self.flat(*shape);
        }
        let mut first = true;
        self.out.push(b'{');
        if let Some(label) = told {
            self.member(&mut first, "$type", |run| {
                run.string(&label);
                Ok(())
            })?;
        }
        for attribute in &complex.attributes {
            self.attribute(attribute, &mut first)?;
        }
        match &complex.content {
            Content::Simple(scalar) => self.member(&mut first, "$value", |run| run.scalar(scalar, name, text))?,
            Content::Elements(shape) => self.members(*shape, false, &mut first)?,
            Content::Mixed(shape) => self.member(&mut first, "$content", |run| run.mixed(*shape, name))?,
        }
        self.out.push(b'}');
        Ok(())
    }

    fn attribute(&mut self, attribute: &Attribute, first: &mut bool) -> Made {
        if !attribute.required && !self.wants() {
            return Ok(());
        }
        let name = self.program.names.local(attribute.name);
        let text = attribute.fixed.as_ref().map(|f| &*f.text).or(attribute.default.as_deref());
        let made = self.member(first, &attribute.key, |run| run.scalar(&attribute.scalar, name, text));
        if attribute.required { made } else { Ok(()) }
    }

    /// An array of SOAP encoding; `ranks` outermost last.
    fn soap_array(&mut self, array: &SoapArray, ranks: &[u32]) -> Made {
        let (rank, inner) = ranks.split_last().map_or((1, ranks), |(r, inner)| (*r, inner));
        let has_end = self.ways.type_(array.item_type).is_some() && !self.is_repeating(array.item_type);
        let count = if self.is_thrifty() || !has_end { 0 } else { 1 + self.choices().below(2) };
        self.soap_rows(array, inner, rank, count)
    }

    /// `count` rows of `count` rows of … members.
    fn soap_rows(&mut self, array: &SoapArray, inner: &[u32], rank: u32, count: usize) -> Made {
        self.out.push(b'[');
        for ix in 0..count {
            self.item(ix, |run| {
                if rank > 1 {
                    return run.soap_rows(array, inner, rank - 1, count);
                }
                if !inner.is_empty() {
                    return run.soap_array(array, inner);
                }
                run.left = run.left.saturating_sub(1);
                run.depth += 1;
                let name = run.program.names.local(array.item_tag);
                run.typed(array.item_type, name, true, None)?;
                run.depth -= 1;
                Ok(())
            })?;
        }
        self.out.push(b']');
        Ok(())
    }
}
