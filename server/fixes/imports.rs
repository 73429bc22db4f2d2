//! Adding a `use` to the file of the value.

use ra_ap_syntax::{
    AstNode, SyntaxKind, TextSize,
    ast::{self, HasModuleItem},
};

use super::FixContext;
use crate::problem::Edit;

/// `use PATH;` before the first `use` of the module around the value, unless the name is there
/// already.
pub(super) fn import(context: &FixContext<'_>, path: &str) -> Option<Edit> {
    if is_imported(context, path.rsplit("::").next()?) {
        return None;
    }
    let module = context.value_node().ancestors().find_map(ast::ItemList::cast);
    let items: Vec<ast::Item> = match &module {
        Some(list) => list.items().collect(),
        None => context.tree.items().collect(),
    };
    let is_use = |item: &&ast::Item| matches!(item, ast::Item::Use(_));
    let before = items.iter().find(is_use).or_else(|| items.first());
    let at = before.map_or(TextSize::new(0), start);
    let line_break = format!("{}{}", context.newline(), context.indent_at(at));
    Some(context.insert(at, format!("use {path};{line_break}")))
}

/// Where something can be put before an item. The comment above an import belongs to the file, or
/// to all imports; one above another item belongs to that.
pub(super) fn start(item: &ast::Item) -> TextSize {
    let mut tokens = item.syntax().descendants_with_tokens().filter_map(|it| it.into_token());
    let first = match item {
        ast::Item::Use(_) => tokens.find(|it| !it.kind().is_trivia()),
        _ => None,
    };
    let range = first.map_or_else(|| item.syntax().text_range(), |it| it.text_range());
    range.start()
}

/// Whether some `use` of the file names an item.
pub(super) fn is_imported(context: &FixContext<'_>, name: &str) -> bool {
    let uses = context.tree.syntax().descendants().filter_map(ast::Use::cast);
    uses.flat_map(|it| it.syntax().descendants_with_tokens().collect::<Vec<_>>())
        .filter_map(|it| it.into_token())
        .any(|it| it.kind() == SyntaxKind::IDENT && it.text() == name)
}
