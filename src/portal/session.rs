//! The two cookies: of the session, and of a browser before it has one. What a form is known by is made of the one that is there.

use http::HeaderMap;
use http::header::COOKIE;

use crate::auth::{digest, new_secret};
use crate::net::random::NoRandom;
use crate::net::secret::Secret;

/// Longest value of a cookie that is looked at, in bytes.
const MAX_BYTES: usize = 200;

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// That of a session.
    Session,
    /// That of a browser that has no session.
    Visitor,
}

impl Cookie {
    /// Its name: with `__Host-` no other host can set it.
    fn name(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::Session, true) => "__Host-castile",
            (Self::Session, false) => "castile",
            (Self::Visitor, true) => "__Host-castile-visitor",
            (Self::Visitor, false) => "castile-visitor",
        }
    }

    /// Its value in a request.
    pub(super) fn read(self, headers: &HeaderMap, is_secure: bool) -> Option<Secret> {
        let fields = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok());
        let mut found = fields.flat_map(|f| f.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = found.find(|(name, _)| *name == self.name(is_secure))?;
        let plain = value.len() <= MAX_BYTES && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        plain.then(|| Secret::new(value))
    }

    /// The field that sets it: until the browser is closed, for this host, out of the reach of scripts.
    pub(super) fn set(self, value: &Secret, is_secure: bool) -> String {
        let secure = if is_secure { "; Secure" } else { "" };
        format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}", self.name(is_secure), value.reveal())
    }

    /// The field that takes it away.
    pub(super) fn clear(self, is_secure: bool) -> String {
        let secure = if is_secure { "; Secure" } else { "" };
        format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}", self.name(is_secure))
    }
}

/// A value for the cookie of a browser without a session.
pub(super) fn visitor() -> Result<Secret, NoRandom> {
    new_secret("visitor").map(|s| s.plain)
}

/// What forms made for the browser that has this cookie are known by. From it nobody finds out the cookie.
pub(super) fn form_token(cookie: &Secret) -> String {
    digest(&format!("form\0{}", cookie.reveal())).to_string()
}

/// Was this form made for the browser that has this cookie? Compared by hashes, so that the time says nothing.
pub(super) fn is_made_for(cookie: &Secret, token: &str) -> bool {
    digest(token) == digest(&form_token(cookie))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read_by_their_names_only() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=b; castile-visitor=v1; xcastile=no".parse().unwrap());
        headers.append(COOKIE, "castile=session_1".parse().unwrap());
        assert_eq!(Cookie::Session.read(&headers, false).unwrap().reveal(), "session_1");
        assert_eq!(Cookie::Visitor.read(&headers, false).unwrap().reveal(), "v1");
        assert!(Cookie::Session.read(&headers, true).is_none(), "without `__Host-` another host may have set it");
        let strange: HeaderMap = [(COOKIE, "castile=a\"b".parse().unwrap())].into_iter().collect();
        assert!(Cookie::Session.read(&strange, false).is_none());
    }

    #[test]
    fn a_form_belongs_to_one_cookie() {
        let (mine, yours) = (Secret::new("session_1"), Secret::new("session_2"));
        assert!(is_made_for(&mine, &form_token(&mine)) && !is_made_for(&yours, &form_token(&mine)) && !is_made_for(&mine, ""));
        let set = Cookie::Session.set(&mine, true);
        assert_eq!(set, "__Host-castile=session_1; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(!Cookie::Session.set(&mine, false).contains("Secure"));
    }
}
