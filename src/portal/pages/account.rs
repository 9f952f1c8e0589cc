//! `/account`: one's own password and sessions.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::{LOGGED_IN, counted};
use crate::manage::NotIn;
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::{Fail, mendable};
use crate::portal::route::{Routes, get, post};
use crate::portal::visit::Visit;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/account", LOGGED_IN), show)
        .with(post("/account/password", LOGGED_IN), change_password)
        .with(post("/account/log-out-everywhere", LOGGED_IN), log_out_everywhere)
}

#[derive(Serialize)]
struct Account {
    roles: String,
    sessions: String,
    done: Option<&'static str>,
    wrong: Option<String>,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let done = visit.query.is_ticked("changed").then_some("Your password is changed. Every other session has ended.");
    page(&portal, &visit, StatusCode::OK, done, None).await
}

async fn page(
    portal: &Portal,
    visit: &Visit,
    status: StatusCode,
    done: Option<&'static str>,
    wrong: Option<String>,
) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let count = portal.manage.count_sessions(&actor).await?;
    let account = Account {
        roles: actor.roles.iter().map(|r| r.word()).collect::<Vec<_>>().join(", "),
        sessions: format!("You have {}, this one among them.", counted(count, "session", "sessions")),
        done,
        wrong,
    };
    Answer::page(portal, visit, status, "account", "Your account", &account)
}

/// Guesses at the old password count as log-ins that failed.
async fn change_password(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let (old, new) = (visit.form.secret("old"), visit.form.secret("password"));
    let typed = format!("{}/{}", actor.tenant, actor.name);
    let user = match portal.manage.log_in(&portal.log_ins, &typed, &old, visit.peer).await {
        Ok(user) => user,
        Err(NotIn::Wrong) => {
            return page(&portal, &visit, StatusCode::BAD_REQUEST, None, Some("That is not your password now.".to_owned())).await;
        }
        Err(other) => return Err(other.into()),
    };
    if new != visit.form.secret("again") {
        return page(&portal, &visit, StatusCode::BAD_REQUEST, None, Some("The two new passwords differ.".to_owned())).await;
    }
    if let Err(error) = portal.manage.change_password(&actor, &old, new).await {
        return page(&portal, &visit, StatusCode::BAD_REQUEST, None, Some(mendable(error)?)).await;
    }
    portal.manage.end_sessions(&actor).await?;
    let secret = portal.manage.begin_session(&user, portal.lifetimes(), &visit.request_id.0).await?;
    Ok(Answer::see("/account?changed").with_session(&secret, &portal))
}

async fn log_out_everywhere(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    portal.manage.end_sessions(&visit.actor()?).await?;
    Ok(Answer::see("/log-in").without_session(&portal))
}
