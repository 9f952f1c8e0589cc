//! Tokens that break a rule of RFC 8725, section 3, or of RFC 9068, at the gateway: one answer for all of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use castile::auth::jwt::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::house::{House, now};

/// A token of exactly these texts, signed by that key whatever they say.
pub(super) fn sign(key: &SigningKey, head: &Value, claims: &str) -> String {
    let message = unsigned(head, claims);
    let key = EncodingKey::from_ec_der(key.to_pkcs8());
    format!("{message}.{}", jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::ES256).unwrap())
}

pub(super) fn unsigned(head: &Value, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(claims))
}

pub(super) fn with(value: &Value, name: &str, new: Value) -> Value {
    let mut value = value.clone();
    let members = value.as_object_mut().unwrap();
    match new {
        Value::Null => members.remove(name),
        new => members.insert(name.to_owned(), new),
    };
    value
}

/// What a caller can tell answers apart by: everything but the request's id and the date.
pub(super) fn told(reply: &super::house::Reply) -> (u16, Option<String>, Value) {
    let mut body = reply.json();
    body.as_object_mut().unwrap().remove("request_id");
    (reply.status, reply.field("www-authenticate").map(str::to_owned), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_token_that_breaks_a_rule_has_the_same_answer() {
    let house = House::start().await;
    let snapshot = house.catalog.snapshot();
    let signing = snapshot.callers.signing.clone().unwrap();
    let key = &signing.now().unwrap().key;
    let given = house.token("service").await;
    let [head, claims] = [0, 1].map(|i| {
        let part = given.split('.').nth(i).unwrap();
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    });
    // The same signed here is good: what follows differs in one thing only.
    assert_eq!(house.call(&sign(key, &head, &claims.to_string())).await.status, 200);
    let stranger = SigningKey::generate().unwrap();
    let other = SigningKey::generate().unwrap();
    let mac = |secret: &[u8], alg: &str| {
        let message = unsigned(&with(&head, "alg", json!(alg)), &claims.to_string());
        format!(
            "{message}.{}",
            jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap()
        )
    };
    let in_head = |name: &str, value: Value| sign(key, &with(&head, name, value), &claims.to_string());
    let claim = |name: &str, value: Value| sign(key, &head, &with(&claims, name, value).to_string());
    let (body, signature) = given.rsplit_once('.').unwrap();
    let jwk = key.public_jwk().unwrap();
    let point = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
    let now = now();
    let table: Vec<(&str, String)> = vec![
        // 3.1: algorithms are the issuer's, not the token's.
        ("3.1 alg none, unsigned", format!("{}.", unsigned(&with(&head, "alg", json!("none")), &claims.to_string()))),
        ("3.1 alg none, signed", in_head("alg", json!("none"))),
        ("3.1 alg nOnE", in_head("alg", json!("nOnE"))),
        ("3.1 alg of another family", in_head("alg", json!("RS256"))),
        ("3.1 alg of a longer curve", in_head("alg", json!("ES384"))),
        ("3.1 alg missing", in_head("alg", Value::Null)),
        ("3.1 alg a list", in_head("alg", json!(["ES256"]))),
        ("3.1 the public key as the secret of a MAC", mac(jwk.to_string().as_bytes(), "HS256")),
        ("3.1 a coordinate as the secret of a MAC", mac(&point, "HS256")),
        // 3.2: algorithms that are no good at all.
        ("3.2 MAC with an empty secret", mac(b"", "HS256")),
        ("3.2 MAC with a guessed secret", mac(b"secret", "HS256")),
        // 3.3: all of the cryptography is checked.
        ("3.3 no signature", format!("{body}.")),
        ("3.3 two parts", body.to_owned()),
        ("3.3 a signature of zeros", format!("{body}.{}", URL_SAFE_NO_PAD.encode([0; 64]))),
        ("3.3 half a signature", format!("{body}.{}", &signature[..40])),
        (
            "3.3 a changed signature",
            format!(
                "{body}.{}",
                URL_SAFE_NO_PAD.encode({
                    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
                    bytes[7] ^= 1;
                    bytes
                })
            ),
        ),
        ("3.3 another token's signature", format!("{}.{signature}", unsigned(&head, &with(&claims, "jti", json!("x")).to_string()))),
        // 3.4: inputs of the cryptography.
        (
            "3.4 a key of another curve in the head",
            in_head("jwk", json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"})).replace('.', ".A"),
        ),
        // 3.5: keys with too little in them: there are none, the only keys are the issuer's.
        ("3.5 a stranger's key under the issuer's kid", sign(&stranger, &head, &claims.to_string())),
        ("3.5 a stranger's key brought along", sign(&other, &with(&head, "jwk", other.public_jwk().unwrap()), &claims.to_string())),
        // 3.6: compressed content is not read.
        ("3.6 zip", sign(key, &with(&head, "zip", json!("DEF")), "\u{1}\u{2}")),
        // 3.7: UTF-8 and nothing else.
        ("3.7 claims that are not UTF-8", {
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(b"{\"iss\":\"\xFF\"}"));
            let signer = EncodingKey::from_ec_der(key.to_pkcs8());
            format!("{message}.{}", jsonwebtoken::crypto::sign(message.as_bytes(), &signer, Algorithm::ES256).unwrap())
        }),
        (
            "3.7 a name that stands twice",
            sign(key, &head, &format!("{},\"exp\":{}}}", claims.to_string().trim_end_matches('}'), now + 9_999)),
        ),
        ("3.7 claims that are a list", sign(key, &head, "[]")),
        // 3.8: issuer and subject.
        ("3.8 iss missing", claim("iss", Value::Null)),
        ("3.8 iss of somebody else", claim("iss", json!("https://evil.example"))),
        ("3.8 iss with a slash", claim("iss", json!(format!("{}/", house.issuer())))),
        ("3.8 iss of another tenant", claim("iss", json!(format!("{}/t/acme", house.issuer())))),
        ("3.8 iss a list", claim("iss", json!([house.issuer()]))),
        ("3.8 sub missing", claim("sub", Value::Null)),
        ("3.8 sub empty", claim("sub", json!(""))),
        // 3.9: audience.
        ("3.9 aud missing", claim("aud", Value::Null)),
        ("3.9 aud of somebody else", claim("aud", json!("https://other.example"))),
        ("3.9 aud empty", claim("aud", json!([]))),
        // 3.10: what a token says of its key is not trusted.
        ("3.10 kid unknown", in_head("kid", json!("another"))),
        ("3.10 kid a path", in_head("kid", json!("../../../../dev/null"))),
        ("3.10 kid of SQL", in_head("kid", json!("x' UNION SELECT 'k"))),
        ("3.10 kid a number", in_head("kid", json!(7))),
        ("3.10 kid very long", in_head("kid", json!("k".repeat(3_000)))),
        (
            "3.10 jku and x5u",
            sign(
                &other,
                &with(&with(&head, "jku", json!("http://127.0.0.1:1/jwks")), "x5u", json!("http://127.0.0.1:1/c")),
                &claims.to_string(),
            ),
        ),
        ("3.10 x5c", sign(&other, &with(&head, "x5c", json!(["MIIB"])), &claims.to_string())),
        // 3.11: types.
        ("3.11 typ JWT", in_head("typ", json!("JWT"))),
        ("3.11 typ missing", in_head("typ", Value::Null)),
        ("3.11 typ of a log-out token", in_head("typ", json!("logout+jwt"))),
        // 3.12: rules that exclude each other: an assertion for a backend is no access token.
        ("3.12 a backend's assertion", key.sign("JWT", &castile::auth::jwt::Claims::default()).unwrap()),
        // RFC 7519 and 7515: times, extensions, sizes, forms.
        ("exp missing", claim("exp", Value::Null)),
        ("exp past", claim("exp", json!(now - 60))),
        ("exp a text", claim("exp", json!("4102444800"))),
        ("exp beyond numbers", claim("exp", json!(1e300))),
        ("nbf in the future", claim("nbf", json!(now + 600))),
        ("iat in the future", claim("iat", json!(now + 600))),
        ("crit", in_head("crit", json!(["exp"]))),
        ("crit empty", in_head("crit", json!([]))),
        ("b64", in_head("b64", json!(false))),
        ("over 8 KiB", claim("padding", json!("x".repeat(9_000)))),
        ("five parts", format!("{given}.a.b")),
        ("no token at all", "a.b.c".to_owned()),
        ("client unknown", claim("client_id", json!("nobody"))),
    ];
    let mut first = None;
    for (what, token) in &table {
        let reply = house.call(token).await;
        let told = told(&reply);
        assert_eq!((told.0, told.2["code"].as_str()), (401, Some("900901")), "{what}: {}", reply.text());
        let first = first.get_or_insert_with(|| told.clone());
        assert_eq!(&told, first, "{what} is told apart");
    }
    // Just below the cap a good token is good: the row above fails by its size.
    let fits = claim("padding", json!("x".repeat(4_000)));
    assert!((5_000..8_192).contains(&fits.len()));
    assert_eq!(house.call(&fits).await.status, 200);
    assert_eq!(house.call(&given).await.status, 200);
}
