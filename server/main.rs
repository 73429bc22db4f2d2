//! The command line of `sendlens`.

use std::{fs::File, io, path::Path, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Parser;
use sendlens::{
    cli::{Cli, Command},
    flycheck::tee,
    lsp, report,
};
use tracing_subscriber::EnvFilter;

/// The exit code of everything that cannot run.
const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        // A task may still sit in a read of standard input, which nothing interrupts: returning
        // from `main` does not wait for it.
        Ok(code) => code,
        Err(error) => {
            eprintln!("sendlens: {error:#}");
            COULD_NOT_RUN.into()
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    start_log(cli.log.as_deref())?;
    match cli.command {
        None | Some(Command::Serve(_)) => block_on(async { lsp::serve().await.into() }),
        Some(Command::Check(args)) => block_on(report::check::run(args)),
        Some(Command::Fix(args)) => block_on(report::fix::run(args)),
        Some(Command::Flycheck(args)) => Ok(tee::run(&args.command).into()),
    }
}

fn block_on(work: impl Future<Output = ExitCode>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // The server waits much and computes little.
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let code = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(code)
}

/// Standard output belongs to the protocol: logs go to standard error or a file.
fn start_log(file: Option<&Path>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("SENDLENS_LOG");
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("sendlens=warn,error"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    match file {
        None => log.with_writer(io::stderr).init(),
        Some(path) => {
            let file = File::options().create(true).append(true).open(path);
            let file = file.with_context(|| format!("cannot write the log {}", path.display()))?;
            log.with_writer(Arc::new(file)).init();
        }
    }
    Ok(())
}
