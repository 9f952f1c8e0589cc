//! The limits of every XML byte that comes in.

/// How large a document or message may be, in every dimension in which XML can grow.
///
/// Publishers may lower them per API, only operators raise them. A document type declaration is refused always and has no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes as they arrive; as UTF-8 text they are at most three times as many.
    pub size_bytes: u64,
    /// Elements inside one another, the root being 1.
    pub element_depth: u32,
    /// Attributes of one element, namespace declarations not among them.
    pub attributes: u32,
    /// Namespace declarations of one element.
    pub namespace_declarations: u32,
    /// Namespace declarations in scope at one place, the `xml` prefix not among them.
    pub namespace_bindings: u32,
    /// Bytes of one qualified name, of a processing instruction's target, or of a prefix.
    pub name_bytes: u32,
    /// Bytes of one namespace name.
    pub namespace_bytes: u32,
    /// Different names (elements', attributes' and namespaces') of the document; `None`: as many as fit its size.
    pub distinct_names: Option<u32>,
    /// Bytes of one attribute value, references resolved.
    pub attribute_value_bytes: u32,
    /// Bytes of text between two tags, references resolved.
    pub text_bytes: u64,
    /// Bytes of one start tag as written.
    pub start_tag_bytes: u32,
    /// Elements, attributes, text runs, comments and processing instructions.
    pub nodes: u64,
    /// References, comments and processing instructions.
    pub references: u64,
}

/// Bytes of a message for which the default counts are made.
const MESSAGE_BYTES: u64 = 10 << 20;
/// Bytes of one WSDL or schema document.
const DOCUMENT_BYTES: u64 = 16 << 20;

impl Limits {
    /// A SOAP message: 10 MiB, 500 000 nodes, 1 000 000 references, 16 384 names.
    pub fn message() -> Self {
        Self {
            size_bytes: MESSAGE_BYTES,
            element_depth: 100,
            attributes: 200,
            namespace_declarations: 64,
            namespace_bindings: 128,
            name_bytes: 1_000,
            namespace_bytes: 1_024,
            distinct_names: Some(16_384),
            attribute_value_bytes: 1 << 20,
            text_bytes: MESSAGE_BYTES,
            start_tag_bytes: 1 << 20,
            nodes: 500_000,
            // Replies that carry a document as escaped text have a reference for every tag of it.
            references: 1_000_000,
        }
    }

    /// A SOAP message of at most `size_bytes`: a larger size than the default lets the counts of nodes and references grow in
    /// proportion, so that raising an API's body limit is one act; a smaller one leaves them.
    pub fn message_of(size_bytes: u64) -> Self {
        let base = Self::message();
        let grown = |count: u64| {
            let scaled = u128::from(count) * u128::from(size_bytes) / u128::from(MESSAGE_BYTES);
            u64::try_from(scaled).unwrap_or(u64::MAX).max(count)
        };
        Self { size_bytes, text_bytes: size_bytes, nodes: grown(base.nodes), references: grown(base.references), ..base }
    }

    /// A WSDL or schema document: 16 MiB, as many names, nodes and comments as fit.
    pub fn document() -> Self {
        Self {
            size_bytes: DOCUMENT_BYTES,
            text_bytes: DOCUMENT_BYTES,
            distinct_names: None,
            nodes: DOCUMENT_BYTES,
            references: DOCUMENT_BYTES,
            ..Self::message()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_grow_with_the_size_and_never_shrink() {
        assert_eq!(Limits::message_of(10 << 20), Limits::message());
        assert_eq!(Limits::message_of(100 << 20).nodes, 5_000_000);
        assert_eq!(Limits::message_of(1 << 10).nodes, 500_000);
        assert!(Limits::message_of(u64::MAX).nodes > u64::MAX / 21);
    }
}
