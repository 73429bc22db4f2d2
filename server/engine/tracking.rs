//! What is alive across the awaits of the open files: analysed when a file is opened, brought up to
//! date with each edit, and completed by the compiler when nothing else is to be asked.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
};

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::Edition;
use rustc_hash::FxHashMap;
use tokio::task::spawn_blocking;

use super::{Engine, Event, Level, judging::Running};
use crate::{
    alive::{Alive, Follow},
    documents::{Document, Documents},
    oracle::{Oracle, Recheck},
    shift::Shift,
    sources::Sources,
    workspace,
};

/// The open files.
#[derive(Debug, Default)]
pub(super) struct Tracking {
    files: FxHashMap<Utf8PathBuf, Tracked>,
}

#[derive(Debug)]
struct Tracked {
    alive: Arc<Alive>,
    edition: Edition,
    /// Follows the edits, once the whole was analysed.
    follow: Option<Follow>,
    /// The version that is being analysed as a whole, or was last.
    started: Option<i32>,
    /// The version that was.
    analysed: Option<i32>,
    /// The version that the compiler has judged as a whole, by a check or live.
    checked: Option<i32>,
    /// The version that the compiler was asked about, and the epoch of all texts then.
    asked: Option<(i32, u64)>,
}

impl Tracking {
    pub(super) fn opened(&mut self, file: &Utf8Path, version: i32) {
        let alive = Arc::default();
        // The analysis finds out the edition; until then nothing is known to depend on it.
        let edition = Edition::CURRENT;
        let tracked = Tracked {
            alive,
            edition,
            follow: None,
            started: None,
            analysed: None,
            checked: Some(version),
            asked: None,
        };
        self.files.insert(file.to_owned(), tracked);
    }

    /// A check will follow.
    pub(super) fn saved(&mut self, file: &Utf8Path, documents: &Documents) {
        if let Some(tracked) = self.files.get_mut(file) {
            tracked.checked = documents.get(file).map(|document| document.version);
        }
    }

    pub(super) fn closed(&mut self, file: &Utf8Path) {
        self.files.remove(file);
    }

    pub(super) fn edited(&mut self, file: &Utf8Path, shifts: &[Shift], documents: &Documents) {
        if let (Some(tracked), Some(document)) = (self.files.get_mut(file), documents.get(file)) {
            tracked.edited(shifts, document);
        }
    }

    /// Everything is to be asked again.
    pub(super) fn forget_answers(&mut self) {
        for tracked in self.files.values_mut() {
            tracked.asked = None;
        }
    }

    pub(super) fn alive(&self) -> FxHashMap<Utf8PathBuf, Arc<Alive>> {
        let files = self.files.iter();
        files.map(|(file, tracked)| (file.clone(), Arc::clone(&tracked.alive))).collect()
    }

    /// Takes news of a file. Says whether they are any.
    fn learn(&mut self, file: &Utf8Path, mut alive: Alive) -> bool {
        let Some(tracked) = self.files.get_mut(file) else {
            return false;
        };
        alive.adopt(&tracked.alive);
        let changed = *tracked.alive != alive;
        if changed {
            tracked.alive = Arc::new(alive);
        }
        changed
    }
}

impl Tracked {
    /// Follows edits at once. Before the whole was analysed there is nothing to follow.
    fn edited(&mut self, shifts: &[Shift], document: &Document) {
        if shifts.is_empty() {
            return;
        }
        let Some(mut follow) = self.follow.take() else {
            return;
        };
        let mut alive = Alive::clone(&self.alive);
        let followed = catch_unwind(AssertUnwindSafe(|| {
            follow.edit(&mut alive, shifts, document.text.to_string());
            (follow, alive)
        }));
        // A text that breaks the parser is analysed as a whole when typing rests.
        let Ok((follow, alive)) = followed else {
            tracing::error!("following an edit panicked");
            self.alive = Arc::default();
            return;
        };
        self.follow = Some(follow);
        self.alive = Arc::new(alive);
        self.started = Some(document.version);
        self.analysed = Some(document.version);
    }
}

impl Engine {
    /// Analyses the files that were opened.
    pub(super) fn analyse_next(&mut self) {
        for (file, tracked) in &mut self.tracking.files {
            let Some(document) = self.documents.get(file) else {
                continue;
            };
            let version = document.version;
            if tracked.started == Some(version) {
                continue;
            }
            tracked.started = Some(version);
            let (file, text) = (file.clone(), document.text.clone());
            let handle = self.out.handle.clone();
            spawn_blocking(move || {
                let edition = workspace::edition_of(&file);
                let (follow, alive) = Follow::new(text.to_string(), edition);
                handle.send(Event::Analysed { file, version, edition, follow, alive });
            });
        }
    }

    pub(super) fn analysed(
        &mut self,
        file: &Utf8Path,
        version: i32,
        edition: Edition,
        follow: Follow,
        alive: Alive,
    ) {
        let is_current = self.documents.get(file).is_some_and(|it| it.version == version);
        let Some(tracked) = self.tracking.files.get_mut(file).filter(|_| is_current) else {
            return;
        };
        tracked.analysed = Some(version);
        tracked.edition = edition;
        let too_deep = follow.too_deep();
        tracked.follow = Some(follow);
        if self.tracking.learn(file, alive) {
            self.learnt();
        }
        if let Some(line) = too_deep {
            let name = file.file_name().unwrap_or_default();
            let message = format!(
                "{name}: what begins on line {line} nests too deep to be analysed. Nothing is \
                 shown there."
            );
            self.tell(Level::Warning, message);
        }
    }

    /// Lets the compiler look at the file that the user is editing, where that is wanted. Says
    /// whether it does.
    pub(super) fn recheck_next(&mut self) -> bool {
        let Some((file, index)) = self.next_to_recheck() else {
            return false;
        };
        let served = &self.served[index];
        let (Some(oracle), Some(document), Some(tracked)) =
            (served.oracle.clone(), self.documents.get(&file), self.tracking.files.get_mut(&file))
        else {
            return false;
        };
        tracked.checked = Some(document.version);
        let question = Question {
            root: served.workspace.root.clone(),
            file,
            edition: tracked.edition,
            documents: self.documents.clone(),
        };
        // Numbered as of now: a check that starts later knows more.
        let run = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        let (epoch, handle) = (self.judging.epoch(), self.out.handle.clone());
        let tell = move |answer| {
            handle.send(Event::Rechecked { workspace: index, run, epoch, answer });
        };
        let asking = async move { question.recheck(&oracle).await };
        self.judging.start(ask(asking, "live", tell));
        true
    }

    fn next_to_recheck(&self) -> Option<(Utf8PathBuf, usize)> {
        let wanted = self.settings.as_ref().is_some_and(|settings| settings.live);
        let file = self.judging.focus().filter(|_| wanted)?;
        let version = self.documents.get(file)?.version;
        let tracked = self.tracking.files.get(file)?;
        let is_due = tracked.analysed == Some(version) && tracked.checked != Some(version);
        let index = self.served_index(file).filter(|_| is_due)?;
        self.served[index].was_checked().then(|| (file.clone(), index))
    }

    pub(super) fn rechecked(
        &mut self,
        workspace: usize,
        run: u64,
        epoch: u64,
        answer: Option<(Recheck, Sources)>,
    ) {
        if !self.judging.done(epoch) {
            return;
        }
        let (Some(served), Some((said, sources))) = (self.served.get_mut(workspace), answer) else {
            return;
        };
        for problem in served.rechecked(run, &said, &sources) {
            self.judging.forget(workspace, Some(problem));
        }
        self.learnt();
    }

    /// Asks the compiler about the file that the user most likely looks at.
    pub(super) fn ask_next(&mut self) {
        let wanted = self.settings.as_ref().is_some_and(|settings| settings.types);
        let Some((file, root, oracle)) = self.next_to_ask().filter(|_| wanted) else {
            return;
        };
        let (Some(document), Some(tracked)) =
            (self.documents.get(&file), self.tracking.files.get_mut(&file))
        else {
            return;
        };
        let (version, epoch) = (document.version, self.judging.epoch());
        // Noted at once: what fails is not tried again for the same text.
        tracked.asked = Some((version, epoch));
        let documents = self.documents.clone();
        let question = Question { root, file: file.clone(), edition: tracked.edition, documents };
        let handle = self.out.handle.clone();
        let tell = move |alive| handle.send(Event::Valued { file, epoch, alive });
        let asking = async move { question.values(&oracle).await };
        self.judging.start(ask(asking, "types", tell));
    }

    fn next_to_ask(&self) -> Option<(Utf8PathBuf, Utf8PathBuf, Oracle)> {
        let is_focus = |file: &Utf8PathBuf| self.judging.focus() == Some(file);
        let is_due = |(file, tracked): &(&Utf8PathBuf, &Tracked)| {
            let version = self.documents.get(file).map(|document| document.version);
            let known = tracked.asked.is_some_and(|(asked, epoch)| {
                // Another file's text can change a type here; who does not look need not know.
                Some(asked) == version && (epoch == self.judging.epoch() || !is_focus(file))
            });
            tracked.analysed == version && !known && !tracked.alive.is_empty()
        };
        let due = self.tracking.files.iter().filter(is_due);
        let mut due: Vec<_> = due.map(|(file, _)| file).collect();
        due.sort_by_key(|file| (!is_focus(file), file.as_str()));
        due.into_iter().find_map(|file| {
            let served = &self.served[self.served_index(file)?];
            // Before the first check is done its target directory is half of what it will be.
            let oracle = served.oracle.clone().filter(|_| served.was_checked())?;
            Some((file.clone(), served.workspace.root.clone(), oracle))
        })
    }

    pub(super) fn valued(&mut self, file: &Utf8Path, epoch: u64, alive: Option<Alive>) {
        if !self.judging.done(epoch) {
            return;
        }
        if let Some(alive) = alive
            && self.tracking.learn(file, alive)
        {
            self.learnt();
        }
    }
}

/// The texts of a workspace as the editor has them.
pub(super) async fn texts(oracle: &Oracle, root: &Utf8Path, documents: &Documents) -> Sources {
    let mut sources = oracle.read_sources().await;
    for (file, document) in documents.iter() {
        if let Ok(inside) = file.strip_prefix(root) {
            sources.insert(inside, document.text.to_string());
        }
    }
    sources
}

/// Starts asking; dropping the result stops the compiler. A panic costs this one answer.
fn ask<T: Send + 'static>(
    asking: impl Future<Output = anyhow::Result<Option<T>>> + Send + 'static,
    what: &'static str,
    tell: impl FnOnce(Option<T>) + Send + 'static,
) -> Running {
    let asking = tokio::spawn(asking);
    let running = Running::from(&asking);
    tokio::spawn(async move {
        let answer = match asking.await {
            Err(error) if error.is_cancelled() => return,
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::warn!(what, error = format!("{error:#}"), "no answer");
                None
            }
            Err(error) => {
                tracing::error!(what, %error, "asking panicked");
                None
            }
        };
        tell(answer);
    });
    running
}

/// What is to be known of one file?
struct Question {
    root: Utf8PathBuf,
    file: Utf8PathBuf,
    edition: Edition,
    documents: Documents,
}

impl Question {
    async fn recheck(&self, oracle: &Oracle) -> anyhow::Result<Option<(Recheck, Sources)>> {
        let sources = texts(oracle, &self.root, &self.documents).await;
        let Ok(file) = self.file.strip_prefix(&self.root) else {
            return Ok(None);
        };
        let said = oracle.recheck(file, self.edition, &sources).await?;
        Ok(said.map(|said| (said, sources)))
    }

    async fn values(&self, oracle: &Oracle) -> anyhow::Result<Option<Alive>> {
        let sources = texts(oracle, &self.root, &self.documents).await;
        let Ok(file) = self.file.strip_prefix(&self.root) else {
            return Ok(None);
        };
        let typed = oracle.values(file, self.edition, &sources).await?;
        let (Some(typed), Some(text)) = (typed, sources.text(file)) else {
            return Ok(None);
        };
        let bodies = typed.into_iter().map(|typed| {
            let known = typed.known();
            (typed.body, known)
        });
        Ok(Some(Alive::of(text, bodies)))
    }
}
