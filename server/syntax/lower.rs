//! From syntax to graph: expressions as values, as places, as operands.
//!
//! The order of evaluation, the temporaries and their scopes follow rustc's MIR building.

use super::{
    Origin,
    bodies::InFile,
    graph::{Action, Graph, GraphBuilder, ScopeKind, ValueId},
    types::{Facts, Shape, ValueFacts},
};
use ra_ap_syntax::{
    AstNode, Edition, SmolStr, SyntaxNode, TextRange, TextSize,
    ast::{self, HasName},
};

/// How deep expressions may nest before they are only scanned for awaits: the stack is finite.
const DEPTH_MAX: u32 = 160;

/// What an expression that names memory stands for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// The value it lies in; `None` for statics, captures and what a reference call returned.
    pub(super) value: Option<ValueId>,
    /// The value itself, not a part of it.
    pub(super) whole: bool,
    /// Behind a reference that the value holds: borrowing it does not borrow the value.
    pub(super) indirect: bool,
    /// What is known of the place's type.
    pub(super) facts: ValueFacts,
}

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
    depth: u32,
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
        Self { graph, edition, facts, shift, free_names: Vec::new(), in_file, depth: 0 }
    }

    /// The graph, and the names that the body takes from its surroundings.
    pub(super) fn finish(self) -> (Graph, Vec<SmolStr>) {
        (self.graph.finish(), self.free_names)
    }

    /// A node's range in the file.
    pub(super) fn range(&self, node: &SyntaxNode) -> TextRange {
        shifted(node.text_range(), self.shift)
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
            self.graph.await_point(shifted(word.text_range(), self.shift));
        }
    }

    fn yield_(&mut self, it: &ast::YieldExpr) {
        if let Some(inner) = it.expr() {
            self.value(&inner);
        }
        if let Some(word) = it.yield_token() {
            self.graph.await_point(shifted(word.text_range(), self.shift));
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

    // --- places ---------------------------------------------------------------------------

    /// Evaluates an expression as a place; a temporary lives to the end of the statement.
    pub(super) fn place(&mut self, expr: &ast::Expr) -> Place {
        let temporaries = self.graph.temporaries();
        self.place_in(expr, temporaries)
    }

    /// The same, a temporary lives in the scope at `depth`.
    pub(super) fn place_in(&mut self, expr: &ast::Expr, depth: usize) -> Place {
        if self.depth >= DEPTH_MAX {
            self.scan_tokens(expr.syntax());
            return Place::default();
        }
        self.depth += 1;
        let mut place = self.place_of(expr, depth);
        self.depth -= 1;
        if !place.whole {
            place.facts = self.known(self.range(expr.syntax())).or(place.facts);
        }
        place
    }

    fn place_of(&mut self, expr: &ast::Expr, depth: usize) -> Place {
        match expr {
            ast::Expr::ParenExpr(it) => {
                it.expr().map(|inner| self.place_in(&inner, depth)).unwrap_or_default()
            }
            ast::Expr::PathExpr(it) => self.path(it),
            ast::Expr::FieldExpr(it) => {
                let base = it.expr().map(|base| self.place_in(&base, depth)).unwrap_or_default();
                self.part_of(base)
            }
            ast::Expr::IndexExpr(it) => self.index(it, depth),
            ast::Expr::PrefixExpr(it) if it.op_kind() == Some(ast::UnaryOp::Deref) => {
                let base = it.expr().map(|base| self.place_in(&base, depth)).unwrap_or_default();
                self.pointee_of(base)
            }
            _ if is_constant(expr) => Place::default(),
            _ => {
                self.value_extending(expr, depth);
                let facts = self.hint(expr);
                let value = self.temporary(expr.syntax(), facts, depth);
                Place { value: Some(value), whole: true, indirect: false, facts }
            }
        }
    }

    fn path(&mut self, it: &ast::PathExpr) -> Place {
        let Some(name) = single_name(it) else {
            return Place::default();
        };
        self.named(&name)
    }

    /// The place of a variable.
    pub(super) fn named(&mut self, name: &str) -> Place {
        match self.graph.resolve(name) {
            Some(value) => {
                let facts = self.graph.facts(value);
                Place { value: Some(value), whole: true, indirect: false, facts }
            }
            None => {
                if !self.free_names.iter().any(|known| known == name) {
                    self.free_names.push(name.into());
                }
                Place::default()
            }
        }
    }

    /// A field: through a reference if the base is one, through `deref` if it is a guard.
    fn part_of(&mut self, base: Place) -> Place {
        match base.facts.shape {
            Some(Shape::Reference) => {
                Place { whole: false, indirect: true, facts: ValueFacts::default(), ..base }
            }
            Some(Shape::Smart) => {
                self.borrow(base);
                Place::default()
            }
            _ => Place { whole: false, facts: ValueFacts::default(), ..base },
        }
    }

    /// `*base`: what it is when the type is unknown can only be guessed.
    fn pointee_of(&mut self, base: Place) -> Place {
        if base.facts.is_reference() || base.indirect || !base.whole {
            return Place { whole: false, indirect: true, facts: ValueFacts::default(), ..base };
        }
        self.borrow(base);
        Place::default()
    }

    fn index(&mut self, it: &ast::IndexExpr, depth: usize) -> Place {
        let base = it.base().map(|base| self.place_in(&base, depth)).unwrap_or_default();
        if let Some(index) = it.index() {
            self.value(&index);
        }
        if base.facts.is_reference() || base.indirect {
            self.use_place(base);
            return Place { whole: false, indirect: true, facts: ValueFacts::default(), ..base };
        }
        self.borrow(base);
        Place::default()
    }

    /// The place is read by value: moved or copied.
    pub(super) fn consume(&mut self, place: Place) {
        let Some(value) = place.value else { return };
        // A reference is as good as copied: what expects `&mut` reborrows it.
        let is_reference = place.facts.is_reference() && !place.facts.may_need_drop();
        if place.whole && !place.indirect && !place.facts.is_copy() && !is_reference {
            self.graph.push(Action::Move(value));
        } else {
            self.graph.push(Action::Use(value));
        }
    }

    /// A reference to the place is taken.
    pub(super) fn borrow(&mut self, place: Place) {
        let Some(value) = place.value else { return };
        if place.indirect {
            self.graph.push(Action::Use(value));
        } else {
            self.graph.push(Action::Borrow(value));
        }
    }

    pub(super) fn use_place(&mut self, place: Place) {
        if let Some(value) = place.value {
            self.graph.push(Action::Use(value));
        }
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
        if self.facts.values.is_empty() {
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

/// Literals and constants are no temporaries: rustc promotes them.
fn is_constant(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Literal(_) => true,
        ast::Expr::ParenExpr(it) => it.expr().is_some_and(|inner| is_constant(&inner)),
        ast::Expr::PrefixExpr(it) => {
            it.op_kind() != Some(ast::UnaryOp::Deref)
                && it.expr().is_some_and(|inner| is_constant(&inner))
        }
        ast::Expr::RefExpr(it) => {
            it.mut_token().is_none() && it.expr().is_some_and(|inner| is_constant(&inner))
        }
        ast::Expr::PathExpr(it) => it.path().is_some_and(|path| is_constant_path(&path)),
        ast::Expr::ArrayExpr(it) => it.exprs().all(|element| is_constant(&element)),
        ast::Expr::TupleExpr(it) => it.fields().all(|field| is_constant(&field)),
        _ => false,
    }
}

/// The same for an operand: a unit variant is built like any other value.
fn is_constant_operand(expr: &ast::Expr) -> bool {
    let camel_case = |path: &ast::Path| {
        let name = path.segment().and_then(|segment| segment.name_ref());
        name.is_some_and(|name| {
            let text = name.text();
            text.starts_with(|c: char| c.is_uppercase())
                && text.contains(|c: char| c.is_lowercase())
        })
    };
    match expr {
        ast::Expr::PathExpr(it) => {
            it.path().is_some_and(|path| is_constant_path(&path) && !camel_case(&path))
        }
        _ => is_constant(expr),
    }
}

fn is_constant_path(path: &ast::Path) -> bool {
    let last = path.segment().and_then(|segment| segment.name_ref());
    let named = last.is_some_and(|name| name.text().starts_with(|c: char| c.is_uppercase()));
    named || path.qualifier().is_some()
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
