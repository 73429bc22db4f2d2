//! An async block and the variable that it captures.

use ra_ap_syntax::{AstNode, Direction, SyntaxKind, SyntaxNode, SyntaxToken, ast};

use super::{FixContext, context::mentions, place::Place};
use crate::problem::Edit;

/// A variable from outside of an async block.
pub(super) struct Capture {
    /// The block whose future is not `Send`.
    pub(super) block: ast::BlockExpr,
    /// The variable: a name or `self`.
    pub(super) name: String,
}

impl Capture {
    /// The capture that the problem is about. rustc names its first use inside the block; where
    /// the oracle found it, it is the declaration outside.
    pub(super) fn find(context: &FixContext<'_>) -> Option<Self> {
        if context.problem.held.is_empty() {
            return None;
        }
        let name = context.held.name.clone()?;
        let around_value = context.value_node().ancestors().find_map(async_block);
        let block = around_value.or_else(|| {
            let span = &context.problem.future.span;
            let at = context.lines.range(span).filter(|_| span.file == context.file)?;
            context.tree.syntax().covering_element(at).ancestors().find_map(async_block)
        })?;
        let declares = |it: ast::Name| it.text() == name;
        let mut declared = block.syntax().descendants().filter_map(ast::Name::cast);
        let is_ours = !declared.any(declares) && mentions(block.syntax(), &name);
        is_ours.then_some(Self { block, name })
    }

    /// An edit that makes the block `async move`; `None` when it is already.
    pub(super) fn make_move(&self, context: &FixContext<'_>) -> Option<Edit> {
        if self.block.move_token().is_some() {
            return None;
        }
        let end = self.block.async_token()?.text_range().end();
        Some(context.insert(end, " move"))
    }

    /// Whether the variable is used behind the statement that makes the block.
    pub(super) fn is_used_later(&self) -> bool {
        let Some(Place::Before(stmt)) = Place::of(self.block.syntax()) else {
            return false;
        };
        let end = self.block.syntax().text_range().end();
        let in_stmt = stmt.descendants_with_tokens().filter_map(|it| it.into_token());
        let mut behind = in_stmt.filter(|it| it.text_range().start() >= end);
        let mut later = stmt.siblings(Direction::Next).skip(1);
        behind.any(|it| is_ident(&it, &self.name)) || later.any(|it| mentions(&it, &self.name))
    }

    /// Statements in front of the one that makes the block; in a block of their own around it
    /// when they must not be seen by what follows.
    pub(super) fn prepend(
        &self,
        context: &FixContext<'_>,
        stmts: &[String],
        is_hidden: bool,
    ) -> Option<Vec<Edit>> {
        let block = self.block.syntax();
        let place = match is_hidden {
            true => Place::Around(block.clone()),
            false => Place::of(block)?,
        };
        Some(place.insert(context, stmts))
    }

    /// Whether the block declares a name that `node`, a part of it, mentions from outside of
    /// itself: then `node` cannot move out.
    pub(super) fn depends_on_block(&self, node: &SyntaxNode) -> bool {
        let own: Vec<ast::Name> = node.descendants().filter_map(ast::Name::cast).collect();
        let names = self.block.syntax().descendants().filter_map(ast::Name::cast);
        let mut foreign = names.filter(|it| !own.iter().any(|known| known.text() == it.text()));
        foreign.any(|it| mentions(node, it.text()))
    }
}

fn async_block(node: SyntaxNode) -> Option<ast::BlockExpr> {
    ast::BlockExpr::cast(node).filter(|it| it.async_token().is_some())
}

fn is_ident(token: &SyntaxToken, name: &str) -> bool {
    matches!(token.kind(), SyntaxKind::IDENT | SyntaxKind::SELF_KW) && token.text() == name
}
