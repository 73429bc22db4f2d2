//! A loop in two parts: what runs before the first await of a turn, and the rest.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange, TextSize,
    ast::{self, HasLoopBody, HasName},
};

use crate::{
    fixes::{
        FixContext,
        context::{has_ident, mentions_await},
        reads::Read,
        region::is_stmt_or_tail,
    },
    problem::Edit,
};

/// The two parts of a loop's body.
pub(super) struct Parts {
    pub(super) for_: ast::ForExpr,
    /// What the first part binds: the loop's pattern, its `let`s, the conditions around the rest.
    pub(super) bindings: Vec<ast::IdentPat>,
    /// The statements from the one that awaits on.
    pub(super) second: Vec<SyntaxNode>,
    /// Where the first part ends.
    end: TextSize,
    /// How many blocks are open there.
    depth: usize,
}

impl Parts {
    pub(super) fn new(context: &FixContext<'_>, for_: &ast::ForExpr) -> Option<Self> {
        let start = for_.syntax().text_range().start();
        let is_stmt = for_.syntax().parent().is_some_and(|it| {
            ast::StmtList::can_cast(it.kind()) || ast::ExprStmt::can_cast(it.kind())
        });
        if !is_stmt || !context.starts_line(start) || mentions_await(for_.iterable()?.syntax()) {
            return None;
        }
        let mut bindings = bound_in(for_.pat()?.syntax());
        let mut first: Vec<SyntaxNode> = Vec::new();
        let mut list = for_.loop_body()?.stmt_list()?;
        let mut depth = 1;
        loop {
            let stmts: Vec<SyntaxNode> = list.syntax().children().filter(is_stmt_or_tail).collect();
            let awaiting = stmts.iter().position(mentions_await)?;
            let (before, second) = stmts.split_at(awaiting);
            let lets = before.iter().filter_map(|it| ast::LetStmt::cast(it.clone())?.pat());
            bindings.extend(lets.flat_map(|it| bound_in(it.syntax())));
            first.extend(before.iter().cloned());
            if let [only] = second
                && let Some((condition, inner)) = conditional(only)
            {
                bindings.extend(bound_in(condition.syntax()));
                first.push(condition.syntax().clone());
                (list, depth) = (inner, depth + 1);
                continue;
            }
            let end = match before.last() {
                Some(last) => end_of_line(context, last.text_range().end()),
                None => list.l_curly_token()?.text_range().end(),
            };
            let second = second.to_vec();
            let parts = Self { for_: for_.clone(), bindings, second, end, depth };
            return parts.may_be_split(context, &first).then_some(parts);
        }
    }

    /// Whether the first part stays in the fn, and sees nothing that the second part changes.
    fn may_be_split(&self, context: &FixContext<'_>, first: &[SyntaxNode]) -> bool {
        let leaves = |it: &SyntaxNode| match it.kind() {
            SyntaxKind::RETURN_EXPR => true,
            SyntaxKind::BREAK_EXPR | SyntaxKind::CONTINUE_EXPR => {
                it.children().any(|it| ast::Lifetime::can_cast(it.kind()))
            }
            _ => false,
        };
        let all = || first.iter().chain(&self.second).flat_map(SyntaxNode::descendants);
        if first.iter().flat_map(SyntaxNode::descendants).any(|it| leaves(&it))
            || all().any(|it| is_labelled(&it))
        {
            return false;
        }
        let own: Vec<String> =
            self.bindings.iter().filter_map(|it| Some(it.name()?.text().to_string())).collect();
        let paths = self.second.iter().flat_map(SyntaxNode::descendants);
        let names = paths.filter_map(ast::PathExpr::cast).map(|it| it.syntax().text().to_string());
        let shared = names.filter(|it| !own.contains(it) && first.iter().any(|f| has_ident(f, it)));
        let mut shared =
            shared.filter(|it| it.starts_with(char::is_lowercase) && !is_called(first, it));
        shared.all(|name| {
            let mut stmts = self.second.iter();
            stmts.all(|it| Read::all_outside_strings(context, it, &name, true).is_some())
        })
    }

    /// The loop, written in two: `many` is filled with `value` and read again as `pattern`.
    pub(super) fn written(
        &self,
        context: &FixContext<'_>,
        many: &str,
        pattern: &str,
        value: &str,
        replaced: &[(TextRange, String)],
    ) -> Option<Vec<Edit>> {
        let whole = self.for_.syntax().text_range();
        let (step, indent) = (context.indent_step(), context.indent_at(whole.start()));
        let line = format!("{}{indent}", context.newline());
        let mut text = format!("{line}{}{many}.push({value});", step.repeat(self.depth));
        for depth in (0..self.depth).rev() {
            text.push_str(&format!("{line}{}}}", step.repeat(depth)));
        }
        text.push_str(&format!("{line}for {pattern} in {many} {{"));
        text.push_str(&self.second_part(context, replaced)?);
        text.push_str(&format!("{line}}}"));
        let head = format!("let mut {many} = Vec::new();{line}");
        let rest = TextRange::new(self.end, whole.end());
        Some(vec![context.insert(whole.start(), head), context.edit(rest, text)])
    }

    /// The text of the second part with its reads replaced, as far to the left as the loop's body.
    fn second_part(
        &self,
        context: &FixContext<'_>,
        replaced: &[(TextRange, String)],
    ) -> Option<String> {
        let last = self.second.last()?.text_range().end();
        let range = TextRange::new(self.end, end_of_line(context, last));
        let mut replaced: Vec<_> = replaced.iter().collect();
        replaced.sort_by_key(|(range, _)| range.start());
        let (mut text, mut at) = (String::new(), range.start());
        for (place, new_text) in replaced {
            text.push_str(context.text.get(usize::from(at)..usize::from(place.start()))?);
            text.push_str(new_text);
            at = place.end();
        }
        text.push_str(context.text.get(usize::from(at)..usize::from(range.end()))?);
        let is_multiline = |it: &SyntaxNode| {
            let mut tokens = it.descendants_with_tokens().filter_map(|it| it.into_token());
            tokens.any(|it| it.kind() == SyntaxKind::STRING && it.text().contains('\n'))
        };
        if self.depth == 1 {
            return Some(text);
        }
        if self.second.iter().any(is_multiline) {
            return None;
        }
        let surplus = context.indent_step().repeat(self.depth - 1);
        let lines = text.split('\n').map(|line| line.strip_prefix(&surplus).unwrap_or(line));
        Some(lines.collect::<Vec<_>>().join("\n"))
    }
}

/// The condition of an `if` without `else` that does not await, and its block.
fn conditional(stmt: &SyntaxNode) -> Option<(ast::Expr, ast::StmtList)> {
    let expr = match ast::ExprStmt::cast(stmt.clone()) {
        Some(it) => it.expr()?,
        None => ast::Expr::cast(stmt.clone())?,
    };
    let ast::Expr::IfExpr(if_) = expr else { return None };
    let condition = if_.condition().filter(|it| !mentions_await(it.syntax()))?;
    let inner = if_.then_branch().filter(|_| if_.else_branch().is_none())?.stmt_list()?;
    Some((condition, inner))
}

fn bound_in(node: &SyntaxNode) -> Vec<ast::IdentPat> {
    node.descendants().filter_map(ast::IdentPat::cast).collect()
}

/// A jump to a named loop, which may be this one.
fn is_labelled(node: &SyntaxNode) -> bool {
    let is_jump = matches!(node.kind(), SyntaxKind::BREAK_EXPR | SyntaxKind::CONTINUE_EXPR);
    is_jump && node.children().any(|it| ast::Lifetime::can_cast(it.kind()))
}

/// Whether a name is only called as a fn: nothing that one part could change for the other.
fn is_called(first: &[SyntaxNode], name: &str) -> bool {
    let nodes = first.iter().flat_map(SyntaxNode::descendants);
    let mut calls = nodes.filter_map(ast::CallExpr::cast).filter_map(|it| it.expr());
    calls.any(|it| it.syntax().text() == name)
}

/// A comment at the end of a line belongs to that line.
fn end_of_line(context: &FixContext<'_>, end: TextSize) -> TextSize {
    let rest = context.text.get(usize::from(end)..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default().trim_end();
    if line.trim_start().starts_with("//") { end + TextSize::of(line) } else { end }
}
