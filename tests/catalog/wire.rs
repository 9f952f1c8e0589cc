//! What requests carry: settings and the WSDL's policies together.

use castile::api::ApiDefinition;
use castile::catalog::{PublishedApi, Wire};
use castile::diagnostic::{Severity, SourceId};
use castile::plan::asks::{AddressingVersion, Mtom, SignedParts};

use crate::support;

/// A service whose policy asks for much.
pub const POLICY: &str = r#"<wsp:Policy xmlns:wsp="http://www.w3.org/ns/ws-policy" xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
    xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" xmlns:m="http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization">
  <wsam:Addressing/><m:OptimizedMimeSerialization wsp:Optional="true"/>
  <sp:TransportBinding><wsp:Policy><sp:TransportToken><wsp:Policy><sp:HttpsToken/></wsp:Policy></sp:TransportToken><sp:IncludeTimestamp/></wsp:Policy></sp:TransportBinding>
  <sp:SupportingTokens><wsp:Policy><sp:UsernameToken><wsp:Policy><sp:HashPassword/></wsp:Policy></sp:UsernameToken></wsp:Policy></sp:SupportingTokens>
</wsp:Policy>"#;

/// The countries, with a policy in each binding.
pub fn with_policy(policy: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["service.wsdl", "types.xsd"] {
        let text = std::fs::read_to_string(support::path("wsdl/countries").join(name)).unwrap();
        // Into each binding, before its soap:binding.
        let text = text
            .replace("<soap:binding ", &format!("{policy}<soap:binding "))
            .replace("<soap12:binding ", &format!("{policy}<soap12:binding "));
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A definition with these lines.
pub fn definition(yaml: &str) -> ApiDefinition {
    let text = format!("version: 1\napi: {{ name: x }}\nsource: {{ wsdl: service.wsdl }}\n{yaml}\n");
    let (definition, diagnostics) = ApiDefinition::parse(SourceId(9), &text);
    definition.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

fn made(yaml: &str) -> (PublishedApi, Vec<String>) {
    let folder = with_policy(POLICY);
    let made = support::api::defined(&definition(yaml), &folder.path().join("service.wsdl"));
    let said = made.diagnostics.iter().filter(|d| d.code.id == "api.asked-by-policy").map(|d| d.message.clone()).collect();
    (made.api.unwrap_or_else(|| panic!("{:?}", made.diagnostics)), said)
}

fn wire(api: &PublishedApi) -> &Wire {
    let resource = &api.resources[0];
    let raw = api.raw_operations.iter().find(|r| r.plan == Some(resource.operation)).unwrap();
    assert_eq!(format!("{:?}", raw.wire), format!("{:?}", resource.wire));
    &resource.wire
}

#[test]
fn what_needs_no_secret_is_done_by_itself_and_the_rest_is_said() {
    let (api, said) = made("endpoint: { url: \"http://x/\" }");
    assert_eq!(wire(&api).addressing, Some(AddressingVersion::V10));
    let security = wire(&api).security.clone().unwrap();
    assert!(security.timestamp.is_some() && security.username.is_none() && security.signature.is_none() && security.must_understand);
    assert_eq!(
        said,
        ["the service asks for a UsernameToken with a password digest", "the service asks for HTTPS, and its address is http"]
    );
    assert_eq!(api.program.operations[0].asks.mtom, Mtom::Optional);
    let explained = castile::plan::explain(&api.program, &api.program.operations[0]);
    let line = "asks for WS-Addressing 1.0, a UsernameToken with a digest, HTTPS, a Timestamp, MTOM, if possible";
    assert!(explained.contains(line), "{explained}");
}

#[test]
fn the_policy_gives_the_defaults_and_the_definition_has_the_last_word() {
    let (api, said) = made("endpoint: { url: \"https://x/\", auth: { wss: { username_token: { user: u, password_env: P } } } }");
    assert!(said.is_empty(), "{said:?}");
    let security = wire(&api).security.clone().unwrap();
    assert!(security.username.is_some() && security.timestamp.is_some());
    let (api, _) = made(
        "addressing: off\nendpoint: { url: \"https://x/\", auth: { wss: { username_token: { user: u, type: none, nonce: true }, timestamp: false, \
         must_understand: false } } }",
    );
    let wire = wire(&api);
    let security = wire.security.clone().unwrap();
    assert!(wire.addressing.is_none() && security.timestamp.is_none() && !security.must_understand);
    assert!(security.username.clone().unwrap().nonce);
    let (api, _) = made("addressing: 2004\nendpoint: { url: \"https://x/\", auth: { wss: { timestamp: false } } }");
    assert_eq!(self::wire(&api).addressing, Some(AddressingVersion::Submission));
    assert!(self::wire(&api).security.is_none());
}

#[test]
fn without_a_policy_nothing_is_added() {
    let api = support::api::published("countries", &support::path("wsdl/countries"));
    assert!(api.resources.iter().all(|r| r.wire.security.is_none() && r.wire.addressing.is_none()));
    assert!(api.fields.is_empty());
    let parts = SignedParts::default();
    assert!(parts.body && parts.timestamp && parts.addressing && !parts.username_token && !parts.certificate);
}

#[test]
fn services_that_use_addressing_get_it_in_their_version() {
    for (name, version) in
        [("axis2-usingaddressing", Some(AddressingVersion::V10)), ("metro-wsa-fault", Some(AddressingVersion::V10)), ("rio2", None)]
    {
        let Some(folder) = support::shared_or_skip("services_that_use_addressing_get_it_in_their_version", &format!("corpus/{name}"))
        else {
            return;
        };
        let wsdl = support::files(&folder, "wsdl").into_iter().next().unwrap();
        let api = support::api::published(name, &wsdl);
        assert_eq!(api.resources[0].wire.addressing, version, "{name}");
    }
}

#[test]
fn a_signature_and_attachments_do_not_go_together() {
    // An endpoint that signs: is there an API, and what is said of it; in its definition, or in the WSDL?
    let said = |wsdl: &std::path::Path, yaml: &str| {
        let signature = "endpoint: { auth: { wss: { signature: { certificate_file: c.pem, key_file: k.pem } } } }";
        let definition = definition(&format!("{signature}\n{yaml}"));
        let made = support::api::defined(&definition, wsdl);
        let said = made.diagnostics.iter().filter(|d| d.code.id == "api.signed-attachments");
        let said: Vec<_> = said
            .map(|d| (d.severity, d.message.rsplit(": ").next().unwrap().to_owned(), d.span.is_some_and(|s| s.source == SourceId(9))))
            .collect();
        (made.api.is_some(), said)
    };
    let construct = |name: &str| support::path("tests/constructs").join(name).join("service.wsdl");
    let xop = construct("attachments-xop");
    let error = |named: &str, placed| (false, vec![(Severity::Error, named.to_owned(), placed)]);
    assert_eq!(said(&xop, ""), (true, vec![]), "values in the envelope are signed");
    assert_eq!(said(&xop, "mtom: true"), error("POST /Put", false));
    let listed = |mtom: &str| format!("resources:\n  - post: /a\n    operation: Put\n  - post: /b\n    operation: Put\n    mtom: {mtom}");
    assert_eq!(said(&xop, &listed("true")), error("POST /b", true), "a resource of its own");
    assert_eq!(said(&xop, &format!("mtom: true\n{}", listed("false"))), error("POST /a", true));
    assert_eq!(said(&xop, "mtom: true\nresources:\n  - post: /a\n    operation: Put\n    mtom: false"), (true, vec![]));
    let many: String = (0..8).map(|n| format!("  - post: /{n}\n    operation: Put\n")).collect();
    assert_eq!(
        said(&xop, &format!("mtom: true\nresources:\n{many}")),
        error("POST /0, POST /1, POST /2, POST /3, POST /4 and 3 more", true)
    );
    let broken = "resources:\n  - post: /a\n    operation: Put\n    unwrap: nothing\n  - post: /b\n    operation: Put";
    assert_eq!(said(&xop, &format!("mtom: true\n{broken}")), error("POST /b", true), "one that is not published is not told");
    // What may be there, but need not: declared attachments and `swaRef`.
    let named = "POST /Put, POST /Rpc, POST /Only".to_owned();
    assert_eq!(said(&construct("attachments-mime"), ""), (true, vec![(Severity::Warning, named, false)]));
    // The policy's MTOM is as good as the definition's.
    let optional = with_policy(POLICY);
    assert_eq!(said(&optional.path().join("service.wsdl"), ""), (true, vec![]));
    let required = with_policy(&POLICY.replace(" wsp:Optional=\"true\"", ""));
    let wsdl = required.path().join("service.wsdl");
    assert_eq!(said(&wsdl, ""), error("POST /GetCountry, POST /ListCountries, POST /AddCountry", false));
    assert_eq!(said(&wsdl, "mtom: false"), (true, vec![]));
}

#[test]
fn a_receiver_that_is_never_written_is_told() {
    let countries = support::path("wsdl/countries/service.wsdl");
    let asking = with_policy(POLICY);
    for (wsdl, yaml, told) in [
        (countries.clone(), "addressing: { to: urn:orders }", true),
        (countries.clone(), "addressing: { to: urn:orders, mode: on }", false),
        (countries, "addressing: auto", false),
        (asking.path().join("service.wsdl"), "addressing: { to: urn:orders }", false),
    ] {
        let made = support::api::defined(&definition(yaml), &wsdl);
        let found: Vec<_> = made.diagnostics.iter().filter(|d| d.code.id == "api.not-addressed").collect();
        assert_eq!(found.iter().map(|d| d.severity).collect::<Vec<_>>(), vec![Severity::Warning; usize::from(told)], "{yaml}");
        assert!(found.iter().all(|d| d.message.contains("urn:orders")), "{found:?}");
    }
}
