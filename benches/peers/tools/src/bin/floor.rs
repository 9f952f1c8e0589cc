//! What a proxy of the same parts costs that looks at nothing: hyper in front, hyper's client behind, one thread, bytes as they come.
//!
//! `floor UPSTREAM_PORT PORT`

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn pass(client: &Client<HttpConnector, Full<Bytes>>, upstream: &str, request: Request<Incoming>) -> Result<Response<Incoming>, Failure> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut outgoing = Request::post(format!("http://{upstream}/soap")).header("content-type", "text/xml; charset=utf-8");
    if let Some(action) = head.headers.get("soapaction") {
        outgoing = outgoing.header("soapaction", action);
    }
    Ok(client.request(outgoing.body(Full::new(body))?).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(upstream), Some(port)) = (arguments.next(), arguments.next()) else { return Err("floor UPSTREAM_PORT PORT".into()) };
    let upstream: &'static str = format!("127.0.0.1:{upstream}").leak();
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse::<u16>()?)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let client = client.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let client = client.clone();
                async move {
                    let answer = pass(&client, upstream, request).await.map(|answer| answer.map(Either::Left));
                    Ok::<_, Infallible>(answer.unwrap_or_else(|error| {
                        let mut answer = Response::new(Either::Right(Full::new(Bytes::from(error.to_string()))));
                        *answer.status_mut() = StatusCode::BAD_GATEWAY;
                        answer
                    }))
                }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.pipeline_flush(true);
            drop(http.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}
