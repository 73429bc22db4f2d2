//! Fix: writes to `stdout` or `stderr` itself, not through a lock of it that is held.
//!
//! ```text
//! let mut out = io::stdout().lock();      let mut out = io::stdout();
//! writeln!(out, "{name}")?;               writeln!(out, "{name}")?;
//! flush().await;                          flush().await;
//! ```
//!
//! Each write then locks for itself. Known problem: lines of others may come in between; the
//! note says so.

use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasArgList},
};

use super::{Draft, FixContext, Reach};

/// Drafts `write_without_lock`.
pub(super) fn write_without_lock(context: &FixContext<'_>) -> Option<Draft> {
    let ty = context.held.ty.as_deref()?;
    let name = ty.split('<').next()?.rsplit("::").next()?;
    if !matches!(name, "StdoutLock" | "StderrLock" | "StdinLock") {
        return None;
    }
    let value = match context.held.name {
        Some(_) => context.let_stmt()?.initializer()?,
        None => context.value_expr()?,
    };
    let call = ast::MethodCallExpr::cast(value.syntax().clone())?;
    let is_lock = call.name_ref()?.text() == "lock" && call.arg_list()?.args().next().is_none();
    let receiver = call.receiver().filter(|_| is_lock)?.syntax().text_range();
    let what = context.text.get(std::ops::Range::<usize>::from(receiver))?;
    let range = TextRange::new(receiver.end(), call.syntax().text_range().end());
    Some(Draft {
        id: "write_without_lock",
        title: format!("Do not hold the lock of `{}`", context.shorten(what)),
        note: Some("What others write may come between two writes.".to_owned()),
        variants: vec![vec![context.edit(range, "")]],
        reach: Reach::Body,
        repairs: &[],
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "write_without_lock";

    #[test]
    fn stdout() {
        check(
            ID,
            "StdoutLock<'_>",
            "async fn f() { let mut $0aus$0 = io::stdout().lock(); io().$1await; writeln!(aus, \"ü\"); }",
            "async fn f() { let mut aus = io::stdout(); io().await; writeln!(aus, \"ü\"); }",
        );
    }

    #[test]
    fn declines_for_other_locks() {
        let text = "async fn f() { let $0g$0 = m.lock(); io().$1await; g.push(1); }";
        check_declines(ID, "std::sync::MutexGuard<'_, Vec<u8>>", text);
    }
}
