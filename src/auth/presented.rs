use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::net::secret::Secret;

/// Longest credential that is looked at, in bytes.
const MAX_BYTES: usize = 8 << 10;

/// The credentials of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presented {
    /// The field `apikey`.
    pub api_key: Option<Secret>,
    /// The field `Authorization`.
    pub authorization: Option<Authorization>,
    /// The client certificate that the connection was opened with.
    pub certificate: Option<Certificate>,
}

/// A client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// One that a trusted authority vouches for: SHA-256 of its DER form.
    Verified(super::Digest),
    /// One that has ended, was revoked, or comes from an authority that is not trusted.
    Refused,
}

/// A field `Authorization` (RFC 9110, section 11.6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// `Bearer` and a token (RFC 6750).
    Bearer(Secret),
    /// `Basic`: name and password (RFC 7617).
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A scheme that no API takes.
    Other,
}

/// A credential that cannot be read: the caller learns no more than that it is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PresentedError {
    /// A field that may stand once stands twice.
    #[error("a credential's field stands twice")]
    Twice,
    /// Over 8 KiB.
    #[error("a credential is longer than 8 KiB")]
    TooLong,
    /// Not of its scheme's form.
    #[error("a credential is not of its scheme's form")]
    Form,
}

impl Presented {
    /// Reads the credentials among header fields: names in lower case, values as bytes.
    ///
    /// # Errors
    /// One cannot be read. It is not passed over: a caller that sent it means it.
    pub fn read<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Self, PresentedError> {
        let mut presented = Self::default();
        for (name, value) in fields {
            match name {
                "apikey" => {
                    let key = Secret::new(text(value)?);
                    if presented.api_key.replace(key).is_some() {
                        return Err(PresentedError::Twice);
                    }
                }
                "authorization" => {
                    let authorization = Authorization::parse(text(value)?)?;
                    if presented.authorization.replace(authorization).is_some() {
                        return Err(PresentedError::Twice);
                    }
                }
                _ => {}
            }
        }
        Ok(presented)
    }
}

fn text(value: &[u8]) -> Result<&str, PresentedError> {
    if value.len() > MAX_BYTES {
        return Err(PresentedError::TooLong);
    }
    let text = std::str::from_utf8(value).map_err(|_| PresentedError::Form)?.trim();
    if text.is_empty() || text.chars().any(char::is_control) { Err(PresentedError::Form) } else { Ok(text) }
}

impl Authorization {
    fn parse(value: &str) -> Result<Self, PresentedError> {
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            // RFC 6750, section 2.1: `b64token`.
            let good = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
            return if good { Ok(Self::Bearer(Secret::new(rest))) } else { Err(PresentedError::Form) };
        }
        if scheme.eq_ignore_ascii_case("basic") {
            let pair = STANDARD.decode(rest).ok().and_then(|b| String::from_utf8(b).ok()).ok_or(PresentedError::Form)?;
            let (user, password) = pair.split_once(':').ok_or(PresentedError::Form)?;
            if user.is_empty() || pair.chars().any(char::is_control) {
                return Err(PresentedError::Form);
            }
            return Ok(Self::Basic { user: user.to_owned(), password: Secret::new(password) });
        }
        Ok(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&str, &str)]) -> Result<Presented, PresentedError> {
        Presented::read(fields.iter().map(|(n, v)| (*n, v.as_bytes())))
    }

    #[test]
    fn fields_are_read() {
        let presented = read(&[("accept", "*/*"), ("apikey", " k "), ("authorization", "bEARER  a.b-c_d~+/=")]).unwrap();
        assert_eq!(presented.api_key.unwrap().reveal(), "k");
        assert_eq!(presented.authorization, Some(Authorization::Bearer(Secret::new("a.b-c_d~+/="))));
        let basic = read(&[("authorization", "Basic dXNlcjpwOncgw6Q=")]).unwrap().authorization;
        assert_eq!(basic, Some(Authorization::Basic { user: "user".into(), password: Secret::new("p:w \u{e4}") }));
        assert_eq!(read(&[("authorization", "Digest x")]).unwrap().authorization, Some(Authorization::Other));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let long = "k".repeat((8 << 10) + 1);
        for (fields, error) in [
            (&[("apikey", "a"), ("apikey", "a")][..], PresentedError::Twice),
            (&[("authorization", "Bearer a"), ("authorization", "Basic YTpi")], PresentedError::Twice),
            (&[("apikey", &long)], PresentedError::TooLong),
            (&[("apikey", "")], PresentedError::Form),
            (&[("authorization", "Bearer")], PresentedError::Form),
            (&[("authorization", "Bearer a b")], PresentedError::Form),
            (&[("authorization", "Bearer a,b")], PresentedError::Form),
            (&[("authorization", "Basic YQ==")], PresentedError::Form),
            (&[("authorization", "Basic OmE=")], PresentedError::Form),
            (&[("authorization", "Basic !!")], PresentedError::Form),
        ] {
            assert_eq!(read(fields), Err(error), "{fields:?}");
        }
    }
}
