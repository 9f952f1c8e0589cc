//! Who may call: a table of credentials against a directory with two tenants.

use std::sync::Arc;

use serde_json::json;

use super::jwt::{Audience, Claims, KeySet, NumericDate, SigningKey};
use super::*;
use crate::net::secret::Secret;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://gateway.example";
const OUTSIDE: &str = "https://idp.example";

struct World {
    directory: Directory,
    own: SigningKey,
    outside: SigningKey,
    key: NewSecret,
    foreign: NewSecret,
    ended: NewSecret,
    pairs: VerifiedPairs,
}

fn application(tenant: &str, id: &str) -> Application {
    Application {
        tenant: tenant.into(),
        id: id.into(),
        name: id.into(),
        owner: "ann".into(),
        plan: None,
        description: String::new(),
        certificates: Vec::new(),
        certificate_ends: std::collections::BTreeMap::new(),
        standing: Standing::Active,
        created: NOW,
    }
}

fn api_key(tenant: &str, application: &str, secret: &NewSecret, expires: Option<i64>) -> ApiKey {
    ApiKey {
        tenant: tenant.into(),
        id: secret.shown.as_str().into(),
        application: application.into(),
        digest: secret.digest,
        shown: secret.shown.clone(),
        expires,
        created: NOW,
    }
}

fn user(name: &str, password: Option<String>) -> User {
    User {
        tenant: "default".into(),
        name: name.into(),
        password,
        roles: Vec::new(),
        standing: Standing::Active,
        tokens_since: 0,
        created: NOW,
    }
}

fn subscription(tenant: &str, application: &str, api: &str) -> Subscription {
    Subscription {
        tenant: tenant.into(),
        id: format!("{application}-{api}").into(),
        application: application.into(),
        api: api.into(),
        plan: "tryout".into(),
        standing: Standing::Active,
        created: NOW,
    }
}

impl World {
    fn new() -> Self {
        let (key, foreign, ended) = (new_secret("key").unwrap(), new_secret("key").unwrap(), new_secret("key").unwrap());
        let mut certified = application("default", "certified");
        certified.certificates = vec![digest("certificate")];
        let client = OAuthClient {
            tenant: "default".into(),
            id: "client".into(),
            application: "app".into(),
            secret: None,
            redirect_uris: Vec::new(),
            grants: Vec::new(),
            scopes: Vec::new(),
            created: NOW,
        };
        let issuer = Issuer {
            tenant: "default".into(),
            name: "idp".into(),
            iss: OUTSIDE.into(),
            jwks_uri: None,
            audiences: vec!["castile".into()],
            algorithms: vec!["ES256".into()],
            token_type: None,
            client_claim: None,
            scope_claim: Some("scp".into()),
            applications: [("web".to_owned(), Arc::from("app"))].into(),
        };
        let directory = Directory::default().with([
            Change::Application(application("default", "app")),
            Change::Application(certified),
            Change::Application(application("other", "app2")),
            Change::ApiKey(api_key("default", "app", &key, None)),
            Change::ApiKey(api_key("default", "app", &ended, Some(NOW))),
            Change::ApiKey(api_key("other", "app2", &foreign, None)),
            Change::OAuthClient(client),
            Change::User(user("ann", None)),
            Change::Issuer(issuer),
            Change::Subscription(subscription("default", "app", "geo")),
        ]);
        let (own, outside) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        Self { directory, own, outside, key, foreign, ended, pairs: VerifiedPairs::new().unwrap() }
    }

    fn changed(mut self, change: Change) -> Self {
        self.directory = self.directory.with([change]);
        self
    }

    fn step(&self, schemes: &[Scheme], kind: Option<TokenKind>, presented: &Presented) -> Result<Step, Refusal> {
        let keys = self.own.key_set().unwrap();
        let outside: Arc<KeySet> = Arc::new(self.outside.key_set().unwrap());
        let context = Context {
            directory: &self.directory,
            issuer: ISSUER,
            keys: &keys,
            outside: &|_| Some(outside.clone()),
            pairs: &self.pairs,
            now: NOW,
        };
        authenticate(&Ask { tenant: "default", schemes, kind }, presented, &context)
    }

    fn ask(&self, schemes: &[Scheme], presented: &Presented) -> Result<Principal, Refusal> {
        match self.step(schemes, None, presented)? {
            Step::Done(principal) => Ok(principal),
            step => panic!("{step:?}"),
        }
    }

    fn own_token(&self, change: impl FnOnce(&mut Claims)) -> Presented {
        let mut claims = Claims {
            iss: Some(ISSUER.into()),
            aud: Some(Audience(vec![ISSUER.into()])),
            sub: Some("client".into()),
            exp: Some(NumericDate(NOW + 3600)),
            jti: Some("j1".into()),
            ..Claims::default()
        };
        claims.other =
            [("client_id".into(), json!("client")), ("aut".into(), json!("application")), ("scope".into(), json!("b a b"))].into();
        change(&mut claims);
        bearer(&self.own.sign(jwt::ACCESS_TOKEN, &claims).unwrap())
    }

    fn outside_token(&self, change: impl FnOnce(&mut Claims)) -> Presented {
        let mut claims = Claims {
            iss: Some(OUTSIDE.into()),
            aud: Some(Audience(vec!["castile".into()])),
            sub: Some("bob".into()),
            exp: Some(NumericDate(NOW + 3600)),
            ..Claims::default()
        };
        claims.other = [("azp".into(), json!("web")), ("scp".into(), json!(["x"]))].into();
        change(&mut claims);
        bearer(&self.outside.sign("JWT", &claims).unwrap())
    }
}

fn bearer(token: &str) -> Presented {
    Presented { authorization: Some(Authorization::Bearer(Secret::new(token))), ..Presented::default() }
}

fn key(secret: &NewSecret) -> Presented {
    Presented { api_key: Some(secret.plain.clone()), ..Presented::default() }
}

fn is_invalid(outcome: &Result<Principal, Refusal>) -> bool {
    matches!(outcome, Err(Refusal::Invalid(_)))
}

#[test]
fn open_apis_are_open() {
    let world = World::new();
    assert_eq!(world.ask(&[Scheme::None], &key(&world.foreign)), Ok(Principal::anonymous()));
    assert_eq!(world.ask(&[Scheme::ApiKey], &Presented::default()), Err(Refusal::Missing));
}

#[test]
fn keys() {
    let world = World::new();
    let principal = world.ask(&[Scheme::OAuth2, Scheme::ApiKey], &key(&world.key)).unwrap();
    assert_eq!((&*principal.application.unwrap().id, principal.scheme), ("app", Scheme::ApiKey));
    assert!(is_invalid(&world.ask(&[Scheme::ApiKey], &key(&world.foreign))), "a key of another tenant");
    assert!(is_invalid(&world.ask(&[Scheme::ApiKey], &key(&world.ended))));
    assert!(is_invalid(&world.ask(&[Scheme::ApiKey], &key(&new_secret("key").unwrap()))));
    // Not asked for: as if it were not there.
    assert_eq!(world.ask(&[Scheme::OAuth2], &key(&world.key)), Err(Refusal::Missing));
    let mut blocked = application("default", "app");
    blocked.standing = Standing::Blocked;
    let world = world.changed(Change::Application(blocked));
    assert_eq!(world.ask(&[Scheme::ApiKey], &key(&world.key)), Err(Refusal::Blocked("the application")));
    let id = world.key.shown.as_str().into();
    let world = world.changed(Change::Removed { kind: Kind::ApiKey, tenant: "default".into(), id });
    assert!(is_invalid(&world.ask(&[Scheme::ApiKey], &key(&world.key))));
}

#[test]
fn a_bad_credential_is_not_passed_over_for_a_good_one() {
    let world = World::new();
    let mut both = bearer("bad");
    both.api_key = Some(world.key.plain.clone());
    assert!(world.ask(&[Scheme::ApiKey, Scheme::OAuth2], &both).is_ok(), "the key is looked at first");
    both.api_key = Some(Secret::new("bad"));
    both.authorization = world.own_token(|_| {}).authorization;
    assert!(is_invalid(&world.ask(&[Scheme::ApiKey, Scheme::OAuth2], &both)));
}

#[test]
fn own_tokens() {
    let world = World::new();
    let principal = world.ask(&[Scheme::OAuth2], &world.own_token(|_| {})).unwrap();
    assert_eq!(principal.scopes, ["a".into(), "b".into()] as [Arc<str>; 2]);
    assert_eq!((principal.kind, principal.user), (TokenKind::Application, None));
    let of_ann = world.own_token(|c| {
        c.sub = Some("ann".into());
        c.other.insert("aut".into(), json!("application_user"));
    });
    let principal = world.ask(&[Scheme::OAuth2], &of_ann).unwrap();
    assert_eq!((principal.kind, principal.user.as_deref()), (TokenKind::ApplicationUser, Some("ann")));
    let wrong_kind = world.step(&[Scheme::OAuth2], Some(TokenKind::Application), &of_ann).unwrap_err();
    assert_eq!(wrong_kind, Refusal::WrongKind(TokenKind::Application));
    let changes: [&dyn Fn(&mut Claims); 5] = [
        &|c| c.jti = None,
        &|c| _ = c.other.remove("aut"),
        &|c| _ = c.other.insert("client_id".into(), json!("gone")),
        &|c| c.aud = Some(Audience(vec!["castile".into()])),
        &|c| {
            c.sub = Some("nobody".into());
            c.other.insert("aut".into(), json!("application_user"));
        },
    ];
    for (i, change) in changes.into_iter().enumerate() {
        assert!(is_invalid(&world.ask(&[Scheme::OAuth2], &world.own_token(change))), "{i}");
    }
    assert!(is_invalid(&world.ask(&[Scheme::Jwt], &world.own_token(|_| {}))), "only outside issuers are asked for");
    let ended = |jti: &str, expires: i64| RevokedToken { tenant: "default".into(), jti: jti.into(), expires };
    let world = world.changed(Change::RevokedToken(ended("old", NOW - 3600)));
    let kept = world.directory.clone().without_ended(NOW);
    assert!(world.directory.tenant("default").unwrap().is_revoked("old") && !kept.tenant("default").unwrap().is_revoked("old"));
    let revoked = ended("j1", NOW + 3600);
    let mut world = world.changed(Change::RevokedToken(revoked));
    world.directory = world.directory.without_ended(NOW);
    assert!(is_invalid(&world.ask(&[Scheme::OAuth2], &world.own_token(|_| {}))));
}

#[test]
fn tokens_of_outside_issuers() {
    let world = World::new();
    let principal = world.ask(&[Scheme::Jwt], &world.outside_token(|_| {})).unwrap();
    assert_eq!(principal.application.as_ref().map(|a| &*a.id), Some("app"));
    assert_eq!((principal.user.as_deref(), principal.has_scope("x")), (Some("bob"), true));
    let unknown = world.outside_token(|c| _ = c.other.insert("azp".into(), json!("stranger")));
    let stranger = world.ask(&[Scheme::Jwt], &unknown).unwrap();
    assert_eq!(super::subscription(&stranger, "default", "geo", &world.directory), Err(Refusal::NotSubscribed));
    assert!(is_invalid(&world.ask(&[Scheme::OAuth2], &world.outside_token(|_| {}))), "only own tokens are asked for");
    assert!(is_invalid(&world.ask(&[Scheme::Jwt], &world.outside_token(|c| c.iss = Some("https://evil.example".into())))));
    // Signed by Castile's own key under the outside issuer's name: the keys are looked up under the issuer only.
    let mut claims = Claims { iss: Some(OUTSIDE.into()), sub: Some("bob".into()), exp: Some(NumericDate(NOW + 60)), ..Claims::default() };
    claims.aud = Some(Audience(vec!["castile".into()]));
    let step = world.step(&[Scheme::Jwt], None, &bearer(&world.own.sign("JWT", &claims).unwrap())).unwrap();
    assert!(matches!(step, Step::Keys(issuer) if &*issuer.iss == OUTSIDE), "perhaps a new key of that issuer: nobody else's");
}

#[test]
fn keys_of_an_issuer_are_asked_for_when_they_are_not_at_hand() {
    let world = World::new();
    let keys = world.own.key_set().unwrap();
    let (directory, pairs) = (&world.directory, &world.pairs);
    let context = Context { directory, issuer: ISSUER, keys: &keys, outside: &|_| None, pairs, now: NOW };
    let ask = Ask { tenant: "default", schemes: &[Scheme::Jwt], kind: None };
    let step = authenticate(&ask, &world.outside_token(|_| {}), &context).unwrap();
    assert!(matches!(step, Step::Keys(issuer) if &*issuer.name == "idp"));
}

#[test]
fn client_certificates() {
    let world = World::new();
    let with = |certificate: &str| Presented { certificate: Some(Certificate::Verified(digest(certificate))), ..Presented::default() };
    let principal = world.ask(&[Scheme::MutualTls], &with("certificate")).unwrap();
    assert_eq!(principal.application.as_ref().map(|a| &*a.id), Some("certified"));
    assert!(is_invalid(&world.ask(&[Scheme::MutualTls], &with("another"))));
    let refused = Presented { certificate: Some(Certificate::Refused), ..Presented::default() };
    assert!(is_invalid(&world.ask(&[Scheme::MutualTls], &refused)));
    assert_eq!(world.ask(&[Scheme::ApiKey], &refused), Err(Refusal::Missing));
    let gone = Change::Removed { kind: Kind::Application, tenant: "default".into(), id: "certified".into() };
    assert!(is_invalid(&world.changed(gone).ask(&[Scheme::MutualTls], &with("certificate"))));
}

#[tokio::test]
async fn names_and_passwords() {
    let stored = password::hash(&Secret::new("p")).await.unwrap();
    let world = World::new().changed(Change::User(user("ann", Some(stored))));
    let basic = |user: &str, password: &str| Presented {
        authorization: Some(Authorization::Basic { user: user.to_owned(), password: Secret::new(password) }),
        ..Presented::default()
    };
    for (name, password, good) in [("ann", "q", false), ("nobody", "p", false), ("ann", "p", true)] {
        let Step::Password(check) = world.step(&[Scheme::Basic], None, &basic(name, password)).unwrap() else { panic!("{name}") };
        let right = password::verify(&check.password, check.stored.as_deref()).await;
        assert_eq!(check.finish(right, &world.pairs, NOW).is_ok(), good, "{name} {password}");
    }
    // Once right, it is known for a while.
    let principal = world.ask(&[Scheme::Basic], &basic("ann", "p")).unwrap();
    assert_eq!((principal.user.as_deref(), principal.kind), (Some("ann"), TokenKind::ApplicationUser));
    assert!(matches!(world.step(&[Scheme::Basic], None, &basic("ann", "q")).unwrap(), Step::Password(_)));
    assert_eq!(super::subscription(&principal, "default", "geo", &world.directory), Ok(None));
}

#[test]
fn subscriptions_and_scopes() {
    let world = World::new();
    let principal = world.ask(&[Scheme::ApiKey], &key(&world.key)).unwrap();
    let found = |world: &World, api: &str| super::subscription(&principal, "default", api, &world.directory);
    assert_eq!(found(&world, "geo").unwrap().unwrap().plan.as_ref(), "tryout");
    assert_eq!(found(&world, "tax"), Err(Refusal::NotSubscribed));
    let mut blocked = subscription("default", "app", "geo");
    blocked.standing = Standing::Blocked;
    let world = world.changed(Change::Subscription(blocked));
    assert_eq!(found(&world, "geo"), Err(Refusal::Blocked("the subscription")));
    let gone = Change::Removed { kind: Kind::Subscription, tenant: "default".into(), id: "app-geo".into() };
    assert_eq!(found(&world.changed(gone), "geo"), Err(Refusal::NotSubscribed));
    let scoped = Principal { scopes: vec!["a".into()], ..principal };
    assert_eq!(check_scopes(&scoped, &[]), Ok(()));
    assert_eq!(check_scopes(&scoped, &["b".into(), "a".into()]), Ok(()));
    assert_eq!(check_scopes(&scoped, &["b".into()]), Err(Refusal::Scope("b".into())));
}

#[test]
fn a_blocked_tenant_has_no_callers() {
    let world = World::new();
    let tenant = Tenant {
        name: "default".into(),
        display_name: String::new(),
        calls_per_second: None,
        public_url: None,
        standing: Standing::Blocked,
        created: NOW,
    };
    let world = world.changed(Change::Tenant(tenant));
    assert_eq!(world.ask(&[Scheme::ApiKey], &key(&world.key)), Err(Refusal::Blocked("the tenant")));
}

#[test]
fn records_written_by_older_versions_are_read() {
    let text = json!({"tenant": "t", "id": "i", "name": "n", "owner": "o"});
    let application: Application = serde_json::from_value(text).unwrap();
    assert!(application.standing.is_active() && application.certificates.is_empty());
    let key = api_key("t", "a", &new_secret("key").unwrap(), Some(5));
    let json = serde_json::to_string(&key).unwrap();
    assert_eq!(serde_json::from_str::<ApiKey>(&json).unwrap(), key);
}
