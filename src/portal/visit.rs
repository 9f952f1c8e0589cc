//! A request on its way to a page: host, session, origin, form, who may, in this order.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::RawPathParams;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use tokio::time::timeout;

use super::Portal;
use super::fail::Fail;
use super::form::{Form, TOKEN};
use super::origin;
use super::route::{Page, Verb, Who};
use super::session::{Cookie, form_token, is_made_for, visitor};
use super::view::Site;
use crate::manage::{Actor, Cursor, LoggedIn, Part};
use crate::net::secret::Secret;

/// A form must be here in this time.
const BODY: Duration = Duration::from_secs(10);
/// Bytes of a form.
const MAX_BYTES: usize = 512 << 10;
/// A form with files must be here in this time.
const FILES: Duration = Duration::from_secs(120);
/// Bytes of a form with files, and what is around them.
const MAX_FILE_BYTES: u64 = (64 << 20) + (1 << 20);
/// Files of one form.
const MAX_FILES: usize = 256;

/// Bytes of the place where a list goes on.
const MAX_ID: usize = 400;

/// The id of a request.
#[derive(Debug, Clone, Default)]
pub struct RequestId(pub Arc<str>);

/// A file that came with a form.
pub(super) struct Upload {
    /// Its name where it comes from.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// A request that a page answers.
pub(super) struct Visit {
    /// Its id.
    pub(super) request_id: RequestId,
    /// Who sent it.
    pub(super) peer: IpAddr,
    /// Where it went, with the query.
    pub(super) address: String,
    /// What stands behind `?`.
    pub(super) query: Form,
    /// What was filled in; empty for a page that shows.
    pub(super) form: Form,
    /// Files that came with it.
    pub(super) files: Vec<Upload>,
    logged_in: Option<LoggedIn>,
    parameters: HashMap<String, String>,
    /// The cookie that forms are made for.
    cookie: Option<Secret>,
    /// Was that cookie made for this answer?
    is_new: bool,
    is_secure: bool,
    session: Option<Secret>,
}

impl Visit {
    /// Finds out who asks. The visit is good for a page that says what is wrong, too.
    pub(super) async fn open(portal: &Portal, head: &Parts, parameters: &RawPathParams) -> (Self, Result<(), Fail>) {
        let (mut visit, opened) = Self::open_at(portal, head).await;
        visit.parameters = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        (visit, opened)
    }

    /// The same where the address has no parameters.
    pub(super) async fn open_at(portal: &Portal, head: &Parts) -> (Self, Result<(), Fail>) {
        let is_secure = portal.is_secure();
        let session = Cookie::Session.read(&head.headers, is_secure);
        let query = Form::parse(head.uri.query().unwrap_or_default().as_bytes());
        let too_long = query.is_none();
        let mut visit = Self {
            request_id: head.extensions.get::<RequestId>().cloned().unwrap_or_default(),
            peer: origin::peer(portal, head),
            address: head.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned(),
            query: query.unwrap_or_default(),
            form: Form::default(),
            files: Vec::new(),
            logged_in: None,
            parameters: HashMap::new(),
            cookie: session.clone().or_else(|| Cookie::Visitor.read(&head.headers, is_secure)),
            is_new: false,
            is_secure,
            session,
        };
        if !origin::is_called_rightly(portal, head) {
            return (visit, Err(Fail::Misdirected));
        }
        if too_long {
            return (visit, Err(Fail::Unreadable));
        }
        if let Some(secret) = &visit.session {
            match portal.manage.session(secret, portal.lifetimes()).await {
                Ok(found) => visit.logged_in = found,
                Err(error) => return (visit, Err(error.into())),
            }
        }
        (visit, Ok(()))
    }

    /// May it be answered? Reads the form of one that changes something.
    pub(super) async fn check(&mut self, portal: &Portal, page: Page, head: &Parts, body: Body) -> Result<(), Fail> {
        match page.verb {
            Verb::Get => {}
            Verb::Post => {
                self.check_origin(portal, head)?;
                self.form = read(head, body).await?;
                self.known()?;
            }
            Verb::Upload => {
                self.check_origin(portal, head)?;
                // What may be large is read of those only who may send it.
                self.may(page)?;
                let length = head.headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
                portal.manage.has_room(self.path("api"), length.unwrap_or(MAX_FILE_BYTES))?;
                let whole = timeout(FILES, read_files(head, body));
                (self.form, self.files) = whole.await.map_err(|_| Fail::Unreadable)??;
                self.known()?;
            }
        }
        self.may(page)
    }

    fn check_origin(&self, portal: &Portal, head: &Parts) -> Result<(), Fail> {
        if origin::is_from_here(portal, head) { Ok(()) } else { Err(Fail::Elsewhere) }
    }

    /// Was the form made for this browser?
    fn known(&self) -> Result<(), Fail> {
        let token = self.form.get(TOKEN);
        if self.cookie.as_ref().is_some_and(|cookie| is_made_for(cookie, &token)) { Ok(()) } else { Err(Fail::Elsewhere) }
    }

    fn may(&self, page: Page) -> Result<(), Fail> {
        match (page.who, &self.logged_in) {
            (Who::Anyone, _) => Ok(()),
            (Who::LoggedIn(allow), Some(logged_in)) => Ok(allow.check(&logged_in.actor)?),
            (Who::LoggedIn(_), None) => Err(Fail::LogIn { to: if page.verb == Verb::Get { self.address.clone() } else { String::new() } }),
        }
    }

    /// Who asks; `None`: a stranger.
    pub(super) fn viewer(&self) -> Option<Actor> {
        self.logged_in.as_ref().map(|l| l.actor.clone().by(&*self.request_id.0))
    }

    /// Who asks.
    ///
    /// # Errors
    /// Nobody has logged in.
    pub(super) fn actor(&self) -> Result<Actor, Fail> {
        self.viewer().ok_or_else(|| Fail::LogIn { to: String::new() })
    }

    /// A parameter of the path.
    pub(super) fn path(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// The part of a list that `?after=` asks for, of the actor's tenant.
    pub(super) fn part(&self, actor: &Actor) -> Part {
        let after = self.query.trimmed("after").filter(|id| id.len() <= MAX_ID && !id.chars().any(char::is_control));
        Part { after: after.map(|id| Cursor { tenant: actor.tenant.to_string(), id }), ..Part::default() }
    }

    /// The secret of the session.
    pub(super) fn session(&self) -> Option<&Secret> {
        self.session.as_ref()
    }

    /// Sees to it that a form on the page is known when it comes back, also from a browser that has no session.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(super) fn with_forms(mut self) -> Result<Self, Fail> {
        if self.cookie.is_none() {
            self.cookie = Some(visitor().map_err(|e| Fail::from(crate::manage::ManageError::from(e)))?);
            self.is_new = true;
        }
        Ok(self)
    }

    /// The field that sets the cookie which was made for this answer.
    pub(super) fn new_cookie(&self) -> Option<String> {
        self.cookie.as_ref().filter(|_| self.is_new).map(|cookie| Cookie::Visitor.set(cookie, self.is_secure))
    }

    /// What every page shows.
    pub(super) fn site(&self, portal: &Portal) -> Site {
        let token = self.cookie.as_ref().map(form_token).unwrap_or_default();
        Site::new(portal, self.logged_in.as_ref().map(|l| &l.actor), token)
    }
}

async fn read(head: &Parts, body: Body) -> Result<Form, Fail> {
    let kind = head.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).and_then(|v| v.split(';').next());
    if !kind.is_some_and(|k| k.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
        return Err(Fail::Unreadable);
    }
    let bytes = timeout(BODY, to_bytes(body, MAX_BYTES)).await.map_err(|_| Fail::Unreadable)?.map_err(|_| Fail::TooLarge)?;
    Form::parse(&bytes).ok_or(Fail::TooLarge)
}

/// Reads a form with files; one without is good too.
async fn read_files(head: &Parts, body: Body) -> Result<(Form, Vec<Upload>), Fail> {
    let kind = head.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let Ok(boundary) = multer::parse_boundary(kind) else { return Ok((read(head, body).await?, Vec::new())) };
    let limits = multer::Constraints::new().size_limit(multer::SizeLimit::new().whole_stream(MAX_FILE_BYTES));
    let mut parts = multer::Multipart::with_constraints(body.into_data_stream(), boundary, limits);
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    while let Some(part) = parts.next_field().await.map_err(|e| unreadable(&e))? {
        let field = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|e| unreadable(&e))?;
        match file {
            // Nobody chose a file.
            Some(name) if name.is_empty() && bytes.is_empty() => {}
            Some(name) => files.push(Upload { name, bytes: bytes.to_vec() }),
            None => fields.push((field, String::from_utf8(bytes.to_vec()).map_err(|_| Fail::Unreadable)?)),
        }
        if files.len() > MAX_FILES {
            return Err(Fail::TooLarge);
        }
    }
    Ok((Form::of(fields).ok_or(Fail::TooLarge)?, files))
}

fn unreadable(error: &multer::Error) -> Fail {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => Fail::TooLarge,
        _ => Fail::Unreadable,
    }
}
