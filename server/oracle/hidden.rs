//! Values that rustc leaves out: of each leaf type and demand it reports one, and hides the others
//! behind it, in the same async body and in the others that the task runs.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    others,
    types::{self, Asking, TypedBody, is_same},
};
use crate::{
    problem::{Kind, Problem},
    recognise::Shortfall,
    syntax,
    text::Lines,
};

/// Adds the values with the problem's leaf that its error does not name.
pub(super) async fn add(asking: &mut Asking<'_>, problem: &mut Problem) -> Result<()> {
    let is_held = matches!(problem.kind, Kind::HeldAcrossAwait | Kind::LockLint);
    if !is_held {
        return Ok(());
    }
    let edition = syntax::edition(&problem.unit.edition);
    let is_named = problem.kind == Kind::HeldAcrossAwait && !problem.held.is_empty();
    let others = match is_named && problem.lint.is_none() {
        true => others::others(problem, asking.sources, edition),
        false => Vec::new(),
    };
    let own = problem.future.span.file.clone();
    let files: Vec<Utf8PathBuf> =
        std::iter::once(own).chain(others.iter().map(|it| it.file.clone())).collect();
    asking.learn(&files, edition).await?;
    in_own_body(asking, problem);
    for other in others {
        let typed = asking.bodies(&other.file).iter().find(|it| it.body.range == other.range);
        if let Some(typed) = typed
            && let Some(text) = asking.sources.text(&other.file)
        {
            add_values(problem, typed, &other.file, text);
        }
    }
    Ok(())
}

/// Adds the values of the problem's own body.
fn in_own_body(asking: &Asking<'_>, problem: &mut Problem) {
    let file = problem.future.span.file.clone();
    let Some(text) = asking.sources.text(&file) else { return };
    let Some(range) = Lines::new(text).range(&problem.future.span) else { return };
    let Some(typed) = types::innermost(asking.bodies(&file), range) else { return };
    if problem.kind == Kind::LockLint {
        typed.name_types(&mut problem.held, &file, text);
    } else {
        add_values(problem, typed, &file, text);
    }
}

/// Adds the values of a body that have the problem's leaf.
fn add_values(problem: &mut Problem, typed: &TypedBody, file: &Utf8Path, text: &str) {
    for (Shortfall { leaf, auto_trait, .. }, mut held) in typed.not_send(file, text) {
        // Another trait of the same type is an error of its own.
        let same_leaf = auto_trait == problem.auto_trait
            && problem.leaf.as_deref().is_some_and(|wanted| is_same(wanted, &leaf));
        let known = problem.held.iter().any(|it| it.span.contains(&held.span));
        if same_leaf && !known && !held.awaits.is_empty() {
            // The error knows which number the compiler chose.
            let chosen = |ty: &String| problem.leaf.clone().filter(|leaf| is_same(leaf, ty));
            held.ty = held.ty.as_ref().and_then(chosen).or(held.ty);
            problem.held.push(held);
        }
    }
}
