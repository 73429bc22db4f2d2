//! Fix: drops a value that nothing needs any more before the await.
//!
//! ```text
//! let id = request.id;        let id = request.id;
//! save(id).await;             drop(request);
//!                             save(id).await;
//! ```
//!
//! Only for a value that was never borrowed: rustc keeps a borrowed one in the future even when
//! it is dropped. Declines for locks: a lock that is held without a use is there to span the
//! await. Known problem: no method may have been called on the value.

use super::{Draft, FixContext, Reach, region::Region};

/// Drafts `drop_before_await`.
pub(super) fn drop_before_await(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref()?;
    if context.holds_lock() || context.is_entered() {
        return None;
    }
    let region = Region::find(context, name)?;
    if !region.later_uses().is_empty() || region.dropped.is_some() {
        return None;
    }
    let awaiting = region.after.first()?.text_range().start();
    let separator = match context.starts_line(awaiting) {
        true => format!("{}{}", context.newline(), context.indent_at(awaiting)),
        false => " ".to_owned(),
    };
    Some(Draft {
        id: "drop_before_await",
        title: format!("Drop `{name}` before the `.await`"),
        note: None,
        variants: vec![vec![context.insert(awaiting, format!("drop({name});{separator}"))]],
        reach: Reach::Body,
        repairs: &[],
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    #[test]
    fn drops_what_was_never_borrowed() {
        check(
            "drop_before_await",
            "Request",
            "
async fn f(request: R) {
    let $0größe$0 = request;
    let id = größe.id;
    save(id).$1await;
}
",
            "
async fn f(request: R) {
    let größe = request;
    let id = größe.id;
    drop(größe);
    save(id).await;
}
",
        );
    }

    #[test]
    fn declines_for_locks_and_later_uses() {
        let used = "async fn f() { let $0a$0 = b(); io().$1await; a.c(); }";
        check_declines("drop_before_await", "Rc<u8>", used);
        let lock = "async fn f() { let $0_a$0 = b.lock(); io().$1await; }";
        check_declines("drop_before_await", "MutexGuard<'_, u8>", lock);
    }
}
