//! Where diagnostics come from: rust-analyzer's journal, the tee's journal, our own cargo.
//!
//! One [`Flycheck`] serves one workspace. With `auto` it listens to whoever checks already, and
//! runs a check of its own only where nobody does, so that no package is checked twice:
//!
//! - at start-up it gives rust-analyzer a while, longer where an earlier session has left a
//!   journal, and as long as it takes where its process is seen to work;
//! - once a journal moves, it is listened to and a check of our own that runs is stopped;
//! - when saves move no journal any more (rust-analyzer stopped, or checks no longer on save), our
//!   own check takes over, until a journal moves again.

mod choice;
mod journal;
mod neighbour;
mod own;
pub mod place;
mod results;
pub mod tee;
mod watch;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use camino::Utf8PathBuf;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use self::{
    choice::{Because, Choice, Verdict},
    neighbour::{Neighbour, Sighting},
    own::{Plan, Running},
    watch::{Heard, Place},
};
use crate::{
    rustc::Line,
    settings::{Settings, Source},
    workspace::Workspace,
};

pub use results::Results;

/// A journal this young was written by an editor that starts together with us.
const FRESH: Duration = Duration::from_secs(10);

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It said all that it had to say.
    Complete,
    /// A newer one took its place.
    Overtaken,
    /// cargo could not be started.
    NotStarted(String),
    /// cargo failed before it checked anything; its last words.
    Failed(String),
    /// It was given up after this time.
    TimedOut(Duration),
}

/// What a check says.
#[derive(Debug)]
pub enum What {
    /// A check started.
    Started {
        /// Whether it is ours, and the user may wonder what keeps the machine busy.
        own: bool,
        /// For the text of an earlier session: its age. Files changed since are another matter.
        as_of: Option<SystemTime>,
    },
    /// The compiler spoke.
    Line(Line),
    /// The check is over.
    Ended(Outcome),
    /// Something about who checks.
    Remark(Remark),
}

/// What is worth knowing about who checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// rust-analyzer works and has not checked yet: it is waited for.
    AnalyzerIsAwaited,
    /// rust-analyzer runs and does not check: we do.
    AnalyzerIsSilent,
    /// rust-analyzer checks where we cannot hear it: both do.
    AnalyzerIsUnheard,
    /// rust-analyzer has worked for very long without checking: we do.
    AnalyzerIsSlow,
}

/// Something that a check says, and which.
#[derive(Debug)]
pub struct Report {
    /// The workspace, by its index.
    pub workspace: usize,
    /// The run: later runs have greater numbers.
    pub run: u64,
    /// What it says.
    pub what: What,
}

/// Receives reports.
pub type Listener = Arc<dyn Fn(Report) + Send + Sync>;

/// What a flycheck needs to know.
#[derive(Clone)]
pub struct Config {
    /// The workspace's index, for the reports.
    pub index: usize,
    /// The workspace.
    pub workspace: Workspace,
    /// The user's settings.
    pub settings: Settings,
    /// Whether cargo may be run.
    pub trusted: bool,
    /// The editor's process.
    pub client: Option<u32>,
    /// Whether the editor says that it runs rust-analyzer as well.
    pub beside_analyzer: bool,
    /// Numbers of runs, shared by all flychecks of the server.
    pub runs: Arc<AtomicU64>,
}

/// The flycheck of one workspace. Dropping it ends it and kills its check.
#[derive(Debug)]
pub struct Flycheck {
    commands: mpsc::UnboundedSender<Command>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Command {
    Saved,
    OwnEnded(u64),
    Stop,
}

impl Flycheck {
    /// Starts listening and, where that is needed, checking.
    pub fn start(config: Config, listener: Listener) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let actor = Actor::new(config, listener, commands.clone());
        let task = tokio::spawn(actor.run(inbox));
        Self { commands, task }
    }

    /// A file of the workspace was saved.
    pub fn saved(&self) {
        let _ = self.commands.send(Command::Saved);
    }

    /// Ends the flycheck and waits until its processes are gone.
    pub async fn stop(mut self) {
        let _ = self.commands.send(Command::Stop);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Flycheck {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Actor {
    config: Config,
    listener: Listener,
    commands: mpsc::UnboundedSender<Command>,
    choice: Choice,
    own: Option<Running>,
    /// Taken out while it looks.
    neighbour: Option<Neighbour>,
    said_awaited: bool,
    /// The current run of each journal; `None` when it is complete.
    journals: BTreeMap<Utf8PathBuf, Option<u64>>,
}

impl Actor {
    fn new(config: Config, listener: Listener, commands: mpsc::UnboundedSender<Command>) -> Self {
        let flycheck = &config.settings.flycheck;
        let grace = Duration::from_millis(flycheck.grace_ms);
        let debounce = config.settings.debounce();
        let source = match (flycheck.source, config.trusted) {
            // Without trust nothing may run, but what others have found can be read.
            (Source::Auto, false) => Source::Journal,
            (Source::Own, false) => Source::Off,
            (source, _) => source,
        };
        let mut choice = Choice::new(source, grace, debounce, Instant::now());
        if config.beside_analyzer {
            choice.expect();
        }
        Self {
            choice,
            config,
            listener,
            commands,
            own: None,
            neighbour: None,
            said_awaited: false,
            journals: BTreeMap::new(),
        }
    }

    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
        let (heard_by_us, mut heard) = mpsc::unbounded_channel();
        let watcher = tokio::spawn(watch::watch(self.places(), heard_by_us));
        loop {
            let due = self.choice.due();
            tokio::select! {
                biased;
                command = inbox.recv() => match command {
                    Some(Command::Saved) => self.choice.saved(Instant::now()),
                    Some(Command::OwnEnded(run)) => self.own_ended(run),
                    Some(Command::Stop) | None => break,
                },
                Some(heard) = heard.recv() => self.heard(heard).await,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.waited().await;
                }
            }
        }
        watcher.abort();
        self.stop_own().await;
    }

    async fn waited(&mut self) {
        let sighting = match self.choice.wants_sighting() {
            true => self.look().await,
            false => Sighting::Absent,
        };
        let awaits = matches!(sighting, Sighting::Busy { .. }) && self.choice.is_new();
        let Verdict::RunOwn(because) = self.choice.waited(sighting, Instant::now()) else {
            if awaits && !std::mem::replace(&mut self.said_awaited, true) {
                self.remark(Remark::AnalyzerIsAwaited);
            }
            return;
        };
        tracing::info!(?because, "checking ourselves");
        self.neighbour = None;
        let remark = match because {
            Because::Alone | Because::Saved => None,
            Because::Silent => Some(Remark::AnalyzerIsSilent),
            Because::Unheard => Some(Remark::AnalyzerIsUnheard),
            Because::Overdue => Some(Remark::AnalyzerIsSlow),
        };
        if let Some(remark) = remark {
            self.remark(remark);
        }
        self.start_own().await;
    }

    fn remark(&self, remark: Remark) {
        self.report(self.config.runs.load(Ordering::Relaxed), What::Remark(remark));
    }

    async fn look(&mut self) -> Sighting {
        let (root, client) = (self.config.workspace.root.clone(), self.config.client);
        let neighbour = self.neighbour.take();
        let looking = tokio::task::spawn_blocking(move || {
            let mut neighbour = neighbour.unwrap_or_else(|| Neighbour::new(root, client));
            let sighting = neighbour.look();
            (neighbour, sighting)
        });
        let Ok((neighbour, sighting)) = looking.await else {
            return Sighting::Absent;
        };
        self.neighbour = Some(neighbour);
        sighting
    }

    fn places(&self) -> Vec<Place> {
        let Workspace { root, target_dir } = &self.config.workspace;
        let source = self.choice.source();
        let mut places = Vec::new();
        if matches!(source, Source::Auto | Source::Journal) {
            // rust-analyzer's `cargo.targetDir: true` is a folder inside the usual one.
            places.push(Place::Target(target_dir.clone()));
            places.push(Place::Target(target_dir.join("rust-analyzer")));
        }
        if matches!(source, Source::Auto | Source::Tee) {
            places.push(Place::File(place::tee_journal(root)));
        }
        places
    }

    fn next_run(&self) -> u64 {
        self.config.runs.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn report(&self, run: u64, what: What) {
        let workspace = self.config.index;
        (self.listener)(Report { workspace, run, what });
    }

    async fn heard(&mut self, heard: Heard) {
        let Heard { path, first_look, mut news } = heard;
        self.drop_foreign(&path, &mut news.lines);
        let age = news.modified.and_then(|modified| modified.elapsed().ok());
        let live = !first_look || age.is_none_or(|age| age < FRESH);
        if live && self.is_ours(&path, &news.lines) {
            self.choice.heard();
            // The table of processes is not needed any more.
            self.neighbour = None;
            self.stop_own().await;
        } else if !live {
            self.choice.expect();
        }
        let as_of = news.modified.filter(|_| !live);
        if news.restarted {
            self.restart(&path, as_of);
        }
        for line in news.lines {
            self.journal_line(&path, line);
        }
    }

    fn restart(&mut self, path: &Utf8PathBuf, as_of: Option<SystemTime>) {
        let run = self.next_run();
        if let Some(Some(overtaken)) = self.journals.insert(path.clone(), Some(run)) {
            self.report(overtaken, What::Ended(Outcome::Overtaken));
        }
        self.report(run, What::Started { own: false, as_of });
    }

    fn journal_line(&mut self, path: &Utf8PathBuf, line: Line) {
        let Some(Some(run)) = self.journals.get(path).copied() else {
            return;
        };
        if matches!(line, Line::Finished { .. }) {
            self.journals.insert(path.clone(), None);
            self.report(run, What::Ended(Outcome::Complete));
        } else {
            self.report(run, What::Line(line));
        }
    }

    /// Whether a journal can only speak of this workspace. A target directory outside of it may
    /// be shared by many.
    fn is_private(&self, path: &Utf8PathBuf) -> bool {
        path.starts_with(&self.config.workspace.root)
            || *path == place::tee_journal(&self.config.workspace.root)
    }

    fn is_ours(&self, path: &Utf8PathBuf, lines: &[Line]) -> bool {
        self.is_private(path) || lines.iter().any(|line| !matches!(line, Line::Finished { .. }))
    }

    fn drop_foreign(&self, path: &Utf8PathBuf, lines: &mut Vec<Line>) {
        if self.is_private(path) {
            return;
        }
        let root = &self.config.workspace.root;
        lines.retain(|line| match line {
            Line::Diagnostic(diagnostic) => diagnostic.unit.src.starts_with(root),
            Line::Compiled(unit) => unit.src.starts_with(root),
            Line::Finished { .. } | Line::Noise => true,
        });
    }

    async fn start_own(&mut self) {
        self.stop_own().await;
        let run = self.next_run();
        let settings = &self.config.settings;
        let plan = Plan {
            root: self.config.workspace.root.clone(),
            command: settings.check.command,
            cargo: settings.cargo.resolve(),
            timeout: Duration::from_secs(settings.check.timeout_secs),
        };
        let own = true;
        let as_of = None;
        self.report(run, What::Started { own, as_of });
        let workspace = self.config.index;
        let listener = Arc::clone(&self.listener);
        let say = move |what| {
            listener(Report { workspace, run, what });
        };
        let (say_line, commands) = (say.clone(), self.commands.clone());
        let on_line = Arc::new(move |line| say_line(What::Line(line)));
        let on_end = Arc::new(move |outcome| {
            say(What::Ended(outcome));
            let _ = commands.send(Command::OwnEnded(run));
        });
        self.own = Some(Running::start(plan, run, on_line, on_end));
    }

    async fn stop_own(&mut self) {
        if let Some(own) = self.own.take() {
            let run = own.run;
            own.stop().await;
            self.report(run, What::Ended(Outcome::Overtaken));
        }
    }

    fn own_ended(&mut self, run: u64) {
        if self.own.as_ref().is_some_and(|own| own.run == run) {
            self.own = None;
        }
    }
}
