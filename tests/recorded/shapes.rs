//! The score: how many of the compiler's errors are recognised wholly, by their shape.

use std::{collections::BTreeMap, fmt};

use camino::Utf8Path;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};
use sendlens::problem::Problem;

use super::table::{essence, table};

/// Counts by shape: wholly recognised, and all.
#[derive(Debug, Default)]
pub(crate) struct Score(BTreeMap<&'static str, (usize, usize)>);

impl Score {
    /// Adds one error: what was made of it, and the rows that are expected of its program. Wholly
    /// recognised is what has every row there, none of them marked as a gap.
    pub(crate) fn add(
        &mut self,
        diagnostic: &Diagnostic,
        problem: Option<&Problem>,
        file: &Utf8Path,
        expected: &[String],
    ) {
        let Some(shape) = shape(diagnostic) else { return };
        let (wholly, all) = self.0.entry(shape).or_default();
        *all += 1;
        let rows = problem.map(|problem| essence(&table(std::slice::from_ref(problem), file)));
        let whole = rows.is_some_and(|rows| rows.iter().skip(1).all(|row| expected.contains(row)));
        *wholly += usize::from(whole);
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shape, (wholly, all)) in &self.0 {
            writeln!(f, "  {shape:52} {wholly:4} of {all:4}")?;
        }
        let (wholly, all) = self.0.values().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        writeln!(f, "  {:52} {wholly:4} of {all:4}", "all")
    }
}

/// The names of the catalogue. An opinion apart from the product's own.
fn shape(diagnostic: &Diagnostic) -> Option<&'static str> {
    let message = diagnostic.message.as_str();
    let code = diagnostic.code.as_ref().map_or("", |code| code.code.as_str());
    let notes = || diagnostic.children.iter().map(|child| child.message.as_str());
    let says = |words: &str| notes().any(|note| note.contains(words));
    if !matches!(diagnostic.level, DiagnosticLevel::Error | DiagnosticLevel::Warning) {
        return None;
    }
    let safely = message.contains("between threads safely");
    Some(match code {
        "clippy::await_holding_lock" | "clippy::await_holding_refcell_ref" => "L1 held guard",
        "clippy::await_holding_invalid_type" => "L2 invalid type",
        "clippy::future_not_send" => "L3 future_not_send",
        "must_not_suspend" => "L6 must_not_suspend",
        _ if says("does not implement") && says("across an await") => "C2 other auto trait",
        _ if says("across a yield") => "C1 coroutine",
        _ if says("used across an await") => "F1 held across an await",
        _ if says("awaits another future") => "F2 awaits another future",
        _ if says("captured value is not") => "F3 captured",
        _ if safely && says("within this `async") => "E1 chain of async bodies",
        _ if message.starts_with("`?` couldn't convert") && !message.contains("Sized") => {
            "E5 question mark"
        }
        _ if message.ends_with("is not general enough") => "H1 not general enough",
        _ if message == "higher-ranked lifetime error" => "H2 higher-ranked",
        "E0308" if says("no two async blocks") => "H3 more general",
        "E0283" if message.contains("Send`") => "R1 recursion",
        _ if message.contains("satisfies auto traits") => "R1 recursion",
        "E0277" if message.contains(": Handler<") || message.contains("FromFn<") => "A1 handler",
        "E0277" if safely && !says("used within this closure") => "E2 type itself",
        _ => return None,
    })
}
