//! Fix: promises `Send` (or `Sync`) for a type parameter.
//!
//! ```text
//! fn run<T: Debug>(t: T) {            fn run<T: Debug + Send>(t: T) {
//!     tokio::spawn(hold(t));              tokio::spawn(hold(t));
//! }                                   }
//! ```
//!
//! The bound goes on the innermost fn, `impl` or trait that declares the parameter around the
//! demand; for an associated type of a parameter (`<S as Source>::Item`) a `where` predicate is
//! written there. What a trait's default method needs of `Self` becomes a supertrait. Known
//! problem: callers with a type that is not `Send` no longer compile; the oracle asks the whole
//! workspace.

use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxKind, SyntaxNode, TextSize,
    ast::{self, HasGenericParams, HasName, HasTypeBounds},
};

use super::{Draft, FixContext, Reach, retype};
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
    let places = declarations(tree.syntax(), demand, &parameter);
    let variants = bounds(context, &parameter).iter().flat_map(|bound| {
        let lines = &lines;
        places.iter().map(move |at| {
            let new_text = format!("{}{bound}{}", at.before, at.after);
            let span = lines.span(file, ra_ap_syntax::TextRange::empty(at.offset));
            vec![Edit { span, new_text }]
        })
    });
    let variants: Vec<Vec<Edit>> = variants.collect();
    let wanted = context.problem.auto_trait.name();
    (!variants.is_empty()).then(|| Draft {
        id: "add_send_bound",
        title: format!("Require `{}: {wanted}`", context.shorten(&short(&parameter))),
        note: Some(format!("Every caller must then pass a type that is `{wanted}`.")),
        variants,
        reach: Reach::Workspace,
        repairs: &[retype::restrict_parameter],
    })
}

/// What to promise, the least first. An `Arc` that moves needs both traits of what it shares.
fn bounds(context: &FixContext<'_>, parameter: &str) -> &'static [&'static str] {
    let ty = context.held.ty.as_deref().unwrap_or_default();
    let is_shared = ["Arc<", "Weak<"].iter().any(|it| ty.contains(it)) && ty != parameter;
    match context.problem.auto_trait {
        _ if is_shared => &["Send + Sync", "Send + Sync + 'static"],
        AutoTrait::Send => &["Send", "Send + 'static", "Send + Sync", "Send + Sync + 'static"],
        AutoTrait::Sync => &["Sync", "Send + Sync", "Send + Sync + 'static"],
    }
}

/// The type parameter at fault: `T`, an `impl Trait` in argument position, or an associated type
/// of a parameter, `<S as Source>::Item`.
fn parameter(context: &FixContext<'_>) -> Option<String> {
    let types = [context.problem.leaf.as_deref(), context.held.ty.as_deref()];
    types.into_iter().flatten().find_map(|ty| {
        let mut ty = ty.trim_start_matches('&').trim();
        for word in ["mut ", "'_ "] {
            ty = ty.strip_prefix(word).unwrap_or(ty);
        }
        let is_ident = !ty.is_empty() && ty.chars().all(|c| c.is_alphanumeric() || c == '_');
        (is_ident || ty.starts_with("impl ") || Associated::read(ty).is_some())
            .then(|| ty.to_owned())
    })
}

/// An associated type of a type parameter, as the compiler prints it.
struct Associated<'a> {
    /// `S` of `<S as Source>::Item`; of nested ones the innermost.
    parameter: &'a str,
    /// How people write it, nicest first: `S::Item`, `<S as Source>::Item`.
    forms: Vec<String>,
}

impl<'a> Associated<'a> {
    fn read(ty: &'a str) -> Option<Self> {
        let (inner, _) = ty.strip_prefix('<')?.split_once(" as ")?;
        let parameter = inner.trim_start_matches('<').split(" as ").next()?;
        let is_ident = parameter.chars().all(|c| c.is_alphanumeric() || c == '_');
        let name = ty.rsplit_once(">::")?.1;
        let ends = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_ident || !ends || parameter.is_empty() || ty.contains("...") {
            return None;
        }
        let short = (inner == parameter).then(|| format!("{parameter}::{name}"));
        Some(Self { parameter, forms: short.into_iter().chain([ty.to_owned()]).collect() })
    }
}

/// A parameter as people write it: `S::Item`.
fn short(parameter: &str) -> String {
    let forms = Associated::read(parameter).map(|it| it.forms);
    forms.and_then(|it| it.into_iter().next()).unwrap_or_else(|| parameter.to_owned())
}

/// Where a bound can be written, and what goes before and behind it.
pub(super) struct At {
    pub(super) offset: TextSize,
    pub(super) before: String,
    pub(super) after: &'static str,
}

/// The places, nicest first; all of them say the same.
fn declarations(root: &SyntaxNode, demand: TextSize, parameter: &str) -> Vec<At> {
    let Some(token) = root.token_at_offset(demand).right_biased() else { return Vec::new() };
    let mut around = token.parent_ancestors();
    if let Some(bounds) = parameter.strip_prefix("impl ") {
        return around.find_map(|node| opaque(&node, bounds)).into_iter().collect();
    }
    if parameter == "Self" {
        return around
            .find_map(ast::Trait::cast)
            .and_then(|it| supertrait(&it))
            .into_iter()
            .collect();
    }
    let Some(associated) = Associated::read(parameter) else {
        return around.find_map(|node| named(&node, parameter)).into_iter().collect();
    };
    let Some(owner) = around.find(|node| declares(node, associated.parameter).is_some()) else {
        return Vec::new();
    };
    associated.forms.iter().filter_map(|form| predicate(&owner, form)).collect()
}

/// `trait Job: Send`: what a default method demands of every implementation.
fn supertrait(item: &ast::Trait) -> Option<At> {
    if let Some(at) = item.type_bound_list().and_then(|it| in_list(&it)) {
        return Some(at);
    }
    let generics = item.generic_param_list().map(|it| it.syntax().text_range().end());
    let offset = generics.or_else(|| Some(item.name()?.syntax().text_range().end()))?;
    Some(At { offset, before: ": ".to_owned(), after: "" })
}

/// `where S::Item: Send`, in the clause that is there or in one of its own.
pub(super) fn predicate(owner: &SyntaxNode, ty: &str) -> Option<At> {
    let (_, clause) = generics_of(owner)?;
    // The bounds stay together where the user keeps them.
    let mut written = clause.iter().flat_map(|it| it.predicates());
    let written = written.find(|it| it.ty().is_some_and(|it| it.syntax().text() == ty));
    if let Some(at) = written.and_then(|it| in_list(&it.type_bound_list()?)) {
        return Some(at);
    }
    if let Some(last) = clause.as_ref().and_then(|it| it.predicates().last()) {
        let start = last.syntax().first_token()?;
        let space = start.prev_token().filter(|it| it.kind() == SyntaxKind::WHITESPACE);
        let space = space.filter(|it| it.text().contains('\n'));
        let space = space.map_or_else(|| " ".to_owned(), |it| it.text().to_owned());
        let offset = last.syntax().text_range().end();
        return Some(At { offset, before: format!(",{space}{ty}: "), after: "" });
    }
    let offset = if let Some(func) = ast::Fn::cast(owner.clone()) {
        let ret = func.ret_type().map(|it| it.syntax().text_range().end());
        ret.or_else(|| Some(func.param_list()?.syntax().text_range().end()))?
    } else {
        ast::Impl::cast(owner.clone())?.self_ty()?.syntax().text_range().end()
    };
    Some(At { offset, before: format!(" where {ty}: "), after: "" })
}

type Generics = (Option<ast::GenericParamList>, Option<ast::WhereClause>);

fn generics_of(node: &SyntaxNode) -> Option<Generics> {
    if let Some(it) = ast::Fn::cast(node.clone()) {
        return Some((it.generic_param_list(), it.where_clause()));
    }
    if let Some(it) = ast::Impl::cast(node.clone()) {
        return Some((it.generic_param_list(), it.where_clause()));
    }
    let it = ast::Trait::cast(node.clone())?;
    Some((it.generic_param_list(), it.where_clause()))
}

fn declares(node: &SyntaxNode, name: &str) -> Option<ast::TypeParam> {
    let (generics, _) = generics_of(node)?;
    generics?.generic_params().find_map(|it| match it {
        ast::GenericParam::TypeParam(it) if it.name()?.text() == name => Some(it),
        _ => None,
    })
}

fn named(node: &SyntaxNode, name: &str) -> Option<At> {
    let param = declares(node, name)?;
    let (_, clause) = generics_of(node)?;
    let own = param.type_bound_list().and_then(|it| in_list(&it));
    // The bounds stay together where the user keeps them.
    let mut predicates = clause.iter().flat_map(|it| it.predicates());
    let written = predicates.find(|it| it.ty().is_some_and(|ty| ty.syntax().text() == name));
    let written = written.and_then(|it| in_list(&it.type_bound_list()?));
    let offset = param.name()?.syntax().text_range().end();
    own.or(written).or(Some(At { offset, before: ": ".to_owned(), after: "" }))
}

/// Behind the last trait of a list: lifetimes come last.
fn in_list(list: &ast::TypeBoundList) -> Option<At> {
    let traits = list.bounds().filter(|it| it.lifetime().is_none());
    if let Some(last) = traits.last() {
        let offset = last.syntax().text_range().end();
        return Some(At { offset, before: " + ".to_owned(), after: "" });
    }
    let first = list.bounds().next()?;
    Some(At { offset: first.syntax().text_range().start(), before: String::new(), after: " + " })
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
    use crate::fixes::tests::{check, check_declines, variants_of};

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
    fn associated_types() {
        let item = "<S as Quelle>::Größe";
        check(
            ID,
            item,
            "async fn f<S: Quelle>(s: S) { let $0x$0 = s.get(); io().$1await; drop(x); }",
            "async fn f<S: Quelle>(s: S) where S::Größe: Send { let x = s.get(); io().await; drop(x); }",
        );
        check(
            ID,
            item,
            "fn f<S>(s: S) -> u8\nwhere\n    S: Quelle,\n{ go(async { let $0x$0 = s.get(); io().$1await; }) }",
            "fn f<S>(s: S) -> u8\nwhere\n    S: Quelle,\n    S::Größe: Send,\n{ go(async { let x = s.get(); io().await; }) }",
        );
        check(
            ID,
            "<S as Service<R>>::Future",
            "impl<S, R> Service<R> for Log<S> where S: Service<R> { fn call(&self) { Box::pin(async { $0s.call()$0.$1await }) } }",
            "impl<S, R> Service<R> for Log<S> where S: Service<R>, S::Future: Send { fn call(&self) { Box::pin(async { s.call().await }) } }",
        );
    }

    #[test]
    fn a_trait_demands_it_of_its_implementations() {
        for (head, expected) in [
            ("trait Größe: Sized + 'static", "trait Größe: Sized + Send + 'static"),
            ("trait Größe<T>", "trait Größe<T>: Send"),
        ] {
            let body = "{ fn f(self) -> impl Future + Send { async move { io(self).await } } }";
            let marked = body.replace("io(self).", "io($0self$0).$1");
            check(ID, "Self", &format!("{head} {marked}"), &format!("{expected} {body}"));
        }
    }

    #[test]
    fn bounds_of_an_associated_type_stay_together() {
        check(
            ID,
            "<S as Größe>::Future",
            "fn f<S>(s: S) where S: Größe, S::Future: 'static { go(async { $0s.call()$0.$1await }) }",
            "fn f<S>(s: S) where S: Größe, S::Future: Send + 'static { go(async { s.call().await }) }",
        );
    }

    #[test]
    fn what_an_arc_shares_needs_both() {
        let text = "async fn f<T: Größe>($0t$0: Arc<T>) { io().$1await; drop(t); }";
        let shared = variants_of(ID, text, "Arc<T>", |it| it.leaf = Some("T".into())).unwrap();
        assert!(shared[0].starts_with("async fn f<T: Größe + Send + Sync>(t: Arc<T>)"));
    }

    #[test]
    fn declines_for_concrete_types() {
        check_declines(ID, "Rc<u8>", "async fn f<T>($0t$0: T) { io().$1await; }");
        check_declines(ID, "U", "async fn f<T>($0t$0: T) { io().$1await; }");
    }
}
