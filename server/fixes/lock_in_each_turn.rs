//! Fix: takes a lock in each turn of a loop that awaits, where it is used, and not once around it.
//!
//! ```text
//! let mut stats = stats.lock().unwrap();      for host in &hosts {
//! for host in &hosts {                            let ms = ping(host).await;
//!     let ms = ping(host).await;                  let mut stats = stats.lock().unwrap();
//!     stats.insert(host, ms);                     stats.insert(host, ms);
//! }                                           }
//! ```
//!
//! A `while let` whose head uses the lock becomes a `loop`. Declines where one statement would
//! lock twice, which waits for ever, and where the guard is used behind the loop. Known problem:
//! others may change the data between two turns; the note says so.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self, HasLoopBody, HasName},
};

use super::{
    Draft, FixContext, Reach,
    context::{mentions, mentions_await, mentions_outside},
    indent::indent,
    region::{Block, Region, is_stmt_or_tail},
};
use crate::problem::Edit;

/// Drafts `lock_in_each_turn`.
pub(super) fn lock_in_each_turn(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref().filter(|_| context.holds_lock())?;
    let region = Region::find(context, name)?;
    let [looped] = region.later_uses() else {
        return None;
    };
    let turn = Turn::new(context, looped, name)?;
    let outside = turn.outside(&region)?;
    let inside = [turn.declared(), turn.inlined()];
    let variants: Vec<Vec<Edit>> = inside
        .into_iter()
        .flatten()
        .map(|edits| outside.iter().cloned().chain(edits).collect())
        .collect();
    (!variants.is_empty()).then(|| Draft {
        id: "lock_in_each_turn",
        title: format!("Take the lock of `{name}` in each turn of the loop"),
        note: Some(format!(
            "`{name}` is let go between two turns: what others change meanwhile is seen."
        )),
        variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

/// A loop that uses a guard from outside.
struct Turn<'a> {
    context: &'a FixContext<'a>,
    held: &'a str,
    /// The guard's declaration.
    stmt: ast::LetStmt,
    /// What it is made of.
    source: ast::Expr,
    /// `while let PAT = HEAD` that uses the guard.
    head: Option<(ast::WhileExpr, ast::LetExpr)>,
    body: ast::StmtList,
}

impl<'a> Turn<'a> {
    fn new(context: &'a FixContext<'a>, looped: &SyntaxNode, held: &'a str) -> Option<Self> {
        let stmt = context.let_stmt().filter(|it| it.let_else().is_none())?;
        let pattern = ast::IdentPat::cast(stmt.pat()?.syntax().clone())?;
        pattern.name().filter(|it| it.text() == held)?;
        let source = stmt.initializer().filter(|it| !mentions_await(it.syntax()))?;
        let expr = match ast::ExprStmt::cast(looped.clone()) {
            Some(it) => it.expr()?,
            None => ast::Expr::cast(looped.clone())?,
        };
        let (body, rest, head) = match expr {
            ast::Expr::ForExpr(it) => (it.loop_body()?, it.iterable(), None),
            ast::Expr::LoopExpr(it) => (it.loop_body()?, None, None),
            ast::Expr::WhileExpr(it) => {
                let condition = it.condition()?;
                let let_ = ast::LetExpr::cast(condition.syntax().clone());
                let uses = |let_: &ast::LetExpr| mentions(let_.syntax(), held);
                match let_.filter(uses) {
                    Some(let_) => (it.loop_body()?, None, Some((it, let_))),
                    None => (it.loop_body()?, Some(condition), None),
                }
            }
            _ => return None,
        };
        let is_free = rest.is_none_or(|it| !mentions(it.syntax(), held));
        let body = body.stmt_list().filter(|_| is_free)?;
        Some(Self { context, held, stmt, source, head, body })
    }

    /// What was in front of the loop: the declaration goes, or ends before it with its uses.
    fn outside(&self, region: &Region) -> Option<Vec<Edit>> {
        if !region.uses_value() && region.dropped.is_none() {
            let range = self.stmt.syntax().text_range();
            return Some(vec![self.context.edit(self.context.rest_of_line(range), "")]);
        }
        region.escaping(self.held).is_empty().then_some(())?;
        let block = Block::new(self.context, region)?;
        let mut edits = block.open("");
        edits.extend(block.close(region, None, "}"));
        Some(edits)
    }

    /// The declaration in front of its first use in the innermost block that has them all.
    fn declared(&self) -> Option<Vec<Edit>> {
        if self.head.is_some() {
            return None;
        }
        let list = self.innermost(self.body.clone());
        let stmts: Vec<SyntaxNode> = list.syntax().children().filter(is_stmt_or_tail).collect();
        let uses = |it: &SyntaxNode| mentions(it, self.held);
        let first = stmts.iter().position(uses)?;
        let last = stmts.iter().rposition(uses)?;
        let locked = stmts.get(first..=last)?;
        if locked.iter().any(mentions_await) {
            return None;
        }
        let rest = stmts.get(last + 1..)?;
        let at = locked.first()?.text_range().start();
        let declaration = self.stmt.syntax().text();
        let line = |indent: &str| match self.context.starts_line(at) {
            true => format!("{}{indent}", self.context.newline()),
            false => " ".to_owned(),
        };
        let outer = line(self.context.indent_at(at));
        if !rest.iter().any(mentions_await) {
            return Some(vec![self.context.insert(at, format!("{declaration}{outer}"))]);
        }
        // What a block hides must not be needed behind it.
        let mut names = locked.iter().filter_map(|it| ast::LetStmt::cast(it.clone())?.pat());
        if names.any(|it| binds_for(it.syntax(), rest)) {
            return None;
        }
        let inner = format!("{outer}{}", self.context.indent_step());
        let range = TextRange::new(at, locked.last()?.text_range().end());
        let mut edits = vec![self.context.insert(at, format!("{{{inner}{declaration}{inner}"))];
        edits.extend(indent(self.context, range));
        edits.push(self.context.insert(range.end(), format!("{outer}}}")));
        Some(edits)
    }

    /// The lock in place of each use, where no statement has two.
    fn inlined(&self) -> Option<Vec<Edit>> {
        let source = self.source.syntax().text().to_string();
        let is_postfix = matches!(
            self.source,
            ast::Expr::MethodCallExpr(_) | ast::Expr::CallExpr(_) | ast::Expr::TryExpr(_)
        );
        let list = self.innermost(self.body.clone());
        let stmts = list.syntax().children().filter(is_stmt_or_tail);
        let mut edits = Vec::new();
        for stmt in stmts.filter(|it| mentions(it, self.held)) {
            edits.push(self.context.edit(self.only_use(&stmt)?, source.clone()));
        }
        if let Some((while_, let_)) = &self.head {
            let head = let_.expr()?;
            let use_ = self.only_use(head.syntax())? - head.syntax().text_range().start();
            let code = head.syntax().text().to_string();
            let use_ = std::ops::Range::<usize>::from(use_);
            let code = format!("{}{source}{}", code.get(..use_.start)?, code.get(use_.end..)?);
            edits.extend(self.looped(while_, let_, &code)?);
        }
        (is_postfix && !edits.is_empty()).then_some(edits)
    }

    /// `while let PAT = ..` -> `loop {`, `let PAT = CODE else { break };`.
    fn looped(
        &self,
        while_: &ast::WhileExpr,
        let_: &ast::LetExpr,
        code: &str,
    ) -> Option<Vec<Edit>> {
        let keyword = while_.while_token()?.text_range();
        let condition = let_.syntax().text_range();
        let open = self.body.l_curly_token()?.text_range();
        let first = self.body.syntax().children().find(is_stmt_or_tail)?;
        let at = first.text_range().start();
        let separator = match self.context.starts_line(at) {
            true => format!("{}{}", self.context.newline(), self.context.indent_at(at)),
            false => " ".to_owned(),
        };
        let pattern = let_.pat()?.syntax().text();
        let head = TextRange::new(keyword.start(), condition.end());
        Some(vec![
            self.context.edit(head, "loop"),
            self.context
                .insert(open.end(), format!("{separator}let {pattern} = {code} else {{ break }};")),
        ])
    }

    /// The place of the only mention, a path; `None` when there are more, or in a macro.
    fn only_use(&self, node: &SyntaxNode) -> Option<TextRange> {
        let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
        let named = tokens.filter(|it| it.kind() == SyntaxKind::IDENT && it.text() == self.held);
        let mut named = named.filter(|it| {
            let parent = it.parent();
            parent.is_none_or(|it| it.parent().is_none_or(|owner| mentions(&owner, self.held)))
        });
        let (first, more) = (named.next()?, named.next());
        let path = first.parent_ancestors().find_map(ast::PathExpr::cast)?;
        let is_alone = more.is_none() && path.syntax().text() == self.held;
        is_alone.then(|| path.syntax().text_range())
    }

    /// The innermost block of statements that has every mention of the guard.
    fn innermost(&self, list: ast::StmtList) -> ast::StmtList {
        let stmts = list.syntax().children().filter(is_stmt_or_tail);
        let mut users = stmts.filter(|it| mentions(it, self.held));
        let (Some(only), None) = (users.next(), users.next()) else {
            return list;
        };
        let mut inner = only.descendants().filter_map(ast::StmtList::cast);
        let holds_all = |it: &ast::StmtList| {
            let outside = |node: &SyntaxNode| mentions_outside(node, it.syntax(), self.held);
            mentions(it.syntax(), self.held) && !outside(&only)
        };
        match inner.find(holds_all) {
            Some(inner) => self.innermost(inner),
            None => list,
        }
    }
}

fn binds_for(pattern: &SyntaxNode, rest: &[SyntaxNode]) -> bool {
    let names = pattern.descendants().filter_map(ast::IdentPat::cast).filter_map(|it| it.name());
    names.into_iter().any(|name| rest.iter().any(|it| mentions(it, name.text())))
}

#[cfg(test)]
mod tests;
