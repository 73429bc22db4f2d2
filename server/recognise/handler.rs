//! A1: `the trait bound `fn(..) -> impl Future<..> {name}: Handler<_, _>` is not satisfied`.
//!
//! axum's handler and middleware traits hide the cause: wrong extractor order and a return type
//! that is no response print the very same words. We learn the fn's name only, so the problem is
//! tentative: the oracle demands `Send` of that fn and drops the problem when it is `Send`.

use super::report::Report;
use crate::problem::{Kind, Problem};

pub(super) fn handler(report: &Report<'_>) -> Option<Problem> {
    let message = report.message();
    if report.code() != Some("E0277")
        || !message.starts_with("the trait bound `")
        || !(message.contains(": Handler<") || message.contains("FromFn<"))
        || !report.children().any(|child| child.message.contains("debug_handler"))
            && !message.contains("FromFn<")
    {
        return None;
    }
    let mut problem = report.problem(Kind::Handler)?;
    if let Some(name) = fn_item(message) {
        problem.future.what = format!("async fn `{name}`");
    }
    problem.leaf = None;
    // The two forms of a target print paths more or less fully, and speak of the same handler.
    problem.compiler_message = without_paths(message);
    Some(problem)
}

/// `Path<u32>` for `axum::extract::Path<u32>`.
fn without_paths(message: &str) -> String {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find("::") {
        let (before, after) = (rest.get(..at).unwrap_or(rest), rest.get(at + 2..).unwrap_or(""));
        let is_path = after.starts_with(is_word);
        let kept = if is_path { before.trim_end_matches(is_word) } else { before };
        out.push_str(kept);
        if !is_path {
            out.push_str("::");
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The name in braces of a fn item type: `fn() -> impl Future {holds_guard}`.
pub(super) fn fn_item(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(" {")?;
    let (name, _) = rest.split_once('}')?;
    // The arguments of a generic fn: `show::<Memory>`.
    let plain = name.split("::<").next().unwrap_or(name);
    (!name.contains('@')).then(|| plain.rsplit("::").next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_both_forms_are_equal() {
        let plain = "`fn(Path<Größe>) -> impl Future<Output = u8> {show::<R>}: Handler<_, _>`";
        let full = "`fn(axum::extract::Path<a::Größe>) -> impl std::future::Future<Output = u8> \
                    {api::show::<b::R>}: Handler<_, _>`";
        assert_eq!(without_paths(full), plain);
        assert_eq!(without_paths(plain), plain);
    }

    #[test]
    fn names_of_fn_items() {
        let message = "the trait bound `fn(Path<String>, State<App>) -> ... {with_path}: \
                       Handler<_, _>` is not satisfied";
        assert_eq!(fn_item(message), Some("with_path"));
        let generic = "the trait bound `fn(u8) -> impl Future {api::größe::<db::Memory, u8>}: \
                       Handler<_, _>` is not satisfied";
        assert_eq!(fn_item(generic), Some("größe"));
        assert_eq!(fn_item("`{closure@a.rs:1:2: 3:4}: Handler<((),), App>`"), None);
    }
}
