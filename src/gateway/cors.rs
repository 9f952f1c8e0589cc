//! What browsers ask before a page of another origin may call (Fetch standard, section 3.3): the fields of tower-http's layer, written onto
//! an answer that stands. The layer is a service around a service; here the inner one is the answer itself.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::{Method, Request, Response, StatusCode};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::body::AnswerBody;
use crate::catalog::Cors;

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
