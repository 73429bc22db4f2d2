//! Diagnostic -> Problem. One file a shape; each says what rustc prints, what we learn from it
//! and what is missing.

mod advice;
mod awaits_another;
mod captured;
mod chain;
mod complete;
mod handler;
mod handler_fn;
mod held;
mod lints;
mod message;
mod not_general;
mod output;
mod path;
mod question_mark;
mod reasons;
mod recursion;
mod report;
mod spans;

use std::hash::{DefaultHasher, Hash, Hasher};

use camino::Utf8Path;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};

pub use advice::advice;
pub use complete::complete;
pub use handler_fn::handler_fn;
pub(crate) use held::variable_name;
pub use reasons::reasons_of_parameter;
pub(crate) use spans::user_span;

use crate::problem::{AutoTrait, Kind, Problem, Unit};
use report::Report;

type Shape = fn(&Report<'_>) -> Option<Problem>;

/// The shapes, most telling first: the first that matches wins.
const SHAPES: &[Shape] = &[
    lints::lints,
    held::held,
    captured::captured,
    awaits_another::awaits_another,
    chain::chain,
    question_mark::question_mark,
    output::output,
    handler::handler,
    not_general::not_general,
    recursion::recursion,
    lints::future_not_send,
    unknown,
];

/// Recognises a diagnostic of the family; `None` for everything else. `root` is the workspace
/// root: absolute paths below it become relative.
pub fn recognise(diagnostic: &Diagnostic, unit: &Unit, root: &Utf8Path) -> Option<Problem> {
    if !matches!(diagnostic.level, DiagnosticLevel::Error | DiagnosticLevel::Warning) {
        return None;
    }
    let report = Report { diagnostic, unit, root };
    let mut problem = SHAPES.iter().find_map(|shape| shape(&report))?;
    if problem.lint.is_none() {
        problem.lint = report.code().filter(|code| is_lint(code)).map(str::to_owned);
    }
    problem.message = message::message(&problem);
    problem.signature = signature(&problem);
    problem.id.clone_from(&problem.signature);
    Some(problem)
}

/// Why a type lacks an auto trait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The innermost type, as the compiler printed it.
    pub leaf: String,
    /// The trait that it lacks: `Sync`, where a reference would be sent.
    pub auto_trait: AutoTrait,
    /// The chain of reasons, the leaf last.
    pub why: Vec<String>,
}

/// Reads an E0277 about an auto trait for the chain of types that it gives.
pub fn shortfall(diagnostic: &Diagnostic) -> Option<Shortfall> {
    let unit = Unit::anonymous();
    let report = Report { diagnostic, unit: &unit, root: Utf8Path::new("") };
    let leaf = report.leaf()?;
    let why = reasons::chain("", &report);
    Some(Shortfall { leaf: leaf.ty, auto_trait: leaf.auto_trait, why })
}

/// A cheap test on a raw line of JSON: whether parsing it could give a problem.
pub fn may_concern_us(line: &str) -> bool {
    const NEEDLES: &[&str] = &[
        "between threads safely",
        "is not satisfied",
        "general enough",
        "higher-ranked lifetime error",
        "higher-ranked subtype error",
        "cycle detected when computing type of opaque",
        "more general than the other",
        "cannot satisfy `impl",
        "satisfies auto traits",
        "await_holding",
        "must_not_suspend",
    ];
    NEEDLES.iter().any(|needle| line.contains(needle))
}

/// A family member (by its first line) that no shape understands.
fn unknown(report: &Report<'_>) -> Option<Problem> {
    let message = report.message();
    let family = ["future", "coroutine", "async"].iter().any(|word| message.starts_with(word));
    if !family || report.denied().is_none() {
        return None;
    }
    let notes: Vec<&str> = report.children().map(|child| child.message.as_str()).collect();
    tracing::warn!(
        message,
        ?notes,
        "the compiler says something that Sendlens does not understand; please report it, with \
         this line, at {}/issues",
        env!("CARGO_PKG_REPOSITORY"),
    );
    report.problem(Kind::Other)
}

fn is_lint(code: &str) -> bool {
    !code.starts_with('E')
}

/// Types without the modules that they live in: `a::b::C<d::E>` is `C<E>`.
fn pathless(text: &str) -> String {
    let mut out = String::new();
    let mut word_start = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let path = rest.strip_prefix("::").filter(|_| word_start < out.len());
        if let Some(after) = path {
            out.truncate(word_start);
            rest = after;
            continue;
        }
        out.push(c);
        if !c.is_alphanumeric() && c != '_' {
            word_start = out.len();
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// A type as far as it stays the same: without paths, and without the place of a closure or an
/// async block (`{closure@src/lib.rs:13:39: 13:46}`).
fn lasting(ty: &str) -> String {
    let mut parts = ty.split('@');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.find('}').and_then(|end| part.get(end..)).unwrap_or_default());
    }
    pathless(&out)
}

/// Stays the same while lines move: kind, file, names and types count, line numbers do not. Nor
/// do paths: rustc shortens them by what else the unit sees, and a library's test form sees more.
fn signature(problem: &Problem) -> String {
    let mut hasher = DefaultHasher::new();
    problem.kind.hash(&mut hasher);
    problem.auto_trait.hash(&mut hasher);
    problem.culprit().file.hash(&mut hasher);
    for held in &problem.held {
        (&held.name, &held.text, held.ty.as_deref().map(lasting)).hash(&mut hasher);
    }
    (problem.leaf.as_deref().map(lasting), &problem.future.what).hash(&mut hasher);
    problem.demand.as_ref().map(|demand| pathless(&demand.what)).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn paths_are_left_out() {
        for (text, expected) in [
            ("a::b::C<'_, d::Größe>", "C<'_, Größe>"),
            ("dyn Fn(a::B) -> c::D + Send", "dyn Fn(B) -> D + Send"),
            ("<T as a::Tr>::Out", "<T as Tr>::Out"),
            ("::", "::"),
            ("", ""),
        ] {
            assert_eq!(pathless(text), expected);
        }
    }

    #[test]
    fn a_closure_that_moves_is_the_same() {
        let (mut above, mut below) = (testing::problem("1"), testing::problem("2"));
        above.held[0].ty = Some("Wrap<{closure@src/größe.rs:13:39: 13:46}, u8>".into());
        below.held[0].ty = Some("Wrap<{closure@src/größe.rs:15:39: 15:46}, u8>".into());
        assert_eq!(signature(&above), signature(&below));
        below.held[0].ty = Some("Wrap<{closure@src/größe.rs:15:39: 15:46}, u16>".into());
        assert_ne!(signature(&above), signature(&below));
    }

    #[test]
    fn the_test_form_of_a_unit_reports_the_same_problem() {
        let (mut lib, mut test) = (testing::problem("1"), testing::problem("2"));
        lib.held[0].ty = Some("std::sync::MutexGuard<'_, inner::State>".into());
        test.held[0].ty = Some("std::sync::MutexGuard<'_, State>".into());
        assert_eq!(signature(&lib), signature(&test));
        test.held[0].ty = Some("std::sync::MutexGuard<'_, Other>".into());
        assert_ne!(signature(&lib), signature(&test));
    }
}
