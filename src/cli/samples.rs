//! Lines that can be pasted into a shell.

use crate::catalog::{PublishedApi, PublishedResource};
use crate::diagnostic::{quoted, shell_word};
use crate::mediate::package::content_type;
use crate::mediate::{self, Direction};
use crate::plan::node::SoapVersion;
use crate::sample::{self, Style};

/// Bytes of a sample that stand on a line of their own.
const LONGEST: usize = 1_500;

/// A call of the API's first resource with a sample of its request. `None` where the API has no resource.
pub(super) fn curl(api: &PublishedApi, public_url: &str) -> Option<String> {
    let resource = best(api)?;
    let path = encoded_path(&resource.path);
    let url = format!("{public_url}{}{path}", api.base_path);
    let body = request(api, resource).unwrap_or_else(|| "{}".to_owned());
    let (method, key) = (resource.method.as_str(), key(api));
    Some(format!("curl -X {method} {key}-H 'content-type: application/json' -d {} {}", quoted(&body), shell_word(&url)))
}

/// The same as raw SOAP. `None` where there is no such operation or raw SOAP is closed.
pub(super) fn curl_soap(api: &PublishedApi, public_url: &str) -> Option<String> {
    let resource = best(api)?;
    let plan = api.plan(resource)?;
    if api.raw_operations.is_empty() {
        return None;
    }
    let json = message(api, resource)?;
    let envelope = mediate::encode(&api.program, plan, Direction::Request, json.as_bytes()).ok()?;
    let envelope = String::from_utf8(envelope).ok()?;
    let envelope = envelope.split_once("?>").map_or(envelope.as_str(), |(_, rest)| rest).trim();
    let action = plan.soap_action.as_deref().unwrap_or_default();
    let mut headers = format!("-H {}", quoted(&format!("content-type: {}", content_type(plan.version, action))));
    if plan.version == SoapVersion::Soap11 {
        headers.push_str(&format!(" -H {}", quoted(&format!("SOAPAction: \"{action}\""))));
    }
    let url = format!("{public_url}{}", api.base_path);
    Some(format!("curl {}{headers} -d {} {}", key(api), quoted(envelope), shell_word(&url)))
}

/// Can a caller show who it is by a key, and must it?
pub(super) fn asks_for_a_key(api: &PublishedApi) -> bool {
    api.definition.access.security.iter().any(|s| s == "api_key")
}

/// The place of the key, for an API that asks for one.
fn key(api: &PublishedApi) -> &'static str {
    if asks_for_a_key(api) { "-H \"apikey: $KEY\" " } else { "" }
}

/// The resource that shows most for least: with a body, with an answer, the first with a short sample.
fn best(api: &PublishedApi) -> Option<&PublishedResource> {
    let with_body = || api.resources.iter().filter(|r| r.body && !r.path.contains('{'));
    let answers = |r: &&PublishedResource| api.plan(r).is_some_and(|p| p.output.is_some());
    let short = |r: &&PublishedResource| request(api, r).is_some_and(|s| s.len() <= LONGEST);
    with_body().filter(answers).take(20).find(short).or_else(|| with_body().next())
}

/// A sample of a resource's request, as JSON on one line.
fn request(api: &PublishedApi, resource: &PublishedResource) -> Option<String> {
    if !resource.sequence.is_plain() {
        return api.example(resource).map(|example| example.to_string());
    }
    message(api, resource)
}

/// The same behind the sequence of the resource: what becomes an envelope.
fn message(api: &PublishedApi, resource: &PublishedResource) -> Option<String> {
    let json = sample::request(&api.program, api.plan(resource)?, Direction::Request, None, Style::Typical).ok()?;
    String::from_utf8(json).ok()
}

fn encoded_path(path: &str) -> String {
    path.chars()
        .map(|c| {
            if c.is_ascii() {
                c.to_string()
            } else {
                percent_encoding::utf8_percent_encode(&c.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_url() {
        assert_eq!(encoded_path("/\u{e4}/b"), "/%C3%A4/b");
    }
}
