//! The resources that an archive has: what its definition lists, with what its OpenAPI document says beside.

use crate::api::Method;
use crate::diagnostic::Span;
use crate::migrate::document::At;
use crate::migrate::findings::Findings;

/// Resources of one API that are looked at.
const MOST: usize = 5_000;

/// A resource as the archive has it.
#[derive(Clone)]
pub(super) struct Asked<'d> {
    pub(super) method: Method,
    /// Its path template as written: `/order/{id}`, `/*`.
    pub(super) path: String,
    /// Where it stands.
    pub(super) span: Span,
    /// `authType`.
    pub(super) auth: Option<At<'d>>,
    /// `throttlingPolicy`.
    pub(super) tier: Option<At<'d>>,
    /// Of these the caller's token must have one.
    pub(super) scopes: Vec<String>,
    /// `x-wso2-soap`: the operation and its action.
    pub(super) operation: Option<String>,
    pub(super) action: Option<String>,
    /// `operationPolicies`.
    pub(super) policies: Option<At<'d>>,
    /// Names of its query parameters.
    pub(super) query: Vec<String>,
}

/// The method of a word.
fn method(word: &str) -> Option<Method> {
    Method::ALL.into_iter().find(|m| m.as_str().eq_ignore_ascii_case(word))
}

/// All resources, those of the definition first.
pub(super) fn read<'d>(api: At<'d>, swagger: Option<At<'d>>, findings: &mut Findings) -> Vec<Asked<'d>> {
    let mut asked = Vec::new();
    if let Some(list) = api.any(&["operations", "uriTemplates"]) {
        for item in list.items().into_iter().take(MOST) {
            asked.extend(of_definition(item, findings));
        }
    }
    let Some(paths) = swagger.and_then(|s| s.get("paths")) else { return asked };
    let listed = !asked.is_empty();
    for (path, below) in paths.entries().into_iter().take(MOST) {
        for (word, at) in below.entries() {
            let Some(method) = method(&word) else { continue };
            let found = asked.iter_mut().find(|a| a.method == method && same_path(&a.path, &path));
            match found {
                Some(found) => beside(found, below, at),
                None if listed => {
                    let text = format!("{} {path} is in the OpenAPI document and not among the API's operations", method.as_str());
                    findings.lost(Some(at.span()), text);
                }
                None => {
                    let mut made = Asked {
                        method,
                        path: path.clone(),
                        span: at.span(),
                        auth: None,
                        tier: None,
                        scopes: Vec::new(),
                        operation: None,
                        action: None,
                        policies: None,
                        query: Vec::new(),
                    };
                    beside(&mut made, below, at);
                    asked.push(made);
                }
            }
        }
    }
    asked
}

fn same_path(one: &str, other: &str) -> bool {
    one.trim_matches('/') == other.trim_matches('/')
}

fn of_definition<'d>(item: At<'d>, findings: &mut Findings) -> Option<Asked<'d>> {
    let path = item.any(&["target", "uriTemplate", "uritemplate", "urlPattern"]).and_then(At::text)?;
    let verb = item.any(&["verb", "httpVerb", "httpMethod"]);
    let word = verb.and_then(At::text).unwrap_or_default();
    let Some(method) = method(&word) else {
        if !matches!(word.to_ascii_uppercase().as_str(), "OPTIONS" | "HEAD") {
            findings.lost(Some(item.span()), format!("resources with the method `{}` are not served", word.escape_debug()));
        }
        return None;
    };
    let mut scopes: Vec<String> = item.get("scopes").map(At::items).unwrap_or_default().into_iter().filter_map(scope).collect();
    scopes.extend(item.get("scope").and_then(scope));
    scopes.sort();
    scopes.dedup();
    Some(Asked {
        method,
        path,
        span: item.span(),
        auth: item.any(&["authType", "authtype"]).filter(|at| !at.is_empty()),
        tier: item.any(&["throttlingPolicy", "throttlingTier"]).filter(|at| !at.is_empty()),
        scopes,
        operation: None,
        action: None,
        policies: item.get("operationPolicies").filter(|at| !at.is_empty()),
        query: Vec::new(),
    })
}

/// A scope by its name, or as a record with its key.
fn scope(at: At<'_>) -> Option<String> {
    let text = at.text().or_else(|| at.any(&["key", "name"])?.text())?;
    (!text.is_empty()).then_some(text)
}

/// What the OpenAPI document says of a resource.
fn beside<'d>(asked: &mut Asked<'d>, path: At<'d>, at: At<'d>) {
    if let Some(soap) = at.get("x-wso2-soap") {
        asked.operation = soap.text_of("soap-operation").or_else(|| at.text_of("operationId"));
        asked.action = soap.text_of("soap-action");
    }
    asked.auth = asked.auth.or_else(|| at.get("x-auth-type").filter(|a| !a.is_empty()));
    asked.tier = asked.tier.or_else(|| at.get("x-throttling-tier").filter(|a| !a.is_empty()));
    if asked.scopes.is_empty()
        && let Some(scope) = at.text_of("x-scope")
    {
        asked.scopes = scope.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect();
    }
    for parameter in [path, at].into_iter().filter_map(|at| at.get("parameters")).flat_map(At::items) {
        if parameter.text_of("in").is_some_and(|place| place == "query") {
            asked.query.extend(parameter.text_of("name"));
        }
    }
}
