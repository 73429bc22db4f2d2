//! Parameters: values that are there from the start.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasName},
};

use super::{
    Origin,
    graph::{Action, ScopeKind},
    lower::Lowering,
    patterns::plain_binding,
    places::Place,
    types::ValueFacts,
};

impl Lowering<'_> {
    pub(super) fn body_block(&mut self, it: &ast::BlockExpr) {
        let end = self.range(it.syntax()).end();
        self.graph.enter(ScopeKind::Temporaries, end);
        self.block(it);
    }

    /// Parameters are there from the start; a pattern takes them apart.
    pub(super) fn parameters(&mut self, list: Option<ast::ParamList>) {
        let Some(list) = list else { return };
        let depth = self.graph.locals();
        if let Some(it) = list.self_param() {
            self.self_parameter(&it, depth);
        }
        for param in list.params() {
            let Some(pat) = param.pat().filter(|_| self.is_active(param.syntax())) else {
                continue;
            };
            let ty = param.ty().map(|ty| ValueFacts::from_type(&ty.syntax().text().to_string()));
            let ty = ty.unwrap_or_default();
            if let Some(ident) = plain_binding(&pat) {
                let place = Place { facts: ty, ..Place::default() };
                self.bind(&ast::Pat::IdentPat(ident), place, Origin::Param, depth);
                continue;
            }
            let range = self.range(pat.syntax());
            let facts = self.known(range).or(ty);
            let value = self.graph.declare(None, Origin::Param, range, facts, depth);
            self.graph.push(Action::Init(value));
            let place = Place { value: Some(value), whole: true, indirect: false, facts };
            self.bind(&pat, place, Origin::Param, depth);
        }
    }

    pub(super) fn self_parameter(&mut self, it: &ast::SelfParam, depth: usize) {
        let facts = match (it.amp_token(), it.mut_token(), it.ty()) {
            (Some(_), Some(_), _) => ValueFacts::EXCLUSIVE,
            (Some(_), None, _) => ValueFacts::SHARED,
            (None, _, Some(ty)) => ValueFacts::from_type(&ty.syntax().text().to_string()),
            (None, _, None) => ValueFacts::default(),
        };
        let Some(name) = it.name() else { return };
        let range = self.range(name.syntax());
        let facts = self.known(range).or(facts);
        let value = self.graph.declare(Some("self".into()), Origin::Param, range, facts, depth);
        self.graph.push(Action::Init(value));
        self.graph.name("self".into(), value);
    }
}
