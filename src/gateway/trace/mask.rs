//! Messages as people may see them: what stands under the name of a credential is hidden.

use http::header::HeaderMap;

use crate::json::{Limits, is_hidden, parse};
use crate::sequence::Tree;
use crate::sequence::trace::{HIDDEN, masked};

/// Elements that are named like credentials and hold elements: what is inside is told apart.
const AROUND: [&str; 4] = ["Security", "UsernameToken", "SecurityTokenReference", "SecurityContextToken"];

/// Header fields.
pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let text = if is_hidden(name.as_str()) { HIDDEN.to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() };
        (name.as_str().to_owned(), text)
    };
    headers.iter().map(shown).collect()
}

/// A text of JSON; what is none is not shown.
pub fn json(text: &[u8]) -> String {
    if text.is_empty() {
        return String::new();
    }
    match parse(text, &Limits::default()) {
        Ok(value) => String::from_utf8_lossy(&masked(&Tree::from(&value)).to_json()).into_owned(),
        Err(_) => format!("{} bytes that are not JSON", text.len()),
    }
}

/// A text of XML, markup untouched. What is no XML comes out as text of which nothing is known.
pub fn xml(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        if let Some(end) =
            ["!--", "![CDATA[", "?"].iter().zip(["-->", "]]>", "?>"]).find_map(|(open, end)| after.starts_with(open).then_some(end))
        {
            let length = after.find(end).map_or(after.len(), |i| i + end.len());
            let (whole, left) = after.split_at(length);
            out.push('<');
            out.push_str(whole);
            rest = left;
            continue;
        }
        let length = tag_length(after);
        let (tag, left) = after.split_at(length);
        out.push('<');
        out.push_str(&attributes(tag));
        rest = left;
        let name = tag.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        let opens = !name.is_empty() && tag.ends_with('>') && !tag.ends_with("/>");
        if opens && is_hidden(local) && !AROUND.contains(&local) {
            let end = format!("</{name}");
            let length = rest.find(&end).unwrap_or(rest.len());
            let (inside, left) = rest.split_at(length);
            if !inside.is_empty() {
                out.push_str(HIDDEN);
            }
            rest = left;
        }
    }
    out.push_str(rest);
    out
}

/// Bytes up to the end of a tag: `>` in the value of an attribute is none.
fn tag_length(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// A tag with the values of attributes hidden that are named like credentials.
fn attributes(tag: &str) -> String {
    let mut out = String::with_capacity(tag.len());
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.trim_end().rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        out.push_str(before);
        out.push('=');
        let space = after.len() - after.trim_start().len();
        let (gap, value) = after.split_at(space);
        out.push_str(gap);
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            rest = value;
            continue;
        };
        let inside = value.get(1..).unwrap_or_default();
        let length = inside.find(quote).unwrap_or(inside.len());
        let (text, left) = inside.split_at(length);
        out.push(quote);
        // Declarations of namespaces are names, whatever they say.
        out.push_str(if is_hidden(local) && !name.starts_with("xmlns") { HIDDEN } else { text });
        rest = left;
        if let Some(left) = rest.strip_prefix(quote) {
            out.push(quote);
            rest = left;
        }
    }
    out.push_str(rest);
    out
}

/// A text of at most so many bytes.
pub(super) fn clipped(mut text: String, most: usize) -> String {
    if text.len() > most {
        let whole = text.len();
        let end = (0..=most).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
        text.push_str(&format!("… ({whole} bytes)"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_an_envelope_are_hidden_and_its_markup_stays() {
        let shown = xml(br#"<?xml version="1.0"?><e:Envelope xmlns:e="urn:e"><e:Header><wsse:Security xmlns:wsse="urn:token"><wsse:UsernameToken wsu:Id="a>b">
            <wsse:Username>svc</wsse:Username><wsse:Password Type="x">pl4nted</wsse:Password><wsse:Nonce>pl4nted</wsse:Nonce></wsse:UsernameToken></wsse:Security>
            <t:sessionId>pl4nted</t:sessionId><t:empty-token/></e:Header><!-- <Password>x --><e:Body><a password='pl4nted' b="1"><c>5 &lt; 6</c></a></e:Body></e:Envelope>"#);
        assert!(!shown.contains("pl4nted"), "{shown}");
        for kept in [
            "<wsse:Username>svc</wsse:Username>",
            "<wsse:Password Type=\"x\">[hidden]</wsse:Password>",
            "<c>5 &lt; 6</c>",
            "xmlns:wsse=\"urn:token\"",
            "wsu:Id=\"a>b\"",
            "<t:empty-token/>",
        ] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        for odd in ["", "<", "<a", "<a b='", "no xml", "<a><password>pl4nted", "<!-- never"] {
            assert!(!xml(odd.as_bytes()).contains("pl4nted"));
        }
    }

    #[test]
    fn secrets_of_json_are_hidden() {
        let shown = json(br#"{"user":"ada","password":"pl4nted","list":[{"apiKey":{"a":"pl4nted"}}],"token":null,"n":1.50}"#);
        assert_eq!(shown, r#"{"user":"ada","password":"[hidden]","list":[{"apiKey":"[hidden]"}],"token":null,"n":1.50}"#);
        assert_eq!(json(b"pl4nted"), "7 bytes that are not JSON");
    }
}
