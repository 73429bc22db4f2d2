//! What the items of a file tell about each other.

use ra_ap_syntax::{
    AstNode, SmolStr, SyntaxNode, T,
    ast::{self, HasName},
};
use rustc_hash::FxHashSet;

use super::{lower::plain_name, types::Methods};

/// What a file itself defines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InFile {
    /// Macros whose definition awaits.
    pub(super) awaiting_macros: FxHashSet<SmolStr>,
    pub(super) methods: Methods,
}

impl InFile {
    /// What a tree defines.
    pub(super) fn of(tree: &SyntaxNode) -> Self {
        let mut found = Self::default();
        for rules in tree.descendants().filter_map(ast::MacroRules::cast) {
            let awaits = rules.syntax().descendants_with_tokens().any(|it| {
                it.kind() == T![await] || it.as_token().is_some_and(|it| it.text() == "await")
            });
            if let (true, Some(name)) = (awaits, rules.name()) {
                found.awaiting_macros.insert(plain_name(name.text()));
            }
        }
        found.methods.add_tree(tree);
        found
    }

    /// All that some parts of a file define.
    pub fn all<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.awaiting_macros.extend(part.awaiting_macros.iter().cloned());
            all.methods.merge(&part.methods);
        }
        all
    }

    /// The names that mean something else in the other file.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let macros = self.awaiting_macros.symmetric_difference(&other.awaiting_macros);
        let mut names: Vec<String> = macros.map(SmolStr::to_string).collect();
        names.extend(self.methods.differing(&other.methods));
        names
    }
}
