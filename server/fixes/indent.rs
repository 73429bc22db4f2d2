//! Moving whole lines to the right without touching the inside of string literals and comments'
//! text.

use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, TextRange, TextSize};

use super::FixContext;
use crate::problem::Edit;

/// Insertions that move every line that starts within `range` one step to the right. Lines that
/// start inside a string literal stay, as do empty ones.
pub(super) fn indent(context: &FixContext<'_>, range: TextRange) -> Vec<Edit> {
    let step = context.indent_step();
    let text = context.text.get(std::ops::Range::<usize>::from(range)).unwrap_or_default();
    text.match_indices('\n')
        .filter_map(|(at, _)| {
            let offset = range.start() + TextSize::try_from(at + 1).ok()?;
            let rest = text.get(at + 1..)?;
            let is_blank = rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
            let inside =
                range.contains(offset) && !is_blank && !in_string(context.tree.syntax(), offset);
            inside.then(|| context.insert(offset, step))
        })
        .collect()
}

/// Whether an offset lies inside a string literal of a tree.
pub(super) fn in_string(root: &SyntaxNode, offset: TextSize) -> bool {
    let token = root.token_at_offset(offset).left_biased();
    token.is_some_and(|token| {
        let is_string = matches!(
            token.kind(),
            SyntaxKind::STRING | SyntaxKind::BYTE_STRING | SyntaxKind::C_STRING
        );
        is_string && token.text_range().start() < offset && offset < token.text_range().end()
    })
}
