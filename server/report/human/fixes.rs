//! The fixes of a problem: the best one as before and after, the others by title.

use std::io::{self, Write};

use similar::{ChangeTag, TextDiff};

use super::Paint;
use crate::{
    problem::{Fix, Problem, Verdict},
    report::terminal::Look,
    sources::Sources,
};

/// A longer change is better read as a diff in an editor.
const LINES_MAX: usize = 40;

/// Writes what can be done about a problem. `earlier` were written before it: what cures several
/// is drawn once.
pub(super) fn write(
    out: &mut dyn Write,
    problem: &Problem,
    earlier: &[Problem],
    sources: &Sources,
    look: Look,
) -> io::Result<()> {
    let Some(best) = best(problem) else {
        return Ok(());
    };
    write_title(out, "help", best, look)?;
    let same = |it: &&Problem| self::best(it).is_some_and(|known| known.edits == best.edits);
    if let Some(known) = earlier.iter().find(same) {
        let at = known.culprit();
        writeln!(out, "      the same change as above, for {}:{}", at.file, at.start.line)?;
    } else if let Some(after) = sources.apply(&best.edits) {
        write_change(out, problem, sources, &after, look)?;
    }
    for fix in problem.fixes.iter().filter(|fix| *fix != best) {
        write_title(out, "or", fix, look)?;
    }
    Ok(())
}

/// The fix that is drawn.
pub(super) fn best(problem: &Problem) -> Option<&Fix> {
    problem.fixes.iter().find(|fix| fix.preferred).or_else(|| problem.fixes.first())
}

fn write_title(out: &mut dyn Write, word: &str, fix: &Fix, look: Look) -> io::Result<()> {
    let paint = Paint::new(look);
    let verdict = match fix.verdict {
        Verdict::Verified => {
            paint.good(look.pick("✔ the compiler accepts this", "[ok] the compiler accepts this"))
        }
        Verdict::Unchecked => "not checked by the compiler".to_owned(),
        Verdict::Rejected => paint.bad("the compiler refuses this"),
    };
    let title = paint.bold(&fix.title);
    writeln!(out, "{}: {title}", paint.help(word))?;
    let indent = " ".repeat(word.len() + 2);
    writeln!(out, "{indent}{verdict}")?;
    if let Some(note) = &fix.note {
        writeln!(out, "{indent}{note}")?;
    }
    Ok(())
}

/// The changed lines of every file, one line around them. The problem's own file needs no name.
fn write_change(
    out: &mut dyn Write,
    problem: &Problem,
    before: &Sources,
    after: &Sources,
    look: Look,
) -> io::Result<()> {
    let paint = Paint::new(look);
    let bar = look.pick("│", "|");
    let changes: Vec<Row> = rows(before, after);
    let digits = changes.iter().filter_map(|row| row.line).max();
    let width = digits.unwrap_or(1).to_string().len();
    let files: Vec<&Row> = changes.iter().filter(|row| row.tag.is_none()).collect();
    let named = files.len() > 1 || files.iter().any(|it| it.text != problem.culprit().file);
    for row in changes.iter().take(LINES_MAX) {
        let number = row.line.map_or(String::new(), |line| line.to_string());
        let gutter = paint.quiet(&format!("{number:>width$}"));
        let text = row.text.replace('\t', "    ");
        match row.tag {
            None if named => {
                let corner = look.pick("╭▸", "-->");
                writeln!(out, "{gutter} {} {text}", paint.quiet(corner))?;
            }
            None => {}
            Some(ChangeTag::Equal) => {
                let line = format!("{gutter} {} {text}", paint.quiet(bar));
                writeln!(out, "{}", line.trim_end())?;
            }
            Some(ChangeTag::Delete) => {
                writeln!(out, "{gutter} {}", paint.bad(&format!("- {text}")))?;
            }
            Some(ChangeTag::Insert) => {
                writeln!(out, "{gutter} {}", paint.good(&format!("+ {text}")))?;
            }
        }
    }
    if let Some(more) = changes.len().checked_sub(LINES_MAX + 1) {
        let more = more + 1;
        writeln!(
            out,
            "{:width$} {} {more} more lines; `sendlens fix --dry-run` shows them all",
            "",
            look.pick("…", "...")
        )?;
    }
    Ok(())
}

/// One line of a change; a file's name has no tag.
struct Row {
    tag: Option<ChangeTag>,
    line: Option<usize>,
    text: String,
}

fn rows(before: &Sources, after: &Sources) -> Vec<Row> {
    let mut rows = Vec::new();
    for (file, new) in before.changed_files(after) {
        rows.push(Row { tag: None, line: None, text: file.to_string() });
        let old = before.text(file).map_or("", |text| &**text);
        let diff = TextDiff::from_lines(old, &**new);
        for hunk in diff.grouped_ops(1) {
            for change in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
                let index = match change.tag() {
                    ChangeTag::Delete => change.old_index(),
                    ChangeTag::Insert | ChangeTag::Equal => change.new_index(),
                };
                rows.push(Row {
                    tag: Some(change.tag()),
                    line: index.map(|index| index + 1),
                    text: change.value().trim_end_matches(['\r', '\n']).to_owned(),
                });
            }
        }
    }
    rows
}
