//! Puts what an operation's requests carry into their envelopes: the clock and the chance for `mediate::security`.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::catalog::{PublishedApi, Wire};
use crate::mediate::security::{self, Addressing, Edit, Head, Moment, Route, SecureError};
use crate::plan::node::OperationPlan;
use crate::problem::{Problem, Reason};
use crate::xml::ns;

/// This instant, with fresh random bytes.
pub(super) fn moment() -> Result<Moment, Problem> {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    let random = crate::net::random::bytes().map_err(|e| Problem::internal(e.to_string()))?;
    Ok(Moment::new(ms, random))
}

/// An envelope on its way to the service.
pub(super) struct Secured {
    pub(super) envelope: Bytes,
    /// Did the caller give credentials that are in it?
    pub(super) callers: bool,
}

/// The envelope of a REST call with its header blocks. Signing large ones is done beside the threads of other calls.
pub(super) async fn request(api: &PublishedApi, wire: &Wire, plan: &OperationPlan, url: &str, envelope: Bytes) -> Result<Secured, Problem> {
    let callers = !plan.input.headers.is_empty() && has_callers_credentials(api, plan, &envelope);
    if wire.security.is_none() && wire.addressing.is_none() {
        return Ok(Secured { envelope, callers });
    }
    let moment = moment()?;
    let (security, version) = (wire.security.clone(), wire.addressing);
    let (action, to) = (plan.action.clone(), wire.to.as_deref().unwrap_or(url).to_owned());
    let run = move || {
        let addressing = version.map(|version| Addressing { version, route: Route { action: &action, to: &to } });
        security::secure(Vec::from(envelope), security.as_deref(), addressing.as_ref(), &moment)
    };
    let is_slow = wire.security.as_ref().is_some_and(|s| s.signature.is_some());
    let secured = if is_slow { tokio::task::spawn_blocking(run).await.map_err(|e| Problem::internal(e.to_string()))? } else { run() };
    Ok(Secured { envelope: Bytes::from(secured.map_err(|e| refused(&e))?), callers })
}

/// Did the caller give a header block that carries credentials?
fn has_callers_credentials(api: &PublishedApi, plan: &OperationPlan, envelope: &[u8]) -> bool {
    let Ok(head) = Head::of(envelope) else { return false };
    let names = &api.program.names;
    let is_secret = |uri: &str, local: &str| {
        plan.input.headers.iter().any(|slot| {
            let name = (&**names.uri(names.namespace(slot.tag)), &**names.local(slot.tag));
            name == (uri, local) && (slot.secret || name == (ns::WSSE, "Security"))
        })
    };
    head.blocks.iter().any(|(uri, local)| is_secret(uri, local))
}

/// What the caller reads where the envelope cannot be secured.
pub(super) fn refused(error: &SecureError) -> Problem {
    match error {
        SecureError::TooLarge => Problem::new(Reason::TooLarge, 413, format!("The request is too large: {error}.")),
        SecureError::Head(_) | SecureError::Sign(_) => Problem::internal(error.to_string()),
    }
}

/// An [`Edit`] in the bytes of a message as it travels. `raw` begins with the envelope's first byte.
///
/// # Errors
/// The message's encoding does not let the place be found: 415.
pub(super) fn in_bytes(edit: &Edit, raw: &[u8], charset: Option<&str>) -> Result<(usize, Vec<u8>), Problem> {
    let (mark, wide) = match raw {
        [0xEF, 0xBB, 0xBF, ..] => (3, None),
        [0xFE, 0xFF, ..] => (2, Some(true)),
        [0xFF, 0xFE, ..] => (2, Some(false)),
        [0, b'<', ..] => (0, Some(true)),
        [b'<', 0, ..] => (0, Some(false)),
        _ => (0, None),
    };
    let refused = || {
        let text = "This API adds a security header to the message, which is only done in UTF-8, UTF-16, and where nothing but ASCII stands before it.";
        Err(Problem::new(Reason::UnsupportedMediaType, 415, text))
    };
    let at = mark + edit.at * if wide.is_some() { 2 } else { 1 };
    let Some(before) = raw.get(mark..at) else { return refused() };
    let is_ascii = match wide {
        None => before.is_ascii(),
        Some(big) => before.chunks(2).all(|unit| matches!((big, unit), (true, [0, 1..=0x7F]) | (false, [1..=0x7F, 0]))),
    };
    let is_known = is_ascii || wide.is_none() && is_utf8(before, charset);
    if !is_known {
        return refused();
    }
    let inserted = match wide {
        None => edit.insert.clone().into_bytes(),
        Some(true) => edit.insert.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Some(false) => edit.insert.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    };
    Ok((at, inserted))
}

/// Is the text in UTF-8 by what the transport and its declaration say?
fn is_utf8(before: &[u8], charset: Option<&str>) -> bool {
    let text = String::from_utf8_lossy(before);
    let told = charset.map_or_else(|| crate::catalog::declared_encoding(&text).is_none(), |c| c.eq_ignore_ascii_case("utf-8"));
    told && matches!(text, Cow::Borrowed(_))
}

/// Is it a code of WS-Security? The part behind the namespace.
pub(super) fn security_code(code: &str) -> Option<&str> {
    let local = [ns::WSSE, ns::WSU].iter().find_map(|n| code.strip_prefix('{')?.strip_prefix(n)?.strip_prefix('}'));
    // Some services do not declare the prefix that they use.
    local.or_else(|| code.strip_prefix("wsse:")).or_else(|| code.strip_prefix("wsu:"))
}
