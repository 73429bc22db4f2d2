//! The types of held values: every async body of a file, probed in one compiler run.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{Edition, TextRange};

use super::{
    closer::run,
    probe::{self, Answer},
    workbench::{Survey, Workbench},
};
use crate::{
    alive::Known,
    problem::{Await, Held, Problem, Unit},
    recognise::Shortfall,
    rustc::{RustcCommand, UnitDiagnostic},
    sources::Sources,
    syntax::{self, AsyncBody, Crossing, Facts, Origin},
    text::Lines,
};

/// An async body, and what the compiler said of each value that it keeps.
#[derive(Debug, Clone)]
pub struct TypedBody {
    /// The body.
    pub body: AsyncBody,
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
    let said = run(bench, command, sources, file, probed, probe::MARK).await?;
    Ok(typed(text, edition, bodies, probe::answers(&said)))
}

/// The innermost body around a range.
pub(super) fn innermost(bodies: &[TypedBody], range: TextRange) -> Option<&TypedBody> {
    let around = bodies.iter().filter(|it| it.body.range.contains_range(range));
    around.min_by_key(|it| it.body.range.len())
}

/// What [`of_open_file`] remembers: which unit answers for a file, and how it is compiled.
pub(super) type Answering = HashMap<Utf8PathBuf, (Unit, RustcCommand)>;

/// The same for a file of which no failing unit is known: the text with probes makes its units
/// dirty, so cargo compiles them and prints how. `None` when nobody answers.
pub(super) async fn of_open_file(
    bench: &mut Workbench,
    answering: &mut Answering,
    sources: &Sources,
    file: &Utf8Path,
    edition: Edition,
) -> Result<Option<Vec<TypedBody>>> {
    let Some(text) = sources.text(file) else { return Ok(None) };
    let bodies = syntax::analyse(text, edition);
    let mut probed = sources.clone();
    probed.insert(file, probe::with_probes(text, edition, &bodies));
    let known = answering.get(file).or_else(|| beside(answering, file, bench.root()));
    if let Some((unit, command)) = known.cloned() {
        let answers = probe::answers(&bench.compile(&probed, &command).await?);
        if !answers.is_empty() {
            answering.insert(file.to_owned(), (unit, command));
            return Ok(Some(typed(text, edition, bodies, answers)));
        }
    }
    let survey = bench.survey(&probed).await?;
    let said = survey.diagnostics.iter().map(|it| it.diagnostic.clone()).collect::<Vec<_>>();
    let answers = probe::answers(&said);
    if answers.is_empty() {
        return Ok(None);
    }
    if let Some((unit, command)) = answering_unit(&survey, bench.root()) {
        answering.insert(file.to_owned(), (unit.clone(), command.clone()));
    }
    Ok(Some(typed(text, edition, bodies, answers)))
}

/// A unit that answered for another file, and whose root lies above this one: most likely it has
/// this file, too.
fn beside<'a>(
    answering: &'a Answering,
    file: &Utf8Path,
    root: &Utf8Path,
) -> Option<&'a (Unit, RustcCommand)> {
    let is_above = |unit: &Unit| {
        let src = unit.src.strip_prefix(root).unwrap_or(&unit.src);
        src.parent().is_some_and(|folder| file.starts_with(folder))
    };
    answering.values().find(|(unit, _)| is_above(unit))
}

/// The unit to ask next time: of its two forms the one for tests, which has all the code.
fn answering_unit<'a>(survey: &'a Survey, root: &Utf8Path) -> Option<(&'a Unit, &'a RustcCommand)> {
    let is_answer = |it: &&UnitDiagnostic| it.diagnostic.message.starts_with(probe::MARK);
    let unit = &survey.diagnostics.iter().find(is_answer)?.unit;
    let of_form = |test_form| {
        survey.commands.iter().find(move |command| command.compiles(unit, test_form, root))
    };
    Some((unit, of_form(true).or_else(|| of_form(false))?))
}

/// Puts answers beside what they are about. They also tell which values are `Copy`, so which are
/// still there after they were handed on: the text is analysed once more with that.
fn typed(
    text: &str,
    edition: Edition,
    bodies: Vec<AsyncBody>,
    mut answers: BTreeMap<usize, Answer>,
) -> Vec<TypedBody> {
    let mut facts = Facts::default();
    let mut known: Vec<HashMap<TextRange, Answer>> = Vec::new();
    let mut n = 0..;
    for body in &bodies {
        let mut of_body = HashMap::new();
        for (crossing, n) in body.crossings.iter().zip(&mut n) {
            let Some(answer) = answers.remove(&n) else { continue };
            if crossing.origin != Origin::Capture {
                facts.values.insert(crossing.range, answer.facts());
            }
            of_body.insert(crossing.range, answer);
        }
        known.push(of_body);
    }
    let bodies = syntax::analyse_with(text, edition, &facts).into_iter().zip(known);
    let typed = bodies.map(|(body, mut known)| {
        let answers = body.crossings.iter().map(|crossing| known.remove(&crossing.range));
        TypedBody { answers: answers.collect(), body }
    });
    typed.collect()
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
                value.send = answer.send().or(value.send);
            }
        }
    }

    /// What the compiler said of each crossing, in their order.
    pub fn known(&self) -> Vec<Known> {
        let known = |answer: &Option<Answer>| match answer {
            Some(answer) => Known {
                ty: answer.ty.clone(),
                send: answer.send(),
                why: answer.shortfalls.first().map(|it| it.why.clone()).unwrap_or_default(),
            },
            None => Known::default(),
        };
        self.answers.iter().map(known).collect()
    }

    /// The values that are not `Send`, once for each leaf that makes them so.
    pub(super) fn not_send(&self, file: &Utf8Path, text: &str) -> Vec<(Shortfall, Held)> {
        let lines = Lines::new(text);
        let mut values = Vec::new();
        for (crossing, answer) in self.body.crossings.iter().zip(&self.answers) {
            let Some(answer) = answer else { continue };
            for shortfall in &answer.shortfalls {
                let mut held = self.held(crossing, file, text, &lines);
                held.ty.clone_from(&answer.ty);
                held.why.clone_from(&shortfall.why);
                values.push((shortfall.clone(), held));
            }
        }
        values
    }

    fn held(&self, crossing: &Crossing, file: &Utf8Path, text: &str, lines: &Lines) -> Held {
        let span = |range| lines.span(file, range);
        let text = text.get(std::ops::Range::<usize>::from(crossing.range)).unwrap_or_default();
        let awaits = crossing.awaits.iter().filter_map(|n| self.body.awaits.get(*n));
        Held {
            name: crossing.name.clone(),
            text: text.to_owned(),
            ty: None,
            send: Some(false),
            span: span(crossing.range),
            in_macro: None,
            awaits: awaits.map(|it| Await { span: span(*it), reported: false }).collect(),
            why: Vec::new(),
        }
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
