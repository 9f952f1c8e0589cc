//! The one list of routes: a route without who may does not compile.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, on};

use super::Portal;
use super::answer::Answer;
use super::fail::{self, Fail};
use super::visit::Visit;
use crate::manage::Allow;

/// What a form or a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Shows.
    Get,
    /// Changes: known to come from a page of the portal, or refused.
    Post,
    /// The same with files, which only those may send who may do it.
    Upload,
}

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody, also who has not logged in.
    Anyone,
    /// Those of them who have logged in.
    LoggedIn(Allow),
}

/// A route. Every field must be given.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// What it does.
    pub verb: Verb,
    /// Its address, with `{…}` for parameters.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
}

/// A page that shows.
pub(super) const fn get(path: &'static str, who: Who) -> Page {
    Page { verb: Verb::Get, path, who }
}

/// A form that changes.
pub(super) const fn post(path: &'static str, who: Who) -> Page {
    Page { verb: Verb::Post, path, who }
}

/// A form with files that changes.
pub(super) const fn upload(path: &'static str, who: Who) -> Page {
    Page { verb: Verb::Upload, path, who }
}

/// The routes, and the router that answers them.
#[derive(Default)]
pub(super) struct Routes {
    router: Router<Arc<Portal>>,
    pub(super) pages: Vec<Page>,
}

impl Routes {
    /// The same with a route.
    pub(super) fn with<F, R>(mut self, page: Page, act: F) -> Self
    where
        F: Fn(Arc<Portal>, Visit) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Answer, Fail>> + Send + 'static,
    {
        let answer = move |State(portal): State<Arc<Portal>>, parameters: RawPathParams, request: Request| {
            let act = act.clone();
            async move { answered(portal, page, &parameters, request, act).await }
        };
        let method = match page.verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post | Verb::Upload => MethodFilter::POST,
        };
        self.router = self.router.route(page.path, on(method, answer));
        self.pages.push(page);
        self
    }

    /// The router, with an answer for every other address.
    pub(super) fn into_router(self, portal: Arc<Portal>) -> Router {
        let nowhere = |State(portal): State<Arc<Portal>>, request: Request| async move { elsewhere(portal, request, Fail::Nowhere).await };
        let otherwise =
            |State(portal): State<Arc<Portal>>, request: Request| async move { elsewhere(portal, request, Fail::Otherwise).await };
        self.router.fallback(nowhere).method_not_allowed_fallback(otherwise).with_state(portal)
    }
}

async fn answered<F, R>(portal: Arc<Portal>, page: Page, parameters: &RawPathParams, request: Request, act: F) -> Response
where
    F: Fn(Arc<Portal>, Visit) -> R,
    R: Future<Output = Result<Answer, Fail>>,
{
    let (head, body) = request.into_parts();
    let (mut visit, opened) = Visit::open(&portal, &head, parameters).await;
    let site = visit.site(&portal);
    let id = visit.request_id.clone();
    let checked = match opened {
        Ok(()) => visit.check(&portal, page, &head, body).await,
        Err(fail) => Err(fail),
    };
    let done = match checked {
        Ok(()) => act(portal.clone(), visit).await,
        Err(fail) => Err(fail),
    };
    done.unwrap_or_else(|fail| fail::page(fail, &site, &id)).into_response()
}

async fn elsewhere(portal: Arc<Portal>, request: Request, fail: Fail) -> Response {
    let (head, _) = request.into_parts();
    let (visit, opened) = Visit::open_at(&portal, &head).await;
    let fail = opened.err().unwrap_or(fail);
    fail::page(fail, &visit.site(&portal), &visit.request_id).into_response()
}
