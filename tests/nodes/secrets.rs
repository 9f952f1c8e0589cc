//! A sealed secret that is given on one node is in the calls of all within two seconds.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Bed;
use crate::cli::run;
use crate::gateway::bench_of::{Upstream, country};

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_secret_is_in_force_on_all_nodes() {
    let Some(mut bed) = Bed::start_or_skip("nodes::secrets::a_sealed_secret_is_in_force_on_all_nodes").await else { return };
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    bed.endpoint = format!("http://{}/up", upstream.address);
    let mut nodes = [bed.node(), bed.node()];
    let definition = nodes[0].folder.path().join("apis/countries/api.yaml");
    let text = std::fs::read_to_string(&definition).unwrap();
    let with =
        text.replace(&format!("{}\"", bed.endpoint), &format!("{}\", auth: {{ basic: {{ user: svc, secret: countries }} }}", bed.endpoint));
    let with = if with == text {
        text.replace(&bed.endpoint, &format!("\"{}\", auth: {{ basic: {{ user: svc, secret: countries }} }}", bed.endpoint))
    } else {
        with
    };
    assert_ne!(with, text);
    std::fs::write(&definition, with).unwrap();
    nodes[0].serve(&["--dir", "apis"]);
    nodes[1].serve(&[]);
    nodes[0].until("it says what is missing", |n| n.log().contains("there is no sealed secret `countries`"));
    let folder = nodes[0].folder.path().to_owned();
    let give = |verb: &str, value: &str| {
        std::fs::write(folder.join("value"), format!("{value}\n")).unwrap();
        run(&folder, &["secret", verb, "countries", "--value-file", "value"]).fine();
        Instant::now()
    };
    let told = |value: &str| format!("\r\nauthorization: basic {}\r\n", STANDARD.encode(format!("svc:{value}")).to_lowercase());
    let mut longest = Duration::ZERO;
    give("create", "pl4nted-1");
    // The folder's API was not good without it, and is published now.
    let mut key = None;
    nodes[0].until("the API is there", |n| n.call("none") == 401);
    for (turn, value) in ["pl4nted-1", "pl4nted-2", "pl4nted-3"].iter().enumerate() {
        let began = if turn == 0 { Instant::now() } else { give("update", value) };
        let key = &*key.get_or_insert_with(|| nodes[0].caller("demo", "unlimited"));
        for node in &nodes {
            node.until("calls carry the secret", |n| {
                n.call(key) == 200 && upstream.got().last().is_some_and(|got| got.head.contains(&told(value)))
            });
            longest = longest.max(if turn == 0 { Duration::ZERO } else { began.elapsed() });
        }
    }
    println!("a sealed secret is in the calls of both nodes after {longest:?} at most");
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    let said = run(nodes[0].folder.path(), &["secret", "list"]).fine();
    assert!(said.out.starts_with("countries\t") && !said.out.contains("pl4nted"), "{}", said.out);
    assert!(!nodes.iter().any(|n| n.log().contains("pl4nted")));
}
