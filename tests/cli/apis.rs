//! `castile api …`, `diff`, `apply` and `export`: APIs that a running server keeps, from a folder that it does not read.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Running, castile, http, run, sample};

/// A running server without APIs, and a folder with one.
pub(super) struct House {
    pub(super) server: tempfile::TempDir,
    folder: tempfile::TempDir,
    gateway: String,
    running: Option<Running>,
}

impl House {
    pub(super) fn start() -> Self {
        let (server, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (gateway, admin) = (free(), free());
        fs::create_dir(server.path().join("apis")).unwrap();
        let settings = format!(
            "listen: {{ gateway: {{ address: \"{gateway}\" }}, admin: {{ address: \"{admin}\" }} }}\nnetwork: {{ allow: [127.0.0.1] }}\n"
        );
        fs::write(server.path().join("castile.yaml"), settings).unwrap();
        let running = Some(serve(server.path()));
        run(folder.path(), &["import", &sample("countries"), "--name", "countries", "--endpoint", "http://127.0.0.1:9/"]).fine();
        Self { server, folder, gateway: gateway.to_string(), running }
    }

    /// Stops the server and starts it again.
    fn restart(&mut self) {
        drop(self.running.take());
        self.running = Some(serve(self.server.path()));
        let began = Instant::now();
        while std::net::TcpStream::connect(&self.gateway).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "the server does not come back");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.until("401");
    }

    /// The files of an API as the server keeps them: of its sequences the hash too.
    fn kept(&self, api: &str) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        self.run(&["export", api, "--dir", folder.path().to_str().unwrap()]).fine();
        texts(&folder.path().join(api))
    }

    pub(super) fn apis(&self) -> PathBuf {
        self.folder.path().join("apis")
    }

    /// A command at the server's machine.
    pub(super) fn run(&self, words: &[&str]) -> super::Said {
        run(self.server.path(), words)
    }

    /// The same with the folder of the publisher.
    fn with_folder(&self, words: &[&str]) -> super::Said {
        let apis = self.apis();
        let words: Vec<&str> = words.iter().copied().chain(["--dir", apis.to_str().unwrap()]).collect();
        self.run(&words)
    }

    /// Until the gateway answers a call without a key with that status.
    fn until(&self, status: &str) {
        let began = Instant::now();
        loop {
            let reply =
                http(&self.gateway, "POST /countries/1/GetCountry HTTP/1.1\r\ncontent-type: application/json\r\n", "{\"code\":\"LK\"}");
            if reply.split(' ').nth(1) == Some(status) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "wanted {status}: {reply}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn edit(&self, from: &str, to: &str) {
        let file = self.apis().join("countries/api.yaml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(file, text.replace(from, to)).unwrap();
    }
}

fn serve(folder: &Path) -> Running {
    Running(castile(folder, &["serve"]).stderr(std::process::Stdio::null()).spawn().unwrap())
}

fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => todo.push(path),
                false => found.push((path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_folder_is_applied_to_a_server_and_its_apis_are_looked_after() {
    let house = House::start();
    assert_eq!(house.with_folder(&["diff"]).code(1).out, "new\tcountries\t\n");
    assert_eq!(house.with_folder(&["apply", "--dry-run"]).fine().out, "would change\tcountries\t0\n");
    assert_eq!(house.run(&["api", "list"]).fine().out, "", "nothing was kept");
    assert_eq!(house.with_folder(&["apply"]).fine().out, "changed\tcountries\t1\n");
    assert_eq!(house.with_folder(&["apply"]).fine().out, "unchanged\tcountries\t1\n");
    assert_eq!(house.with_folder(&["diff"]).fine().out, "same\tcountries\t\n");
    house.until("401");

    house.run(&["api", "block", "countries"]).fine();
    house.until("503");
    house.run(&["api", "unblock", "countries"]).fine();
    house.until("401");
    house.run(&["api", "retire", "countries"]).fine();
    house.until("410");
    house.run(&["api", "publish", "countries"]).fine();
    house.until("401");

    house.edit("name: countries", "name: Countries of the world");
    assert_eq!(house.with_folder(&["diff"]).code(1).out, "changed\tcountries\tapi.yaml\n");
    assert_eq!(house.with_folder(&["apply", "countries"]).fine().out, "changed\tcountries\t2\n");
    assert_eq!(house.run(&["api", "revisions", "countries"]).fine().out.lines().count(), 2);
    house.run(&["api", "rollback", "countries"]).fine();
    let shown: Value = serde_json::from_str(&house.run(&["api", "show", "countries", "--output", "json"]).fine().out).unwrap();
    assert_eq!((&shown["revision"], &shown["latest"], &shown["held"]), (&1.into(), &2.into(), &true.into()));
    let same = house.with_folder(&["diff"]).code(1);
    assert_eq!(same.out, "held\tcountries\tapi.yaml\n", "the newest revision is not what callers get");
    assert!(same.err.contains("revision 1 is held"), "{}", same.err);
    // The folder as it was is what is in force.
    house.edit("name: Countries of the world", "name: countries");
    assert_eq!(house.with_folder(&["diff"]).fine().out, "same\tcountries\t\n");
    house.edit("name: countries", "name: Countries of the earth");
    assert_eq!(house.with_folder(&["diff"]).code(1).out, "changed\tcountries\tapi.yaml\n", "neither");
    house.edit("name: Countries of the earth", "name: Countries of the world");
    house.run(&["api", "publish", "countries"]).fine();
    assert_eq!(house.with_folder(&["diff"]).fine().out, "same\tcountries\t\n");
    // A state that somebody set is a difference too.
    house.run(&["api", "block", "countries"]).fine();
    let blocked = house.with_folder(&["diff"]).code(1);
    assert_eq!(blocked.out, "state\tcountries\t\n");
    assert!(blocked.err.contains("is blocked; its api.yaml says published"), "{}", blocked.err);
    let row: Value = serde_json::from_str(&house.with_folder(&["diff", "--output", "json"]).code(1).out).unwrap();
    assert_eq!((&row[0]["state"], &row[0]["revision"], &row[0]["held"]), (&"blocked".into(), &2.into(), &false.into()));
    house.run(&["api", "unblock", "countries"]).fine();
    assert!(house.run(&["api", "rollback", "countries", "--revision", "2"]).code(1).err.contains("older than 2"));

    let other = tempfile::tempdir().unwrap();
    let exported = other.path().to_str().unwrap();
    house.run(&["export", "--dir", exported]).fine();
    assert_eq!(texts(&other.path().join("countries")), {
        let mut own = texts(&house.apis().join("countries"));
        own.retain(|(name, _)| name == "api.yaml" || name == "api.lock" || name.starts_with("wsdl/"));
        own
    });
    run(other.path(), &["check", exported]).fine();
    fs::write(other.path().join("countries/api.lock"), "mine").unwrap();
    assert!(house.run(&["export", "--dir", exported]).code(1).err.contains("--force"));
    assert_eq!(fs::read_to_string(other.path().join("countries/api.lock")).unwrap(), "mine");
    house.run(&["export", "countries", "--dir", exported, "--force"]).fine();
    assert_ne!(fs::read_to_string(other.path().join("countries/api.lock")).unwrap(), "mine");
}

#[test]
fn what_is_not_good_is_refused_with_its_place_and_what_is_gone_is_removed_when_asked_for() {
    let house = House::start();
    house.with_folder(&["apply"]).fine();
    house.edit("version: 1\n", "version: 1\nplanz: [gold]\n");
    // One that is not good holds up no other.
    run(house.folder.path(), &["import", &sample("orders"), "--name", "orders", "--endpoint", "http://127.0.0.1:9/"]).fine();
    let refused = house.with_folder(&["apply"]).code(1);
    assert_eq!(refused.out, "refused\tcountries\t-\nchanged\torders\t1\n");
    fs::remove_dir_all(house.apis().join("orders")).unwrap();
    house.run(&["api", "remove", "orders"]).fine();
    assert!(refused.err.contains("api.yaml:") && refused.err.contains("planz"), "{}", refused.err);
    assert!(house.with_folder(&["apply", "countrys"]).code(2).err.contains("did you mean `countries`?"));

    fs::remove_dir_all(house.apis().join("countries")).unwrap();
    assert_eq!(house.with_folder(&["diff"]).code(1).out, "gone\tcountries\t\n");
    assert_eq!(house.with_folder(&["apply"]).fine().out, "");
    assert!(house.with_folder(&["apply", "--prune", "--dry-run"]).fine().out.starts_with("would remove\tcountries"));
    // What somebody holds stays, and what somebody is subscribed to.
    house.run(&["api", "publish", "countries", "--revision", "1"]).fine();
    for words in [&["apply", "--prune", "--dry-run"][..], &["apply", "--prune"]] {
        let held = house.with_folder(words).code(1);
        assert!(held.out.starts_with("held\tcountries") && held.err.contains("revision 1 is held"), "{} {}", held.out, held.err);
    }
    house.run(&["api", "publish", "countries"]).fine();
    house.run(&["app", "create", "demo"]).fine();
    let subscription =
        house.run(&["subscription", "create", "--app", "demo", "--api", "countries", "--plan", "gold", "--output", "json"]).fine();
    assert!(house.with_folder(&["apply", "--prune", "--dry-run"]).code(1).out.starts_with("would be refused\tcountries"));
    assert!(house.with_folder(&["apply", "--prune"]).code(1).out.starts_with("refused\tcountries"));
    let subscription: Value = serde_json::from_str(&subscription.out).unwrap();
    house.run(&["subscription", "remove", subscription["id"].as_str().unwrap()]).fine();
    assert!(house.with_folder(&["apply", "--prune"]).fine().out.starts_with("removed\tcountries"));
    house.until("404");
    assert_eq!(house.run(&["api", "list"]).fine().out, "");
}

/// The sequence that the server keeps of an API, by its hash.
fn hash_of(kept: &[(String, String)]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let (_, text) = kept.iter().find(|(name, _)| name == "sequences/s.yaml").expect("the sequence is kept");
    Sha256::digest(text).into()
}

#[test]
fn an_edited_sequence_is_there_whatever_becomes_of_its_api() {
    use sha2::{Digest, Sha256};
    let mut house = House::start();
    house.with_folder(&["apply"]).fine();
    let sequence = |step: &str| {
        format!(
            "version: 1\n# Kept as it is: spaces,   and this remark.\nrequest:\n  - {step}\n  - to_soap: {{}}\nresponse:\n  - to_json: {{}}\nfault:\n  - to_problem: {{}}\n"
        )
    };
    let file = house.apis().join("countries/sequences/s.yaml");
    let write = |step: &str| -> [u8; 32] {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, sequence(step)).unwrap();
        Sha256::digest(sequence(step)).into()
    };
    let resource = "resources:\n  - post: /GetCountry\n    operation: GetCountry\n    sequence: sequences/s.yaml\n";
    let definition = house.apis().join("countries/api.yaml");
    let text = fs::read_to_string(&definition).unwrap();
    assert!(!text.contains("\nresources:"), "{text}");
    fs::write(&definition, format!("{text}\n{resource}")).unwrap();

    // Publish: what does not fit is refused at its line, and nothing is kept of it.
    write("rename: { from: /iso, to: /cod }");
    let refused = house.with_folder(&["apply"]).code(1);
    assert!(refused.err.contains("s.yaml:4") && refused.err.contains("did you mean `/code`?"), "{}", refused.err);
    let first = write("rename: { from: /iso, to: /code }");
    house.with_folder(&["apply"]).fine();
    assert_eq!(hash_of(&house.kept("countries")), first);
    // Edit.
    let edited = write("rename: { from: /iso2, to: /code }");
    assert_eq!(house.with_folder(&["diff"]).code(1).out, "changed\tcountries\tsequences/s.yaml\n");
    house.with_folder(&["apply"]).fine();
    assert_eq!(hash_of(&house.kept("countries")), edited);
    // What tools of others send has the caller's names.
    for tool in ["postman", "jmeter"] {
        let said = run(house.folder.path(), &[tool, "countries"]).fine().out;
        assert!(said.contains("iso2"), "{said}");
    }
    // Restart.
    house.restart();
    assert_eq!(hash_of(&house.kept("countries")), edited);
    // What people call it.
    house.edit("name: countries", "name: Countries of the world");
    house.with_folder(&["apply"]).fine();
    assert_eq!(hash_of(&house.kept("countries")), edited);
    // A copy for the next version.
    let copy = house.apis().join("countries-2");
    for (name, text) in texts(&house.apis().join("countries")) {
        let to = copy.join(&name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let next = text.replace("of the world }", "of the world, version: \"2\" }");
        assert!(name != "api.yaml" || next != text, "{text}");
        fs::write(to, next).unwrap();
    }
    house.with_folder(&["apply"]).fine();
    assert_eq!([hash_of(&house.kept("countries")), hash_of(&house.kept("countries-2"))], [edited; 2]);
    // Roll back, and publish again.
    house.run(&["api", "rollback", "countries", "--revision", "2"]).fine();
    assert_eq!(hash_of(&house.kept("countries")), first);
    house.run(&["api", "publish", "countries"]).fine();
    assert_eq!(hash_of(&house.kept("countries")), edited);
    // Export, and import into another server.
    let exported = tempfile::tempdir().unwrap();
    house.run(&["export", "--dir", exported.path().to_str().unwrap()]).fine();
    let other = House::start();
    other.run(&["apply", "--dir", exported.path().to_str().unwrap()]).fine();
    assert_eq!([hash_of(&other.kept("countries")), hash_of(&other.kept("countries-2"))], [edited; 2]);
    assert_eq!(other.kept("countries"), house.kept("countries"));
}
