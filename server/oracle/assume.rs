//! Taking futures for `Send`, to see what is behind an error about `Send`.
//!
//! rustc does not check the borrows of a fn whose types have errors. When a fix removes one of
//! several errors in a fn, what it does to the borrows stays unseen until the last is gone. So
//! the futures of that fn are wrapped in one that claims to be `Send`, and rustc looks again:
//!
//! ```text
//! tokio::spawn(async move { .. })    tokio::spawn({ .. sendlens_assume(async move { .. }) })
//! ```
//!
//! No line moves. Pure: texts and diagnostics in, texts out.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::diagnostic::Diagnostic;
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxNode, TextRange, TextSize,
    ast::{self, HasArgList},
};

use crate::{problem::Span, recognise::user_span, sources::Sources, text::Lines};

/// A block that declares the wrapper; its value is a future that counts as `Send`. It keeps the
/// future's borrows as long as the future would, to its drop. Declaring no type and no impl, it
/// leaves nearly all of rustc's incremental cache good, and it is allowed where `unsafe` is not.
const OPEN: &str = "{ #[allow(warnings)] fn sendlens_assume<'sendlens, T: 'sendlens, \
    F: ::core::future::Future<Output = T> + 'sendlens>(f: F) -> impl ::core::future::Future<Output = T> \
    + ::core::marker::Send + ::core::marker::Sync + 'sendlens { \
    let held = (::core::marker::PhantomData::<fn() -> F>, ::core::option::Option::<\
    ::std::boxed::Box<dyn ::core::marker::Send + ::core::marker::Sync + 'sendlens>>::None); \
    ::core::future::poll_fn(move |_| -> ::core::task::Poll<T> { let _ = &held; loop {} }) } \
    sendlens_assume";
const CLOSE: &str = ") }";

/// Codes of errors that come from checking borrows and moves.
const BORROWS: &[&str] = &[
    "E0373", "E0381", "E0382", "E0384", "E0499", "E0501", "E0502", "E0503", "E0505", "E0506",
    "E0507", "E0508", "E0509", "E0510", "E0515", "E0521", "E0524", "E0594", "E0596", "E0597",
    "E0621", "E0626", "E0712", "E0713", "E0716",
];

/// Errors of the borrow checker that have no code.
const BORROW_MESSAGES: &[&str] =
    &["lifetime may not live long enough", "captured variable cannot escape"];

/// Whether an error comes from checking borrows, moves or lifetimes.
pub(super) fn is_about_borrows(error: &Diagnostic) -> bool {
    let code = error.code.as_ref().map(|code| code.code.as_str());
    code.is_some_and(|code| BORROWS.contains(&code))
        || BORROW_MESSAGES.iter().any(|it| error.message.starts_with(it))
}

/// Where rustc put an error, followed out of macros to the user's code.
pub(super) fn primary(error: &Diagnostic, root: &Utf8Path) -> Option<Span> {
    let span = error.spans.iter().find(|span| span.is_primary)?;
    Some(user_span(span, root))
}

/// How to find the places that rustc names.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    /// What was compiled.
    pub(super) texts: &'a Sources,
    /// In which edition.
    pub(super) edition: Edition,
    /// Where: absolute paths below it become relative.
    pub(super) root: &'a Utf8Path,
}

impl View<'_> {
    /// The innermost fn around the place where an error is reported.
    pub(super) fn item_around(&self, error: &Diagnostic) -> Option<Item> {
        self.item_at(&primary(error, self.root)?)
    }

    /// The innermost fn around a place.
    pub(super) fn item_at(&self, span: &Span) -> Option<Item> {
        let text = self.texts.text(&span.file)?;
        let lines = Lines::new(text);
        let range = lines.range(span)?;
        let tree = SourceFile::parse(text, self.edition).tree();
        let item = tree.syntax().covering_element(range).ancestors().find_map(ast::Fn::cast)?;
        let range = item.syntax().text_range();
        Some(Item { file: span.file.clone(), range, line: lines.position(range.start()).line })
    }

    /// The texts with the futures of these fns taken for `Send`. `errors` are the errors about
    /// `Send` that they have. `None` when nothing of it can be wrapped.
    pub(super) fn assume_send(&self, items: &[Item], errors: &[&Diagnostic]) -> Option<Sources> {
        let mut assumed = self.texts.clone();
        let files: BTreeSet<&Utf8Path> = items.iter().map(|item| item.file.as_path()).collect();
        for file in files {
            let text = self.texts.text(file)?;
            let tree = SourceFile::parse(text, self.edition).tree();
            let mut wraps = Wraps::default();
            for item in items.iter().filter(|item| item.file == file) {
                let element = tree.syntax().covering_element(item.range);
                wraps.of_fn(&element.ancestors().find_map(ast::Fn::cast)?);
            }
            let lines = Lines::new(text);
            let spans = errors.iter().filter_map(|error| primary(error, self.root));
            for range in spans.filter(|it| it.file == file).filter_map(|it| lines.range(&it)) {
                wraps.of_span(tree.syntax(), range);
            }
            assumed.insert(file, wraps.apply(text));
        }
        (assumed != *self.texts).then_some(assumed)
    }
}

/// A fn item of a file: what rustc checks as one.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Its file.
    pub(super) file: Utf8PathBuf,
    /// The whole of it.
    pub(super) range: TextRange,
    /// The 1-based line on which it starts: taking futures for `Send` moves no line.
    line: u32,
}

impl Item {
    /// Whether both are the same fn, in texts that differ in what is taken for `Send` only.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.file, self.line) == (&other.file, other.line)
    }

    /// Whether the fn reads otherwise in other texts.
    pub(super) fn differs(&self, texts: &Sources, other: &Sources) -> bool {
        let range = Range::<usize>::from(self.range);
        let ours = texts.text(&self.file).and_then(|text| text.get(range));
        let theirs = other.text(&self.file);
        !ours.zip(theirs).is_some_and(|(ours, theirs)| theirs.contains(ours))
    }
}

/// Where the wrapper opens and closes, by offset.
#[derive(Debug, Default)]
struct Wraps {
    inserted: BTreeMap<TextSize, String>,
    wrapped: Vec<TextRange>,
}

impl Wraps {
    /// Wraps the outermost async blocks of a fn.
    fn of_fn(&mut self, func: &ast::Fn) {
        let Some(body) = func.body() else { return };
        let mut rest: Vec<SyntaxNode> = body.syntax().children().collect();
        while let Some(node) = rest.pop() {
            let block = ast::BlockExpr::cast(node.clone());
            if block.is_some_and(|it| it.async_token().is_some()) {
                self.wrap(node.text_range());
            } else if !ast::Item::can_cast(node.kind()) {
                rest.extend(node.children());
            }
        }
    }

    /// Wraps the future at which an error points: an argument, what is boxed, or, where an
    /// attribute made the future of an async fn, the body of that fn.
    fn of_span(&mut self, root: &SyntaxNode, range: TextRange) {
        let element = root.covering_element(range);
        if let Some(func) = element.ancestors().find_map(ast::Fn::cast)
            && !func.body().is_some_and(|body| body.syntax().text_range().contains_range(range))
        {
            self.body(&func);
            return;
        }
        let exprs = element.ancestors().filter_map(ast::Expr::cast);
        let exact = exprs.filter(|it| it.syntax().text_range() == range).last();
        let boxed = exact.as_ref().and_then(|it| match it {
            ast::Expr::CallExpr(call) => {
                let callee = call.expr()?.syntax().text().to_string();
                callee.ends_with("Box::pin").then(|| call.arg_list()?.args().next())?
            }
            _ => None,
        });
        let method = element
            .ancestors()
            .find_map(ast::MethodCallExpr::cast)
            .filter(|call| call.name_ref().is_some_and(|name| name.syntax().text_range() == range));
        let future = boxed.or(method.and_then(|call| call.receiver())).or(exact);
        if let Some(future) = future {
            self.wrap(future.syntax().text_range());
        }
    }

    /// The fn's own type helps rustc to know that of the block: `?` converts to it.
    fn body(&mut self, func: &ast::Fn) {
        let list = func.body().and_then(|body| body.stmt_list());
        let Some(list) = list.filter(|_| func.async_token().is_some()) else { return };
        let (Some(open), Some(close)) = (list.l_curly_token(), list.r_curly_token()) else {
            return;
        };
        let ty = func.ret_type().and_then(|it| it.ty());
        let ty = ty.map_or_else(|| "()".to_owned(), |ty| ty.syntax().text().to_string());
        let ty = if ty.contains("impl ") { "_".to_owned() } else { one_line(&ty) };
        let inside = TextRange::new(open.text_range().end(), close.text_range().start());
        self.insert(inside.start(), &format!(" {OPEN}::<{ty}, _>(async move {{"));
        self.insert(inside.end(), &format!("}}{CLOSE}.await "));
        self.wrapped.push(inside);
    }

    fn wrap(&mut self, range: TextRange) {
        if self.wrapped.iter().any(|known| known.intersect(range).is_some_and(|it| !it.is_empty()))
        {
            return;
        }
        self.insert(range.start(), &format!("{OPEN}("));
        self.insert(range.end(), CLOSE);
        self.wrapped.push(range);
    }

    fn insert(&mut self, at: TextSize, text: &str) {
        self.inserted.entry(at).or_default().push_str(text);
    }

    fn apply(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (at, inserted) in self.inserted.iter().rev() {
            out.insert_str(usize::from(*at), inserted);
        }
        out
    }
}

/// A type on one line: what is inserted must not move lines.
fn one_line(ty: &str) -> String {
    ty.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::error_at;

    /// What is wrapped, with `«` and `»` for the wrapper; `$0..$0` is where rustc's error is.
    #[track_caller]
    fn check(marked: &str, expected: &str) {
        let mut parts = marked.splitn(3, "$0");
        let (before, inside, after) =
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let text = format!("{before}{inside}{after}");
        let error = &error_at("a.rs", before, inside);
        let mut texts = Sources::default();
        texts.insert("a.rs", text);
        let view = View { texts: &texts, edition: Edition::Edition2021, root: "/w".into() };
        let item = view.item_around(error).unwrap();
        let assumed = view.assume_send(&[item], &[error]);
        let shown = assumed.map(|it| it.text("a.rs".into()).unwrap().to_string());
        let shown = shown.unwrap_or_default().replace(OPEN, "«").replace(CLOSE, "»");
        assert_eq!(shown, expected);
    }

    #[test]
    fn async_blocks_and_boxed_or_passed_futures_are_wrapped() {
        check(
            "fn f() { $0spawn(async { ż().await })$0; }",
            "fn f() { spawn(«(async { ż().await }»); }",
        );
        check("fn f() { spawn($0żółw()$0); }", "fn f() { spawn(«(żółw()»); }");
        check("fn f() { $0Box::pin(g())$0; }", "fn f() { Box::pin(«(g()»); }");
        check("fn f() { g().$0boxed$0(); }", "fn f() { «(g()».boxed(); }");
    }

    #[test]
    fn the_body_of_an_async_fn_that_an_attribute_rewrites_is_wrapped() {
        check(
            "impl A for B { $0async$0 fn f(&self) -> Result<u8, E> { g().await } }",
            "impl A for B { async fn f(&self) -> Result<u8, E> { \
             «::<Result<u8, E>, _>(async move { g().await }».await } }",
        );
    }

    #[test]
    fn what_is_no_future_stays() {
        check("fn f() { let x: $0u8$0 = 1; }", "");
    }
}
