//! Fix: `#[axum::debug_handler]` on a handler of which the compiler says nothing more.
//!
//! ```text
//! async fn show(..) -> String             #[axum::debug_handler]
//!                                         async fn show(..) -> String
//! ```
//!
//! No repair but a question: the next check then says what is wrong. So it cannot be verified, is
//! never chosen without the user, and is offered only where asking the compiler closer found no
//! value. Needs axum's `macros` feature.

use ra_ap_syntax::{AstNode, SyntaxKind, TextRange, ast::HasAttrs};

use super::{Draft, FixContext, Reach};
use crate::{
    problem::{Edit, Kind},
    recognise::handler_fn,
    text::Lines,
};

/// Drafts `add_debug_handler`.
pub(super) fn add_debug_handler(context: &FixContext<'_>) -> Option<Draft> {
    let problem = context.problem;
    if problem.kind != Kind::Handler || !problem.held.is_empty() {
        return None;
    }
    let name = problem.future.what.strip_prefix("async fn `")?.strip_suffix('`')?;
    let (file, text, func) = handler_fn(problem, name, context.sources, context.edition())?;
    let is_method = func.param_list()?.self_param().is_some();
    if is_method || func.attrs().any(|it| it.syntax().text().to_string().contains("handler")) {
        return None;
    }
    let own =
        |it: &ra_ap_syntax::SyntaxElement| !it.kind().is_trivia() && it.kind() != SyntaxKind::ATTR;
    let start = func.syntax().children_with_tokens().find(own)?.text_range().start();
    let before = text.get(..usize::from(start))?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let indent = before.get(line..).filter(|it| it.trim().is_empty()).unwrap_or_default();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let span = Lines::new(text).span(file, TextRange::empty(start));
    let new_text = format!("#[axum::debug_handler]{newline}{indent}");
    Some(Draft {
        id: "add_debug_handler",
        title: format!("Add `#[axum::debug_handler]` to `{name}` to learn more"),
        note: Some("Needs axum's `macros` feature; the next check then names the cause.".into()),
        variants: vec![vec![Edit { span, new_text }]],
        reach: Reach::Workspace,
        repairs: &[],
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        fixes::tests::variants_of,
        problem::{Kind, Problem},
    };

    fn first(marked: &str) -> Option<String> {
        let handler = |it: &mut Problem| {
            it.kind = Kind::Handler;
            it.held.clear();
            it.future.what = "async fn `größe`".to_owned();
        };
        Some(variants_of("add_debug_handler", marked, "T", handler)?.swap_remove(0))
    }

    #[test]
    fn above_the_fn() {
        let text = first(
            "mod a {\n    /// Say.\n    pub async fn größe() {}\n}\nfn r() { get($0a::größe$0) }",
        );
        let expected = "mod a {\n    /// Say.\n    #[axum::debug_handler]\n    pub async fn größe() {}\n}\nfn r() { get(a::größe) }";
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn declines_where_it_is_there_or_cannot_be() {
        for code in [
            "#[debug_handler] async fn größe() {} fn r() { get($0größe$0) }",
            "impl A { async fn größe(&self) {} } fn r() { get($0größe$0) }",
            "fn r() { get($0größe$0) }",
        ] {
            assert_eq!(first(code), None, "{code}");
        }
    }
}
