//! Compares what `sendlens::syntax` computes with what rustc stores in its coroutines.
//!
//! ```text
//! truth programs [-v] FILE.rs..      compiles each program (or each `//# case` of a facts file)
//! truth dumps [-v] DIR ROOT EDITION  compares a directory of dumps with the sources in ROOT
//! ```
//!
//! For a crate, make the dumps with `tests/truth/dump.sh`. What disagrees and why is told in
//! `tests/truth/DISAGREEMENTS.md`.

mod compare;
mod facts;
mod mir;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use compare::{Score, compare_directory};
use ra_ap_syntax::Edition;

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let verbose = args.iter().any(|arg| arg == "-v");
    args.retain(|arg| arg != "-v");
    let scores = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["programs", files @ ..] => programs(files, verbose),
        ["dumps", directory, root, edition] => compare_directory(
            Path::new(directory),
            Path::new(root),
            parse_edition(edition),
            verbose,
        ),
        _ => {
            eprintln!("usage: truth programs [-v] FILE.. | truth dumps [-v] DIR ROOT EDITION");
            return ExitCode::FAILURE;
        }
    };
    scores.print();
    ExitCode::SUCCESS
}

fn parse_edition(text: &str) -> Edition {
    match text {
        "2018" => Edition::Edition2018,
        "2021" => Edition::Edition2021,
        "2024" => Edition::Edition2024,
        _ => Edition::Edition2015,
    }
}

/// Each program alone, a facts file case by case, in both editions when the file names none.
fn programs(files: &[&str], verbose: bool) -> Score {
    let mut total = Score::default();
    for file in files {
        let Ok(text) = std::fs::read_to_string(file) else {
            continue;
        };
        for (name, program) in cases(&text) {
            let editions: &[&str] = match edition_of(&program) {
                Some("2018") => &["2018"],
                Some("2021") => &["2021"],
                Some("2024") => &["2024"],
                _ => &["2021", "2024"],
            };
            for edition in editions {
                if verbose {
                    println!("--- {file} {name} {edition}");
                }
                total.add(&program_score(&program, edition, verbose));
            }
        }
    }
    total
}

fn edition_of(program: &str) -> Option<&'static str> {
    let line = program.lines().find(|line| line.starts_with("// edition:"))?;
    ["2018", "2021", "2024"].into_iter().find(|edition| line.contains(edition))
}

/// A facts file is a prelude and cases that start with `//# name`.
fn cases(text: &str) -> Vec<(String, String)> {
    let mut parts = text.split("\n//# ");
    let prelude = parts.next().unwrap_or_default();
    let cases: Vec<_> = parts
        .map(|case| {
            let (name, body) = case.split_once('\n').unwrap_or((case, ""));
            (name.to_owned(), format!("{prelude}\n{body}"))
        })
        .collect();
    if cases.is_empty() { vec![(String::new(), text.to_owned())] } else { cases }
}

fn program_score(program: &str, edition: &str, verbose: bool) -> Score {
    let root = std::env::temp_dir().join(format!("syntax-truth-{}", std::process::id()));
    let dumps = root.join("dumps");
    let _ = std::fs::remove_dir_all(&root);
    if std::fs::create_dir_all(&dumps).is_err() {
        return Score::default();
    }
    // Send errors end the run before the dumps: the programs' bound is what is in question.
    let program = program.replace("Future + Send", "Future").replace("Send + 'static", "'static");
    let _ = std::fs::write(root.join("program.rs"), program);
    let status = Command::new("rustc")
        .current_dir(&root)
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["--edition", edition, "--crate-type", "lib", "--emit", "mir", "-A", "warnings"])
        .args(["-A", "let_underscore_lock", "-Zmir-include-spans=on", "-Zdump-mir-dir=dumps"])
        .arg(format!("-Zdump-mir={}", compare::PASSES))
        .args(["-o", "out.mir", "program.rs"])
        .output();
    if verbose && status.as_ref().is_ok_and(|it| !it.status.success()) {
        let text = status.map(|it| String::from_utf8_lossy(&it.stderr).into_owned());
        println!(
            "does not compile: {}",
            text.unwrap_or_default().lines().next().unwrap_or_default()
        );
    }
    let score = compare_directory(&dumps, &PathBuf::from(&root), parse_edition(edition), verbose);
    let _ = std::fs::remove_dir_all(&root);
    score
}
