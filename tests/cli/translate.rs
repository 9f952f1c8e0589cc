use super::{run, run_with, sample};

#[test]
fn json_becomes_an_envelope_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let wsdl = sample("countries");
    let envelope = run_with(dir.path(), &["encode", &wsdl, "GetCountry"], br#"{"code":"LK"}"#).fine();
    assert!(envelope.out.contains("LK</"), "{}", envelope.out);
    let json = run_with(dir.path(), &["decode", &wsdl, "GetCountry", "--direction", "request"], envelope.out.as_bytes()).fine();
    assert_eq!(json.out.trim(), r#"{"code":"LK"}"#);
    // The same by the name of an API.
    run(dir.path(), &["import", &wsdl, "--name", "geo"]).fine();
    let again = run_with(dir.path(), &["encode", "geo", "GetCountry"], br#"{"code":"LK"}"#).fine();
    assert_eq!(again.out, envelope.out);
}

#[test]
fn a_refusal_is_a_problem_on_standard_error() {
    let dir = tempfile::tempdir().unwrap();
    let wsdl = sample("countries");
    for (input, pointer) in [
        (&b"{\"code\":5}"[..], "/code"),
        (b"{}", "/code"),
        (b"{\"code\":\"LK\",\"cod\":1}", "/cod"),
        (b"{\"code\":\"LK\",\"code\":\"LK\"}", "/code"),
        (b"{\"code\":", "/code"),
        (b"\xff", ""),
    ] {
        let said = run_with(dir.path(), &["encode", &wsdl, "GetCountry"], input).code(1);
        assert_eq!(said.out, "");
        let problem: serde_json::Value = serde_json::from_str(&said.err).unwrap();
        let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert!(pointers.contains(&pointer), "{input:?}: {}", said.err);
        assert_eq!(problem["status"], 400);
        assert_eq!(problem["code"], "castile.invalid_request");
    }
}

#[test]
fn what_cannot_be_read_is_a_problem_and_a_fault_is_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let wsdl = sample("countries");
    for input in ["<html>sorry</html>", "", "<a>", "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body/></Envelope>"] {
        let said = run_with(dir.path(), &["decode", &wsdl, "GetCountry"], input.as_bytes()).code(1);
        assert_eq!(said.out, "");
        let problem: serde_json::Value = serde_json::from_str(&said.err).unwrap();
        assert_eq!(problem["code"], "castile.upstream_reply", "{input}");
    }
    let fault = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault><faultcode>e:Server</faultcode>\
                 <faultstring>no luck</faultstring></e:Fault></e:Body></e:Envelope>";
    let said = run_with(dir.path(), &["decode", &wsdl, "GetCountry"], fault.as_bytes()).fine();
    let problem: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((problem["status"].as_u64(), problem["detail"].as_str()), (Some(502), Some("no luck")));
    assert_eq!(problem["fault"]["code"], "Server");
    assert_eq!(problem.get("title"), None);
}

#[test]
fn operations_and_ports_that_are_not_there_are_wrong_usage() {
    let dir = tempfile::tempdir().unwrap();
    let wsdl = sample("countries");
    let said = run_with(dir.path(), &["encode", &wsdl, "GetCountri"], b"{}").code(2);
    assert!(said.err.contains("did you mean `GetCountry`?"), "{}", said.err);
    let said = run_with(dir.path(), &["encode", &wsdl, "GetCountry", "--port", "Nowhere"], b"{}").code(2);
    assert!(said.err.contains("CountriesSoap"), "{}", said.err);
    run_with(dir.path(), &["encode", &wsdl, "GetCountry", "--port", "CountriesSoap"], br#"{"code":"LK"}"#).fine();
    run_with(dir.path(), &["encode", &wsdl, "GetCountry", "--direction", "sideways"], b"{}").code(2);
}

#[test]
fn packages_are_written_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let wsdl = crate::support::path("tests/constructs/attachments-xop/service.wsdl").display().to_string();
    let json = format!(r#"{{"name":"n","data":"{}"}}"#, "QUJD".repeat(1000));
    let made = run_with(dir.path(), &["encode", &wsdl, "Put", "--mtom"], json.as_bytes()).fine();
    assert!(made.out.starts_with("Content-Type: multipart/related; ") && made.out.contains("Include href=\"cid:"), "{:.500}", made.out);
    assert!(made.out.contains(&"ABC".repeat(1000)) && !made.out.contains("QUJD"), "{:.500}", made.out);
    let read = run_with(dir.path(), &["decode", &wsdl, "Put", "--direction", "request"], made.out.as_bytes()).fine();
    let value: serde_json::Value = serde_json::from_str(&read.out).unwrap();
    assert_eq!(value["data"].as_str().map(str::len), Some(4000), "{:.500}", read.out);
    // The type may also be told.
    let (head, body) = made.out.split_once("\r\n\r\n").unwrap();
    let type_ = head.strip_prefix("Content-Type: ").unwrap();
    let told = run_with(dir.path(), &["decode", &wsdl, "Put", "--direction", "request", "--content-type", type_], body.as_bytes()).fine();
    assert_eq!(told.out, read.out);
}
