//! The `castile` command.
fn main() {}
