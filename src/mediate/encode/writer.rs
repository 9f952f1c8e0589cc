//! Writes elements as bytes, and keeps the prefixes that they need.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::mediate::package::{Insertion, Source};
use crate::plan::node::{NameId, NameTable, NamespaceId, SoapVersion};
use crate::plan::scalar::Prefixes;
use crate::xml::{ns, writer};

/// So many prefixes are declared on the envelope; more are declared where they are used, so that no reader's limit is passed.
const ON_ENVELOPE: usize = 48;
/// So many are declared on one element below it.
const ON_ELEMENT: usize = 12;

/// A namespace: one that the program speaks of, or one that only this message does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ns<'a> {
    /// Of the program; [`NamespaceId::NONE`] too.
    Known(NamespaceId),
    /// Not in the program's table, never empty.
    Foreign(&'a str),
}

impl<'a> Ns<'a> {
    /// No namespace.
    pub(super) const NONE: Self = Ns::Known(NamespaceId::NONE);

    /// The namespace of that name; the empty one is no namespace.
    pub(super) fn of(names: &NameTable, uri: &'a str) -> Self {
        if uri.is_empty() { Self::NONE } else { names.namespace_id(uri).map_or(Self::Foreign(uri), Self::Known) }
    }

    /// Its name; empty for none.
    pub(super) fn uri<'s>(&self, names: &'s NameTable) -> &'s str
    where
        'a: 's,
    {
        match self {
            Self::Known(id) => names.uri(*id),
            Self::Foreign(uri) => uri,
        }
    }

    /// Its id, where the program speaks of it.
    pub(super) fn id(&self) -> Option<NamespaceId> {
        match self {
            Self::Known(id) => Some(*id),
            Self::Foreign(_) => None,
        }
    }
}

/// The name of an element or attribute that is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tag<'a> {
    pub(super) ns: Ns<'a>,
    pub(super) local: &'a str,
}

impl<'a> Tag<'a> {
    /// A name of the program.
    pub(super) fn known(names: &'a NameTable, id: NameId) -> Self {
        Self { ns: Ns::Known(names.namespace(id)), local: names.local(id) }
    }

    /// Is it this name of the program?
    pub(super) fn is(&self, names: &NameTable, id: NameId) -> bool {
        self.ns == Ns::Known(names.namespace(id)) && self.local == &**names.local(id)
    }
}

/// A prefix and what it stands for.
struct Binding {
    prefix: Cow<'static, str>,
    uri: Arc<str>,
}

/// Index into [`Writer::bindings`].
type BindingIx = usize;

/// What stands inside the envelope, written so far.
pub(super) struct Writer<'p> {
    names: &'p NameTable,
    version: SoapVersion,
    out: Vec<u8>,
    /// The last start tag still lacks its `>`.
    is_open: bool,
    bindings: Vec<Binding>,
    /// By `NamespaceId`: binding + 1; 0 where there is none yet.
    known: Vec<u32>,
    foreign: HashMap<Box<str>, BindingIx>,
    /// Bindings declared on the open start tag.
    here: Vec<BindingIx>,
    /// An element needed more declarations than any reader would take.
    pub(super) too_many_namespaces: bool,
    /// Long texts that are put in when the envelope is sent, by their places in `out`.
    insertions: Vec<Insertion>,
    /// Text that XML cannot carry came this far: no envelope may be made.
    pub(super) unwritable: bool,
}

impl<'p> Writer<'p> {
    pub(super) fn new(names: &'p NameTable, version: SoapVersion, capacity: usize) -> Self {
        let soap = Binding { prefix: Cow::Borrowed("soap"), uri: Arc::from(envelope_namespace(version)) };
        let mut w = Self {
            names,
            version,
            out: Vec::with_capacity(capacity),
            is_open: false,
            bindings: Vec::with_capacity(8),
            known: vec![0; names.namespaces.len()],
            foreign: HashMap::new(),
            here: Vec::new(),
            too_many_namespaces: false,
            insertions: Vec::new(),
            unwritable: false,
        };
        // Binding 0 is the envelope's, whether the program speaks of that namespace or not.
        match names.namespace_id(&soap.uri) {
            Some(id) => w.known[id.index()] = 1,
            None => drop(w.foreign.insert(soap.uri.as_ref().into(), 0)),
        }
        w.bindings.push(soap);
        w
    }

    /// `<name`
    pub(super) fn start(&mut self, tag: Tag<'_>) {
        self.close_tag();
        self.out.push(b'<');
        let binding = self.bind(tag.ns);
        self.push_name(binding, tag.local);
        self.is_open = true;
        self.here.clear();
        self.declare_here(binding);
    }

    /// `</name>`, or the end of an empty element.
    pub(super) fn end(&mut self, tag: Tag<'_>) {
        if self.is_open {
            self.out.extend_from_slice(b"/>");
            self.is_open = false;
            return;
        }
        self.out.extend_from_slice(b"</");
        let binding = self.bind(tag.ns);
        self.push_name(binding, tag.local);
        self.out.push(b'>');
    }

    /// ` name="value"` on the start tag that is open.
    pub(super) fn attribute(&mut self, tag: Tag<'_>, value: &str) {
        let binding = self.bind(tag.ns);
        self.declare_here(binding);
        self.out.push(b' ');
        self.push_name(binding, tag.local);
        self.out.extend_from_slice(b"=\"");
        self.unwritable |= writer::attribute(&mut self.out, value).is_err();
        self.out.push(b'"');
    }

    /// An attribute of a namespace that Castile knows.
    pub(super) fn attribute_in(&mut self, namespace: &str, local: &str, value: &str) {
        self.attribute(Tag { ns: Ns::of(self.names, namespace), local }, value);
    }

    /// Character data.
    pub(super) fn text(&mut self, value: &str) {
        if !value.is_empty() {
            self.close_tag();
            self.unwritable |= writer::text(&mut self.out, value).is_err();
        }
    }

    /// The place of base64 text that stands for so many bytes.
    pub(super) fn insert(&mut self, source: Source, size: u64) {
        self.close_tag();
        self.insertions.push(Insertion { at: self.out.len(), source, size });
    }

    /// One element of raw markup that the gate has passed.
    pub(super) fn raw(&mut self, markup: &[u8]) {
        self.close_tag();
        self.out.extend_from_slice(markup);
    }

    /// `prefix:local`, the prefix declared.
    pub(super) fn qname(&mut self, tag: Tag<'_>) -> String {
        match self.bind(tag.ns) {
            None => tag.local.to_owned(),
            Some(b) => {
                self.declare_here(Some(b));
                [&*self.bindings[b].prefix, ":", tag.local].concat()
            }
        }
    }

    fn close_tag(&mut self) {
        if self.is_open {
            self.out.push(b'>');
            self.is_open = false;
        }
    }

    fn push_name(&mut self, binding: Option<BindingIx>, local: &str) {
        if let Some(b) = binding {
            self.out.extend_from_slice(self.bindings[b].prefix.as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(local.as_bytes());
    }

    /// The binding of a namespace, made if needed; `None` for no namespace.
    fn bind(&mut self, ns: Ns<'_>) -> Option<BindingIx> {
        match ns {
            Ns::NONE => None,
            Ns::Known(id) => {
                let known = self.known[id.index()];
                if known == 0 {
                    let uri = self.names.uri(id).clone();
                    let b = self.add(uri);
                    self.known[id.index()] = b as u32 + 1;
                    return Some(b);
                }
                Some(known as usize - 1)
            }
            Ns::Foreign(uri) => {
                if let Some(b) = self.foreign.get(uri) {
                    return Some(*b);
                }
                let b = self.add(uri.into());
                self.foreign.insert(uri.into(), b);
                Some(b)
            }
        }
    }

    fn add(&mut self, uri: Arc<str>) -> BindingIx {
        let prefix = match &*uri {
            ns::XML => Cow::Borrowed("xml"),
            ns::XSI => Cow::Borrowed("xsi"),
            ns::XSD => Cow::Borrowed("xsd"),
            ns::SOAPENC11 => Cow::Borrowed("soapenc"),
            ns::SOAPENC12 => Cow::Borrowed("enc"),
            _ => Cow::Owned(format!("n{}", self.bindings.len())),
        };
        self.bindings.push(Binding { prefix, uri });
        self.bindings.len() - 1
    }

    /// Declares a binding on the open start tag where the envelope does not.
    fn declare_here(&mut self, binding: Option<BindingIx>) {
        let Some(b) = binding.filter(|b| *b >= ON_ENVELOPE && !self.here.contains(b)) else { return };
        if self.here.len() >= ON_ELEMENT {
            self.too_many_namespaces = true;
            return;
        }
        self.here.push(b);
        self.out.extend_from_slice(b" xmlns:");
        self.unwritable |= push_declaration(&mut self.out, &self.bindings[b]).is_err();
    }

    /// The document: the envelope around what was written; `None` where it cannot be one.
    pub(super) fn into_envelope(self) -> Option<Vec<u8>> {
        self.into_parts().filter(|(_, insertions)| insertions.is_empty()).map(|(envelope, _)| envelope)
    }

    /// The same, with the places of what is to be put in.
    pub(super) fn into_parts(mut self) -> Option<(Vec<u8>, Vec<Insertion>)> {
        self.close_tag();
        let mut doc = Vec::with_capacity(self.out.len() + 128 + self.bindings.len() * 64);
        doc.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<soap:Envelope");
        for b in self.bindings.iter().take(ON_ENVELOPE).filter(|b| b.prefix != "xml") {
            doc.extend_from_slice(b" xmlns:");
            self.unwritable |= push_declaration(&mut doc, b).is_err();
        }
        doc.push(b'>');
        self.insertions.iter_mut().for_each(|i| i.at += doc.len());
        doc.extend_from_slice(&self.out);
        doc.extend_from_slice(b"</soap:Envelope>");
        (!self.unwritable).then_some((doc, self.insertions))
    }

    /// The one element that was written, with every declaration that the envelope would have had; `None` where it cannot be one.
    pub(super) fn into_block(mut self) -> Option<Vec<u8>> {
        self.close_tag();
        let name_end = self.out.iter().position(|b| matches!(b, b' ' | b'/' | b'>'))?;
        let (name, rest) = self.out.split_at_checked(name_end)?;
        let mut block = name.to_vec();
        for b in self.bindings.iter().take(ON_ENVELOPE).filter(|b| b.prefix != "xml") {
            block.extend_from_slice(b" xmlns:");
            self.unwritable |= push_declaration(&mut block, b).is_err();
        }
        block.extend_from_slice(rest);
        (!self.unwritable).then_some(block)
    }

    /// The name of an element or attribute of the envelope's namespace.
    pub(super) fn soap(&self, local: &'static str) -> Tag<'static> {
        Tag { ns: Ns::of(self.names, envelope_namespace(self.version)), local }
    }
}

/// The namespace of a version's envelope.
pub(in crate::mediate) fn envelope_namespace(version: SoapVersion) -> &'static str {
    match version {
        SoapVersion::Soap11 => ns::SOAP11,
        SoapVersion::Soap12 => ns::SOAP12,
    }
}

fn push_declaration(out: &mut Vec<u8>, b: &Binding) -> Result<(), writer::Unwritable> {
    out.extend_from_slice(b.prefix.as_bytes());
    out.extend_from_slice(b"=\"");
    writer::attribute(out, &b.uri)?;
    out.push(b'"');
    Ok(())
}

impl Prefixes for Writer<'_> {
    fn prefix(&mut self, namespace: &str) -> String {
        match self.bind(Ns::of(self.names, namespace)) {
            None => String::new(),
            Some(b) => {
                self.declare_here(Some(b));
                self.bindings[b].prefix.clone().into_owned()
            }
        }
    }
}
