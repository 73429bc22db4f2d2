//! Fix: promises `Send` (or `Sync`) for a type parameter.
//!
//! ```text
//! fn run<T: Debug>(t: T) {            fn run<T: Debug + Send>(t: T) {
//!     tokio::spawn(hold(t));              tokio::spawn(hold(t));
//! }                                   }
//! ```
//!
//! The bound goes on the innermost fn, `impl` or trait that declares the parameter around the
//! demand. Known problems: callers with a type that is not `Send` no longer compile (the oracle
//! asks the whole workspace); a bound on an associated type is not written.

use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxNode, TextSize,
    ast::{self, HasGenericParams, HasName, HasTypeBounds},
};

use super::{Draft, FixContext, Reach};
use crate::{
    problem::{AutoTrait, Edit},
    text::Lines,
};

/// Drafts `add_send_bound`.
pub(super) fn add_send_bound(context: &FixContext<'_>) -> Option<Draft> {
    let parameter = parameter(context)?;
    let file = &context.problem.reported_at.file;
    let text: &str = context.sources.text(file)?;
    let lines = Lines::new(text);
    let demand = lines.range(&context.problem.reported_at)?.start();
    let tree = SourceFile::parse(text, Edition::CURRENT).tree();
    let at = declaration(tree.syntax(), demand, &parameter)?;
    let bounds: &[&str] = match context.problem.auto_trait {
        AutoTrait::Send => &["Send", "Send + 'static", "Send + Sync", "Send + Sync + 'static"],
        AutoTrait::Sync => &["Sync", "Send + Sync", "Send + Sync + 'static"],
    };
    let variants = bounds.iter().map(|bound| {
        let new_text = format!("{}{bound}{}", at.before, at.after);
        let span = lines.span(file, ra_ap_syntax::TextRange::empty(at.offset));
        vec![Edit { span, new_text }]
    });
    let wanted = context.problem.auto_trait.name();
    Some(Draft {
        id: "add_send_bound",
        title: format!("Require `{}: {wanted}`", context.shorten(&parameter)),
        note: Some(format!("Every caller must then pass a type that is `{wanted}`.")),
        variants: variants.collect(),
        reach: Reach::Workspace,
        repairs: &[],
    })
}

/// The type parameter at fault: `T`, or an `impl Trait` in argument position.
fn parameter(context: &FixContext<'_>) -> Option<String> {
    let types = [context.problem.leaf.as_deref(), context.held.ty.as_deref()];
    types.into_iter().flatten().find_map(|ty| {
        let mut ty = ty.trim_start_matches('&').trim();
        for word in ["mut ", "'_ "] {
            ty = ty.strip_prefix(word).unwrap_or(ty);
        }
        let is_ident = !ty.is_empty() && ty.chars().all(|c| c.is_alphanumeric() || c == '_');
        (is_ident || ty.starts_with("impl ")).then(|| ty.to_owned())
    })
}

/// Where a bound can be written, and what goes before and behind it.
struct At {
    offset: TextSize,
    before: &'static str,
    after: &'static str,
}

fn declaration(root: &SyntaxNode, demand: TextSize, parameter: &str) -> Option<At> {
    let token = root.token_at_offset(demand).right_biased()?;
    token.parent_ancestors().find_map(|node| match parameter.strip_prefix("impl ") {
        Some(bounds) => opaque(&node, bounds),
        None => named(&node, parameter),
    })
}

fn named(node: &SyntaxNode, name: &str) -> Option<At> {
    let (generics, clause) = if let Some(it) = ast::Fn::cast(node.clone()) {
        (it.generic_param_list(), it.where_clause())
    } else if let Some(it) = ast::Impl::cast(node.clone()) {
        (it.generic_param_list(), it.where_clause())
    } else {
        let it = ast::Trait::cast(node.clone())?;
        (it.generic_param_list(), it.where_clause())
    };
    let param = generics?.generic_params().find_map(|it| match it {
        ast::GenericParam::TypeParam(it) if it.name()?.text() == name => Some(it),
        _ => None,
    })?;
    let own = param.type_bound_list().and_then(|it| in_list(&it));
    // The bounds stay together where the user keeps them.
    let mut predicates = clause.iter().flat_map(|it| it.predicates());
    let written = predicates.find(|it| it.ty().is_some_and(|ty| ty.syntax().text() == name));
    let written = written.and_then(|it| in_list(&it.type_bound_list()?));
    let offset = param.name()?.syntax().text_range().end();
    own.or(written).or(Some(At { offset, before: ": ", after: "" }))
}

/// Behind the last trait of a list: lifetimes come last.
fn in_list(list: &ast::TypeBoundList) -> Option<At> {
    let traits = list.bounds().filter(|it| it.lifetime().is_none());
    if let Some(last) = traits.last() {
        let offset = last.syntax().text_range().end();
        return Some(At { offset, before: " + ", after: "" });
    }
    let first = list.bounds().next()?;
    Some(At { offset: first.syntax().text_range().start(), before: "", after: " + " })
}

/// `impl Future<Output = ()>` in the parameters, whatever path it is written with.
fn opaque(node: &SyntaxNode, bounds: &str) -> Option<At> {
    let params = ast::Fn::cast(node.clone())?.param_list()?;
    let list = params
        .syntax()
        .descendants()
        .filter_map(ast::ImplTraitType::cast)
        .filter_map(|it| it.type_bound_list())
        .find(|it| simple(&it.syntax().text().to_string()) == simple(bounds))?;
    in_list(&list)
}

/// Bounds without paths, lifetimes and white space: rustc may print them otherwise than written.
fn simple(bounds: &str) -> String {
    let bounds: String = bounds.chars().filter(|c| !c.is_whitespace()).collect();
    let parts = bounds.split('+').filter(|it| !it.starts_with('\''));
    let parts: Vec<&str> = parts
        .map(|it| {
            let head = it.split(['<', '(']).next().unwrap_or(it);
            let path = head.rfind("::").map_or(0, |at| at + 2);
            it.get(path..).unwrap_or(it)
        })
        .collect();
    parts.join("+")
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "add_send_bound";

    #[test]
    fn type_parameters() {
        check(
            ID,
            "T",
            "async fn f<T: Größe>($0t$0: T) { io().$1await; drop(t); }",
            "async fn f<T: Größe + Send>(t: T) { io().await; drop(t); }",
        );
        check(
            ID,
            "T",
            "impl<T> A<T> { async fn f($0t$0: T) { io().$1await; drop(t); } }",
            "impl<T: Send> A<T> { async fn f(t: T) { io().await; drop(t); } }",
        );
    }

    #[test]
    fn bounds_stay_where_they_are_kept() {
        check(
            ID,
            "T",
            "async fn f<T>($0t$0: T) where T: A + 'static { io().$1await; drop(t); }",
            "async fn f<T>(t: T) where T: A + Send + 'static { io().await; drop(t); }",
        );
    }

    #[test]
    fn declines_for_concrete_types() {
        check_declines(ID, "Rc<u8>", "async fn f<T>($0t$0: T) { io().$1await; }");
        check_declines(ID, "U", "async fn f<T>($0t$0: T) { io().$1await; }");
    }
}
