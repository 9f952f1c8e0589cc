//! An outside issuer that others wrote, oidc-provider: found by its metadata, its tokens checked by its keys.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castile::auth::{Application, Change, Directory, Issuer, Standing, Subscription};
use castile::catalog::Callers;
use castile::config::Config;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::bench_of::{Answer, Server, Upstream, country, to_end};
use crate::support;

const AUDIENCE: &str = "urn:castile:gateway";

/// The issuer's process; its end of standard input closes with it.
struct Provider {
    child: Child,
    iss: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    fn start(node: &std::path::Path, package: &std::path::Path) -> Self {
        let mut command = Command::new(node);
        command.arg(support::path("tests/clients/oidc_provider.mjs")).arg(package).arg(AUDIENCE);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let iss = lines.into_iter().find(|l| l.starts_with("http://127.0.0.1:")).expect("the issuer says its address");
        Self { child, iss }
    }

    /// A token of a client for an audience.
    async fn token(&self, client: &str, resource: &str, scope: &str) -> String {
        let address: SocketAddr = self.iss.strip_prefix("http://").unwrap().parse().unwrap();
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("grant_type", "client_credentials"), ("resource", resource), ("scope", scope)])
            .finish();
        let pair = STANDARD.encode(format!("{client}:a+secret+of+the+tests"));
        let request = format!(
            "POST /token HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Basic {pair}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = Answer::parse(&to_end(&mut stream).await);
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
    }
}

fn admit(server: &Server, iss: &str) {
    let (tenant, standing): (Arc<str>, _) = ("default".into(), Standing::Active);
    let application = Application {
        tenant: tenant.clone(),
        id: "id".into(),
        name: "demo".into(),
        owner: "ann".into(),
        plan: None,
        description: String::new(),
        certificates: Vec::new(),
        certificate_ends: std::collections::BTreeMap::new(),
        standing,
        created: 0,
    };
    let subscription = Subscription {
        tenant: tenant.clone(),
        id: "s".into(),
        application: "id".into(),
        api: "countries".into(),
        plan: "unlimited".into(),
        standing,
        created: 0,
    };
    let issuer = Issuer {
        tenant,
        name: "idp".into(),
        iss: iss.into(),
        jwks_uri: None,
        audiences: vec![AUDIENCE.into()],
        algorithms: Vec::new(),
        token_type: None,
        client_claim: None,
        scope_claim: None,
        applications: [("svc".to_owned(), Arc::from("id"))].into(),
    };
    let mut callers = Callers::nobody().unwrap();
    callers.directory =
        Directory::default().with([Change::Application(application), Change::Subscription(subscription), Change::Issuer(issuer)]);
    server.catalog.admit(&Arc::new(callers));
}

async fn call(server: &Server, resource: &str, token: &str) -> (u16, String) {
    let head = format!("POST /countries/1/{resource}\nContent-Type: application/json\nAuthorization: Bearer {token}");
    let answer = server.ask(&head, if resource == "GetCountry" { "{\"code\":\"LK\"}" } else { "{}" }).await;
    let code = if answer.status == 200 { String::new() } else { answer.problem() };
    (answer.status, code)
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_oidc_provider_let_in_whom_they_should() {
    const TEST: &str = "tokens_of_oidc_provider_let_in_whom_they_should";
    let (Some(node), Some(package)) = (support::program_or_skip(TEST, "node"), support::npm_or_skip(TEST, "oidc-provider")) else { return };
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let api = "security: [jwt]\nresources:\n  - post: /GetCountry\n    operation: GetCountry\n    scope: geo:read\n  - post: /ListCountries\n    \
               operation: ListCountries\n    scope: geo:list";
    let mut config = Config::default();
    config.network.allow = vec!["127.0.0.1/32".parse().unwrap()];
    let server = Server::with(upstream.address, api, config).await;
    let (known, unknown) = (Provider::start(&node, &package), Provider::start(&node, &package));
    admit(&server, &known.iss);
    let good = known.token("svc", AUDIENCE, "geo:read").await;
    assert_eq!(call(&server, "GetCountry", &good).await, (200, String::new()));
    assert_eq!(call(&server, "ListCountries", &good).await, (403, "900910".into()), "a scope that it does not have");
    let invalid = (401, "900901".to_owned());
    let other = known.token("svc", "urn:another:api", "geo:read").await;
    assert_eq!(call(&server, "GetCountry", &other).await, invalid, "for another audience");
    let scopeless = known.token("svc", AUDIENCE, "").await;
    assert_eq!(call(&server, "GetCountry", &scopeless).await, (403, "900910".into()));
    // The same software, the same client, the same `kid`, and an issuer that nobody trusts.
    let foreign = unknown.token("svc", AUDIENCE, "geo:read").await;
    assert_eq!(call(&server, "GetCountry", &foreign).await, invalid);
    let (head, claims) = (good.split('.').next().unwrap(), good.split('.').nth(1).unwrap());
    let borrowed = format!("{head}.{claims}.{}", foreign.split('.').nth(2).unwrap());
    assert_eq!(call(&server, "GetCountry", &borrowed).await, invalid, "the key of another under the same name");
    // Good, but of a client that is no application here.
    let stranger = known.token("stranger", AUDIENCE, "geo:read").await;
    assert_eq!(call(&server, "GetCountry", &stranger).await.0, 403);
    drop(known);
    assert_eq!(call(&server, "GetCountry", &good).await.0, 200, "its keys are at hand");
}
