//! The one owner of state: events in, snapshots out.
//!
//! Handlers and child processes only send [`Event`]s. They arrive in one queue, so what an editor
//! sent first is known first, and nothing is shared but immutable [`Snapshot`]s.

mod event;
mod judging;
mod served;
mod snapshot;
mod tracking;
mod workspaces;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use rustc_hash::FxHashSet;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use self::{judging::Judging, served::Served, tracking::Tracking};
use crate::{
    documents::{Change, Documents},
    flycheck::{Outcome, Remark, Report, What},
    rustc::Line,
    settings::Settings,
    shift::Shift,
};

pub use event::{Event, Handle, Judged, Level, Notice, Outlets, Start};
pub use snapshot::{Shown, Snapshot};

/// How long typing must rest before what moved is published and fixes are judged anew.
const REST: Duration = Duration::from_millis(300);

/// Starts an engine.
pub fn start(start: Start) -> (Handle, Outlets) {
    let (events, inbox) = mpsc::unbounded_channel();
    let (publish, snapshots) = watch::channel(Arc::default());
    let (notices, notices_out) = mpsc::unbounded_channel();
    let handle = Handle { events };
    let engine = Engine {
        start,
        settings: None,
        documents: Documents::default(),
        served: Vec::new(),
        judging: Judging::default(),
        tracking: Tracking::default(),
        learnt: 0,
        rest_until: None,
        publish_due: false,
        located: FxHashSet::default(),
        told: FxHashSet::default(),
        runs: Arc::default(),
        out: Out { handle: handle.clone(), publish, notices },
    };
    tokio::spawn(engine.run(inbox));
    let outlets = Outlets { snapshots, notices: notices_out };
    (handle, outlets)
}

/// Where the engine speaks to: itself, later, and the world.
struct Out {
    handle: Handle,
    publish: watch::Sender<Arc<Snapshot>>,
    notices: mpsc::UnboundedSender<Notice>,
}

struct Engine {
    start: Start,
    /// `None` until the editor has told them: nothing is run before.
    settings: Option<Settings>,
    documents: Documents,
    served: Vec<Served>,
    judging: Judging,
    tracking: Tracking,
    /// Counts what was learnt from others than the user.
    learnt: u64,
    rest_until: Option<Instant>,
    publish_due: bool,
    /// The folders in which a workspace was looked for.
    located: FxHashSet<Utf8PathBuf>,
    /// The messages that the user has seen: nothing is said once per save.
    told: FxHashSet<String>,
    runs: Arc<AtomicU64>,
    out: Out,
}

impl Engine {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Event>) {
        loop {
            let rest = self.rest_until;
            tokio::select! {
                biased;
                event = inbox.recv() => match event {
                    Some(Event::Stop(reply)) => {
                        self.stop().await;
                        let _ = reply.send(());
                        return;
                    }
                    Some(event) => self.handle(event),
                    None => return,
                },
                () = sleep_until(rest.unwrap_or_else(Instant::now)), if rest.is_some() => {
                    self.rest_until = None;
                }
            }
            // A burst of events, such as a check's lines, is answered once.
            if inbox.is_empty() && self.rest_until.is_none() {
                self.settle();
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Opened { file, version, text } => self.opened(file, version, &text),
            Event::Changed { file, version, changes } => self.changed(&file, version, &changes),
            Event::Saved(file) => self.saved(&file),
            Event::Closed(file) => self.closed(&file),
            Event::ChangedOnDisk(files) => self.changed_on_disk(&files),
            Event::Configured(settings) => self.configured(settings),
            Event::Folders { added, removed } => {
                self.folders_closed(&removed);
                self.folders(added);
            }
            Event::Ask { file, reply } => {
                self.judging.look_at(file);
                let _ = reply.send(Arc::new(self.snapshot()));
            }
            Event::Located { folder, found } => self.located(&folder, found),
            Event::Report(report) => self.report(report),
            Event::Examined(judged) => self.examined(judged),
            Event::FixKnown(judged) => self.fix_known(judged),
            Event::AllFixesKnown(judged) => self.all_fixes_known(judged),
            Event::Analysed { file, version, edition, follow, alive } => {
                self.analysed(&file, version, edition, follow, alive);
            }
            Event::Rechecked { workspace, run, epoch, answer } => {
                self.rechecked(workspace, run, epoch, answer);
            }
            Event::Valued { file, epoch, alive } => self.valued(&file, epoch, alive),
            // Handled by the loop, which ends with it.
            Event::Stop(_) => {}
        }
    }

    /// Publishes what is due and judges what is next.
    fn settle(&mut self) {
        if std::mem::take(&mut self.publish_due) {
            self.out.publish.send_replace(Arc::new(self.snapshot()));
        }
        self.analyse_next();
        self.judge_next();
    }

    /// More is known: those who show it are told, once.
    fn learnt(&mut self) {
        self.learnt += 1;
        self.publish_due = true;
    }

    async fn stop(&mut self) {
        self.judging.stop();
        for served in &mut self.served {
            if let Some(flycheck) = served.flycheck.take() {
                flycheck.stop().await;
            }
        }
    }

    fn snapshot(&self) -> Snapshot {
        let shown = self.served.iter().flat_map(|served| {
            let root = &served.workspace.root;
            let problems = served.results.problems().into_iter();
            problems.map(|problem| Shown { root: root.clone(), problem })
        });
        let settings = self.settings.as_ref();
        Snapshot {
            documents: self.documents.clone(),
            problems: shown.collect(),
            alive: self.tracking.alive(),
            inlay_hints: settings.map(|it| it.inlay_hints).unwrap_or_default(),
            code_lens: settings.map(|it| it.code_lens).unwrap_or_default(),
            learnt: self.learnt,
        }
    }

    fn tell(&mut self, level: Level, message: String) {
        if self.told.insert(message.clone()) {
            let _ = self.out.notices.send(Notice::Message(level, message));
        }
    }

    fn notice(&self, notice: Notice) {
        let _ = self.out.notices.send(notice);
    }

    fn text_moved(&mut self) {
        self.judging.text_moved();
        self.rest_until = Some(Instant::now() + REST);
        self.publish_due = true;
    }
}

/// What the editor does with files.
impl Engine {
    fn opened(&mut self, file: Utf8PathBuf, version: i32, text: &str) {
        self.documents.open(file.clone(), version, text);
        // The editor expects diagnostics for what it opens, even old ones.
        self.publish_due = true;
        self.look_for_workspace_of(&file);
        if file.extension() == Some("rs") && self.is_users(&file) {
            self.tracking.opened(&file, version);
        }
        self.judging.look_at(Some(file));
    }

    fn changed(&mut self, file: &Utf8Path, version: i32, changes: &[Change]) {
        let encoding = self.start.encoding;
        let shifts = self.documents.change(file, version, changes, encoding);
        self.tracking.edited(file, &shifts, &self.documents);
        self.shift(file, &shifts);
        self.judging.look_at(Some(file.to_owned()));
    }

    fn saved(&mut self, file: &Utf8Path) {
        self.documents.save(file);
        self.tracking.saved(file, &self.documents);
        let is_manifest = file.file_name() == Some("Cargo.toml");
        if is_manifest || self.served_index(file).is_none() {
            // It may be what was wrong with the workspace.
            self.located.clear();
            self.look_for_workspace_of(file);
        }
        let of_interest = matches!(file.extension(), Some("rs" | "toml"));
        let owner = self.served_index(file).filter(|_| of_interest);
        let flycheck = owner.and_then(|index| self.served[index].flycheck.as_ref());
        if let Some(flycheck) = flycheck {
            flycheck.saved();
        }
    }

    fn closed(&mut self, file: &Utf8Path) {
        self.tracking.closed(file);
        let shifts = self.documents.close(file);
        self.shift(file, &shifts);
    }

    fn shift(&mut self, file: &Utf8Path, shifts: &[Shift]) {
        if shifts.is_empty() {
            return;
        }
        for served in &mut self.served {
            let file = served.relative(file);
            for shift in shifts {
                served.results.shift(&file, shift);
            }
        }
        self.text_moved();
    }

    fn changed_on_disk(&mut self, files: &[Utf8PathBuf]) {
        // Of open files the editor tells us more: their text, and when they are saved.
        let mut news = files.iter().filter(|file| self.documents.get(file).is_none());
        if news.next().is_some() {
            self.text_moved();
        }
        if files.iter().any(|file| file.file_name() == Some("Cargo.toml")) {
            // A member may have come, or what was wrong with the workspace may be mended.
            self.located.clear();
            self.folders(self.start.folders.clone());
        }
    }
}

/// What checks say.
impl Engine {
    fn report(&mut self, report: Report) {
        let Report { workspace, run, what } = report;
        match what {
            What::Started { own, as_of } => {
                if own {
                    self.notice(Notice::CheckStarted(run));
                }
                if let Some(served) = self.served.get_mut(workspace) {
                    served.started(run, as_of);
                }
            }
            What::Line(line) => self.line(workspace, run, line),
            What::Ended(outcome) => self.ended(workspace, run, outcome),
            What::Remark(remark) => self.remark(remark),
        }
    }

    fn line(&mut self, workspace: usize, run: u64, line: Line) {
        // A check that is being stopped may still speak.
        let served = self.served.get_mut(workspace).filter(|served| served.flycheck.is_some());
        let Some(served) = served else {
            return;
        };
        let changed = match line {
            Line::Compiled(unit) => served.results.compiled(run, &unit),
            Line::Diagnostic(diagnostic) => {
                let found = served.diagnostic(run, &diagnostic, &self.documents);
                let changed = found.is_some();
                self.judging.forget(workspace, found);
                changed
            }
            Line::Finished { .. } | Line::Noise => false,
        };
        if changed {
            self.learnt += 1;
            self.publish_due = true;
        }
        let units = served.results.reached(run);
        self.notice(Notice::CheckProgress(run, units));
    }

    fn remark(&mut self, remark: Remark) {
        let text = served::remark(remark).to_owned();
        match remark {
            Remark::AnalyzerIsUnheard => self.tell(Level::Warning, text),
            Remark::AnalyzerIsAwaited | Remark::AnalyzerIsSilent | Remark::AnalyzerIsSlow => {
                self.notice(Notice::Log(text));
            }
        }
    }

    fn ended(&mut self, workspace: usize, run: u64, outcome: Outcome) {
        self.notice(Notice::CheckEnded(run));
        let Some(served) = self.served.get_mut(workspace) else {
            return;
        };
        if outcome == Outcome::Complete {
            if served.finished(run) {
                self.learnt();
            }
            // What was wrong is over; should it come back, it is news again.
            self.told.retain(|message| !message.starts_with(served::CHECK_FAILED));
        } else {
            served.results.abandoned(run);
        }
        if let Some(message) = served::describe(&outcome) {
            self.tell(Level::Error, message);
        }
    }
}
