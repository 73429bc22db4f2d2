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
    if let Some(known) = earlier.iter().find(|it| is_of_same_value(it, problem)) {
        write_again(out, problem, known, look)?;
        return writeln!(out);
    }
    writeln!(out, "{}", picture::render(problem, sources, look))?;
    fixes::write(out, problem, earlier, sources, look)?;
    writeln!(out)
}

/// Whether two problems are about one value, and one change cures both: only who demands `Send` is
/// another.
fn is_of_same_value(known: &Problem, problem: &Problem) -> bool {
    let values = |it: &Problem| -> Vec<_> {
        it.held.iter().map(|held| (held.span.clone(), held.awaits.clone())).collect()
    };
    let edits = |it| fixes::best(it).map(|fix| fix.edits.clone());
    !problem.held.is_empty()
        && known.auto_trait == problem.auto_trait
        && known.future.span == problem.future.span
        && known.reported_at != problem.reported_at
        && values(known) == values(problem)
        && edits(known) == edits(problem)
}

/// Writes a problem with a value that was drawn for another: the same picture says nothing new.
fn write_again(
    out: &mut dyn Write,
    problem: &Problem,
    known: &Problem,
    look: Look,
) -> io::Result<()> {
    let paint = Paint::new(look);
    let corner = paint.quiet(look.pick("╭▸", "-->"));
    let note = paint.quiet(look.pick("╰ note:", "= note:"));
    let ellipsis = look.pick("…", "...");
    let demand = problem.demand.as_ref();
    let demand =
        demand.map_or_else(|| "`Send` is demanded".to_owned(), |it| picture::demands(it, ellipsis));
    let at = &problem.reported_at;
    let value = known.culprit();
    let cure = if problem.fixes.is_empty() { "" } else { ", and the same change cures it" };
    writeln!(out, "{}: {}", paint.bad("error"), paint.bold(&picture::headline(problem, ellipsis)))?;
    writeln!(out, "    {corner} {}:{}:{}", at.file, at.start.line, at.start.column)?;
    writeln!(
        out,
        "    {note} {demand} here; the value is the one of {}:{} above{cure}",
        value.file, value.start.line
    )
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
