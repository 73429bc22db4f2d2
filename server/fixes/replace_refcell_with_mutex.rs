//! Fix: `RefCell` becomes a `Mutex` (and an `Rc` around it an `Arc`); `.borrow()` and
//! `.borrow_mut()` become `.lock().unwrap()`.
//!
//! ```text
//! let log = Rc::new(RefCell::new(vec![]));    let log = Arc::new(Mutex::new(vec![]));
//! log.borrow_mut().push(1);                   log.lock().unwrap().push(1);
//! ```
//!
//! Declines when a borrow itself is held across the await: its guard would be the next problem.
//! A statement that borrows one cell twice is rejected, for a lock taken twice waits for ever.
//! Known problem: so does a fn that is called while its caller still holds the lock.

use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

use super::{
    Draft, FixContext, Reach, RepairContext,
    replace_rc_with_arc::{RENAMES, change, labels, seeds, shorten},
    retype::{self, Rename, Renames, Site, place_at},
};
use crate::{
    problem::{Edit, Problem},
    sources::Sources,
};

/// `RefCell` and what takes its place.
pub(super) const REFCELL: Rename = Rename {
    modules: &["std::cell", "cell", "core::cell"],
    name: "RefCell",
    new_module: "std::sync",
    new_name: "Mutex",
    drops_arguments: false,
};

/// The types that change.
pub(super) fn target() -> Renames {
    let mut all = RENAMES.to_vec();
    all.push(REFCELL);
    Renames { all, in_fields: true }
}

/// What changes with the type.
pub(super) const NOTE: &str = "A second borrow while the first is alive panics in a `RefCell`; a second lock waits \
     for ever.";

/// Drafts `replace_refcell_with_mutex`.
pub(super) fn replace_refcell_with_mutex(context: &FixContext<'_>) -> Option<Draft> {
    let leaf = context.problem.leaf.as_deref()?;
    let held = context.held.ty.as_deref().unwrap_or_default();
    let is_guard = ["Ref<", "RefMut<"].iter().any(|it| held.contains(it));
    if !leaf.contains("RefCell<") || is_guard {
        return None;
    }
    let variants = seeds(context, &target())?;
    Some(Draft {
        id: "replace_refcell_with_mutex",
        title: format!("Replace the `RefCell` of {} with a `Mutex`", labels(context)),
        note: Some(NOTE.to_owned()),
        variants,
        reach: Reach::Workspace,
        repairs: &[retype::restrict_parameter, lock, change_type],
    })
}

fn change_type(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    change(context, &target())
}

/// Shortens the new names.
pub(super) fn polish(problem: &Problem, before: &Sources, after: &Sources) -> Option<Vec<Edit>> {
    shorten(problem, before, after, &target())
}

/// `.borrow()` to `.lock().unwrap()`; `into_inner()` and `get_mut()` give a `Result` now.
pub(super) fn lock(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let world = context.world;
    let primary = context.error.spans.iter().find(|span| span.is_primary)?;
    let span = retype::span_of(primary);
    let (file, node, _) = place_at(world, &span)?;
    let call = node.ancestors().find_map(ast::MethodCallExpr::cast)?;
    let name = call.name_ref()?;
    let is_named = *name.syntax() == node || *call.syntax() == node;
    if !is_named || call.arg_list()?.args().next().is_some() {
        return None;
    }
    let end = TextRange::empty(call.syntax().text_range().end());
    let unwrap = |text: &str| Site::new(&file, end, text.to_owned());
    let rename = |text: &str| Site::new(&file, name.syntax().text_range(), text.to_owned());
    let sites = match name.text() {
        "borrow" | "borrow_mut" if !borrows_twice(&call) => {
            vec![rename("lock"), unwrap(".unwrap()")]
        }
        "try_borrow" | "try_borrow_mut" => vec![rename("try_lock")],
        "into_inner" | "get_mut" if retype::texts_of(context.error).contains("Result<") => {
            vec![unwrap(".unwrap()")]
        }
        _ => return None,
    };
    Some(world.edits(sites))
}

/// Whether the statement around a borrow borrows the same cell once more.
fn borrows_twice(call: &ast::MethodCallExpr) -> bool {
    let is_in_list =
        |it: &SyntaxNode| it.parent().is_some_and(|it| ast::StmtList::can_cast(it.kind()));
    let stmt = call.syntax().ancestors().find(is_in_list);
    let receiver = call.receiver().map(|it| it.syntax().text().to_string());
    let (Some(stmt), Some(receiver)) = (stmt, receiver) else {
        return false;
    };
    let calls = stmt.descendants().filter_map(ast::MethodCallExpr::cast);
    let same = calls.filter(|it| {
        let is_borrow =
            it.name_ref().is_some_and(|it| matches!(it.text(), "borrow" | "borrow_mut" | "lock"));
        is_borrow && it.receiver().is_some_and(|it| it.syntax().text() == receiver.as_str())
    });
    same.count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "replace_refcell_with_mutex";

    #[test]
    fn both_layers_change() {
        check(
            ID,
            "Rc<RefCell<Vec<u8>>>",
            "
use std::{cell::RefCell, rc::Rc};
async fn f(ż: &str) { let $0log$0: Rc<RefCell<Vec<u8>>> = Rc::default(); io().$1await; drop(log); }",
            "
use std::{cell::RefCell, rc::Rc};
async fn f(ż: &str) { let log: std::sync::Arc<std::sync::Mutex<Vec<u8>>> = std::sync::Arc::default(); io().await; drop(log); }",
        );
    }

    #[test]
    fn a_clone_of_what_is_shared_already() {
        check(
            ID,
            "Arc<RefCell<u8>>",
            "
use std::{cell::RefCell, sync::Arc};
async fn f() { let ż = Arc::new(RefCell::new(0)); let $0x$0 = Arc::clone(&ż); io().$1await; drop(x); }",
            "
use std::{cell::RefCell, sync::Arc};
async fn f() { let ż = Arc::new(std::sync::Mutex::new(0)); let x = Arc::clone(&ż); io().await; drop(x); }",
        );
    }

    #[test]
    fn two_borrows_in_one_statement() {
        let calls = |code: &str| -> Vec<bool> {
            let file = format!("fn f() {{ {code} }}");
            let tree = ra_ap_syntax::SourceFile::parse(&file, ra_ap_syntax::Edition::Edition2021);
            let calls = tree.tree().syntax().descendants().filter_map(ast::MethodCallExpr::cast);
            let borrows = calls.filter(|it| it.name_ref().is_some_and(|it| it.text() == "borrow"));
            borrows.map(|it| borrows_twice(&it)).collect()
        };
        assert_eq!(calls("g(größe.borrow(), größe.borrow());"), [true, true]);
        assert_eq!(calls("größe.borrow().g(); größe.borrow().len()"), [false, false]);
        assert_eq!(calls("g(a.borrow(), b.borrow());"), [false, false]);
    }

    #[test]
    fn declines_without_a_cell() {
        check_declines(ID, "Rc<u8>", "async fn f() { let $0x$0 = Rc::new(1); io().$1await; }");
    }
}
