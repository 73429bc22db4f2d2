//! Fix: locks standard input for one line, in each turn of the loop that awaits.
//!
//! ```text
//! let stdin = io::stdin().lock();         loop {
//! for line in stdin.lines() {                 let Some(line) = io::stdin().lines().next() else { break };
//!     send(line?).await;                      send(line?).await;
//! }                                       }
//! ```
//!
//! The buffer belongs to standard input and not to the lock, so no line is lost. Declines for
//! iterators with adapters, and where the lock is used elsewhere. Known problem: waiting for a
//! line still blocks the thread, as it did before.

use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasLoopBody},
};

use super::{
    Draft, FixContext, Reach,
    context::{has_ident, mentions},
    region::is_stmt_or_tail,
};
use crate::problem::Edit;

/// Drafts `lock_stdin_in_each_turn`.
pub(super) fn lock_stdin_in_each_turn(context: &FixContext<'_>) -> Option<Draft> {
    context.held.ty.as_deref().filter(|ty| ty.contains("StdinLock"))?;
    let for_ = looped(context)?;
    let (stdin, declaration) = source(context, &for_)?;
    let body = for_.loop_body()?.stmt_list()?;
    let first = body.syntax().children().find(is_stmt_or_tail)?;
    let at = first.text_range().start();
    let separator = match context.starts_line(at) {
        true => format!("{}{}", context.newline(), context.indent_at(at)),
        false => " ".to_owned(),
    };
    let pattern = for_.pat()?.syntax().text().to_string();
    let head = TextRange::new(
        for_.for_token()?.text_range().start(),
        for_.iterable()?.syntax().text_range().end(),
    );
    let open = body.l_curly_token()?.text_range().end();
    let next = format!("{separator}let Some({pattern}) = {stdin}.lines().next() else {{ break }};");
    let mut edits: Vec<Edit> = vec![context.edit(head, "loop"), context.insert(open, next)];
    if let Some(stmt) = declaration {
        let range = context.rest_of_line(stmt.syntax().text_range());
        edits.push(context.edit(range, ""));
    }
    Some(Draft {
        id: "lock_stdin_in_each_turn",
        title: "Lock standard input in each turn of the loop".to_owned(),
        note: Some("What others read from standard input in between is missed here.".to_owned()),
        variants: vec![edits],
        reach: Reach::Body,
        repairs: &[],
    })
}

/// The loop whose iterator is the lock or is made of it.
fn looped(context: &FixContext<'_>) -> Option<ast::ForExpr> {
    let node = context.value_node();
    let around = node.ancestors().find_map(ast::ForExpr::cast).filter(|it| {
        let iterable = it.iterable();
        iterable.is_some_and(|it| it.syntax().text_range().contains_range(context.value))
    });
    around.or_else(|| {
        let name = context.held.name.as_deref()?;
        let mut later = context.let_stmt()?.syntax().parent()?.descendants();
        later.find_map(|it| {
            ast::ForExpr::cast(it)
                .filter(|it| it.iterable().is_some_and(|it| mentions(it.syntax(), name)))
        })
    })
}

/// How standard input is written, and the variable that holds its lock.
fn source(context: &FixContext<'_>, for_: &ast::ForExpr) -> Option<(String, Option<ast::LetStmt>)> {
    let ast::Expr::MethodCallExpr(lines) = for_.iterable()? else { return None };
    lines.name_ref().filter(|it| it.text() == "lines")?;
    let receiver = lines.receiver()?;
    if let Some(stdin) = stdin(&receiver) {
        return Some((stdin, None));
    }
    let name = receiver.syntax().text().to_string();
    let list = for_.syntax().ancestors().find_map(ast::StmtList::cast)?;
    let declares = |it: &ast::LetStmt| {
        it.pat().is_some_and(|it| it.syntax().text().to_string().trim_start_matches("mut ") == name)
    };
    let stmt = list.statements().find_map(|it| match it {
        ast::Stmt::LetStmt(it) => Some(it).filter(declares),
        _ => None,
    })?;
    let stdin = stdin(&stmt.initializer()?)?;
    let around = context.surroundings(for_.syntax());
    let uses = around.descendants().filter_map(ast::PathExpr::cast);
    let is_only = uses.filter(|it| it.syntax().text() == name.as_str()).count() == 1;
    let in_loop = for_.loop_body().is_some_and(|it| has_ident(it.syntax(), &name));
    (is_only && !in_loop).then_some((stdin, Some(stmt)))
}

/// `io::stdin()`, of that or of `io::stdin().lock()`.
fn stdin(expr: &ast::Expr) -> Option<String> {
    let text = expr.syntax().text().to_string();
    let text = text.strip_suffix(".lock()").unwrap_or(&text);
    let path = text.strip_suffix("()")?;
    let is_path = path.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
    (is_path && path.rsplit("::").next() == Some("stdin")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "lock_stdin_in_each_turn";
    const TY: &str = "std::io::Lines<StdinLock<'_>>";

    #[test]
    fn a_lock_around_the_loop() {
        check(
            ID,
            TY,
            "
async fn f(tx: Tx) {
    let stdin = std::io::stdin().lock();
    for größe in $0stdin.lines()$0 {
        tx.send(größe).$1await;
    }
}
",
            "
async fn f(tx: Tx) {
    loop {
        let Some(größe) = std::io::stdin().lines().next() else { break };
        tx.send(größe).await;
    }
}
",
        );
    }

    #[test]
    fn a_lock_in_the_head() {
        check(
            ID,
            TY,
            "async fn f() { 'a: for line in $0io::stdin().lock().lines()$0 { io(line).$1await; } }",
            "async fn f() { 'a: loop { let Some(line) = io::stdin().lines().next() else { break }; io(line).await; } }",
        );
    }

    #[test]
    fn declines() {
        for code in [
            "async fn f() { for line in $0stdin().lines().enumerate()$0 { io(line).$1await; } }",
            "async fn f() { let mut s = stdin().lock(); s.read(); for line in $0s.lines()$0 { io(line).$1await; } }",
            "async fn f(s: Größe) { for line in $0s.lines()$0 { io(line).$1await; } }",
        ] {
            check_declines(ID, TY, code);
        }
    }
}
