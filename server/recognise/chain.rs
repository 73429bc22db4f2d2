//! E1: E0277 through async bodies. rustc lost the variable: the value comes from another crate,
//! its type mentions a type parameter or is a tuple, or a block captures it by reference.
//!
//! We learn the leaf type, the types around it and every async body on the way, innermost first.
//! The variable and the await are missing; `complete` and the oracle look for them in the first
//! body.

use cargo_metadata::diagnostic::Diagnostic;

use super::{
    awaits_another::is_type_parameter,
    report::{Report, primary_of},
    spans,
};
use crate::problem::{Kind, Place, Problem};

pub(super) fn chain(report: &Report<'_>) -> Option<Problem> {
    report.denied()?;
    let mut bodies: Vec<Place> =
        report.children().filter_map(|child| body_of(report, child)).collect();
    if bodies.is_empty() {
        return None;
    }
    let future = bodies.remove(0);
    let leaf = report.leaf()?.ty;
    let is_parameter = is_type_parameter(&leaf, report);
    let kind = if is_parameter { Kind::Generic } else { Kind::HeldAcrossAwait };
    let mut problem = report.problem(kind)?;
    problem.future = future;
    bodies.reverse();
    problem.path = bodies;
    Some(problem)
}

fn body_of(report: &Report<'_>, child: &Diagnostic) -> Option<Place> {
    // "required because it's used within this `async` fn body" (1.75 and before: `async fn` body).
    let rest = child.message.strip_prefix("required because it's used within this `async")?;
    let span = primary_of(child)?;
    let what = if rest.contains("fn") {
        "async fn"
    } else if rest.contains("closure") {
        "async closure"
    } else {
        "async block"
    };
    let mut place = Place { what: what.to_owned(), span: report.span(span) };
    if let Some(krate) = spans::foreign_crate(&place.span.file) {
        place.what = format!("{what} of crate `{krate}`");
    }
    Some(place)
}
