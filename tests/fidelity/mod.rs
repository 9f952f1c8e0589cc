//! `docs/fidelity.md`: what the page says of Castile, and of each other tool that is installed, is what the script sees today.

use std::process::Command;

use crate::support;

#[test]
fn the_page_says_what_the_tools_do() {
    let Some(python) = support::python_or_skip("the_page_says_what_the_tools_do") else { return };
    let done = Command::new(python)
        .arg(support::path("tests/fidelity/run.py"))
        .arg("--check")
        .arg("--castile")
        .arg(support::castile())
        .env("CASTILE_FOREIGN", support::foreign(""))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && text.contains(concat!("Castile ", env!("CARGO_PKG_VERSION"))), "{text}");
}
