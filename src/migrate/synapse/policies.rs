//! `operationPolicies`: what API Manager 4.1 and later runs before a resource's sequences.

use serde_json::{Value, json};

use super::convert::Converter;
use super::steps::Step;
use super::text::Text;
use crate::migrate::document::At;
use crate::net::fields;
use crate::sequence::expr::Path;

impl Converter<'_, '_> {
    /// The policies on this path, in their order.
    pub(super) fn policies(&mut self) -> Vec<Step> {
        let key = match self.path {
            Path::Request => "request",
            Path::Response => "response",
            Path::Fault => "fault",
        };
        let mut out = Vec::new();
        let Some(list) = self.asked.policies.and_then(|p| p.get(key)) else { return out };
        for policy in list.items() {
            self.policy(policy, &mut out);
        }
        out
    }

    fn policy(&mut self, policy: At<'_>, out: &mut Vec<Step>) {
        let name = policy.text_of("policyName").unwrap_or_default();
        let parameter = |name: &str| policy.get("parameters").and_then(|p| p.get(name)).and_then(At::text);
        match (name.as_str(), parameter("headerName")) {
            ("addHeader" | "setHeader", Some(field)) => self.policy_field(policy, &field, parameter("headerValue"), out),
            ("removeHeader", Some(field)) => self.policy_field(policy, &field, None, out),
            // Messages are converted anyway.
            ("jsonToXML" | "xmlToJson" | "jsonToXml" | "xmlToJSON", _) => {}
            _ => self.own_policy(policy, &name, out),
        }
    }

    fn policy_field(&mut self, policy: At<'_>, field: &str, value: Option<String>, out: &mut Vec<Step>) {
        let lower = field.to_ascii_lowercase();
        let is_free = match self.path {
            Path::Request => fields::may_be_added(&lower) && !matches!(&*lower, "x-jwt-assertion" | "x-request-id"),
            Path::Response | Path::Fault => fields::may_be_returned(&lower),
        };
        if !fields::is_name(&lower) || !is_free {
            self.findings.lost(Some(policy.span()), format!("the field `{}` is the gateway's to write", field.escape_debug()));
            return;
        }
        match value {
            Some(_) if super::headers::is_credential(&lower) => {
                if let Some(at) = policy.get("parameters").and_then(|p| p.get("headerValue")) {
                    self.findings.hide(at.span());
                }
                let hint = format!("`endpoint: {{ auth: {{ header: {{ name: {lower}, value_env: VARIABLE }} }} }}` sends it");
                self.findings.fill_in(Some(policy.span()), format!("the credential in `{lower}` is not copied"), hint);
            }
            Some(value) => out.push(Step::Plain("set_header", json!({ "name": field, "value": super::expr::plain(&value) }))),
            None => out.push(Step::Plain("remove_header", Value::from(field))),
        }
    }

    /// A policy of one's own: a sequence, perhaps with places for its parameters.
    fn own_policy(&mut self, policy: At<'_>, name: &str, out: &mut Vec<Step>) {
        let version = policy.text_of("policyVersion").unwrap_or_else(|| "v1".to_owned());
        let Some((path, text)) = self.library.policy(name, &version) else {
            let why = format!("the policy `{}` has no counterpart", name.escape_debug());
            self.findings.lost_but(Some(policy.span()), why, "its steps are written into the resource's sequence by hand");
            return;
        };
        let raw = self.findings.text(text.start().source).to_string();
        let text = match raw.contains("{%") || raw.contains("{{") {
            false => Some(text),
            true => filled(&raw, policy).and_then(|filled| Text::filled(&path, &filled, self.findings)),
        };
        let Some(text) = text else {
            let why = format!("the policy `{}` is a template with more than names of parameters in it", name.escape_debug());
            self.findings.lost(Some(policy.span()), why);
            return;
        };
        self.made.files.push(path);
        let tree = text.document.tree();
        out.extend(self.below(tree.root_element(), &text));
    }
}

/// The text with its parameters' values; `None` where it has more than their names.
fn filled(text: &str, policy: At<'_>) -> Option<String> {
    if text.contains("{%") {
        return None;
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, behind) = after.split_once("}}")?;
        let value = policy.get("parameters")?.get(name.trim())?.text()?;
        out.push_str(before);
        for c in value.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&apos;"),
                c => out.push(c),
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    // Parameters do not make a text larger than a sequence may be.
    (out.len() <= 1 << 20 && !out.contains("{{")).then_some(out)
}
