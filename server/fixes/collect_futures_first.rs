//! Fix: a stream of futures that a closure makes becomes a stream of futures that are made already.
//!
//! ```text
//! stream::iter(urls.iter())                   stream::iter(urls.iter()
//!     .map(|url| fetch(url))                      .map(|url| fetch(url))
//!     .buffered(4)                                .collect::<Vec<_>>())
//!                                                 .buffered(4)
//! ```
//!
//! The closure is then gone before the `.await`, so the compiler need not prove anything about it.
//! Futures do nothing before they are polled, so no more of them run at once than before. Known
//! problem: the closure itself runs for all items at the start; the note says so.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasArgList},
};

use super::{
    Draft, FixContext, Reach,
    reachable::{Reached, reached},
};
use crate::problem::{Edit, Kind};

/// Drafts `collect_futures_first`.
pub(super) fn collect_futures_first(context: &FixContext<'_>) -> Option<Draft> {
    if context.problem.kind != Kind::NotGeneralEnough {
        return None;
    }
    let bodies = reached(context);
    let edits: Vec<Edit> = bodies.iter().flat_map(in_body).collect();
    (!edits.is_empty()).then(|| Draft {
        id: "collect_futures_first",
        title: "Make all futures before the first `.await`".to_owned(),
        note: Some("The closure then runs for all items before the first future is polled.".into()),
        variants: vec![edits],
        reach: Reach::Workspace,
        repairs: &[],
    })
}

fn in_body(body: &Reached) -> Vec<Edit> {
    let maps = body.nodes::<ast::MethodCallExpr>().filter_map(|map| mapped(body, &map));
    maps.flatten().collect()
}

/// `stream::iter(ITEMS).map(|item| ..)`.
fn mapped(body: &Reached, map: &ast::MethodCallExpr) -> Option<Vec<Edit>> {
    let is_map = map.name_ref()?.text() == "map";
    let closure = map.arg_list()?.args().next()?;
    let ast::Expr::CallExpr(source) = map.receiver()? else { return None };
    let callee = source.expr()?.syntax().text().to_string();
    let is_stream = callee.ends_with("stream::iter") || callee.ends_with("stream_iter");
    let runs_many = ast::MethodCallExpr::cast(map.syntax().parent()?)
        .and_then(|it| it.name_ref())
        .is_some_and(|it| it.text().starts_with("buffer"));
    if !is_map || !is_stream || !runs_many || !matches!(closure, ast::Expr::ClosureExpr(_)) {
        return None;
    }
    let items = source.arg_list()?.args().next()?;
    let close = source.arg_list()?.r_paren_token()?.text_range();
    let range = items.syntax().text_range();
    let (before, after) = match &items {
        ast::Expr::MethodCallExpr(call) if is_iterator(call) => ("", ""),
        ast::Expr::PathExpr(_) | ast::Expr::FieldExpr(_) | ast::Expr::MethodCallExpr(_) => {
            ("", ".into_iter()")
        }
        ast::Expr::CallExpr(_) | ast::Expr::MacroExpr(_) => ("", ".into_iter()"),
        _ => ("(", ").into_iter()"),
    };
    let mut edits = vec![
        body.edit(close, after),
        body.insert(map.syntax().text_range().end(), ".collect::<Vec<_>>())"),
    ];
    if !before.is_empty() {
        edits.insert(0, body.insert(range.start(), before));
    }
    Some(edits)
}

fn is_iterator(call: &ast::MethodCallExpr) -> bool {
    const KNOWN: &[&str] = &[
        "iter",
        "into_iter",
        "iter_mut",
        "map",
        "filter",
        "filter_map",
        "enumerate",
        "zip",
        "chain",
        "cloned",
        "copied",
        "rev",
        "skip",
        "take",
        "keys",
        "values",
        "drain",
        "chars",
        "lines",
        "chunks",
        "flat_map",
        "flatten",
        "split_whitespace",
    ];
    call.name_ref().is_some_and(|it| KNOWN.contains(&it.text()))
}

#[cfg(test)]
mod tests {
    use crate::{
        fixes::tests::variants_of,
        problem::{Kind, Problem},
    };

    fn first(marked: &str) -> Option<String> {
        let general = |it: &mut Problem| it.kind = Kind::NotGeneralEnough;
        Some(variants_of("collect_futures_first", marked, "T", general)?.swap_remove(0))
    }

    #[test]
    fn streams_of_futures() {
        for (before, after) in [
            (
                "stream::iter(größen.iter()).map(|x| f(x))",
                "stream::iter(größen.iter().map(|x| f(x)).collect::<Vec<_>>())",
            ),
            (
                "stream::iter(docs).map(|x| f(x))",
                "stream::iter(docs.into_iter().map(|x| f(x)).collect::<Vec<_>>())",
            ),
            (
                "stream::iter(&docs).map(|x| f(x))",
                "stream::iter((&docs).into_iter().map(|x| f(x)).collect::<Vec<_>>())",
            ),
        ] {
            let code = |chain: &str, mark: &str| {
                format!(
                    "fn go() {{ {mark}spawn(async {{ {chain}.buffered(2).count().await }}){mark} }}"
                )
            };
            assert_eq!(first(&code(before, "$0")), Some(code(after, "")), "{before}");
        }
    }

    #[test]
    fn declines_for_streams_of_values() {
        for chain in ["stream::iter(a).map(|x| f(x))", "rx.map(|x| f(x)).buffered(2)"] {
            let code = format!("fn go() {{ $0spawn(async {{ {chain}.count().await }})$0 }}");
            assert_eq!(first(&code), None, "{chain}");
        }
    }
}
