//! A read in one statement and a write in the next become one step, so that no other thread
//! counts the same.
//!
//! ```text
//! let id = next.load(SeqCst);          let id = next.fetch_add(1, SeqCst);
//! next.store(id + 1, SeqCst);
//! ```

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasArgList},
};

use crate::{
    fixes::{
        context::mentions,
        retype::{Site, World},
    },
    sources::Sources,
};

/// The places to change in the texts that the fix wrote. What stood there before stays.
pub(super) fn sites(world: &World<'_>, before: &Sources, after: &Sources) -> Vec<Site> {
    let mut sites = Vec::new();
    for (file, _) in before.changed_files(after) {
        let Some(tree) = world.tree(file) else { continue };
        let known = before.text(file).map_or("", |text| &**text);
        let stores = tree.descendants().filter_map(ast::ExprStmt::cast);
        let fresh = stores.filter(|it| !known.contains(&it.syntax().text().to_string()));
        sites.extend(fresh.filter_map(|store| joined(&store, file)).flatten());
    }
    sites
}

/// `next.store(id + 1, …);` behind `let id = next.load(…);`.
fn joined(store: &ast::ExprStmt, file: &Utf8Path) -> Option<[Site; 3]> {
    let (cell, mut arguments) = call_of(&store.expr()?, "store")?;
    let ast::Expr::BinExpr(sum) = arguments.next()? else { return None };
    let new_name = match sum.op_kind()? {
        ast::BinaryOp::ArithOp(ast::ArithOp::Add) => "fetch_add",
        ast::BinaryOp::ArithOp(ast::ArithOp::Sub) => "fetch_sub",
        _ => return None,
    };
    let read = ast::LetStmt::cast(store.syntax().prev_sibling()?)?;
    let ast::Pat::IdentPat(old) = read.pat()? else { return None };
    let old = ast::HasName::name(&old)?.text().to_string();
    let load = read.initializer()?;
    let (same_cell, mut orderings) = call_of(&load, "load")?;
    let by = sum.rhs()?;
    let is_step = sum.lhs()?.syntax().text() == old.as_str() && cell == same_cell;
    if !is_step || mentions(by.syntax(), &old) || by.syntax().text().to_string().contains('(') {
        return None;
    }
    let ast::Expr::MethodCallExpr(load) = load else { return None };
    let name = load.name_ref()?.syntax().text_range();
    let first = TextRange::empty(orderings.next()?.syntax().text_range().start());
    let gone = TextRange::new(read.syntax().text_range().end(), store.syntax().text_range().end());
    Some([
        Site::new(file, name, new_name.to_owned()),
        Site::new(file, first, format!("{}, ", by.syntax().text())),
        Site::new(file, gone, String::new()),
    ])
}

/// The receiver and the arguments of a call of that name.
fn call_of(expr: &ast::Expr, name: &str) -> Option<(String, ast::AstChildren<ast::Expr>)> {
    let ast::Expr::MethodCallExpr(call) = expr else { return None };
    call.name_ref().filter(|it| it.text() == name)?;
    let receiver = call.receiver()?.syntax().text().to_string();
    Some((receiver, call.arg_list()?.args()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, expected: &str) {
        let texts = |text: &str| {
            let mut texts = Sources::default();
            texts.insert("src/lib.rs", text);
            texts
        };
        let (before, after) = (texts(before), texts(after));
        let world = World::with_edition(&after, "2021");
        let edits = world.edits(sites(&world, &before, &after));
        let changed = after.apply(&edits).unwrap();
        assert_eq!(changed.text("src/lib.rs".into()).unwrap().as_ref(), expected);
    }

    #[test]
    fn one_step() {
        check(
            "fn f(ż: &Ż) -> u8 { let id = ż.n.get(); ż.n.set(id + 1); id }",
            "fn f(ż: &Ż) -> u8 { let id = ż.n.load(SeqCst); ż.n.store(id + 1, SeqCst); id }",
            "fn f(ż: &Ż) -> u8 { let id = ż.n.fetch_add(1, SeqCst); id }",
        );
    }

    #[test]
    fn other_steps_stay() {
        for after in [
            "fn f(a: &A) { let id = a.n.load(SeqCst); a.m.store(id + 1, SeqCst); }",
            "fn f(a: &A) { let id = a.n.load(SeqCst); g(); a.n.store(id + 1, SeqCst); }",
            "fn f(a: &A) { let id = a.n.load(SeqCst); a.n.store(id + id, SeqCst); }",
            "fn f(a: &A) { let id = a.n.load(SeqCst); a.n.store(id * 2, SeqCst); }",
        ] {
            check("", after, after);
        }
        let theirs = "fn f(a: &A) { let id = a.n.load(SeqCst); a.n.store(id + 1, SeqCst); }";
        check(&format!("{theirs} "), theirs, theirs);
    }
}
