//! Whether our own check is needed: a small state machine over saves, journals, processes and
//! time.

use std::time::Duration;

use tokio::time::Instant;

use super::neighbour::Sighting;
use crate::settings::Source;

/// How long a save may go unanswered by a journal that is usually written.
const ANSWER: Duration = Duration::from_secs(3);

/// The same while rust-analyzer is seen to work.
const LONG_ANSWER: Duration = Duration::from_secs(30);

/// After how many unanswered saves the journal's writer is taken for gone.
const UNANSWERED: u32 = 2;

/// Where rust-analyzer is expected but not seen yet: how many times longer it is waited for.
const PATIENCE: u32 = 4;

/// How long rust-analyzer may work at start-up without a journal. It builds all build scripts and
/// macros first.
const START_UP: Duration = Duration::from_secs(300);

/// For how many times the grace rust-analyzer must have had nothing to do, to be taken for ready.
const REST: u32 = 2;

/// How often is looked what it does.
const LOOK: Duration = Duration::from_millis(250);

/// How late the moves of a journal are noticed, at worst.
const NOTICED: Duration = Duration::from_millis(2_500);

/// After how many saves that rust-analyzer checks as well, unheard, it is said so: the first may
/// be the one whose journal is about to move.
const DOUBLED: u32 = 2;

/// What to do when the waiting is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    KeepListening,
    /// Run our own check.
    RunOwn(Because),
}

/// Why our own check is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Because {
    /// Nobody else checks, as far as can be seen.
    Alone,
    /// It is ours to check after a save.
    Saved,
    /// rust-analyzer has nothing more to do, and did not check.
    Silent,
    /// rust-analyzer has checked, but no journal has moved.
    Unheard,
    /// rust-analyzer has worked for too long.
    Overdue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Not known yet.
    Nobody,
    /// Somebody writes a journal.
    Journal {
        /// Saves since that moved it.
        unanswered: u32,
    },
    /// We.
    Own,
}

/// Who checks.
#[derive(Debug)]
pub(crate) struct Choice {
    source: Source,
    grace: Duration,
    debounce: Duration,
    started: Instant,
    who: Who,
    due: Option<Instant>,
    /// The first save that nobody has answered yet.
    saved: Option<Instant>,
    /// Whether rust-analyzer is likely to come.
    expected: bool,
    /// Since when rust-analyzer has nothing to do.
    idle_since: Option<Instant>,
    /// When it was last seen to check while no journal moved.
    unheard: Option<Instant>,
    /// How many of our saves it has checked as well.
    doubled: u32,
}

impl Choice {
    pub(crate) fn new(source: Source, grace: Duration, debounce: Duration, now: Instant) -> Self {
        let (who, due) = match source {
            Source::Auto => (Who::Nobody, Some(now + grace.min(LOOK))),
            Source::Own => (Who::Own, Some(now)),
            Source::Journal | Source::Tee | Source::Off => (Who::Nobody, None),
        };
        Self {
            source,
            grace,
            debounce,
            started: now,
            who,
            due,
            saved: None,
            expected: false,
            idle_since: None,
            unheard: None,
            doubled: 0,
        }
    }

    /// The source that the user, or trust, has left.
    pub(crate) fn source(&self) -> Source {
        self.source
    }

    /// When [`Self::waited`] is to be asked.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether [`Self::waited`] depends on what rust-analyzer does.
    pub(crate) fn wants_sighting(&self) -> bool {
        self.source == Source::Auto && (self.who != Who::Own || self.doubled < DOUBLED)
    }

    /// Whether nobody has checked yet.
    pub(crate) fn is_new(&self) -> bool {
        self.who == Who::Nobody
    }

    /// A file was saved.
    pub(crate) fn saved(&mut self, now: Instant) {
        let answer = now + self.grace.min(ANSWER);
        self.due = match (self.source, self.who) {
            (Source::Journal | Source::Tee | Source::Off, _) => return,
            (_, Who::Own) => Some(now + self.debounce),
            (_, Who::Nobody) => Some(self.due.map_or(answer, |due| due.min(answer))),
            (_, Who::Journal { .. }) => Some(answer),
        };
        self.saved.get_or_insert(now);
    }

    /// rust-analyzer is likely to come: an earlier session has left its journal, or the editor
    /// says so.
    pub(crate) fn expect(&mut self) {
        self.expected = true;
    }

    /// A journal moves.
    pub(crate) fn heard(&mut self) {
        self.who = Who::Journal { unanswered: 0 };
        self.due = None;
        self.saved = None;
        self.idle_since = None;
        self.unheard = None;
        self.doubled = 0;
    }

    /// The time of [`Self::due`] has come.
    pub(crate) fn waited(&mut self, sighting: Sighting, now: Instant) -> Verdict {
        self.due = None;
        match sighting {
            Sighting::Absent => self.idle_since = None,
            Sighting::Busy { checks } => {
                self.idle_since = None;
                self.unheard = self.unheard.max(checks.then_some(now));
            }
            Sighting::Idle => {
                self.idle_since.get_or_insert(now);
            }
        }
        let because = match self.who {
            Who::Own => Some(self.ours(sighting)),
            Who::Nobody => self.at_start_up(sighting, now),
            Who::Journal { unanswered } => self.after_save(unanswered, sighting, now),
        };
        let Some(because) = because else {
            return Verdict::KeepListening;
        };
        self.who = Who::Own;
        self.saved = None;
        Verdict::RunOwn(because)
    }

    fn ours(&mut self, sighting: Sighting) -> Because {
        if sighting == (Sighting::Busy { checks: true }) {
            self.doubled += 1;
        }
        if self.doubled == DOUBLED { Because::Unheard } else { Because::Saved }
    }

    fn at_start_up(&mut self, sighting: Sighting, now: Instant) -> Option<Because> {
        let asked = self.saved.is_some_and(|saved| now >= saved + self.grace.min(ANSWER));
        let patience = if self.expected { PATIENCE } else { 1 };
        let because = match sighting {
            _ if asked => Some(Because::Saved),
            // It has checked, and a journal would have moved by now.
            _ if self.unheard.is_some_and(|at| now >= at + NOTICED) => Some(Because::Unheard),
            Sighting::Absent => {
                (now >= self.started + self.grace * patience).then_some(Because::Alone)
            }
            Sighting::Busy { .. } => (now >= self.started + START_UP).then_some(Because::Overdue),
            Sighting::Idle => {
                let rests = self.idle_since.is_some_and(|since| now >= since + self.grace * REST);
                // One that was seen to check is given its name, a moment later.
                (rests && self.unheard.is_none()).then_some(Because::Silent)
            }
        };
        if because.is_none() {
            self.due = Some(now + LOOK);
        }
        because
    }

    fn after_save(&mut self, unanswered: u32, sighting: Sighting, now: Instant) -> Option<Because> {
        let works = matches!(sighting, Sighting::Busy { .. });
        if works && self.saved.is_some_and(|saved| now < saved + LONG_ANSWER) {
            self.due = Some(now + LOOK);
            return None;
        }
        self.saved = None;
        let unanswered = unanswered + 1;
        self.who = Who::Journal { unanswered };
        let why = if self.unheard.is_some() { Because::Unheard } else { Because::Saved };
        (unanswered >= UNANSWERED).then_some(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);
    const DEBOUNCE: Duration = Duration::from_millis(100);
    const WORKS: Sighting = Sighting::Busy { checks: false };
    const CHECKS: Sighting = Sighting::Busy { checks: true };

    fn choice(source: Source) -> (Choice, Instant) {
        let now = Instant::now();
        (Choice::new(source, GRACE, DEBOUNCE, now), now)
    }

    /// Looks as often as the choice wants, until it decides: when, since the start, and why.
    fn decide(
        choice: &mut Choice,
        start: Instant,
        sight: impl Fn(u64) -> Sighting,
    ) -> (u64, Because) {
        loop {
            let now = choice.due().expect("a decision");
            let second = (now - start).as_secs();
            if let Verdict::RunOwn(because) = choice.waited(sight(second), now) {
                return (second, because);
            }
        }
    }

    #[test]
    fn our_own_check_runs_at_once_and_after_each_save() {
        let (mut choice, now) = choice(Source::Own);
        assert_eq!(choice.due(), Some(now));
        assert!(!choice.wants_sighting());
        assert_eq!(choice.waited(Sighting::Absent, now), Verdict::RunOwn(Because::Saved));
        choice.saved(now);
        assert_eq!(choice.due(), Some(now + DEBOUNCE));
    }

    #[test]
    fn auto_gives_rust_analyzer_a_while() {
        let (mut choice, now) = choice(Source::Auto);
        assert_eq!(decide(&mut choice, now, |_| Sighting::Absent), (5, Because::Alone));
    }

    #[test]
    fn auto_waits_longer_where_rust_analyzer_is_expected() {
        let (mut choice, now) = choice(Source::Auto);
        choice.expect();
        assert_eq!(decide(&mut choice, now, |_| Sighting::Absent), (20, Because::Alone));
    }

    #[test]
    fn auto_waits_while_rust_analyzer_works() {
        let (mut choice, now) = choice(Source::Auto);
        let sight = |second| if second < 100 { WORKS } else { Sighting::Idle };
        assert_eq!(decide(&mut choice, now, sight), (110, Because::Silent));
    }

    #[test]
    fn a_rust_analyzer_that_checks_and_is_not_heard() {
        let (mut choice, now) = choice(Source::Auto);
        let sight = |second| match second {
            0..20 => WORKS,
            20..30 => CHECKS,
            _ => Sighting::Idle,
        };
        assert_eq!(decide(&mut choice, now, sight), (32, Because::Unheard));
    }

    #[test]
    fn one_that_has_checked_is_not_taken_for_silent() {
        let now = Instant::now();
        let mut choice = Choice::new(Source::Auto, DEBOUNCE, DEBOUNCE, now);
        let sight = |second| if second == 0 { CHECKS } else { Sighting::Idle };
        assert_eq!(decide(&mut choice, now, sight), (3, Because::Unheard));
    }

    #[test]
    fn a_rust_analyzer_that_never_rests_is_not_waited_for_forever() {
        let (mut choice, now) = choice(Source::Auto);
        assert_eq!(decide(&mut choice, now, |_| WORKS), (300, Because::Overdue));
    }

    #[test]
    fn a_rust_analyzer_that_goes_is_not_waited_for() {
        let (mut choice, now) = choice(Source::Auto);
        let sight = |second| if second < 60 { WORKS } else { Sighting::Absent };
        assert_eq!(decide(&mut choice, now, sight), (60, Because::Alone));
    }

    #[test]
    fn a_save_does_not_wait_for_the_start_up() {
        let (mut choice, now) = choice(Source::Auto);
        let busy = now + Duration::from_secs(60);
        assert_eq!(choice.waited(WORKS, busy), Verdict::KeepListening);
        choice.saved(busy);
        assert_eq!(decide(&mut choice, now, |_| WORKS), (63, Because::Saved));
    }

    #[test]
    fn a_journal_ends_our_own_checks() {
        let (mut choice, now) = choice(Source::Auto);
        decide(&mut choice, now, |_| Sighting::Absent);
        choice.heard();
        assert_eq!(choice.due(), None);
        choice.saved(now);
        choice.heard();
        assert_eq!(choice.due(), None, "the save was answered");
    }

    #[test]
    fn a_journal_that_stays_silent_loses_its_place() {
        let (mut choice, now) = choice(Source::Auto);
        choice.heard();
        choice.saved(now);
        assert_eq!(choice.waited(Sighting::Absent, now + ANSWER), Verdict::KeepListening);
        assert_eq!(choice.due(), None);
        choice.saved(now);
        let verdict = choice.waited(Sighting::Idle, now + ANSWER);
        assert_eq!(verdict, Verdict::RunOwn(Because::Saved));
        choice.saved(now);
        assert_eq!(choice.due(), Some(now + DEBOUNCE));
    }

    #[test]
    fn saves_that_both_check_are_noticed() {
        let (mut choice, now) = choice(Source::Auto);
        decide(&mut choice, now, |_| Sighting::Absent);
        for because in [Because::Saved, Because::Unheard] {
            choice.saved(now);
            assert!(choice.wants_sighting());
            assert_eq!(choice.waited(CHECKS, now + DEBOUNCE), Verdict::RunOwn(because));
        }
        assert!(!choice.wants_sighting(), "it was said");
    }

    #[test]
    fn a_slow_journal_keeps_its_place() {
        let (mut choice, now) = choice(Source::Auto);
        for _ in 0..3 {
            choice.heard();
            choice.saved(now);
            for second in 3..20 {
                let verdict = choice.waited(WORKS, now + Duration::from_secs(second));
                assert_eq!(verdict, Verdict::KeepListening);
                assert!(choice.due().is_some());
            }
        }
    }

    #[test]
    fn listeners_never_run_cargo() {
        for source in [Source::Journal, Source::Tee, Source::Off] {
            let (mut choice, now) = choice(source);
            choice.saved(now);
            assert_eq!(choice.due(), None, "{source:?}");
        }
    }
}
