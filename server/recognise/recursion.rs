//! R1: a recursive async fn that spawns or boxes itself: `type annotations needed: cannot
//! satisfy `impl Future<Output = ()>: Send``, or, for two fns that call each other, `cannot check
//! whether the hidden type of opaque type satisfies auto traits` (rustc 1.95) or `cycle detected
//! when computing type of opaque `a::{opaque#0}`` (1.97).

use super::report::Report;
use crate::problem::{Kind, Problem};

pub(super) fn recursion(report: &Report<'_>) -> Option<Problem> {
    let message = report.message();
    let itself = report.code() == Some("E0283")
        && message.contains("cannot satisfy `impl ")
        && (message.ends_with(": Send`") || message.ends_with("::Send`"));
    let mutual = message.starts_with("cannot check whether the hidden type of")
        && message.ends_with("satisfies auto traits");
    let cycle = report.code() == Some("E0391")
        && report.children().any(|child| {
            child.message.contains("trait selection obligation")
                && child.message.contains("opaque")
                && child.message.contains("::Send`")
        });
    if !(itself || mutual || cycle) {
        return None;
    }
    let mut problem = report.problem(Kind::Other)?;
    problem.leaf = None;
    problem.future.what = "this recursive future".to_owned();
    Some(problem)
}
