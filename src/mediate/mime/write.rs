//! A multipart body on its way out: what stands around the parts' bytes.

/// The framing of a `multipart/related` body. The caller chooses a boundary that nobody can guess, so that no part can hold it.
#[derive(Debug, Clone)]
pub struct Multipart {
    boundary: String,
}

impl Multipart {
    /// A body with that boundary: at most 70 letters and digits.
    pub fn new(boundary: String) -> Self {
        Self { boundary }
    }

    /// The boundary.
    pub fn boundary(&self) -> &str {
        &self.boundary
    }

    /// What stands before the bytes of a part. `first`: is it the first one?
    pub fn open(&self, first: bool, content_type: &str, content_id: &str) -> Vec<u8> {
        let line = if first { "" } else { "\r\n" };
        let boundary = &self.boundary;
        format!(
            "{line}--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{content_id}>\r\n\r\n"
        )
        .into_bytes()
    }

    /// What stands behind the bytes of the last part.
    pub fn close(&self) -> Vec<u8> {
        format!("\r\n--{}--\r\n", self.boundary).into_bytes()
    }
}

/// May it be the `Content-Type` of a part? What a caller gives must not become a header field of its own.
pub fn is_media_type(text: &str) -> bool {
    let token = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    let essence = text.split(';').next().unwrap_or_default().trim();
    let parts = essence.split_once('/');
    text.len() <= 200 && text.bytes().all(|b| (0x20..0x7f).contains(&b)) && parts.is_some_and(|(t, s)| token(t) && token(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_one_line() {
        for good in ["image/png", "text/plain; charset=utf-8", "application/vnd.a+xml"] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in ["", "image", "image/", "a/b\r\nX: y", "a b/c", "a/b; \u{e9}", &format!("a/{}", "b".repeat(300))] {
            assert!(!is_media_type(bad), "{bad}");
        }
    }
}
