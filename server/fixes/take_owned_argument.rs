//! Fix: a fn takes an argument, or its receiver, by value and not by reference.
//!
//! ```text
//! async fn drain(rx: &Receiver<Job>) {     async fn drain(rx: Receiver<Job>) {
//!     while let Ok(job) = rx.recv() {          while let Ok(job) = rx.recv() {
//!         run(job).await;                          run(job).await;
//! ```
//!
//! A reference is `Send` only where others may share what it refers to (`Sync`); the value itself
//! need not be shared. Of a guard that only reads (`Ref`, `MutexGuard`) the fn takes a copy of the
//! data, of `fmt::Arguments` the text. Declines for the fns of traits. Known problem: the value is
//! dropped when the fn ends; the note says so.

mod formatted;
mod view;

use super::{
    Draft, FixContext, Reach,
    borrowed_argument::{Borrowed, suggested},
};

/// Drafts `take_owned_argument`.
pub(super) fn take_owned_argument(context: &FixContext<'_>) -> Option<Draft> {
    if let Some(draft) = formatted::take_text(context) {
        return Some(draft);
    }
    let Some(argument) = Borrowed::find(context) else {
        return view::draft(context);
    };
    let (name, func) = (&argument.name, argument.func_name());
    Some(Draft {
        id: "take_owned_argument",
        title: format!("Take `{name}` by value in `{func}`"),
        note: Some(format!("`{name}` is dropped when `{func}` ends, not by its caller.")),
        variants: vec![vec![context.edit(argument.reference, "")]],
        reach: Reach::Workspace,
        repairs: &[suggested],
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "take_owned_argument";

    #[test]
    fn parameters_and_receivers() {
        check(
            ID,
            "&Empfänger<u8>",
            "async fn f<'a>($0empfänger$0: &'a Empfänger<u8>) { io().$1await; empfänger.recv(); }",
            "async fn f<'a>(empfänger: Empfänger<u8>) { io().await; empfänger.recv(); }",
        );
        check(
            ID,
            "&Store",
            "impl Store { async fn f($0&self$0) { io().$1await; self.put(); } }",
            "impl Store { async fn f(self) { io().await; self.put(); } }",
        );
        check(
            ID,
            "&Store",
            "fn f(store: &Store) { spawn(async move { $0store$0.put(); io().$1await; }); }",
            "fn f(store: Store) { spawn(async move { store.put(); io().await; }); }",
        );
    }

    #[test]
    fn views_of_other_data() {
        check(
            ID,
            "Ref<'_, Größe>",
            "async fn f($0größe$0: std::cell::Ref<'_, Größe>) { io().$1await; größe.show(); }",
            "async fn f(größe: Größe) { io().await; größe.show(); }",
        );
        check(
            ID,
            "Arguments<'_>",
            "async fn f($0a$0: fmt::Arguments<'_>) { io().$1await; print(a); }",
            "async fn f(a: String) { io().await; print(a); }",
        );
        for text in [
            "async fn f(mut $0g$0: MutexGuard<'_, u8>) { io().$1await; *g = 1; }",
            "async fn f($0g$0: Ref<'_, str>) { io().$1await; drop(g); }",
            "impl Tr for X { async fn f($0g$0: Ref<'_, u8>) { io().$1await; drop(g); } }",
        ] {
            check_declines(ID, "Guard<'_, u8>", text);
        }
    }

    #[test]
    fn declines_for_locals_traits_and_what_has_no_size() {
        check_declines(ID, "&Cell<u8>", "async fn f() { let $0c$0 = &x; io().$1await; c.get(); }");
        check_declines(ID, "&mut Rc<u8>", "async fn f($0r$0: &mut Rc<u8>) { io().$1await; }");
        check_declines(ID, "&dyn Log", "async fn f($0log$0: &dyn Log) { io().$1await; }");
        check_declines(
            ID,
            "&Store",
            "impl Put for Store { async fn f($0&self$0) { io().$1await; self.put(); } }",
        );
    }
}
