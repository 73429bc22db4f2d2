//! Fix: boxes a future that is awaited, so that the types of the closures in it are hidden.
//!
//! ```text
//! let sizes: Vec<_> = stream::iter(urls.iter())
//!     .map(|url| fetch(url))
//!     .buffered(4)
//!     .collect()
//!     .boxed()            // new
//!     .await;
//! ```
//!
//! The compiler forgets lifetimes when it looks into a coroutine, and then cannot prove that a
//! closure takes references of all of them. Behind the box it need not look: where the box is
//! made, it knows them still. Works with the `futures` crate, else with a cast. Known problem: one
//! allocation more each time.

use ra_ap_syntax::{
    AstNode,
    ast::{self},
};

use super::{
    Draft, FixContext, Reach,
    reachable::{Reached, reached},
};
use crate::problem::{Edit, Kind};

/// Every variant costs a run of the compiler.
const SITES_MAX: usize = 6;

/// Drafts `box_awaited_future`.
pub(super) fn box_awaited_future(context: &FixContext<'_>) -> Option<Draft> {
    if context.problem.kind != Kind::NotGeneralEnough {
        return None;
    }
    let bodies = reached(context);
    let sites: Vec<Vec<Edit>> = bodies
        .iter()
        .flat_map(|body| {
            let awaits = body.nodes::<ast::AwaitExpr>().filter(|it| holds_closure(it).is_some());
            awaits.filter_map(|it| boxed(body, &it)).collect::<Vec<_>>()
        })
        .take(SITES_MAX)
        .collect();
    let all: Vec<Edit> = distinct(&sites);
    let mut variants = sites.clone();
    if sites.len() > 1 {
        variants.push(all);
    }
    (!variants.is_empty()).then(|| Draft {
        id: "box_awaited_future",
        title: "Box the future before the `.await`".to_owned(),
        note: None,
        variants,
        reach: Reach::Workspace,
        repairs: &[],
    })
}

/// All edits together; an import that several sites need is written once.
fn distinct(sites: &[Vec<Edit>]) -> Vec<Edit> {
    let mut all: Vec<Edit> = Vec::new();
    for edit in sites.iter().flatten() {
        if !all.contains(edit) {
            all.push(edit.clone());
        }
    }
    all
}

/// The first closure in the awaited operand, those of inner async blocks aside.
fn holds_closure(awaited: &ast::AwaitExpr) -> Option<ast::ClosureExpr> {
    let operand = awaited.expr()?;
    let mut closures = operand.syntax().descendants().filter_map(ast::ClosureExpr::cast);
    closures.find(|it| {
        let between = it.syntax().ancestors().skip(1).take_while(|it| it != operand.syntax());
        between.filter_map(ast::BlockExpr::cast).all(|it| it.async_token().is_none())
    })
}

fn boxed(body: &Reached, awaited: &ast::AwaitExpr) -> Option<Vec<Edit>> {
    let operand = awaited.expr()?.syntax().text_range();
    let has_futures = body.root.text().to_string().contains("futures::");
    if has_futures && (body.imports("FutureExt") || body.import("futures::FutureExt").is_some()) {
        let dot = awaited.dot_token()?.text_range().start();
        let space: String = awaited
            .dot_token()?
            .prev_token()
            .filter(|it| it.kind().is_trivia() && it.text().contains('\n'))
            .map_or_else(String::new, |it| it.text().to_owned());
        let import = (!body.imports("FutureExt")).then(|| body.import("futures::FutureExt"));
        let call = body.insert(dot, format!(".boxed(){space}"));
        return Some(import.flatten().into_iter().chain([call]).collect());
    }
    let ty = "std::pin::Pin<Box<dyn std::future::Future<Output = _> + Send + '_>>";
    Some(vec![
        body.insert(operand.start(), "(Box::pin("),
        body.insert(operand.end(), format!(") as {ty})")),
    ])
}

#[cfg(test)]
mod tests {
    use crate::{
        fixes::tests::{check_declines, variants_of},
        problem::{Kind, Problem},
    };

    const ID: &str = "box_awaited_future";

    fn first(marked: &str) -> Option<String> {
        let general = |it: &mut Problem| it.kind = Kind::NotGeneralEnough;
        Some(variants_of(ID, marked, "T", general)?.swap_remove(0))
    }

    #[test]
    fn a_stream_that_is_collected() {
        let text = first(
            "use futures::StreamExt;
async fn größen(urls: Urls) -> Sizes {
    stream::iter(urls.iter())
        .map(|url| fetch(url))
        .collect()
        .await
}
fn go() { $0spawn(größen(urls()))$0 }",
        );
        let expected = "use futures::FutureExt;
use futures::StreamExt;
async fn größen(urls: Urls) -> Sizes {
    stream::iter(urls.iter())
        .map(|url| fetch(url))
        .collect()
        .boxed()
        .await
}
fn go() { spawn(größen(urls())) }";
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn a_cast_without_the_futures_crate() {
        let text = first("fn go() { $0spawn(async { all(ids.map(|id| get(id))).await })$0 }");
        let expected = "fn go() { spawn(async { (Box::pin(all(ids.map(|id| get(id)))) as \
                        std::pin::Pin<Box<dyn std::future::Future<Output = _> + Send + '_>>).await }) }";
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn declines_without_a_closure() {
        assert_eq!(first("fn go() { $0spawn(async { all(ids).await })$0 }"), None);
        check_declines(ID, "Rc<u8>", "async fn f() { $0x(|y| y)$0.$1await; }");
    }
}
