//! H1 to H3: `implementation of .. is not general enough`, `higher-ranked lifetime error` (with
//! the next solver `higher-ranked subtype error`), `one type is more general than the other`.
//!
//! The compiler forgot lifetimes when it looked inside the coroutine. No value is guilty and
//! rustc names none; we learn the expression only. H1 and H2 also occur without any future, so
//! the expression must look like one.

use super::{report::Report, spans};
use crate::problem::{Kind, Problem};

pub(super) fn not_general(report: &Report<'_>) -> Option<Problem> {
    let message = report.message();
    let general = message.starts_with("implementation of `")
        && message.ends_with("is not general enough")
        && (message.contains("Send`") || is_async(report));
    let ranked = ["higher-ranked lifetime error", "higher-ranked subtype error"].contains(&message)
        && is_async(report);
    let mismatched = report.code() == Some("E0308")
        && report.children().any(|child| {
            child.message.contains("expected `async` block")
                && child.message.contains("found `async` block")
        })
        && report.primary().and_then(|span| span.label.as_deref())
            == Some("one type is more general than the other");
    if !(general || ranked || mismatched) {
        return None;
    }
    let mut problem = report.problem(Kind::NotGeneralEnough)?;
    problem.leaf = None;
    problem.future.what = "this future".to_owned();
    Some(problem)
}

fn is_async(report: &Report<'_>) -> bool {
    let text = report.primary().and_then(spans::text_of).unwrap_or_default();
    let spawns = ["async", "spawn", "Box::pin", ".boxed()", "Future"];
    spawns.iter().any(|word| text.contains(word))
        || report.children().any(|child| child.message.contains("async"))
}
