//! Which fixes the compiler is asked about, and when: one problem at a time, what the user looks
//! at first, and never for a text that is no longer there.

use std::sync::Arc;

use camino::Utf8PathBuf;
use rustc_hash::FxHashMap;
use tokio::task::{AbortHandle, JoinSet};

use super::{Engine, Event, Handle, Judged, Level, Shown};
use crate::{
    documents::Documents,
    oracle::Oracle,
    problem::{Fix, Problem},
};

/// The judge's desk.
#[derive(Debug, Default)]
pub(super) struct Judging {
    /// Counts the changes of any text.
    epoch: u64,
    /// Which texts each problem was last judged for.
    judged: FxHashMap<(usize, String), u64>,
    running: Option<AbortHandle>,
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
        if let Some(running) = self.running.take() {
            running.abort();
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
        let Some((workspace, oracle, shown)) = self.next_to_judge() else {
            return;
        };
        let problem = Arc::clone(&shown.problem);
        let key = (workspace, problem.id.clone());
        let epoch = self.judging.epoch;
        // Noted at once: what fails, or dies, is not tried again for the same text.
        self.judging.judged.insert(key, epoch);
        let case = Case {
            workspace,
            epoch,
            shown,
            documents: self.documents.clone(),
            handle: self.out.handle.clone(),
        };
        let task = tokio::spawn(case.judge(oracle));
        self.judging.running = Some(task.abort_handle());
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
        if judged.epoch != self.judging.epoch {
            return;
        }
        self.judging.running = None;
        match judged.what {
            Ok(all) => self.change_fixes(judged.workspace, &judged.problem, |fixes| {
                fixes.clone_from(&all);
            }),
            Err(error) => {
                let message = format!("fixes could not be checked: {error}");
                self.tell(Level::Warning, message);
            }
        }
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

/// One problem before the judge.
struct Case {
    workspace: usize,
    epoch: u64,
    shown: Shown,
    documents: Documents,
    handle: Handle,
}

impl Case {
    /// A panic in the oracle costs this one answer; aborting this aborts the oracle.
    async fn judge(self, oracle: Oracle) {
        let (workspace, epoch) = (self.workspace, self.epoch);
        let problem = self.shown.problem.id.clone();
        let handle = self.handle.clone();
        let mut inner = JoinSet::new();
        inner.spawn(self.ask(oracle));
        let what = match inner.join_next().await {
            Some(Ok(Ok(fixes))) => Ok(fixes),
            Some(Ok(Err(error))) => Err(format!("{error:#}")),
            Some(Err(error)) => Err(error.to_string()),
            None => Ok(Vec::new()),
        };
        handle.send(Event::AllFixesKnown(Judged { workspace, problem, epoch, what }));
    }

    async fn ask(self, oracle: Oracle) -> anyhow::Result<Vec<Fix>> {
        let problem = &self.shown.problem;
        let mut sources = oracle.read_sources(problem).await;
        for (file, document) in self.documents.iter() {
            if let Ok(inside) = file.strip_prefix(&self.shown.root) {
                sources.insert(inside, document.text.to_string());
            }
        }
        let mut on_fix = |fix: &Fix| {
            self.handle.send(Event::FixKnown(Judged {
                workspace: self.workspace,
                problem: problem.id.clone(),
                epoch: self.epoch,
                what: fix.clone(),
            }));
        };
        oracle.judge(problem, &sources, &mut on_fix).await
    }
}
