//! Where a call comes from: the caller's address, through the proxies that the operator named, and whether it may call from there.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};

use crate::auth::{self, Certificate};
use crate::config::{ForwardedField, Network};
use crate::net::forwarded::{by_forwarded, by_x_forwarded_for, last_forwarded, lists};
use crate::problem::{Problem, Reason};

const FORWARDED: HeaderName = http::header::FORWARDED;
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// What the proxies in front say of a request; nothing where the one who is connected is none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Through {
    /// Who calls.
    pub(super) caller: IpAddr,
    /// `https` or `http`: how the caller reached the nearest proxy.
    pub(super) scheme: Option<&'static str>,
    /// The host that the caller asked that proxy for.
    pub(super) host: Option<String>,
    /// The client certificate that the proxy hands on; outer `None`: the connection's own counts.
    pub(super) certificate: Option<Option<Certificate>>,
}

impl Through {
    /// Reads it of a request's fields.
    pub(super) fn of(network: &Network, peer: IpAddr, headers: &HeaderMap) -> Self {
        let trusted = &network.trusted_proxies;
        if trusted.is_empty() || !lists(trusted, peer) {
            return Self { caller: peer.to_canonical(), scheme: None, host: None, certificate: None };
        }
        let values = |name: &HeaderName| headers.get_all(name).iter().map(http::HeaderValue::as_bytes);
        let (caller, scheme, host) = match network.forwarded {
            ForwardedField::XForwarded => {
                let last = |name| {
                    values(&name).next_back().and_then(|v| std::str::from_utf8(v).ok()).map(|t| {
                        let last = t.rsplit(',').next().unwrap_or_default();
                        last.trim().to_owned()
                    })
                };
                (by_x_forwarded_for(peer, trusted, values(&X_FORWARDED_FOR)), last(X_FORWARDED_PROTO), last(X_FORWARDED_HOST))
            }
            ForwardedField::Forwarded => {
                let last = |name| last_forwarded(values(&FORWARDED), name);
                (by_forwarded(peer, trusted, values(&FORWARDED)), last("proto"), last("host"))
            }
        };
        let scheme = scheme.and_then(|s| ["https", "http"].into_iter().find(|known| s.eq_ignore_ascii_case(known)));
        // Repeated in documents: nothing but a host and a port.
        let host = host.filter(|h| !h.is_empty() && !h.contains('@') && h.parse::<http::uri::Authority>().is_ok());
        // The connection's own certificate is the proxy's, not the caller's.
        let certificate = network.client_certificate.as_deref().map(|name| handed_on(headers, name));
        Self { caller, scheme, host, certificate }
    }
}

/// RFC 9440, section 2.2: a byte sequence of structured fields, the DER form in base64 between colons.
fn handed_on(headers: &HeaderMap, name: &str) -> Option<Certificate> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    let text = value.to_str().ok().map(str::trim).and_then(|t| t.strip_prefix(':')?.strip_suffix(':'));
    let der = text.and_then(|t| STANDARD.decode(t).ok()).filter(|der| !der.is_empty() && values.next().is_none());
    Some(der.map_or(Certificate::Refused, |der| Certificate::Verified(auth::certificate_digest(&der))))
}

/// What a caller reads whose address may not call.
pub(super) fn refused() -> Problem {
    let mut problem = Problem::new(Reason::Forbidden, 403, "Calls from this address are not taken.").with_code("castile.address_refused");
    problem.title = "Address refused".into();
    problem
}
