//! The head of an HTTP/1 request, checked byte by byte before the HTTP library reads it (RFC 9112).
//!
//! hyper forgives a bare LF, a second equal Content-Length, a missing or second Host; two parties that forgive differently are how
//! requests are smuggled. Pure: bytes in, framing or a refusal out.

use crate::config::HttpLimits;
use crate::problem::{Problem, Reason};

/// Where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes; 0 for no body.
    Length(u64),
    /// By chunked coding.
    Chunked,
}

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    LineEnd,
    RequestLine,
    Version,
    Http2,
    Method,
    TargetTooLong,
    HeadTooLarge,
    TooManyFields,
    Field,
    NoHost,
    TwoHosts,
    Host,
    HostContradicts,
    TwoLengths,
    Length,
    LengthAndCoding,
    TransferCoding,
    CodingInHttp10,
    Expectation,
    Slow,
}

/// Methods that are never answered, and those that are.
const REFUSED_METHODS: [&str; 2] = ["TRACE", "CONNECT"];
/// For the `Allow` field where no resource says more.
pub(super) const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Is this a method that no resource can have?
pub(super) fn is_refused_method(method: &str) -> bool {
    REFUSED_METHODS.contains(&method)
}

impl Refusal {
    fn status_and_text(self) -> (u16, &'static str) {
        match self {
            Self::LineEnd => (400, "A line of the request's head does not end in CR LF."),
            Self::RequestLine => (400, "The request line is not `METHOD TARGET HTTP/1.1`."),
            Self::Version => (505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."),
            Self::Http2 => (505, "HTTP/2 needs TLS here."),
            Self::Method => (405, "TRACE and CONNECT are not answered."),
            Self::TargetTooLong => (414, "The request target is longer than the limit."),
            Self::HeadTooLarge => (431, "The request's head is larger than the limit."),
            Self::TooManyFields => (431, "The request has more header fields than the limit."),
            Self::Field => (400, "A header field is not `name: value`, or has a control character."),
            Self::NoHost => (400, "The Host header field is missing."),
            Self::TwoHosts => (400, "There is more than one Host header field."),
            Self::Host => (400, "The Host header field is not a host and a port."),
            Self::HostContradicts => (400, "The Host header field contradicts the request target."),
            Self::TwoLengths => (400, "There is more than one Content-Length header field."),
            Self::Length => (400, "The Content-Length header field is not a number."),
            Self::LengthAndCoding => (400, "Content-Length and Transfer-Encoding exclude each other."),
            Self::TransferCoding => (501, "The only transfer coding is `chunked`."),
            Self::CodingInHttp10 => (400, "HTTP/1.0 has no Transfer-Encoding."),
            Self::Expectation => (417, "The only expectation is `100-continue`."),
            Self::Slow => (408, "The request's head did not arrive in time."),
        }
    }

    /// What the caller reads.
    pub(super) fn problem(self) -> Problem {
        let (status, text) = self.status_and_text();
        let reason = match status {
            405 => Reason::MethodNotAllowed,
            408 => Reason::RequestTimeout,
            414 | 431 => Reason::TooLarge,
            _ => Reason::BadRequest,
        };
        let mut problem = Problem::new(reason, status, text);
        if status == 405 {
            problem.allow = Some(String::from(METHODS));
        }
        problem
    }
}

/// Length of the head in `bytes` with its empty line, once it is there. `from` is how much was looked at before.
///
/// # Errors
/// A line end that is not CR LF.
pub(super) fn find_end(bytes: &[u8], from: usize) -> Result<Option<usize>, Refusal> {
    // Two bytes back: a CR LF may have been cut in two, and the line before it counts.
    let start = from.saturating_sub(3);
    for at in memchr::memchr_iter(b'\n', bytes.get(start..).unwrap_or_default()).map(|i| i + start) {
        if at == 0 || bytes.get(at - 1) != Some(&b'\r') {
            return Err(Refusal::LineEnd);
        }
        if at >= 3 && bytes.get(at - 3..at) == Some(b"\r\n\r") {
            return Ok(Some(at + 1));
        }
    }
    Ok(None)
}

/// Checks a whole head, its empty line included.
///
/// # Errors
/// The first thing that is wrong: the caller's fault.
pub(super) fn check(head: &[u8], limits: &HttpLimits) -> Result<Framing, Refusal> {
    let mut lines = head.strip_suffix(b"\r\n\r\n").ok_or(Refusal::LineEnd)?.split(|b| *b == b'\n');
    let mut line = || lines.next().map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let request_line = RequestLine::parse(line().unwrap_or_default(), limits)?;
    let mut fields = Fields::default();
    let mut count = 0;
    while let Some(field) = line() {
        count += 1;
        if count > limits.headers {
            return Err(Refusal::TooManyFields);
        }
        fields.take(field)?;
    }
    fields.check_host(&request_line)?;
    fields.framing(request_line.http10)
}

struct RequestLine<'a> {
    authority: Option<&'a [u8]>,
    http10: bool,
}

impl<'a> RequestLine<'a> {
    /// `method SP request-target SP HTTP-version` (RFC 9112, section 3).
    fn parse(line: &'a [u8], limits: &HttpLimits) -> Result<Self, Refusal> {
        let mut words = line.split(|b| *b == b' ');
        let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return Err(if line.len() > limits.uri.get() { Refusal::TargetTooLong } else { Refusal::RequestLine });
        };
        if method.is_empty() || method.len() > 32 || !method.iter().all(|b| is_token(*b)) {
            return Err(Refusal::RequestLine);
        }
        let http10 = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            v if v.starts_with(b"HTTP/") => return Err(Refusal::Version),
            _ => return Err(Refusal::RequestLine),
        };
        if target.len() > limits.uri.get() {
            return Err(Refusal::TargetTooLong);
        }
        if std::str::from_utf8(method).is_ok_and(is_refused_method) {
            return Err(Refusal::Method);
        }
        if target.is_empty() || !target.iter().all(|b| (0x21..0x7f).contains(b) && *b != b'#') {
            return Err(Refusal::RequestLine);
        }
        let authority = match target {
            [b'/', ..] => None,
            b"*" if method == b"OPTIONS" => None,
            _ => Some(authority_of(target).ok_or(Refusal::RequestLine)?),
        };
        Ok(Self { authority, http10 })
    }
}

/// The authority of a target in absolute form.
fn authority_of(target: &[u8]) -> Option<&[u8]> {
    let lower = target.get(..8.min(target.len()))?.to_ascii_lowercase();
    let rest = if lower.starts_with(b"http://") {
        target.get(7..)?
    } else if lower.starts_with(b"https://") {
        target.get(8..)?
    } else {
        return None;
    };
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
    rest.get(..end).filter(|a| is_host(a))
}

#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    coding: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    /// `field-name ":" OWS field-value OWS` (RFC 9112, section 5): no space before the colon, no folding.
    fn take(&mut self, line: &'a [u8]) -> Result<(), Refusal> {
        let colon = memchr::memchr(b':', line).ok_or(Refusal::Field)?;
        let (name, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
        if name.is_empty() || !name.iter().all(|b| is_token(*b)) {
            return Err(Refusal::Field);
        }
        if !value.iter().all(|b| (*b >= 0x20 && *b != 0x7f) || *b == b'\t') {
            return Err(Refusal::Field);
        }
        let value = value.trim_ascii();
        if name.eq_ignore_ascii_case(b"host") {
            if self.host.replace(value).is_some() {
                return Err(Refusal::TwoHosts);
            }
        } else if name.eq_ignore_ascii_case(b"content-length") {
            // Digits only: a list of equal numbers, which RFC 9112 lets pass, is two lengths.
            let digits = !value.is_empty() && value.len() <= 19 && value.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(value).ok().filter(|_| digits).and_then(|v| v.parse().ok()).ok_or(Refusal::Length)?;
            if self.length.replace(length).is_some() {
                return Err(Refusal::TwoLengths);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.coding.replace(value).is_some() {
                return Err(Refusal::TransferCoding);
            }
        } else if name.eq_ignore_ascii_case(b"expect") && !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Refusal::Expectation);
        }
        Ok(())
    }

    fn check_host(&self, line: &RequestLine<'_>) -> Result<(), Refusal> {
        let host = self.host.ok_or(Refusal::NoHost)?;
        if !is_host(host) {
            return Err(Refusal::Host);
        }
        match line.authority {
            Some(authority) if !authority.eq_ignore_ascii_case(host) => Err(Refusal::HostContradicts),
            _ => Ok(()),
        }
    }

    fn framing(&self, http10: bool) -> Result<Framing, Refusal> {
        match (self.coding, self.length) {
            (None, length) => Ok(Framing::Length(length.unwrap_or(0))),
            (Some(_), _) if http10 => Err(Refusal::CodingInHttp10),
            (Some(_), Some(_)) => Err(Refusal::LengthAndCoding),
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            (Some(_), None) => Err(Refusal::TransferCoding),
        }
    }
}

/// `tchar` of RFC 9110, section 5.6.2.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// `uri-host [":" port]`, without user information, by characters.
fn is_host(host: &[u8]) -> bool {
    !host.is_empty() && host.len() <= 255 && host.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~:[]%!$&'()*+,;=".contains(b))
}

/// Why a path is refused, in words: it would mean different things to different readers.
pub(super) fn path_refusal(path: &str) -> Option<&'static str> {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(b) = bytes.get(i) {
        if *b != b'%' {
            decoded.push(*b);
            i += 1;
            continue;
        }
        let hex = bytes.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
        let Some(value) = hex.filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit())).and_then(|h| u8::from_str_radix(h, 16).ok()) else {
            return Some("The path has a `%` that is not followed by two hexadecimal digits.");
        };
        match value {
            0..=0x1f | 0x7f => return Some("The path has an encoded control character."),
            b'/' | b'\\' => return Some("The path has an encoded slash."),
            _ => decoded.push(value),
        }
        i += 3;
    }
    if decoded.contains(&b'\\') {
        return Some("The path has a backslash.");
    }
    if std::str::from_utf8(&decoded).is_err() {
        return Some("The path is not UTF-8.");
    }
    if decoded.split(|b| *b == b'/').any(|s| matches!(s, b"." | b"..")) {
        return Some("The path has a `.` or `..` segment.");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(head: &str) -> Result<Framing, Refusal> {
        let head = head.replace('\n', "\r\n");
        match find_end(head.as_bytes(), 0)? {
            Some(end) => check(&head.as_bytes()[..end], &HttpLimits::default()),
            None => Err(Refusal::LineEnd),
        }
    }

    #[test]
    fn good_heads() {
        assert_eq!(checked("GET / HTTP/1.1\nHost: a\n\n"), Ok(Framing::Length(0)));
        assert_eq!(checked("POST /a?b=c HTTP/1.1\nhost:a:80\ncontent-length: 12 \n\n"), Ok(Framing::Length(12)));
        assert_eq!(checked("POST http://a:80/x HTTP/1.1\nHost: A:80\nTransfer-Encoding: Chunked\n\n"), Ok(Framing::Chunked));
        assert_eq!(checked("OPTIONS * HTTP/1.1\nHost: a\n\n"), Ok(Framing::Length(0)));
        assert_eq!(checked("POST / HTTP/1.1\nHost: [::1]:8280\nExpect: 100-continue\nX: ä\n\n"), Ok(Framing::Length(0)));
    }

    #[test]
    fn refused_heads() {
        let table = [
            ("GET / HTTP/1.1\n\n", Refusal::NoHost),
            ("GET / HTTP/1.1\nHost: a\nHost: a\n\n", Refusal::TwoHosts),
            ("GET / HTTP/1.1\nHost: a/b\n\n", Refusal::Host),
            ("GET / HTTP/1.1\nHost: u@a\n\n", Refusal::Host),
            ("GET / HTTP/1.1\nHost:\n\n", Refusal::Host),
            ("GET http://b/ HTTP/1.1\nHost: a\n\n", Refusal::HostContradicts),
            ("GET ftp://a/ HTTP/1.1\nHost: a\n\n", Refusal::RequestLine),
            ("GET a HTTP/1.1\nHost: a\n\n", Refusal::RequestLine),
            ("GET  / HTTP/1.1\nHost: a\n\n", Refusal::RequestLine),
            ("GET /\nHost: a\n\n", Refusal::RequestLine),
            ("GET / HTTP/2.0\nHost: a\n\n", Refusal::Version),
            ("GET / HTTP/1.1 \nHost: a\n\n", Refusal::RequestLine),
            ("GET /#a HTTP/1.1\nHost: a\n\n", Refusal::RequestLine),
            ("TRACE / HTTP/1.1\nHost: a\n\n", Refusal::Method),
            ("CONNECT a:1 HTTP/1.1\nHost: a\n\n", Refusal::Method),
            ("GET / HTTP/1.1\nHost : a\n\n", Refusal::Field),
            ("GET / HTTP/1.1\nHost: a\n folded\n\n", Refusal::Field),
            ("GET / HTTP/1.1\nHost: a\nx: \u{1}\n\n", Refusal::Field),
            ("GET / HTTP/1.1\nHost: a\nnothing\n\n", Refusal::Field),
            ("POST / HTTP/1.1\nHost: a\nContent-Length: 1\nContent-Length: 1\n\n", Refusal::TwoLengths),
            ("POST / HTTP/1.1\nHost: a\nContent-Length: 1, 1\n\n", Refusal::Length),
            ("POST / HTTP/1.1\nHost: a\nContent-Length: +1\n\n", Refusal::Length),
            ("POST / HTTP/1.1\nHost: a\nContent-Length: 99999999999999999999\n\n", Refusal::Length),
            ("POST / HTTP/1.1\nHost: a\nContent-Length: 1\nTransfer-Encoding: chunked\n\n", Refusal::LengthAndCoding),
            ("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: gzip, chunked\n\n", Refusal::TransferCoding),
            ("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: xchunked\n\n", Refusal::TransferCoding),
            ("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n", Refusal::TransferCoding),
            ("POST / HTTP/1.0\nHost: a\nTransfer-Encoding: chunked\n\n", Refusal::CodingInHttp10),
            ("POST / HTTP/1.1\nHost: a\nExpect: tea\n\n", Refusal::Expectation),
        ];
        for (head, refusal) in table {
            assert_eq!(checked(head), Err(refusal), "{head}");
        }
        let long = format!("GET /{} HTTP/1.1\nHost: a\n\n", "a".repeat(8 << 10));
        assert_eq!(checked(&long), Err(Refusal::TargetTooLong));
        let many = format!("GET / HTTP/1.1\nHost: a\n{}\n", "x: y\n".repeat(100));
        assert_eq!(checked(&many), Err(Refusal::TooManyFields));
    }

    #[test]
    fn line_ends_are_cr_lf_at_any_cut() {
        assert_eq!(find_end(b"GET / HTTP/1.1\nHost: a\r\n\r\n", 0), Err(Refusal::LineEnd));
        assert_eq!(find_end(b"\n", 0), Err(Refusal::LineEnd));
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        for cut in 0..head.len() {
            let first = find_end(&head[..cut], 0).unwrap();
            assert_eq!(first, (cut >= head.len() - 4).then_some(head.len() - 4), "{cut}");
            assert_eq!(find_end(head, cut.min(head.len() - 4)).unwrap(), Some(head.len() - 4), "{cut}");
        }
    }

    #[test]
    fn paths() {
        for good in ["/", "/a/b", "/a%20b", "/a..b/...", "/%C3%A4", "/a;b=c"] {
            assert_eq!(path_refusal(good), None, "{good}");
        }
        for bad in ["/%00", "/a%0d%0ab", "/a/../b", "/a/%2e%2E/b", "/.", "/a%2fb", "/a%5cb", "/a\\b", "/%", "/%g0", "/%4", "/%ff", "/%7f"] {
            assert!(path_refusal(bad).is_some(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_judged(head in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let mut head = head;
            head.extend_from_slice(b"\r\n\r\n");
            let end = find_end(&head, 0);
            proptest::prop_assert!(!matches!(end, Ok(None)), "an end is not seen");
            if end.is_ok() && check(&head, &HttpLimits::default()).is_ok() {
                proptest::prop_assert!(!head.contains(&0), "NUL passed");
            }
            let _ = path_refusal(&String::from_utf8_lossy(&head));
        }

        #[test]
        fn what_is_accepted_has_one_host_and_one_framing(
            fields in proptest::collection::vec("(Host|Content-Length|Transfer-Encoding|X)[ ]?:[ ]?(a|1|chunked|1, 1|)", 0..5)
        ) {
            let head = format!("POST / HTTP/1.1\r\n{}\r\n\r\n", fields.join("\r\n"));
            if check(head.as_bytes(), &HttpLimits::default()).is_ok() {
                let count = |name: &str| fields.iter().filter(|f| f.starts_with(name)).count();
                proptest::prop_assert_eq!(count("Host"), 1);
                proptest::prop_assert!(count("Content-Length") + count("Transfer-Encoding") <= 1);
            }
        }
    }
}
