//! E5: a `?` that cannot convert an error because one side promises `Send + Sync` and the other
//! does not. It appears once half of a call chain has been changed.
//!
//! rustc prints up to three errors on one `?` (`Send`, `Sync` and `Sized`); the first two are
//! read, the third says nothing new. We learn the operand, its `Result` type and the `?`. Before
//! 1.85 the first line is that of any E0277 and the operand is not named; `complete` finds it.

use super::{report::Report, report::quoted, spans};
use crate::problem::{Held, Kind, Problem};

pub(super) fn question_mark(report: &Report<'_>) -> Option<Problem> {
    let primary = report.primary()?;
    let on_operator = spans::is_desugared_from(primary, "operator `?`");
    let converts = report.message().starts_with("`?` couldn't convert");
    if report.code() != Some("E0277") || !(converts || on_operator) {
        return None;
    }
    let denied = primary.label.as_deref().and_then(super::report::denied_trait)?;
    let mut problem = report.problem(Kind::ErrorNotSend)?;
    problem.auto_trait = denied;
    problem.future.what = "the error that `?` converts".to_owned();
    let operand = report.diagnostic.spans.iter().find(|span| {
        span.label.as_deref().is_some_and(|label| label.contains("because it has type"))
    });
    if let Some(operand) = operand {
        let ty = operand.label.as_deref().and_then(|label| quoted(label).nth(1));
        problem.held = vec![Held {
            name: None,
            text: spans::text_of(operand).unwrap_or_default(),
            ty: ty.map(str::to_owned),
            send: Some(false),
            span: report.span(operand),
            in_macro: None,
            awaits: Vec::new(),
            why: super::reasons::chain(ty.unwrap_or_default(), report),
        }];
    }
    Some(problem)
}
