//! F2: the coroutine awaits a future that is not `Send` and whose inside rustc does not show:
//! a boxed `dyn Future`, an opaque type, a type parameter, the future of a trait's `async fn`.
//!
//! The note has one span, the awaited operand without `.await`, labelled with its type. No
//! variable is named: the future itself is the value that is kept.

use cargo_metadata::diagnostic::Diagnostic;

use super::{
    reasons,
    report::{Report, primary_of, quoted},
    spans,
};
use crate::problem::{Await, Held, Kind, Place, Problem};

pub(super) fn awaits_another(report: &Report<'_>) -> Option<Problem> {
    let note = report
        .children()
        .find(|child| child.message.contains("as it awaits another future which is not"))?;
    let operand = primary_of(note)?;
    let ty = quoted(operand.label.as_deref()?).next()?.to_owned();
    let span = report.span(operand);
    let mut problem = report.problem(kind(report, &ty))?;
    problem.held = vec![Held {
        name: None,
        text: spans::text_of(operand).unwrap_or_default(),
        why: reasons::chain(&ty, report),
        ty: Some(ty),
        send: Some(false),
        in_macro: None,
        awaits: vec![Await { span: span.clone(), reported: true }],
        span,
    }];
    if let Some(method) = trait_method(report) {
        problem.path.push(method);
    }
    Some(problem)
}

fn kind(report: &Report<'_>, ty: &str) -> Kind {
    if trait_method(report).is_some() {
        Kind::TraitFuture
    } else if is_type_parameter(ty, report) {
        Kind::Generic
    } else {
        Kind::AwaitsNotSend
    }
}

/// The trait's `async fn` whose future promises nothing, from rustc's suggestion (a trait of
/// this crate) or note (a foreign trait).
pub(super) fn trait_method(report: &Report<'_>) -> Option<Place> {
    report.children().find_map(|child| {
        let message = &child.message;
        let suggested = message.contains("can be made part of the associated future's guarantees");
        let foreign = message.contains("is an `async fn` in trait");
        let name = match (suggested, foreign) {
            (true, _) => quoted(message).nth(1)?,
            (_, true) => quoted(message).next()?,
            _ => return None,
        };
        Some(method_place(report, child, name))?
    })
}

fn method_place(report: &Report<'_>, child: &Diagnostic, name: &str) -> Option<Place> {
    let span = report.span(primary_of(child)?);
    Some(Place { what: format!("trait method `{name}`"), span })
}

/// Whether rustc takes the type for a parameter: it then suggests a bound for it. Before 1.83 the
/// suggestion does not name the parameter ("consider further restricting this bound").
pub(super) fn is_type_parameter(ty: &str, report: &Report<'_>) -> bool {
    let plain = ty.chars().all(|c| c.is_alphanumeric() || c == '_');
    let restricts = |message: &str| {
        message.starts_with("consider")
            && message.contains("restricting")
            && (ty.starts_with("impl ")
                || quoted(message).any(|name| name == ty)
                || message.ends_with("restricting this bound") && plain
                || message.ends_with("the associated type") && ty.starts_with('<'))
    };
    report.children().any(|child| restricts(&child.message))
}
