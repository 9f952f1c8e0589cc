//! `$type`: which type a value says it is of, and what `xsi:type` says of it.

use super::element::Site;
use super::given::Given;
use super::problem::{At, Found};
use super::writer::{Ns, Tag};
use super::{Encoder, text};
use crate::json::Value;
use crate::plan::node::{TypeBody, TypeId};
use crate::xml::ns;

/// What `$type` said.
struct Told<'v> {
    /// The type to write by.
    type_: Option<TypeId>,
    /// What `xsi:type` is to say, if anything.
    name: Option<Tag<'v>>,
}

impl<'p> Encoder<'p> {
    /// Deals with `$type` and writes `xsi:type`. The type to write by (`None` is anyType) and whether `xsi:type` was written; `None` after an error.
    #[inline(never)]
    pub(super) fn xsi_type(
        &mut self,
        site: &Site<'_>,
        told: Option<&Value<'_>>,
        given: Given<'_>,
        at: At<'_>,
    ) -> Option<(Option<TypeId>, bool)> {
        let declared = site.type_;
        let asked = std::mem::take(&mut self.says_type);
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
        if (self.encoded || asked)
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
        let soap = text.strip_prefix("soapenc:").map(|local| Tag { ns: Ns::of(&program.names, self.encoding()), local });
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
}
