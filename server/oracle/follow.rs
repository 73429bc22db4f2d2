//! A promise of `Send` moves the demand inward: once `Box<dyn Future>` says `+ Send`, rustc looks
//! into the block in the box. Where it finds a value there, that value's own fix is tried on top,
//! so the user gets both in one step instead of a promise that the code does not keep.

use anyhow::Result;
use cargo_metadata::diagnostic::Diagnostic;

use super::{
    compare::family,
    rounds::{Accepted, Trial, try_plain},
    workbench::Workbench,
};
use crate::{
    fixes::{self, Draft},
    problem::{Kind, Problem},
    recognise::complete,
    sources::Sources,
};

/// What a follow-up made of the texts.
pub(super) struct Followed {
    pub(super) texts: Sources,
    /// What to say of it beside the first fix's own note.
    pub(super) note: String,
}

/// Tries the fixes of the first problem that a draft led to; `None` when there is none that the
/// compiler accepts, or when something else is wrong, too.
pub(super) async fn follow(
    bench: &mut Workbench,
    trial: &Trial<'_>,
    draft: &Draft,
    texts: &Sources,
    unsolved: &[Diagnostic],
) -> Result<Option<Followed>> {
    if !fixes::promises_send(draft.id) {
        return Ok(None);
    }
    let root = bench.root().to_owned();
    let mut found = Vec::new();
    for error in unsolved {
        match family(error, &trial.problem.unit, &root) {
            Some(problem) if is_about_a_value(&problem) => found.push(problem),
            _ => return Ok(None),
        }
    }
    // The demand has not moved: this is the problem that the draft was to solve.
    let persists = found.iter().any(|it| it.signature == trial.problem.signature);
    let Some(mut problem) = found.into_iter().next().filter(|_| !persists) else {
        return Ok(None);
    };
    complete(&mut problem, texts);
    let before = bench.compile(texts, trial.command).await?;
    let next = Trial { problem: &problem, sources: texts, command: trial.command, before: &before };
    for draft in fixes::drafts(&problem, texts) {
        if fixes::is_last_resort(draft.id) {
            continue;
        }
        let Some(Accepted { edits, .. }) = try_plain(bench, &next, &draft).await? else { continue };
        let note = fixes::note(&draft, texts, &edits);
        let said = std::iter::once(format!("Then needed, too: {}.", draft.title)).chain(note);
        let note = said.collect::<Vec<_>>().join(" ");
        return Ok(texts.apply(&edits).map(|texts| Followed { texts, note }));
    }
    Ok(None)
}

fn is_about_a_value(problem: &Problem) -> bool {
    let structural = matches!(
        problem.kind,
        Kind::HeldAcrossAwait | Kind::Captured | Kind::ReferenceNotSync | Kind::AwaitsNotSend
    );
    structural && !problem.held.is_empty()
}
