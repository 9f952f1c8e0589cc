//! XML at the floor: names, well-known namespaces, limits, the one gate that every byte passes, documents, writing.
//!
//! Comes in: bytes of any supported encoding. Goes out: checked events or a checked document. Must not know: SOAP, WSDL or
//! schemas. Specifications: XML 1.0 (fifth edition), Namespaces in XML 1.0.

pub mod datatypes;
pub mod document;
pub mod encoding;
pub mod gate;
pub mod limits;
pub mod ns;
mod pretty;
mod qname;
pub mod writer;

pub use document::Document;
pub use limits::Limits;
pub use pretty::pretty;
pub use qname::QName;
