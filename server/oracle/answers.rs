//! What the compiler says of changed texts, held against what it said before.

use anyhow::Result;
use camino::Utf8Path;
use cargo_metadata::diagnostic::Diagnostic;

use super::{
    assume::View,
    compare::{Comparison, compare, crossed_before, crosses_less, family, is_foreign_lint},
    tidy,
    workbench::{Survey, Workbench, is_error},
};
use crate::{
    fixes::{Draft, Reach},
    problem::Problem,
    rustc::RustcCommand,
    sources::Sources,
    syntax,
};

/// The facts that every draft of a problem is judged against.
pub(super) struct Trial<'a> {
    pub(super) problem: &'a Problem,
    pub(super) sources: &'a Sources,
    /// The failing unit's command.
    pub(super) command: &'a RustcCommand,
    /// The unit's diagnostics before any edit.
    pub(super) before: &'a [Diagnostic],
    /// The trial of the fix that brought this problem to light, if one did.
    pub(super) outer: Option<&'a Trial<'a>>,
}

/// A change within one body gives no value another type: what it did not write and what crossed
/// an await before was hidden.
fn uncover(comparison: &mut Comparison<'_>, trial: &Trial<'_>, texts: &Sources, root: &Utf8Path) {
    let changed = trial.sources.changed_lines(texts);
    for error in std::mem::take(&mut comparison.caused) {
        match family(error, &trial.problem.unit, root) {
            Some(found)
                if !changed.contains(found.culprit())
                    && crossed_before(&found, trial.sources, texts) =>
            {
                comparison.uncovered.push(found);
            }
            _ => comparison.caused.push(error),
        }
    }
}

/// What the compiler says of the texts, with the baseline to hold it against.
pub(super) struct Errors<'a> {
    reach: Reach,
    /// Of the whole selection, where that was asked.
    pub(super) before: Vec<Diagnostic>,
    /// Of the unit, where that was enough.
    pub(super) unit_before: Option<&'a [Diagnostic]>,
    pub(super) after: Vec<Diagnostic>,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The failing unit, where all edits are in it.
    Unit,
    /// After it the whole selection, when the draft reaches further.
    All,
}

/// The failing unit first: it is fast, and most drafts fall there. Then, when the draft reaches
/// further, or edits another crate or a manifest, the whole selection.
pub(super) async fn ask<'a>(
    bench: &mut Workbench,
    trial: &Trial<'a>,
    draft: &Draft,
    texts: &Sources,
    scope: Scope,
) -> Result<Errors<'a>> {
    let files = bench.files_of(trial.command);
    let in_unit = trial.sources.changed_files(texts).all(|(file, _)| files.contains(file));
    if in_unit {
        let after = bench.compile(texts, trial.command).await?;
        let unit = Errors {
            reach: draft.reach,
            before: Vec::new(),
            unit_before: Some(trial.before),
            after,
        };
        let done = draft.reach == Reach::Body || scope == Scope::Unit;
        if done || !unit.compare(trial, texts, bench.root()).accepted() {
            return Ok(unit);
        }
    }
    let after = distinct(&bench.survey(texts).await?);
    // Where nothing is new, it does not matter what was there before.
    let is_summary = |it: &Diagnostic| it.spans.is_empty();
    let is_known =
        |it: &Diagnostic| !is_error(it) && (is_summary(it) || tidy::is_known(trial.before, it));
    let before = match after.iter().all(is_known) {
        true => trial.before.to_vec(),
        false => trial.surveyed_before(bench).await?,
    };
    Ok(Errors { reach: draft.reach, before, unit_before: None, after })
}

impl Errors<'_> {
    /// What has changed.
    pub(super) fn compare(
        &self,
        trial: &Trial<'_>,
        texts: &Sources,
        root: &Utf8Path,
    ) -> Comparison<'_> {
        let before = self.unit_before.unwrap_or(&self.before);
        let mut comparison =
            compare(trial.problem, before, &self.after, &trial.sources.changed_lines(texts), root);
        if is_foreign_lint(trial.problem) {
            comparison.gone = crosses_less(trial.problem, trial.sources, texts);
        }
        if self.reach == Reach::Body {
            uncover(&mut comparison, trial, texts, root);
        }
        // A future that nobody awaits is only a warning, but the work would silently not be done.
        let idle =
            tidy::new_warnings(before, &self.after).filter(|warning| tidy::is_idle_future(warning));
        comparison.caused.extend(idle);
        comparison
    }
}

impl Trial<'_> {
    /// What the compiler said of the whole selection before any edit. A crate that an outer fix
    /// has broken keeps cargo from those that need it: what was said of them before counts, too.
    async fn surveyed_before(&self, bench: &mut Workbench) -> Result<Vec<Diagnostic>> {
        let mut said = distinct(&bench.survey(self.sources).await?);
        if let Some(outer) = self.outer {
            said.extend(distinct(&bench.survey(outer.sources).await?));
        }
        Ok(said)
    }

    /// How to find the places in these texts, compiled at `root`.
    pub(super) fn view<'a>(&self, texts: &'a Sources, root: &'a Utf8Path) -> View<'a> {
        View { texts, edition: syntax::edition(&self.problem.unit.edition), root }
    }
}

/// A lib and its test form say the same twice.
pub(super) fn distinct(survey: &Survey) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for report in &survey.diagnostics {
        if !diagnostics.contains(&report.diagnostic) {
            diagnostics.push(report.diagnostic.clone());
        }
    }
    diagnostics
}
