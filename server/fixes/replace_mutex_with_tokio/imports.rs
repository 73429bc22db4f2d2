//! Imports: `tokio::sync::Mutex` is shortened to `Mutex` where nothing else of that name is left.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, HasAttrs},
};

use super::{
    super::retype::{Site, World, imports, known_import, merged},
    names::LockTarget,
};

/// Sites that shorten every full path of a file and swap its imports.
pub(super) fn shorten(
    world: &World<'_>,
    file: &Utf8Path,
    target: &LockTarget,
) -> Option<Vec<Site>> {
    let tree = world.tree(file)?;
    let known = imports(&tree);
    let mut sites = Vec::new();
    let mut moved: Vec<(&str, ast::UseTree)> = Vec::new();
    for name in target.names {
        let paths = full_paths(&tree, name);
        if paths.is_empty() || is_used_otherwise(&tree, name) {
            continue;
        }
        let imported = known.iter().find(|(_, _, alias)| alias == name);
        let from_tokio = imported.is_some_and(|(module, ..)| module == "tokio::sync");
        let leaf = use_leaf(&tree, name);
        if !from_tokio {
            moved.push((name, leaf?));
        }
        sites.extend(paths.into_iter().map(|range| Site::new(file, range, String::new())));
    }
    if moved.is_empty() {
        return Some(sites);
    }
    sites.extend(swap(file, &tree, &moved)?);
    Some(sites)
}

fn tokens(tree: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    tree.descendants_with_tokens().filter_map(|it| it.into_token())
}

/// The `tokio::sync::` before every `tokio::sync::NAME` outside imports, macros included.
fn full_paths(tree: &SyntaxNode, name: &str) -> Vec<TextRange> {
    let named = tokens(tree).filter(|it| it.kind() == SyntaxKind::IDENT && it.text() == name);
    named
        // A macro's paths are read where it is called: they stay whole.
        .filter(|it| !in_import(it) && !in_macro(it))
        .filter_map(|token| {
            let mut start = token.clone();
            for expected in [":", "sync", ":", "tokio"] {
                start = previous(&start, expected)?;
            }
            Some(TextRange::new(start.text_range().start(), token.text_range().start()))
        })
        .collect()
}

/// The token before, if it is the one expected; `::` is one token in trees and two in macros.
fn previous(token: &SyntaxToken, expected: &str) -> Option<SyntaxToken> {
    let before = token.prev_token()?;
    if expected == ":" {
        if before.text() == "::" {
            return Some(before);
        }
        let first = before.prev_token()?;
        return (before.text() == ":" && first.text() == ":").then_some(first);
    }
    (before.text() == expected).then_some(before)
}

/// Whether the bare name still means something else somewhere.
fn is_used_otherwise(tree: &SyntaxNode, name: &str) -> bool {
    tokens(tree)
        .filter(|it| it.kind() == SyntaxKind::IDENT && it.text() == name && !in_import(it))
        .any(|it| {
            it.prev_token().is_none_or(|before| {
                !matches!(before.text(), "::" | ":" | ".")
                    || before.text() == ":" && before.prev_token().is_none_or(|it| it.text() != ":")
            })
        })
}

fn in_import(token: &SyntaxToken) -> bool {
    token.parent_ancestors().any(|it| ast::Use::can_cast(it.kind()))
}

fn in_macro(token: &SyntaxToken) -> bool {
    token.parent_ancestors().any(|it| ast::MacroRules::can_cast(it.kind()))
}

/// The only import of a name, without attributes or renaming.
fn use_leaf(tree: &SyntaxNode, name: &str) -> Option<ast::UseTree> {
    let leaves = tree.descendants().filter_map(ast::UseTree::cast);
    let mut leaves = leaves.filter(|leaf| {
        let last = leaf.path().and_then(|it| it.segment()?.name_ref());
        leaf.use_tree_list().is_none() && last.is_some_and(|it| it.text() == name)
    });
    let leaf = leaves.next()?;
    let item = item_of(&leaf)?;
    let is_plain = leaf.rename().is_none() && item.attrs().next().is_none();
    (is_plain && leaves.next().is_none()).then_some(leaf)
}

fn item_of(leaf: &ast::UseTree) -> Option<ast::Use> {
    leaf.syntax().ancestors().find_map(ast::Use::cast)
}

/// Takes names out of their import and puts them into one of `tokio::sync`.
fn swap(file: &Utf8Path, tree: &SyntaxNode, moved: &[(&str, ast::UseTree)]) -> Option<Vec<Site>> {
    let item = item_of(&moved.first()?.1)?;
    if moved.iter().any(|(_, leaf)| item_of(leaf).as_ref() != Some(&item)) {
        return None;
    }
    let names: Vec<&str> = moved.iter().map(|(name, _)| *name).collect();
    let rest = remaining(&item, moved)?;
    let range = item.use_tree()?.syntax().text_range();
    let mut sites = Vec::new();
    let beside = |known: &ast::UseTree| item_of(known).as_ref() != Some(&item);
    let grown = known_import(tree, "tokio::sync").filter(beside);
    let grown = grown.and_then(|known| merged(&known, &names));
    let new_line = match &grown {
        Some((range, text)) => {
            sites.push(Site::new(file, *range, text.clone()));
            None
        }
        None => Some(braced("tokio::sync", names)),
    };
    match (rest, new_line) {
        (Some(rest), new_line) => {
            sites.push(Site::new(file, range, rest));
            if let Some(line) = new_line {
                let (anchor, before) = anchor(&item, &line);
                let visibility = "use";
                let indent = indent(&anchor);
                let text = if before {
                    format!("{visibility} {line};\n{indent}")
                } else {
                    format!("\n{indent}{visibility} {line};")
                };
                let at =
                    if before { anchor.text_range().start() } else { anchor.text_range().end() };
                sites.push(Site::new(file, TextRange::empty(at), text));
            }
        }
        (None, Some(line)) => sites.push(Site::new(file, range, line)),
        (None, None) => {
            let end = item
                .syntax()
                .next_sibling_or_token()
                .filter(|it| it.kind() == SyntaxKind::WHITESPACE)
                .map_or(item.syntax().text_range().end(), |it| it.text_range().end());
            let whole = TextRange::new(item.syntax().text_range().start(), end);
            sites.push(Site::new(file, whole, String::new()));
        }
    }
    Some(sites)
}

fn indent(node: &SyntaxNode) -> String {
    let before = node.prev_sibling_or_token();
    let text = before.map(|it| it.to_string()).unwrap_or_default();
    text.rsplit_once('\n').map_or(String::new(), |(_, indent)| indent.to_owned())
}

/// The import without the names; `Some(None)` when nothing is left of it.
fn remaining(item: &ast::Use, moved: &[(&str, ast::UseTree)]) -> Option<Option<String>> {
    let whole = item.use_tree()?;
    if moved.iter().any(|(_, leaf)| *leaf == whole) {
        return Some(None);
    }
    Some(without(&whole, moved))
}

/// A tree's text without some leaves; `None` when nothing is left.
fn without(tree: &ast::UseTree, moved: &[(&str, ast::UseTree)]) -> Option<String> {
    if moved.iter().any(|(_, leaf)| leaf == tree) {
        return None;
    }
    let Some(list) = tree.use_tree_list() else {
        return Some(tree.syntax().text().to_string());
    };
    let holds_moved =
        moved.iter().any(|(_, leaf)| leaf.syntax().ancestors().any(|it| it == *tree.syntax()));
    if !holds_moved {
        return Some(tree.syntax().text().to_string());
    }
    let kept: Vec<String> = list.use_trees().filter_map(|it| without(&it, moved)).collect();
    let path = tree.path().map(|it| it.syntax().text().to_string());
    match (kept.as_slice(), path) {
        ([], _) => None,
        ([only], Some(path)) if only == "self" => Some(path),
        (_, Some(path)) => Some(braced(&path, kept.iter().map(String::as_str).collect())),
        (_, None) => Some(format!("{{{}}}", kept.join(", "))),
    }
}

fn braced(path: &str, names: Vec<&str>) -> String {
    match names.as_slice() {
        [only] => format!("{path}::{only}"),
        _ => format!("{path}::{{{}}}", names.join(", ")),
    }
}

/// Where a new import goes: after the last one, in the same run of lines, that sorts before it.
fn anchor(item: &ast::Use, line: &str) -> (SyntaxNode, bool) {
    let mut anchor = item.syntax().clone();
    while let Some(next) = anchor.next_sibling().and_then(ast::Use::cast) {
        let between = anchor.next_sibling_or_token().map(|it| it.to_string());
        let is_same_run = between.is_some_and(|it| it.matches('\n').count() == 1);
        let path = next.use_tree().map(|it| it.syntax().text().to_string());
        if !is_same_run || path.is_none_or(|path| path.as_str() > line) {
            break;
        }
        anchor = next.syntax().clone();
    }
    (anchor, false)
}
