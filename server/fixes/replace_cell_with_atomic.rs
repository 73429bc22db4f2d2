//! Fix: a `Cell` of a number or `bool` becomes an atomic (and an `Rc` around it an `Arc`).
//!
//! ```text
//! let hits = Rc::new(Cell::new(0u32));     let hits = Arc::new(AtomicU32::new(0u32));
//! hits.set(hits.get() + 1);                hits.fetch_add(1, Ordering::SeqCst);
//! ```
//!
//! Declines for cells of anything else. Known problem: where a read and a write stay two steps,
//! others may write in between.

mod counting;

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasArgList},
};

use super::{
    Draft, FixContext, Reach, RepairContext,
    replace_rc_with_arc::{RENAMES, change, labels, seeds, shorten},
    retype::{self, Rename, Renames, Site, World, place_at},
};
use crate::{
    problem::{Edit, Problem},
    sources::{Sources, difference},
};

const ORDERING: &str = "std::sync::atomic::Ordering::SeqCst";

/// What a cell may hold, and the atomic for it.
pub(super) const ATOMICS: &[(&str, &str)] = &[
    ("bool", "AtomicBool"),
    ("u8", "AtomicU8"),
    ("u16", "AtomicU16"),
    ("u32", "AtomicU32"),
    ("u64", "AtomicU64"),
    ("usize", "AtomicUsize"),
    ("i8", "AtomicI8"),
    ("i16", "AtomicI16"),
    ("i32", "AtomicI32"),
    ("i64", "AtomicI64"),
    ("isize", "AtomicIsize"),
];

/// What the innermost `Cell` of a type holds.
pub(super) fn cell_in(leaf: &str) -> Option<&str> {
    let (before, inner) = leaf.rsplit_once("Cell<")?;
    (!before.ends_with(char::is_alphanumeric)).then_some(inner)
}

/// The atomic for the cell in a type.
fn atomic(leaf: &str) -> Option<&'static str> {
    let inner = cell_in(leaf)?.trim_end_matches('>');
    ATOMICS.iter().find(|(held, _)| *held == inner).map(|(_, name)| *name)
}

/// The change for the cell in a type.
pub(super) fn target(leaf: &str) -> Option<Renames> {
    Some(to(atomic(leaf)?))
}

/// The change to the atomic that an error names.
pub(super) fn target_named_in(words: &str) -> Option<Renames> {
    let is_named = |(held, name): &&(&str, &str)| {
        words.contains(&format!("{name}`")) || words.contains(&format!("Atomic<{held}>"))
    };
    Some(to(ATOMICS.iter().find(is_named)?.1))
}

fn to(atomic: &'static str) -> Renames {
    let mut all = RENAMES.to_vec();
    all.push(Rename {
        modules: &["std::cell", "cell", "core::cell"],
        name: "Cell",
        new_module: "std::sync::atomic",
        new_name: atomic,
        drops_arguments: true,
    });
    Renames { all, in_fields: true }
}

fn of_problem(problem: &Problem) -> Option<Renames> {
    target(problem.leaf.as_deref()?)
}

/// Drafts `replace_cell_with_atomic`.
pub(super) fn replace_cell_with_atomic(context: &FixContext<'_>) -> Option<Draft> {
    let atomic = atomic(context.problem.leaf.as_deref()?)?;
    let variants = seeds(context, &of_problem(context.problem)?)?;
    Some(Draft {
        id: "replace_cell_with_atomic",
        title: format!("Replace the `Cell` of {} with `{atomic}`", labels(context)),
        note: Some(
            "A `load` and then a `store` are two steps: other tasks may write in between."
                .to_owned(),
        ),
        variants,
        reach: Reach::Workspace,
        repairs: &[retype::restrict_parameter, operate, change_type],
    })
}

fn change_type(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    change(context, &of_problem(context.problem)?)
}

/// Counts in one step where it can, and shortens the new names.
pub(super) fn polish(problem: &Problem, before: &Sources, after: &Sources) -> Option<Vec<Edit>> {
    let world = World::new(after, problem);
    let counted = after.apply(&world.edits(counting::sites(&world, before, after)))?;
    let names = shorten(problem, before, &counted, &of_problem(problem)?);
    let polished = names.and_then(|edits| counted.apply(&edits)).unwrap_or(counted);
    (polished != *after).then(|| difference(after, &polished))
}

/// `get`, `set`, `replace` and `take` by their atomic names.
pub(super) fn operate(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let world = context.world;
    let primary = context.error.spans.iter().find(|span| span.is_primary)?;
    let span = retype::span_of(primary);
    let (file, node, _) = place_at(world, &span)?;
    let call = ast::MethodCallExpr::cast(node.parent()?)?;
    let name = call.name_ref().filter(|it| *it.syntax() == node)?;
    if let Some(sites) = count(&call, &file) {
        return Some(world.edits(sites));
    }
    if name.text() == "get" && counting(&call).is_some() {
        // The call around it takes this one in.
        return None;
    }
    let words = retype::texts_of(context.error);
    let is_bool = words.contains("AtomicBool") || words.contains("Atomic<bool>");
    let (new_name, arguments) = match name.text() {
        "get" => ("load", ORDERING.to_owned()),
        "set" => ("store", format!(", {ORDERING}")),
        "replace" => ("swap", format!(", {ORDERING}")),
        "take" => ("swap", format!("{}, {ORDERING}", if is_bool { "false" } else { "0" })),
        _ => return None,
    };
    let close = call.arg_list()?.r_paren_token()?.text_range().start();
    Some(world.edits(vec![
        Site::new(&file, name.syntax().text_range(), new_name.to_owned()),
        Site::new(&file, TextRange::empty(close), arguments),
    ]))
}

/// `n.set(n.get() + 1);` is one step: `n.fetch_add(1, …);`.
fn count(set: &ast::MethodCallExpr, file: &Utf8Path) -> Option<Vec<Site>> {
    let argument = set.arg_list()?.args().next()?;
    let ast::Expr::BinExpr(sum) = &argument else {
        return None;
    };
    let ast::Expr::MethodCallExpr(get) = sum.lhs()? else {
        return None;
    };
    let (around, new_name) = counting(&get)?;
    let by = sum.rhs()?.syntax().text_range();
    let name = set.name_ref()?.syntax().text_range();
    let start = argument.syntax().text_range().start();
    let mut sites = vec![
        Site::new(file, name, new_name.to_owned()),
        Site::new(file, TextRange::new(start, by.start()), String::new()),
        Site::new(file, TextRange::empty(by.end()), format!(", {ORDERING}")),
    ];
    if is_body_of_closure(set) {
        let whole = set.syntax().text_range();
        sites.push(Site::new(file, TextRange::empty(whole.start()), "{ ".to_owned()));
        sites.push(Site::new(file, TextRange::empty(whole.end()), "; }".to_owned()));
    }
    (around == *set).then_some(sites)
}

/// `move || n.set(n.get() + 1)`: a block keeps the old value from becoming the closure's.
fn is_body_of_closure(call: &ast::MethodCallExpr) -> bool {
    call.syntax().parent().is_some_and(|it| ast::ClosureExpr::can_cast(it.kind()))
}

/// The statement `n.set(n.get() + x)` around its `n.get()`, and the name for it.
fn counting(get: &ast::MethodCallExpr) -> Option<(ast::MethodCallExpr, &'static str)> {
    get.name_ref().filter(|it| it.text() == "get")?;
    let sum = ast::BinExpr::cast(get.syntax().parent()?)?;
    sum.lhs().filter(|it| it.syntax() == get.syntax())?;
    let new_name = match sum.op_kind()? {
        ast::BinaryOp::ArithOp(ast::ArithOp::Add) => "fetch_add",
        ast::BinaryOp::ArithOp(ast::ArithOp::Sub) => "fetch_sub",
        _ => return None,
    };
    let set = ast::MethodCallExpr::cast(sum.syntax().parent()?.parent()?)?;
    set.name_ref().filter(|it| it.text() == "set")?;
    let owners = [get.receiver()?, set.receiver()?].map(|it| it.syntax().text().to_string());
    let [read, written] = &owners;
    // The old value that it returns must not be taken for a result.
    let is_stmt = set.syntax().parent().is_some_and(|it| ast::ExprStmt::can_cast(it.kind()));
    (read == written && (is_stmt || is_body_of_closure(&set))).then_some((set, new_name))
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "replace_cell_with_atomic";

    #[test]
    fn type_and_constructor() {
        check(
            ID,
            "Cell<u32>",
            "
use std::cell::Cell;
struct Żaba { n: Cell<u32> }
async fn f($0ż$0: &Żaba) { io().$1await; ż.n.set(1); }",
            "
use std::cell::Cell;
struct Żaba { n: std::sync::atomic::AtomicU32 }
async fn f(ż: &Żaba) { io().await; ż.n.set(1); }",
        );
    }

    #[test]
    fn declines_for_cells_of_other_things() {
        let text = "use std::cell::Cell;\nasync fn f($0c$0: &Cell<u8>) { io().$1await; c.set(1); }";
        check_declines(ID, "Cell<String>", text);
        check_declines(ID, "RefCell<u8>", text);
        check_declines(ID, "OnceCell<u8>", text);
    }
}
