//! Callers that take their time, and caps. The limits are made short; what is measured is that they hold.

use std::time::{Duration, Instant};

use castile::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::bench_of::{Answer, Do, Server, Upstream, country, large_country, reply, to_end};

fn short() -> Config {
    let mut config = Config::default();
    config.limits.http.head_deadline = Duration::from_millis(400);
    config.limits.http.keep_alive = Duration::from_millis(800);
    config.limits.http.body_idle = Duration::from_millis(400);
    config.limits.http.body_rate_after = Duration::from_millis(600);
    config.limits.http.body_rate = 1000;
    config.limits.http.write_idle = Duration::from_millis(400);
    config
}

async fn server(config: Config) -> Server {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    Server::with(upstream.address, "", config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dripping_head_is_answered_408_at_its_deadline() {
    let server = server(short()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let began = Instant::now();
    let (mut read, mut write) = stream.split();
    let drip = async {
        for byte in b"GET /countries/1 HTTP/1.1\r\nHost: localhost\r\n".iter().cycle() {
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let mut bytes = Vec::new();
    tokio::select! { () = drip => {}, _ = read.read_to_end(&mut bytes) => {} }
    let answer = Answer::parse(&bytes);
    assert_eq!((answer.status, answer.problem()), (408, String::from("castile.request_timeout")));
    assert!((300..2000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_are_closed_without_a_word() {
    let server = server(short()).await;
    let began = Instant::now();
    assert_eq!(server.raw("").await, b"");
    assert!((300..700).contains(&began.elapsed().as_millis()), "before a request: {:?}", began.elapsed());
    let began = Instant::now();
    let bytes = server.raw("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(Answer::parse(&bytes).status, 404);
    assert!((700..2000).contains(&began.elapsed().as_millis()), "after one: {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_dripping_bodies_are_answered_408() {
    let server = server(short()).await;
    let head = "POST /countries/1/GetCountry HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{";
    let answer = Answer::parse(&server.raw(head).await);
    assert_eq!((answer.status, answer.problem()), (408, String::from("castile.request_timeout")));

    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let began = Instant::now();
    let (mut read, mut write) = stream.split();
    let drip = async {
        while write.write_all(b" ").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let mut bytes = Vec::new();
    tokio::select! { () = drip => {}, _ = read.read_to_end(&mut bytes) => {} }
    assert_eq!(Answer::parse(&bytes).status, 408);
    assert!((500..2000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_does_not_take_its_answer_is_cut_off() {
    let body = large_country(8 << 20);
    let upstream = Upstream::answering("200 OK", "text/xml", body.as_bytes()).await;
    let server = Server::with(upstream.address, "", short()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = "POST /countries/1/GetCountry HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"code\":\"LK\"}";
    stream.write_all(request.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(2500)).await;
    let bytes = to_end(&mut stream).await;
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "all {} bytes came", bytes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_capped_by_address_and_in_all() {
    for total in [true, false] {
        let mut config = Config::default();
        if total {
            config.limits.http.connections = 3;
        } else {
            config.limits.http.connections_per_address = 3;
        }
        let server = server(config).await;
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            let mut first = [0; 12];
            stream.read_exact(&mut first).await.unwrap();
            open.push(stream);
        }
        assert_eq!(server.raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await, b"", "the fourth is closed at once");
        open.pop();
        sleep(Duration::from_millis(100)).await;
        assert_eq!(server.ask("GET /nowhere", "").await.status, 404, "a free place is given again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_ends_after_its_number_of_requests() {
    let mut config = Config::default();
    config.limits.http.requests_per_connection = 3;
    let server = server(config).await;
    let bytes = server.raw("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(5)).await;
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(text.matches("HTTP/1.1 404").count(), 3, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_those_in_flight_are_refused_with_900801() {
    let upstream = Upstream::start(vec![Do::Wait(1500), Do::Send(reply("200 OK", "text/xml", country().as_bytes()))]).await;
    let server = Server::with(upstream.address, "limits: { in_flight: 1 }", Config::default()).await;
    let (first, second) = tokio::join!(server.post("/countries/1/GetCountry", "{\"code\":\"LK\"}"), async {
        sleep(Duration::from_millis(300)).await;
        server.post("/countries/1/GetCountry", "{\"code\":\"LK\"}").await
    });
    assert_eq!(first.status, 200);
    assert_eq!((second.status, second.problem().as_str()), (503, "900801"));
    assert_eq!(second.field("retry-after"), Some("1"));
    assert_eq!(server.post("/countries/1/GetCountry", "{\"code\":\"LK\"}").await.status, 200, "the place is free again");
}
