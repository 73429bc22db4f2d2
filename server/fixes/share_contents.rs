//! What an `Arc` shares must be `Sync`: where an `Rc` became an `Arc`, the cells inside of it
//! become a `Mutex` or atomics.
//!
//! No fix of its own: a repair of `replace_rc_with_arc`, driven by the cell that the compiler
//! names once the `Rc` is gone.

use super::{
    RepairContext, replace_cell_with_atomic, replace_cell_with_mutex,
    replace_rc_with_arc::{RENAMES, change},
    replace_refcell_with_mutex,
    retype::{self, Rename, Renames},
};
use crate::problem::Edit;

/// Every type that may come out.
pub(super) fn target() -> Renames {
    let mut all = RENAMES.to_vec();
    all.push(replace_refcell_with_mutex::REFCELL);
    all.extend(replace_cell_with_atomic::ATOMICS.iter().map(|(_, name)| Rename {
        // Nothing is turned into an atomic by its name alone.
        modules: &[],
        name: "",
        new_module: "std::sync::atomic",
        new_name: name,
        drops_arguments: true,
    }));
    Renames { all, in_fields: true }
}

/// Retypes the cell that an error names: the one that is not `Sync`, or the one that is made
/// where its successor is expected by now.
pub(super) fn retype(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let words = retype::texts_of(context.error);
    let is_made = words.contains("expected `") && words.contains("found `");
    if is_made && words.contains("RefCell<") && words.contains("Mutex<") {
        return change(context, &replace_refcell_with_mutex::target());
    }
    if is_made && words.contains("Cell<") {
        let atomic = replace_cell_with_atomic::target_named_in(&words);
        let mutex = || words.contains("Mutex<").then(replace_cell_with_mutex::target);
        return change(context, &atomic.or_else(mutex)?);
    }
    let (_, rest) = words.split_once("Sync` is not implemented for `")?;
    let leaf = rest.split('`').next()?;
    match leaf.split('<').next()?.rsplit("::").next()? {
        "RefCell" => change(context, &replace_refcell_with_mutex::target()),
        "Cell" => {
            let atomic = replace_cell_with_atomic::target(leaf);
            change(context, &atomic.unwrap_or_else(replace_cell_with_mutex::target))
        }
        _ => None,
    }
}

/// Calls of a cell's methods by their new names.
pub(super) fn operate(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let words = retype::texts_of(context.error);
    if words.contains("Atomic") {
        return replace_cell_with_atomic::operate(context);
    }
    let operate = replace_cell_with_mutex::operate(context);
    operate
        .or_else(|| words.contains("Mutex").then(|| replace_refcell_with_mutex::lock(context))?)
}

/// What the user should know when the contents changed, too: code was written that was not there.
pub(super) fn note(written: String, replaced: String) -> Option<&'static str> {
    let is_new = |name: &str| written.matches(name).count() > replaced.matches(name).count();
    if is_new("Atomic") {
        return Some(
            "The `Cell` inside becomes an atomic: a `load` and then a `store` are two steps.",
        );
    }
    is_new("Mutex").then_some(
        "The cell inside becomes a `Mutex`: a second lock while the first is alive waits for \
         ever.",
    )
}

#[cfg(test)]
mod tests {
    use super::note;

    #[test]
    fn only_what_is_new_is_told() {
        let said = |written: &str, replaced: &str| note(written.into(), replaced.into());
        assert_eq!(said("sync::{Arc, Mutex}", "sync::Mutex"), None);
        assert!(said("Arc<Mutex<", "Rc<RefCell<").is_some_and(|it| it.contains("`Mutex`")));
        assert!(said("AtomicU8", "Cell<u8>").is_some_and(|it| it.contains("atomic")));
    }
}
