//! What callers read when a call fails: RFC 9457 documents of one shape, or the same facts as a SOAP fault.
//!
//! Comes in: a reason with its facts. Goes out: bytes. Must not know: plans, requests. Product page, section 7.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use crate::json::string_into;

/// Who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The caller: 4xx.
    Caller,
    /// The SOAP service behind: 502, 504, or a fault of it.
    Upstream,
    /// Castile itself: 500, 503.
    Gateway,
}

/// Why a call failed: stable, also the metric label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Not HTTP as it must be, or a path, host or header that is refused.
    BadRequest,
    /// No API or resource of that path (900906).
    NoSuchResource,
    /// The resource has other methods.
    MethodNotAllowed,
    /// The API is not there any more, or not yet, or blocked (700700).
    ApiState,
    /// No credentials, or not good ones (900901, 900902, 900905).
    Unauthenticated,
    /// A caller that is known and may not (900908, 900909, 900910).
    Forbidden,
    /// A limit on how often (900800 to 900850).
    LimitReached,
    /// The content type of the request is not one of this address.
    UnsupportedMediaType,
    /// The caller accepts nothing that can be given.
    NotAcceptable,
    /// A limit on the request.
    TooLarge,
    /// The caller was too slow.
    RequestTimeout,
    /// The request does not fit its operation.
    InvalidRequest,
    /// A SOAP fault of the upstream.
    Fault,
    /// Calls in flight (900801).
    Overload,
    /// No connection to the upstream.
    UpstreamUnreachable,
    /// The upstream was too slow.
    UpstreamTimeout,
    /// What the upstream sent is no reply of the operation.
    UpstreamReply,
    /// Our own failure.
    Internal,
}

impl Reason {
    /// Its label in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::NoSuchResource => "no_such_resource",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::ApiState => "api_state",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::LimitReached => "limit_reached",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::NotAcceptable => "not_acceptable",
            Self::TooLarge => "too_large",
            Self::RequestTimeout => "request_timeout",
            Self::InvalidRequest => "invalid_request",
            Self::Fault => "fault",
            Self::Overload => "overload",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::UpstreamReply => "upstream_reply",
            Self::Internal => "internal",
        }
    }

    /// Who is to blame for it.
    pub fn origin(self) -> Origin {
        match self {
            Self::BadRequest
            | Self::NoSuchResource
            | Self::MethodNotAllowed
            | Self::ApiState
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::LimitReached
            | Self::UnsupportedMediaType
            | Self::NotAcceptable
            | Self::TooLarge
            | Self::RequestTimeout
            | Self::InvalidRequest => Origin::Caller,
            Self::Fault | Self::UpstreamUnreachable | Self::UpstreamTimeout | Self::UpstreamReply => Origin::Upstream,
            Self::Overload | Self::Internal => Origin::Gateway,
        }
    }

    /// Its `code` where nothing more exact is known.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "castile.bad_request",
            Self::NoSuchResource | Self::MethodNotAllowed => "900906",
            Self::ApiState => "700700",
            Self::Unauthenticated => "900901",
            Self::Forbidden => "900908",
            Self::LimitReached => "900804",
            Self::UnsupportedMediaType => "castile.unsupported_media_type",
            Self::NotAcceptable => "castile.not_acceptable",
            Self::TooLarge => "castile.too_large",
            Self::RequestTimeout => "castile.request_timeout",
            Self::InvalidRequest => "castile.invalid_request",
            Self::Fault => "castile.fault",
            Self::Overload => "900801",
            Self::UpstreamUnreachable => "castile.upstream_unreachable",
            Self::UpstreamTimeout => "castile.upstream_timeout",
            Self::UpstreamReply => "castile.upstream_reply",
            Self::Internal => "castile.internal",
        }
    }

    /// Its `title`.
    pub fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "Bad request",
            Self::NoSuchResource => "No such resource",
            Self::MethodNotAllowed => "Method not allowed",
            Self::ApiState => "API not available",
            Self::Unauthenticated => "Invalid credentials",
            Self::Forbidden => "Forbidden",
            Self::LimitReached => "Limit reached",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::NotAcceptable => "Not acceptable",
            Self::TooLarge => "Request too large",
            Self::RequestTimeout => "Request too slow",
            Self::InvalidRequest => "Invalid request",
            Self::Fault => "SOAP fault",
            Self::Overload => "API overloaded",
            Self::UpstreamUnreachable => "Upstream not reachable",
            Self::UpstreamTimeout => "Upstream timeout",
            Self::UpstreamReply => "Upstream reply not usable",
            Self::Internal => "Internal error",
        }
    }
}

/// One place of a request that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// Where.
    pub place: Place,
    /// What would fit, in words.
    pub expected: String,
    /// What was there, at most 60 characters; for the caller only, never for a log.
    pub found: String,
    /// The nearest name.
    pub hint: Option<String>,
}

/// Where an [`InvalidField`] stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// JSON pointer into the request's body.
    Pointer(String),
    /// A URL parameter or a header field: `in` (`path`, `query`, `header`) and `name`.
    Parameter {
        /// `path`, `query` or `header`.
        location: &'static str,
        /// Its name.
        name: String,
    },
}

/// What a caller reads instead of an answer. Small to pass on; its [`Facts`] are its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Facts>);

/// The facts of a [`Problem`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Why.
    pub reason: Reason,
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: Cow<'static, str>,
    /// What `type` says behind [`TYPE_BASE`], where it is more than the code: a declared fault's name.
    pub kind: Option<String>,
    /// Short text for the kind of problem.
    pub title: Cow<'static, str>,
    /// What happened, for the caller. Names no upstream hosts, files or code.
    pub detail: String,
    /// Which limit, by its scope.
    pub scope: Option<&'static str>,
    /// Seconds after which trying again makes sense; also the `Retry-After` field.
    pub retry_after: Option<u64>,
    /// Methods for the `Allow` field.
    pub allow: Option<String>,
    /// What `WWW-Authenticate` says beside a 401; empty: the credentials that failed were a message's own.
    pub challenges: Vec<String>,
    /// Every place that does not fit.
    pub errors: Vec<InvalidField>,
    /// A further member whose value is JSON text already: `fault`.
    pub member: Option<(&'static str, Vec<u8>)>,
    /// What the log says beyond `detail`; never sent.
    pub private: Option<String>,
    /// Did the SOAP service fail, as a breaker counts: no connection, no reply in time, a reply that is not SOAP? Never sent.
    pub upstream_failed: bool,
}

impl Deref for Problem {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.0
    }
}

/// Where `type` URIs begin.
pub const TYPE_BASE: &str = "https://castile.example/errors/";

impl Problem {
    /// A problem with the reason's own code and title.
    pub fn new(reason: Reason, status: u16, detail: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            reason,
            status,
            code: Cow::Borrowed(reason.code()),
            kind: None,
            title: Cow::Borrowed(reason.title()),
            detail: detail.into(),
            scope: None,
            retry_after: None,
            allow: None,
            challenges: Vec::new(),
            errors: Vec::new(),
            member: None,
            private: None,
            upstream_failed: false,
        }))
    }

    /// Our own failure: the caller reads a neutral sentence, the log reads `private`.
    pub fn internal(private: impl Into<String>) -> Self {
        let mut problem = Self::new(Reason::Internal, 500, "The gateway failed. The request id finds the reason in its log.");
        problem.private = Some(private.into());
        problem
    }

    /// The same with a code of its own.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = code.into();
        self
    }

    /// The same with what only the log may say.
    #[must_use]
    pub fn with_private(mut self, private: impl Into<String>) -> Self {
        self.private = Some(private.into());
        self
    }

    /// The same with the places that do not fit.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<InvalidField>) -> Self {
        self.errors = errors;
        self
    }

    /// `type`: stable, an address that need not answer.
    pub fn type_uri(&self) -> String {
        format!("{TYPE_BASE}{}", self.kind.as_deref().unwrap_or(&self.code))
    }

    /// The document: `application/problem+json`.
    pub fn to_json(&self, request_id: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(b"{\"type\":");
        string_into(&mut out, &self.type_uri());
        out.extend_from_slice(b",\"title\":");
        string_into(&mut out, &self.title);
        out.extend_from_slice(format!(",\"status\":{}", self.status).as_bytes());
        out.extend_from_slice(b",\"code\":");
        string_into(&mut out, &self.code);
        out.extend_from_slice(b",\"detail\":");
        string_into(&mut out, &self.detail);
        if let Some(scope) = self.scope {
            out.extend_from_slice(b",\"scope\":");
            string_into(&mut out, scope);
        }
        if let Some(seconds) = self.retry_after {
            out.extend_from_slice(format!(",\"retry_after\":{seconds}").as_bytes());
        }
        if !self.errors.is_empty() {
            out.extend_from_slice(b",\"errors\":[");
            for (i, error) in self.errors.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                push_error(&mut out, error);
            }
            out.push(b']');
        }
        if let Some((name, value)) = &self.member {
            out.push(b',');
            string_into(&mut out, name);
            out.push(b':');
            out.extend_from_slice(value);
        }
        out.extend_from_slice(b",\"request_id\":");
        string_into(&mut out, request_id);
        out.push(b'}');
        out
    }
}

fn push_error(out: &mut Vec<u8>, error: &InvalidField) {
    match &error.place {
        Place::Pointer(pointer) => {
            out.extend_from_slice(b"{\"pointer\":");
            string_into(out, pointer);
        }
        Place::Parameter { location, name } => {
            out.extend_from_slice(b"{\"in\":");
            string_into(out, location);
            out.extend_from_slice(b",\"name\":");
            string_into(out, name);
        }
    }
    out.extend_from_slice(b",\"expected\":");
    string_into(out, &error.expected);
    out.extend_from_slice(b",\"found\":");
    string_into(out, &error.found);
    if let Some(hint) = &error.hint {
        out.extend_from_slice(b",\"hint\":");
        string_into(out, hint);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_shape_for_all() {
        let mut problem = Problem::new(Reason::Overload, 503, "The API is not accepting requests");
        problem.retry_after = Some(1);
        problem.scope = Some("api");
        let text = String::from_utf8(problem.to_json("01JD")).unwrap();
        assert_eq!(
            text,
            "{\"type\":\"https://castile.example/errors/900801\",\"title\":\"API overloaded\",\"status\":503,\"code\":\"900801\",\
             \"detail\":\"The API is not accepting requests\",\"scope\":\"api\",\"retry_after\":1,\"request_id\":\"01JD\"}"
        );
    }

    #[test]
    fn every_place_is_listed_and_nothing_private_is_sent() {
        let errors = vec![
            InvalidField {
                place: Place::Pointer(String::from("/a~1b")),
                expected: String::from("xs:int"),
                found: String::from("\"x\""),
                hint: None,
            },
            InvalidField {
                place: Place::Parameter { location: "query", name: String::from("q") },
                expected: String::from("nothing of that name"),
                found: String::from("1"),
                hint: Some(String::from("p")),
            },
        ];
        let problem = Problem::new(Reason::InvalidRequest, 400, "2 places do not fit").with_errors(errors).with_private("10.0.0.7");
        let value: serde_json::Value = serde_json::from_slice(&problem.to_json("id")).unwrap();
        assert_eq!(value["errors"][0]["pointer"], "/a~1b");
        assert_eq!(value["errors"][1]["in"], "query");
        assert_eq!(value["errors"][1]["hint"], "p");
        assert!(!value.to_string().contains("10.0.0.7"));
    }
}
