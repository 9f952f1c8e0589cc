//! What the WSDL's policies ask → [`Asks`].

use crate::plan::asks::{AddressingVersion, Asks, Mtom, PasswordType, SignedParts};
use crate::wsdl::policy;

/// What a plan keeps of the asked.
pub fn of(asked: &policy::Asks) -> Asks {
    Asks {
        addressing: asked.addressing.map(|a| match a {
            policy::Addressing::V10 => AddressingVersion::V10,
            policy::Addressing::Submission => AddressingVersion::Submission,
        }),
        https: asked.https,
        http_basic: asked.http_basic,
        username_token: asked.username_token.map(|p| match p {
            policy::Password::Text => PasswordType::Text,
            policy::Password::Hashed => PasswordType::Digest,
            policy::Password::None => PasswordType::None,
        }),
        nonce: asked.nonce,
        timestamp: asked.timestamp,
        signature: asked.signature.then_some(SignedParts {
            body: asked.signs_body || !asked.signs_parts,
            timestamp: asked.timestamp,
            addressing: asked.signs_addressing || !asked.signs_parts,
            username_token: asked.signs_username_token,
            certificate: asked.signs_certificate,
        }),
        mtom: match asked.mtom {
            policy::Mtom::No => Mtom::No,
            policy::Mtom::Optional => Mtom::Optional,
            policy::Mtom::Required => Mtom::Required,
        },
    }
}
