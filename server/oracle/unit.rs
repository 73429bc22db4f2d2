//! The unit that a problem is in: how it is compiled, and what the compiler says of it now.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use cargo_metadata::diagnostic::Diagnostic;

use super::{
    compare,
    rounds::Accepted,
    types::Types,
    workbench::{Workbench, is_error},
};
use crate::{
    fixes::{Draft, Reach},
    problem::{Edit, Problem, Span, Unit},
    recognise::recognise,
    rustc::RustcCommand,
    sources::Sources,
};

/// What is known of one state of the texts.
#[derive(Debug)]
pub(super) struct Known {
    texts: Sources,
    /// The types of held values, by file.
    pub(super) types: Types,
    /// Changes of types that were accepted: the id and the title of the draft, and its edits.
    accepted: Vec<(&'static str, String, Vec<Edit>)>,
}

impl Known {
    /// One cause has many reports. What was accepted for one of them is tried first for the next:
    /// rustc has compiled it already, so its answer is there. Drafts of one cause share a title;
    /// another cause may only seem cured, where a crate in between no longer compiles.
    pub(super) fn suggest(&self, draft: &mut Draft) {
        if draft.reach == Reach::Workspace {
            let is_same = |id: &str, title: &str| id == draft.id && title == draft.title;
            let known = self.accepted.iter().filter(|(id, title, _)| is_same(id, title));
            let known: Vec<Vec<Edit>> = known.map(|(_, _, edits)| edits.clone()).collect();
            draft.variants.retain(|variant| !known.contains(variant));
            draft.variants.splice(0..0, known);
        }
    }

    /// Remembers what was accepted, when that is all of it.
    pub(super) fn learn(&mut self, draft: &Draft, accepted: &Accepted) {
        let whole = accepted.state.followed.is_empty() && accepted.state.bared.is_none();
        let entry = (draft.id, draft.title.clone(), accepted.edits.clone());
        if draft.reach == Reach::Workspace && whole && !self.accepted.contains(&entry) {
            self.accepted.push(entry);
        }
    }
}

/// The compiler has nothing to say against the code any more: the text has moved on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the compiler no longer reports this problem ({target} of package {package})")]
pub struct NoLongerReported {
    package: String,
    target: String,
}

/// The commands of units, each in its form for tests or not. They survive texts: they change
/// with manifests and build scripts only.
pub(super) type Commands = HashMap<(Unit, bool), RustcCommand>;

/// What is known of these texts: nothing yet, when they have changed.
pub(super) fn refresh<'a>(
    bench: &mut Workbench,
    last: &'a mut Option<Known>,
    commands: &mut Commands,
    texts: &Sources,
) -> &'a mut Known {
    let changes_commands =
        |file: &Utf8Path| file.extension() == Some("toml") || file.file_name() == Some("build.rs");
    let is_same = match last.as_ref() {
        Some(known) if known.texts == *texts => true,
        Some(known) => {
            if known.texts.changed_files(texts).any(|(file, _)| changes_commands(file)) {
                commands.clear();
            }
            false
        }
        None => false,
    };
    if !is_same {
        bench.forget();
        *last = None;
    }
    last.get_or_insert_with(|| Known {
        texts: texts.clone(),
        types: Types::default(),
        accepted: Vec::new(),
    })
}

/// The command of the problem's unit and what the compiler says of it now. A problem that only
/// the unit's test form shows (`#[cfg(test)]`) is judged in that form.
pub(super) async fn find_unit(
    bench: &mut Workbench,
    commands: &mut Commands,
    root: &Utf8Path,
    problem: &Problem,
    sources: &Sources,
    expected: &[(Unit, Span)],
) -> Result<(RustcCommand, Vec<Diagnostic>)> {
    let others = expected.iter().filter(|(unit, _)| *unit == problem.unit).map(|(_, at)| at);
    let errors: Vec<Span> = others.chain([&problem.reported_at]).cloned().collect();
    let mut seen: Option<Vec<Diagnostic>> = None;
    for test_form in [false, true] {
        learn(bench, commands, root, problem, sources, test_form).await?;
        let key = (problem.unit.clone(), test_form);
        let Some(command) = commands.get(&key).cloned() else { continue };
        bench.expect(sources, &command, &errors);
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

/// Learns from cargo how the problem's unit is compiled in one of its forms.
async fn learn(
    bench: &mut Workbench,
    commands: &mut Commands,
    root: &Utf8Path,
    problem: &Problem,
    sources: &Sources,
    test_form: bool,
) -> Result<()> {
    let keys = [false, true].map(|form| (problem.unit.clone(), form));
    if commands.contains_key(&keys[usize::from(test_form)]) {
        return Ok(());
    }
    let mut unit = problem.unit.clone();
    if let Ok(inside) = unit.src.strip_prefix(root) {
        unit.src = bench.root().join(inside);
    }
    let home = bench.root().to_owned();
    let is_wanted = |it: &RustcCommand| it.compiles(&unit, test_form, &home);
    let mut seen = bench.commands(sources, &is_wanted).await?;
    let is_ours =
        |it: &RustcCommand| [false, true].iter().any(|&form| it.compiles(&unit, form, &home));
    if !keys.iter().any(|key| commands.contains_key(key)) && !seen.iter().any(is_ours) {
        seen = commands_of_clean_units(bench, problem, sources).await?;
    }
    for command in seen {
        let key = keys.iter().find(|(_, form)| command.compiles(&unit, *form, &home));
        if let Some(key) = key {
            commands.insert(key.clone(), command);
        }
    }
    Ok(())
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
    bench.commands(&dirty, &|_| false).await
}
