//! Fix: the task stays on this thread: `spawn_local` in a `LocalSet`, where `Send` is not needed.
//!
//! ```text
//! #[tokio::main]                          #[tokio::main]
//! async fn main() {                       async fn main() {
//!     tokio::spawn(work());                   tokio::task::LocalSet::new().run_until(async move {
//! }                                               tokio::task::spawn_local(work());
//!                                             }).await
//!                                         }
//! ```
//!
//! Only where the task is spawned by `#[tokio::main]` or `#[tokio::test]` itself: elsewhere nobody
//! can tell whether a `LocalSet` runs, and without one `spawn_local` panics. Known problem: these
//! tasks share one thread; the note says so, and nobody but the user chooses this fix.

use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasArgList, HasAttrs},
};

use super::{Draft, FixContext, Reach, async_move::async_move, region::is_stmt_or_tail};
use crate::problem::{Edit, Kind, Problem};

/// Drafts `spawn_local`.
pub(super) fn spawn_local(context: &FixContext<'_>) -> Option<Draft> {
    let spawns = context.problem.demand.as_ref().is_some_and(|it| it.what == "tokio::spawn");
    let needs_all = matches!(context.problem.kind, Kind::NotGeneralEnough | Kind::Handler);
    if !spawns || needs_all || context.problem.lint.is_some() {
        return None;
    }
    // The value may lie in another file than the spawn.
    let at_demand = Problem { held: Vec::new(), ..context.problem.clone() };
    let context = FixContext::new(&at_demand, context.sources)?;
    let node = context.value_node();
    let call = node.ancestors().filter_map(ast::CallExpr::cast).find(is_spawn)?;
    let func = entry_around(call.syntax())?;
    let body = func.body()?.stmt_list()?;
    let first = body.syntax().children().find(is_stmt_or_tail)?.text_range().start();
    let mut edits = async_move(&context, &body, first, &[])?;
    let head = edits.first_mut()?;
    head.new_text.insert_str(0, "tokio::task::LocalSet::new().run_until(");
    edits.last_mut()?.new_text.push_str(").await");
    let callee = call.expr()?.syntax().text_range();
    let renamed: Vec<Edit> = vec![context.edit(callee, "tokio::task::spawn_local")];
    Some(Draft {
        id: "spawn_local",
        title: "Keep the task on this thread with `spawn_local`".to_owned(),
        note: Some(
            "Changes behaviour: the task no longer runs beside others on another thread.".into(),
        ),
        variants: vec![edits.into_iter().chain(renamed).collect()],
        reach: Reach::Workspace,
        repairs: &[],
    })
}

fn is_spawn(call: &ast::CallExpr) -> bool {
    let callee = call.expr().map(|it| it.syntax().text().to_string()).unwrap_or_default();
    let is_one = call.arg_list().is_some_and(|it| it.args().count() == 1);
    is_one
        && matches!(
            callee.as_str(),
            "tokio::spawn" | "tokio::task::spawn" | "task::spawn" | "spawn"
        )
}

/// The entry point whose own body a node stands in, no other task's and no closure's.
fn entry_around(node: &SyntaxNode) -> Option<ast::Fn> {
    let func = node.ancestors().find_map(ast::Fn::cast)?;
    let body = func.body()?;
    let between = node.ancestors().take_while(|it| it != body.syntax());
    let leaves = between.into_iter().any(|it| match ast::BlockExpr::cast(it.clone()) {
        Some(block) => block.async_token().is_some(),
        None => ast::ClosureExpr::can_cast(it.kind()),
    });
    let is_entry = func.attrs().any(|it| {
        let text = it.syntax().text().to_string();
        text.starts_with("#[tokio::main") || text.starts_with("#[tokio::test")
    });
    (is_entry && !leaves).then_some(func)
}

#[cfg(test)]
mod tests {
    use crate::{
        fixes::tests::variants_of,
        problem::{Place, Problem},
    };

    fn first(marked: &str) -> Option<String> {
        let spawned = |it: &mut Problem| {
            let span = it.reported_at.clone();
            it.demand = Some(Place { what: "tokio::spawn".into(), span });
        };
        Some(variants_of("spawn_local", marked, "Rc<u8>", spawned)?.swap_remove(0))
    }

    #[test]
    fn in_main() {
        let text = first(
            "
#[tokio::main]
async fn main() {
    let größe = 1;
    let task = tokio::spawn($0work(größe)$0);
    task.await.unwrap();
}",
        );
        let expected = "
#[tokio::main]
async fn main() {
    tokio::task::LocalSet::new().run_until(async move {
        let größe = 1;
        let task = tokio::task::spawn_local(work(größe));
        task.await.unwrap();
    }).await
}";
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn declines_where_no_local_set_is_known_to_run() {
        for code in [
            "async fn serve() { tokio::spawn($0work()$0); }",
            "#[tokio::main] async fn main() { go(async { tokio::spawn($0work()$0); }) }",
            "#[tokio::main] async fn main() { set.spawn($0work()$0); }",
        ] {
            assert_eq!(first(code), None, "{code}");
        }
    }
}
