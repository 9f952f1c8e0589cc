//! `headers`: who gives the value of a declared `soap:header` part.

use std::collections::BTreeMap;

use super::SecretSource;
use crate::diagnostic::Span;
use crate::json::looks_like_credentials;

/// One of `headers`: who gives the value, and where the file says so.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderRule {
    /// Who gives it.
    pub part: HeaderPart,
    /// Where that stands in the file; `None` for one that an import made.
    pub span: Option<Span>,
}

/// Who gives the value of a declared header part.
#[derive(Debug, Clone, PartialEq)]
pub enum HeaderPart {
    /// The caller, under `$headers`.
    Caller,
    /// The caller, but it is a credential: no document shows a value of it, no log and no message repeats it.
    Secret,
    /// Nobody: the block is not sent.
    Omit,
    /// The API: this value is sent with every call.
    Constant(serde_json::Value),
    /// The API: this secret is sent with every call. A simple part's value is the text, another one's JSON text.
    ApiSecret(SecretSource),
}

/// Who gives the value of a header part: what `headers` says of it in that operation, what it says of it in all, else by its names.
/// `element` is the local name of the header block.
pub fn header_part(headers: &BTreeMap<String, HeaderRule>, operation: &str, part: &str, element: &str) -> HeaderPart {
    match header_rule(headers, operation, part) {
        Some((_, rule)) => rule.part.clone(),
        None if looks_like_credentials(part) || looks_like_credentials(element) => HeaderPart::Secret,
        None => HeaderPart::Caller,
    }
}

/// The rule for a header part, with its key: that of the operation before that of all.
pub fn header_rule<'h>(headers: &'h BTreeMap<String, HeaderRule>, operation: &str, part: &str) -> Option<(&'h str, &'h HeaderRule)> {
    let found = headers.get_key_value(&format!("{operation}/{part}")).or_else(|| headers.get_key_value(part));
    found.map(|(key, rule)| (key.as_str(), rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_s_own_rule_comes_first_and_names_decide_last() {
        let rule = |part| HeaderRule { part, span: None };
        let headers = BTreeMap::from([("call".to_owned(), rule(HeaderPart::Omit)), ("Op/call".to_owned(), rule(HeaderPart::Caller))]);
        assert_eq!(header_part(&headers, "Op", "call", "Call"), HeaderPart::Caller);
        assert_eq!(header_part(&headers, "Other", "call", "Call"), HeaderPart::Omit);
        assert_eq!(header_part(&headers, "Op", "trace", "Trace"), HeaderPart::Caller);
        assert_eq!(header_part(&headers, "Op", "parameters", "AuthHeader"), HeaderPart::Secret);
        for credential in ["SessionToken", "wsse_Security", "AuthHeader", "UserAuthorization", "Authentication", "loginInfo"] {
            assert_eq!(header_part(&headers, "Op", credential, "x"), HeaderPart::Secret, "{credential}");
        }
        for plain in ["Author", "authority", "trace", "RequestVersion"] {
            assert_eq!(header_part(&headers, "Op", plain, "x"), HeaderPart::Caller, "{plain}");
        }
    }
}
