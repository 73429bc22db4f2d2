//! Asks the installed compiler about each program, closer questions included.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use camino::Utf8PathBuf;
use sendlens::{
    oracle::{CargoSettings, Oracle},
    problem::{Kind, Problem},
    recognise::recognise,
    rustc::{Line, parse_line},
};

use crate::{
    programs::{header, home, names_in},
    table::{essence, table},
};

/// A program where cargo can check it.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) root: PathBuf,
    /// What of the workspace to check.
    args: Vec<String>,
    pub(crate) file: Utf8PathBuf,
}

impl Program {
    /// How the oracle checks it.
    pub(crate) fn settings(&self) -> CargoSettings {
        let target_dir = Some(Utf8PathBuf::try_from(target_dir()).unwrap());
        CargoSettings { args: self.args.clone(), target_dir, ..Default::default() }
    }
}

/// Where all programs are built: dependencies once.
fn target_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/recorded")
}

/// What checks a program, in whatever folder it is run.
pub(crate) fn cargo_check(program: &Program) -> Command {
    let mut command = Command::new("cargo");
    command.args(["check", "--message-format=json", "--keep-going", "--target-dir"]);
    command.arg(target_dir()).args(&program.args);
    command
}

/// Asks about the programs named (`shapes/a22`), or about all of them.
pub(crate) fn ask(named: &[&str]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let temp = tempfile::tempdir().unwrap();
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let programs = singles(temp.path()).into_iter().chain(crates());
    let wanted =
        |it: &Program| named.is_empty() || named.iter().any(|name| it.name.starts_with(name));
    let mut different = 0;
    for program in programs.filter(wanted) {
        let problems = runtime.block_on(examine(&program));
        for problem in &problems {
            let (wholly, all) = counts.entry(kind(problem)).or_default();
            *all += 1;
            *wholly += usize::from(is_whole(problem));
        }
        let found = table(&problems, &program.file);
        let path = |extension| home().join(format!("programs/{}.{extension}", program.name));
        let plain = fs::read_to_string(path("expect")).unwrap_or_default();
        let expected = fs::read_to_string(path("asked")).unwrap_or_else(|_| plain.clone());
        if essence(&expected) != essence(&found) {
            different += 1;
            println!("== {}\nexpected\n{expected}found\n{found}", program.name);
            match (update, essence(&plain) == essence(&found)) {
                (true, true) => fs::remove_file(path("asked")).unwrap_or_default(),
                (true, false) => fs::write(path("asked"), &found).unwrap(),
                _ => {}
            }
        }
    }
    for (kind, (wholly, all)) in &counts {
        println!("  {kind:24} {wholly:4} of {all:4} end at a value");
    }
    println!("{different} programs differ from what is expected");
}

/// Single files become packages.
pub(crate) fn singles(temp: &Path) -> Vec<Program> {
    let mut programs = Vec::new();
    for group in ["shapes", "reports"] {
        for file in names_in(&home().join("programs").join(group)) {
            let Some(stem) = file.strip_suffix(".rs") else { continue };
            let text = fs::read_to_string(home().join("programs").join(group).join(&file)).unwrap();
            let of = |key| header(&text, key);
            if of("toolchain").as_deref() == Some("nightly") || of("driver").is_some() {
                continue;
            }
            let edition = of("edition").unwrap_or_else(|| "2021".to_owned());
            let root = temp.join(stem);
            fs::create_dir_all(root.join("src")).unwrap();
            let manifest = format!("[package]\nname = \"{stem}\"\nedition = \"{edition}\"\n");
            fs::write(root.join("Cargo.toml"), manifest + "[workspace]\n").unwrap();
            fs::write(root.join("src/lib.rs"), &text).unwrap();
            let name = format!("{group}/{stem}");
            programs.push(Program { name, root, args: Vec::new(), file: "src/lib.rs".into() });
        }
    }
    programs
}

pub(crate) fn crates() -> Vec<Program> {
    let root = home().join("programs/crates");
    let mut programs = Vec::new();
    for package in ["cases", "reports"] {
        for file in names_in(&root.join(package).join("src/bin")) {
            let stem = file.strip_suffix(".rs").unwrap().to_owned();
            let args = ["-p", package, "--bin", &stem].map(str::to_owned).into();
            let file = format!("{package}/src/bin/{file}").into();
            programs.push(Program {
                name: format!("crates/{stem}"),
                root: root.clone(),
                args,
                file,
            });
        }
    }
    programs
}

async fn examine(program: &Program) -> Vec<Problem> {
    let root = Utf8PathBuf::try_from(program.root.canonicalize().unwrap()).unwrap();
    let output = cargo_check(program).current_dir(&root).output().unwrap();
    let mut found: Vec<Problem> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Line::Diagnostic(report) = parse_line(line)
            && let Some(problem) = recognise(&report.diagnostic, &report.unit, &root)
            && !found.contains(&problem)
        {
            found.push(problem);
        }
    }
    let oracle = Oracle::new(root, program.settings());
    let mut examined = Vec::new();
    if found.is_empty() {
        return examined;
    }
    let sources = oracle.read_sources().await;
    for problem in &found {
        match oracle.examine(problem, &sources).await {
            Ok(problem) => examined.extend(problem),
            Err(error) => println!("{}: {error:#}", program.name),
        }
    }
    examined
}

/// Whether a person would know what to look at: a value with its type, and its awaits where it is
/// held across some. Where no value is guilty, there is nothing to name.
fn is_whole(problem: &Problem) -> bool {
    let Some(held) = problem.held.first() else {
        return matches!(problem.kind, Kind::NotGeneralEnough | Kind::Other);
    };
    held.ty.is_some() && (problem.kind != Kind::HeldAcrossAwait || !held.awaits.is_empty())
}

fn kind(problem: &Problem) -> &'static str {
    match problem.kind {
        Kind::HeldAcrossAwait => "held across an await",
        Kind::Captured | Kind::ReferenceNotSync => "captured",
        Kind::Handler => "handler",
        Kind::NotGeneralEnough | Kind::Other => "no value is guilty",
        _ => "awaited or returned",
    }
}
