//! The `castile` command.

use std::process::ExitCode;

/// Conversions allocate much and briefly: glibc's allocator costs them a fifth to a third.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // One cryptography provider for everything, chosen before anyone asks for one.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    castile::cli::main()
}
