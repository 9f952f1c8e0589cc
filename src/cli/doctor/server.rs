//! The server of this machine: is it there, which version, its alarms; else whether its ports are free.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::super::objects::remote::reachable;
use super::{Findings, Level, Patient};
use crate::net::address::AddressPolicy;
use crate::net::fetch::FetchOptions;
use crate::net::rest::RestClient;

/// What the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn look(patient: &Patient, findings: &mut Findings) {
    let address = reachable(patient.config.listen.admin.address);
    let client = format!("http://{address}").parse().ok();
    let client = client.and_then(|url| RestClient::new(url, None, FetchOptions::new(AddressPolicy::local())).ok());
    let Some(client) = client else { return };
    let ask = async |path: &str| {
        let asked = tokio::time::timeout(PATIENCE, client.send(Method::GET, &[path], &[], None)).await;
        asked.ok()?.ok().map(|a| (a.status, String::from_utf8_lossy(&a.body).trim().to_owned()))
    };
    match ask("livez").await {
        Some((200, _)) => {}
        Some((status, _)) => {
            let text = format!("what listens at {address} answers {status}");
            return findings.add("server", Level::Problem, text, "another program has the port: see `listen.admin.address`");
        }
        None => {
            findings.add("server", Level::Note, format!("none answers at {address}"), "`castile serve` starts it");
            return ports(patient, findings);
        }
    }
    match ask("readyz").await {
        Some((200, text)) if text == "ok" => findings.fine("server", format!("ready at {address}")),
        Some((_, text)) => findings.add("server", Level::Note, text, "see docs/nodes.md"),
        None => findings.add("server", Level::Unreachable, "it does not answer in time", "see its log"),
    }
    let metrics = ask("metrics").await.map(|(_, text)| text).unwrap_or_default();
    let version = metrics.lines().find_map(|l| l.strip_prefix("castile_build_info{version=\"")?.split('"').next());
    let own = env!("CARGO_PKG_VERSION");
    match version {
        Some(version) if version == own => findings.fine("version", format!("the server's and this command's is {own}")),
        Some(version) => {
            findings.add(
                "version",
                Level::Note,
                format!("the server has {version}, this command {own}"),
                "use the same, or start the server anew",
            );
        }
        None => {}
    }
    let alarms: Value = ask("alarms").await.and_then(|(_, text)| serde_json::from_str(&text).ok()).unwrap_or_default();
    let alarms = alarms["alarms"].as_array().cloned().unwrap_or_default();
    for alarm in &alarms {
        let text = |name: &str| alarm[name].as_str().unwrap_or_default().to_owned();
        let what = format!("alarm {} {}", text("alarm"), text("subject")).trim_end().to_owned();
        findings.add(what, Level::Problem, format!("{} (since {})", text("text"), text("since")), "see docs/alarms.md");
    }
    if alarms.is_empty() {
        findings.fine("alarms", "none stands");
    }
}

/// Could a server listen?
fn ports(patient: &Patient, findings: &mut Findings) {
    let listen = &patient.config.listen;
    let all: [(&str, SocketAddr); 3] =
        [("gateway", listen.gateway.address), ("portal", listen.portal.address), ("admin", listen.admin.address)];
    for (name, address) in all {
        match TcpListener::bind(address) {
            Ok(_) => findings.fine(format!("port {name}"), format!("{address} is free")),
            Err(error) => {
                let advice = format!("end who has it, or set `listen.{name}.address`");
                findings.add(format!("port {name}"), Level::Problem, format!("{address}: {error}"), advice);
            }
        }
    }
}
