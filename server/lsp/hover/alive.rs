//! What a hover says before the compiler complains: of values that are not `Send`, and of the
//! futures that keep them. Nothing where all is well.

use super::{Answer, Link, Position, held_line, held_list, name};
use crate::{
    alive::{Body, Stretch},
    lsp::view::View,
    problem::Held,
    settings::Show,
    syntax::BodyKind,
};

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
    fn on_value(&self, position: Position) -> Option<Answer> {
        let bodies = self.view.bodies();
        let values = bodies.flat_map(|body| body.values.iter().map(move |value| (body, value)));
        let mut here = values.filter(|(_, value)| value.at.touches(position));
        let (body, value) = here.find(|(_, value)| self.view.is_culprit(value))?;
        let held = self.view.held(value);
        let name = name(&held);
        let mut paragraphs = vec![match held.awaits.as_slice() {
            [] => format!("**{name} is part of the future, and is not `Send`**"),
            [_] => format!("**{name} is held across an `.await`, and is not `Send`**"),
            _ => format!("**{name} is held across several `.await`s, and is not `Send`**"),
        }];
        paragraphs.extend(held.ty.as_ref().map(|ty| format!("Type: `{ty}`")));
        if !held.awaits.is_empty() {
            paragraphs.push(format!("Still alive at the `.await` on {}.", self.awaits(&held)));
        }
        paragraphs.extend(why(&held));
        paragraphs.push(format!(
            "So {} is not `Send`: it can be awaited, but not spawned where tasks move between \
             threads.",
            describe(body)
        ));
        Some(Answer { text: paragraphs.join("\n\n"), span: held.span })
    }

    fn on_await(&self, position: Position) -> Option<Answer> {
        let mut points = self.view.bodies().flat_map(|body| &body.awaits);
        let point = points.find(|point| point.touches(position))?;
        let held = self.view.held_over(point);
        // Beside rust-analyzer's hover only what is worth the space.
        held.iter().find(|held| held.send == Some(false))?;
        let line = |held: &Held| held_line(held, &self.line(held.span.start.line), "Send");
        let text = held_list(held.iter().map(line));
        Some(Answer { text, span: point.span(self.view.file) })
    }

    fn on_header(&self, position: Position) -> Option<Answer> {
        let mut bodies = self.view.bodies();
        let body = bodies.find(|body| self.heading(body).touches(position))?;
        let culprits = self.view.culprits(body, Show::All);
        culprits.first()?;
        let lines = culprits.iter().map(|held| {
            let line = held_line(held, &self.line(held.span.start.line), "Send");
            match held.awaits.as_slice() {
                [] => format!("\n- {line}"),
                _ => format!("\n- {line}, is held across the `.await` on {}", self.awaits(held)),
            }
        });
        let lines: Vec<String> = lines.collect();
        let what = describe(body);
        let text = format!("**{what} is not `Send`**\n{}", lines.concat());
        let span = self.heading(body).span(self.view.file);
        Some(Answer { text, span })
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
            end = Position { line: start.line, column: start.column + length.unwrap_or(5) };
        }
        Stretch { start, end }
    }

    fn awaits(&self, held: &Held) -> String {
        let lines = held.awaits.iter().map(|point| self.line(point.span.start.line));
        lines.collect::<Vec<_>>().join(", ")
    }

    fn line(&self, line: u32) -> String {
        (self.link)(&format!("line {line}"), self.view.file, line)
    }
}

fn why(held: &Held) -> Option<String> {
    match held.why.as_slice() {
        [] => None,
        [why] => Some(format!("{why}.")),
        chain => {
            let chain: Vec<String> = chain.iter().map(|why| format!("- {why}")).collect();
            Some(format!("Why it is not `Send`:\n{}", chain.join("\n")))
        }
    }
}

fn describe(body: &Body) -> String {
    match (body.kind, &body.name) {
        (BodyKind::Fn, Some(name)) => format!("async fn `{name}`"),
        (BodyKind::Fn, None) => "this async fn".to_owned(),
        (BodyKind::Block, _) => "this async block".to_owned(),
        (BodyKind::Closure, _) => "the future of this async closure".to_owned(),
    }
}
