//! XML Signature over parts of an envelope, as SOAP Message Security 1.1.1 (section 8) and the X.509 Token Profile 1.1.1 ask for it:
//! exclusive canonicalisation, SHA-256 digests, the certificate as `wsse:BinarySecurityToken`.
//!
//! The only caller of bergshamra: it canonicalises and signs. The markup around is written here, because its own template signer
//! refuses every document in which two elements share a value of an attribute called `id`, as business data does.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra::c14n::{C14nMode, canonicalize_doc};
use bergshamra::core::algorithm;
use bergshamra::keys::loader;
use bergshamra::xml::uppsala;
use bergshamra::xml::{Document, NodeId, NodeSet};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use super::{PROFILE, SignerError};
use crate::net::secret::Secret;
use crate::xml::ns;

/// A private key with its certificate.
pub struct Signer {
    key: bergshamra::SoftwareKey,
    /// Base64 of the certificate's DER.
    certificate: String,
    /// The signature algorithm's URI.
    algorithm: &'static str,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn library(error: impl std::fmt::Display) -> SignerError {
    SignerError::Library(error.to_string())
}

impl Signer {
    /// A signer of an RSA or EC key. Of several certificates the first is the key's; the others are not sent.
    ///
    /// # Errors
    /// They cannot be used, or not together.
    pub fn new(certificates_pem: &str, key_pem: &Secret) -> Result<Self, SignerError> {
        let certificate = CertificateDer::pem_slice_iter(certificates_pem.as_bytes()).next();
        let certificate = certificate.and_then(Result::ok).ok_or(SignerError::Certificate)?;
        let public = loader::load_x509_cert_der(&certificate).map_err(|_| SignerError::Certificate)?;
        let private = loader::load_pem_auto(key_pem.reveal().as_bytes(), None).map_err(|_| SignerError::Key)?;
        if !private.has_private_key() {
            return Err(SignerError::Key);
        }
        if private.to_spki_der() != public.to_spki_der() {
            return Err(SignerError::Mismatch);
        }
        let algorithm = match private.algorithm_name() {
            "RSA" => algorithm::RSA_SHA256,
            "EC-P256" => algorithm::ECDSA_SHA256,
            "EC-P384" => algorithm::ECDSA_SHA384,
            "EC-P521" => algorithm::ECDSA_SHA512,
            _ => return Err(SignerError::Algorithm),
        };
        let key = private.to_signing_key().map_err(|_| SignerError::Key)?.ok_or(SignerError::Key)?;
        Ok(Self { key, certificate: STANDARD.encode(&*certificate), algorithm })
    }

    /// The certificate as a token, under the prefixes `wsse` and `wsu`.
    pub(super) fn token(&self, id: &str) -> String {
        format!(
            "<wsse:BinarySecurityToken wsu:Id=\"{id}\" EncodingType=\"{PROFILE}-soap-message-security-1.0#Base64Binary\" \
             ValueType=\"{PROFILE}-x509-token-profile-1.0#X509v3\">{}</wsse:BinarySecurityToken>",
            self.certificate
        )
    }

    /// Signs the elements with these `wsu:Id`s, and writes the Signature in the place of the comment `id`.
    ///
    /// # Errors
    /// A part is missing, or the library refuses.
    pub(super) fn sign(&self, envelope: Vec<u8>, parts: &[String], id: &str, token: &str) -> Result<Vec<u8>, SignerError> {
        let mut envelope = String::from_utf8(envelope).map_err(library)?;
        let info = {
            let document = uppsala::parse(&envelope).map_err(library)?;
            self.signed_info(&document, parts)?
        };
        let canonical = canonical(&uppsala::parse(&info).map_err(library)?, None)?;
        let algorithm = bergshamra::crypto::sign::from_uri(self.algorithm).map_err(library)?;
        let value = STANDARD.encode(algorithm.sign(&self.key, &canonical).map_err(library)?);
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{dsig}\" Id=\"{id}\">{info}<ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo>\
             <wsse:SecurityTokenReference><wsse:Reference URI=\"#{token}\" ValueType=\"{PROFILE}-x509-token-profile-1.0#X509v3\"/>\
             </wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>",
            dsig = ns::DSIG
        );
        let place = format!("<!--{id}-->");
        let at = envelope.find(&place).ok_or(SignerError::Part)?;
        envelope.replace_range(at..at + place.len(), &signature);
        Ok(envelope.into_bytes())
    }

    fn signed_info(&self, document: &Document<'_>, parts: &[String]) -> Result<String, SignerError> {
        let places = places(document, parts)?;
        let mut info = format!(
            "<ds:SignedInfo xmlns:ds=\"{}\"><ds:CanonicalizationMethod Algorithm=\"{c14n}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod>",
            ns::DSIG,
            self.algorithm,
            c14n = algorithm::EXC_C14N
        );
        for (part, node) in parts.iter().zip(places) {
            let digest = STANDARD.encode(Sha256::digest(canonical(document, Some(node))?));
            // The Body's id may be the caller's own: it is a value, never markup.
            let mut id = Vec::with_capacity(part.len());
            let _checked = crate::xml::writer::attribute(&mut id, part);
            let id = String::from_utf8_lossy(&id);
            let _infallible = write!(
                info,
                "<ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"{c14n}\"></ds:Transform></ds:Transforms>\
                 <ds:DigestMethod Algorithm=\"{sha256}\"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>",
                c14n = algorithm::EXC_C14N,
                sha256 = algorithm::SHA256
            );
        }
        info.push_str("</ds:SignedInfo>");
        Ok(info)
    }
}

/// The elements with these `wsu:Id`s: the Body, header blocks, and what stands in them.
fn places(document: &Document<'_>, parts: &[String]) -> Result<Vec<NodeId>, SignerError> {
    let mut found = vec![None; parts.len()];
    let mut level: Vec<NodeId> = document.document_element().into_iter().collect();
    // Envelope, Header and Body, blocks, tokens: nothing that is signed stands deeper.
    for _ in 0..4 {
        let mut next = Vec::new();
        for node in level {
            let id = document.element(node).and_then(|e| e.get_attribute_ns(ns::WSU, "Id"));
            if let Some(at) = id.and_then(|id| parts.iter().position(|p| p == id))
                && let Some(place) = found.get_mut(at)
            {
                place.get_or_insert(node);
            }
            next.extend(document.children(node));
        }
        level = next;
    }
    found.into_iter().map(|node| node.ok_or(SignerError::Part)).collect()
}

fn canonical(document: &Document<'_>, node: Option<NodeId>) -> Result<Vec<u8>, SignerError> {
    let nodes = node.map(|n| NodeSet::tree_without_comments(n, document));
    canonicalize_doc::<&str>(document, C14nMode::Exclusive, nodes.as_ref(), &[]).map_err(library)
}
