use super::*;
use crate::diagnostic::Sources;

/// What is wrong with a text: `line:column code message (hint)`.
fn findings(text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let id = sources.add("api.yaml", text);
    let (definition, diagnostics) = ApiDefinition::parse(id, text);
    assert_eq!(definition.is_none(), !diagnostics.is_empty());
    let say = |d: &Diagnostic| {
        let (line, column) = d.span.and_then(|s| sources.position(s)).unwrap_or_default();
        let hint = d.hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
        format!("{line}:{column} {} {}{hint}", d.code.id, d.message)
    };
    diagnostics.iter().map(say).collect()
}

const EXAMPLE: &str = r#"
version: 1
api: { name: Countries, version: "1", context: /geo, state: published }
source: { wsdl: wsdl/service.wsdl, service: Countries, port: CountriesSoap, digest: "sha256:0" }
endpoint: { url: "https://soap.internal/countries", timeout: 10s, auth: { basic: { user: svc, password_env: COUNTRIES_PW } } }
security: [api_key, oauth2]
plans: [bronze, gold]
limits: { api: 200/s, in_flight: 256, per_address: 20/s }
numbers: exact
resources:
  - get: /countries/{code}
    operation: GetCountry
    query: { lang: /language }
    unwrap: GetCountryResult
    faults: { CountryNotFound: 404 }
  - post: /countries
    operation: AddCountry
    sequence: sequences/add-country.yaml
    scope: countries:write
    limit: 50/min
passthrough: true
"#;

#[test]
fn the_example_of_the_product_page_reads() {
    let (definition, diagnostics) = ApiDefinition::parse(SourceId(0), EXAMPLE);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let definition = definition.unwrap();
    assert_eq!(definition.base_path(), "/geo/1");
    assert_eq!(definition.endpoint.timeout, Duration::from_secs(10));
    assert_eq!(definition.resources.len(), 2);
    assert!(definition.resources[0].safe && !definition.resources[1].safe);
    assert_eq!(definition.resources[0].faults["CountryNotFound"], 404);
    assert_eq!(definition.resources[1].sequence.as_deref(), Some("sequences/add-country.yaml"));
    assert_eq!((&definition.access.security[..], definition.access.backend_jwt), (&["api_key".to_owned(), "oauth2".to_owned()][..], true));
    assert_eq!((definition.limits.api.as_deref(), definition.resources[1].limit.as_deref()), (Some("200/s"), Some("50/min")));
    assert_eq!(definition.resources[1].scopes, ["countries:write"]);
    let text = definition.to_yaml(&[]);
    let (again, diagnostics) = ApiDefinition::parse(SourceId(0), &text);
    assert!(diagnostics.is_empty(), "{diagnostics:?} {text}");
    assert_eq!(again.unwrap().endpoint.auth, definition.endpoint.auth);
}

#[test]
fn all_errors_are_said_at_once_at_their_places() {
    let text = "version: 1\napi: { name: X, contxt: /x, version: 1.50 }\nsource: { wsdl: ../up.wsdl }\nnumbers: exakt\nresuorces: []\n\
                    endpoint:\n  timeout: soon\n  url: ftp://x/\nresources:\n  - get: no-slash\n    operation: Op\n  - operation: Op\n";
    assert_eq!(
        findings(text),
        [
            "2:17 api.unknown-key unknown key `contxt` (did you mean `context`?)",
            "3:17 api.wrong-value `../up.wsdl` is not a path inside the API's folder, such as wsdl/service.wsdl",
            "8:8 api.wrong-value `ftp://x/` is not an address that begins with http:// or https://, without user and password",
            "7:12 api.wrong-value `soon` is not a length of time of at most a day, such as 500ms, 10s, 2m",
            "4:10 api.wrong-value `exakt` is not one of exact, string (did you mean `exact`?)",
            "10:10 api.bad-path `no-slash` does not begin with a slash",
            "12:5 api.missing-key a resource without method and path",
            "5:1 api.unknown-key unknown key `resuorces` (did you mean `resources`?)",
        ]
    );
}

#[test]
fn who_may_call_is_read_and_written() {
    let text = "version: 1\napi: { name: X }\nsource: { wsdl: a.wsdl }\nsecurity: [api_key, basic]\ntoken: application_user\nvisibility: subscribers\n\
                backend_authorization: X-Authorization\nbackend_jwt: false\nclaims: wso2\nplans: [gold]\nresources:\n  - post: /a\n    operation: A\n    \
                security: [none]\n    token: application\n    backend_authorization: X-Other\n    scope: [a:b, c]\n    limit: 5 per minute\n";
    let (definition, diagnostics) = ApiDefinition::parse(SourceId(0), text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let definition = definition.unwrap();
    assert_eq!(definition.access.backend_authorization.as_deref(), Some("x-authorization"));
    assert_eq!((definition.access.visibility, definition.access.claims), (Visibility::Subscribers, ClaimNames::Wso2));
    assert_eq!(definition.resources[0].scopes, ["a:b", "c"]);
    let (again, diagnostics) = ApiDefinition::parse(SourceId(0), &definition.to_yaml(&[]));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let mut again = again.unwrap();
    again.resources[0].span = definition.resources[0].span;
    assert_eq!(again, definition);
}

#[test]
fn nobody_is_let_in_by_a_slip() {
    let with = |line: &str| findings(&format!("version: 1\napi: {{ name: X }}\nsource: {{ wsdl: a.wsdl }}\n{line}\n"));
    for line in ["security: []", "security: [none, api_key]", "security: [apikey]", "token: user", "backend_authorization: Authorization"] {
        assert_eq!(with(line).len(), 1 + usize::from(line.contains("[apikey]")), "{line}: {:?}", with(line));
    }
    let scope = "resources:\n  - post: /a\n    operation: A\n    scope: \"a b\"";
    assert_eq!(with(scope), ["7:12 api.wrong-value `\"a b\"` is not a scope such as countries:write, or a list of scopes"]);
}

#[test]
fn attachments_are_read_and_written() {
    let text = "version: 1\napi: { name: X }\nsource: { wsdl: a.wsdl }\nmtom: true\nmtom_over: 2KiB\nattachments: url\nattachments_over: 1MiB\n\
                resources:\n  - post: /a\n    operation: A\n    mtom: false\n";
    let (definition, diagnostics) = ApiDefinition::parse(SourceId(0), text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let definition = definition.unwrap();
    let wanted = Attachments { mtom: Some(true), mtom_over_bytes: 2048, deliver: Deliver::Url, url_over_bytes: 1 << 20 };
    assert_eq!((definition.attachments, definition.resources[0].mtom), (wanted, Some(false)));
    let (again, _) = ApiDefinition::parse(SourceId(0), &definition.to_yaml(&[]));
    let again = again.unwrap();
    assert_eq!((again.attachments, again.resources[0].mtom), (wanted, Some(false)));
}

#[test]
fn an_unquoted_version_keeps_its_digits() {
    let (definition, _) = ApiDefinition::parse(SourceId(0), "version: 1\napi: { name: X, version: 1.50 }\nsource: { wsdl: a.wsdl }\n");
    assert_eq!(definition.unwrap().api.version, "1.50");
}

#[test]
fn what_is_no_yaml_has_a_place() {
    for (text, place) in [("version: 1\napi: {\n", "2:6 "), ("a: 1\na: 2\n", "2:1 "), ("\tx: 1", "1:"), ("", "1:1 "), ("- 1", "1:1 ")] {
        let found = findings(text);
        assert!(!found.is_empty() && found[0].starts_with(place), "{text:?}: {found:?}");
    }
}

#[test]
fn reserved_contexts_are_refused() {
    for context in ["/t", "/t/x", "/oauth2", "/token", "/revoke", "/.well-known/x"] {
        assert!(is_reserved(context), "{context}");
    }
    assert!(!is_reserved("/tea") && !is_reserved("/geo"));
    assert!(is_context("/geo/sub") && !is_context("/geo/") && !is_context("geo") && !is_context("/a/../b") && !is_context("/{x}"));
}

#[test]
fn paths() {
    for path in ["/a", "/a/{b}/c", "/a.b/{c-d}", "/$attachmentsX"] {
        assert_eq!(check_path(path), Ok(()), "{path}");
    }
    for path in [
        "",
        "a",
        "/",
        "/a//b",
        "/a/",
        "/a?b",
        "/a/..",
        "/a{b}",
        "/{a}/{a}",
        "/{}",
        "/a b",
        "/{*x}",
        "/openapi.json",
        "/$attachments",
        "/$attachments/{x}",
        "/\u{e4}",
    ] {
        assert!(check_path(path).is_err(), "{path}");
    }
}

#[test]
fn what_is_wrong_with_cors_and_callers_is_said() {
    let head = "version: 1\napi: { name: a }\nsource: { wsdl: w.wsdl }\n";
    let wrong = |line: &str, expected: &str| {
        let found = findings(&format!("{head}{line}\n"));
        assert!(found.len() == 1 && found[0].contains(expected), "{line}: {found:?}");
    };
    wrong("cors: {}", "origins");
    wrong("cors: { origins: [] }", "a list of origins");
    wrong("cors: { origins: [\"*\"], credentials: true }", "with credentials each origin must be named");
    wrong("cors: { origins: [\"*\", https://a.example] }", "`*` alone");
    for origin in ["https://a.example/", "https://A.example", "https://a.example:443", "a.example", "\"null\"", "ftp://a.example"] {
        wrong(&format!("cors: {{ origins: [{origin}] }}"), "an origin as browsers send it");
    }
    wrong("cors: { origins: [https://a.example], methods: [PSOT] }", "did you mean `POST`");
    wrong("cors: { origins: [https://a.example], headers: [\"*\"] }", "the name of a header field");
    wrong("cors: { origins: [https://a.example], heders: [] }", "did you mean `headers`");
    wrong("callers: { alow: [] }", "did you mean `allow`");
    wrong("callers: { deny: [10.0.0.0/33] }", "a network such as");
    wrong("cache: {}", "ttl");
    wrong("cache: soon", "a length of time");
    wrong("cache: { ttl: 60s, max_byte: 1KiB }", "did you mean `max_bytes`");
    wrong("cache: { ttl: 60s, max_bytes: 1GiB }", "at most 16MiB");
    wrong("resources: [ { post: /a, operation: A, cache: 60s } ]", "only answers of `get:` are kept");
    let text = format!(
        "{head}cache: {{ ttl: 1m, max_bytes: 1KiB }}\nresources: [ {{ get: /a, operation: A, cache: none }} ]\ncallers: {{ deny: [\"fd00::/8\"] }}\ncors: {{ origins: [https://a.example:8443], credentials: true, max_age: 1h }}\n"
    );
    let (definition, _) = ApiDefinition::parse(SourceId(0), &text);
    let definition = definition.unwrap();
    let (again, _) = ApiDefinition::parse(SourceId(0), &definition.to_yaml(&[]));
    let again = again.unwrap();
    assert_eq!(again.resources[0].cache, definition.resources[0].cache);
    assert_eq!(
        (again.cors, again.callers, again.cache),
        (definition.cors, definition.callers, definition.cache),
        "what is written is read"
    );
}
