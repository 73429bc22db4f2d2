//! From syntax to graph: expressions as values, as places, as operands.
//!
//! The order of evaluation, the temporaries and their scopes follow rustc's MIR building.

use super::{
    Origin,
    expand::Rules,
    graph::{Action, Graph, GraphBuilder, ScopeKind, ValueId},
    in_file::InFile,
    places::is_constant_operand,
    types::{Facts, ValueFacts},
};
use ra_ap_syntax::{
    AstNode, Edition, SmolStr, SyntaxNode, TextRange, TextSize,
    ast::{self, HasName},
};

/// How deep expressions may nest before they are only scanned for awaits: the stack is finite.
pub(super) const DEPTH_MAX: u32 = 160;

/// Lowers one body.
#[derive(Debug)]
pub(super) struct Lowering<'a> {
    pub(super) graph: GraphBuilder,
    pub(super) edition: Edition,
    pub(super) facts: &'a Facts,
    /// Added to the offsets of the tree: it is not 0 inside a macro's tokens, parsed anew.
    pub(super) shift: i64,
    /// Names that no scope of the body knows: perhaps variables of the surroundings.
    pub(super) free_names: Vec<SmolStr>,
    pub(super) in_file: &'a InFile,
    /// The macros that the blocks around define.
    pub(super) local_macros: Vec<(SmolStr, Rules)>,
    /// The call that is being expanded: all that its rule says happens there.
    pub(super) at_call: Option<TextRange>,
    /// How many expansions lie within each other.
    pub(super) expanding: u32,
    pub(super) depth: u32,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(
        edition: Edition,
        facts: &'a Facts,
        shift: i64,
        in_file: &'a InFile,
        await_offsets: Vec<TextSize>,
    ) -> Self {
        let graph = GraphBuilder::new(await_offsets);
        Self {
            graph,
            edition,
            facts,
            shift,
            free_names: Vec::new(),
            in_file,
            local_macros: Vec::new(),
            at_call: None,
            expanding: 0,
            depth: 0,
        }
    }

    /// The graph, and the names that the body takes from its surroundings.
    pub(super) fn finish(self) -> (Graph, Vec<SmolStr>) {
        (self.graph.finish(), self.free_names)
    }

    /// A node's range in the file.
    pub(super) fn range(&self, node: &SyntaxNode) -> TextRange {
        self.placed(node.text_range())
    }

    /// A range of the tree that is being read, in the file.
    pub(super) fn placed(&self, range: TextRange) -> TextRange {
        self.at_call.unwrap_or_else(|| shifted(range, self.shift))
    }

    /// Whether a node is compiled, as far as is known.
    pub(super) fn is_active(&self, node: &SyntaxNode) -> bool {
        self.facts.cfg.as_ref().is_none_or(|cfg| cfg.allows(node))
    }

    // --- values ---------------------------------------------------------------------------

    /// Evaluates an expression for its value.
    pub(super) fn value(&mut self, expr: &ast::Expr) {
        let temporaries = self.graph.temporaries();
        self.value_extending(expr, temporaries);
    }

    /// The same; temporaries that it borrows directly live in the scope at `extended`.
    pub(super) fn value_extending(&mut self, expr: &ast::Expr, extended: usize) {
        if !self.is_active(expr.syntax()) {
            return;
        }
        if self.depth >= DEPTH_MAX {
            return self.scan_tokens(expr.syntax());
        }
        self.depth += 1;
        self.value_of(expr, extended);
        self.depth -= 1;
    }

    fn value_of(&mut self, expr: &ast::Expr, extended: usize) {
        match expr {
            ast::Expr::PathExpr(_) | ast::Expr::FieldExpr(_) | ast::Expr::IndexExpr(_) => {
                let place = self.place(expr);
                self.consume(place);
            }
            ast::Expr::ParenExpr(it) => self.value_of_option(it.expr(), extended),
            ast::Expr::CastExpr(it) => self.value_of_option(it.expr(), extended),
            ast::Expr::RefExpr(it) => self.reference(it, extended),
            ast::Expr::PrefixExpr(it) => self.prefix(it, expr),
            ast::Expr::BlockExpr(it) => self.block_value(it, Some(extended)),
            ast::Expr::BinExpr(it) => self.binary(it),
            ast::Expr::CallExpr(it) => self.call(it, extended),
            ast::Expr::MethodCallExpr(it) => self.method_call(it),
            ast::Expr::AwaitExpr(it) => self.await_(it),
            ast::Expr::TryExpr(it) => self.question_mark(it),
            ast::Expr::YieldExpr(it) => self.yield_(it),
            ast::Expr::TupleExpr(it) => {
                self.operands_extending(it.fields().collect(), expr, extended)
            }
            ast::Expr::ArrayExpr(it) => {
                self.operands_extending(it.exprs().collect(), expr, extended)
            }
            ast::Expr::RangeExpr(it) => self.operands_extending(children(it), expr, extended),
            ast::Expr::RecordExpr(it) => self.record(it, expr, extended),
            ast::Expr::IfExpr(it) => self.if_(it),
            ast::Expr::MatchExpr(it) => self.match_(it),
            ast::Expr::WhileExpr(it) => self.while_(it),
            ast::Expr::LoopExpr(it) => self.loop_(it),
            ast::Expr::ForExpr(it) => self.for_(it),
            ast::Expr::LetExpr(it) => self.let_condition(it),
            ast::Expr::BreakExpr(it) => self.break_(it),
            ast::Expr::ContinueExpr(it) => self.continue_(it),
            ast::Expr::ReturnExpr(it) => self.leave_body(it.expr()),
            ast::Expr::BecomeExpr(it) => self.leave_body(it.expr()),
            ast::Expr::YeetExpr(it) => self.leave_body(it.expr()),
            ast::Expr::ClosureExpr(it) => self.captures(it.syntax(), it.move_token().is_some()),
            ast::Expr::MacroExpr(it) => {
                if let Some(call) = it.macro_call() {
                    self.macro_call(&call);
                }
            }
            ast::Expr::FormatArgsExpr(_)
            | ast::Expr::AsmExpr(_)
            | ast::Expr::OffsetOfExpr(_)
            | ast::Expr::IncludeBytesExpr(_)
            | ast::Expr::Literal(_)
            | ast::Expr::UnderscoreExpr(_) => {}
        }
    }

    fn value_of_option(&mut self, expr: Option<ast::Expr>, extended: usize) {
        if let Some(expr) = expr {
            self.value_extending(&expr, extended);
        }
    }

    fn reference(&mut self, it: &ast::RefExpr, extended: usize) {
        if let Some(inner) = it.expr() {
            let place = self.place_in(&inner, extended);
            self.borrow(place);
        }
    }

    fn prefix(&mut self, it: &ast::PrefixExpr, expr: &ast::Expr) {
        if it.op_kind() == Some(ast::UnaryOp::Deref) {
            let place = self.place(expr);
            self.consume(place);
        } else if let Some(inner) = it.expr() {
            self.value(&inner);
        }
    }

    fn await_(&mut self, it: &ast::AwaitExpr) {
        if let Some(inner) = it.expr() {
            self.value(&inner);
        }
        if let Some(word) = it.await_token() {
            self.graph.await_point(self.placed(word.text_range()));
        }
    }

    fn yield_(&mut self, it: &ast::YieldExpr) {
        if let Some(inner) = it.expr() {
            self.value(&inner);
        }
        if let Some(word) = it.yield_token() {
            self.graph.await_point(self.placed(word.text_range()));
        }
    }

    fn question_mark(&mut self, it: &ast::TryExpr) {
        if let Some(inner) = it.expr() {
            self.value(&inner);
        }
        // `?` matches on a `ControlFlow` that lives as long as any other scrutinee.
        // Its error may have a destructor when its value has none.
        let range = self.range(it.syntax());
        let facts =
            ValueFacts { needs_drop: self.known(range).needs_drop, ..ValueFacts::default() };
        let depth = self.graph.temporaries();
        let value = self.graph.declare(None, Origin::Temporary, range, facts, depth);
        self.graph.push(Action::Init(value));
    }

    fn leave_body(&mut self, expr: Option<ast::Expr>) {
        if let Some(expr) = expr {
            self.value(&expr);
        }
        self.graph.diverge();
    }

    fn record(&mut self, it: &ast::RecordExpr, whole: &ast::Expr, extended: usize) {
        let Some(list) = it.record_expr_field_list() else {
            return;
        };
        let end = self.range(whole.syntax()).end();
        let fields: Vec<ast::Expr> = list
            .fields()
            .filter(|field| self.is_active(field.syntax()))
            .filter_map(|field| field.expr())
            .collect();
        let waiting: Vec<_> =
            fields.iter().map(|field| self.operand(field, end, extended)).collect();
        if let Some(base) = list.spread() {
            // Only the fields that are missing are taken out of the base.
            let place = self.place(&base);
            self.use_place(place);
        }
        self.take(waiting);
    }

    // --- operands -------------------------------------------------------------------------

    /// Evaluates in order; each result waits in a temporary for the last to be there.
    pub(super) fn operands_extending(
        &mut self,
        exprs: Vec<ast::Expr>,
        whole: &ast::Expr,
        extended: usize,
    ) {
        let end = self.range(whole.syntax()).end();
        let waiting: Vec<Option<ValueId>> =
            exprs.iter().map(|expr| self.operand(expr, end, extended)).collect();
        self.take(waiting);
    }

    /// Evaluates one operand; the temporary when an await may come before `end`.
    pub(super) fn operand(
        &mut self,
        expr: &ast::Expr,
        end: TextSize,
        extended: usize,
    ) -> Option<ValueId> {
        self.value_extending(expr, extended);
        let range = self.range(expr.syntax());
        let waits = self.graph.awaits_within(range.end(), end) && self.is_active(expr.syntax());
        if !waits || is_constant_operand(expr) {
            return None;
        }
        let facts = self.hint(expr);
        let temporaries = self.graph.temporaries();
        Some(self.temporary(expr.syntax(), facts, temporaries))
    }

    /// The operation happens: it takes its operands.
    pub(super) fn take(&mut self, operands: impl IntoIterator<Item = Option<ValueId>>) {
        for operand in operands.into_iter().flatten() {
            self.graph.push(Action::Move(operand));
        }
    }

    /// A new temporary, initialised, that dies with the scope at `depth`.
    pub(super) fn temporary(
        &mut self,
        node: &SyntaxNode,
        facts: ValueFacts,
        depth: usize,
    ) -> ValueId {
        let range = self.range(node);
        let facts = self.known(range).or(facts);
        let value = self.graph.declare(None, Origin::Temporary, range, facts, depth);
        self.graph.push(Action::Init(value));
        value
    }

    // --- blocks ---------------------------------------------------------------------------

    /// A block as an expression: plain, labelled, `unsafe`, `async`.
    fn block_value(&mut self, block: &ast::BlockExpr, extended: Option<usize>) {
        match block.modifier() {
            Some(ast::BlockModifier::Async(_)) => {
                self.captures(block.syntax(), block.move_token().is_some());
            }
            Some(ast::BlockModifier::Const(_)) => {}
            Some(ast::BlockModifier::Label(label)) => self.labelled_block(block, &label),
            _ => self.block_extending(block, extended),
        }
    }

    fn labelled_block(&mut self, block: &ast::BlockExpr, label: &ast::Label) {
        let after = self.graph.new_block();
        let label = label.lifetime().map(|label| label.text().into());
        let kind = ScopeKind::Breakable { label, break_to: after, continue_to: None };
        let end = self.range(block.syntax()).end();
        self.graph.enter(kind, end);
        self.block_extending(block, None);
        self.graph.leave();
        self.graph.goto(after);
        self.graph.switch_to(after);
    }

    /// The statements and the tail of a block.
    pub(super) fn block(&mut self, block: &ast::BlockExpr) {
        self.block_extending(block, None);
    }

    fn block_extending(&mut self, block: &ast::BlockExpr, extended: Option<usize>) {
        let Some(list) = block.stmt_list() else {
            return;
        };
        let end = self.range(block.syntax()).end();
        let macros = self.local_macros.len();
        self.graph.enter(ScopeKind::Locals, end);
        for statement in list.statements() {
            self.statement(&statement);
        }
        if let Some(tail) = list.tail_expr() {
            // Since 2024 the temporaries of a tail expression die before the block's locals.
            let own_scope = self.edition.at_least_2024();
            if own_scope {
                self.graph.enter(ScopeKind::Temporaries, end);
            }
            let extended = extended.unwrap_or_else(|| self.graph.temporaries());
            self.value_extending(&tail, extended);
            if own_scope {
                self.graph.leave();
            }
        }
        self.local_macros.truncate(macros);
        self.graph.leave();
    }

    fn statement(&mut self, statement: &ast::Stmt) {
        if !self.is_active(statement.syntax()) {
            return;
        }
        match statement {
            ast::Stmt::LetStmt(it) => self.let_statement(it),
            ast::Stmt::ExprStmt(it) => match it.expr() {
                Some(ast::Expr::MacroExpr(it)) => {
                    if let Some(call) = it.macro_call() {
                        self.macro_statement(&call);
                    }
                }
                Some(expr) => self.own_temporaries(&expr),
                None => {}
            },
            ast::Stmt::Item(ast::Item::MacroCall(it)) => self.macro_statement(it),
            ast::Stmt::Item(ast::Item::MacroRules(it)) => self.define_macro(it),
            ast::Stmt::Item(_) => {}
        }
    }

    /// Evaluates an expression whose temporaries die at its end.
    pub(super) fn own_temporaries(&mut self, expr: &ast::Expr) {
        let end = self.range(expr.syntax()).end();
        self.graph.enter(ScopeKind::Temporaries, end);
        self.value(expr);
        self.graph.leave();
    }

    // --- facts ----------------------------------------------------------------------------

    /// What the caller knows of the value at a range.
    pub(super) fn known(&self, range: TextRange) -> ValueFacts {
        if self.facts.values.is_empty() || self.at_call.is_some() {
            return ValueFacts::default();
        }
        self.facts.values.get(&range).copied().unwrap_or_default()
    }
}

/// The name of a path that is one: `x`, not `a::x`, not `x::<T>`.
pub(super) fn single_name(it: &ast::PathExpr) -> Option<SmolStr> {
    let path = it.path()?;
    if path.qualifier().is_some() {
        return None;
    }
    let segment = path.segment()?;
    use ast::HasGenericArgs;
    if segment.generic_arg_list().is_some() {
        return None;
    }
    Some(plain_name(segment.name_ref()?.text()))
}

/// A name without `r#`.
pub(super) fn plain_name(text: &str) -> SmolStr {
    text.strip_prefix("r#").unwrap_or(text).into()
}

/// The name of anything named.
pub(super) fn name_of(node: &impl HasName) -> Option<SmolStr> {
    node.name().map(|name| plain_name(name.text()))
}

fn children(node: &impl AstNode) -> Vec<ast::Expr> {
    node.syntax().children().filter_map(ast::Expr::cast).collect()
}

/// A range of a tree that was parsed from a part of the file.
pub(super) fn shifted(range: TextRange, shift: i64) -> TextRange {
    let at = i64::from(u32::from(range.start())) + shift;
    let start = TextSize::new(u32::try_from(at).unwrap_or(0));
    TextRange::at(start, range.len())
}
