//! What a visitor reads where there is no page.

use http::StatusCode;

use super::answer::Answer;
use super::view::{self, Site};
use super::visit::RequestId;
use crate::manage::{ManageError, NotIn};

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum Fail {
    /// One must log in first, and goes on to this address then; empty: to the first page.
    LogIn {
        /// An address of the portal.
        to: String,
    },
    /// There is nothing at this address.
    Nowhere,
    /// This address does not have this method.
    Otherwise,
    /// The portal is not called by that name.
    Misdirected,
    /// The form does not come from a page of the portal, or from one of an earlier session.
    Elsewhere,
    /// The form did not come whole.
    Unreadable,
    /// The form is too large.
    TooLarge,
    /// The act was not done.
    Manage(ManageError),
    /// One must wait so many seconds.
    Wait(u64),
    /// The page cannot be written; why, for the log.
    Broken(String),
}

impl From<ManageError> for Fail {
    fn from(error: ManageError) -> Self {
        Self::Manage(error)
    }
}

impl From<NotIn> for Fail {
    fn from(why: NotIn) -> Self {
        match why {
            NotIn::Wrong => Self::Manage(ManageError::Forbidden(why.to_string())),
            NotIn::MustWait(seconds) => Self::Wait(seconds),
            NotIn::Failed(error) => Self::Manage(error),
        }
    }
}

/// What can be mended in the form: the sentence to show beside it.
///
/// # Errors
/// Everything else.
pub(super) fn mendable(fail: impl Into<Fail>) -> Result<String, Fail> {
    match fail.into() {
        Fail::Manage(
            error @ (ManageError::Invalid { .. }
            | ManageError::Exists { .. }
            | ManageError::InUse { .. }
            | ManageError::NotOpen { .. }
            | ManageError::NotOffered { .. }
            | ManageError::NotGood { .. }
            | ManageError::ManagedByFiles { .. }
            | ManageError::AddressTaken { .. }
            | ManageError::NoOlder { .. }
            | ManageError::Full { .. }
            | ManageError::Conflict),
        ) => Ok(error.to_string()),
        other => Err(other),
    }
}

#[derive(serde::Serialize)]
struct Said<'a> {
    text: &'a str,
    id: &'a str,
}

/// The page of a failure, or the way to the page on which to log in.
pub(super) fn page(fail: Fail, site: &Site, id: &RequestId) -> Answer {
    if let Fail::LogIn { to } = &fail {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish();
        return Answer::see(if to.is_empty() { "/log-in".to_owned() } else { format!("/log-in?{query}") });
    }
    let wait = if let Fail::Wait(seconds) = &fail { Some(*seconds) } else { None };
    let (status, title, text) = said(fail, id);
    let data = Said { text: &text, id: &id.0 };
    let answer = match view::render(site, "failed", title, &data) {
        Ok(html) => Answer::html(status, html),
        Err(fail) => {
            said(fail, id);
            Answer::html(StatusCode::INTERNAL_SERVER_ERROR, "<!doctype html><title>Something failed</title><p>Something failed.".to_owned())
        }
    };
    match wait {
        Some(seconds) => answer.again_after(seconds),
        None => answer,
    }
}

/// Status, title and sentence; what is the portal's own fault is said in the log.
fn said(fail: Fail, id: &RequestId) -> (StatusCode, &'static str, String) {
    let refused = |text: &str| (StatusCode::FORBIDDEN, "Not for you", text.to_owned());
    match fail {
        Fail::LogIn { .. } => refused("Log in first."),
        Fail::Nowhere => (StatusCode::NOT_FOUND, "Not found", "There is nothing at this address.".to_owned()),
        Fail::Otherwise => (StatusCode::METHOD_NOT_ALLOWED, "Not possible", "This address cannot be called in this way.".to_owned()),
        Fail::Misdirected => {
            let text = "The portal is not known by this name. An operator names it as `portal.public_url`.";
            (StatusCode::MISDIRECTED_REQUEST, "Wrong address", text.to_owned())
        }
        Fail::Elsewhere => {
            refused("This form does not come from a page of the portal, or your session ended. Open the page again and send it once more.")
        }
        Fail::Unreadable => (StatusCode::BAD_REQUEST, "This does not work", "The form did not come whole.".to_owned()),
        Fail::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too large", "What was sent is too large.".to_owned()),
        Fail::Wait(seconds) => (StatusCode::TOO_MANY_REQUESTS, "Wait a moment", format!("That was too often. Try again in {seconds} s.")),
        Fail::Manage(ManageError::Forbidden(text)) => refused(&text),
        Fail::Manage(error @ ManageError::NotFound { .. }) => (StatusCode::NOT_FOUND, "Not found", error.to_string()),
        Fail::Manage(ManageError::Store(error)) if error.is_transient() => {
            tracing::warn!(%error, request_id = %id.0, "a page could not reach the store");
            let text = "The store cannot be reached. What was asked for may have been done or not. Try again in a moment.";
            (StatusCode::SERVICE_UNAVAILABLE, "Not reachable", text.to_owned())
        }
        Fail::Manage(error @ (ManageError::Store(_) | ManageError::System(_))) => broken(&error.to_string(), id),
        Fail::Manage(error) => (StatusCode::CONFLICT, "This does not work", error.to_string()),
        Fail::Broken(why) => broken(&why, id),
    }
}

fn broken(why: &str, id: &RequestId) -> (StatusCode, &'static str, String) {
    tracing::error!(request_id = %id.0, reason = why, "a page failed");
    (StatusCode::INTERNAL_SERVER_ERROR, "Something failed", "That is not your fault. The log has it under the id below.".to_owned())
}
