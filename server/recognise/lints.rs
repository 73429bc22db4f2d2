//! L1, L2, L6: lints about guards held across await points: `clippy::await_holding_lock`,
//! `clippy::await_holding_refcell_ref`, `clippy::await_holding_invalid_type` and rustc's
//! unstable `must_not_suspend`.
//!
//! clippy names the binding (primary) and, in a note, every await; no type for locks, no await
//! for invalid types. `clippy::future_not_send` prints F1 and is read by `held`; where it names no
//! value (F4: tuples, other crates), we learn the fn and the type at fault.

use cargo_metadata::diagnostic::DiagnosticSpan;

use super::{
    held::variable_name,
    report::{Report, quoted},
    spans,
};
use crate::problem::{Await, Held, Kind, Problem};

/// The lint that finds futures that are not `Send` where nobody demands it.
pub(super) const FUTURE_NOT_SEND: &str = "clippy::future_not_send";

/// F4, tried last: what the other shapes do not read.
pub(super) fn future_not_send(report: &Report<'_>) -> Option<Problem> {
    if report.code() != Some(FUTURE_NOT_SEND) {
        return None;
    }
    let mut problem = report.problem(Kind::HeldAcrossAwait)?;
    if problem.future.what == "the future" {
        problem.future.what = "async fn".to_owned();
    }
    Some(problem)
}

pub(super) fn lints(report: &Report<'_>) -> Option<Problem> {
    let lint = report.code()?;
    let known = [
        "clippy::await_holding_lock",
        "clippy::await_holding_refcell_ref",
        "clippy::await_holding_invalid_type",
        "must_not_suspend",
    ];
    if !known.contains(&lint) {
        return None;
    }
    let binding = report.primary()?;
    let text = spans::text_of(binding).unwrap_or_default();
    let mut awaits: Vec<Await> =
        await_spans(report).map(|span| Await { span: report.span(span), reported: true }).collect();
    awaits.dedup();
    let ty = match lint {
        "clippy::await_holding_invalid_type" | "must_not_suspend" => {
            quoted(report.message()).last().map(str::to_owned)
        }
        _ => None,
    };
    let mut problem = report.problem(Kind::LockLint)?;
    problem.lint = Some(lint.to_owned());
    problem.demand = None;
    problem.leaf = ty.clone();
    problem.held = vec![Held {
        name: variable_name(&text).map(str::to_owned),
        text,
        ty,
        send: None,
        span: report.span(binding),
        in_macro: None,
        awaits,
        why: reason(lint),
    }];
    Some(problem)
}

fn await_spans<'a>(report: &Report<'a>) -> impl Iterator<Item = &'a DiagnosticSpan> {
    let in_notes = report
        .children()
        .filter(|child| child.message.contains("await points"))
        .flat_map(|child| child.spans.iter());
    let beside =
        report.diagnostic.spans.iter().filter(|span| {
            span.label.as_deref().is_some_and(|label| label.contains("suspend point"))
        });
    in_notes.chain(beside)
}

fn reason(lint: &str) -> Vec<String> {
    let why = match lint {
        "clippy::await_holding_lock" => {
            "while the task sleeps at the `.await`, every other task that wants this lock blocks \
             its thread: the program can deadlock"
        }
        "clippy::await_holding_refcell_ref" => {
            "while the task sleeps at the `.await`, any other borrow of the `RefCell` panics"
        }
        _ => "this type is not meant to be held across an `.await`",
    };
    vec![why.to_owned()]
}
