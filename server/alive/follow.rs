//! Following a file through its edits: what an edit leaves as it is, is not analysed again.

use std::{iter, mem, ops::Range, sync::Arc};

use ra_ap_syntax::Edition;

use super::{Alive, Body, memory, place};
use crate::{
    problem::Position,
    shift::Shift,
    syntax::{InFile, Item, ParsedItem, Place, items},
    text::Lines,
};

/// A text cut into its items, each of which is analysed once.
#[derive(Debug)]
pub struct Follow {
    text: String,
    edition: Edition,
    parts: Vec<Part>,
    in_file: InFile,
}

/// An item of the text.
#[derive(Debug)]
struct Part {
    range: Range<usize>,
    place: Place,
    start: Position,
    /// What it tells the others.
    in_file: Arc<InFile>,
    /// Whether it nests too deep to be looked at.
    is_too_deep: bool,
}

/// An item of the new text on its way to be analysed.
struct Draft {
    part: Part,
    /// What was known of the same item, and where it started then.
    kept: Option<(Position, Vec<Arc<Body>>)>,
    parsed: Option<ParsedItem>,
}

impl Follow {
    /// Starts with a text.
    pub fn new(text: String, edition: Edition) -> (Self, Alive) {
        let in_file = InFile::default();
        let mut this = Self { text: String::new(), edition, parts: Vec::new(), in_file };
        let mut alive = Alive::default();
        this.edit(&mut alive, &[], text);
        (this, alive)
    }

    /// Follows edits that led to `text`; `alive` is what was found before, by whomever completed.
    pub fn edit(&mut self, alive: &mut Alive, shifts: &[Shift], text: String) {
        let parts = cut(&text);
        let (head, tail) = self.unchanged(&parts, &text);
        let mut head_parts = self.with_bodies(mem::take(&mut alive.bodies));
        let tail_parts = head_parts.split_off(head_parts.len() - tail);
        let replaced = head_parts.split_off(head);
        let told_before: Vec<_> =
            replaced.iter().map(|(part, _)| Arc::clone(&part.in_file)).collect();
        let before = shifted(replaced.into_iter().flat_map(|(_, bodies)| bodies), shifts);

        let fresh = parts.len() - head - tail;
        let nothing = iter::repeat_with(|| None).take(fresh);
        let kept = head_parts.into_iter().map(Some).chain(nothing);
        let kept = kept.chain(tail_parts.into_iter().map(Some));
        let drafts = parts.into_iter().zip(kept);
        let drafts: Vec<Draft> = drafts.map(|(part, kept)| self.draft(part, kept, &text)).collect();

        let told = drafts.iter().skip(head).take(fresh).map(|draft| &draft.part.in_file);
        let mut differing = Vec::new();
        if !told.eq(&told_before) {
            let all = InFile::all(drafts.iter().map(|draft| &*draft.part.in_file));
            differing = all.differing(&self.in_file);
            self.in_file = all;
        }
        self.text = text;
        self.parts.clear();
        for draft in drafts {
            let (part, bodies) = self.finish(draft, &before, &differing);
            alive.bodies.extend(bodies);
            self.parts.push(part);
        }
    }

    /// The line of the first item that nests too deep to be analysed.
    pub fn too_deep(&self) -> Option<u32> {
        let part = self.parts.iter().find(|part| part.is_too_deep)?;
        let text = self.text.get(part.range.clone())?;
        let lines_before = text.lines().take_while(|line| line.trim().is_empty()).count();
        Some(part.start.line + u32::try_from(lines_before).ok()?)
    }

    /// How many items at both ends are the same in another text.
    fn unchanged(&self, parts: &[Part], text: &str) -> (usize, usize) {
        let same = |(old, new): &(&Part, &Part)| {
            old.place == new.place
                && self.text.get(old.range.clone()) == text.get(new.range.clone())
        };
        let head = self.parts.iter().zip(parts).take_while(same).count();
        let old = self.parts.get(head..).unwrap_or_default().iter().rev();
        let new = parts.get(head..).unwrap_or_default().iter().rev();
        (head, old.zip(new).take_while(same).count())
    }

    /// All items, each with its bodies.
    fn with_bodies(&mut self, bodies: Vec<Arc<Body>>) -> Vec<(Part, Vec<Arc<Body>>)> {
        let mut bodies = bodies.into_iter().peekable();
        let mut parts = mem::take(&mut self.parts).into_iter().peekable();
        let mut all = Vec::with_capacity(parts.len());
        while let Some(part) = parts.next() {
            let end = parts.peek().map(|next| next.start);
            let is_inside = |body: &Arc<Body>| end.is_none_or(|end| body.at.start < end);
            let inside = iter::from_fn(|| bodies.next_if(is_inside)).collect();
            all.push((part, inside));
        }
        all
    }

    fn draft(&self, mut part: Part, kept: Option<(Part, Vec<Arc<Body>>)>, text: &str) -> Draft {
        if let Some((old, bodies)) = kept {
            part.in_file = old.in_file;
            part.is_too_deep = old.is_too_deep;
            return Draft { part, kept: Some((old.start, bodies)), parsed: None };
        }
        let text = text.get(part.range.clone()).unwrap_or_default();
        let parsed = ParsedItem::parse(text, part.place, self.edition);
        match &parsed {
            Some(parsed) => part.in_file = Arc::new(parsed.in_file()),
            None => part.is_too_deep = true,
        }
        Draft { part, kept: None, parsed }
    }

    fn finish(
        &self,
        draft: Draft,
        before: &[Arc<Body>],
        differing: &[String],
    ) -> (Part, Vec<Arc<Body>>) {
        let Draft { part, kept, parsed } = draft;
        let text = self.text.get(part.range.clone()).unwrap_or_default();
        let Some((from, mut bodies)) = kept else {
            let bodies = self.analysed(&part, text, parsed, before);
            return (part, bodies);
        };
        if from != part.start {
            for body in &mut bodies {
                Arc::make_mut(body).relocate(from, part.start);
            }
        }
        // A method of the same name takes its receiver in another way now.
        if differing.iter().any(|name| text.contains(name.as_str())) {
            let parsed = ParsedItem::parse(text, part.place, self.edition);
            bodies = self.analysed(&part, text, parsed, &bodies);
        }
        (part, bodies)
    }

    /// Analyses an item. What is known of values that stand where they stood stays known, and
    /// while a body's head is being written so does the body.
    fn analysed(
        &self,
        part: &Part,
        text: &str,
        parsed: Option<ParsedItem>,
        before: &[Arc<Body>],
    ) -> Vec<Arc<Body>> {
        let Some(parsed) = parsed else {
            return Vec::new();
        };
        let lines = Lines::new(text);
        let known = memory(before.iter().map(|body| &**body));
        let found = parsed.analyse(&self.in_file).into_iter().map(|body| {
            let mut body = place(&lines, body, Vec::new());
            body.relocate(Position { line: 1, column: 1 }, part.start);
            body.adopt(&known);
            Arc::new(body)
        });
        let mut found: Vec<_> = found.collect();
        if !parsed.is_whole {
            let inside = part.start..relative(part.start, lines.end());
            let lost = before.iter().filter(|body| {
                inside.contains(&body.at.start) && !found.iter().any(|it| it.at.meets(&body.at))
            });
            let lost: Vec<_> = lost.cloned().collect();
            found.extend(lost);
            found.sort_by_key(|body| (body.at.start, std::cmp::Reverse(body.at.end)));
        }
        found
    }
}

/// The items of a text and where each starts.
fn cut(text: &str) -> Vec<Part> {
    let (mut start, mut at) = (Position { line: 1, column: 1 }, 0);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let parts = items(text).into_iter().map(|Item { range, place }| {
        let between = text.get(at..range.start).unwrap_or_default();
        at = range.start;
        if let Some((lines, last)) = between.rsplit_once('\n') {
            let lines = lines.bytes().filter(|byte| *byte == b'\n').count() + 1;
            start = Position { line: start.line + number(lines), column: 1 };
            start.column += number(last.chars().count());
        } else {
            start.column += number(between.chars().count());
        }
        Part { range, place, start, in_file: Arc::default(), is_too_deep: false }
    });
    parts.collect()
}

/// Bodies that edits have moved; those whose text is gone are left out.
fn shifted(bodies: impl Iterator<Item = Arc<Body>>, shifts: &[Shift]) -> Vec<Arc<Body>> {
    let moved = bodies.filter_map(|mut body| {
        let moves = |shift: &Shift| Arc::make_mut(&mut body).shift(shift);
        shifts.iter().all(moves).then_some(body)
    });
    moved.collect()
}

fn relative(start: Position, end: Position) -> Position {
    let column = if end.line == 1 { start.column + end.column - 1 } else { end.column };
    Position { line: start.line + end.line - 1, column }
}
