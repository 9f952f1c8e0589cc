//! The one address rule: which addresses an outgoing connection may go to.
//!
//! Addresses are judged by what they reach, not by how they are written: an IPv4 address inside an IPv6 one (mapped,
//! compatible, NAT64, 6to4) is judged as itself. Registries: IANA IPv4 and IPv6 special-purpose addresses (RFC 6890).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What an address reaches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AddressClass {
    /// The internet.
    Public,
    /// A private network: RFC 1918, unique local IPv6, carrier-grade NAT (RFC 6598), site-local IPv6.
    Private,
    /// This machine.
    Loopback,
    /// The link: 169.254.0.0/16, fe80::/10. Never allowed.
    LinkLocal,
    /// A cloud provider's metadata or host service outside the link-local range. Never allowed.
    Metadata,
    /// 0.0.0.0/8 and `::`, which many systems take for this machine. Never allowed.
    Unspecified,
    /// Multicast and broadcast. Never allowed.
    Multicast,
    /// Documentation, benchmarking and other special-purpose ranges: by list only.
    Reserved,
}

impl AddressClass {}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud metadata",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        })
    }
}

/// Which addresses may be connected to. Public ones always may; link-local, metadata, unspecified and multicast ones
/// never may, whatever the list says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Private networks too.
    pub allow_private: bool,
    /// This machine too.
    pub allow_loopback: bool,
    /// Networks that are allowed besides (`network.allow`).
    pub allow: Vec<Cidr>,
}

/// An address that the policy refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is a {class} address, which is not allowed here")]
pub struct AddressRefused {
    /// The address.
    pub address: IpAddr,
    /// Why.
    pub class: AddressClass,
}

impl AddressPolicy {
    /// Public addresses only: what comes through the portal or the admin API.
    pub fn public() -> Self {
        Self::default()
    }

    /// Private networks too: what the operator wrote in a file or on the command line.
    pub fn operator() -> Self {
        Self { allow_private: true, ..Self::default() }
    }

    /// Private networks and this machine: `try`, `mock`, tests.
    pub fn local() -> Self {
        Self { allow_private: true, allow_loopback: true, allow: Vec::new() }
    }

    /// May that address be connected to?
    ///
    /// # Errors
    /// The class that is not allowed.
    pub fn check(&self, address: IpAddr) -> Result<(), AddressRefused> {
        let class = classify(address);
        let allowed = match class {
            AddressClass::Public => true,
            AddressClass::Private => self.allow_private || self.lists(address),
            AddressClass::Loopback => self.allow_loopback || self.lists(address),
            AddressClass::Reserved => self.lists(address),
            AddressClass::LinkLocal | AddressClass::Metadata | AddressClass::Unspecified | AddressClass::Multicast => false,
        };
        if allowed { Ok(()) } else { Err(AddressRefused { address, class }) }
    }

    fn lists(&self, address: IpAddr) -> bool {
        let inner = embedded_v4(address).map(IpAddr::V4);
        self.allow.iter().any(|c| c.contains(address) || inner.is_some_and(|i| c.contains(i)))
    }
}

/// What `address` reaches.
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

/// Host services of cloud providers that are not link-local: Azure's wire server, Alibaba, Oracle.
const METADATA_V4: [Ipv4Addr; 3] = [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
/// The same in IPv6: Amazon, Google.
const METADATA_V6: [Ipv6Addr; 2] = [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

fn classify_v4(a: Ipv4Addr) -> AddressClass {
    let [o0, o1, o2, _] = a.octets();
    if METADATA_V4.contains(&a) {
        return AddressClass::Metadata;
    }
    match (o0, o1, o2) {
        (0, ..) => AddressClass::Unspecified,
        (127, ..) => AddressClass::Loopback,
        (169, 254, _) => AddressClass::LinkLocal,
        (10, ..) | (192, 168, _) | (172, 16..=31, _) | (100, 64..=127, _) => AddressClass::Private,
        (224..=239, ..) => AddressClass::Multicast,
        (255, 255, 255) if a == Ipv4Addr::BROADCAST => AddressClass::Multicast,
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) | (240..=255, ..) => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

fn classify_v6(a: Ipv6Addr) -> AddressClass {
    let s = a.segments();
    if a == Ipv6Addr::UNSPECIFIED {
        return AddressClass::Unspecified;
    }
    if a == Ipv6Addr::LOCALHOST {
        return AddressClass::Loopback;
    }
    if METADATA_V6.contains(&a) {
        return AddressClass::Metadata;
    }
    if let Some(v4) = embedded_v4(IpAddr::V6(a)) {
        let inner = classify_v4(v4);
        // 64:ff9b:1::/48 is translation inside one organisation (RFC 8215): never more than private.
        let local_use = s[0] == 0x64 && s[1] == 0xff9b && s[2] == 1;
        return if local_use && inner == AddressClass::Public { AddressClass::Private } else { inner };
    }
    match s[0] {
        0xff00..=0xffff => AddressClass::Multicast,
        0xfe80..=0xfebf => AddressClass::LinkLocal,
        0xfec0..=0xfeff | 0xfc00..=0xfdff => AddressClass::Private,
        // 2001::/23 is for protocols (Teredo, ORCHID, benchmarking), 2001:db8::/32 and 3fff::/20 for documentation.
        0x2001 if s[1] < 0x200 || s[1] == 0xdb8 => AddressClass::Reserved,
        0x3fff if s[1] < 0x1000 => AddressClass::Reserved,
        0x2000..=0x3fff => AddressClass::Public,
        _ => AddressClass::Reserved,
    }
}

/// The IPv4 address that an IPv6 one leads to, where it is a translated form: mapped, compatible, NAT64, 6to4.
fn embedded_v4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    let s = v6.segments();
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match s {
        [0, 0, 0, 0, 0, 0, ..] if v6 == Ipv6Addr::UNSPECIFIED || v6 == Ipv6Addr::LOCALHOST => None,
        // Compatible, mapped, translated (RFC 2765), NAT64 well-known and local-use.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

/// A network: an address and the number of its leading bits that count, `10.0.0.0/8`. A bare address is the network of
/// just itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

/// Text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a network such as 10.0.0.0/8 or fd00::/8")]
pub struct NotACidr {
    /// The text.
    pub text: String,
}

impl Cidr {
    /// Is `address` in it? IPv4 and IPv6 are compared in their own family only.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address) {
            (IpAddr::V4(n), IpAddr::V4(a)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                n.to_bits() & mask == a.to_bits() & mask
            }
            (IpAddr::V6(n), IpAddr::V6(a)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                n.to_bits() & mask == a.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = NotACidr;

    fn from_str(text: &str) -> Result<Self, NotACidr> {
        let error = || NotACidr { text: text.to_owned() };
        let (address, prefix) = text.trim().split_once('/').map_or((text.trim(), None), |(a, p)| (a, Some(p)));
        let network: IpAddr = address.parse().map_err(|_| error())?;
        let widest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(widest), |p| p.parse::<u8>().map_err(|_| error()))?;
        if prefix > widest { Err(error()) } else { Ok(Self { network, prefix }) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

/// Is this host, as a `Host` field or an address says it, a name or address of this machine? With or without a port.
pub fn is_loopback_host(host: &str) -> bool {
    let name = host_name(host);
    let is_name = name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    is_name || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The host of a `Host` field, without port and brackets.
pub fn host_name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names() {
        for good in ["localhost", "LOCALHOST:8280", "127.0.0.1:1", "127.9.9.9", "[::1]:8280", "a.localhost"] {
            assert!(is_loopback_host(good), "{good}");
        }
        for bad in ["example.org", "127.0.0.1.example.org", "10.0.0.1:80", "[::2]", "localhost.example.org", ""] {
            assert!(!is_loopback_host(bad), "{bad}");
        }
    }

    fn class(text: &str) -> AddressClass {
        classify(text.parse().expect(text))
    }

    #[test]
    fn every_range_has_its_class() {
        use AddressClass::*;
        for (text, expected) in [
            ("8.8.8.8", Public),
            ("172.15.255.255", Public),
            ("172.32.0.1", Public),
            ("100.63.0.1", Public),
            ("2606:4700::1111", Public),
            ("10.1.2.3", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.0.1", Private),
            ("100.64.0.1", Private),
            ("fd12::1", Private),
            ("fc00::1", Private),
            ("fec0::1", Private),
            ("127.0.0.1", Loopback),
            ("127.255.0.9", Loopback),
            ("::1", Loopback),
            ("169.254.169.254", LinkLocal),
            ("169.254.0.1", LinkLocal),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("168.63.129.16", Metadata),
            ("100.100.100.200", Metadata),
            ("fd00:ec2::254", Metadata),
            ("0.0.0.0", Unspecified),
            ("0.1.2.3", Unspecified),
            ("::", Unspecified),
            ("224.0.0.1", Multicast),
            ("255.255.255.255", Multicast),
            ("ff02::1", Multicast),
            ("192.0.2.1", Reserved),
            ("198.51.100.7", Reserved),
            ("203.0.113.7", Reserved),
            ("198.18.0.1", Reserved),
            ("240.0.0.1", Reserved),
            ("2001:db8::1", Reserved),
            ("3fff::1", Reserved),
            ("2001::1", Reserved),
            ("4000::1", Reserved),
            ("100::1", Reserved),
        ] {
            assert_eq!(class(text), expected, "{text}");
        }
    }

    #[test]
    fn an_address_inside_another_is_judged_as_itself() {
        use AddressClass::*;
        for (text, expected) in [
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:169.254.169.254", LinkLocal),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:8.8.8.8", Public),
            ("::127.0.0.1", Loopback),
            ("::ffff:0:127.0.0.1", Loopback),
            ("64:ff9b::a9fe:a9fe", LinkLocal),
            ("64:ff9b::7f00:1", Loopback),
            ("64:ff9b::808:808", Public),
            ("64:ff9b:1::808:808", Private),
            ("64:ff9b:1::a9fe:a9fe", LinkLocal),
            ("2002:7f00:1::", Loopback),
            ("2002:a00:1::1", Private),
            ("2002:a9fe:a9fe::1", LinkLocal),
        ] {
            assert_eq!(class(text), expected, "{text}");
        }
    }

    #[test]
    fn a_list_allows_networks_but_never_the_link() {
        let all =
            |list: &[&str]| AddressPolicy { allow: list.iter().map(|t| t.parse().expect("cidr")).collect(), ..AddressPolicy::public() };
        let ok = |p: &AddressPolicy, a: &str| p.check(a.parse().expect("address")).is_ok();
        let policy = all(&["10.1.0.0/16", "127.0.0.1", "fd00::/8", "0.0.0.0/0", "::/0"]);
        assert!(ok(&policy, "10.1.2.3") && ok(&policy, "127.0.0.1") && ok(&policy, "fd00::9"));
        for never in ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "fd00:ec2::254", "::ffff:169.254.169.254"] {
            assert!(!ok(&policy, never), "{never}");
        }
        let narrow = all(&["10.1.0.0/16"]);
        assert!(ok(&narrow, "::ffff:10.1.9.9") && !ok(&narrow, "10.2.0.1") && !ok(&narrow, "127.0.0.1"));
        assert!(ok(&AddressPolicy::operator(), "10.0.0.1") && !ok(&AddressPolicy::operator(), "127.0.0.1"));
        assert!(ok(&AddressPolicy::local(), "127.0.0.1"));
        assert!(!ok(&AddressPolicy::public(), "10.0.0.1") && ok(&AddressPolicy::public(), "1.1.1.1"));
    }

    #[test]
    fn networks_are_read_strictly() {
        for bad in ["", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "x/8", "10.0.0.0/", "10.0.0.0/-1"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
        assert_eq!("10.0.0.0/8".parse::<Cidr>().expect("cidr").to_string(), "10.0.0.0/8");
        assert!("0.0.0.0/0".parse::<Cidr>().expect("cidr").contains("1.2.3.4".parse().expect("address")));
    }
}
