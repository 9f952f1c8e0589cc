//! Where a request comes from: the name by which the portal was called, the page that sent it, the address of who sent it.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;

use super::Portal;
use crate::config::ForwardedField;
use crate::net::address::{host_name, is_loopback_host};
use crate::net::forwarded::{by_forwarded, by_x_forwarded_for};
use crate::net::serve::Peer;

/// Is the portal called by a name that nobody else can point here (DNS rebinding)? An address as such can not.
pub(super) fn is_called_rightly(portal: &Portal, head: &Parts) -> bool {
    let host = host(head);
    let name = host_name(host);
    let public = portal.settings.public_url.as_ref().and_then(|url| url.host_str());
    is_loopback_host(host) || name.parse::<IpAddr>().is_ok() || public.is_some_and(|p| p.eq_ignore_ascii_case(name))
}

/// Did a page of the portal send this? What a browser says of it counts (`Sec-Fetch-Site`, `Origin`); a request that says nothing of it was sent by no
/// browser of today, and is refused too.
pub(super) fn is_from_here(portal: &Portal, head: &Parts) -> bool {
    let text = |name: &str| head.headers.get(name).map(|v| v.to_str().unwrap_or_default());
    let site = text("sec-fetch-site");
    let origin = text(ORIGIN.as_str());
    if site.is_none() && origin.is_none() {
        return false;
    }
    site.is_none_or(|s| s == "same-origin") && origin.is_none_or(|o| o == own_origin(portal, head))
}

/// The origin that pages of the portal have.
fn own_origin(portal: &Portal, head: &Parts) -> String {
    match &portal.settings.public_url {
        Some(url) if !is_loopback_host(host(head)) => url.origin().ascii_serialization(),
        _ => format!("http://{}", host(head)),
    }
}

fn host(head: &Parts) -> &str {
    let field = head.headers.get(HOST).and_then(|h| h.to_str().ok());
    field.or_else(|| head.uri.authority().map(|a| a.as_str())).unwrap_or_default()
}

/// The address of who sent it, where trusted proxies stand in between too.
pub(super) fn peer(portal: &Portal, head: &Parts) -> IpAddr {
    let peer = head.extensions.get::<Peer>().map_or(IpAddr::from([127, 0, 0, 1]), |p| p.0);
    let (trusted, field) = &portal.proxies;
    let values = |name: &str| head.headers.get_all(name).iter().map(|v| v.as_bytes()).collect::<Vec<_>>().into_iter();
    match field {
        ForwardedField::XForwarded => by_x_forwarded_for(peer, trusted, values("x-forwarded-for")),
        ForwardedField::Forwarded => by_forwarded(peer, trusted, values("forwarded")),
    }
}
