//! A guard of an `Arc`: the `Arc` is cloned out, and everything that used the guard uses that.
//!
//! ```text
//! let config = config.read().unwrap();     let config = config.read().unwrap().clone();
//! send(&config.name).await;                send(&config.name).await;
//! ```
//!
//! Declines where a use could tell the two apart: a dereference, a mutable borrow, an assignment,
//! or the guard passed on by value.

use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, T,
    ast::{self, HasName},
};

use crate::{
    fixes::{FixContext, context::is_postfix, region::is_drop_of},
    problem::Edit,
};

/// The edits, when the guard is one of an `Arc` and nothing needs more than what that shares.
pub(super) fn clone_shared(context: &FixContext<'_>, held: &str) -> Option<Vec<Edit>> {
    if !guards_arc(context.held.ty.as_deref()?) {
        return None;
    }
    let stmt = context.let_stmt().filter(|it| it.let_else().is_none() && it.ty().is_none())?;
    let pattern = ast::IdentPat::cast(stmt.pat()?.syntax().clone())?;
    pattern.name().filter(|it| it.text() == held && pattern.ref_token().is_none())?;
    let source = stmt.initializer().filter(is_postfix)?;
    let later: Vec<SyntaxNode> = stmt
        .syntax()
        .siblings(ra_ap_syntax::Direction::Next)
        .skip(1)
        .take_while(|it| !declares(it, held))
        .collect();
    let (drops, uses): (Vec<_>, Vec<_>) = later.into_iter().partition(|it| is_drop_of(it, held));
    let tokens = uses.iter().flat_map(SyntaxNode::descendants_with_tokens);
    let mut mentions = tokens
        .filter_map(NodeOrToken::into_token)
        .filter(|it| matches!(it.kind(), SyntaxKind::IDENT) && it.text() == held);
    if !mentions.all(|it| is_view(&it)) {
        return None;
    }
    let mut edits = vec![context.insert(source.syntax().text_range().end(), ".clone()")];
    edits.extend(drops.iter().map(|it| context.edit(context.line_of(it.text_range()), "")));
    Some(edits)
}

/// `RwLockReadGuard<'_, Arc<T>>`: whether the last argument of a guard's type is an `Arc`.
fn guards_arc(ty: &str) -> bool {
    let Some((head, arguments)) = ty.split_once('<') else { return false };
    let mut depth = 0;
    let last = arguments.char_indices().filter_map(|(at, c)| {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => return Some(at + 1),
            _ => {}
        }
        None
    });
    let start = last.last().unwrap_or_default();
    let inner = arguments.get(start..).unwrap_or_default().trim();
    let name = inner.split('<').next().unwrap_or_default();
    head.ends_with("Guard") && name.rsplit("::").next() == Some("Arc")
}

/// Another `let` of the name: what follows means that.
fn declares(stmt: &SyntaxNode, name: &str) -> bool {
    let pattern = ast::LetStmt::cast(stmt.clone()).and_then(|it| it.pat());
    let mut names =
        pattern.iter().flat_map(|it| it.syntax().descendants()).filter_map(ast::Name::cast);
    names.any(|it| it.text() == name)
}

/// Whether a mention only looks through the guard: a method, a field, a shared borrow.
fn is_view(token: &SyntaxToken) -> bool {
    let before = near(token.prev_token(), SyntaxToken::prev_token);
    let after = near(token.next_token(), SyntaxToken::next_token);
    match (before, after) {
        // A field or a method of that name.
        (Some(T![.]), _) => true,
        (Some(T![*] | T![mut]), _) => false,
        (_, Some(T![.])) => true,
        (Some(T![&]), _) => true,
        // `format!("{}", guard)` borrows.
        _ => token.parent().is_some_and(|it| {
            let call = it.ancestors().find_map(ast::MacroCall::cast);
            let name =
                call.and_then(|it| Some(it.path()?.segment()?.name_ref()?.text().to_string()));
            name.is_some_and(|it| FORMATS.contains(&it.as_str()))
        }),
    }
}

/// Macros that only print their arguments.
const FORMATS: &[&str] = &[
    "format",
    "print",
    "println",
    "eprint",
    "eprintln",
    "write",
    "writeln",
    "format_args",
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "panic",
];

fn near(
    token: Option<SyntaxToken>,
    step: fn(&SyntaxToken) -> Option<SyntaxToken>,
) -> Option<SyntaxKind> {
    std::iter::successors(token, step).map(|it| it.kind()).find(|it| !it.is_trivia())
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, variants};

    const ID: &str = "clone_out_of_guard";
    const STD: &str = "std::sync::RwLockReadGuard<'_, Arc<Größe>>";
    const OTHER: &str =
        "parking_lot::lock_api::MutexGuard<'_, parking_lot::RawMutex, std::sync::Arc<Größe<u8>>>";

    #[test]
    fn the_arc_comes_out() {
        for ty in [STD, OTHER] {
            check(
                ID,
                ty,
                "
async fn f(m: M) {
    let $0größe$0 = m.read().unwrap();
    größe.miss(&größe.breit).$1await;
    println!(\"{} {größe}\", größe);
    drop(größe);
}",
                "
async fn f(m: M) {
    let größe = m.read().unwrap().clone();
    größe.miss(&größe.breit).await;
    println!(\"{} {größe}\", größe);
}",
            );
        }
    }

    #[test]
    fn declines_where_the_guard_is_needed() {
        for (ty, later) in [
            (STD, "use_it((*g).clone());"),
            (STD, "use_it(&mut g);"),
            (STD, "take(g);"),
            (STD, "g = other();"),
            ("std::sync::MutexGuard<'_, Vec<Arc<u8>>>", "g.len();"),
        ] {
            let code = format!(
                "async fn f(m: M) {{ let mut $0g$0 = m.lock().unwrap(); io().$1await; {later} }}"
            );
            let all = variants(ID, &code, ty).unwrap_or_default();
            assert!(
                !all.iter().any(|it| it.contains("let mut g = m.lock().unwrap().clone()")),
                "{all:#?}"
            );
        }
    }
}
