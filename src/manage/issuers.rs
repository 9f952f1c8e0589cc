use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Actor, Listed, Manage, ManageError, Managed, Part, hold, removal, text};
use crate::auth::Issuer;
use crate::auth::jwt::Algorithm;
use crate::store::{Change, Expected, Keep, Key, Versioned};

/// Audiences, and applications, of one issuer.
const MAX_LIST: usize = 1_000;
/// The algorithms of signatures with two keys (RFC 8725, section 3.2: none and those with a shared key are not among them).
const ALGORITHMS: [&str; 9] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// An issuer to be, or what is put in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewIssuer {
    /// Its name here.
    pub name: String,
    /// `iss`, compared exactly.
    pub iss: String,
    /// Where its keys are; `None`: found by its metadata.
    pub jwks_uri: Option<String>,
    /// `aud`: one of these must be there.
    pub audiences: Vec<String>,
    /// Signature algorithms; empty: `RS256` and `ES256`.
    pub algorithms: Vec<String>,
    /// `typ` of its tokens; `None`: `JWT`, `at+jwt` or none.
    pub token_type: Option<String>,
    /// The claim that names the client.
    pub client_claim: Option<String>,
    /// The claim that holds the scopes.
    pub scope_claim: Option<String>,
    /// Client of the issuer → application here, by id or name.
    pub applications: BTreeMap<String, String>,
}

const ISSUER: &str = "issuer";

impl Manage {
    /// The outside issuers of the tenant.
    ///
    /// # Errors
    /// Only for administrators.
    pub async fn issuers(&self, actor: &Actor, part: &Part) -> Managed<Listed<Issuer>> {
        actor.administrates()?;
        self.listed(&actor.tenant, part).await
    }

    /// An issuer by its name.
    ///
    /// # Errors
    /// It is not there. Only for administrators.
    pub async fn issuer(&self, actor: &Actor, name: &str) -> Managed<Issuer> {
        actor.administrates()?;
        Ok(self.named(ISSUER, &actor.tenant, name).await?.value)
    }

    /// Makes an issuer known.
    ///
    /// # Errors
    /// Its name or `iss` is in use, or something does not fit. Only for administrators.
    pub async fn create_issuer(&self, actor: &Actor, new: NewIssuer) -> Managed<Issuer> {
        actor.administrates()?;
        text::word("name", &new.name)?;
        let _turn = self.turn().await;
        let tenant = self.tenant_of(actor).await?;
        self.must_be_free::<Issuer>(ISSUER, &actor.tenant, &new.name).await?;
        let issuer = self.read_issuer(actor, new).await?;
        let changes = vec![hold(&tenant)?, Change::put(&issuer, Expected::Absent)?];
        let summary = format!("made the issuer {} known: {}", issuer.name, issuer.iss);
        self.write(changes, actor.did("issuer.create", &issuer.name, summary)).await?;
        Ok(issuer)
    }

    /// Puts an issuer in the place of the one of its name.
    ///
    /// # Errors
    /// There is none of that name, or something does not fit. Only for administrators.
    pub async fn replace_issuer(&self, actor: &Actor, new: NewIssuer) -> Managed<Issuer> {
        actor.administrates()?;
        let _turn = self.turn().await;
        let version = self.named::<Issuer>(ISSUER, &actor.tenant, &new.name).await?.version;
        let value = self.read_issuer(actor, new).await?;
        let found = Versioned { version, value };
        let summary = format!("changed the issuer {}: {}", found.value.name, found.value.iss);
        self.write(vec![hold(&found)?], actor.did("issuer.update", &found.value.name, summary)).await?;
        Ok(found.value)
    }

    /// Forgets an issuer: its tokens are no longer good.
    ///
    /// # Errors
    /// It is not there. Only for administrators.
    pub async fn remove_issuer(&self, actor: &Actor, name: &str) -> Managed<()> {
        actor.administrates()?;
        let _turn = self.turn().await;
        let found = self.named::<Issuer>(ISSUER, &actor.tenant, name).await?;
        self.write(vec![removal(&found)], actor.did("issuer.remove", name, format!("removed the issuer {name}"))).await
    }

    async fn read_issuer(&self, actor: &Actor, new: NewIssuer) -> Managed<Issuer> {
        text::address("iss", &new.iss)?;
        if let Some(uri) = &new.jwks_uri {
            text::address("jwks_uri", uri)?;
        }
        list("audiences", new.audiences.iter(), 1)?;
        if let Some(unknown) = new.algorithms.iter().find(|a| !ALGORITHMS.contains(&a.as_str()) || a.parse::<Algorithm>().is_err()) {
            return Err(ManageError::not_one_of("algorithms", &ALGORITHMS, unknown));
        }
        for (field, text) in [("token_type", &new.token_type), ("client_claim", &new.client_claim), ("scope_claim", &new.scope_claim)] {
            list(field, text.iter(), 0)?;
        }
        list("applications", new.applications.keys(), 0)?;
        // Two of one `iss` would be one too many: which of them is asked?
        let taken = self.store.get_by::<Issuer>(&Key::unique_in(&*actor.tenant, "iss", &*new.iss)).await?;
        if taken.is_some_and(|t| *t.value.name != *new.name) {
            return Err(ManageError::Exists { kind: "issuer with the `iss`".to_owned(), name: new.iss });
        }
        let mut applications: BTreeMap<String, Arc<str>> = BTreeMap::new();
        for (client, application) in new.applications {
            applications.insert(client, self.own_application(actor, &application).await?.value.id);
        }
        Ok(Issuer {
            tenant: actor.tenant.clone(),
            name: new.name.into(),
            iss: new.iss.into(),
            jwks_uri: new.jwks_uri,
            audiences: new.audiences,
            algorithms: new.algorithms,
            token_type: new.token_type,
            client_claim: new.client_claim,
            scope_claim: new.scope_claim,
            applications,
        })
    }
}

fn list<'a>(field: &'static str, texts: impl ExactSizeIterator<Item = &'a String>, least: usize) -> Managed<()> {
    let count = texts.len();
    if !(least..=MAX_LIST).contains(&count) {
        return Err(ManageError::invalid(field, format!("a list of {least} to {MAX_LIST}"), &count.to_string()));
    }
    let mut texts = texts;
    match texts.find(|t| t.is_empty() || t.len() > 300 || t.chars().any(char::is_control)) {
        Some(bad) => Err(ManageError::invalid(field, "made of texts of 1 to 300 bytes without control characters", bad)),
        None => Ok(()),
    }
}
