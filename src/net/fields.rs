//! Which HTTP fields stay on their side of the gateway, in one list: for the reader of definitions and for the gateway.

/// Fields of one connection (RFC 9110, section 7.6.1), both ways.
const HOP_BY_HOP: [&str; 11] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Of a request: what each call says of its own message.
const MESSAGE: [&str; 8] =
    ["accept", "accept-encoding", "content-encoding", "content-length", "content-type", "expect", "host", "soapaction"];

/// Of a request: what is the gateway's to say, or meant for it alone: callers' credentials are not the upstream's.
const CALLERS: [&str; 8] =
    ["apikey", "authorization", "cookie", "set-cookie", "user-agent", "x-authorization", "x-jwt-assertion", "x-request-id"];

/// Of an answer: what the gateway writes itself, and what a browser takes as said by the whole origin, of which an API is only a part.
const ANSWER: [&str; 17] = [
    "allow",
    "alt-svc",
    "authentication-info",
    "clear-site-data",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "public-key-pins",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "www-authenticate",
    "x-content-type-options",
    "x-jwt-assertion",
    "x-request-id",
];

/// Of a request: what clients and proxies send by themselves, whatever the API.
const BY_THEMSELVES: [&str; 16] = [
    "accept-charset",
    "accept-language",
    "cache-control",
    "date",
    "dnt",
    "forwarded",
    "from",
    "max-forwards",
    "origin",
    "pragma",
    "priority",
    "range",
    "referer",
    "upgrade-insecure-requests",
    "via",
    "warning",
];

/// May an API let this field of a request travel to the upstream? `name` in lower case.
pub fn may_be_forwarded(name: &str) -> bool {
    may_be_added(name) && !CALLERS.contains(&name)
}

/// May an API add this field, with a value of its own, to the requests that the upstream gets? `name` in lower case.
pub fn may_be_added(name: &str) -> bool {
    !HOP_BY_HOP.contains(&name) && !MESSAGE.contains(&name)
}

/// May an API let this field of the upstream's answer travel to the caller? `name` in lower case. What browsers ask of an origin
/// (`Access-Control-…`) is the gateway's to say.
pub fn may_be_returned(name: &str) -> bool {
    !HOP_BY_HOP.contains(&name) && !ANSWER.contains(&name) && !name.starts_with("access-control-")
}

/// May a field of that name (in lower case) be a parameter of an operation: does nothing but a caller who means it send it?
pub fn may_be_a_parameter(name: &str) -> bool {
    let prefixes = ["if-", "sec-", "x-forwarded-", "access-control-"];
    is_name(name) && may_be_forwarded(name) && !BY_THEMSELVES.contains(&name) && !prefixes.iter().any(|p| name.starts_with(p))
}

/// Is it a field's name (RFC 9110, section 5.1)?
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_in_lower_case() {
        for list in [&HOP_BY_HOP[..], &MESSAGE, &CALLERS, &ANSWER, &BY_THEMSELVES] {
            assert!(list.is_sorted() && list.iter().all(|n| is_name(n) && *n == n.to_ascii_lowercase()), "{list:?}");
        }
    }
}
