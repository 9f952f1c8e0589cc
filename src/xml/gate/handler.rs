use super::namespaces::{NamespaceId, Namespaces};

/// What receives the events of a checked document.
///
/// Everything handed on is well-formed so far; that the document is so to its end is known when
/// [`Gate::finish`](super::Gate::finish) returns. Comments and processing instructions are checked and dropped.
pub trait Handler {
    /// Why the handler stops.
    type Error;

    /// A start tag; an empty-element tag is a start and an end.
    ///
    /// # Errors
    /// The handler's own; the gate stops with [`Stop::Handler`](super::Stop::Handler), as below.
    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Self::Error>;

    /// A piece of character data: never empty, references and CDATA resolved, line ends normalised. The text between two tags
    /// may come in any number of pieces. White space outside the root element is not handed on.
    ///
    /// # Errors
    /// The handler's own.
    fn text(&mut self, text: &str) -> Result<(), Self::Error>;

    /// The end of the innermost open element, whose namespace declarations are still in scope.
    ///
    /// # Errors
    /// The handler's own.
    fn end(&mut self, scope: &Namespaces) -> Result<(), Self::Error>;
}

/// A handler that only wants to know whether the document is well-formed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ignore;

impl Handler for Ignore {
    type Error = std::convert::Infallible;

    #[inline]
    fn start(&mut self, _tag: &StartTag<'_>) -> Result<(), Self::Error> {
        Ok(())
    }

    #[inline]
    fn text(&mut self, _text: &str) -> Result<(), Self::Error> {
        Ok(())
    }

    #[inline]
    fn end(&mut self, _scope: &Namespaces) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// A checked start tag.
#[derive(Debug)]
pub struct StartTag<'a> {
    pub(super) namespace: NamespaceId,
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    pub(super) attributes: &'a [RawAttribute],
    pub(super) declarations: &'a [RawDeclaration],
    pub(super) scope: &'a Namespaces,
    pub(super) tag: &'a str,
    pub(super) scratch: &'a str,
    pub(super) offset: u64,
}

impl<'a> StartTag<'a> {
    /// The element's namespace.
    #[inline]
    pub fn namespace(&self) -> NamespaceId {
        self.namespace
    }

    /// The namespace name, empty for none.
    #[inline]
    pub fn uri(&self) -> &'a str {
        self.scope.uri(self.namespace)
    }

    /// The prefix, empty for none.
    #[inline]
    pub fn prefix(&self) -> &'a str {
        self.prefix
    }

    /// The local part of the name.
    #[inline]
    pub fn local(&self) -> &'a str {
        self.local
    }

    /// Is the element `local` in `namespace` (empty: none)?
    #[inline]
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.uri() == namespace
    }

    /// The attributes in document order; namespace declarations are not among them.
    #[inline]
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = Attribute<'a>> + use<'a> {
        let (tag, scratch) = (self.tag, self.scratch);
        self.attributes.iter().map(move |raw| raw.attribute(tag, scratch))
    }

    /// The normalised value of the attribute `local` in `namespace` (empty: none).
    pub fn attribute(&self, namespace: &str, local: &str) -> Option<&'a str> {
        self.attributes().find(|a| a.local == local && self.scope.uri(a.namespace) == namespace).map(|a| a.value)
    }

    /// The namespace declarations of this tag in document order: prefix (empty for the default) and namespace.
    pub fn declarations(&self) -> impl ExactSizeIterator<Item = (&'a str, NamespaceId)> + use<'a> {
        let (tag, scope) = (self.tag, self.scope);
        self.declarations.iter().map(move |raw| {
            let prefix = raw.prefix.of(tag);
            (prefix, scope.resolve(prefix).unwrap_or(NamespaceId::NONE))
        })
    }

    /// The namespaces in scope inside the element.
    #[inline]
    pub fn scope(&self) -> &'a Namespaces {
        self.scope
    }

    /// Byte offset of the `<` into the document's UTF-8 text.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Byte offset after its `>`, in the same text.
    #[inline]
    pub fn end_offset(&self) -> u64 {
        self.offset + self.tag.len() as u64
    }

    /// Is it an empty-element tag (production 44)?
    #[inline]
    pub fn is_empty_element(&self) -> bool {
        self.tag.ends_with("/>")
    }
}

/// An attribute of a [`StartTag`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attribute<'a> {
    /// Its namespace; unprefixed attributes have none.
    pub namespace: NamespaceId,
    /// Its prefix, empty for none.
    pub prefix: &'a str,
    /// The local part of its name.
    pub local: &'a str,
    /// Its value, references resolved and white space normalised as for type CDATA.
    pub value: &'a str,
}

/// A range of bytes in a tag or in the scratch text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Range {
    #[inline]
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    #[inline]
    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// An attribute value: as written in the tag, or rewritten in the scratch text.
#[derive(Clone, Copy, Debug)]
pub(super) enum RawValue {
    Written(Range),
    Scratch(Range),
}

impl RawValue {
    #[inline]
    pub(super) fn of<'a>(self, tag: &'a str, scratch: &'a str) -> &'a str {
        match self {
            Self::Written(range) => range.of(tag),
            Self::Scratch(range) => range.of(scratch),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct RawAttribute {
    pub(super) namespace: NamespaceId,
    pub(super) prefix: Range,
    pub(super) local: Range,
    pub(super) value: RawValue,
}

impl RawAttribute {
    #[inline]
    fn attribute<'a>(&self, tag: &'a str, scratch: &'a str) -> Attribute<'a> {
        Attribute { namespace: self.namespace, prefix: self.prefix.of(tag), local: self.local.of(tag), value: self.value.of(tag, scratch) }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct RawDeclaration {
    pub(super) prefix: Range,
    pub(super) value: RawValue,
}
