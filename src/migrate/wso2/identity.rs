//! Name, context, version, state.

use super::Kind;
use crate::api::{self, ApiDefinition, State};
use crate::migrate::Request;
use crate::migrate::document::At;
use crate::migrate::findings::Findings;

/// What stands for the version in contexts.
const VERSION: &str = "{version}";

/// The API's name, and where it stands.
fn name(from: At<'_>) -> Option<At<'_>> {
    from.any(&["name", "apiName"]).or_else(|| from.get("id").and_then(|id| id.any(&["apiName", "name"])))
}

/// The version, and where it stands.
fn version(from: At<'_>) -> Option<At<'_>> {
    from.get("id").filter(|id| id.is_map()).and_then(|id| id.get("version")).or_else(|| from.get("version"))
}

/// The name of its folder.
pub(super) fn folder(from: At<'_>, request: &Request) -> String {
    let name = request.name.clone().or_else(|| name(from)?.text()).unwrap_or_default();
    let name = api::folder_name(&name);
    if name.is_empty() { "api".to_owned() } else { name }
}

/// Carries them.
pub(super) fn carry(from: At<'_>, kind: Kind, definition: &mut ApiDefinition, findings: &mut Findings) {
    let identity = &mut definition.api;
    if let Some(name) = name(from).and_then(At::text).filter(|n| !n.is_empty()) {
        identity.name = name;
    }
    if let Some(at) = version(from) {
        let text = at.text().unwrap_or_default();
        let segment: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || "-._~".contains(c) { c } else { '-' }).collect();
        match api::is_segment(&segment) {
            true => identity.version.clone_from(&segment),
            false => findings.lost(Some(at.span()), "the version is no segment of a path; the API has version 1"),
        }
        if segment != text && api::is_segment(&segment) {
            findings.different(Some(at.span()), format!("the version is `{segment}`: it is one segment of the API's addresses"));
        }
    }
    context(from, definition, findings);
    let identity = &mut definition.api;
    if let Some(at) = from.any(&["isDefaultVersion", "defaultVersion"]) {
        identity.default_version = at.flag();
    }
    if let Some(at) = from.any(&["lifeCycleStatus", "status"]) {
        identity.state = match at.text().unwrap_or_default().to_ascii_uppercase().as_str() {
            "CREATED" => State::Created,
            "PROTOTYPED" => State::Prototype,
            "PUBLISHED" => State::Published,
            "BLOCKED" => State::Blocked,
            "DEPRECATED" => State::Deprecated,
            "RETIRED" => State::Retired,
            _ => {
                findings.lost(Some(at.span()), "this state is not known; the API is only created, so that nobody can call it yet");
                State::Created
            }
        };
    }
    definition.rest = kind != Kind::Soap;
    definition.passthrough = kind == Kind::Soap;
    definition.only_listed = kind != Kind::Soap;
}

/// The context: what stands before the version in the API's addresses.
fn context(from: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    let Some(at) = from.any(&["contextTemplate", "context"]) else { return };
    let text = at.text().unwrap_or_default();
    let mut context = text.trim_end_matches('/').to_owned();
    if !context.starts_with('/') {
        context.insert(0, '/');
    }
    if let Some(rest) = context.strip_prefix("/t/")
        && let Some((tenant, rest)) = rest.split_once('/')
    {
        let text = format!(
            "the API is of the tenant {}: below the same addresses it answers where it is applied to that tenant",
            tenant.escape_debug()
        );
        findings.lost_but(Some(at.span()), text, "`castile apply` with a token of that tenant");
        context = format!("/{rest}");
    }
    let written = format!("/{}", definition.api.version);
    for last in [format!("/{VERSION}"), written] {
        if let Some(before) = context.strip_suffix(&last) {
            context = before.to_owned();
            break;
        }
    }
    if context.contains(VERSION) {
        context = context.replace(&format!("/{VERSION}"), "").replace(VERSION, "");
        let text = format!("the version stands behind the context: callers use {context}/{}", definition.api.version);
        findings.lost(Some(at.span()), text);
    }
    if !api::is_context(&context) || api::is_reserved(&context) {
        let fallback = format!("/{}", api::folder_name(&definition.api.name).to_lowercase());
        let text = format!("`{}` cannot be a context here; the API has {fallback}", context.escape_debug());
        findings.lost(Some(at.span()), text);
        context = fallback;
    }
    definition.api.context = context;
}
