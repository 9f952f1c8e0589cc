//! Secrets for SOAP services that the store keeps sealed: given, replaced and removed, and never shown.

use super::apis::PUBLISH;
use super::{Actor, Listed, Manage, ManageError, Managed, Part, hold, now, removal, text};
use crate::api::SealedSecret;
use crate::catalog;
use crate::net::secret::Secret;
use crate::store::{Change, Expected, Keep, MAX_PAGE, Store, Versioned};

/// Bytes of one: a chain of certificates is smaller.
pub const MAX_SECRET_BYTES: usize = 48 << 10;
/// Secrets of a tenant.
pub const MAX_SECRETS: usize = MAX_PAGE;

/// A secret to be, or what is put in its place.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// Its name.
    pub name: String,
    /// What it is for, for people; `None`: as it was.
    pub description: Option<String>,
    /// Its value.
    pub value: Secret,
}

const SECRET: &str = "secret";

impl Manage {
    /// The secrets of the tenant, without their values.
    ///
    /// # Errors
    /// Only for publishers and administrators.
    pub async fn secrets(&self, actor: &Actor, part: &Part) -> Managed<Listed<SealedSecret>> {
        actor.needs(&PUBLISH)?;
        self.listed(&actor.tenant, part).await
    }

    /// A secret by its name, without its value.
    ///
    /// # Errors
    /// It is not there. Only for publishers and administrators.
    pub async fn secret(&self, actor: &Actor, name: &str) -> Managed<SealedSecret> {
        actor.needs(&PUBLISH)?;
        Ok(self.named(SECRET, &actor.tenant, name).await?.value)
    }

    /// Seals a secret.
    ///
    /// # Errors
    /// Its name is in use, there are too many, or something does not fit. Only for publishers and administrators.
    pub async fn create_secret(&self, actor: &Actor, new: NewSecret) -> Managed<SealedSecret> {
        actor.needs(&PUBLISH)?;
        text::word("name", &new.name)?;
        let secret = self.sealed(actor, &new)?;
        let _turn = self.turn().await;
        let tenant = self.tenant_of(actor).await?;
        self.must_be_free::<SealedSecret>(SECRET, &actor.tenant, &new.name).await?;
        if self.store.page::<SealedSecret>(Some(&actor.tenant), None, MAX_SECRETS).await?.0.len() >= MAX_SECRETS {
            return Err(ManageError::Full { what: "secrets of a tenant", limit: MAX_SECRETS });
        }
        let changes = vec![hold(&tenant)?, Change::put(&secret, Expected::Absent)?];
        self.write(changes, actor.did("secret.create", &secret.name, format!("sealed the secret {}", secret.name))).await?;
        Ok(secret)
    }

    /// Puts a value in the place of the one of its name. Calls of the APIs that name it carry it within two seconds.
    ///
    /// # Errors
    /// There is none of that name, or something does not fit. Only for publishers and administrators.
    pub async fn replace_secret(&self, actor: &Actor, new: NewSecret) -> Managed<SealedSecret> {
        actor.needs(&PUBLISH)?;
        let mut value = self.sealed(actor, &new)?;
        let _turn = self.turn().await;
        let Versioned { version, value: before } = self.named::<SealedSecret>(SECRET, &actor.tenant, &new.name).await?;
        if new.description.is_none() {
            value.description = before.description;
        }
        let found = Versioned { version, value };
        let summary = format!("sealed another value of the secret {}", new.name);
        self.write(vec![hold(&found)?], actor.did("secret.update", &new.name, summary)).await?;
        Ok(found.value)
    }

    /// Removes a secret.
    ///
    /// # Errors
    /// It is not there, or an API names it. Only for publishers and administrators.
    pub async fn remove_secret(&self, actor: &Actor, name: &str) -> Managed<()> {
        actor.needs(&PUBLISH)?;
        let _turn = self.turn().await;
        let found = self.named::<SealedSecret>(SECRET, &actor.tenant, name).await?;
        if let Some(api) = self.api_naming(&actor.tenant, name).await? {
            return Err(ManageError::InUse { kind: SECRET, name: name.to_owned(), by: format!("the API {api} names it") });
        }
        self.write(vec![removal(&found)], actor.did("secret.remove", name, format!("removed the secret {name}"))).await
    }

    fn sealed(&self, actor: &Actor, new: &NewSecret) -> Managed<SealedSecret> {
        let description = new.description.clone().unwrap_or_default();
        text::prose("description", &description)?;
        let value = new.value.reveal();
        if value.is_empty() || value.len() > MAX_SECRET_BYTES || !value.chars().all(crate::xml::writer::is_xml_char) {
            // The value itself is not repeated.
            return Err(ManageError::invalid("value", format!("1 to {MAX_SECRET_BYTES} bytes that a message can carry"), "another text"));
        }
        let sealed = self.vault.seal(&actor.tenant, &new.name, value).map_err(|e| ManageError::System(e.to_string()))?;
        let (tenant, name) = (actor.tenant.clone(), new.name.as_str().into());
        Ok(SealedSecret { tenant, name, description, sealed, changed: now() })
    }

    /// The first API of a tenant that names a secret, in the revision that is in force or in the newest.
    async fn api_naming(&self, tenant: &str, name: &str) -> Managed<Option<String>> {
        for api in self.store.apis(Some(tenant)).await? {
            match self.api(tenant, &api.name).await {
                Ok(found) if [&found.latest, &found.in_force].iter().any(|r| catalog::names_sealed(&r.content, name)) => {
                    return Ok(Some(api.name.to_string()));
                }
                // Removed meanwhile.
                Ok(_) | Err(ManageError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
