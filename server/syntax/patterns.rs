//! Patterns: what they declare, and what they take out of the value they look at.

use ra_ap_syntax::{
    AstNode, SmolStr,
    ast::{self, HasName},
};

use super::{
    Origin,
    graph::{Action, ScopeKind, ValueId},
    lower::{Lowering, name_of},
    places::Place,
    types::ValueFacts,
};

impl Lowering<'_> {
    pub(super) fn let_statement(&mut self, it: &ast::LetStmt) {
        let end = self.range(it.syntax()).end();
        let locals = self.graph.locals();
        let ty = it.ty().map(|ty| ValueFacts::from_type(&ty.syntax().text().to_string()));
        self.graph.enter(ScopeKind::Temporaries, end);
        match (it.pat(), it.initializer()) {
            (Some(pat), Some(init)) => match (plain_binding(&pat), it.let_else()) {
                (Some(ident), None) => self.let_plain(&ident, &init, ty, locals),
                (_, alternative) => self.let_pattern(&pat, &init, ty, locals, alternative),
            },
            (Some(pat), None) => self.declare_all(&pat, ty.unwrap_or_default(), locals),
            (None, Some(init)) => self.value_extending(&init, locals),
            (None, None) => {}
        }
        self.graph.leave();
    }

    /// `let x = init;`: the value is built in place.
    fn let_plain(
        &mut self,
        ident: &ast::IdentPat,
        init: &ast::Expr,
        ty: Option<ValueFacts>,
        locals: usize,
    ) {
        let facts = ty.unwrap_or_default().or(self.hint(init));
        let value = self.declare_ident(ident, Origin::Local, facts, locals);
        self.value_extending(init, locals);
        if let Some((name, value)) = value {
            self.graph.push(Action::Init(value));
            self.graph.name(name, value);
        }
    }

    fn let_pattern(
        &mut self,
        pat: &ast::Pat,
        init: &ast::Expr,
        ty: Option<ValueFacts>,
        locals: usize,
        alternative: Option<ast::LetElse>,
    ) {
        let keep = self.graph.depth().saturating_sub(1);
        // `let _ = x;` only mentions `x`, and `let _ = f();` drops the result at once.
        let holds = if has_ref(pat) { locals } else { self.graph.temporaries() };
        let mut place = self.place_with_extension(init, holds, locals);
        if let Some(ty) = ty
            && place.whole
        {
            place.facts = ty.or(place.facts);
        }
        self.use_place(place);
        if let Some(block) = alternative.and_then(|it| it.block_expr()) {
            let (otherwise, then) = (self.graph.new_block(), self.graph.new_block());
            self.graph.exit_to(otherwise, keep);
            self.graph.goto(then);
            self.graph.switch_to(otherwise);
            self.block(&block);
            self.graph.diverge();
            self.graph.switch_to(then);
        }
        self.bind(pat, place, Origin::Local, locals);
    }

    /// The place of an initialiser whose own borrows live to the end of the block.
    fn place_with_extension(&mut self, init: &ast::Expr, holds: usize, locals: usize) -> Place {
        let borrows = matches!(
            init,
            ast::Expr::RefExpr(_) | ast::Expr::TupleExpr(_) | ast::Expr::ArrayExpr(_)
        );
        if !borrows {
            return self.place_in(init, holds);
        }
        self.value_extending(init, locals);
        let facts = self.hint(init);
        let value = self.temporary(init.syntax(), facts, holds);
        Place { value: Some(value), whole: true, indirect: false, facts }
    }

    /// Declares without a value: `let x;`.
    fn declare_all(&mut self, pat: &ast::Pat, facts: ValueFacts, depth: usize) {
        for ident in pat.syntax().descendants().filter_map(ast::IdentPat::cast) {
            if let Some((name, value)) = self.declare_ident(&ident, Origin::Local, facts, depth) {
                self.graph.name(name, value);
            }
        }
    }

    pub(super) fn bind_option(&mut self, pat: Option<ast::Pat>, place: Place, origin: Origin) {
        if let Some(pat) = pat {
            let locals = self.graph.locals();
            self.bind(&pat, place, origin, locals);
        }
    }

    /// The pattern matches: its bindings take their parts of `place`.
    pub(super) fn bind(&mut self, pat: &ast::Pat, place: Place, origin: Origin, depth: usize) {
        // A pattern that names a part sees through a reference and binds references.
        match pat {
            ast::Pat::IdentPat(it) => self.bind_ident(it, place, origin, depth),
            ast::Pat::OrPat(it) => self.bind_alternatives(it, place, origin, depth),
            ast::Pat::ParenPat(it) => {
                if let Some(inner) = it.pat() {
                    self.bind(&inner, place, origin, depth);
                }
            }
            ast::Pat::RefPat(it) => {
                let facts = ValueFacts { copy: Some(true), needs_drop: Some(false), shape: None };
                let inner = Place { whole: false, indirect: true, facts, ..place };
                if let Some(pat) = it.pat() {
                    self.bind(&pat, inner, origin, depth);
                }
            }
            ast::Pat::RecordPat(it) => {
                let part = self.part(place);
                for field in it.record_pat_field_list().into_iter().flat_map(|list| list.fields()) {
                    if let Some(pat) = field.pat() {
                        self.bind(&pat, part, origin, depth);
                    }
                }
            }
            _ => {
                let part = self.part(place);
                for child in pat.syntax().children().filter_map(ast::Pat::cast) {
                    self.bind(&child, part, origin, depth);
                }
            }
        }
    }

    /// What a pattern inside another one looks at.
    fn part(&self, place: Place) -> Place {
        if place.facts.is_reference() {
            // Binding by reference: what is bound is a reference again.
            return Place { whole: false, indirect: true, facts: ValueFacts::SHARED, ..place };
        }
        let facts = if place.facts.copy == Some(true) {
            ValueFacts::PLAIN
        } else if place.facts.needs_drop == Some(false) {
            ValueFacts { needs_drop: Some(false), ..ValueFacts::default() }
        } else {
            ValueFacts::default()
        };
        Place { whole: false, facts, ..place }
    }

    fn bind_ident(&mut self, it: &ast::IdentPat, place: Place, origin: Origin, depth: usize) {
        if let Some(inner) = it.pat() {
            self.bind(&inner, place, origin, depth);
        }
        if is_constant_pattern(it) {
            return;
        }
        let by_reference = it.ref_token().is_some();
        let facts = match (by_reference, it.mut_token()) {
            (true, Some(_)) => ValueFacts::EXCLUSIVE,
            (true, None) => ValueFacts::SHARED,
            (false, _) => place.facts,
        };
        let Some((name, value)) = self.declare_ident(it, origin, facts, depth) else {
            return;
        };
        if by_reference {
            self.borrow(place);
        } else {
            let facts = place.facts.or(self.graph.facts(value));
            self.consume(Place { facts, ..place });
        }
        self.graph.push(Action::Init(value));
        self.graph.name(name, value);
    }

    /// `A(x) | B(x)`: one variable, declared by the first alternative.
    fn bind_alternatives(&mut self, it: &ast::OrPat, place: Place, origin: Origin, depth: usize) {
        if let Some(first) = it.pats().next() {
            self.bind(&first, place, origin, depth);
        }
    }

    /// A guard sees a binding that is a reference through one more reference.
    pub(super) fn borrow_bound_references(&mut self, pat: &ast::Pat) {
        for ident in pat.syntax().descendants().filter_map(ast::IdentPat::cast) {
            let Some(value) = name_of(&ident).and_then(|name| self.graph.resolve(&name)) else {
                continue;
            };
            if ident.ref_token().is_some() {
                self.graph.push(Action::Borrow(value));
            }
        }
    }

    fn declare_ident(
        &mut self,
        it: &ast::IdentPat,
        origin: Origin,
        facts: ValueFacts,
        depth: usize,
    ) -> Option<(SmolStr, ValueId)> {
        if is_constant_pattern(it) {
            return None;
        }
        let range = self.range(it.name()?.syntax());
        let facts = self.known(range).or(facts);
        let name = name_of(it)?;
        Some((name.clone(), self.graph.declare(Some(name), origin, range, facts, depth)))
    }
}

/// `x` or `mut x`, nothing more.
pub(super) fn plain_binding(pat: &ast::Pat) -> Option<ast::IdentPat> {
    match pat {
        ast::Pat::IdentPat(it) if it.pat().is_none() && it.ref_token().is_none() => {
            (!is_constant_pattern(it)).then(|| it.clone())
        }
        ast::Pat::ParenPat(it) => plain_binding(&it.pat()?),
        _ => None,
    }
}

/// Whether a pattern declares anything.
pub(super) fn binds(pat: &ast::Pat) -> bool {
    pat.syntax().descendants().filter_map(ast::IdentPat::cast).any(|it| !is_constant_pattern(&it))
}

fn has_ref(pat: &ast::Pat) -> bool {
    let idents = pat.syntax().descendants().filter_map(ast::IdentPat::cast);
    idents.into_iter().any(|it| it.ref_token().is_some())
}

/// `None`, `MAX`: a name that looks like a constant is one.
pub(super) fn is_constant_pattern(it: &ast::IdentPat) -> bool {
    it.pat().is_none()
        && it.ref_token().is_none()
        && it.mut_token().is_none()
        && it.name().is_some_and(|name| name.text().starts_with(|c: char| c.is_uppercase()))
}
