//! Fix: asks a channel, or standard input, for the next item in each turn of a loop that awaits,
//! so that no iterator is kept.
//!
//! ```text
//! for job in rx.iter() {                while let Ok(job) = rx.recv() {
//!     run(job).await;                       run(job).await;
//! }                                     }
//! ```
//!
//! `iter()` itself does no more than that. Of standard input each turn takes the lock for one
//! line. Declines for other iterators: they know where they are. Known problem: between two turns
//! others may read lines, too; the note says so.

use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasLoopBody},
};

use super::{Draft, FixContext, Reach};
use crate::problem::Edit;

/// Drafts `take_next_in_each_turn`.
pub(super) fn take_next_in_each_turn(context: &FixContext<'_>) -> Option<Draft> {
    let ty = context.held.ty.as_deref().filter(|_| context.held.name.is_none())?;
    let value = context.value_expr()?;
    let looped = ast::ForExpr::cast(value.syntax().parent()?)?;
    looped.iterable().filter(|it| *it == value)?;
    let head = ty.split('<').next().unwrap_or_default();
    let (edits, what, note) = if head.ends_with("mpsc::Iter") {
        (receive(context, &looped, &value, "recv")?, "Receive", None)
    } else if head.ends_with("mpsc::TryIter") {
        (receive(context, &looped, &value, "try_recv")?, "Receive", None)
    } else if head.ends_with("Lines") && ty.contains("StdinLock") {
        let note = "The lock of standard input is let go between two lines: others may read them.";
        (next_line(context, &looped, &value)?, "Read", Some(note.to_owned()))
    } else {
        return None;
    };
    Some(Draft {
        id: "take_next_in_each_turn",
        title: format!(
            "{what} from `{}` in each turn of the loop",
            context.shorten(&source_of(&value).syntax().text().to_string())
        ),
        note,
        variants: vec![edits],
        reach: Reach::Body,
        repairs: &[],
    })
}

/// What the items come from: `rx` of `rx.iter()` and of `&rx`.
fn source_of(value: &ast::Expr) -> ast::Expr {
    match value {
        ast::Expr::MethodCallExpr(it) => it.receiver().unwrap_or_else(|| value.clone()),
        ast::Expr::RefExpr(it) => it.expr().unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    }
}

/// `for x in rx.iter()` to `while let Ok(x) = rx.recv()`.
fn receive(
    context: &FixContext<'_>,
    looped: &ast::ForExpr,
    value: &ast::Expr,
    method: &str,
) -> Option<Vec<Edit>> {
    let source = source_of(value);
    // What is computed anew in each turn must be the same.
    let is_place = matches!(source, ast::Expr::PathExpr(_) | ast::Expr::FieldExpr(_));
    let head =
        TextRange::new(looped.for_token()?.text_range().start(), value.syntax().text_range().end());
    let pattern = looped.pat()?.syntax().text().to_string();
    let source = source.syntax().text().to_string();
    let text = format!("while let Ok({pattern}) = {source}.{method}()");
    is_place.then(|| vec![context.edit(head, text)])
}

/// `for line in stdin().lines()` to a `loop` with a `let .. else`, which lets the lock go.
fn next_line(
    context: &FixContext<'_>,
    looped: &ast::ForExpr,
    value: &ast::Expr,
) -> Option<Vec<Edit>> {
    let body = looped.loop_body()?.stmt_list()?;
    let open = body.l_curly_token()?.text_range();
    let head = TextRange::new(looped.for_token()?.text_range().start(), open.end());
    let pattern = looped.pat()?.syntax().text().to_string();
    let lock = lock_of(context, looped, value);
    let value_text = match &lock {
        Some((stdin, _)) => format!("{stdin}.lines()"),
        None => value.syntax().text().to_string(),
    };
    // Only the whole of standard input: a count or a peek would begin anew.
    let is_lines = ast::MethodCallExpr::cast(value.syntax().clone())
        .and_then(|it| it.name_ref())
        .is_some_and(|it| it.text() == "lines");
    let is_fresh = value_text.contains("stdin()");
    let line = format!("let Some({pattern}) = {value_text}.next() else {{ break }};");
    let after = context.text.get(usize::from(open.end())..)?;
    let separator = match after.trim_start_matches([' ', '\t', '\r']).starts_with('\n') {
        true => {
            let indent = context.indent_at(head.start());
            format!("{}{indent}{}", context.newline(), context.indent_step())
        }
        false => " ".to_owned(),
    };
    let mut edits = vec![context.edit(head, format!("loop {{{separator}{line}"))];
    if let Some((_, stmt)) = lock {
        edits.push(context.edit(context.rest_of_line(stmt.syntax().text_range()), ""));
    }
    (is_lines && is_fresh).then_some(edits)
}

/// `let lock = io::stdin().lock();` that only this loop uses: standard input, and the statement.
fn lock_of(
    context: &FixContext<'_>,
    looped: &ast::ForExpr,
    value: &ast::Expr,
) -> Option<(String, ast::LetStmt)> {
    let name = source_of(value).syntax().text().to_string();
    let list = looped.syntax().ancestors().find_map(ast::StmtList::cast)?;
    let stmt = list.statements().find_map(|it| match it {
        ast::Stmt::LetStmt(it) => {
            let pattern = it.pat()?.syntax().text().to_string();
            (pattern.trim_start_matches("mut ") == name).then_some(it)
        }
        _ => None,
    })?;
    let made = stmt.initializer()?.syntax().text().to_string();
    let stdin = made.strip_suffix(".lock()").unwrap_or(&made);
    let around = context.surroundings(looped.syntax());
    let uses = around.descendants().filter_map(ast::PathExpr::cast);
    let is_only = uses.filter(|it| it.syntax().text() == name.as_str()).count() == 1;
    (is_only && stdin.ends_with("stdin()")).then(|| (stdin.to_owned(), stmt))
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "take_next_in_each_turn";

    #[test]
    fn channels() {
        check(
            ID,
            "std::sync::mpsc::Iter<'_, Größe>",
            "async fn f(rx: R) { for Größe { x, .. } in $0rx.iter()$0 { io(x).$1await; } }",
            "async fn f(rx: R) { while let Ok(Größe { x, .. }) = rx.recv() { io(x).await; } }",
        );
        check(
            ID,
            "std::sync::mpsc::TryIter<'_, u8>",
            "async fn f(&self) { 'a: for x in $0self.rx.try_iter()$0 { io(x).$1await; } }",
            "async fn f(&self) { 'a: while let Ok(x) = self.rx.try_recv() { io(x).await; } }",
        );
    }

    #[test]
    fn lines_of_standard_input() {
        check(
            ID,
            "std::io::Lines<StdinLock<'_>>",
            "
async fn f() {
    for line in $0io::stdin().lines()$0 {
        send(\"ü\", line?).$1await;
    }
}",
            "
async fn f() {
    loop {
        let Some(line) = io::stdin().lines().next() else { break };
        send(\"ü\", line?).await;
    }
}",
        );
    }

    #[test]
    fn a_lock_that_only_the_loop_uses() {
        let code = "
async fn f() {
    let größe = std::io::stdin().lock();
    for line in $0größe.lines()$0 {
        send(line).$1await;
    }
}";
        check(
            ID,
            "std::io::Lines<StdinLock<'_>>",
            code,
            "
async fn f() {
    loop {
        let Some(line) = std::io::stdin().lines().next() else { break };
        send(line).await;
    }
}",
        );
        let used = code.replace("    for", "    größe.read();\n    for");
        check_declines(ID, "std::io::Lines<StdinLock<'_>>", &used);
    }

    #[test]
    fn declines_for_what_would_begin_anew() {
        for (ty, value) in [
            ("std::sync::mpsc::Iter<'_, u8>", "make().iter()"),
            ("std::io::Lines<StdinLock<'_>>", "lock.lines()"),
            ("std::slice::Iter<'_, Cell<u8>>", "cells.iter()"),
            ("Take<std::sync::mpsc::Iter<'_, u8>>", "rx.iter().take(3)"),
        ] {
            let text = format!("async fn f() {{ for x in $0{value}$0 {{ io(x).$1await; }} }}");
            check_declines(ID, ty, &text);
        }
    }
}
