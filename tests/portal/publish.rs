//! A publisher's way: from documents to a published API, its life, a newer WSDL, a sequence.

use castile::catalog::Roster;
use castile::manage::{Actor, NewApplication, NewSubscription};

use super::{Browser, House, Shown};
use crate::support;

/// The documents of the sample Countries.
fn documents() -> Vec<(&'static str, String)> {
    let read = |name: &str| std::fs::read_to_string(support::path("wsdl/countries").join(name)).unwrap();
    vec![("service.wsdl", read("service.wsdl")), ("types.xsd", read("types.xsd"))]
}

fn send(browser: &mut Browser, page: &str, fields: &[(&str, &str)], files: &[(&'static str, String)]) -> Shown {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    browser.upload(page, page, fields, &files)
}

/// What the nodes that serve do within two seconds.
async fn refreshed(house: &House) {
    Roster::new(house.store.clone(), house.catalog.clone()).refresh().await.unwrap();
}

const API: &str = "/publish/apis/countries";

async fn imported() -> (House, Browser) {
    let house = House::start(Vec::new()).await;
    let mut pia = house.user("pia");
    // An upload calls no loopback address, which is what the sample names.
    let fields = [("name", "countries"), ("endpoint", "https://service.example.org/soap")];
    let made = send(&mut pia, "/publish/import", &fields, &documents());
    assert_eq!((made.status, made.field("location")), (303, Some(API)), "{made:?}");
    (house, pia)
}

/// The resource of that operation in the table of resources: its index.
fn index_of(page: &Shown, operation: &str) -> usize {
    let row = page.body.split("<tr>").find(|row| row.contains(&format!("aria-label=\"Publish {operation}\""))).unwrap();
    row.split("name=\"was").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
}

/// Every field of the page of resources as it stands.
fn fields_of(page: &Shown) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for row in page.body.split("<tr>").filter(|row| row.contains("name=\"was")) {
        let between = |before: &str, after: &str| row.split(before).nth(1).unwrap().split(after).next().unwrap().to_owned();
        let index = between("name=\"was", "\"");
        let method = row.split("<option value=\"").find(|o| o.split('>').next().unwrap().contains("selected")).unwrap();
        fields.push((format!("was{index}"), between(&format!("name=\"was{index}\" value=\""), "\"")));
        fields.push((format!("path{index}"), between(&format!("name=\"path{index}\" value=\""), "\"")));
        fields.push((format!("method{index}"), method.split('"').next().unwrap().to_owned()));
        fields.push((format!("on{index}"), "yes".to_owned()));
    }
    fields
}

#[tokio::test(flavor = "multi_thread")]
async fn from_documents_to_an_api_that_is_called() {
    let (house, mut pia) = imported().await;
    let overview = pia.get(API);
    assert!(
        overview.has("Not published yet") && overview.has("Could be GET") && overview.has("operations proved exact"),
        "{}",
        overview.body
    );
    refreshed(&house).await;
    assert_eq!(house.stranger().get("/apis/countries").status, 404, "nobody finds what is not published");

    let page = pia.get(&format!("{API}/resources"));
    let index = index_of(&page, "GetCountry");
    let mut fields = fields_of(&page);
    for (name, value) in &mut fields {
        if *name == format!("method{index}") {
            *value = "GET".to_owned();
        } else if *name == format!("path{index}") {
            *value = "/countries/{code}".to_owned();
        }
    }
    let mut sent: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
    sent.push(("revision", "1"));
    let saved = pia.fill(&format!("{API}/resources"), &format!("{API}/resources"), &sent);
    assert_eq!(saved.status, 303, "{}", saved.body);
    let late = pia.fill(&format!("{API}/resources"), &format!("{API}/resources"), &sent);
    assert!(late.status == 400 && late.has("Somebody else changed this"), "{}", late.body);
    let page = pia.get(&format!("{API}/resources"));
    assert!(page.has("value=\"/countries/{code}\""), "{}", page.body);

    let sealed = [("name", "service"), ("value", "pl4nted-secret")];
    assert_eq!(pia.fill(&format!("{API}/upstream"), &format!("{API}/secrets"), &sealed).status, 303);
    let page = pia.get(&format!("{API}/upstream"));
    assert!(page.has("<option value=\"service\"") && !page.has("pl4nted"), "{}", page.body);
    let upstream = [("revision", "2"), ("url", "https://service.example.org/soap"), ("seconds", "20"), ("kind", "none")];
    let saved = pia.fill(&format!("{API}/upstream"), &format!("{API}/upstream"), &upstream);
    assert_eq!(saved.status, 303, "{}", saved.body);
    let bad = [("revision", "3"), ("url", "ftp://service.example.org"), ("seconds", "20"), ("kind", "none")];
    assert_eq!(pia.fill(&format!("{API}/upstream"), &format!("{API}/upstream"), &bad).status, 400);

    let access = [
        ("revision", "3"),
        ("title", "Countries"),
        ("security", "api_key"),
        ("visibility", "public"),
        ("offer", "some"),
        ("plan", "tryout"),
        ("rest", "yes"),
    ];
    assert_eq!(pia.fill(&format!("{API}/access"), &format!("{API}/access"), &access).status, 303);

    let call = [("resource", "GET /countries/{code}"), ("path.code", "ES"), ("by", "example")];
    let tried = send(&mut pia, &format!("{API}/try"), &call, &[]);
    for message in ["1. JSON in", "2. Envelope out", "3. Envelope in", "4. JSON out"] {
        assert!(tried.has(message), "{message}: {}", tried.body);
    }
    assert!(tried.has("code&gt;ES&lt;/"), "{}", tried.body);

    assert_eq!(pia.fill(API, &format!("{API}/act"), &[("act", "publish")]).status, 303);
    refreshed(&house).await;
    let shown = house.stranger().get("/apis/countries");
    assert!(shown.has("/countries/{code}") && shown.has("tryout"), "{}", shown.body);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_wsdl_is_looked_at_before_it_is_taken() {
    let (house, mut pia) = imported().await;
    let update = format!("{API}/update");
    let same = send(&mut pia, &update, &[], &documents());
    assert!(same.has("the WSDL that is there already"), "{}", same.body);
    let mut newer = documents();
    newer[1].1 = newer[1].1.replacen("name=\"code\"", "name=\"isoCode\"", 1);
    let looked = send(&mut pia, &update, &[], &newer);
    assert!(looked.has("Callers will notice") && looked.has("<th scope=\"col\">Ours</th>") && looked.has("breaking"), "{}", looked.body);
    assert!(pia.get(&format!("{API}/revisions")).has("<th scope=\"row\">1</th>"));
    let id = looked.hidden("update").unwrap();
    // Who looked at it carries it out, and nobody else.
    let mut ada = house.user("ada");
    assert_eq!(ada.fill(&update, &format!("{update}/carry-out"), &[("update", &id)]).status, 400);
    assert_eq!(pia.fill(&update, &format!("{update}/carry-out"), &[("update", &id)]).status, 303);
    let difference = pia.get(&format!("{API}/difference?from=1&to=2"));
    assert!(difference.has("isoCode") && difference.has("class=\"added\""), "{}", difference.body);
    assert_eq!(pia.fill(&format!("{API}/revisions"), &format!("{API}/act"), &[("act", "rollback"), ("to", "1")]).status, 303);
    assert!(pia.get(&format!("{API}/revisions")).has("is held in force"));
    let broken = send(&mut pia, &update, &[("text", "<wsdl>")], &[]);
    assert!(broken.status == 400 && broken.has("cannot be used as they are"), "{}", broken.body);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_is_written_checked_and_run() {
    let (house, mut pia) = imported().await;
    let files = pia.get(&format!("{API}/files"));
    let resource = files.between("<option value=\"", "\"").to_owned();
    let made = pia.fill(&format!("{API}/files"), &format!("{API}/sequences"), &[("revision", "1"), ("resource", &resource)]);
    let editor = made.field("location").unwrap().to_owned();
    let page = pia.get(&editor);
    assert!(page.has("to_soap") && page.has("data-lines"), "{}", page.body);
    let file = page.hidden("file").unwrap();
    let send = |pia: &mut Browser, text: &str, what: &str, revision: &str| {
        let fields = [("revision", revision), ("file", &*file), ("text", text), ("do", what), ("by", "example"), ("body", "{}")];
        pia.upload(&editor, &editor, &fields, &[])
    };
    let wrong = "version: 1\nrequest:\n  - to_soup: {}\nresponse:\n  - to_json: {}\nfault:\n  - to_problem: {}\n";
    let checked = send(&mut pia, wrong, "save", "2");
    let line = checked.between("<li class=\"bad\">", "</li>");
    assert!(checked.status == 400 && line.contains("to_soup") && line.contains("error:"), "{}", checked.body);
    assert!(checked.has("to_soup: {}\nresponse"), "what was typed stays");
    let good = "version: 1\nrequest:\n  - set_property: { name: seen, value: 7 }\n  - to_soap: {}\nresponse:\n  - to_json: {}\n  - set_status: 201\nfault:\n  - to_problem: {}\n";
    let ran = send(&mut pia, good, "run", "2");
    assert!(ran.has("<strong>set_property</strong>") && ran.has("Run, and not saved"), "{}", ran.body);
    let saved = send(&mut pia, good, "save", "2");
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert!(pia.get(&editor).has("set_property"));
    let mapping = pia.get(&format!("{API}/mapping"));
    assert!(mapping.has("Envelope</h3>") && mapping.has("class=\"tree\""), "{}", mapping.body);
    let typed = pia.upload(&format!("{API}/mapping"), &format!("{API}/mapping"), &[("resource", "0"), ("json", "{\"nobody\":1}")], &[]);
    assert!(typed.has("is expected"), "{}", typed.body);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_blocked_and_apis_end() {
    let (house, mut pia) = imported().await;
    assert_eq!(pia.fill(API, &format!("{API}/act"), &[("act", "publish")]).status, 303);
    let sue = Actor::new("default", "sue", vec![castile::auth::Role::Subscriber]);
    let new = NewApplication { name: "demo".into(), ..Default::default() };
    let application = house.manage.create_application(&sue, new).await.unwrap().id.to_string();
    let new = NewSubscription { application, api: "countries".into(), plan: "gold".into() };
    let subscription = house.manage.subscribe(&sue, new).await.unwrap().id.to_string();
    let page = format!("{API}/subscriptions");
    assert_eq!(pia.fill(&page, &page, &[("subscription", &subscription), ("standing", "blocked")]).status, 303);
    assert!(pia.get(&page).has("Let in again"));
    assert!(!house.manage.subscription(&sue, &subscription).await.unwrap().standing.is_active());
    for (act, state) in [("deprecate", "deprecated"), ("block", "blocked"), ("unblock", "deprecated"), ("retire", "retired")] {
        assert_eq!(pia.fill(API, &format!("{API}/act"), &[("act", act)]).status, 303);
        assert!(pia.get(API).has(&format!("<span class=\"badge {state}\">")), "{act}");
    }
    let kept = pia.fill(API, &format!("{API}/remove"), &[]);
    assert!(kept.status == 400 && kept.has("it has subscriptions"), "{}", kept.body);
    assert_eq!(pia.fill(API, &format!("{API}/remove"), &[("subscriptions", "remove")]).status, 303);
    assert_eq!(pia.get(API).status, 404);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_publisher_sends_is_shown_as_text() {
    const EVIL: &str = "\"'><img src=x onerror=alert(1)>{{site.token}}<script>alert(1)</script>";
    let house = House::start(Vec::new()).await;
    let mut pia = house.user("pia");
    let inert = |shown: &Shown, what: &str| {
        assert!(!shown.has("<img src=x") && !shown.has("<script>") && !shown.has("onerror=alert(1)>{"), "{what}: {}", shown.body);
    };
    let escaped = EVIL.replace('&', "&amp;").replace('<', "&lt;");
    let mut evil = documents();
    evil[0].1 = evil[0].1.replace("A small register", &format!("documentation {escaped} A small register"));
    let fields = [("name", EVIL), ("context", EVIL), ("version", EVIL), ("endpoint", EVIL)];
    let refused = send(&mut pia, "/publish/import", &fields, &evil);
    assert!(refused.status == 400 && refused.has("&lt;img src"), "{}", refused.body);
    inert(&refused, "fields");
    inert(&send(&mut pia, "/publish/import", &[("url", EVIL)], &[]), "address");
    inert(&send(&mut pia, "/publish/import", &[("text", EVIL)], &[]), "text");
    // A file of that name, and one that is broken inside.
    let broken = evil[0].1.replace("</wsdl:definitions>", "<script>alert(1)</script>");
    inert(&pia.upload("/publish/import", "/publish/import", &[], &[("<img src=x onerror=alert(1)>.wsdl", &broken)]), "file");
    let fields = [("name", "countries"), ("endpoint", "https://service.example.org/soap")];
    let made = send(&mut pia, "/publish/import", &fields, &evil);
    assert_eq!(made.status, 303, "{}", made.body);
    let access = [("revision", "1"), ("title", EVIL), ("security", "none"), ("visibility", "public"), ("offer", "all"), ("rest", "yes")];
    assert_eq!(pia.fill(&format!("{API}/access"), &format!("{API}/access"), &access).status, 303);
    for page in ["", "/resources", "/upstream", "/access", "/try", "/mapping", "/files", "/edit", "/revisions", "/update", "/subscriptions"]
    {
        let shown = pia.get(&format!("{API}{page}"));
        assert_eq!(shown.status, 200, "{page}: {}", shown.body);
        inert(&shown, page);
        assert!(shown.has("&lt;img src&#x3D;x"), "{page}: it is not shown at all");
    }
    inert(&send(&mut pia, &format!("{API}/try"), &[("resource", EVIL), ("body", EVIL), ("headers", EVIL), ("query", EVIL)], &[]), "try");
    inert(&pia.get(&format!("{API}/difference?from=1&to=2")), "difference");
    inert(&send(&mut pia, &format!("{API}/edit"), &[("file", "api.yaml"), ("text", EVIL), ("do", "save"), ("revision", "2")], &[]), "edit");
    inert(&pia.get("/publish"), "list");
    house.stop().await;
}
