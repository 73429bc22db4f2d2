//! What a fix leaves behind: imports that nothing uses any more, a `mut` without need. The
//! compiler warns of them and says itself how to remove them.

use cargo_metadata::diagnostic::{Applicability, Diagnostic, DiagnosticLevel, DiagnosticSpan};

use crate::{
    problem::{Edit, Position, Span},
    sources::Sources,
    text::Lines,
};

/// Lints whose machine-applicable suggestions only remove what a fix made superfluous.
const LINTS: &[&str] =
    &["unused_imports", "unused_mut", "unused_parens", "unused_braces", "unused_qualifications"];

/// Edits that remove what the compiler newly warns of in the files that a fix changed.
pub(super) fn tidy(
    before: &[Diagnostic],
    after: &[Diagnostic],
    sources: &Sources,
    texts: &Sources,
) -> Option<Vec<Edit>> {
    let new = new_warnings(before, after);
    let mut edits: Vec<Edit> = new.filter_map(|it| without(it, sources, texts)).flatten().collect();
    edits.sort();
    edits.dedup();
    (!edits.is_empty()).then_some(edits)
}

/// Edits that remove what one of these lints is about, in the files that a fix changed. Where the
/// crate denies it, it is an error like another.
pub(super) fn without(lint: &Diagnostic, sources: &Sources, texts: &Sources) -> Option<Vec<Edit>> {
    if !LINTS.contains(&code(lint)) {
        return None;
    }
    let spans = lint.children.iter().flat_map(|child| &child.spans).filter(|span| {
        matches!(span.suggestion_applicability, Some(Applicability::MachineApplicable))
    });
    let touched: Vec<_> = sources.changed_files(texts).map(|(file, _)| file).collect();
    let edits: Vec<Edit> = spans
        .filter_map(|span| removal(span, texts))
        .filter(|edit| touched.contains(&edit.span.file.as_path()))
        .collect();
    (!edits.is_empty()).then_some(edits)
}

/// Warnings that were not there before; lines do not count, fixes move them.
pub(super) fn new_warnings<'a>(
    before: &[Diagnostic],
    after: &'a [Diagnostic],
) -> impl Iterator<Item = &'a Diagnostic> {
    let known: Vec<_> = before.iter().map(key).collect();
    let warnings = after.iter().filter(|it| it.level == DiagnosticLevel::Warning);
    warnings.filter(move |warning| !known.contains(&key(warning)))
}

/// Whether a diagnostic was there before; its lines do not count.
pub(super) fn is_known(before: &[Diagnostic], diagnostic: &Diagnostic) -> bool {
    let own = key(diagnostic);
    before.iter().any(|it| key(it) == own)
}

/// `unused implementer of `Future` that must be used`.
pub(super) fn is_idle_future(warning: &Diagnostic) -> bool {
    code(warning) == "unused_must_use" && warning.message.contains("Future")
}

fn code(diagnostic: &Diagnostic) -> &str {
    diagnostic.code.as_ref().map_or("", |code| &code.code)
}

fn key(diagnostic: &Diagnostic) -> (String, String, String) {
    let primary = diagnostic.spans.iter().find(|span| span.is_primary);
    let line = primary.and_then(|span| span.text.first());
    let line = line.map(|line| line.text.trim().to_owned()).unwrap_or_default();
    let file = primary.map(|span| span.file_name.clone()).unwrap_or_default();
    (diagnostic.message.clone(), file, line)
}

/// A suggestion as an edit. An item that is removed takes its line with it.
fn removal(span: &DiagnosticSpan, texts: &Sources) -> Option<Edit> {
    let position = |line: usize, column: usize| {
        Some(Position { line: u32::try_from(line).ok()?, column: u32::try_from(column).ok()? })
    };
    let mut place = Span {
        file: span.file_name.as_str().into(),
        start: position(span.line_start, span.column_start)?,
        end: position(span.line_end, span.column_end)?,
    };
    let text = texts.text(&place.file)?;
    let lines = Lines::new(text);
    let range = std::ops::Range::<usize>::from(lines.range(&place)?);
    let new_text = span.suggested_replacement.clone()?;
    let line_start = text.get(..range.start)?.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(range.end..)?;
    let line_end = rest.find('\n').map(|at| range.end + at + 1);
    let is_alone = text.get(line_start..range.start)?.trim().is_empty()
        && line_end
            .is_some_and(|end| text.get(range.end..end).is_some_and(|it| it.trim().is_empty()));
    let is_item = new_text.is_empty() && text.get(range)?.trim_end().ends_with(';');
    if is_alone && is_item {
        let end = u32::try_from(line_end?).ok()?;
        let start = u32::try_from(line_start).ok()?;
        let whole = ra_ap_syntax::TextRange::new(start.into(), end.into());
        place = lines.span(&place.file, whole);
    }
    Some(Edit { span: place, new_text })
}
