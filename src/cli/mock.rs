//! `castile mock`: a SOAP service made from a WSDL.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::args::{Global, Mock};
use super::target::Wanted;
use super::{Exit, Outcome, Screen, runtime, target};
use crate::mock::{self, Options};

/// Serves until it is told to stop.
pub(super) fn run(screen: &Screen, global: &Global, args: &Mock) -> Outcome {
    if !(0.0..=1.0).contains(&args.fault) {
        return Err(screen.usage("--fault is a number from 0 to 1"));
    }
    let api = target::api_wanted(screen, global, &Wanted { loopback: true, service: true, ..Wanted::new(&args.target) })?;
    let options = Options {
        delay: Duration::from_millis(args.delay),
        fault: args.fault,
        seed: args.seed,
        validate: args.validate,
        security: args.validate,
        ..Options::default()
    };
    let operations = api.program.operations.len();
    let name = api.definition.api.name.clone();
    let mock = Arc::new(mock::Mock::new(api, options));
    runtime(screen)?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", args.port)).await.map_err(|e| {
            screen.error(&format!("port {} cannot be listened on: {e}", args.port));
            Exit::Problem
        })?;
        let port = listener.local_addr().map_or(args.port, |a| a.port());
        screen.say(&format!(
            "{name} ({operations} operations) answers at http://127.0.0.1:{port}/, its WSDL at http://127.0.0.1:{port}/?wsdl"
        ));
        mock::serve(mock, listener, told_to_stop()).await.map_err(|e| {
            screen.error(&e.to_string());
            Exit::Problem
        })
    })?;
    Ok(Exit::Fine)
}

/// Ctrl-C, or SIGTERM where there is such a thing.
pub(super) async fn told_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _heard = tokio::signal::ctrl_c().await;
}
