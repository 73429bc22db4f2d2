//! The programs, their recordings and what is expected of them.
//!
//! A program says in comments at its head how it is compiled: `// edition: 2024`,
//! `// toolchain: nightly` (or `both`, or `any`, old ones too; `stable` when nothing is said),
//! `// driver: clippy`.
//! Programs that need crates are packages of the workspace `programs/crates`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use camino::Utf8PathBuf;
use cargo_metadata::diagnostic::Diagnostic;
use sendlens::{
    problem::{Problem, Unit},
    recognise::{complete, recognise},
    rustc::{Line, parse_line},
    sources::Sources,
};

/// Where the recordings say that the workspace lay.
pub(crate) const ROOT: &str = "/workspace";

/// `tests/recorded`.
pub(crate) fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}

/// The compilers' versions that were recorded: the folders that start with a digit. The one that
/// builds us comes first.
pub(crate) fn versions() -> Vec<String> {
    let names = names_in(&home()).into_iter();
    let mut names: Vec<String> =
        names.filter(|name| name.starts_with(|c: char| c.is_ascii_digit())).collect();
    names.sort_by_key(|name| !is_main(name));
    names
}

/// Expectations are written for the version that has recordings of crates, too; another version
/// has files of its own where it says something else.
fn is_main(version: &str) -> bool {
    home().join(version).join("crates").exists()
}

/// One program with one compiler's words about it.
pub(crate) struct Recording {
    /// `1.95.0`.
    pub(crate) version: String,
    /// `shapes/a01_let_rc`.
    pub(crate) name: String,
    /// The path in the compiler's spans.
    pub(crate) file: Utf8PathBuf,
    /// What the compiler printed, a diagnostic a line.
    pub(crate) json: String,
    /// The texts that it saw.
    pub(crate) sources: Sources,
    /// The edition, for recordings that do not say.
    pub(crate) edition: String,
}

impl Recording {
    /// All recordings of a version, sorted by name.
    pub(crate) fn all(version: &str) -> Vec<Self> {
        let folder = home().join(version);
        let mut all = Vec::new();
        for group in names_in(&folder) {
            for name in names_in(&folder.join(&group)) {
                let stem = name.strip_suffix(".json").unwrap();
                all.push(Self::read(version, &group, stem));
            }
        }
        all
    }

    fn read(version: &str, group: &str, stem: &str) -> Self {
        let json = home().join(version).join(group).join(format!("{stem}.json"));
        let json = fs::read_to_string(json).unwrap();
        let (mut sources, mut edition) = (Sources::default(), "2021".to_owned());
        let file = if group == "crates" {
            insert_folder(&mut sources, &home().join("programs/crates"), "");
            let is_it = |file: &Utf8PathBuf| file.file_stem() == Some(stem);
            let files = sources.iter().map(|(file, _)| file.to_owned());
            files.into_iter().find(is_it).unwrap_or_else(|| format!("{stem}/src/lib.rs").into())
        } else {
            let file = format!("{stem}.rs");
            let text = fs::read_to_string(home().join("programs").join(group).join(&file)).unwrap();
            edition = header(&text, "edition").unwrap_or(edition);
            sources.insert(file.as_str(), text);
            file.into()
        };
        let name = format!("{group}/{stem}");
        Self { version: version.to_owned(), name, file, json, sources, edition }
    }

    /// What is expected: for this version, else for all.
    pub(crate) fn expectation(&self) -> String {
        let read = |path| fs::read_to_string(path);
        read(self.own_expectation())
            .or_else(|_| read(self.common_expectation()))
            .unwrap_or_default()
    }

    /// Replaces the expectation. What the main version does not compile stands for all, too.
    pub(crate) fn expect(&self, table: &str) {
        let common = self.common_expectation();
        let is_shared = is_main(&self.version)
            || !common.exists()
            || versions().iter().filter(|it| is_main(it)).all(|it| !self.recorded_by(it));
        fs::write(if is_shared { common } else { self.own_expectation() }, table).unwrap();
    }

    fn recorded_by(&self, version: &str) -> bool {
        home().join(version).join(format!("{}.json", self.name)).exists()
    }

    fn own_expectation(&self) -> PathBuf {
        home().join(&self.version).join(format!("{}.expect", self.name))
    }

    fn common_expectation(&self) -> PathBuf {
        home().join("programs").join(format!("{}.expect", self.name))
    }

    /// Every diagnostic, twins once, with what Sendlens makes of it without asking anything back.
    pub(crate) fn reports(&self) -> Vec<(Diagnostic, Option<Problem>)> {
        let mut reports: Vec<(Diagnostic, Option<Problem>)> = Vec::new();
        for line in self.json.lines() {
            let Line::Diagnostic(report) = parse_line(line) else { continue };
            if reports.iter().any(|(known, _)| *known == report.diagnostic) {
                continue;
            }
            let anonymous = Unit { edition: self.edition.clone(), ..Unit::anonymous() };
            let unit = if report.unit.package_id.is_empty() { anonymous } else { report.unit };
            let mut problem = recognise(&report.diagnostic, &unit, ROOT.into());
            if let Some(problem) = &mut problem {
                complete(problem, &self.sources);
            }
            reports.push((report.diagnostic, problem));
        }
        reports
    }
}

/// `// key: value` at the head of a program.
pub(crate) fn header(text: &str, key: &str) -> Option<String> {
    let lines = text.lines().take_while(|line| line.starts_with("//"));
    let values = lines.filter_map(|line| line.strip_prefix("// ")?.strip_prefix(key));
    let mut values = values.filter_map(|rest| rest.strip_prefix(':'));
    Some(values.next()?.trim().to_owned())
}

/// The names in a folder, sorted; without those of expectations.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|_| panic!("no {}", folder.display()));
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_table = |name: &String| name.ends_with(".expect") || name.ends_with(".asked");
    let mut names: Vec<String> = names.filter(|name| !is_table(name)).collect();
    names.sort();
    names
}

fn insert_folder(sources: &mut Sources, folder: &Path, prefix: &str) {
    for name in names_in(folder) {
        let (path, inside) = (folder.join(&name), format!("{prefix}{name}"));
        if path.is_dir() && name != "target" {
            insert_folder(sources, &path, &format!("{inside}/"));
        } else if name.ends_with(".rs") {
            sources.insert(inside.as_str(), fs::read_to_string(&path).unwrap());
        }
    }
}
