//! Fix: a trait's `async fn` promises that its future is `Send`.
//!
//! ```text
//! trait Job {                             trait Job {
//!     async fn run(&self) -> u8;              fn run(&self) -> impl Future<Output = u8> + Send;
//! }                                       }
//! ```
//!
//! A method that returns an `impl Future` already only gets the bound. Implementations may keep
//! their `async fn`. A default body goes in an `async move` block, and
//! needs `Self: Sync` where it borrows `self`. Known problem: an implementation whose future is
//! not `Send` no longer compiles; the oracle asks the whole workspace.

use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxNode, TextRange, TextSize,
    ast::{self, HasAttrs, HasGenericParams, HasName},
};

use super::{Draft, FixContext, Reach, context::has_ident};
use crate::{
    problem::{Edit, Kind},
    sources::Sources,
    text::Lines,
};

/// Of several traits with a method of one name the compiler is asked about the likeliest.
const TRAITS_MAX: usize = 3;

/// Drafts `make_trait_future_send`.
pub(super) fn make_trait_future_send(context: &FixContext<'_>) -> Option<Draft> {
    // Of handlers, and of methods that are no `async fn`, only the awaited type tells.
    let is_opaque = context.held.ty.as_deref().is_some_and(is_opaque);
    let is_future = match context.problem.kind {
        Kind::TraitFuture => true,
        Kind::Handler | Kind::AwaitsNotSend => is_opaque,
        _ => false,
    };
    if !is_future {
        return None;
    }
    let (name, methods) = called_in(context).into_iter().find_map(|name| {
        let methods = Method::find(context, &name);
        (!methods.is_empty()).then_some((name, methods))
    })?;
    let variants = methods.iter().flat_map(|it| [it.rewrite(context), it.rewrite_all(context)]);
    Some(Draft {
        id: "make_trait_future_send",
        title: format!("Make the future of `{name}` in the trait `Send`"),
        note: Some("Every implementation of the trait must then return a `Send` future.".into()),
        variants: variants.flatten().collect(),
        reach: Reach::Workspace,
        repairs: &[],
    })
}

/// Whether a type is an opaque future, or a combinator around one: `AndThen<impl Future<..>, ..>`.
fn is_opaque(ty: &str) -> bool {
    let has_future = ty.match_indices("impl ").any(|(at, _)| {
        let name = ty.get(at + 4..).and_then(|it| it.split(['<', ',', '>', ' ']).nth(1));
        name.is_some_and(|it| it.rsplit("::").next() == Some("Future"))
    });
    ty.starts_with("impl ") || has_future
}

/// The names of the methods whose futures may be at fault, likeliest first: the one that the
/// compiler named, then those that are called in the awaited expression. A combinator hides the
/// call that makes the future: `job.run().and_then(..)`.
fn called_in(context: &FixContext<'_>) -> Vec<String> {
    let in_path = context.problem.path.iter().filter_map(|it| {
        let path = it.what.strip_prefix("trait method `")?.strip_suffix('`')?;
        path.rsplit("::").next().map(str::to_owned)
    });
    let node = context.value_expr().map_or_else(|| context.value_node(), |it| it.syntax().clone());
    let calls = node.descendants().filter_map(ast::MethodCallExpr::cast);
    let names = calls.filter_map(|it| Some(it.name_ref()?.text().to_string()));
    in_path.chain(called(context)).chain(names).collect()
}

/// The name of the method whose future is awaited or passed on.
pub(super) fn called(context: &FixContext<'_>) -> Option<String> {
    let node = context.value_expr().map_or_else(|| context.value_node(), |it| it.syntax().clone());
    let in_code = node.descendants().find_map(|it| {
        if let Some(call) = ast::MethodCallExpr::cast(it.clone()) {
            return Some(call.name_ref()?.text().to_string());
        }
        let callee = ast::CallExpr::cast(it)?.expr()?.syntax().text().to_string();
        callee.rsplit_once("::").map(|(_, name)| name.to_owned())
    });
    in_code.or_else(|| {
        // In a macro's argument there are tokens only.
        let text = &context.held.text;
        let head = text.rfind('(').and_then(|at| text.get(..at))?;
        let name = head.rsplit(['.', ':']).next()?.trim();
        (!name.is_empty()).then(|| name.to_owned())
    })
}

/// An `async fn` of a trait, in its file.
struct Method {
    file: camino::Utf8PathBuf,
    text: String,
    lines: Lines,
    func: ast::Fn,
}

impl Method {
    /// The methods of that name in traits that give a future: the only one of this file, else
    /// those of the workspace, the traits that the code around the value names first.
    fn find(context: &FixContext<'_>, name: &str) -> Vec<Self> {
        let here = in_file(context, context.sources, context.file, name);
        if here.len() == 1 {
            return here;
        }
        let mut all: Vec<Self> = context
            .sources
            .iter()
            .filter(|(_, text)| text.contains("trait ") && text.contains(name))
            .flat_map(|(file, _)| in_file(context, context.sources, file, name))
            .collect();
        let around = context.surroundings(&context.value_node());
        let owner = around.ancestors().find_map(ast::Impl::cast);
        let is_named = |method: &Self| {
            let name = method.trait_name().unwrap_or_default();
            has_ident(&around, &name)
                || owner.as_ref().is_some_and(|it| has_ident(it.syntax(), &name))
        };
        all.sort_by_cached_key(|it| (!is_named(it), it.file != context.file));
        all.truncate(TRAITS_MAX);
        all
    }

    fn trait_name(&self) -> Option<String> {
        let item = self.func.syntax().ancestors().find_map(ast::Trait::cast)?;
        Some(item.name()?.text().to_string())
    }

    fn edit(&self, range: TextRange, new_text: impl Into<String>) -> Edit {
        Edit { span: self.lines.span(&self.file, range), new_text: new_text.into() }
    }

    /// The method with all others of its trait: a default body may await them.
    fn rewrite_all(&self, context: &FixContext<'_>) -> Option<Vec<Edit>> {
        let list = self.func.syntax().parent()?;
        let funcs = list.children().filter_map(ast::Fn::cast);
        let funcs: Vec<ast::Fn> =
            funcs.filter(|it| it.async_token().is_some() || promised(it).is_some()).collect();
        let edits = funcs.into_iter().filter_map(|func| {
            let (file, text) = (self.file.clone(), self.text.clone());
            Self { file, text, lines: self.lines.clone(), func }.rewrite(context)
        });
        Some(edits.flatten().collect())
    }

    fn rewrite(&self, context: &FixContext<'_>) -> Option<Vec<Edit>> {
        if let Some(bounds) = promised(&self.func) {
            let end = TextRange::empty(bounds.syntax().text_range().end());
            let body = self.func.body();
            let own = body.and_then(|body| self.bound_self(&body));
            return Some([self.edit(end, " + Send")].into_iter().chain(own).collect());
        }
        let keyword = self.func.async_token()?;
        let after = keyword.next_token()?;
        let mut edits = vec![self.edit(keyword.text_range().cover(after.text_range()), "")];
        let future = future_path(context, &self.text);
        let promise = |output: &str| format!("impl {future}<Output = {output}> + Send");
        match self.func.ret_type().and_then(|it| it.ty()) {
            Some(ty) => {
                let output = promise(&ty.syntax().text().to_string());
                edits.push(self.edit(ty.syntax().text_range(), output));
            }
            None => {
                let end = self.func.param_list()?.syntax().text_range().end();
                let output = format!(" -> {}", promise("()"));
                edits.push(self.edit(TextRange::empty(end), output));
            }
        }
        if let Some(body) = self.func.body() {
            edits.extend(self.bound_self(&body));
            edits.extend(self.wrap(&body)?);
        }
        Some(edits)
    }

    /// `where Self: Sync` for a default body that borrows `self`, `Self: Send` for others.
    fn bound_self(&self, body: &ast::BlockExpr) -> Option<Edit> {
        let receiver = self.func.param_list()?.self_param()?;
        let is_shared = receiver.amp_token().is_some() && receiver.mut_token().is_none();
        let bound = if is_shared { "Self: Sync" } else { "Self: Send" };
        Some(match self.func.where_clause() {
            Some(clause) => {
                let text = clause.syntax().text().to_string();
                let comma = if text.trim_end().ends_with(',') { " " } else { ", " };
                let end = TextRange::empty(clause.syntax().text_range().end());
                self.edit(end, format!("{comma}{bound}"))
            }
            None => {
                let start = TextRange::empty(body.syntax().text_range().start());
                self.edit(start, format!("where {bound} "))
            }
        })
    }

    /// The body in an `async move` block.
    fn wrap(&self, body: &ast::BlockExpr) -> Option<Vec<Edit>> {
        let edits = wrap_in(("async move {", "}"), body, &self.text)?;
        Some(edits.into_iter().map(|(range, text)| self.edit(range, text)).collect())
    }
}

/// The inside of a body between two texts, on lines of its own where it has such.
pub(super) fn wrap_in(
    (open, close): (&str, &str),
    body: &ast::BlockExpr,
    text: &str,
) -> Option<Vec<(TextRange, String)>> {
    let list = body.stmt_list()?;
    let (left, right) = (list.l_curly_token()?, list.r_curly_token()?);
    let inside = TextRange::new(left.text_range().end(), right.text_range().start());
    let code = text.get(std::ops::Range::<usize>::from(inside))?;
    if code.is_empty() {
        return Some(vec![(inside, format!(" {open}{close} "))]);
    }
    let (head, tail) = (TextRange::empty(inside.start()), TextRange::empty(inside.end()));
    let Some(last_line) = code.rfind('\n') else {
        return Some(vec![(head, format!(" {open}")), (tail, format!("{close} "))]);
    };
    let newline = if code.contains("\r\n") { "\r\n" } else { "\n" };
    let outer = code.get(last_line + 1..)?;
    let step = if outer.contains('\t') { "\t" } else { "    " };
    let mut edits = vec![(head, format!("{newline}{outer}{step}{open}"))];
    edits.extend(indented(body.syntax(), inside, code, last_line, step));
    edits.push((tail, format!("{step}{close}{newline}{outer}")));
    Some(edits)
}

fn indented(
    body: &SyntaxNode,
    inside: TextRange,
    code: &str,
    last_line: usize,
    step: &str,
) -> Vec<(TextRange, String)> {
    let starts = code.match_indices('\n').filter(|(at, _)| *at < last_line);
    starts
        .filter_map(|(at, _)| {
            let rest = code.get(at + 1..)?;
            let is_blank = rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
            let offset = inside.start() + TextSize::try_from(at + 1).ok()?;
            let moves = !is_blank && !super::indent::in_string(body, offset);
            moves.then(|| (TextRange::empty(offset), step.to_owned()))
        })
        .collect()
}

/// The last name of the trait that a block implements.
pub(super) fn implemented(block: &ast::Impl) -> Option<String> {
    match block.trait_()? {
        ast::Type::PathType(it) => Some(it.path()?.segment()?.name_ref()?.text().to_string()),
        _ => None,
    }
}

fn in_file(
    context: &FixContext<'_>,
    sources: &Sources,
    file: &camino::Utf8Path,
    name: &str,
) -> Vec<Method> {
    let Some(text) = sources.text(file) else {
        return Vec::new();
    };
    let tree = SourceFile::parse(text, context.edition()).tree();
    let traits = tree.syntax().descendants().filter_map(ast::Trait::cast);
    traits
        .filter(|it| {
            !it.attrs().any(|attr| attr.syntax().text().to_string().contains("async_trait"))
        })
        .flat_map(|it| it.syntax().descendants().filter_map(ast::Fn::cast).collect::<Vec<_>>())
        .filter(|it| is_async_named(it, name))
        .map(|func| Method {
            file: file.to_owned(),
            text: text.to_string(),
            lines: Lines::new(text),
            func,
        })
        .collect()
}

fn is_async_named(func: &ast::Fn, name: &str) -> bool {
    let gives_future = func.async_token().is_some() || promised(func).is_some();
    gives_future && func.name().is_some_and(|it| it.text() == name)
}

/// The bounds of a returned `impl Future<Output = T>` that does not promise `Send`.
pub(super) fn promised(func: &ast::Fn) -> Option<ast::TypeBoundList> {
    let ast::Type::ImplTraitType(ty) = func.ret_type()?.ty()? else { return None };
    let bounds = ty.type_bound_list()?;
    let text = bounds.syntax().text().to_string();
    let has_send = text.split('+').any(|it| it.trim() == "Send");
    (func.async_token().is_none() && text.contains("Future<") && !has_send).then_some(bounds)
}

/// `Future` where it is in scope.
fn future_path(context: &FixContext<'_>, text: &str) -> &'static str {
    let tree = SourceFile::parse(text, context.edition()).tree();
    let mut uses = tree.syntax().descendants().filter_map(ast::Use::cast);
    let in_prelude = context.edition() >= ra_ap_syntax::Edition::Edition2024;
    if in_prelude || uses.any(|it| imports_future(it.syntax())) {
        "Future"
    } else {
        "std::future::Future"
    }
}

fn imports_future(use_: &SyntaxNode) -> bool {
    use_.descendants().filter_map(ast::NameRef::cast).any(|it| it.text() == "Future")
}

#[cfg(test)]
mod tests {
    use crate::{
        fixes::tests::{check, check_declines, variants_of},
        problem::{Kind, Problem},
    };

    const ID: &str = "make_trait_future_send";

    #[test]
    fn signature_and_default_body() {
        check(
            ID,
            "impl Future<Output = u8>",
            "
trait Job {
    async fn run(&self, größe: u8) -> u8 {
        // the default
        größe
    }
}
fn go<J: Job>(j: J) { spawn(async move { $0j.run(1)$0.$1await; }) }
",
            "
trait Job {
    fn run(&self, größe: u8) -> impl std::future::Future<Output = u8> + Send where Self: Sync {
        async move {
            // the default
            größe
        }
    }
}
fn go<J: Job>(j: J) { spawn(async move { j.run(1).await; }) }
",
        );
    }

    #[test]
    fn call_in_a_macro() {
        check(
            ID,
            "impl Future<Output = u8>",
            "trait A { async fn b(&self); } async fn f<T: A>(t: T) { p!($0t.b()$0.$1await) }",
            "trait A { fn b(&self) -> impl std::future::Future<Output = ()> + Send; } async fn f<T: A>(t: T) { p!(t.b().await) }",
        );
    }

    #[test]
    fn a_future_that_is_returned_already() {
        check(
            ID,
            "impl Future<Output = u8>",
            "trait Größe { fn get(&self) -> impl Future<Output = u8>; } async fn f<G: Größe>(g: G) { $0g.get()$0.$1await; }",
            "trait Größe { fn get(&self) -> impl Future<Output = u8> + Send; } async fn f<G: Größe>(g: G) { g.get().await; }",
        );
        let promised = "trait A { fn get(&self) -> impl Future<Output = u8> + Send; } async fn f<T: A>(t: T) { $0t.get()$0.$1await; }";
        check_declines(ID, "impl Future<Output = u8>", promised);
    }

    #[test]
    fn a_future_in_a_combinator() {
        let ty = "futures::future::AndThen<impl futures::Future<Output = Größe>, {closure}>";
        let before = "trait Job { fn run(&self) -> impl Future<Output = Größe>; } async fn f<J: Job>(j: J) { $0j.run().and_then(|it| async { it })$0.$1await; }";
        let awaited = |problem: &mut Problem| problem.kind = Kind::AwaitsNotSend;
        let variants = variants_of(ID, before, ty, awaited).expect("the fix applies");
        assert_eq!(
            variants[0],
            "trait Job { fn run(&self) -> impl Future<Output = Größe> + Send; } async fn f<J: Job>(j: J) { j.run().and_then(|it| async { it }).await; }",
        );
        let other = before.replace("j.run()", "j.walk()");
        assert!(variants_of(ID, &other, ty, awaited).is_none());
    }

    #[test]
    fn declines_without_a_trait() {
        let code = "async fn run() {} fn go() { spawn($0j.run(1)$0.$1await) }";
        check_declines(ID, "impl Future<Output = u8>", code);
    }
}
