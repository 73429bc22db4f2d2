//! What a hover says before the compiler complains: what is held over an await, where a value is
//! held, and whether all that a future holds is `Send`.

use super::{Answer, Link, Position, held_line, held_list, name};
use crate::{
    alive::{Body, Stretch},
    lsp::view::View,
    problem::Held,
    settings::Show,
    syntax::BodyKind,
};

/// The length of the word `async`.
const ASYNC: u32 = 5;

/// Explains what stands at a place that no problem speaks of.
pub(super) fn explain(view: &View<'_>, position: Position, link: Link<'_>) -> Option<Answer> {
    let page = Page { view, link };
    page.on_value(position).or_else(|| page.on_await(position)).or_else(|| page.on_header(position))
}

struct Page<'a> {
    view: &'a View<'a>,
    link: Link<'a>,
}

impl Page<'_> {
    /// On the binding of a value; one that is not `Send` goes first.
    fn on_value(&self, position: Position) -> Option<Answer> {
        let bodies = self.view.bodies();
        let values = bodies.flat_map(|body| body.values.iter().map(move |value| (body, value)));
        let named = values.filter(|(_, value)| value.name.is_some() || self.view.is_culprit(value));
        let mut here: Vec<_> = named.filter(|(_, value)| value.at.touches(position)).collect();
        here.sort_by_key(|(_, value)| !self.view.is_culprit(value));
        let (body, value) = here.first()?;
        let held = self.view.held(value);
        let text = match held.send {
            Some(false) => self.culprit(body, &held),
            Some(true) if held.awaits.is_empty() => return None,
            Some(true) => format!("{}, and is `Send`.", self.where_held(&held)),
            None if held.awaits.is_empty() => return None,
            // Nobody was asked, or nobody could answer: no guess.
            None => format!("{}.", self.where_held(&held)),
        };
        Some(Answer { text, span: held.span })
    }

    fn where_held(&self, held: &Held) -> String {
        format!("{} is held across the `.await` on {}", name(held), self.awaits(held))
    }

    fn culprit(&self, body: &Body, held: &Held) -> String {
        let name = name(held);
        let mut paragraphs = vec![match held.awaits.as_slice() {
            [] => format!("**{name} is part of the future, and is not `Send`**"),
            [_] => format!("**{name} is held across an `.await`, and is not `Send`**"),
            _ => format!("**{name} is held across several `.await`s, and is not `Send`**"),
        }];
        paragraphs.extend(held.ty.as_ref().map(|ty| format!("Type: `{ty}`")));
        if !held.awaits.is_empty() {
            paragraphs.push(format!("Still alive at the `.await` on {}.", self.awaits(held)));
        }
        paragraphs.extend(why(held));
        paragraphs.push(format!(
            "So {} is not `Send` either: it can be awaited, but not spawned where tasks move \
             between threads.",
            future_of(body)
        ));
        paragraphs.join("\n\n")
    }

    fn on_await(&self, position: Position) -> Option<Answer> {
        let mut points = self.view.bodies().flat_map(|body| &body.awaits);
        let with_dot = |point: &Stretch| self.view.with_dot(&point.span(self.view.file));
        let at = |point: &&Stretch| Stretch::from(&with_dot(point)).touches(position);
        let point = points.find(at)?;
        let held = self.view.held_over(point);
        if held.is_empty() {
            return None;
        }
        let line = |held: &Held| held_line(held, &self.line(held.span.start.line), "Send");
        let text = held_list(held.iter().map(line));
        Some(Answer { text, span: with_dot(point) })
    }

    fn on_header(&self, position: Position) -> Option<Answer> {
        let mut bodies = self.view.bodies();
        let body = bodies.find(|body| self.heading(body).touches(position))?;
        let culprits = self.view.culprits(body, Show::All);
        let span = self.heading(body).span(self.view.file);
        if culprits.is_empty() {
            let text = self.all_is_well(body, position)?;
            return Some(Answer { text, span });
        }
        let lines = culprits.iter().map(|held| {
            let ty = held.ty.as_ref().map(|ty| format!(": `{ty}`")).unwrap_or_default();
            let from = self.line(held.span.start.line);
            let over = match held.awaits.as_slice() {
                [] => "part of it from the start".to_owned(),
                _ => format!("held across the `.await` on {}", self.awaits(held)),
            };
            let why: Vec<String> = held.why.iter().map(|why| format!("\n  - {why}")).collect();
            format!("\n- {}{ty}, from {from}, {over}{}", name(held), why.concat())
        });
        let lines: Vec<String> = lines.collect();
        let what = future_of(body);
        let text =
            format!("**{} is not `Send`**\n\nIt holds:\n{}", capitalized(&what), lines.concat());
        Some(Answer { text, span })
    }

    /// On the word `async` alone: names have hovers of their own. What a future awaits is part of
    /// it, too, so this is not yet all of it.
    fn all_is_well(&self, body: &Body, position: Position) -> Option<String> {
        let start = body.header.start;
        let on_async = start.line == position.line && position.column <= start.column + ASYNC;
        let known = body.values.iter().all(|value| self.view.held(value).send == Some(true));
        (on_async && known && !body.awaits.is_empty() && !body.values.is_empty())
            .then(|| format!("All that {} holds across its `.await`s is `Send`.", future_of(body)))
    }

    /// From `async` to the fn's name: parameters have hovers of their own.
    fn heading(&self, body: &Body) -> Stretch {
        let Stretch { start, mut end } = body.header;
        if body.kind != BodyKind::Block {
            let line = self.view.text.get_line(start.line.saturating_sub(1) as usize);
            let skipped = start.column.saturating_sub(1) as usize;
            let mut chars = line.iter().flat_map(|line| line.chars()).skip(skipped);
            let length = chars.position(|c| matches!(c, '(' | '<' | '|' | '\n'));
            let length = length.and_then(|length| u32::try_from(length).ok());
            end = Position { line: start.line, column: start.column + length.unwrap_or(ASYNC) };
        }
        Stretch { start, end }
    }

    fn awaits(&self, held: &Held) -> String {
        let lines = held.awaits.iter().map(|point| self.line(point.span.start.line));
        let lines: Vec<String> = lines.collect();
        match lines.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} and {last}", others.join(", "))
            }
            _ => lines.concat(),
        }
    }

    fn line(&self, line: u32) -> String {
        (self.link)(&format!("line {line}"), self.view.file, line)
    }
}

fn why(held: &Held) -> Option<String> {
    match held.why.as_slice() {
        [] => None,
        [why] => Some(format!("{}.", capitalized(why))),
        chain => {
            let chain: Vec<String> = chain.iter().map(|why| format!("- {why}")).collect();
            Some(format!("Why it is not `Send`:\n{}", chain.join("\n")))
        }
    }
}

fn future_of(body: &Body) -> String {
    match (body.kind, &body.name) {
        (BodyKind::Fn, Some(name)) => format!("the future of `{name}`"),
        (BodyKind::Fn, None) => "the future of this fn".to_owned(),
        (BodyKind::Block, _) => "this async block".to_owned(),
        (BodyKind::Closure, _) => "the future of this async closure".to_owned(),
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}
