use url::{Host, Url};

/// Longest redirect URI, in bytes.
const MAX_BYTES: usize = 2 << 10;

/// Why codes are never sent to this redirect URI, whoever registers it; `None`: it is good. RFC 6749, section 3.1.2; RFC 8252, section 7; RFC
/// 9700, section 2.6: `https`, `http` to this machine only, or a scheme of an application's own that has a dot.
pub fn redirect_refusal(uri: &str) -> Option<&'static str> {
    if uri.len() > MAX_BYTES || !uri.bytes().all(|b| b.is_ascii_graphic()) || uri.contains(['\\', '"', '<', '>']) {
        return Some("a redirect URI is an absolute URI of at most 2 KiB");
    }
    let Ok(url) = Url::parse(uri) else { return Some("a redirect URI is an absolute URI of at most 2 KiB") };
    if uri.contains('#') {
        return Some("a redirect URI has no fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("a redirect URI has no user and no password");
    }
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => None,
        "http" if is_here => None,
        "http" => Some("a redirect URI is https, or http to this machine"),
        own if own.contains('.') => None,
        _ => Some("a redirect URI is https, http to this machine, or has a scheme of its own such as com.example.app"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_to_safe_places_only() {
        for good in ["https://a.example/cb?x=1", "http://127.0.0.1:9/cb", "http://localhost/", "http://[::1]/cb", "com.example.app:/cb"] {
            assert_eq!(redirect_refusal(good), None, "{good}");
        }
        let long = format!("https://a.example/{}", "a".repeat(2048));
        for bad in [
            "",
            "/cb",
            "//a.example/cb",
            "http://a.example/cb",
            "http://localhost.a.example/cb",
            "https://a.example/cb#x",
            "https://u:p@a.example/cb",
            "https://u@a.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "urn:ietf:wg:oauth:2.0:oob",
            "https://a.example/c b",
            "https://a.example\\@b.example/",
            "https://a.example/\r\nx",
            &long,
        ] {
            assert!(redirect_refusal(bad).is_some(), "{bad}");
        }
    }
}
