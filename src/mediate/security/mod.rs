//! What a request says of its sender and of its way: WS-Security (UsernameToken Profile 1.1.1, X.509 Token Profile 1.1.1, SOAP
//! Message Security 1.1.1) and WS-Addressing (1.0, and the submission of August 2004), put into a finished envelope.
//!
//! Comes in: an envelope, secrets, the instant and random bytes, all as data. Goes out: the envelope with header blocks. No clock, no
//! chance, no I/O in here, so that equal inputs give equal bytes. Only `sign` knows cryptography beyond a digest.

mod addressing;
mod by_hand;
mod head;
#[cfg(feature = "x509")]
mod sign;
mod token;
#[cfg(not(feature = "x509"))]
mod unsigned;

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

pub use addressing::{Addressing, Route};
pub use by_hand::{ByHand, HeaderBlock, envelope, with_blocks};
pub use head::{Head, NotFound, Scout};
#[cfg(feature = "x509")]
pub use sign::Signer;
pub use token::{Password, UsernameToken, password_digest};
#[cfg(not(feature = "x509"))]
pub use unsigned::Signer;

use crate::plan::asks::SignedParts;
use crate::plan::node::SoapVersion;
use crate::xml::ns;

/// Where the identifiers of the profiles begin.
const PROFILE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss";
/// The largest envelope that is signed, in bytes: it is read as a tree for that.
pub const MAX_SIGNED_BYTES: usize = 16 << 20;

/// The instant and the chance of one message.
#[derive(Clone, Copy)]
pub struct Moment {
    /// Milliseconds since 1970, UTC.
    pub unix_ms: i64,
    /// Bytes that nobody can guess, never used twice.
    pub random: [u8; 48],
}

impl std::fmt::Debug for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Moment").field("unix_ms", &self.unix_ms).finish_non_exhaustive()
    }
}

impl Moment {
    /// 20 bytes for a nonce (the profile asks for 16 or more).
    fn nonce(&self) -> &[u8] {
        self.random.get(..20).unwrap_or_default()
    }

    /// Version 4, RFC 9562 section 5.4.
    fn uuid(&self) -> String {
        let mut b: [u8; 16] = std::array::from_fn(|i| self.random.get(20 + i).copied().unwrap_or_default());
        if let Some(version) = b.get_mut(6) {
            *version = (*version & 0x0F) | 0x40;
        }
        if let Some(variant) = b.get_mut(8) {
            *variant = (*variant & 0x3F) | 0x80;
        }
        let n = u128::from_be_bytes(b);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            (n >> 80) & 0xFFFF,
            (n >> 64) & 0xFFFF,
            (n >> 48) & 0xFFFF,
            n & 0xFFFF_FFFF_FFFF
        )
    }

    /// An `Id` that no other element of the envelope has.
    fn id(&self, of: &str) -> String {
        let mut id = format!("{of}-");
        for byte in self.random.iter().skip(36) {
            let _infallible = write!(id, "{byte:02x}");
        }
        id
    }

    /// `xs:dateTime` in UTC with milliseconds, so long after the instant.
    fn date_time(&self, after: Duration) -> String {
        let ms = self.unix_ms.saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
        jiff::Timestamp::from_millisecond(ms).map(|t| format!("{t:.3}")).unwrap_or_default()
    }
}

impl Moment {
    /// This instant by the clock's milliseconds, and random bytes.
    pub fn new(unix_ms: u128, random: [u8; 48]) -> Self {
        Self { unix_ms: i64::try_from(unix_ms).unwrap_or(i64::MAX), random }
    }
}

/// What stands in the `wsse:Security` header block of every request.
#[derive(Debug, Clone, Default)]
pub struct Security {
    /// Who sends it.
    pub username: Option<UsernameToken>,
    /// How long it is good; `None`: no `wsu:Timestamp`.
    pub timestamp: Option<Duration>,
    /// Must the service understand the block? Then one that does not answers a fault.
    pub must_understand: bool,
    /// Who signs it, and what.
    pub signature: Option<Signature>,
}

/// What is signed, with whose key.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The key and its certificate.
    pub signer: Arc<Signer>,
    /// Which parts; those that a message does not have are left out.
    pub parts: SignedParts,
}

/// Why a key cannot sign, or a message cannot be signed. Texts hold no key material and no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// No certificate in the PEM text.
    #[error("there is no PEM certificate")]
    Certificate,
    /// No key in the PEM text.
    #[error("there is no unencrypted PEM key (PKCS #8, PKCS #1 or SEC1)")]
    Key,
    /// Neither RSA nor an elliptic curve of NIST.
    #[error("the key is neither RSA nor EC P-256, P-384 or P-521")]
    Algorithm,
    /// They do not belong together.
    #[error("the certificate is not that of the key")]
    Mismatch,
    /// The library refused.
    #[error("{0}")]
    Library(String),
    /// This build has no signatures.
    #[error("this build of Castile cannot sign: it was made without the feature `x509`")]
    NotBuilt,
    /// A part to be signed is not there.
    #[error("a part that is to be signed is missing")]
    Part,
}

/// Why an envelope could not be secured. Texts hold no payload and no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecureError {
    /// Its head cannot be read.
    #[error("{0}")]
    Head(NotFound),
    /// It is too large to be signed.
    #[error("an envelope of more than {MAX_SIGNED_BYTES} bytes is not signed")]
    TooLarge,
    /// It cannot be signed.
    #[error("the envelope cannot be signed: {0}")]
    Sign(String),
}

/// Puts addressing and security header blocks into an envelope in UTF-8. A block that the envelope has already is left as it is.
///
/// # Errors
/// It is no envelope, or it cannot be signed.
pub fn secure(
    envelope: Vec<u8>,
    security: Option<&Security>,
    addressing: Option<&Addressing<'_>>,
    moment: &Moment,
) -> Result<Vec<u8>, SecureError> {
    if security.is_none() && addressing.is_none() {
        return Ok(envelope);
    }
    let head = Head::of(&envelope).map_err(SecureError::Head)?;
    let security = security.filter(|_| !head.has_security);
    let blocks = Blocks::new(&head, security, addressing, moment);
    let unsigned = blocks.inserted(&envelope, &head);
    match security.and_then(|s| s.signature.as_ref()) {
        None => Ok(unsigned),
        Some(_) if unsigned.len() > MAX_SIGNED_BYTES => Err(SecureError::TooLarge),
        Some(signature) => {
            let signed = signature.signer.sign(unsigned, &blocks.signed, &blocks.signature_id, &moment.id("X509"));
            signed.map_err(|e| SecureError::Sign(e.to_string()))
        }
    }
}

/// The header blocks of one message as markup, and what of it is signed.
pub struct Blocks {
    /// They stand first in the Header.
    markup: String,
    /// `Id`s of the parts to be signed, in the order of the references.
    signed: Vec<String>,
    signature_id: String,
    /// What is put before the end of the Body's start tag.
    body_attribute: String,
}

impl Blocks {
    /// Writes the blocks for an envelope.
    pub fn new(head: &Head, security: Option<&Security>, addressing: Option<&Addressing<'_>>, moment: &Moment) -> Self {
        let mut blocks = Self { markup: String::new(), signed: Vec::new(), signature_id: moment.id("SIG"), body_attribute: String::new() };
        let parts = security.and_then(|s| s.signature.as_ref()).map(|s| s.parts);
        let mut addressed = String::new();
        if let Some(addressing) = addressing {
            let ids = parts.is_some_and(|p| p.addressing);
            addressed = addressing.markup(head, moment, ids.then_some(&mut blocks.signed));
        }
        if let Some(security) = security {
            blocks.security(head, security, moment);
        }
        blocks.markup.push_str(&addressed);
        blocks
    }

    fn security(&mut self, head: &Head, security: &Security, moment: &Moment) {
        let parts = security.signature.as_ref().map(|s| s.parts);
        let mut out = format!("<wsse:Security xmlns:wsse=\"{}\" xmlns:wsu=\"{}\"", ns::WSSE, ns::WSU);
        if security.must_understand {
            let (uri, yes) = match head.version {
                SoapVersion::Soap11 => (ns::SOAP11, "1"),
                SoapVersion::Soap12 => (ns::SOAP12, "true"),
            };
            let _infallible = write!(out, " xmlns:env=\"{uri}\" env:mustUnderstand=\"{yes}\"");
        }
        out.push('>');
        if let Some(ttl) = security.timestamp {
            let id = moment.id("TS");
            let (created, expires) = (moment.date_time(Duration::ZERO), moment.date_time(ttl));
            let _infallible = write!(
                out,
                "<wsu:Timestamp wsu:Id=\"{id}\"><wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
            );
            self.sign_if(parts.is_some_and(|p| p.timestamp), id);
        }
        if let Some(signature) = &security.signature {
            let id = moment.id("X509");
            out.push_str(&signature.signer.token(&id));
            self.sign_if(signature.parts.certificate, id);
        }
        if let Some(token) = &security.username {
            let id = moment.id("UT");
            token.write(&mut out, &id, moment);
            self.sign_if(parts.is_some_and(|p| p.username_token), id);
        }
        if let Some(parts) = parts {
            if parts.body {
                let id = self.body_id(head, moment);
                self.signed.push(id);
            }
            // The signer writes its element in the place of this one.
            let _infallible = write!(out, "<!--{}-->", self.signature_id);
        }
        out.push_str("</wsse:Security>");
        self.markup = out;
    }

    fn sign_if(&mut self, signed: bool, id: String) {
        if signed {
            self.signed.push(id);
        }
    }

    /// The Body's `wsu:Id`: its own, else one that is added.
    fn body_id(&mut self, head: &Head, moment: &Moment) -> String {
        if let Some(id) = &head.body.id {
            return id.clone();
        }
        let id = moment.id("Body");
        self.body_attribute = format!(" xmlns:{0}=\"{1}\" {0}:Id=\"{id}\"", head.body.free_prefix, ns::WSU);
        id
    }

    /// The envelope with the blocks in it; every other byte is as it was.
    fn inserted(&self, envelope: &[u8], head: &Head) -> Vec<u8> {
        let mut edits = vec![self.header_edit(head)];
        if !self.body_attribute.is_empty() {
            let at = head.body.tag_end - if head.body.is_empty { 2 } else { 1 };
            edits.push(Edit { at, remove: 0, insert: self.body_attribute.clone() });
        }
        let mut out = Vec::with_capacity(envelope.len() + edits.iter().map(|e| e.insert.len()).sum::<usize>());
        let mut done = 0;
        for edit in edits {
            out.extend_from_slice(envelope.get(done..edit.at).unwrap_or_default());
            out.extend_from_slice(edit.insert.as_bytes());
            done = edit.at + edit.remove;
        }
        out.extend_from_slice(envelope.get(done..).unwrap_or_default());
        out
    }

    /// What is done to the envelope's bytes so that the blocks are its first ones.
    pub fn header_edit(&self, head: &Head) -> Edit {
        if self.markup.is_empty() {
            return Edit { at: 0, remove: 0, insert: String::new() };
        }
        match &head.header {
            Some(header) if header.is_empty => {
                let (at, name) = (header.tag_end - 2, &header.name);
                Edit { at, remove: 2, insert: format!(">{}</{name}>", self.markup) }
            }
            Some(header) => Edit { at: header.tag_end, remove: 0, insert: self.markup.clone() },
            None => {
                let name = &head.header_name;
                Edit { at: head.envelope_end, remove: 0, insert: format!("<{name}>{}</{name}>", self.markup) }
            }
        }
    }
}

/// One change of an envelope's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where, in bytes of the UTF-8 text without byte order mark.
    pub at: usize,
    /// So many bytes go.
    pub remove: usize,
    /// These come. Nothing but ASCII.
    pub insert: String,
}

/// Character data of ASCII only, so that it means the same in every encoding that holds ASCII. Characters that XML does not have
/// are left out: settings are checked before.
fn push_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            ' '..='~' => out.push(c),
            c if crate::xml::writer::is_xml_char(c) => {
                let _infallible = write!(out, "&#{};", u32::from(c));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
