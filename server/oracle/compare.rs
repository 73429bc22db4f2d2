//! Did a change of the text remove a problem without causing another?
//!
//! Pure: two lists of diagnostics in, a judgement out. Errors are compared as sets, not by exit
//! code, because a crate may fail for other reasons too; and without line numbers, because a
//! fix moves lines.

use std::collections::HashMap;

use camino::{Utf8Path, Utf8PathBuf};
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
    let same = |error: &Diagnostic| {
        family(error, unit, root).filter(|found| found.signature == problem.signature)
    };
    let twins: Vec<Problem> = before.iter().filter_map(same).collect();
    let places = Places::of(problem, &twins);
    let is_here = |error: &&Diagnostic| same(error).is_some_and(|it| places.has(&it, changed));
    let mut known: HashMap<String, usize> = HashMap::new();
    for error in before.iter().filter(|it| is_error(it)) {
        *known.entry(key(error, unit, root)).or_default() += 1;
    }
    let persisting: Vec<&Diagnostic> = after.iter().filter(is_here).collect();
    let mut comparison =
        Comparison { gone: persisting.len() < places.count(&twins), ..Default::default() };
    if !comparison.gone {
        comparison.persisting = persisting;
    }
    let mut fresh: Vec<&Diagnostic> = Vec::new();
    for error in after.iter().filter(|it| is_error(it)) {
        // A value of the same name and type in another fn, which the problem had hidden.
        if let Some(found) = same(error).filter(|it| places.is_elsewhere(it, &twins, changed)) {
            comparison.uncovered.push(found);
            continue;
        }
        match known.get_mut(&key(error, unit, root)).filter(|left| **left > 0) {
            Some(left) => *left -= 1,
            None => fresh.push(error),
        }
    }
    // What is said no more may be said of a type that the fix writes otherwise.
    let mut lost: Vec<Problem> = before.iter().filter_map(|it| family(it, unit, root)).collect();
    lost.retain(|it| match known.get_mut(&it.signature).filter(|left| **left > 0) {
        Some(left) => {
            *left -= 1;
            true
        }
        None => false,
    });
    for error in fresh {
        let Some(found) = family(error, unit, root) else {
            comparison.caused.push(error);
            continue;
        };
        if let Some(at) = lost.iter().position(|it| is_respelled(it, &found, problem, changed)) {
            lost.swap_remove(at);
        } else if was_hidden(&found, problem) && !changed.contains(found.culprit()) {
            comparison.uncovered.push(found);
        } else {
            comparison.caused.push(error);
        }
    }
    comparison
}

/// Where a problem is reported. A signature has no lines, so that it outlives edits; but values of
/// one name and type in two fns of one task share it.
struct Places {
    lines: Vec<(Utf8PathBuf, u32)>,
}

impl Places {
    /// The problem's own line among those of its twins; all of these where it has another by now.
    fn of(problem: &Problem, twins: &[Problem]) -> Self {
        let line = |it: &Problem| (it.culprit().file.clone(), it.culprit().start.line);
        let all: Vec<_> = twins.iter().map(line).collect();
        let own = line(problem);
        Self { lines: if all.contains(&own) { vec![own] } else { all } }
    }

    fn count(&self, twins: &[Problem]) -> usize {
        let unchanged = ChangedLines::default();
        twins.iter().filter(|it| self.has(it, &unchanged)).count()
    }

    /// Whether a problem after the edits is at one of these places. A line that was edited may be.
    fn has(&self, found: &Problem, changed: &ChangedLines) -> bool {
        let culprit = found.culprit();
        changed
            .old_line(culprit)
            .is_none_or(|line| self.lines.contains(&(culprit.file.clone(), line)))
    }

    /// Whether it is at a place where nothing like it was before.
    fn is_elsewhere(&self, found: &Problem, twins: &[Problem], changed: &ChangedLines) -> bool {
        let culprit = found.culprit();
        let was_there = |line: u32| {
            let mut old = twins.iter().map(Problem::culprit);
            old.any(|it| it.file == culprit.file && it.start.line == line)
        };
        changed.old_line(culprit).is_some_and(|line| !was_there(line))
    }
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

/// Whether an error of another cause than the problem's is the old one, in whose words a type is
/// written otherwise now: `dyn Future<Output = Result<(), E>>` with what the fix makes of `E`.
fn is_respelled(old: &Problem, new: &Problem, problem: &Problem, changed: &ChangedLines) -> bool {
    let leaf = |it: &Problem| it.leaf.as_deref().map(without_arguments);
    let held = |it: &Problem| -> Vec<_> {
        it.held.iter().map(|held| (held.name.clone(), held.text.clone())).collect()
    };
    let place = |it: &Problem| (it.kind, it.auto_trait, it.culprit().file.clone(), held(it));
    leaf(old).is_some()
        && leaf(old) == leaf(new)
        && leaf(old) != leaf(problem)
        && place(old) == place(new)
        && !changed.contains(new.culprit())
        && changed.old_line(new.culprit()) == Some(old.culprit().start.line)
}

/// `Pin<Box<T>>` to `Pin`.
fn without_arguments(ty: &str) -> String {
    let mut depth = 0_usize;
    let mut before = ' ';
    let mut out = String::new();
    for c in ty.chars() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
        before = c;
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn texts(text: &str) -> Sources {
        let mut sources = Sources::default();
        sources.insert("src/größe.rs", text);
        sources
    }

    /// A problem in the third line with this leaf.
    fn problem(id: &str, leaf: &str) -> Problem {
        let mut problem = testing::problem(id);
        let span = &mut problem.held[0].span;
        span.file = "src/größe.rs".into();
        (span.start.line, span.end.line) = (3, 3);
        problem.leaf = Some(leaf.to_owned());
        problem
    }

    #[test]
    fn arguments_are_left_out() {
        for (text, expected) in [
            ("dyn Future<Output = Result<(), Größe>>", "dyn Future"),
            ("dyn for<'a> Fn(&'a Größe) -> u8", "dyn for Fn(&'a Größe) -> u8"),
            ("Rc<u8>", "Rc"),
            ("", ""),
        ] {
            assert_eq!(without_arguments(text), expected);
        }
    }

    #[test]
    fn an_error_of_another_cause_outlives_a_type_in_it() {
        let before = texts("type E = A;\n\nlet größe = 1;\n");
        let after = texts("type E = B;\n\nlet größe = 1;\n");
        let changed = before.changed_lines(&after);
        let fixed = problem("1", "dyn Error");
        let old = problem("2", "dyn Future<Output = A>");
        let new = problem("3", "dyn Future<Output = B>");
        assert!(is_respelled(&old, &new, &fixed, &changed));
        // Of the same cause it is what the fix makes of it.
        let same = problem("1", "dyn Future<Output = u8>");
        assert!(!is_respelled(&old, &new, &same, &changed));
        let other = problem("3", "Rc<B>");
        assert!(!is_respelled(&old, &other, &fixed, &changed));
        let mut elsewhere = problem("3", "dyn Future<Output = B>");
        elsewhere.held[0].span.start.line = 2;
        assert!(!is_respelled(&old, &elsewhere, &fixed, &changed));
        let rewritten = texts("type E = B;\n\nlet mut größe = 1;\n");
        assert!(!is_respelled(&old, &new, &fixed, &before.changed_lines(&rewritten)));
    }
}
