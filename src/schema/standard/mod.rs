//! The schemas that WSDLs import by address and expect everybody to have: shipped, so that nothing is fetched for them.
//!
//! They are compact equivalents of the published ones, with the same components.

use std::sync::OnceLock;

use roxmltree::Document;

/// A shipped schema.
#[derive(Debug)]
pub struct Standard {
    /// Its target namespace.
    pub namespace: &'static str,
    /// Its text, UTF-8.
    pub text: &'static str,
    parsed: OnceLock<Option<Document<'static>>>,
}

macro_rules! standards {
    ($($namespace:expr => $file:literal,)*) => {
        /// All of them.
        pub static ALL: [Standard; 20] = [$(Standard { namespace: $namespace, text: include_str!($file), parsed: OnceLock::new() },)*];
    };
}

standards! {
    crate::xml::ns::XML => "xml.xsd",
    crate::xml::ns::SOAPENC11 => "soap-encoding-1.1.xsd",
    crate::xml::ns::SOAPENC12 => "soap-encoding-1.2.xsd",
    crate::xml::ns::SOAP11 => "soap-envelope-1.1.xsd",
    crate::xml::ns::SOAP12 => "soap-envelope-1.2.xsd",
    crate::xml::ns::WSDL => "wsdl-1.1.xsd",
    crate::xml::ns::WSA10 => "ws-addressing-2005-08.xsd",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing" => "ws-addressing-2004-08.xsd",
    crate::xml::ns::XMIME => "xmlmime.xsd",
    "http://www.w3.org/2004/11/xmlmime" => "xmlmime-2004-11.xsd",
    crate::xml::ns::XOP => "xop-include.xsd",
    crate::xml::ns::SWAREF => "swaref.xsd",
    "http://www.w3.org/1999/xlink" => "xlink.xsd",
    crate::xml::ns::DSIG => "xmldsig.xsd",
    crate::xml::ns::WSSE => "wss-secext-1.0.xsd",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" => "wss-utility-1.0.xsd",
    "http://docs.oasis-open.org/wsn/b-2" => "wsn-b-2.xsd",
    "http://docs.oasis-open.org/wsn/t-1" => "wsn-t-1.xsd",
    "http://docs.oasis-open.org/wsrf/bf-2" => "wsrf-bf-2.xsd",
    "http://docs.oasis-open.org/wsrf/r-2" => "wsrf-r-2.xsd",
}

/// Is a schema of `namespace` shipped (XML Schema itself included, which is built in)?
///
/// A loader asks this for references whose location is absent, is an address, or leads nowhere: where it holds the target is
/// [`Target::Standard`](super::links::Target::Standard).
pub fn is_standard(namespace: &str) -> bool {
    namespace == crate::xml::ns::XSD || position(namespace).is_some()
}

/// The index of the shipped schema of `namespace`.
pub(crate) fn position(namespace: &str) -> Option<usize> {
    ALL.iter().position(|s| s.namespace == namespace)
}

/// A shipped schema, parsed once per process.
pub(crate) fn document(index: usize) -> Option<&'static Document<'static>> {
    let standard = ALL.get(index)?;
    standard.parsed.get_or_init(|| crate::xml::document::tree(standard.text).ok()).as_ref()
}
