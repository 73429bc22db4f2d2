//! Tests of the real binary with a real client, real cargo and real rustc.

mod client;
mod project;

mod bad_input;
mod children;
mod editing;
mod flycheck;
mod handshake;
mod manual;
mod tidy;
