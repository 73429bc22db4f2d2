//! Fix: declares a value after the await when nothing needs it before.
//!
//! ```text
//! let mut log = log.lock().unwrap();      let page = load().await;
//! let page = load().await;                let mut log = log.lock().unwrap();
//! log.push(page);                         log.push(page);
//! ```
//!
//! Making the value moves behind the await. Known problem: for a lock that means that it is not
//! held during the await; the note says so.

use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, ast};

use super::{
    Draft, FixContext, Reach,
    context::{mentions, mentions_await},
    place::is_harmless,
    region::Region,
};

/// Drafts `move_after_await`.
pub(super) fn move_after_await(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref()?;
    let region = Region::find(context, name)?;
    // A call that may fail is not put off: what comes in between relies on its success.
    if context.held.ty.as_deref().is_some_and(|ty| ty.contains("Error")) {
        return None;
    }
    if region.uses_value() || region.dropped.is_some() || !region.escaping(name).is_empty() {
        return None;
    }
    let stmt = context.let_stmt()?;
    let value = stmt.initializer()?;
    let target = region.later_uses().first()?;
    if mentions_await(target) || mentions_await(value.syntax()) || stmt.let_else().is_some() {
        return None;
    }
    let passed: Vec<SyntaxNode> = stmt
        .syntax()
        .siblings(ra_ap_syntax::Direction::Next)
        .skip(1)
        .take_while(|it| it != target)
        .collect();
    // As late as it may be: where it would pass a `return`, right behind the await.
    let awaited = passed.iter().rposition(mentions_await).map_or(0, |at| at + 1);
    let may_pass = |stmts: &[SyntaxNode]| !stmts.iter().any(|it| may_change(it, value.syntax()));
    let place = match may_pass(&passed) {
        true => target,
        false => {
            passed.get(awaited).filter(|_| may_pass(passed.get(..awaited).unwrap_or(&passed)))?
        }
    };
    let at = place.text_range().start();
    let separator = match context.starts_line(at) {
        true => format!("{}{}", context.newline(), context.indent_at(at)),
        false => " ".to_owned(),
    };
    let text = format!("{}{separator}", stmt.syntax().text());
    let edits = vec![
        context.edit(context.rest_of_line(stmt.syntax().text_range()), ""),
        context.insert(at, text),
    ];
    let note = if context.holds_lock() {
        Some(format!("The lock is taken after the `.await`: `{name}` no longer spans it."))
    } else if is_harmless(value.syntax()) {
        None
    } else {
        Some(format!("`{}` now runs after the `.await`.", context.shorten(&text_of(&value))))
    };
    Some(Draft {
        id: "move_after_await",
        title: format!("Declare `{name}` after the `.await`"),
        note,
        variants: vec![edits],
        reach: Reach::Body,
        repairs: &[],
    })
}

fn text_of(value: &ast::Expr) -> String {
    value.syntax().text().to_string()
}

/// Whether a statement may change, or end, what the value is made of.
pub(super) fn may_change(stmt: &SyntaxNode, value: &SyntaxNode) -> bool {
    let parts = value.descendants().filter_map(ast::PathExpr::cast);
    let names: Vec<String> = parts.map(|it| it.syntax().text().to_string()).collect();
    let is_named = |node: &SyntaxNode| names.iter().any(|name| mentions(node, name));
    stmt.descendants().any(|node| {
        if let Some(binary) = ast::BinExpr::cast(node.clone()) {
            let assigns = matches!(binary.op_kind(), Some(ast::BinaryOp::Assignment { .. }));
            return assigns && binary.lhs().is_some_and(|it| is_named(it.syntax()));
        }
        let lends = ast::RefExpr::cast(node.clone()).is_some_and(|it| it.mut_token().is_some());
        let exits = matches!(
            node.kind(),
            SyntaxKind::RETURN_EXPR | SyntaxKind::BREAK_EXPR | SyntaxKind::CONTINUE_EXPR
        );
        (lends && is_named(&node)) || exits
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    #[test]
    fn moves_the_declaration() {
        check(
            "move_after_await",
            "std::sync::MutexGuard<'_, u8>",
            "
async fn f(log: M) {
    let mut $0log$0 = log.lock().unwrap();
    let page = load(\"größe\").$1await;
    log.push(page);
}
",
            "
async fn f(log: M) {
    let page = load(\"größe\").await;
    let mut log = log.lock().unwrap();
    log.push(page);
}
",
        );
    }

    #[test]
    fn stays_before_a_way_out() {
        check(
            "move_after_await",
            "std::sync::MutexGuard<'_, u8>",
            "
async fn f(log: M) -> Größe {
    let mut $0log$0 = log.lock().unwrap();
    let page = load().$1await;
    if page.is_empty() { return page; }
    log.push(page)
}
",
            "
async fn f(log: M) -> Größe {
    let page = load().await;
    let mut log = log.lock().unwrap();
    if page.is_empty() { return page; }
    log.push(page)
}
",
        );
        check_declines(
            "move_after_await",
            "Rc<i32>",
            "async fn f() { let $0rc$0 = Rc::new(1); if a { return; } io().$1await; g(&rc); }",
        );
    }

    #[test]
    fn a_temporary_that_the_variable_keeps() {
        check(
            "move_after_await",
            "Argument<'_>",
            "async fn f() { let text = $0format_args!(\"ü {x}\")$0; io().$1await; print!(\"{text}\"); }",
            "async fn f() { io().await; let text = format_args!(\"ü {x}\"); print!(\"{text}\"); }",
        );
        check_declines(
            "move_after_await",
            "Ref<'_, u8>",
            "async fn f() { let n = g($0c.borrow()$0); io().$1await; g(n); }",
        );
    }

    #[test]
    fn declines_when_needed_before_or_changed_between() {
        for code in [
            "async fn f() { let $0rc$0 = Rc::new(1); g(&rc); io().$1await; g(&rc); }",
            "async fn f() { let $0rc$0 = Rc::new(n); n += 1; io().$1await; g(&rc); }",
            "async fn f() { let $0rc$0 = Rc::new(1); io(&rc).$1await; }",
            "async fn f() { let $0rc$0 = Rc::new(1); io().$1await; }",
        ] {
            check_declines("move_after_await", "Rc<i32>", code);
        }
    }
}
