//! Did a change of the text remove a problem without causing another?
//!
//! Pure: two lists of diagnostics in, a judgement out. Errors are compared as sets, not by exit
//! code, because a crate may fail for other reasons too; and without line numbers, because a
//! fix moves lines.

use std::collections::HashMap;

use camino::Utf8Path;
use cargo_metadata::diagnostic::Diagnostic;

use super::workbench::is_error;
use crate::{
    problem::{Held, Kind, Problem, Unit},
    recognise::recognise,
    sources::{ChangedLines, Sources},
    syntax,
};

/// What changed between two runs.
#[derive(Debug, Default)]
pub(super) struct Comparison<'a> {
    /// The problem is reported less often than before.
    pub(super) gone: bool,
    /// The problem's own errors, when they are still there.
    pub(super) persisting: Vec<&'a Diagnostic>,
    /// Errors that were not there before.
    pub(super) caused: Vec<&'a Diagnostic>,
    /// Family errors that the problem had hidden: rustc reports one value of one type for each
    /// demand, so the next one appears when the first is fixed.
    pub(super) uncovered: Vec<Problem>,
}

impl Comparison<'_> {
    /// Whether the problem is gone and nothing is new.
    pub(super) fn accepted(&self) -> bool {
        self.gone && self.caused.is_empty()
    }
}

/// Compares the errors before and after a fix of `problem`. `changed` are the lines of the new
/// text that the fix wrote: an error there is its own.
pub(super) fn compare<'a>(
    problem: &Problem,
    before: &[Diagnostic],
    after: &'a [Diagnostic],
    changed: &ChangedLines,
    root: &Utf8Path,
) -> Comparison<'a> {
    let unit = &problem.unit;
    let count = |diagnostics: &[Diagnostic]| {
        let problems = diagnostics.iter().filter_map(|it| family(it, unit, root));
        problems.filter(|found| found.signature == problem.signature).count()
    };
    let mut known: HashMap<String, usize> = HashMap::new();
    for error in before.iter().filter(|it| is_error(it)) {
        *known.entry(key(error, unit, root)).or_default() += 1;
    }
    let mut comparison = Comparison { gone: count(after) < count(before), ..Default::default() };
    if !comparison.gone {
        let same = |it: &&Diagnostic| {
            family(it, unit, root).is_some_and(|found| found.signature == problem.signature)
        };
        comparison.persisting = after.iter().filter(same).collect();
    }
    for error in after.iter().filter(|it| is_error(it)) {
        if let Some(left) = known.get_mut(&key(error, unit, root)).filter(|left| **left > 0) {
            *left -= 1;
            continue;
        }
        match family(error, unit, root) {
            Some(found) if was_hidden(&found, problem) && !changed.contains(found.culprit()) => {
                comparison.uncovered.push(found)
            }
            _ => comparison.caused.push(error),
        }
    }
    comparison
}

/// The family error that a diagnostic is.
pub(super) fn family(diagnostic: &Diagnostic, unit: &Unit, root: &Utf8Path) -> Option<Problem> {
    recognise(diagnostic, unit, root)
}

/// What stays the same of an error when a fix moves lines.
fn key(error: &Diagnostic, unit: &Unit, root: &Utf8Path) -> String {
    if let Some(problem) = family(error, unit, root) {
        return problem.signature;
    }
    let code = error.code.as_ref().map(|code| code.code.as_str()).unwrap_or_default();
    let primary = error.spans.iter().find(|span| span.is_primary);
    let label = primary.and_then(|span| span.label.as_deref()).unwrap_or_default();
    let text = primary.and_then(|span| span.text.first()).map(|line| line.text.trim());
    let numberless = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    format!(
        "{code} {} {} {}",
        numberless(&error.message),
        numberless(label),
        text.unwrap_or_default()
    )
}

/// A new family error was hidden, not caused, when it is about another value than the problem's,
/// and either about the same leaf type (rustc merges those for one demand) or about an async
/// block, whose check is skipped while its surroundings have errors.
fn was_hidden(found: &Problem, problem: &Problem) -> bool {
    let names = |problem: &Problem| -> Vec<String> {
        problem.held.iter().map(|held| held.text.clone()).collect()
    };
    let structural = matches!(
        found.kind,
        Kind::HeldAcrossAwait | Kind::Captured | Kind::ReferenceNotSync | Kind::AwaitsNotSend
    );
    let another_value = names(found) != names(problem) || found.future.what != problem.future.what;
    let same_leaf = found.leaf == problem.leaf && found.auto_trait == problem.auto_trait;
    let block = found.future.what.contains("block") && problem.future.what.contains("fn");
    structural && another_value && (same_leaf || block)
}

/// Whether a problem comes from a lint that rustc alone does not report.
pub(super) fn is_foreign_lint(problem: &Problem) -> bool {
    problem.lint.as_ref().is_some_and(|lint| lint.starts_with("clippy::"))
}

/// Whether the value of such a lint crosses fewer awaits than before: the text says so.
pub(super) fn crosses_less(problem: &Problem, before: &Sources, after: &Sources) -> bool {
    let crossed = |sources: &Sources| -> usize {
        let held = problem.held.iter();
        held.map(|value| crossings(value, sources, &problem.unit.edition)).sum()
    };
    crossed(after) < crossed(before)
}

/// How many pairs of a value of this name or text and an await there are in its file.
fn crossings(value: &Held, sources: &Sources, edition: &str) -> usize {
    let Some(text) = sources.text(&value.span.file) else { return 0 };
    let bodies = syntax::analyse(text, syntax::edition(edition));
    let all = bodies.iter().flat_map(|body| &body.crossings);
    let same = all.filter(|crossing| match (&value.name, &crossing.name) {
        (None, None) => {
            let range = std::ops::Range::<usize>::from(crossing.range);
            text.get(range) == Some(value.text.as_str())
        }
        (ours, theirs) => ours == theirs,
    });
    same.map(|crossing| crossing.awaits.len()).sum()
}

/// Whether a value that is reported now crossed an await before, too, declared by the same line:
/// rustc had it hidden, whatever type inside of it is at fault.
pub(super) fn crossed_before(found: &Problem, before: &Sources, after: &Sources) -> bool {
    let Some(held) = found.held.first().filter(|_| found.kind == Kind::HeldAcrossAwait) else {
        return false;
    };
    let (old, new) = (before.text(&held.span.file), after.text(&held.span.file));
    let (Some(old), Some(new)) = (old, new) else { return false };
    let at = (held.span.start.line as usize).saturating_sub(1);
    let Some(line) = new.lines().nth(at) else { return false };
    let is_same = |crossing: &syntax::Crossing| {
        let range = std::ops::Range::<usize>::from(crossing.range);
        let start =
            old.get(..range.start).map_or(0, |head| head.rfind('\n').map_or(0, |it| it + 1));
        let declared = old.get(start..).and_then(|rest| rest.lines().next());
        let named = match (&held.name, &crossing.name) {
            (None, None) => old.get(range) == Some(held.text.as_str()),
            (ours, theirs) => ours == theirs,
        };
        named && declared == Some(line) && !crossing.awaits.is_empty()
    };
    let bodies = syntax::analyse(old, syntax::edition(&found.unit.edition));
    bodies.iter().flat_map(|body| &body.crossings).any(is_same)
}

/// Whether the compiler reports this problem.
pub(super) fn reports(problem: &Problem, diagnostics: &[Diagnostic], root: &Utf8Path) -> bool {
    let mut found = diagnostics.iter().filter_map(|it| family(it, &problem.unit, root));
    found.any(|found| found.signature == problem.signature)
}
