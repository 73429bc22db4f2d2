//! Imports for new names: `std::sync::Arc` is shortened to `Arc` where that is free.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, HasAttrs},
};

use super::{Site, World, renames};
use crate::fixes::imports;

/// Shortens every `MODULE::NAME` of a file, and imports the names that are not imported yet; a
/// name that means something else stays long.
pub(in super::super) fn introduce(
    world: &World<'_>,
    file: &Utf8Path,
    module: &str,
    names: &[&str],
) -> Option<Vec<Site>> {
    let tree = world.tree(file)?;
    let known = renames::imports(&tree);
    let mut sites = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        let paths = long_paths(&tree, module, name);
        let other = known.iter().any(|(from, _, alias)| alias == name && from != module);
        if paths.is_empty() || other || defines(&tree, name) {
            continue;
        }
        let is_known = |(from, item, alias): &(String, String, String)| {
            from == module && (alias == name || item == "*")
        };
        if !known.iter().any(is_known) {
            missing.push(*name);
        }
        let shorter = |range| Site::new(file, range, String::new());
        sites.extend(paths.into_iter().map(shorter));
    }
    if !missing.is_empty() {
        let import = match known_import(&tree, module).and_then(|it| merged(&it, &missing)) {
            Some((range, text)) => Site::new(file, range, text),
            None => new_import(file, &tree, &braced(module, &missing))?,
        };
        sites.push(import);
    }
    (!sites.is_empty()).then_some(sites)
}

fn defines(tree: &SyntaxNode, name: &str) -> bool {
    tree.descendants().filter_map(ast::Name::cast).any(|it| it.text() == name)
}

fn braced(module: &str, names: &[&str]) -> String {
    match names {
        [only] => format!("{module}::{only}"),
        _ => format!("{module}::{{{}}}", names.join(", ")),
    }
}

/// A plain top-level import of the module: `use MODULE::Name;` or `use MODULE::{..};`, or that
/// part of a nested one (`use std::{fmt, sync::{..}};` for `std::sync`).
pub(in super::super) fn known_import(tree: &SyntaxNode, module: &str) -> Option<ast::UseTree> {
    let uses = tree.children().filter_map(ast::Use::cast);
    let is_private = |it: &ast::Use| {
        it.attrs().next().is_none()
            && it.syntax().children().all(|child| !ast::Visibility::can_cast(child.kind()))
    };
    let trees = uses.filter(is_private).flat_map(|it| {
        it.syntax().descendants().filter_map(ast::UseTree::cast).collect::<Vec<_>>()
    });
    trees.into_iter().find(|it| match it.use_tree_list() {
        Some(_) => full_path(it) == module,
        None => {
            let is_single = it.star_token().is_none() && it.rename().is_none();
            let is_qualified = it.path().is_some_and(|path| path.qualifier().is_some());
            let path = full_path(it);
            is_single
                && is_qualified
                && path.rsplit_once("::").is_some_and(|(from, _)| from == module)
        }
    })
}

/// The path of a part of an import, from its root.
fn full_path(tree: &ast::UseTree) -> String {
    let around = tree.syntax().ancestors().filter_map(ast::UseTree::cast);
    let mut paths: Vec<String> =
        around.filter_map(|it| Some(it.path()?.syntax().text().to_string())).collect();
    paths.reverse();
    paths.join("::")
}

/// An import with more names, sorted as rustfmt does: modules, then types.
pub(in super::super) fn merged(
    known: &ast::UseTree,
    names: &[&str],
) -> Option<(TextRange, String)> {
    let path = known.path()?;
    let (module, mut all): (_, Vec<String>) = match known.use_tree_list() {
        Some(list) => (path, list.use_trees().map(|it| it.syntax().text().to_string()).collect()),
        None => (path.qualifier()?, vec![path.segment()?.name_ref()?.text().to_string()]),
    };
    all.extend(names.iter().map(|it| (*it).to_owned()));
    all.sort_by_key(|name| (name.starts_with(char::is_uppercase), name.clone()));
    all.dedup();
    let text = format!("{}::{{{}}}", module.syntax().text(), all.join(", "));
    Some((known.syntax().text_range(), text))
}

/// The `MODULE::` before every `MODULE::NAME` outside imports, macros included.
fn long_paths(tree: &SyntaxNode, module: &str, name: &str) -> Vec<TextRange> {
    let tokens = tree.descendants_with_tokens().filter_map(|it| it.into_token());
    let named = tokens.filter(|it| it.kind() == SyntaxKind::IDENT && it.text() == name);
    named
        .filter(|token| {
            // A macro's paths are read where it is called: they stay whole.
            let keeps = |it: SyntaxNode| {
                ast::Use::can_cast(it.kind()) || ast::MacroRules::can_cast(it.kind())
            };
            !token.parent_ancestors().any(keeps)
        })
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

/// `use PATH;` on a line of its own: among the imports from the same crate where there are some,
/// behind the last that sorts before it.
fn new_import(file: &Utf8Path, tree: &SyntaxNode, path: &str) -> Option<Site> {
    let uses: Vec<ast::Use> = tree.children().filter_map(ast::Use::cast).collect();
    let Some(first) = uses.first() else {
        let item = tree.children().find_map(ast::Item::cast)?;
        let at = TextRange::empty(item.syntax().text_range().start());
        return Some(Site::new(file, at, format!("use {path};\n\n")));
    };
    let text_of = |it: &ast::Use| it.use_tree().map(|it| it.syntax().text().to_string());
    let root = |path: &str| path.split("::").next().map(str::to_owned);
    let is_akin = |it: &&ast::Use| {
        it.attrs().next().is_none() && text_of(it).is_some_and(|text| root(&text) == root(path))
    };
    let akin: Vec<&ast::Use> = uses.iter().filter(is_akin).collect();
    let plain = || uses.iter().filter(|it| it.attrs().next().is_none()).collect();
    let (around, first) = match akin.first() {
        Some(head) => (akin.clone(), *head),
        None => (plain(), first),
    };
    let sorts_before = |it: &&&ast::Use| text_of(it).is_some_and(|text| text.as_str() < path);
    Some(match around.iter().rfind(sorts_before) {
        Some(anchor) => {
            let at = TextRange::empty(anchor.syntax().text_range().end());
            Site::new(file, at, format!("\nuse {path};"))
        }
        None => {
            let at = TextRange::empty(imports::start(&first.clone().into()));
            Site::new(file, at, format!("use {path};\n"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged_in(text: &str) -> Option<String> {
        let tree = ra_ap_syntax::SourceFile::parse(text, ra_ap_syntax::Edition::Edition2021).tree();
        let known = known_import(tree.syntax(), "std::sync")?;
        Some(merged(&known, &["Arc"])?.1)
    }

    #[test]
    fn a_new_import_stands_with_its_crate() {
        for (text, expected) in [
            (
                "use std::fmt;\n\nuse größe::A;\n",
                "use std::fmt;\nuse std::sync::Arc;\n\nuse größe::A;\n",
            ),
            (
                "use größe::A;\n\nuse std::time::B;\n",
                "use größe::A;\n\nuse std::sync::Arc;\nuse std::time::B;\n",
            ),
            (
                "// The licence.\nuse std::time::B;\n",
                "// The licence.\nuse std::sync::Arc;\nuse std::time::B;\n",
            ),
            (
                "use größe::A;\nuse tokio::B;\n",
                "use größe::A;\nuse std::sync::Arc;\nuse tokio::B;\n",
            ),
        ] {
            let tree = ra_ap_syntax::SourceFile::parse(text, ra_ap_syntax::Edition::Edition2021);
            let path = "std::sync::Arc";
            let site = new_import("src/lib.rs".into(), tree.tree().syntax(), path).unwrap();
            let mut after = text.to_owned();
            after.replace_range(site.start as usize..site.end as usize, &site.new_text);
            assert_eq!(after, expected);
        }
    }

    #[test]
    fn names_join_the_import_that_is_there() {
        for (text, expected) in [
            ("use std::sync::Mutex;", Some("std::sync::{Arc, Mutex}")),
            ("use std::{fmt, sync::{Mutex, mpsc}};", Some("sync::{mpsc, Arc, Mutex}")),
            ("use std::{fmt, sync::Mutex}; // größer", Some("sync::{Arc, Mutex}")),
            ("use std::{fmt, time::Duration};", None),
            ("use std::sync::atomic::AtomicU8;", None),
            ("use sync::Mutex;", None),
            ("pub use std::{sync::Mutex};", None),
        ] {
            assert_eq!(merged_in(text).as_deref(), expected, "{text}");
        }
    }
}
