//! Fix: keeps the text of an error across the await, not the error.
//!
//! ```text
//! match load() {                      match load().map_err(|error| error.to_string()) {
//!     Ok(page) => show(page),             Ok(page) => show(page),
//!     Err(e) => log(e).await,             Err(e) => log(e).await,
//! }                                   }
//! ```
//!
//! For errors whose type is not ours to change. Known problem: the error's source and type are
//! lost; where they are needed later the compiler refuses.

use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self},
};

use super::{Draft, FixContext, Reach};

/// Drafts `stringify_error_before_await`.
pub(super) fn stringify_error_before_await(context: &FixContext<'_>) -> Option<Draft> {
    let ty = context.held.ty.as_deref()?;
    let is_error = ty.contains("Error") || ty.contains("dyn std::any::Any");
    let is_result = ty.split('<').next()?.ends_with("Result");
    if !is_error {
        return None;
    }
    let fallible = if is_result { result_expr(context)? } else { source_of_binding(context)? };
    let text = "map_err(|error| error.to_string())";
    if fallible.syntax().text().to_string().contains(".map_err(") {
        return None;
    }
    let range = fallible.syntax().text_range();
    let edits = match fallible {
        ast::Expr::MethodCallExpr(_)
        | ast::Expr::CallExpr(_)
        | ast::Expr::PathExpr(_)
        | ast::Expr::AwaitExpr(_)
        | ast::Expr::MacroExpr(_)
        | ast::Expr::FieldExpr(_) => vec![context.insert(range.end(), format!(".{text}"))],
        _ => vec![
            context.insert(range.start(), "("),
            context.insert(range.end(), format!(").{text}")),
        ],
    };
    let what = context.shorten(&context.held.text);
    Some(Draft {
        id: "stringify_error_before_await",
        title: match is_result {
            true => format!("Keep only the text of the error in `{what}`"),
            false => format!("Keep only the text of `{what}`"),
        },
        note: Some("The error's type and its source are lost.".to_owned()),
        variants: vec![edits],
        reach: Reach::Body,
        repairs: &[],
    })
}

/// The expression that gives the held `Result`: the scrutinee, or what a `let` is set to.
fn result_expr(context: &FixContext<'_>) -> Option<ast::Expr> {
    match context.held.name {
        None => context.value_expr(),
        Some(_) => context.let_stmt()?.initializer(),
    }
}

/// `Err(e)`: what is matched on.
fn source_of_binding(context: &FixContext<'_>) -> Option<ast::Expr> {
    let binding = context.value_node().ancestors().find_map(ast::IdentPat::cast)?;
    let pattern = binding.syntax().ancestors().find_map(ast::TupleStructPat::cast)?;
    if pattern.path()?.syntax().text() != "Err" {
        return None;
    }
    pattern.syntax().ancestors().find_map(|node| matched(&node))
}

fn matched(node: &SyntaxNode) -> Option<ast::Expr> {
    if let Some(it) = ast::MatchExpr::cast(node.clone()) {
        return it.expr();
    }
    if let Some(it) = ast::LetExpr::cast(node.clone()) {
        return it.expr();
    }
    ast::LetStmt::cast(node.clone())?.initializer()
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "stringify_error_before_await";

    #[test]
    fn binding_of_an_arm() {
        check(
            ID,
            "Box<dyn std::error::Error>",
            "
async fn f() {
    match load(\"größe\") {
        Ok(_) => {}
        Err($0e$0) => log(e).$1await,
    }
}
",
            "
async fn f() {
    match load(\"größe\").map_err(|error| error.to_string()) {
        Ok(_) => {}
        Err(e) => log(e).await,
    }
}
",
        );
    }

    #[test]
    fn named_result() {
        check(
            ID,
            "Result<u8, Box<dyn std::error::Error>>",
            "async fn f() { let $0r$0 = load(); io().$1await; show(r); }",
            "async fn f() { let r = load().map_err(|error| error.to_string()); io().await; show(r); }",
        );
    }

    #[test]
    fn declines_for_other_types() {
        check_declines(ID, "Rc<u8>", "async fn f() { let $0r$0 = a(); io().$1await; b(r); }");
    }
}
