//! What an archive says and nothing was made of: each thing once, with its place. Nothing is dropped in silence.

use super::files::Files;
use crate::migrate::document::At;
use crate::migrate::findings::Findings;

/// Members that were read, that only API Manager's own database needs, or that say what is so here anyway.
const KNOWN: [&str; 77] = [
    "id",
    "uuid",
    "name",
    "apiName",
    "displayName",
    "version",
    "provider",
    "providerName",
    "context",
    "contextTemplate",
    "lifeCycleStatus",
    "status",
    "isDefaultVersion",
    "isPublishedDefaultVersion",
    "documents",
    "lastUpdatedBy",
    "defaultVersion",
    "type",
    "apiType",
    "responseCachingEnabled",
    "responseCache",
    "cacheTimeout",
    "hasThumbnail",
    "thumbnailUrl",
    "isRevision",
    "revisionId",
    "revisionedApiId",
    "revision",
    "policies",
    "availableTiers",
    "apiThrottlingPolicy",
    "apiLevelPolicy",
    "maxTps",
    "securityScheme",
    "apiSecurity",
    "authorizationHeader",
    "apiKeyHeader",
    "visibility",
    "visibleRoles",
    "visibleTenants",
    "corsConfiguration",
    "endpointConfig",
    "endpointSecured",
    "endpointAuthDigest",
    "endpointUTUsername",
    "endpointUTPassword",
    "endpointSecurity",
    "endpointImplementationType",
    "operations",
    "uriTemplates",
    "scopes",
    "mediationPolicies",
    "inSequence",
    "outSequence",
    "faultSequence",
    "wsdlUrl",
    "wsdlUri",
    "wsdlInfo",
    "wsdlArchivePath",
    "createdTime",
    "lastUpdated",
    "lastUpdatedTime",
    "lastUpdatedTimestamp",
    "apiDefinition",
    "enableStore",
    "enableSchemaValidation",
    "enableSubscriberVerification",
    "rating",
    "latest",
    "isLatest",
    "initiatedFromGateway",
    "gatewayVendor",
    "gatewayType",
    "implementation",
    "apiHeaderChanged",
    "apiResourcePatternsChanged",
    "versionTimestamp",
];

/// Members whose usual value says nothing.
const USUAL: [(&str, &[&str]); 8] = [
    ("keyManagers", &["all"]),
    ("accessControl", &["NONE", "all"]),
    ("subscriptionAvailability", &["CURRENT_TENANT", "current_tenant", "ALL_TENANTS"]),
    ("transport", &["http", "https"]),
    ("transports", &["http", "https"]),
    ("destinationStatsEnabled", &["Disabled"]),
    ("environments", &["Production and Sandbox", "Default"]),
    ("gatewayEnvironments", &["Production and Sandbox", "Default"]),
];

/// What each member is, in the words of a person.
const WHAT: [(&str, &str); 16] = [
    ("description", "the description: the WSDL's own documentation is shown"),
    ("tags", "tags: there is no search by them"),
    ("categories", "categories: there is no search by them"),
    ("businessInformation", "owners and their addresses"),
    ("businessOwner", "the business owner"),
    ("businessOwnerEmail", "the business owner's address"),
    ("technicalOwner", "the technical owner"),
    ("technicalOwnerEmail", "the technical owner's address"),
    ("additionalProperties", "properties of one's own"),
    ("additionalPropertiesMap", "properties of one's own"),
    ("keyManagers", "key managers: outside issuers of tokens are set up with `castile issuer`, and `security` says `jwt`"),
    ("accessControl", "who may edit the API: roles are a user's"),
    ("accessControlRoles", "who may edit the API: roles are a user's"),
    ("transport", "transports: the listener decides about TLS for all APIs"),
    ("transports", "transports: the listener decides about TLS for all APIs"),
    ("monetization", "monetization"),
];

/// Tells it.
pub(super) fn carry(api: At<'_>, files: &Files, findings: &mut Findings) {
    for (key, at) in api.entries() {
        if KNOWN.contains(&key.as_str()) || at.is_empty() || is_usual(&key, at) {
            continue;
        }
        // What an advertised API says of itself, where it is none.
        if key == "advertiseInfo" && !at.get("advertised").is_some_and(At::flag) {
            continue;
        }
        if key == "websubSubscriptionConfiguration" {
            continue;
        }
        let what = WHAT.iter().find(|(k, _)| *k == key).map_or_else(|| format!("`{}`", key.escape_debug()), |(_, what)| (*what).to_owned());
        findings.lost(Some(at.span()), format!("not carried over: {what}"));
    }
    scopes(api, findings);
    let other = |path: &&str| !files.known.iter().any(|k| k == path);
    let is_in = |path: &str, folders: &[&str]| {
        let lower = path.to_ascii_lowercase();
        folders.iter().any(|f| lower.starts_with(&format!("{f}/")))
    };
    let mut told: Vec<String> = Vec::new();
    for path in files.archive.files.keys().map(String::as_str).filter(other).chain(files.archive.others.iter().map(String::as_str)) {
        let lower = path.to_ascii_lowercase();
        if is_in(path, &["wsdl", "sequences", "soaptorest", "policies"]) || lower.ends_with("api_meta.yaml") {
            continue;
        }
        let first = path.split_once('/').map_or(path, |(first, _)| first).to_owned();
        if !told.contains(&first) && told.len() < 100 {
            told.push(first);
        }
    }
    for name in told {
        let what = match name.to_ascii_lowercase().as_str() {
            "docs" => "`Docs`: documents about the API".to_owned(),
            "image" => "`Image`: its picture".to_owned(),
            "client-certificates" => {
                "`Client-certificates`: each is given to the application whose it is, with the scheme mtls (docs/access.md)".to_owned()
            }
            "endpoint-certificates" => {
                "`Endpoint-certificates`: `endpoint.auth.tls.ca_file` names an authority of the service's own".to_owned()
            }
            "deployment_environments.yaml" | "deployment_environments.json" => {
                "`deployment_environments`: the gateway's addresses are `listen` and `gateway.public_url` of castile.yaml".to_owned()
            }
            _ => format!("`{}`", name.escape_debug()),
        };
        findings.lost(None, format!("not carried over: {what}"));
    }
}

fn is_usual(key: &str, at: At<'_>) -> bool {
    let Some((_, usual)) = USUAL.iter().find(|(k, _)| *k == key) else { return false };
    let texts = at.texts();
    let all_usual = texts.iter().all(|(t, _)| usual.contains(&t.as_str()));
    // One transport of two says something.
    all_usual && (!key.starts_with("transport") || texts.len() == usual.len())
}

/// Roles of scopes: who gets a scope is said where tokens are given.
fn scopes(api: At<'_>, findings: &mut Findings) {
    for item in api.get("scopes").map(At::items).unwrap_or_default() {
        let scope = item.get("scope").unwrap_or(item);
        let Some(roles) = scope.any(&["bindings", "roles"]).filter(|at| !at.is_empty()) else { continue };
        let name = scope.any(&["name", "key"]).and_then(At::text).unwrap_or_default();
        let text = format!("the roles of the scope {} are not asked: scopes are granted to applications", name.escape_debug());
        findings.lost_but(Some(roles.span()), text, "docs/oauth.md says how");
    }
}
