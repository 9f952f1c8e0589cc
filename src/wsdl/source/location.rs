//! What a location says: an address, or the ways in which real WSDLs write a relative path.

use percent_encoding::percent_decode_str;
use url::Url;

/// A location as it was understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// An http or https address, without its fragment.
    Address(Url),
    /// A relative path: its readings, likeliest first, with `/` as separator.
    Path(Vec<String>),
    /// A path or address that is never followed (absolute path, drive letter, `file:`), only looked for by name.
    NameOnly(String),
    /// Another scheme.
    Scheme(String),
    /// Nothing but white space or a fragment.
    Empty,
}

/// Reads a location.
pub(super) fn read(text: &str) -> Location {
    let text = text.trim();
    let bare = text.split('#').next().unwrap_or("");
    if bare.is_empty() {
        return Location::Empty;
    }
    let slashed = bare.replace('\\', "/");
    if let Some(scheme) = scheme(&slashed) {
        return match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => match Url::parse(&slashed) {
                Ok(url) => Location::Address(url),
                Err(_) => Location::NameOnly(slashed),
            },
            "file" => Location::NameOnly(slashed),
            _ if scheme.len() == 1 => Location::NameOnly(slashed),
            other => Location::Scheme(other.to_owned()),
        };
    }
    if slashed.starts_with('/') {
        return Location::NameOnly(slashed);
    }
    Location::Path(readings(text, &slashed))
}

/// The scheme that `text` begins with (RFC 3986 section 3.1), if any.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let mut bytes = scheme.bytes();
    let first = bytes.next()?.is_ascii_alphabetic();
    (first && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))).then_some(scheme)
}

/// Percent-decoded, then as written, then without a query, each once; a file name may itself hold `#` or `%`.
fn readings(text: &str, slashed: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut add = |s: String| {
        if !s.is_empty() && !out.contains(&s) {
            out.push(s);
        }
    };
    add(decoded(slashed));
    add(slashed.to_owned());
    add(text.to_owned());
    add(text.replace('\\', "/"));
    if let Some((path, _)) = slashed.split_once('?') {
        add(decoded(path));
    }
    out
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), |t| t.into_owned())
}

/// File names under which the document at `location` may have been saved, likeliest first: the last segment of its path,
/// with its query, and what `?xsd=name` names.
pub(super) fn file_names(location: &str) -> Vec<String> {
    let slashed = location.trim().split('#').next().unwrap_or("").replace('\\', "/");
    let (path, query) = slashed.split_once('?').map_or((slashed.as_str(), None), |(p, q)| (p, Some(q)));
    let last = decoded(path.rsplit('/').next().unwrap_or(""));
    let mut out = Vec::new();
    if let Some(query) = query {
        out.push(format!("{last}?{query}"));
        for (key, value) in query.split('&').filter_map(|p| p.split_once('=')) {
            let value = decoded(value);
            let value = value.rsplit('/').next().unwrap_or("").to_owned();
            if matches!(key.to_ascii_lowercase().as_str(), "xsd" | "wsdl" | "name" | "file") && !value.is_empty() {
                out.push(value.clone());
                out.push(format!("{value}.{}", key.to_ascii_lowercase()));
            }
        }
    }
    if !last.is_empty() {
        out.push(last);
    }
    out
}

/// `relative` against the folder of `base`, both `/`-separated: `.` and `..` worked off. Leading `..` remain where the
/// path leads out of the root.
pub(super) fn join(base: &str, relative: &str) -> String {
    let folder = base.rsplit_once('/').map_or("", |(f, _)| f);
    let mut out: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(relative.split('/')) {
        match part {
            "" | "." => {}
            ".." => match out.last() {
                Some(&last) if last != ".." => {
                    out.pop();
                }
                _ => out.push(".."),
            },
            other => out.push(other),
        }
    }
    out.join("/")
}

/// Does a joined path lead out of the root?
pub(super) fn leads_out(path: &str) -> bool {
    path == ".." || path.starts_with("../")
}

/// The last segment of a `/`-separated path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_as_real_wsdls_write_them() {
        let first = |t: &str| match read(t) {
            Location::Path(p) => p[0].clone(),
            other => panic!("{t}: {other:?}"),
        };
        assert_eq!(first(" a%20b/c.xsd\n"), "a b/c.xsd");
        assert_eq!(first("..\\schemas\\Types.xsd"), "../schemas/Types.xsd");
        assert_eq!(first("./x.xsd#part"), "./x.xsd");
        assert_eq!(first("my file.xsd"), "my file.xsd");
        assert!(matches!(read("http://h/x?xsd=1#f"), Location::Address(u) if u.as_str() == "http://h/x?xsd=1"
            || u.as_str() == "http://h/x?xsd=1"));
        assert!(matches!(read("HTTP:\\\\h\\x.xsd"), Location::Address(_)));
        assert!(matches!(read("C:\\work\\x.xsd"), Location::NameOnly(_)));
        assert!(matches!(read("file:///etc/passwd"), Location::NameOnly(_)));
        assert!(matches!(read("/etc/passwd"), Location::NameOnly(_)));
        assert!(matches!(read("\\\\server\\share\\x.xsd"), Location::NameOnly(_)));
        assert!(matches!(read("urn:x:y"), Location::Scheme(s) if s == "urn"));
        assert_eq!(read("  "), Location::Empty);
        assert_eq!(read("#here"), Location::Empty);
    }

    #[test]
    fn paths_are_joined_and_escapes_stay_visible() {
        assert_eq!(join("a/b/c.wsdl", "../x.xsd"), "a/x.xsd");
        assert_eq!(join("c.wsdl", "./d//x.xsd"), "d/x.xsd");
        assert_eq!(join("c.wsdl", "../../x.xsd"), "../../x.xsd");
        assert_eq!(join("a/c.wsdl", "../../x/../y.xsd"), "../y.xsd");
        assert_eq!(join("../a/c.wsdl", "../b/y.xsd"), "../b/y.xsd");
        assert!(leads_out("../x") && leads_out("..") && !leads_out("..x/y"));
    }

    #[test]
    fn names_under_which_an_address_may_be_saved() {
        assert_eq!(file_names("http://h/a/b%20c.xsd"), ["b c.xsd"]);
        assert_eq!(file_names("http://h/S.svc?xsd=xsd2"), ["S.svc?xsd=xsd2", "xsd2", "xsd2.xsd", "S.svc"]);
        assert_eq!(file_names("C:\\a\\t.xsd"), ["t.xsd"]);
    }
}
