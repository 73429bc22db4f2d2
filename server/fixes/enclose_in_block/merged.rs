//! The last statement that goes in has a block of its own already: the others move into it.
//!
//! ```text
//! let guard = state.lock();       let names = {
//! let names = {                       let guard = state.lock();
//!     guard.names()                   guard.names()
//! };                              };
//! ```

use ra_ap_syntax::{AstNode, SyntaxKind, TextRange, ast};

use super::super::{FixContext, indent::indent, region::Region};
use crate::problem::Edit;

/// The edits for a last statement `let x = { … };` of which only `x` comes out. What the block's
/// value borrows may live too short then: the compiler decides.
pub(super) fn merged(context: &FixContext<'_>, region: &Region, held: &str) -> Option<Vec<Edit>> {
    let escaping = region.escaping(held);
    let [only] = escaping.as_slice() else { return None };
    let last = ast::LetStmt::cast(region.inside.last()?.clone())?;
    let pat = last.pat().filter(|pat| pat.syntax() == only.syntax())?;
    let ast::Expr::BlockExpr(value) = last.initializer()? else { return None };
    let is_plain = value.modifier().is_none() && value.label().is_none();
    let whole = region.range()?;
    let is_alone = region.dropped.is_none() && !region.has_lifted();
    if !is_plain || !is_alone || !region.uses_value() || !context.starts_line(whole.start()) {
        return None;
    }
    let brace = value.stmt_list()?.l_curly_token()?;
    let opens_line = brace.next_token().is_some_and(|it| it.text().contains('\n'));
    let space = last.syntax().first_token()?.prev_token()?;
    let is_space = space.kind() == SyntaxKind::WHITESPACE && space.text().contains('\n');
    if !opens_line || !is_space {
        return None;
    }
    let ty = last.ty().map(|ty| format!(": {}", ty.syntax().text())).unwrap_or_default();
    let newline = format!("{}{}", context.newline(), context.indent_at(whole.start()));
    let head = format!("let {}{ty} = {{{newline}{}", pat.syntax().text(), context.indent_step());
    let mut edits = vec![context.insert(whole.start(), head)];
    let before = TextRange::new(whole.start(), space.text_range().start());
    edits.extend(indent(context, before));
    let gone = TextRange::new(before.end(), brace.text_range().end());
    edits.push(context.edit(gone, ""));
    Some(edits)
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::check;

    const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

    #[test]
    fn a_block_that_is_there_takes_the_others_in() {
        check(
            "enclose_in_block",
            GUARD,
            "
async fn f(m: M) {
    let $0guard$0 = m.lock().unwrap();
    let größe: usize = {
        let n = 1; // żółw
        guard.len() + n
    };
    io(größe).$1await;
}
",
            "
async fn f(m: M) {
    let größe: usize = {
        let guard = m.lock().unwrap();
        let n = 1; // żółw
        guard.len() + n
    };
    io(größe).await;
}
",
        );
        // Such a block does more than give a value its place.
        check(
            "enclose_in_block",
            GUARD,
            "
async fn f(m: M) {
    let $0guard$0 = m.lock().unwrap();
    let größe = unsafe {
        guard.len()
    };
    io(größe).$1await;
}
",
            "
async fn f(m: M) {
    let größe = {
        let guard = m.lock().unwrap();
        unsafe {
            guard.len()
        }
    };
    io(größe).await;
}
",
        );
    }
}
