use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Keys of a ring: the one that seals, and those that only open.
const MAX_KEYS: usize = 16;
/// What sealed values begin with.
const LABEL: &str = "sealed1";

/// Where a sealed value belongs: it opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The kind of its record.
    pub kind: &'a str,
    /// The record's tenant.
    pub tenant: &'a str,
    /// The record's id.
    pub id: &'a str,
    /// The name of the field.
    pub field: &'a str,
}

impl Field<'_> {
    /// Each text behind its length: no two fields give the same bytes.
    fn associated(&self) -> Vec<u8> {
        let mut bytes = LABEL.as_bytes().to_vec();
        for text in [self.kind, self.tenant, self.id, self.field] {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    }
}

/// Seals secrets that must be kept and read again (AES-256-GCM, a random nonce each): secrets for upstreams, signing keys. Its keys lie
/// outside the database.
pub struct Seal {
    /// The first seals; all open.
    keys: Vec<(String, RandomizedNonceKey)>,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

/// Why something is not sealed or opened. No variant holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text of the keys.
    #[error("line {line} of the sealing keys: {reason}")]
    Keys {
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// No key at all.
    #[error("there is no sealing key")]
    NoKey,
    /// The value was sealed with a key that is not there.
    #[error("the {field} of a {kind} was sealed with the key `{key}`, which is not there")]
    UnknownKey {
        /// The kind of the record.
        kind: String,
        /// The name of the field.
        field: String,
        /// The id of the key.
        key: String,
    },
    /// The value is none that was sealed for this field, or it was changed.
    #[error("the {field} of a {kind} does not open: it was changed, or sealed for something else")]
    Refused {
        /// The kind of the record.
        kind: String,
        /// The name of the field.
        field: String,
    },
}

impl Seal {
    /// Reads keys: a line each, `ID BASE64-OF-32-BYTES`; `#` begins a comment. The first line seals, the others only open what was sealed
    /// before: for a new key write a line above, and seal the old values again when it suits.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut keys: Vec<(String, RandomizedNonceKey)> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let refused = |reason| SealError::Keys { line: at + 1, reason };
            let (id, key) = line.split_once(char::is_whitespace).ok_or_else(|| refused("expected an id, a space, and a key"))?;
            let is_id = id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            if !is_id {
                return Err(refused("an id is up to 32 letters, digits, - and _"));
            }
            if keys.iter().any(|(known, _)| known == id) || keys.len() >= MAX_KEYS {
                return Err(refused("an id stands twice, or there are more than 16 keys"));
            }
            let bytes = STANDARD.decode(key.trim()).map_err(|_| refused("the key is not Base64"))?;
            let key = Some(bytes).filter(|b| b.len() == KEY_BYTES).and_then(|b| RandomizedNonceKey::new(&AES_256_GCM, &b).ok());
            keys.push((id.to_owned(), key.ok_or_else(|| refused("a key has 32 bytes"))?));
        }
        if keys.is_empty() { Err(SealError::NoKey) } else { Ok(Self { keys }) }
    }

    /// The text of a new key with that id, for a file that its owner alone reads.
    ///
    /// # Errors
    /// The machine gives no random numbers.
    pub fn new_key(id: &str) -> Result<String, SealError> {
        let mut bytes = [0; KEY_BYTES];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SealError::NoKey)?;
        Ok(format!("{id} {}\n", STANDARD.encode(bytes)))
    }

    /// Seals a value: `sealed1.KEY.BASE64URL`.
    ///
    /// # Errors
    /// The machine gives no random numbers.
    pub fn seal(&self, field: &Field<'_>, value: &[u8]) -> Result<String, SealError> {
        let (id, key) = self.keys.first().ok_or(SealError::NoKey)?;
        let mut sealed = value.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(field.associated()), &mut sealed).map_err(|_| refused(field))?;
        let mut whole = nonce.as_ref().to_vec();
        whole.append(&mut sealed);
        Ok(format!("{LABEL}.{id}.{}", URL_SAFE_NO_PAD.encode(whole)))
    }

    /// Opens a value that was sealed for that field.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`], or [`SealError::Refused`] for everything else.
    pub fn open(&self, field: &Field<'_>, sealed: &str) -> Result<Vec<u8>, SealError> {
        let (id, text) = parts(sealed).ok_or_else(|| refused(field))?;
        let unknown = || SealError::UnknownKey { kind: field.kind.to_owned(), field: field.field.to_owned(), key: id.to_owned() };
        let (_, key) = self.keys.iter().find(|(known, _)| known == id).ok_or_else(unknown)?;
        let mut whole = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused(field))?;
        if whole.len() < NONCE_LEN {
            return Err(refused(field));
        }
        let mut sealed = whole.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&whole).map_err(|_| refused(field))?;
        let opened = key.open_in_place(nonce, Aad::from(field.associated()), &mut sealed).map_err(|_| refused(field))?.len();
        sealed.truncate(opened);
        Ok(sealed)
    }

    /// Was the value sealed with the key that seals now? Else it is time to seal it again.
    pub fn is_current(&self, sealed: &str) -> bool {
        parts(sealed).is_some_and(|(id, _)| self.keys.first().is_some_and(|(current, _)| current == id))
    }
}

/// The id of the key, and the rest.
fn parts(sealed: &str) -> Option<(&str, &str)> {
    sealed.strip_prefix(LABEL)?.strip_prefix('.')?.split_once('.')
}

fn refused(field: &Field<'_>) -> SealError {
    SealError::Refused { kind: field.kind.to_owned(), field: field.field.to_owned() }
}
