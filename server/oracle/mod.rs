//! The oracle: asks the compiler about texts that the user never sees on disk.
//!
//! Every fix that is offered as *verified* was applied in an overlay of the workspace and compiled
//! there with the failing unit's own command.

mod answers;
mod assume;
mod base;
mod borrows;
mod closer;
mod compare;
mod demand;
mod follow;
mod hidden;
mod leftovers;
mod others;
mod overlay;
mod probe;
mod rounds;
mod seed;
mod tidy;
mod types;
mod unit;
mod workbench;

use std::sync::Arc;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{MetadataCommand, diagnostic::Diagnostic};
use ra_ap_syntax::Edition;
use tokio::sync::Mutex;

use crate::{
    fixes::{self, Draft},
    flycheck::place,
    problem::{Fix, Kind, Problem, Span, Unit, Verdict},
    recognise::{complete, recognise},
    rustc::UnitDiagnostic,
    sources::Sources,
};
use answers::Trial;
use rounds::{Accepted, try_draft};
pub use types::TypedBody;
use types::{Answering, Asking};
pub use unit::NoLongerReported;
use unit::{Commands, Known, find_unit, refresh};
use workbench::{Workbench, is_error};

/// How to call cargo for a workspace: mirrors rust-analyzer's settings of the same names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CargoSettings {
    /// Arguments of every `cargo check`: what to check (`--workspace`, `-p app`,
    /// `--all-targets`) and how (`--features ..`, `--target ..`).
    pub args: Vec<String>,
    /// Extra environment.
    pub env: Vec<(String, String)>,
    /// Cargo's target directory, when it is not the default.
    pub target_dir: Option<Utf8PathBuf>,
}

impl CargoSettings {
    /// cargo itself, wherever the rest of the server finds it.
    pub fn cargo_program(&self) -> String {
        place::cargo()
    }
}

/// What the compiler says of one target.
#[derive(Debug)]
pub struct Recheck {
    /// The target, as the user's own checks name it.
    pub unit: Unit,
    /// All that it said.
    pub diagnostics: Vec<UnitDiagnostic>,
}

/// Answers questions about one workspace. Cheap to clone; asks one thing at a time.
#[derive(Debug, Clone)]
pub struct Oracle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: Utf8PathBuf,
    cargo: CargoSettings,
    state: Mutex<State>,
}

/// What the oracle remembers between questions.
#[derive(Debug, Default)]
struct State {
    bench: Option<Workbench>,
    known: Option<Known>,
    commands: Commands,
    /// Survives texts as commands do.
    answering: Answering,
    /// Where units have errors that the oracle was told of.
    expected: Vec<(Unit, Span)>,
}

impl Oracle {
    /// An oracle for the workspace at `root` (absolute).
    pub fn new(root: Utf8PathBuf, cargo: CargoSettings) -> Self {
        Self { inner: Arc::new(Inner { root, cargo, state: Mutex::default() }) }
    }

    /// Reads the workspace's Rust files and manifests from disk. Unsaved buffers are not
    /// included: `Sources::insert` those over it.
    pub async fn read_sources(&self) -> Sources {
        let root = self.inner.root.clone();
        let read = tokio::task::spawn_blocking(move || read_tree(&root)).await;
        read.unwrap_or_default()
    }

    /// Tells which problems are known of the texts that are asked about next. The answers do not
    /// depend on it, but come sooner.
    pub async fn expect<'a>(&self, problems: impl IntoIterator<Item = &'a Problem>) {
        let places = problems.into_iter().map(|it| (it.unit.clone(), it.reported_at.clone()));
        self.inner.state.lock().await.expected = places.collect();
    }

    /// Completes a recognised problem: with what the text tells, and, where the error names no
    /// value, with what the compiler answers when asked closer. `None` when the compiler says
    /// that the future is `Send` after all: the error is none of ours.
    ///
    /// # Errors
    /// [`NoLongerReported`] when these texts do not have the problem. Others when cargo or rustc
    /// cannot be run, or the problem's unit is not part of the selection.
    pub async fn examine(&self, problem: &Problem, sources: &Sources) -> Result<Option<Problem>> {
        let mut problem = problem.clone();
        let texts = self.inner.with_foreign(&problem, sources);
        complete(&mut problem, &texts);
        let is_held = matches!(problem.kind, Kind::HeldAcrossAwait | Kind::LockLint);
        if !closer::needs_asking(&problem) && !is_held {
            return Ok(Some(problem));
        }
        let mut state = self.inner.state.lock().await;
        let state = &mut *state;
        let bench = self.inner.bench(&mut state.bench).await?;
        let commands = &mut state.commands;
        let known = refresh(bench, &mut state.known, commands, sources);
        let (command, _) =
            find_unit(bench, commands, &self.inner.root, &problem, sources, &state.expected)
                .await?;
        let mut asking = Asking { bench, command: &command, types: &mut known.types, sources };
        ask_all(&mut asking, problem).await
    }

    /// The async bodies of a file (relative to the workspace root), with what the compiler says
    /// of every value that crosses an await, whether or not there is a problem. `None` when it
    /// says nothing: the text does not compile so far, or belongs to no target.
    ///
    /// Dropping the future kills the running compiler.
    ///
    /// # Errors
    /// When cargo or rustc cannot be run.
    pub async fn values(
        &self,
        file: &Utf8Path,
        edition: Edition,
        sources: &Sources,
    ) -> Result<Option<Vec<TypedBody>>> {
        let mut state = self.inner.state.lock().await;
        let State { bench, answering, .. } = &mut *state;
        let bench = self.inner.bench(bench).await?;
        types::of_open_file(bench, answering, sources, file, edition).await
    }

    /// Everything that the compiler says of the target that a file belongs to, as the texts are
    /// now. `None` when the target is not known, or its code has errors that end the compilation
    /// before anybody asks for `Send`: then silence means nothing.
    ///
    /// Dropping the future kills the running compiler.
    ///
    /// # Errors
    /// When cargo or rustc cannot be run.
    pub async fn recheck(
        &self,
        file: &Utf8Path,
        edition: Edition,
        sources: &Sources,
    ) -> Result<Option<Recheck>> {
        let mut state = self.inner.state.lock().await;
        let State { bench, answering, .. } = &mut *state;
        let bench = self.inner.bench(bench).await?;
        if !answering.contains_key(file) {
            // Whoever answers for the file's types is the one to ask.
            types::of_open_file(bench, answering, sources, file, edition).await?;
        }
        let Some((unit, command)) = answering.get(file) else {
            return Ok(None);
        };
        let said = bench.compile(sources, command).await?;
        let root = bench.root();
        let is_other = |it: &Diagnostic| is_error(it) && recognise(it, unit, root).is_none();
        if said.iter().any(is_other) {
            return Ok(None);
        }
        let theirs = |ours: &str| ours.replace(root.as_str(), self.inner.root.as_str());
        let package_id = theirs(&unit.package_id);
        let unit = Unit { package_id, src: theirs(unit.src.as_str()).into(), ..unit.clone() };
        let diagnostics =
            said.into_iter().map(|diagnostic| UnitDiagnostic { unit: unit.clone(), diagnostic });
        Ok(Some(Recheck { diagnostics: diagnostics.collect(), unit }))
    }

    /// Drafts the fixes of a problem and asks the compiler about each, likeliest first.
    /// `on_fix` hears of every fix that may be offered as soon as its verdict is known; the
    /// result is the whole list, in menu order, at most one of them preferred.
    ///
    /// Dropping the future kills the running compiler.
    ///
    /// # Errors
    /// Those of [`Self::examine`].
    pub async fn judge(
        &self,
        problem: &Problem,
        sources: &Sources,
        on_fix: &mut (dyn FnMut(&Fix) + Send),
    ) -> Result<Vec<Fix>> {
        let (of_problem, texts) = (problem.clone(), sources.clone());
        // Drafting parses whole workspaces, while others on this thread want to be answered.
        let drafts =
            tokio::task::spawn_blocking(move || fixes::drafts(&of_problem, &texts)).await?;
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        let mut state = self.inner.state.lock().await;
        let state = &mut *state;
        let bench = self.inner.bench(&mut state.bench).await?;
        let known = refresh(bench, &mut state.known, &mut state.commands, sources);
        let (root, expected, commands) = (&self.inner.root, &state.expected, &mut state.commands);
        let (command, before) =
            find_unit(bench, commands, root, problem, sources, expected).await?;
        let trial = Trial { problem, sources, command: &command, before: &before, outer: None };
        let mut offered: Vec<Fix> = Vec::new();
        let mut failure = None;
        for mut draft in drafts {
            if fixes::is_last_resort(draft.id) && !offered.is_empty() {
                continue;
            }
            if fixes::is_question(draft.id) {
                // A fix that only asks for more: there is nothing to verify.
                offered.extend(draft.unchecked());
                continue;
            }
            known.suggest(&mut draft);
            let accepted = match try_draft(bench, &trial, &draft).await {
                Ok(Some(accepted)) => accepted,
                Ok(None) => continue,
                // One compiler run that breaks off costs one fix.
                Err(error) => {
                    tracing::warn!(fix = draft.id, "not judged: {error:#}");
                    failure = Some(error);
                    continue;
                }
            };
            known.learn(&draft, &accepted);
            // What leaves nothing behind is better than what leads to the next problem.
            let is_clean = accepted.state.is_clean();
            offer(&mut offered, judged(draft, accepted, sources), is_clean, on_fix);
        }
        prefer_one(&mut offered);
        match failure {
            Some(error) if offered.is_empty() => Err(error),
            _ => Ok(offered),
        }
    }
}

impl Inner {
    /// The texts, and with them the files of other crates that the problem's path leads through:
    /// to name their fns, never to edit them.
    fn with_foreign(&self, problem: &Problem, sources: &Sources) -> Sources {
        let mut texts = sources.clone();
        for place in problem.path.iter().chain([&problem.future]) {
            let file = &place.span.file;
            if !place.span.is_local()
                && let Ok(text) = std::fs::read_to_string(self.root.join(file))
            {
                texts.insert(file.clone(), text);
            }
        }
        texts
    }

    async fn bench<'a>(&self, bench: &'a mut Option<Workbench>) -> Result<&'a mut Workbench> {
        if bench.is_none() {
            let (root, cargo) = (self.root.clone(), self.cargo.clone());
            let made = tokio::task::spawn_blocking(move || {
                Workbench::new(&root, &target_dir(&root, &cargo)?, &cargo)
            });
            *bench = Some(made.await.context("the overlay could not be made")??);
        }
        bench.as_mut().context("the overlay could not be made")
    }
}

/// Completes a problem with what the compiler answers when it is asked closer; `None` when the
/// future is `Send` after all.
async fn ask_all(asking: &mut Asking<'_>, mut problem: Problem) -> Result<Option<Problem>> {
    if closer::needs_asking(&problem) {
        let Some(asked) = closer::ask(asking, &problem).await? else {
            return Ok(None);
        };
        problem = asked;
        complete(&mut problem, asking.sources);
    }
    hidden::add(asking, &mut problem).await?;
    Ok(Some(problem))
}

/// Adds a fix. Two ways that end at the same edits are one: the clean way names it.
fn offer(
    offered: &mut Vec<Fix>,
    mut fix: Fix,
    is_clean: bool,
    on_fix: &mut (dyn FnMut(&Fix) + Send),
) {
    if let Some(twin) = offered.iter().position(|it| it.edits == fix.edits) {
        if !is_clean {
            return;
        }
        offered.remove(twin);
    }
    fix.preferred =
        is_clean && !fixes::is_last_resort(fix.id) && !offered.iter().any(|it| it.preferred);
    on_fix(&fix);
    offered.push(fix);
}

/// Where every fix uncovers another problem, the first is still the best.
fn prefer_one(offered: &mut [Fix]) {
    if offered.iter().any(|it| it.preferred) {
        return;
    }
    let may_be = |it: &&mut Fix| it.verdict == Verdict::Verified && !fixes::is_last_resort(it.id);
    if let Some(first) = offered.iter_mut().find(may_be) {
        first.preferred = true;
    }
}

fn judged(draft: Draft, accepted: Accepted, sources: &Sources) -> Fix {
    let Accepted { edits, state } = accepted;
    let title = fixes::title(&draft, sources, &edits);
    let note = fixes::note(&draft, sources, &edits);
    let notes: Vec<String> = note.into_iter().chain(state.notes()).collect();
    // The problem is gone, but the code does not compile for it.
    let verdict = if state.bared.is_some() { Verdict::Unchecked } else { Verdict::Verified };
    Fix {
        id: draft.id,
        title,
        verdict,
        preferred: false,
        edits,
        note: (!notes.is_empty()).then(|| notes.join(" ")),
    }
}

/// Where cargo builds this workspace: the setting, else what cargo says, else `target`.
fn target_dir(root: &Utf8Path, cargo: &CargoSettings) -> Result<Utf8PathBuf> {
    if let Some(dir) = &cargo.target_dir {
        return Ok(root.join(dir));
    }
    let mut command = MetadataCommand::new();
    command.cargo_path(cargo.cargo_program()).no_deps().current_dir(root);
    for (name, value) in &cargo.env {
        command.env(name, value);
    }
    let metadata = command.exec().context("cargo metadata failed")?;
    Ok(metadata.target_directory)
}

/// Every `.rs` and `Cargo.toml` below a directory; build directories and hidden ones aside.
fn read_tree(root: &Utf8Path) -> Sources {
    let mut sources = Sources::default();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        let Ok(entries) = dir.read_dir_utf8() else {
            continue;
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() && !name.starts_with('.') && !path.join("CACHEDIR.TAG").exists() {
                dirs.push(path.to_owned());
            } else if kind.is_file()
                && (path.extension() == Some("rs") || name == "Cargo.toml")
                && let Ok(text) = std::fs::read_to_string(path)
                && let Ok(relative) = path.strip_prefix(root)
            {
                sources.insert(relative, text);
            }
        }
    }
    sources
}
