//! Tests of the real binary with a real client, real cargo and real rustc.

mod client;
mod package;
mod project;

mod bad_input;
mod check;
mod children;
mod editing;
mod fix;
mod flycheck;
mod handshake;
mod manual;
mod tidy;
