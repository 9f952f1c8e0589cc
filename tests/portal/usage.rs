//! Usage: whose calls one sees, what is not known, texts that stay texts.

use castile::manage::{HOUR_SECONDS, UsageRecord, UsageRow, usage_now};
use castile::store::{Expected, Keep};

use super::applications::{belongings, with_countries};

const EVIL: &str = "=\"'><img src=x onerror=alert(1)>";

fn row(tenant: &str, api: &str, application: &str, name: &str, calls: u64) -> UsageRow {
    UsageRow {
        tenant: tenant.into(),
        api: api.into(),
        application: application.into(),
        application_name: name.into(),
        operation: "GetCountry".into(),
        kind: "rest".into(),
        calls,
        classes: vec![calls],
        ..UsageRow::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sees_the_calls_that_concern_one() {
    let house = with_countries().await;
    let application = |found: Vec<(&str, String)>| found.into_iter().find(|(name, _)| *name == "{application}").unwrap().1;
    let (sues, sids) = (application(belongings(&house.manage, "sue").await), application(belongings(&house.manage, "sid").await));
    let hour = usage_now() - usage_now().rem_euclid(HOUR_SECONDS);
    let rows = vec![
        row("default", "countries", &sues, EVIL, 1_001),
        row("default", "countries", &sids, "of sid", 2_002),
        row("default", "other", &sids, "of sid", 4_004),
        row("default", "countries", "", "", 8_008),
        row("acme", "countries", &sues, "of another tenant", 16_016),
    ];
    for (process, rows) in [("a", rows), ("b", Vec::new())] {
        let record = UsageRecord {
            id: UsageRecord::id_of(hour, process, 0),
            hour,
            from: hour,
            to: hour + HOUR_SECONDS,
            expires: hour + 90 * 86_400,
            rows,
        };
        house.store.put(&record, Expected::Any, None).await.unwrap();
    }
    for (name, all, of_countries) in [
        ("sue", "1001 calls", "1001 calls"),
        ("sid", "6006 calls", "2002 calls"),
        ("pia", "15015 calls", "11011 calls"),
        ("ada", "15015 calls", "11011 calls"),
    ] {
        let mut browser = house.user(name);
        for (address, said) in
            [("/usage", all), ("/usage?api=countries", of_countries), ("/usage?days=1", all), ("/usage?api=never", "0 calls")]
        {
            let page = browser.get(address);
            assert!(page.status == 200 && page.has(&format!(">{said} in ")), "{name} {address}: {}", page.body);
            assert!(!page.has("<img src=x") && !page.has("another tenant"), "{name} {address}: {}", page.body);
        }
        // Before this hour there was no gateway.
        assert!(browser.get("/usage").has("Of these times nothing is known"));
    }
    let mut sue = house.user("sue");
    let file = sue.get("/usage.csv");
    assert_eq!(file.field("content-type"), Some("text/csv; charset=utf-8"));
    assert!(file.has(",\"countries\",\"'=\"\"'><img") && !file.has("of sid") && file.has("\"not known: "), "{}", file.body);
    let page = sue.get("/usage?api=%3Cimg%20src%3Dx%3E");
    assert!(page.status == 200 && !page.has("<img src=x") && page.has("&lt;img"), "{}", page.body);
    assert_eq!(house.stranger().get("/usage").status, 303);
    house.stop().await;
}
