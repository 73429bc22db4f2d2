//! One workspace that is served, and how what its checks say becomes problems.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::SystemTime,
};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    documents::Documents,
    flycheck::{Flycheck, Outcome, Remark, Results},
    oracle::{Oracle, Recheck},
    problem::Problem,
    recognise::{complete, recognise},
    rustc::UnitDiagnostic,
    sources::Sources,
    watching::Watching,
    workspace::{Trouble, Workspace},
};

/// How messages about a failed check start.
pub(super) const CHECK_FAILED: &str = "the check failed";

/// One workspace.
pub(super) struct Served {
    pub(super) workspace: Workspace,
    /// `None` while settings change.
    pub(super) flycheck: Option<Flycheck>,
    /// `None` where the compiler may not be asked.
    pub(super) oracle: Option<Oracle>,
    pub(super) results: Results,
    /// `None` where the editor watches.
    pub(super) watching: Option<Watching>,
    /// The run that reads the journal of an earlier session, and that journal's age.
    old_run: Option<(u64, SystemTime)>,
    /// Whether any check has been complete.
    checked: bool,
}

impl Served {
    pub(super) fn new(
        workspace: Workspace,
        flycheck: Option<Flycheck>,
        oracle: Option<Oracle>,
    ) -> Self {
        Self {
            workspace,
            flycheck,
            oracle,
            results: Results::default(),
            watching: None,
            old_run: None,
            checked: false,
        }
    }

    /// Ends serving it; gives what is left to stop.
    pub(super) fn retire(&mut self) -> Option<Flycheck> {
        self.oracle = None;
        self.watching = None;
        self.results = Results::default();
        self.checked = false;
        self.flycheck.take()
    }

    /// The name that problems have for a file.
    pub(super) fn relative(&self, file: &Utf8Path) -> Utf8PathBuf {
        let inside = file.strip_prefix(&self.workspace.root);
        inside.unwrap_or(file).to_owned()
    }

    /// A run started.
    pub(super) fn started(&mut self, run: u64, as_of: Option<SystemTime>) {
        if let Some(as_of) = as_of {
            self.old_run = Some((run, as_of));
        }
    }

    /// The compiler said something of a unit. Gives the id of the problem that is new or changed.
    pub(super) fn diagnostic(
        &mut self,
        run: u64,
        said: &UnitDiagnostic,
        documents: &Documents,
    ) -> Option<String> {
        self.results.reach(run, &said.unit);
        let mut problem = self.recognise(said)?;
        let sources = self.seen_by_compiler(&problem);
        complete(&mut problem, &sources);
        if self.is_outdated(run, &problem) || !self.follow_unsaved(&mut problem, documents) {
            return None;
        }
        self.results.found(run, problem)
    }

    /// The compiler looked at a target whose texts were `sources`. Gives the ids of the problems
    /// that are new or changed.
    pub(super) fn rechecked(&mut self, run: u64, said: &Recheck, sources: &Sources) -> Vec<String> {
        self.results.reach(run, &said.unit);
        let mut news = Vec::new();
        for diagnostic in &said.diagnostics {
            if let Some(mut problem) = self.recognise(diagnostic) {
                complete(&mut problem, sources);
                news.extend(self.results.found(run, problem));
            }
        }
        self.results.finished(run);
        news
    }

    fn recognise(&self, said: &UnitDiagnostic) -> Option<Problem> {
        let root = &self.workspace.root;
        let recognised =
            catch_unwind(AssertUnwindSafe(|| recognise(&said.diagnostic, &said.unit, root)));
        recognised.unwrap_or_else(|_| {
            tracing::error!(message = said.diagnostic.message, "recognition panicked");
            None
        })
    }

    /// A run is complete. Says whether anything is over.
    pub(super) fn finished(&mut self, run: u64) -> bool {
        let root = &self.workspace.root;
        self.checked = true;
        let mut changed = self.results.finished(run);
        self.results.retain(|problem| {
            // No run ever speaks of a file that was deleted along with its target.
            let exists = root.join(&problem.culprit().file).exists();
            changed |= !exists;
            exists
        });
        changed
    }

    /// Whether any check has been complete.
    pub(super) fn was_checked(&self) -> bool {
        self.checked
    }

    /// The texts that a problem speaks of, as they are on the disk.
    fn seen_by_compiler(&self, problem: &Problem) -> Sources {
        let mut sources = Sources::default();
        let path = problem.path.iter().map(|place| &place.span);
        let demand = problem.demand.iter().map(|place| &place.span);
        let held = problem.held.iter().map(|held| &held.span);
        let spans = [&problem.future.span, &problem.reported_at].into_iter();
        for span in spans.chain(path).chain(demand).chain(held) {
            let missing = span.is_local() && sources.text(&span.file).is_none();
            let file = self.workspace.root.join(&span.file);
            if let Some(text) = missing.then(|| std::fs::read_to_string(file).ok()).flatten() {
                sources.insert(span.file.clone(), text);
            }
        }
        sources
    }

    /// Whether the problem was read from a journal older than the files it speaks of.
    fn is_outdated(&self, run: u64, problem: &Problem) -> bool {
        let Some((_, as_of)) = self.old_run.filter(|(old, _)| *old == run) else {
            return false;
        };
        let newer = |file: &Utf8Path| {
            let metadata = self.workspace.root.join(file).metadata();
            let modified = metadata.and_then(|metadata| metadata.modified());
            modified.is_ok_and(|modified| modified > as_of)
        };
        let culprit = problem.culprit();
        newer(&culprit.file) || newer(&problem.reported_at.file)
    }

    /// The compiler saw the saved texts: brings the problem to where the editor has it. `false`
    /// when its text was edited away.
    fn follow_unsaved(&self, problem: &mut Problem, documents: &Documents) -> bool {
        documents.iter().all(|(file, document)| {
            let file = self.relative(file);
            let mut unsaved = document.unsaved().iter();
            unsaved.all(|shift| shift.problem(problem, &file))
        })
    }
}

/// What the user should know about who checks.
pub(super) fn remark(remark: Remark) -> &'static str {
    match remark {
        Remark::AnalyzerIsAwaited => "rust-analyzer is at work: waiting for its check.",
        Remark::AnalyzerIsSilent => {
            "rust-analyzer runs here but does not check (`checkOnSave` is off, or its check \
             command is for saves only): Sendlens runs its own check."
        }
        Remark::AnalyzerIsUnheard => {
            "rust-analyzer checks this workspace where Sendlens cannot read along, so both check. \
             If it is older than October 2025, update it. If `check.overrideCommand` is set, put \
             `sendlens flycheck --` before its command. If its `cargo.targetDir` is a path, set \
             `sendlens.cargo.targetDir` to the same."
        }
        Remark::AnalyzerIsSlow => {
            "rust-analyzer has not checked after five minutes: Sendlens runs its own check until \
             it does."
        }
    }
}

/// What the user should hear of how a check ended.
pub(super) fn describe(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Complete | Outcome::Overtaken => None,
        Outcome::NotStarted(error) => Some(Trouble::NoCargo(error.clone()).to_string()),
        Outcome::Failed(last_words) => Some(format!(
            "{CHECK_FAILED} before it compiled anything. cargo says:\n{}",
            last_lines(last_words)
        )),
        Outcome::TimedOut(after) => Some(format!(
            "{CHECK_FAILED}: cargo was not done after {} s and was stopped. \
             `sendlens.check.timeoutSecs` gives it longer.",
            after.as_secs()
        )),
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}
