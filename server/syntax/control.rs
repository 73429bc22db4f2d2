//! Control flow: conditions, `match`, loops, jumps.

use ra_ap_syntax::{
    AstNode, TextSize,
    ast::{self, HasLoopBody, HasName},
};

use super::{
    Origin,
    graph::{Action, BlockId, ScopeKind},
    lower::Lowering,
    places::Place,
    types::ValueFacts,
};

/// `for await x in` does not parse. Written as a pattern of the same length, it does.
pub(super) const FOR_AWAIT: &str = "for aw__t@";
/// The name that stands for `await` then.
pub(super) const AWAIT_NAME: &str = "aw__t";

impl Lowering<'_> {
    pub(super) fn if_(&mut self, it: &ast::IfExpr) {
        let (otherwise, join) = (self.graph.new_block(), self.graph.new_block());
        let then = it.then_branch();
        let whole_end = self.range(it.syntax()).end();
        let then_end = then.as_ref().map_or(whole_end, |then| self.range(then.syntax()).end());
        // Since 2024 the temporaries of an `if let` die before its `else`.
        let own_scope = self.edition.at_least_2024();
        let keep = self.graph.depth();
        self.graph.enter(ScopeKind::Locals, then_end);
        if own_scope {
            self.graph.enter(ScopeKind::Temporaries, then_end);
        }
        if let Some(condition) = it.condition() {
            self.condition(&condition, otherwise, keep);
        }
        if let Some(then) = then {
            self.block_alone(&then);
        }
        if own_scope {
            self.graph.leave();
        }
        self.graph.leave();
        self.graph.goto(join);
        self.graph.switch_to(otherwise);
        match it.else_branch() {
            Some(ast::ElseBranch::Block(block)) => self.block_alone(&block),
            Some(ast::ElseBranch::IfExpr(it)) => self.else_if(&it),
            None => {}
        }
        self.graph.goto(join);
        self.graph.switch_to(join);
    }

    /// `else if` is an expression of its own, so it counts its temporaries alone.
    fn else_if(&mut self, it: &ast::IfExpr) {
        let expr = ast::Expr::IfExpr(it.clone());
        self.own_temporaries(&expr);
    }

    /// A branch or loop body: temporaries of its tail die with it in every edition.
    fn block_alone(&mut self, block: &ast::BlockExpr) {
        let end = self.range(block.syntax()).end();
        self.graph.enter(ScopeKind::Temporaries, end);
        self.block(block);
        self.graph.leave();
    }

    /// Evaluates a condition; when it is false, everything above `keep` dies on the way to
    /// `otherwise`.
    fn condition(&mut self, condition: &ast::Expr, otherwise: BlockId, keep: usize) {
        match condition {
            ast::Expr::LetExpr(it) => {
                let place = self.scrutinee(it.expr());
                self.graph.exit_to(otherwise, keep);
                self.continue_here();
                self.bind_option(it.pat(), place, Origin::Local);
            }
            ast::Expr::BinExpr(it)
                if it.op_kind() == Some(ast::BinaryOp::LogicOp(ast::LogicOp::And)) =>
            {
                for side in [it.lhs(), it.rhs()].into_iter().flatten() {
                    self.condition(&side, otherwise, keep);
                }
            }
            ast::Expr::ParenExpr(it) if it.expr().is_some_and(|inner| has_let(&inner)) => {
                if let Some(inner) = it.expr() {
                    self.condition(&inner, otherwise, keep);
                }
            }
            _ => {
                self.own_temporaries(condition);
                self.graph.exit_to(otherwise, keep);
                self.continue_here();
            }
        }
    }

    /// A new block after a branch, so that what follows is not on the other edge.
    fn continue_here(&mut self) {
        let next = self.graph.new_block();
        self.graph.goto(next);
        self.graph.switch_to(next);
    }

    /// `let` where no condition is expected (`matches!` style code, broken code).
    pub(super) fn let_condition(&mut self, it: &ast::LetExpr) {
        let place = self.scrutinee(it.expr());
        self.bind_option(it.pat(), place, Origin::Local);
    }

    /// The place that patterns look at.
    pub(super) fn scrutinee(&mut self, expr: Option<ast::Expr>) -> Place {
        let Some(expr) = expr else {
            return Place::default();
        };
        let place = self.place(&expr);
        self.use_place(place);
        place
    }

    pub(super) fn match_(&mut self, it: &ast::MatchExpr) {
        let place = self.scrutinee(it.expr());
        let Some(arms) = it.match_arm_list() else {
            return;
        };
        let join = self.graph.new_block();
        let mut candidates = self.graph.new_block();
        self.graph.goto(candidates);
        for arm in arms.arms() {
            if !self.is_active(arm.syntax()) {
                continue;
            }
            let (start, next) = (self.graph.new_block(), self.graph.new_block());
            self.graph.edge(candidates, start);
            self.graph.edge(candidates, next);
            candidates = next;
            self.graph.switch_to(start);
            self.arm(&arm, place, next);
            self.graph.goto(join);
        }
        self.graph.switch_to(join);
    }

    fn arm(&mut self, arm: &ast::MatchArm, place: Place, next: BlockId) {
        let end = self.range(arm.syntax()).end();
        let keep = self.graph.depth();
        self.graph.enter(ScopeKind::Locals, end);
        self.bind_option(arm.pat(), place, Origin::Local);
        if let Some(condition) = arm.guard().and_then(|guard| guard.condition()) {
            // While the guard runs, the bindings are references into the scrutinee.
            if let Some(pat) = arm.pat().filter(super::patterns::binds) {
                self.borrow(place);
                self.borrow_bound_references(&pat);
            }
            self.graph.enter(ScopeKind::Temporaries, end);
            self.condition(&condition, next, keep);
            self.graph.leave();
        }
        if let Some(body) = arm.expr() {
            self.own_temporaries(&body);
        }
        self.graph.leave();
    }

    pub(super) fn loop_(&mut self, it: &ast::LoopExpr) {
        let (head, after) = (self.graph.new_block(), self.graph.new_block());
        self.enter_loop(it.syntax(), head, after);
        if let Some(body) = it.loop_body() {
            self.block_alone(&body);
        }
        self.leave_loop(head, after);
    }

    pub(super) fn while_(&mut self, it: &ast::WhileExpr) {
        let (head, after) = (self.graph.new_block(), self.graph.new_block());
        self.enter_loop(it.syntax(), head, after);
        let end = self.range(it.syntax()).end();
        // What the condition makes dies with each round.
        let keep = self.graph.depth();
        self.graph.enter(ScopeKind::Locals, end);
        self.graph.enter(ScopeKind::Temporaries, end);
        if let Some(condition) = it.condition() {
            self.condition(&condition, after, keep);
        }
        if let Some(body) = it.loop_body() {
            self.block_alone(&body);
        }
        self.graph.leave();
        self.graph.leave();
        self.leave_loop(head, after);
    }

    pub(super) fn for_(&mut self, it: &ast::ForExpr) {
        let end = self.range(it.syntax()).end();
        self.graph.enter(ScopeKind::Locals, end);
        let iterator = it.iterable().map(|iterable| {
            self.value(&iterable);
            let facts = ValueFacts { shape: None, copy: Some(false), ..ValueFacts::default() };
            let scope = self.graph.locals();
            self.temporary(iterable.syntax(), facts, scope)
        });
        let (head, after) = (self.graph.new_block(), self.graph.new_block());
        self.enter_loop(it.syntax(), head, after);
        if let Some(iterator) = iterator {
            self.graph.push(Action::Borrow(iterator));
        }
        let pat = self.for_await(it.pat());
        self.graph.exit_to(after, self.graph.depth());
        self.continue_here();
        self.graph.enter(ScopeKind::Locals, end);
        let item = Place { facts: self.item_facts(it.iterable()), ..Place::default() };
        self.bind_option(pat, item, Origin::Local);
        if let Some(body) = it.loop_body() {
            self.block_alone(&body);
        }
        self.graph.leave();
        self.leave_loop(head, after);
        self.graph.leave();
    }

    /// `for await item in stream` awaits before each round; gives the pattern of the item.
    fn for_await(&mut self, pat: Option<ast::Pat>) -> Option<ast::Pat> {
        if let Some(ast::Pat::IdentPat(it)) = &pat
            && let Some(name) = it.name()
            && name.text() == AWAIT_NAME
        {
            let range = self.range(name.syntax());
            self.graph.await_point(range);
            return it.pat();
        }
        pat
    }

    fn enter_loop(&mut self, node: &ra_ap_syntax::SyntaxNode, head: BlockId, after: BlockId) {
        self.graph.goto(head);
        self.graph.switch_to(head);
        let label = node.children().find_map(ast::Label::cast);
        let label = label.and_then(|label| label.lifetime()).map(|label| label.text().into());
        let end: TextSize = self.range(node).end();
        let kind = ScopeKind::Breakable { label, break_to: after, continue_to: Some(head) };
        self.graph.enter(kind, end);
    }

    fn leave_loop(&mut self, head: BlockId, after: BlockId) {
        self.graph.leave();
        self.graph.goto(head);
        self.graph.switch_to(after);
    }

    pub(super) fn break_(&mut self, it: &ast::BreakExpr) {
        if let Some(expr) = it.expr() {
            self.value(&expr);
        }
        let label = it.lifetime().map(|label| label.text().to_string());
        self.jump(label.as_deref(), false);
    }

    pub(super) fn continue_(&mut self, it: &ast::ContinueExpr) {
        let label = it.lifetime().map(|label| label.text().to_string());
        self.jump(label.as_deref(), true);
    }

    fn jump(&mut self, label: Option<&str>, is_continue: bool) {
        if let Some((target, depth)) = self.graph.jump_target(label, is_continue) {
            self.graph.exit_to(target, depth);
        }
        self.graph.diverge();
    }

    /// `&&` and `||` as values: the right side may be skipped, its temporaries die at once.
    pub(super) fn short_circuit(&mut self, it: &ast::BinExpr) {
        let join = self.graph.new_block();
        if let Some(lhs) = it.lhs() {
            self.own_temporaries(&lhs);
        }
        self.graph.goto(join);
        self.continue_here();
        if let Some(rhs) = it.rhs() {
            self.own_temporaries(&rhs);
        }
        self.graph.goto(join);
        self.graph.switch_to(join);
    }
}

fn has_let(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::LetExpr(_) => true,
        ast::Expr::ParenExpr(it) => it.expr().is_some_and(|inner| has_let(&inner)),
        ast::Expr::BinExpr(it) => {
            it.op_kind() == Some(ast::BinaryOp::LogicOp(ast::LogicOp::And))
                && [it.lhs(), it.rhs()].into_iter().flatten().any(|side| has_let(&side))
        }
        _ => false,
    }
}
