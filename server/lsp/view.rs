//! One open file as hovers, hints and lenses see it: its async bodies, and which of their values
//! are at fault, by the word of a problem or of the compiler.

use std::{cell::OnceCell, collections::BTreeMap};

use camino::Utf8Path;
use ropey::Rope;

use crate::{
    alive::{Alive, Body, Stretch, Value},
    engine::{Shown, Snapshot},
    problem::{Held, Span},
    settings::Show,
    spots::Spots,
};

/// One open file.
pub(super) struct View<'a> {
    pub(super) file: &'a Utf8Path,
    pub(super) text: &'a Rope,
    alive: Option<&'a Alive>,
    /// The values at fault that are declared or held in this file, their spans with absolute paths.
    guilty: Vec<Held>,
    spots: OnceCell<Option<Spots>>,
}

impl<'a> View<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, file: &'a Utf8Path, text: &'a Rope) -> Self {
        let guilty = snapshot.problems.iter().flat_map(|shown| guilty(shown, file));
        let alive = snapshot.alive.get(file).map(|alive| &**alive);
        Self { file, text, alive, guilty: guilty.collect(), spots: OnceCell::new() }
    }

    /// The async bodies, outermost first.
    pub(super) fn bodies(&self) -> impl Iterator<Item = &'a Body> {
        self.alive.into_iter().flat_map(|alive| &alive.bodies).map(|body| &**body)
    }

    /// Where the user may point; `None` in a text that cannot be read.
    pub(super) fn spots(&self) -> Option<&Spots> {
        self.spots.get_or_init(|| Spots::new(&self.text.to_string())).as_ref()
    }

    /// An await with the dot before it.
    pub(super) fn with_dot(&self, word: &Span) -> Span {
        let mut span = word.clone();
        let line = self.text.get_line(word.start.line.saturating_sub(1) as usize);
        let before = word.start.column.checked_sub(2).map(|column| column as usize);
        let before = before.and_then(|column| line?.get_char(column));
        if before == Some('.') {
            span.start.column -= 1;
        }
        span
    }

    /// A value in full: what a problem says of it wins.
    pub(super) fn held(&self, value: &Value) -> Held {
        let mut held = value.held(self.file, self.text);
        if let Some(guilty) = self.accusation(value) {
            held.ty = held.ty.or_else(|| guilty.ty.clone());
            held.send = guilty.send;
            held.why.clone_from(&guilty.why);
        }
        held
    }

    /// What a problem says of a value.
    fn accusation(&self, value: &Value) -> Option<&Held> {
        self.guilty.iter().find(|guilty| {
            guilty.name == value.name
                && guilty.span.file == self.file
                && Stretch::from(&guilty.span).contains(&value.at)
        })
    }

    /// Whether a value is known not to be `Send`.
    pub(super) fn is_culprit(&self, value: &Value) -> bool {
        self.accusation(value).map_or(value.known.send, |guilty| guilty.send) == Some(false)
    }

    fn shown_culprits<'b>(
        &self,
        values: impl IntoIterator<Item = &'b Value>,
        show: Show,
    ) -> impl Iterator<Item = Held> {
        let shown = values.into_iter().filter(move |value| {
            self.is_culprit(value)
                && match show {
                    Show::Off => false,
                    Show::Problems => self.accusation(value).is_some(),
                    Show::All => true,
                }
        });
        shown.map(|value| self.held(value))
    }

    /// The values of a body that are not `Send`.
    pub(super) fn culprits(&self, body: &Body, show: Show) -> Vec<Held> {
        let mut culprits: Vec<Held> = self.shown_culprits(&body.values, show).collect();
        // What it captures stands in the surroundings: first what goes wrong inside.
        culprits.sort_by_key(|held| held.awaits.is_empty());
        culprits
    }

    /// What is held and not `Send`, by await.
    pub(super) fn culprits_by_await(&self, show: Show) -> BTreeMap<Stretch, Vec<Held>> {
        let mut by_await: BTreeMap<Stretch, Vec<Held>> = BTreeMap::new();
        let values = self.bodies().flat_map(|body| &body.values);
        let guilty = self.guilty.iter().filter(|held| held.send == Some(false));
        let guilty = guilty.filter(|_| show != Show::Off).cloned();
        for held in self.shown_culprits(values, show).chain(guilty) {
            for point in held.awaits.iter().filter(|point| point.span.file == self.file) {
                let here = by_await.entry(Stretch::from(&point.span)).or_default();
                if !here.iter().any(|known| is_same(known, &held) || is_same(&held, known)) {
                    here.push(held.clone());
                }
            }
        }
        by_await
    }

    /// Everything that is known to be held over an await: what is not `Send` first.
    pub(super) fn held_over(&self, point: &Stretch) -> Vec<Held> {
        let values = self.bodies().flat_map(|body| &body.values);
        let values = values.filter(|value| value.awaits.contains(point));
        let mut held: Vec<Held> = values.map(|value| self.held(value)).collect();
        for guilty in &self.guilty {
            let crosses = guilty.awaits.iter().any(|it| Stretch::from(&it.span) == *point);
            if crosses && !held.iter().any(|known| is_same(guilty, known)) {
                held.push(guilty.clone());
            }
        }
        held.sort_by_key(|held| match held.send {
            Some(false) => 0,
            None => 1,
            Some(true) => 2,
        });
        held
    }
}

/// The values of a problem that concern a file.
fn guilty(shown: &Shown, file: &Utf8Path) -> Vec<Held> {
    let mut all = shown.problem.held.clone();
    for held in &mut all {
        held.span.file = shown.path(&held.span);
        for point in &mut held.awaits {
            point.span.file = shown.path(&point.span);
        }
    }
    let concerns = |held: &Held| {
        held.span.file == file || held.awaits.iter().any(|point| point.span.file == file)
    };
    all.retain(concerns);
    all
}

/// rustc's span of a value may include `mut` or `&`.
fn is_same(guilty: &Held, held: &Held) -> bool {
    guilty.name == held.name && guilty.span.contains(&held.span)
}
