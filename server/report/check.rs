//! The `check` command: runs cargo, or reads what another build system said, and reports.

use std::{
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::MetadataCommand;
use clap::{Args, ValueEnum};

use super::{human, json};
use crate::{
    oracle::{CargoSettings, Oracle},
    problem::Problem,
    process::{self, Job, Pipe},
    recognise::{complete, may_concern_us, recognise},
    rustc::{Line, parse_line},
    sources::Sources,
};

/// A first build of all dependencies may take this long.
const CARGO_DEADLINE: Duration = Duration::from_secs(60 * 60);

/// Flags of cargo that choose targets; without one, all targets are checked.
const TARGETS: &[&str] = &[
    "--lib",
    "--bin",
    "--bins",
    "--example",
    "--examples",
    "--test",
    "--tests",
    "--bench",
    "--benches",
    "--all-targets",
];

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
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<Utf8PathBuf>,
    /// Package to check; all of the workspace by default
    #[arg(short, long, value_name = "SPEC")]
    package: Vec<String>,
    /// How problems are printed
    #[arg(long, value_name = "FMT", default_value = "human")]
    message_format: MessageFormat,
    /// Read compiler JSON from a file, or from standard input with `-`, instead of running cargo
    #[arg(long, value_name = "FILE")]
    from: Option<Utf8PathBuf>,
    /// Do not ask the compiler about fixes
    #[arg(long)]
    no_verify: bool,
    /// Arguments for `cargo check`
    #[arg(last = true, value_name = "CARGO_ARGS")]
    cargo_args: Vec<String>,
}

/// Runs the command. Exit code 0: no problem, 1: problems, 2: could not run.
pub async fn run(args: CheckArgs) -> ExitCode {
    match check(&args).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn check(args: &CheckArgs) -> Result<usize> {
    let root = workspace_root(args)?;
    let settings = cargo_settings(args);
    let mut problems = match &args.from {
        Some(file) => read_problems(file, &root)?,
        None => run_cargo(args, &settings, &root).await?,
    };
    number_twins(&mut problems);
    let oracle = Oracle::new(root, settings);
    let sources = match problems.first() {
        Some(first) => oracle.read_sources(first).await,
        None => Sources::default(),
    };
    let mut progress = Progress::new();
    let mut reported = 0;
    for (n, found) in problems.iter().enumerate() {
        progress.say(&format!("asking the compiler about problem {}", n + 1));
        let explained = explain(args, &oracle, found, &sources).await;
        progress.clear();
        if let Some(problem) = explained {
            print(args, &problem, &sources)?;
            reported += 1;
        }
    }
    Ok(reported)
}

/// Completes a problem and judges its fixes. What the compiler cannot be asked about is reported
/// as far as it was understood.
async fn explain(
    args: &CheckArgs,
    oracle: &Oracle,
    found: &Problem,
    sources: &Sources,
) -> Option<Problem> {
    let mut problem = found.clone();
    complete(&mut problem, sources);
    if args.no_verify {
        return Some(problem);
    }
    match oracle.examine(found, sources).await {
        Ok(Some(examined)) => problem = examined,
        Ok(None) => return None,
        Err(error) => tracing::warn!("{}: {error:#}", problem.message),
    }
    match oracle.judge(&problem, sources, &mut |_| {}).await {
        Ok(fixes) => problem.fixes = fixes,
        Err(error) => tracing::warn!("no fixes for {}: {error:#}", problem.message),
    }
    Some(problem)
}

fn print(args: &CheckArgs, problem: &Problem, sources: &Sources) -> Result<()> {
    let mut out = io::stdout().lock();
    let colours = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match args.message_format {
        MessageFormat::Human => human::write(&mut out, problem, sources, colours),
        MessageFormat::Json => json::write(&mut out, problem),
    }
    .and_then(|()| out.flush())
    .context("cannot write the report")
}

fn cargo_settings(args: &CheckArgs) -> CargoSettings {
    let mut selection: Vec<String> = Vec::new();
    for package in &args.package {
        selection.extend(["-p".to_owned(), package.clone()]);
    }
    if args.package.is_empty() {
        selection.push("--workspace".to_owned());
    }
    if !args.cargo_args.iter().any(|it| TARGETS.contains(&it.as_str())) {
        selection.push("--all-targets".to_owned());
    }
    selection.extend(args.cargo_args.iter().cloned());
    CargoSettings { args: selection, ..CargoSettings::default() }
}

/// The workspace that the arguments name, as an absolute path without links.
fn workspace_root(args: &CheckArgs) -> Result<Utf8PathBuf> {
    let mut command = MetadataCommand::new();
    command.no_deps();
    if let Some(path) = &args.manifest_path {
        command.manifest_path(path);
    }
    match command.exec() {
        Ok(metadata) => Ok(metadata.workspace_root),
        // Other build systems' messages need no cargo workspace.
        Err(_) if args.from.is_some() => {
            let dir = std::env::current_dir().context("cannot read the current directory")?;
            Utf8PathBuf::from_path_buf(dir).ok().context("the current directory is not UTF-8")
        }
        Err(cargo_metadata::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            bail!("cargo was not found; install Rust from https://rustup.rs or put cargo in PATH")
        }
        Err(cargo_metadata::Error::CargoMetadata { stderr }) => {
            bail!(
                "cargo cannot read the workspace: {}",
                stderr.trim().trim_start_matches("error: ")
            )
        }
        Err(error) => Err(error).context("cargo cannot read the workspace"),
    }
}

fn read_problems(file: &Utf8Path, root: &Utf8Path) -> Result<Vec<Problem>> {
    let text = if file == "-" {
        io::read_to_string(io::stdin()).context("cannot read standard input")?
    } else {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {file}"))?;
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let mut problems = Vec::new();
    for line in text.lines() {
        collect(line, root, &mut problems);
    }
    Ok(problems)
}

async fn run_cargo(
    args: &CheckArgs,
    settings: &CargoSettings,
    root: &Utf8Path,
) -> Result<Vec<Problem>> {
    let mut words: Vec<String> =
        ["check", "--message-format=json", "--keep-going"].map(str::to_owned).into();
    words.extend(settings.args.iter().cloned());
    if let Some(path) = &args.manifest_path {
        words.extend(["--manifest-path".to_owned(), path.to_string()]);
    }
    let cwd = std::env::current_dir().context("cannot read the current directory")?;
    let job = Job {
        program: settings.cargo_program(),
        args: words,
        env: settings.env.clone(),
        cwd: Utf8PathBuf::from_path_buf(cwd).ok().context("the current directory is not UTF-8")?,
        deadline: CARGO_DEADLINE,
    };
    let mut problems = Vec::new();
    let mut errors = String::new();
    let (mut finished, mut failed) = (false, false);
    let mut progress = Progress::new();
    process::run(&job, &mut |pipe, line| {
        match pipe {
            Pipe::Stdout => {
                if let Line::Finished { success } = collect(line, root, &mut problems) {
                    finished = true;
                    failed = !success;
                }
            }
            Pipe::Stderr if line.trim_start().starts_with("error") => {
                errors.push_str(line);
                errors.push('\n');
            }
            Pipe::Stderr => progress.say(line.trim()),
        }
        ControlFlow::Continue(())
    })
    .await?;
    progress.clear();
    if !finished {
        bail!("cargo could not check the workspace:\n{}", errors.trim());
    }
    if failed && problems.is_empty() {
        eprintln!(
            "note: the workspace does not compile, for other reasons than `Send`; they may hide \
             problems. `cargo check` shows them."
        );
    }
    Ok(problems)
}

fn collect(line: &str, root: &Utf8Path, problems: &mut Vec<Problem>) -> Line {
    if line.contains("\"compiler-message\"") && !may_concern_us(line) {
        return Line::Noise;
    }
    let parsed = parse_line(line);
    if let Line::Diagnostic(report) = &parsed
        && let Some(problem) = recognise(&report.diagnostic, &report.unit, root)
        // A lib and its test form say the same twice.
        && !problems.contains(&problem)
    {
        problems.push(problem);
    }
    parsed
}

/// Makes ids distinct: the second problem with a signature gets `-2`.
fn number_twins(problems: &mut [Problem]) {
    let mut seen = std::collections::HashMap::new();
    for problem in problems {
        let count: &mut usize = seen.entry(problem.signature.clone()).or_default();
        *count += 1;
        if *count > 1 {
            problem.id = format!("{}-{count}", problem.signature);
        }
    }
}

/// One line on the terminal that says what takes so long.
struct Progress {
    shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { shown: false }
    }

    fn say(&mut self, text: &str) {
        if io::stderr().is_terminal() {
            let text: String = text.chars().take(78).collect();
            eprint!("\r\x1b[K{text}");
            self.shown = true;
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\x1b[K");
        }
    }
}
