//! The `check` command: runs cargo, or reads what another build system said, and reports.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::{
    args::{Selection, current_dir},
    collect::{self, Findings},
    explain::Explainer,
    human, json,
    terminal::{Look, Progress, say},
};
use crate::{oracle::Oracle, problem::Problem, sources::Sources};

/// How problems are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Arguments of `sendlens check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    selection: Selection,
    /// How problems are printed
    #[arg(long, value_name = "FMT", default_value = "human")]
    message_format: MessageFormat,
    /// Read compiler JSON from a file, or from standard input with `-`, instead of running cargo
    #[arg(long, value_name = "FILE")]
    from: Option<Utf8PathBuf>,
    /// Do not ask the compiler about fixes
    #[arg(long)]
    no_verify: bool,
}

/// Runs the command. Exit code 0: no problem, 1: problems, 2: could not run.
pub async fn run(args: CheckArgs) -> ExitCode {
    super::interrupt::until_interrupted(check(&args)).await
}

async fn check(args: &CheckArgs) -> Result<ExitCode> {
    let root = root(args)?;
    let mut progress = Progress::new();
    let findings = match &args.from {
        Some(file) => collect::read(file, &root)?,
        None => collect::run_cargo(&args.selection, &root, &mut progress).await?,
    };
    let oracle = Oracle::new(root, args.selection.settings());
    let sources = match findings.problems.first() {
        Some(first) => oracle.read_sources(first).await,
        None => Sources::default(),
    };
    let look = Look::of_stdout();
    let explainer =
        Explainer { oracle: &oracle, sources: &sources, verify: !args.no_verify, doubts: vec![] };
    let mut reported = Vec::new();
    let found = &findings.problems;
    match report(args.message_format, explainer, found, &mut reported, look, &mut progress).await {
        // `sendlens check | head`: whoever read has read enough.
        Err(error) if is_broken_pipe(&error) => {}
        other => other?,
    }
    note_other_errors(&findings);
    Ok(if reported.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Explains each problem and prints it at once: the first is read while the compiler thinks about
/// the second.
async fn report(
    format: MessageFormat,
    mut explainer: Explainer<'_>,
    found: &[Problem],
    reported: &mut Vec<Problem>,
    look: Look,
    progress: &mut Progress,
) -> Result<()> {
    for (n, problem) in found.iter().enumerate() {
        progress.say(&format!("asking the compiler about problem {} of {}", n + 1, found.len()));
        let explained = explainer.explain(problem).await;
        progress.clear();
        if let Some(problem) = explained {
            // Before it is printed: where the pipe breaks, it counts all the same.
            reported.push(problem.clone());
            print(format, &problem, explainer.sources, look)?;
        }
    }
    for doubt in &explainer.doubts {
        say(&format!("note: not everything could be verified: {doubt}"));
    }
    match format {
        MessageFormat::Human => {
            human::write_summary(&mut io::stdout().lock(), reported, look)?;
        }
        MessageFormat::Json => {}
    }
    Ok(())
}

fn print(format: MessageFormat, problem: &Problem, sources: &Sources, look: Look) -> Result<()> {
    let mut out = io::stdout().lock();
    match format {
        MessageFormat::Human => human::write(&mut out, problem, sources, look),
        MessageFormat::Json => json::write(&mut out, problem),
    }
    .and_then(|()| out.flush())
    .context("cannot write the report")
}

/// The workspace; other build systems' messages need none.
fn root(args: &CheckArgs) -> Result<Utf8PathBuf> {
    match args.selection.workspace_root() {
        Err(_) if args.from.is_some() => current_dir(),
        other => other,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// rustc finds futures that are not `Send` late: other errors hide them.
fn note_other_errors(findings: &Findings) {
    let others = findings.success == Some(false) && findings.problems.is_empty();
    if others || !findings.other_errors.is_empty() {
        say("note: the workspace does not compile, for other reasons than `Send`; they may hide \
             problems. `cargo check` shows them.");
    }
}
