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
    human, json,
    terminal::{Look, Progress, say},
};
use crate::{
    fixes,
    oracle::Oracle,
    problem::{Fix, Problem, Verdict},
    recognise::complete,
    sources::Sources,
};

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
    let mut findings = match &args.from {
        Some(file) => collect::read(file, &root)?,
        None => collect::run_cargo(&args.selection, &root, &mut progress).await?,
    };
    let oracle = Oracle::new(root, args.selection.settings());
    let sources = match findings.problems.first() {
        Some(first) => oracle.read_sources(first).await,
        None => Sources::default(),
    };
    for problem in &mut findings.problems {
        complete(problem, &sources);
    }
    let look = Look::of_stdout();
    let printed = report(args, &oracle, &mut findings, &sources, look, &mut progress).await;
    match printed {
        // `sendlens check | head`: whoever read has read enough.
        Err(error) if is_broken_pipe(&error) => {}
        other => other?,
    }
    note_other_errors(&findings);
    Ok(if findings.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Finds the fixes of each problem and prints it at once: the first is read while the compiler
/// thinks about the second.
async fn report(
    args: &CheckArgs,
    oracle: &Oracle,
    findings: &mut Findings,
    sources: &Sources,
    look: Look,
    progress: &mut Progress,
) -> Result<()> {
    let count = findings.problems.len();
    let mut doubts: Vec<String> = Vec::new();
    for (n, problem) in findings.problems.iter_mut().enumerate() {
        if args.no_verify {
            problem.fixes = unchecked(problem, sources);
        } else {
            let title = format!(
                "problem {} of {count}: asking the compiler about fixes",
                n + 1
            );
            progress.say(&title);
            match oracle.judge(problem, sources, &mut |_| {}).await {
                Ok(fixes) => problem.fixes = fixes,
                Err(error) => {
                    problem.fixes = unchecked(problem, sources);
                    let doubt = format!("note: fixes could not be verified: {error:#}");
                    if !doubts.contains(&doubt) {
                        doubts.push(doubt);
                    }
                }
            }
            progress.clear();
        }
        print(args, problem, sources, look)?;
    }
    doubts.iter().for_each(|doubt| say(doubt));
    if args.message_format == MessageFormat::Human {
        human::write_summary(&mut io::stdout().lock(), &findings.problems, look)?;
    }
    Ok(())
}

fn print(args: &CheckArgs, problem: &Problem, sources: &Sources, look: Look) -> Result<()> {
    let mut out = io::stdout().lock();
    match args.message_format {
        MessageFormat::Human => human::write(&mut out, problem, sources, look),
        MessageFormat::Json => json::write(&mut out, problem),
    }
    .and_then(|()| out.flush())
    .context("cannot write the report")
}

/// Fixes that nobody has asked the compiler about. Those that count on the compiler to finish
/// them are left out: half a change of type helps nobody.
fn unchecked(problem: &Problem, sources: &Sources) -> Vec<Fix> {
    fixes::drafts(problem, sources)
        .into_iter()
        .filter(|draft| draft.repairs.is_empty())
        .filter_map(|draft| {
            Some(Fix {
                id: draft.id,
                title: draft.title,
                verdict: Verdict::Unchecked,
                preferred: false,
                edits: draft.variants.into_iter().next()?,
                note: draft.note,
            })
        })
        .collect()
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
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// rustc finds futures that are not `Send` late: other errors hide them.
fn note_other_errors(findings: &Findings) {
    let others = findings.success == Some(false) && findings.problems.is_empty();
    if others || !findings.other_errors.is_empty() {
        say(
            "note: the workspace does not compile, for other reasons than `Send`; they may hide \
             problems. `cargo check` shows them.",
        );
    }
}
