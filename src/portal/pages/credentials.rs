//! Keys and OAuth clients of applications: made, renewed, ended. A secret is shown once, in the answer to the form that made it.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::APPLICATIONS;
use super::applications::{Once, detail};
use crate::manage::{MadeClient, MadeKey, ManageError, NewClient};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::{Fail, mendable};
use crate::portal::route::{Routes, post};
use crate::portal::visit::Visit;

/// Days in seconds.
const DAY: i64 = 86_400;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(post("/applications/{application}/keys", APPLICATIONS), create_key)
        .with(post("/keys/{key}/rotate", APPLICATIONS), rotate_key)
        .with(post("/keys/{key}/revoke", APPLICATIONS), revoke_key)
        .with(post("/applications/{application}/clients", APPLICATIONS), create_client)
        .with(post("/clients/{client}/renew", APPLICATIONS), renew_client)
        .with(post("/clients/{client}/remove", APPLICATIONS), remove_client)
}

async fn create_key(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, application) = (visit.actor()?, visit.path("application"));
    let days = match visit.form.trimmed("days") {
        None => None,
        Some(text) => match text.parse::<i64>().ok().filter(|d| (1..=3650).contains(d)) {
            Some(days) => Some(days),
            None => return not(&portal, &visit, application, ManageError::invalid("days", "a number from 1 to 3650", &text)).await,
        },
    };
    let expires = days.map(|d| jiff::Timestamp::now().as_second().saturating_add(d * DAY));
    match portal.manage.create_key(&actor, application, expires).await {
        Ok(made) => detail(&portal, &visit, application, StatusCode::CREATED, Some(shown(&made)), None).await,
        Err(error) => not(&portal, &visit, application, error).await,
    }
}

fn shown(made: &MadeKey) -> Once {
    Once { what: "Key", value: made.plain.reveal().to_owned(), note: "Send it in the header field apikey.".to_owned() }
}

/// The page of the application with what is wrong.
async fn not(portal: &Portal, visit: &Visit, application: &str, error: ManageError) -> Result<Answer, Fail> {
    detail(portal, visit, application, StatusCode::BAD_REQUEST, None, Some(mendable(error)?)).await
}

async fn rotate_key(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, id) = (visit.actor()?, visit.path("key"));
    let key = portal.manage.key(&actor, id).await?;
    let overlap = match visit.form.get("overlap").as_str() {
        "now" => Duration::ZERO,
        "hour" => Duration::from_secs(3600),
        "week" => Duration::from_secs(7 * 86_400),
        _ => Duration::from_secs(86_400),
    };
    match portal.manage.rotate_key(&actor, id, overlap).await {
        Ok(made) => detail(&portal, &visit, &key.application, StatusCode::CREATED, Some(shown(&made)), None).await,
        Err(error) => not(&portal, &visit, &key.application, error).await,
    }
}

async fn revoke_key(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, id) = (visit.actor()?, visit.path("key"));
    let key = portal.manage.key(&actor, id).await?;
    portal.manage.revoke_key(&actor, id).await?;
    Ok(Answer::see(format!("/applications/{}", key.application)))
}

async fn create_client(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, application) = (visit.actor()?, visit.path("application"));
    let words = |name: &str| visit.form.get(name).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let new = NewClient {
        public: visit.form.is_ticked("public"),
        redirect_uris: words("redirect_uris"),
        grants: Vec::new(),
        scopes: words("scopes"),
    };
    match portal.manage.create_client(&actor, application, new).await {
        Ok(made) => detail(&portal, &visit, application, StatusCode::CREATED, Some(credentials(&made)), None).await,
        Err(error) => not(&portal, &visit, application, error).await,
    }
}

fn credentials(made: &MadeClient) -> Once {
    match &made.secret {
        Some(secret) => {
            Once { what: "Client secret", value: secret.reveal().to_owned(), note: format!("It belongs to the client {}.", made.client.id) }
        }
        None => Once { what: "Client", value: made.client.id.to_string(), note: "It is public: it has no secret.".to_owned() },
    }
}

async fn renew_client(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, id) = (visit.actor()?, visit.path("client"));
    let client = portal.manage.client(&actor, id).await?;
    match portal.manage.renew_client_secret(&actor, id).await {
        Ok(made) => detail(&portal, &visit, &client.application, StatusCode::CREATED, Some(credentials(&made)), None).await,
        Err(error) => not(&portal, &visit, &client.application, error).await,
    }
}

async fn remove_client(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, id) = (visit.actor()?, visit.path("client"));
    let client = portal.manage.client(&actor, id).await?;
    portal.manage.remove_client(&actor, id).await?;
    Ok(Answer::see(format!("/applications/{}", client.application)))
}
