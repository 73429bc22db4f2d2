//! What the runs of a check have said, by cargo target.
//!
//! A run says something only about the targets that it reached: their earlier results go, those
//! of other targets stay. Runs carry rising numbers, and nothing from an older run replaces what a
//! newer one said.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use camino::Utf8Path;
use rustc_hash::FxHashSet;

use crate::{
    problem::{Problem, TargetKind, Unit},
    shift::Shift,
};

/// The identity of a cargo target. A library and its unit tests share one: `--all-targets` says
/// most things twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    package_id: String,
    name: String,
    kind: TargetKind,
}

impl From<&Unit> for Target {
    fn from(unit: &Unit) -> Self {
        Self { package_id: unit.package_id.clone(), name: unit.target.clone(), kind: unit.kind }
    }
}

#[derive(Debug, Default)]
struct Slot {
    /// The newest run that said anything of this target.
    latest: u64,
    problems: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    /// The last run that said it.
    run: u64,
    /// What the run said.
    said: Problem,
    /// What has been found out about it since.
    shown: Arc<Problem>,
}

/// The results of one workspace.
#[derive(Debug, Default)]
pub struct Results {
    slots: BTreeMap<Target, Slot>,
    /// The targets that each unfinished run has spoken of.
    reached: BTreeMap<u64, BTreeSet<Target>>,
}

impl Results {
    /// A run spoke of a unit, whatever it said.
    pub fn reach(&mut self, run: u64, unit: &Unit) {
        let target = Target::from(unit);
        let slot = self.slots.entry(target.clone()).or_default();
        slot.latest = slot.latest.max(run);
        self.reached.entry(run).or_default().insert(target);
    }

    /// How many targets a run has spoken of so far.
    pub fn reached(&self, run: u64) -> usize {
        self.reached.get(&run).map_or(0, BTreeSet::len)
    }

    /// A unit compiled: what earlier runs said of it is over. What this run said of its twin
    /// stays. Says whether anything changed.
    pub fn compiled(&mut self, run: u64, unit: &Unit) -> bool {
        self.reach(run, unit);
        let slot = self.slots.get_mut(&Target::from(unit));
        slot.is_some_and(|slot| !slot.has_said(run) && slot.forget_before(run))
    }

    /// A run found a problem. Its id becomes distinct from those of its likes. Gives that id where
    /// the problem is new or not what it was; otherwise all that is known of it stays.
    pub fn found(&mut self, run: u64, mut problem: Problem) -> Option<String> {
        self.reach(run, &problem.unit);
        let slot = self.slots.get_mut(&Target::from(&problem.unit))?;
        if run < slot.latest {
            return None;
        }
        slot.name(run, &mut problem);
        let id = problem.id.clone();
        let known = slot.problems.iter_mut().find(|known| known.said.id == id);
        let mut shown = problem.clone();
        match known {
            Some(known) if known.said == problem => {
                known.run = run;
                return None;
            }
            Some(known) => {
                shown.fixes.clone_from(&known.shown.fixes);
                *known = Known { run, said: problem, shown: Arc::new(shown) };
            }
            None => slot.problems.push(Known { run, said: problem, shown: Arc::new(shown) }),
        }
        Some(id)
    }

    /// A run is complete: what it reached and did not repeat is over.
    pub fn finished(&mut self, run: u64) -> bool {
        let mut changed = false;
        for target in self.reached.remove(&run).unwrap_or_default() {
            if let Some(slot) = self.slots.get_mut(&target) {
                changed |= slot.forget_before(run);
            }
        }
        changed
    }

    /// A run was cut short: it repeats nothing, so nothing is over.
    pub fn abandoned(&mut self, run: u64) {
        self.reached.remove(&run);
    }

    /// All problems, each once.
    pub fn problems(&self) -> Vec<Arc<Problem>> {
        let mut seen = FxHashSet::default();
        let all = self.slots.values().flat_map(|slot| &slot.problems);
        let all = all.map(|known| &known.shown);
        all.filter(|problem| seen.insert(problem.id.as_str())).map(Arc::clone).collect()
    }

    /// Changes every problem in place; those for which `keep` says no are gone.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut Arc<Problem>) -> bool) {
        for slot in self.slots.values_mut() {
            slot.problems.retain_mut(|known| keep(&mut known.shown));
        }
    }

    /// A file was edited.
    pub fn shift(&mut self, file: &Utf8Path, shift: &Shift) {
        for slot in self.slots.values_mut() {
            slot.problems.retain_mut(|known| {
                // Both move alike, so that a run that repeats itself is recognised.
                let said = shift.problem(&mut known.said, file);
                shift.problem(Arc::make_mut(&mut known.shown), file) && said
            });
        }
    }
}

impl Slot {
    /// Gives a problem the id that it had in earlier runs: problems with one signature are
    /// numbered in the order in which a run reports them.
    fn name(&self, run: u64, problem: &mut Problem) {
        let is_other = |known: &Problem| {
            known.reported_at != problem.reported_at || known.culprit() != problem.culprit()
        };
        let is_taken = |id: &str| {
            let mut known = self.problems.iter().filter(|known| known.run == run);
            known.any(|known| known.said.id == id && is_other(&known.said))
        };
        let mut id = problem.signature.clone();
        let mut number = 1;
        while is_taken(&id) {
            number += 1;
            id = format!("{}-{number}", problem.signature);
        }
        problem.id = id;
    }

    fn has_said(&self, run: u64) -> bool {
        self.problems.iter().any(|known| known.run == run)
    }

    fn forget_before(&mut self, run: u64) -> bool {
        let before = self.problems.len();
        self.problems.retain(|known| known.run >= run);
        before != self.problems.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{problem, span, unit};

    fn ids(results: &Results) -> Vec<String> {
        let ids = results.problems().into_iter();
        ids.map(|problem| problem.id.clone()).collect()
    }

    fn found(results: &mut Results, run: u64, target: &str, id: &str) {
        let mut problem = problem(id);
        problem.unit = unit(target);
        results.found(run, problem);
    }

    #[test]
    fn a_run_replaces_only_what_it_reached() {
        let mut results = Results::default();
        found(&mut results, 1, "a", "a1");
        found(&mut results, 1, "b", "b1");
        results.finished(1);
        found(&mut results, 2, "a", "a2");
        assert_eq!(ids(&results), ["a1", "a2", "b1"], "nothing goes before the end");
        results.finished(2);
        assert_eq!(ids(&results), ["a2", "b1"]);
    }

    #[test]
    fn a_unit_that_compiles_is_clean_at_once() {
        let mut results = Results::default();
        found(&mut results, 1, "a", "a1");
        results.finished(1);
        assert!(results.compiled(2, &unit("a")));
        assert!(ids(&results).is_empty());
    }

    #[test]
    fn a_twin_that_compiles_does_not_hide_what_the_other_said() {
        let mut results = Results::default();
        found(&mut results, 1, "a", "only_in_tests");
        assert!(!results.compiled(1, &unit("a")));
        results.finished(1);
        assert_eq!(ids(&results), ["only_in_tests"]);
    }

    #[test]
    fn twins_and_shared_files_count_once() {
        let mut results = Results::default();
        for target in ["a", "a", "b"] {
            found(&mut results, 1, target, "same");
        }
        assert_eq!(ids(&results), ["same"]);
    }

    #[test]
    fn likes_are_told_apart_and_keep_their_names() {
        let mut results = Results::default();
        for run in [1, 2] {
            for line in [4, 40] {
                let mut problem = problem("p");
                problem.reported_at = span(line, 1, 5);
                results.found(run, problem);
            }
            results.finished(run);
            assert_eq!(ids(&results), ["p", "p-2"]);
        }
    }

    #[test]
    fn a_run_that_repeats_itself_changes_nothing() {
        let mut results = Results::default();
        assert!(results.found(1, problem("p")).is_some());
        results.retain(|problem| {
            Arc::make_mut(problem).message = "examined".into();
            true
        });
        assert_eq!(results.found(2, problem("p")), None);
        assert_eq!(results.problems()[0].message, "examined");
        let mut other = problem("p");
        other.message = "another".into();
        assert_eq!(results.found(2, other).as_deref(), Some("p"));
        assert_eq!(results.problems()[0].message, "another");
    }

    #[test]
    fn an_older_run_comes_too_late() {
        let mut results = Results::default();
        results.compiled(2, &unit("a"));
        found(&mut results, 1, "a", "late");
        results.finished(1);
        assert!(ids(&results).is_empty());
    }

    #[test]
    fn a_run_cut_short_takes_nothing_away() {
        let mut results = Results::default();
        found(&mut results, 1, "a", "a1");
        results.finished(1);
        found(&mut results, 2, "a", "a2");
        results.abandoned(2);
        assert_eq!(ids(&results), ["a1", "a2"]);
    }
}
