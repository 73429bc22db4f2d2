//! Fix: a recursive `async fn` states in its signature that its future is `Send`.
//!
//! ```text
//! async fn crawl(depth: u32) {            fn crawl(depth: u32) -> impl Future<Output = ()> + Send {
//!     tokio::spawn(crawl(depth - 1));         async move {
//! }                                               tokio::spawn(crawl(depth - 1));
//!                                             }
//!                                         }
//! ```
//!
//! A fn that returns an `impl Future` already only gets the bound.
//! The compiler then has a promise to rely on where it would have to look into the type that it
//! is just computing. Callers stay as they are. Declines for the fns of traits and their
//! implementations, under attribute macros, and where an argument is not used: an `async fn`
//! keeps it until the end, an `async move` block does not.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasAttrs, HasName},
};

use super::{
    Draft, FixContext, Reach,
    async_move::async_move,
    context::mentions,
    make_trait_future_send::promised,
    region::is_stmt_or_tail,
    return_send_future::{is_inert, is_of_trait, signature::signatures},
};
use crate::problem::{Edit, Kind};

/// Drafts `promise_send_future`.
pub(super) fn promise_send_future(context: &FixContext<'_>) -> Option<Draft> {
    let is_recursion = context.problem.kind == Kind::Other
        && context.problem.held.is_empty()
        && context.problem.future.what.contains("recursive");
    if !is_recursion {
        return None;
    }
    let mut around = context.value_node().ancestors().filter_map(ast::Fn::cast);
    let func = around.find(gives_future)?;
    let name = func.name()?.text().to_string();
    // Of two fns that call each other the promise of one may not be enough.
    let called = called_fn(context, &name);
    let mut variants = rewrite(context, &func);
    if let Some(called) = called {
        let others = rewrite(context, &called);
        let pairs: Vec<Vec<Edit>> = variants
            .iter()
            .flat_map(|own| others.iter().map(|it| own.iter().chain(it).cloned().collect()))
            .collect();
        variants.extend(others);
        variants.extend(pairs);
    }
    (!variants.is_empty()).then(|| Draft {
        id: "promise_send_future",
        title: format!("Let `{name}` promise that its future is `Send`"),
        note: None,
        variants,
        reach: Reach::Workspace,
        repairs: &[],
    })
}

/// Whether a fn is async, or returns an `impl Future` that promises nothing.
fn gives_future(func: &ast::Fn) -> bool {
    func.async_token().is_some() || promised(func).is_some()
}

/// Another async fn of this file that the expression at fault calls.
fn called_fn(context: &FixContext<'_>, own: &str) -> Option<ast::Fn> {
    let call = context.value_node();
    let mut fns = context.tree.syntax().descendants().filter_map(ast::Fn::cast);
    fns.find(|it| {
        let name = it.name().map(|it| it.text().to_string()).unwrap_or_default();
        gives_future(it) && name != own && mentions(&call, &name)
    })
}

/// The ways to write one fn.
fn rewrite(context: &FixContext<'_>, func: &ast::Fn) -> Vec<Vec<Edit>> {
    if let Some(bounds) = promised(func).filter(|_| !is_of_trait(func)) {
        return vec![vec![context.insert(bounds.syntax().text_range().end(), " + Send")]];
    }
    let body = func.body().and_then(|it| it.stmt_list());
    let (Some(body), Some(signatures)) = (body, signatures(context, func)) else {
        return Vec::new();
    };
    let is_plain = func.unsafe_token().is_none() && func.attrs().all(|it| is_inert(&it));
    if !is_plain || is_of_trait(func) || !uses_every_argument(func, &body) {
        return Vec::new();
    }
    let first = body.syntax().children().find(is_stmt_or_tail).map(|it| it.text_range().start());
    let wrapped = first.and_then(|at| async_move(context, &body, at, &[])).unwrap_or_default();
    let variants = signatures.into_iter().filter(|_| !wrapped.is_empty());
    variants
        .map(|signature| signature.into_iter().chain(wrapped.iter().cloned()).collect())
        .collect()
}

fn uses_every_argument(func: &ast::Fn, body: &ast::StmtList) -> bool {
    let Some(list) = func.param_list() else { return true };
    let uses = |name: &str| mentions(body.syntax(), name);
    let self_is_used = list.self_param().is_none_or(|it| it.amp_token().is_some() || uses("self"));
    self_is_used
        && list.params().all(|param| {
            let names = param.syntax().descendants().filter_map(ast::IdentPat::cast);
            let names: Vec<_> = names.filter_map(|it| it.name()).collect();
            !names.is_empty() && names.iter().all(|it| uses(it.text()))
        })
}

#[cfg(test)]
mod tests {
    use crate::{
        fixes::tests::variants_of,
        problem::{Kind, Problem},
    };

    fn first(marked: &str) -> Option<String> {
        let recursion = |problem: &mut Problem| {
            problem.kind = Kind::Other;
            problem.held.clear();
            problem.future.what = "this recursive future".to_owned();
        };
        Some(variants_of("promise_send_future", marked, "T", recursion)?.swap_remove(0))
    }

    #[test]
    fn body_and_signature() {
        let text = first(
            "
/// Folgt der Größe.
async fn crawl(größe: u32) -> u32 {
    // one less
    go($0crawl(größe - 1)$0).await;
    größe
}",
        );
        let expected = "
/// Folgt der Größe.
fn crawl(größe: u32) -> impl std::future::Future<Output = u32> + Send {
    async move {
        // one less
        go(crawl(größe - 1)).await;
        größe
    }
}";
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn a_future_that_is_returned_already() {
        let text =
            "fn größe(n: u8) -> impl Future<Output = u8> { async move { $0go(größe(n))$0; n } }";
        let expected =
            "fn größe(n: u8) -> impl Future<Output = u8> + Send { async move { go(größe(n)); n } }";
        assert_eq!(first(text).as_deref(), Some(expected));
        let promised =
            "fn f(n: u8) -> impl Future<Output = u8> + Send { async move { $0go(f(n))$0; n } }";
        assert_eq!(first(promised), None);
    }

    #[test]
    fn declines() {
        for code in [
            "impl Job for A { async fn run(self) { go($0self.run()$0) } }",
            "async fn f(_permit: Permit, n: u32) { go($0f(p, n)$0) }",
            "#[instrument] async fn f(n: u32) { go($0f(n)$0) }",
            "fn f(n: u32) { go($0f(n)$0) }",
        ] {
            assert_eq!(first(code), None, "{code}");
        }
    }
}
