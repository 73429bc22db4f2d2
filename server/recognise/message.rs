//! The one sentence that says what went wrong, in our words.

use crate::problem::{Held, Kind, Problem};

/// The message of a problem: what, where, why; no advice.
pub(super) fn message(problem: &Problem) -> String {
    let trait_name = problem.auto_trait.name();
    let held = problem.held.first();
    match problem.kind {
        Kind::HeldAcrossAwait | Kind::LockLint => match held {
            Some(held) => format!("{} is held across an `.await`{}", subject(held), but(problem)),
            None => format!(
                "{} keeps {} across an `.await`, which is not `{trait_name}`",
                problem.future.what,
                leaf(problem, "a value"),
            ),
        },
        Kind::Captured | Kind::ReferenceNotSync => match held {
            Some(held) => format!("{} is part of the future{}", subject(held), but(problem)),
            None => format!("{} captures a value that is not `{trait_name}`", problem.future.what),
        },
        Kind::AwaitsNotSend | Kind::TraitFuture | Kind::Generic => match held {
            Some(held) => format!("{} is awaited{}", subject(held), but(problem)),
            None => format!("{} is not `{trait_name}`", leaf(problem, "the future")),
        },
        Kind::ErrorNotSend => {
            format!(
                "{} may not leave this thread: it is not `{trait_name}`",
                leaf(problem, "the error")
            )
        }
        Kind::Handler => {
            format!("{} is no handler: its future may not be `Send`", problem.future.what)
        }
        Kind::NotGeneralEnough => {
            "the compiler cannot prove that this future is `Send` for every lifetime".to_owned()
        }
        Kind::Other => format!("{} is not `{trait_name}`", problem.future.what),
    }
}

fn subject(held: &Held) -> String {
    let name = held.name.as_deref().unwrap_or_else(|| held.text.lines().next().unwrap_or_default());
    let what = if name.is_empty() { "a value".to_owned() } else { format!("`{name}`") };
    match &held.ty {
        Some(ty) => format!("{what} of type `{ty}`"),
        None => what,
    }
}

fn but(problem: &Problem) -> String {
    match problem.held.first().and_then(|held| held.send) {
        Some(false) => format!(" but is not `{}`", problem.auto_trait.name()),
        _ => String::new(),
    }
}

fn leaf(problem: &Problem, otherwise: &str) -> String {
    problem.leaf.as_ref().map_or_else(|| otherwise.to_owned(), |leaf| format!("`{leaf}`"))
}
