//! Clients by themselves: how they say who they are, what they get, and what the server says about itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castile::auth::jwt::{self, Algorithm, Expected, KeySet};
use castile::auth::{Standing, TokenKind};
use serde_json::json;

use super::house::{House, application, encoded, now};

const CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_a_token_that_opens_the_api() {
    let house = House::start().await;
    let reply = house.by("service", "/oauth2/token", &[CREDENTIALS]).await;
    assert_eq!(
        (reply.status, reply.field("cache-control"), reply.field("content-type")),
        (200, Some("no-store"), Some("application/json"))
    );
    let json = reply.json();
    assert_eq!((&json["token_type"], &json["expires_in"], &json["scope"]), (&json!("Bearer"), &json!(3600), &json!("geo:list geo:read")));
    assert!(json.get("refresh_token").is_none(), "RFC 6749, section 4.4.3");
    let token = reply.said("access_token");
    assert_eq!(house.call(&token).await.status, 200);
    // Whoever has the published keys can check it: RFC 9068.
    let document = house.ask("GET /oauth2/jwks", "").await;
    assert_eq!(
        (document.field("cache-control"), document.field("content-type")),
        (Some("public, max-age=600"), Some("application/jwk-set+json"))
    );
    let keys = KeySet::parse(document.text().as_bytes()).unwrap();
    let issuer = house.issuer();
    let expected = Expected {
        issuer: &issuer,
        audiences: &[&issuer],
        types: &["at+jwt"],
        untyped: false,
        algorithms: &[Algorithm::ES256],
        now: now(),
    };
    let claims = jwt::verify(&token, &keys, &expected).unwrap();
    assert_eq!((claims.sub.as_deref(), claims.text("client_id")), (Some("service"), Some("service")));
    assert_eq!((claims.text("aut"), claims.text("scope")), (Some(TokenKind::Application.word()), Some("geo:list geo:read")));
    assert_eq!(claims.exp.unwrap().0 - claims.iat.unwrap().0, 3600);
    assert!(claims.jti.unwrap().len() >= 22);
    assert!(!document.text().contains("\"d\""), "a private key is published");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_say_who_they_are_in_one_of_two_ways() {
    let house = House::start().await;
    let secret = house.secret.plain.reveal().to_owned();
    let body = encoded(&[CREDENTIALS]);
    for path in ["/oauth2/token", "/token", "/t/default/oauth2/token"] {
        let reply = house.ask(&format!("POST {path}\n{FORM}; charset=UTF-8\n{}", basic("service", &secret)), &body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
    // Names and secrets are form-encoded in the field: RFC 6749, section 2.3.1.
    let reply = house.ask(&format!("POST /token\n{FORM}\n{}", basic("s%65rvice", &secret)), &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let with = |fields: &[(&str, &str)]| encoded(&[&[CREDENTIALS], fields].concat());
    let table = [
        ("unknown client", String::new(), with(&[("client_id", "nobody"), ("client_secret", &secret)]), 401, "invalid_client"),
        ("wrong secret", String::new(), with(&[("client_id", "service"), ("client_secret", "secret_x")]), 401, "invalid_client"),
        ("no secret", String::new(), with(&[("client_id", "service")]), 401, "invalid_client"),
        ("empty secret", String::new(), with(&[("client_id", "service"), ("client_secret", "")]), 401, "invalid_client"),
        ("nobody", String::new(), body.clone(), 401, "invalid_client"),
        ("secret of a public client", String::new(), with(&[("client_id", "spa"), ("client_secret", &secret)]), 401, "invalid_client"),
        ("another tenant's", String::new(), with(&[("client_id", "foreign"), ("client_secret", &secret)]), 401, "invalid_client"),
        ("wrong in the field", basic("service", "x"), body.clone(), 401, "invalid_client"),
        ("no pair", "Authorization: Basic eA==".to_owned(), body.clone(), 401, "invalid_client"),
        ("another scheme", "Authorization: Bearer x".to_owned(), body.clone(), 401, "invalid_client"),
        ("two fields", format!("{0}\n{0}", basic("service", &secret)), body.clone(), 401, "invalid_client"),
        ("two ways", basic("service", &secret), with(&[("client_secret", &secret)]), 400, "invalid_request"),
        ("two names", basic("service", &secret), with(&[("client_id", "web")]), 400, "invalid_request"),
    ];
    for (what, field, body, status, error) in table {
        let fields = if field.is_empty() { String::new() } else { format!("\n{field}") };
        let reply = house.ask(&format!("POST /oauth2/token\n{FORM}{fields}"), &body).await;
        assert_eq!(reply.error(), (status, error.to_owned()), "{what}");
    }
    // The same answer whether there is such a client or not.
    let (a, b) = (house.by("nobody", "/token", &[CREDENTIALS]).await, house.form("/token", &[CREDENTIALS, ("client_id", "service")]).await);
    assert_eq!(a.text(), b.text());
    let mut blocked = application("default", "demo");
    blocked.standing = Standing::Blocked;
    house.put(&blocked).await;
    assert_eq!(house.by("service", "/token", &[CREDENTIALS]).await.error(), (400, "unauthorized_client".to_owned()));
    assert_eq!(house.form("/token", &[CREDENTIALS, ("client_id", "service")]).await.error().1, "invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_not_of_their_form_get_the_error_of_the_rfc() {
    let house = House::start().await;
    let own = encoded(&[("client_id", "service"), ("client_secret", house.secret.plain.reveal())]);
    let good = format!("{own}&grant_type=client_credentials");
    let table: [(&str, String, String, &str); 10] = [
        ("a query", format!("POST /oauth2/token?grant_type=client_credentials\n{FORM}"), good.clone(), "invalid_request"),
        ("JSON", "POST /oauth2/token\nContent-Type: application/json".to_owned(), "{}".to_owned(), "invalid_request"),
        ("no type", "POST /oauth2/token".to_owned(), good.clone(), "invalid_request"),
        ("twice", format!("POST /oauth2/token\n{FORM}"), format!("{good}&grant_type=client_credentials"), "invalid_request"),
        ("an unknown one twice", format!("POST /oauth2/token\n{FORM}"), format!("{good}&x=1&x=1"), "invalid_request"),
        ("not UTF-8", format!("POST /oauth2/token\n{FORM}"), format!("{good}&x=%ff"), "invalid_request"),
        ("no grant type", format!("POST /oauth2/token\n{FORM}"), own.clone(), "invalid_request"),
        ("an empty one", format!("POST /oauth2/token\n{FORM}"), format!("{own}&grant_type="), "invalid_request"),
        ("the implicit one", format!("POST /oauth2/token\n{FORM}"), format!("{own}&grant_type=implicit"), "unsupported_grant_type"),
        ("passwords, which are off", format!("POST /oauth2/token\n{FORM}"), format!("{own}&grant_type=password"), "unsupported_grant_type"),
    ];
    for (what, head, body, error) in table {
        assert_eq!(house.ask(&head, &body).await.error(), (400, error.to_owned()), "{what}");
    }
    let unknown = format!("{good}&unknown=1&scope=");
    assert_eq!(house.ask(&format!("POST /oauth2/token\n{FORM}"), &unknown).await.status, 200, "what is not known is passed over");
    let large = format!("{good}&x={}", "x".repeat(16 << 10));
    assert_eq!(house.ask(&format!("POST /oauth2/token\n{FORM}"), &large).await.status, 413);
    for (head, status, allow) in [
        ("GET /oauth2/token", 405, "POST, OPTIONS"),
        ("PUT /oauth2/jwks", 405, "GET, HEAD, OPTIONS"),
        ("OPTIONS /revoke", 204, "POST, OPTIONS"),
        ("DELETE /oauth2/authorize", 405, "GET, HEAD, POST, OPTIONS"),
    ] {
        let reply = house.ask(head, "").await;
        assert_eq!((reply.status, reply.field("allow")), (status, Some(allow)), "{head}");
    }
    for head in ["GET /oauth2/nothing", "GET /t/nobody/oauth2/jwks", "GET /.well-known/oauth-authorization-server/x", "GET /t/acme"] {
        assert_eq!(house.ask(head, "").await.status, 404, "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_and_scopes_are_those_of_the_client() {
    let house = House::start().await;
    let error = |text: &str| (400, text.to_owned());
    assert_eq!(house.by("other", "/token", &[CREDENTIALS]).await.error(), error("unauthorized_client"));
    let public = house.form("/token", &[CREDENTIALS, ("client_id", "spa")]).await;
    assert_eq!(public.error(), error("unauthorized_client"), "a client without a secret");
    let scoped = |scope: &'static str| {
        let house = &house;
        async move { house.by("small", "/token", &[CREDENTIALS, ("scope", scope)]).await }
    };
    assert_eq!(house.by("small", "/token", &[CREDENTIALS]).await.said("scope"), "geo:read own:thing");
    assert_eq!(scoped("own:thing").await.said("scope"), "own:thing");
    assert_eq!(scoped("geo:list geo:read geo:read").await.said("scope"), "geo:read", "what it may not have is left out");
    for bad in ["geo:list", "geo:read nothing:known", "geo:read \"x\"", "geo:read\u{e4}"] {
        assert_eq!(scoped(bad).await.error(), error("invalid_scope"), "{bad}");
    }
    let own = scoped("own:thing").await.said("access_token");
    let refused = house.call(&own).await;
    assert_eq!((refused.status, refused.said("code")), (403, "900910".to_owned()));
    assert_eq!(house.call(&scoped("geo:read").await.said("access_token")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_what_it_is() {
    let house = House::start().await;
    let issuer = house.issuer();
    let reply = house.ask("GET /.well-known/oauth-authorization-server", "").await;
    assert_eq!((reply.status, reply.field("cache-control")), (200, Some("public, max-age=600")));
    let document = reply.json();
    assert_eq!(document["issuer"], issuer.as_str());
    for (member, path) in [
        ("token_endpoint", "token"),
        ("authorization_endpoint", "authorize"),
        ("revocation_endpoint", "revoke"),
        ("introspection_endpoint", "introspect"),
        ("jwks_uri", "jwks"),
    ] {
        assert_eq!(document[member], format!("{issuer}/oauth2/{path}"), "{member}");
    }
    assert_eq!(document["grant_types_supported"], json!(["client_credentials", "refresh_token", "authorization_code"]));
    assert_eq!(
        (&document["response_types_supported"], &document["code_challenge_methods_supported"]),
        (&json!(["code"]), &json!(["S256"]))
    );
    assert_eq!(document["scopes_supported"], json!(["geo:list", "geo:read"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], json!(true));
    // Of another tenant: another issuer, and its tokens open nothing here.
    for path in ["/.well-known/oauth-authorization-server/t/acme", "/t/acme/.well-known/oauth-authorization-server"] {
        let acme = house.ask(&format!("GET {path}"), "").await.json();
        assert_eq!((acme["issuer"].clone(), acme["scopes_supported"].clone()), (json!(format!("{issuer}/t/acme")), json!([])), "{path}");
        assert_eq!(acme["token_endpoint"], format!("{issuer}/t/acme/oauth2/token"));
    }
    let foreign = house.by("foreign", "/t/acme/oauth2/token", &[CREDENTIALS]).await.said("access_token");
    assert_eq!(house.call(&foreign).await.status, 401);
    assert_eq!(house.by("service", "/t/acme/oauth2/token", &[CREDENTIALS]).await.error(), (401, "invalid_client".to_owned()));
}
