//! Every route of the router's own list: who gets in, and which forms count.

use castile::auth::Role;
use castile::catalog::State;
use castile::manage::Allow;
use castile::portal::{self, Page, Verb, Who};
use castile::store::Store;

use super::{Browser, House, Shown, countries};

const USERS: [(&str, Role); 3] = [("sue", Role::Subscriber), ("pia", Role::Publisher), ("ada", Role::Administrator)];

/// The path with something that is not there for each parameter.
fn path(page: &Page) -> String {
    let parts = page.path.split('/').map(|s| if s.starts_with('{') { "x" } else { s });
    parts.collect::<Vec<_>>().join("/")
}

fn may(page: &Page, role: Role) -> bool {
    match page.who {
        Who::Anyone | Who::LoggedIn(Allow::Everybody) => true,
        Who::LoggedIn(Allow::Roles(roles)) => roles.contains(&role),
        Who::LoggedIn(Allow::Installation) => role == Role::Administrator,
    }
}

fn ask(browser: &mut Browser, page: &Page, token: &str) -> Shown {
    match page.verb {
        Verb::Get => browser.get(&path(page)),
        Verb::Post | Verb::Upload => browser.post(&path(page), &[("form", token)]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_it_names() {
    let house = House::start(vec![countries("countries", State::Published)]).await;
    let routes = portal::routes();
    assert!(routes.len() > 10);
    let ends_sessions = |p: &Page| p.path == "/log-out" || p.path == "/account/log-out-everywhere";
    let mut stranger = house.stranger();
    let token = stranger.get("/log-in").token();
    for page in routes.iter().filter(|p| p.who != Who::Anyone) {
        let shown = ask(&mut stranger, page, &token);
        assert!(shown.status == 303 && shown.field("location").unwrap().starts_with("/log-in"), "{page:?}: {shown:?}");
    }
    for (name, role) in USERS {
        let mut browser = house.user(name);
        let token = browser.get("/account").token();
        for page in routes.iter().filter(|p| !ends_sessions(p)) {
            let shown = ask(&mut browser, page, &token);
            let forbidden = shown.status == 403 && shown.has("This asks for ");
            assert_eq!(forbidden, !may(page, role), "{name} {page:?}: {} {}", shown.status, shown.body);
            assert!(shown.status < 500, "{name} {page:?}: {}", shown.body);
        }
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_from_elsewhere_is_refused() {
    let house = House::start(vec![countries("countries", State::Published)]).await;
    let mut ada = house.user("ada");
    let token = ada.get("/account").token();
    let sids = house.user("sid").get("/account").token();
    let host = house.address.to_string();
    let own = format!("http://{host}");
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let before = house.store.generation().await.unwrap();
    for page in portal::routes().iter().filter(|p| p.verb != Verb::Get) {
        let request = format!("POST {}", path(page));
        let good = format!("form={token}");
        for (said, body, why) in [
            (vec![], &*good, "no word of where it comes from"),
            (vec![("origin", "https://evil.example")], &good, "another origin"),
            (vec![("origin", "null")], &good, "an origin that is hidden"),
            (vec![("origin", &*own), ("sec-fetch-site", "cross-site")], &good, "another site"),
            (vec![("origin", &*own), ("sec-fetch-site", "same-site")], &good, "a neighbour"),
            (vec![("sec-fetch-site", "none")], &good, "no page at all"),
            (vec![("origin", &*own)], "", "no token"),
            (vec![("origin", &*own)], "form=", "an empty token"),
            (vec![("origin", &*own), ("sec-fetch-site", "same-origin")], &format!("form={sids}"), "somebody else's token"),
        ] {
            let fields: Vec<_> = said.into_iter().chain([kind]).collect();
            let shown = ada.send(&request, &fields, body);
            assert!(shown.status == 403 && shown.has("does not come from a page of the portal"), "{page:?}, {why}: {shown:?}");
        }
    }
    assert_eq!(house.store.generation().await.unwrap(), before, "something was written");
    assert_eq!(ada.get("/account").status, 200);
    house.stop().await;
}

/// Every route with something of an application in its address, asked for by somebody else: not there, and nothing happens.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebody_elses_is_not_there() {
    let house = super::applications::with_countries().await;
    let theirs = super::applications::belongings(&house.manage, "sid").await;
    let mut sue = house.user("sue");
    let token = sue.get("/account").token();
    let before = house.store.generation().await.unwrap();
    let mut asked = 0;
    for page in portal::routes() {
        let Some((name, id)) = theirs.iter().find(|(name, _)| page.path.contains(name)) else { continue };
        let (real, unreal) = (page.path.replace(name, id), page.path.replace(name, "01JZZZZZZZZZZZZZZZZZZZZZZZ"));
        let mut ask = |path: &str| match page.verb {
            Verb::Get => sue.get(path),
            Verb::Post | Verb::Upload => {
                sue.post(path, &[("form", &token), ("name", "taken over"), ("api", "countries"), ("plan", "gold")])
            }
        };
        let (real, unreal) = (ask(&real), ask(&unreal));
        assert_eq!((real.status, unreal.status), (404, 404), "{page:?}");
        let text = |shown: &Shown| {
            shown.between("<main", "<p class=\"faint\">Request").replace(&**id, "ID").replace("01JZZZZZZZZZZZZZZZZZZZZZZZ", "ID")
        };
        assert_eq!(text(&real), text(&unreal), "{page:?}");
        asked += 1;
    }
    assert!(asked >= 12, "{asked}");
    assert_eq!(house.store.generation().await.unwrap(), before);
    // To its owner, and to an administrator, all of it is there.
    for who in ["sid", "ada"] {
        assert_eq!(house.user(who).get(&format!("/applications/{}", theirs[0].1)).status, 200, "{who}");
    }
    house.stop().await;
}
