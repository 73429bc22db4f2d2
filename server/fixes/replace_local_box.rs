//! Fix: `LocalBoxFuture` and `LocalBoxStream` become `BoxFuture` and `BoxStream`, which are `Send`.
//!
//! ```text
//! fn get(&self) -> LocalBoxFuture<'_, u8> {       fn get(&self) -> BoxFuture<'_, u8> {
//!     async { 1 }.boxed_local()                       async { 1 }.boxed()
//! }                                               }
//! ```
//!
//! First in the files whose fns the code at fault calls, then in the whole workspace. Known
//! problem: what is boxed there must be `Send` itself, or the code no longer compiles; the oracle
//! asks the whole workspace.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxKind, SyntaxToken, T, TextRange,
    ast::{self, HasName},
};

use super::{Draft, FixContext, Reach};
use crate::{problem::Edit, text::Lines};

/// What the `futures` crate calls the two kinds of boxes.
const TWINS: &[(&str, &str)] =
    &[("LocalBoxFuture", "BoxFuture"), ("LocalBoxStream", "BoxStream"), ("boxed_local", "boxed")];

/// Drafts `replace_local_box`.
pub(super) fn replace_local_box(context: &FixContext<'_>) -> Option<Draft> {
    let leaf = context.problem.leaf.as_deref()?;
    if !leaf.contains("dyn ") || !["Future", "Stream"].iter().any(|it| leaf.contains(it)) {
        return None;
    }
    let node = context.value_node();
    let around = node.ancestors().find_map(ast::Fn::cast).map(|it| it.syntax().text().to_string());
    let calls = around.unwrap_or_default();
    let (mut near, mut all) = (Vec::new(), Vec::new());
    for (path, text) in context.sources.iter().filter(|(_, text)| text.contains("LocalBox")) {
        let tree = SourceFile::parse(text, context.edition()).tree();
        let edits = edits(path, text, &tree);
        if gives_local_box(&tree).any(|name| calls.contains(&format!("{name}("))) {
            near.extend(edits.iter().cloned());
        }
        all.extend(edits);
    }
    let mut variants = vec![near, all];
    variants.retain(|edits: &Vec<Edit>| !edits.is_empty());
    variants.dedup();
    let (local, shared) = TWINS.iter().find(|(_, shared)| {
        shared.strip_prefix("Box").is_some_and(|kind| leaf.contains(&format!("{kind}<")))
    })?;
    (!variants.is_empty()).then(|| Draft {
        id: "replace_local_box",
        title: format!("Replace `{local}` with `{shared}`"),
        note: None,
        variants,
        reach: Reach::Workspace,
        repairs: &[],
    })
}

/// The names of the fns that return a local box.
fn gives_local_box(tree: &SourceFile) -> impl Iterator<Item = String> {
    let fns = tree.syntax().descendants().filter_map(ast::Fn::cast);
    fns.filter_map(|it| {
        let ret = it.ret_type()?.syntax().text().to_string();
        ret.contains("LocalBox").then(|| it.name().map(|it| it.text().to_string()))?
    })
}

fn edits(path: &Utf8Path, text: &str, tree: &SourceFile) -> Vec<Edit> {
    let lines = Lines::new(text);
    let tokens = tree.syntax().descendants_with_tokens().filter_map(|it| it.into_token());
    let idents: Vec<SyntaxToken> = tokens.filter(|it| it.kind() == SyntaxKind::IDENT).collect();
    let is_imported =
        |name: &str| idents.iter().any(|it| it.text() == name && import(it).is_some());
    let edits = idents.iter().filter_map(|token| {
        let (_, twin) = TWINS.iter().find(|(local, _)| *local == token.text())?;
        let (range, new_text) = match import(token) {
            Some(tree) if is_imported(twin) => (with_comma(&tree), String::new()),
            _ => (token.text_range(), (*twin).to_owned()),
        };
        Some(Edit { span: lines.span(path, range), new_text })
    });
    edits.collect()
}

/// The part of a `use` that imports a name.
fn import(token: &SyntaxToken) -> Option<ast::UseTree> {
    token.parent_ancestors().find_map(ast::UseTree::cast)
}

/// An import that is there already goes: from a list with its comma, else the whole `use`.
fn with_comma(tree: &ast::UseTree) -> TextRange {
    let range = tree.syntax().text_range();
    let Some(_) = tree.syntax().parent().and_then(ast::UseTreeList::cast) else {
        let item = tree.syntax().parent().and_then(ast::Use::cast);
        return item.map_or(range, |it| it.syntax().text_range());
    };
    let is_comma = |it: &SyntaxToken| it.kind() == T![,];
    let near = |token: Option<SyntaxToken>, step: fn(&SyntaxToken) -> Option<SyntaxToken>| {
        std::iter::successors(token, step).find(|it| !it.kind().is_trivia()).filter(is_comma)
    };
    let before = tree.syntax().first_token().and_then(|it| it.prev_token());
    if let Some(comma) = near(before, SyntaxToken::prev_token) {
        return range.cover(comma.text_range());
    }
    let after = tree.syntax().last_token().and_then(|it| it.next_token());
    let Some(comma) = near(after, SyntaxToken::next_token) else { return range };
    let space = comma.next_token().filter(|it| it.kind() == SyntaxKind::WHITESPACE);
    range.cover(space.map_or(comma.text_range(), |it| it.text_range()))
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "replace_local_box";
    const LEAF: &str = "dyn futures::Future<Output = u8>";

    #[test]
    fn types_calls_and_imports() {
        check(
            ID,
            LEAF,
            "
use futures::future::{BoxFuture, LocalBoxFuture};
fn größe() -> LocalBoxFuture<'static, u8> { async { 1 }.boxed_local() }
async fn f() { $0größe()$0.$1await; }",
            "
use futures::future::{BoxFuture};
fn größe() -> BoxFuture<'static, u8> { async { 1 }.boxed() }
async fn f() { größe().await; }",
        );
        check(
            ID,
            "dyn Stream<Item = u8>",
            "use futures::stream::LocalBoxStream; fn s() -> LocalBoxStream<'static, u8> { b() } async fn f() { let $0s$0 = s(); n().$1await; }",
            "use futures::stream::BoxStream; fn s() -> BoxStream<'static, u8> { b() } async fn f() { let s = s(); n().await; }",
        );
    }

    #[test]
    fn declines_for_other_boxes() {
        check_declines(ID, LEAF, "fn g() -> Boxed { b() } async fn f() { $0g()$0.$1await; }");
        let local =
            "fn g() -> LocalBoxFuture<'static, u8> { b() } async fn f() { $0g()$0.$1await; }";
        check_declines(ID, "Rc<u8>", local);
    }
}
