//! The two pages: to log in and agree, and to say that it cannot be. No scripts, nothing from elsewhere.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::authorize::Request;
use super::error::{Code, Refused};
use crate::gateway::Escaped;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1b1f24;background:#fff}\
label{display:block;margin:.8rem 0}input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.45rem}button{font:inherit;\
padding:.45rem 1.2rem;margin-right:.6rem}.e{color:#b42318}.q{color:#57606a;overflow-wrap:anywhere}code{font-family:ui-monospace,monospace}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}.q{color:#9198a1}.e{color:#ff7b72}}";

/// What the browser may load and where it may send the form: to this server, which may send it on to the client's address.
pub(super) fn policy(redirect_uri: Option<&str>) -> String {
    static HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE.as_bytes())));
    let form = redirect_uri.map_or_else(|| String::from("'none'"), |uri| format!("'self'{}", source(uri)));
    format!("default-src 'none'; style-src 'sha256-{}'; form-action {form}; frame-ancestors 'none'; base-uri 'none'", *HASH)
}

/// A redirect URI as a source of CSP: browsers hold what follows the form against `form-action` too.
fn source(uri: &str) -> String {
    let Ok(url) = Url::parse(uri) else { return String::new() };
    match url.scheme() {
        "http" | "https" => format!(" {}", url.origin().ascii_serialization()),
        own => format!(" {own}:"),
    }
}

fn html(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
}

/// The page on which to log in and agree.
pub(super) fn log_in(request: &Request, ticket: &str, again: Option<&Refused>) -> String {
    let scopes: String = request.scopes.iter().map(|s| format!("<li><code>{}</code></li>", Escaped(s))).collect();
    let wants = match scopes.is_empty() {
        true => String::from("<p>It asks to call APIs in your name.</p>"),
        false => format!("<p>It asks to call APIs in your name, for:</p><ul>{scopes}</ul>"),
    };
    let again = again.map(|refused| format!("<p class=\"e\" role=\"alert\">{}</p>", Escaped(&sentence(refused)))).unwrap_or_default();
    let body = format!(
        "<h1>Log in</h1><p><strong>{application}</strong> sends you here. {owner}</p>{wants}{again}\
         <form method=\"post\" action=\"authorize\"><input type=\"hidden\" name=\"request\" value=\"{ticket}\">\
         <label>Name <input name=\"username\" autocomplete=\"username\" autocapitalize=\"none\" maxlength=\"256\" autofocus></label>\
         <label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" maxlength=\"1024\"></label>\
         <p><button name=\"decision\" value=\"allow\">Allow</button><button name=\"decision\" value=\"deny\" formnovalidate>Deny</button></p></form>\
         <p class=\"q\">You then go on to {target}.</p>",
        application = Escaped(&request.application.name),
        owner = format_args!("<span class=\"q\">Registered by {}.</span>", Escaped(&request.application.owner)),
        ticket = Escaped(ticket),
        target = Escaped(&request.redirect_uri),
    );
    html("Log in", &body)
}

/// The page that says that it cannot be.
pub(super) fn failed(refused: &Refused) -> String {
    let body = format!(
        "<h1>This does not work</h1><p>The application that sent you here made a request that cannot be answered: {}.</p>\
         <p class=\"q\"><code>{}</code></p>",
        Escaped(refused.description),
        refused.code.word()
    );
    html("This does not work", &body)
}

/// What a user reads who must try again.
fn sentence(refused: &Refused) -> String {
    match refused.code {
        Code::InvalidGrant => String::from("Name or password is not right."),
        Code::TooMany => format!("Too many log-ins failed. Try again in {} s.", refused.retry_after.unwrap_or(1)),
        _ => String::from("That did not work. Try again in a moment."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_goes_to_this_server_and_on_to_the_client() {
        let policy_of = |uri: &str| policy(Some(uri)).split("; ").find(|d| d.starts_with("form-action")).unwrap().to_owned();
        assert_eq!(policy_of("https://a.example/cb?x=;"), "form-action 'self' https://a.example");
        assert_eq!(policy_of("http://127.0.0.1:99/cb"), "form-action 'self' http://127.0.0.1:99");
        assert_eq!(policy_of("com.example.app:/cb"), "form-action 'self' com.example.app:");
        assert!(policy(None).contains("form-action 'none'; frame-ancestors 'none'"));
    }
}
