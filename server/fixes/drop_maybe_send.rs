//! Fix: `#[async_trait(?Send)]` becomes `#[async_trait]`, on the trait and on everything that
//! implements it.
//!
//! ```text
//! #[async_trait(?Send)]               #[async_trait]
//! trait Backend { .. }                trait Backend { .. }
//! #[async_trait(?Send)]               #[async_trait]
//! impl Backend for Fast { .. }        impl Backend for Fast { .. }
//! ```
//!
//! Known problem: an implementation whose future is not `Send` no longer compiles; the oracle asks
//! the whole workspace. Where default bodies share `self`, the trait must ask for `Sync`, too.

use camino::Utf8PathBuf;
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxNode, TextRange,
    ast::{self, HasAttrs, HasName, HasTypeBounds},
};

use super::{Draft, FixContext, Reach, make_trait_future_send::called};
use crate::{
    problem::{Edit, Kind},
    text::Lines,
};

/// Drafts `drop_maybe_send`.
pub(super) fn drop_maybe_send(context: &FixContext<'_>) -> Option<Draft> {
    let is_boxed = context.problem.leaf.as_deref().is_some_and(|it| it.contains("dyn "));
    if context.problem.kind != Kind::AwaitsNotSend || !is_boxed {
        return None;
    }
    let method = called(context)?;
    let files = files(context);
    let mut traits = files.iter().filter_map(|file| file.trait_with(&method));
    let (name, bound) = traits.next().filter(|_| traits.next().is_none())?;
    let edits: Vec<Edit> = files.iter().flat_map(|file| file.edits(&name)).collect();
    let bounded = edits.iter().cloned().chain(bound).collect();
    (!edits.is_empty()).then(|| Draft {
        id: "drop_maybe_send",
        title: format!("Drop `?Send` from the `#[async_trait]` of `{name}`"),
        note: Some(format!("Every implementation of `{name}` must then return a `Send` future.")),
        variants: vec![edits, bounded],
        reach: Reach::Workspace,
        repairs: &[],
    })
}

/// A file that names `?Send`.
struct File {
    path: Utf8PathBuf,
    lines: Lines,
    root: SyntaxNode,
}

fn files(context: &FixContext<'_>) -> Vec<File> {
    let texts = context.sources.iter().filter(|(_, text)| text.contains("?Send"));
    let files = texts.map(|(path, text)| File {
        path: path.to_owned(),
        lines: Lines::new(text),
        root: SourceFile::parse(text, context.edition()).tree().syntax().clone(),
    });
    files.collect()
}

impl File {
    /// The trait that declares the method, and the edit that asks for `Send + Sync` of all that
    /// implement it.
    fn trait_with(&self, method: &str) -> Option<(String, Option<Edit>)> {
        let traits = self.root.descendants().filter_map(ast::Trait::cast);
        let mut ours = traits.filter(|it| maybe_send(it).is_some() && declares(it, method));
        let item = ours.next()?;
        let name = item.name()?;
        let bound = match item.type_bound_list() {
            Some(_) => None,
            None => {
                let at = TextRange::empty(name.syntax().text_range().end());
                Some(self.edit(at, ": Send + Sync"))
            }
        };
        Some((name.text().to_string(), bound))
    }

    /// `(?Send)` taken from the trait and its implementations.
    fn edits(&self, name: &str) -> Vec<Edit> {
        let args = self.root.descendants().filter_map(|node| {
            let is_ours = match ast::Trait::cast(node.clone()) {
                Some(item) => item.name().is_some_and(|it| it.text() == name),
                None => implemented(&ast::Impl::cast(node.clone())?).is_some_and(|it| it == name),
            };
            let item = ast::AnyHasAttrs::cast(node).filter(|_| is_ours)?;
            maybe_send(&item)
        });
        args.map(|range| self.edit(range, "")).collect()
    }

    fn edit(&self, range: TextRange, new_text: &str) -> Edit {
        Edit { span: self.lines.span(&self.path, range), new_text: new_text.to_owned() }
    }
}

/// Where the `(?Send)` of an `#[async_trait(?Send)]` stands.
fn maybe_send(item: &impl HasAttrs) -> Option<TextRange> {
    item.attrs().find_map(|attr| {
        let text = attr.syntax().text().to_string();
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let is_ours = plain.ends_with("async_trait(?Send)]");
        let args = attr.syntax().descendants().find(|it| ast::TokenTree::can_cast(it.kind()))?;
        is_ours.then(|| args.text_range())
    })
}

fn declares(item: &ast::Trait, method: &str) -> bool {
    let mut fns = item.syntax().descendants().filter_map(ast::Fn::cast);
    fns.any(|it| it.async_token().is_some() && it.name().is_some_and(|it| it.text() == method))
}

/// The last name of the trait that a block implements.
fn implemented(block: &ast::Impl) -> Option<String> {
    match block.trait_()? {
        ast::Type::PathType(it) => Some(it.path()?.segment()?.name_ref()?.text().to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        fixes::tests::variants_of,
        problem::{Kind, Problem},
    };

    const LEAF: &str = "dyn Future<Output = u8>";

    fn all(marked: &str) -> Option<Vec<String>> {
        let boxed = |problem: &mut Problem| problem.kind = Kind::AwaitsNotSend;
        variants_of("drop_maybe_send", marked, LEAF, boxed)
    }

    #[test]
    fn trait_and_implementations() {
        let all = all("
#[async_trait(?Send)]
trait Größe { async fn get(&self) -> u8; }
#[async_trait::async_trait( ?Send )]
impl crate::Größe for A { async fn get(&self) -> u8 { 1 } }
#[async_trait(?Send)]
impl Other for A { async fn other(&self) {} }
async fn f(g: &dyn Größe) { $0g.get()$0.$1await; }")
        .unwrap();
        let expected = "
#[async_trait]
trait Größe { async fn get(&self) -> u8; }
#[async_trait::async_trait]
impl crate::Größe for A { async fn get(&self) -> u8 { 1 } }
#[async_trait(?Send)]
impl Other for A { async fn other(&self) {} }
async fn f(g: &dyn Größe) { g.get().await; }";
        assert_eq!(all[0], expected);
        assert!(all[1].contains("trait Größe: Send + Sync {"), "{}", all[1]);
    }

    #[test]
    fn declines_where_send_is_asked_already() {
        for code in [
            "#[async_trait] trait A { async fn get(&self); } async fn f(a: &dyn A) { $0a.get()$0.$1await; }",
            "#[async_trait(?Send)] trait A { async fn other(&self); } async fn f(a: &dyn A) { $0a.get()$0.$1await; }",
        ] {
            assert_eq!(all(code), None, "{code}");
        }
    }
}
