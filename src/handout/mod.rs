//! What people take along of an API for tools of others: a Postman collection, a JMeter plan, the WSDL with all that it imports.
//!
//! Comes in: a published API and the address of its gateway. Goes out: the bytes of a file. Must not know: who asks, where it goes.

mod bundle;
mod calls;
mod jmx;
mod postman;

use serde_json::Value;

use crate::catalog::{OpenApiVersion, PublishedApi};
use calls::{Call, calls};

pub use bundle::bundle;

/// An API's name, whether it asks for a key, its base address, and its calls.
#[derive(Debug)]
pub struct Handout {
    title: String,
    asks_for_a_key: bool,
    base: String,
    calls: Vec<Call>,
}

impl Handout {
    /// The calls of an API behind the gateway at that address, without a slash at the end.
    ///
    /// # Errors
    /// Its OpenAPI document, which has the examples, is larger than is given out: a sentence.
    pub fn of(api: &PublishedApi, gateway: &str) -> Result<Self, String> {
        let bytes = api.openapi(OpenApiVersion::V31, &format!("{gateway}{}", api.below())).map_err(|e| e.to_string())?;
        let document: Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
        Ok(Self {
            title: format!("{} {}", api.definition.api.name, api.definition.api.version),
            asks_for_a_key: api.definition.access.security.iter().any(|s| s == "api_key"),
            base: format!("{gateway}{}", api.base_path),
            calls: calls(&document),
        })
    }

    /// The names of the calls: their operations' ids.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.calls.iter().map(|call| call.name.as_str())
    }

    /// The Postman collection, format v2.1: address and key are its variables.
    pub fn postman(&self) -> String {
        postman::collection(self).to_string()
    }

    /// The JMeter plan that sends the call of that name (`None`: the first) so many times, one after the other; `None`: there is no such call, or the
    /// gateway's address cannot be read.
    pub fn jmeter(&self, name: Option<&str>, times: u32) -> Option<String> {
        let call = self.calls.iter().find(|call| name.is_none_or(|name| call.name == name))?;
        Some(jmx::plan(&self.title, &self.base.parse().ok()?, self.asks_for_a_key, call, times))
    }
}
