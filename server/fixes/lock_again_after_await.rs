//! Fix: lets a lock go before the await and takes it again behind it.
//!
//! ```text
//! let mut cache = cache.lock().unwrap();      {
//! if cache.contains_key(&id) {                    let mut cache = cache.lock().unwrap();
//!     return;                                     if cache.contains_key(&id) {
//! }                                                   return;
//! let page = load(id).await;                      }
//! cache.insert(id, page);                     }
//!                                             let page = load(id).await;
//!                                             let mut cache = cache.lock().unwrap();
//!                                             cache.insert(id, page);
//! ```
//!
//! The last resort of a lock that is used on both sides: what was found out before the await may
//! not hold any more behind it; the note says so. Declines where the awaiting statement uses the
//! guard, and where it would cross another await.

use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasName},
};

use super::{
    Draft, FixContext, Reach,
    context::{mentions, mentions_await},
    enclose_in_block::enclosed,
    region::Region,
};

/// Drafts `lock_again_after_await`.
pub(super) fn lock_again_after_await(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref().filter(|_| context.holds_lock())?;
    let region = Region::find(context, name)?;
    let stmt = context.let_stmt().filter(|it| it.let_else().is_none())?;
    let pattern = ast::IdentPat::cast(stmt.pat()?.syntax().clone())?;
    pattern.name().filter(|it| it.text() == name)?;
    let source = stmt.initializer()?;
    let first = region.later_uses().first()?;
    let last = region.later_uses().last()?;
    let is_later = |node: &SyntaxNode| node.text_range().start() >= first.text_range().start();
    let rest: Vec<&SyntaxNode> = region.after.iter().filter(|it| is_later(it)).collect();
    let is_used = rest.iter().any(|it| mentions(it, name) && *it == last);
    if !region.uses_value() || !is_used || rest.iter().any(|it| mentions_await(it)) {
        return None;
    }
    if mentions_await(source.syntax()) || region.dropped.is_some() {
        return None;
    }
    let at = first.text_range().start();
    let separator = match context.starts_line(at) {
        true => format!("{}{}", context.newline(), context.indent_at(at)),
        false => " ".to_owned(),
    };
    let again = context.insert(at, format!("{}{separator}", stmt.syntax().text()));
    let mut variants = enclosed(context, &region, name);
    variants.iter_mut().for_each(|it| it.push(again.clone()));
    (!variants.is_empty()).then(|| Draft {
        id: "lock_again_after_await",
        title: format!("Let `{name}` go before the `.await` and lock again behind it"),
        note: Some(format!(
            "Others may change what `{name}` guards during the `.await`: what the code found out \
             before may not hold any more."
        )),
        variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "lock_again_after_await";
    const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

    #[test]
    fn both_sides_lock() {
        check(
            ID,
            GUARD,
            "
async fn f(m: M) -> u8 {
    let mut $0größen$0 = m.lock().unwrap();
    if let Some(known) = größen.last() {
        return *known;
    }
    let fresh = load(\"ü\").$1await;
    größen.push(fresh);
    fresh
}
",
            "
async fn f(m: M) -> u8 {
    {
        let mut größen = m.lock().unwrap();
        if let Some(known) = größen.last() {
            return *known;
        }
    }
    let fresh = load(\"ü\").await;
    let mut größen = m.lock().unwrap();
    größen.push(fresh);
    fresh
}
",
        );
    }

    #[test]
    fn declines_where_it_would_cross_again() {
        for code in [
            "async fn f() { let $0g$0 = m.lock(); g.a(); io().$1await; g.b(); io().await; }",
            "async fn f() { let $0g$0 = m.lock(); g.a(); io(&g).$1await; g.b(); }",
            "async fn f() { let $0g$0 = m.lock(); io().$1await; g.b(); }",
            "async fn f() { let $0g$0 = m.lock(); g.a(); io().$1await; }",
        ] {
            check_declines(ID, GUARD, code);
        }
        let rc = "async fn f() { let $0g$0 = Rc::new(1); g.a(); io().$1await; g.b(); }";
        check_declines(ID, "Rc<u8>", rc);
    }
}
