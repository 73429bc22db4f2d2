//! Problems as a table that a person can read and write: one row a value.
//!
//! ```text
//! kind | value | type | at | awaits | demand | future | through
//! ```
//!
//! `at` is the first character of the declaration, with the file where it is not the program's
//! own; `*` marks the await that the compiler itself named. A row whose kind is `and` is another
//! value of the problem above. Lines that start with `#` are remarks.

use camino::Utf8Path;
use sendlens::problem::{Held, Place, Problem, Span};

const HEAD: [&str; 8] = ["kind", "value", "type", "at", "awaits", "demand", "future", "through"];
const NONE: &str = "-";

/// The rows of problems that the compiler reported in `file`.
pub(crate) fn table(problems: &[Problem], file: &Utf8Path) -> String {
    let rows: Vec<_> = problems.iter().flat_map(|problem| rows(problem, file)).collect();
    if rows.is_empty() {
        return "nothing\n".to_owned();
    }
    let rows: Vec<_> = std::iter::once(HEAD.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..HEAD.len()).map(|column| width(column).unwrap_or(0)).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned() + "\n"
    });
    lines.collect()
}

/// The lines that count: without remarks and without padding.
pub(crate) fn essence(table: &str) -> Vec<String> {
    let lines = table.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| line.split(" | ").map(str::trim).collect::<Vec<_>>().join(" | ")).collect()
}

fn rows(problem: &Problem, file: &Utf8Path) -> Vec<[String; 8]> {
    let kind = serde_json::to_value(problem.kind).unwrap();
    let kind = kind.as_str().unwrap().to_owned();
    let place = |place: &Place| format!("{} {}", place.what, at(&place.span, file));
    let demand = problem.demand.as_ref().map_or(NONE.to_owned(), &place);
    let through: Vec<String> = problem.path.iter().map(&place).collect();
    let through = if through.is_empty() { NONE.to_owned() } else { through.join(", ") };
    let mut rows: Vec<[String; 8]> =
        problem.held.iter().map(|held| value_row(held, file)).collect();
    if rows.is_empty() {
        rows.push(std::array::from_fn(|_| NONE.to_owned()));
        rows[0][2] = problem.leaf.clone().map_or(NONE.to_owned(), |leaf| format!("..{leaf}"));
    }
    rows[0][0] = kind;
    rows[0][5] = demand;
    rows[0][6] = place(&problem.future);
    rows[0][7] = through;
    rows
}

fn value_row(held: &Held, file: &Utf8Path) -> [String; 8] {
    let mut row: [String; 8] = std::array::from_fn(|_| String::new());
    row[0] = "and".to_owned();
    let text = held.text.split_whitespace().collect::<Vec<_>>().join(" ");
    row[1] = held.name.clone().unwrap_or_else(|| format!("`{text}`"));
    row[2] = held.ty.clone().unwrap_or_else(|| NONE.to_owned());
    row[3] = at(&held.span, file);
    let awaits = held.awaits.iter().map(|it| {
        let mark = if it.reported { "*" } else { "" };
        format!("{}{mark}", at(&it.span, file))
    });
    let awaits: Vec<String> = awaits.collect();
    row[4] = if awaits.is_empty() { NONE.to_owned() } else { awaits.join(" ") };
    row
}

/// A place as the tables name it.
pub(crate) fn at(span: &Span, file: &Utf8Path) -> String {
    let start = span.start;
    if span.file == file {
        return format!("{}:{}", start.line, start.column);
    }
    // Of a file elsewhere, its crate and name are enough.
    let parts: Vec<&str> = span.file.components().map(|it| it.as_str()).collect();
    let short = parts.iter().rposition(|part| *part == "src").and_then(|src| src.checked_sub(1));
    let short = parts.get(short.unwrap_or(0)..).unwrap_or(&parts).join("/");
    format!("{short}:{}:{}", start.line, start.column)
}
