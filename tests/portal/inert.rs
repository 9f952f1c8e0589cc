//! Texts of others are shown as texts, wherever they come from.

use castile::catalog::State;
use castile::store::Store;

use super::applications::{register, with_countries};
use super::{House, PASSWORD, Shown};

/// What would run where a text became markup, in content, in an attribute, in a script.
const EVIL: &str = "\"'><img src=x onerror=alert(1)>{{site.token}}`<script>alert(1)";

fn inert(shown: &Shown, what: &str) {
    assert!(!shown.has("<img src=x") && !shown.has("<script>") && !shown.has("onerror=alert"), "{what}: {}", shown.body);
    assert!(shown.has("&lt;img src&#x3D;x") && shown.has("{{site.token}}"), "{what}: it is not shown at all: {}", shown.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_api_says_of_itself() {
    // As an author would write it down who wants it to be read as markup.
    let evil = EVIL.replace('&', "&amp;").replace('<', "&lt;");
    let folder = tempfile::tempdir().unwrap();
    let sample = crate::support::path("wsdl/countries");
    std::fs::copy(sample.join("types.xsd"), folder.path().join("types.xsd")).unwrap();
    let text = std::fs::read_to_string(sample.join("service.wsdl")).unwrap();
    let text = text.replace("A small register", &format!("documentation {evil} A small register"));
    let operation = "<wsdl:operation name=\"GetCountry\">";
    let documented = format!("{operation}<wsdl:documentation>operation {evil}</wsdl:documentation>");
    std::fs::write(folder.path().join("service.wsdl"), text.replacen(operation, &documented, 1)).unwrap();
    let mut api = crate::support::api::published("countries", folder.path());
    api.definition.api.state = State::Published;
    api.definition.api.name = EVIL.to_owned();
    api.definition.access.security = vec!["api_key".into()];
    let house = House::start(vec![api]).await;
    let mut sue = house.user("sue");
    for path in ["/", "/apis/countries", "/apis/countries/subscribe", "/apis/countries/code"] {
        inert(&sue.get(path), path);
    }
    assert!(sue.get("/apis/countries").has("operation &quot;&#x27;&gt;"));
    // A search is shown in the field, an address nowhere.
    let q = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", EVIL).finish();
    inert(&sue.get(&format!("/?{q}")), "search");
    let nowhere = sue.get("/apis/%22%3E%3Cscript%3Ealert(1)");
    assert!(nowhere.status == 404 && !nowhere.has("<script>"));
    // A name of a file stays one.
    let kept = sue.get("/apis/countries/openapi.json");
    assert_eq!(kept.field("content-disposition"), Some("attachment; filename=\"countries-1.openapi.json\""));
    assert_eq!(kept.field("x-content-type-options"), Some("nosniff"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_type() {
    let house = with_countries().await;
    let mut sue = house.user("sue");
    let page = register(&mut sue, EVIL);
    assert_eq!(sue.fill(&page, &page, &[("name", EVIL), ("description", EVIL)]).status, 303);
    inert(&sue.get(&page), "application");
    inert(&sue.get("/applications"), "applications");
    inert(&sue.get("/apis/countries/subscribe"), "subscribe");
    inert(&sue.fill("/applications", "/applications", &[("name", EVIL)]), "a name that is in use");
    inert(&sue.fill(&page, &format!("{page}/clients"), &[("scopes", EVIL), ("redirect_uris", EVIL)]), "client");
    let mut new = house.stranger();
    inert(&new.fill("/log-in", "/log-in", &[("name", EVIL), ("password", EVIL)]), "log-in");
    inert(&new.fill("/sign-up", "/sign-up", &[("name", EVIL), ("password", PASSWORD), ("again", PASSWORD), ("note", EVIL)]), "sign-up");
    // A name without spaces may hold the rest.
    let name = "\"'><img>{{site.token}}&lt;img";
    let asked = [("name", name), ("password", PASSWORD), ("again", PASSWORD), ("note", EVIL)];
    let thanks = new.fill("/sign-up", "/sign-up", &asked);
    assert!(thanks.status == 200 && !thanks.has("<img>"), "{thanks:?}");
    let mut ada = house.user("ada");
    inert(&ada.get("/admin"), "requests");
    assert_eq!(ada.fill("/admin", "/admin/requests", &[("name", name), ("decision", "grant")]).status, 303);
    let users = ada.get("/admin");
    assert!(users.has("&lt;img&gt;") && !users.has("<img>"));
    inert(&ada.get("/admin/audit"), "audit log");
    assert_eq!(new.log_in(name, PASSWORD).status, 303);
    assert!(!new.get("/account").has("<img>"));
    assert!(house.store.check().await.unwrap().is_empty());
    house.stop().await;
}
