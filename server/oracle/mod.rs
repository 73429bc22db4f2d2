//! The oracle: asks the compiler about texts that the user never sees on disk.
//!
//! Every fix that is offered as *verified* was applied in an overlay of the workspace and compiled
//! there with the failing unit's own command.

mod closer;
mod compare;
mod demand;
mod overlay;
mod probe;
mod rounds;
mod seed;
mod tidy;
mod types;
mod workbench;

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{MetadataCommand, diagnostic::Diagnostic};
use tokio::sync::Mutex;

use crate::{
    fixes::{self, Draft},
    problem::{Fix, Kind, Problem, Unit, Verdict},
    recognise::complete,
    rustc::RustcCommand,
    sources::Sources,
    syntax,
    text::Lines,
};
use rounds::{Accepted, Trial, try_draft};
use types::TypedBody;
use workbench::{Survey, Workbench};

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
    /// cargo itself: what started us, else what is in `PATH`.
    pub fn cargo_program(&self) -> String {
        std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
    }
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
    surveyed: Option<Surveyed>,
    /// Commands survive texts: they change with manifests only.
    commands: HashMap<(Unit, bool), RustcCommand>,
}

/// What is known of one state of the texts.
#[derive(Debug)]
struct Surveyed {
    texts: Sources,
    survey: Survey,
    /// The types of held values, by file.
    types: HashMap<Utf8PathBuf, Vec<TypedBody>>,
}

impl Oracle {
    /// An oracle for the workspace at `root` (absolute).
    pub fn new(root: Utf8PathBuf, cargo: CargoSettings) -> Self {
        Self { inner: Arc::new(Inner { root, cargo, state: Mutex::default() }) }
    }

    /// Reads the workspace's Rust files and manifests from disk. Unsaved buffers are not
    /// included: `Sources::insert` those over it.
    pub async fn read_sources(&self, _problem: &Problem) -> Sources {
        let root = self.inner.root.clone();
        let read = tokio::task::spawn_blocking(move || read_tree(&root)).await;
        read.unwrap_or_default()
    }

    /// Completes a recognised problem: with what the text tells, and, where the error names no
    /// value, with what the compiler answers when asked closer. `None` when the compiler says
    /// that the future is `Send` after all: the error is none of ours.
    ///
    /// # Errors
    /// When cargo or rustc cannot be run, or the problem's unit is not part of the selection.
    pub async fn examine(&self, problem: &Problem, sources: &Sources) -> Result<Option<Problem>> {
        let mut problem = problem.clone();
        complete(&mut problem, sources);
        if !closer::needs_asking(&problem) && problem.kind != Kind::HeldAcrossAwait {
            return Ok(Some(problem));
        }
        let mut state = self.inner.state.lock().await;
        let state = &mut *state;
        let bench = self.inner.bench(&mut state.bench).await?;
        let surveyed = refresh(bench, &mut state.surveyed, &mut state.commands, sources).await?;
        let (command, _) = find_unit(
            bench,
            &surveyed.survey,
            &mut state.commands,
            &self.inner.root,
            &problem,
            sources,
        )
        .await?;
        if closer::needs_asking(&problem) {
            let Some(asked) = closer::ask(bench, &command, &problem, sources).await? else {
                return Ok(None);
            };
            problem = asked;
            complete(&mut problem, sources);
        }
        add_hidden_values(bench, &command, &mut surveyed.types, &mut problem, sources).await?;
        Ok(Some(problem))
    }

    /// Drafts the fixes of a problem and asks the compiler about each, likeliest first.
    /// `on_fix` hears of every fix that may be offered as soon as its verdict is known; the
    /// result is the whole list, in menu order, at most one of them preferred.
    ///
    /// Dropping the future kills the running compiler.
    ///
    /// # Errors
    /// When cargo or rustc cannot be run, or the problem's unit is not part of the selection.
    pub async fn judge(
        &self,
        problem: &Problem,
        sources: &Sources,
        on_fix: &mut (dyn FnMut(&Fix) + Send),
    ) -> Result<Vec<Fix>> {
        let drafts = fixes::drafts(problem, sources);
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        let mut state = self.inner.state.lock().await;
        let state = &mut *state;
        let bench = self.inner.bench(&mut state.bench).await?;
        let surveyed = refresh(bench, &mut state.surveyed, &mut state.commands, sources).await?;
        let (command, before) = find_unit(
            bench,
            &surveyed.survey,
            &mut state.commands,
            &self.inner.root,
            problem,
            sources,
        )
        .await?;
        let trial = Trial {
            problem,
            sources,
            command: &command,
            before: &before,
            survey: &surveyed.survey,
        };
        let mut offered: Vec<Fix> = Vec::new();
        for draft in drafts {
            let Some(accepted) = try_draft(bench, &trial, &draft).await? else {
                continue;
            };
            let mut fix = verified(draft, accepted, sources);
            fix.preferred = offered.is_empty();
            on_fix(&fix);
            offered.push(fix);
        }
        Ok(offered)
    }
}

impl Inner {
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

/// Adds the values of the problem's body that rustc hides behind the one it reported.
async fn add_hidden_values(
    bench: &mut Workbench,
    command: &RustcCommand,
    known: &mut HashMap<Utf8PathBuf, Vec<TypedBody>>,
    problem: &mut Problem,
    sources: &Sources,
) -> Result<()> {
    let file = problem.future.span.file.clone();
    let Some(text) = sources.text(&file).filter(|_| problem.kind == Kind::HeldAcrossAwait) else {
        return Ok(());
    };
    let Some(range) = Lines::new(text).range(&problem.future.span) else { return Ok(()) };
    if !known.contains_key(&file) {
        let edition = syntax::edition(&problem.unit.edition);
        let typed = types::of_file(bench, command, sources, &file, edition).await?;
        known.insert(file.clone(), typed);
    }
    let bodies = known.get(&file).map(Vec::as_slice).unwrap_or_default();
    if let Some(typed) = types::innermost(bodies, range) {
        types::add_hidden(problem, typed, &file, text);
    }
    Ok(())
}

/// The survey of these texts: the last one when nothing changed, a new one otherwise.
async fn refresh<'a>(
    bench: &mut Workbench,
    last: &'a mut Option<Surveyed>,
    commands: &mut HashMap<(Unit, bool), RustcCommand>,
    texts: &Sources,
) -> Result<&'a mut Surveyed> {
    if last.as_ref().is_none_or(|known| known.texts != *texts) {
        let survey = bench.survey(texts).await?;
        let manifests_changed = last.as_ref().is_some_and(|known| {
            known.texts.changed_files(texts).any(|(file, _)| file.file_name() == Some("Cargo.toml"))
        });
        if manifests_changed {
            commands.clear();
        }
        *last = Some(Surveyed { texts: texts.clone(), survey, types: HashMap::new() });
    }
    last.as_mut().context("the survey was not kept")
}

/// The command of the problem's unit and what the compiler says of it now. A problem that only
/// the unit's test form shows (`#[cfg(test)]`) is judged in that form.
async fn find_unit(
    bench: &mut Workbench,
    survey: &Survey,
    commands: &mut HashMap<(Unit, bool), RustcCommand>,
    root: &Utf8Path,
    problem: &Problem,
    sources: &Sources,
) -> Result<(RustcCommand, Vec<Diagnostic>)> {
    let mut last_error = None;
    for test_form in [false, true] {
        let mut unit = problem.unit.clone();
        if let Ok(inside) = unit.src.strip_prefix(root) {
            unit.src = bench.root().join(inside);
        }
        let key = (problem.unit.clone(), test_form);
        let fresh = survey.commands.iter().find(|it| it.compiles(&unit, test_form, bench.root()));
        let Some(command) = fresh.or_else(|| commands.get(&key)).cloned() else {
            continue;
        };
        commands.insert(key, command.clone());
        let before = bench.compile(sources, &command).await?;
        if compare::reports(problem, &before, bench.root()) {
            return Ok((command, before));
        }
        last_error = Some("the compiler no longer reports this problem");
    }
    let why = last_error.unwrap_or("cargo did not compile its target");
    anyhow::bail!("{why} ({} of package {})", problem.unit.target, problem.unit.package)
}

fn verified(draft: Draft, accepted: Accepted, sources: &Sources) -> Fix {
    let uncovered = accepted
        .uncovered
        .first()
        .map(|next| format!("The compiler will then report the next one: {}.", next.message));
    let note = fixes::note(&draft, sources, &accepted.edits);
    let notes: Vec<String> = note.into_iter().chain(uncovered).collect();
    Fix {
        id: draft.id,
        title: draft.title,
        verdict: Verdict::Verified,
        preferred: false,
        edits: accepted.edits,
        note: (!notes.is_empty()).then(|| notes.join(" ")),
    }
}

/// Where cargo builds this workspace: the setting, else what cargo says, else `target`.
fn target_dir(root: &Utf8Path, cargo: &CargoSettings) -> Result<Utf8PathBuf> {
    if let Some(dir) = &cargo.target_dir {
        return Ok(root.join(dir));
    }
    let mut command = MetadataCommand::new();
    command.no_deps().current_dir(root);
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
