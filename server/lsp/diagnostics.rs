//! The hint at the culprit.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use tower_lsp::lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, NumberOrString,
};

use super::{capabilities::ClientFacts, convert::Texts};
use crate::{
    engine::{Shown, Snapshot},
    problem::{Problem, Span, is_local},
    recognise::advice,
};

/// Whose diagnostics these are.
pub(super) const SOURCE: &str = "sendlens";

/// What a diagnostic carries for those who read it back.
#[derive(Debug, Serialize, Deserialize)]
struct Data {
    id: String,
}

/// All hints by file.
pub(super) fn all(
    snapshot: &Snapshot,
    facts: &ClientFacts,
) -> BTreeMap<Utf8PathBuf, Vec<Diagnostic>> {
    let texts = Texts::new(snapshot, facts.encoding);
    let mut by_file: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for shown in &snapshot.problems {
        let culprit = shown.problem.culprit();
        // What lies in a library cannot be mended there.
        if is_local(&culprit.file) {
            let hints = by_file.entry(shown.path(culprit)).or_default();
            let hint = hint(shown, &texts, facts);
            // A value that is at fault for several reasons is one value.
            let says_the_same =
                |it: &Diagnostic| (it.range, &it.message) == (hint.range, &hint.message);
            if !hints.iter().any(says_the_same) {
                hints.push(hint);
            }
        }
    }
    by_file
}

/// The hint of one problem.
pub(super) fn hint(shown: &Shown, texts: &Texts<'_>, facts: &ClientFacts) -> Diagnostic {
    let problem = &shown.problem;
    let data = Data { id: problem.id.clone() };
    Diagnostic {
        range: texts.range(shown, &named(problem)),
        severity: Some(DiagnosticSeverity::HINT),
        code: Some(NumberOrString::String(code(problem))),
        source: Some(SOURCE.to_owned()),
        message: message(problem),
        related_information: facts.related_information.then(|| related(shown, texts)),
        data: serde_json::to_value(data).ok().filter(|_| facts.diagnostic_data),
        ..Diagnostic::default()
    }
}

/// The culprit; of `mut x` the name alone, because editors mark only the start of a hint.
fn named(problem: &Problem) -> Span {
    let mut span = problem.culprit().clone();
    let held = problem.held.iter().find(|held| held.span == span);
    let before = held.and_then(|held| held.text.strip_suffix(held.name.as_deref()?));
    // The text is the saved one: the editor's may have moved on, but not within the span.
    let skipped = before.filter(|before| !before.contains('\n')).map(|it| it.chars().count());
    if let Some(skipped) = skipped.and_then(|skipped| u32::try_from(skipped).ok())
        && span.start.line == span.end.line
        && span.start.column + skipped < span.end.column
    {
        span.start.column += skipped;
    }
    span
}

/// What happened; where no value is guilty, also what can be done.
fn message(problem: &Problem) -> String {
    std::iter::once(problem.message.clone()).chain(advice(problem)).collect::<Vec<_>>().join("\n")
}

/// The kind, in the words of the command line.
fn code(problem: &Problem) -> String {
    let json = serde_json::to_value(problem.kind);
    let name = json.ok().and_then(|json| json.as_str().map(str::to_owned));
    name.unwrap_or_else(|| "other".to_owned())
}

fn related(shown: &Shown, texts: &Texts<'_>) -> Vec<DiagnosticRelatedInformation> {
    let problem = &shown.problem;
    let name = problem.auto_trait.name();
    let mut places: Vec<(&Span, String)> = Vec::new();
    for held in &problem.held {
        let what = held.name.as_deref().unwrap_or("this value");
        let awaits = held.awaits.iter();
        places.extend(
            awaits.map(|point| (&point.span, format!("`{what}` is held across this await"))),
        );
    }
    for place in &problem.path {
        places.push((&place.span, format!("on the way there: {}", place.what)));
    }
    if let Some(demand) = &problem.demand {
        places.push((&demand.span, format!("`{name}` is demanded here, by {}", demand.what)));
    }
    let info = |(span, message)| {
        let location = texts.location(shown, span)?;
        Some(DiagnosticRelatedInformation { location, message })
    };
    places.into_iter().filter_map(info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[track_caller]
    fn check(name: Option<&str>, text: &str, column: u32) {
        let mut problem = testing::problem("p");
        problem.held[0].name = name.map(str::to_owned);
        problem.held[0].text = text.to_owned();
        problem.held[0].span =
            testing::span(4, 9, 9 + u32::try_from(text.chars().count()).unwrap());
        assert_eq!(named(&problem).start.column, column, "{text}");
    }

    #[test]
    fn the_hint_stands_at_the_name() {
        check(Some("guard"), "mut guard", 13);
        check(Some("żółw"), "żółw", 9);
        check(Some("x"), "ref mut x", 17);
    }

    #[test]
    fn a_hint_without_a_name_stands_at_the_whole() {
        check(None, "state.lock()", 9);
        check(Some("state"), "state.lock()", 9);
        check(Some("x"), "mut y", 9);
    }

    #[test]
    fn a_value_with_several_reasons_has_one_hint() {
        let hints = |change: &dyn Fn(&mut Problem)| {
            let (first, mut second) = (testing::problem("größe"), testing::problem("2"));
            change(&mut second);
            let problems = [first, second]
                .map(|problem| Shown { root: "/w".into(), problem: std::sync::Arc::new(problem) });
            let snapshot = Snapshot { problems: problems.into(), ..Snapshot::default() };
            let by_file = all(&snapshot, &ClientFacts::default());
            by_file.values().map(Vec::len).sum::<usize>()
        };
        assert_eq!(hints(&|second| second.leaf = Some("Cell<u8>".into())), 1);
        assert_eq!(hints(&|second| second.message = "`other` is not `Send`".into()), 2);
    }
}
