//! Macros that the file defines: a call becomes what its rule says, so that it is known what
//! moves, returns and awaits in it. Rules that repeat are left alone.

use std::sync::Arc;

use ra_ap_syntax::{
    AstNode, SmolStr, SyntaxKind, SyntaxNode, T,
    ast::{self, HasName},
};
use rustc_hash::FxHashMap;

use super::{
    lower::{Lowering, plain_name},
    macros::{Piece, Word, macro_name, top_level},
};

/// How deep expansions nest.
const DEPTH_MAX: u32 = 8;

/// The rules of one macro, in their order.
pub(super) type Rules = Arc<Vec<Rule>>;

/// `($a:expr, $b:ident) => { .. }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// The names of its variables; `None` for a pattern that is not understood.
    variables: Option<Vec<SmolStr>>,
    body: String,
}

/// The macros of a tree that lie in no function, those with two definitions left out.
pub(super) fn definitions(tree: &SyntaxNode) -> FxHashMap<SmolStr, Option<Rules>> {
    let mut found: FxHashMap<SmolStr, Option<Rules>> = FxHashMap::default();
    for it in tree.descendants().filter_map(ast::MacroRules::cast) {
        let is_local = it.syntax().ancestors().any(|it| it.kind() == SyntaxKind::FN);
        if let (false, Some((name, rules))) = (is_local, definition(&it)) {
            found.entry(name).and_modify(|known| *known = None).or_insert(Some(rules));
        }
    }
    found
}

fn definition(it: &ast::MacroRules) -> Option<(SmolStr, Rules)> {
    let words = top_level(&it.token_tree()?);
    let rules = words.windows(4).filter_map(|words| match words {
        [pattern, equals, greater, body]
            if equals.kind == T![=] && greater.kind == T![>] && is_group(pattern) =>
        {
            let body = inside(&body.text)?.to_owned();
            Some(Rule { variables: variables(inside(&pattern.text)?), body })
        }
        _ => None,
    });
    Some((plain_name(it.name()?.text()), Arc::new(rules.collect())))
}

fn is_group(word: &Word) -> bool {
    word.kind == SyntaxKind::TOKEN_TREE
}

fn inside(group: &str) -> Option<&str> {
    group.get(1..group.len().checked_sub(1)?)
}

fn variables(pattern: &str) -> Option<Vec<SmolStr>> {
    let pattern = pattern.trim();
    let pattern = pattern.strip_suffix("$(,)?").unwrap_or(pattern).trim_end();
    let parts = pattern.trim_end_matches(',').split(',').map(str::trim);
    let parts = parts.filter(|part| !part.is_empty() || pattern.contains(','));
    let variable = |part: &str| {
        let (name, kind) = part.strip_prefix('$')?.split_once(':')?;
        let is_one = matches!(
            kind.trim(),
            "expr" | "ident" | "ty" | "literal" | "path" | "tt" | "block" | "pat" | "lifetime"
        );
        is_one.then(|| name.trim().into())
    };
    parts.map(variable).collect()
}

impl Rule {
    /// The body with arguments put in; `None` when it needs more than that.
    fn expanded(&self, arguments: &[String]) -> Option<String> {
        let variables = self.variables.as_ref()?;
        let mut out = String::new();
        let mut parts = self.body.split('$');
        out.push_str(parts.next()?);
        for part in parts {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let (name, rest) = part.split_at(part.find(|c| !is_name(c)).unwrap_or(part.len()));
            match variables.iter().position(|variable| variable == name) {
                Some(index) => out.push_str(arguments.get(index)?),
                None if name == "crate" => out.push_str(name),
                None => return None,
            }
            out.push_str(rest);
        }
        Some(out)
    }
}

impl Lowering<'_> {
    /// Remembers a macro that is defined in a block.
    pub(super) fn define_macro(&mut self, it: &ast::MacroRules) {
        self.local_macros.extend(definition(it));
    }

    /// Lowers a call of a macro that the file defines. `false` when it must be guessed.
    pub(super) fn expand(&mut self, call: &ast::MacroCall) -> bool {
        let name = macro_name(call);
        let local = self.local_macros.iter().rev().find(|(known, _)| *known == name);
        let rules = match local {
            Some((_, rules)) => Some(rules),
            None => self.in_file.macros.get(name.as_str()).and_then(Option::as_ref),
        };
        let (Some(rules), Some(tokens)) = (rules.cloned(), call.token_tree()) else {
            return false;
        };
        if self.expanding >= DEPTH_MAX {
            return false;
        }
        let arguments = arguments(&tokens);
        // A rule that is not understood might be the one that matches.
        let understood = rules.iter().take_while(|rule| rule.variables.is_some());
        let fits = |rule: &&Rule| rule.variables.as_ref().map(Vec::len) == Some(arguments.len());
        let Some(text) = understood.into_iter().find(fits).and_then(|it| it.expanded(&arguments))
        else {
            return false;
        };
        let outer = self.at_call.replace(self.range(call.syntax()));
        let was_hidden = self.graph.hide(true);
        self.expanding += 1;
        let piece = Piece { text, ..Piece::default() };
        let expanded = self.statements(&piece);
        self.expanding -= 1;
        self.graph.hide(was_hidden);
        self.at_call = outer;
        expanded
    }
}

fn arguments(tokens: &ast::TokenTree) -> Vec<String> {
    let text = tokens.syntax().text();
    let start = tokens.syntax().text_range().start();
    let words = top_level(tokens);
    let arguments = words.split(|word| word.kind == T![,]).filter_map(|words| {
        let range = words.first()?.range.cover(words.last()?.range) - start;
        Some(text.slice(range).to_string())
    });
    arguments.collect()
}
