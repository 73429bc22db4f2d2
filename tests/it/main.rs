//! Tests of the real binary with a real client, real cargo and real rustc.

// A test says best what it expects by failing; clippy knows only the test functions as tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod package;
mod project;

mod alive;
mod bad_input;
mod check;
mod children;
mod editing;
mod explain;
mod fix;
mod flycheck;
mod handshake;
mod kept;
mod manual;
#[cfg(unix)]
mod neighbour;
mod pictures;
mod recognise;
mod retype;
mod tidy;
mod workspaces;
