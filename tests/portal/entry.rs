//! Log-in, sessions, passwords, sign-up, set-up.

use castile::auth::{Role, User};
use castile::config::SignUp;
use castile::manage::{Actor, UserChange, set_up_link};
use castile::store::{Keep, Store};

use super::{House, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_for_names_that_there_are_and_are_not() {
    let house = House::start(Vec::new()).await;
    let mut one = house.stranger();
    let known = one.log_in("sue", "not the password");
    let unknown = one.log_in("nobody", "not the password");
    assert_eq!((known.status, unknown.status), (401, 401));
    assert!(known.has("Name or password is not right."));
    assert_eq!(known.body.replace("sue", "X"), unknown.body.replace("nobody", "X"));
    assert!(!one.cookies.contains_key("castile"));
    // After some failures the next must wait, also with the right password of somebody who was not right before.
    let mut status = 401;
    for _ in 0..8 {
        status = one.log_in("sid", "not the password").status;
        if status == 429 {
            break;
        }
    }
    assert_eq!(status, 429);
    let waits = one.log_in("sid", PASSWORD);
    assert!(waits.status == 429 && waits.field("retry-after").is_some(), "{waits:?}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_new_at_log_in_and_ends_at_log_out() {
    let house = House::start(Vec::new()).await;
    let mut sue = house.stranger();
    // A session id that somebody else put into the browser is not the one that is let in.
    sue.cookies.insert("castile".into(), "session_planted".into());
    let shown = sue.log_in("sue", PASSWORD);
    assert_eq!((shown.status, shown.field("location")), (303, Some("/")));
    let first = sue.cookies["castile"].clone();
    assert!(first != "session_planted" && first.len() > 43);
    let set = shown.head.lines().find(|l| l.contains(&first)).unwrap();
    assert!(set.ends_with("Path=/; HttpOnly; SameSite=Lax"), "{set}");
    assert!(!sue.cookies.contains_key("castile-visitor"));
    let kept = house.store.records("session", None, None, 10).await.unwrap().records;
    assert_eq!(kept.len(), 1);
    assert!(!format!("{kept:?}").contains(&first), "the secret is not kept");
    assert!(sue.get("/").has(">sue</a>"));
    // Logged in again: the old session is gone.
    let mut thief = sue.clone();
    let token = sue.get("/").token();
    let again = sue.post("/log-in", &[("name", "sue"), ("password", PASSWORD), ("form", &token)]);
    assert!(again.status == 303 && sue.cookies["castile"] != first);
    assert_eq!(thief.get("/account").field("location"), Some("/log-in?to=%2Faccount"));
    let mut copy = sue.clone();
    assert_eq!(sue.fill("/", "/log-out", &[]).status, 303);
    assert!(!sue.cookies.contains_key("castile"));
    assert_eq!(copy.get("/account").status, 303);
    assert!(house.store.records("session", None, None, 10).await.unwrap().records.is_empty());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_goes_on_to_where_one_wanted_and_never_elsewhere() {
    let house = House::start(Vec::new()).await;
    let mut sue = house.stranger();
    let asked = sue.get("/account");
    let page = sue.follow(&asked);
    let token = page.token();
    let fields = [("name", "sue"), ("password", PASSWORD), ("to", "/account"), ("form", &*token)];
    assert_eq!(page.hidden("to").as_deref(), Some("/account"));
    assert_eq!(sue.post("/log-in", &fields).field("location"), Some("/account"));
    for evil in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        let mut sue = house.stranger();
        let shown = sue.fill("/log-in", "/log-in", &[("name", "sue"), ("password", PASSWORD), ("to", evil)]);
        assert_eq!(shown.field("location"), Some("/"), "{evil}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_for_tls_only_where_the_portal_is_known_by_https() {
    let house = House::with(Vec::new(), |c| c.portal.public_url = Some("https://portal.example.org".parse().unwrap())).await;
    let mut sue = house.stranger();
    let said =
        [("host", "portal.example.org"), ("content-type", "application/x-www-form-urlencoded"), ("origin", "https://portal.example.org")];
    let token = sue.send("GET /log-in", &said[..1], "").token();
    let form = super::encoded(&[("name", "sue"), ("password", PASSWORD), ("form", &token)]);
    let elsewhere = [said[0], said[1], ("origin", "http://portal.example.org")];
    assert_eq!(sue.send("POST /log-in", &elsewhere, &form).status, 403, "the same host without TLS is another origin");
    let shown = sue.send("POST /log-in", &said, &form);
    let set = shown.head.lines().find(|l| l.contains("__Host-castile=")).unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{set}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_sessions() {
    let house = House::start(Vec::new()).await;
    let (mut here, mut there) = (house.user("sue"), house.user("sue"));
    assert!(here.get("/account").has("You have 2 sessions"));
    let change = |old: &'static str, again: &'static str| [("old", old), ("password", "another long one"), ("again", again)];
    let wrong = here.fill("/account", "/account/password", &change("guessed", "another long one"));
    assert!(wrong.status == 400 && wrong.has("That is not your password now."));
    assert_eq!(here.fill("/account", "/account/password", &change(PASSWORD, "another")).status, 400);
    assert_eq!(there.get("/account").status, 200);
    let done = here.fill("/account", "/account/password", &change(PASSWORD, "another long one"));
    let page = here.follow(&done);
    assert!(page.status == 200 && page.has("Your password is changed."), "{page:?}");
    assert_eq!(there.get("/account").status, 303);
    assert_eq!(there.log_in("sue", PASSWORD).status, 401);
    assert_eq!(there.log_in("sue", "another long one").status, 303);
    // And everywhere at once.
    assert_eq!(here.fill("/account", "/account/log-out-everywhere", &[]).status, 303);
    assert_eq!((here.get("/account").status, there.get("/account").status), (303, 303));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_blocked_or_has_another_role_is_so_at_once() {
    let house = House::start(Vec::new()).await;
    let (mut sue, mut pia) = (house.user("sue"), house.user("pia"));
    assert!(!sue.get("/account").has("publisher"));
    let local = Actor::local();
    let change = |change: UserChange| house.manage.update_user(&local, "sue", change);
    change(UserChange { roles: Some(vec![Role::Subscriber, Role::Publisher]), ..UserChange::default() }).await.unwrap();
    assert!(sue.get("/account").has("subscriber, publisher"));
    change(UserChange { standing: Some(castile::auth::Standing::Blocked), ..UserChange::default() }).await.unwrap();
    assert_eq!(sue.get("/account").status, 303);
    assert_eq!(sue.log_in("sue", PASSWORD).status, 401);
    house.manage.remove_user(&Actor::local(), "pia").await.unwrap();
    assert_eq!(pia.get("/account").status, 303);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_by_themselves_and_are_bounded() {
    let house = House::with(Vec::new(), |c| {
        c.portal.session_idle = std::time::Duration::from_secs(1);
        c.portal.session_max = std::time::Duration::from_secs(1);
    })
    .await;
    let mut sue = house.user("sue");
    let began = std::time::Instant::now();
    while sue.get("/account").status == 200 {
        assert!(began.elapsed().as_secs() < 20, "a session of a second does not end");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let user = house.store.get::<User>("default", "sid").await.unwrap().unwrap().value;
    let long = castile::manage::Lifetimes { idle: std::time::Duration::from_secs(3600), max: std::time::Duration::from_secs(3600) };
    let mut secrets = Vec::new();
    for _ in 0..castile::manage::MAX_SESSIONS + 1 {
        secrets.push(house.manage.begin_session(&user, long, "r").await.unwrap());
    }
    let actor = Actor::new("default", "sid", vec![]);
    assert_eq!(house.manage.count_sessions(&actor).await.unwrap(), castile::manage::MAX_SESSIONS);
    let last = secrets.last().unwrap();
    assert!(house.manage.session(last, long).await.unwrap().is_some());
    let known = futures_util::future::join_all(secrets.iter().map(|s| house.manage.session(s, long))).await;
    assert_eq!(known.iter().filter(|k| k.as_ref().unwrap().is_none()).count(), 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_up_where_they_may() {
    let open = House::with(Vec::new(), |c| c.portal.sign_up = SignUp::Open).await;
    let fields = |name: &'static str| [("name", name), ("password", PASSWORD), ("again", PASSWORD)];
    let mut new = open.stranger();
    assert!(new.get("/").has("href=\"/sign-up\""));
    assert_eq!(new.fill("/sign-up", "/sign-up", &[("name", "zoe"), ("password", "short"), ("again", "short")]).status, 400);
    assert_eq!(new.fill("/sign-up", "/sign-up", &[("name", "zoe"), ("password", PASSWORD), ("again", "other")]).status, 400);
    assert_eq!(new.fill("/sign-up", "/sign-up", &fields("zoe")).status, 303);
    assert!(new.get("/account").has("<dd>subscriber</dd>"));
    assert!(open.stranger().fill("/sign-up", "/sign-up", &fields("zoe")).has("There is a user &#x60;zoe&#x60; already."));
    open.stop().await;

    let closed = House::with(Vec::new(), |c| c.portal.sign_up = SignUp::Closed).await;
    let mut new = closed.stranger();
    assert!(!new.get("/").has("sign-up"));
    assert_eq!(new.get("/sign-up").status, 404);
    assert_eq!(new.fill("/log-in", "/sign-up", &fields("zoe")).status, 403);
    closed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_an_account_learns_nothing_of_others() {
    let house = House::start(Vec::new()).await;
    let mut new = house.stranger();
    let ask =
        |name: &'static str| [("name", name), ("password", "a password of zoe"), ("again", "a password of zoe"), ("note", "<b>me</b>")];
    let free = new.fill("/sign-up", "/sign-up", &ask("zoe"));
    let taken = new.fill("/sign-up", "/sign-up", &ask("sue"));
    let again = new.fill("/sign-up", "/sign-up", &ask("zoe"));
    assert_eq!(free.status, 200);
    assert_eq!(free.body.replace("zoe", "X"), taken.body.replace("sue", "X"));
    assert_eq!(free.body, again.body);
    assert_eq!(new.log_in("zoe", "a password of zoe").status, 401);
    let ada = Actor::new("default", "ada", vec![Role::Administrator]);
    let waiting = house.manage.account_requests(&ada, &castile::manage::Part::default()).await.unwrap().0;
    assert_eq!(waiting.iter().map(|r| (&*r.name, r.note.as_str())).collect::<Vec<_>>(), [("zoe", "<b>me</b>")]);
    house.manage.decide_account(&ada, "zoe", true).await.unwrap();
    assert_eq!(new.log_in("zoe", "a password of zoe").status, 303);
    // A network does not ask for ever.
    let mut many = house.stranger();
    let status = (0..20).map(|_| many.fill("/sign-up", "/sign-up", &ask("yan")).status).find(|s| *s != 200);
    assert_eq!(status, Some(429));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_on_the_page_of_the_link() {
    let house = House::start(Vec::new()).await;
    house.manage.remove_user(&Actor::local(), "ada").await.unwrap();
    let secret = set_up_link(&*house.store).await.unwrap().unwrap();
    let link = format!("/setup?token={}", secret.reveal());
    let mut first = house.stranger();
    assert_eq!(first.get("/setup?token=setup_x").status, 403);
    let token = first.get(&link).token();
    let fields = |name: &'static str, again: &'static str| {
        [("token", secret.reveal()), ("name", name), ("password", PASSWORD), ("again", again)].map(|(n, v)| (n, v.to_owned()))
    };
    let send = |browser: &mut super::Browser, form: [(&str, String); 4]| {
        let mut all: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        all.push(("form", &token));
        browser.post("/setup", &all)
    };
    assert_eq!(send(&mut first, fields("ada", "other")).status, 400);
    assert_eq!(send(&mut first, fields("a/b", PASSWORD)).status, 400);
    assert_eq!(send(&mut first, fields("ada", PASSWORD)).status, 303);
    assert!(first.get("/account").has("subscriber, publisher, administrator"));
    assert_eq!(send(&mut first, fields("eve", PASSWORD)).status, 403);
    assert_eq!(first.get(&link).status, 403);
    house.stop().await;
}
