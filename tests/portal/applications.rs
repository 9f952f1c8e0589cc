//! Applications, keys, clients and subscriptions, as a developer goes through them; users, as an administrator does.

use castile::auth::{ApiKey, Role, digest};
use castile::catalog::{PublishedApi, State};
use castile::manage::{Actor, Manage, Part};
use castile::store::{Content, Keep, Store, StoredDocument};

use super::{Browser, House, PASSWORD, countries};

/// The sample Countries for those who have a key, in the catalog and in the store.
pub async fn with_countries() -> House {
    let mut api: PublishedApi = countries("countries", State::Published);
    api.definition.access.security = vec!["api_key".into()];
    api.definition.plans = vec!["tryout".into(), "gold".into()];
    let house = House::start(vec![api]).await;
    let text = "version: 1\napi: { name: Countries, state: published }\nsource: { wsdl: wsdl/service.wsdl }\nplans: [tryout, gold]\n";
    let content = Content {
        definition: StoredDocument { name: "api.yaml".into(), text: text.into() },
        lock: None,
        documents: Vec::new(),
        root: 0,
        links: Vec::new(),
        sequences: Vec::new(),
        importer: "0.1.0".to_owned(),
        managed_by_files: true,
    };
    house.store.put_revision("default", "countries", None, content, None).await.unwrap();
    house
}

/// Registers an application; gives the address of its page.
pub fn register(browser: &mut Browser, name: &str) -> String {
    let made = browser.fill("/applications", "/applications", &[("name", name), ("description", "what it is")]);
    assert_eq!(made.status, 303, "{made:?}");
    made.field("location").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_api_to_a_key() {
    let house = with_countries().await;
    let mut sue = house.user("sue");
    assert!(sue.get("/apis/countries").has("href=\"/apis/countries/subscribe\""));
    assert!(sue.get("/apis/countries/subscribe").has("Register one</a> first"));
    let page = register(&mut sue, "demo");
    let id = page.rsplit('/').next().unwrap().to_owned();
    let again = sue.fill("/applications", "/applications", &[("name", "demo"), ("description", "kept")]);
    assert!(again.status == 400 && again.has("already") && again.has(">kept</textarea>"), "{again:?}");
    let choose = sue.get("/apis/countries/subscribe");
    assert!(choose.has("tryout: 20 calls a minute") && choose.has("gold: ") && !choose.has("bronze"), "{}", choose.body);
    let wrong = sue.fill("/apis/countries/subscribe", "/apis/countries/subscribe", &[("application", &id), ("plan", "bronze")]);
    assert!(wrong.status == 400 && wrong.has("is not offered on the plan"), "{wrong:?}");
    let done = sue.fill("/apis/countries/subscribe", "/apis/countries/subscribe", &[("application", &id), ("plan", "tryout")]);
    assert_eq!(done.field("location"), Some(&*page));
    let shown = sue.get(&page);
    assert!(shown.has("<strong>tryout</strong>") && shown.has("20 calls a minute") && !shown.has("Subscribe to</label>"));
    let subscription = shown.between("/subscriptions/", "/plan\"").to_owned();
    assert_eq!(sue.fill(&page, &format!("/subscriptions/{subscription}/plan"), &[("plan", "gold")]).status, 303);
    assert!(sue.get(&page).has("<strong>gold</strong>"));

    let made = sue.fill(&page, &format!("{page}/keys"), &[("days", "30")]);
    assert_eq!(made.status, 201);
    let key = made.between("<code data-copy=\"Key\">", "</code>").to_owned();
    let kept: ApiKey = house.store.page(None, None, 10).await.unwrap().0.remove(0).value;
    assert_eq!(kept.digest, digest(&key));
    let month = kept.expires.unwrap() - kept.created;
    assert!((29 * 86_400..=30 * 86_400).contains(&month), "{month}");
    assert!(!sue.get(&page).has(&key), "a key is shown once");
    assert_eq!(sue.fill(&page, &format!("{page}/keys"), &[("days", "0")]).status, 400);
    let rotated = sue.fill(&page, &format!("/keys/{}/rotate", kept.id), &[("overlap", "hour")]);
    let second = rotated.between("<code data-copy=\"Key\">", "</code>").to_owned();
    assert!(rotated.status == 201 && second != key);
    let keys = house.store.page::<ApiKey>(None, None, 10).await.unwrap().0;
    let old = keys.iter().find(|k| k.value.id == kept.id).unwrap().value.expires.unwrap();
    assert!(old <= kept.created + 3700, "the old key goes on for an hour");
    assert_eq!(sue.fill(&page, &format!("/keys/{}/revoke", kept.id), &[]).status, 303);
    assert_eq!(house.store.page::<ApiKey>(None, None, 10).await.unwrap().0.len(), 1);

    let made = sue.fill(&page, &format!("{page}/clients"), &[("redirect_uris", ""), ("scopes", "a b")]);
    assert!(made.has("data-copy=\"Client secret\">secret_") && made.has("client_credentials"), "{}", made.body);
    let client = made.between("/clients/", "/renew\"").to_owned();
    assert!(sue.fill(&page, &format!("/clients/{client}/renew"), &[]).has("data-copy=\"Client secret\""));
    assert_eq!(sue.fill(&page, &format!("/clients/{client}/remove"), &[]).status, 303);
    assert_eq!(sue.fill(&page, &format!("{page}/clients"), &[("redirect_uris", "http://evil.example/")]).status, 400);
    assert_eq!(sue.fill(&page, &format!("/subscriptions/{subscription}/remove"), &[]).status, 303);
    let renamed = sue.fill(&page, &page, &[("name", "other"), ("description", "")]);
    assert!(sue.follow(&renamed).has("<h1>other</h1>"));
    assert_eq!(sue.fill(&page, &format!("{page}/remove"), &[]).status, 303);
    assert_eq!(sue.get(&page).status, 404);
    house.stop().await;
}

/// Something of an application, of every kind; ids by the names that routes have for them.
pub async fn belongings(manage: &Manage, owner: &str) -> Vec<(&'static str, String)> {
    let actor = Actor::new("default", owner, vec![Role::Subscriber]);
    let new = castile::manage::NewApplication { name: "belongings".into(), ..Default::default() };
    let application = manage.create_application(&actor, new).await.unwrap().id.to_string();
    let key = manage.create_key(&actor, &application, None).await.unwrap().key.id.to_string();
    let client = manage.create_client(&actor, &application, Default::default()).await.unwrap().client.id.to_string();
    let new = castile::manage::NewSubscription { application: application.clone(), api: "countries".into(), plan: "gold".into() };
    let subscription = manage.subscribe(&actor, new).await.unwrap().id.to_string();
    vec![("{application}", application), ("{key}", key), ("{client}", client), ("{subscription}", subscription)]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_decides_on_accounts_and_roles() {
    let house = with_countries().await;
    let mut zoe = house.stranger();
    zoe.fill("/sign-up", "/sign-up", &[("name", "zoe"), ("password", PASSWORD), ("again", PASSWORD), ("note", "from accounts")]);
    let mut ada = house.user("ada");
    let page = ada.get("/admin");
    assert!(page.has("Who asks for an account") && page.has("from accounts"));
    assert_eq!(ada.fill("/admin", "/admin/requests", &[("name", "zoe"), ("decision", "grant")]).status, 303);
    assert_eq!(zoe.log_in("zoe", PASSWORD).status, 303);
    assert_eq!(ada.fill("/admin", "/admin/users/roles", &[("name", "zoe"), ("role", "subscriber"), ("role", "publisher")]).status, 303);
    assert!(zoe.get("/account").has("subscriber, publisher"));
    assert_eq!(ada.fill("/admin", "/admin/users/roles", &[("name", "zoe")]).status, 400);
    assert_eq!(ada.fill("/admin", "/admin/users/standing", &[("name", "zoe"), ("standing", "blocked")]).status, 303);
    assert_eq!(zoe.get("/account").status, 303);
    ada.fill("/admin", "/admin/users/standing", &[("name", "zoe"), ("standing", "active")]);
    let renewed = ada.fill("/admin", "/admin/users/password", &[("name", "zoe")]);
    let password = renewed.between("<code data-copy=\"Password\">", "</code>").to_owned();
    assert_eq!((zoe.log_in("zoe", PASSWORD).status, zoe.log_in("zoe", &password).status), (401, 303));
    let made = ada.fill("/admin", "/admin/users", &[("name", "yan"), ("role", "subscriber")]);
    assert!(made.status == 201 && made.has("data-copy=\"Password\""));
    assert_eq!(ada.fill("/admin", "/admin/users/remove", &[("name", "yan")]).status, 303);
    let log = ada.get("/admin/audit");
    for told in ["granted the account zoe", "removed the user yan", "zoe logged in", "with a new password"] {
        assert!(log.has(told), "{told}");
    }
    assert!(ada.get("/admin/plans").has("20 calls a minute") && ada.get("/admin/instances").status == 200);
    let waiting = house.manage.account_requests(&Actor::local(), &Part::default()).await.unwrap().0;
    assert!(waiting.is_empty());
    house.stop().await;
}
