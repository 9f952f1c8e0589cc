//! The gateway from outside: real sockets, raw bytes, upstreams that behave badly.

mod addresses;
mod attachments;
mod basic;
pub mod bench_of;
mod breaker;
mod cache;
mod callers;
mod calls;
mod cors;
pub mod examples;
mod headers;
mod http;
mod issuer;
mod login;
mod mtls;
mod outsiders;
mod replies;
mod rest;
mod run;
mod security;
mod sequences;
mod slow;
mod soap;
mod swaps;
mod tenants;
mod tls;
mod uploaded;
