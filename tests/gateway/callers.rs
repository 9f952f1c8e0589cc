//! Who may call and how often, as a caller sees it; what the SOAP service learns of callers, and what it never does.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use castile::auth::jwt::{self, Algorithm, Audience, Claims, Expected, NumericDate};
use castile::auth::{
    ApiKey, Application, Change, Directory, Kind, NewSecret, OAuthClient, Standing, Subscription, Tenant, TokenKind, User, new_secret,
};
use castile::catalog::Callers;
use castile::config::Config;
use castile::throttle::Plan;
use serde_json::{Value, json};

use super::bench_of::{Answer, Server, Upstream, country, get_country};

const CALL: &str = r#"{"code":"LK"}"#;
const TYPE: &str = "text/xml; charset=utf-8";

/// A gateway with callers: `demo` and `other` are subscribed to countries, `stranger` to nothing.
struct House {
    server: Server,
    upstream: Upstream,
    callers: Callers,
    keys: [NewSecret; 3],
}

const NAMES: [&str; 3] = ["demo", "other", "stranger"];

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
}

fn application(name: &str) -> Application {
    Application {
        tenant: "default".into(),
        id: format!("id-of-{name}").into(),
        name: name.into(),
        owner: "ann".into(),
        plan: None,
        description: String::new(),
        certificates: Vec::new(),
        certificate_ends: std::collections::BTreeMap::new(),
        standing: Standing::Active,
        created: now(),
    }
}

fn subscription(name: &str, plan: &str) -> Subscription {
    Subscription {
        tenant: "default".into(),
        id: format!("subscription-of-{name}").into(),
        application: format!("id-of-{name}").into(),
        api: "countries".into(),
        plan: plan.into(),
        standing: Standing::Active,
        created: now(),
    }
}

fn tenant(calls_per_second: Option<u32>) -> Tenant {
    Tenant {
        name: "default".into(),
        display_name: String::new(),
        calls_per_second,
        public_url: None,
        standing: Standing::Active,
        created: now(),
    }
}

impl House {
    async fn of(yaml: &str) -> Self {
        let upstream = Upstream::answering("200 OK", TYPE, country().as_bytes()).await;
        let server = Server::with(upstream.address, yaml, Config::default()).await;
        let keys = std::array::from_fn(|_| new_secret("key").unwrap());
        let mut callers = Callers::nobody().unwrap();
        let mut changes = Vec::new();
        for (name, key) in NAMES.into_iter().zip(&keys) {
            changes.push(Change::Application(application(name)));
            changes.push(Change::ApiKey(ApiKey {
                tenant: "default".into(),
                id: format!("key-of-{name}").into(),
                application: format!("id-of-{name}").into(),
                digest: key.digest,
                shown: key.shown.clone(),
                expires: None,
                created: now(),
            }));
        }
        changes.extend([Change::Subscription(subscription("demo", "tryout")), Change::Subscription(subscription("other", "tryout"))]);
        callers.directory = Directory::default().with(changes);
        let mut house = Self { server, upstream, callers, keys };
        house.admit();
        house
    }

    fn admit(&mut self) {
        self.server.catalog.admit(&Arc::new(self.callers.clone()));
    }

    fn change(&mut self, change: Change) {
        self.callers.directory = self.callers.directory.with([change]);
        self.admit();
    }

    async fn call(&self, fields: &str) -> Answer {
        self.server.ask(&format!("POST /countries/1/GetCountry\nContent-Type: application/json\n{fields}"), CALL).await
    }

    async fn call_by(&self, who: usize) -> Answer {
        self.call(&format!("apikey: {}", self.keys[who].plain.reveal())).await
    }

    async fn raw_by(&self, who: usize) -> Answer {
        let head = format!("POST /countries/1\nContent-Type: text/xml\napikey: {}", self.keys[who].plain.reveal());
        self.server.ask(&head, get_country()).await
    }

    /// The claims of the token that the last call brought to the service, its signature checked.
    fn told(&self) -> Claims {
        let got = self.upstream.got();
        let raw = &got.last().unwrap().raw_head;
        let token = raw.lines().find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case("x-jwt-assertion"))).unwrap().1;
        let keys = &self.callers.signing.as_ref().unwrap().keys;
        let issuer = format!("http://{}", self.server.address);
        let expected = Expected {
            issuer: &issuer,
            audiences: &["/countries/1"],
            types: &["JWT"],
            untyped: false,
            algorithms: &[Algorithm::ES256],
            now: now(),
        };
        jwt::verify(token, keys, &expected).unwrap()
    }
}

fn problem(answer: &Answer) -> (u16, String, String) {
    let json = answer.json();
    (answer.status, json["code"].as_str().unwrap().to_owned(), json["detail"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_application_is_subscribed_to() {
    let mut house = House::of("security: [api_key]").await;
    let missing = house.call("").await;
    assert_eq!(problem(&missing), (401, "900902".into(), "This resource asks for credentials: api_key.".into()));
    assert_eq!(missing.field("www-authenticate"), Some("apikey realm=\"castile\", in=\"header\", name=\"apikey\""));
    let invalid = house.call("apikey: key_wrong").await;
    assert_eq!(problem(&invalid), (401, "900901".into(), "The credentials are not valid.".into()));
    assert_eq!(house.call_by(0).await.json()["GetCountryResult"]["name"], "Sri Lanka");
    assert_eq!(problem(&house.call_by(2).await), (403, "900908".into(), "The application is not subscribed to this API.".into()));
    assert_eq!(house.raw_by(0).await.status, 200);
    let stranger = house.raw_by(2).await;
    assert!(stranger.status == 403 && stranger.text().contains("900908") && stranger.text().contains("Fault"), "{}", stranger.text());
    // Documents are public unless the API says otherwise.
    assert_eq!(house.server.ask("GET /countries/1?wsdl", "").await.status, 200);
    let before = house.upstream.got().len();
    house.change(Change::Removed { kind: Kind::ApiKey, tenant: "default".into(), id: "key-of-demo".into() });
    assert_eq!(problem(&house.call_by(0).await).1, "900901");
    let mut blocked = subscription("other", "tryout");
    blocked.standing = Standing::Blocked;
    house.change(Change::Subscription(blocked));
    assert_eq!(problem(&house.call_by(1).await), (403, "900909".into(), "The subscription is blocked.".into()));
    assert_eq!(house.upstream.got().len(), before, "a call that may not happen reached the service");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_apis_for_subscribers_are_theirs() {
    let house = House::of("security: [api_key]\nvisibility: subscribers").await;
    for path in ["/countries/1?wsdl", "/countries/1/openapi.json", "/countries/1"] {
        assert_eq!(house.server.ask(&format!("GET {path}"), "").await.status, 401, "{path}");
        let with = |who: usize| format!("GET {path}\napikey: {}", house.keys[who].plain.reveal());
        assert_eq!(house.server.ask(&with(0), "").await.status, 200, "{path}");
        assert_eq!(house.server.ask(&with(2), "").await.status, 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_calls_a_minute_are_twenty() {
    let mut house = House::of("security: [api_key]\nplans: [tryout]").await;
    for left in (0..20).rev() {
        let answer = house.call_by(0).await;
        assert_eq!(answer.status, 200);
        let standing = answer.field("ratelimit").unwrap().to_owned();
        assert!(standing.starts_with(&format!("\"subscription\";r={left};t=")), "{standing}");
        assert_eq!(answer.field("ratelimit-policy"), Some("\"subscription\";q=20;w=60"));
    }
    let refused = house.call_by(0).await;
    let (status, code, detail) = problem(&refused);
    assert_eq!((status, code.as_str()), (429, "900804"));
    let seconds: u64 = refused.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(detail, format!("You have exceeded your quota. Plan tryout allows 20 calls a minute; try again in {seconds} s."));
    assert_eq!((refused.json()["scope"].clone(), refused.json()["retry_after"].clone()), (json!("subscription"), json!(seconds)));
    assert_eq!(refused.field("ratelimit").unwrap().split(';').nth(1), Some("r=0"));
    // Another application is not affected, and raw SOAP counts with REST.
    assert_eq!(house.call_by(1).await.status, 200);
    let raw = house.raw_by(0).await;
    assert!(raw.status == 429 && raw.text().contains("900804"), "{}", raw.text());
    assert_eq!(house.upstream.got().len(), 21);
    // Another plan is in force at once.
    house.change(Change::Subscription(subscription("demo", "bronze")));
    assert_eq!(house.call_by(0).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organisation_has_its_own_sentence() {
    let mut house = House::of("security: [api_key]").await;
    house.change(Change::Tenant(tenant(Some(2))));
    let mut last = house.call_by(0).await;
    for _ in 0..20 {
        last = house.call_by(1).await;
        if last.status == 429 {
            break;
        }
    }
    let sentence = "Your request was blocked due to exceeding the allocated quota. Please contact the API Store owner to resolve this.";
    assert_eq!(problem(&last), (429, "900850".into(), sentence.into()));
    assert_eq!(last.field("retry-after"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_api_resource_address_application_and_burst_have_their_codes() {
    let table = [
        ("limits: { api: 1 per hour }", "900800", "api"),
        ("limits: { per_address: 1 per hour }", "900800", "address"),
        ("resources:\n  - post: /GetCountry\n    operation: GetCountry\n    limit: 1 per hour", "900802", "resource"),
    ];
    for (yaml, code, scope) in table {
        let house = House::of(&format!("security: [api_key]\n{yaml}")).await;
        assert_eq!(house.call_by(0).await.status, 200, "{yaml}");
        let refused = house.call_by(1).await;
        assert_eq!((refused.status, &refused.json()["code"], &refused.json()["scope"]), (429, &json!(code), &json!(scope)), "{yaml}");
    }
    let mut house = House::of("security: [api_key]").await;
    let hourly = |burst: Option<&str>, quota: Option<&str>| Plan {
        tenant: "default".into(),
        name: "small".into(),
        display_name: String::new(),
        quota: quota.map(|q| q.parse().unwrap()),
        burst: burst.map(|b| b.parse().unwrap()),
    };
    let mut demo = application("demo");
    demo.plan = Some("small".into());
    house.callers.plans = house.callers.plans.clone().with([hourly(None, Some("1 per hour"))]);
    house.change(Change::Application(demo));
    assert_eq!(house.call_by(0).await.status, 200);
    assert_eq!(problem(&house.call_by(0).await).1, "900803");
    house.callers.plans = house.callers.plans.clone().with([hourly(Some("1 per hour"), None)]);
    house.change(Change::Subscription(subscription("other", "small")));
    assert_eq!(house.call_by(1).await.status, 200);
    let burst = house.call_by(1).await;
    assert_eq!((burst.status, &burst.json()["code"]), (429, &json!("900807")));
    assert!(burst.json()["detail"].as_str().unwrap().starts_with("You have exceeded your burst limit."));
}

#[tokio::test(flavor = "multi_thread")]
async fn open_apis_with_a_plan_count_by_address() {
    let house = House::of("plans: [tryout]").await;
    for _ in 0..20 {
        assert_eq!(house.call("").await.status, 200);
    }
    assert_eq!(problem(&house.call("").await).1, "900804");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_resource_asks_is_asked_of_raw_calls_too() {
    let house = House::of(
        "resources:\n  - post: /GetCountry\n    operation: GetCountry\n    security: [api_key]\n    limit: 2 per hour\n  - post: /ListCountries\n    \
         operation: ListCountries",
    )
    .await;
    let open = house.server.ask("POST /countries/1\nContent-Type: text/xml", get_country()).await;
    assert!(open.status == 401 && open.text().contains("900902"), "{} {}", open.status, open.text());
    assert_eq!(house.raw_by(0).await.status, 200);
    assert_eq!(house.call_by(0).await.status, 200);
    let mut statuses = vec![house.raw_by(0).await.status, house.raw_by(0).await.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429], "raw calls have a counter of their own, with the same limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_told_who_calls_and_nothing_of_how_it_was_said() {
    let house = House::of("security: [api_key]").await;
    let fields = format!(
        "apikey: {}\nAuthorization: Bearer secret-of-the-caller\nX-Authorization: Basic c2VjcmV0\nCookie: a=secret\nX-JWT-Assertion: forged",
        house.keys[0].plain.reveal()
    );
    assert_eq!(house.call(&fields).await.status, 200);
    let claims = house.told();
    assert_eq!(claims.sub.as_deref(), Some("id-of-demo"));
    assert_eq!(claims.exp.unwrap().0 - claims.nbf.unwrap().0, 300);
    let said = |name: &str| claims.text(name).map(str::to_owned);
    assert_eq!(said("application").as_deref(), Some("demo"));
    assert_eq!((said("subscriber").as_deref(), said("plan").as_deref()), (Some("ann"), Some("tryout")));
    assert_eq!((said("api_context").as_deref(), said("token_type").as_deref()), (Some("/countries/1"), Some("application")));
    let head = house.upstream.got().last().unwrap().head.clone();
    for never in ["secret", "c2vjcmv0", "apikey", "authorization", "cookie", "forged"] {
        assert!(!head.contains(never), "{never}: {head}");
    }
    // The same token serves the next call; another application has another one.
    let jti = claims.jti;
    house.call_by(0).await;
    assert_eq!(house.told().jti, jti);
    house.call_by(1).await;
    assert_ne!(house.told().jti, jti);
    house.raw_by(1).await;
    assert_eq!(house.told().text("application"), Some("other"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_claims_can_have_wso2s_names_or_stay_away() {
    let house = House::of("security: [api_key]\nclaims: wso2").await;
    house.call_by(0).await;
    let claims = house.told();
    assert_eq!(claims.text("http://wso2.org/claims/applicationname"), Some("demo"));
    assert_eq!(claims.text("http://wso2.org/claims/usertype"), Some("APPLICATION"));
    assert_eq!(claims.text("http://wso2.org/claims/tier"), Some("tryout"));
    let house = House::of("security: [api_key]\nbackend_jwt: false").await;
    house.call_by(0).await;
    assert!(!house.upstream.got()[0].head.contains("x-jwt-assertion"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_own_authorization_for_the_service_is_swapped() {
    let house = House::of("security: [api_key]\nbackend_authorization: X-Authorization").await;
    let key = house.keys[0].plain.reveal().to_owned();
    let fields = format!("apikey: {key}\nAuthorization: Bearer of-the-gateway\nX-Authorization: Basic Zm9yOnVw");
    assert_eq!(house.call(&fields).await.status, 200);
    let raw = house.upstream.got()[0].raw_head.clone();
    assert!(raw.lines().any(|l| l.eq_ignore_ascii_case("authorization: Basic Zm9yOnVw")), "{raw}");
    assert!(!raw.contains("of-the-gateway") && !raw.to_lowercase().contains("x-authorization"), "{raw}");
    let twice = house.call(&format!("{fields}\nX-Authorization: Basic b3RoZXI=")).await;
    assert_eq!(twice.status, 400);
}

/// A token as the gateway's own token endpoint would make it.
fn token(house: &House, change: impl FnOnce(&mut Claims)) -> String {
    let issuer = format!("http://{}", house.server.address);
    let mut claims = Claims {
        iss: Some(issuer.clone()),
        aud: Some(Audience(vec![issuer])),
        sub: Some("client-of-demo".into()),
        exp: Some(NumericDate(now() + 60)),
        jti: Some("j".into()),
        ..Claims::default()
    };
    claims.other = [
        ("client_id".to_owned(), json!("client-of-demo")),
        ("aut".to_owned(), json!("application")),
        ("scope".to_owned(), json!("countries:read")),
    ]
    .into();
    change(&mut claims);
    house.callers.signing.as_ref().unwrap().now().unwrap().key.sign(jwt::ACCESS_TOKEN, &claims).unwrap()
}

fn add_client(house: &mut House) {
    let client = OAuthClient {
        tenant: "default".into(),
        id: "client-of-demo".into(),
        application: "id-of-demo".into(),
        secret: None,
        redirect_uris: Vec::new(),
        grants: Vec::new(),
        scopes: Vec::new(),
        created: now(),
    };
    let ann = User {
        tenant: "default".into(),
        name: "ann".into(),
        password: None,
        roles: Vec::new(),
        standing: Standing::Active,
        tokens_since: 0,
        created: 0,
    };
    house.change(Change::OAuthClient(client));
    house.change(Change::User(ann));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_applications_and_of_their_users() {
    let mut house = House::of(
        "security: [oauth2]\nresources:\n  - post: /GetCountry\n    operation: GetCountry\n    scope: [countries:read, countries:all]\n  - post: \
         /ListCountries\n    operation: ListCountries\n    token: application_user\n    scope: countries:list",
    )
    .await;
    add_client(&mut house);
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    assert_eq!(house.call(&bearer(&token(&house, |_| {}))).await.status, 200);
    assert_eq!(house.told().text("token_type"), Some("application"));
    let no_scope = house.call(&bearer(&token(&house, |c| _ = c.other.remove("scope")))).await;
    assert_eq!(problem(&no_scope).1, "900910");
    let list = async |token: String| {
        house.server.ask(&format!("POST /countries/1/ListCountries\nContent-Type: application/json\n{}", bearer(&token)), "{}").await
    };
    let wrong_kind = list(token(&house, |_| {})).await;
    assert_eq!((wrong_kind.status, &wrong_kind.json()["code"]), (401, &json!("900905")));
    let of_ann = |c: &mut Claims| {
        c.sub = Some("ann".into());
        c.other.insert("aut".into(), json!(TokenKind::ApplicationUser.word()));
    };
    assert_eq!(list(token(&house, of_ann)).await.json()["code"], "900910", "known, and without the scope");
    assert_eq!(house.call(&bearer(&token(&house, of_ann))).await.status, 200);
    let claims = house.told();
    assert_eq!((claims.sub.as_deref(), claims.text("end_user")), (Some("ann"), Some("ann")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_token_that_is_not_good_is_answered_alike() {
    let mut house = House::of("security: [oauth2]").await;
    add_client(&mut house);
    let other = castile::auth::jwt::SigningKey::generate().unwrap();
    let good = token(&house, |_| {});
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = good.split('.').nth(1).unwrap();
    let bad = [
        token(&house, |c| c.iss = Some("https://other.example".into())),
        token(&house, |c| c.aud = Some(Audience(vec!["https://other.example".into()]))),
        token(&house, |c| c.exp = Some(NumericDate(now() - 31))),
        token(&house, |c| c.exp = None),
        token(&house, |c| c.nbf = Some(NumericDate(now() + 60))),
        token(&house, |c| c.jti = None),
        house.callers.signing.as_ref().unwrap().now().unwrap().key.sign("JWT", &Claims::default()).unwrap(),
        format!("{}.{claims}.", encode(&json!({"alg": "none", "typ": "at+jwt"}))),
        format!("{}.{claims}.AAAA", encode(&json!({"alg": "HS256", "typ": "at+jwt"}))),
        format!("{unsigned}.AAAA"),
        "x".repeat(9000),
        "not-a-token".to_owned(),
        {
            let mut written = Claims { iss: Some(format!("http://{}", house.server.address)), ..Claims::default() };
            written.exp = Some(NumericDate(now() + 60));
            other.sign(jwt::ACCESS_TOKEN, &written).unwrap()
        },
    ];
    let mut answers = Vec::new();
    for token in bad {
        let answer = house.call(&format!("Authorization: Bearer {token}")).await;
        let mut json = answer.json();
        json.as_object_mut().unwrap().remove("request_id");
        answers.push((answer.status, answer.field("www-authenticate").map(str::to_owned), json));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!((answers[0].0, answers[0].1.as_deref()), (401, Some("bearer realm=\"castile\", error=\"invalid_token\"")));
    assert!(house.upstream.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn prototypes_are_callable_by_everybody() {
    let upstream = Upstream::answering("200 OK", TYPE, country().as_bytes()).await;
    let folder = super::bench_of::countries(upstream.address, "security: [api_key]");
    let file = folder.path().join("countries/api.yaml");
    let text = std::fs::read_to_string(&file).unwrap().replace("{ name: countries }", "{ name: countries, state: prototype }");
    std::fs::write(&file, text).unwrap();
    let server = Server::of(folder, Config::default()).await;
    assert_eq!(server.post("/countries/1/GetCountry", CALL).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_is_its_callers_alone() {
    let yaml = "security: [api_key]\ncache: 60s\nresources:\n  - get: /countries/{code}\n    operation: GetCountry";
    let mut house = House::of(yaml).await;
    let get = |house: &House, who: usize| format!("GET /countries/1/countries/LK\napikey: {}", house.keys[who].plain.reveal());
    for (who, kept, asked) in [(0, false, 1), (0, true, 1), (1, false, 2), (1, true, 2), (0, true, 2)] {
        let answer = house.server.ask(&get(&house, who), "").await;
        assert_eq!((answer.status, answer.field("age").is_some()), (200, kept), "{who}");
        assert_eq!(house.upstream.got().len(), asked);
    }
    assert_eq!(house.server.ask(&get(&house, 2), "").await.status, 403, "whoever may not call gets nothing kept");
    assert_eq!(house.server.ask("GET /countries/1/countries/LK", "").await.status, 401);
    // Another plan is another class.
    house.change(Change::Subscription(subscription("demo", "gold")));
    assert_eq!(house.server.ask(&get(&house, 0), "").await.field("age"), None);
}
