//! Calls of an API that can be shown to people: with a sample of the request, as REST and as raw SOAP.

use serde_json::Value;

use super::{ParameterLocation, PublishedApi, PublishedResource};
use crate::mediate::package::content_type;
use crate::mediate::{self, Direction};
use crate::plan::node::SoapVersion;
use crate::sample::{self, Style};

/// A call, without who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleCall {
    /// Its method.
    pub method: &'static str,
    /// Its path under the gateway, encoded, with its query: `/geo/1/GetCountry`.
    pub path: String,
    /// Its header fields: names in the usual writing, values.
    pub fields: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Option<String>,
}

impl PublishedApi {
    /// A call of one of its resources; `None` where there is no such resource, or no sample of its request.
    pub fn example_call(&self, index: usize) -> Option<ExampleCall> {
        let resource = self.resources.get(index)?;
        let sample = self.sample(resource)?;
        let values: Value = serde_json::from_str(&sample).ok()?;
        let mut path = resource.path.to_string();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let mut fields = Vec::new();
        for parameter in &resource.parameters {
            let value = text(values.pointer(&parameter.pointer)).unwrap_or_else(|| parameter.name.to_string());
            match parameter.location {
                ParameterLocation::Path => path = path.replace(&format!("{{{}}}", parameter.name), &encoded(&value)),
                ParameterLocation::Query if parameter.required || !resource.body => {
                    query.append_pair(&parameter.name, &value);
                }
                ParameterLocation::Query | ParameterLocation::Header => {}
            }
        }
        let query = query.finish();
        let query = if query.is_empty() { query } else { format!("?{query}") };
        if resource.body {
            fields.push(("Content-Type", "application/json".to_owned()));
        }
        let path = format!("{}{}{query}", self.base_path, non_ascii_encoded(&path));
        Some(ExampleCall { method: resource.method.as_str(), path, fields, body: resource.body.then_some(sample) })
    }

    /// The same operation as raw SOAP; `None` where raw SOAP is closed, or there is no sample.
    pub fn example_soap_call(&self, index: usize) -> Option<ExampleCall> {
        let resource = self.resources.get(index)?;
        let plan = self.plan(resource)?;
        if self.raw_operations.is_empty() {
            return None;
        }
        let json = self.sample(resource)?;
        let envelope = mediate::encode(&self.program, plan, Direction::Request, json.as_bytes()).ok()?;
        let action = plan.soap_action.as_deref().unwrap_or_default();
        let mut fields = vec![("Content-Type", content_type(plan.version, action))];
        if plan.version == SoapVersion::Soap11 {
            fields.push(("SOAPAction", format!("\"{action}\"")));
        }
        let body = String::from_utf8(envelope).ok()?;
        Some(ExampleCall { method: "POST", path: self.base_path.to_string(), fields, body: Some(body) })
    }

    fn sample(&self, resource: &PublishedResource) -> Option<String> {
        let json = sample::request(&self.program, self.plan(resource)?, Direction::Request, None, Style::Typical).ok()?;
        String::from_utf8(json).ok()
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn non_ascii_encoded(path: &str) -> String {
    percent_encoding::utf8_percent_encode(path, percent_encoding::CONTROLS).to_string()
}
