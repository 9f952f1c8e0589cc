//! `/setup`: the page of the set-up link, on which the first administrator chooses name and password, and is logged in.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use crate::portal::Portal;
use crate::portal::SET_UP_PATH;
use crate::portal::answer::Answer;
use crate::portal::fail::{Fail, mendable};
use crate::portal::route::{Routes, Who, get, post};
use crate::portal::visit::Visit;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get(SET_UP_PATH, Who::Anyone), show).with(post(SET_UP_PATH, Who::Anyone), take)
}

#[derive(Serialize)]
struct SetUp {
    /// The secret of the link.
    secret: String,
    name: String,
    wrong: Option<String>,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let secret = visit.query.secret("token");
    portal.manage.check_set_up(&secret).await?;
    let visit = visit.with_forms()?;
    let form = SetUp { secret: secret.reveal().to_owned(), name: String::new(), wrong: None };
    Answer::page(&portal, &visit, StatusCode::OK, "set_up", "Set up", &form)
}

async fn take(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (secret, password) = (visit.form.secret("token"), visit.form.secret("password"));
    let name = visit.form.trimmed("name").unwrap_or_default();
    let again = |wrong: String| {
        let form = SetUp { secret: secret.reveal().to_owned(), name: name.clone(), wrong: Some(wrong) };
        Answer::page(&portal, &visit, StatusCode::BAD_REQUEST, "set_up", "Set up", &form)
    };
    portal.manage.check_set_up(&secret).await?;
    if password != visit.form.secret("again") {
        return again("The two passwords differ.".to_owned());
    }
    match portal.manage.set_up(&secret, &name, password, &visit.request_id.0).await {
        Ok(user) => {
            let session = portal.manage.begin_session(&user, portal.lifetimes(), &visit.request_id.0).await?;
            Ok(Answer::see("/").with_session(&session, &portal))
        }
        Err(error) => again(mendable(error)?),
    }
}
