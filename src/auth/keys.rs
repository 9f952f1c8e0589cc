use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

use crate::net::random::{self, NoRandom};
use crate::net::secret::Secret;

/// SHA-256 of a secret of 256 random bits: what is kept in its place. Nothing slower is needed, because nobody can try them all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// A secret that was just made.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// What its owner is shown, once.
    pub plain: Secret,
    /// What is kept.
    pub digest: Digest,
    /// Its first characters: enough to tell two apart in a list.
    pub shown: String,
}

/// Length of the part of a secret that lists show: its kind and six characters.
const SHOWN: usize = 6;

/// Makes a secret: `kind`, `_`, and 256 random bits in base64url.
///
/// # Errors
/// The system gives no random bytes.
pub fn new_secret(kind: &str) -> Result<NewSecret, NoRandom> {
    let plain = format!("{kind}_{}", URL_SAFE_NO_PAD.encode(random::bytes::<32>()?));
    let shown = plain.chars().take(kind.len() + 1 + SHOWN).collect();
    Ok(NewSecret { digest: digest(&plain), shown, plain: Secret::new(plain) })
}

/// What is kept of a presented secret, to look it up by.
pub fn digest(plain: &str) -> Digest {
    Digest(Sha256::digest(plain.as_bytes()).into())
}

/// What is kept of a client certificate: SHA-256 of its DER form.
pub fn certificate_digest(der: &[u8]) -> Digest {
    Digest(Sha256::digest(der).into())
}

impl fmt::Display for Digest {
    /// 64 hexadecimal digits in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl std::str::FromStr for Digest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(NoDigest);
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| NoDigest)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NoDigest)?;
        }
        Ok(Self(bytes))
    }
}

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct NoDigest;

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_by_what_is_kept_of_it() {
        let (a, b) = (new_secret("key").unwrap(), new_secret("key").unwrap());
        assert_ne!(a.digest, b.digest);
        assert_eq!(digest(a.plain.reveal()), a.digest);
        assert_eq!(a.plain.reveal().len(), "key_".len() + 43);
        assert_eq!(a.shown, a.plain.reveal()[..10]);
        let text = a.digest.to_string();
        assert_eq!(text.parse(), Ok(a.digest));
        assert!(!format!("{a:?}").contains(a.plain.reveal()));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for bad in ["", "0", &"g".repeat(64), &"0".repeat(63), &"0".repeat(65), &"\u{e4}".repeat(32)] {
            assert_eq!(bad.parse::<Digest>(), Err(NoDigest), "{bad}");
        }
    }
}
