//! An async fn that takes `fmt::Arguments<'_>` takes the finished text instead.
//!
//! ```text
//! async fn write(text: fmt::Arguments<'_>)      async fn write(text: String)
//! write(format_args!("{n} left")).await         write(format!("{n} left")).await
//! ```
//!
//! `Arguments` borrows what it prints and is never `Send`. The callers are the compiler's: it
//! names each that still passes something else.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasName},
};

use crate::{
    fixes::{
        Draft, FixContext, Reach, RepairContext,
        context::mentions,
        return_send_future::is_of_trait,
        retype::{self, Site, node_at},
    },
    problem::Edit,
};

/// Fns that may be the one; the compiler is asked about each.
const FNS_MAX: usize = 3;

/// Drafts the change for the fn whose argument is at fault, or that is called with it.
pub(super) fn take_text(context: &FixContext<'_>) -> Option<Draft> {
    let ty = context.held.ty.as_deref()?;
    let is_formatted = ty.starts_with("[core::fmt::rt::Argument")
        || ty.split('<').next()?.rsplit("::").next() == Some("Arguments");
    if !is_formatted {
        return None;
    }
    let node = context.value_node();
    let own = node.ancestors().find_map(ast::Param::cast).into_iter().filter_map(|it| {
        let func = it.syntax().ancestors().find_map(ast::Fn::cast)?;
        Some((context.file.to_owned(), func, it))
    });
    let is_own = node.ancestors().any(|it| ast::Param::can_cast(it.kind()));
    let candidates: Vec<_> = match is_own {
        true => own.collect(),
        false => takers(context),
    };
    let (_, func, param) = candidates.first()?;
    let name = param.pat()?.syntax().text().to_string();
    let title = format!("Take `{name}` as a `String` in `{}`", func.name()?.text());
    let variants: Vec<Vec<Edit>> = candidates
        .iter()
        .filter(|(_, func, _)| func.async_token().is_some() && !is_of_trait(func))
        .filter_map(|(file, _, param)| Some(context.world.edits(vec![retyped(file, param)?])))
        .collect();
    (!variants.is_empty()).then(|| Draft {
        id: "take_owned_argument",
        title,
        note: Some("The text is then formatted before the call, into memory of its own.".into()),
        variants,
        reach: Reach::Workspace,
        repairs: &[pass_text],
    })
}

/// The fns of the workspace with such an argument, those that the code around the value calls
/// first. A macro of the user's own hides the call.
fn takers(context: &FixContext<'_>) -> Vec<(camino::Utf8PathBuf, ast::Fn, ast::Param)> {
    let world = &context.world;
    let files = world.tiers(context.file, "Arguments");
    let mut found = Vec::new();
    for file in files.into_iter().flatten() {
        let Some(tree) = world.tree(&file) else { continue };
        for func in tree.descendants().filter_map(ast::Fn::cast) {
            let params = func.param_list();
            let param = params.iter().flat_map(|it| it.params()).find(is_arguments);
            if let Some(param) = param.filter(|_| func.async_token().is_some()) {
                found.push((file.clone(), func, param));
            }
        }
    }
    let around = context.surroundings(&context.value_node());
    let is_called = |func: &ast::Fn| {
        func.name().is_some_and(|it| mentions(&around, it.text()))
            || context.held.text.contains(&format!(
                "{}(",
                func.name().map_or_else(String::new, |it| it.text().to_string())
            ))
    };
    found.sort_by_cached_key(|(_, func, _)| !is_called(func));
    found.truncate(FNS_MAX);
    found
}

fn is_arguments(param: &ast::Param) -> bool {
    let Some(ast::Type::PathType(ty)) = param.ty() else { return false };
    let name = ty.path().and_then(|it| it.segment()?.name_ref());
    name.is_some_and(|it| it.text() == "Arguments")
}

fn retyped(file: &Utf8Path, param: &ast::Param) -> Option<Site> {
    let ty = param.ty().filter(|_| is_arguments(param))?;
    Some(Site::new(file, ty.syntax().text_range(), "String".to_owned()))
}

/// Where `Arguments` are passed for the text, or the text for `Arguments`.
fn pass_text(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let words = retype::texts_of(context.error);
    let primary = context.error.spans.iter().find(|span| span.is_primary)?;
    let place = retype::span_of(primary);
    let world = context.world;
    let code = world.sources.slice(&place)?.to_owned();
    let (_, range) = node_at(world, &place)?;
    let site = |range: TextRange, text: String| {
        Some(world.edits(vec![Site::new(&place.file, range, text)]))
    };
    if words.contains("expected `String`, found `Arguments<") {
        let Some(at) = code.find("format_args!") else {
            return site(TextRange::empty(range.end()), ".to_string()".to_owned());
        };
        let prefix = code.get(..at)?;
        let is_macro = prefix.is_empty() || prefix.ends_with("::");
        let word = TextRange::new(
            range.start(),
            range.start()
                + ra_ap_syntax::TextSize::of("format_args")
                + ra_ap_syntax::TextSize::of(prefix),
        );
        return site(word, "format".to_owned()).filter(|_| is_macro);
    }
    if words.contains("expected `Arguments<") && words.contains("found `String`") {
        // An async fn takes it on: it shall take the text, too.
        let next = context.error.children.iter().flat_map(|it| &it.spans).find_map(|span| {
            let place = retype::span_of(span);
            let (node, _) = node_at(world, &place)?;
            let func = node.ancestors().find_map(ast::Fn::cast)?;
            let is_ours = func.async_token().is_some() && !is_of_trait(&func);
            let params = func.param_list().filter(|_| is_ours)?;
            let mut of_span = params.params().filter(is_arguments);
            retyped(&place.file, &of_span.next()?)
        });
        return match next {
            Some(next) => Some(world.edits(vec![next])),
            None => site(range, format!("format_args!(\"{{}}\", {code})")),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines, variants};

    const ID: &str = "take_owned_argument";

    #[test]
    fn an_argument() {
        check(
            ID,
            "Arguments<'_>",
            "async fn schreibe($0größe$0: std::fmt::Arguments<'_>, n: u8) { io().$1await; print(größe); }",
            "async fn schreibe(größe: String, n: u8) { io().await; print(größe); }",
        );
    }

    #[test]
    fn the_fn_behind_a_macro() {
        let code = "
async fn andere(t: fmt::Arguments<'_>) {}
async fn schreibe(t: fmt::Arguments<'_>) {}
async fn f() { melde!($0schreibe(format_args!(\"ü\"))$0.$1await); }";
        let all = variants(ID, code, "[core::fmt::rt::Argument<'_>; 2]").unwrap();
        assert!(all[0].contains("schreibe(t: String)"), "{}", all[0]);
        assert!(all[1].contains("andere(t: String)"), "{}", all[1]);
    }

    #[test]
    fn declines_for_traits_and_variables() {
        for code in [
            "impl Log for A { async fn f(&self, $0t$0: fmt::Arguments<'_>) { io().$1await; } }",
            "async fn f() { let $0t$0 = format_args!(\"x\"); io().$1await; print(t); }",
        ] {
            check_declines(ID, "Arguments<'_>", code);
        }
    }
}
