//! Where a user points who means an await or a demand: rustc marks the word `await` and the
//! argument, but the cursor stands on `send(job)` before the one, or on `tokio::spawn` before the
//! other.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, AstToken, Edition, NodeOrToken, SourceFile, SyntaxElement, SyntaxNode, TextRange,
    TextSize,
    ast::{self, HasArgList},
};

use crate::{
    problem::{Position, Span},
    syntax,
    text::Lines,
};

/// One text and its tree.
#[derive(Debug)]
pub struct Spots {
    tree: SyntaxNode,
    lines: Lines,
}

impl Spots {
    /// Reads a text; `None` when it is nested too deeply.
    pub fn new(text: &str) -> Option<Self> {
        if syntax::too_deep(text) {
            return None;
        }
        let tree = SourceFile::parse(text, Edition::CURRENT).tree().syntax().clone();
        Some(Self { tree, lines: Lines::new(text) })
    }

    /// The lines of the text.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The smallest piece of the tree that covers a span.
    pub fn element(&self, span: &Span) -> Option<SyntaxElement> {
        let range = self.inside(self.lines.range(span)?)?;
        Some(self.tree.covering_element(range))
    }

    /// The name that a place touches.
    pub fn name_at(&self, position: Position) -> Option<String> {
        let offset = self.lines.offset(position)?;
        let mut touched = self.tree.token_at_offset(offset);
        let name = touched.find_map(ast::Ident::cast)?;
        Some(name.text().trim_start_matches("r#").to_owned())
    }

    /// The await expression around the word `await`, as far as it stands on the word's line.
    pub fn of_await(&self, word: &Span) -> Option<Span> {
        let range = self.lines.range(word)?;
        let mut around = self.element(word)?.ancestors().filter_map(ast::AwaitExpr::cast);
        let is_it = |it: &ast::AwaitExpr| {
            let token = it.await_token().map(|token| token.text_range());
            token.is_some_and(|token| token.intersect(range).is_some())
        };
        let expr = around.find(is_it)?.syntax().text_range();
        let line = self.lines.position(range.start()).line;
        let elements = self.tree.descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let on_line = elements
            .filter(|token| !token.kind().is_trivia() && expr.contains_range(token.text_range()))
            .find(|token| self.lines.position(token.text_range().start()).line == line)?;
        let range = TextRange::new(on_line.text_range().start(), range.end());
        Some(self.lines.span(&word.file, range))
    }

    /// What is called with the argument under a span, up to the parenthesis: `tokio::spawn(`, or
    /// `spawn(` of a method. Also where the span is the callee or the whole call.
    pub fn of_demand(&self, span: &Span) -> Option<Span> {
        let range = self.lines.range(span)?;
        let around: Vec<SyntaxNode> = self.element(span)?.ancestors().collect();
        // An argument is often a call itself.
        let find = |whole| around.iter().find_map(|node| self.head(node, range, whole, &span.file));
        find(false).or_else(|| find(true))
    }

    fn head(
        &self,
        node: &SyntaxNode,
        range: TextRange,
        whole: bool,
        file: &Utf8Path,
    ) -> Option<Span> {
        let (start, list) = if let Some(call) = ast::CallExpr::cast(node.clone()) {
            (call.expr()?.syntax().text_range().start(), call.arg_list()?)
        } else {
            let call = ast::MethodCallExpr::cast(node.clone())?;
            (call.name_ref()?.syntax().text_range().start(), call.arg_list()?)
        };
        let parenthesis = list.syntax().text_range().start() + TextSize::of('(');
        let is_argument = list.args().any(|arg| arg.syntax().text_range() == range);
        let is_call = whole && node.text_range() == range;
        let head = TextRange::new(start, parenthesis);
        (is_argument || is_call || head.contains_range(range)).then(|| self.lines.span(file, head))
    }

    /// The tree panics on what lies outside.
    fn inside(&self, range: TextRange) -> Option<TextRange> {
        self.tree.text_range().contains_range(range).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `needle` in `text`, and what is said of it.
    #[track_caller]
    fn check(of: fn(&Spots, &Span) -> Option<Span>, text: &str, needle: &str, want: Option<&str>) {
        let spots = Spots::new(text).unwrap();
        let at = TextSize::new(u32::try_from(text.find(needle).unwrap()).unwrap());
        let span = spots.lines.span("a.rs".into(), TextRange::at(at, TextSize::of(needle)));
        let got = of(&spots, &span);
        let got = got
            .map(|span| &text[std::ops::Range::<usize>::from(spots.lines.range(&span).unwrap())]);
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn an_await_is_its_whole_expression() {
        let of = Spots::of_await;
        let text = "async fn żółw() { let x = pchła(1).await; }";
        check(of, text, "await", Some("pchła(1).await"));
        let text = "async fn f() {\n    a(|| {\n        b\n    })\n    .c().await\n}";
        check(of, text, "await", Some(".c().await"));
    }

    #[test]
    fn what_is_no_await_has_no_expression() {
        check(Spots::of_await, "async fn f() { select! { _ = g().await => {} } }", "await", None);
        check(Spots::of_await, "fn await_() { g() }", "await", None);
    }

    #[test]
    fn a_demand_is_the_callee() {
        let of = Spots::of_demand;
        let text = "fn f() { tokio::spawn(żółw(1)); set.spawn(async { g() }); }";
        check(of, text, "żółw(1)", Some("tokio::spawn("));
        check(of, text, "tokio::spawn(żółw(1))", Some("tokio::spawn("));
        check(of, text, "tokio::spawn", Some("tokio::spawn("));
        check(of, text, "async { g() }", Some("spawn("));
        let text = "fn f() {\n    tokio::spawn(\n        g(1),\n    );\n}";
        check(of, text, "g(1)", Some("tokio::spawn("));
    }

    #[test]
    fn a_demand_without_a_call_has_none() {
        let text = "fn f() -> Box<dyn Send> { Box::new(async { g(x) }) as Box<dyn Send> }";
        check(Spots::of_demand, text, "Box<dyn Send>", None);
        check(Spots::of_demand, text, "x", None);
    }

    #[test]
    fn a_name_is_found_at_both_its_ends() {
        let spots = Spots::new("fn f() { żółw.r#in() }").unwrap();
        let name = |column| spots.name_at(Position { line: 1, column });
        for (column, want) in [(10, "żółw"), (14, "żółw"), (15, "in"), (19, "in")] {
            assert_eq!(name(column).as_deref(), Some(want), "{column}");
        }
        assert_eq!((name(7), name(99)), (None, None));
    }

    #[test]
    fn places_of_another_text_are_none() {
        let spots = Spots::new("fn f() {}").unwrap();
        let [start, end] = [(1, 3), (9, 9)].map(|(line, column)| Position { line, column });
        let span = Span { file: "a.rs".into(), start, end };
        assert_eq!((spots.of_await(&span), spots.of_demand(&span)), (None, None));
    }
}
