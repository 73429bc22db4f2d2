//! The target of fixes that replace one type by another of a similar interface: `Rc` by `Arc`.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasName},
};

use super::{Seen, Target, World};

/// A type that gives way to another.
#[derive(Debug, Clone)]
pub(in super::super) struct Rename {
    /// Modules that the old name may come from.
    pub(in super::super) modules: &'static [&'static str],
    /// The old name.
    pub(in super::super) name: &'static str,
    /// The module of the new one.
    pub(in super::super) new_module: &'static str,
    /// The new name.
    pub(in super::super) new_name: &'static str,
    /// Whether the new type takes no generic arguments.
    pub(in super::super) drops_arguments: bool,
}

/// Several that go together.
#[derive(Debug, Clone)]
pub(in super::super) struct Renames {
    pub(in super::super) all: Vec<Rename>,
    /// Whether structs and enums are searched.
    pub(in super::super) in_fields: bool,
}

impl Target for Renames {
    fn look(&self, world: &World<'_>, file: &Utf8Path, node: &SyntaxNode) -> Seen {
        let path = ast::PathType::cast(node.clone())
            .and_then(|it| it.path())
            .or_else(|| ast::PathExpr::cast(node.clone())?.path()?.qualifier());
        let Some((path, (range, local, qualifier))) =
            path.and_then(|it| Some((it.clone(), parts(&it)?)))
        else {
            return Seen::Other;
        };
        let (module, name) = origin(world, file, &local, qualifier.as_deref(), self);
        for rename in &self.all {
            if rename.name == name && rename.modules.contains(&module.as_str()) {
                let range = if rename.drops_arguments { path.syntax().text_range() } else { range };
                return Seen::Plain(range, format!("{}::{}", rename.new_module, rename.new_name));
            }
            if rename.new_name == name && rename.new_module == module {
                return Seen::Done;
            }
        }
        Seen::Other
    }

    fn hides_in_fields(&self) -> bool {
        self.in_fields
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

/// The module that a name comes from, as it is written, and the name there.
fn origin(
    world: &World<'_>,
    file: &Utf8Path,
    local: &str,
    qualifier: Option<&str>,
    renames: &Renames,
) -> (String, String) {
    if let Some(qualifier) = qualifier {
        let path: String = qualifier.chars().filter(|c| !c.is_whitespace()).collect();
        return (path.trim_start_matches("::").to_owned(), local.to_owned());
    }
    let known = world.file(file);
    let imports = known.as_ref().map(|it| it.imports()).unwrap_or_default();
    if let Some((path, name, _)) = imports.iter().find(|(_, _, alias)| alias == local) {
        return (path.clone(), name.clone());
    }
    let is_old =
        |path: &str| renames.all.iter().any(|it| it.name == local && it.modules.contains(&path));
    let mut globs = imports.iter().filter(|(_, name, _)| name == "*").map(|(path, ..)| path);
    if let Some(path) = globs.clone().find(|path| is_old(path)) {
        return (path.clone(), local.to_owned());
    }
    // `use super::*` sees the imports of the file above.
    if globs.any(|path| path.starts_with("super") || path.starts_with("crate")) {
        let files = world.tiers(file, local).into_iter().take(2).flatten();
        for file in files.filter_map(|it| world.file(&it)) {
            let mut known = file.imports().iter();
            if let Some((path, name, _)) =
                known.find(|(path, _, alias)| alias == local && is_old(path))
            {
                return (path.clone(), name.clone());
            }
        }
    }
    (String::new(), local.to_owned())
}

/// An import: module path, name there, name here. A glob is named `*`.
pub(in super::super) type Import = (String, String, String);

/// Every import of a file.
pub(in super::super) fn imports(tree: &SyntaxNode) -> Vec<Import> {
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
