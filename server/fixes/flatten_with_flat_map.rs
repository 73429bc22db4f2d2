//! Fix: `.map(..).flatten()` becomes `.flat_map(..)` where it is alive across an `.await`.
//!
//! ```text
//! for cell in rows.iter().map(|row| row.iter()).flatten() {
//!     store(cell).await;
//! }
//! ```
//!
//! becomes
//!
//! ```text
//! for cell in rows.iter().flat_map(|row| row.iter()) {
//!     store(cell).await;
//! }
//! ```
//!
//! Both do the same, but the compiler, which forgets lifetimes inside a coroutine, can prove the
//! second for all of them. Declines where no such chain is reached from the demand.

use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasArgList},
};

use super::{
    Draft, FixContext, Reach,
    reachable::{Reached, reached},
};
use crate::problem::{Edit, Kind};

/// Drafts `flatten_with_flat_map`.
pub(super) fn flatten_with_flat_map(context: &FixContext<'_>) -> Option<Draft> {
    if context.problem.kind != Kind::NotGeneralEnough {
        return None;
    }
    let bodies = reached(context);
    let edits: Vec<Edit> = bodies.iter().flat_map(in_body).collect();
    (!edits.is_empty()).then(|| Draft {
        id: "flatten_with_flat_map",
        title: "Write `.map(..).flatten()` as `.flat_map(..)`".to_owned(),
        note: None,
        variants: vec![edits],
        reach: Reach::Workspace,
        repairs: &[],
    })
}

fn in_body(body: &Reached) -> Vec<Edit> {
    let chains = body.nodes::<ast::MethodCallExpr>().filter_map(|flatten| {
        let is_flatten = flatten.name_ref()?.text() == "flatten";
        let no_args = flatten.arg_list()?.args().next().is_none();
        let ast::Expr::MethodCallExpr(map) = flatten.receiver()? else { return None };
        let name = map.name_ref().filter(|it| it.text() == "map")?;
        let end = map.syntax().text_range().end();
        let rest = TextRange::new(end, flatten.syntax().text_range().end());
        (is_flatten && no_args)
            .then(|| [body.edit(name.syntax().text_range(), "flat_map"), body.edit(rest, "")])
    });
    chains.flatten().collect()
}

#[cfg(test)]
mod tests {
    use crate::{
        fixes::tests::{check_declines, variants_of},
        problem::Kind,
    };

    const ID: &str = "flatten_with_flat_map";

    #[test]
    fn in_a_fn_that_is_called() {
        let text = "
async fn größen(rows: Rows) {
    for cell in rows.iter()
        .map(|row| row.iter())
        .flatten()
    { store(cell).await; }
}
fn go() { $0spawn(größen(rows()))$0 }";
        let general = |it: &mut crate::problem::Problem| it.kind = Kind::NotGeneralEnough;
        let all = variants_of(ID, text, "T", general).unwrap();
        let expected = "
async fn größen(rows: Rows) {
    for cell in rows.iter()
        .flat_map(|row| row.iter())
    { store(cell).await; }
}
fn go() { spawn(größen(rows())) }";
        assert_eq!(all[0], expected);
    }

    #[test]
    fn declines_for_other_problems() {
        check_declines(
            ID,
            "Rc<u8>",
            "async fn f() { let $0x$0 = a.map(|b| b.iter()).flatten(); io().$1await; }",
        );
    }
}
