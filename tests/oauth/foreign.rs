//! A client library that others wrote: Authlib, with joserfc for tokens.

use std::process::Command;

use super::house::{House, PASSWORD, SPA, WEB};
use crate::support;

#[tokio::test(flavor = "multi_thread")]
async fn authlib_is_a_client() {
    const TEST: &str = "authlib_is_a_client";
    let Some(python) = support::python_or_skip(TEST) else { return };
    if !Command::new(&python).args(["-c", "import authlib, joserfc"]).output().unwrap().status.success() {
        return support::skip(TEST, "the Python packages Authlib and joserfc of tests/requirements.txt (tests/run.sh installs them)");
    }
    let house = House::start().await;
    let issuer = house.issuer();
    let mut command = Command::new(python);
    command.arg(support::path("tests/clients/oauth_client.py")).args([
        issuer.as_str(),
        "web",
        house.secret.plain.reveal(),
        "spa",
        WEB,
        SPA,
        "ann",
        PASSWORD,
        &format!("{issuer}/countries/1/GetCountry"),
    ]);
    command.env("PYTHONUTF8", "1");
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && text.contains("all calls are as they should be"), "{text}");
}
