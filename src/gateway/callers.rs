//! Where a call comes from: the caller's address, through the proxies that the operator named, and whether it may call from there.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

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
}

impl Through {
    /// Reads it of a request's fields.
    pub(super) fn of(network: &Network, peer: IpAddr, headers: &HeaderMap) -> Self {
        let trusted = &network.trusted_proxies;
        if trusted.is_empty() || !lists(trusted, peer) {
            return Self { caller: peer.to_canonical(), scheme: None, host: None };
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
        Self { caller, scheme, host }
    }
}

/// What a caller reads whose address may not call.
pub(super) fn refused() -> Problem {
    let mut problem = Problem::new(Reason::Forbidden, 403, "Calls from this address are not taken.").with_code("castile.address_refused");
    problem.title = "Address refused".into();
    problem
}
