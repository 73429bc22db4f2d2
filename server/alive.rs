//! What is alive across each await of an open file, kept up while the user types.
//!
//! The analysis of the text says which value crosses which await; the compiler adds types and
//! verdicts later. An edit moves all that is known, and the items that it changes are analysed
//! anew at once.

mod follow;

use std::sync::Arc;

use camino::Utf8Path;
use ra_ap_syntax::{Edition, TextRange};
use ropey::Rope;
use rustc_hash::FxHashMap;

use crate::{
    encoding::char_index,
    problem::{Await, Held, Position, Span},
    shift::Shift,
    syntax::{self, AsyncBody, BodyKind, Origin},
    text::Lines,
};

pub use follow::Follow;

/// A stretch of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stretch {
    /// First character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
}

impl Stretch {
    /// Whether a place lies in the stretch or at one of its ends.
    pub fn touches(&self, position: Position) -> bool {
        self.start <= position && position <= self.end
    }

    /// Whether another stretch lies wholly within this one.
    pub fn contains(&self, inner: &Self) -> bool {
        self.start <= inner.start && inner.end <= self.end
    }

    /// Whether two stretches have text in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The same with its file.
    pub fn span(&self, file: &Utf8Path) -> Span {
        Span { file: file.to_owned(), start: self.start, end: self.end }
    }
}

impl From<&Span> for Stretch {
    fn from(span: &Span) -> Self {
        Self { start: span.start, end: span.end }
    }
}

/// What the compiler said of a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Its type as the compiler prints it.
    pub ty: Option<String>,
    /// Whether it is `Send`.
    pub send: Option<bool>,
    /// Why it is not, outermost type first.
    pub why: Vec<String>,
}

/// A value that crosses awaits, or is part of its future from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The variable's name; `None` for a temporary.
    pub name: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The binding, or the expression of a temporary.
    pub at: Stretch,
    /// The awaits that it crosses, in source order.
    pub awaits: Vec<Stretch>,
    /// What the compiler said; empty until it has.
    pub known: Known,
}

impl Value {
    /// The value in the words of the domain; `file` is how its spans shall name the file.
    pub fn held(&self, file: &Utf8Path, text: &Rope) -> Held {
        let [from, to] = [self.at.start, self.at.end].map(|at| char_index(text, at));
        let source = text.get_slice(from..to.max(from));
        let awaits = self.awaits.iter().map(|at| Await { span: at.span(file), reported: false });
        Held {
            name: self.name.clone(),
            text: source.map(|source| source.to_string()).unwrap_or_default(),
            ty: self.known.ty.clone(),
            send: self.known.send,
            span: self.at.span(file),
            in_macro: None,
            awaits: awaits.collect(),
            why: self.known.why.clone(),
        }
    }
}

/// One async fn, block or closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Its kind.
    pub kind: BodyKind,
    /// The fn's name.
    pub name: Option<String>,
    /// All of it.
    pub at: Stretch,
    /// The `async` keyword up to the body's brace.
    pub header: Stretch,
    /// Its await points.
    pub awaits: Vec<Stretch>,
    /// What it keeps.
    pub values: Vec<Value>,
}

/// The async bodies of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alive {
    /// Outermost first, in source order.
    pub bodies: Vec<Arc<Body>>,
}

impl Alive {
    /// What the text alone tells.
    pub fn analyse(text: &str, edition: Edition) -> Self {
        let bodies = syntax::analyse(text, edition).into_iter();
        Self::of(text, bodies.map(|body| (body, Vec::new())))
    }

    /// Bodies of a text with what is known of each of their crossings.
    pub fn of(text: &str, bodies: impl Iterator<Item = (AsyncBody, Vec<Known>)>) -> Self {
        let lines = Lines::new(text);
        let bodies = bodies.map(|(body, known)| Arc::new(place(&lines, body, known)));
        Self { bodies: bodies.collect() }
    }

    /// Whether there is anything to ask the compiler about.
    pub fn is_empty(&self) -> bool {
        self.bodies.iter().all(|body| body.values.is_empty())
    }

    /// Takes over what is known of values that are still where they were, where nothing newer is.
    pub fn adopt(&mut self, before: &Self) {
        let known = memory(before.bodies.iter().map(|body| &**body));
        for body in &mut self.bodies {
            Arc::make_mut(body).adopt(&known);
        }
    }
}

impl Body {
    fn stretches(&mut self) -> impl Iterator<Item = &mut Stretch> {
        let values = self.values.iter_mut();
        let values = values.flat_map(|value| [&mut value.at].into_iter().chain(&mut value.awaits));
        [&mut self.at, &mut self.header].into_iter().chain(&mut self.awaits).chain(values)
    }

    /// Follows an edit. `false` when its text is gone.
    fn shift(&mut self, shift: &Shift) -> bool {
        let moves = |at: &mut Stretch| shift.stretch(&mut at.start, &mut at.end);
        self.awaits.retain_mut(moves);
        self.values.retain_mut(|value| {
            value.awaits.retain_mut(moves);
            moves(&mut value.at)
        });
        moves(&mut self.header) && moves(&mut self.at)
    }

    /// Follows the text around it, which starts elsewhere now.
    fn relocate(&mut self, from: Position, to: Position) {
        let place = |position: &mut Position| {
            if position.line == from.line {
                position.column = position.column + to.column - from.column;
            }
            position.line = position.line + to.line - from.line;
        };
        for at in self.stretches() {
            place(&mut at.start);
            place(&mut at.end);
        }
    }

    /// Takes over what is known of values that are where those of another body were.
    fn adopt(&mut self, known: &Memory<'_>) {
        for value in self.values.iter_mut().filter(|value| value.known == Known::default()) {
            if let Some(known) = known.get(&(value.at, value.name.as_deref())) {
                value.known = Known::clone(known);
            }
        }
    }
}

/// What is known of values, by their place and name.
type Memory<'a> = FxHashMap<(Stretch, Option<&'a str>), &'a Known>;

fn memory<'a>(bodies: impl IntoIterator<Item = &'a Body>) -> Memory<'a> {
    let values = bodies.into_iter().flat_map(|body| &body.values);
    let known = values.filter(|value| value.known != Known::default());
    known.map(|value| ((value.at, value.name.as_deref()), &value.known)).collect()
}

fn place(lines: &Lines, body: AsyncBody, known: Vec<Known>) -> Body {
    let stretch = |range: TextRange| Stretch {
        start: lines.position(range.start()),
        end: lines.position(range.end()),
    };
    let awaits: Vec<Stretch> = body.awaits.iter().map(|range| stretch(*range)).collect();
    let mut known = known.into_iter();
    let values = body.crossings.into_iter().map(|crossing| Value {
        name: crossing.name,
        origin: crossing.origin,
        at: stretch(crossing.range),
        awaits: crossing.awaits.iter().filter_map(|n| awaits.get(*n).copied()).collect(),
        known: known.next().unwrap_or_default(),
    });
    Body {
        kind: body.kind,
        name: body.name,
        at: stretch(body.range),
        header: stretch(body.header),
        values: values.collect(),
        awaits,
    }
}

#[cfg(test)]
mod tests;
