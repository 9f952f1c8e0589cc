//! `/log-in`, `/log-out`, `/sign-up`.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use crate::config::SignUp;
use crate::manage::{NewAccount, NotIn, SignedUp};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::{Fail, mendable};
use crate::portal::route::{Routes, Who, get, post};
use crate::portal::visit::Visit;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/log-in", Who::Anyone), show_log_in)
        .with(post("/log-in", Who::Anyone), log_in)
        .with(post("/log-out", Who::Anyone), log_out)
        .with(get("/sign-up", Who::Anyone), show_sign_up)
        .with(post("/sign-up", Who::Anyone), sign_up)
}

#[derive(Serialize, Default)]
struct LogInForm {
    name: String,
    to: String,
    wrong: Option<String>,
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn show_log_in(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    if visit.viewer().is_some() {
        return Ok(Answer::see("/"));
    }
    let visit = visit.with_forms()?;
    let form = LogInForm { to: onward(&visit.query.get("to")).to_owned(), ..LogInForm::default() };
    Answer::page(&portal, &visit, StatusCode::OK, "log_in", "Log in", &form)
}

async fn log_in(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let to = visit.form.get("to");
    let name = visit.form.trimmed("name").unwrap_or_default();
    let found = portal.manage.log_in(&portal.log_ins, &name, &visit.form.secret("password"), visit.peer).await;
    let (status, wait, wrong) = match found {
        Ok(user) => {
            // Another session than the one before: who knew that one does not get in with it.
            if let Some(before) = visit.session() {
                portal.manage.end_session(before).await?;
            }
            let secret = portal.manage.begin_session(&user, portal.lifetimes(), &visit.request_id.0).await?;
            return Ok(Answer::see(onward(&to)).with_session(&secret, &portal));
        }
        Err(NotIn::Failed(error)) => return Err(error.into()),
        Err(NotIn::Wrong) => (StatusCode::UNAUTHORIZED, None, NotIn::Wrong.to_string()),
        Err(NotIn::MustWait(seconds)) => (StatusCode::TOO_MANY_REQUESTS, Some(seconds), NotIn::MustWait(seconds).to_string()),
    };
    let form = LogInForm { name, to: onward(&to).to_owned(), wrong: Some(wrong) };
    let page = Answer::page(&portal, &visit, status, "log_in", "Log in", &form)?;
    Ok(match wait {
        Some(seconds) => page.again_after(seconds),
        None => page,
    })
}

/// An address of the portal to go on to: never one of another host.
fn onward(to: &str) -> &str {
    let bytes = to.as_bytes();
    let is_own = bytes.first() == Some(&b'/') && !matches!(bytes.get(1), Some(b'/' | b'\\'));
    let is_plain = to.len() <= 1000 && bytes.iter().all(|b| (0x21..0x7f).contains(b) && *b != b'\\');
    if is_own && is_plain { to } else { "/" }
}

async fn log_out(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    if let Some(secret) = visit.session() {
        portal.manage.end_session(secret).await?;
    }
    Ok(Answer::see("/").without_session(&portal))
}

#[derive(Serialize, Default)]
struct SignUpForm {
    name: String,
    note: String,
    asks: bool,
    wrong: Option<String>,
}

#[derive(Serialize)]
struct Asked<'a> {
    name: &'a str,
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn show_sign_up(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    if portal.settings.sign_up == SignUp::Closed {
        return Err(Fail::Nowhere);
    }
    let visit = visit.with_forms()?;
    let form = SignUpForm { asks: portal.settings.sign_up == SignUp::Approval, ..SignUpForm::default() };
    Answer::page(&portal, &visit, StatusCode::OK, "sign_up", "Sign up", &form)
}

async fn sign_up(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let how = portal.settings.sign_up;
    let name = visit.form.trimmed("name").unwrap_or_default();
    let password = visit.form.secret("password");
    let note = visit.form.trimmed("note").unwrap_or_default();
    let again = |wrong: String, status| {
        let form = SignUpForm { name: name.clone(), note: note.clone(), asks: how == SignUp::Approval, wrong: Some(wrong) };
        Answer::page(&portal, &visit, status, "sign_up", "Sign up", &form)
    };
    if password != visit.form.secret("again") {
        return again("The two passwords differ.".to_owned(), StatusCode::BAD_REQUEST);
    }
    let new = NewAccount { name: name.clone(), password, note: note.clone() };
    match portal.manage.sign_up(how, &portal.log_ins, new, visit.peer, &visit.request_id.0).await {
        Ok(SignedUp::Made(user)) => {
            let secret = portal.manage.begin_session(&user, portal.lifetimes(), &visit.request_id.0).await?;
            Ok(Answer::see("/").with_session(&secret, &portal))
        }
        Ok(SignedUp::Asked) => Answer::page(&portal, &visit, StatusCode::OK, "signed_up", "Thank you", &Asked { name: &name }),
        Err(why) => again(mendable(why)?, StatusCode::BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_on_within_the_portal_only() {
        for own in ["/", "/apis/countries?x=1", "/applications"] {
            assert_eq!(onward(own), own);
        }
        for other in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\r\nset-cookie: x", "/a b", "x"]
        {
            assert_eq!(onward(other), "/", "{other}");
        }
    }
}
