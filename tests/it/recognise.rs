//! Recognition against recordings of several compilers: no compiler is needed.
//!
//! `UPDATE_EXPECT=1 cargo test recorded` writes the tables anew; read the difference then.

#[path = "../recorded/programs.rs"]
mod programs;
#[path = "../recorded/shapes.rs"]
mod shapes;
#[path = "../recorded/table.rs"]
mod table;

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
