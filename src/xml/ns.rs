//! Namespace names that Castile knows.

/// XML Schema 1.0.
pub const XSD: &str = "http://www.w3.org/2001/XMLSchema";
/// `xsi:type`, `xsi:nil`.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// `xml:lang` and friends, bound to `xml` always.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Namespace declarations themselves.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// WSDL 1.1.
pub const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
/// WSDL 2.0, recognised to be refused with a clear error.
pub const WSDL20: &str = "http://www.w3.org/ns/wsdl";
/// WSDL 1.1 binding for SOAP 1.1.
pub const WSDL_SOAP11: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
/// WSDL 1.1 binding for SOAP 1.2.
pub const WSDL_SOAP12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
/// WSDL 1.1 HTTP GET/POST binding.
pub const WSDL_HTTP: &str = "http://schemas.xmlsoap.org/wsdl/http/";
/// WSDL 1.1 MIME binding.
pub const WSDL_MIME: &str = "http://schemas.xmlsoap.org/wsdl/mime/";
/// SOAP 1.1 envelope.
pub const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// SOAP 1.2 envelope.
pub const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// SOAP 1.1 encoding.
pub const SOAPENC11: &str = "http://schemas.xmlsoap.org/soap/encoding/";
/// SOAP 1.2 encoding.
pub const SOAPENC12: &str = "http://www.w3.org/2003/05/soap-encoding";
/// SOAP 1.2 RPC (`rpc:result`).
pub const SOAP_RPC: &str = "http://www.w3.org/2003/05/soap-rpc";
/// WS-Addressing 1.0.
pub const WSA10: &str = "http://www.w3.org/2005/08/addressing";
/// WS-Addressing WSDL binding (`wsaw:Action`).
pub const WSAW: &str = "http://www.w3.org/2006/05/addressing/wsdl";
/// WS-Addressing metadata (`wsam:Action`).
pub const WSAM: &str = "http://www.w3.org/2007/05/addressing/metadata";
/// XOP (`xop:Include`).
pub const XOP: &str = "http://www.w3.org/2004/08/xop/include";
/// `xmime:contentType`, `xmime:expectedContentTypes`.
pub const XMIME: &str = "http://www.w3.org/2005/05/xmlmime";
/// WS-I attachments profile (`ref:swaRef`).
pub const SWAREF: &str = "http://ws-i.org/profiles/basic/1.1/xsd";
/// WS-Policy 1.2.
pub const WSP12: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
/// WS-Policy 1.5.
pub const WSP15: &str = "http://www.w3.org/ns/ws-policy";
/// XML encryption.
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// WS-Security 1.0 extensions.
pub const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// WS-Security 1.0 utility: `wsu:Id`, `wsu:Timestamp`.
pub const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// WS-Addressing, the submission of August 2004.
pub const WSA2004: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// XML Signature.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
