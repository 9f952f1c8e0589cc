//! What every answer says to browsers, and what gets none.

use castile::catalog::State;

use super::{House, countries};

#[tokio::test(flavor = "multi_thread")]
async fn pages_load_nothing_from_elsewhere_and_run_nothing_of_their_own() {
    let house = House::start(vec![countries("countries", State::Published)]).await;
    let mut stranger = house.stranger();
    for path in ["/", "/apis/countries", "/log-in", "/sign-up", "/nowhere"] {
        let shown = stranger.get(path);
        let policy = shown.field("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(shown.field(name), Some(value), "{path}");
        }
        assert!(shown.field("x-request-id").is_some());
        for never in ["<style", " style=", "onclick", "javascript:"] {
            assert!(!shown.has(never), "{path}: {never}");
        }
        // What it loads is the portal's own; scripts stand in files.
        for attribute in ["src=\"", "<link rel=\"stylesheet\" href=\"", "action=\""] {
            for value in shown.body.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(value.starts_with('/') && !value.starts_with("//"), "{path}: {attribute}{value}");
            }
        }
        assert!(shown.body.split("<script").skip(1).all(|s| s.starts_with(" src=\"/assets/") && s.contains("></script>")), "{path}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_for_good_under_the_hash_of_what_is_in_them() {
    let house = House::start(Vec::new()).await;
    let mut stranger = house.stranger();
    let page = stranger.get("/");
    let style = page.between("rel=\"stylesheet\" href=\"", "\"").to_owned();
    let script = page.between("<script src=\"", "\"").to_owned();
    for (path, kind) in [(style.as_str(), "text/css; charset=utf-8"), (&script, "text/javascript; charset=utf-8")] {
        let file = stranger.get(path);
        assert_eq!((file.status, file.field("content-type")), (200, Some(kind)));
        assert_eq!(file.field("cache-control"), Some("public, max-age=31536000, immutable"));
        assert!(!file.body.contains("http://") && !file.body.contains("https://") && !file.body.contains("url("), "{path}");
    }
    assert_eq!(stranger.get("/assets/portal-0000000000000000.css").status, 404);
    assert_eq!(stranger.get("/assets/..%2f..%2fcastile.yaml").status, 404);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_to_its_own_names_only() {
    let house = House::with(Vec::new(), |c| c.portal.public_url = Some("https://portal.example.org/".parse().unwrap())).await;
    let mut stranger = house.stranger();
    for (host, status) in [
        ("localhost", 200),
        ("127.0.0.1:8290", 200),
        ("[::1]:8290", 200),
        ("10.1.2.3", 200),
        ("PORTAL.example.org", 200),
        ("evil.example", 421),
        ("portal.example.org.evil.example", 421),
    ] {
        assert_eq!(stranger.send("GET /", &[("host", host)], "").status, status, "{host}");
    }
    let other = stranger.send("DELETE /", &[], "");
    assert_eq!(other.status, 405);
    assert!(other.field("allow").is_some(), "{other:?}");
    house.stop().await;
}
