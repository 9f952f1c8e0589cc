//! Which endpoint a path is, and whose.

use percent_encoding::percent_decode_str;

use crate::auth::DEFAULT_TENANT;

/// Where RFC 8414, section 3, has the metadata.
const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// What can be asked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Token,
    Revoke,
    Introspect,
    Authorize,
    Jwks,
    Metadata,
}

/// The endpoint of a (still encoded) path, and its tenant. `base` is the path of the gateway's public address, without a slash at the end: RFC 8414 puts it
/// behind the well-known part.
pub(super) fn find(path: &str, base: &str) -> Option<(String, Endpoint)> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    if let Some(rest) = path.strip_prefix(WELL_KNOWN) {
        let rest = rest.strip_prefix(base).filter(|r| r.is_empty() || r.starts_with('/')).unwrap_or(rest);
        return match rest {
            "" | "/" => Some((DEFAULT_TENANT.to_owned(), Endpoint::Metadata)),
            rest => rest.strip_prefix("/t/").filter(|t| is_segment(t)).map(|t| (t.to_owned(), Endpoint::Metadata)),
        };
    }
    let (tenant, rest) = match path.strip_prefix("/t/").and_then(|rest| rest.split_once('/')) {
        Some((tenant, rest)) if is_segment(tenant) => (tenant, rest),
        Some(_) => return None,
        None => (DEFAULT_TENANT, path.strip_prefix('/')?),
    };
    let endpoint = match rest {
        "oauth2/token" | "token" => Endpoint::Token,
        "oauth2/revoke" | "revoke" => Endpoint::Revoke,
        "oauth2/introspect" => Endpoint::Introspect,
        "oauth2/authorize" => Endpoint::Authorize,
        "oauth2/jwks" => Endpoint::Jwks,
        // Not RFC 8414's form, but what many look for.
        ".well-known/oauth-authorization-server" => Endpoint::Metadata,
        _ => return None,
    };
    Some((tenant.to_owned(), endpoint))
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && !text.contains('/')
}

/// Can it be a path of [`find`]?
pub(super) fn may_be(path: &str) -> bool {
    ["/oauth2/", "/token", "/revoke", "/.well-known/", "/t/"].iter().any(|start| path.starts_with(start)) || path.contains('%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let found = |path: &str| find(path, "/gw");
        let is = |tenant: &str, endpoint| Some((tenant.to_owned(), endpoint));
        assert_eq!(found("/oauth2/token"), is("default", Endpoint::Token));
        assert_eq!(found("/token"), is("default", Endpoint::Token));
        assert_eq!(found("/oauth2/%74oken"), is("default", Endpoint::Token));
        assert_eq!(found("/t/acme/oauth2/revoke"), is("acme", Endpoint::Revoke));
        assert_eq!(found("/t/a%20b/oauth2/jwks"), is("a b", Endpoint::Jwks));
        assert_eq!(found(WELL_KNOWN), is("default", Endpoint::Metadata));
        assert_eq!(found(&format!("{WELL_KNOWN}/t/acme")), is("acme", Endpoint::Metadata));
        assert_eq!(found(&format!("{WELL_KNOWN}/gw")), is("default", Endpoint::Metadata));
        assert_eq!(found(&format!("{WELL_KNOWN}/gw/t/acme")), is("acme", Endpoint::Metadata));
        assert_eq!(found("/t/acme/.well-known/oauth-authorization-server"), is("acme", Endpoint::Metadata));
        for none in ["/oauth2", "/oauth2/", "/oauth2/tokens", "/oauth2/token/", "/tokens", "/t/acme/geo/1", "/t//oauth2/token", "/t/token"]
        {
            assert_eq!(found(none), None, "{none}");
        }
        for none in ["x", "/x", "/t/", "/t/a/b", "/gwx"] {
            assert_eq!(found(&format!("{WELL_KNOWN}{none}")), None, "{none}");
        }
    }
}
