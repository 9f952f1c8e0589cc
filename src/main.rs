<<<<<<< HEAD
//! The `castile` command.

use std::process::ExitCode;

/// Conversions allocate much and briefly: glibc's allocator costs them a fifth to a third.
=======
//! The `castile` command: arguments in, exit code out.

use std::process::ExitCode;

// Conversions cost a fifth to a third more on the system's allocator.
>>>>>>> 4a0acf6 (The command line: init, import, check, mock, encode, decode, call, openapi, wsdl, explain)
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
<<<<<<< HEAD
    // One cryptography provider for everything, chosen before anyone asks for one.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
=======
>>>>>>> 4a0acf6 (The command line: init, import, check, mock, encode, decode, call, openapi, wsdl, explain)
    castile::cli::main()
}
