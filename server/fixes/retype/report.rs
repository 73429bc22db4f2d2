//! From a diagnostic's spans to the nodes that it speaks of.

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticSpan};
use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxKind, SyntaxNode, TextRange,
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
    if let Some(declared) = declared_in_string(world, &span.file, text, &tree, range) {
        let range = declared.text_range();
        return Some((declared, range));
    }
    Some((node_of(&tree, range)?, range))
}

/// `"{x}"`: of what a format string names, the declaration tells.
fn declared_in_string(
    world: &World<'_>,
    file: &Utf8Path,
    text: &str,
    tree: &SyntaxNode,
    range: TextRange,
) -> Option<SyntaxNode> {
    let covers = tree.text_range().contains_range(range);
    let token = covers.then(|| tree.covering_element(range))?.into_token()?;
    let is_in_string = token.kind() == SyntaxKind::STRING && token.text_range() != range;
    let name = text.get(std::ops::Range::<usize>::from(range)).filter(|_| is_in_string)?;
    declaration(world, file, name, &token.parent()?)
}

/// The same, with the file that the node is of: what lies in a macro of the workspace, or among the
/// arguments of its call, is looked up where the call is written out.
pub(in super::super) fn place_at(
    world: &World<'_>,
    span: &Span,
) -> Option<(Utf8PathBuf, SyntaxNode, TextRange)> {
    let (node, range) = node_at(world, span)?;
    if let Some((file, range)) = world.written_place(&span.file, range) {
        let tree = world.tree_showing(&file, range)?;
        return Some((file, node_of(&tree, range)?, range));
    }
    Some((span.file.clone(), node, range))
}

fn node_of(tree: &SyntaxNode, range: TextRange) -> Option<SyntaxNode> {
    if !tree.text_range().contains_range(range) {
        return None;
    }
    let node = match tree.covering_element(range) {
        NodeOrToken::Node(node) => node,
        NodeOrToken::Token(token) => token.parent()?,
    };
    let exact = node.ancestors().take_while(|it| it.text_range() == range).last();
    Some(exact.unwrap_or(node))
}

/// The pattern that declares a variable.
fn declaration(
    world: &World<'_>,
    file: &Utf8Path,
    name: &str,
    at: &SyntaxNode,
) -> Option<SyntaxNode> {
    let owner = world.binding(file, name, at)?;
    let mut patterns = owner.descendants().filter_map(ast::IdentPat::cast);
    let ours = patterns.find(|it| it.name().is_some_and(|it| it.text() == name))?;
    Some(ours.syntax().clone())
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
