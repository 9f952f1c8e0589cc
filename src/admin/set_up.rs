//! `/setup`: the page of the set-up link, on which the first administrator chooses name and password. No scripts, nothing from elsewhere.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::call::{BODY, RequestId, check_host, check_origin};
use super::{AdminState, reply};
use crate::gateway::Escaped;
use crate::manage::ManageError;
use crate::net::secret::Secret;
use crate::problem::Problem;

/// Where the page is, and the parameter that holds the secret.
pub const PATH: &str = "/setup";
/// Bytes of a filled-in page.
const MAX_BYTES: usize = 8 << 10;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1b1f24;background:#fff}\
label{display:block;margin:.8rem 0}input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.45rem}button{font:inherit;\
padding:.45rem 1.2rem}.e{color:#b42318}@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}.e{color:#ff7b72}}";

/// What was filled in.
struct Form {
    token: Secret,
    name: String,
    password: Secret,
    again: Secret,
}

/// The page, and what it sends.
pub(super) fn router(state: Arc<AdminState>) -> Router {
    Router::new().route(PATH, get(show).post(take)).with_state(state)
}

async fn show(State(state): State<Arc<AdminState>>, Extension(id): Extension<RequestId>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    if let Err(problem) = check_host(&state, &head) {
        return reply::problem(&problem, &id);
    }
    let form = Form::read(head.uri.query().unwrap_or_default().as_bytes());
    match state.manage.check_set_up(&form.token).await {
        Ok(()) => page(StatusCode::OK, "Set up Castile", &fields(&form, None)),
        Err(error) => refused(error, &form, &id),
    }
}

async fn take(State(state): State<Arc<AdminState>>, Extension(id): Extension<RequestId>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let checked = check_host(&state, &head).and_then(|()| check_origin(&head));
    let form = match checked {
        Ok(()) => read(&head, body).await,
        Err(problem) => return reply::problem(&problem, &id),
    };
    let Some(form) = form else {
        return page(StatusCode::BAD_REQUEST, "This does not work", "<p>The form did not come whole.</p>");
    };
    if form.password != form.again {
        return page(StatusCode::BAD_REQUEST, "Set up Castile", &fields(&form, Some("The two passwords differ.")));
    }
    match state.manage.set_up(&form.token, &form.name, form.password.clone(), &id.0).await {
        Ok(user) => {
            let text = format!(
                "<p>The administrator <strong>{}</strong> is made. This link is used up.</p>\
                 <p>The admin API takes this name and password (HTTP Basic).</p>",
                Escaped(&user.name)
            );
            page(StatusCode::CREATED, "Castile is set up", &text)
        }
        Err(error) => refused(error, &form, &id),
    }
}

/// What is wrong: with the form, beside its fields; with the link, without them.
fn refused(error: ManageError, form: &Form, id: &RequestId) -> Response {
    match &error {
        ManageError::Invalid { .. } | ManageError::Exists { .. } => {
            page(StatusCode::BAD_REQUEST, "Set up Castile", &fields(form, Some(&error.to_string())))
        }
        ManageError::Forbidden(text) => {
            let text = format!(
                "<p class=\"e\">{}</p><p>A new one is printed when the server starts and nobody administrates it; \
                 <code>castile user create NAME --role administrator</code> on the server's machine works at any time.</p>",
                Escaped(text)
            );
            page(StatusCode::FORBIDDEN, "This link is not good", &text)
        }
        _ => reply::problem(&Problem::from(error), id),
    }
}

async fn read(head: &Parts, body: Body) -> Option<Form> {
    let kind = head.headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next()?;
    if !kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return None;
    }
    let bytes = timeout(BODY, to_bytes(body, MAX_BYTES)).await.ok()?.ok()?;
    Some(Form::read(&bytes))
}

impl Form {
    fn read(text: &[u8]) -> Self {
        let none = || Secret::new("");
        let mut form = Self { token: none(), name: String::new(), password: none(), again: none() };
        for (name, value) in url::form_urlencoded::parse(text) {
            match &*name {
                "token" => form.token = Secret::new(value),
                "name" => form.name = value.trim().to_owned(),
                "password" => form.password = Secret::new(value),
                "again" => form.again = Secret::new(value),
                _ => {}
            }
        }
        form
    }
}

fn fields(form: &Form, wrong: Option<&str>) -> String {
    let wrong = wrong.map(|text| format!("<p class=\"e\" role=\"alert\">{}</p>", Escaped(text))).unwrap_or_default();
    format!(
        "<p>You are the first here. Choose the name and the password of the administrator.</p>{wrong}\
         <form method=\"post\" action=\"setup\"><input type=\"hidden\" name=\"token\" value=\"{}\">\
         <label>Name <input name=\"name\" value=\"{}\" autocomplete=\"username\" autocapitalize=\"none\" maxlength=\"100\" required autofocus></label>\
         <label>Password, at least 10 characters <input name=\"password\" type=\"password\" autocomplete=\"new-password\" minlength=\"10\" \
         maxlength=\"1024\" required></label>\
         <label>The same again <input name=\"again\" type=\"password\" autocomplete=\"new-password\" maxlength=\"1024\" required></label>\
         <p><button>Set up</button></p></form>",
        Escaped(form.token.reveal()),
        Escaped(&form.name)
    )
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
        let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
        HeaderValue::try_from(policy).ok()
    });
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The secret stands in the address.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.extend(POLICY.clone().map(|policy| (CONTENT_SECURITY_POLICY, policy)));
    response
}
