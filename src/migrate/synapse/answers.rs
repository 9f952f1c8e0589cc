//! Mediators that end the way, and what the message is when they do.

use roxmltree::Node;
use serde_json::{Value, json};

use super::convert::{Converter, Message};
use super::envelope::elements;
use super::moves::moves;
use super::reply;
use super::steps::Step;
use super::text::Text;
use crate::api::Method;
use crate::sequence::expr::Path;
use crate::xml::document::Unqualified;

impl Converter<'_, '_> {
    pub(super) fn respond(&mut self, out: &mut Vec<Step>) {
        self.ended = true;
        if self.path == Path::Response {
            // What comes behind is not run: the answer is what it is.
            return;
        }
        self.answer(out);
    }

    /// `respond` with what was made.
    fn answer(&mut self, out: &mut Vec<Step>) {
        let status = self.status.unwrap_or(200);
        let mut settings = serde_json::Map::new();
        settings.insert("status".to_owned(), status.into());
        let has_body = !matches!(status, 204 | 205 | 304);
        match self.json.take() {
            Some(json) if has_body => {
                // It needs no step of its own.
                let is_it = |step: &Step| matches!(step, Step::Plain("set", value) if value.get("to") == Some(&Value::from("")));
                if out.last().is_some_and(is_it) {
                    out.pop();
                }
                // Nor does the status.
                if matches!(out.last(), Some(Step::Plain("set_status", _))) {
                    out.pop();
                }
                settings.insert("json".to_owned(), json);
            }
            None if has_body && self.message == Message::Caller && self.asked.method != Method::Get => {
                settings.insert("json".to_owned(), Value::from("{{ body }}"));
            }
            _ => {}
        }
        out.push(Step::Plain("respond", Value::Object(settings)));
    }

    pub(super) fn drop(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        self.ended = true;
        self.findings.different(Some(text.span(node)), "a caller whose message is dropped is answered with 202 and nothing else");
        out.push(Step::Plain("respond", json!({ "status": 202 })));
    }

    pub(super) fn makefault(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let child = |name: &str| elements(node).find(|n| n.tag_name().name() == name);
        let code = child("code").and_then(|c| c.unqualified("value")).unwrap_or_default();
        let is_callers = ["Client", "Sender"].iter().any(|word| code.ends_with(word));
        let status = self.status.filter(|s| *s >= 400).unwrap_or(if is_callers { 400 } else { 500 });
        let mut settings = serde_json::Map::new();
        settings.insert("status".to_owned(), status.into());
        if let Some(reason) = child("reason") {
            match self.given(reason, text) {
                Ok(Some(ex)) => _ = settings.insert("detail".to_owned(), Value::from(ex.setting())),
                Ok(None) => {}
                Err(why) => self.lost(out, text, reason, why),
            }
        }
        if let Some(detail) = child("detail") {
            self.lost(out, text, detail, "a fault's detail has no place in a problem document");
        }
        self.findings.different(Some(text.span(node)), "a fault that a sequence makes is a problem document (RFC 9457) with a status");
        out.push(Step::Plain("fail", Value::Object(settings)));
        self.ended = true;
    }

    /// A payload that becomes the message.
    pub(super) fn becomes(&mut self, value: Value, out: &mut Vec<Step>) {
        let first = self.message == Message::Caller && self.path == Path::Request && self.branches == 0;
        // A GET has no message to begin with: its parameters are put into it by the resource.
        let is_nothing = first && self.asked.method == Method::Get && value.as_object().is_some_and(serde_json::Map::is_empty);
        match first.then(|| moves(&value)).flatten() {
            Some(steps) => out.extend(steps),
            None if is_nothing => {}
            None => out.push(Step::Plain("set", json!({ "to": "", "value": &value }))),
        }
        self.json = Some(value);
        self.message = Message::Made;
        self.payloads += 1;
    }

    /// Where the answer's JSON differs from what `to_json` gives, it is put into the old shape.
    pub(super) fn shape(&mut self, out: &mut Vec<Step>, has_sequences: bool) {
        if self.message == Message::Made || self.ended && self.made.answers {
            return;
        }
        if !self.asked.generated && !self.is_json {
            let text = "the answer was XML, or what the caller asked for; now it is the reply's JSON";
            if has_sequences || self.made.operation.is_some() {
                self.findings.different(Some(self.asked.span), text);
            }
            return;
        }
        let steps = self.plan().map(|plan| reply::wrapped(self.asked.program, plan)).unwrap_or_default();
        out.extend(steps);
    }

    pub(super) fn end_of_fault(&mut self, out: &mut Vec<Step>) {
        if self.message == Message::Made && self.json.is_some() && !self.ended {
            self.status = Some(self.status.unwrap_or(500));
            self.answer(out);
        }
    }
}
