//! Fix: declares a value in the only branch that needs it, when another branch awaits.
//!
//! ```text
//! let mut log = log.lock().unwrap();      if full {
//! if full {                                   let mut log = log.lock().unwrap();
//!     log.clear();                            log.clear();
//! } else {                                } else {
//!     flush().await;                          flush().await;
//! }                                       }
//! ```
//!
//! Making the value moves behind the condition. Known problem: for a lock that means that it is
//! not held while the condition is looked at; the note says so.

use ra_ap_syntax::{AstNode, Direction, SyntaxKind, SyntaxNode, ast};

use super::{
    Draft, FixContext, Reach,
    context::{has_ident, mentions, mentions_await},
    move_after_await::may_change,
    place::is_harmless,
};

/// Drafts `declare_in_branch`.
pub(super) fn declare_in_branch(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref()?;
    let stmt = context.let_stmt()?;
    let value = stmt.initializer()?;
    let is_plain = matches!(stmt.pat()?, ast::Pat::IdentPat(_)) && stmt.let_else().is_none();
    // A call that may fail is not put off: what comes in between relies on its success.
    let is_error = context.held.ty.as_deref().is_some_and(|ty| ty.contains("Error"));
    if !is_plain || is_error || mentions_await(value.syntax()) || exits(value.syntax()) {
        return None;
    }
    let later: Vec<SyntaxNode> =
        stmt.syntax().siblings(Direction::Next).skip(1).filter(|it| !is_item(it)).collect();
    let at = later.iter().position(|it| mentions(it, name))?;
    let (target, rest) = later.get(at..)?.split_first()?;
    if rest.iter().any(|it| has_ident(it, name)) {
        return None;
    }
    let branch = branch(context, target, name)?;
    let passed = later.iter().take(at).cloned().chain(passed(&branch, target));
    if passed.into_iter().any(|it| may_change(&it, value.syntax())) {
        return None;
    }
    let first = branch.stmt_list()?.syntax().children().next()?.text_range().start();
    let separator = match context.starts_line(first) {
        true => format!("{}{}", context.newline(), context.indent_at(first)),
        false => " ".to_owned(),
    };
    let edits = vec![
        context.edit(context.rest_of_line(stmt.syntax().text_range()), ""),
        context.insert(first, format!("{}{separator}", stmt.syntax().text())),
    ];
    let note = if context.holds_lock() {
        Some(format!("The lock is taken in the branch: `{name}` no longer spans the condition."))
    } else if is_harmless(value.syntax()) {
        None
    } else {
        let code = context.shorten(&value.syntax().text().to_string());
        Some(format!("`{code}` now runs in the branch only."))
    };
    Some(Draft {
        id: "declare_in_branch",
        title: format!("Declare `{name}` in the branch that needs it"),
        note,
        variants: vec![edits],
        reach: Reach::Body,
        repairs: &[],
    })
}

/// The outermost branch in a statement that has all mentions of a variable and none of the awaits
/// that it crosses.
fn branch(context: &FixContext<'_>, target: &SyntaxNode, name: &str) -> Option<ast::BlockExpr> {
    let awaits = context.awaits();
    let blocks = target.descendants().filter_map(ast::BlockExpr::cast);
    let mut fitting = blocks.filter(|block| {
        let range = block.syntax().text_range();
        is_branch(block)
            && block.syntax().ancestors().take_while(|it| it != target).all(|it| !repeats(&it))
            && !repeats(target)
            && !awaits.iter().any(|it| range.contains_range(*it))
            && outside(target, block.syntax()).iter().all(|it| !has_ident(it, name))
    });
    fitting.next()
}

fn is_branch(block: &ast::BlockExpr) -> bool {
    let Some(parent) = block.syntax().parent() else { return false };
    // A condition may be a block, too.
    let condition = ast::IfExpr::cast(parent.clone()).and_then(|it| it.condition());
    let is_condition = condition.is_some_and(|it| it.syntax() == block.syntax());
    matches!(parent.kind(), SyntaxKind::IF_EXPR | SyntaxKind::MATCH_ARM) && !is_condition
}

/// What runs several times, or at another time.
fn repeats(node: &SyntaxNode) -> bool {
    let is_async = |it: ast::BlockExpr| it.async_token().is_some();
    matches!(
        node.kind(),
        SyntaxKind::FOR_EXPR
            | SyntaxKind::WHILE_EXPR
            | SyntaxKind::LOOP_EXPR
            | SyntaxKind::CLOSURE_EXPR
            | SyntaxKind::MACRO_CALL
    ) || ast::BlockExpr::cast(node.clone()).is_some_and(is_async)
}

/// The parts of a statement around one of its blocks.
fn outside(target: &SyntaxNode, block: &SyntaxNode) -> Vec<SyntaxNode> {
    let way = block.ancestors().take_while(|it| it != target);
    way.flat_map(|on_way| {
        let siblings = on_way.parent().into_iter().flat_map(|it| it.children().collect::<Vec<_>>());
        siblings.filter(move |it| *it != on_way).collect::<Vec<_>>()
    })
    .collect()
}

/// Those parts that run before the block.
fn passed(block: &ast::BlockExpr, target: &SyntaxNode) -> Vec<SyntaxNode> {
    let start = block.syntax().text_range().start();
    let mut parts = outside(target, block.syntax());
    // The other branches do not run, nor do the other arms.
    parts.retain(|it| {
        let is_branch = ast::BlockExpr::cast(it.clone()).is_some_and(|it| is_branch(&it));
        it.text_range().end() <= start && !is_branch && it.kind() != SyntaxKind::MATCH_ARM
    });
    parts
}

fn exits(value: &SyntaxNode) -> bool {
    value.descendants().any(|it| it.kind() == SyntaxKind::TRY_EXPR)
}

fn is_item(node: &SyntaxNode) -> bool {
    ast::Item::can_cast(node.kind())
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "declare_in_branch";
    const GUARD: &str = "std::sync::MutexGuard<'_, u8>";

    #[test]
    fn moves_into_the_branch() {
        check(
            ID,
            GUARD,
            "
async fn f(log: M) {
    let mut $0log$0 = log.lock().unwrap();
    if größe() {
        log.clear();
        return;
    } else {
        tick();
        flush().$1await;
    }
}
",
            "
async fn f(log: M) {
    if größe() {
        let mut log = log.lock().unwrap();
        log.clear();
        return;
    } else {
        tick();
        flush().await;
    }
}
",
        );
    }

    #[test]
    fn moves_into_an_arm() {
        check(
            ID,
            GUARD,
            "async fn f() { let $0g$0 = m.lock(); match n { 0 => { g.a(); } _ => io().$1await } }",
            "async fn f() { match n { 0 => { let g = m.lock(); g.a(); } _ => io().await } }",
        );
    }

    #[test]
    fn declines_where_more_than_a_branch_needs_it() {
        for code in [
            "async fn f() { let $0g$0 = m.lock(); if g.a() { g.b(); } else { io().$1await; } }",
            "async fn f() { let $0g$0 = m.lock(); if a { g.b(); } else { io().$1await; g.c(); } }",
            "async fn f() { let $0g$0 = m.lock(); if a { g.b(); } else { io().$1await; } g.c(); }",
            "async fn f() { let $0g$0 = m.lock(); if a { g.b(); io().$1await; } }",
            "async fn f() { let $0g$0 = m.lock(); if { m = n; a } { g.b(); } else { io().$1await; } }",
            "async fn f() { let $0g$0 = m.lock(); for x in y { if x { g.b(); } else { io().$1await; } } }",
            "async fn f() { let $0g$0 = m.lock()?; if a { g.b(); } else { io().$1await; } }",
        ] {
            check_declines(ID, GUARD, code);
        }
    }
}
