//! Foreign SOAP clients against the gateway: they load `?wsdl` from it and call through it to the mock, which checks what it receives.
//!
//! Each test starts `castile try` with a sample service, reads from its answer where the API is, and runs a script.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use crate::support;

const SERVICES: [&str; 3] = ["countries", "orders", "inventory"];

/// A running `castile try`; ended when dropped.
struct Tried {
    process: Child,
    base: String,
}

impl Tried {
    fn start(service: &str) -> Self {
        let mut process = Command::new(support::castile())
            .arg("try")
            .arg(support::path("wsdl").join(service).join("service.wsdl"))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let end = format!("/{service}/1");
        let found = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let address = line.split_whitespace().find(|word| word.starts_with("http://") && word.ends_with(&end))?;
            Some(address.to_owned())
        });
        // Nobody reads the rest: it fits the pipe.
        let Some(base) = found else {
            let _ = process.kill();
            panic!("castile try {service} said no address that ends in {end}");
        };
        // The address is printed when the listeners stand; the process goes on writing to a pipe that must stay open.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, base }
    }

    fn wsdl(&self) -> String {
        format!("{}?wsdl", self.base)
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `castile try` looks for free ports: one after the other (nextest, with a process for each test, has a group for it).
static PORTS: Mutex<()> = Mutex::new(());

/// Runs a client script against each sample service.
fn each_service(script: impl Fn(&str, &str) -> Command) {
    let _one = PORTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for service in SERVICES {
        let tried = Tried::start(service);
        let done = script(&tried.wsdl(), service).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success() && text.contains(" calls"), "{service}\n{text}");
    }
}

fn script(name: &str) -> PathBuf {
    support::path("tests/clients").join(name)
}

#[test]
fn zeep_calls_through_the_gateway() {
    let Some(python) = support::python_or_skip("zeep_calls_through_the_gateway") else { return };
    each_service(|wsdl, service| {
        let mut command = Command::new(&python);
        command.arg(script("zeep_client.py")).args([wsdl, service]);
        command
    });
}

#[test]
fn node_soap_calls_through_the_gateway() {
    const TEST: &str = "node_soap_calls_through_the_gateway";
    let (Some(node), Some(package)) = (support::program_or_skip(TEST, "node"), support::npm_or_skip(TEST, "soap")) else { return };
    each_service(|wsdl, service| {
        let mut command = Command::new(&node);
        command.arg(script("node_client.js")).arg(package.parent().unwrap()).args([wsdl, service]);
        command
    });
}

#[test]
fn php_soap_client_calls_through_the_gateway() {
    const TEST: &str = "php_soap_client_calls_through_the_gateway";
    let Some(php) = support::php_soap_or_skip(TEST) else { return };
    each_service(|wsdl, service| {
        let mut command = Command::new(&php);
        command.arg(script("php_client.php")).args([wsdl, service]);
        command
    });
}

#[test]
fn jax_ws_calls_through_the_gateway() {
    if support::jaxws_or_skip("jax_ws_calls_through_the_gateway").is_none() {
        return;
    }
    each_service(|wsdl, service| {
        let mut command = Command::new("sh");
        command.arg(script("jaxws_client.sh")).args([wsdl, service]);
        command
    });
}
