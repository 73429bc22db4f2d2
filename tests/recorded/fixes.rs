//! Scores the fixes of the programs with plain cargo as the judge.
//!
//! Every verified fix of every problem is applied alone to a copy, and cargo checks the copy: the
//! problem must be gone and no other error new. `experts.txt` says what a person would
//! have chosen first, written down before anything was offered.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use camino::{Utf8Path, Utf8PathBuf};
use sendlens::{
    oracle::Oracle,
    problem::{Fix, Problem, Verdict},
    recognise::recognise,
    rustc::{Line, parse_line},
    sources::Sources,
};

use crate::{
    ask::{Program, cargo_check, crates, singles},
    programs::home,
    table::at,
};

/// What is counted.
#[derive(Debug, Default)]
struct Score {
    problems: usize,
    /// Those with a verified fix.
    fixed: usize,
    /// Those that the expert has a fix for, and of them those with a verified one.
    fixable: usize,
    fixable_fixed: usize,
    /// Verified fixes, and those that plain cargo accepts, too.
    verified: usize,
    compile: usize,
    /// First offers where the expert has a choice, and those that are the expert's.
    first: usize,
    expert: usize,
}

/// Judges the programs named (`shapes/a22`), or all of them.
pub(crate) fn fixes(named: &[&str]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let temp = tempfile::tempdir().unwrap();
    let experts = Experts::read();
    let mut score = Score::default();
    let programs = singles(temp.path()).into_iter().chain(crates());
    let wanted =
        |it: &Program| named.is_empty() || named.iter().any(|name| it.name.starts_with(name));
    for program in programs.filter(wanted) {
        runtime.block_on(judge(&program, &experts, &mut score));
    }
    let Score { problems, fixed, fixable, fixable_fixed, .. } = score;
    println!("{problems} problems, {fixed} with a verified fix");
    println!("{fixable} that an expert can fix, {fixable_fixed} of them with a verified fix");
    println!("{} verified fixes, {} of them compile", score.verified, score.compile);
    println!("{} first offers, {} of them the expert's", score.first, score.expert);
}

async fn judge(program: &Program, experts: &Experts, score: &mut Score) {
    let root = Utf8PathBuf::try_from(program.root.canonicalize().unwrap()).unwrap();
    let before = Said::of(program, &root);
    if before.problems.is_empty() {
        return;
    }
    let oracle = Oracle::new(root.clone(), program.settings());
    let sources = oracle.read_sources().await;
    let copy = Copy::of(program);
    for problem in &before.problems {
        let Ok(Some(problem)) = oracle.examine(problem, &sources).await else { continue };
        let fixes = match oracle.judge(&problem, &sources, &mut |_| {}).await {
            Ok(fixes) => fixes,
            Err(error) => {
                println!("{}: {error:#}", program.name);
                continue;
            }
        };
        let verified: Vec<&Fix> =
            fixes.iter().filter(|it| it.verdict == Verdict::Verified).collect();
        let value = value_of(&problem, &program.file);
        score.problems += 1;
        score.fixed += usize::from(!verified.is_empty());
        for fix in &verified {
            let after = copy.check(&sources, fix);
            let wrong = before.worse(&after, &problem);
            score.verified += 1;
            score.compile += usize::from(wrong.is_none());
            if let Some(wrong) = wrong {
                println!("{} {value}: WRONG {}: {wrong}", program.name, fix.id);
            }
        }
        let choice = experts.choice(&program.name, &value, problem.leaf.as_deref());
        compare_with_expert(program, &value, &verified, choice, score);
    }
}

fn compare_with_expert(
    program: &Program,
    value: &str,
    verified: &[&Fix],
    choice: Option<&Vec<String>>,
    score: &mut Score,
) {
    let offered: Vec<&str> = verified.iter().map(|it| it.id).collect();
    let preferred = verified.iter().find(|it| it.preferred).map(|it| it.id);
    let Some(choice) = choice else {
        println!("{} {value}: no expert; offered {offered:?}", program.name);
        return;
    };
    if choice.is_empty() {
        if !offered.is_empty() {
            println!("{} {value}: the expert has none; offered {offered:?}", program.name);
        }
        return;
    }
    score.fixable += 1;
    score.fixable_fixed += usize::from(preferred.is_some());
    let Some(first) = preferred else {
        println!("{} {value}: NONE, the expert {choice:?}", program.name);
        return;
    };
    score.first += 1;
    if choice.iter().any(|it| it == first) {
        score.expert += 1;
    } else {
        println!("{} {value}: first {first} of {offered:?}, the expert {choice:?}", program.name);
    }
}

/// How the experts' list names a problem's first value.
fn value_of(problem: &Problem, file: &Utf8Path) -> String {
    match problem.held.first() {
        Some(held) => {
            let text = held.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let name = held.name.clone().unwrap_or_else(|| format!("`{text}`"));
            format!("{name} {}", at(&held.span, file))
        }
        None => {
            let demand = problem.demand.as_ref().map_or(&problem.reported_at, |it| &it.span);
            format!("- {}", at(demand, file))
        }
    }
}

/// What an expert chose, by program, value and place: ids, best first; none where only words help.
struct Experts(BTreeMap<(String, String), Vec<String>>);

impl Experts {
    fn read() -> Self {
        let text = fs::read_to_string(home().join("experts.txt")).unwrap_or_default();
        let rows = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let choices = rows.map(|row| {
            // A value may contain the separator, the last column may be empty.
            let row = format!("{row} ");
            let mut cells = row.rsplitn(4, " | ").map(str::trim);
            let mut cell = || cells.next().unwrap_or_else(|| panic!("too few columns: {row}"));
            let (also, choice, place, head) = (cell(), cell(), cell(), cell());
            let (program, value) = head.split_once(" | ").unwrap();
            let ids = std::iter::once(choice).chain(also.split(','));
            let ids = ids.map(|it| it.trim().to_owned());
            let ids = ids.filter(|id| !id.is_empty() && !id.starts_with("none"));
            ((program.trim().to_owned(), format!("{} {place}", value.trim())), ids.collect())
        });
        Self(choices.collect())
    }

    /// Of a value that several types make fail, a row may speak of one of them: `self (*mut u8)`.
    fn choice(&self, program: &str, value: &str, leaf: Option<&str>) -> Option<&Vec<String>> {
        let row = |value: String| self.0.get(&(program.to_owned(), value));
        let of_type = leaf.and_then(|leaf| {
            let (name, place) = value.rsplit_once(' ')?;
            row(format!("{name} ({leaf}) {place}"))
        });
        of_type.or_else(|| row(value.to_owned()))
    }
}

/// What cargo says of a program, twins once.
struct Said {
    problems: Vec<Problem>,
    /// Errors that are none of ours, without what moves with lines.
    others: Vec<String>,
}

impl Said {
    fn of(program: &Program, root: &Utf8Path) -> Self {
        let output = cargo_check(program).current_dir(root).output().unwrap();
        let mut said = Self { problems: Vec::new(), others: Vec::new() };
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Line::Diagnostic(report) = parse_line(line) else { continue };
            match recognise(&report.diagnostic, &report.unit, root) {
                Some(problem) if !said.problems.contains(&problem) => said.problems.push(problem),
                None if line.contains("\"level\":\"error\"") => {
                    let message = report.diagnostic.message;
                    if !message.starts_with("aborting due to") {
                        said.others.push(message.replace(|c: char| c.is_ascii_digit(), ""));
                    }
                }
                _ => {}
            }
        }
        said
    }

    /// Why the state after a fix is worse, if it is.
    fn worse(&self, after: &Self, problem: &Problem) -> Option<String> {
        let count = |said: &Self| {
            said.problems.iter().filter(|it| it.signature == problem.signature).count()
        };
        if count(after) >= count(self) {
            return Some("the problem is still there".to_owned());
        }
        let mut known = self.others.clone();
        after.others.iter().find_map(|error| match known.iter().position(|it| it == error) {
            Some(at) => {
                known.swap_remove(at);
                None
            }
            None => Some(format!("new error: {error}")),
        })
    }
}

/// A copy of a program's files beside the original, to be changed at will.
struct Copy<'a> {
    program: &'a Program,
    temp: tempfile::TempDir,
}

impl<'a> Copy<'a> {
    fn of(program: &'a Program) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let copy = Self { program, temp };
        copy_tree(&program.root, &copy.root());
        copy
    }

    fn root(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join("copy")
    }

    /// What cargo says of the copy with this fix.
    fn check(&self, sources: &Sources, fix: &Fix) -> Said {
        let after = sources.apply(&fix.edits).unwrap();
        let changed: Vec<_> = sources.changed_files(&after).collect();
        for (file, text) in &changed {
            fs::write(self.root().join(file), text.as_bytes()).unwrap();
        }
        let root = Utf8PathBuf::try_from(self.root()).unwrap();
        let said = Said::of(self.program, &root);
        for (file, _) in changed {
            fs::write(self.root().join(file), sources.text(file).unwrap().as_bytes()).unwrap();
        }
        said
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if !path.is_dir() {
            fs::copy(&path, &target).unwrap();
        } else if entry.file_name() != "target" {
            copy_tree(&path, &target);
        }
    }
}
