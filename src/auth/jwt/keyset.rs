use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// Most keys that a set may have.
pub const MAX_KEYS: usize = 50;

/// The public keys of one issuer (RFC 7517).
#[derive(Clone, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    /// What it verifies: fixed by the key, never by a token.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// Why a text is no set of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not JSON of the form `{"keys": […]}`.
    #[error("not a JSON Web Key Set")]
    Form,
    /// Over [`MAX_KEYS`].
    #[error("more than {MAX_KEYS} keys")]
    TooMany,
    /// None of its keys can verify a signature.
    #[error("no key that verifies signatures")]
    Empty,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|k| k.id.as_deref().unwrap_or_default())).finish()
    }
}

impl KeySet {
    /// Reads a JWKS document. Keys of kinds that verify nothing here are passed over: symmetric ones, those for encryption, unknown ones.
    ///
    /// # Errors
    /// [`KeySetError`].
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        #[derive(serde::Deserialize)]
        struct Document {
            keys: Vec<serde_json::Value>,
        }
        let document: Document = serde_json::from_slice(json).map_err(|_| KeySetError::Form)?;
        if document.keys.len() > MAX_KEYS {
            return Err(KeySetError::TooMany);
        }
        let keys: Vec<Jwk> = document.keys.into_iter().filter_map(|k| serde_json::from_value(k).ok()).collect();
        Self::new(&keys)
    }

    /// The set of these keys.
    ///
    /// # Errors
    /// None of them verifies signatures.
    pub fn new(keys: &[Jwk]) -> Result<Self, KeySetError> {
        let keys: Vec<Key> = keys.iter().filter_map(Key::of).collect();
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self { keys }) }
    }

    /// Both sets together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.keys.extend(other.keys);
        self
    }

    /// The key for a token that names that `kid` and that algorithm. Without a `kid` there must be just one that fits.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting = self.keys.iter().filter(|k| k.algorithms.contains(&algorithm) && (id.is_none() || k.id.as_deref() == id));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Some(&key.key),
            _ => None,
        }
    }
}

impl Key {
    fn of(jwk: &Jwk) -> Option<Self> {
        if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
            return None;
        }
        let possible: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::EllipticCurve(p) => match p.curve {
                EllipticCurve::P256 => &[Algorithm::ES256],
                EllipticCurve::P384 => &[Algorithm::ES384],
                _ => &[],
            },
            AlgorithmParameters::RSA(_) => {
                &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512]
            }
            AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
            // A symmetric key has no place in a public document.
            _ => &[],
        };
        let stated = jwk.common.key_algorithm.map(|a| a.to_string());
        let algorithms: Vec<_> = possible.iter().copied().filter(|a| stated.as_ref().is_none_or(|s| *s == format!("{a:?}"))).collect();
        let key = DecodingKey::from_jwk(jwk).ok()?;
        (!algorithms.is_empty()).then(|| Self { id: jwk.common.key_id.clone(), algorithms, key })
    }
}
