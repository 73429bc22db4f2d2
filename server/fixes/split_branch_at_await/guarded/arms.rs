//! The arms of a `match` or an `if` chain, one of which awaits.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self, HasLoopBody},
};

use crate::fixes::{context::mentions_await, region, region::is_stmt_or_tail};

/// A branch with exactly one arm that awaits.
pub(super) struct Arms {
    /// The `match` or `if`.
    pub(super) node: ast::Expr,
    /// The body of the arm that awaits, and whether it is that of a `match`.
    pub(super) awaiting: ast::Expr,
    pub(super) is_match: bool,
    /// The other bodies.
    pub(super) others: Vec<ast::Expr>,
    /// Whether an `if` has no last `else`.
    pub(super) is_open: bool,
    /// Whether the branch has no value.
    pub(super) is_unit: bool,
}

impl Arms {
    /// The branch that a statement is, or takes its value from.
    pub(super) fn of(stmt: &SyntaxNode) -> Option<Self> {
        let (node, is_unit) = branch_of(stmt)?;
        let is_match = matches!(node, ast::Expr::MatchExpr(_));
        let (bodies, is_open) = match &node {
            ast::Expr::MatchExpr(it) => {
                let arms: Vec<ast::MatchArm> = it.match_arm_list()?.arms().collect();
                (arms.iter().map(|it| it.expr()).collect::<Option<Vec<_>>>()?, false)
            }
            ast::Expr::IfExpr(it) => chain(it)?,
            _ => return None,
        };
        let (mut awaiting, others): (Vec<_>, Vec<_>) =
            bodies.into_iter().partition(|it| mentions_await(it.syntax()));
        let awaiting = awaiting.pop().filter(|_| awaiting.is_empty())?;
        // Neither a condition nor a scrutinee awaits.
        let count = |node: &SyntaxNode| {
            let tokens = node.descendants_with_tokens();
            tokens.filter(|it| it.kind() == SyntaxKind::AWAIT_KW).count()
        };
        let is_whole = count(node.syntax()) == count(awaiting.syntax());
        let is_plain = match &awaiting {
            ast::Expr::BlockExpr(it) => it.modifier().is_none(),
            _ => is_match,
        };
        let fits = is_whole && is_plain && (is_unit || !is_open);
        fits.then_some(Self { node, awaiting, is_match, others, is_open, is_unit })
    }

    fn stmts(&self) -> Vec<SyntaxNode> {
        match &self.awaiting {
            ast::Expr::BlockExpr(block) => {
                let list = block.stmt_list();
                list.iter().flat_map(|it| it.syntax().children()).filter(is_stmt_or_tail).collect()
            }
            expr => vec![expr.syntax().clone()],
        }
    }

    /// What the awaiting arm does under the lock.
    pub(super) fn front(&self) -> Vec<SyntaxNode> {
        let mut stmts = self.stmts();
        stmts.truncate(stmts.iter().position(mentions_await).unwrap_or_default());
        stmts
    }

    /// What it does from its first await on.
    pub(super) fn rest(&self) -> Vec<SyntaxNode> {
        self.stmts().into_iter().skip_while(|it| !mentions_await(it)).collect()
    }

    /// The variables that the awaiting arm's pattern or condition binds.
    pub(super) fn bindings(&self) -> Vec<String> {
        let arm = self.awaiting.syntax().parent();
        let head = arm.as_ref().and_then(|arm| {
            let pattern = ast::MatchArm::cast(arm.clone()).and_then(|it| it.pat());
            let condition = || ast::IfExpr::cast(arm.clone())?.condition();
            pattern.map(|it| it.syntax().clone()).or_else(|| Some(condition()?.syntax().clone()))
        });
        let patterns = head.iter().flat_map(SyntaxNode::descendants);
        patterns.filter_map(ast::IdentPat::cast).filter_map(|it| region::name_of(&it)).collect()
    }
}

/// The branch, and whether its value is `()` for sure.
fn branch_of(stmt: &SyntaxNode) -> Option<(ast::Expr, bool)> {
    if let Some(it) = ast::ExprStmt::cast(stmt.clone()) {
        return Some((it.expr()?, it.semicolon_token().is_none()));
    }
    if let Some(it) = ast::LetStmt::cast(stmt.clone()) {
        return Some((it.initializer().filter(|_| it.let_else().is_none())?, false));
    }
    let expr = ast::Expr::cast(stmt.clone())?;
    let block = stmt.parent()?.parent()?;
    let owner = block.parent()?;
    let of_fn = ast::Fn::cast(owner.clone()).is_some_and(|it| it.ret_type().is_none());
    let of_loop = [
        ast::ForExpr::cast(owner.clone()).and_then(|it| it.loop_body()),
        ast::WhileExpr::cast(owner.clone()).and_then(|it| it.loop_body()),
        ast::LoopExpr::cast(owner).and_then(|it| it.loop_body()),
    ];
    let of_loop = of_loop.iter().flatten().any(|it| *it.syntax() == block);
    Some((expr, of_fn || of_loop))
}

/// The blocks of an `if`, its `else if`s and its `else`; whether it ends without one.
fn chain(if_: &ast::IfExpr) -> Option<(Vec<ast::Expr>, bool)> {
    let mut bodies = vec![ast::Expr::BlockExpr(if_.then_branch()?)];
    match if_.else_branch() {
        None => Some((bodies, true)),
        Some(ast::ElseBranch::Block(block)) => {
            bodies.push(ast::Expr::BlockExpr(block));
            Some((bodies, false))
        }
        Some(ast::ElseBranch::IfExpr(next)) => {
            let (more, is_open) = chain(&next)?;
            bodies.extend(more);
            Some((bodies, is_open))
        }
    }
}

/// Whether a body never comes to its end.
pub(super) fn diverges(body: &ast::Expr) -> bool {
    match body {
        ast::Expr::ReturnExpr(_) | ast::Expr::BreakExpr(_) | ast::Expr::ContinueExpr(_) => true,
        ast::Expr::MacroExpr(it) => {
            let text = it.syntax().text().to_string();
            ["panic!", "unreachable!", "todo!", "unimplemented!"]
                .iter()
                .any(|m| text.starts_with(m))
        }
        ast::Expr::BlockExpr(it) => {
            let list = it.stmt_list();
            let last =
                list.iter().flat_map(|it| it.syntax().children()).filter(is_stmt_or_tail).last();
            let expr = last.and_then(|it| match ast::ExprStmt::cast(it.clone()) {
                Some(stmt) => stmt.expr(),
                None => ast::Expr::cast(it),
            });
            expr.is_some_and(|it| diverges(&it))
        }
        _ => false,
    }
}

/// What lies between the braces of a block.
pub(super) fn inside(block: &ast::BlockExpr) -> Option<TextRange> {
    let list = block.stmt_list()?;
    let (open, close) = (list.l_curly_token()?, list.r_curly_token()?);
    Some(TextRange::new(open.text_range().end(), close.text_range().start()))
}
