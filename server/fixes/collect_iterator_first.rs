//! Fix: runs an iterator to its end before the loop that awaits.
//!
//! ```text
//! for arg in std::env::args() {       for arg in std::env::args().collect::<Vec<_>>() {
//!     run(arg).await;                     run(arg).await;
//! }                                   }
//! ```
//!
//! Declines for iterators that wait for others (channels, standard input): they may have no end.
//! Known problem: a lazy iterator does all its work, side effects included, before the first
//! turn of the loop; the note says so.

use ra_ap_syntax::{
    AstNode,
    ast::{self},
};

use super::{Draft, FixContext, Reach, context::mentions_await, reachable::reached};
use crate::problem::{Edit, Kind};

/// Drafts `collect_iterator_first`.
pub(super) fn collect_iterator_first(context: &FixContext<'_>) -> Option<Draft> {
    if context.problem.kind == Kind::NotGeneralEnough {
        return in_reached_loops(context);
    }
    let ty = context.held.ty.as_deref()?;
    if ["mpsc", "Stdin", "Lines", "Incoming"].iter().any(|it| ty.contains(it)) {
        return None;
    }
    let (iterator, tail) = match context.held.name {
        None => {
            let value = context.value_expr()?;
            let parent = value.syntax().parent().and_then(ast::ForExpr::cast)?;
            (parent.iterable().filter(|it| *it == value)?, "")
        }
        Some(_) if is_iterator(ty) => (context.let_stmt()?.initializer()?, ".into_iter()"),
        Some(_) => return None,
    };
    let range = iterator.syntax().text_range();
    let collected = format!(".collect::<Vec<_>>(){tail}");
    Some(Draft {
        id: "collect_iterator_first",
        title: format!("Collect `{}` before the `.await`", context.shorten(&context.held.text)),
        note: Some("The iterator does all its work before the first turn of the loop.".to_owned()),
        variants: vec![vec![context.insert(range.end(), collected)]],
        reach: Reach::Body,
        repairs: &[],
    })
}

/// Where no lifetime is general enough, no value is named: it is an iterator with a closure that
/// some loop keeps across an `.await`.
fn in_reached_loops(context: &FixContext<'_>) -> Option<Draft> {
    let bodies = reached(context);
    let loops = bodies.iter().flat_map(|body| {
        let loops = body.nodes::<ast::ForExpr>().filter_map(|it| {
            let iterable = it.iterable().filter(|_| mentions_await(it.syntax()))?;
            let end = iterable.syntax().text_range().end();
            is_lazy(&iterable).then(|| body.insert(end, ".collect::<Vec<_>>()"))
        });
        loops.collect::<Vec<_>>()
    });
    let edits: Vec<Edit> = loops.collect();
    (!edits.is_empty()).then(|| Draft {
        id: "collect_iterator_first",
        title: "Collect the iterator before the loop that awaits".to_owned(),
        note: Some("The iterator does all its work before the first turn of the loop.".to_owned()),
        variants: vec![edits],
        reach: Reach::Workspace,
        repairs: &[],
    })
}

/// A chain of methods with a closure in it, or a variable that was made by one.
fn is_lazy(iterable: &ast::Expr) -> bool {
    let has_closure =
        |it: &ast::Expr| it.syntax().descendants().any(|it| ast::ClosureExpr::can_cast(it.kind()));
    match iterable {
        ast::Expr::MethodCallExpr(_) => has_closure(iterable),
        ast::Expr::PathExpr(path) => {
            let name = path.syntax().text().to_string();
            let around = path.syntax().ancestors().filter_map(ast::StmtList::cast);
            let mut lets = around.flat_map(|it| it.statements()).filter_map(|it| match it {
                ast::Stmt::LetStmt(it) if it.pat()?.syntax().text() == name.as_str() => Some(it),
                _ => None,
            });
            let made = lets.next().and_then(|it| it.initializer());
            made.is_some_and(|it| matches!(it, ast::Expr::MethodCallExpr(_)) && has_closure(&it))
        }
        _ => false,
    }
}

fn is_iterator(ty: &str) -> bool {
    let head = ty.split('<').next().unwrap_or_default();
    let name = head.rsplit("::").next().unwrap_or_default();
    ty.contains("dyn Iterator")
        || ty.contains("impl Iterator")
        || ty.contains("::iter::")
        || matches!(name, "Args" | "ArgsOs" | "Iter" | "IntoIter" | "Map" | "Filter" | "Vars")
}

#[cfg(test)]
mod tests {
    use crate::{
        fixes::tests::{check, check_declines, variants_of},
        problem::{Kind, Problem},
    };

    #[test]
    fn loops_that_no_lifetime_is_general_enough_for() {
        let general = |it: &mut Problem| it.kind = Kind::NotGeneralEnough;
        let text = "async fn größen(m: M) { let all = m.iter().map(|x| x); for x in all { w(x).await; } } fn go() { $0spawn(größen(m))$0 }";
        let all = variants_of("collect_iterator_first", text, "T", general).unwrap();
        assert!(all[0].contains("for x in all.collect::<Vec<_>>() { w(x)"), "{}", all[0]);
        let plain = text.replace(".map(|x| x)", "");
        assert_eq!(variants_of("collect_iterator_first", &plain, "T", general), None);
    }

    #[test]
    fn iterable_of_a_for() {
        check(
            "collect_iterator_first",
            "Box<dyn Iterator<Item = u8>>",
            "async fn f() { for größe in $0numbers()$0 { io(größe).$1await; } }",
            "async fn f() { for größe in numbers().collect::<Vec<_>>() { io(größe).await; } }",
        );
    }

    #[test]
    fn named_iterator() {
        check(
            "collect_iterator_first",
            "std::env::Args",
            "async fn f() { let mut $0it$0 = args(); while let Some(a) = it.next() { io(a).$1await; } }",
            "async fn f() { let mut it = args().collect::<Vec<_>>().into_iter(); while let Some(a) = it.next() { io(a).await; } }",
        );
    }

    #[test]
    fn declines_for_channels() {
        check_declines(
            "collect_iterator_first",
            "std::sync::mpsc::IntoIter<u8>",
            "async fn f() { for a in $0rx$0 { io(a).$1await; } }",
        );
    }
}
