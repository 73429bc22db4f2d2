//! E2: E0277 on a type itself, without any async body: the future's *output* must be `Send`
//! (`F::Output: Send` of a spawn), or a future is passed directly that promises no `Send`.
//!
//! We learn the leaf and the types around it; nothing in rustc's text says "output". Threads,
//! rayon, `spawn_blocking` and statics print the same error about things that are no futures:
//! those stay silent.

use cargo_metadata::diagnostic::DiagnosticSpan;

use super::{
    awaits_another::{is_type_parameter, trait_method},
    held::variable_name,
    reasons,
    report::{Report, primary_of, quoted},
    spans,
};
use crate::problem::{Held, Kind, Problem};

pub(super) fn output(report: &Report<'_>) -> Option<Problem> {
    report.denied()?;
    if report.code() != Some("E0277") || !concerns_a_future(report) {
        return None;
    }
    let ty = quoted(report.message()).next()?;
    let kind = if trait_method(report).is_some() {
        Kind::TraitFuture
    } else if ty.contains("Error") {
        Kind::ErrorNotSend
    } else if is_type_parameter(ty, report) {
        Kind::Generic
    } else if is_future_type(ty) || passes_future(report) {
        Kind::AwaitsNotSend
    } else {
        Kind::Other
    };
    let mut problem = report.problem(kind)?;
    problem.path.extend(trait_method(report));
    problem.held.extend(spawned_value(report));
    let is_bare_type = report.primary().and_then(spans::text_of).is_some_and(|it| is_type(&it));
    if is_bare_type {
        problem.kind = Kind::Other;
        problem.future.what = "this type".to_owned();
    } else if problem.future.what == "the future" && !is_future_type(ty) && !passes_future(report) {
        problem.future.what = "the output of this future".to_owned();
    }
    Some(problem)
}

/// The expression that was handed over, with the outermost type of the chain.
fn spawned_value(report: &Report<'_>) -> Option<Held> {
    let primary = report.primary()?;
    let text = spans::text_of(primary).filter(|text| !is_type(text))?;
    // Of a method call rustc shows the name; `complete` looks for the argument.
    let text = if spans::is_method_name(primary) { String::new() } else { text };
    let leaf = report.leaf()?.ty;
    let ty = report.type_chain().last().map_or(leaf, |ty| (*ty).to_owned());
    Some(Held {
        name: variable_name(&text).map(str::to_owned),
        text,
        why: reasons::chain(&ty, report),
        ty: Some(ty),
        send: Some(false),
        span: report.span(primary),
        in_macro: None,
        awaits: Vec::new(),
    })
}

/// Of an associated type that must be `Send` the primary span is a type.
fn is_type(text: &str) -> bool {
    text.ends_with('>') && !text.contains('(')
}

fn concerns_a_future(report: &Report<'_>) -> bool {
    // A boxed closure may be what returns the future.
    if report.children().any(|child| casts_to_future(&child.message)) {
        return true;
    }
    let silent = report.children().any(|child| {
        let message = &child.message;
        message.contains("used within this closure") || message.contains("static variables must")
    });
    if silent {
        return false;
    }
    let primary_text = report.primary().and_then(spans::text_of).unwrap_or_default();
    let ty = quoted(report.message()).next().unwrap_or_default();
    is_future_type(ty)
        || primary_text.contains("async ")
        || report.type_chain().iter().any(|ty| is_future_type(ty))
        || report.children().any(|child| bound_on_output(&child.message, primary_of(child)))
        || passes_future(report)
}

/// A boxed future, or a boxed closure that returns one.
fn casts_to_future(message: &str) -> bool {
    let casts = message.starts_with("required for the cast from `");
    casts && quoted(message).nth(1).is_some_and(|target| target.contains("Future<"))
}

/// Whether the future itself lacks the trait, and not what it returns.
fn passes_future(report: &Report<'_>) -> bool {
    report.children().any(|child| {
        casts_to_future(&child.message) || bound_on_future(&child.message, primary_of(child))
    })
}

/// `F: Future + Send`: the bound that is not met stands beside `Future`. What was passed is then a
/// future, whatever its type is called.
fn bound_on_future(message: &str, span: Option<&DiagnosticSpan>) -> bool {
    let line = span.and_then(|span| span.text.first()).filter(|_| is_bound(message));
    line.is_some_and(|line| {
        let before: String = line.text.chars().take(line.highlight_start).collect();
        let clause = before.rsplit([',', '{', '(']).next().unwrap_or_default();
        let after: String = line.text.chars().skip(line.highlight_end.saturating_sub(1)).collect();
        let rest = after.split([',', '{', ')']).next().unwrap_or_default();
        [clause, rest].iter().any(|part| part.contains("Future"))
    })
}

fn is_bound(message: &str) -> bool {
    message.starts_with("required by a bound in `")
}

fn is_future_type(ty: &str) -> bool {
    ty.contains("Future") && !ty.ends_with("::Output")
        || ty.contains("async block")
        || ty.contains("Stream<")
}

/// `F::Output: Send`, or the `T: Send` of tokio's `JoinSet<T>` and its kin.
fn bound_on_output(message: &str, span: Option<&DiagnosticSpan>) -> bool {
    if !is_bound(message) {
        return false;
    }
    let bound_in = quoted(message).next().unwrap_or_default();
    let spawns_task = ["JoinSet", "TaskTracker", "JoinMap"].iter().any(|it| bound_in.contains(it));
    let before_bound = span.and_then(|span| {
        let line = span.text.first()?;
        let taken = line.text.chars().take(line.highlight_start.saturating_sub(1));
        Some(taken.collect::<String>())
    });
    let on_output = before_bound.is_some_and(|text| {
        let clause = text.rsplit([',', '{']).next().unwrap_or_default();
        clause.contains("::Output")
    });
    (spawns_task && !bound_in.ends_with("blocking")) || on_output
}
