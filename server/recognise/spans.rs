//! From rustc's spans to spans of the user's code.

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::diagnostic::DiagnosticSpan;

use crate::problem::{Position, Span, is_local};

/// The span that the user wrote: expansions of macros are followed out to the outermost call;
/// desugarings (`await`, `for`, `?`) stay where they are.
pub(crate) fn user_span(span: &DiagnosticSpan, root: &Utf8Path) -> Span {
    to_span(outermost(span), root)
}

/// The call of a macro from another crate that made the code under a span: what the user wrote
/// instead of it.
pub(super) fn foreign_macro_call<'a>(
    span: &'a DiagnosticSpan,
    root: &Utf8Path,
) -> Option<&'a DiagnosticSpan> {
    let call = outermost(span);
    let is_ours = |span: &DiagnosticSpan| is_local(&relative(&span.file_name, root));
    (!is_ours(span) && is_ours(call)).then_some(call)
}

/// Where a macro of the workspace wrote what its call stands for; `None` outside of macros.
pub(super) fn in_macro(span: &DiagnosticSpan, root: &Utf8Path) -> Option<Span> {
    let is_written_there = !std::ptr::eq(outermost(span), span);
    let place = to_span(span, root);
    (is_written_there && place.is_local()).then_some(place)
}

fn outermost(span: &DiagnosticSpan) -> &DiagnosticSpan {
    let mut best = span;
    let mut current = span;
    while let Some(expansion) = &current.expansion {
        current = &expansion.span;
        if !expansion.macro_decl_name.starts_with("desugaring of") {
            best = current;
        }
    }
    best
}

fn to_span(span: &DiagnosticSpan, root: &Utf8Path) -> Span {
    Span {
        file: relative(&span.file_name, root),
        start: position(span.line_start, span.column_start),
        end: position(span.line_end, span.column_end),
    }
}

/// A file name as rustc prints it, relative to the workspace root where it lies below.
pub(super) fn relative(file_name: &str, root: &Utf8Path) -> Utf8PathBuf {
    let path = Utf8Path::new(file_name);
    path.strip_prefix(root).unwrap_or(path).components().collect()
}

fn position(line: usize, column: usize) -> Position {
    let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position { line: clamp(line), column: clamp(column) }
}

/// The source text under a span, lines joined; `None` when rustc printed no text (standard
/// library without sources).
pub(super) fn text_of(span: &DiagnosticSpan) -> Option<String> {
    let lines: Vec<&str> = span.text.iter().map(|line| highlighted(line)).collect::<Option<_>>()?;
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Whether the compiler made the code under a span from a construct: "`for` loop".
pub(super) fn is_desugared_from(span: &DiagnosticSpan, construct: &str) -> bool {
    let name = span.expansion.as_ref().map(|expansion| expansion.macro_decl_name.as_str());
    name.and_then(|name| name.strip_prefix("desugaring of ")) == Some(construct)
}

/// Whether a span is the name in a method call: rustc points at it where the call's argument is
/// meant.
pub(super) fn is_method_name(span: &DiagnosticSpan) -> bool {
    let Some(line) = span.text.first() else { return false };
    let before = line.highlight_start.checked_sub(2).and_then(|n| line.text.chars().nth(n));
    let after = line.highlight_end.checked_sub(1).and_then(|n| line.text.chars().nth(n));
    before == Some('.') && matches!(after, Some('(' | ':'))
}

fn highlighted(line: &cargo_metadata::diagnostic::DiagnosticSpanLine) -> Option<&str> {
    let offset_of = |column: usize| {
        let skip = column.checked_sub(1)?;
        let mut offsets = line.text.char_indices().map(|(offset, _)| offset);
        Some(offsets.nth(skip).unwrap_or(line.text.len()))
    };
    line.text.get(offset_of(line.highlight_start)?..offset_of(line.highlight_end)?)
}

/// The crate of a file outside the workspace: the directory around its `src`. In the registry
/// that is the name with the version (`tokio-1.54.1`).
pub(super) fn foreign_crate(file: &Utf8Path) -> Option<&str> {
    if is_local(file) {
        return None;
    }
    let components: Vec<&str> = file.components().map(|component| component.as_str()).collect();
    let src = components.iter().rposition(|name| *name == "src")?;
    components.get(src.checked_sub(1)?).copied()
}
