//! Fix: awaits before the temporary is made, when both stand in one expression.
//!
//! ```text
//! out.lock().unwrap().push(load().await);      let loaded = load().await;
//!                                              out.lock().unwrap().push(loaded);
//! ```
//!
//! The lock is then taken after the await, which is what was meant nearly always. Known problem:
//! the order of the two changes, so a lock that fails or a call with a side effect comes later
//! than before; the note says so.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self},
};

use super::{
    Draft, FixContext, Reach,
    chain::{free_name, name_of},
    context::has_ident,
    macro_body,
    place::Place,
};

/// Drafts `await_first`.
pub(super) fn await_first(context: &FixContext<'_>) -> Option<Draft> {
    if context.held.name.is_some() || context.problem.held.is_empty() {
        return None;
    }
    let value = context.value_node();
    let place = Place::of(&value)?;
    let awaited = awaited_after(&place, context)?;
    // The temporary itself may be an argument of the future.
    if awaited.iter().any(|it| it.syntax().text_range().contains_range(context.value)) {
        return None;
    }
    let is_logged = macro_around(&awaited, context).is_some_and(|it| macro_body::logs(&it));
    let around = context.surroundings(&value);
    let mut names: Vec<String> = Vec::new();
    let mut lets = Vec::new();
    let mut edits = Vec::new();
    for expr in &awaited {
        let future = future_of(expr);
        let field = field_of(expr).filter(|it| count(&around, it) == 1);
        let candidates = future.as_ref().and_then(name_of).into_iter();
        let candidates = field.clone().into_iter().chain(candidates);
        let name = free_name(candidates.chain(["awaited".to_owned()]), |name| {
            let is_taken = has_ident(&around, name) && field.as_deref() != Some(name);
            is_taken || names.iter().any(|known| known == name)
        });
        lets.push(format!("let {name} = {};", expr.syntax().text()));
        edits.push(context.edit(expr.syntax().text_range(), name.clone()));
        names.push(name);
    }
    edits.extend(place.insert(context, &lets));
    let future = future_of(awaited.first()?)?.syntax().text().to_string();
    let future = context.shorten(&future);
    let title = match context.held.macro_name() {
        Some(name) => format!("Await `{future}` before `{name}!`"),
        None => {
            format!("Await `{future}` before `{}` is made", context.shorten(&context.held.text))
        }
    };
    Some(Draft {
        id: "await_first",
        title,
        note: Some(match is_logged {
            true => "It is then awaited even where nothing is logged.".to_owned(),
            false => "The two swap their order.".to_owned(),
        }),
        variants: vec![edits],
        reach: Reach::Body,
        repairs: &[],
    })
}

/// The `.await` expressions of the statement behind the value, outermost, each with its `?`.
fn awaited_after(place: &Place, context: &FixContext<'_>) -> Option<Vec<ast::Expr>> {
    let mut awaited: Vec<ast::Expr> = Vec::new();
    // What a formatting macro makes of its arguments crosses the awaits among them.
    let in_macro = context.held.macro_name().is_some();
    for node in place.node().descendants() {
        let Some(expr) = ast::AwaitExpr::cast(node.clone()) else {
            continue;
        };
        if is_in_own_body(&node, place.node()) || is_conditional(&node, place.node()) {
            return None;
        }
        let question = node.parent().and_then(ast::TryExpr::cast);
        let expr = match question {
            Some(question) => ast::Expr::TryExpr(question),
            None => ast::Expr::AwaitExpr(expr),
        };
        let range = expr.syntax().text_range();
        let known: Vec<TextRange> = awaited.iter().map(|it| it.syntax().text_range()).collect();
        let is_inner = known.iter().any(|it| it.contains_range(range));
        let is_argument = in_macro && context.value.contains_range(range);
        if (range.start() >= context.value.end() || is_argument) && !is_inner {
            awaited.push(expr);
        } else if range.contains_range(context.value) {
            return None;
        }
    }
    (!awaited.is_empty()).then_some(awaited)
}

/// `field = load().await` names the field of an event, or an argument of a format string.
fn field_of(expr: &ast::Expr) -> Option<String> {
    let assignment = ast::BinExpr::cast(expr.syntax().parent()?)?;
    let is_plain = assignment.op_kind() == Some(ast::BinaryOp::Assignment { op: None });
    let ast::Expr::PathExpr(field) = assignment.lhs().filter(|_| is_plain)? else { return None };
    let name = field.syntax().text().to_string();
    name.chars().all(|c| c == '_' || c.is_alphanumeric()).then_some(name)
}

/// How often a subtree has an identifier.
fn count(node: &SyntaxNode, name: &str) -> usize {
    let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
    tokens.filter(|it| it.kind() == SyntaxKind::IDENT && it.text() == name).count()
}

/// The path of the macro among whose arguments an await stands.
fn macro_around(awaited: &[ast::Expr], context: &FixContext<'_>) -> Option<String> {
    let range = awaited.first()?.syntax().text_range();
    let real = context.world.tree(context.file)?;
    let element = real.text_range().contains_range(range).then(|| real.covering_element(range))?;
    let call = element.ancestors().find_map(ast::MacroCall::cast)?;
    Some(call.path()?.syntax().text().to_string())
}

/// Closures, async blocks and nested statements await in their own time.
fn is_in_own_body(node: &SyntaxNode, place: &SyntaxNode) -> bool {
    node.ancestors()
        .take_while(|it| it != place)
        .any(|it| matches!(it.kind(), SyntaxKind::STMT_LIST | SyntaxKind::CLOSURE_EXPR))
}

/// An await that runs only sometimes must not run always.
fn is_conditional(node: &SyntaxNode, place: &SyntaxNode) -> bool {
    node.ancestors().take_while(|it| it != place).any(|it| {
        let logic = ast::BinExpr::cast(it.clone()).and_then(|it| it.op_kind());
        matches!(logic, Some(ast::BinaryOp::LogicOp(_)))
            || matches!(it.kind(), SyntaxKind::MATCH_ARM | SyntaxKind::MATCH_GUARD)
    })
}

fn future_of(expr: &ast::Expr) -> Option<ast::Expr> {
    match expr {
        ast::Expr::TryExpr(it) => future_of(&it.expr()?),
        ast::Expr::AwaitExpr(it) => it.expr(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

    #[test]
    fn argument() {
        check(
            "await_first",
            GUARD,
            "
async fn f(out: M) -> Result<(), E> {
    // größer
    $0out.lock().unwrap()$0.push(fetch_page(\"ż\").$1await?);
    Ok(())
}
",
            "
async fn f(out: M) -> Result<(), E> {
    // größer
    let page = fetch_page(\"ż\").await?;
    out.lock().unwrap().push(page);
    Ok(())
}
",
        );
    }

    #[test]
    fn arguments_of_formatting_macros() {
        check(
            "await_first",
            GUARD,
            "async fn f(m: M) { println!(\"ü {} {}\", $0m.lock().unwrap()$0, fetch_count(&m).$1await); }",
            "async fn f(m: M) { let count = fetch_count(&m).await; println!(\"ü {} {}\", m.lock().unwrap(), count); }",
        );
        check(
            "await_first",
            "Arguments<'_>",
            "
async fn f() {
    $0tracing::info!(target: \"ü\", ?größe, size = read().$1await?, %name, \"ü\")$0;
}
",
            "
async fn f() {
    let size = read().await?;
    tracing::info!(target: \"ü\", ?größe, size = size, %name, \"ü\");
}
",
        );
        check(
            "await_first",
            GUARD,
            "async fn f(m: M) { write!($0m.lock().unwrap()$0, \"{}\", read_ü().$1await).unwrap(); }",
            "async fn f(m: M) { let ü = read_ü().await; write!(m.lock().unwrap(), \"{}\", ü).unwrap(); }",
        );
    }

    #[test]
    fn declines_when_the_value_is_an_argument_or_the_await_conditional() {
        for code in [
            "async fn f(m: M) { num(*$0m.lock().unwrap()$0).$1await; }",
            "async fn f(m: M) { let b = *$0m.lock().unwrap()$0 || num().$1await; }",
        ] {
            check_declines("await_first", GUARD, code);
        }
    }
}
