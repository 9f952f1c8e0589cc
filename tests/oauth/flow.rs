//! Users let clients act for them: from the page to the API, and everything that somebody in between may try.

use castile::auth::{Standing, User};
use castile::config::OAuthSettings;
use castile::oauth::{AuthorizationCode, Grant};
use castile::store::{Expected, Keep, Sql, Store};
use futures_util::future::join_all;
use serde_json::json;

use super::house::{House, PASSWORD, Reply, SPA, WEB, client, encoded, now, user};

/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const AUTHORIZE: &str = "/oauth2/authorize";

/// A good request of a client.
fn request<'a>(client: &'a str, redirect_uri: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", redirect_uri),
        ("state", "a b&c=%"),
        ("scope", "geo:read"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// The same with one parameter changed, or left out where it is empty.
fn changed<'a>(name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = request("web", WEB);
    fields.retain_mut(|(n, v)| {
        if *n == name {
            *v = value;
        }
        !(*n == name && value.is_empty())
    });
    fields
}

/// A page as a browser has it.
#[derive(Clone)]
struct Page {
    cookie: String,
    ticket: String,
}

async fn open(house: &House, fields: &[(&str, &str)]) -> Reply {
    house.ask(&format!("GET {AUTHORIZE}?{}", encoded(fields)), "").await
}

async fn page(house: &House, fields: &[(&str, &str)]) -> Page {
    let reply = open(house, fields).await;
    assert_eq!(reply.status, 200, "{} {:?}", reply.text(), reply.field("location"));
    let ticket = reply.text().split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let cookie = reply.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    Page { cookie, ticket }
}

impl Page {
    async fn send(&self, house: &House, fields: &[(&str, &str)], more: &str) -> Reply {
        let head = format!("POST {AUTHORIZE}\nContent-Type: application/x-www-form-urlencoded\nCookie: x=1; {}{more}", self.cookie);
        house.ask(&head, &encoded(&[&[("request", self.ticket.as_str())], fields].concat())).await
    }

    async fn allow(&self, house: &House, name: &str, password: &str) -> Reply {
        self.send(house, &[("username", name), ("password", password), ("decision", "allow")], "").await
    }
}

/// A code that ann gave to a client.
async fn code(house: &House, client: &str, redirect_uri: &str) -> String {
    let reply = page(house, &request(client, redirect_uri)).await.allow(house, "ann", PASSWORD).await;
    let sent = reply.sent_to(redirect_uri);
    assert_eq!((sent["state"].as_str(), sent["iss"].as_str(), sent.len()), ("a b&c=%", house.issuer().as_str(), 3));
    sent["code"].clone()
}

fn redemption<'a>(code: &'a str, redirect_uri: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri), ("code_verifier", VERIFIER)]
}

/// Access and refresh token that ann's consent gave to `web`.
async fn tokens(house: &House) -> (String, String) {
    let code = code(house, "web", WEB).await;
    let reply = house.by("web", "/oauth2/token", &redemption(&code, WEB)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    (reply.said("access_token"), reply.said("refresh_token"))
}

async fn refresh(house: &House, client: &str, token: &str) -> Reply {
    house.by(client, "/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

fn bad_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

/// Is the token refused by the gateway, within the time that a revocation may take?
async fn is_refused(house: &House, token: &str) -> bool {
    for _ in 0..200 {
        if house.call(token).await.status == 401 {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lets_a_client_act() {
    let house = House::start().await;
    let code = code(&house, "web", WEB).await;
    let reply = house.by("web", "/oauth2/token", &redemption(&code, WEB)).await;
    assert_eq!((reply.status, reply.field("cache-control")), (200, Some("no-store")), "{}", reply.text());
    assert_eq!(reply.json()["scope"], "geo:read");
    let (access, first) = (reply.said("access_token"), reply.said("refresh_token"));
    assert_eq!(house.call(&access).await.status, 200);
    let seen = house.by("service", "/oauth2/introspect", &[("token", &access)]).await.json();
    assert_eq!(
        (&seen["active"], &seen["sub"], &seen["username"], &seen["aut"]),
        (&json!(true), &json!("ann"), &json!("ann"), &json!("application_user"))
    );
    // The next tokens, and the next.
    let next = refresh(&house, "web", &first).await;
    let second = next.said("refresh_token");
    assert!(second != first && house.call(&next.said("access_token")).await.status == 200);
    assert_eq!(refresh(&house, "web", &second).await.status, 200);
    // Nothing of what was sent stands in the store, and the log says what happened.
    let grants = house.store.page::<Grant>(Some("default"), None, 10).await.unwrap().0;
    let codes = house.store.page::<AuthorizationCode>(Some("default"), None, 10).await.unwrap().0;
    let kept = format!("{} {}", serde_json::to_string(&grants[0].value).unwrap(), serde_json::to_string(&codes[0].value).unwrap());
    for secret in [&code, &access, &first, &second] {
        assert!(!kept.contains(secret.as_str()) && !kept.contains(&secret[5..20]), "{kept}");
    }
    let log: Vec<_> =
        house.store.audit(Some("default"), None, 10).await.unwrap().into_iter().map(|e| (e.audit.action, e.audit.actor)).collect();
    assert_eq!(log, [("grant.create".to_owned(), "ann".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_proves_its_code_by_pkce_alone() {
    let house = House::start().await;
    let code = code(&house, "spa", SPA).await;
    let form = [&[("client_id", "spa")][..], &redemption(&code, SPA)].concat();
    let reply = house.form("/token", &form).await;
    assert_eq!(house.call(&reply.said("access_token")).await.status, 200);
    let again = house
        .form("/token", &[("client_id", "spa"), ("grant_type", "refresh_token"), ("refresh_token", &reply.said("refresh_token"))])
        .await;
    assert_eq!(again.status, 200, "{}", again.text());
    // A page that is the client may read the answer, and no other.
    let body = encoded(&[("client_id", "spa"), ("grant_type", "refresh_token"), ("refresh_token", "rt_x.y")]);
    for (origin, may) in [("http://127.0.0.1:9", true), ("http://127.0.0.1:90", false), ("https://evil.example", false), ("null", false)] {
        let head = format!("POST /token\nContent-Type: application/x-www-form-urlencoded\nOrigin: {origin}");
        let reply = house.ask(&head, &body).await;
        assert_eq!(reply.error(), bad_grant());
        assert_eq!(reply.field("access-control-allow-origin"), may.then_some(origin), "{origin}");
    }
    // Without the grant refresh_token there is none.
    let mut fields = request("once", "com.example.once:/cb");
    fields.retain(|(name, _)| *name != "redirect_uri");
    let sent = page(&house, &fields).await.allow(&house, "ann", PASSWORD).await.sent_to("com.example.once:/cb");
    let form = [("grant_type", "authorization_code"), ("code", sent["code"].as_str()), ("code_verifier", VERIFIER)];
    let reply = house.by("once", "/token", &form).await;
    assert!(reply.status == 200 && reply.json().get("refresh_token").is_none(), "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_for_its_client_and_its_request() {
    let house = House::start().await;
    let code = code(&house, "web", WEB).await;
    let with = |name: &'static str, value: &'static str| {
        let mut fields = redemption(&code, WEB);
        fields.retain(|(n, _)| *n != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
        fields
    };
    let table = [
        ("another client", "other", redemption(&code, WEB), "invalid_grant"),
        ("another address of the client", "web", with("redirect_uri", "https://web.example/other"), "invalid_grant"),
        ("no address", "web", with("redirect_uri", ""), "invalid_grant"),
        ("another verifier", "web", with("code_verifier", "xBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "invalid_grant"),
        ("the challenge as verifier", "web", with("code_verifier", CHALLENGE), "invalid_grant"),
        ("no verifier: a downgrade", "web", with("code_verifier", ""), "invalid_request"),
        ("a short verifier", "web", with("code_verifier", "short"), "invalid_request"),
        ("no code", "web", with("code", ""), "invalid_request"),
        ("another code", "web", with("code", "code_x"), "invalid_grant"),
    ];
    for (what, client, fields, error) in table {
        assert_eq!(house.by(client, "/oauth2/token", &fields).await.error(), (400, error.to_owned()), "{what}");
    }
    let good = house.by("web", "/oauth2/token", &redemption(&code, WEB)).await;
    let (access, rotating) = (good.said("access_token"), good.said("refresh_token"));
    assert_eq!(house.call(&access).await.status, 200);
    // The code again: everything that it gave ends.
    assert_eq!(house.by("web", "/oauth2/token", &redemption(&code, WEB)).await.error(), bad_grant());
    assert!(is_refused(&house, &access).await, "a code that came twice leaves a token");
    assert_eq!(refresh(&house, "web", &rotating).await.error(), bad_grant());
    let log = house.store.audit(Some("default"), None, 1).await.unwrap();
    assert_eq!(log[0].audit.action, "grant.reuse");
}

/// Of these answers to one secret at most one is good, and what that gave has ended.
async fn nobody_keeps(house: &House, all: Vec<Reply>) {
    let good: Vec<_> = all.iter().filter(|r| r.status == 200).collect();
    assert!(good.len() <= 1, "it was good {} times", good.len());
    for reply in good {
        assert!(is_refused(house, &reply.said("access_token")).await, "who sent it first keeps a token");
    }
    assert!(house.store.page::<Grant>(None, None, 10).await.unwrap().0.is_empty(), "a grant is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_send_one_secret_at_one_time_nobody_keeps_what_it_gave() {
    // On disk, where the steps of several requests lie between each other.
    let folder = tempfile::tempdir().unwrap();
    let store = Sql::sqlite(&folder.path().join("castile.db")).await.unwrap();
    let house = House::over(store, OAuthSettings::default()).await;
    let code = code(&house, "web", WEB).await;
    let form = redemption(&code, WEB);
    nobody_keeps(&house, join_all((0..8).map(|_| house.by("web", "/oauth2/token", &form))).await).await;
    let (_, rotating) = tokens(&house).await;
    nobody_keeps(&house, join_all((0..8).map(|_| refresh(&house, "web", &rotating))).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_what_was_granted_before() {
    let house = House::start().await;
    let (access, rotating) = tokens(&house).await;
    let of_ann = code(&house, "web", WEB).await;
    assert_eq!(house.call(&access).await.status, 200);
    house.put(&User { tokens_since: now() + 1, ..user("default", "ann", PASSWORD).await }).await;
    assert_eq!(house.call(&access).await.status, 401);
    assert_eq!(refresh(&house, "web", &rotating).await.error(), bad_grant());
    assert_eq!(house.by("web", "/oauth2/token", &redemption(&of_ann, WEB)).await.error(), bad_grant());
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_end_after_a_minute_and_with_their_user() {
    let house = House::start().await;
    let old = code(&house, "web", WEB).await;
    let mut kept = house.store.page::<AuthorizationCode>(None, None, 1).await.unwrap().0.remove(0).value;
    assert!((55..=60).contains(&(kept.expires - now())), "{}", kept.expires - now());
    kept.expires = now() - 1;
    house.store.put(&kept, Expected::Any, None).await.unwrap();
    assert_eq!(house.by("web", "/oauth2/token", &redemption(&old, WEB)).await.error(), bad_grant());
    let (of_ann, (_, rotating)) = (code(&house, "web", WEB).await, tokens(&house).await);
    let blocked = User { standing: Standing::Blocked, ..user("default", "ann", PASSWORD).await };
    house.put(&blocked).await;
    assert_eq!(house.by("web", "/oauth2/token", &redemption(&of_ann, WEB)).await.error(), bad_grant());
    assert_eq!(refresh(&house, "web", &rotating).await.error(), bad_grant());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_good_once() {
    let house = House::start().await;
    let (access, first) = tokens(&house).await;
    assert_eq!(refresh(&house, "other", &first).await.error(), bad_grant(), "another client's");
    let made_up = format!("{}.{}", first.split('.').next().unwrap_or_default().replace("rt_", "rt_x"), "A".repeat(43));
    for wrong in ["x", "rt_x", "rt_x.y", made_up.as_str()] {
        assert_eq!(refresh(&house, "web", wrong).await.error(), bad_grant(), "{wrong}");
    }
    let narrow = [("grant_type", "refresh_token"), ("refresh_token", first.as_str()), ("scope", "geo:list")];
    assert_eq!(house.by("web", "/token", &narrow).await.error(), (400, "invalid_scope".to_owned()), "more than was granted");
    let next = refresh(&house, "web", &first).await;
    let (newer, second) = (next.said("access_token"), next.said("refresh_token"));
    // The first again: somebody has it who should not.
    assert_eq!(refresh(&house, "web", &first).await.error(), bad_grant());
    assert!(is_refused(&house, &access).await && is_refused(&house, &newer).await, "tokens of a stolen grant live on");
    assert_eq!(refresh(&house, "web", &second).await.error(), bad_grant(), "the whole family has ended");
    // Scopes that the client lost since are not given again.
    let (_, rotating) = tokens(&house).await;
    let mut less = client("web", Some(&house.secret), &["refresh_token"], &[WEB]);
    less.scopes = vec!["own:thing".to_owned()];
    house.put(&less).await;
    let reply = refresh(&house, "web", &rotating).await;
    assert!(reply.status == 200 && reply.json().get("scope").is_none(), "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_end_their_tokens() {
    let house = House::start().await;
    let revoke = |client: &'static str, token: String| {
        let house = &house;
        async move { house.by(client, "/oauth2/revoke", &[("token", &token), ("token_type_hint", "x")]).await }
    };
    let token = house.token("service").await;
    assert_eq!(house.call(&token).await.status, 200);
    assert_eq!(revoke("web", token.clone()).await.error(), bad_grant(), "another client's");
    assert_eq!(house.form("/revoke", &[("token", &token)]).await.error(), (401, "invalid_client".to_owned()));
    assert_eq!(house.call(&token).await.status, 200);
    let done = revoke("service", token.clone()).await;
    assert_eq!((done.status, done.text(), done.field("cache-control")), (200, "", Some("no-store")));
    let seen = house.by("service", "/oauth2/introspect", &[("token", &token)]).await;
    assert_eq!(seen.json(), json!({"active": false}), "at once, on this node");
    assert!(is_refused(&house, &token).await);
    for gone in [token, "x".to_owned(), "a.b.c".to_owned(), "rt_x.y".to_owned()] {
        assert_eq!(revoke("service", gone.clone()).await.status, 200, "{gone}: RFC 7009, section 2.2");
    }
    let (access, rotating) = tokens(&house).await;
    assert_eq!(revoke("other", rotating.clone()).await.error(), bad_grant());
    assert_eq!(revoke("web", rotating.clone()).await.status, 200);
    assert!(is_refused(&house, &access).await, "the access token of a refresh token that was revoked");
    assert_eq!(refresh(&house, "web", &rotating).await.error(), bad_grant());
    let missing = house.by("web", "/revoke", &[]).await;
    assert_eq!(missing.error(), (400, "invalid_request".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_is_worth_is_told_to_clients_of_its_tenant() {
    let house = House::start().await;
    let token = house.token("service").await;
    let seen = house.by("web", "/oauth2/introspect", &[("token", &token)]).await.json();
    assert_eq!(
        (&seen["active"], &seen["client_id"], &seen["sub"], &seen["token_type"], &seen["scope"]),
        (&json!(true), &json!("service"), &json!("service"), &json!("Bearer"), &json!("geo:list geo:read"))
    );
    assert_eq!((&seen["iss"], &seen["aud"]), (&json!(house.issuer()), &json!(house.issuer())));
    assert!(seen["exp"].as_i64().unwrap() - seen["iat"].as_i64().unwrap() == 3600 && seen["jti"].is_string());
    let nothing = json!({"active": false});
    assert_eq!(house.by("foreign", "/t/acme/oauth2/introspect", &[("token", &token)]).await.json(), nothing, "another tenant's");
    let (_, rotating) = tokens(&house).await;
    assert_eq!(house.by("web", "/oauth2/introspect", &[("token", &rotating)]).await.json()["client_id"], "web");
    for (client, token) in [("other", rotating.as_str()), ("web", "x"), ("web", "a.b.c")] {
        assert_eq!(house.by(client, "/oauth2/introspect", &[("token", token)]).await.json(), nothing, "{token}");
    }
    let public = house.form("/oauth2/introspect", &[("client_id", "spa"), ("token", &token)]).await;
    assert_eq!(public.error(), (401, "invalid_client".to_owned()));
    assert_eq!(house.form("/oauth2/introspect", &[("token", &token)]).await.error(), (401, "invalid_client".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_client_or_address_is_shown_and_nobody_is_sent_anywhere() {
    let house = House::start().await;
    let twice = |name: &'static str, value: &'static str| [request("web", WEB), vec![(name, value)]].concat();
    let table = [
        ("no client", changed("client_id", "")),
        ("unknown client", changed("client_id", "nobody")),
        ("another tenant's client", changed("client_id", "foreign")),
        ("two clients", twice("client_id", "other")),
        ("two addresses", twice("redirect_uri", "https://evil.example/")),
        ("another address", changed("redirect_uri", "https://evil.example/cb")),
        ("another client's", changed("redirect_uri", "https://other.example/cb")),
        ("below", changed("redirect_uri", "https://web.example/cb/../x")),
        ("a longer one", changed("redirect_uri", "https://web.example/cb?x=1")),
        ("another case", changed("redirect_uri", "https://WEB.example/cb")),
        ("with a fragment", changed("redirect_uri", "https://web.example/cb#x")),
        ("a user before it", changed("redirect_uri", "https://web.example@evil.example/cb")),
        ("registered, and unsafe", changed("redirect_uri", "http://intranet.example/cb")),
        ("none, of several", changed("redirect_uri", "")),
        ("another port of this machine", request("spa", "http://127.0.0.1:10/cb?keep=1")),
    ];
    for (what, fields) in table {
        let reply = open(&house, &fields).await;
        assert_eq!((reply.status, reply.field("location")), (400, None), "{what}");
        assert!(reply.text().contains("This does not work") && !reply.text().contains("evil"), "{what}: {}", reply.text());
        assert!(reply.field("content-security-policy").unwrap().contains("form-action 'none'; frame-ancestors 'none'"), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_is_told_to_the_client() {
    let house = House::start().await;
    let long = "x".repeat(1025);
    let table = [
        ("no response type", changed("response_type", ""), "invalid_request"),
        ("the implicit grant", changed("response_type", "token"), "unsupported_response_type"),
        ("no challenge", changed("code_challenge", ""), "invalid_request"),
        ("no method: plain", changed("code_challenge_method", ""), "invalid_request"),
        ("plain", changed("code_challenge_method", "plain"), "invalid_request"),
        ("a challenge that is none", changed("code_challenge", "short"), "invalid_request"),
        ("unknown scope", changed("scope", "nothing:known"), "invalid_scope"),
        ("something twice", [request("web", WEB), vec![("scope", "x")]].concat(), "invalid_request"),
        ("another mode", [request("web", WEB), vec![("response_mode", "form_post")]].concat(), "invalid_request"),
    ];
    for (what, fields, error) in table {
        let sent = open(&house, &fields).await.sent_to(WEB);
        let said = (sent["error"].as_str(), sent["state"].as_str(), sent["iss"].as_str());
        assert_eq!(said, (error, "a b&c=%", house.issuer().as_str()), "{what}");
        assert!(!sent.contains_key("code"), "{what}");
    }
    for state in [long.as_str(), "\u{e4}"] {
        let sent = open(&house, &changed("state", state)).await.sent_to(WEB);
        assert_eq!((sent["error"].as_str(), sent.get("state")), ("invalid_request", None));
    }
    house.put(&client("web", Some(&house.secret), &["client_credentials"], &[WEB])).await;
    assert_eq!(open(&house, &request("web", WEB)).await.sent_to(WEB)["error"], "unauthorized_client");
    // An address with a query keeps it.
    let denied = page(&house, &request("spa", SPA)).await.send(&house, &[("decision", "deny")], "").await;
    assert_eq!(denied.sent_to(SPA)["error"], "access_denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_good_in_its_browser_only() {
    let house = House::start().await;
    let reply = open(&house, &request("web", WEB)).await;
    let policy = reply.field("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("form-action 'self' https://web.example;"),
        "{policy}"
    );
    assert_eq!((reply.field("x-frame-options"), reply.field("referrer-policy")), (Some("DENY"), Some("no-referrer")));
    assert_eq!((reply.field("cache-control"), reply.field("x-content-type-options")), (Some("no-store"), Some("nosniff")));
    let cookie = reply.field("set-cookie").unwrap();
    assert!(
        cookie.starts_with("castile_authorize=browser_") && cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );
    assert!(reply.text().contains("The &lt;demo&gt; app") && !reply.text().contains("<script") && reply.text().contains("geo:read"));
    let (mine, theirs) = (page(&house, &request("web", WEB)).await, page(&house, &request("web", WEB)).await);
    let filled = [("username", "ann"), ("password", PASSWORD), ("decision", "allow")];
    let shown = |reply: Reply, what: &str| {
        assert_eq!((reply.status, reply.field("location")), (400, None), "{what}");
        assert!(reply.text().contains("This does not work"), "{what}");
    };
    let swapped = Page { cookie: mine.cookie.clone(), ticket: theirs.ticket.clone() };
    shown(swapped.send(&house, &filled, "").await, "a page that another browser opened");
    shown(Page { cookie: "castile_authorize=guess".to_owned(), ..mine.clone() }.send(&house, &filled, "").await, "a cookie of nobody");
    shown(Page { cookie: String::new(), ..mine.clone() }.send(&house, &filled, "").await, "no cookie");
    shown(mine.send(&house, &filled, "\nSec-Fetch-Site: cross-site").await, "sent from elsewhere");
    let token = house.token("service").await;
    for ticket in ["", "a.b.c", token.as_str(), &format!("{}x", mine.ticket)] {
        shown(Page { ticket: ticket.to_owned(), ..mine.clone() }.send(&house, &filled, "").await, ticket);
    }
    let refused = house.call(&mine.ticket).await;
    assert_eq!(refused.status, 401, "a page's ticket is no access token");
    assert_eq!(mine.send(&house, &filled, "\nSec-Fetch-Site: same-origin").await.status, 303);
    // Two pages in one browser are both good.
    let head = format!("GET {AUTHORIZE}?{}\nCookie: {}", encoded(&request("web", WEB)), mine.cookie);
    let again = house.ask(&head, "").await;
    assert!(again.field("set-cookie").unwrap().starts_with(&mine.cookie));
    // Between page and answer the client may have lost the address.
    house.put(&client("web", Some(&house.secret), &["authorization_code"], &["https://web.example/new"])).await;
    shown(mine.send(&house, &filled, "").await, "an address that is the client's no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_wait_and_tell_nothing() {
    let house = House::start().await;
    let page = page(&house, &request("web", WEB)).await;
    let (known, unknown) = (page.allow(&house, "ann", "wrong").await, page.allow(&house, "nobody", "wrong").await);
    let plain = |reply: &Reply| reply.text().split("name=\"request\"").next().unwrap().to_owned();
    assert_eq!((known.status, plain(&known)), (403, plain(&unknown)));
    assert!(known.text().contains("Name or password is not right.") && !known.text().contains("wrong"));
    assert!(known.field("content-security-policy").is_some() && known.field("location").is_none());
    for _ in 0..4 {
        assert_eq!(page.allow(&house, "ann", "wrong").await.status, 403);
    }
    // Waits are counted in whole seconds and double with each guess: one that begins late in a second is over at once.
    let mut waits = page.allow(&house, "ann", "wrong").await;
    for _ in 0..6 {
        if waits.status == 429 {
            break;
        }
        waits = page.allow(&house, "ann", "wrong").await;
    }
    assert_eq!(waits.status, 429, "{}", waits.text());
    let seconds: u64 = waits.field("retry-after").unwrap().parse().unwrap();
    assert!(waits.text().contains(&format!("Try again in {seconds} s.")));
    tokio::time::sleep(std::time::Duration::from_secs(seconds + 1)).await;
    assert_eq!(page.allow(&house, "ann", PASSWORD).await.status, 303, "nobody is locked out");
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_a_grant_where_an_administrator_says_so() {
    let off = House::start().await;
    let form = [("grant_type", "password"), ("username", "ann"), ("password", PASSWORD), ("scope", "geo:read")];
    assert_eq!(off.by("web", "/token", &form).await.error(), (400, "unsupported_grant_type".to_owned()));
    let house = House::with(OAuthSettings { authorize: false, password_grant: true, ..OAuthSettings::default() }).await;
    let reply = house.by("web", "/token", &form).await;
    assert_eq!(house.call(&reply.said("access_token")).await.status, 200);
    assert_eq!(refresh(&house, "web", &reply.said("refresh_token")).await.status, 200);
    assert_eq!(house.by("other", "/token", &form).await.error(), (400, "unauthorized_client".to_owned()));
    let wrong = [form[0], ("username", "ann"), ("password", "wrong")];
    for _ in 0..5 {
        assert_eq!(house.by("web", "/token", &wrong).await.error(), bad_grant());
    }
    // The wait doubles with each guess, so that a slow machine meets it a little later.
    let mut waits = house.by("web", "/token", &wrong).await;
    for _ in 0..6 {
        if waits.status == 429 {
            break;
        }
        waits = house.by("web", "/token", &wrong).await;
    }
    assert_eq!(waits.error(), (429, "temporarily_unavailable".to_owned()));
    assert!(waits.field("retry-after").is_some());
    assert_eq!(open(&house, &request("web", WEB)).await.status, 404, "the page is switched off");
    let document = house.ask("GET /.well-known/oauth-authorization-server", "").await.json();
    assert_eq!(document["grant_types_supported"], json!(["client_credentials", "refresh_token", "password"]));
    assert!(document.get("authorization_endpoint").is_none());
}
