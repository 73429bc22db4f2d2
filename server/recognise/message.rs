//! The one sentence that says what went wrong, in our words.

use super::report::denied_trait;
use crate::problem::{Held, Kind, Problem};

/// The message of a problem: what, where, why; no advice.
pub(super) fn message(problem: &Problem) -> String {
    let trait_name = problem.auto_trait.name();
    let future = &problem.future.what;
    let Some(held) = problem.held.first() else {
        return without_value(problem);
    };
    let subject = subject(held);
    match problem.kind {
        Kind::HeldAcrossAwait | Kind::LockLint => {
            format!("{subject} is held across an `.await`{}", but(problem))
        }
        Kind::Captured | Kind::ReferenceNotSync => {
            format!("{subject} is part of the future{}", but(problem))
        }
        Kind::Generic => {
            let ty = held.ty.as_ref().map_or("its type".to_owned(), |ty| format!("`{ty}`"));
            let leaf = leaf(problem, &ty);
            let verb = if is_awaited(held) { "is awaited" } else { "is part of the future" };
            format!("{subject} {verb}, but nothing says that {leaf} is `{trait_name}`")
        }
        Kind::AwaitsNotSend | Kind::TraitFuture if is_awaited(held) => {
            format!("{subject} is awaited{}", but(problem))
        }
        Kind::AwaitsNotSend | Kind::TraitFuture => format!("{subject} is not `{trait_name}`"),
        Kind::ErrorNotSend if future.contains("`?`") => {
            let leaf = leaf(problem, "the error");
            format!("`?` cannot convert this error, because {leaf} is not `{trait_name}`")
        }
        Kind::ErrorNotSend => format!(
            "{} may not leave this thread: it is not `{trait_name}`",
            leaf(problem, "the error")
        ),
        Kind::Handler if held.ty.as_deref().is_some_and(|ty| ty.starts_with("impl ")) => {
            format!("{subject} is awaited, so the handler's future is not `{trait_name}`")
        }
        Kind::Handler => format!(
            "{subject} is held across an `.await`, so the handler's future is not `{trait_name}`"
        ),
        // What was handed over is the future; the value that lacks the trait comes out of it.
        Kind::Other if future.starts_with("async ") && held.send == Some(false) => {
            format!("the output of this {future} is not `Send`")
        }
        Kind::NotGeneralEnough | Kind::Other => without_value(problem),
    }
}

fn is_awaited(held: &Held) -> bool {
    !held.awaits.is_empty()
}

fn without_value(problem: &Problem) -> String {
    let trait_name = problem.auto_trait.name();
    let future = &problem.future.what;
    match problem.kind {
        Kind::HeldAcrossAwait | Kind::LockLint => {
            format!("{future} keeps {}, which is not `{trait_name}`", leaf(problem, "a value"))
        }
        Kind::Captured | Kind::ReferenceNotSync => {
            format!("{future} captures a value that is not `{trait_name}`")
        }
        Kind::AwaitsNotSend | Kind::TraitFuture | Kind::Generic | Kind::ErrorNotSend => {
            format!("{} is not `{trait_name}`", leaf(problem, "the future"))
        }
        Kind::Handler => format!("{future} is no handler: its future may not be `{trait_name}`"),
        Kind::NotGeneralEnough => {
            "the compiler cannot prove that this future is `Send` for every lifetime".to_owned()
        }
        Kind::Other if future.contains("recursive") => {
            format!("the compiler cannot tell whether {future} is `{trait_name}`")
        }
        // Another auto trait: only the compiler's words name it.
        Kind::Other if denied_trait(&problem.compiler_message).is_none() => {
            problem.compiler_message.clone()
        }
        Kind::Other => format!("{future} is not `{trait_name}`"),
    }
}

fn subject(held: &Held) -> String {
    let label = held.label();
    let what = match (label.is_empty(), held.macro_name()) {
        (true, _) => "a value".to_owned(),
        (false, Some(_)) => format!("a value inside `{label}`"),
        (false, None) => format!("`{label}`"),
    };
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
