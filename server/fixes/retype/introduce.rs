//! Imports for new names: `std::sync::Arc` is shortened to `Arc` where that is free.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, HasAttrs},
};

use super::{Site, World, renames::imports};

/// Shortens every `MODULE::NAME` of a file, and imports the name where it is not imported yet;
/// nothing where the name means something else.
pub(in super::super) fn introduce(
    world: &World<'_>,
    file: &Utf8Path,
    module: &str,
    name: &str,
) -> Option<Vec<Site>> {
    let tree = world.tree(file)?;
    let paths = long_paths(&tree, module, name);
    if paths.is_empty() {
        return None;
    }
    let known = imports(&tree);
    let is_imported = match known.iter().find(|(_, _, alias)| alias == name) {
        Some((from, ..)) if from == module => true,
        Some(_) => return None,
        None => known.iter().any(|(from, item, _)| from == module && item == "*"),
    };
    let defines =
        tree.descendants().any(|node| ast::Name::cast(node).is_some_and(|it| it.text() == name));
    if defines {
        return None;
    }
    let mut sites: Vec<Site> =
        paths.into_iter().map(|range| Site::new(file, range, String::new())).collect();
    if !is_imported {
        sites.push(new_import(file, &tree, &format!("{module}::{name}"))?);
    }
    Some(sites)
}

/// The `MODULE::` before every `MODULE::NAME` outside imports, macros included.
fn long_paths(tree: &SyntaxNode, module: &str, name: &str) -> Vec<TextRange> {
    let tokens = tree.descendants_with_tokens().filter_map(|it| it.into_token());
    let named = tokens.filter(|it| it.kind() == SyntaxKind::IDENT && it.text() == name);
    named
        .filter(|token| !token.parent_ancestors().any(|it| ast::Use::can_cast(it.kind())))
        .filter_map(|token| {
            let mut start = token.clone();
            for segment in module.rsplit("::") {
                start = before_colons(&start)?;
                if start.text() != segment {
                    return None;
                }
            }
            let range = TextRange::new(start.text_range().start(), token.text_range().start());
            Some(range)
        })
        .collect()
}

/// The token before a `::`, which is one token in trees and two in macros.
fn before_colons(token: &SyntaxToken) -> Option<SyntaxToken> {
    let before = token.prev_token()?;
    match before.text() {
        "::" => before.prev_token(),
        ":" => before.prev_token().filter(|it| it.text() == ":")?.prev_token(),
        _ => None,
    }
}

/// `use PATH;` on a line after the last import, of the first run of imports, that sorts before it.
fn new_import(file: &Utf8Path, tree: &SyntaxNode, path: &str) -> Option<Site> {
    let uses: Vec<ast::Use> = tree.children().filter_map(ast::Use::cast).collect();
    let Some(first) = uses.first() else {
        let item = tree.children().find_map(ast::Item::cast)?;
        let at = TextRange::empty(item.syntax().text_range().start());
        return Some(Site::new(file, at, format!("use {path};\n\n")));
    };
    let text_of = |it: &ast::Use| it.use_tree().map(|it| it.syntax().text().to_string());
    let mut earlier = uses.iter().filter(|it| it.attrs().next().is_none());
    let anchor = earlier.by_ref().rfind(|it| text_of(it).is_some_and(|text| text.as_str() < path));
    Some(match anchor {
        Some(anchor) => {
            let at = TextRange::empty(anchor.syntax().text_range().end());
            Site::new(file, at, format!("\nuse {path};"))
        }
        None => {
            let at = TextRange::empty(first.syntax().text_range().start());
            Site::new(file, at, format!("use {path};\n"))
        }
    })
}
