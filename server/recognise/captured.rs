//! F3: the coroutine captures a value, or takes it as a parameter.
//!
//! The note `captured value is not `Send`` has one span: the first use of the variable inside
//! the block (not its declaration), or the parameter of an async fn. For references the label
//! names the referent and the trait that it lacks: `Sync` behind `&`, `Send` behind `&mut`. There is no await: the value is part of the
//! future from the start, so nothing inside the body can help.

use super::{
    held::value_at,
    report::{Report, primary_of},
};
use crate::problem::{Kind, Problem};

pub(super) fn captured(report: &Report<'_>) -> Option<Problem> {
    let mut held = Vec::new();
    let mut through_reference = false;
    for child in report.children().filter(|child| child.message.starts_with("captured value")) {
        through_reference |= child.message.contains("because `&` references");
        held.extend(primary_of(child).and_then(|span| value_at(report, span)));
    }
    if held.is_empty() {
        return None;
    }
    let kind = if through_reference { Kind::ReferenceNotSync } else { Kind::Captured };
    let mut problem = report.problem(kind)?;
    problem.held = held;
    Some(problem)
}
