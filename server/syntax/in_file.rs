//! What the items of a file tell about each other.

use ra_ap_syntax::{
    AstNode, SmolStr, SyntaxNode, T,
    ast::{self, HasName},
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    expand::{Rules, definitions},
    lower::plain_name,
    types::Methods,
};

/// What a file itself defines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InFile {
    /// Macros whose definition awaits.
    pub(super) awaiting_macros: FxHashSet<SmolStr>,
    /// What its macros expand to; `None` for a name with two definitions.
    pub(super) macros: FxHashMap<SmolStr, Option<Rules>>,
    pub(super) methods: Methods,
}

impl InFile {
    /// What a tree defines.
    pub(super) fn of(tree: &SyntaxNode) -> Self {
        let mut found = Self { macros: definitions(tree), ..Self::default() };
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
            for (name, rules) in &part.macros {
                let known = all.macros.entry(name.clone());
                known.and_modify(|known| *known = None).or_insert_with(|| rules.clone());
            }
            all.methods.merge(&part.methods);
        }
        all
    }

    /// The names that mean something else in the other file.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let macros = self.awaiting_macros.symmetric_difference(&other.awaiting_macros);
        let mut names: Vec<String> = macros.map(SmolStr::to_string).collect();
        let known = self.macros.keys().chain(other.macros.keys());
        let changed = known.filter(|name| self.macros.get(*name) != other.macros.get(*name));
        names.extend(changed.map(SmolStr::to_string));
        names.extend(self.methods.differing(&other.methods));
        names
    }
}
