//! Expressions as places: what they name, what reaching through them borrows.

use ra_ap_syntax::{AstNode, ast};

use super::{
    graph::{Action, ValueId},
    lower::{DEPTH_MAX, Lowering, single_name},
    types::{Shape, ValueFacts},
};

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

impl Lowering<'_> {
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
pub(super) fn is_constant_operand(expr: &ast::Expr) -> bool {
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
