//! Follows a promise to what breaks it.
//!
//! A fix that lets a signature promise `Send` (a trait's future, a box, a bound) makes the compiler
//! look into bodies that nobody asked about before. What it finds there is a problem like any
//! other, with fixes of its own: the first that the compiler accepts becomes part of the promise.

use anyhow::Result;
use cargo_metadata::diagnostic::Diagnostic;

use super::{
    answers::Trial,
    ask_all,
    compare::family,
    rounds::try_plain,
    types::{Asking, Types},
    workbench::Workbench,
};
use crate::{
    fixes::{self, Draft},
    recognise::complete,
    sources::Sources,
};

/// A promise that more bodies than this break is not one to be made by a tool.
pub(super) const FOLLOWED_MAX: usize = 4;
/// Every draft costs runs of the compiler.
const DRAFTS_MAX: usize = 8;

/// The texts in which one more body keeps the promise.
pub(super) struct Followed {
    pub(super) texts: Sources,
    /// What was done for it.
    pub(super) title: String,
}

/// Solves the first of the problems that a promise caused; `None` where one of them is no problem
/// of this family, or has no fix.
pub(super) async fn follow(
    bench: &mut Workbench,
    trial: &Trial<'_>,
    texts: &Sources,
    unsolved: &[Diagnostic],
) -> Result<Option<Followed>> {
    let root = bench.root().to_owned();
    let found = unsolved.iter().map(|it| family(it, &trial.problem.unit, &root));
    let Some(found) = found.collect::<Option<Vec<_>>>() else { return Ok(None) };
    if found.iter().any(|it| it.signature == trial.problem.signature) {
        return Ok(None);
    }
    let Some(mut problem) = found.into_iter().next() else { return Ok(None) };
    complete(&mut problem, texts);
    let mut types = Types::default();
    let mut asking = Asking { bench, command: trial.command, types: &mut types, sources: texts };
    let Some(problem) = ask_all(&mut asking, problem).await? else { return Ok(None) };
    let (of_problem, of_texts) = (problem.clone(), texts.clone());
    let drafts = tokio::task::spawn_blocking(move || fixes::drafts(&of_problem, &of_texts)).await?;
    // What is there in between counts as known, and what was there before the promise.
    let mut before = bench.compile(texts, trial.command).await?;
    before.extend(trial.before.iter().cloned());
    let inner = Trial {
        problem: &problem,
        sources: texts,
        command: trial.command,
        before: &before,
        outer: Some(trial),
    };
    let is_fix = |it: &Draft| !fixes::is_last_resort(it.id);
    for draft in drafts.into_iter().filter(is_fix).take(DRAFTS_MAX) {
        let Some(accepted) = try_plain(bench, &inner, &draft).await? else { continue };
        if accepted.state.bared.is_some() {
            continue;
        }
        let title = fixes::title(&draft, texts, &accepted.edits);
        return Ok(texts.apply(&accepted.edits).map(|texts| Followed { texts, title }));
    }
    Ok(None)
}
