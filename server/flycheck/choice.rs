//! Whether our own check is needed: a small state machine over saves, journals and time.

use std::time::Duration;

use tokio::time::Instant;

use crate::settings::Source;

/// How long a save may go unanswered by a journal that is usually written.
const ANSWER: Duration = Duration::from_secs(3);

/// After how many unanswered saves the journal's writer is taken for gone.
const UNANSWERED: u32 = 2;

/// Where an earlier session has left a journal, its editor is likely to come back: how many times
/// longer it is waited for.
const PATIENCE: u32 = 6;

/// What to do when the waiting is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    KeepListening,
    /// Run our own check.
    RunOwn,
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
}

impl Choice {
    pub(crate) fn new(source: Source, grace: Duration, debounce: Duration, now: Instant) -> Self {
        let (who, due) = match source {
            Source::Auto => (Who::Nobody, Some(now + grace)),
            Source::Own => (Who::Own, Some(now)),
            Source::Journal | Source::Tee | Source::Off => (Who::Nobody, None),
        };
        Self { source, grace, debounce, started: now, who, due }
    }

    /// The source that the user, or trust, has left.
    pub(crate) fn source(&self) -> Source {
        self.source
    }

    /// When [`Self::waited`] is to be asked.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A file was saved.
    pub(crate) fn saved(&mut self, now: Instant) {
        let answer = now + self.grace.min(ANSWER);
        self.due = match (self.source, self.who) {
            (Source::Journal | Source::Tee | Source::Off, _) => None,
            (_, Who::Own) => Some(now + self.debounce),
            (_, Who::Nobody) => Some(self.due.map_or(answer, |due| due.min(answer))),
            (_, Who::Journal { .. }) => Some(answer),
        };
    }

    /// A journal from an earlier session lies there.
    pub(crate) fn saw_old(&mut self) {
        if self.who == Who::Nobody && self.due.is_some() {
            self.due = Some(self.started + self.grace * PATIENCE);
        }
    }

    /// A journal moves.
    pub(crate) fn heard(&mut self) {
        self.who = Who::Journal { unanswered: 0 };
        self.due = None;
    }

    /// The time of [`Self::due`] has come.
    pub(crate) fn waited(&mut self) -> Verdict {
        self.due = None;
        if let Who::Journal { unanswered } = &mut self.who {
            *unanswered += 1;
            if *unanswered < UNANSWERED {
                return Verdict::KeepListening;
            }
        }
        self.who = Who::Own;
        Verdict::RunOwn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);
    const DEBOUNCE: Duration = Duration::from_millis(100);

    fn choice(source: Source) -> (Choice, Instant) {
        let now = Instant::now();
        (Choice::new(source, GRACE, DEBOUNCE, now), now)
    }

    #[test]
    fn our_own_check_runs_at_once_and_after_each_save() {
        let (mut choice, now) = choice(Source::Own);
        assert_eq!(choice.due(), Some(now));
        assert_eq!(choice.waited(), Verdict::RunOwn);
        choice.saved(now);
        assert_eq!(choice.due(), Some(now + DEBOUNCE));
    }

    #[test]
    fn auto_gives_rust_analyzer_a_while() {
        let (mut choice, now) = choice(Source::Auto);
        assert_eq!(choice.due(), Some(now + GRACE));
        choice.saw_old();
        assert_eq!(choice.due(), Some(now + GRACE * PATIENCE));
        choice.saved(now);
        assert_eq!(choice.due(), Some(now + ANSWER));
        assert_eq!(choice.waited(), Verdict::RunOwn);
    }

    #[test]
    fn a_journal_ends_our_own_checks() {
        let (mut choice, now) = choice(Source::Auto);
        assert_eq!(choice.waited(), Verdict::RunOwn);
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
        assert_eq!(choice.waited(), Verdict::KeepListening);
        choice.saved(now);
        assert_eq!(choice.waited(), Verdict::RunOwn);
        choice.saved(now);
        assert_eq!(choice.due(), Some(now + DEBOUNCE));
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
