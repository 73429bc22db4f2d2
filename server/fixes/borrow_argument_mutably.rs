//! Fix: a fn borrows an argument, or its receiver, mutably.
//!
//! ```text
//! async fn log(&self, line: &str) {     async fn log(&mut self, line: &str) {
//!     self.file.sync().await;               self.file.sync().await;
//! ```
//!
//! A `&mut T` needs no `Sync`: nobody else has one. Declines for the fns of traits. Known problem:
//! callers that share the value are rejected by the compiler.

use super::{
    Draft, FixContext, Reach,
    borrowed_argument::{Borrowed, lend_mutably, suggested},
};

/// Drafts `borrow_argument_mutably`.
pub(super) fn borrow_argument_mutably(context: &FixContext<'_>) -> Option<Draft> {
    let argument = Borrowed::find(context)?;
    let (name, func) = (&argument.name, argument.func_name());
    Some(Draft {
        id: "borrow_argument_mutably",
        title: format!("Borrow `{name}` mutably in `{func}`"),
        note: None,
        variants: vec![vec![context.insert(argument.reference.end(), "mut ")]],
        reach: Reach::Workspace,
        repairs: &[suggested, lend_mutably],
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "borrow_argument_mutably";

    #[test]
    fn parameters_and_receivers() {
        check(
            ID,
            "&Empfänger<u8>",
            "async fn f<'a>($0empfänger$0: &'a Empfänger<u8>) { io().$1await; empfänger.recv(); }",
            "async fn f<'a>(empfänger: &'a mut Empfänger<u8>) { io().await; empfänger.recv(); }",
        );
        check(
            ID,
            "&Store",
            "impl Store { async fn f($0&self$0) { io().$1await; self.put(); } }",
            "impl Store { async fn f(&mut self) { io().await; self.put(); } }",
        );
    }

    #[test]
    fn declines_for_locals() {
        check_declines(ID, "&Cell<u8>", "async fn f() { let $0c$0 = &x; io().$1await; c.get(); }");
    }
}
