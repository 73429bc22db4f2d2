//! Fix: demands at the user of a trait that the future of its `async fn` is `Send`, in return type
//! notation.
//!
//! ```text
//! fn watch<R: Repo>(repo: R) {            fn watch<R: Repo>(repo: R) where R::find(..): Send {
//! ```
//!
//! The trait stays as it is, which is all that can be done about another crate's trait. Only where
//! a crate of the workspace has turned the notation on: no released compiler takes it without.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasGenericParams, HasName},
};

use super::{Draft, FixContext, Reach, add_send_bound::predicate, make_trait_future_send::called};
use crate::problem::{Edit, Kind, Problem};

/// Drafts `bound_trait_future`.
pub(super) fn bound_trait_future(context: &FixContext<'_>) -> Option<Draft> {
    let is_on = || context.sources.iter().any(|(_, it)| it.contains("return_type_notation"));
    if context.problem.kind != Kind::TraitFuture || !is_on() {
        return None;
    }
    let method = called(context)?;
    let at_demand = Problem { held: Vec::new(), ..context.problem.clone() };
    let demand = FixContext::new(&at_demand, context.sources)?;
    let node = demand.value_node();
    let owners = node
        .ancestors()
        .filter(|it| ast::Fn::can_cast(it.kind()) || ast::Impl::can_cast(it.kind()));
    let mut variants: Vec<Vec<Edit>> = Vec::new();
    for owner in owners {
        let list = match ast::Fn::cast(owner.clone()) {
            Some(func) => func.generic_param_list(),
            None => ast::Impl::cast(owner.clone()).and_then(|it| it.generic_param_list()),
        };
        let params = list.into_iter().flat_map(|it| it.type_or_const_params());
        for param in params {
            let ast::TypeOrConstParam::Type(param) = param else { continue };
            let ty = format!("{}::{method}(..)", param.name()?.text());
            let at = predicate(&owner, &ty)?;
            variants.push(vec![demand.insert(at.offset, format!("{}Send{}", at.before, at.after))]);
        }
    }
    (!variants.is_empty()).then(|| Draft {
        id: "bound_trait_future",
        title: format!("Require that the future of `{method}` is `Send`"),
        note: Some("Every caller must then pass a type whose future is `Send`.".into()),
        variants,
        reach: Reach::Workspace,
        repairs: &[],
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "bound_trait_future";
    const TY: &str = "impl Future<Output = u8>";

    #[test]
    fn predicate_on_the_user() {
        check(
            ID,
            TY,
            "#![feature(return_type_notation)] fn go<R: Größe>(r: R) -> u8 { spawn(async move { $0r.get()$0.$1await }) }",
            "#![feature(return_type_notation)] fn go<R: Größe>(r: R) -> u8 where R::get(..): Send { spawn(async move { r.get().await }) }",
        );
    }

    #[test]
    fn declines_without_the_feature() {
        check_declines(ID, TY, "fn go<R: A>(r: R) { spawn(async move { $0r.get()$0.$1await }) }");
    }
}
