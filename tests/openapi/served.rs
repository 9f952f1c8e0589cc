//! A gateway with one API before the mock of its WSDL, in this process, and what a document says about calling it.

use std::net::SocketAddr;
use std::sync::Arc;

use castile::api::ApiDefinition;
use castile::catalog::{Catalog, OpenApiVersion, PublishedApi};
use castile::cli::serve::{Role, Running};
use castile::config::Config;
use castile::mock::{Mock, Options, serve};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::gateway::bench_of::{Answer, to_end};
use crate::support::api::loaded;

/// A served API and its document.
pub struct Served {
    pub api: Arc<PublishedApi>,
    pub document: Value,
    gateway: SocketAddr,
    running: Option<Running>,
    mock: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.mock.abort();
        drop(self.running.take());
    }
}

impl Served {
    /// The API of a definition and a WSDL; `None` where it cannot be imported.
    pub async fn start(definition: &ApiDefinition, wsdl: &std::path::Path) -> Option<Self> {
        let made = Self::of(|address| {
            let mut definition = definition.clone();
            definition.endpoint.url = Some(format!("http://{address}/"));
            Some(Arc::new(loaded(&definition, None, wsdl).ok()?.api?))
        });
        made.await
    }

    /// The API that is made of the address of its mock.
    pub async fn of(make: impl FnOnce(SocketAddr) -> Option<Arc<PublishedApi>>) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = make(listener.local_addr().unwrap())?;
        let mock = Arc::new(Mock::new(api.clone(), Options { validate: true, ..Options::default() }));
        let mock = tokio::spawn(async move { serve(mock, listener, std::future::pending()).await.unwrap() });
        let mut config = Config::default();
        config.listen.gateway.address = SocketAddr::from(([127, 0, 0, 1], 0));
        config.listen.admin.address = SocketAddr::from(([127, 0, 0, 1], 0));
        config.gateway.faults = castile::config::ExposeFaults::All;
        let running = Running::start(&config, Arc::new(Catalog::new(vec![api.clone()])), Role::Gateway).await.unwrap();
        running.health.ready();
        let gateway = running.gateway.unwrap();
        let bytes = api.openapi(OpenApiVersion::V31, &format!("http://{gateway}")).unwrap();
        let document = serde_json::from_slice(&bytes).unwrap();
        Some(Self { api, document, gateway, running: Some(running), mock })
    }

    /// Sends a request of the document: nothing but what stands there.
    pub async fn send(&self, example: &Example) -> Answer {
        let body = example.body.as_ref().map(Value::to_string).unwrap_or_default();
        let media_type = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let head = format!(
            "{} {}{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}{media_type}Content-Length: {}\r\n\r\n",
            example.method.to_uppercase(),
            self.api.base_path,
            example.target,
            self.gateway,
            example.fields,
            body.len()
        );
        let mut stream = TcpStream::connect(self.gateway).await.unwrap();
        let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await;
        Answer::parse(&to_end(&mut stream).await)
    }
}

/// One request as a document gives it by example.
#[derive(Debug)]
pub struct Example {
    pub method: String,
    /// Path and query below the base address.
    pub target: String,
    /// Header fields, each with its line end.
    pub fields: String,
    pub body: Option<Value>,
}

/// An operation of a document.
pub struct Operation<'d> {
    pub path: &'d str,
    pub method: &'d str,
    pub value: &'d Value,
}

/// All of a document's.
pub fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(method, value)| Operation { path, method, value }))
        .collect()
}

impl Operation<'_> {
    pub fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap()
    }

    /// The documented status of a call that went well.
    pub fn success(&self) -> (&str, &Value) {
        let responses = self.value["responses"].as_object().unwrap();
        let found: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
        assert_eq!(found.len(), 1, "{}", self.id());
        (found[0].0, found[0].1)
    }

    /// JSON pointer of the schema of the body or the answer.
    pub fn pointer(&self, below: &str) -> String {
        format!("/paths/{}/{}/{below}", self.path.replace('~', "~0").replace('/', "~1"), self.method)
    }

    /// The request that its examples make; `None` where a body or a required parameter has none.
    pub fn example(&self) -> Option<Example> {
        let mut target = self.path.to_owned();
        let (mut query, mut fields) = (url::form_urlencoded::Serializer::new(String::new()), String::new());
        for parameter in self.value["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let texts = match parameter.get("example") {
                Some(Value::Array(list)) => list.iter().map(text).collect(),
                Some(value) => vec![text(value)],
                None if parameter["required"] == true => return None,
                None => continue,
            };
            for text in texts {
                match parameter["in"].as_str().unwrap() {
                    "path" => target = target.replace(&format!("{{{name}}}"), &encoded(&text)),
                    "query" => _ = query.append_pair(name, &text),
                    "header" => fields.push_str(&format!("{name}: {text}\r\n")),
                    other => panic!("a parameter in {other}"),
                }
            }
        }
        let query = query.finish();
        if !query.is_empty() {
            target = format!("{target}?{query}");
        }
        let body = match self.value.get("requestBody") {
            Some(body) => Some(body["content"]["application/json"].get("example")?.clone()),
            None => None,
        };
        Some(Example { method: self.method.to_owned(), target, fields, body })
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// As a segment of a path.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
