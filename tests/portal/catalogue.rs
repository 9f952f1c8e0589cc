//! Which APIs one sees, and how fast.

use std::sync::Arc;
use std::time::Instant;

use castile::catalog::{State, Visibility};

use super::{House, countries};

#[tokio::test(flavor = "multi_thread")]
async fn one_sees_what_one_may_know_of() {
    let mut hidden = countries("hidden", State::Published);
    hidden.definition.access.visibility = Visibility::Subscribers;
    let other = countries("theirs", State::Published).of_tenant("acme");
    let house = House::start(vec![
        countries("open", State::Published),
        countries("old", State::Deprecated),
        countries("stopped", State::Blocked),
        countries("made", State::Created),
        countries("gone", State::Retired),
        hidden,
        other,
    ])
    .await;
    let (mut stranger, mut sue) = (house.stranger(), house.user("sue"));
    for (name, to_stranger, to_sue) in [
        ("open", 200, 200),
        ("old", 200, 200),
        ("stopped", 200, 200),
        ("hidden", 404, 200),
        ("made", 404, 404),
        ("gone", 404, 404),
        ("theirs", 404, 404),
        ("never", 404, 404),
    ] {
        for (browser, expected) in [(&mut stranger, to_stranger), (&mut sue, to_sue)] {
            let listed = browser.get("/").has(&format!("href=\"/apis/{name}\""));
            assert_eq!(listed, expected == 200, "{name}");
            for file in ["", "/openapi.json", "/openapi-3.0.json", "/service.wsdl"] {
                assert_eq!(browser.get(&format!("/apis/{name}{file}")).status, expected, "{name}{file}");
            }
        }
    }
    // In the same words for what is there and for what never was, but for the name.
    let said = |page: super::Shown, name: &str| page.between("<main", "<p class=\"faint\">Request").replace(name, "X");
    assert_eq!(said(stranger.get("/apis/hidden"), "hidden"), said(stranger.get("/apis/never"), "never"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_says_how_it_is_called() {
    let mut keyed = countries("keyed", State::Published);
    keyed.definition.access.security = vec!["api_key".into(), "oauth2".into()];
    keyed.definition.plans = vec!["bronze".into(), "gold".into()];
    let house = House::with(vec![keyed], |c| c.gateway.public_url = Some("https://api.example.org/base".parse().unwrap())).await;
    let mut stranger = house.stranger();
    let page = stranger.get("/apis/keyed");
    for text in [
        "<code>https://api.example.org/base/keyed/1</code>",
        "Who has an API key (header field apikey) or an access token of this gateway (OAuth 2.0).",
        "<strong>bronze</strong>: 1000 calls a minute",
        "<strong>gold</strong>",
        "GetCountry",
    ] {
        assert!(page.has(text), "{text}: {}", page.body);
    }
    assert!(!page.has("tryout"));
    let openapi = stranger.get("/apis/keyed/openapi.json");
    assert_eq!(openapi.field("content-disposition"), Some("attachment; filename=\"keyed-1.openapi.json\""));
    let document: serde_json::Value = serde_json::from_str(&openapi.body).unwrap();
    assert_eq!(document["servers"][0]["url"], "https://api.example.org/base/keyed/1");
    let wsdl = stranger.get("/apis/keyed/service.wsdl");
    assert!(wsdl.has("location=\"https://api.example.org/base/keyed/1\""), "{}", wsdl.body);
    house.stop().await;
}

/// Time for a page with 500 APIs, at the median of several: the bound of the product where this is built for release, else ten times that.
#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_apis_are_shown_at_once() {
    let one = countries("countries", State::Published);
    let many = |i: usize| {
        let mut api = one.clone();
        api.name = format!("api{i:03}").into();
        api.definition.api.name = format!("API number {i}");
        api.documentation = Some("What this does is told here in a sentence of the usual length, or two. ".repeat(4).into());
        api
    };
    let house = House::start((0..500).map(many).collect()).await;
    let mut stranger = house.stranger();
    let mut times = Vec::new();
    for path in ["/", "/?q=number", "/?page=11", "/?q=number+42", "/?page=99999", "/?page=-1"] {
        let began = Instant::now();
        let page = stranger.get(path);
        times.push(began.elapsed());
        assert!(page.status == 200 && page.body.len() < 100_000, "{path}: {} bytes", page.body.len());
    }
    times.sort();
    let median = times[times.len() / 2];
    println!("catalogue of 500 APIs: {median:?}, {} bytes", stranger.get("/").body.len());
    let bound = if cfg!(debug_assertions) { 200 } else { 20 };
    assert!(median.as_millis() < bound, "{median:?}");
    let first = stranger.get("/");
    assert!(first.has("500 APIs.") && first.has("Page 1 of 11") && first.has("href=\"/?page&#x3D;2\"") && !first.has("rel=\"prev\""));
    let last = stranger.get("/?page=11");
    assert!(last.has("rel=\"prev\"") && !last.has("rel=\"next\""));
    let few = stranger.get("/?q=NUMBER+42");
    assert!(few.has("15 APIs of 500 fit.") && few.has("href=\"/apis/api042\"") && !few.has("api043"), "{}", few.body);
    assert!(stranger.get("/?q=zzz").has("No API of 500 fits."));
    // What is published is there at once.
    house.catalog.publish(vec![Arc::new(one.clone())]);
    assert!(stranger.get("/").has("1 API."));
    house.stop().await;
}
