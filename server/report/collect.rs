//! Where a command gets its problems: from cargo, or from compiler JSON that others made.

use std::{io, ops::ControlFlow, time::Duration};

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};

use super::{
    args::{Selection, Workspace, current_dir},
    terminal::Progress,
};
use crate::{
    problem::Problem,
    process::{self, Job, JobError, Pipe},
    recognise::{may_concern_us, recognise},
    rustc::{Line, parse_line},
};

/// A first build of all dependencies may take this long.
const CARGO_DEADLINE: Duration = Duration::from_secs(60 * 60);

/// What the compiler said.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Futures that are not `Send`, each once.
    pub(super) problems: Vec<Problem>,
    /// All other errors.
    pub(super) other_errors: Vec<OtherError>,
    /// What cargo said at the end; `None` when the stream has no end.
    pub(super) success: Option<bool>,
}

/// An error that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct OtherError {
    /// rustc's first line.
    pub(super) message: String,
    /// Where it points, as rustc names the file; `None` for errors without a place.
    pub(super) file: Option<String>,
    /// All lines that it names, as the bound that something does not fulfil.
    pub(super) lines: Vec<(String, u32)>,
}

impl OtherError {
    fn new(diagnostic: Diagnostic) -> Self {
        let parts = [&diagnostic].into_iter().chain(&diagnostic.children);
        let line = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let lines = parts.flat_map(|it| &it.spans);
        let lines = lines.map(|it| (it.file_name.clone(), line(it.line_start))).collect();
        let primary = diagnostic.spans.into_iter().find(|span| span.is_primary);
        Self { message: diagnostic.message, file: primary.map(|span| span.file_name), lines }
    }

    /// Whether it is the same error, wherever its lines are by now.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.message == other.message && self.file == other.file
    }
}

impl Findings {
    /// Takes one line of compiler JSON.
    fn take(&mut self, line: &str, root: &Utf8Path) {
        // Most lines are long and say nothing to us: do not parse those.
        let quick = line.contains("\"compiler-message\"") && !may_concern_us(line);
        if quick && !line.contains("\"level\":\"error\"") {
            return;
        }
        match parse_line(line) {
            Line::Diagnostic(report) => {
                let recognised = recognise(&report.diagnostic, &report.unit, root);
                match recognised {
                    Some(problem) if !self.problems.iter().any(|it| is_twin(it, &problem)) => {
                        self.problems.push(problem);
                    }
                    Some(_) => {}
                    None if report.diagnostic.level == DiagnosticLevel::Error => {
                        self.other_errors.push(OtherError::new(report.diagnostic));
                    }
                    None => {}
                }
            }
            Line::Finished { success } => self.success = Some(success),
            Line::Compiled(_) | Line::Noise => {}
        }
    }

    /// Makes ids distinct: the second problem with a signature gets `-2`.
    fn number_twins(&mut self) {
        let mut seen = std::collections::HashMap::new();
        for problem in &mut self.problems {
            let count: &mut usize = seen.entry(problem.signature.clone()).or_default();
            *count += 1;
            if *count > 1 {
                problem.id = format!("{}-{count}", problem.signature);
            }
        }
    }
}

/// A lib and its test form say the same twice, with other paths to the same types at times.
fn is_twin(a: &Problem, b: &Problem) -> bool {
    let spans = |it: &Problem| it.held.iter().map(|held| held.span.clone()).collect::<Vec<_>>();
    a.signature == b.signature
        && a.unit == b.unit
        && a.reported_at == b.reported_at
        && a.future.span == b.future.span
        && spans(a) == spans(b)
}

/// Reads compiler JSON from a file, or from standard input with `-`. Broken lines are skipped: a
/// stream may be cut off.
pub(super) fn read(file: &Utf8Path, root: &Utf8Path) -> Result<Findings> {
    let bytes = if file == "-" {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::stdin(), &mut bytes)
            .context("cannot read standard input")?;
        bytes
    } else {
        std::fs::read(file).with_context(|| format!("cannot read {file}"))?
    };
    let text = String::from_utf8_lossy(&bytes);
    if !text.trim().is_empty() && !text.lines().any(|line| line.trim_start().starts_with('{')) {
        let name = if file == "-" { "standard input" } else { file.as_str() };
        bail!(
            "{name} holds no compiler JSON\n\
             help: make it with `cargo check --message-format=json` or `rustc --error-format=json`"
        );
    }
    let mut findings = Findings::default();
    for line in text.lines() {
        findings.take(line, root);
    }
    findings.number_twins();
    Ok(findings)
}

/// Runs `cargo check`, or `cargo clippy`, where the user stands.
pub(super) async fn run_cargo(
    subcommand: &str,
    selection: &Selection,
    workspace: &Workspace,
    progress: &mut Progress,
) -> Result<Findings> {
    let settings = selection.settings(workspace);
    let mut args: Vec<String> =
        [subcommand, "--message-format=json", "--keep-going"].map(str::to_owned).into();
    args.extend(settings.args.iter().cloned());
    if let Some(path) = &selection.manifest_path {
        args.splice(1..1, ["--manifest-path".to_owned(), path.to_string()]);
    }
    let job = Job {
        program: settings.cargo_program(),
        args,
        env: settings.env,
        cwd: current_dir()?,
        deadline: CARGO_DEADLINE,
        gentle: false,
    };
    let mut findings = Findings::default();
    let mut complaints = Complaints::default();
    let ended = process::run(&job, &mut |pipe, line| {
        match pipe {
            Pipe::Stdout => findings.take(line, &workspace.root),
            Pipe::Stderr => {
                complaints.take(line);
                progress.say(line.trim());
            }
        }
        ControlFlow::Continue(())
    })
    .await;
    progress.clear();
    match ended {
        Err(JobError::NotFound { program }) => bail!(
            "`{program}` was not found\n\
             help: install Rust from https://rustup.rs, or put cargo in PATH"
        ),
        other => other?,
    };
    if findings.success.is_none() {
        bail!(
            "cargo could not check the workspace: {}",
            complaints.text.trim().trim_start_matches("error: ")
        );
    }
    findings.number_twins();
    Ok(findings)
}

/// What cargo writes from its first error on: the causes stand on the lines below.
#[derive(Debug, Default)]
struct Complaints {
    text: String,
}

impl Complaints {
    fn take(&mut self, line: &str) {
        if !self.text.is_empty() || line.starts_with("error") {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{problem, span};

    #[test]
    fn twins_are_the_same_values_at_the_same_places() {
        let (one, mut other) = (problem("1"), problem("1"));
        other.held[0].ty = Some("MutexGuard<'_, Größe>".into());
        assert!(is_twin(&one, &other));
        other.held[0].span = span(9, 1, 2);
        assert!(!is_twin(&one, &other));
    }
}
