//! `castile doctor`, on machines that are well and not.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::{Running, castile, run, sample};

fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn settings(more: &str) -> (String, String) {
    let admin = free();
    let text = format!(
        "listen: {{ gateway: {{ address: \"{}\" }}, portal: {{ address: \"{}\" }}, admin: {{ address: \"{admin}\" }} }}\n{more}",
        free(),
        free()
    );
    (text, admin)
}

/// What it found: `LEVEL WHAT`, and the whole.
fn found(said: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(said).unwrap_or_else(|e| panic!("{e}: {said}"));
    let word = |f: &Value, name: &str| f[name].as_str().unwrap().to_owned();
    document["findings"].as_array().unwrap().iter().map(|f| format!("{} {}", word(f, "level"), word(f, "what"))).collect()
}

#[test]
fn a_server_that_is_well_and_one_with_much_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let (text, admin) = settings("");
    std::fs::write(dir.join("castile.yaml"), &text).unwrap();
    let (mock, said) = Running::start(castile(dir, &["mock", &sample("countries"), "--port", "0"]), "answers at", false);
    let at = said.find("http://").unwrap() + "http://".len();
    let endpoint = format!("http://{}/", said[at..].split('/').next().unwrap());
    run(dir, &["import", &sample("countries"), "--name", "countries", "--endpoint", &endpoint]).fine();
    let (server, _) = Running::start(castile(dir, &["serve"]), "\"serving\"", false);
    let well = run(dir, &["doctor", "--output", "json"]).fine();
    let all = found(&well.out);
    for what in ["settings", "data folder", "server", "version", "alarms", "sealing keys", "store", "service of countries"] {
        assert!(all.contains(&format!("fine {what}")), "{what}: {}", well.out);
    }
    assert!(run(dir, &["doctor"]).fine().out.contains(&format!("fine        server: ready at {admin}")));

    // The service goes, others may read the database, and Redis is nowhere; its password and the webhook's secret are nowhere to be read.
    drop(mock);
    drop(server);
    std::fs::set_permissions(dir.join("data/castile.db"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let redis = free();
    let hook = "alarms: { webhook: { url: 'http://127.0.0.1:9/planted', secret: planted-planted-planted } }\n";
    let more = format!("redis: {{ url: \"redis://u:planted@{redis}\", secret: planted }}\n{hook}");
    std::fs::write(dir.join("castile.yaml"), text + &more).unwrap();
    let ill = run(dir, &["doctor", "--output", "json"]).code(1);
    let all = found(&ill.out);
    for line in
        ["note server", "fine port admin", "problem data folder", "unreachable redis", "fine store", "unreachable service of countries"]
    {
        assert!(all.contains(&line.to_owned()), "{line}: {}", ill.out);
    }
    assert!(!format!("{}{}", ill.out, ill.err).contains("planted"), "{}{}", ill.out, ill.err);
    // Settings that cannot be read are all there is to say.
    std::fs::write(dir.join("castile.yaml"), "listne: {}\n").unwrap();
    let said = run(dir, &["doctor"]).code(1);
    assert!(said.out.starts_with("problem") && said.out.contains("did you mean `listen`?"), "{}", said.out);
}

#[test]
fn where_nothing_can_be_reached_the_code_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (text, _) = settings(&format!("store: {{ postgres: \"postgres://u:planted@{}/x\" }}\n", free()));
    std::fs::write(folder.path().join("castile.yaml"), text).unwrap();
    let said = run(folder.path(), &["doctor"]).code(3);
    assert!(said.out.contains("unreachable store") && !said.out.contains("planted"), "{}", said.out);
}

#[test]
fn a_database_of_an_older_schema_is_only_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    std::fs::write(dir.join("castile.yaml"), settings("").0).unwrap();
    std::fs::create_dir(dir.join("data")).unwrap();
    let file = dir.join("data/castile.db");
    let empty: &[u8] = b"";
    std::fs::write(&file, empty).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let said = run(dir, &["doctor", "--output", "json"]);
    assert!(said.out.contains("the database has schema 0"), "{}", said.out);
    assert!(found(&said.out).contains(&"note store".to_owned()), "{}", said.out);
    assert!(run(dir, &["db", "check"]).code(1).err.contains("the database has schema 0"));
    assert_eq!(std::fs::read(&file).unwrap(), empty, "nothing was made in it");
    run(dir, &["db", "migrate"]).fine();
    assert!(found(&run(dir, &["doctor", "--output", "json"]).out).contains(&"fine store".to_owned()));
}
