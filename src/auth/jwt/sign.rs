use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::claims::Claims;
use super::keyset::{KeySet, KeySetError};

/// A private key that signs tokens by ES256 (P-256 and SHA-256).
#[derive(Clone)]
pub struct SigningKey {
    key_id: String,
    pkcs8: Vec<u8>,
    key: EncodingKey,
    public: Jwk,
}

/// Why there is no key, or no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The system gave no key.
    #[error("a key could not be made")]
    Make,
    /// Bytes that are no key.
    #[error("not a P-256 key in PKCS #8 form")]
    Form,
    /// The signature failed.
    #[error("signing failed: {0}")]
    Sign(String),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a key.
    ///
    /// # Errors
    /// [`SignError::Make`].
    pub fn generate() -> Result<Self, SignError> {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).map_err(|_| SignError::Make)?;
        Self::from_pkcs8(der.as_ref())
    }

    /// The key of these bytes (PKCS #8, DER).
    ///
    /// # Errors
    /// [`SignError::Form`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SignError> {
        let key = EncodingKey::from_ec_der(der);
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).map_err(|_| SignError::Form)?;
        // RFC 7638: the name follows from the key, so that two keys never have one.
        let key_id = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| SignError::Form)?;
        public.common.key_id = Some(key_id.clone());
        public.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
        Ok(Self { key_id, pkcs8: der.to_vec(), key, public })
    }

    /// Its bytes (PKCS #8, DER), to be sealed and kept.
    pub fn to_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Its name: `kid`.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Its public half as a JWK (RFC 7517), in JSON.
    ///
    /// # Errors
    /// [`SignError::Sign`], which does not happen with keys that were made here.
    pub fn public_jwk(&self) -> Result<serde_json::Value, SignError> {
        serde_json::to_value(&self.public).map_err(|e| SignError::Sign(e.to_string()))
    }

    /// The set of this key's public half alone.
    ///
    /// # Errors
    /// As [`KeySet::new`].
    pub fn key_set(&self) -> Result<KeySet, KeySetError> {
        KeySet::new(std::slice::from_ref(&self.public))
    }

    /// Signs claims as a token of that `typ`.
    ///
    /// # Errors
    /// [`SignError::Sign`].
    pub fn sign(&self, typ: &str, claims: &Claims) -> Result<String, SignError> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.key_id.clone());
        let claims = claims.to_value().map_err(|e| SignError::Sign(e.to_string()))?;
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|e| SignError::Sign(e.to_string()))
    }
}
