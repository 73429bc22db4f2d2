//! What comes first: where the order of the menu is not the one that an expert would choose.
//!
//! The menu goes from what keeps behaviour to what changes it. Whether a fix keeps it can depend on
//! the value:
//!
//! - A value that is read before the `.await`, and not after it, is the same value only where
//!   nobody writes to it meanwhile. A `Cell` or `RefCell` is there to be written to.
//! - A declaration may move behind the `.await` where making the value has no effect. A clock, a
//!   counter or the `Default` of an unknown type would be read at another time.
//! - A reference can be taken later, but what it refers to stays in the future: where that can
//!   never be sent itself, the type is at fault.
//! - An error type that is mended helps everywhere, a branch that is rewritten only once.

use super::{Draft, FixContext, place::is_harmless, retype};

/// The fixes that change a type or ask for a bound.
const OF_TYPES: &[&str] = &[
    "add_send_sync_to_error",
    "add_send_to_trait_object",
    "replace_rc_with_arc",
    "replace_refcell_with_mutex",
    "replace_cell_with_atomic",
    "replace_cell_with_mutex",
    "add_send_bound",
];

/// Puts drafts, which are in menu order, in the order of their value.
pub(super) fn order(context: &FixContext<'_>, drafts: &mut Vec<Draft>) {
    let leaf = context.problem.leaf.as_deref().unwrap_or_default();
    if retype::dyn_trait(leaf) == Some("Error") {
        drafts.sort_by_key(|draft| draft.id == "split_branch_at_await");
    }
    if ["Cell<", "RefCell<"].iter().any(|it| leaf.contains(it)) {
        behind(drafts, "return_send_future", OF_TYPES);
        behind(drafts, "capture_only_what_is_needed", OF_TYPES);
    }
    if leaf.contains("fmt::Arguments") || leaf.starts_with("Arguments<") {
        behind(drafts, "return_send_future", &["take_owned_argument"]);
    }
    if refers_to_what_stays(context, leaf) || is_noticed(context) {
        behind(drafts, "move_after_await", OF_TYPES);
    }
}

/// Moves a draft behind the last of the others.
fn behind(drafts: &mut Vec<Draft>, id: &str, others: &[&str]) {
    let from = drafts.iter().position(|it| it.id == id);
    let last = drafts.iter().rposition(|it| others.contains(&it.id));
    if let (Some(from), Some(last)) = (from, last)
        && from < last
    {
        let draft = drafts.remove(from);
        drafts.insert(last, draft);
    }
}

/// A reference to something counted, which is not `Send` either.
fn refers_to_what_stays(context: &FixContext<'_>, leaf: &str) -> bool {
    let is_counted = ["Rc", "Weak"].contains(&last_name(leaf)) && !leaf.starts_with("sync::");
    is_counted && context.held.ty.as_deref().is_some_and(|ty| ty.starts_with('&'))
}

fn last_name(ty: &str) -> &str {
    let path = ty.split('<').next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default()
}

/// Whether making the value later could be noticed. To take a lock later is the point of it.
fn is_noticed(context: &FixContext<'_>) -> bool {
    let Some(value) = context.let_stmt().and_then(|it| it.initializer()) else { return false };
    let node = ra_ap_syntax::AstNode::syntax(&value);
    !context.holds_lock()
        && (!is_harmless(node) || makes_unknown(context, &node.text().to_string()))
}

/// `T::default()`: what it does is up to whoever chooses `T`.
fn makes_unknown(context: &FixContext<'_>, value: &str) -> bool {
    let ty = context.held.ty.as_deref().unwrap_or_default();
    let is_parameter = !ty.is_empty() && ty.chars().all(char::is_alphanumeric);
    is_parameter && value.starts_with(&format!("{ty}::"))
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::ids;

    /// Of two fixes, which comes first?
    #[track_caller]
    fn check(ty: &str, marked: &str, first: &str, second: &str) {
        let ids = ids(marked, ty);
        let place = |id: &str| ids.iter().position(|it| *it == id);
        let (Some(a), Some(b)) = (place(first), place(second)) else { panic!("{ids:?}") };
        assert!(a < b, "{ids:?}");
    }

    #[test]
    fn a_clock_is_not_read_later() {
        let code = "use std::rc::Rc; async fn f() { let $0größe$0 = Rc::new(now()); io().$1await; print(größe); }";
        check("Rc<u8>", code, "replace_rc_with_arc", "move_after_await");
        let harmless = code.replace("now()", "1");
        check("Rc<u8>", &harmless, "move_after_await", "replace_rc_with_arc");
    }

    #[test]
    fn the_default_of_a_parameter_is_unknown() {
        let code = "async fn f<T: Default>() { let $0t$0 = T::default(); io().$1await; print(t); }";
        check("T", code, "add_send_bound", "move_after_await");
    }

    #[test]
    fn what_a_reference_refers_to_stays() {
        let code = "use std::rc::Rc; async fn f(p: P) { let $0größe$0 = &p.a; io().$1await; print(größe); } struct P { a: Rc<u8> }";
        check("&Rc<u8>", code, "replace_rc_with_arc", "move_after_await");
    }

    #[test]
    fn a_cell_is_read_when_it_was() {
        let code = "use std::cell::Cell; async fn f($0größe$0: &Cell<u8>) { io().$1await; print(größe.get()); }";
        check("Cell<u8>", code, "replace_cell_with_atomic", "return_send_future");
    }
}
