//! Who calls, where proxies stand in between: the caller's address out of `X-Forwarded-For` or `Forwarded` (RFC 7239).
//!
//! A field counts only as far as proxies that the operator named wrote it: it is read from its end, and the first address that is no such
//! proxy is the caller's. What stands before that anybody may have written.

use std::net::{IpAddr, SocketAddr};

use super::address::Cidr;

/// Addresses that may call. `deny` wins; with an empty `allow` everybody else may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressLists {
    /// Who may; empty: everybody.
    pub allow: Vec<Cidr>,
    /// Who may not, whatever `allow` says.
    pub deny: Vec<Cidr>,
}

impl AddressLists {
    /// May `address` call?
    pub fn permits(&self, address: IpAddr) -> bool {
        !lists(&self.deny, address) && (self.allow.is_empty() || lists(&self.allow, address))
    }

    /// Do they say anything?
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }
}

/// Is `address` in one of `networks`? An IPv4 address and its form in IPv6 (`::ffff:a.b.c.d`) are the same one.
pub fn lists(networks: &[Cidr], address: IpAddr) -> bool {
    let address = address.to_canonical();
    let mapped = match address {
        IpAddr::V4(v4) => Some(IpAddr::V6(v4.to_ipv6_mapped())),
        IpAddr::V6(_) => None,
    };
    networks.iter().any(|n| n.contains(address) || mapped.is_some_and(|m| n.contains(m)))
}

/// The caller's address by `X-Forwarded-For`: `values` are the field's, in the order in which they came; `peer` is who is connected.
pub fn by_x_forwarded_for<'a>(peer: IpAddr, trusted: &[Cidr], values: impl DoubleEndedIterator<Item = &'a [u8]>) -> IpAddr {
    // An address holds no comma, so that the list can be cut before it is read.
    walk(peer, trusted, values.rev().flat_map(|v| v.rsplit(|b| *b == b',')).map(|entry| node(text(entry)?)))
}

/// The caller's address by `Forwarded`, of which `for` is read.
pub fn by_forwarded<'a>(peer: IpAddr, trusted: &[Cidr], values: impl DoubleEndedIterator<Item = &'a [u8]>) -> IpAddr {
    walk(peer, trusted, values.rev().flat_map(|v| elements(v).into_iter().rev()).map(|element| node(&parameter(element?, "for")?)))
}

/// The parameter `name` of the last element of `Forwarded`: what the nearest proxy says.
pub fn last_forwarded<'a>(mut values: impl DoubleEndedIterator<Item = &'a [u8]>, name: &str) -> Option<String> {
    parameter(elements(values.next_back()?).pop()??, name)
}

/// From the nearest hop to the farthest, as long as a trusted proxy says it. What is no address ends the walk: the proxy that says so
/// stands for whoever is behind it.
fn walk(peer: IpAddr, trusted: &[Cidr], hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
    let mut caller = peer.to_canonical();
    for hop in hops {
        if !lists(trusted, caller) {
            break;
        }
        let Some(address) = hop else { break };
        caller = address.to_canonical();
    }
    caller
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(str::trim)
}

/// `192.0.2.1`, `192.0.2.1:443`, `[2001:db8::1]:443`, `[2001:db8::1]`, and IPv6 without brackets as many proxies write it. `unknown` and
/// names that hide an address are none.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    let (address, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(a, _)| a.contains(':'))?,
        None => text.split_once(':').filter(|(a, _)| !a.contains(':'))?,
    };
    // A port may be hidden too: `_` and letters.
    let is_port = port.trim_start_matches(':').bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if is_port { address.parse().ok() } else { None }
}

/// The elements of a `Forwarded` value, cut at commas outside of quotes; `None` for what is not text.
fn elements(value: &[u8]) -> Vec<Option<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let is_end = |byte: &u8| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' => return !quoted,
            _ => {}
        }
        false
    };
    let mut list: Vec<_> = value.split(is_end).map(text).collect();
    // A quote that nobody closed could hide what stands behind it: nothing of the value counts.
    if let (true, Some(last)) = (quoted, list.last_mut()) {
        *last = None;
    }
    list
}

/// A parameter of an element; `None` where it is missing or stands twice.
fn parameter(element: &str, name: &str) -> Option<String> {
    let mut found = None;
    for pair in element.split(';') {
        let (key, value) = pair.split_once('=')?;
        if key.trim().eq_ignore_ascii_case(name) {
            let value = value.trim();
            let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
            if inner.contains(['"', '\\']) || found.replace(inner.to_owned()).is_some() {
                return None;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<Cidr> {
        texts.iter().map(|t| t.parse().unwrap()).collect()
    }

    fn x(peer: &str, values: &[&str]) -> String {
        let trusted = networks(&["10.0.0.0/8", "fd00::/8"]);
        by_x_forwarded_for(peer.parse().unwrap(), &trusted, values.iter().map(|v| v.as_bytes())).to_string()
    }

    fn f(values: &[&str]) -> String {
        by_forwarded("10.0.0.1".parse().unwrap(), &networks(&["10.0.0.0/8"]), values.iter().map(|v| v.as_bytes())).to_string()
    }

    #[test]
    fn the_first_address_from_the_end_that_is_no_proxy_calls() {
        for (peer, values, caller) in [
            ("192.0.2.1", &["10.0.0.9"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", &["203.0.113.5, 192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", &["203.0.113.5,192.0.2.7, 10.2.3.4"], "192.0.2.7"),
            ("10.0.0.1", &["203.0.113.5", "192.0.2.7", "10.2.3.4"], "192.0.2.7"),
            ("10.0.0.1", &["192.0.2.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.7, unknown, 10.2.3.4"], "10.2.3.4"),
            ("10.0.0.1", &["192.0.2.7,"], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.7:4711"], "192.0.2.7"),
            ("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("fd00::1", &["::ffff:192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", &["192.0.2.7 10.0.0.2"], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.999"], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.7, <script>"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ] {
            assert_eq!(x(peer, values), caller, "{peer} {values:?}");
        }
        let many = format!("192.0.2.7{}", ", 10.0.0.2".repeat(3000));
        assert_eq!(x("10.0.0.1", &[&many]), "192.0.2.7");
    }

    #[test]
    fn forwarded_is_read_by_its_grammar() {
        for (values, caller) in [
            (&["for=192.0.2.7"][..], "192.0.2.7"),
            (&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
            (&["for=203.0.113.5, for=192.0.2.7;proto=https;by=10.0.0.9"], "192.0.2.7"),
            (&["for=203.0.113.5", "for=192.0.2.7", "for=10.0.0.3"], "192.0.2.7"),
            (&["for=192.0.2.7, for=unknown"], "10.0.0.1"),
            (&["for=192.0.2.7, for=_hidden"], "10.0.0.1"),
            (&["for=192.0.2.7, proto=https"], "10.0.0.1"),
            (&["for=192.0.2.7;for=203.0.113.5"], "10.0.0.1"),
            (&["for=\"192.0.2.7"], "10.0.0.1"),
            (&["for=\"a,for=192.0.2.7\""], "10.0.0.1"),
            (&["for=\"192.0.2.7:_port\""], "192.0.2.7"),
            (&["=,;,;;"], "10.0.0.1"),
        ] {
            assert_eq!(f(values), caller, "{values:?}");
        }
        let last = |v: &str, n| last_forwarded([v.as_bytes()].into_iter(), n);
        assert_eq!(last("for=a;proto=http, for=b;proto=https;host=\"x.org:1\"", "proto").as_deref(), Some("https"));
        assert_eq!(last("for=a;proto=http, for=b;host=\"x.org:1\"", "host").as_deref(), Some("x.org:1"));
        assert_eq!(last("for=a;proto=http, for=b", "proto"), None);
    }

    #[test]
    fn deny_wins_and_both_forms_of_an_address_are_one() {
        let may = |allow: &[&str], deny: &[&str], address: &str| {
            AddressLists { allow: networks(allow), deny: networks(deny) }.permits(address.parse().unwrap())
        };
        assert!(may(&[], &[], "192.0.2.1"));
        assert!(!may(&[], &["192.0.2.0/24"], "::ffff:192.0.2.1"));
        assert!(!may(&[], &["::ffff:192.0.2.1"], "192.0.2.1"));
        assert!(may(&["2001:db8::/32"], &[], "2001:db8::5") && !may(&["2001:db8::/32"], &[], "192.0.2.1"));
        assert!(!may(&["192.0.2.0/24"], &["192.0.2.1"], "192.0.2.1") && may(&["192.0.2.0/24"], &["192.0.2.1"], "192.0.2.2"));
    }
}
