//! Fix: the methods of a trait that is used as `dyn` return boxed futures that are `Send`.
//!
//! ```text
//! trait Repo {                                trait Repo {
//!     async fn find(&self, id: u32) -> u8;        fn find<'a>(&'a self, id: u32)
//! }                                                   -> Pin<Box<dyn Future<Output = u8> + Send + 'a>>;
//!                                             }
//! ```
//!
//! The trait's `async fn`s and those of its implementations are rewritten together, because one
//! that is left makes the trait unfit for `dyn` already. Declines where no `dyn` of the trait is
//! written (a bound is enough then), and for methods without a receiver or with lifetimes of their
//! own. Known problem: one allocation for each call.

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxNode, TextRange,
    ast::{self, HasGenericParams, HasName},
};

use super::{
    Draft, FixContext, Reach,
    make_trait_future_send::{called, implemented, wrap_in},
};
use crate::{
    problem::{Edit, Kind},
    text::Lines,
};

/// Drafts `box_trait_future`.
pub(super) fn box_trait_future(context: &FixContext<'_>) -> Option<Draft> {
    if context.problem.kind != Kind::TraitFuture {
        return None;
    }
    let method = called(context)?;
    let files: Vec<File> = files(context, &method);
    let traits = files.iter().filter_map(|file| file.trait_with(&method));
    let mut used_as_dyn = traits.filter(|name| is_dyn(context, name));
    let name = used_as_dyn.next().filter(|_| used_as_dyn.next().is_none())?;
    let mut edits: Vec<Edit> = Vec::new();
    for file in &files {
        for func in file.methods_of(&name) {
            edits.extend(file.rewrite(&func)?);
        }
    }
    Some(Draft {
        id: "box_trait_future",
        title: format!("Box the futures of `{name}`, so that `dyn {name}` works"),
        note: Some("Every call then allocates a box.".to_owned()),
        variants: vec![edits],
        reach: Reach::Workspace,
        repairs: &[],
    })
}

fn is_dyn(context: &FixContext<'_>, name: &str) -> bool {
    let needle = format!("dyn {name}");
    context.sources.iter().any(|(_, text)| {
        text.match_indices(&needle).any(|(at, _)| {
            let rest = text.get(at + needle.len()..).unwrap_or_default();
            !rest.starts_with(|c: char| c == '_' || c.is_alphanumeric())
        })
    })
}

/// A file with a fn of the method's name.
struct File {
    path: Utf8PathBuf,
    text: String,
    lines: Lines,
    root: SyntaxNode,
}

fn files(context: &FixContext<'_>, method: &str) -> Vec<File> {
    let needle = format!("fn {method}");
    let texts = context.sources.iter().filter(|(_, text)| text.contains(&needle));
    let file = |(path, text): (&Utf8Path, &std::sync::Arc<str>)| File {
        path: path.to_owned(),
        text: text.to_string(),
        lines: Lines::new(text),
        root: SourceFile::parse(text, context.edition()).tree().syntax().clone(),
    };
    texts.map(file).collect()
}

fn async_fns(node: &SyntaxNode) -> impl Iterator<Item = ast::Fn> + use<> {
    let list = node.children().find_map(ast::AssocItemList::cast);
    let fns = list.into_iter().flat_map(|it| it.assoc_items());
    fns.filter_map(|it| match it {
        ast::AssocItem::Fn(it) if it.async_token().is_some() => Some(it),
        _ => None,
    })
}

impl File {
    fn trait_with(&self, method: &str) -> Option<String> {
        let mut traits = self.root.descendants().filter_map(ast::Trait::cast);
        let is_it = |it: &ast::Fn| it.name().is_some_and(|it| it.text() == method);
        let ours = traits.find(|it| async_fns(it.syntax()).any(|it| is_it(&it)))?;
        Some(ours.name()?.text().to_string())
    }

    fn methods_of(&self, name: &str) -> Vec<ast::Fn> {
        let owners = self.root.descendants().filter(|node| match ast::Impl::cast(node.clone()) {
            Some(block) => implemented(&block).is_some_and(|it| it == name),
            None => ast::Trait::cast(node.clone())
                .and_then(|it| it.name())
                .is_some_and(|it| it.text() == name),
        });
        owners.flat_map(|it| async_fns(&it)).collect()
    }

    fn edit(&self, range: TextRange, new_text: impl Into<String>) -> Edit {
        Edit { span: self.lines.span(&self.path, range), new_text: new_text.into() }
    }

    fn rewrite(&self, func: &ast::Fn) -> Option<Vec<Edit>> {
        let keyword = func.async_token()?;
        let after = keyword.next_token()?;
        let list = func.param_list()?;
        let receiver = list.self_param()?.amp_token()?;
        let has_lifetimes = func.syntax().text().to_string().split('{').next()?.contains('\'');
        if has_lifetimes {
            return None;
        }
        let mut edits = vec![self.edit(keyword.text_range().cover(after.text_range()), "")];
        let (at, generics) = match func.generic_param_list() {
            Some(list) => (list.l_angle_token()?.text_range().end(), "'a, "),
            None => (func.name()?.syntax().text_range().end(), "<'a>"),
        };
        edits.push(self.edit(TextRange::empty(at), generics));
        let references = list.syntax().descendants().filter_map(ast::RefType::cast);
        let tokens = references.filter_map(|it| it.amp_token()).chain([receiver]);
        edits.extend(tokens.map(|it| self.edit(TextRange::empty(it.text_range().end()), "'a ")));
        let ret = func.ret_type().and_then(|it| it.ty());
        let output = ret.as_ref().map_or("()".to_owned(), |it| it.syntax().text().to_string());
        let boxed =
            format!("std::pin::Pin<Box<dyn std::future::Future<Output = {output}> + Send + 'a>>");
        edits.push(match ret {
            Some(ty) => self.edit(ty.syntax().text_range(), boxed),
            None => {
                let end = TextRange::empty(list.syntax().text_range().end());
                self.edit(end, format!(" -> {boxed}"))
            }
        });
        if let Some(body) = func.body() {
            let body = wrap_in(("Box::pin(async move {", "})"), &body, &self.text)?;
            edits.extend(body.into_iter().map(|(range, text)| self.edit(range, text)));
        }
        Some(edits)
    }
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "box_trait_future";
    const TY: &str = "impl Future<Output = u8>";

    #[test]
    fn trait_and_implementation() {
        check(
            ID,
            TY,
            "
trait Größe { async fn get(&self, name: &str) -> u8; async fn put<T: Send>(&mut self, t: T); }
impl Größe for A {
    async fn get(&self, name: &str) -> u8 {
        1
    }
    async fn put<T: Send>(&mut self, t: T) {}
}
struct App(Box<dyn Größe>);
async fn f<G: Größe>(g: G) { $0g.get(\"\")$0.$1await; }",
            "
trait Größe { fn get<'a>(&'a self, name: &'a str) -> std::pin::Pin<Box<dyn std::future::Future<Output = u8> + Send + 'a>>; fn put<'a, T: Send>(&'a mut self, t: T) -> std::pin::Pin<Box<dyn std::future::Future<Output = ()> + Send + 'a>>; }
impl Größe for A {
    fn get<'a>(&'a self, name: &'a str) -> std::pin::Pin<Box<dyn std::future::Future<Output = u8> + Send + 'a>> {
        Box::pin(async move {
            1
        })
    }
    fn put<'a, T: Send>(&'a mut self, t: T) -> std::pin::Pin<Box<dyn std::future::Future<Output = ()> + Send + 'a>> { Box::pin(async move {}) }
}
struct App(Box<dyn Größe>);
async fn f<G: Größe>(g: G) { g.get(\"\").await; }",
        );
    }

    #[test]
    fn declines_where_a_bound_is_enough() {
        let code =
            "trait A { async fn get(&self); } async fn f<T: A>(t: T) { $0t.get()$0.$1await; }";
        check_declines(ID, TY, code);
        let by_value =
            code.replace("&self", "self").replace("async fn f", "fn g(_: &dyn A) {} async fn f");
        check_declines(ID, TY, &by_value);
    }
}
