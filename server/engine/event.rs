//! What the engine hears and says, and the handle that it is spoken to by.

use std::{sync::Arc, time::Duration};

use camino::Utf8PathBuf;
use ra_ap_syntax::Edition;
use tokio::sync::{mpsc, oneshot, watch};

use super::Snapshot;
use crate::{
    alive::{Alive, Follow},
    documents::Change,
    encoding::Encoding,
    flycheck::Report,
    oracle::Recheck,
    problem::{Fix, Problem},
    settings::Settings,
    sources::Sources,
    workspace::{Trouble, Workspace},
};

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
    pub(super) events: mpsc::UnboundedSender<Event>,
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
