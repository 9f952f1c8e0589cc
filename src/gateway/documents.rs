//! What an API gives out about itself: `?wsdl`, `?xsd=N`, `openapi.json`, the landing page.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, VARY};
use http::{Response, StatusCode};

use super::body::AnswerBody;
use super::{landing, respond};
use crate::catalog::{OpenApiVersion, PublishedApi};
use crate::problem::{InvalidField, Place, Problem, Reason};

const XML: &str = "text/xml; charset=utf-8";

/// `GET` of the base address. `public_url` is the tenant's, without a slash at the end.
pub(super) fn base(api: &PublishedApi, query: Option<&str>, public_url: &str) -> Result<Response<AnswerBody>, Problem> {
    let base_url = format!("{public_url}{}", api.path());
    let parameters: Vec<(String, String)> = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let Some((name, value)) = parameters.first() else {
        return Ok(page(landing::page(api, &base_url)));
    };
    // Tools spell it as they like: ?WSDL, ?Wsdl.
    let text = match (name.to_ascii_lowercase().as_str(), parameters.len()) {
        ("wsdl", 1) if value.is_empty() => api.documents.wsdl(&base_url),
        ("wsdl" | "xsd", 1) => value.parse().ok().and_then(|n| api.documents.part(n, &base_url)),
        _ => return Err(unknown_parameter(name, value, &["wsdl", "xsd"])),
    };
    match text {
        Some(text) => Ok(document(XML, text)),
        None => Err(Problem::new(Reason::NoSuchResource, 404, "This API has no document of that number.")),
    }
}

/// `GET` of `openapi.json`; `?version=3.0` for the older version. `log_in`: is there a page on which users log in?
pub(super) fn openapi(api: &PublishedApi, query: Option<&str>, public_url: &str, log_in: bool) -> Result<Response<AnswerBody>, Problem> {
    let mut version = OpenApiVersion::V31;
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        version = match (&*name, &*value) {
            ("version", "3.0") => OpenApiVersion::V30,
            ("version", "3.1") => OpenApiVersion::V31,
            ("version", _) => {
                let place = Place::Parameter { location: "query", name: String::from("version") };
                let errors = vec![InvalidField { place, expected: String::from("3.0 or 3.1"), found: excerpt(&value), hint: None }];
                return Err(Problem::new(Reason::InvalidRequest, 400, "There is no such version.").with_errors(errors));
            }
            _ => return Err(unknown_parameter(&name, &value, &["version"])),
        };
    }
    let bytes = api.openapi_with(version, public_url, log_in).map_err(|e| Problem::internal(e.to_string()))?;
    Ok(cacheable(respond::bytes(StatusCode::OK, "application/json", bytes)))
}

fn document(content_type: &'static str, text: String) -> Response<AnswerBody> {
    cacheable(respond::bytes(StatusCode::OK, content_type, text))
}

/// The address in a document may be the Host's: caches ask again.
fn cacheable(mut response: Response<AnswerBody>) -> Response<AnswerBody> {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.headers_mut().insert(VARY, HeaderValue::from_static("host"));
    response
}

fn page(html: String) -> Response<AnswerBody> {
    let mut response = document("text/html; charset=utf-8", html);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    response
}

fn excerpt(text: &str) -> String {
    text.chars().take(crate::json::EXCERPT_CHARS).collect()
}

fn unknown_parameter(name: &str, value: &str, known: &[&str]) -> Problem {
    let errors = vec![InvalidField {
        place: Place::Parameter { location: "query", name: excerpt(name) },
        expected: String::from("no parameter of that name"),
        found: excerpt(value),
        hint: crate::diagnostic::nearest(name, known.iter().copied()).map(str::to_owned),
    }];
    Problem::new(Reason::InvalidRequest, 400, "The query has a parameter that is not known here.").with_errors(errors)
}
