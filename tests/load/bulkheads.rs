//! One API that hangs or is flooded, and its neighbour that notices nothing.

use std::time::Duration;

use castile::config::Config;
use futures_util::future::join_all;

use super::{GET_COUNTRY, LK};
use crate::gateway::bench_of::{Do, Server, Upstream, countries, country};
use crate::gateway::examples::copy;

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_hangs_takes_no_place_of_its_neighbour() {
    let well = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let hangs = Upstream::start(vec![Do::Wait(60_000)]).await;
    let folder = countries(well.address, "");
    copy(&folder.path().join("countries"), &folder.path().join("stuck"));
    let path = folder.path().join("stuck/api.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("name: countries", "name: stuck").replace(&well.address.to_string(), &hangs.address.to_string());
    std::fs::write(&path, text).unwrap();
    let mut config = Config::default();
    config.limits.in_flight = 16;
    config.limits.waiting = 16;
    config.limits.upstream.call = Duration::from_secs(2);
    let server = Server::of(folder, config).await;
    // Twice as many as may run and wait: they take their places and hold them.
    let flood = join_all((0..64).map(|_| server.post("/stuck/1/GetCountry", LK)));
    let calm = async {
        let mut statuses = Vec::new();
        for _ in 0..100 {
            statuses.push(server.post(GET_COUNTRY, LK).await.status);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        statuses
    };
    let (flood, calm) = tokio::join!(flood, calm);
    assert!(calm.iter().all(|status| *status == 200), "{calm:?}");
    let count = |status: u16| flood.iter().filter(|a| a.status == status).count();
    assert_eq!((count(504), count(503)), (16, 48), "{:?}", flood.iter().map(|a| a.status).collect::<Vec<_>>());
    assert!(flood.iter().filter(|a| a.status == 503).all(|a| a.field("retry-after") == Some("1")));
}
