//! Fix: a `Cell` of what no atomic holds becomes a `Mutex` (and an `Rc` around it an `Arc`).
//!
//! ```text
//! let last = Rc::new(Cell::new(None));     let last = Arc::new(Mutex::new(None));
//! last.set(Some(1));                       *last.lock().unwrap() = Some(1);
//! let now = last.get();                    let now = *last.lock().unwrap();
//! ```
//!
//! A read in the middle of an expression lets go of the lock at once (`lock().map(|it| *it)`): a
//! guard that lived until the end of the statement would wait for itself there. Declines for
//! numbers and `bool`, which have atomics, and where the new value is made by calls that might
//! lock the same `Mutex`.

use ra_ap_syntax::{
    AstNode, SyntaxKind, TextRange,
    ast::{self, HasArgList},
};

use super::{
    Draft, FixContext, Reach, RepairContext,
    place::is_harmless,
    replace_cell_with_atomic::{cell_in, target as atomic},
    replace_rc_with_arc::{RENAMES, change, labels, seeds, shorten},
    replace_refcell_with_mutex,
    retype::{self, Rename, Renames, Site, node_at},
};
use crate::{
    problem::{Edit, Problem},
    sources::Sources,
};

/// `Cell` to `Mutex`, with the `Rc` around it.
pub(super) fn target() -> Renames {
    let mut all = RENAMES.to_vec();
    all.push(Rename {
        modules: &["std::cell", "cell", "core::cell"],
        name: "Cell",
        new_module: "std::sync",
        new_name: "Mutex",
        drops_arguments: false,
    });
    Renames { all, in_fields: true }
}

/// Drafts `replace_cell_with_mutex`.
pub(super) fn replace_cell_with_mutex(context: &FixContext<'_>) -> Option<Draft> {
    let leaf = context.problem.leaf.as_deref()?;
    cell_in(leaf)?;
    if atomic(leaf).is_some() {
        return None;
    }
    let variants = seeds(context, &target())?;
    Some(Draft {
        id: "replace_cell_with_mutex",
        title: format!("Replace the `Cell` of {} with a `Mutex`", labels(context)),
        note: Some(
            "A read and then a write are two steps: other tasks may write in between.".into(),
        ),
        variants,
        reach: Reach::Workspace,
        repairs: &[
            retype::restrict_parameter,
            operate,
            replace_refcell_with_mutex::lock,
            change_type,
        ],
    })
}

fn change_type(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    change(context, &target())
}

/// Shortens the new names.
pub(super) fn polish(problem: &Problem, before: &Sources, after: &Sources) -> Option<Vec<Edit>> {
    shorten(problem, before, after, &target())
}

/// `get`, `set`, `replace` and `take` of a cell that is a `Mutex` now.
pub(super) fn operate(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let world = context.world;
    let primary = context.error.spans.iter().find(|span| span.is_primary)?;
    let span = retype::span_of(primary);
    // Accessors of the same names are planned for `Mutex`.
    let words = retype::texts_of(context.error);
    if !words.contains("Mutex<") && !words.contains("`lock_value_accessors`") {
        return None;
    }
    let (node, _) = node_at(world, &span)?;
    let call = ast::MethodCallExpr::cast(node.parent()?)?;
    call.name_ref().filter(|it| *it.syntax() == node)?;
    let (receiver, text) = locked(&call)?;
    let range = call.syntax().text_range();
    // What stays of the text is not touched: another repair of the round may be in it.
    let head = TextRange::empty(range.start());
    let tail = TextRange::new(receiver.syntax().text_range().end(), range.end());
    let (before, after) = text.split_once('\0')?;
    let mut sites = vec![Site::new(&span.file, tail, after.to_owned())];
    if !before.is_empty() {
        sites.push(Site::new(&span.file, head, before.to_owned()));
    }
    Some(world.edits(sites))
}

/// The receiver of a call, and what the call becomes around it (`\0`).
fn locked(call: &ast::MethodCallExpr) -> Option<(ast::Expr, String)> {
    let receiver = call.receiver()?;
    let arguments: Vec<ast::Expr> = call.arg_list()?.args().collect();
    let parent = call.syntax().parent()?;
    let is_stmt = matches!(
        parent.kind(),
        SyntaxKind::EXPR_STMT
            | SyntaxKind::STMT_LIST
            | SyntaxKind::CLOSURE_EXPR
            | SyntaxKind::MATCH_ARM
    );
    let name = call.name_ref()?;
    let text = match (name.text(), arguments.as_slice()) {
        ("get", []) if ast::LetStmt::can_cast(parent.kind()) => "*\0.lock().unwrap()".to_owned(),
        ("get", []) => "\0.lock().map(|it| *it).unwrap()".to_owned(),
        ("take", []) => "\0.lock().map(|mut it| std::mem::take(&mut *it)).unwrap()".to_owned(),
        // The new value is there before the lock is taken.
        ("set", [value]) if is_stmt => {
            // As the end of a block its lock would outlive the block's variables.
            let end = if parent.kind() == SyntaxKind::STMT_LIST { ";" } else { "" };
            format!("*\0.lock().unwrap() = {}{end}", value.syntax().text())
        }
        ("replace", [value]) if is_harmless(value.syntax()) => {
            let value = value.syntax().text();
            format!("\0.lock().map(|mut it| std::mem::replace(&mut *it, {value})).unwrap()")
        }
        _ => return None,
    };
    Some((receiver, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "replace_cell_with_mutex";

    #[test]
    fn type_and_constructor() {
        check(
            ID,
            "Cell<Option<u32>>",
            "
use std::{cell::Cell, rc::Rc};
struct Żaba { last: Rc<Cell<Option<u32>>> }
async fn f($0ż$0: Żaba) { io().$1await; ż.last.set(None); }",
            "
use std::{cell::Cell, rc::Rc};
struct Żaba { last: std::sync::Arc<std::sync::Mutex<Option<u32>>> }
async fn f(ż: Żaba) { io().await; ż.last.set(None); }",
        );
    }

    #[test]
    fn declines_for_what_has_an_atomic_and_other_cells() {
        let text = "use std::cell::Cell;\nasync fn f($0c$0: &Cell<u8>) { io().$1await; c.set(1); }";
        for leaf in ["Cell<u8>", "RefCell<String>", "OnceCell<String>", "Rc<String>"] {
            check_declines(ID, leaf, text);
        }
    }

    #[test]
    fn calls() {
        for (code, expected) in [
            ("let größe = c.get();", Some("*\0.lock().unwrap()")),
            ("c.set(c.get());", Some("*\0.lock().unwrap() = c.get()")),
            ("f(c.get());", Some("\0.lock().map(|it| *it).unwrap()")),
            ("if größe { c.set(1) }", Some("*\0.lock().unwrap() = 1;")),
            ("f(c.set(1));", None),
            ("c.replace(g());", None),
            ("c.swap(&d);", None),
        ] {
            let file = format!("fn f() {{ {code} }}");
            let tree = ra_ap_syntax::SourceFile::parse(&file, ra_ap_syntax::Edition::Edition2021);
            let mut calls =
                tree.tree().syntax().descendants().filter_map(ast::MethodCallExpr::cast);
            let text = locked(&calls.next().unwrap()).map(|(_, text)| text);
            assert_eq!(text.as_deref(), expected, "{code}");
        }
    }
}
