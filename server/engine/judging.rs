//! Which fixes the compiler is asked about, and when: one problem at a time, what the user looks
//! at first, and never for a text that is no longer there.

use std::sync::Arc;

use camino::Utf8PathBuf;
use rustc_hash::FxHashMap;
use tokio::task::{AbortHandle, JoinHandle};

use super::{Engine, Event, Handle, Judged, Shown, tracking::texts};
use crate::{
    documents::Documents,
    oracle::{NoLongerReported, Oracle},
    problem::{Fix, Problem},
};

/// The judge's desk.
#[derive(Debug, Default)]
pub(super) struct Judging {
    /// Counts the changes of any text.
    epoch: u64,
    /// Which texts each problem was last judged for.
    judged: FxHashMap<(usize, String), u64>,
    /// Dropped, it stops the compiler.
    running: Option<Running>,
    /// The file that the user looked at last.
    focus: Option<Utf8PathBuf>,
}

impl Judging {
    /// The user looks at a file.
    pub(super) fn look_at(&mut self, file: Option<Utf8PathBuf>) {
        self.focus = file.or(self.focus.take());
    }

    /// A text changed: verdicts on the old one are worth nothing.
    pub(super) fn text_moved(&mut self) {
        self.epoch += 1;
        self.stop();
    }

    /// Stops the compiler.
    pub(super) fn stop(&mut self) {
        self.running = None;
    }

    /// A question was put to the compiler.
    pub(super) fn start(&mut self, running: Running) {
        self.running = Some(running);
    }

    /// A question is answered. `false` when nobody wants to know any more.
    pub(super) fn done(&mut self, epoch: u64) -> bool {
        let is_wanted = epoch == self.epoch;
        if is_wanted {
            self.running = None;
        }
        is_wanted
    }

    /// How often any text has changed.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The file that the user looked at last.
    pub(super) fn focus(&self) -> Option<&Utf8PathBuf> {
        self.focus.as_ref()
    }

    /// A problem is not what it was: it is judged again.
    pub(super) fn forget(&mut self, workspace: usize, problem: Option<String>) {
        if let Some(problem) = problem {
            self.judged.remove(&(workspace, problem));
        }
    }

    fn is_due(&self, workspace: usize, problem: &Problem) -> bool {
        let key = (workspace, problem.id.clone());
        self.judged.get(&key) != Some(&self.epoch)
    }
}

impl Engine {
    /// Starts judging the problem that the user most likely wants solved.
    pub(super) fn judge_next(&mut self) {
        if self.judging.running.is_some() {
            return;
        }
        // What is there at all comes before what can be done about it.
        if self.recheck_next() {
            return;
        }
        let Some((workspace, oracle, shown)) = self.next_to_judge() else {
            self.ask_next();
            return;
        };
        let problem = Arc::clone(&shown.problem);
        let key = (workspace, problem.id.clone());
        let epoch = self.judging.epoch;
        // Noted at once: what fails, or dies, is not tried again for the same text.
        self.judging.judged.insert(key, epoch);
        let known = self.served.get(workspace).map(|it| it.results.problems());
        let case = Case {
            workspace,
            epoch,
            shown,
            known: known.unwrap_or_default(),
            documents: self.documents.clone(),
            handle: self.out.handle.clone(),
        };
        self.judging.running = Some(case.start(oracle));
    }

    fn next_to_judge(&self) -> Option<(usize, Oracle, Shown)> {
        let mut best: Option<(u8, usize, Oracle, Shown)> = None;
        for (index, served) in self.served.iter().enumerate() {
            let Some(oracle) = &served.oracle else {
                continue;
            };
            for problem in served.results.problems() {
                if !self.judging.is_due(index, &problem) {
                    continue;
                }
                let shown = Shown { root: served.workspace.root.clone(), problem };
                let rank = self.rank(&shown);
                if best.as_ref().is_none_or(|best| rank < best.0) {
                    best = Some((rank, index, oracle.clone(), shown));
                }
            }
        }
        best.map(|(_, index, oracle, shown)| (index, oracle, shown))
    }

    fn rank(&self, shown: &Shown) -> u8 {
        let file = shown.path(shown.problem.culprit());
        if self.judging.focus.as_ref() == Some(&file) {
            0
        } else if self.documents.get(&file).is_some() {
            1
        } else {
            2
        }
    }

    pub(super) fn examined(&mut self, judged: Judged<Option<Box<Problem>>>) {
        let served = self.served.get_mut(judged.workspace);
        let (Some(served), true) = (served, judged.epoch == self.judging.epoch) else {
            return;
        };
        let examined = judged.what.as_deref();
        served.results.retain(|known| {
            if known.id == judged.problem
                && let Some(examined) = examined
            {
                let fixes = known.fixes.clone();
                let (id, signature) = (known.id.clone(), known.signature.clone());
                let examined = examined.clone();
                *known = Arc::new(Problem { id, signature, fixes, ..examined });
            }
            known.id != judged.problem || examined.is_some()
        });
        self.learnt();
    }

    pub(super) fn fix_known(&mut self, judged: Judged<Fix>) {
        if judged.epoch != self.judging.epoch {
            return;
        }
        self.change_fixes(judged.workspace, &judged.problem, |fixes| {
            let is_same =
                |known: &Fix| known.id == judged.what.id && known.title == judged.what.title;
            match fixes.iter_mut().find(|known| is_same(known)) {
                Some(known) => *known = judged.what.clone(),
                None => fixes.push(judged.what.clone()),
            }
        });
    }

    pub(super) fn all_fixes_known(&mut self, judged: Judged<Result<Vec<Fix>, String>>) {
        if !self.judging.done(judged.epoch) {
            return;
        }
        let all = judged.what.unwrap_or_else(|error| {
            // Broken text, or a problem that an edit has solved: what cannot be judged is not
            // offered.
            tracing::warn!(problem = judged.problem, error, "fixes not judged");
            Vec::new()
        });
        self.change_fixes(judged.workspace, &judged.problem, |fixes| fixes.clone_from(&all));
    }

    fn change_fixes(&mut self, workspace: usize, id: &str, change: impl Fn(&mut Vec<Fix>)) {
        let Some(served) = self.served.get_mut(workspace) else {
            return;
        };
        served.results.retain(|problem| {
            if problem.id == id {
                change(&mut Arc::make_mut(problem).fixes);
            }
            true
        });
    }
}

/// A question to the compiler. Dropping it stops the compiler.
#[derive(Debug)]
pub(super) struct Running(AbortHandle);

impl<T> From<&JoinHandle<T>> for Running {
    fn from(task: &JoinHandle<T>) -> Self {
        Self(task.abort_handle())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One problem before the judge.
struct Case {
    workspace: usize,
    epoch: u64,
    shown: Shown,
    /// All problems of the workspace.
    known: Vec<Arc<Problem>>,
    documents: Documents,
    handle: Handle,
}

impl Case {
    /// Starts the oracle; dropping the result stops it. A panic costs this one answer.
    fn start(self, oracle: Oracle) -> Running {
        let handle = self.handle.clone();
        let nothing = self.judged(());
        let judging = tokio::spawn(async move { self.ask(oracle).await });
        let running = Running::from(&judging);
        tokio::spawn(async move {
            let what = match judging.await {
                Err(error) if error.is_cancelled() => return,
                Ok(fixes) => fixes.map_err(|error| format!("{error:#}")),
                Err(error) => Err(error.to_string()),
            };
            let Judged { workspace, problem, epoch, .. } = nothing;
            handle.send(Event::AllFixesKnown(Judged { workspace, problem, epoch, what }));
        });
        running
    }

    async fn ask(&self, oracle: Oracle) -> anyhow::Result<Vec<Fix>> {
        let problem = &self.shown.problem;
        let sources = texts(&oracle, &self.shown.root, &self.documents).await;
        oracle.expect(self.known.iter().map(Arc::as_ref)).await;
        let examined = match oracle.examine(problem, &sources).await {
            Ok(examined) => examined.map(Box::new),
            // The text has solved it before anybody saved: the hint need not wait for that.
            Err(error) if self.is_solved(&error) => None,
            Err(error) => return Err(error),
        };
        self.handle.send(Event::Examined(self.judged(examined.clone())));
        let Some(examined) = examined else {
            return Ok(Vec::new());
        };
        let mut on_fix = |fix: &Fix| {
            self.handle.send(Event::FixKnown(self.judged(fix.clone())));
        };
        match oracle.judge(&examined, &sources, &mut on_fix).await {
            Err(error) if self.is_solved(&error) => {
                self.handle.send(Event::Examined(self.judged(None)));
                Ok(Vec::new())
            }
            fixes => fixes,
        }
    }

    /// Whether an edit that is not saved has solved the problem. Of texts as they are on the disk
    /// the check knows more than the oracle: it may have other features, or clippy's lints.
    fn is_solved(&self, error: &anyhow::Error) -> bool {
        let mut open = self.documents.iter().filter(|(file, _)| file.starts_with(&self.shown.root));
        let unsaved = open.any(|(_, document)| !document.unsaved().is_empty());
        let by_clippy = self.shown.problem.lint.as_ref().is_some_and(|it| it.contains("clippy"));
        unsaved && !by_clippy && error.is::<NoLongerReported>()
    }

    fn judged<T>(&self, what: T) -> Judged<T> {
        Judged {
            workspace: self.workspace,
            problem: self.shown.problem.id.clone(),
            epoch: self.epoch,
            what,
        }
    }
}
