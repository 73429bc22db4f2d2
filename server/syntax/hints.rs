//! What an expression's text tells about the value it makes.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasArgList},
};

use super::{
    lower::{Lowering, single_name},
    types::{Shape, ValueFacts},
};

/// How deep a hint looks.
const DEPTH_MAX: u32 = 6;

impl Lowering<'_> {
    /// What is known of an expression's value: what the caller says, else what its text tells.
    pub(super) fn hint(&self, expr: &ast::Expr) -> ValueFacts {
        self.hint_within(expr, 0)
    }

    fn hint_within(&self, expr: &ast::Expr, depth: u32) -> ValueFacts {
        let known = self.known(self.range(expr.syntax()));
        if depth > DEPTH_MAX {
            return known;
        }
        known.or(self.read_hint(expr, depth + 1))
    }

    fn hint_option(&self, expr: Option<ast::Expr>, depth: u32) -> ValueFacts {
        expr.map(|expr| self.hint_within(&expr, depth)).unwrap_or_default()
    }

    fn read_hint(&self, expr: &ast::Expr, depth: u32) -> ValueFacts {
        match expr {
            ast::Expr::Literal(it) => match it.kind() {
                ast::LiteralKind::String(_)
                | ast::LiteralKind::ByteString(_)
                | ast::LiteralKind::CString(_) => ValueFacts::SHARED,
                _ => ValueFacts::PRIMITIVE,
            },
            ast::Expr::RefExpr(it) if it.mut_token().is_some() => ValueFacts::EXCLUSIVE,
            ast::Expr::RefExpr(_) => ValueFacts::SHARED,
            ast::Expr::PathExpr(it) => single_name(it)
                .and_then(|name| self.graph.resolve(&name))
                .map(|value| self.graph.facts(value))
                .unwrap_or_default(),
            ast::Expr::ParenExpr(it) => self.hint_option(it.expr(), depth),
            ast::Expr::CastExpr(it) => it
                .ty()
                .map(|ty| ValueFacts::from_type(&ty.syntax().text().to_string()))
                .unwrap_or_default(),
            ast::Expr::BinExpr(it) => self.hint_of_operator(it, depth),
            ast::Expr::PrefixExpr(it) if it.op_kind() != Some(ast::UnaryOp::Deref) => {
                self.hint_option(it.expr(), depth)
            }
            ast::Expr::MethodCallExpr(it) => self.hint_of_method(it, depth),
            ast::Expr::CallExpr(it) => self.hint_of_call(it, depth),
            ast::Expr::MacroExpr(it) => hint_of_macro(it),
            ast::Expr::TupleExpr(it) => self.hint_of_tuple(it, depth),
            ast::Expr::ClosureExpr(it) => closure_hint(it),
            ast::Expr::BlockExpr(it) if it.async_token().is_some() => ValueFacts::OWNED,
            ast::Expr::BlockExpr(it) => {
                self.hint_option(it.stmt_list().and_then(|list| list.tail_expr()), depth)
            }
            ast::Expr::RangeExpr(_) => ValueFacts::INERT,
            _ => ValueFacts::default(),
        }
    }

    fn hint_of_operator(&self, it: &ast::BinExpr, depth: u32) -> ValueFacts {
        match it.op_kind() {
            Some(ast::BinaryOp::CmpOp(_) | ast::BinaryOp::LogicOp(_)) => ValueFacts::PRIMITIVE,
            Some(ast::BinaryOp::ArithOp(_)) => {
                let left = self.hint_option(it.lhs(), depth);
                if left.copy.is_some() { left } else { self.hint_option(it.rhs(), depth) }
            }
            _ => ValueFacts::default(),
        }
    }

    fn hint_of_tuple(&self, it: &ast::TupleExpr, depth: u32) -> ValueFacts {
        let mut all = ValueFacts::PLAIN;
        for field in it.fields() {
            let field = self.hint_within(&field, depth);
            all.copy = if field.is_copy() { all.copy } else { field.copy };
            all.needs_drop = if field.needs_drop == Some(false) { all.needs_drop } else { None };
        }
        all
    }

    fn hint_of_method(&self, it: &ast::MethodCallExpr, depth: u32) -> ValueFacts {
        let name = it.name_ref().map(|name| name.text().to_string()).unwrap_or_default();
        let inner = |it: &ast::MethodCallExpr| match it.receiver() {
            Some(ast::Expr::MethodCallExpr(inner)) => {
                inner.name_ref().map(|name| name.text().to_string()).unwrap_or_default()
            }
            _ => String::new(),
        };
        match name.as_str() {
            "len" | "count" | "is_some" | "is_none" | "is_ok" | "is_err" | "is_empty"
            | "contains" | "contains_key" | "starts_with" | "ends_with" | "as_secs"
            | "as_millis" | "as_secs_f64" | "capacity" | "eq" | "ne" | "any" | "all" => {
                ValueFacts::PRIMITIVE
            }
            "as_str" | "as_bytes" | "as_slice" | "trim" | "as_path" | "as_ptr" => {
                ValueFacts::SHARED
            }
            "as_ref" | "as_deref" | "iter" => {
                ValueFacts { copy: None, needs_drop: Some(false), shape: None }
            }
            "elapsed" => ValueFacts::PLAIN,
            "to_string" | "to_owned" | "to_vec" | "to_lowercase" | "to_uppercase" => {
                ValueFacts::SMART
            }
            "clone" => {
                let receiver = self.hint_option(it.receiver(), depth);
                if receiver.is_reference() { ValueFacts::default() } else { receiver }
            }
            "borrow" | "borrow_mut" => ValueFacts::SMART,
            "unwrap" | "expect" if matches!(inner(it).as_str(), "lock" | "read" | "write") => {
                ValueFacts::SMART
            }
            _ => ValueFacts::default(),
        }
    }

    /// `String::from(..)` makes a `String`.
    fn hint_of_call(&self, it: &ast::CallExpr, depth: u32) -> ValueFacts {
        let Some(ast::Expr::PathExpr(callee)) = it.expr() else {
            return ValueFacts::default();
        };
        let Some(path) = callee.path() else {
            return ValueFacts::default();
        };
        let name = path.segment().and_then(|segment| segment.name_ref());
        let name = name.map(|name| name.text().to_string()).unwrap_or_default();
        if matches!(name.as_str(), "Some" | "Ok" | "Err") {
            let inner = it.arg_list().and_then(|list| list.args().next());
            return ValueFacts { shape: None, ..self.hint_option(inner, depth) };
        }
        let makes_self = matches!(
            name.as_str(),
            "new"
                | "from"
                | "default"
                | "with_capacity"
                | "now"
                | "from_secs"
                | "from_millis"
                | "from_secs_f64"
                | "from_micros"
                | "from_nanos"
                | "clone"
                | "pin"
        );
        match path.qualifier().and_then(|qualifier| qualifier.segment()) {
            Some(ty) if makes_self => {
                let name = ty.name_ref().map(|name| name.text().to_string()).unwrap_or_default();
                match (name.as_str(), it.arg_list().and_then(|list| list.args().next())) {
                    ("Cell" | "RefCell" | "Mutex" | "RwLock" | "ManuallyDrop", Some(inner)) => {
                        let inner = self.hint_within(&inner, depth);
                        let needs_drop =
                            if name == "ManuallyDrop" { Some(false) } else { inner.needs_drop };
                        ValueFacts { copy: Some(false), needs_drop, shape: None }
                    }
                    _ => ValueFacts::from_type(&name),
                }
            }
            _ => ValueFacts::default(),
        }
    }

    /// What one item of an iterator is.
    pub(super) fn item_facts(&self, iterable: Option<ast::Expr>) -> ValueFacts {
        match iterable {
            Some(ast::Expr::ParenExpr(it)) => self.item_facts(it.expr()),
            Some(ast::Expr::RangeExpr(_)) => ValueFacts::PRIMITIVE,
            Some(ast::Expr::RefExpr(it)) if it.mut_token().is_none() => ValueFacts::SHARED,
            Some(ast::Expr::RefExpr(_)) => ValueFacts::EXCLUSIVE,
            Some(ast::Expr::MethodCallExpr(it)) => {
                let name = it.name_ref().map(|name| name.text().to_string()).unwrap_or_default();
                match name.as_str() {
                    "iter" | "keys" | "values" | "lines" | "split_whitespace" => ValueFacts::SHARED,
                    "iter_mut" | "values_mut" => ValueFacts::EXCLUSIVE,
                    "chars" | "bytes" => ValueFacts::PRIMITIVE,
                    "rev" | "skip" | "take" => self.item_facts(it.receiver()),
                    _ => ValueFacts::default(),
                }
            }
            _ => ValueFacts::default(),
        }
    }
}

fn hint_of_macro(it: &ast::MacroExpr) -> ValueFacts {
    let path = it.macro_call().and_then(|call| call.path());
    let name = path.and_then(|path| path.segment()).and_then(|segment| segment.name_ref());
    match name.map(|name| name.text().to_string()).unwrap_or_default().as_str() {
        "format" | "vec" => ValueFacts::SMART,
        "format_args" => ValueFacts::PLAIN,
        "matches" => ValueFacts::PRIMITIVE,
        "line" | "column" => ValueFacts::PRIMITIVE,
        "concat" | "stringify" | "file" | "env" | "include_str" | "module_path" => {
            ValueFacts::SHARED
        }
        "pin" => ValueFacts { shape: Some(Shape::Smart), ..ValueFacts::INERT },
        _ => ValueFacts::default(),
    }
}

/// A closure that borrows what it uses has no destructor.
fn closure_hint(it: &ast::ClosureExpr) -> ValueFacts {
    if it.move_token().is_some() {
        return ValueFacts { copy: None, needs_drop: None, shape: None };
    }
    ValueFacts { copy: None, needs_drop: Some(false), shape: None }
}
