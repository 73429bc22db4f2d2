//! How places move when a text is edited: problems follow the text until the next check.

use camino::Utf8Path;

use crate::problem::{Fix, Held, Position, Problem, Span, Verdict};

/// One replacement of text, seen from outside: what was there, and how far the new text reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Where the replacement starts.
    pub start: Position,
    /// Where the old text ended.
    pub old_end: Position,
    /// Where the new text ends.
    pub new_end: Position,
}

impl Shift {
    /// The replacement that takes this one back.
    pub fn undone(&self) -> Self {
        Self { start: self.start, old_end: self.new_end, new_end: self.old_end }
    }

    /// Where a place behind the replacement goes.
    fn behind(&self, position: Position) -> Position {
        if position.line == self.old_end.line {
            let column = self.new_end.column + (position.column - self.old_end.column);
            let line = self.new_end.line;
            return Position { line, column };
        }
        Position {
            line: self.new_end.line + (position.line - self.old_end.line),
            column: position.column,
        }
    }

    /// Moves a span of the edited file. `false` when its text is gone.
    pub fn span(&self, span: &mut Span) -> bool {
        self.stretch(&mut span.start, &mut span.end)
    }

    /// Moves a stretch of the edited file. `false` when its text is gone.
    pub fn stretch(&self, start: &mut Position, end: &mut Position) -> bool {
        let swallowed = self.start <= *start && *end <= self.old_end;
        if swallowed && self.start != self.old_end && start != end {
            return false;
        }
        // Text typed right before a span, or right behind it, is not part of it.
        *start = match *start {
            start if start >= self.old_end => self.behind(start),
            start if start > self.start => self.new_end,
            start => start,
        };
        *end = match *end {
            end if end > self.old_end => self.behind(end),
            end if end > self.start => self.start.max(*start),
            end => end.max(*start),
        };
        true
    }

    /// Moves everything that a problem says of `file`. `false` when the culprit's text is gone,
    /// and with it the problem.
    pub fn problem(&self, problem: &mut Problem, file: &Utf8Path) -> bool {
        let culprit_is_gone = {
            let mut culprit = problem.culprit().clone();
            culprit.file == file && !self.span(&mut culprit)
        };
        if culprit_is_gone {
            return false;
        }
        let here = |span: &mut Span| span.file != file || self.span(span);
        // A place that vanished keeps its old spot: it only serves for links until the next check.
        here(&mut problem.future.span);
        here(&mut problem.reported_at);
        problem.path.retain_mut(|place| here(&mut place.span));
        if let Some(demand) = &mut problem.demand
            && !here(&mut demand.span)
        {
            problem.demand = None;
        }
        let had_awaits = problem.held.iter().any(|held| !held.awaits.is_empty());
        problem.held.retain_mut(|held| held_follows(held, here));
        let has_awaits = problem.held.iter().any(|held| !held.awaits.is_empty());
        problem.fixes.retain_mut(|fix| self.fix(fix, file));
        had_awaits == has_awaits
    }

    /// Moves the edits of a fix. `false` when the new text touches one: it would apply to
    /// something else than what was judged.
    fn fix(&self, fix: &mut Fix, file: &Utf8Path) -> bool {
        for edit in fix.edits.iter_mut().filter(|edit| edit.span.file == file) {
            let touched = self.start <= edit.span.end && edit.span.start <= self.old_end;
            if touched || !self.span(&mut edit.span) {
                return false;
            }
        }
        fix.verdict = Verdict::Unchecked;
        fix.preferred = false;
        true
    }
}

fn held_follows(held: &mut Held, here: impl Fn(&mut Span) -> bool) -> bool {
    held.awaits.retain_mut(|point| here(&mut point.span));
    if held.in_macro.as_mut().is_some_and(|span| !here(span)) {
        held.in_macro = None;
    }
    here(&mut held.span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32) -> Position {
        Position { line, column }
    }

    #[track_caller]
    fn check(shift: [(u32, u32); 3], span: [(u32, u32); 2], want: Option<[(u32, u32); 2]>) {
        let [start, old_end, new_end] = shift.map(|(line, column)| at(line, column));
        let shift = Shift { start, old_end, new_end };
        let mut moved = Span {
            file: "a.rs".into(),
            start: at(span[0].0, span[0].1),
            end: at(span[1].0, span[1].1),
        };
        let alive = shift.span(&mut moved);
        let got = [moved.start, moved.end].map(|at| (at.line, at.column));
        assert_eq!(alive.then_some(got), want);
    }

    #[test]
    fn lines_above_push_down() {
        check([(1, 1), (1, 1), (3, 1)], [(5, 9), (5, 14)], Some([(7, 9), (7, 14)]));
    }

    #[test]
    fn text_on_the_same_line_pushes_right() {
        check([(5, 2), (5, 4), (5, 9)], [(5, 9), (5, 14)], Some([(5, 14), (5, 19)]));
        check([(5, 9), (5, 9), (5, 12)], [(5, 9), (5, 14)], Some([(5, 12), (5, 17)]));
    }

    #[test]
    fn text_behind_or_inside_keeps_the_start() {
        check([(5, 14), (5, 14), (5, 15)], [(5, 9), (5, 14)], Some([(5, 9), (5, 14)]));
        check([(5, 11), (5, 11), (5, 13)], [(5, 9), (5, 14)], Some([(5, 9), (5, 16)]));
    }

    #[test]
    fn deleted_text_takes_its_spans_along() {
        check([(4, 1), (6, 1), (4, 1)], [(5, 9), (5, 14)], None);
    }
}
