//! Rounds: a change of type is finished by the compiler. Apply a draft in the overlay, read the
//! errors that it causes, answer each by a repair, and compile again.

use anyhow::Result;
use cargo_metadata::diagnostic::Diagnostic;

use super::{
    answers::{Errors, Scope, Trial, ask},
    assume::is_about_borrows,
    borrows::{self, Borrows},
    compare::Comparison,
    follow::{FOLLOWED_MAX, follow},
    tidy,
    workbench::Workbench,
};
use crate::{
    fixes::{self, Draft, Reach, RepairContext},
    problem::{Edit, Problem},
    sources::{Sources, difference},
};

/// A change that needs more rounds than this is not finished by rules.
const ROUNDS_MAX: usize = 8;

/// An accepted fix.
pub(super) struct Accepted {
    pub(super) edits: Vec<Edit>,
    pub(super) state: State,
}

/// What is left when the problem is gone.
pub(super) struct State {
    /// Problems that the compiler reports now that this one is gone.
    pub(super) uncovered: Vec<Problem>,
    /// Whether rustc checked the borrows of what the fix changed.
    pub(super) borrows_checked: bool,
    /// An error of the user's own that those about `Send` had hidden.
    pub(super) bared: Option<String>,
    /// The titles of the fixes that it includes.
    pub(super) followed: Vec<String>,
}

impl State {
    /// Whether nothing is left behind.
    pub(super) fn is_clean(&self) -> bool {
        self.uncovered.is_empty()
            && self.borrows_checked
            && self.bared.is_none()
            && self.followed.is_empty()
    }

    /// What the user should know of it.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        let next = self.uncovered.first();
        let next = next
            .map(|next| format!("The compiler will then report the next one: {}.", next.message));
        let bared = self.bared.as_ref();
        let bared = bared.map(|error| {
            format!("The compiler will then report an error that this one hides: {error}.")
        });
        let unsure = (!self.borrows_checked).then(|| {
            "Other errors keep the compiler from checking the borrows here; look again when they \
             are gone."
                .to_owned()
        });
        let titles = &self.followed;
        let also =
            (!titles.is_empty()).then(|| format!("This fix includes: {}.", titles.join("; ")));
        also.into_iter().chain(next).chain(bared).chain(unsure)
    }
}

/// Tries the variants of a draft; `None` when the compiler refuses them all. Where none is
/// accepted as it is, the first may be followed by the fixes of what it leads to.
pub(super) async fn try_draft(
    bench: &mut Workbench,
    trial: &Trial<'_>,
    draft: &Draft,
) -> Result<Option<Accepted>> {
    if let Some(accepted) = try_plain(bench, trial, draft).await? {
        return Ok(Some(accepted));
    }
    let Some(variant) = draft.variants.first().filter(|_| fixes::is_promise(draft.id)) else {
        return Ok(None);
    };
    let tried = try_variant(bench, trial, draft, variant, Follow::Yes);
    tried.await
}

/// The same without such fixes.
pub(super) async fn try_plain(
    bench: &mut Workbench,
    trial: &Trial<'_>,
    draft: &Draft,
) -> Result<Option<Accepted>> {
    for variant in &draft.variants {
        if let Some(accepted) = try_variant(bench, trial, draft, variant, Follow::No).await? {
            return Ok(Some(accepted));
        }
    }
    Ok(None)
}

/// Whether a draft may be followed by the fixes of the problems that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follow {
    Yes,
    No,
}

async fn try_variant(
    bench: &mut Workbench,
    trial: &Trial<'_>,
    draft: &Draft,
    variant: &[Edit],
    may_follow: Follow,
) -> Result<Option<Accepted>> {
    let Some(mut texts) = trial.sources.apply(variant) else {
        return Ok(None);
    };
    let mut followed: Vec<String> = Vec::new();
    let accepted = |finished: Sources, followed: Vec<String>, state: State| {
        let edits = match trial.sources.apply(variant).as_ref() == Some(&finished) {
            true => variant.to_vec(),
            false => difference(trial.sources, &finished),
        };
        Ok(Some(Accepted { edits, state: State { followed, ..state } }))
    };
    for _ in 0..ROUNDS_MAX + FOLLOWED_MAX {
        if let Some((finished, state)) = finish_in_unit(bench, trial, draft, &texts).await? {
            return accepted(finished, followed, state);
        }
        let errors = ask(bench, trial, draft, &texts, Scope::All).await?;
        let unsolved = match judge(bench, trial, &texts, &errors).await? {
            Round::Accepted(state) => {
                let finished =
                    finish(bench, trial, draft, texts.clone(), errors, Scope::All).await?;
                return accepted(finished, followed, state);
            }
            Round::Refused { unsolved } => unsolved,
        };
        let next = repairs(trial, draft, &texts, &unsolved).and_then(|edits| {
            tracing::trace!(fix = draft.id, ?edits, "repaired");
            texts.apply(&edits)
        });
        if let Some(next) = next.filter(|next| *next != texts) {
            texts = next;
            continue;
        }
        let more = match may_follow {
            // Boxed: its drafts are tried in turn, without followers of their own.
            Follow::Yes if followed.len() < FOLLOWED_MAX => {
                Box::pin(follow(bench, trial, &texts, &unsolved)).await?
            }
            _ => None,
        };
        let Some(more) = more else {
            let unsolved: Vec<&str> = unsolved.iter().map(|it| it.message.as_str()).collect();
            tracing::debug!(fix = draft.id, ?unsolved, "rejected");
            return Ok(None);
        };
        texts = more.texts;
        followed.push(more.title);
    }
    Ok(None)
}

/// The result of one round.
enum Round {
    Accepted(State),
    Refused { unsolved: Vec<Diagnostic> },
}

async fn judge(
    bench: &mut Workbench,
    trial: &Trial<'_>,
    texts: &Sources,
    errors: &Errors<'_>,
) -> Result<Round> {
    let root = bench.root().to_owned();
    let Comparison { gone, persisting, caused, uncovered } = errors.compare(trial, texts, &root);
    let mut bared = None;
    let mut caused: Vec<Diagnostic> = caused.into_iter().cloned().collect();
    if gone && !caused.is_empty() && caused.iter().all(is_about_borrows) {
        // They may be the user's own, which those about `Send` had hidden.
        let known = borrows::hidden_before(bench, trial).await?;
        let bare = caused.first().map(|it| it.message.clone());
        caused = borrows::without(caused, &known);
        bared = bare.filter(|_| caused.is_empty());
    }
    if !gone || !caused.is_empty() {
        let unsolved = persisting.into_iter().cloned().chain(caused).collect();
        return Ok(Round::Refused { unsolved });
    }
    let borrows_checked = match borrows::check(bench, trial, texts, &errors.after).await? {
        Borrows::Broken(unsolved) => return Ok(Round::Refused { unsolved }),
        Borrows::Checked => true,
        Borrows::Unknown => false,
    };
    Ok(Round::Accepted(State { uncovered, borrows_checked, bared, followed: Vec::new() }))
}

/// What the unit accepts, the rest of the selection mostly accepts, too: the last hand is put to it
/// in the unit, and all the others are asked once, about the finished texts. `None` where that is
/// not so, or where the unit is all that matters.
async fn finish_in_unit(
    bench: &mut Workbench,
    trial: &Trial<'_>,
    draft: &Draft,
    texts: &Sources,
) -> Result<Option<(Sources, State)>> {
    if draft.reach == Reach::Body {
        return Ok(None);
    }
    let unit = ask(bench, trial, draft, texts, Scope::Unit).await?;
    if unit.unit_before.is_none() || !unit.compare(trial, texts, bench.root()).accepted() {
        return Ok(None);
    }
    let finished = finish(bench, trial, draft, texts.clone(), unit, Scope::Unit).await?;
    let errors = ask(bench, trial, draft, &finished, Scope::All).await?;
    Ok(match judge(bench, trial, &finished, &errors).await? {
        Round::Accepted(state) => Some((finished, state)),
        Round::Refused { .. } => None,
    })
}

/// Puts the last hand to accepted texts: what the fix itself wants to tidy once all is in place,
/// then what the compiler newly warns of. Each step is kept only if the compiler accepts it too.
async fn finish(
    bench: &mut Workbench,
    trial: &Trial<'_>,
    draft: &Draft,
    mut texts: Sources,
    mut last: Errors<'_>,
    scope: Scope,
) -> Result<Sources> {
    let root = bench.root().to_owned();
    let polished = fixes::polish(draft.id, trial.problem, trial.sources, &texts)
        .and_then(|edits| texts.apply(&edits));
    if let Some(polished) = polished {
        let errors = ask(bench, trial, draft, &polished, scope).await?;
        if errors.compare(trial, &polished, &root).accepted() {
            (texts, last) = (polished, errors);
        } else {
            let caused = errors.compare(trial, &polished, &root).caused;
            let caused: Vec<&str> = caused.iter().map(|it| it.message.as_str()).collect();
            tracing::debug!(fix = draft.id, ?caused, "not polished");
        }
    }
    // What the compiler warned of before any edit, wherever it was asked.
    let before: Vec<Diagnostic> = trial.before.iter().chain(&last.before).cloned().collect();
    let tidied = tidy::tidy(&before, &last.after, trial.sources, &texts)
        .and_then(|edits| texts.apply(&edits));
    if let Some(tidied) = tidied {
        let errors = ask(bench, trial, draft, &tidied, scope).await?;
        if errors.compare(trial, &tidied, &root).accepted() {
            texts = tidied;
        }
    }
    Ok(texts)
}

/// Edits that answer the errors a draft caused; `None` when one of them has no answer.
fn repairs(
    trial: &Trial<'_>,
    draft: &Draft,
    texts: &Sources,
    unsolved: &[Diagnostic],
) -> Option<Vec<Edit>> {
    let mut edits: Vec<Edit> = Vec::new();
    let world = fixes::World::new(texts, trial.problem);
    for error in unsolved {
        let context = RepairContext {
            problem: trial.problem,
            before: trial.sources,
            sources: texts,
            world: &world,
            error,
        };
        let answer = draft.repairs.iter().find_map(|repair| repair(&context));
        let Some(answer) = answer.or_else(|| tidy::without(error, trial.sources, texts)) else {
            continue;
        };
        let is_new = |edit: &Edit| !edits.iter().any(|known| overlaps(known, edit));
        let fresh: Vec<Edit> = answer.into_iter().filter(is_new).collect();
        edits.extend(fresh);
    }
    // An error without an answer may vanish with the others; without any answer nothing will.
    (!edits.is_empty()).then_some(edits)
}

fn overlaps(a: &Edit, b: &Edit) -> bool {
    a.span.file == b.span.file
        && (a.span.start < b.span.end && b.span.start < a.span.end || a.span == b.span)
}
