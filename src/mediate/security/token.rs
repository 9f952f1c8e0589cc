//! `wsse:UsernameToken`: UsernameToken Profile 1.1.1, section 3.1.

use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::{Moment, PROFILE, push_text};
use crate::net::secret::Secret;

/// Who sends a message.
#[derive(Debug, Clone)]
pub struct UsernameToken {
    /// The name.
    pub user: Arc<str>,
    /// How it is proven.
    pub password: Password,
    /// Are nonce and creation time sent? With a digest they always are.
    pub nonce: bool,
}

/// The password of a [`UsernameToken`].
#[derive(Debug, Clone)]
pub enum Password {
    /// None: the name alone.
    None,
    /// As it is: `#PasswordText`.
    Text(Secret),
    /// Never sent: `#PasswordDigest`.
    Digest(Secret),
}

impl UsernameToken {
    /// Writes the element, under the prefixes `wsse` and `wsu`.
    pub(super) fn write(&self, out: &mut String, id: &str, moment: &Moment) {
        let created = moment.date_time(std::time::Duration::ZERO);
        let mut with_nonce = self.nonce;
        let _infallible = write!(out, "<wsse:UsernameToken wsu:Id=\"{id}\"><wsse:Username>");
        push_text(out, &self.user);
        out.push_str("</wsse:Username>");
        match &self.password {
            Password::None => {}
            Password::Text(secret) => {
                let _infallible = write!(out, "<wsse:Password Type=\"{PROFILE}-username-token-profile-1.0#PasswordText\">");
                push_text(out, secret.reveal());
                out.push_str("</wsse:Password>");
            }
            Password::Digest(secret) => {
                with_nonce = true;
                let digest = password_digest(moment.nonce(), &created, secret.reveal());
                let _infallible =
                    write!(out, "<wsse:Password Type=\"{PROFILE}-username-token-profile-1.0#PasswordDigest\">{digest}</wsse:Password>");
            }
        }
        if with_nonce {
            let nonce = STANDARD.encode(moment.nonce());
            let _infallible = write!(
                out,
                "<wsse:Nonce EncodingType=\"{PROFILE}-soap-message-security-1.0#Base64Binary\">{nonce}</wsse:Nonce>\
                 <wsu:Created>{created}</wsu:Created>"
            );
        }
        out.push_str("</wsse:UsernameToken>");
    }
}

/// `Base64(SHA-1(nonce + created + password))`, the nonce decoded, the others in UTF-8.
pub fn password_digest(nonce: &[u8], created: &str, password: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(nonce);
    hash.update(created.as_bytes());
    hash.update(password.as_bytes());
    STANDARD.encode(hash.finalize())
}
