//! Which paths of a file mean the lock in question.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasName},
};

use super::super::retype::{Seen, Target, World};
use crate::problem::Problem;

/// The lock type that is replaced, with its guards.
#[derive(Debug, Clone, Copy)]
pub(super) struct LockTarget {
    /// `Mutex` or `RwLock`.
    pub(super) name: &'static str,
    /// Every name that has a twin in `tokio::sync`.
    pub(super) names: &'static [&'static str],
}

impl LockTarget {
    /// The lock behind a guard that is held.
    pub(super) fn of(problem: &Problem) -> Option<Self> {
        let held = problem.held.first()?;
        let ty = held.ty.as_deref().or(problem.leaf.as_deref())?;
        let mut names = ty.split(|c: char| !(c == '_' || c.is_alphanumeric()));
        let guard = names.find(|name| name.ends_with("Guard"))?;
        match guard {
            "MutexGuard" => Some(Self { name: "Mutex", names: &["Mutex", "MutexGuard"] }),
            "RwLockReadGuard" | "RwLockWriteGuard" => Some(Self {
                name: "RwLock",
                names: &["RwLock", "RwLockReadGuard", "RwLockWriteGuard"],
            }),
            _ => None,
        }
    }
}

/// Whose a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// std or parking_lot.
    Blocking,
    Tokio,
    Unknown,
}

impl Target for LockTarget {
    fn look(&self, world: &World<'_>, file: &Utf8Path, node: &SyntaxNode) -> Seen {
        let path = ast::PathType::cast(node.clone())
            .and_then(|it| it.path())
            .or_else(|| ast::PathExpr::cast(node.clone())?.path()?.qualifier());
        let Some((range, local, qualifier)) = path.as_ref().and_then(parts) else {
            return Seen::Other;
        };
        let (owner, name) = owner_of(world, file, &local, qualifier.as_deref());
        if !self.names.contains(&name.as_str()) {
            return Seen::Other;
        }
        match owner {
            Owner::Blocking => Seen::Plain(range, format!("tokio::sync::{name}")),
            Owner::Tokio => Seen::Done,
            Owner::Unknown => Seen::Other,
        }
    }

    fn hides_in_fields(&self) -> bool {
        false
    }
}

/// Range without generic arguments, last name, and what stands before it.
fn parts(path: &ast::Path) -> Option<(TextRange, String, Option<String>)> {
    let name = path.segment()?.name_ref()?;
    let start = path.syntax().text_range().start();
    let range = TextRange::new(start, name.syntax().text_range().end());
    let qualifier = path.qualifier().map(|it| it.syntax().text().to_string());
    Some((range, name.text().to_string(), qualifier))
}

/// Whose the name is, and what it is called there.
fn owner_of(
    world: &World<'_>,
    file: &Utf8Path,
    local: &str,
    qualifier: Option<&str>,
) -> (Owner, String) {
    if let Some(qualifier) = qualifier {
        return (owner_of_module(qualifier), local.to_owned());
    }
    let Some(tree) = world.tree(file) else {
        return (Owner::Unknown, local.to_owned());
    };
    let imports = imports(&tree);
    if let Some((path, name, _)) = imports.iter().find(|(_, _, alias)| alias == local) {
        return (owner_of_module(path), name.clone());
    }
    let mut globs = imports.iter().filter(|(_, name, _)| name == "*");
    if let Some((path, ..)) =
        globs.clone().find(|(path, ..)| owner_of_module(path) != Owner::Unknown)
    {
        return (owner_of_module(path), local.to_owned());
    }
    // `use super::*` sees the imports of the file above.
    let inherits = globs.any(|(path, ..)| path.starts_with("super") || path.starts_with("crate"));
    let blocking_elsewhere = || {
        let files = world.tiers(file, local).into_iter().take(2).flatten();
        files.filter_map(|it| world.tree(&it)).any(|tree| {
            let known = self::imports(&tree);
            known
                .iter()
                .any(|(path, _, alias)| alias == local && owner_of_module(path) == Owner::Blocking)
        })
    };
    if inherits && blocking_elsewhere() {
        return (Owner::Blocking, local.to_owned());
    }
    (Owner::Unknown, local.to_owned())
}

fn owner_of_module(path: &str) -> Owner {
    let path: String = path.chars().filter(|c| !c.is_whitespace()).collect();
    match path.trim_start_matches("::") {
        "std::sync" | "sync" | "parking_lot" => Owner::Blocking,
        "tokio::sync" => Owner::Tokio,
        _ => Owner::Unknown,
    }
}

/// Every import of a file: module path, name there, name here. A glob is named `*`.
pub(super) fn imports(tree: &SyntaxNode) -> Vec<(String, String, String)> {
    let leaves = tree.descendants().filter_map(ast::UseTree::cast);
    leaves
        .filter(|leaf| leaf.use_tree_list().is_none())
        .filter_map(|leaf| {
            let prefix: Vec<String> = leaf
                .syntax()
                .ancestors()
                .skip(1)
                .filter_map(ast::UseTree::cast)
                .filter_map(|it| Some(it.path()?.syntax().text().to_string()))
                .collect();
            let own = leaf.path().map(|it| it.syntax().text().to_string());
            let mut parts: Vec<String> = prefix.into_iter().rev().collect();
            parts.extend(own);
            let full = parts.join("::");
            if leaf.star_token().is_some() {
                return Some((full, "*".to_owned(), "*".to_owned()));
            }
            let (module, name) = full.rsplit_once("::")?;
            let alias = leaf.rename().and_then(|it| it.name());
            let alias = alias.map_or(name.to_owned(), |it| it.text().to_string());
            Some((module.to_owned(), name.to_owned(), alias))
        })
        .collect()
}
