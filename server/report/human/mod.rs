//! Problems for people: one picture each, then the fixes.
//!
//! The picture is annotate-snippets'; the fixes are drawn below it as before and after.

mod fixes;
mod picture;
mod short;

use std::io::{self, Write};

use annotate_snippets::renderer::{AnsiColor, Effects, Style};

use super::terminal::Look;
use crate::{
    fixes::is_last_resort,
    problem::{Problem, Verdict},
    sources::Sources,
};

/// Writes one problem with its source lines and its fixes, and an empty line. `earlier` were
/// written before it.
pub(super) fn write(
    out: &mut dyn Write,
    problem: &Problem,
    earlier: &[Problem],
    sources: &Sources,
    look: Look,
) -> io::Result<()> {
    writeln!(out, "{}", picture::render(problem, sources, look))?;
    fixes::write(out, problem, earlier, sources, look)?;
    writeln!(out)
}

/// Writes how many problems there were, and where to go next.
pub(super) fn write_summary(
    out: &mut dyn Write,
    problems: &[Problem],
    look: Look,
) -> io::Result<()> {
    let paint = Paint::new(look);
    let fixable = problems.iter().filter(|it| is_fixable(it)).count();
    let count = problems.len();
    if count == 0 {
        return Ok(());
    }
    let noun = if count == 1 { "problem" } else { "problems" };
    let fixes = match fixable {
        0 => String::new(),
        _ => format!(", {fixable} with a verified fix"),
    };
    writeln!(out, "{}", paint.bold(&format!("{count} {noun}{fixes}")))?;
    match fixable {
        0 => Ok(()),
        1 => writeln!(out, "`sendlens fix` applies it, `sendlens fix --dry-run` shows it first"),
        _ => {
            writeln!(out, "`sendlens fix` applies them, `sendlens fix --dry-run` shows them first")
        }
    }
}

/// Whether `sendlens fix` would do something about it.
fn is_fixable(problem: &Problem) -> bool {
    let mut fixes = problem.fixes.iter().filter(|fix| fix.verdict == Verdict::Verified);
    fixes.any(|fix| !is_last_resort(fix.id))
}

/// Colours for what annotate-snippets does not draw; nothing where colours are off.
#[derive(Debug, Clone, Copy)]
struct Paint {
    on: bool,
}

impl Paint {
    fn new(look: Look) -> Self {
        Self { on: look.colours }
    }

    fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    fn good(self, text: &str) -> String {
        self.with(AnsiColor::BrightGreen.on_default(), text)
    }

    fn bad(self, text: &str) -> String {
        self.with(AnsiColor::BrightRed.on_default(), text)
    }

    fn help(self, text: &str) -> String {
        self.with(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD), text)
    }

    fn quiet(self, text: &str) -> String {
        self.with(AnsiColor::BrightBlue.on_default().bold(), text)
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.on && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
