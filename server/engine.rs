//! The one owner of state: events in, snapshots out.
//!
//! Handlers and child processes only send [`Event`]s. They arrive in one queue, so what an editor
//! sent first is known first, and nothing is shared but immutable [`Snapshot`]s.

mod judging;
mod served;
mod snapshot;
mod tracking;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::Edition;
use rustc_hash::FxHashSet;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};

use self::{judging::Judging, served::Served, tracking::Tracking};
use crate::{
    alive::{Alive, Follow},
    documents::{Change, Documents},
    encoding::Encoding,
    flycheck::{Config, Flycheck, Outcome, Remark, Report, What},
    oracle::{Oracle, Recheck},
    problem::{Fix, Problem},
    rustc::Line,
    settings::Settings,
    shift::Shift,
    sources::Sources,
    watching::Watching,
    workspace::{self, Trouble, Workspace},
};

pub use snapshot::{Shown, Snapshot};

/// How long typing must rest before what moved is published and fixes are judged anew.
const REST: Duration = Duration::from_millis(300);

/// Everything that can happen.
#[derive(Debug)]
pub enum Event {
    /// A file was opened in the editor.
    Opened {
        /// Its absolute path.
        file: Utf8PathBuf,
        /// The editor's version number.
        version: i32,
        /// Its text.
        text: String,
    },
    /// An open file was edited.
    Changed {
        /// Its absolute path.
        file: Utf8PathBuf,
        /// The version that the edits lead to.
        version: i32,
        /// The edits, in order.
        changes: Vec<Change>,
    },
    /// An open file was saved.
    Saved(Utf8PathBuf),
    /// An open file was closed.
    Closed(Utf8PathBuf),
    /// Files changed on the disk, by whomever.
    ChangedOnDisk(Vec<Utf8PathBuf>),
    /// The user's settings. The first ones set everything going.
    Configured(Settings),
    /// Folders were opened in the editor, and others closed.
    Folders {
        /// Those that were opened.
        added: Vec<Utf8PathBuf>,
        /// Those that were closed.
        removed: Vec<Utf8PathBuf>,
    },
    /// Somebody wants to know what is known.
    Ask {
        /// The file that the user looks at.
        file: Option<Utf8PathBuf>,
        /// Where the answer goes.
        reply: oneshot::Sender<Arc<Snapshot>>,
    },
    /// A workspace was looked for.
    Located {
        /// In this folder.
        folder: Utf8PathBuf,
        /// With this result.
        found: Result<Workspace, Trouble>,
    },
    /// A check speaks.
    Report(Report),
    /// What the compiler answers when asked closer; `None` when there is no problem after all.
    Examined(Judged<Option<Box<Problem>>>),
    /// The compiler's verdict on one fix.
    FixKnown(Judged<Fix>),
    /// All fixes of a problem are judged; an error says why they could not be.
    AllFixesKnown(Judged<Result<Vec<Fix>, String>>),
    /// An open file was analysed.
    Analysed {
        /// Its absolute path.
        file: Utf8PathBuf,
        /// The version that was.
        version: i32,
        /// The edition it is written in.
        edition: Edition,
        /// What follows its edits from now on.
        follow: Follow,
        /// The result.
        alive: Alive,
    },
    /// The compiler looked at texts that are not saved.
    Rechecked {
        /// The workspace, by its index.
        workspace: usize,
        /// Its number among the runs of checks.
        run: u64,
        /// The texts that it looked at.
        epoch: u64,
        /// What it said, if that can be relied on, and the texts themselves.
        answer: Option<(Recheck, Sources)>,
    },
    /// The compiler was asked about the values of an open file.
    Valued {
        /// Its absolute path.
        file: Utf8PathBuf,
        /// The texts that it was asked about.
        epoch: u64,
        /// The answer, if any.
        alive: Option<Alive>,
    },
    /// The server ends; the reply comes when all child processes are gone.
    Stop(oneshot::Sender<()>),
}

/// Something found out about the fixes of a problem.
#[derive(Debug)]
pub struct Judged<T> {
    /// The workspace, by its index.
    pub workspace: usize,
    /// The problem's id.
    pub problem: String,
    /// The texts that were judged: [`Event::Changed`] makes them old.
    pub epoch: u64,
    /// What was found out.
    pub what: T,
}

/// How urgent a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something does not work until the user acts.
    Error,
    /// Something works less well.
    Warning,
}

/// What the user hears besides diagnostics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A message.
    Message(Level, String),
    /// Something for the log that the editor keeps.
    Log(String),
    /// A check of ours started.
    CheckStarted(u64),
    /// How many units it has seen.
    CheckProgress(u64, usize),
    /// It is over.
    CheckEnded(u64),
}

/// How the server was started.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The editor's folders.
    pub folders: Vec<Utf8PathBuf>,
    /// How it counts columns.
    pub encoding: Encoding,
    /// Whether cargo and rustc may be run there.
    pub trusted: bool,
    /// The editor's process.
    pub client: Option<u32>,
    /// Whether the editor says that it runs rust-analyzer as well.
    pub beside_analyzer: bool,
    /// Whether the editor tells of changes on the disk.
    pub client_watches: bool,
}

/// Sends events to the engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    events: mpsc::UnboundedSender<Event>,
}

/// What comes out of the engine.
#[derive(Debug)]
pub struct Outlets {
    /// The newest snapshot that is worth publishing.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Messages and progress.
    pub notices: mpsc::UnboundedReceiver<Notice>,
}

impl Handle {
    /// Tells the engine; order is kept. Never waits, so that a handler can call it first of all.
    pub fn send(&self, event: Event) {
        // The engine is gone only while the process ends.
        let _ = self.events.send(event);
    }

    /// What is known after all that was sent before; the caller may await the answer.
    pub fn ask(&self, file: Option<Utf8PathBuf>) -> oneshot::Receiver<Arc<Snapshot>> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Ask { file, reply });
        answer
    }

    /// Ends the engine and all its processes; waits a moment for them.
    pub async fn stop(&self) {
        let (reply, stopped) = oneshot::channel();
        self.send(Event::Stop(reply));
        let _ = tokio::time::timeout(Duration::from_secs(2), stopped).await;
    }
}

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

/// Workspaces.
impl Engine {
    fn configured(&mut self, settings: Settings) {
        if self.settings.as_ref() == Some(&settings) {
            return;
        }
        self.settings = Some(settings);
        self.learnt();
        self.tracking.forget_answers();
        self.judging.text_moved();
        for served in &mut self.served {
            if let Some(flycheck) = served.flycheck.take() {
                tokio::spawn(flycheck.stop());
            }
        }
        self.located.clear();
        let open: Vec<_> = self.documents.iter().map(|(file, _)| file.to_owned()).collect();
        self.folders(self.start.folders.clone());
        for file in open {
            self.look_for_workspace_of(&file);
        }
    }

    fn folders(&mut self, folders: Vec<Utf8PathBuf>) {
        for folder in folders {
            if !self.start.folders.contains(&folder) {
                self.start.folders.push(folder.clone());
            }
            let candidates = workspace::candidates(&folder);
            if self.settings.is_some() && candidates.is_empty() {
                let trouble = Trouble::NoManifest(folder);
                self.tell(Level::Warning, trouble.to_string());
            }
            for candidate in candidates {
                self.look_for_workspace(candidate);
            }
        }
    }

    /// Ends what is served for closed folders alone, and forgets what was said of it.
    fn folders_closed(&mut self, folders: &[Utf8PathBuf]) {
        if folders.is_empty() {
            return;
        }
        self.start.folders.retain(|folder| !folders.contains(folder));
        let remaining = &self.start.folders;
        let is_open = |root: &Utf8PathBuf| {
            remaining.iter().any(|folder| root.starts_with(folder) || folder.starts_with(root))
        };
        for served in self.served.iter_mut().filter(|it| !is_open(&it.workspace.root)) {
            tracing::info!(root = %served.workspace.root, "no longer serving");
            served.retire().map(|flycheck| tokio::spawn(flycheck.stop()));
            self.located.retain(|folder| !folder.starts_with(&served.workspace.root));
        }
        self.judging.text_moved();
        self.learnt();
    }

    /// A workspace can lie within another: cargo knows, for each package, which is its own.
    fn look_for_workspace_of(&mut self, file: &Utf8Path) {
        let Some(folder) = file.parent().filter(|_| self.is_users(file)) else {
            return;
        };
        let nearest = folder.ancestors().find(|folder| folder.join("Cargo.toml").is_file());
        let served = self.served_index(file).map(|index| &self.served[index]);
        let is_up = served.is_some_and(|served| served.flycheck.is_some());
        let is_root = served.is_some_and(|served| Some(&*served.workspace.root) == nearest);
        let root = match nearest {
            Some(_) if is_up && is_root => None,
            Some(nearest) if is_up => Some(nearest.to_owned()),
            _ => workspace::candidates_above(folder),
        };
        if let Some(root) = root {
            self.look_for_workspace(root);
        }
    }

    /// Whether a file is the user's own: jumping into a library must not start a check of it.
    fn is_users(&self, file: &Utf8Path) -> bool {
        const LIBRARIES: &[&str] = &["/registry/src/", "/git/checkouts/", "/lib/rustlib/"];
        let folders = &self.start.folders;
        let inside = folders.is_empty() || folders.iter().any(|folder| file.starts_with(folder));
        inside && !LIBRARIES.iter().any(|part| file.as_str().contains(part))
    }

    fn look_for_workspace(&mut self, folder: Utf8PathBuf) {
        let Some(settings) = &self.settings else {
            return;
        };
        if !self.located.insert(folder.clone()) {
            return;
        }
        let cargo = settings.cargo.resolve();
        let handle = self.out.handle.clone();
        let trusted = self.start.trusted;
        tokio::spawn(async move {
            let found = if trusted {
                Workspace::load(&folder, &cargo).await
            } else {
                Ok(Workspace::guess(&folder, &cargo))
            };
            handle.send(Event::Located { folder, found });
        });
    }

    fn located(&mut self, folder: &Utf8Path, found: Result<Workspace, Trouble>) {
        let Some(settings) = self.settings.clone() else {
            return;
        };
        match found {
            Ok(workspace) => self.serve(workspace, settings, self.start.trusted),
            // A package that no workspace wants, such as a template: nobody asked to have it checked.
            Err(Trouble::Manifest(error))
                if self
                    .served_index(folder)
                    .is_some_and(|index| self.served[index].workspace.root != folder) =>
            {
                tracing::warn!(%folder, error, "a package within a workspace is not served");
            }
            Err(trouble) => {
                let without_cargo = matches!(trouble, Trouble::NoCargo(_));
                self.tell(Level::Error, trouble.to_string());
                if without_cargo {
                    // Others may find their cargo: what they write can still be read.
                    let guess = Workspace::guess(folder, &settings.cargo.resolve());
                    self.serve(guess, settings, false);
                }
            }
        }
    }

    fn serve(&mut self, workspace: Workspace, settings: Settings, trusted: bool) {
        let root = &workspace.root;
        let known = self.served.iter().position(|served| served.workspace.root == *root);
        let index = known.unwrap_or(self.served.len());
        let unchanged = known.is_some_and(|index| {
            let served = &self.served[index];
            served.flycheck.is_some() && served.workspace == workspace
        });
        if unchanged {
            return;
        }
        tracing::info!(%root, target_dir = %workspace.target_dir, trusted, "serving");
        let handle = self.out.handle.clone();
        let verify = trusted && settings.fixes.verify;
        let oracle = verify.then(|| Oracle::new(root.clone(), settings.cargo.resolve()));
        let config = Config {
            index,
            workspace: workspace.clone(),
            settings,
            trusted,
            client: self.start.client,
            beside_analyzer: self.start.beside_analyzer,
            runs: Arc::clone(&self.runs),
        };
        let listener = Arc::new(move |report| handle.send(Event::Report(report)));
        let flycheck = Some(Flycheck::start(config, listener));
        let watching = (!self.start.client_watches).then(|| {
            let handle = self.out.handle.clone();
            let tell = move |files| handle.send(Event::ChangedOnDisk(files));
            Watching::start(workspace.root.clone(), tell)
        });
        match self.served.get_mut(index) {
            Some(served) => {
                served.workspace = workspace;
                served.flycheck = flycheck;
                served.oracle = oracle;
            }
            None => self.served.push(Served::new(workspace, flycheck, oracle)),
        }
        self.served[index].watching = watching;
    }

    /// The workspace that a file belongs to: the innermost one.
    fn served_index(&self, file: &Utf8Path) -> Option<usize> {
        let roots = self.served.iter().map(|served| &served.workspace.root);
        let around = roots.enumerate().filter(|(_, root)| file.starts_with(root));
        let innermost = around.max_by_key(|(_, root)| root.as_str().len());
        innermost.map(|(index, _)| index)
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
