//! `castile explain`: the long help of a code, or the compiled plan of an operation.

use super::args::{Explain, Global};
use super::{Exit, Outcome, Screen, target};
use crate::diagnostic::{Code, nearest};

/// The codes of authors' diagnostics, room by room.
fn codes() -> impl Iterator<Item = &'static Code> {
    let rooms: [&[&'static Code]; 8] = [
        crate::schema::codes::ALL,
        crate::wsdl::codes::ALL,
        crate::wsdl::source::codes::ALL,
        crate::api::codes::ALL,
        crate::plan::compile::codes::ALL,
        crate::sequence::codes::ALL,
        crate::import::codes::ALL,
        crate::migrate::codes::ALL,
    ];
    rooms.into_iter().flatten().copied()
}

/// What callers' codes mean, for those who run the gateway.
const PROBLEMS: [(&str, &str, &str); 16] = [
    (
        "castile.bad_request",
        "400: the request is not HTTP as it must be",
        "Line, header fields, host, framing or the path's escapes are refused before anything else is looked at. The detail says which.",
    ),
    (
        "castile.invalid_request",
        "400: the request does not fit its operation",
        "Everything that does not fit is listed in `errors`, each with a JSON pointer (or `in` and `name` for URL parameters), what was expected and what \
         was found. Nothing was sent to the SOAP service. `castile explain API OPERATION` shows what the operation takes.",
    ),
    (
        "castile.unsupported_media_type",
        "415: the content type is not one of this address",
        "Resources take application/json; the API's base address takes text/xml, application/soap+xml and multipart/related.",
    ),
    (
        "castile.not_acceptable",
        "406: nothing that the caller accepts can be given",
        "Resources answer application/json and application/problem+json.",
    ),
    (
        "castile.too_large",
        "413: a limit on the request",
        "The detail names the limit. Limits are set per API downwards (`limits` in api.yaml), upwards by the operator (`limits` in castile.yaml).",
    ),
    (
        "castile.request_timeout",
        "408: the caller was too slow",
        "The head or the body of the request did not come in time, or came too slowly.",
    ),
    (
        "castile.fault",
        "422, 400 or 502: the SOAP service answered with a fault",
        "A declared fault answers its own status (422 unless `faults` of the resource says otherwise), with the fault's name as title and its detail typed. \
         A Client or Sender code answers 400, anything else 502. The text of undeclared faults goes to the log only, unless `faults: { expose: all }`.",
    ),
    (
        "castile.upstream_unreachable",
        "502: no connection to the SOAP service",
        "The log of this request id says why: the name was not found, the connection was refused, TLS failed, or the address may not be called.",
    ),
    (
        "castile.upstream_timeout",
        "504: the SOAP service was too slow",
        "The first byte or the whole reply did not come in time: `endpoint: { timeout, first_byte_timeout }` in api.yaml, `limits.upstream` in castile.yaml.",
    ),
    (
        "castile.upstream_reply",
        "502: what came back is no reply of the operation",
        "It was not XML, not SOAP, cut off, in another charset than it said, over a limit, or with another body. The detail says which; the first bytes are in the log.",
    ),
    (
        "castile.internal",
        "500: the gateway failed",
        "This is a fault of Castile. The log line of this request id holds the reason: please report it.",
    ),
    (
        "900906",
        "404 or 405: no such resource",
        "No API answers at that address, or it has no such resource, or the resource has other methods (see `Allow`).",
    ),
    ("700700", "404, 410 or 503: the API is not available", "The API is only created, retired, or blocked: `state` in api.yaml."),
    (
        "900801",
        "503: too many calls in flight",
        "The API has as many calls under way as it may (`limits: { in_flight }`). `Retry-After` says when trying again makes sense.",
    ),
    ("900800", "429: the API's limit", "More calls than `limits: { api }` allows. Not in force in this version."),
    ("900804", "429: the subscription's quota", "More calls than the plan allows. Not in force in this version."),
];

/// Explains.
pub(super) fn run(screen: &Screen, global: &Global, args: &Explain) -> Outcome {
    match &args.operation {
        Some(name) => {
            let program = target::program(screen, global, &args.subject)?;
            let operation = target::operation(screen, &program, name, args.port.as_deref())?;
            Ok(screen.answer(crate::plan::explain(&program, operation).as_bytes()))
        }
        None => code(screen, &args.subject),
    }
}

fn code(screen: &Screen, id: &str) -> Outcome {
    if let Some(code) = codes().find(|c| c.id == id) {
        return Ok(screen.answer(format!("{}: {}\n\n{}", code.id, code.title, wrapped(code.help)).as_bytes()));
    }
    if let Some((id, title, help)) = PROBLEMS.iter().find(|(i, ..)| *i == id) {
        return Ok(screen.answer(format!("{id}: {title}\n\n{}", wrapped(help)).as_bytes()));
    }
    let known: Vec<&'static str> = codes().map(|c| c.id).chain(PROBLEMS.iter().map(|p| p.0)).collect();
    match near_code(id, &known) {
        Some(near) => screen.error(&format!("there is no code `{id}`; did you mean `{near}`?")),
        None => {
            let mut rooms: Vec<&str> = known.iter().filter_map(|k| k.split_once('.')).map(|(room, _)| room).collect();
            rooms.sort_unstable();
            rooms.dedup();
            let rooms = rooms.join(".…, ");
            screen.error(&format!("there is no code `{id}`: codes stand in brackets behind a finding and begin with {rooms}.…"));
            screen.say("for an operation: castile explain API OPERATION");
        }
    }
    Err(Exit::Usage)
}

/// The code that somebody may have meant: without regard to case, also without its room, or the beginning of one.
fn near_code(id: &str, known: &[&'static str]) -> Option<&'static str> {
    let wanted = id.to_lowercase();
    let local = |code: &'static str| code.split_once('.').map_or(code, |(_, local)| local);
    let same = known.iter().find(|k| k.to_lowercase() == wanted || local(k) == wanted);
    let near = || nearest(&wanted, known.iter().copied()).and_then(|n| known.iter().find(|k| **k == n));
    let near_local = || nearest(&wanted, known.iter().map(|k| local(k))).and_then(|n| known.iter().find(|k| local(k) == n));
    let begun = || known.iter().find(|k| wanted.len() > 2 && (k.starts_with(&wanted) || local(k).starts_with(&wanted)));
    same.or_else(near).or_else(near_local).or_else(begun).copied()
}

/// Paragraphs in lines of at most 100 characters.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.split("\n\n") {
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        let mut width = 0;
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if width > 0 && width + 1 + length > 100 {
                out.push('\n');
                width = 0;
            } else if width > 0 {
                out.push(' ');
                width += 1;
            }
            out.push_str(word);
            width += length;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_there_once_and_explained() {
        let mut ids: Vec<_> = codes().map(|c| c.id).chain(PROBLEMS.iter().map(|p| p.0)).collect();
        assert!(codes().all(|c| c.help.len() > 40 && !c.title.is_empty()));
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn a_code_is_found_by_what_is_left_of_it() {
        let known: Vec<_> = codes().map(|c| c.id).chain(PROBLEMS.iter().map(|p| p.0)).collect();
        for (id, near) in [
            ("API.NO-LOCK", "api.no-lock"),
            ("no-lock", "api.no-lock"),
            ("api.no-lok", "api.no-lock"),
            ("no-lok", "api.no-lock"),
            ("unknown-head", "api.unknown-header"),
            ("castile.invalid", "castile.invalid_request"),
        ] {
            assert_eq!(near_code(id, &known), Some(near), "{id}");
        }
        assert_eq!(near_code("nope", &known), None);
        assert_eq!(near_code("x", &known), None);
    }

    #[test]
    fn paragraphs_are_wrapped() {
        let text = wrapped(&format!("{}\n\nb", "word ".repeat(40)));
        assert!(text.lines().all(|l| l.chars().count() <= 100) && text.ends_with("\n\nb"), "{text}");
    }
}
