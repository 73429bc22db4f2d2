//! F1: a value is alive across an `.await` (and C1, the same across a `yield`).
//!
//! rustc prints a note `future is not `Send` as this value is used across an await` with two
//! spans: the await (primary) and the value, labelled with its type. We learn variable, type and
//! one await. The other awaits, other values with the same leaf and the async fns between the
//! demand and the value are missing.
//!
//! C2: nightly lets people declare auto traits of their own; `future does not implement `Qux` as
//! this value is used across an await` is the same picture, but none of `Send`.

use cargo_metadata::diagnostic::{Diagnostic, DiagnosticSpan};

use super::{
    reasons,
    report::{Report, auto_trait, primary_of, quoted},
    spans,
};
use crate::problem::{Await, Held, Kind, Problem};

pub(super) fn held(report: &Report<'_>) -> Option<Problem> {
    let held: Vec<Held> = interior_notes(report).filter_map(|note| held_in(report, note)).collect();
    if held.is_empty() {
        return None;
    }
    let other_trait = interior_notes(report).all(|note| denies_other_trait(&note.message));
    let kind = if other_trait { Kind::Other } else { Kind::HeldAcrossAwait };
    let mut problem = report.problem(kind)?;
    problem.held = merge_same_value(held);
    if other_trait {
        problem.held.iter_mut().for_each(|held| held.send = None);
    }
    Some(problem)
}

/// rustc prints one such note; `clippy::future_not_send` one for each leaf.
fn interior_notes<'a>(report: &Report<'a>) -> impl Iterator<Item = &'a Diagnostic> {
    report.children().filter(|child| {
        let message = &child.message;
        message.ends_with("as this value is used across an await")
            || message.ends_with("as this value is used across a yield")
    })
}

fn denies_other_trait(note: &str) -> bool {
    note.contains("does not implement") && quoted(note).next().and_then(auto_trait).is_none()
}

fn held_in(report: &Report<'_>, note: &Diagnostic) -> Option<Held> {
    let value = note.spans.iter().find(|span| !span.is_primary)?;
    let await_span = primary_of(note)?;
    let mut held = value_at(report, value)?;
    held.awaits = vec![Await { span: report.span(await_span), reported: true }];
    Some(held)
}

/// The value under a span labelled "has type `T` which is not `Send`[, because `U` is not ..]".
pub(super) fn value_at(report: &Report<'_>, value: &DiagnosticSpan) -> Option<Held> {
    let label = value.label.as_deref()?;
    let mut names = quoted(label);
    let ty = names.next()?.to_owned();
    let macro_call = spans::foreign_macro_call(value, report.root);
    let text = spans::text_of(macro_call.unwrap_or(value)).unwrap_or_default();
    // Of `for x in items` the iterator is kept: `items` is not its name.
    let is_iterator = spans::is_desugared_from(value, "`for` loop");
    let name = variable_name(&text).filter(|_| !is_iterator).map(str::to_owned);
    let why = reasons::chain(&ty, report);
    let span = report.span(value);
    Some(Held {
        name,
        text,
        ty: Some(ty),
        send: Some(false),
        span,
        in_macro: spans::in_macro(value, report.root),
        awaits: Vec::new(),
        why,
    })
}

fn merge_same_value(held: Vec<Held>) -> Vec<Held> {
    let mut merged: Vec<Held> = Vec::new();
    for value in held {
        match merged.iter_mut().find(|known| known.span == value.span) {
            Some(known) => {
                known.awaits.extend(value.awaits);
                known.awaits.dedup();
                known.why.extend(value.why);
            }
            None => merged.push(value),
        }
    }
    merged
}

/// The variable that a binding pattern declares: `mut x`, `ref a`, `&'a mut self`, `r#type`.
/// `None` for expressions, `_` and macro variables (`$n`).
pub(crate) fn variable_name(text: &str) -> Option<&str> {
    let mut rest = text.trim();
    if let Some(receiver) = rest.strip_prefix('&') {
        let receiver = receiver.trim_start();
        rest = match receiver.strip_prefix('\'') {
            Some(lifetime) => lifetime.split_once(' ')?.1,
            None => receiver,
        };
        // Any other reference is an expression.
        if rest.split_whitespace().next_back() != Some("self") {
            return None;
        }
    }
    for keyword in ["ref ", "mut "] {
        rest = rest.strip_prefix(keyword).map_or(rest, str::trim_start);
    }
    let name = rest.strip_prefix("r#").unwrap_or(rest);
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
    let continues = chars.all(|c| c == '_' || c.is_alphanumeric());
    (starts && continues && name != "_").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_patterns() {
        for (text, name) in [
            ("guard", Some("guard")),
            ("mut guard", Some("guard")),
            ("ref mut a", Some("a")),
            ("&self", Some("self")),
            ("&'a mut self", Some("self")),
            ("r#type", Some("type")),
            ("żółw", Some("żółw")),
            ("_", None),
            ("$n", None),
            ("m.lock().unwrap()", None),
            ("items.iter()", None),
            ("&'static", None),
            ("&hooks", None),
            ("&mut *self", None),
        ] {
            assert_eq!(variable_name(text), name, "{text}");
        }
    }
}
