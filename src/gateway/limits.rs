//! What one call of an API may use: what its file says; where that is the shipped default, what the operator's settings say.

use std::time::Duration;

use crate::catalog::PublishedApi;
use crate::config::Limits;

/// The limits of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallLimits {
    /// Bytes of a JSON request.
    pub(super) json_request: u64,
    /// Bytes of a raw SOAP request.
    pub(super) soap_request: u64,
    /// Bytes of an upstream's reply.
    pub(super) reply: u64,
    /// Bytes of a JSON answer that is sent whole.
    pub(super) reply_buffer: usize,
    /// Calls in flight.
    pub(super) in_flight: usize,
    /// From the request's end to the reply's head.
    pub(super) first_byte: Duration,
    /// The whole call.
    pub(super) call: Duration,
}

impl CallLimits {
    /// Those of an API under an operator's settings.
    pub(super) fn of(api: &PublishedApi, operator: &Limits) -> Self {
        let shipped = Limits::default();
        let (limits, endpoint) = (&api.definition.limits, &api.definition.endpoint);
        Self {
            json_request: choose(limits.json_request_bytes, shipped.json_request.0, operator.json_request.0),
            soap_request: choose(limits.soap_request_bytes, shipped.soap_request.0, operator.soap_request.0),
            reply: choose(limits.reply_bytes, shipped.reply.0, operator.reply.0),
            reply_buffer: choose(api.definition.reply_buffer_bytes, shipped.reply_buffer.get(), operator.reply_buffer.get()),
            in_flight: choose(limits.in_flight as usize, shipped.in_flight, operator.in_flight),
            first_byte: choose(endpoint.first_byte_timeout, shipped.upstream.first_byte, operator.upstream.first_byte),
            call: choose(endpoint.timeout, shipped.upstream.call, operator.upstream.call),
        }
    }
}

/// A file does not repeat what is shipped: a value that equals it is no choice of the API's.
fn choose<T: PartialEq + Copy>(api: T, shipped: T, operator: T) -> T {
    if api == shipped { operator } else { api }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_goes_before_the_operator_and_he_before_what_is_shipped() {
        assert_eq!(choose(10, 10, 10), 10);
        assert_eq!(choose(10, 10, 20), 20);
        assert_eq!(choose(5, 10, 20), 5);
    }
}
