//! Why a request got nothing: RFC 6749, sections 4.1.2.1 and 5.2.

use crate::auth::jwt::SignError;
use crate::net::random::NoRandom;
use crate::store::StoreError;

/// The word that programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    InvalidScope,
    AccessDenied,
    /// Too many passwords that were not right.
    TooMany,
    /// The store, or the keys, are not there for the moment.
    Unavailable,
    ServerError,
}

impl Code {
    /// The word. RFC 6749 has none for too many attempts: the nearest.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::TooMany | Self::Unavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    /// The HTTP status, where it is not sent by way of a redirect.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::TooMany => 429,
            Self::Unavailable => 503,
            Self::ServerError => 500,
            Self::InvalidRequest
            | Self::InvalidGrant
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::UnsupportedResponseType
            | Self::InvalidScope
            | Self::AccessDenied => 400,
        }
    }
}

/// A request that got nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: Code,
    /// `error_description`: for the developer. Repeats nothing of the request; no `"` and no `\` (section 5.2).
    pub(super) description: &'static str,
    /// Seconds after which trying again makes sense.
    pub(super) retry_after: Option<u64>,
    /// For the log only.
    pub(super) private: Option<String>,
}

impl Refused {
    pub(super) fn of(code: Code, description: &'static str) -> Self {
        let retry_after = (code == Code::Unavailable).then_some(1);
        Self { code, description, retry_after, private: None }
    }

    /// A request that is not of its form.
    pub(super) fn request(description: &'static str) -> Self {
        Self::of(Code::InvalidRequest, description)
    }

    /// A code, refresh token or password that is not good. One sentence for whatever is wrong with it.
    pub(super) fn grant() -> Self {
        Self::of(Code::InvalidGrant, "the code, refresh token or password is not valid, has ended, or belongs to another client")
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let code = if error.is_transient() { Code::Unavailable } else { Code::ServerError };
        Self { private: Some(error.to_string()), ..Self::of(code, "what is kept of tokens cannot be reached for the moment") }
    }
}

impl From<SignError> for Refused {
    fn from(error: SignError) -> Self {
        Self { private: Some(error.to_string()), ..Self::of(Code::ServerError, "the token could not be signed") }
    }
}

impl From<NoRandom> for Refused {
    fn from(error: NoRandom) -> Self {
        Self { private: Some(error.to_string()), ..Self::of(Code::ServerError, "the token could not be made") }
    }
}
