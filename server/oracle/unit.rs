//! The unit that a problem is in: how it is compiled, and what the compiler says of it now.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::diagnostic::Diagnostic;

use super::{
    compare,
    types::TypedBody,
    workbench::{Survey, Workbench, is_error},
};
use crate::{
    problem::{Problem, Unit},
    recognise::recognise,
    rustc::RustcCommand,
    sources::Sources,
};

/// What is known of one state of the texts.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) texts: Sources,
    pub(super) survey: Survey,
    /// The types of held values, by file.
    pub(super) types: HashMap<Utf8PathBuf, Vec<TypedBody>>,
}

/// The compiler has nothing to say against the code any more: the text has moved on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the compiler no longer reports this problem ({target} of package {package})")]
pub struct NoLongerReported {
    package: String,
    target: String,
}

/// The survey of these texts: the last one when nothing changed, a new one otherwise.
pub(super) async fn refresh<'a>(
    bench: &mut Workbench,
    last: &'a mut Option<Surveyed>,
    commands: &mut HashMap<(Unit, bool), RustcCommand>,
    texts: &Sources,
) -> Result<&'a mut Surveyed> {
    if last.as_ref().is_none_or(|known| known.texts != *texts) {
        bench.forget();
        let survey = bench.survey(texts).await?;
        let manifests_changed = last.as_ref().is_some_and(|known| {
            known.texts.changed_files(texts).any(|(file, _)| file.file_name() == Some("Cargo.toml"))
        });
        if manifests_changed {
            commands.clear();
        }
        *last = Some(Surveyed { texts: texts.clone(), survey, types: HashMap::new() });
    }
    last.as_mut().context("the survey was not kept")
}

/// The command of the problem's unit and what the compiler says of it now. A problem that only
/// the unit's test form shows (`#[cfg(test)]`) is judged in that form.
pub(super) async fn find_unit(
    bench: &mut Workbench,
    survey: &Survey,
    commands: &mut HashMap<(Unit, bool), RustcCommand>,
    root: &Utf8Path,
    problem: &Problem,
    sources: &Sources,
) -> Result<(RustcCommand, Vec<Diagnostic>)> {
    let mut unit = problem.unit.clone();
    if let Ok(inside) = unit.src.strip_prefix(root) {
        unit.src = bench.root().join(inside);
    }
    let keys = [false, true].map(|test_form| (problem.unit.clone(), test_form));
    for key in &keys {
        let compiles = |it: &&RustcCommand| it.compiles(&unit, key.1, bench.root());
        if let Some(command) = survey.commands.iter().find(compiles) {
            commands.insert(key.clone(), command.clone());
        }
    }
    if !keys.iter().any(|key| commands.contains_key(key)) {
        for command in commands_of_clean_units(bench, problem, sources).await? {
            let is_ours = |key: &&(Unit, bool)| command.compiles(&unit, key.1, bench.root());
            if let Some(key) = keys.iter().find(is_ours) {
                commands.insert(key.clone(), command);
            }
        }
    }
    let mut seen: Option<Vec<Diagnostic>> = None;
    for key in &keys {
        let Some(command) = commands.get(key).cloned() else { continue };
        let before = bench.compile(sources, &command).await?;
        // rustc itself knows nothing of clippy's lints.
        if compare::is_foreign_lint(problem) || compare::reports(problem, &before, bench.root()) {
            return Ok((command, before));
        }
        seen.get_or_insert_default().extend(before);
    }
    let Unit { package, target, .. } = problem.unit.clone();
    let said = seen.with_context(|| {
        format!("cargo did not compile its target ({target} of package {package})")
    })?;
    // Other errors end the compilation before anybody asks for `Send`.
    let root = bench.root();
    let is_other = |it: &&Diagnostic| is_error(it) && recognise(it, &problem.unit, root).is_none();
    if let Some(error) = said.iter().find(is_other) {
        bail!("the code does not compile ({target} of package {package}): {}", error.message);
    }
    bail!(NoLongerReported { package, target })
}

/// Code that compiles, and of which only a lint speaks, is fresh for cargo, which then does not say
/// how it is compiled. A blank at the end of the file makes it dirty.
async fn commands_of_clean_units(
    bench: &mut Workbench,
    problem: &Problem,
    sources: &Sources,
) -> Result<Vec<RustcCommand>> {
    let file = &problem.culprit().file;
    let Some(text) = sources.text(file) else { return Ok(Vec::new()) };
    let mut dirty = sources.clone();
    dirty.insert(file.as_path(), format!("{text}\n"));
    Ok(bench.survey(&dirty).await?.commands)
}
