//! The network at the floor: the one address rule, the one resolver, the one list of fields that stay on their side, the
//! outgoing clients.
//!
//! Comes in: addresses to fetch (management) and requests to send (calls). Goes out: bytes within limits, replies as streams,
//! errors told apart. Must not know: SOAP, WSDL, what a body means. Redirects are followed by `fetch` only, each hop checked;
//! proxies of the environment never.

pub mod address;
mod connector;
pub mod fetch;
pub mod fields;
pub mod forwarded;
pub mod hook;
pub mod inflate;
pub mod probe;
pub mod random;
pub mod relay;
pub mod resolver;
pub mod rest;
pub mod secret;
pub mod serve;
pub mod tls;
pub mod upstream;
