use super::{Actor, Listed, Manage, ManageError, Managed, Part, hold, now, removal, values};
use crate::auth::{Application, NewSecret, OAuthClient, new_secret, redirect_refusal};
use crate::net::secret::Secret;
use crate::store::{Change, Expected, Keep, Versioned, of_application};
use crate::telemetry::ulid;

/// OAuth clients of one application.
pub const MAX_CLIENTS: usize = 50;
/// Redirect addresses, and scopes, of one client.
const MAX_LIST: usize = 50;
/// The grants that there are.
const GRANTS: [&str; 4] = ["client_credentials", "authorization_code", "refresh_token", "password"];

/// An OAuth client to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewClient {
    /// Can it keep no secret? So browsers and phones.
    pub public: bool,
    /// Addresses that codes may be sent to.
    pub redirect_uris: Vec<String>,
    /// Grants; empty: `client_credentials`, or with redirect addresses `authorization_code` and `refresh_token`.
    pub grants: Vec<String>,
    /// Scopes that it may ask for; empty: all that its subscriptions have.
    pub scopes: Vec<String>,
}

/// A client that was just made, or has a new secret.
#[derive(Debug, Clone)]
pub struct MadeClient {
    /// What is kept.
    pub client: OAuthClient,
    /// `client_secret`: shown now and never again; `None`: a public client.
    pub secret: Option<Secret>,
}

impl Manage {
    /// The OAuth clients of an application.
    ///
    /// # Errors
    /// The application is not there, or somebody else's.
    pub async fn clients(&self, actor: &Actor, application: &str, part: &Part) -> Managed<Listed<OAuthClient>> {
        let application = self.own_application(actor, application).await?.value;
        let key = of_application(&actor.tenant, &application.id);
        let (found, next) = self.store.page_by(&key, part.after.as_ref(), part.limit).await?;
        Ok((values(found), next))
    }

    /// A client by its `client_id`.
    ///
    /// # Errors
    /// It is not there, or somebody else's.
    pub async fn client(&self, actor: &Actor, id: &str) -> Managed<OAuthClient> {
        Ok(self.own_client(actor, id).await?.0.value)
    }

    /// Makes a client for an application.
    ///
    /// # Errors
    /// The application is not there, or somebody else's; something does not fit; there are too many.
    pub async fn create_client(&self, actor: &Actor, application: &str, new: NewClient) -> Managed<MadeClient> {
        let grants = grants(actor, &new)?;
        redirects(&new, &grants)?;
        scopes(&new.scopes)?;
        let _turn = self.turn().await;
        let application = self.own_application(actor, application).await?;
        let (there, _) =
            self.store.page_by::<OAuthClient>(&of_application(&actor.tenant, &application.value.id), None, MAX_CLIENTS).await?;
        if there.len() >= MAX_CLIENTS {
            return Err(ManageError::Full { what: "clients of this application", limit: MAX_CLIENTS });
        }
        let secret = if new.public { None } else { Some(new_secret("secret")?) };
        let client = OAuthClient {
            tenant: actor.tenant.clone(),
            id: ulid().into(),
            application: application.value.id.clone(),
            secret: secret.as_ref().map(|s| s.digest),
            redirect_uris: new.redirect_uris,
            grants,
            scopes: new.scopes,
            created: now(),
        };
        let changes = vec![hold(&application)?, Change::put(&client, Expected::Absent)?];
        let summary = format!("made a client for the application {}: {}", application.value.name, client.grants.join(", "));
        self.write(changes, actor.did("oauth_client.create", &client.id, summary)).await?;
        Ok(MadeClient { client, secret: secret.map(|s| s.plain) })
    }

    /// Gives a client a new secret; the one before ends at once.
    ///
    /// # Errors
    /// It is not there, or somebody else's; it is a public one.
    pub async fn renew_client_secret(&self, actor: &Actor, id: &str) -> Managed<MadeClient> {
        let _turn = self.turn().await;
        let (mut found, application) = self.own_client(actor, id).await?;
        if found.value.secret.is_none() {
            return Err(ManageError::invalid("client", "one that has a secret, but a public one", id));
        }
        let NewSecret { plain, digest, .. } = new_secret("secret")?;
        found.value.secret = Some(digest);
        let summary = format!("made a new secret for a client of the application {}", application.value.name);
        self.write(vec![hold(&found)?], actor.did("oauth_client.renew", &found.value.id, summary)).await?;
        Ok(MadeClient { client: found.value, secret: Some(plain) })
    }

    /// Removes a client.
    ///
    /// # Errors
    /// It is not there, or somebody else's.
    pub async fn remove_client(&self, actor: &Actor, id: &str) -> Managed<()> {
        let _turn = self.turn().await;
        let (found, application) = self.own_client(actor, id).await?;
        let summary = format!("removed a client of the application {}", application.value.name);
        self.write(vec![removal(&found)], actor.did("oauth_client.remove", &found.value.id, summary)).await
    }

    async fn own_client(&self, actor: &Actor, id: &str) -> Managed<(Versioned<OAuthClient>, Versioned<Application>)> {
        let found = self.need::<OAuthClient>("client", &actor.tenant, id).await?;
        match self.own_application(actor, &found.value.application).await {
            Ok(application) => Ok((found, application)),
            Err(ManageError::NotFound { .. }) => Err(ManageError::not_found("client", id)),
            Err(error) => Err(error),
        }
    }
}

fn grants(actor: &Actor, new: &NewClient) -> Managed<Vec<String>> {
    let defaults: &[&str] = match (new.public, new.redirect_uris.is_empty()) {
        (false, true) => &["client_credentials"],
        (_, false) | (true, true) => &["authorization_code", "refresh_token"],
    };
    if new.grants.is_empty() {
        return Ok(defaults.iter().map(|g| (*g).to_owned()).collect());
    }
    if let Some(unknown) = new.grants.iter().find(|g| !GRANTS.contains(&g.as_str())) {
        return Err(ManageError::not_one_of("grants", &GRANTS, unknown));
    }
    let has = |grant: &str| new.grants.iter().any(|g| g == grant);
    if has("password") {
        // OAuth 2.1 has it no more: an administrator decides.
        actor.administrates()?;
    }
    if new.public && has("client_credentials") {
        return Err(ManageError::invalid("grants", "good for a public client, which has no credentials", "client_credentials"));
    }
    Ok(GRANTS.iter().filter(|g| has(g)).map(|g| (*g).to_owned()).collect())
}

fn redirects(new: &NewClient, grants: &[String]) -> Managed<()> {
    let field = "redirect_uris";
    if new.redirect_uris.len() > MAX_LIST {
        return Err(ManageError::invalid(field, format!("a list of at most {MAX_LIST}"), &new.redirect_uris.len().to_string()));
    }
    if let Some(bad) = new.redirect_uris.iter().find(|u| redirect_refusal(u).is_some()) {
        return Err(ManageError::invalid(
            field,
            "a list of https addresses, http on this machine, or `com.example.app:/…`, without fragment",
            bad,
        ));
    }
    if grants.iter().any(|g| g == "authorization_code") && new.redirect_uris.is_empty() {
        return Err(ManageError::invalid(field, "a list with an address for codes", "nothing"));
    }
    Ok(())
}

/// RFC 6749, section 3.3.
fn scopes(scopes: &[String]) -> Managed<()> {
    let is_token = |s: &str| (1..=200).contains(&s.len()) && s.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E));
    if scopes.len() > MAX_LIST {
        return Err(ManageError::invalid("scopes", format!("a list of at most {MAX_LIST}"), &scopes.len().to_string()));
    }
    match scopes.iter().find(|s| !is_token(s)) {
        Some(bad) => Err(ManageError::invalid("scopes", "a list of words without spaces, `\"` and `\\`", bad)),
        None => Ok(()),
    }
}
