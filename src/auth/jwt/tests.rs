//! Every rule of RFC 8725, section 3, broken once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000;

fn expected() -> Expected<'static> {
    Expected {
        issuer: "https://issuer.example",
        audiences: &["https://api.example"],
        types: &["at+jwt"],
        untyped: false,
        algorithms: &[Algorithm::ES256],
        now: NOW,
    }
}

fn claims() -> Value {
    json!({"iss": "https://issuer.example", "aud": "https://api.example", "sub": "s", "exp": NOW + 60, "nbf": NOW, "iat": NOW, "jti": "j"})
}

fn head(key: &SigningKey) -> Value {
    json!({"alg": "ES256", "typ": "at+jwt", "kid": key.key_id()})
}

/// A token of exactly these texts, signed whatever they say.
fn token(key: &SigningKey, head: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_ec_der(key.to_pkcs8()), Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}

fn with(value: &Value, name: &str, new: Value) -> String {
    let mut value = value.clone();
    if new.is_null() {
        value.as_object_mut().unwrap().remove(name)
    } else {
        value.as_object_mut().unwrap().insert(name.to_owned(), new)
    };
    value.to_string()
}

fn check(key: &SigningKey, token: &str) -> Result<Claims, TokenError> {
    verify(token, &key.key_set().unwrap(), &expected())
}

#[test]
fn what_was_signed_is_read() {
    let key = SigningKey::generate().unwrap();
    let mut written = Claims { sub: Some("s".into()), exp: Some(NumericDate(NOW + 60)), jti: Some("j".into()), ..Claims::default() };
    written.iss = Some("https://issuer.example".into());
    written.aud = Some(Audience(vec!["a".into(), "https://api.example".into()]));
    written.other.insert("scope".into(), json!("b a"));
    written.other.insert("digits".into(), serde_json::from_str("12345678901234567890.0").unwrap());
    let read = check(&key, &key.sign(ACCESS_TOKEN, &written).unwrap()).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.scopes("scope"), ["b", "a"]);
    let again = SigningKey::from_pkcs8(key.to_pkcs8()).unwrap();
    assert_eq!(again.key_id(), key.key_id());
    assert!(check(&again, &key.sign(ACCESS_TOKEN, &written).unwrap()).is_ok());
}

#[test]
fn every_claim_is_asked_for() {
    let key = SigningKey::generate().unwrap();
    let good = claims();
    let head = head(&key).to_string();
    assert!(check(&key, &token(&key, &head, &good.to_string())).is_ok());
    let table = [
        ("iss", Value::Null, TokenError::Issuer),
        ("iss", json!("https://issuer.example/"), TokenError::Issuer),
        ("iss", json!(["https://issuer.example"]), TokenError::Form),
        ("aud", Value::Null, TokenError::Audience),
        ("aud", json!("https://other.example"), TokenError::Audience),
        ("aud", json!([]), TokenError::Audience),
        ("aud", json!({"a": 1}), TokenError::Form),
        ("sub", Value::Null, TokenError::Subject),
        ("sub", json!(""), TokenError::Subject),
        ("exp", Value::Null, TokenError::Expired),
        ("exp", json!(NOW - 31), TokenError::Expired),
        ("exp", json!("4102444800"), TokenError::Form),
        ("exp", json!(-1), TokenError::Form),
        ("exp", json!(1e300), TokenError::Form),
        ("nbf", json!(NOW + 31), TokenError::NotYet),
        ("iat", json!(NOW + 31), TokenError::NotYet),
    ];
    for (name, value, error) in table {
        let text = format!("{name}: {value}");
        assert_eq!(check(&key, &token(&key, &head, &with(&good, name, value))), Err(error), "{text}");
    }
    for (name, value) in [("exp", json!(NOW - 29)), ("nbf", json!(NOW + 29)), ("nbf", Value::Null), ("exp", json!((NOW + 1) as f64 + 0.5))]
    {
        assert!(check(&key, &token(&key, &head, &with(&good, name, value))).is_ok(), "{name}");
    }
}

#[test]
fn every_header_is_asked_for() {
    let key = SigningKey::generate().unwrap();
    let (good, claims) = (head(&key), claims().to_string());
    let table = [
        ("alg", json!("none"), TokenError::Algorithm),
        ("alg", json!("None"), TokenError::Algorithm),
        ("alg", json!("HS256"), TokenError::Algorithm),
        ("alg", json!("RS256"), TokenError::Algorithm),
        ("alg", json!(["ES256"]), TokenError::Form),
        ("alg", Value::Null, TokenError::Form),
        ("typ", json!("JWT"), TokenError::Type),
        ("typ", Value::Null, TokenError::Type),
        ("crit", json!(["exp"]), TokenError::Critical),
        ("crit", json!([]), TokenError::Critical),
        ("b64", json!(false), TokenError::Critical),
        ("kid", json!("another"), TokenError::UnknownKey),
        ("kid", json!("../../dev/null"), TokenError::UnknownKey),
        ("kid", json!("' OR 1=1 --"), TokenError::UnknownKey),
        ("kid", json!(7), TokenError::Algorithm),
    ];
    for (name, value, error) in table {
        let text = format!("{name}: {value}");
        assert_eq!(check(&key, &token(&key, &with(&good, name, value), &claims)), Err(error), "{text}");
    }
    assert!(check(&key, &token(&key, &with(&good, "typ", json!("application/AT+JWT")), &claims)).is_ok());
    // One key: a token need not name it. What it says of where its key is has no meaning.
    assert!(check(&key, &token(&key, &with(&good, "kid", Value::Null), &claims)).is_ok());
    let other = SigningKey::generate().unwrap();
    let inlined = with(&with_value(&good, "jwk", other.public_jwk().unwrap()), "jku", json!("http://127.0.0.1:1/"));
    assert_eq!(check(&key, &token(&other, &inlined, &claims)), Err(TokenError::Signature));
}

fn with_value(value: &Value, name: &str, new: Value) -> Value {
    serde_json::from_str(&with(value, name, new)).unwrap()
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let key = SigningKey::generate().unwrap();
    let (head, claims) = (head(&key).to_string(), claims().to_string());
    let twice = format!("{},\"exp\":{}}}", claims.strip_suffix('}').unwrap(), NOW + 9_999_999);
    assert_eq!(check(&key, &token(&key, &head, &twice)), Err(TokenError::Form));
    let twice = format!("{},\"alg\":\"none\"}}", head.strip_suffix('}').unwrap());
    assert_eq!(check(&key, &token(&key, &twice, &claims)), Err(TokenError::Form));
}

#[test]
fn the_public_key_is_no_secret_of_a_mac() {
    let key = SigningKey::generate().unwrap();
    let jwk = key.public_jwk().unwrap();
    let head = json!({"alg": "HS256", "typ": "at+jwt", "kid": key.key_id()}).to_string();
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims().to_string()));
    for secret in [jwk.to_string().into_bytes(), key.to_pkcs8().to_vec(), Vec::new()] {
        let mac = jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(&secret), Algorithm::HS256).unwrap();
        let mut lax = expected();
        lax.algorithms = &[Algorithm::HS256, Algorithm::ES256];
        let outcome = verify(&format!("{message}.{mac}"), &key.key_set().unwrap(), &lax);
        assert_eq!(outcome, Err(TokenError::UnknownKey), "even where an issuer names the algorithm");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let key = SigningKey::generate().unwrap();
    let good = token(&key, &head(&key).to_string(), &claims().to_string());
    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
    flipped[10] ^= 1;
    let flipped = format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(flipped));
    let long = format!("{unsigned}.{}", "A".repeat(MAX_TOKEN_BYTES));
    let table = [
        (String::new(), TokenError::Form),
        ("a.b.c".to_owned(), TokenError::Form),
        (unsigned.to_owned(), TokenError::Form),
        (format!("{unsigned}."), TokenError::Form),
        (format!("{good}.x"), TokenError::Form),
        (format!("{good}="), TokenError::Signature),
        (flipped, TokenError::Signature),
        (long, TokenError::TooLong),
        (token(&key, "[]", "{}"), TokenError::Form),
        (token(&key, &head(&key).to_string(), "[]"), TokenError::Form),
        (token(&key, &head(&key).to_string(), "{}trailing"), TokenError::Form),
    ];
    for (text, error) in table {
        assert_eq!(check(&key, &text), Err(error), "{text:.60}");
    }
}

#[test]
fn sets_hold_what_verifies_and_no_more() {
    let (a, b) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let with_use = |jwk: Value, usage: &str| with_value(&jwk, "use", json!(usage));
    let set = |keys: Vec<Value>| KeySet::parse(json!({"keys": keys}).to_string().as_bytes());
    let (ja, jb) = (a.public_jwk().unwrap(), b.public_jwk().unwrap());
    let secret = json!({"kty": "oct", "k": "c2VjcmV0", "kid": "s", "alg": "HS256"});
    let two = set(vec![ja.clone(), secret.clone(), json!({"kty": "new"}), json!(7), jb.clone()]).unwrap();
    let good = token(&b, &head(&b).to_string(), &claims().to_string());
    assert!(verify(&good, &two, &expected()).is_ok());
    // Two fit: a token must say which.
    let nameless = token(&b, &with(&head(&b), "kid", Value::Null), &claims().to_string());
    assert_eq!(verify(&nameless, &two, &expected()), Err(TokenError::UnknownKey));
    // Two of one name: neither.
    let doubled = set(vec![with_value(&ja, "kid", json!("k")), with_value(&jb, "kid", json!("k"))]).unwrap();
    let named = token(&b, &with(&head(&b), "kid", json!("k")), &claims().to_string());
    assert_eq!(verify(&named, &doubled, &expected()), Err(TokenError::UnknownKey));
    assert_eq!(set(vec![secret, with_use(ja.clone(), "enc")]).unwrap_err(), KeySetError::Empty);
    assert_eq!(set(vec![ja; MAX_KEYS + 1]).unwrap_err(), KeySetError::TooMany);
    assert_eq!(KeySet::parse(b"[]").unwrap_err(), KeySetError::Form);
}

proptest::proptest! {
    #[test]
    fn any_text_is_judged(text in "[A-Za-z0-9_.=-]{0,200}", head in ".{0,80}", claims in ".{0,80}") {
        let key = SigningKey::generate().unwrap();
        proptest::prop_assert!(check(&key, &text).is_err());
        proptest::prop_assert!(peek_issuer(&text).is_err() || text.split('.').count() == 3);
        let made = format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
        proptest::prop_assert!(check(&key, &made).is_err());
    }
}
