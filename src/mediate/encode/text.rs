//! What text and names a message may carry.

use crate::xml::writer;

/// The longest name that the gate lets pass, in bytes.
const MAX_NAME_BYTES: usize = 1000;
/// The longest namespace name, in bytes.
const MAX_NAMESPACE_BYTES: usize = 1024;

/// Can XML 1.0 carry all of it?
pub(super) fn is_xml(text: &str) -> bool {
    writer::check(text).is_ok()
}

/// May it be the local name of something that a caller names?
pub(super) fn is_nc_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES && writer::is_ncname(name)
}

/// May it be the namespace name of something that a caller names? Without white space and braces.
pub(super) fn is_namespace(uri: &str) -> bool {
    uri.len() <= MAX_NAMESPACE_BYTES && is_xml(uri) && !uri.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}'))
}
