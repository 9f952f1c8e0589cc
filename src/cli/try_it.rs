//! `castile try`: the first minute. Mock, import and gateway in one process, in a temporary folder, on loopback, without keys.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::args::{Global, Try};
use super::mock::told_to_stop;
use super::serve::{Role, Running};
use super::target::Wanted;
use super::{Exit, Outcome, Screen, runtime, samples, target};
use crate::catalog::{Catalog, Folder, PublishedApi};
use crate::config::{Config, ExposeFaults};
use crate::import::{self, Request};
use crate::mock::{self, Mock, Options};
use crate::store::Memory;

/// The service that ships with it.
const SAMPLE: [(&str, &str); 2] =
    [("service.wsdl", include_str!("../../wsdl/countries/service.wsdl")), ("types.xsd", include_str!("../../wsdl/countries/types.xsd"))];

/// Ports that are tried after the usual one.
const NEXT: u16 = 100;

/// Runs until it is told to stop; then nothing is left.
pub(super) fn run(screen: &Screen, global: &Global, args: &Try) -> Outcome {
    let failed = |what: &str, e: &dyn std::fmt::Display| {
        screen.error(&format!("{what}: {e}"));
        Exit::Problem
    };
    let folder = tempfile::Builder::new().prefix("castile-try-").tempdir().map_err(|e| failed("no temporary folder", &e))?;
    let wsdl = match &args.wsdl {
        Some(wsdl) => wsdl.clone(),
        None => sample(folder.path()).map_err(|e| failed("the sample cannot be written", &e))?,
    };
    let runtime = runtime(screen)?;
    let mock_port = bound(0).map_err(|e| failed("no free port", &e))?;
    let port = mock_port.local_addr().map_err(|e| failed("no free port", &e))?.port();
    let api = imported(screen, global, args, &wsdl, folder.path(), port)?;
    let ended = runtime.block_on(serve(screen, folder.path(), &api, mock_port));
    runtime.shutdown_timeout(Duration::from_secs(1));
    folder.close().map_err(|e| failed("the temporary folder stays", &e))?;
    ended
}

fn sample(folder: &Path) -> std::io::Result<String> {
    let wsdl = folder.join("wsdl");
    std::fs::create_dir_all(&wsdl)?;
    for (name, text) in SAMPLE {
        std::fs::write(wsdl.join(name), text)?;
    }
    Ok(wsdl.join("service.wsdl").to_string_lossy().into_owned())
}

/// A listener on that port of this machine; 0 is any free one.
fn bound(port: u16) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The first port from that one on that nobody has.
fn free(from: u16) -> SocketAddr {
    let port = (from..=from.saturating_add(NEXT)).find(|p| bound(*p).is_ok()).unwrap_or(0);
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn imported(screen: &Screen, global: &Global, args: &Try, wsdl: &str, folder: &Path, port: u16) -> Outcome<Arc<PublishedApi>> {
    let wanted = Wanted { root: args.root.as_deref(), loopback: true, ..Wanted::new(wsdl) };
    let loaded = target::load_wsdl(screen, global, &wanted)?;
    let request = Request {
        name: args.wsdl.is_none().then(|| "countries".to_owned()),
        endpoint: Some(format!("http://127.0.0.1:{port}/")),
        open: true,
        ..Request::of(folder.join("apis"), Some(wanted.said()))
    };
    match screen.progress(&format!("importing {wsdl}"), || import::import(loaded, &request)) {
        Ok(report) => {
            let found = Screen::count(&report.diagnostics);
            if args.wsdl.is_some() && !found.is_empty() {
                screen.say(&format!("found on the way: {found} (castile import --dry-run {} shows them)", wanted.said()));
            }
            Ok(report.api)
        }
        Err(failed) => {
            screen.diagnostics(&failed.diagnostics, &failed.sources);
            Err(Exit::Problem)
        }
    }
}

async fn serve(screen: &Screen, folder: &Path, api: &Arc<PublishedApi>, mock_port: TcpListener) -> Outcome {
    let failed = |e: &dyn std::fmt::Display| {
        screen.error(&e.to_string());
        Exit::Problem
    };
    let mut config = Config::default();
    config.listen.gateway.address = free(config.listen.gateway.address.port());
    config.listen.admin.address = free(config.listen.admin.address.port());
    config.gateway.faults = ExposeFaults::All;
    if screen.verbose {
        crate::telemetry::init_logs(&config.log.level);
    }
    let catalog = Arc::new(Catalog::default());
    let apis: PathBuf = folder.join("apis");
    let published = Folder::new(&apis, Arc::new(Memory::new()), catalog.clone());
    let reload = published.reload().await.map_err(|e| failed(&e))?;
    if let Some(failure) = reload.failed.first() {
        screen.diagnostics(&failure.diagnostics, &failure.sources);
        return Err(Exit::Problem);
    }
    let running = Running::start(&config, catalog, Role::All).await.map_err(|e| failed(&e))?;
    running.health.ready();
    let address = running.gateway.unwrap_or(config.listen.gateway.address);
    let listener = tokio::net::TcpListener::from_std(mock_port).map_err(|e| failed(&e))?;
    let mock_address = listener.local_addr().map_err(|e| failed(&e))?;
    let mock = Arc::new(Mock::new(api.clone(), Options { validate: true, ..Options::default() }));
    screen.answer(welcome(api, &format!("http://{address}"), mock_address).as_bytes());
    // Whoever ends first ends both: the mock by a signal, or by its own error.
    let ended = mock::serve(mock, listener, told_to_stop()).await;
    running.stop(Duration::ZERO).await;
    ended.map_err(|e| failed(&e))?;
    screen.say("stopped; nothing is left behind");
    Ok(Exit::Fine)
}

fn welcome(api: &PublishedApi, url: &str, mock: SocketAddr) -> String {
    let mut out = format!(
        "{} is published at {url}{} (the SOAP service behind it is a mock at http://{mock}/)\n",
        api.definition.api.name, api.base_path
    );
    match samples::curl(api, url) {
        Some(curl) => out.push_str(&format!("\nREST:\n  {curl}\n")),
        None => out.push_str("\nNo operation of it can be called as REST.\n"),
    }
    if let Some(curl) = samples::curl_soap(api, url) {
        out.push_str(&format!("\nRaw SOAP:\n  {curl}\n"));
    }
    out.push_str(&format!(
        "\nOpenAPI: {url}{0}/openapi.json   WSDL: {url}{0}?wsdl   in a browser: {url}{0}\nCtrl-C stops it.\n",
        api.base_path
    ));
    out
}
