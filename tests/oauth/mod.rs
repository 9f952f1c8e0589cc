//! The authorization server from outside: real sockets, a gateway over a store, and clients that do what they should not.

mod clients;
mod flow;
mod foreign;
mod forgeries;
mod house;
mod rotation;
mod rules;
