use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};

use super::claims::{Claims, Members};
use super::keyset::KeySet;

/// Longest token that is looked at.
pub const MAX_TOKEN_BYTES: usize = 8 << 10;
/// How far clocks may differ.
pub const LEEWAY_SECONDS: i64 = 30;

/// What a token must be. Said by who checks it.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// `iss`, exactly.
    pub issuer: &'a str,
    /// `aud`: one of these must be there.
    pub audiences: &'a [&'a str],
    /// `typ`: one of these, without regard to case and to a leading `application/`.
    pub types: &'a [&'a str],
    /// May `typ` be absent?
    pub untyped: bool,
    /// The algorithms of its issuer.
    pub algorithms: &'a [Algorithm],
    /// Seconds since 1970, UTC.
    pub now: i64,
}

/// Why a token is not good. For the log: callers all read the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TokenError {
    #[error("longer than 8 KiB")]
    TooLong,
    #[error("not a JSON Web Token")]
    Form,
    #[error("`crit` asks for an extension")]
    Critical,
    #[error("`typ` is another one")]
    Type,
    #[error("`alg` is not one of its issuer's")]
    Algorithm,
    #[error("no key of its issuer fits")]
    UnknownKey,
    #[error("the signature is wrong")]
    Signature,
    #[error("`iss` is another one")]
    Issuer,
    #[error("`aud` is another one")]
    Audience,
    #[error("`sub` is missing")]
    Subject,
    #[error("`exp` is missing or past")]
    Expired,
    #[error("`nbf` or `iat` is in the future")]
    NotYet,
}

/// `iss` of a token that was not checked: only to choose whose keys to check it by.
///
/// # Errors
/// [`TokenError::Form`], [`TokenError::TooLong`].
pub fn peek_issuer(token: &str) -> Result<String, TokenError> {
    let [_, claims, _] = parts(token)?;
    Claims::read(&decoded(claims)?).and_then(|c| c.iss).ok_or(TokenError::Form)
}

/// Checks a token whole and gives its claims.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify(token: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Claims, TokenError> {
    let [head, claims, signature] = parts(token)?;
    let header = header(&decoded(head)?)?;
    check_type(header.typ.as_deref(), expected)?;
    if !expected.algorithms.contains(&header.alg) {
        return Err(TokenError::Algorithm);
    }
    let key = keys.find(header.kid.as_deref(), header.alg).ok_or(TokenError::UnknownKey)?;
    let signed = token.as_bytes().get(..head.len() + 1 + claims.len()).ok_or(TokenError::Form)?;
    match jsonwebtoken::crypto::verify(signature, signed, key, header.alg) {
        Ok(true) => {}
        Ok(false) | Err(_) => return Err(TokenError::Signature),
    }
    let claims = Claims::read(&decoded(claims)?).ok_or(TokenError::Form)?;
    check_claims(&claims, expected)?;
    Ok(claims)
}

fn parts(token: &str) -> Result<[&str; 3], TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::TooLong);
    }
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(head), Some(claims), Some(signature), None) if !signature.is_empty() => Ok([head, claims, signature]),
        _ => Err(TokenError::Form),
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Form)
}

fn header(json: &[u8]) -> Result<Header, TokenError> {
    // Read twice: once for names that stand twice, which one reader takes so and the next otherwise.
    let members = serde_json::from_slice::<Members>(json).map_err(|_| TokenError::Form)?.0;
    if members.contains_key("crit") || members.contains_key("b64") {
        return Err(TokenError::Critical);
    }
    if !members.get("alg").is_some_and(serde_json::Value::is_string) {
        return Err(TokenError::Form);
    }
    serde_json::from_slice(json).map_err(|_| TokenError::Algorithm)
}

fn check_type(typ: Option<&str>, expected: &Expected<'_>) -> Result<(), TokenError> {
    let Some(typ) = typ else {
        return if expected.untyped { Ok(()) } else { Err(TokenError::Type) };
    };
    let typ = typ.to_ascii_lowercase();
    // RFC 7515, section 4.1.9: `application/` may be left out.
    let short = typ.strip_prefix("application/").unwrap_or(&typ);
    if expected.types.iter().any(|t| t.eq_ignore_ascii_case(short)) { Ok(()) } else { Err(TokenError::Type) }
}

fn check_claims(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenError> {
    if claims.iss.as_deref() != Some(expected.issuer) {
        return Err(TokenError::Issuer);
    }
    if !claims.aud.as_ref().is_some_and(|a| a.has_any(expected.audiences)) {
        return Err(TokenError::Audience);
    }
    if claims.sub.as_deref().is_none_or(str::is_empty) {
        return Err(TokenError::Subject);
    }
    if claims.exp.is_none_or(|exp| exp.0.saturating_add(LEEWAY_SECONDS) <= expected.now) {
        return Err(TokenError::Expired);
    }
    let latest = expected.now.saturating_add(LEEWAY_SECONDS);
    if [claims.nbf, claims.iat].into_iter().flatten().any(|from| from.0 > latest) {
        return Err(TokenError::NotYet);
    }
    Ok(())
}
