//! What to say where no value is guilty: what happened, and the known ways out.

use crate::problem::{Kind, Problem};

/// Short sentences for problems without a value that crosses an await; empty for the others,
/// whose values speak.
pub fn advice(problem: &Problem) -> Vec<String> {
    if problem.held.iter().any(|held| !held.awaits.is_empty()) {
        return Vec::new();
    }
    let sentences: &[&str] = match problem.kind {
        Kind::NotGeneralEnough => &[
            "No value is at fault here: when the compiler looks into the future it forgets how \
             lifetimes relate, and then cannot prove what it needs for all of them.",
            "Usually a closure that takes or returns references is alive across an `.await`, \
             often inside an iterator or a stream.",
            "Known ways out: `flat_map` instead of `map(..).flatten()`, `collect()` before the \
             loop, items that are owned instead of borrowed, or a boxed future \
             (`Pin<Box<dyn Future<Output = T> + Send>>`) as the function's return type.",
        ],
        Kind::Other if is_recursive(problem) => &[
            "To decide whether this future is `Send` the compiler needs its type, which is what \
             it is just computing: the function spawns or boxes itself.",
            "Known way out: `fn name(..) -> impl Future<Output = T> + Send { async move { .. } }` \
             states `Send` in the signature, so nothing has to be computed.",
        ],
        Kind::ErrorNotSend if problem.future.what.contains("`?`") => &[
            "A boxed error without `Send + Sync` cannot become one with them: what is inside could \
             be anything.",
            "Known ways out: the same bounds in the function that is called, or only the error's \
             text, by `.map_err(|error| error.to_string())?`.",
        ],
        Kind::Other | Kind::ErrorNotSend if is_output(problem) => {
            &["What the future returns is sent back to whoever awaits the task, so its type must \
             be `Send`, too."]
        }
        Kind::TraitFuture => {
            &["An `async fn` in a trait promises nothing about its future; each implementation \
             could hold something that is not `Send`."]
        }
        Kind::Captured | Kind::ReferenceNotSync => {
            &["It belongs to the future from the start, so nothing that the body does with it \
             helps: what goes in must be another type, or be made inside."]
        }
        Kind::Handler => &[
            "Handlers run on any thread, so their futures must be `Send`; the trait's error says \
             so in no word.",
        ],
        _ => &[],
    };
    sentences.iter().map(|&sentence| sentence.to_owned()).collect()
}

/// A task's result: its value is no variable of the body.
fn is_output(problem: &Problem) -> bool {
    let returns = problem.held.first().is_some_and(|held| held.awaits.is_empty());
    problem.future.what.contains("output") || returns && problem.kind == Kind::ErrorNotSend
}

fn is_recursive(problem: &Problem) -> bool {
    problem.compiler_message.contains("cannot satisfy")
        || problem.compiler_message.contains("hidden type")
        || problem.compiler_message.contains("cycle detected")
}
