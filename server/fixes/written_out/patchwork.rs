//! A text that is put together from pieces of others, and the ways between the places in both.

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{TextRange, TextSize};

use crate::macro_rules::Part;

/// Which of several origins an insertion between two pieces has: earlier ones are preferred.
pub(super) type Order = [Level; 3];

/// Where a piece comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// The text around the calls.
    Caller,
    /// The body of a macro.
    Body,
    /// What a call gave for a variable.
    Argument,
}

#[derive(Debug, Clone)]
struct Piece {
    /// In the text that is put together.
    at: TextRange,
    /// Where it was copied from; none for text that stands nowhere.
    origin: Option<(Utf8PathBuf, TextSize)>,
    level: Level,
}

/// A place of the original texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: Utf8PathBuf,
    pub(super) range: TextRange,
    pub(super) level: Level,
}

/// A variable of a macro's body, and what stands for it.
#[derive(Debug, Clone)]
struct Substitution {
    at: TextRange,
    file: Utf8PathBuf,
    variable: TextRange,
}

/// A call that was written out.
#[derive(Debug, Clone)]
struct Call {
    at: TextRange,
    /// Where the call starts in the caller's text; none for a call in a macro.
    caller: Option<TextSize>,
    written: String,
    called: String,
}

/// The text of a file in which calls of macros are replaced by what they become.
#[derive(Debug, Clone)]
pub(super) struct Patchwork {
    pub(super) text: String,
    pieces: Vec<Piece>,
    substitutions: Vec<Substitution>,
    calls: Vec<Call>,
}

/// A macro's body: its file and that file's text.
pub(super) struct Source<'a> {
    pub(super) file: &'a Utf8Path,
    pub(super) text: &'a str,
}

impl Patchwork {
    /// A file as it is.
    pub(super) fn new(file: &Utf8Path, text: &str) -> Self {
        let at = TextRange::up_to(TextSize::of(text));
        let origin = Some((file.to_owned(), TextSize::new(0)));
        let pieces = vec![Piece { at, origin, level: Level::Caller }];
        let (substitutions, calls) = (Vec::new(), Vec::new());
        Self { text: text.to_owned(), pieces, substitutions, calls }
    }

    /// Replaces a call by what it becomes; gives the range of that.
    pub(super) fn write_out(
        &mut self,
        call: TextRange,
        parts: &[Part],
        source: &Source<'_>,
    ) -> Option<TextRange> {
        let called = self.text.get(std::ops::Range::<usize>::from(call))?.to_owned();
        let mut around = self.pieces.iter().filter(|it| it.level == Level::Caller);
        let around = around.find(|it| it.at.contains(call.start()));
        let caller =
            around.and_then(|it| Some(it.origin.as_ref()?.1 + (call.start() - it.at.start())));
        let mut pieces = self.clip(TextRange::up_to(call.start()));
        let mut text = self.text.get(..usize::from(call.start()))?.to_owned();
        let mut substitutions = Vec::new();
        for part in parts {
            let start = TextSize::of(&text);
            match part {
                Part::Glue(glue) => {
                    text.push_str(glue);
                    let at = TextRange::at(start, TextSize::of(*glue));
                    pieces.push(Piece { at, origin: None, level: Level::Body });
                }
                Part::Body(range) => {
                    text.push_str(source.text.get(std::ops::Range::<usize>::from(*range))?);
                    let origin = Some((source.file.to_owned(), range.start()));
                    let at = TextRange::at(start, range.len());
                    pieces.push(Piece { at, origin, level: Level::Body });
                }
                Part::Argument { given, variable, .. } => {
                    text.push_str(self.text.get(std::ops::Range::<usize>::from(*given))?);
                    for mut piece in self.clip(*given) {
                        piece.at = piece.at - given.start() + start;
                        piece.level = Level::Argument;
                        pieces.push(piece);
                    }
                    let at = TextRange::at(start, given.len());
                    let file = source.file.to_owned();
                    substitutions.push(Substitution { at, file, variable: *variable });
                }
            }
        }
        let end = TextSize::of(&text);
        let written = TextRange::new(call.start(), end);
        let rest = TextRange::new(call.end(), TextSize::of(&self.text));
        pieces.extend(self.clip(rest).into_iter().map(|mut piece| {
            piece.at = piece.at - call.end() + end;
            piece
        }));
        text.push_str(self.text.get(usize::from(call.end())..)?);
        self.move_marks(call, end);
        self.substitutions.extend(substitutions);
        let new_text = text.get(std::ops::Range::<usize>::from(written))?.to_owned();
        self.calls.push(Call { at: written, caller, written: new_text, called });
        (self.text, self.pieces) = (text, pieces);
        Some(written)
    }

    fn clip(&self, range: TextRange) -> Vec<Piece> {
        let within = self.pieces.iter().filter_map(|piece| {
            let at = piece.at.intersect(range).filter(|it| !it.is_empty())?;
            let skipped = at.start() - piece.at.start();
            let origin = piece.origin.clone().map(|(file, start)| (file, start + skipped));
            Some(Piece { at, origin, level: piece.level })
        });
        within.collect()
    }

    /// Moves what lies behind a call whose replacement ends at `end`; what lay in it is forgotten.
    fn move_marks(&mut self, call: TextRange, end: TextSize) {
        let moved = |at: TextRange| {
            if at.start() >= call.end() {
                Some(at - call.end() + end)
            } else if at.end() <= call.start() {
                Some(at)
            } else if at.contains_range(call) {
                Some(TextRange::new(at.start(), at.end() - call.end() + end))
            } else {
                None
            }
        };
        self.substitutions.retain_mut(|it| moved(it.at).map(|at| it.at = at).is_some());
        self.calls.retain_mut(|it| moved(it.at).map(|at| it.at = at).is_some());
    }

    /// Where a place of the original texts, outside of macro bodies, is now.
    pub(super) fn of_caller(&self, file: &Utf8Path, range: TextRange) -> Option<TextRange> {
        self.find(file, range, &|level| level != Level::Body)
    }

    /// Every place where a place in the body of a macro is now: a repetition has several.
    pub(super) fn all_of_body(&self, file: &Utf8Path, range: TextRange) -> Vec<TextRange> {
        let variables = self.substitutions.iter().filter(|it| it.file == file);
        let starting = variables.clone().filter(|it| it.variable.start() == range.start());
        let starting = starting.map(|it| it.at.start());
        let ending = variables.filter(|it| it.variable.end() == range.end()).map(|it| it.at.end());
        let bodies = self.pieces.iter().filter(|it| it.level == Level::Body);
        let of_file = bodies.filter_map(|piece| {
            let (_, start) = piece.origin.as_ref().filter(|(from, _)| from == file)?;
            Some((piece.at, TextRange::at(*start, piece.at.len())))
        });
        let of_file: Vec<(TextRange, TextRange)> = of_file.collect();
        let starts = of_file.iter().filter(|(_, origin)| origin.contains(range.start()));
        let starts = starts.map(|(at, origin)| at.start() + (range.start() - origin.start()));
        let ends = of_file
            .iter()
            .filter(|(_, it)| it.start() < range.end() && range.end() <= it.end())
            .map(|(at, origin)| at.start() + (range.end() - origin.start()));
        let mut starts: Vec<TextSize> = starting.chain(starts).collect();
        let mut ends: Vec<TextSize> = ending.chain(ends).collect();
        starts.sort_unstable();
        ends.sort_unstable();
        starts.dedup();
        let end_of = |start: &TextSize| ends.iter().find(|end| *end >= start);
        starts.iter().filter_map(|it| Some(TextRange::new(*it, *end_of(it)?))).collect()
    }

    /// The first of them.
    pub(super) fn of_body(&self, file: &Utf8Path, range: TextRange) -> Option<TextRange> {
        self.all_of_body(file, range).first().copied()
    }

    /// Where a place among the arguments of a call is now.
    pub(super) fn of_argument(&self, file: &Utf8Path, range: TextRange) -> Option<TextRange> {
        self.find(file, range, &|level| level == Level::Argument)
    }

    /// What the call that starts there in the caller's text became.
    pub(super) fn written_for(&self, caller: TextSize) -> Option<TextRange> {
        self.calls.iter().find(|it| it.caller == Some(caller)).map(|it| it.at)
    }

    /// Whether some call was written out.
    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    fn find(
        &self,
        file: &Utf8Path,
        range: TextRange,
        wanted: &dyn Fn(Level) -> bool,
    ) -> Option<TextRange> {
        let start = self.start(file, range.start(), wanted)?;
        let end = self.end(file, range.end(), start, wanted)?;
        (start <= end).then(|| TextRange::new(start, end))
    }

    fn start(
        &self,
        file: &Utf8Path,
        offset: TextSize,
        wanted: &dyn Fn(Level) -> bool,
    ) -> Option<TextSize> {
        let mut pieces = self.pieces.iter().filter(|it| wanted(it.level));
        pieces.find_map(|piece| {
            let (from, start) = piece.origin.as_ref()?;
            let is_in = from == file && *start <= offset && offset < *start + piece.at.len();
            is_in.then(|| piece.at.start() + (offset - *start))
        })
    }

    fn end(
        &self,
        file: &Utf8Path,
        offset: TextSize,
        after: TextSize,
        wanted: &dyn Fn(Level) -> bool,
    ) -> Option<TextSize> {
        let pieces = self.pieces.iter().filter(|it| wanted(it.level));
        let mut pieces = pieces.filter(|it| it.at.end() >= after);
        pieces.find_map(|piece| {
            let (from, start) = piece.origin.as_ref()?;
            let is_in = from == file && *start <= offset && offset <= *start + piece.at.len();
            is_in.then(|| piece.at.start() + (offset - *start))
        })
    }

    /// Where a range of this text was copied from: one piece, or the caller's text around whole
    /// calls, or a macro's body around whole arguments.
    pub(super) fn origin(&self, range: TextRange, order: Order) -> Option<Place> {
        let mut covering = self.pieces.iter().filter(|it| it.at.contains_range(range));
        if let Some(piece) = covering.next().filter(|_| !range.is_empty()) {
            let (file, start) = piece.origin.clone()?;
            let range = range - piece.at.start() + start;
            return Some(Place { file, range, level: piece.level });
        }
        order.into_iter().find_map(|level| {
            let (file, start) = self.edge(range.start(), level, range.is_empty(), true)?;
            let (other, end) = self.edge(range.end(), level, range.is_empty(), false)?;
            let is_one = file == other && start <= end;
            is_one.then(|| Place { file, range: TextRange::new(start, end), level })
        })
    }

    /// Where an offset lies in a piece of a level. Both sides of an insertion will do.
    fn edge(
        &self,
        offset: TextSize,
        level: Level,
        either: bool,
        is_start: bool,
    ) -> Option<(Utf8PathBuf, TextSize)> {
        let pieces = || self.pieces.iter().filter(|it| it.level == level && it.origin.is_some());
        let behind = pieces().find(|it| it.at.contains(offset));
        let before = pieces().find(|it| it.at.start() < offset && offset <= it.at.end());
        let found = match is_start && !either {
            true => behind.or(before),
            false => before.or(behind),
        };
        let piece = found?;
        let (file, start) = piece.origin.clone()?;
        Some((file, start + (offset - piece.at.start())))
    }

    /// New text for the caller: calls that it repeats as what they become are calls again.
    pub(super) fn called_again(&self, new_text: &str) -> String {
        let mut text = new_text.to_owned();
        for call in self.calls.iter().rev().filter(|it| !it.written.is_empty()) {
            text = text.replace(&call.written, &call.called);
        }
        text
    }

    /// New text for a macro's body: what the caller gave for a variable is the variable again.
    pub(super) fn variables_again(&self, new_text: &str, source: &Source<'_>) -> String {
        let mut text = new_text.to_owned();
        for substitution in self.substitutions.iter().filter(|it| it.file == source.file) {
            let given = self.text.get(std::ops::Range::<usize>::from(substitution.at));
            let variable = source.text.get(std::ops::Range::<usize>::from(substitution.variable));
            if let (Some(given), Some(variable)) = (given, variable) {
                text = replace_words(&text, given, variable);
            }
        }
        text
    }
}

/// Replaces `word` where it is not part of a longer name.
fn replace_words(text: &str, word: &str, by: &str) -> String {
    let is_name = |c: char| c == '_' || c == '$' || c.is_alphanumeric();
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(word).filter(|_| !word.is_empty()) {
        let (before, found) = rest.split_at(at);
        let after = found.get(word.len()..).unwrap_or_default();
        out.push_str(before);
        let starts = !(word.starts_with(is_name) && out.ends_with(is_name));
        let ends = !(word.ends_with(is_name) && after.starts_with(is_name));
        out.push_str(if starts && ends { by } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}
