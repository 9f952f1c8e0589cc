use std::fmt;

/// A way to say who calls. An API, or a resource, names those that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// A key of an application in the field `apikey`.
    ApiKey,
    /// A bearer token that Castile issued (RFC 6750, RFC 9068).
    OAuth2,
    /// A bearer token of an outside issuer (RFC 7519).
    Jwt,
    /// Name and password of a user (RFC 7617).
    Basic,
    /// A client certificate.
    MutualTls,
    /// Everybody.
    None,
}

impl Scheme {
    /// All, in the order in which they are tried.
    pub const ALL: [Self; 6] = [Self::ApiKey, Self::OAuth2, Self::Jwt, Self::Basic, Self::MutualTls, Self::None];

    /// Its word in `api.yaml`, in logs and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::OAuth2 => "oauth2",
            Self::Jwt => "jwt",
            Self::Basic => "basic",
            Self::MutualTls => "mtls",
            Self::None => "none",
        }
    }

    /// The scheme of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// What `WWW-Authenticate` says for it; `None` where no challenge asks for it. Schemes with one challenge give it once.
    pub fn challenge(self) -> Option<&'static str> {
        match self {
            Self::ApiKey => Some("ApiKey realm=\"castile\", in=\"header\", name=\"apikey\""),
            Self::OAuth2 | Self::Jwt => Some("Bearer realm=\"castile\""),
            Self::Basic => Some("Basic realm=\"castile\", charset=\"UTF-8\""),
            Self::MutualTls | Self::None => None,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
