//! The consoles: calls from a page, as SOAP through the portal, as REST from the browser.

use castile::catalog::State;

use super::served::Served;
use super::{House, countries};

const ROUTE: &str = "/apis/countries/soap";

/// Text of a page as a reader sees it.
fn text(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x3D;", "=")
        .replace("&#x27;", "'")
        .replace("&#x60;", "`")
        .replace("&amp;", "&")
}

#[test]
fn a_soap_call_goes_out_and_comes_back_in_both_forms_without_scripts() {
    let served = Served::start("");
    served.admitted();
    let mut sue = served.sue();
    let page = sue.get(ROUTE);
    let envelope = text(page.between("required>", "</textarea>"));
    assert!(envelope.contains("<soap") || envelope.contains(":Envelope"), "{envelope}");
    assert!(page.has("SOAPAction") && !page.has("REST caller"), "{}", page.body);
    let json = text(page.between("<textarea id=\"json\"", "</textarea>").split_once('>').unwrap().1);
    assert!(json.contains("\"code\": \""), "{json}");

    let fields = [("operation", "0"), ("envelope", &*envelope), ("json", &*json), ("apikey", &*served.key), ("do", "send")];
    let sent = sue.fill(ROUTE, ROUTE, &fields);
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert!(sent.has("200 OK</span>"), "{}", sent.body);
    let answers = text(sent.body.split_once("As it was sent").unwrap().1);
    assert!(answers.contains("GetCountryResponse") && answers.contains("\"name\": "), "{answers}");
    assert!(text(&sent.body).contains("RateLimit"), "{}", sent.body);

    // Without a key, with a wrong one: what the gateway says, as the fault that a SOAP caller reads and as the problem.
    let sent = sue.fill(ROUTE, ROUTE, &[("operation", "0"), ("envelope", &envelope), ("do", "send")]);
    assert!(sent.status == 200 && sent.has("401 Unauthorized") && sent.has("900902"), "{}", sent.body);
    let odd = sue.fill(ROUTE, ROUTE, &[("operation", "0"), ("envelope", &envelope), ("apikey", "a\u{e4}"), ("do", "send")]);
    assert!(odd.status == 400 && odd.has("printable ASCII"), "{}", odd.body);

    // From one form to the other, and what does not fit.
    let other = json.replacen("\"LK\"", "\"CH\"", 1).replacen("\"code\": \"code\"", "\"code\": \"CH\"", 1);
    let made = sue.fill(ROUTE, ROUTE, &[("operation", "0"), ("envelope", ""), ("json", &other), ("do", "envelope")]);
    let made = text(made.between("required>", "</textarea>"));
    assert!(made.contains(":GetCountry") || made.contains("<GetCountry"), "{made}");
    let back = sue.fill(ROUTE, ROUTE, &[("operation", "0"), ("envelope", &made), ("json", ""), ("do", "json")]);
    let back = text(back.between("<textarea id=\"json\"", "</textarea>").split_once('>').unwrap().1);
    assert_eq!(back, other);
    let wrong = sue.fill(ROUTE, ROUTE, &[("operation", "0"), ("envelope", ""), ("json", "{\"cod\":\"LK\"}"), ("do", "envelope")]);
    assert!(wrong.status == 400 && text(&wrong.body).contains("did you mean `code`?"), "{}", wrong.body);
    let wrong = sue.fill(ROUTE, ROUTE, &[("operation", "0"), ("envelope", "<a>"), ("json", ""), ("do", "json")]);
    assert!(wrong.status == 400 && wrong.has("role=\"alert\""), "{}", wrong.body);
    assert_eq!(sue.get("/apis/countries/soap?operation=99").status, 404);

    // Pages of the portal may call the gateway from a browser, others may not.
    let origin = format!("http://{}", served.portal);
    let asks = |origin: &str| {
        let fields =
            [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", "apikey,content-type")];
        served.call(&fields, "OPTIONS")
    };
    let allowed = asks(&origin);
    assert_eq!((allowed.status, allowed.field("access-control-allow-origin")), (204, Some(&*origin)), "{allowed:?}");
    assert_eq!(allowed.field("access-control-allow-headers"), Some("apikey,content-type"));
    assert_eq!(allowed.field("access-control-allow-credentials"), None);
    assert_eq!(asks("https://evil.example").field("access-control-allow-origin"), None);
    let real = served.call(&[("origin", &origin), ("apikey", &served.key), ("content-type", "application/json")], "POST");
    assert_eq!((real.status, real.field("access-control-expose-headers")), (200, Some("*")));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_call_may_not_call_through_the_portal() {
    let mut api = countries("countries", State::Published);
    api.definition.callers.deny = vec!["127.0.0.0/8".parse().unwrap()];
    let mut silent = countries("silent", State::Published);
    silent.raw_operations.clear();
    let house = House::start(vec![api, silent]).await;
    let mut sue = house.user("sue");
    let refused = sue.fill(ROUTE, ROUTE, &[("operation", "0"), ("envelope", "<a/>"), ("do", "send")]);
    assert!(refused.status == 400 && refused.has("calls from your address are not accepted"), "{}", refused.body);
    assert_eq!(sue.get("/apis/silent/soap").status, 404);
    let mut stranger = house.stranger();
    let page = stranger.get(ROUTE);
    assert!(page.status == 200 && page.has("Log in</a> to send it") && !page.has("name=\"apikey\""), "{}", page.body);
    let reference = stranger.get("/apis/countries/rest");
    let policy = reference.field("content-security-policy").unwrap();
    assert!(policy.contains("connect-src 'self' http://127.0.0.1:8280;") && !policy.contains("unsafe"), "{policy}");
    for asset in ["/assets/swagger-ui-", "/assets/reference-"] {
        let path = format!("{asset}{}", reference.between(&format!("src=\"{asset}"), "\""));
        // The body may be compressed: its head is enough here.
        assert!(reference.has(&path), "{path}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_get_files_that_they_can_read() {
    let mut api = countries("countries", State::Published);
    api.definition.access.security = vec!["api_key".into()];
    let house = House::start(vec![api]).await;
    let mut stranger = house.stranger();
    let page = stranger.get("/apis/countries");
    for file in ["openapi.json", "openapi-3.0.json", "service.wsdl", "wsdl.zip", "postman.json", "jmeter.jmx"] {
        assert!(page.has(&format!("href=\"/apis/countries/{file}\" download")), "{file}");
    }
    let postman: serde_json::Value = serde_json::from_str(&stranger.get("/apis/countries/postman.json").body).unwrap();
    assert_eq!(
        (&postman["variable"][0]["value"], &postman["auth"]["type"]),
        (&"http://127.0.0.1:8280/countries/1".into(), &"apikey".into())
    );
    let plan = stranger.get("/apis/countries/jmeter.jmx?operation=AddCountry");
    assert!(plan.has("testname=\"AddCountry\"") && plan.field("content-disposition").unwrap().contains("countries-1.jmx"), "{plan:?}");
    assert_eq!(stranger.get("/apis/countries/jmeter.jmx?operation=Nothing").status, 404);
    // The archive is imported again as it stands: every import in it leads to a file in it.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bundle.zip");
    std::fs::write(&file, stranger.bytes("/apis/countries/wsdl.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&file).unwrap()).unwrap();
    let names: Vec<String> = (0..archive.len()).map(|i| archive.by_index(i).unwrap().name().unwrap().into_owned()).collect();
    assert_eq!(names, ["service.wsdl", "types.xsd"]);
    let again = crate::support::api::published("again", &file);
    assert_eq!(again.resources.len(), countries("countries", State::Published).resources.len());
    house.stop().await;
}
