//! Parameters: values that are there from the start.

use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasGenericParams, HasName, HasTypeBounds},
};

use super::{
    Origin,
    graph::{Action, ScopeKind},
    lower::Lowering,
    patterns::plain_binding,
    places::Place,
    types::{Shape, ValueFacts, has_call_once},
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
            let ty = param.ty().map(|ty| ty.syntax().text().to_string()).unwrap_or_default();
            let bounded = bounds(list.syntax(), &ty).as_deref().is_some_and(has_call_once);
            let shape = bounded.then_some(Shape::Once);
            let ty = ValueFacts { shape, ..ValueFacts::default() }.or(ValueFacts::from_type(&ty));
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

/// What a fn's generics and its `where` demand of a type parameter.
fn bounds(parameters: &SyntaxNode, ty: &str) -> Option<String> {
    let function = ast::Fn::cast(parameters.parent()?)?;
    let generics =
        function.generic_param_list().into_iter().flat_map(|list| list.type_or_const_params());
    let declared = generics.filter_map(|param| match param {
        ast::TypeOrConstParam::Type(it) if it.name()?.text() == ty => it.type_bound_list(),
        _ => None,
    });
    let clauses = function.where_clause().into_iter().flat_map(|clause| clause.predicates());
    let clauses = clauses.filter(|it| it.ty().is_some_and(|it| it.syntax().text() == ty));
    let bounds = declared.chain(clauses.filter_map(|it| it.type_bound_list()));
    let bounds: Vec<String> = bounds.map(|it| it.syntax().text().to_string()).collect();
    (!bounds.is_empty()).then(|| bounds.join(" + "))
}
