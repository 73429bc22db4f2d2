//! Fix: an async block takes a variable instead of borrowing it: a `Cell` may move to another
//! thread, a reference to it may not.
//!
//! ```text
//! spawn(async { cell.set(1); });      spawn(async move { cell.set(1); });
//! ```
//!
//! Declines when the variable is used after the block is made, and for an `Rc`, which may not
//! move either. Known problem: `move` takes every other variable of the block along; the compiler
//! rejects it where one of them is needed later.

use super::{Draft, FixContext, Reach, captured::Capture};

/// Drafts `capture_by_move`.
pub(super) fn capture_by_move(context: &FixContext<'_>) -> Option<Draft> {
    let capture = Capture::find(context)?;
    let edit = capture.make_move(context)?;
    if capture.is_used_later() {
        return None;
    }
    Some(Draft {
        id: "capture_by_move",
        title: format!("Move `{}` into the `async` block", capture.name),
        note: None,
        variants: vec![vec![edit]],
        reach: Reach::Body,
        repairs: &[],
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    #[test]
    fn becomes_a_move_block() {
        check(
            "capture_by_move",
            "Cell<u8>",
            "fn f(größe: Cell<u8>) { spawn(async { log(\"ż\", $0größe$0.get()).$1await }); }",
            "fn f(größe: Cell<u8>) { spawn(async move { log(\"ż\", größe.get()).await }); }",
        );
    }

    #[test]
    fn declines_when_moved_already_or_needed_later() {
        for code in [
            "fn f(c: Cell<u8>) { spawn(async move { $0c$0.get(); io().$1await }); }",
            "fn f(c: Cell<u8>) { spawn(async { $0c$0.get(); io().$1await }); c.get(); }",
            "fn f() { spawn(async { let $0c$0 = Cell::new(1); c.get(); io().$1await }); }",
        ] {
            check_declines("capture_by_move", "Cell<u8>", code);
        }
    }
}
