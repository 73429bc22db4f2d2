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

use super::{Draft, FixContext, Reach};

/// Drafts `collect_iterator_first`.
pub(super) fn collect_iterator_first(context: &FixContext<'_>) -> Option<Draft> {
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
    use crate::fixes::tests::{check, check_declines};

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
