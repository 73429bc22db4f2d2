//! One value, several reasons: rustc reports a value again for each type inside it that is not
//! `Send`. Where all of them lie inside a type of another crate, nobody can mend one without the
//! others, so the user sees one problem.

use std::collections::HashSet;

use crate::{
    problem::{Held, Problem},
    sources::Sources,
};

/// Drops what repeats an earlier problem for another type inside the same foreign value.
pub(super) fn merge(problems: &mut Vec<Problem>, sources: &Sources) {
    let may_repeat = problems.iter().enumerate();
    let mut may_repeat = may_repeat.filter(|(n, it)| repeats(&problems[..*n], it));
    if may_repeat.next().is_none() {
        return;
    }
    let ours = declared(sources);
    let mut kept: Vec<Problem> = Vec::new();
    for problem in problems.drain(..) {
        if !(repeats(&kept, &problem) && problem.held.iter().all(|it| is_foreign(it, &ours))) {
            kept.push(problem);
        }
    }
    *problems = kept;
}

/// Whether an earlier problem is the same but for the reason.
fn repeats(earlier: &[Problem], problem: &Problem) -> bool {
    let values = |it: &Problem| -> Vec<_> {
        it.held.iter().map(|held| (held.span.clone(), held.ty.clone())).collect()
    };
    let inside = |it: &Problem| match (&it.leaf, it.held.first().and_then(|it| it.ty.as_deref())) {
        (Some(leaf), Some(ty)) => !ty.contains(leaf.split('<').next().unwrap_or(leaf)),
        _ => false,
    };
    inside(problem)
        && earlier.iter().any(|it| {
            inside(it)
                && it.unit == problem.unit
                && it.kind == problem.kind
                && it.reported_at == problem.reported_at
                && it.future.span == problem.future.span
                && values(it) == values(problem)
        })
}

/// Whether no word of a value's type is declared in the workspace. Closures and futures are the
/// workspace's own, whatever they are called.
fn is_foreign(held: &Held, ours: &HashSet<&str>) -> bool {
    let Some(ty) = held.ty.as_deref() else { return false };
    let is_own = ty.contains(['{', '@']) || ty.contains("impl ");
    !is_own && words(ty).all(|word| !ours.contains(word))
}

/// The names of all types that the workspace declares.
fn declared(sources: &Sources) -> HashSet<&str> {
    let mut names = HashSet::new();
    for (_, text) in sources.iter() {
        let mut before = "";
        for word in words(text) {
            if matches!(before, "struct" | "enum" | "union" | "type" | "trait") {
                names.insert(word);
            }
            before = word;
        }
    }
    names
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::problem;

    /// How many of two problems with these leaves stay, for a value of this type.
    #[track_caller]
    fn check(ty: &str, leaves: [&str; 2], expected: usize) {
        let mut sources = Sources::default();
        sources.insert("src/lib.rs", "pub struct Größe<T>(T);\nfn f<U: Tr>() {}\n");
        let mut problems = leaves.map(|leaf| {
            let mut problem = problem(leaf);
            problem.held[0].ty = Some(ty.into());
            problem.leaf = Some(leaf.into());
            problem
        });
        problems[1].id = "2".into();
        let mut problems = problems.to_vec();
        merge(&mut problems, &sources);
        assert_eq!(problems.len(), expected, "{ty}");
    }

    #[test]
    fn a_foreign_value_is_reported_once() {
        check("ElementRef<'_>", ["Cell<usize>", "OnceCell<u8>"], 1);
        check("(ElementRef<'_>, &'_ Html)", ["Cell<usize>", "*mut u8"], 1);
    }

    #[test]
    fn what_the_user_can_mend_stays_apart() {
        check("Größe<'_>", ["Cell<usize>", "Rc<u8>"], 2);
        check("Pair<Rc<u8>, Cell<usize>>", ["Cell<usize>", "Rc<u8>"], 2);
        check("{closure@src/lib.rs:1:2: 1:9}", ["Cell<usize>", "Rc<u8>"], 2);
    }
}
