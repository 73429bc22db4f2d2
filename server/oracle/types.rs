//! The types of held values: every async body of a file, probed in one compiler run.

use anyhow::Result;
use camino::Utf8Path;
use ra_ap_syntax::{Edition, TextRange};

use super::{
    closer::run,
    probe::{self, Answer},
    workbench::Workbench,
};
use crate::{
    problem::{Await, Held, Problem},
    rustc::RustcCommand,
    sources::Sources,
    syntax::{self, AsyncBody},
    text::Lines,
};

/// An async body, and what the compiler said of each value that it keeps.
#[derive(Debug, Clone)]
pub(super) struct TypedBody {
    pub(super) body: AsyncBody,
    /// One for each crossing, in the same order; `None` where the compiler did not answer.
    answers: Vec<Option<Answer>>,
}

/// Probes every async body of a file; bodies that got no answer in company are not asked again.
pub(super) async fn of_file(
    bench: &mut Workbench,
    command: &RustcCommand,
    sources: &Sources,
    file: &Utf8Path,
    edition: Edition,
) -> Result<Vec<TypedBody>> {
    let Some(text) = sources.text(file) else { return Ok(Vec::new()) };
    let bodies = syntax::analyse(text, edition);
    let probed = probe::with_probes(text, edition, &bodies);
    let said = run(bench, command, sources, file, probed, "sendlens-type").await?;
    let mut answers = probe::answers(&said);
    let mut n = 0..;
    let typed = bodies.into_iter().map(|body| {
        let numbers = n.by_ref().take(body.crossings.len());
        let answers = numbers.map(|n| answers.remove(&n)).collect();
        TypedBody { body, answers }
    });
    Ok(typed.collect())
}

/// The innermost body around a range.
pub(super) fn innermost(bodies: &[TypedBody], range: TextRange) -> Option<&TypedBody> {
    let around = bodies.iter().filter(|it| it.body.range.contains_range(range));
    around.min_by_key(|it| it.body.range.len())
}

impl TypedBody {
    /// Adds the type of values that a lint names by their place only.
    pub(super) fn name_types(&self, held: &mut [Held], file: &Utf8Path, text: &str) {
        let lines = Lines::new(text);
        for (crossing, answer) in self.body.crossings.iter().zip(&self.answers) {
            let span = lines.span(file, crossing.range);
            let Some(answer) = answer else { continue };
            for value in held.iter_mut().filter(|value| value.span.contains(&span)) {
                value.ty = value.ty.take().or_else(|| answer.ty.clone());
                value.send = Some(answer.shortfalls.is_empty());
            }
        }
    }

    /// The values that are not `Send`, with the leaf of each.
    pub(super) fn not_send(&self, file: &Utf8Path, text: &str) -> Vec<(String, Held)> {
        let lines = Lines::new(text);
        let span = |range| lines.span(file, range);
        let values = self.body.crossings.iter().zip(&self.answers);
        let shortfalls = values.flat_map(|(crossing, answer)| {
            let shortfalls = answer.iter().flat_map(|answer| &answer.shortfalls);
            shortfalls.map(move |shortfall| (crossing, answer.as_ref(), shortfall))
        });
        shortfalls
            .filter_map(|(crossing, answer, shortfall)| {
                let text = text.get(std::ops::Range::<usize>::from(crossing.range))?;
                let awaits = crossing.awaits.iter().filter_map(|n| self.body.awaits.get(*n));
                let held = Held {
                    name: crossing.name.clone(),
                    text: text.to_owned(),
                    ty: answer.and_then(|answer| answer.ty.clone()),
                    send: Some(false),
                    span: span(crossing.range),
                    awaits: awaits.map(|it| Await { span: span(*it), reported: false }).collect(),
                    why: shortfall.why.clone(),
                };
                Some((shortfall.leaf.clone(), held))
            })
            .collect()
    }
}

/// Whether two printed types are the same, where one may stand before the compiler has chosen the
/// type of a number.
pub(super) fn is_same(chosen: &str, printed: &str) -> bool {
    let Some((before, after)) = printed.split_once("{integer}") else {
        return chosen == printed;
    };
    let middle = chosen.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    middle.is_some_and(|it| it.chars().all(char::is_alphanumeric) || it == "{integer}")
}

/// Adds the values that the compiler left out: it reports one value for each leaf type and
/// demand, and hides the others behind it.
pub(super) fn add_hidden(problem: &mut Problem, typed: &TypedBody, file: &Utf8Path, text: &str) {
    for (leaf, mut held) in typed.not_send(file, text) {
        let same_leaf = problem.leaf.as_deref().is_some_and(|wanted| is_same(wanted, &leaf));
        let known = problem.held.iter().any(|it| it.span.contains(&held.span));
        if same_leaf && !known && !held.awaits.is_empty() {
            // The error knows which number the compiler chose.
            let chosen = |ty: &String| problem.leaf.clone().filter(|leaf| is_same(leaf, ty));
            held.ty = held.ty.as_ref().and_then(chosen).or(held.ty);
            problem.held.push(held);
        }
    }
}
