//! Fix: a `PhantomData` that only names a type does so by a fn pointer, which is `Send` and `Sync`
//! whatever the type is.
//!
//! ```text
//! struct Id<T> {                          struct Id<T> {
//!     raw: u64,                               raw: u64,
//!     of: PhantomData<*const T>,              of: PhantomData<fn() -> T>,
//! }                                       }
//! ```
//!
//! A marker of `*mut T` stays invariant. Declines for `PhantomData<*const ()>` and its like, which
//! are there to forbid `Send`, and for markers of references. Known problem: a type that owns its
//! `T` behind a pointer relies on the marker; the note says so.

use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasGenericArgs},
};

use super::{
    Draft, FixContext, Reach,
    retype::{Site, World},
};

/// Drafts `replace_phantom_marker`.
pub(super) fn replace_phantom_marker(context: &FixContext<'_>) -> Option<Draft> {
    let world = &context.world;
    let ty = context.held.ty.as_deref()?;
    let printed = std::iter::once(ty).chain(context.held.why.iter().map(String::as_str));
    let words = printed.flat_map(|it| it.split(|c: char| c != '_' && !c.is_alphanumeric()));
    let mut names: Vec<&str> = words.filter(|it| it.starts_with(char::is_uppercase)).collect();
    names.dedup();
    let (name, sites, marker) = names.into_iter().find_map(|name| marked(world, context, name))?;
    Some(Draft {
        id: "replace_phantom_marker",
        title: format!("Mark `{name}` with `PhantomData<{marker}>`"),
        note: Some(format!("`{name}` must not own what its marker names.")),
        variants: vec![world.edits(sites)],
        reach: Reach::Workspace,
        repairs: &[],
    })
}

/// The markers in the fields of a struct of this name.
fn marked(
    world: &World<'_>,
    context: &FixContext<'_>,
    name: &str,
) -> Option<(String, Vec<Site>, String)> {
    for file in world.tiers(context.file, &format!("struct {name}")).into_iter().flatten() {
        let tree = world.tree(&file)?;
        let structs = tree.descendants().filter_map(ast::Struct::cast);
        let named = structs.filter(|it| ast::HasName::name(it).is_some_and(|it| it.text() == name));
        let fields = named.filter_map(|it| it.field_list()).flat_map(|it| {
            let types = it.syntax().descendants().filter_map(ast::PathType::cast);
            types.filter_map(|it| marker(&it)).collect::<Vec<_>>()
        });
        let mut markers: Vec<(TextRange, String)> = fields.collect();
        if let Some((_, first)) = markers.first().cloned() {
            let sites = markers.drain(..).map(|(range, text)| Site::new(&file, range, text));
            return Some((name.to_owned(), sites.collect(), first));
        }
    }
    None
}

/// The argument of a `PhantomData`, and the fn pointer for it.
fn marker(ty: &ast::PathType) -> Option<(TextRange, String)> {
    let segment = ty.path()?.segment()?;
    segment.name_ref().filter(|it| it.text() == "PhantomData")?;
    let argument = segment.generic_arg_list()?.generic_args().next()?;
    let ast::GenericArg::TypeArg(argument) = argument else {
        return None;
    };
    let range = argument.syntax().text_range();
    let named = |ty: &ast::Type| -> Option<String> {
        let text = ty.syntax().text().to_string();
        (text != "()").then_some(text)
    };
    let text = match argument.ty()? {
        ast::Type::PtrType(it) => match (it.mut_token(), named(&it.ty()?)?) {
            (Some(_), inner) => format!("fn({inner}) -> {inner}"),
            (None, inner) => format!("fn() -> {inner}"),
        },
        ast::Type::PathType(it) => {
            let segment = it.path()?.segment()?;
            let is_counted = segment.name_ref().is_some_and(|it| it.text() == "Rc");
            let inner = segment.generic_arg_list().and_then(|it| it.generic_args().next());
            match inner {
                Some(ast::GenericArg::TypeArg(inner)) if is_counted => {
                    format!("fn() -> {}", named(&inner.ty()?)?)
                }
                _ => format!("fn() -> {}", it.syntax().text()),
            }
        }
        _ => return None,
    };
    Some((range, text))
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "replace_phantom_marker";

    #[test]
    fn pointers_and_owners() {
        let shape = "
struct Nr<Ł> { raw: u64, of: PhantomData<MARK> }
async fn f($0nr$0: Nr<User>) { io().$1await; g(nr); }";
        for (before, after) in [
            ("*const Ł", "fn() -> Ł"),
            ("*mut Ł", "fn(Ł) -> Ł"),
            ("Rc<Ł>", "fn() -> Ł"),
            ("Ł", "fn() -> Ł"),
        ] {
            let expected = shape.replace("$0", "").replace("$1", "").replace("MARK", after);
            check(ID, "Nr<User>", &shape.replace("MARK", before), &expected);
        }
    }

    #[test]
    fn declines_for_what_forbids_send() {
        for mark in ["*const ()", "*mut ()", "Rc<()>", "&'a T", "fn() -> T"] {
            let text = format!(
                "struct Nr<'a, T> {{ of: PhantomData<{mark}> }}\n\
                 async fn f($0nr$0: Nr<User>) {{ io().$1await; g(nr); }}"
            );
            check_declines(ID, "Nr<User>", &text);
        }
    }
}
