//! `async move { .. }` around the end of a body.

use ra_ap_syntax::{AstNode, SyntaxKind, TextRange, TextSize, ast};

use super::{FixContext, indent::indent, region::is_stmt_or_tail};
use crate::problem::Edit;

/// `async move {` from `at` to the end of the body, with statements in front.
pub(super) fn async_move(
    context: &FixContext<'_>,
    body: &ast::StmtList,
    at: TextSize,
    lets: &[String],
) -> Option<Vec<Edit>> {
    let close = body.r_curly_token()?.text_range().start();
    let last = body.syntax().children().filter(is_stmt_or_tail).last()?;
    let after = TextRange::new(last.text_range().end(), close);
    let has_comment = context.text.get(std::ops::Range::<usize>::from(after))?;
    let end = match has_comment.trim().is_empty() {
        true => last.text_range().end(),
        false => after.start() + TextSize::of(has_comment.trim_end()),
    };
    let at = with_comments(body, at);
    if !context.starts_line(at) {
        let lets: String = lets.iter().map(|it| format!("{it} ")).collect();
        return Some(vec![
            context.insert(at, format!("{lets}async move {{ ")),
            context.insert(end, " }"),
        ]);
    }
    let line = format!("{}{}", context.newline(), context.indent_at(at));
    let lets: String = lets.iter().map(|it| format!("{it}{line}")).collect();
    let head = format!("{lets}async move {{{line}{}", context.indent_step());
    let mut edits = vec![context.insert(at, head)];
    edits.extend(indent(context, TextRange::new(at, end)));
    edits.push(context.insert(end, format!("{line}}}")));
    Some(edits)
}

/// The start of the comments that stand directly above a statement.
fn with_comments(body: &ast::StmtList, at: TextSize) -> TextSize {
    let mut start = at;
    let token = body.syntax().token_at_offset(at).right_biased();
    let mut before = token.and_then(|it| it.prev_token());
    while let Some(token) = before {
        match token.kind() {
            SyntaxKind::WHITESPACE => {}
            SyntaxKind::COMMENT => {
                let above = token.prev_token();
                let own_line = above.as_ref().is_some_and(|it| it.text().contains('\n'));
                if !own_line {
                    break;
                }
                start = token.text_range().start();
            }
            _ => break,
        }
        before = token.prev_token();
    }
    start
}
