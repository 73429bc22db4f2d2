//! Fix: asks for the `Send` variant of a trait that `trait_variant` has made.
//!
//! ```text
//! #[trait_variant::make(SendRepo: Send)]
//! trait Repo { async fn get(&self); }
//!
//! fn run<R: Repo>(repo: R) { .. }         fn run<R: SendRepo>(repo: R) { .. }
//! ```
//!
//! First in the fn or `impl` around the demand, then in every bound of the file. What callers pass
//! implements the variant from then on. Known problem: an implementation whose future is not
//! `Send` no longer compiles; the oracle asks the whole workspace.

use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxNode,
    ast::{self, HasAttrs, HasName},
};

use super::{
    Draft, FixContext, Reach, RepairContext, imports::import, make_trait_future_send::called,
    retype::Site,
};
use crate::problem::{Edit, Kind};

/// Drafts `use_send_variant`.
pub(super) fn use_send_variant(context: &FixContext<'_>) -> Option<Draft> {
    if !matches!(context.problem.kind, Kind::TraitFuture | Kind::Handler) {
        return None;
    }
    let method = called(context)?;
    let made = context.sources.iter().filter(|(_, text)| text.contains("trait_variant"));
    let (plain, variant) = made.into_iter().find_map(|(_, text)| {
        let tree = SourceFile::parse(text, context.edition()).tree();
        tree.syntax().descendants().filter_map(ast::Trait::cast).find_map(|it| {
            let name = it.name()?.text().to_string();
            Some((name, variant_of(&it).filter(|_| declares(&it, &method))?))
        })
    })?;
    let node = context.value_node();
    let owners = node
        .ancestors()
        .filter(|it| ast::Fn::can_cast(it.kind()) || ast::Impl::can_cast(it.kind()));
    let near = owners.map(|it| bounds(&it, &plain)).find(|it| !it.is_empty()).unwrap_or_default();
    let all = bounds(context.tree.syntax(), &plain);
    let variants = [near, all].into_iter().filter(|it| !it.is_empty()).map(|names| {
        let edits = names.iter().map(|name| rename(context, name, &variant));
        let is_here = super::context::has_ident(context.tree.syntax(), &variant);
        let path = import_path(context, &plain, &variant).filter(|_| !is_here);
        edits.chain(path.and_then(|path| import(context, &path))).collect::<Vec<_>>()
    });
    let variants: Vec<Vec<Edit>> = variants.collect();
    (!variants.is_empty()).then(|| Draft {
        id: "use_send_variant",
        title: format!("Require `{variant}` instead of `{plain}`"),
        note: Some(format!("Every caller must then pass a type that implements `{variant}`.")),
        variants,
        reach: Reach::Workspace,
        repairs: &[implement_variant],
    })
}

/// What implements only the plain trait implements the variant instead: `trait_variant` makes the
/// plain one of it.
fn implement_variant(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let words = context.error.message.strip_prefix("the trait bound `")?;
    let (bound, _) = words.split_once("` is not satisfied")?;
    let (ty, variant) = bound.rsplit_once(": ")?;
    let last = |path: &str| path.rsplit("::").next().unwrap_or_default().to_owned();
    let (ty, variant) = (last(ty.split('<').next()?), last(variant));
    let mut sites = Vec::new();
    for (file, text) in context.sources.iter().filter(|(_, text)| text.contains(&ty)) {
        let Some(tree) = context.world.tree(file).filter(|_| text.contains("impl")) else {
            continue;
        };
        let blocks = tree.descendants().filter_map(ast::Impl::cast).filter(|block| {
            let own = block.self_ty().map(|it| it.syntax().text().to_string()).unwrap_or_default();
            last(own.split('<').next().unwrap_or_default()) == ty
        });
        for block in blocks {
            let Some(ast::Type::PathType(it)) = block.trait_() else { continue };
            let name = it.path().and_then(|it| it.segment()?.name_ref());
            let Some(name) = name else { continue };
            if makes(context, name.text(), &variant) {
                sites.push(Site::new(file, name.syntax().text_range(), variant.clone()));
            }
        }
    }
    (!sites.is_empty()).then(|| context.world.edits(sites))
}

/// Whether `trait_variant` makes the one trait of the other.
fn makes(context: &RepairContext<'_>, plain: &str, variant: &str) -> bool {
    let files = context.sources.iter().filter(|(_, text)| text.contains("trait_variant"));
    files.filter_map(|(file, _)| context.world.tree(file)).any(|tree| {
        tree.descendants().filter_map(ast::Trait::cast).any(|it| {
            it.name().is_some_and(|it| it.text() == plain)
                && variant_of(&it).is_some_and(|it| it == variant)
        })
    })
}

/// `SendRepo` of `#[trait_variant::make(SendRepo: Send)]`.
fn variant_of(item: &ast::Trait) -> Option<String> {
    item.attrs().find_map(|attr| {
        let text = attr.syntax().text().to_string();
        let (_, arguments) = text.split_once("make(")?;
        let (name, bounds) = arguments.split_once(':')?;
        (text.contains("trait_variant") && bounds.contains("Send")).then(|| name.trim().to_owned())
    })
}

fn declares(item: &ast::Trait, method: &str) -> bool {
    let mut fns = item.syntax().descendants().filter_map(ast::Fn::cast);
    fns.any(|it| it.name().is_some_and(|it| it.text() == method))
}

/// The names of the trait in bounds, `impl Trait` included.
fn bounds(node: &SyntaxNode, name: &str) -> Vec<ast::NameRef> {
    let bounds = node.descendants().filter_map(ast::TypeBound::cast);
    let names = bounds.filter_map(|it| match it.ty()? {
        ast::Type::PathType(it) => it.path()?.segment()?.name_ref(),
        _ => None,
    });
    names.filter(|it| it.text() == name).collect()
}

fn rename(context: &FixContext<'_>, name: &ast::NameRef, variant: &str) -> Edit {
    context.edit(name.syntax().text_range(), variant)
}

/// Where the plain trait comes from, the variant does, too.
fn import_path(context: &FixContext<'_>, plain: &str, variant: &str) -> Option<String> {
    let uses = context.tree.syntax().descendants().filter_map(ast::Use::cast);
    uses.into_iter().find_map(|it| {
        let tree = it.use_tree()?;
        let path = tree.path()?.syntax().text().to_string();
        match tree.use_tree_list() {
            Some(list) => {
                let has = |it: ast::UseTree| it.syntax().text() == plain;
                list.use_trees().any(has).then(|| format!("{path}::{variant}"))
            }
            None => Some(format!("{}::{variant}", path.strip_suffix(&format!("::{plain}"))?)),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "use_send_variant";

    #[test]
    fn bounds_around_the_call() {
        check(
            ID,
            "impl Future<Output = u8>",
            "
#[trait_variant::make(SendGröße: Send)]
trait Größe { async fn get(&self) -> u8; }
fn other<G: Größe>(g: G) {}
fn run<G: Größe + 'static>(g: G) { go(async move { $0g.get()$0.$1await }) }",
            "
#[trait_variant::make(SendGröße: Send)]
trait Größe { async fn get(&self) -> u8; }
fn other<G: Größe>(g: G) {}
fn run<G: SendGröße + 'static>(g: G) { go(async move { g.get().await }) }",
        );
    }

    #[test]
    fn declines_without_a_variant() {
        for code in [
            "trait A { async fn get(&self); } async fn f<T: A>(a: T) { $0a.get()$0.$1await; }",
            "#[trait_variant::make(Send)] trait A { async fn get(&self); } async fn f<T: A>(a: T) { $0a.get()$0.$1await; }",
        ] {
            check_declines(ID, "impl Future<Output = u8>", code);
        }
    }
}
