//! What browsers ask before a page of another origin may call (Fetch standard, section 3.3): the fields of tower-http's layer, written onto
//! an answer that stands. The layer is a service around a service; here the inner one is the answer itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::{Method, Request, Response, StatusCode};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};

use super::body::AnswerBody;
use crate::catalog::Cors;
use crate::config::Config;
use crate::net::address::is_loopback_host;

/// How long a browser remembers what the portal's consoles may do.
const CONSOLE_AGE: Duration = Duration::from_secs(600);

/// The rules of an API.
pub(super) type Rules = Arc<CorsLayer>;

/// Those that a definition says.
pub(super) fn rules(cors: &Cors) -> Rules {
    let names = |list: &[String]| list.iter().filter_map(|n| n.parse::<HeaderName>().ok()).collect::<Vec<_>>();
    let origins = match cors.is_for_all() {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(cors.origins.iter().filter_map(|o| HeaderValue::from_str(o).ok())),
    };
    let methods: Vec<Method> = cors.methods.iter().filter_map(|m| m.parse().ok()).collect();
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(methods)
        .allow_headers(names(&cors.headers))
        .expose_headers(names(&cors.expose))
        // The layer panics where both are true; the reader of the file refuses that.
        .allow_credentials(cors.credentials && !cors.is_for_all())
        .max_age(cors.max_age);
    Arc::new(layer)
}

/// Is this what a browser asks first?
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer with what a browser must read on it. An answer to a preflight is the layer's own; an error stays.
pub(super) async fn dress(rules: &CorsLayer, method: &Method, headers: &HeaderMap, response: Response<AnswerBody>) -> Response<AnswerBody> {
    let asks = is_preflight(method, headers) && response.status().is_success();
    let mut request = Request::new(());
    // The layer takes every OPTIONS for a preflight.
    *request.method_mut() = if asks { Method::OPTIONS } else { Method::GET };
    request.headers_mut().clone_from(headers);
    let mut answer = Some(response.map(Some));
    let inner = service_fn(move |_| std::future::ready(Ok::<_, Infallible>(answer.take().unwrap_or_default())));
    let dressed = rules.layer(inner).oneshot(request).await.unwrap_or_else(|never| match never {});
    let mut dressed = dressed.map(|body| body.unwrap_or_else(AnswerBody::empty));
    if asks {
        *dressed.status_mut() = StatusCode::NO_CONTENT;
    }
    dressed
}

/// The portal's consoles: pages on which people try every API, whatever its definition says of other origins.
#[derive(Clone)]
pub(super) struct Consoles {
    /// The portal's public origin; `None`: it is known by loopback names only.
    public: Option<String>,
    /// The portal's port.
    port: u16,
    rules: Rules,
}

impl Consoles {
    /// As the settings say where the portal is.
    pub(super) fn of(config: &Config) -> Self {
        let layer = CorsLayer::new()
            // Asked only where the origin is the portal's: see `rules_for`.
            .allow_origin(AllowOrigin::mirror_request())
            .allow_methods(AllowMethods::mirror_request())
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(ExposeHeaders::any())
            .max_age(CONSOLE_AGE);
        let public = config.portal.public_url.as_ref().map(|url| url.origin().ascii_serialization());
        Self { public, port: config.listen.portal.address.port(), rules: Arc::new(layer) }
    }

    /// The rules for a page of the portal; `None`: it is none. No credentials of the browser's own go with such a call.
    pub(super) fn rules_for(&self, headers: &HeaderMap) -> Option<Rules> {
        let origin = headers.get(ORIGIN)?.to_str().ok()?;
        let is_here = || {
            let url = url::Url::parse(origin).ok()?;
            Some(url.scheme() == "http" && url.port_or_known_default() == Some(self.port) && is_loopback_host(url.host_str()?))
        };
        let is_portal = match &self.public {
            Some(public) => public == origin,
            None => is_here().unwrap_or(false),
        };
        is_portal.then(|| self.rules.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_portal(config: &Config, origin: &str) -> bool {
        let headers: HeaderMap = [(ORIGIN, HeaderValue::from_str(origin).unwrap())].into_iter().collect();
        Consoles::of(config).rules_for(&headers).is_some()
    }

    #[test]
    fn the_consoles_are_those_of_the_portal() {
        let mut config = Config::default();
        for own in ["http://127.0.0.1:8290", "http://localhost:8290", "http://[::1]:8290"] {
            assert!(is_portal(&config, own), "{own}");
        }
        for other in
            ["http://127.0.0.1:8291", "https://127.0.0.1:8290", "http://portal.example:8290", "null", "http://127.0.0.1.evil.example:8290"]
        {
            assert!(!is_portal(&config, other), "{other}");
        }
        config.portal.public_url = Some("https://portal.example/".parse().unwrap());
        assert!(is_portal(&config, "https://portal.example"));
        for other in
            ["http://portal.example", "https://portal.example:8443", "https://portal.example.evil.example", "http://127.0.0.1:8290"]
        {
            assert!(!is_portal(&config, other), "{other}");
        }
        assert!(Consoles::of(&config).rules_for(&HeaderMap::new()).is_none());
    }
}
