//! What is alive across each await of an open file, kept up while the user types.
//!
//! The analysis of the text says which value crosses which await; the compiler adds types and
//! verdicts later. An edit moves all that is known, and the async fn around it is analysed anew
//! at once; the whole file follows when typing rests.

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
    pub bodies: Vec<Body>,
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
        Self { bodies: bodies.map(|(body, known)| place(&lines, body, known)).collect() }
    }

    /// Whether there is anything to ask the compiler about.
    pub fn is_empty(&self) -> bool {
        self.bodies.iter().all(|body| body.values.is_empty())
    }

    /// Follows edits that led to `text`.
    pub fn edit(&mut self, shifts: &[Shift], text: &Rope, edition: Edition) {
        for shift in shifts {
            self.shift(shift);
        }
        if let Some(last) = shifts.last() {
            self.reanalyse(last, text, edition);
        }
    }

    fn shift(&mut self, shift: &Shift) {
        let moves = |at: &mut Stretch| shift.stretch(&mut at.start, &mut at.end);
        self.bodies.retain_mut(|body| {
            body.awaits.retain_mut(moves);
            body.values.retain_mut(|value| {
                value.awaits.retain_mut(moves);
                moves(&mut value.at)
            });
            moves(&mut body.header) && moves(&mut body.at)
        });
    }

    /// Takes over what is known of values that are still where they were, where nothing newer is.
    pub fn adopt(&mut self, before: &Self) {
        let known = before.bodies.iter().flat_map(|body| &body.values);
        let known = known.filter(|value| value.known != Known::default());
        let known: FxHashMap<_, _> =
            known.map(|value| ((value.at, value.name.as_deref()), &value.known)).collect();
        let values = self.bodies.iter_mut().flat_map(|body| &mut body.values);
        for value in values.filter(|value| value.known == Known::default()) {
            if let Some(known) = known.get(&(value.at, value.name.as_deref())) {
                value.known = Known::clone(known);
            }
        }
    }

    /// Analyses the async fn around an edit: it stands on its own, and is short beside its file.
    fn reanalyse(&mut self, shift: &Shift, text: &Rope, edition: Edition) -> Option<()> {
        let edited = Stretch { start: shift.start, end: shift.new_end };
        let around = |body: &&Body| body.kind == BodyKind::Fn && body.at.contains(&edited);
        let at = self.bodies.iter().find(around)?.at;
        let slice = text.get_slice(char_index(text, at.start)..char_index(text, at.end))?;
        let mut anew = Self::analyse(&slice.to_string(), edition);
        let whole = anew.bodies.first()?.kind == BodyKind::Fn;
        // Unbalanced braces: what was known is better, until typing rests.
        if !whole {
            return None;
        }
        anew.move_to(at.start);
        anew.adopt(self);
        let first = self.bodies.iter().position(|body| at.contains(&body.at))?;
        self.bodies.retain(|body| !at.contains(&body.at));
        self.bodies.splice(first..first, anew.bodies);
        Some(())
    }

    /// From places in a part of a text to places in the whole.
    fn move_to(&mut self, start: Position) {
        let place = |position: &mut Position| {
            if position.line == 1 {
                position.column += start.column - 1;
            }
            position.line += start.line - 1;
        };
        let moves = |at: &mut Stretch| {
            place(&mut at.start);
            place(&mut at.end);
        };
        for body in &mut self.bodies {
            moves(&mut body.at);
            moves(&mut body.header);
            body.awaits.iter_mut().for_each(moves);
            for value in &mut body.values {
                moves(&mut value.at);
                value.awaits.iter_mut().for_each(moves);
            }
        }
    }
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
mod tests {
    use super::*;

    const TEXT: &str = "// żółw 🦀\nasync fn f(m: M) {\n    let g = m.lock();\n    io().await;\n    \
        g.use_it();\n}\n\nasync fn h(n: N) {\n    io().await;\n    n.use_it();\n}\n";

    fn at(line: u32, column: u32) -> Position {
        Position { line, column }
    }

    fn known(ty: &str) -> Known {
        Known { ty: Some(ty.into()), send: Some(false), why: Vec::new() }
    }

    fn value<'a>(alive: &'a Alive, name: &str) -> Option<&'a Value> {
        let mut values = alive.bodies.iter().flat_map(|body| &body.values);
        values.find(|value| value.name.as_deref() == Some(name))
    }

    /// Replaces the first `old`, as an editor does.
    fn edit(alive: &mut Alive, text: &str, old: &str, new: &str) -> String {
        let from = text.find(old).unwrap();
        let after = text.replacen(old, new, 1);
        let position = |text: &str, offset: usize| {
            Lines::new(text).position(u32::try_from(offset).unwrap().into())
        };
        let shift = Shift {
            start: position(text, from),
            old_end: position(text, from + old.len()),
            new_end: position(&after, from + new.len()),
        };
        alive.edit(&[shift], &Rope::from_str(&after), Edition::Edition2024);
        after
    }

    fn fresh() -> Alive {
        let mut alive = Alive::analyse(TEXT, Edition::Edition2024);
        for value in alive.bodies.iter_mut().flat_map(|body| &mut body.values) {
            value.known = known("T");
        }
        alive
    }

    #[test]
    fn an_edit_elsewhere_moves_everything() {
        let mut alive = fresh();
        edit(&mut alive, TEXT, "// żółw 🦀", "// 🦀\n// ż");
        assert_eq!(value(&alive, "g").unwrap().at.start, at(4, 9));
        assert_eq!(value(&alive, "g").unwrap().known, known("T"));
        assert_eq!(value(&alive, "n").unwrap().awaits[0].start, at(10, 10));
    }

    #[test]
    fn an_edit_in_an_async_fn_is_analysed_at_once() {
        let mut alive = fresh();
        let text = edit(&mut alive, TEXT, "io().await;", "let ż = 1; drop(g); io().await; ż;");
        assert_eq!(value(&alive, "ż").unwrap().known, Known::default(), "nobody was asked");
        assert_eq!(value(&alive, "n").unwrap().known, known("T"));
        let mut whole = Alive::analyse(&text, Edition::Edition2024);
        whole.adopt(&alive);
        assert_eq!(alive, whole);
    }

    #[test]
    fn broken_text_keeps_what_was_known() {
        let mut alive = fresh();
        edit(&mut alive, TEXT, "async fn h", "async f h");
        assert!(value(&alive, "g").is_some() && value(&alive, "n").is_some());
        edit(&mut alive, TEXT, "\n\nasync fn h(n: N) {\n    io().await;\n    n.use_it();\n}\n", "");
        assert!(value(&alive, "n").is_none(), "deleted with its text");
    }
}
