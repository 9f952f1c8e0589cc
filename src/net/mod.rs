//! The network at the floor: the one address rule, the one resolver, the outgoing clients.
//!
//! Comes in: addresses to fetch (management) and requests to send (calls). Goes out: bytes within limits, responses as streams,
//! errors told apart. Must not know: SOAP, WSDL, what a body means. Redirects are the caller's or none, proxies never.

pub mod address;
