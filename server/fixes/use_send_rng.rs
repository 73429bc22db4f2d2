//! Fix: a generator of random numbers that may move between threads.
//!
//! ```text
//! let mut rng = rand::rng();      let mut rng = rand::rngs::StdRng::from_os_rng();
//! ```
//!
//! `rand::rng()` (`thread_rng()` before rand 0.9) belongs to its thread; `StdRng` is seeded from
//! the system once. Known problem: seeding costs a system call; in a hot path draw the numbers
//! before the await instead.

use ra_ap_syntax::{AstNode, ast};

use super::{Draft, FixContext, Reach, imports::import};

/// Drafts `use_send_rng`.
pub(super) fn use_send_rng(context: &FixContext<'_>) -> Option<Draft> {
    let ty = context.held.ty.as_deref()?;
    if !ty.rsplit("::").next()?.starts_with("ThreadRng") {
        return None;
    }
    let source = match context.held.name {
        Some(_) => context.let_stmt()?.initializer()?,
        None => context.value_expr()?,
    };
    let callee = match &source {
        ast::Expr::CallExpr(call) => call.expr()?.syntax().text().to_string(),
        _ => return None,
    };
    if !["rng", "thread_rng"].contains(&callee.rsplit("::").next()?) {
        return None;
    }
    let what = context.held.name.as_deref().unwrap_or(&context.held.text);
    let variants = ["from_os_rng()", "from_entropy()", "from_rng(&mut rand::rng())"];
    let variants = variants.iter().map(|seeded| {
        let text = format!("rand::rngs::StdRng::{seeded}");
        let mut edits = vec![context.edit(source.syntax().text_range(), text)];
        edits.extend(import(context, "rand::SeedableRng"));
        edits
    });
    Some(Draft {
        id: "use_send_rng",
        title: format!("Make `{}` a `StdRng`, which is `Send`", context.shorten(what)),
        note: Some("`StdRng` is seeded from the system each time it is made.".to_owned()),
        variants: variants.collect(),
        reach: Reach::Body,
        repairs: &[],
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    #[test]
    fn named_generator() {
        check(
            "use_send_rng",
            "ThreadRng",
            "use rand::Rng;

async fn f() {
    let mut $0würfel$0 = rand::rng();
    roll(würfel.random()).$1await;
}
",
            "use rand::SeedableRng;
use rand::Rng;

async fn f() {
    let mut würfel = rand::rngs::StdRng::from_os_rng();
    roll(würfel.random()).await;
}
",
        );
    }

    #[test]
    fn declines_for_other_types() {
        let code = "async fn f() { let $0r$0 = rng(); io().$1await; b(r); }";
        check_declines("use_send_rng", "Rc<u8>", code);
    }
}
