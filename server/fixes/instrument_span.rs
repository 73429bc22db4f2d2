//! Fix: a span that follows the future instead of an entered one that stays on its thread.
//!
//! ```text
//! let _span = info_span!("load").entered();     async {
//! fetch().await;                                    fetch().await;
//!                                               }
//!                                               .instrument(info_span!("load"))
//!                                               .await
//! ```
//!
//! An entered span held across an await would also be wrong: it would cover whatever else the
//! thread polls meanwhile. Known problem: `break` and `continue` cannot leave the new block, so
//! it declines there.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self},
};

use super::{Draft, FixContext, Reach, imports::import, indent::indent, region::is_stmt_or_tail};

/// Drafts `instrument_span`.
pub(super) fn instrument_span(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref()?;
    if !context.is_entered() {
        return None;
    }
    let stmt = context.let_stmt()?;
    let span = entered(&stmt.initializer()?)?;
    let rest: Vec<SyntaxNode> = stmt
        .syntax()
        .siblings(ra_ap_syntax::Direction::Next)
        .skip(1)
        .filter(is_stmt_or_tail)
        .collect();
    let (first, last) = (rest.first()?, rest.last()?);
    let is_body = stmt
        .syntax()
        .ancestors()
        .nth(2)?
        .parent()
        .is_some_and(|it| it.kind() == SyntaxKind::FN || ast::BlockExpr::can_cast(it.kind()));
    if rest.iter().any(|it| leaves(it, is_body)) {
        return None;
    }
    let range = first.text_range().cover(last.text_range());
    let has_tail = ast::Expr::can_cast(last.kind());
    let outer = format!("{}{}", context.newline(), context.indent_at(range.start()));
    let inner = format!("{outer}{}", context.indent_step());
    let end = if has_tail { "" } else { ";" };
    let close = format!("{outer}}}{outer}.instrument({span}){outer}.await{end}");
    let variant = |head: &str| {
        let declared = context.rest_of_line(stmt.syntax().text_range());
        let declared = TextRange::new(declared.start(), declared.end().min(range.start()));
        let mut edits = match declared.end() == range.start() {
            true => vec![context.edit(declared, format!("{head} {{{inner}"))],
            false => vec![
                context.edit(declared, ""),
                context.insert(range.start(), format!("{head} {{{inner}")),
            ],
        };
        edits.extend(indent(context, range));
        edits.push(context.insert(range.end(), close.clone()));
        edits.extend(import(context, "tracing::Instrument"));
        edits
    };
    Some(Draft {
        id: "instrument_span",
        title: format!("Instrument the future with the span of `{name}`"),
        note: None,
        variants: vec![variant("async"), variant("async move")],
        reach: Reach::Body,
        repairs: &[],
    })
}

/// `SPAN.enter()` or `SPAN.entered()`.
fn entered(value: &ast::Expr) -> Option<String> {
    let ast::Expr::MethodCallExpr(call) = value else {
        return None;
    };
    let name = call.name_ref()?;
    let enters = matches!(name.text(), "enter" | "entered");
    enters.then(|| call.receiver().map(|it| it.syntax().text().to_string()))?
}

/// Whether a statement jumps out: a `return` is fine where the block is all that is left.
fn leaves(stmt: &SyntaxNode, is_body: bool) -> bool {
    stmt.descendants().any(|it| match it.kind() {
        SyntaxKind::RETURN_EXPR | SyntaxKind::TRY_EXPR => !is_body,
        SyntaxKind::BREAK_EXPR | SyntaxKind::CONTINUE_EXPR => !it.ancestors().any(|around| {
            stmt.text_range().contains_range(around.text_range())
                && matches!(
                    around.kind(),
                    SyntaxKind::LOOP_EXPR | SyntaxKind::WHILE_EXPR | SyntaxKind::FOR_EXPR
                )
        }),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    #[test]
    fn wraps_the_rest() {
        check(
            "instrument_span",
            "tracing::span::EnteredSpan",
            "use tracing::{Instrument, info_span};
async fn f() -> u8 {
    let $0_span$0 = info_span!(\"größe\").entered();
    io().$1await;
    1
}
",
            "use tracing::{Instrument, info_span};
async fn f() -> u8 {
    async {
        io().await;
        1
    }
    .instrument(info_span!(\"größe\"))
    .await
}
",
        );
    }

    #[test]
    fn declines_for_other_types_and_jumps() {
        let code = "async fn f() { let $0s$0 = a(); io().$1await; }";
        check_declines("instrument_span", "Rc<u8>", code);
        let jump = "async fn f() { loop { let $0s$0 = a().entered(); io().$1await; break; } }";
        check_declines("instrument_span", "EnteredSpan", jump);
    }
}
