//! Calls, operators and assignments: what they evaluate first, what they move, what they borrow.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasArgList},
};

use super::{
    graph::{Action, ValueId},
    lower::Lowering,
    places::Place,
    types::{Receiver, Shape, ValueFacts},
};

/// Methods that take `self`. Only a guess for when nothing is known about the receiver.
const BY_VALUE: &[&str] = &[
    "unwrap",
    "expect",
    "unwrap_or",
    "unwrap_or_else",
    "unwrap_or_default",
    "ok",
    "err",
    "ok_or",
    "ok_or_else",
    "map",
    "map_err",
    "map_or",
    "map_or_else",
    "and_then",
    "or_else",
    "or",
    "and",
    "filter",
    "filter_map",
    "flat_map",
    "flatten",
    "fold",
    "for_each",
    "collect",
    "sum",
    "product",
    "rev",
    "enumerate",
    "zip",
    "chain",
    "skip",
    "take_while",
    "skip_while",
    "step_by",
    "peekable",
    "copied",
    "cloned",
    "count",
    "max",
    "min",
    "max_by_key",
    "min_by_key",
    "partition",
    "unzip",
    "context",
    "with_context",
    "wrap_err",
    "boxed",
    "boxed_local",
    "fuse",
    "then",
    "inspect",
    "inspect_err",
    "transpose",
    "unwrap_err",
    "expect_err",
    "box_clone",
    "instrument",
    "in_current_span",
    "in_scope",
    "try_flatten",
    "shared",
    "left_future",
    "right_future",
    "left_stream",
    "right_stream",
    "build",
    "finish",
    "join",
    "await",
    "map_ok",
    "buffer_unordered",
    "buffered",
    "try_for_each",
    "for_each_concurrent",
    "compat",
    "split",
    "freeze",
    "body",
    "header",
    "headers",
    "json",
    "form",
    "query",
    "bearer_auth",
    "basic_auth",
    "timeout",
    "entered",
    "catch_unwind",
    "forget",
    "chunks_timeout",
    "throttle",
    "send_timeout",
    "reunite",
];

/// Methods of numbers that take `&self`.
const PRIMITIVE_BY_REFERENCE: &[&str] = &[
    "to_string",
    "clone",
    "fmt",
    "hash",
    "cmp",
    "partial_cmp",
    "eq",
    "ne",
    "to_owned",
    "borrow",
    "borrow_mut",
    "as_ref",
    "serialize",
    "encode",
    "into_response",
    "to_value",
    "lt",
    "gt",
    "le",
    "ge",
    "encode_utf8",
    "eq_ignore_ascii_case",
    "is_ascii",
    "is_ascii_digit",
    "is_ascii_whitespace",
    "is_ascii_alphabetic",
    "is_ascii_alphanumeric",
    "is_ascii_hexdigit",
    "make_ascii_lowercase",
];

impl Lowering<'_> {
    pub(super) fn call(&mut self, it: &ast::CallExpr, extended: usize) {
        let end = self.range(it.syntax()).end();
        let callee = it.expr();
        let waiting = callee.as_ref().and_then(|callee| self.callee(callee, end));
        // `Some(&temporary())` extends like a literal does.
        let is_constructor = callee.as_ref().is_some_and(is_constructor);
        let args: Vec<ast::Expr> = it.arg_list().into_iter().flat_map(|list| list.args()).collect();
        let scope = if is_constructor { extended } else { self.graph.temporaries() };
        let args: Vec<_> = args.iter().map(|arg| self.operand(arg, end, scope)).collect();
        self.take([waiting]);
        self.take(args);
    }

    /// A function is a constant; anything else that is called is borrowed by the call.
    fn callee(&mut self, callee: &ast::Expr, end: ra_ap_syntax::TextSize) -> Option<ValueId> {
        if let ast::Expr::PathExpr(path) = callee {
            let name = super::lower::single_name(path)?;
            // Most called names are functions: they are no free variables of the body.
            self.graph.resolve(&name)?;
        }
        if self.hint(callee).shape == Some(Shape::Once) {
            let extended = self.graph.temporaries();
            return self.operand(callee, end, extended);
        }
        let place = self.place(callee);
        if place.facts.is_copy() && place.whole {
            self.use_place(place);
        } else {
            self.borrow(place);
        }
        self.waiting_reference(callee, end)
    }

    /// The reference to a receiver or callee that waits while the arguments are evaluated.
    fn waiting_reference(
        &mut self,
        expr: &ast::Expr,
        end: ra_ap_syntax::TextSize,
    ) -> Option<ValueId> {
        let after = self.range(expr.syntax()).end();
        if !self.graph.awaits_within(after, end) {
            return None;
        }
        let depth = self.graph.temporaries();
        let range = self.range(expr.syntax());
        let origin = super::Origin::Temporary;
        let value = self.graph.declare(None, origin, range, ValueFacts::SHARED, depth);
        self.graph.push(Action::Init(value));
        Some(value)
    }

    pub(super) fn method_call(&mut self, it: &ast::MethodCallExpr) {
        let end = self.range(it.syntax()).end();
        let name = it.name_ref().map(|name| name.text().to_string()).unwrap_or_default();
        let waiting = it.receiver().and_then(|receiver| self.receiver(&receiver, &name, end));
        let args: Vec<ast::Expr> = it.arg_list().into_iter().flat_map(|list| list.args()).collect();
        let scope = self.graph.temporaries();
        let args: Vec<_> = args.iter().map(|arg| self.operand(arg, end, scope)).collect();
        self.take([waiting]);
        self.take(args);
    }

    /// Evaluates a receiver; what waits for the arguments when they may await before `end`.
    pub(super) fn receiver(
        &mut self,
        receiver: &ast::Expr,
        method: &str,
        end: ra_ap_syntax::TextSize,
    ) -> Option<ValueId> {
        match self.receiver_kind(receiver, method) {
            Receiver::Value => {
                let extended = self.graph.temporaries();
                self.operand(receiver, end, extended)
            }
            Receiver::Reference => {
                let place = self.place(receiver);
                self.borrow_for_method(place, method);
                self.waiting_reference(receiver, end)
            }
        }
    }

    /// Autoref: through a reference it borrows what that points to.
    fn borrow_for_method(&mut self, place: Place, method: &str) {
        // `Box` has these itself, so the box is borrowed and not what it holds.
        let is_box = place.facts.is_reference() && place.facts.may_need_drop();
        let own = is_box && matches!(method, "to_string" | "clone" | "fmt" | "eq" | "hash");
        if place.facts.is_reference() && !own {
            self.use_place(place);
        } else {
            self.borrow(place);
        }
    }

    /// How a call takes its receiver: as the caller says, else guessed from name and type.
    pub(super) fn receiver_kind(&self, receiver: &ast::Expr, method: &str) -> Receiver {
        let known = self.facts.receivers.get(&self.range(receiver.syntax()));
        if let Some(known) = known.filter(|_| self.at_call.is_none()) {
            return *known;
        }
        let facts = self.hint(receiver);
        let defined = self.in_file.methods.receiver(method).or(self.facts.methods.receiver(method));
        if let (Some(defined), None) = (defined, facts.shape) {
            return defined;
        }
        let by_value = match facts.shape {
            Some(Shape::Primitive) => !PRIMITIVE_BY_REFERENCE.contains(&method),
            _ => is_by_value(method),
        };
        if by_value { Receiver::Value } else { Receiver::Reference }
    }

    pub(super) fn binary(&mut self, it: &ast::BinExpr) {
        match it.op_kind() {
            Some(ast::BinaryOp::LogicOp(_)) => self.short_circuit(it),
            Some(ast::BinaryOp::CmpOp(_)) => self.comparison(it),
            Some(ast::BinaryOp::Assignment { op }) => self.assignment(it, op.is_some()),
            Some(ast::BinaryOp::ArithOp(_)) | None => {
                let whole = ast::Expr::BinExpr(it.clone());
                let sides: Vec<_> = [it.lhs(), it.rhs()].into_iter().flatten().collect();
                let extended = self.graph.temporaries();
                self.operands_extending(sides, &whole, extended);
            }
        }
    }

    /// `==` and `<` take references, but for numbers.
    fn comparison(&mut self, it: &ast::BinExpr) {
        let end = self.range(it.syntax()).end();
        let sides: Vec<ast::Expr> = [it.lhs(), it.rhs()].into_iter().flatten().collect();
        let primitive = sides.iter().any(|side| self.hint(side).shape == Some(Shape::Primitive));
        let mut waiting = Vec::new();
        for side in &sides {
            if primitive {
                let extended = self.graph.temporaries();
                waiting.push(self.operand(side, end, extended));
            } else {
                let place = self.place(side);
                self.borrow(place);
                waiting.push(self.waiting_reference(side, end));
            }
        }
        self.take(waiting);
    }

    /// The right side comes first, but for `+=` on a type that overloads it.
    fn assignment(&mut self, it: &ast::BinExpr, is_compound: bool) {
        let (lhs, rhs) = (it.lhs(), it.rhs());
        if let Some(rhs) = &rhs {
            self.value(rhs);
        }
        let Some(lhs) = lhs else { return };
        if matches!(lhs, ast::Expr::UnderscoreExpr(_)) {
            return;
        }
        if let ast::Expr::TupleExpr(tuple) = &lhs {
            for part in tuple.fields() {
                let place = self.place(&part);
                self.assign(place, false);
            }
            return;
        }
        let mut place = self.place(&lhs);
        if let (Some(rhs), false) = (&rhs, place.whole) {
            place.facts = place.facts.or(self.hint(rhs));
        }
        self.assign(place, is_compound);
    }

    fn assign(&mut self, place: Place, is_compound: bool) {
        let Some(value) = place.value else { return };
        let numeric = place.facts.shape == Some(Shape::Primitive) || place.facts.is_copy();
        match (is_compound, place.whole && !place.indirect) {
            (true, true) if numeric => self.graph.push(Action::Use(value)),
            (true, true) => self.graph.push(Action::Borrow(value)),
            (false, true) => self.graph.push(Action::Replace(value)),
            // Writing a part keeps the rest; dropping the part's old value borrows the whole.
            (_, false) => self.assign_part(place, value),
        }
    }

    fn assign_part(&mut self, place: Place, value: ValueId) {
        if place.indirect || !place.facts.may_need_drop() {
            self.graph.push(Action::Use(value));
        } else {
            self.graph.push(Action::Borrow(value));
        }
    }
}

/// Whether a method of this name most often takes `self`.
pub(super) fn is_by_value(method: &str) -> bool {
    BY_VALUE.contains(&method)
        || method.starts_with("into_")
        || method.starts_with("with_")
        || matches!(method, "into" | "try_into")
}

fn is_constructor(callee: &ast::Expr) -> bool {
    let ast::Expr::PathExpr(path) = callee else {
        return false;
    };
    let name = path.path().and_then(|path| path.segment()).and_then(|segment| segment.name_ref());
    name.is_some_and(|name| name.text().starts_with(|c: char| c.is_uppercase()))
}
