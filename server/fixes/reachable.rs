//! The bodies that a demand may lead into, where the compiler names none: the expression that it
//! complains about, the fns that are called there, and those that these call.
//!
//! Text tells, so a body may be found that the demand never runs. That is no harm: the compiler
//! judges what is changed in it.

use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxKind, SyntaxNode, T, TextRange, TextSize,
    ast::{self, HasModuleItem, HasName},
};

use super::{FixContext, imports};
use crate::{problem::Edit, text::Lines};

/// What lies deeper than this has rarely to do with the demand.
const DEPTH_MAX: usize = 4;
/// Every variant costs a run of the compiler, so few bodies are looked at.
const BODIES_MAX: usize = 24;

/// A body, in its file.
pub(super) struct Reached {
    pub(super) file: Utf8PathBuf,
    lines: Lines,
    /// The whole file.
    pub(super) root: SyntaxNode,
    /// The body.
    pub(super) node: SyntaxNode,
}

impl Reached {
    pub(super) fn edit(&self, range: TextRange, new_text: impl Into<String>) -> Edit {
        Edit { span: self.lines.span(&self.file, range), new_text: new_text.into() }
    }

    pub(super) fn insert(&self, at: TextSize, new_text: impl Into<String>) -> Edit {
        self.edit(TextRange::empty(at), new_text)
    }

    /// A method call or another expression of the body.
    pub(super) fn nodes<N: AstNode>(&self) -> impl Iterator<Item = N> + use<N> {
        self.node.descendants().filter_map(N::cast)
    }

    /// `use PATH;` beside the other imports of the file; `None` when the body's names are looked
    /// up elsewhere, in a module within the file.
    pub(super) fn import(&self, path: &str) -> Option<Edit> {
        if self.node.ancestors().any(|it| ast::ItemList::can_cast(it.kind())) {
            return None;
        }
        let file = ast::SourceFile::cast(self.root.clone())?;
        let mut items = file.items();
        let first = items.find(|it| matches!(it, ast::Item::Use(_)))?;
        let newline = if self.root.text().to_string().contains("\r\n") { "\r\n" } else { "\n" };
        let at = imports::start(&first);
        Some(self.insert(at, format!("use {path};{newline}")))
    }

    /// Whether some `use` of the file names an item, or everything of a prelude.
    pub(super) fn imports(&self, name: &str) -> bool {
        let uses = self.root.descendants().filter_map(ast::Use::cast);
        uses.into_iter().any(|it| {
            let text = it.syntax().text().to_string();
            text.contains("prelude::*") || text.split(|c: char| !is_word(c)).any(|it| it == name)
        })
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The bodies, nearest first; each only once.
pub(super) fn reached(context: &FixContext<'_>) -> Vec<Reached> {
    let start = context.value_node();
    let around = start.ancestors().find_map(ast::Fn::cast);
    let mut found: Vec<Reached> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    // Of a method that a macro rewrites the compiler shows the signature, or its first word.
    let own = around.filter(|it| is_async(it) && shows_head(it, context.value));
    if let Some(func) = &own {
        seen.extend(func.name().map(|it| it.text().to_string()));
    }
    let node = own.map_or_else(|| start, |it| it.syntax().clone());
    let mut next = calls_in(&node);
    found.push(Reached {
        file: context.file.to_owned(),
        lines: context.lines.clone(),
        root: context.tree.syntax().clone(),
        node,
    });
    for _ in 0..DEPTH_MAX {
        let names: Vec<String> = next.drain(..).filter(|it| seen.insert(it.clone())).collect();
        for name in names {
            for body in fns_named(context, &name) {
                next.extend(calls_in(&body.node));
                found.push(body);
            }
        }
        if next.is_empty() || found.len() >= BODIES_MAX {
            break;
        }
    }
    found.truncate(BODIES_MAX);
    found
}

fn shows_head(func: &ast::Fn, value: TextRange) -> bool {
    func.body().is_none_or(|body| {
        let body = body.syntax().text_range();
        value.contains_range(body) || value.end() <= body.start() + TextSize::new(1)
    })
}

/// An `async fn`, or one that makes its future in an async block.
fn is_async(func: &ast::Fn) -> bool {
    let tokens = func.syntax().descendants_with_tokens();
    tokens.into_iter().any(|it| it.kind() == T![async])
}

fn fns_named(context: &FixContext<'_>, name: &str) -> Vec<Reached> {
    let needle = format!("fn {name}");
    let texts = context.sources.iter().filter(|(_, text)| text.contains(&needle));
    texts.flat_map(|(file, text)| in_file(context, file, text, name)).collect()
}

fn in_file(context: &FixContext<'_>, file: &Utf8Path, text: &str, name: &str) -> Vec<Reached> {
    let root = SourceFile::parse(text, context.edition()).tree().syntax().clone();
    let lines = Lines::new(text);
    let fns = root.descendants().filter_map(ast::Fn::cast);
    let ours = fns.filter(|it| it.name().is_some_and(|it| it.text() == name) && is_async(it));
    ours.map(|func| Reached {
        file: file.to_owned(),
        lines: lines.clone(),
        root: root.clone(),
        node: func.syntax().clone(),
    })
    .collect()
}

/// Every name that is followed by `(` or `::<`, macros' tokens included.
fn calls_in(node: &SyntaxNode) -> Vec<String> {
    let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
    let names = tokens.filter(|it| it.kind() == SyntaxKind::IDENT).filter(|token| {
        let next = std::iter::successors(token.next_token(), |it| it.next_token());
        let next = next.into_iter().find(|it| !it.kind().is_trivia());
        next.is_some_and(|it| matches!(it.kind(), T!['('] | T![::] | T![:]))
    });
    names.map(|it| it.text().to_owned()).collect()
}
