//! The `fix` command: applies the best verified fix of each problem, in rounds, until the
//! workspace is clean or nothing more can be done.
//!
//! Each round checks the files as they are, so a fix may uncover the next problem. Messages go to
//! standard error; standard output carries the diff of a dry run and nothing else.

mod batch;
mod vcs;
mod write;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Result, bail};
use camino::Utf8Path;
use clap::Args;
use similar::TextDiff;

use self::batch::{Batch, Cure};
use super::{
    args::{Selection, Workspace},
    collect::{self, Findings, OtherError},
    explain::Explainer,
    interrupt::until_interrupted,
    leaves,
    terminal::{Progress, say},
};
use crate::{
    fixes,
    oracle::Oracle,
    problem::{Problem, Verdict},
    sources::Sources,
};

/// Each round fixes something; more rounds than this mean that fixes undo each other.
const ROUNDS_MAX: usize = 100;

/// Arguments of `sendlens fix`.
#[derive(Debug, Args)]
pub struct FixArgs {
    #[command(flatten)]
    selection: Selection,
    /// Show the changes as a diff and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Change files although there are changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
    /// Change files although no version control could take it back
    #[arg(long)]
    allow_no_vcs: bool,
    /// Run `cargo clippy` instead of `cargo check`: guards that its lints report are fixed, too
    #[arg(long)]
    clippy: bool,
    /// Apply these fixes only
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
}

/// Runs the command. Exit code 0: nothing left, 1: problems left, 2: could not run.
pub async fn run(args: FixArgs) -> ExitCode {
    until_interrupted(fix(&args)).await
}

async fn fix(args: &FixArgs) -> Result<ExitCode> {
    check_ids(&args.only)?;
    let workspace = args.selection.workspace()?;
    let root = &workspace.root;
    if !args.dry_run {
        let allowed = vcs::Allowed { dirty: args.allow_dirty, no_vcs: args.allow_no_vcs };
        if write::recover(root)? {
            say("note: a change that had been interrupted was completed");
        }
        vcs::check(root, allowed).await?;
    }
    let mut session = Session {
        args,
        oracle: Oracle::new(root.clone(), args.selection.settings(&workspace)),
        workspace,
        progress: Progress::new(),
        fixed: 0,
        batch_max: usize::MAX,
        applied: None,
    };
    for _ in 0..ROUNDS_MAX {
        if let Some(left) = session.round().await? {
            return Ok(session.summary(&left));
        }
    }
    bail!("stopped after {ROUNDS_MAX} rounds: the fixes seem to undo each other")
}

/// An id that does not exist would silently fix nothing.
fn check_ids(only: &[String]) -> Result<()> {
    let known = || fixes::RULES.iter().map(|(id, _)| *id);
    match only.iter().find(|id| known().all(|it| it != id.as_str())) {
        None => Ok(()),
        Some(id) => {
            let known: Vec<&str> = known().collect();
            bail!("no fix is called `{id}`\nhelp: the fixes are {}", known.join(", "))
        }
    }
}

/// A problem that stays, and why.
struct Left {
    problem: Problem,
    why: String,
}

/// One run of the command.
struct Session<'a> {
    args: &'a FixArgs,
    oracle: Oracle,
    workspace: Workspace,
    progress: Progress,
    fixed: usize,
    /// How many fixes a round may apply: all that stand apart, or one after that went wrong.
    batch_max: usize,
    /// The last change, when it joined fixes that were only verified apart.
    applied: Option<Applied>,
}

/// Several fixes on disk whose sum no compiler has seen yet.
struct Applied {
    before: Sources,
    after: Sources,
    errors_before: Vec<OtherError>,
    cures: usize,
}

impl Applied {
    /// An error that was not there before, in a changed file or about a changed line. Others may
    /// have been hidden: what did not compile kept its dependents from being looked at.
    fn caused_error(&self, errors: &[OtherError]) -> bool {
        let changed: Vec<&Utf8Path> =
            self.before.changed_files(&self.after).map(|(file, _)| file).collect();
        let lines = self.before.changed_lines(&self.after);
        let mut known: Vec<&OtherError> = self.errors_before.iter().collect();
        errors.iter().any(|error| {
            // Two equal errors before excuse two after, not three.
            if let Some(at) = known.iter().position(|it| it.is(error)) {
                known.swap_remove(at);
                return false;
            }
            error.file.as_deref().is_some_and(|it| changed.iter().any(|file| *file == it))
                || error.lines.iter().any(|(file, line)| lines.has(file.as_str().into(), *line))
        })
    }
}

impl Session<'_> {
    /// Checks, chooses and applies; `None` when there may be more to do, else what is left.
    async fn round(&mut self) -> Result<Option<Vec<Left>>> {
        let subcommand = if self.args.clippy { "clippy" } else { "check" };
        let selection = &self.args.selection;
        let mut findings =
            collect::run_cargo(subcommand, selection, &self.workspace, &mut self.progress).await?;
        if let Some(applied) = self.applied.take()
            && applied.caused_error(&findings.other_errors)
        {
            self.take_back(&applied)?;
            return Ok(None);
        }
        let sources = match findings.problems.first() {
            Some(_) => self.oracle.read_sources().await,
            None => Sources::default(),
        };
        leaves::merge(&mut findings.problems, &sources);
        let (cures, mut left) = self.examine(&findings, &sources).await;
        let batch = Batch::choose(cures, self.batch_max);
        if batch.cures.is_empty() {
            if findings.success == Some(false) && left.is_empty() {
                say("note: the workspace does not compile, for other reasons than `Send`; \
                     they may hide problems. `cargo check` shows them.");
            }
            return Ok(Some(left));
        }
        let Some(after) = sources.apply(&batch.edits) else {
            bail!("the fixes do not fit the files; were they changed meanwhile?");
        };
        if self.args.dry_run {
            self.show(&batch, &sources, &after)?;
            let why = "its fix stands too close to the others and takes another round";
            let waiting = batch.waiting.into_iter().map(|cure| cure.problem);
            left.extend(waiting.map(|problem| Left { problem, why: why.to_owned() }));
            return Ok(Some(left));
        }
        write::replace(&self.workspace.root, &sources, &after)?;
        self.announce(&batch);
        let cures = batch.cures.len();
        self.applied = batch.is_joined().then_some(Applied {
            before: sources,
            after,
            errors_before: findings.other_errors,
            cures,
        });
        Ok(None)
    }

    /// The fix of each problem, or why there is none.
    async fn examine(&mut self, findings: &Findings, sources: &Sources) -> (Vec<Cure>, Vec<Left>) {
        let mut explainer =
            Explainer { oracle: &self.oracle, sources, verify: true, doubts: Vec::new() };
        let (mut cures, mut left) = (Vec::new(), Vec::new());
        let count = findings.problems.len();
        self.oracle.expect(&findings.problems).await;
        for (n, found) in findings.problems.iter().enumerate() {
            self.progress.say(&format!("asking the compiler about problem {} of {count}", n + 1));
            if let Some(problem) = explainer.explain(found).await {
                match self.choose(&problem) {
                    Ok(cure) => cures.push(cure),
                    Err(why) => left.push(Left { problem, why }),
                }
            }
        }
        self.progress.clear();
        for doubt in &explainer.doubts {
            say(&format!("note: not everything could be verified: {doubt}"));
        }
        (cures, left)
    }

    /// The best verified fix that may be applied.
    fn choose(&self, problem: &Problem) -> Result<Cure, String> {
        let mut why = "no fix is known that the compiler accepts".to_owned();
        // What leaves nothing behind comes before what leads to the next problem.
        let (preferred, others): (Vec<_>, Vec<_>) =
            problem.fixes.iter().partition(|fix| fix.preferred);
        let ordered = preferred.into_iter().chain(others);
        for fix in ordered.filter(|fix| fix.verdict == Verdict::Verified) {
            let is_asked_for = self.args.only.iter().any(|id| id == fix.id);
            let wanted = match fixes::is_last_resort(fix.id) {
                true => is_asked_for,
                false => self.args.only.is_empty() || is_asked_for,
            };
            if !wanted {
                why = format!("`{}` would fix it, but was not asked for", fix.id);
                continue;
            }
            let files = batch::files(fix);
            match files.iter().find_map(|file| write::obstacle(&self.workspace.root, file)) {
                None => return Ok(Cure { problem: problem.clone(), fix: fix.clone() }),
                Some(obstacle) => why = obstacle,
            }
        }
        Err(why)
    }

    fn announce(&mut self, batch: &Batch) {
        let mut said = Vec::new();
        for Cure { problem, fix } in &batch.cures {
            let at = problem.culprit();
            let (file, line) = (&at.file, at.start.line);
            let verb = if self.args.dry_run { "would fix" } else { "fixed" };
            let done = format!("{verb} {file}:{line}: {} ({})", fix.title, fix.id);
            // Several demands of one value have one fix: nobody wants to read it twice.
            if said.contains(&done) {
                continue;
            }
            say(&done);
            said.push(done);
            if let Some(note) = &fix.note {
                say(&format!("  note: {note}"));
            }
        }
        self.fixed += batch.cures.len();
    }

    /// Fixes that are right one by one and wrong together: back, and one by one.
    fn take_back(&mut self, applied: &Applied) -> Result<()> {
        write::replace(&self.workspace.root, &applied.after, &applied.before)?;
        self.fixed = self.fixed.saturating_sub(applied.cures);
        self.batch_max = 1;
        say("note: together these led to a new error; taken back, going on one by one");
        Ok(())
    }

    /// The diff of a dry run: `git apply` and `patch -p1` understand it.
    fn show(&mut self, batch: &Batch, before: &Sources, after: &Sources) -> Result<()> {
        self.announce(batch);
        let mut out = io::stdout().lock();
        for (file, new) in before.changed_files(after) {
            let old = before.text(file).map_or("", |text| &**text);
            let diff = TextDiff::from_lines(old, &**new);
            let text =
                diff.unified_diff().header(&format!("a/{file}"), &format!("b/{file}")).to_string();
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                other => other?,
            }
        }
        say("note: nothing was written; once these are applied, more may come to light");
        Ok(())
    }

    fn summary(&self, left: &[Left]) -> ExitCode {
        let left = per_value(left);
        for (Left { problem, why }, demands) in &left {
            let at = problem.culprit();
            let (file, line) = (&at.file, at.start.line);
            let times = if *demands > 1 { format!(" ({demands} times)") } else { String::new() };
            say(&format!("left {file}:{line}: {}{times}: {why}", problem.message));
        }
        if self.fixed == 0 && left.is_empty() {
            say("nothing to fix");
        } else {
            let verb = if self.args.dry_run { "would fix" } else { "fixed" };
            say(&format!("{verb} {}, left {}", self.fixed, left.len()));
        }
        if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }
}

/// What is left, once for each value: every demand for `Send` is a problem of its own, but nobody
/// wants to read of one value twice. With each, how many demands it has.
fn per_value(left: &[Left]) -> Vec<(&Left, usize)> {
    let mut values: Vec<(&Left, usize)> = Vec::new();
    for item in left {
        let is_same = |known: &Left| {
            known.problem.culprit() == item.problem.culprit()
                && known.problem.message == item.problem.message
        };
        match values.iter_mut().find(|(known, _)| is_same(known)) {
            Some((_, demands)) => *demands += 1,
            None => values.push((item, 1)),
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn one_line_for_each_value() {
        let left = |problem: &Problem| Left { problem: problem.clone(), why: "no".to_owned() };
        let (one, _) = sample::problem(
            "async fn größe() { let $vrc$. = Rc::new(1); io().$aawait$.; drop(rc); }",
            "Rc<u8>",
        );
        let mut other = one.clone();
        other.demand = None;
        let mut elsewhere = one.clone();
        elsewhere.held[0].span.start.line += 1;
        let all = [left(&one), left(&elsewhere), left(&other)];
        let counts: Vec<usize> = per_value(&all).iter().map(|(_, demands)| *demands).collect();
        assert_eq!(counts, [2, 1]);
    }
    #[test]
    fn an_error_about_a_changed_line_is_caused() {
        let texts = |größe: &str| {
            let mut sources = Sources::default();
            sources.insert("src/lib.rs", format!("fn größe({größe}) {{}}\nfn other() {{}}\n"));
            sources
        };
        let error = |file: &str, line| OtherError {
            message: "`Rc<u8>` cannot be sent between threads safely".into(),
            file: Some(file.into()),
            lines: vec![(file.into(), 7), ("src/lib.rs".into(), line)],
        };
        let mut applied = Applied {
            before: texts("f: impl Fn()"),
            after: texts("f: impl Fn() + Send"),
            errors_before: Vec::new(),
            cures: 2,
        };
        assert!(applied.caused_error(&[error("tests/a.rs", 1)]));
        assert!(!applied.caused_error(&[error("tests/a.rs", 2)]));
        assert!(applied.caused_error(&[error("src/lib.rs", 2)]));
        // It was there before, on another line.
        applied.errors_before = vec![error("tests/a.rs", 2)];
        assert!(!applied.caused_error(&[error("tests/a.rs", 1)]));
    }
}
