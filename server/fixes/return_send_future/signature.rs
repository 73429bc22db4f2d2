//! The signature of an async fn, written out: `-> impl Future<Output = T> + Send`.

use ra_ap_syntax::{
    AstNode, Edition, TextRange,
    ast::{self, HasGenericParams, HasName},
};

use crate::{
    fixes::{FixContext, imports::is_imported},
    problem::Edit,
};

/// The ways to write it, simplest first: they differ in the lifetimes that the future captures.
pub(in crate::fixes) fn signatures(
    context: &FixContext<'_>,
    func: &ast::Fn,
) -> Option<Vec<Vec<Edit>>> {
    let keyword = func.async_token()?;
    let after = keyword.next_token()?;
    let drop_async = context.edit(keyword.text_range().cover(after.text_range()), "");
    let in_prelude = context.edition() >= Edition::Edition2024;
    let is_known = in_prelude || is_imported(context, "Future");
    let future = if is_known { "Future" } else { "std::future::Future" };
    let ret = func.ret_type().and_then(|it| it.ty());
    let output = ret.as_ref().map_or("()".to_owned(), |it| it.syntax().text().to_string());
    let end = func.param_list()?.syntax().text_range().end();
    let bounds = match in_prelude {
        true => vec![String::new(), format!(" + use<{}>", parameters(func).join(", "))],
        false => vec![String::new(), " + '_".to_owned()],
    };
    let write = |bound: &String| {
        let promise = format!("impl {future}<Output = {output}> + Send{bound}");
        let edit = match &ret {
            Some(ty) => context.edit(ty.syntax().text_range(), promise),
            None => context.edit(TextRange::empty(end), format!(" -> {promise}")),
        };
        vec![drop_async.clone(), edit]
    };
    Some(bounds.iter().map(write).collect())
}

/// Every type and const parameter in scope: `use<..>` must name them all.
fn parameters(func: &ast::Fn) -> Vec<String> {
    let own = func.generic_param_list();
    let around = func.syntax().ancestors().find_map(ast::Impl::cast);
    let lists = around.and_then(|it| it.generic_param_list()).into_iter().chain(own);
    lists
        .flat_map(|it| it.generic_params().collect::<Vec<_>>())
        .filter_map(|it| match it {
            ast::GenericParam::TypeParam(it) => it.name(),
            ast::GenericParam::ConstParam(it) => it.name(),
            ast::GenericParam::LifetimeParam(_) => None,
        })
        .map(|it| it.text().to_string())
        .collect()
}
