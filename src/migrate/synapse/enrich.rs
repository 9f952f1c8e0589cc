//! `enrich`: a value from one place to another.

use roxmltree::Node;
use serde_json::{Value, json};

use super::convert::{Converter, Known, Message};
use super::envelope::elements;
use super::expr::{Ex, From, Kind, pointer};
use super::steps::Step;
use super::text::Text;
use crate::xml::document::Unqualified;

impl Converter<'_, '_> {
    /// `<enrich><source/><target/></enrich>`
    pub(super) fn enrich(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let child = |name: &str| elements(node).find(|n| n.tag_name().name() == name);
        let (Some(source), Some(target)) = (child("source"), child("target")) else {
            self.lost(out, text, node, "an enrichment without source or target");
            return;
        };
        match self.source(source).and_then(|value| self.target(target, value, out)) {
            Ok(()) => {}
            Err(why) => self.lost(out, text, node, why),
        }
    }

    fn source(&mut self, source: Node<'_, '_>) -> Result<Value, String> {
        match source.unqualified("type").unwrap_or("custom") {
            "custom" => self.value(source.unqualified("xpath").unwrap_or_default()).map(|ex| Value::from(ex.setting())),
            "property" => {
                let name = source.unqualified("property").unwrap_or_default();
                super::xpath::Scope::property(self, "default", name).map(|ex| Value::from(ex.setting()))
            }
            "body" => Ok(Value::from(Ex::of("body", From::Mixed, Kind::Any).setting())),
            "inline" => {
                if elements(source).next().is_some() {
                    return Err("XML that stands in a sequence is no JSON".to_owned());
                }
                let text: String = source.children().filter(Node::is_text).filter_map(|n| n.text()).collect();
                let text = text.trim();
                if text.starts_with(['{', '[']) {
                    return super::json::payload(text, &mut |n| Err(format!("${n} stands for nothing here")));
                }
                Ok(Value::from(super::expr::plain(text)))
            }
            other => Err(format!("a source `{}` has no counterpart", other.escape_debug())),
        }
    }

    fn target(&mut self, target: Node<'_, '_>, value: Value, out: &mut Vec<Step>) -> Result<(), String> {
        let action = target.unqualified("action").unwrap_or("replace");
        match target.unqualified("type").unwrap_or("custom") {
            "property" => {
                let name = target.unqualified("property").unwrap_or_default().to_owned();
                if name.is_empty() || name.len() > 100 {
                    return Err("a property has a name of at most 100 bytes".to_owned());
                }
                out.push(Step::Property { name: name.clone(), value });
                // It is read as a property: what it was made of may have changed by then.
                self.properties.insert(name, Known::Set);
                Ok(())
            }
            "body" if action == "replace" => {
                self.becomes(value, out);
                Ok(())
            }
            "custom" if action == "replace" => {
                if !matches!(self.message, Message::Caller | Message::Reply) {
                    return Err("what a payloadFactory made before is not changed".to_owned());
                }
                let place = self.value(target.unqualified("xpath").unwrap_or_default())?;
                let From::Body(keys) = place.from else { return Err("this is no place of the message".to_owned()) };
                out.push(Step::Plain("set", json!({ "to": pointer(&keys), "value": value })));
                self.payloads += 1;
                Ok(())
            }
            other => Err(format!("a target `{}` with the action `{}` has no counterpart", other.escape_debug(), action.escape_debug())),
        }
    }
}
