//! Runs a command until it ends or the user has enough of it.

use std::{future::Future, process::ExitCode};

use anyhow::Result;

use super::terminal::say;

/// Runs a command and gives its exit code; 2 when it could not run. On Ctrl-C, or when the
/// terminal goes away, the command is dropped, and with it every process group it started.
pub(super) async fn until_interrupted(command: impl Future<Output = Result<ExitCode>>) -> ExitCode {
    tokio::select! {
        ended = command => ended.unwrap_or_else(|error| {
            say(&format!("error: {error:#}"));
            ExitCode::from(2)
        }),
        code = interrupted() => ExitCode::from(code),
    }
}

/// Waits for a signal that ends us, and gives the exit code that shells expect after it.
#[cfg(unix)]
async fn interrupted() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};

    let wait = async |kind: SignalKind| match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        // Without a handler the signal ends us without further ado.
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => 130,
        () = wait(SignalKind::terminate()) => 143,
        () = wait(SignalKind::hangup()) => 129,
    }
}

#[cfg(not(unix))]
async fn interrupted() -> u8 {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    130
}
