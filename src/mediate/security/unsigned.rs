//! The signer of a build without the feature `x509`: there is none.

use std::convert::Infallible;

use super::SignerError;
use crate::net::secret::Secret;

/// A private key with its certificate; in this build there is none.
#[derive(Debug)]
pub struct Signer(Infallible);

impl Signer {
    /// None.
    ///
    /// # Errors
    /// Always [`SignerError::NotBuilt`].
    pub fn new(_certificates_pem: &str, _key_pem: &Secret) -> Result<Self, SignerError> {
        Err(SignerError::NotBuilt)
    }

    pub(super) fn token(&self, _id: &str) -> String {
        match self.0 {}
    }

    pub(super) fn sign(&self, _envelope: Vec<u8>, _parts: &[String], _id: &str, _token: &str) -> Result<Vec<u8>, SignerError> {
        match self.0 {}
    }
}
