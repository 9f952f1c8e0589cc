//! A sample of a call, carried out before anybody calls: what goes out, what comes back, what every step did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use crate::catalog::{PublishedApi, PublishedResource, Secrets, build_with};
use crate::diagnostic::Sources;
use crate::gateway::Gateway;
use crate::gateway::trace::{Outbound, Report, Sample, Trial};
use crate::manage::{self, Actor, Manage, ManageError, WhichRevision};
use crate::problem::{Problem, Reason};
use crate::sequence::{Sequence, Who};
use crate::store::Content;

/// All of it.
const LONGEST: Duration = Duration::from_secs(60);

/// A call to be tried out.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Method and path of the resource, as the API has it: `GET /items/{id}`.
    pub resource: String,
    /// Path parameters.
    pub path: BTreeMap<String, String>,
    /// The query, as in an address: `a=1&b=2`.
    pub query: Option<String>,
    /// Header fields.
    pub headers: BTreeMap<String, String>,
    /// The caller's JSON; empty for none.
    pub json: Vec<u8>,
    /// The application that would call.
    pub application: Option<String>,
    /// The user that would call.
    pub user: Option<String>,
    /// The scopes of its token.
    pub scopes: Vec<String>,
    /// A draft of the sequence; `None`: the one that the resource has.
    pub sequence: Option<String>,
    /// Is the SOAP service itself called? Else the reply is an example.
    pub upstream: bool,
    /// The declared fault that the example is.
    pub fault: Option<String>,
    /// The envelope that stands for the service's reply.
    pub reply: Option<String>,
}

/// Why there is nothing to be seen.
#[derive(Debug)]
pub enum Failed {
    /// The act: the API is not there, the sequence is not good.
    Manage(ManageError),
    /// The call.
    Call(Box<Problem>),
}

impl From<ManageError> for Failed {
    fn from(error: ManageError) -> Self {
        Self::Manage(error)
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Call(Box::new(problem))
    }
}

fn refused(reason: Reason, status: u16, text: impl Into<String>) -> Failed {
    Problem::new(reason, status, text).into()
}

/// Carries a call out.
///
/// # Errors
/// The API or its resource is not there, the sequence or the sample does not fit, the service cannot be called.
pub async fn run(manage: &Manage, gateway: Option<&Arc<Gateway>>, actor: &Actor, name: &str, asked: Asked) -> Result<Report, Failed> {
    let found = manage.revision(actor, name, WhichRevision::InForce).await?;
    let in_force = gateway.and_then(|g| g.in_force(&actor.tenant, name));
    let (wanted, draft, name) = (asked.resource.clone(), asked.sequence.clone(), name.to_owned());
    let drafted = tokio::task::spawn_blocking(move || prepared(&name, &found.content, in_force, &wanted, draft));
    let (api, resource, sequence) = drafted.await.map_err(|_| Problem::internal("a trial cannot be prepared"))??;
    let all = carry_out(gateway, asked, api, resource, sequence);
    tokio::time::timeout(LONGEST, all).await.map_err(|_| refused(Reason::UpstreamTimeout, 504, "The trial took too long."))?
}

/// The API, its resource, and the sequence: the draft, checked as a file is.
fn prepared(
    name: &str,
    content: &Content,
    in_force: Option<Arc<PublishedApi>>,
    wanted: &str,
    draft: Option<String>,
) -> Result<(Arc<PublishedApi>, PublishedResource, Arc<Sequence>), ManageError> {
    let not_good = |diagnostics: &[crate::diagnostic::Diagnostic], sources: &Sources| ManageError::NotGood {
        api: name.to_owned(),
        findings: manage::findings_of(diagnostics, sources),
    };
    let api = match in_force {
        Some(api) => api,
        None => {
            let built = build_with(name, content, Secrets::NotNeeded);
            built.api.clone().ok_or_else(|| not_good(&built.diagnostics, &built.sources))?
        }
    };
    let is_it = |r: &&PublishedResource| format!("{} {}", r.method.as_str(), r.path) == wanted;
    let resource = api.resources.iter().find(is_it).cloned().ok_or_else(|| {
        let known: Vec<String> = api.resources.iter().map(|r| format!("{} {}", r.method.as_str(), r.path)).collect();
        let nearest = crate::diagnostic::nearest(wanted, known.iter().map(String::as_str)).map(str::to_owned);
        let expected = "method and path of a resource, such as GET /items/{id}".to_owned();
        ManageError::Invalid { field: "resource", expected, found: wanted.chars().take(200).collect(), nearest }
    })?;
    let Some(text) = draft else {
        let sequence = resource.sequence.clone();
        return Ok((api, resource, sequence));
    };
    let mut sources = Sources::default();
    let at = sources.add("sequence", text.as_str());
    let sequence = Sequence::parse(at, &text).map_err(|found| not_good(&found, &sources))?;
    let file = api.definition.resources.iter().find(|r| r.method == resource.method && *r.path == *resource.path);
    if let Some(path) = file.and_then(|r| r.sequence.as_deref()) {
        // In the place of the file it is held against the WSDL too.
        let mut tried = content.clone();
        tried.sequences.iter_mut().filter(|s| s.name.ends_with(path)).for_each(|s| s.text = text.as_str().into());
        let built = build_with(name, &tried, Secrets::NotNeeded);
        if built.api.is_none() {
            return Err(not_good(&built.diagnostics, &built.sources));
        }
    }
    Ok((api, resource, Arc::new(sequence)))
}

async fn carry_out(
    gateway: Option<&Arc<Gateway>>,
    asked: Asked,
    api: Arc<PublishedApi>,
    resource: PublishedResource,
    sequence: Arc<Sequence>,
) -> Result<Report, Failed> {
    let mut trial = Trial::new(api.clone(), resource, sequence, sample(&asked)?);
    let Some(outbound) = trial.request().await else { return Ok(trial.into_report()) };
    let (status, headers, body, took) = if asked.upstream {
        called(gateway, &api, &outbound).await?
    } else {
        let is_fault = asked.fault.is_some();
        let body = match asked.reply {
            Some(envelope) => envelope.into_bytes(),
            None => trial
                .example(asked.fault.as_deref())
                .map_err(|why| refused(Reason::InvalidRequest, 400, format!("There is no example: {why}.")))?,
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
        (if is_fault { 500 } else { 200 }, headers, body.into(), Duration::ZERO)
    };
    trial.reply(status, &headers, &body, took);
    Ok(trial.into_report())
}

async fn called(
    gateway: Option<&Arc<Gateway>>,
    api: &PublishedApi,
    outbound: &Outbound,
) -> Result<(u16, HeaderMap, bytes::Bytes, Duration), Failed> {
    let Some(gateway) = gateway else {
        return Err(refused(Reason::InvalidRequest, 409, "This process has no gateway, and calls no services."));
    };
    let began = tokio::time::Instant::now();
    let (status, headers, body) = gateway.try_out(api, outbound).await?;
    Ok((status, headers, body, began.elapsed()))
}

fn sample(asked: &Asked) -> Result<Sample, ManageError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &asked.headers {
        let made = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        let (name, value) = made.ok_or_else(|| ManageError::invalid("headers", "names and values of header fields", name))?;
        headers.append(name, value);
    }
    let who = Who {
        application: asked.application.as_deref().map(Arc::from),
        user: asked.user.as_deref().map(Arc::from),
        scopes: asked.scopes.iter().map(|s| Arc::from(s.as_str())).collect(),
        scheme: "oauth2",
        kind: if asked.user.is_some() { "application_user" } else { "application" },
    };
    Ok(Sample { json: asked.json.clone(), headers, path: asked.path.clone().into_iter().collect(), query: asked.query.clone(), who })
}
