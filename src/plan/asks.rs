//! What a WSDL and its policies ask of the requests of an operation, beside its messages.

/// What is asked of a request. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Asks {
    /// WS-Addressing, in this version.
    pub addressing: Option<AddressingVersion>,
    /// A connection over TLS.
    pub https: bool,
    /// HTTP Basic.
    pub http_basic: bool,
    /// A `wsse:UsernameToken`, its password sent like this.
    pub username_token: Option<PasswordType>,
    /// Nonce and creation time in it, however the password is sent.
    pub nonce: bool,
    /// A `wsu:Timestamp`.
    pub timestamp: bool,
    /// An X.509 signature over these parts.
    pub signature: Option<SignedParts>,
    /// MTOM (`OptimizedMimeSerialization`).
    pub mtom: Mtom,
}

/// Versions of WS-Addressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressingVersion {
    /// 1.0, 2005/08.
    V10,
    /// The submission of August 2004.
    Submission,
}

/// How the password of a UsernameToken is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PasswordType {
    /// As it is.
    Text,
    /// As a digest with nonce and creation time.
    Digest,
    /// Not at all.
    None,
}

/// Parts of an envelope that are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignedParts {
    /// The Body.
    pub body: bool,
    /// The Timestamp.
    pub timestamp: bool,
    /// The WS-Addressing blocks that Castile writes.
    pub addressing: bool,
    /// The UsernameToken.
    pub username_token: bool,
    /// The certificate itself (`sp:ProtectTokens`).
    pub certificate: bool,
}

impl Default for SignedParts {
    fn default() -> Self {
        Self { body: true, timestamp: true, addressing: true, username_token: false, certificate: false }
    }
}

/// Is MTOM asked for?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mtom {
    /// No.
    #[default]
    No,
    /// It may be used (`wsp:Optional`).
    Optional,
    /// It must be used.
    Required,
}
