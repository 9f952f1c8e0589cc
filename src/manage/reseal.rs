//! What is sealed is sealed again with the key that seals now: then the keys behind it can go from the file.

use super::{Actor, Manage, Managed, Versioned, hold};
use crate::api::SealedSecret;
use crate::auth::SealedKey;
use crate::catalog::{field, secret_field};
use crate::store::{Field, Keep, Kept, MAX_PAGE, Seal, SealError};

/// What became of what is sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values that were sealed again.
    pub resealed: usize,
    /// Values that were sealed with the key that seals now already.
    pub current: usize,
    /// Values that cannot be opened, each with the reason: the keys that they need must stay, or come back.
    pub failed: Vec<String>,
}

impl Manage {
    /// Seals every sealed value of all tenants again that another key sealed than the one that does now.
    ///
    /// # Errors
    /// Only for administrators of the installation; somebody else changed a value at the same time; this process has no sealing keys. What was done before
    /// the error stays done.
    pub async fn reseal(&self, actor: &Actor) -> Managed<Resealed> {
        actor.administrates_all()?;
        let seal = self.signers()?.seal();
        let _turn = self.turn().await;
        let mut done = Resealed::default();
        self.reseal_kind::<SealedSecret>(actor, &mut done, |found| {
            let again = again(seal, &secret_field(&found.tenant, &found.name), &found.sealed);
            (format!("the secret {} of the tenant {}", found.name, found.tenant), again.map(|a| a.map(|sealed| found.sealed = sealed)))
        })
        .await?;
        self.reseal_kind::<SealedKey>(actor, &mut done, |found| {
            let again = again(seal, &field(&found.id), &found.sealed);
            (format!("the signing key {}", found.id), again.map(|a| a.map(|sealed| found.sealed = sealed)))
        })
        .await?;
        Ok(done)
    }

    /// `reseal` gives what a value is called, and whether it was sealed again.
    async fn reseal_kind<T: Kept>(
        &self,
        actor: &Actor,
        done: &mut Resealed,
        reseal: impl Fn(&mut T) -> (String, Result<Option<()>, SealError>),
    ) -> Managed<()> {
        let mut after = None;
        loop {
            let (found, next) = self.store.page::<T>(None, after.as_ref(), MAX_PAGE).await?;
            let mut changes = Vec::new();
            for Versioned { version, mut value } in found {
                match reseal(&mut value) {
                    (_, Ok(Some(()))) => changes.push(hold(&Versioned { version, value })?),
                    (_, Ok(None)) => done.current += 1,
                    (name, Err(error)) => done.failed.push(format!("{name}: {error}")),
                }
            }
            let again = changes.len();
            if again > 0 {
                let summary = format!("sealed {again} values with the newest key");
                self.write(changes, actor.did("seal.renew", T::KIND, summary)).await?;
                done.resealed += again;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }
}

/// The value sealed with the key that seals now; `None`: it is already.
fn again(seal: &Seal, field: &Field<'_>, sealed: &str) -> Result<Option<String>, SealError> {
    if seal.is_current(sealed) {
        return Ok(None);
    }
    seal.seal(field, &seal.open(field, sealed)?).map(Some)
}
