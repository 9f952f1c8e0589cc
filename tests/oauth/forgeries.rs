//! Tokens and fields of somebody who wants in: signatures bent in every way that ECDSA and its forms allow, heads that bring keys along, times and texts at
//! the edge. One answer for all of them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::house::{House, now};
use super::rules::{sign, told, unsigned, with};

/// The order of P-256's group, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
    0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// ASN.1: SEQUENCE { INTEGER r, INTEGER s }.
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let sign = u8::from(bytes[0] >= 0x80);
        [&[2, bytes.len() as u8 + sign][..], &vec![0; usize::from(sign)], bytes].concat()
    };
    let (r, s) = signature.split_at(32);
    let both = [integer(r), integer(s)].concat();
    [&[0x30, both.len() as u8][..], &both].concat()
}

/// The order less a number below it.
fn negated(number: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 32];
    let mut borrow = 0;
    for at in (0..32).rev() {
        let digit = i32::from(ORDER[at]) - i32::from(number[at]) - borrow;
        borrow = i32::from(digit < 0);
        out[at] = digit.rem_euclid(256) as u8;
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn forgeries_have_one_answer() {
    let house = House::start().await;
    let signing = house.catalog.snapshot().callers.signing.clone().unwrap();
    let key = &signing.now().unwrap().key;
    let given = house.token("service").await;
    let parts: Vec<&str> = given.split('.').collect();
    let [head, claims] = [0, 1].map(|i| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(parts[i]).unwrap()).unwrap());
    let (body, signature) = given.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = bytes.split_at(32);
    let signed = |bytes: &[u8]| format!("{body}.{}", URL_SAFE_NO_PAD.encode(bytes));
    let in_head = |name: &str, value: Value| sign(key, &with(&head, name, value), &claims.to_string());
    let claim = |name: &str, value: Value| sign(key, &head, &with(&claims, name, value).to_string());
    let more = |text: &str| sign(key, &head, &format!("{},{text}}}", claims.to_string().trim_end_matches('}')));
    let stranger = castile::auth::jwt::SigningKey::generate().unwrap();
    let raw_head = |text: &str| {
        let forged = unsigned(&head, &claims.to_string());
        let rest = forged.split_once('.').unwrap().1;
        let message = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(text));
        let signer = jsonwebtoken::EncodingKey::from_ec_der(key.to_pkcs8());
        format!("{message}.{}", jsonwebtoken::crypto::sign(message.as_bytes(), &signer, jsonwebtoken::Algorithm::ES256).unwrap())
    };
    let zero = [0; 32];
    let now = now();
    let kid = head["kid"].as_str().unwrap();
    let table: Vec<(&str, String)> = vec![
        ("DER in the place of raw", signed(&der(&bytes))),
        ("r is zero", signed(&[&zero, s].concat())),
        ("s is zero", signed(&[r, &zero].concat())),
        ("s is the order", signed(&[r, &ORDER].concat())),
        ("r and s are the order", signed(&[ORDER, ORDER].concat())),
        ("all bits of the signature", signed(&[0xff; 64])),
        ("r and s changed places", signed(&[s, r].concat())),
        ("-r", signed(&[negated(r), s.to_vec()].concat())),
        ("a byte more", signed(&[&bytes[..], &[0]].concat())),
        ("leading zeros", signed(&[&[0][..], r, &[0], s].concat())),
        ("padding", format!("{body}.{signature}==")),
        ("padded parts", format!("{}.{}.{signature}", URL_SAFE.encode(head.to_string()), URL_SAFE.encode(claims.to_string()))),
        ("another alphabet", format!("{body}.{}", STANDARD.encode([&[0xfb, 0xff][..], &bytes[2..]].concat()))),
        ("a dot behind", format!("{given}.")),
        ("a dot before", format!(".{given}")),
        ("two dots", given.replacen('.', "..", 1)),
        ("a token in a token", sign(key, &with(&head, "cty", json!("JWT")), &format!("\"{given}\""))),
        ("the claims of another in its head", in_head("claims", claims.clone()).replacen('.', "A.", 1)),
        ("a key brought along, under the issuer's kid", {
            let jwk = stranger.public_jwk().unwrap();
            sign(&stranger, &with(&with(&head, "jwk", jwk), "kid", json!(kid)), &claims.to_string())
        }),
        ("x5c and x5t#S256", {
            let brought = with(&with(&head, "x5c", json!(["MIIB", "MIIC"])), "x5t#S256", json!("AAAA"));
            sign(&stranger, &brought, &claims.to_string())
        }),
        ("jku to this issuer's own keys with another kid", {
            let brought = with(&head, "jku", json!(format!("{}/oauth2/jwks", house.issuer())));
            sign(&stranger, &with(&brought, "kid", json!("x")), &claims.to_string())
        }),
        ("kid with a NUL", in_head("kid", json!(format!("{kid}\0")))),
        ("kid in another case", in_head("kid", json!(kid.to_uppercase() + "x"))),
        ("kid an object", in_head("kid", json!({ "$ne": null }))),
        ("kid of SQL", in_head("kid", json!("' OR 1=1 --"))),
        ("alg twice", raw_head(&head.to_string().replacen('{', "{\"alg\":\"none\",", 1))),
        ("typ twice", raw_head(&head.to_string().replacen('{', "{\"typ\":\"JWT\",", 1))),
        ("b64 true and crit", in_head("crit", json!(["b64"]))),
        ("enc", in_head("enc", json!("A256GCM")).replacen('.', "..", 1)),
        ("iss twice", more("\"iss\":\"https://evil.example\"")),
        ("sub twice, once by an escape", more("\"s\\u0075b\":\"ann\"")),
        ("exp negative", claim("exp", json!(-1))),
        ("exp null", sign(key, &head, &claims.to_string().replacen("\"exp\":", "\"exp\":null,\"x\":", 1))),
        ("exp beyond numbers by its digits", sign(key, &head, &claims.to_string().replacen("\"exp\":", "\"exp\":1e999,\"x\":", 1))),
        ("exp true", claim("exp", json!(true))),
        ("exp a list", claim("exp", json!([now + 600]))),
        ("nbf a text", claim("nbf", json!("0"))),
        ("nbf far ahead", claim("nbf", json!(now + 1_000_000_000))),
        ("aud null", sign(key, &head, &claims.to_string().replacen("\"aud\":", "\"aud\":null,\"x\":", 1))),
        ("aud nested", claim("aud", json!([[house.issuer()]]))),
        ("sub a number", claim("sub", json!(1))),
        ("client_id of another tenant", claim("client_id", json!("foreign"))),
        ("client_id a list", claim("client_id", json!(["service"]))),
        ("claims with something behind", sign(key, &head, &format!("{claims}x"))),
        ("a head with something behind", raw_head(&format!("{head}x"))),
        ("nothing but dots", "..".to_owned()),
        ("a very deep head", raw_head(&("{\"a\":".repeat(600) + "1" + &"}".repeat(600)))),
    ];
    assert!(table.len() > 40);
    let mut first = None;
    for (what, token) in &table {
        let reply = house.call(token).await;
        let told = told(&reply);
        assert_eq!((told.0, told.2["code"].as_str()), (401, Some("900901")), "{what}: {}", reply.text());
        assert_eq!(&told, first.get_or_insert_with(|| told.clone()), "{what} is told apart");
    }
    // The same in other fields: a good token is not taken twice, not beside a bad one, and not where it does not belong.
    let fields = [
        ("two fields", format!("Authorization: Bearer {given}\nAuthorization: Bearer {given}")),
        ("a bad one behind", format!("Authorization: Bearer {given}\nAuthorization: Bearer a.b.c")),
        ("two in one field", format!("Authorization: Bearer {given}, Bearer {given}")),
        ("a space inside", format!("Authorization: Bearer {} {}", &given[..20], &given[20..])),
        ("a quoted one", format!("Authorization: Bearer \"{given}\"")),
        ("a bad token beside a key", "Authorization: Bearer a.b.c\napikey: key_AAAA".to_owned()),
        ("the token as the key", format!("apikey: {given}\nAuthorization: Bearer a.b.c")),
    ];
    for (what, fields) in fields {
        let reply = house.ask(&format!("POST /countries/1/GetCountry\nContent-Type: application/json\n{fields}"), r#"{"code":"LK"}"#).await;
        assert_eq!(Some(&told(&reply)), first.as_ref(), "{what}: {}", reply.text());
    }
    // Who has a signature has another one of the same message (r, n - s): that names nobody else, and tokens are ended by `jti`.
    let twin = signed(&[r, &negated(s)].concat());
    assert_eq!(house.call(&twin).await.status, 200);
    assert_eq!(house.by("service", "/oauth2/revoke", &[("token", &given)]).await.status, 200);
    let began = std::time::Instant::now();
    while house.call(&given).await.status != 401 {
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "it is revoked");
    }
    assert_eq!(Some(&told(&house.call(&twin).await)), first.as_ref(), "the twin of a revoked token");
}
