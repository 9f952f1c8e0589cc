//! A code becomes tokens, once: RFC 6749, section 4.1.3; RFC 7636, section 4.6.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::client::Caller;
use super::error::Refused;
use super::form::Parameters;
use super::issue::TokenAnswer;
use super::records::AuthorizationCode;
use super::token::Given;
use super::visit::Visit;
use super::{Server, scope};
use crate::auth::digest;
use crate::store::{Change, Expected, Keep, Store, StoreError, Versioned};

/// Is it a challenge: SHA-256 in base64url (RFC 7636, section 4.2)?
pub(super) fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Is it a verifier (RFC 7636, section 4.1)?
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

impl<S: Store> Server<S> {
    /// Gives the tokens of a code. One that comes a second time ends what it gave the first time.
    pub(super) async fn redeem(&self, caller: &Caller, form: &Parameters, visit: &Visit) -> Result<TokenAnswer, Refused> {
        caller.check_grant("authorization_code")?;
        let code = digest(form.required("code", "code is missing")?).to_string();
        let verifier = form.required("code_verifier", "code_verifier is missing: every client proves its code by PKCE")?;
        if !is_verifier(verifier) {
            return Err(Refused::request("code_verifier is not 43 to 128 letters, digits, -, ., _ and ~"));
        }
        let Some(found) = self.store.get::<AuthorizationCode>(&visit.tenant, &code).await? else { return Err(Refused::grant()) };
        let Versioned { version, value: mut kept } = found;
        if kept.client != caller.client.id {
            return Err(Refused::grant());
        }
        if let Some(grant) = &kept.spent {
            return Err(self.reused(grant, &kept.client, "a code came a second time", visit).await?);
        }
        let same_redirect = kept.redirect_uri.as_deref() == form.get("redirect_uri")?;
        if !same_redirect || kept.challenge != challenge_of(verifier) || visit.now >= kept.expires {
            return Err(Refused::grant());
        }
        let user =
            visit.members().user(&kept.user).filter(|u| u.stands_for(kept.expires - super::CODE_SECONDS)).ok_or_else(Refused::grant)?;
        // What the client may have can have become less since.
        let scopes = scope::narrowed(None, &kept.scopes, &caller.client, visit)?;
        let (answer, grant, mut changes) = self.begin(caller, Given { user: &user.name, scopes: &scopes }, visit)?;
        kept.spent = Some(grant.clone());
        changes.push(Change::put(&kept, Expected::Version(version))?);
        let audit = visit.audit(&kept.user, "grant.create", &grant, "a user let a client act in the user's name");
        match self.store.write(changes, Some(audit)).await {
            Ok(_) => Ok(answer),
            // Somebody else has it at the same time: nobody keeps what it gave.
            Err(StoreError::Stale { .. }) => {
                let other = self.store.get::<AuthorizationCode>(&visit.tenant, &code).await?.and_then(|v| v.value.spent);
                match other {
                    Some(grant) => Err(self.reused(&grant, &caller.client.id, "a code came twice at one time", visit).await?),
                    None => Err(Refused::grant()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge_of(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(is_verifier(verifier) && is_challenge(&challenge_of(verifier)));
        assert!(!is_verifier(&verifier[1..]) && !is_verifier(&"a".repeat(129)) && !is_verifier(&"+".repeat(43)));
        assert!(!is_challenge(&verifier[1..]) && !is_challenge(&"=".repeat(43)));
    }
}
