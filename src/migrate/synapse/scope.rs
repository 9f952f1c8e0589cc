//! What expressions of a sequence may ask for: properties, header fields, places of the message.

use super::convert::{Converter, Known, Message};
use super::expr::{Ex, From, Kind, literal};
use super::{jsonpath, reply, xpath};
use crate::sequence::expr::Path;

/// Fields that say who calls the gateway.
const HIDDEN: [&str; 4] = ["apikey", "authorization", "cookie", "proxy-authorization"];

impl Converter<'_, '_> {
    /// A value.
    ///
    /// # Errors
    /// Why it has no counterpart.
    pub(super) fn value(&mut self, text: &str) -> Result<Ex, String> {
        let text = text.trim();
        // Both are JSON paths, whatever they are called by.
        if text.starts_with("$.") || text == "$" || text.starts_with("$[") {
            return xpath::Scope::json(self, text);
        }
        let text = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
        xpath::value(text, self)
    }

    /// A condition.
    ///
    /// # Errors
    /// Why it has no counterpart.
    pub(super) fn condition(&mut self, text: &str) -> Result<xpath::Truth, String> {
        xpath::condition(text, self)
    }

    fn has_parameter(&self, name: &str) -> bool {
        self.asked.template.split('/').any(|s| s.strip_prefix('{').and_then(|s| s.strip_suffix('}')) == Some(name))
    }

    fn query(&mut self, name: &str) -> Ex {
        self.made.reads.insert(name.to_owned());
        Ex::query(name)
    }

    /// The path of the call, where it is the same for each.
    fn resource(&self) -> Result<Ex, String> {
        match self.asked.template.contains(['{', '*', '?']) {
            true => Err("the path of a call is not read; its parameters are".to_owned()),
            false => Ok(Ex::constant(self.asked.template)),
        }
    }

    /// A property that API Manager sets by itself.
    fn own(&mut self, name: &str) -> Result<Ex, String> {
        if let Some(parameter) = name.strip_prefix("uri.var.") {
            return match self.has_parameter(parameter) {
                true => Ok(Ex::path(parameter)),
                false => Err(format!("the path has no parameter `{}`", parameter.escape_debug())),
            };
        }
        if let Some(parameter) = name.strip_prefix("query.param.") {
            return Ok(self.query(parameter));
        }
        let fixed = |text: &str| Ok(Ex::of(text, From::Fixed, Kind::Any));
        match name {
            "REST_METHOD" | "api.ut.HTTP_METHOD" => Ok(Ex::constant(self.asked.method.as_str())),
            "api.ut.resource" | "API_ELECTED_RESOURCE" => Ok(Ex::constant(self.asked.template)),
            "REST_SUB_REQUEST_PATH" | "REST_FULL_REQUEST_PATH" => self.resource(),
            "api.ut.userName" | "api.ut.userId" => fixed("principal.user"),
            "api.ut.application.name" | "api.ut.application.id" => fixed("principal.application"),
            "ERROR_MESSAGE" | "ERROR_DETAIL" if self.path == Path::Fault => fixed("fault.reason"),
            "ERROR_CODE" if self.path == Path::Fault => fixed("fault.code"),
            _ => Err(format!("nothing here sets the property `{}`", name.escape_debug())),
        }
    }
}

impl xpath::Scope for Converter<'_, '_> {
    fn property(&mut self, scope: &str, name: &str) -> Result<Ex, String> {
        match scope {
            "default" | "synapse" => match self.properties.get(name) {
                Some(Known::Value(ex, payloads)) => {
                    let lasts = matches!(ex.from, From::Constant(_) | From::Path(_) | From::Query(_) | From::Header | From::Fixed);
                    if lasts || *payloads == self.payloads {
                        let ex = ex.clone();
                        self.resolved.insert(name.to_owned());
                        return Ok(ex);
                    }
                    self.read.insert(name.to_owned());
                    Ok(Ex::property(name))
                }
                Some(Known::Set) => {
                    self.read.insert(name.to_owned());
                    Ok(Ex::property(name))
                }
                None => self.own(name),
            },
            "transport" => {
                let lower = name.to_ascii_lowercase();
                if HIDDEN.contains(&lower.as_str()) {
                    return Err(format!("`{name}` carries the caller's credentials for the gateway, which no sequence reads"));
                }
                if self.path != Path::Request {
                    return Err("header fields of the service's answer are not read".to_owned());
                }
                Ok(Ex::header(name))
            }
            "axis2" | "axis2-client" => match name {
                "HTTP_METHOD" => Ok(Ex::constant(self.asked.method.as_str())),
                "REST_URL_POSTFIX" => self.resource(),
                _ => Err(format!("the property `{}` of the transport is not read", name.escape_debug())),
            },
            "url" => Ok(self.query(name)),
            _ => Err(format!("properties of the scope `{}` are not read", scope.escape_debug())),
        }
    }

    fn location(&mut self, names: &[String], anywhere: bool) -> Result<Ex, String> {
        let outer = ["Envelope", "Body", "jsonObject"];
        let inner: Vec<String> = names.iter().skip_while(|n| outer.contains(&n.as_str())).cloned().collect();
        match self.message {
            Message::Caller if inner.is_empty() => Err("the whole message is not read as a text".to_owned()),
            Message::Caller => Ok(Ex::body(inner)),
            Message::Reply => {
                let Some(plan) = self.plan() else { return Err("the operation is not known, so its reply is not either".to_owned()) };
                reply::place(self.asked.program, plan, &inner, anywhere && inner.len() == names.len()).map(Ex::body)
            }
            Message::Fault => match inner.last().map(String::as_str) {
                Some("faultstring" | "Reason" | "Text") => Ok(Ex::of("fault.reason", From::Fixed, Kind::Any)),
                Some("faultcode" | "Code" | "Value") => Ok(Ex::of("fault.code", From::Fixed, Kind::Any)),
                _ => Err("of a fault its code and reason are read".to_owned()),
            },
            Message::Made => Err("what a payloadFactory made before is not read again".to_owned()),
        }
    }

    fn json(&mut self, path: &str) -> Result<Ex, String> {
        let keys = jsonpath::keys(path)?;
        match self.message {
            Message::Caller if keys.is_empty() => Ok(Ex::of("body", From::Mixed, Kind::Any)),
            Message::Caller => Ok(Ex::body(keys)),
            Message::Reply => self.location(&keys, false),
            Message::Fault => self.location(&keys, true),
            Message::Made => Err(format!("what a payloadFactory made before is not read again: {}", literal(path))),
        }
    }
}
