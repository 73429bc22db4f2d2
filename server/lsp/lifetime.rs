//! The server's life on standard input and output, and its end: with its client, whichever way
//! that goes, and never without ending its own child processes.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{io::BufReader, sync::Notify};
use tower_lsp::{LspService, Server};

use super::{Backend, input};
use crate::engine::Handle;

/// Requests in work at the same time: more than any editor sends, so that none waits for another.
const CONCURRENCY: usize = 64;

/// How much input waits between the sieve and the framework.
const PIPE: usize = 64 * 1024;

/// How often is looked whether the client lives.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long the last answers may take once the client is gone.
const FAREWELL: Duration = Duration::from_secs(3);

/// The exit code of a client that ended without `shutdown`, as the protocol has it.
const ABRUPT: u8 = 1;

/// Serves one client on standard input and output; gives the exit code.
pub async fn serve() -> u8 {
    let was_shut_down = Arc::new(AtomicBool::new(false));
    let session = Arc::new(OnceLock::new());
    let backend = |client| Backend {
        client,
        session: Arc::clone(&session),
        was_shut_down: Arc::clone(&was_shut_down),
    };
    let (service, socket) = LspService::build(backend)
        .custom_method("sendlens/explain", Backend::explain)
        .custom_method("sendlens/life", Backend::life)
        .finish();
    let ended = Arc::new(Notify::new());
    let (sifted, to_server) = tokio::io::duplex(PIPE);
    let input_ended = Arc::clone(&ended);
    tokio::spawn(async move {
        input::sift(BufReader::new(tokio::io::stdin()), to_server).await;
        input_ended.notify_one();
    });
    let server = Server::new(sifted, tokio::io::stdout(), socket).concurrency_level(CONCURRENCY);
    // The framework may wait for a full pipe that nobody reads any more.
    let farewell = async {
        ended.notified().await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        () = server.serve(service) => {}
        () = farewell => {}
        () = terminated() => {}
    }
    if let Some(session) = session.get() {
        session.engine.stop().await;
    }
    if was_shut_down.load(Ordering::Relaxed) { 0 } else { ABRUPT }
}

/// Ends the server when the client's process is gone without a word. A process that cannot be
/// seen from the start (another container) says nothing by its absence.
pub(super) fn follow(client: u32, engine: Handle) {
    if !is_alive(client) {
        return;
    }
    tokio::spawn(async move {
        while is_alive(client) {
            tokio::time::sleep(HEARTBEAT).await;
        }
        tracing::warn!(client, "the client is gone");
        engine.stop().await;
        std::process::exit(ABRUPT.into());
    });
}

#[cfg(unix)]
fn is_alive(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    process.is_some_and(|process| match rustix::process::test_kill_process(process) {
        Ok(()) => true,
        // Somebody else's process is a living one.
        Err(error) => error == rustix::io::Errno::PERM,
    })
}

#[cfg(not(unix))]
fn is_alive(_process: u32) -> bool {
    // Standard input ends with the client there.
    false
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn terminated() {
    let _ = tokio::signal::ctrl_c().await;
}
