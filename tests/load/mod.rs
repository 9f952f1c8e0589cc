//! Load and bad luck: SOAP services that misbehave, lines that break, more calls than there is room for. What holds for every one of these:
//! callers get an answer in time that says so, others notice nothing, and all is given back.

mod bulkheads;
mod hostile;
mod line;
mod proxy;
mod room;

use std::time::Duration;

use castile::config::Config;

use crate::gateway::bench_of::{Answer, Server};

const GET_COUNTRY: &str = "/countries/1/GetCountry";
const LK: &str = "{\"code\":\"LK\"}";

/// Short deadlines, and no service is left alone for its failures.
fn impatient() -> Config {
    let mut config = Config::default();
    config.limits.upstream.connect = Duration::from_millis(300);
    config.limits.upstream.first_byte = Duration::from_millis(500);
    config.limits.upstream.call = Duration::from_millis(1_000);
    config.limits.upstream.breaker.failures = 0;
    config
}

/// A call whose answer must come long before a person would give up.
async fn prompt(server: &Server) -> Answer {
    let call = server.post(GET_COUNTRY, LK);
    tokio::time::timeout(Duration::from_secs(8), call).await.expect("the call has an answer")
}
