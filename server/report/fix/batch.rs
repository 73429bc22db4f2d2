//! Which fixes may be applied at once.
//!
//! Each was accepted by the compiler alone. Two are applied together only where they stand apart:
//! blocks that interleave would not even parse. The others wait for the next round.

use camino::Utf8PathBuf;

use crate::problem::{Edit, Fix, Problem, Span};

/// A problem with the fix chosen for it.
#[derive(Debug, Clone)]
pub(super) struct Cure {
    pub(super) problem: Problem,
    pub(super) fix: Fix,
}

/// Cures that are applied at once, and all their edits.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) cures: Vec<Cure>,
    pub(super) edits: Vec<Edit>,
    /// Cures that stand too close to these.
    pub(super) waiting: Vec<Cure>,
    taken: Vec<Span>,
}

impl Batch {
    /// As many cures as stand apart, at most `cures_max`.
    pub(super) fn choose(cures: Vec<Cure>, cures_max: usize) -> Self {
        let mut batch = Self::default();
        for cure in cures {
            // One change of type may cure several problems.
            let same = batch.cures.iter().any(|it| it.fix.edits == cure.fix.edits);
            if same {
                batch.cures.push(cure);
                continue;
            }
            let hulls = hulls(&cure.fix.edits);
            let apart = hulls.iter().all(|hull| batch.taken.iter().all(|it| are_apart(it, hull)));
            if apart && batch.cures.len() < cures_max {
                batch.taken.extend(hulls);
                batch.edits.extend(cure.fix.edits.iter().cloned());
                batch.cures.push(cure);
            } else {
                batch.waiting.push(cure);
            }
        }
        batch
    }

    /// Whether several changes were joined, whose sum the compiler has not seen.
    pub(super) fn is_joined(&self) -> bool {
        self.cures.windows(2).any(|pair| match pair {
            [a, b] => a.fix.edits != b.fix.edits,
            _ => false,
        })
    }
}

/// From the first to the last edit in each file.
fn hulls(edits: &[Edit]) -> Vec<Span> {
    let mut hulls: Vec<Span> = Vec::new();
    for Edit { span, .. } in edits {
        match hulls.iter_mut().find(|hull| hull.file == span.file) {
            Some(hull) => {
                hull.start = hull.start.min(span.start);
                hull.end = hull.end.max(span.end);
            }
            None => hulls.push(span.clone()),
        }
    }
    hulls
}

fn are_apart(a: &Span, b: &Span) -> bool {
    a.file != b.file || a.end.line < b.start.line || b.end.line < a.start.line
}

/// The files that a fix changes.
pub(super) fn files(fix: &Fix) -> Vec<Utf8PathBuf> {
    hulls(&fix.edits).into_iter().map(|hull| hull.file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{problem::Position, report::sample};

    /// A cure that edits the given lines.
    fn cure(lines: &[u32]) -> Cure {
        let (problem, _) = sample::problem("$vx$. = $x1$.; $aawait$.\n", "T");
        let mut fix = problem.fixes[0].clone();
        let template = fix.edits.remove(0);
        fix.edits.extend(lines.iter().map(|line| {
            let mut edit = template.clone();
            edit.span.start = Position { line: *line, column: 1 };
            edit.span.end = edit.span.start;
            edit
        }));
        Cure { problem, fix }
    }

    #[track_caller]
    fn check(cures: &[&[u32]], cures_max: usize, expected: usize) {
        let cures = cures.iter().map(|lines| cure(lines)).collect();
        assert_eq!(Batch::choose(cures, cures_max).cures.len(), expected);
    }

    #[test]
    fn what_stands_apart_goes_together() {
        check(&[&[1, 3], &[4, 6], &[9]], 9, 3);
        check(&[&[4, 6], &[1, 3]], 1, 1);
    }

    #[test]
    fn what_interleaves_waits() {
        check(&[&[1, 5], &[3, 8]], 9, 1);
        check(&[&[1], &[1, 2]], 9, 1);
    }

    #[test]
    fn one_change_may_cure_several() {
        check(&[&[1, 2], &[1, 2]], 1, 2);
        let cures = vec![cure(&[1, 2]), cure(&[1, 2])];
        assert_eq!(Batch::choose(cures, 9).edits.len(), 2);
    }
}
