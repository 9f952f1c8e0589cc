//! Answers, and what browsers must not do with them.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{Response as HttpResponse, StatusCode};

use super::Portal;
use super::fail::Fail;
use super::session::Cookie;
use super::view;
use super::visit::Visit;
use crate::net::secret::Secret;

/// What a page may do: load the portal's own files and send its forms to the portal. Nothing stands in the page itself that runs or styles.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
/// What the page of the REST console may do: Swagger UI calls the gateway, and its style sheet has pictures in itself. Its scripts set styles of elements
/// through the object model only, which no policy forbids.
pub(super) fn console_policy(gateway: &str) -> String {
    let origin = url::Url::parse(gateway).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    POLICY.replace("img-src 'self'", "img-src 'self' data:").replace("connect-src 'self'", &format!("connect-src 'self' {origin}"))
}

/// The browser's abilities that no page uses.
const ABILITIES: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    fields: Vec<(HeaderName, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// A page.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn page<T: serde::Serialize>(
        portal: &Portal,
        visit: &Visit,
        status: StatusCode,
        name: &str,
        title: &str,
        data: &T,
    ) -> Result<Self, Fail> {
        let html = view::render(&visit.site(portal), name, title, data)?;
        let page = Self::html(status, html);
        Ok(match visit.new_cookie() {
            Some(cookie) => page.with(SET_COOKIE, cookie),
            None => page,
        })
    }

    pub(super) fn html(status: StatusCode, html: String) -> Self {
        Self { status, fields: vec![(CONTENT_TYPE, "text/html; charset=utf-8".to_owned())], body: html.into_bytes() }
    }

    /// Go there, and read what is there now. `to` is an address of the portal.
    pub(super) fn see(to: impl Into<String>) -> Self {
        Self { status: StatusCode::SEE_OTHER, fields: vec![(LOCATION, to.into())], body: Vec::new() }
    }

    /// A file to keep.
    pub(super) fn download(content_type: &str, name: &str, body: impl Into<Vec<u8>>) -> Self {
        let fields =
            vec![(CONTENT_TYPE, content_type.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", plain(name)))];
        Self { status: StatusCode::OK, fields, body: body.into() }
    }

    /// A file of the portal itself, whose address says what is in it.
    pub(super) fn asset(content_type: &str, body: &'static [u8]) -> Self {
        let kept = "public, max-age=31536000, immutable".to_owned();
        Self { status: StatusCode::OK, fields: vec![(CONTENT_TYPE, content_type.to_owned()), (CACHE_CONTROL, kept)], body: body.to_vec() }
    }

    /// The same, beginning a session.
    pub(super) fn with_session(self, secret: &Secret, portal: &Portal) -> Self {
        self.with(SET_COOKIE, Cookie::Session.set(secret, portal.is_secure())).with(SET_COOKIE, Cookie::Visitor.clear(portal.is_secure()))
    }

    /// The same, ending the browser's session: what it keeps of the portal goes with it.
    pub(super) fn without_session(self, portal: &Portal) -> Self {
        self.with(SET_COOKIE, Cookie::Session.clear(portal.is_secure()))
            .with(HeaderName::from_static("clear-site-data"), "\"cache\", \"storage\"".to_owned())
    }

    /// The same, of a page that may do something else than the others.
    pub(super) fn with_policy(self, policy: String) -> Self {
        self.with(CONTENT_SECURITY_POLICY, policy)
    }

    /// The same, whose bytes are compressed with gzip.
    pub(super) fn gzipped(self) -> Self {
        self.with(CONTENT_ENCODING, "gzip".to_owned())
    }

    /// The same, worth another try after so many seconds.
    pub(super) fn again_after(self, seconds: u64) -> Self {
        self.with(RETRY_AFTER, seconds.to_string())
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        self.fields.push((name, value));
        self
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = HttpResponse::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in self.fields {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(name, value);
            }
        }
        response
    }
}

/// What browsers must not do, on every answer.
pub(super) fn guard(headers: &mut HeaderMap, id: &str) {
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // To other hosts nothing; to the portal itself, so that forms say where they come from.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), ABILITIES),
    ];
    headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
}

/// A name for a file: what stands in a header field between quotes.
fn plain(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).take(100).collect();
    plain.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(plain("a\"; filename=b\r\n.wsdl"), "a___filename_b__.wsdl");
        assert_eq!(plain("../x"), "_x");
    }
}
