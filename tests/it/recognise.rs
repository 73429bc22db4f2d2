//! Recognition against recordings of several compilers: no compiler is needed.
//!
//! `UPDATE_EXPECT=1 cargo test recorded` writes the tables anew; read the difference then.

#[path = "../recorded/programs.rs"]
mod programs;
#[path = "../recorded/shapes.rs"]
mod shapes;
#[path = "../recorded/table.rs"]
mod table;

use crate::package::Package;
use programs::{Recording, versions};
use sendlens::problem::Problem;
use shapes::Score;
use table::{essence, table};

#[test]
fn recorded_programs_are_recognised() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut differences = String::new();
    for version in versions() {
        let mut score = Score::default();
        for recording in Recording::all(&version) {
            let reports = recording.reports();
            let expected = recording.expectation();
            let mut problems: Vec<Problem> = Vec::new();
            for (diagnostic, problem) in reports {
                score.add(&diagnostic, problem.as_ref(), &recording.file, &essence(&expected));
                problems.extend(problem.filter(|it| !problems.contains(it)));
            }
            let found = table(&problems, &recording.file);
            if essence(&expected) == essence(&found) {
                continue;
            }
            if update {
                let remarks = expected.lines().filter(|line| line.starts_with('#'));
                let remarks: String = remarks.map(|line| format!("{line}\n")).collect();
                recording.expect(&(remarks + &found));
            }
            let name = format!("{version}/{}", recording.name);
            differences.push_str(&format!("\n== {name}\nexpected\n{expected}found\n{found}"));
        }
        println!("{version}\n{score}");
    }
    assert!(differences.is_empty() || update, "{differences}");
}

/// clippy's findings are no errors of rustc: what the text says after a fix decides.
#[test]
fn lints_of_clippy_have_verified_fixes() {
    let package = Package::new(
        "pub async fn żółw(m: Arc<Mutex<u64>>) {
    let guard = m.lock().unwrap();
    let n = *guard;
    tick(n).await;
    tick(2).await;
}
fn main() {}
",
    );
    let ran = package.run("check --clippy --message-format json");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let problem: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(problem["kind"], "lock_lint");
    assert_eq!(problem["lint"], "clippy::await_holding_lock");
    assert_eq!(problem["held"][0]["type"], "std::sync::MutexGuard<'_, u64>");
    assert_eq!(problem["held"][0]["awaits"].as_array().unwrap().len(), 2);
    assert_eq!(problem["fixes"][0]["verdict"], "verified");
}

/// An error that names no value ends at one all the same.
#[test]
fn values_that_the_compiler_does_not_name_are_found() {
    let package = Package::new(
        "use std::rc::Rc;
async fn tuple() { let pair = (Rc::new(1_u8), 2_u8); tick(1).await; drop(pair); }
async fn generic<N: Clone>(n: N) { let shared = Rc::new(n.clone()); tick(1).await; drop(shared); }
fn main() { spawn(tuple()); spawn(generic(1_u8)); }
",
    );
    let ran = package.run("check --message-format json");
    let problems = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    let problems: Vec<serde_json::Value> = problems.collect();
    let held: Vec<_> =
        problems.iter().map(|it| (&it["held"][0]["name"], &it["held"][0]["type"])).collect();
    assert_eq!(
        format!("{held:?}"),
        r#"[(String("pair"), String("(Rc<u8>, u8)")), (String("shared"), String("Rc<N>"))]"#
    );
}
