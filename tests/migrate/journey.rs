//! From an archive to calls as the old client made them: migrate, check, serve in front of the mock, call.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{Running, castile, http, run};

/// The address in what a command said when it was ready.
fn address(said: &str) -> String {
    let (_, rest) = said.rsplit_once("http://").unwrap();
    rest.split(['/', ' ', '\n']).next().unwrap().to_owned()
}

/// An API that was migrated, served in front of the mock of its WSDL, and a key of an application.
struct Served {
    _dir: tempfile::TempDir,
    gateway: String,
    key: String,
    _running: [Running; 2],
}

fn served(case: &str, name: &str, plan: &str) -> Served {
    let dir = tempfile::tempdir().unwrap();
    super::migrate(dir.path(), case).fine();
    let wsdl = dir.path().join("apis").join(name).join("wsdl");
    let (mock, said) =
        Running::start(castile(dir.path(), &["mock", wsdl.to_str().unwrap(), "--port", "0", "--validate"]), "answers at", false);
    endpoint(&dir.path().join("apis").join(name), &address(&said));
    run(dir.path(), &["check", "apis"]).fine();
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (gateway, admin) = (free(), free());
    let settings = format!("listen: {{ gateway: {{ address: \"{gateway}\" }}, admin: {{ address: \"{admin}\" }} }}\n");
    std::fs::write(dir.path().join("castile.yaml"), settings).unwrap();
    let server = Running(castile(dir.path(), &["serve"]).stderr(std::process::Stdio::null()).spawn().unwrap());
    let create = |words: &[&str]| run(dir.path(), words).fine();
    create(&["app", "create", "old-client"]);
    create(&["subscription", "create", "--app", "old-client", "--api", name, "--plan", plan]);
    let key: Value = serde_json::from_str(&create(&["key", "create", "--app", "old-client", "--output", "json"]).out).unwrap();
    let key = key["key"].as_str().unwrap().to_owned();
    Served { _dir: dir, gateway: gateway.to_string(), key, _running: [mock, server] }
}

/// Puts the mock's address in the place of the service's.
fn endpoint(api: &Path, address: &str) {
    let file = api.join("api.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once("url: \"http://localhost:9000").unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    std::fs::write(file, format!("{before}url: \"http://{address}/\"{after}")).unwrap();
}

impl Served {
    /// Status, head and JSON of a call with the key; again while the key is not in force yet.
    fn call(&self, line: &str, fields: &str, body: &str) -> (u16, String, Value) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let request = format!("{line} HTTP/1.1\r\napikey: {}\r\ncontent-type: application/json\r\n{fields}", self.key);
            let reply = http(&self.gateway, &request, body);
            let (head, body) = reply.split_once("\r\n\r\n").unwrap();
            let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
            if matches!(status, 401 | 403) && std::time::Instant::now() < deadline {
                std::thread::sleep(std::time::Duration::from_millis(50));
                continue;
            }
            let json = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {reply}"));
            return (status, head.to_lowercase(), json);
        }
    }
}

#[test]
fn a_client_of_generated_resources_goes_on() {
    let served = served("soap-to-rest", "Customers", "bronze");
    let (status, _, got) = served.call("GET /customers/1.0.0/getCustomer?id=7", "", "");
    assert_eq!(status, 200, "{got}");
    assert!(got["getCustomerResponse"]["return"]["name"].is_string(), "the reply has the shape that it had: {got}");
    let customer =
        json!({ "addCustomer": { "customer": { "name": "Ada", "address": { "street": "Main", "city": "Bern" } }, "notify": true } });
    let (status, _, got) = served.call("POST /customers/1.0.0/addCustomer", "", &customer.to_string());
    assert_eq!(status, 200, "{got}");
    assert!(got["addCustomerResponse"]["return"].is_number(), "{got}");
    // What is not a resource of the archive is none here.
    let (status, ..) = served.call("POST /customers/1.0.0/getCustomer", "", "{}");
    assert_eq!(status, 405);
}

#[test]
fn a_client_of_hand_written_sequences_goes_on() {
    let served = served("rest-sequences", "CountriesREST", "unlimited");
    let (status, _, got) = served.call("GET /geo/v1/countries/LK", "X-Client: old\r\nX-Tenant: a\r\n", "");
    assert_eq!((status, &got["asked"]), (200, &json!("LK")), "{got}");
    assert!(got["iso"].is_string() && got["title"].is_string() && got["people"].is_number(), "{got}");
    let (status, _, got) = served.call("GET /geo/v1/countries?on=Asia", "", "");
    assert_eq!(status, 200, "{got}");
    assert!(got["ListCountriesResponse"]["total"].is_number(), "{got}");
    let country = json!({ "iso": "CH", "title": "Switzerland", "people": 8_700_000, "money": ["CHF"] });
    let (status, head, got) = served.call("POST /geo/v1/countries", "X-Client: old\r\n", &country.to_string());
    assert_eq!(status, 201, "{got}");
    assert!(head.contains("x-created: switzerland (ch)"), "{head}");
    assert!(got["AddCountryResponse"]["AddCountryResult"].is_string(), "{got}");
    let (status, _, got) = served.call("POST /geo/v1/countries", "X-Client: old\r\n", r#"{"title":"Nowhere"}"#);
    assert_eq!((status, got), (422, json!({ "error": "iso is missing", "caller": "old" })));
}
