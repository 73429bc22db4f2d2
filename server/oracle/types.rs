//! The types of held values: every async body of a file, probed in one compiler run.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::diagnostic::Diagnostic;
use ra_ap_syntax::{Edition, TextRange};

use super::{
    closer::carries,
    probe::{self, Answer},
    workbench::{Survey, Workbench, is_error},
};
use crate::{
    alive::Known,
    problem::{Await, Held, Unit},
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

/// What the compiler said of the values of files.
pub(super) type Types = HashMap<Utf8PathBuf, Vec<TypedBody>>;

/// Asks about one unit of one state of the texts, each file once.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    pub(super) bench: &'a mut Workbench,
    pub(super) command: &'a RustcCommand,
    pub(super) types: &'a mut Types,
    pub(super) sources: &'a Sources,
}

/// A file with probes, numbered from `first` on.
struct Probed<'a> {
    file: &'a Utf8Path,
    text: &'a str,
    bodies: Vec<AsyncBody>,
    first: usize,
}

impl Asking<'_> {
    /// The async bodies of a file that was asked about.
    pub(super) fn bodies(&self, file: &Utf8Path) -> &[TypedBody] {
        self.types.get(file).map(Vec::as_slice).unwrap_or_default()
    }

    /// Probes every async body of these files, those of the unit in one run. The first file is
    /// the one that matters: where the unit says nothing of it, all others are asked.
    pub(super) async fn learn(&mut self, files: &[Utf8PathBuf], edition: Edition) -> Result<()> {
        let own = self.bench.files_of(self.command);
        let is_own = |file: &&Utf8PathBuf| own.is_empty() || own.contains(*file);
        let new = |types: &Types, file: &Utf8PathBuf| !types.contains_key(file);
        let together: Vec<&Utf8PathBuf> =
            files.iter().filter(is_own).filter(|file| new(self.types, file)).collect();
        if together.len() > 1 {
            self.learn_together(&together, edition).await?;
        }
        for file in files {
            if new(self.types, file) {
                let may_ask_all = files.first() == Some(file) || !is_own(&file);
                self.learn_alone(file, edition, may_ask_all).await?;
            }
        }
        Ok(())
    }

    /// Learns nothing where the probes of one file keep the compiler from answering at all.
    async fn learn_together(&mut self, files: &[&Utf8PathBuf], edition: Edition) -> Result<()> {
        let sources = self.sources;
        let mut texts = sources.clone();
        let mut probed: Vec<Probed<'_>> = Vec::new();
        let mut first = 0;
        for file in files {
            let Some(text) = sources.text(file) else { continue };
            let bodies = syntax::analyse(text, edition);
            texts.insert(file.as_path(), probe::with_probes(text, edition, &bodies, first));
            let crossings: usize = bodies.iter().map(|it| it.crossings.len()).sum();
            probed.push(Probed { file, text, bodies, first });
            first += crossings;
        }
        let mut answers = probe::answers(&self.bench.compile(&texts, self.command).await?);
        if answers.is_empty() {
            return Ok(());
        }
        for it in probed {
            let typed = typed(it.text, edition, it.bodies, it.first, &mut answers);
            self.types.insert(it.file.to_owned(), typed);
        }
        Ok(())
    }

    async fn learn_alone(
        &mut self,
        file: &Utf8Path,
        edition: Edition,
        may_ask_all: bool,
    ) -> Result<()> {
        let Some(text) = self.sources.text(file).cloned() else { return Ok(()) };
        let bodies = syntax::analyse(&text, edition);
        let mut answers = BTreeMap::new();
        if bodies.iter().any(|it| !it.crossings.is_empty()) {
            let probed = probe::with_probes(&text, edition, &bodies, 0);
            answers = probe::answers(&self.run(file, probed, probe::MARK, may_ask_all).await?);
        }
        let typed = typed(&text, edition, bodies, 0, &mut answers);
        self.types.insert(file.to_owned(), typed);
        Ok(())
    }

    /// Compiles one changed file: in the failing unit when it belongs there (the answers then
    /// carry our mark), in the whole selection otherwise, where that `may_ask_all`: another crate
    /// that compiled so far, or a test.
    pub(super) async fn run(
        &mut self,
        file: &Utf8Path,
        text: String,
        mark: &str,
        may_ask_all: bool,
    ) -> Result<Vec<Diagnostic>> {
        let mut texts = self.sources.clone();
        texts.insert(file, text);
        let own = self.bench.files_of(self.command);
        if own.is_empty() || own.contains(file) {
            let said = self.bench.compile(&texts, self.command).await?;
            if !may_ask_all || said.iter().any(|it| carries(it, mark)) {
                return Ok(said);
            }
            let first = said.iter().find(|it| is_error(it)).map(|it| it.message.as_str());
            tracing::debug!(%file, first, "the unit does not answer");
        }
        let survey = self.bench.survey(&texts).await?;
        Ok(survey.diagnostics.into_iter().map(|it| it.diagnostic).collect())
    }
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
    probed.insert(file, probe::with_probes(text, edition, &bodies, 0));
    let known = answering.get(file).or_else(|| beside(answering, file, bench.root()));
    if let Some((unit, command)) = known.cloned() {
        bench.prepare(sources, &command).await?;
        let mut answers = probe::answers(&bench.compile(&probed, &command).await?);
        if !answers.is_empty() {
            answering.insert(file.to_owned(), (unit, command));
            return Ok(Some(typed(text, edition, bodies, 0, &mut answers)));
        }
    }
    let survey = bench.survey(&probed).await?;
    let said = survey.diagnostics.iter().map(|it| it.diagnostic.clone()).collect::<Vec<_>>();
    let mut answers = probe::answers(&said);
    if answers.is_empty() {
        return Ok(None);
    }
    if let Some((unit, command)) = answering_unit(&survey, bench.root()) {
        answering.insert(file.to_owned(), (unit.clone(), command.clone()));
    }
    Ok(Some(typed(text, edition, bodies, 0, &mut answers)))
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

/// Puts answers, numbered from `first` on, beside what they are about. They also tell which values
/// are `Copy`, so which are still there after they were handed on: the text is analysed once more
/// with that.
fn typed(
    text: &str,
    edition: Edition,
    bodies: Vec<AsyncBody>,
    first: usize,
    answers: &mut BTreeMap<usize, Answer>,
) -> Vec<TypedBody> {
    let mut facts = Facts::default();
    let mut known: Vec<HashMap<TextRange, Answer>> = Vec::new();
    let mut n = first..;
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
