//! The `check` command: runs cargo, or reads what another build system said, and reports.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::{
    args::{Selection, Workspace, current_dir},
    collect::{self, Findings},
    explain::Explainer,
    github, human, json, leaves, sarif,
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
    /// One SARIF 2.1.0 document, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
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
    /// Run `cargo clippy` instead of `cargo check`: its lints about held guards count, too
    #[arg(long, conflicts_with = "from")]
    clippy: bool,
    /// Do not ask the compiler about fixes
    #[arg(long)]
    no_verify: bool,
}

/// Runs the command. Exit code 0: no problem, 1: problems, 2: could not run.
pub async fn run(args: CheckArgs) -> ExitCode {
    super::interrupt::until_interrupted(check(&args)).await
}

async fn check(args: &CheckArgs) -> Result<ExitCode> {
    let workspace = workspace(args)?;
    let root = &workspace.root;
    let mut progress = Progress::new();
    let mut findings = match &args.from {
        Some(file) => collect::read(file, root)?,
        None => {
            let subcommand = if args.clippy { "clippy" } else { "check" };
            collect::run_cargo(subcommand, &args.selection, &workspace, &mut progress).await?
        }
    };
    let oracle = Oracle::new(root.clone(), args.selection.settings(&workspace));
    let sources = match findings.problems.first() {
        Some(_) => oracle.read_sources().await,
        None => Sources::default(),
    };
    leaves::merge(&mut findings.problems, &sources);
    let explainer =
        Explainer { oracle: &oracle, sources: &sources, verify: !args.no_verify, doubts: vec![] };
    let printer = Printer {
        format: args.message_format,
        sources: &sources,
        look: Look::of_stdout(),
        prefix: repository_prefix(root),
    };
    let mut reported = Vec::new();
    let ended = report(&printer, explainer, &findings.problems, &mut reported, &mut progress).await;
    match ended {
        // `sendlens check | head`: whoever read has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        other => other.context("cannot write the report")?,
    }
    note_other_errors(&findings);
    Ok(if reported.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Explains each problem and prints it at once: the first is read while the compiler thinks about
/// the second.
async fn report(
    printer: &Printer<'_>,
    mut explainer: Explainer<'_>,
    found: &[Problem],
    reported: &mut Vec<Problem>,
    progress: &mut Progress,
) -> io::Result<()> {
    explainer.oracle.expect(found).await;
    for (n, problem) in found.iter().enumerate() {
        progress.say(&format!("asking the compiler about problem {} of {}", n + 1, found.len()));
        let explained = explainer.explain(problem).await;
        progress.clear();
        if let Some(problem) = explained {
            let printed = printer.print(&problem, reported);
            // Where the pipe breaks, it counts all the same.
            reported.push(problem);
            printed?;
        }
    }
    for doubt in &explainer.doubts {
        say(&format!("note: not everything could be verified: {doubt}"));
    }
    printer.finish(reported)
}

/// Writes problems to standard output in one of the formats.
struct Printer<'a> {
    format: MessageFormat,
    sources: &'a Sources,
    look: Look,
    prefix: Utf8PathBuf,
}

impl Printer<'_> {
    fn print(&self, problem: &Problem, earlier: &[Problem]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.format {
            MessageFormat::Human => {
                human::write(&mut out, problem, earlier, self.sources, self.look)?;
            }
            MessageFormat::Json => json::write(&mut out, problem)?,
            MessageFormat::Github => github::write(&mut out, problem, &self.prefix)?,
            MessageFormat::Sarif => {}
        }
        out.flush()
    }

    fn finish(&self, reported: &[Problem]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.format {
            MessageFormat::Human => human::write_summary(&mut out, reported, self.look)?,
            MessageFormat::Sarif => sarif::write(&mut out, reported, &self.prefix)?,
            MessageFormat::Json | MessageFormat::Github => {}
        }
        out.flush()
    }
}

/// Where the workspace lies in the checkout that GitHub Actions works on: it counts paths from
/// the top of that.
fn repository_prefix(root: &Utf8Path) -> Utf8PathBuf {
    match std::env::var("GITHUB_WORKSPACE") {
        Ok(checkout) if !checkout.is_empty() => {
            root.strip_prefix(checkout).map(Utf8Path::to_owned).unwrap_or_default()
        }
        _ => Utf8PathBuf::new(),
    }
}

/// The workspace; other build systems' messages need none.
fn workspace(args: &CheckArgs) -> Result<Workspace> {
    match args.selection.workspace() {
        Err(_) if args.from.is_some() => Ok(Workspace { root: current_dir()?, member: None }),
        other => other,
    }
}

/// rustc finds futures that are not `Send` late: other errors hide them.
fn note_other_errors(findings: &Findings) {
    let others = findings.success == Some(false) && findings.problems.is_empty();
    if others || !findings.other_errors.is_empty() {
        say("note: the workspace does not compile, for other reasons than `Send`; they may hide \
             problems. `cargo check` shows them.");
    }
}
