//! A real browser: what people do, what axe-core finds, what a page asks for.

use std::process::Command;

use super::PASSWORD;
use super::applications::with_countries;
use crate::support;

/// On a slow machine a browser takes its time: half a minute here.
#[tokio::test(flavor = "multi_thread")]
async fn a_developer_goes_through_it_in_a_browser() {
    const TEST: &str = "a_developer_goes_through_it_in_a_browser";
    let (Some(node), Some(chromium)) = (support::program_or_skip(TEST, "node"), support::program_or_skip(TEST, "chromium")) else { return };
    for package in ["playwright-core", "axe-core"] {
        if support::npm_or_skip(TEST, package).is_none() {
            return;
        }
    }
    let house = with_countries().await;
    let base = format!("http://{}", house.address);
    // Screenshots are for people: kept where somebody says a folder.
    let shots = std::env::var_os("CASTILE_SCREENSHOTS").unwrap_or_default();
    let script = support::path("tests/portal/chromium.mjs");
    let modules = support::foreign("npm/node_modules");
    let run = tokio::task::spawn_blocking(move || {
        Command::new(node).arg(script).arg(modules).arg(chromium).args([&base, PASSWORD]).arg(shots).output().unwrap()
    });
    let said = run.await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}{err}");
    house.stop().await;
}

/// A reader calls the same API as REST and as SOAP from the pages, with a gateway and a service behind them.
#[test]
fn a_reader_calls_from_both_consoles() {
    const TEST: &str = "a_reader_calls_from_both_consoles";
    let (Some(node), Some(chromium)) = (support::program_or_skip(TEST, "node"), support::program_or_skip(TEST, "chromium")) else { return };
    for package in ["playwright-core", "axe-core"] {
        if support::npm_or_skip(TEST, package).is_none() {
            return;
        }
    }
    let served = super::served::Served::start("");
    served.admitted();
    let (base, gateway) = (format!("http://{}", served.portal), format!("http://{}", served.gateway));
    let shots = std::env::var_os("CASTILE_SCREENSHOTS").unwrap_or_default();
    let mut command = Command::new(node);
    command.arg(support::path("tests/portal/consoles.mjs")).arg(support::foreign("npm/node_modules")).arg(chromium);
    let said = command.args([&base, &gateway, &served.password, &served.key]).arg(shots).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}{err}");
}
