use std::fmt;

/// Why the gate refused a document, and where. The text names the rule and never repeats what the document says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GateError {
    /// The rule or limit.
    pub kind: GateErrorKind,
    /// Byte offset into the document's UTF-8 text, without a byte order mark.
    pub offset: u64,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}, column {})", self.kind, self.line, self.column)
    }
}

impl std::error::Error for GateError {}

/// The rules of XML 1.0 and its namespaces, and the limits, one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateErrorKind {
    // Bytes and encoding.
    /// Size limit.
    #[error("the document is larger than {limit} bytes")]
    #[allow(missing_docs, reason = "the limit that was passed, as everywhere below")]
    TooLarge { limit: u64 },
    /// The transport's charset is not one that can be read.
    #[error("the charset of the transport is not supported")]
    UnsupportedCharset,
    /// The declared encoding is not one that can be read.
    #[error("the declared encoding is not supported")]
    UnsupportedEncoding,
    /// The declared encoding cannot be what the bytes are in.
    #[error("the declared encoding contradicts the bytes")]
    EncodingMismatch,
    /// Bytes that mean nothing in the encoding in use.
    #[error("the bytes are not valid in the document's encoding")]
    InvalidBytes,

    /// Too many namespace declarations for a tree: their work grows with the square of those in scope.
    #[error("the document has too many namespace declarations to be held as a tree")]
    Tree,
    /// The handler stopped before, and the gate was fed again.
    #[error("reading was stopped before")]
    Stopped,

    // Document structure.
    /// Any document type declaration.
    #[error("a document type declaration (DTD) is refused")]
    Dtd,
    /// An XML declaration that is not the first thing.
    #[error("the XML declaration must be the first thing in the document")]
    MisplacedXmlDeclaration,
    /// An XML declaration against its grammar.
    #[error("the XML declaration is malformed")]
    MalformedXmlDeclaration,
    /// `version` is not 1.0.
    #[error("only XML version 1.0 is supported")]
    UnsupportedVersion,
    /// No element at all.
    #[error("the document has no root element")]
    NoRoot,
    /// A second element beside the root.
    #[error("the document has a second root element")]
    SecondRoot,
    /// Characters beside the root.
    #[error("text is not allowed outside the root element")]
    TextOutsideRoot,
    /// The end came inside an element.
    #[error("the document ends inside an element")]
    UnclosedElement,
    /// The end came inside a tag, comment, CDATA section, processing instruction or reference.
    #[error("the document ends inside markup")]
    UnclosedMarkup,

    // Markup.
    /// `<` is followed by what starts no markup.
    #[error("this is not markup: `<` must be followed by a name, `/`, `?`, `!--` or `![CDATA[`")]
    UnknownMarkup,
    /// A name against the grammar.
    #[error("a name is missing or malformed")]
    MalformedName,
    /// A qualified name with more than one colon, or one at an end.
    #[error("a qualified name has at most one colon, between two names")]
    MalformedQName,
    /// Something in a start tag that is no attribute.
    #[error("an attribute is malformed: a name, `=` and a quoted value are expected")]
    MalformedAttribute,
    /// Two attributes without space between them.
    #[error("white space is missing before an attribute")]
    MissingSpace,
    /// Two attributes of one expanded name.
    #[error("an attribute is given twice")]
    DuplicateAttribute,
    /// `<` in an attribute value.
    #[error("`<` is not allowed in an attribute value")]
    LessThanInAttribute,
    /// An end tag against its grammar.
    #[error("an end tag is malformed")]
    MalformedEndTag,
    /// An end tag that does not belong to the open element.
    #[error("the end tag does not match the start tag")]
    MismatchedEndTag,
    /// An end tag without an open element.
    #[error("the end tag has no start tag")]
    UnmatchedEndTag,
    /// `]]>` in text.
    #[error("`]]>` is not allowed in text")]
    CDataEndInText,
    /// `--` in a comment.
    #[error("`--` is not allowed in a comment")]
    DoubleHyphenInComment,
    /// A processing instruction's target.
    #[error("the target of a processing instruction is malformed")]
    MalformedTarget,
    /// A character outside the production `Char`.
    #[error("a character that XML 1.0 does not allow")]
    ForbiddenCharacter,
    /// `&` without a name or number and `;`.
    #[error("a reference is malformed")]
    MalformedReference,
    /// A reference to an entity that is not one of the five.
    #[error("the entity is not declared")]
    UndeclaredEntity,
    /// A character reference to what is no character of XML 1.0.
    #[error("a character reference to a character that XML 1.0 does not allow")]
    ForbiddenCharacterReference,

    // Namespaces.
    /// A prefix without a declaration in scope.
    #[error("the prefix is not declared")]
    UndeclaredPrefix,
    /// `xmlns:p=""`.
    #[error("a prefix cannot be undeclared in XML namespaces 1.0")]
    EmptyNamespace,
    /// `xml` bound elsewhere, `xmlns` declared or used, their namespaces bound to another prefix.
    #[error("the prefixes `xml` and `xmlns` and their namespaces are reserved")]
    ReservedNamespace,

    // Limits.
    /// Element depth.
    #[error("elements are nested deeper than {limit}")]
    #[allow(missing_docs, reason = "the limit")]
    ElementDepth { limit: u32 },
    /// Attributes per element.
    #[error("an element has more than {limit} attributes")]
    #[allow(missing_docs, reason = "the limit")]
    Attributes { limit: u32 },
    /// Namespace declarations per element.
    #[error("an element has more than {limit} namespace declarations")]
    #[allow(missing_docs, reason = "the limit")]
    NamespaceDeclarations { limit: u32 },
    /// Bindings in scope.
    #[error("more than {limit} namespace declarations are in scope")]
    #[allow(missing_docs, reason = "the limit")]
    NamespaceBindings { limit: u32 },
    /// Length of a name.
    #[error("a name is longer than {limit} bytes")]
    #[allow(missing_docs, reason = "the limit")]
    NameLength { limit: u32 },
    /// Length of a namespace name.
    #[error("a namespace name is longer than {limit} bytes")]
    #[allow(missing_docs, reason = "the limit")]
    NamespaceLength { limit: u32 },
    /// Distinct names.
    #[error("the document has more than {limit} different names")]
    #[allow(missing_docs, reason = "the limit")]
    DistinctNames { limit: u32 },
    /// Length of an attribute value.
    #[error("an attribute value is longer than {limit} bytes")]
    #[allow(missing_docs, reason = "the limit")]
    AttributeValueLength { limit: u32 },
    /// Length of a text run.
    #[error("a text is longer than {limit} bytes")]
    #[allow(missing_docs, reason = "the limit")]
    TextLength { limit: u64 },
    /// Length of a start tag.
    #[error("a start tag is longer than {limit} bytes")]
    #[allow(missing_docs, reason = "the limit")]
    StartTagLength { limit: u32 },
    /// Nodes.
    #[error("the document has more than {limit} nodes")]
    #[allow(missing_docs, reason = "the limit")]
    Nodes { limit: u64 },
    /// References, comments, processing instructions.
    #[error("the document has more than {limit} references, comments and processing instructions")]
    #[allow(missing_docs, reason = "the limit")]
    References { limit: u64 },
}

impl GateErrorKind {
    /// The limit that was passed, as a stable label for metrics; `None` when a rule of XML was broken.
    pub fn limit(self) -> Option<&'static str> {
        Some(match self {
            Self::TooLarge { .. } => "size_bytes",
            Self::Tree => "tree",
            Self::ElementDepth { .. } => "element_depth",
            Self::Attributes { .. } => "attributes",
            Self::NamespaceDeclarations { .. } => "namespace_declarations",
            Self::NamespaceBindings { .. } => "namespace_bindings",
            Self::NameLength { .. } => "name_bytes",
            Self::NamespaceLength { .. } => "namespace_bytes",
            Self::DistinctNames { .. } => "distinct_names",
            Self::AttributeValueLength { .. } => "attribute_value_bytes",
            Self::TextLength { .. } => "text_bytes",
            Self::StartTagLength { .. } => "start_tag_bytes",
            Self::Nodes { .. } => "nodes",
            Self::References { .. } => "references",
            _ => return None,
        })
    }
}

/// Why reading stopped: the document was refused, or the handler had enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop<E> {
    /// By the gate.
    Refused(GateError),
    /// By the handler.
    Handler(E),
}

impl<E: fmt::Display> fmt::Display for Stop<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(e) => e.fmt(f),
            Self::Handler(e) => e.fmt(f),
        }
    }
}

impl<E: std::error::Error> std::error::Error for Stop<E> {}
