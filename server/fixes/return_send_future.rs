//! Fix: an `async fn` whose argument is not `Send` becomes a fn that reads the argument and
//! returns a future without it.
//!
//! ```text
//! async fn work(p: Rc<u32>) -> u32 {      fn work(p: Rc<u32>) -> impl Future<Output = u32> + Send {
//!     let n = *p;                             let n = *p;
//!     save(n).await;                          async move {
//!     n                                           save(n).await;
//! }                                               n
//!                                             }
//!                                         }
//! ```
//!
//! Callers stay as they are. Declines for the fns of traits and their implementations, under
//! attribute macros, and where the argument is used in a way that cannot run first. Known
//! problem: the statements in front now run when the fn is called, not when its future is
//! awaited; the note says so.

pub(super) mod signature;

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode,
    ast::{self, HasAttrs, HasName},
};

use self::signature::signatures;
use super::{
    Draft, FixContext, Reach,
    async_move::async_move,
    chain::{free_name, name_of, owned_forms},
    context::{has_ident, mentions, mentions_await},
    reads::{Read, distinct},
    region::is_stmt_or_tail,
};
use crate::problem::Edit;

/// Every variant costs a run of the compiler.
const VARIANTS_MAX: usize = 9;
/// More values than this are better passed another way.
const VALUES_MAX: usize = 4;

/// Drafts `return_send_future`.
pub(super) fn return_send_future(context: &FixContext<'_>) -> Option<Draft> {
    let argument = Argument::find(context)?;
    let signatures = signatures(context, &argument.func)?;
    let bodies = argument.bodies(context);
    let mut variants: Vec<Vec<Edit>> = Vec::new();
    for body in &bodies {
        for signature in &signatures {
            variants.push(signature.iter().chain(body).cloned().collect());
        }
    }
    variants.truncate(VARIANTS_MAX);
    let (name, func) = (&argument.name, argument.func.name()?);
    (!variants.is_empty()).then(|| Draft {
        id: "return_send_future",
        title: format!("Read `{name}` before `{func}` returns its future"),
        note: Some(format!(
            "`{name}` is read when `{func}` is called, not when its future is awaited."
        )),
        variants,
        reach: Reach::Workspace,
        repairs: &[],
    })
}

/// An argument of an async fn.
struct Argument {
    func: ast::Fn,
    name: String,
    body: ast::StmtList,
}

impl Argument {
    fn find(context: &FixContext<'_>) -> Option<Self> {
        let node = context.value_node();
        let list = node.ancestors().find_map(ast::ParamList::cast)?;
        let func = ast::Fn::cast(list.syntax().parent()?)?;
        let is_plain = func.async_token().is_some()
            && func.unsafe_token().is_none()
            && func.attrs().all(|it| is_inert(&it));
        if !is_plain || is_of_trait(&func) {
            return None;
        }
        let is_self = node.ancestors().any(|it| ast::SelfParam::can_cast(it.kind()));
        let name = if is_self { "self".to_owned() } else { context.held.name.clone()? };
        let body = func.body()?.stmt_list()?;
        let mut names = body.syntax().descendants().filter_map(ast::Name::cast);
        let is_shadowed = names.any(|it| it.text() == name);
        (!is_shadowed).then_some(Self { func, name, body })
    }

    /// The ways to write the body, each as edits.
    fn bodies(&self, context: &FixContext<'_>) -> Vec<Vec<Edit>> {
        let stmts: Vec<SyntaxNode> =
            self.body.syntax().children().filter(is_stmt_or_tail).collect();
        let last = stmts.iter().rposition(|it| mentions(it, &self.name));
        let mut bodies = Vec::new();
        let in_front = last.map_or(0, |last| last + 1);
        let front = stmts.get(..in_front).unwrap_or_default();
        if front.iter().all(runs_first) && in_front < stmts.len() {
            let rest = stmts.get(in_front).map(|it| it.text_range().start());
            bodies.extend(rest.and_then(|at| async_move(context, &self.body, at, &[])));
        }
        if last.is_some() {
            bodies.extend(self.parts(context));
        }
        bodies
    }

    /// A `let` in front for each part that is read.
    fn parts(&self, context: &FixContext<'_>) -> Vec<Vec<Edit>> {
        let Some(reads) = Read::all_in(context, self.body.syntax(), &self.name, true) else {
            return Vec::new();
        };
        let values = distinct(&reads);
        let own: Vec<ast::Name> =
            self.body.syntax().descendants().filter_map(ast::Name::cast).collect();
        let depends = |it: &Read| own.iter().any(|own| mentions(it.expr().syntax(), own.text()));
        let is_whole = |it: &Read| it.text() == self.name;
        if values.len() > VALUES_MAX || values.iter().any(|it| depends(it) || is_whole(it)) {
            return Vec::new();
        }
        let names = self.names(&values);
        let mut choices: Vec<Vec<String>> = vec![Vec::new()];
        for value in &values {
            let forms = owned_forms(value.expr(), false);
            choices = forms
                .iter()
                .flat_map(|form| {
                    choices
                        .iter()
                        .map(move |known| known.iter().cloned().chain([form.clone()]).collect())
                })
                .take(VARIANTS_MAX)
                .collect();
        }
        let variant = |forms: &Vec<String>| {
            let lets = names.iter().zip(forms);
            let lets: Vec<String> =
                lets.map(|(name, form)| format!("let {name} = {form};")).collect();
            let at = self.body.syntax().children().find(is_stmt_or_tail)?.text_range().start();
            let mut edits = async_move(context, &self.body, at, &lets)?;
            for read in &reads {
                let at = values.iter().position(|it| it.text() == read.text())?;
                edits.push(context.edit(read.range(), names.get(at)?.clone()));
            }
            Some(edits)
        };
        choices.iter().filter_map(variant).collect()
    }

    fn names(&self, values: &[Read]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for value in values {
            let own = name_of(value.expr()).filter(|it| it != "found" && *it != self.name);
            let long = own.as_ref().map(|own| format!("{}_{own}", self.name));
            let long = long.filter(|_| self.name != "self");
            let name = free_name(own.into_iter().chain(long), |it| {
                has_ident(self.func.syntax(), it) || names.iter().any(|known| known == it)
            });
            names.push(name);
        }
        names
    }
}

/// A statement that can run outside of the future: it neither awaits nor leaves the fn.
fn runs_first(stmt: &SyntaxNode) -> bool {
    let leaves = stmt
        .descendants()
        .any(|it| matches!(it.kind(), SyntaxKind::RETURN_EXPR | SyntaxKind::TRY_EXPR));
    let question = stmt
        .descendants_with_tokens()
        .any(|it| it.kind() == SyntaxKind::QUESTION || it.kind() == SyntaxKind::RETURN_KW);
    ast::Stmt::can_cast(stmt.kind()) && !leaves && !question && !mentions_await(stmt)
}

/// The signature of a trait's fn is not this fn's to choose.
pub(super) fn is_of_trait(func: &ast::Fn) -> bool {
    let Some(parent) = func.syntax().parent().and_then(|it| it.parent()) else {
        return false;
    };
    let is_impl = ast::Impl::cast(parent.clone()).is_some_and(|it| it.trait_().is_some());
    is_impl || ast::Trait::can_cast(parent.kind())
}

/// Attributes that do not rewrite the fn.
pub(super) fn is_inert(attr: &ast::Attr) -> bool {
    const INERT: &[&str] = &[
        "doc",
        "allow",
        "warn",
        "deny",
        "expect",
        "cfg",
        "must_use",
        "inline",
        "deprecated",
        "cold",
        "track_caller",
        "rustfmt",
    ];
    let text = attr.syntax().text().to_string();
    let path = text.trim_start_matches(['#', '!', '[', ' ']);
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    path.get(..end).is_some_and(|it| INERT.contains(&it))
}

#[cfg(test)]
mod tests;
