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
    Some(problem)
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
