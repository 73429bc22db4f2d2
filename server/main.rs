//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sendlens::report::check::{self, CheckArgs};

/// Explains and fixes futures that are not `Send`.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Report every future that is not `Send`
    Check(CheckArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("SENDLENS_LOG"))
        .init();
    match Cli::parse().command {
        Command::Check(args) => check::run(args).await,
    }
}
