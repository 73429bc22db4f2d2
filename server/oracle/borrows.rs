//! Did rustc check the borrows of what a fix changed?
//!
//! A fn whose types have errors is not borrow-checked. After a fix that removes one error of
//! several, rustc is asked once more with the rest assumed away.

use anyhow::Result;
use cargo_metadata::diagnostic::Diagnostic;

use super::{
    answers::{Trial, distinct},
    assume::{Item, is_about_borrows},
    compare::family,
    workbench::{Workbench, is_error},
};
use crate::sources::Sources;

/// What is known of the borrows in the fns that a fix changed.
#[derive(Debug)]
pub(super) enum Borrows {
    /// rustc checked them and found nothing that the fix caused.
    Checked,
    /// Other errors are in the way.
    Unknown,
    /// The fix breaks them.
    Broken(Vec<Diagnostic>),
}

/// Looks at the borrows of what a fix changed; `after` is what rustc said of `texts`.
pub(super) async fn check(
    bench: &mut Workbench,
    trial: &Trial<'_>,
    texts: &Sources,
    after: &[Diagnostic],
) -> Result<Borrows> {
    let hidden =
        Hidden::in_fns(bench, trial, texts, after, |item| item.differs(texts, trial.sources));
    if hidden.items.is_empty() {
        return Ok(Borrows::Checked);
    }
    let Some(behind) = hidden.look_behind(bench, trial, texts).await? else {
        return Ok(Borrows::Unknown);
    };
    let caused = without(behind.borrows, after);
    if caused.is_empty() {
        return Ok(if behind.is_all { Borrows::Checked } else { Borrows::Unknown });
    }
    let caused = without(caused, &hidden_before(bench, trial).await?);
    Ok(match caused.is_empty() {
        true if behind.is_all => Borrows::Checked,
        true => Borrows::Unknown,
        false => Borrows::Broken(caused),
    })
}

/// Errors about borrows that were there before any fix, but hidden behind those about `Send`.
pub(super) async fn hidden_before(
    bench: &mut Workbench,
    trial: &Trial<'_>,
) -> Result<Vec<Diagnostic>> {
    let hidden = Hidden::in_fns(bench, trial, trial.sources, trial.before, |_| true);
    let behind = hidden.look_behind(bench, trial, trial.sources).await?;
    let borrows = behind.map(|it| it.borrows).unwrap_or_default();
    Ok(without(borrows, trial.before))
}

/// Those of the errors that are not known. Each known one excuses one of its kind: neither where
/// it stands nor the text of its line can be compared, fixes and assumptions change both.
pub(super) fn without(mut errors: Vec<Diagnostic>, known: &[Diagnostic]) -> Vec<Diagnostic> {
    let mut excused: Vec<(Option<&str>, &str)> =
        known.iter().filter(|it| is_about_borrows(it)).map(kind_of).collect();
    errors.retain(|error| match excused.iter().position(|it| *it == kind_of(error)) {
        Some(at) => {
            excused.swap_remove(at);
            false
        }
        None => true,
    });
    errors
}

fn kind_of(error: &Diagnostic) -> (Option<&str>, &str) {
    (error.code.as_ref().map(|code| code.code.as_str()), &error.message)
}

/// The fns that are not borrow-checked.
struct Hidden<'a> {
    items: Vec<Item>,
    /// Their errors about `Send`.
    errors: Vec<&'a Diagnostic>,
    /// Whether they have others, too.
    has_others: bool,
}

/// What shows when futures are taken for `Send`.
struct Behind {
    borrows: Vec<Diagnostic>,
    /// Whether nothing is in the way any more.
    is_all: bool,
}

impl<'a> Hidden<'a> {
    fn in_fns(
        bench: &Workbench,
        trial: &Trial<'_>,
        texts: &Sources,
        said: &'a [Diagnostic],
        concerns: impl Fn(&Item) -> bool,
    ) -> Self {
        let view = trial.view(texts, bench.root());
        let mut hidden = Self { items: Vec::new(), errors: Vec::new(), has_others: false };
        for error in said.iter().filter(|it| is_error(it) && !is_about_borrows(it)) {
            let Some(item) = view.item_around(error).filter(&concerns) else { continue };
            match family(error, &trial.problem.unit, bench.root()) {
                Some(_) => hidden.errors.push(error),
                None => hidden.has_others = true,
            }
            if !hidden.items.iter().any(|known| known.is_same(&item)) {
                hidden.items.push(item);
            }
        }
        hidden
    }

    /// `None` when no question can be asked.
    async fn look_behind(
        &self,
        bench: &mut Workbench,
        trial: &Trial<'_>,
        texts: &Sources,
    ) -> Result<Option<Behind>> {
        let root = bench.root().to_owned();
        let view = trial.view(texts, &root);
        let Some(assumed) = view.assume_send(&self.items, &self.errors) else {
            return Ok(None);
        };
        let files = bench.files_of(trial.command);
        let in_unit = self.items.iter().all(|item| files.contains(&item.file));
        let said = match in_unit {
            true => bench.compile(&assumed, trial.command).await?,
            false => distinct(&bench.survey(&assumed).await?),
        };
        let errors = said.into_iter().filter(is_error);
        let (borrows, others): (Vec<_>, Vec<_>) = errors.partition(is_about_borrows);
        let view = trial.view(&assumed, &root);
        let is_here = |it: &Diagnostic| {
            let item = view.item_around(it);
            item.is_some_and(|it| self.items.iter().any(|ours| ours.is_same(&it)))
        };
        Ok(Some(Behind { borrows, is_all: !self.has_others && !others.iter().any(is_here) }))
    }
}
