//! From a diagnostic's spans to the nodes that it speaks of.

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticSpan};
use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, HasName},
};

use super::World;
use crate::{
    problem::{Position, Span},
    text::Lines,
};

/// The user's code behind a span: out of macros, but not out of `?`, `.await` and `for`.
pub(in super::super) fn span_of(span: &DiagnosticSpan) -> Span {
    let (mut best, mut current) = (span, span);
    while let Some(expansion) = &current.expansion {
        current = &expansion.span;
        let is_desugaring = expansion.macro_decl_name.starts_with("desugaring of");
        if !is_desugaring && Utf8PathBuf::from(&best.file_name).is_absolute() {
            best = current;
        }
    }
    let position = |line: usize, column: usize| Position {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    };
    Span {
        file: Utf8PathBuf::from(&best.file_name),
        start: position(best.line_start, best.column_start),
        end: position(best.line_end, best.column_end),
    }
}

/// The outermost node that is exactly what a span covers, else the smallest that covers it; with
/// the byte range of the span.
pub(in super::super) fn node_at(world: &World<'_>, span: &Span) -> Option<(SyntaxNode, TextRange)> {
    let text = world.sources.text(&span.file).filter(|_| span.is_local())?;
    let range = Lines::new(text).range(span)?;
    let tree = world.tree_showing(&span.file, range)?;
    if !tree.text_range().contains_range(range) {
        return None;
    }
    let node = match tree.covering_element(range) {
        NodeOrToken::Node(node) => node,
        NodeOrToken::Token(token) => {
            let parent = token.parent()?;
            if let Some(declared) = named_in_string(world, &span.file, &token, range) {
                return Some((declared, range));
            }
            parent
        }
    };
    let exact = node.ancestors().take_while(|it| it.text_range() == range).last();
    Some((exact.unwrap_or(node), range))
}

/// What declares the variable that a format string names: `"{x}"`.
fn named_in_string(
    world: &World<'_>,
    file: &Utf8Path,
    token: &SyntaxToken,
    range: TextRange,
) -> Option<SyntaxNode> {
    let inside = range.checked_sub(token.text_range().start())?;
    let name = token.text().get(std::ops::Range::<usize>::from(inside))?;
    let is_ident = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_named = token.kind() == SyntaxKind::STRING && is_ident && inside.start() > 0.into();
    let declared = world.binding(file, name, &token.parent()?).filter(|_| is_named)?;
    let mut bindings = declared.descendants().filter_map(ast::IdentPat::cast);
    let bound = bindings.find(|it| it.name().is_some_and(|it| it.text() == name))?;
    Some(bound.syntax().clone())
}

/// All that a diagnostic says in words.
pub(in super::super) fn texts_of(error: &Diagnostic) -> String {
    let mut texts = error.message.clone();
    for part in std::iter::once(error).chain(&error.children) {
        texts.push('\n');
        texts.push_str(&part.message);
        for label in part.spans.iter().filter_map(|span| span.label.as_deref()) {
            texts.push('\n');
            texts.push_str(label);
        }
    }
    texts
}
