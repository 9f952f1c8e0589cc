//! Foreign SOAP services behind the gateway: each is started, imported from its own `?wsdl`, and called by REST.
//!
//! A service writes what it received to a file, a JSON line for each call; the tests look at both ends.

mod jaxws;
mod php;
mod spyne;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support;

/// A running process, ended when dropped.
struct Process(Child);

impl Process {
    /// Starts it and reads a stream up to the first line in which `find` finds something; the rest is read and dropped.
    fn start(mut command: Command, from_stdout: bool, find: impl Fn(&str) -> Option<String>) -> (Self, String) {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (read, other): (Box<dyn std::io::Read + Send>, Box<dyn std::io::Read + Send>) =
            if from_stdout { (Box::new(out), Box::new(err)) } else { (Box::new(err), Box::new(out)) };
        std::thread::spawn(move || {
            let mut other = other;
            std::io::copy(&mut other, &mut std::io::sink())
        });
        let mut lines = BufReader::new(read).lines();
        let mut said = String::new();
        let found = lines.by_ref().map_while(Result::ok).find_map(|line| {
            said.push_str(&line);
            said.push('\n');
            find(&line)
        });
        let process = Self(child);
        let Some(found) = found else { panic!("{command:?} ended early:\n{said}") };
        std::thread::spawn(move || lines.for_each(drop));
        (process, found)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A foreign service: where it is and what it received.
struct Peer {
    _process: Process,
    address: String,
    log: PathBuf,
    folder: TempDir,
}

impl Peer {
    /// Starts a service that says its address as the first `http://…` of a line, and writes to the file in `PEER_LOG`.
    fn start(from_stdout: bool, command: impl FnOnce(&Path) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("received.jsonl");
        let mut command = command(folder.path());
        command.env("PEER_LOG", &log);
        let (process, address) = Process::start(command, from_stdout, |line| {
            let at = line.find("http://")?;
            Some(line.get(at..)?.split([')', ' ', '/']).take(3).collect::<Vec<_>>().join("/"))
        });
        Self { _process: process, address, log, folder }
    }

    /// What was received since the last time.
    fn received(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let _ = std::fs::remove_file(&self.log);
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// What was received by the one call since the last time.
    fn received_once(&self) -> Value {
        let mut all = self.received();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    /// Imports the service from its `?wsdl`; `edit` changes the text of api.yaml.
    fn import(&self, path: &str, name: &str, edit: impl FnOnce(String) -> String) {
        let wsdl = format!("{}{path}?wsdl", self.address);
        let done = castile(self.folder.path()).args(["import", &wsdl, "--name", name]).output().unwrap();
        assert!(done.status.success(), "{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        let file = self.folder.path().join("apis").join(name).join("api.yaml");
        // Its peers bring no keys.
        let open = std::fs::read_to_string(&file).unwrap().replace("security: [api_key, oauth2]\n", "");
        let text = edit(open);
        std::fs::write(file, text).unwrap();
    }

    /// Serves all that was imported.
    fn serve(&self) -> Gateway {
        let mut command = castile(self.folder.path());
        command.arg("serve");
        let (process, address) = Process::start(command, false, |line| {
            let said: Value = serde_json::from_str(line).ok()?;
            (said["message"] == "serving").then(|| said["gateway"].as_str().unwrap().to_owned())
        });
        Gateway { _process: process, address }
    }
}

fn castile(folder: &Path) -> Command {
    let mut command = Command::new(support::castile());
    command
        .current_dir(folder)
        .env("CASTILE_NETWORK__ALLOW", "127.0.0.0/8")
        .env("CASTILE_LISTEN__GATEWAY__ADDRESS", "127.0.0.1:0")
        .env("CASTILE_LISTEN__PORTAL__ADDRESS", "127.0.0.1:0")
        .env("CASTILE_LISTEN__ADMIN__ADDRESS", "127.0.0.1:0");
    command
}

/// The gateway in front of a peer.
struct Gateway {
    _process: Process,
    address: String,
}

impl Gateway {
    /// A REST call: status, media type, body.
    fn call(&self, api: &str, operation: &str, body: &str) -> (u16, String, String) {
        let request = format!("POST /{api}/1/{operation} HTTP/1.1\r\ncontent-type: application/json\r\n");
        let answer = crate::cli::http(&self.address, &request, body);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let media = head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-type: ").map(str::to_owned));
        (status, media.unwrap_or_default(), body.to_owned())
    }

    /// A REST call that succeeds with exactly this text, digits and order of keys included.
    fn gives(&self, api: &str, operation: &str, body: &str, answer: &str) {
        let (status, _, found) = self.call(api, operation, body);
        assert_eq!((status, found.trim_end()), (200, answer), "{operation} {body}");
    }

    /// A REST call that a fault answers: the problem document.
    fn fault(&self, api: &str, operation: &str, body: &str, status: u16) -> Value {
        let (found, media, text) = self.call(api, operation, body);
        assert_eq!((found, media.as_str()), (status, "application/problem+json"), "{operation} {body}: {text}");
        let mut problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["status"], json!(status));
        assert!(problem["request_id"].is_string());
        problem.as_object_mut().unwrap().remove("request_id");
        problem
    }
}

/// Chooses the port of an API in the text of its api.yaml.
fn at_port(port: &str) -> impl FnOnce(String) -> String {
    let port = format!("source: {{ port: {port}, ");
    move |text| text.replace("source: { ", &port)
}
