//! What a hover says of problems, from domain types alone: on a held value, on an `.await` that it
//! crosses, on what demands `Send`, and where a problem without a value is reported. Nothing
//! elsewhere, so that rust-analyzer's hover stays first.

mod alive;

use camino::Utf8Path;

use super::view::View;
use crate::{
    alive::Stretch,
    engine::Shown,
    problem::{Held, Place, Position, Problem, Span, Verdict},
    recognise::advice,
};

/// Makes a link to a place: the text of the link, the absolute path of the file, the line.
pub(super) type Link<'a> = &'a dyn Fn(&str, &Utf8Path, u32) -> String;

/// The answer for one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Markdown.
    pub(super) text: String,
    /// What it is about.
    pub(super) span: Span,
}

/// Explains what stands at a place; `None` where nothing of ours does.
pub(super) fn explain(
    problems: &[Shown],
    view: &View<'_>,
    position: Position,
    link: Link<'_>,
) -> Option<Answer> {
    let page = |shown| Page { shown, file: view.file, view, link };
    let sections = [on_values, on_awaits, on_demand, on_report];
    let mut answers = sections.iter().flat_map(|section| {
        let answer = |shown| section(&page(shown), position);
        problems.iter().flat_map(answer).collect::<Vec<_>>()
    });
    let Some(mut first) = answers.next() else {
        return alive::explain(view, position, link);
    };
    let mut texts = vec![std::mem::take(&mut first.text)];
    // Several problems can meet in one place: an await that two values cross.
    for answer in answers.filter(|answer| answer.span == first.span) {
        // What they have in common is said once.
        let is_new = |paragraph: &&str| texts.iter().all(|text| !text.contains(*paragraph));
        let news: Vec<&str> = answer.text.split("\n\n").filter(is_new).collect();
        if !news.is_empty() {
            texts.push(news.join("\n\n"));
        }
    }
    first.text = texts.join("\n\n---\n\n");
    Some(first)
}

/// All that is to be said of a problem: a title, and paragraphs without one.
pub(super) fn whole(shown: &Shown, view: &View<'_>, link: Link<'_>) -> (String, Vec<String>) {
    let page = Page { shown, file: view.file, view, link };
    let problem = page.problem();
    let (mut title, mut paragraphs) = (problem.message.clone(), advice(problem));
    for (index, held) in problem.held.iter().enumerate() {
        let mut said = value_paragraphs(&page, held);
        if index == 0 {
            title = said.remove(0).trim_matches('*').to_owned();
        }
        paragraphs.extend(said);
    }
    paragraphs.extend(page.demand());
    if let Some(demand) = &problem.demand {
        let heading = format!("## From {} to the value", quoted(&demand.what));
        paragraphs.extend([heading, steps(&page).join("\n")]);
    }
    (title, paragraphs)
}

/// One problem, seen from one file.
struct Page<'a> {
    shown: &'a Shown,
    file: &'a Utf8Path,
    view: &'a View<'a>,
    link: Link<'a>,
}

impl Page<'_> {
    fn problem(&self) -> &Problem {
        &self.shown.problem
    }

    fn is_at(&self, span: &Span, position: Position) -> bool {
        let inside = span.start <= position && position <= span.end;
        inside && self.shown.path(span) == self.file
    }

    /// "line 6" where the reader is, "src/db.rs:6" elsewhere.
    fn line(&self, span: &Span) -> String {
        let line = span.start.line;
        let path = self.shown.path(span);
        let label = if path == self.file {
            format!("line {line}")
        } else {
            format!("{}:{line}", span.file)
        };
        (self.link)(&label, &path, line)
    }

    fn trait_name(&self) -> &'static str {
        self.problem().auto_trait.name()
    }

    /// Who wants it, and what for.
    fn demand(&self) -> Option<String> {
        let Place { what, span } = self.problem().demand.as_ref()?;
        let what = quoted(what);
        let line = self.line(span);
        let trait_ = self.trait_name();
        Some(format!(
            "{what} on {line} demands `{trait_}`: the task may move to another thread at any \
             `.await`, with all that it holds."
        ))
    }

    fn awaits(&self, held: &Held) -> String {
        let lines: Vec<String> = held.awaits.iter().map(|point| self.line(&point.span)).collect();
        lines.join(", ")
    }
}

fn on_values(page: &Page<'_>, position: Position) -> Vec<Answer> {
    let held = page.problem().held.iter();
    let here = held.filter(|held| page.is_at(&held.span, position));
    here.map(|held| Answer { text: value(page, held), span: held.span.clone() }).collect()
}

fn value(page: &Page<'_>, held: &Held) -> String {
    let mut paragraphs = value_paragraphs(page, held);
    paragraphs.extend(page.demand());
    paragraphs.extend(best_fix(page.problem()));
    paragraphs.join("\n\n")
}

/// What is wrong with a value, in bold, and why.
fn value_paragraphs(page: &Page<'_>, held: &Held) -> Vec<String> {
    let name = name(held);
    let trait_ = page.trait_name();
    let mut paragraphs = vec![match held.awaits.as_slice() {
        [] => format!("**{name} is part of the task, but is not `{trait_}`**"),
        [_] => format!("**{name} is held across an `.await`, but is not `{trait_}`**"),
        [_, _, ..] => format!("**{name} is held across several `.await`s, but is not `{trait_}`**"),
    }];
    let says_type = |ty: &String| held.why.first().is_some_and(|why| why.contains(ty.as_str()));
    if let Some(ty) = held.ty.as_ref().filter(|ty| !says_type(ty)) {
        paragraphs.push(format!("Type: `{ty}`"));
    }
    if !held.awaits.is_empty() {
        paragraphs.push(format!("Still alive at the `.await` on {}.", page.awaits(held)));
    }
    match held.why.as_slice() {
        [] => {}
        [why] => paragraphs.push(format!("{why}.")),
        chain => {
            let chain: Vec<String> = chain.iter().map(|why| format!("- {why}")).collect();
            paragraphs.push(format!("Why it is not `{trait_}`:\n{}", chain.join("\n")));
        }
    }
    paragraphs
}

fn on_awaits(page: &Page<'_>, position: Position) -> Vec<Answer> {
    let problem = page.problem();
    let points = problem.held.iter().flat_map(|held| &held.awaits);
    let at = |span: &&Span| page.is_at(&page.view.with_dot(span), position);
    let Some(point) = points.map(|point| &point.span).find(at) else {
        return Vec::new();
    };
    let held = page.view.held_over(&Stretch::from(point));
    let lines = held.iter().map(|held| held_line(held, &page.line(&held.span), page.trait_name()));
    let mut text = held_list(lines);
    for paragraph in page.demand().into_iter().chain(best_fix(problem)) {
        text.push_str("\n\n");
        text.push_str(&paragraph);
    }
    vec![Answer { text, span: page.view.with_dot(point) }]
}

fn held_list(lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.map(|line| format!("\n- {line}")).collect();
    format!("**Held across this `.await`**\n{}", lines.concat())
}

fn held_line(held: &Held, line: &str, trait_: &str) -> String {
    let ty = held.ty.as_ref().map(|ty| format!(": `{ty}`")).unwrap_or_default();
    let verdict = match held.send {
        Some(true) => format!(", is `{trait_}`"),
        Some(false) => format!(", **is not `{trait_}`**"),
        // Nobody was asked, or nobody could answer: no guess.
        None => String::new(),
    };
    format!("{}{ty}, from {line}{verdict}", name(held))
}

fn on_demand(page: &Page<'_>, position: Position) -> Vec<Answer> {
    let Some(demand) = &page.problem().demand else {
        return Vec::new();
    };
    // A demand that covers a whole block would answer everywhere in it.
    let on_first_line = position.line == demand.span.start.line;
    let head = || page.view.spots()?.of_demand(&demand.span);
    let in_file = page.shown.path(&demand.span) == page.file;
    let spots = [Some(demand.span.clone()).filter(|_| on_first_line), in_file.then(head).flatten()];
    let mut here = spots.into_iter().flatten().filter(|span| page.is_at(span, position));
    let Some(span) = here.next() else {
        return Vec::new();
    };
    vec![Answer { text: path(page, demand), span }]
}

/// Problems without a value at fault have one place only: where they are reported.
fn on_report(page: &Page<'_>, position: Position) -> Vec<Answer> {
    let problem = page.problem();
    let advice = advice(problem);
    if !problem.held.is_empty() && advice.is_empty() {
        return Vec::new();
    }
    let places = [problem.culprit(), &problem.reported_at].into_iter();
    // A report that covers a whole block would answer everywhere in it.
    let mut here =
        places.filter(|span| span.start.line == position.line && page.is_at(span, position));
    let Some(span) = here.next() else {
        return Vec::new();
    };
    let mut paragraphs = vec![format!("**{}**", problem.message)];
    paragraphs.extend(advice);
    paragraphs.extend(page.demand());
    paragraphs.extend(best_fix(problem));
    vec![Answer { text: paragraphs.join("\n\n"), span: span.clone() }]
}

fn path(page: &Page<'_>, demand: &Place) -> String {
    let trait_ = page.trait_name();
    let what = quoted(&demand.what);
    let mut text = format!("**{what} demands `{trait_}`, and this future is not**\n");
    for step in steps(page) {
        text.push_str(&format!("\n{step}"));
    }
    if let Some(fix) = best_fix(page.problem()) {
        text.push_str(&format!("\n\n{fix}"));
    }
    text
}

/// The way from the demand down to the values, as a numbered list.
fn steps(page: &Page<'_>) -> Vec<String> {
    let problem = page.problem();
    let mut steps: Vec<String> = problem.path.iter().map(|place| step(page, place)).collect();
    let future = step(page, &problem.future);
    if steps.last() != Some(&future) {
        steps.push(future);
    }
    steps.extend(problem.held.iter().map(|held| culprit(page, held)));
    steps.iter().enumerate().map(|(index, step)| format!("{}. {step}", index + 1)).collect()
}

fn step(page: &Page<'_>, place: &Place) -> String {
    format!("{}, {}", place.what, page.line(&place.span))
}

fn culprit(page: &Page<'_>, held: &Held) -> String {
    let ty = held.ty.as_ref().map(|ty| format!(", a `{ty}`")).unwrap_or_default();
    let name = name(held);
    let from = page.line(&held.span);
    if held.awaits.is_empty() {
        return format!("keeps {name} from {from}{ty}");
    }
    let awaits = page.awaits(held);
    format!("holds {name} from {from}{ty}, across the `.await` on {awaits}")
}

/// The quick fix to take, once the compiler has accepted one.
fn best_fix(problem: &Problem) -> Option<String> {
    let verified = || problem.fixes.iter().filter(|fix| fix.verdict == Verdict::Verified);
    let best = verified().find(|fix| fix.preferred).or_else(|| verified().next())?;
    Some(format!("Quick fix, accepted by the compiler: *{}*.", best.title))
}

fn name(held: &Held) -> String {
    format!("`{}`", held.label())
}

fn quoted(what: &str) -> String {
    if what.contains('`') { what.to_owned() } else { format!("`{what}`") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::{Expect, expect};
    use ropey::Rope;

    use super::*;
    use crate::engine::Snapshot;
    use crate::testing::{problem, span};

    #[track_caller]
    fn check_problem(problem: Problem, line: u32, column: u32, want: Expect) {
        want.assert_eq(&answer(problem, line, column));
    }

    fn answer(problem: Problem, line: u32, column: u32) -> String {
        let shown = Shown { root: "/w".into(), problem: Arc::new(problem) };
        let link = |label: &str, _: &Utf8Path, line: u32| format!("[{label}](#L{line})");
        let position = Position { line, column };
        let text = "fn main() {\n\n\n\n\n    let żółw = send().await;\n\n\n\n\n\n    tokio::spawn(async { worker() });\n}";
        let text = Rope::from_str(text);
        let snapshot = Snapshot { problems: vec![shown], ..Snapshot::default() };
        let view = View::new(&snapshot, "/w/src/main.rs".into(), &text);
        let answer = explain(&snapshot.problems, &view, position, &link);
        answer.map_or("nothing".into(), |answer| answer.text)
    }

    #[track_caller]
    fn check(line: u32, column: u32, want: Expect) {
        check_problem(problem("p"), line, column, want);
    }

    #[test]
    fn on_the_value() {
        check(
            4,
            14,
            expect![[r#"
                **`guard` is held across several `.await`s, but is not `Send`**

                Still alive at the `.await` on [line 6](#L6), [line 7](#L7).

                `std::sync::MutexGuard<'_, u32>` is not `Send`.

                `tokio::spawn` on [line 12](#L12) demands `Send`: the task may move to another thread at any `.await`, with all that it holds.

                Quick fix, accepted by the compiler: *Enclose `guard` in a block*."#]],
        );
    }

    #[test]
    fn on_an_await() {
        check(
            6,
            20,
            expect![[r#"
            **Held across this `.await`**

            - `guard`: `std::sync::MutexGuard<'_, u32>`, from [line 4](#L4), **is not `Send`**

            `tokio::spawn` on [line 12](#L12) demands `Send`: the task may move to another thread at any `.await`, with all that it holds.

            Quick fix, accepted by the compiler: *Enclose `guard` in a block*."#]],
        );
    }

    #[test]
    fn on_the_demand() {
        check(
            12,
            5,
            expect![[r#"
            **`tokio::spawn` demands `Send`, and this future is not**

            1. async block, [line 12](#L12)
            2. async fn `worker`, [line 3](#L3)
            3. holds `guard` from [line 4](#L4), a `std::sync::MutexGuard<'_, u32>`, across the `.await` on [line 6](#L6), [line 7](#L7)

            Quick fix, accepted by the compiler: *Enclose `guard` in a block*."#]],
        );
    }

    #[test]
    fn on_the_call_whose_argument_is_reported() {
        let mut problem = problem("p");
        problem.demand = Some(Place { what: "tokio::spawn".to_owned(), span: span(12, 18, 36) });
        let first_line = "**`tokio::spawn` demands `Send`, and this future is not**";
        for (column, want) in [(5, true), (12, true), (20, true), (4, false), (37, false)] {
            let answer = answer(problem.clone(), 12, column);
            assert_eq!(answer.contains(first_line), want, "{column}: {answer}");
        }
    }

    #[test]
    fn nothing_elsewhere() {
        check(5, 6, expect!["nothing"]);
        check(12, 30, expect!["nothing"]);
    }

    #[test]
    fn a_problem_without_a_value() {
        let mut problem = problem("p");
        problem.kind = crate::problem::Kind::NotGeneralEnough;
        problem.message = "`żółw` is not general enough".into();
        problem.held.clear();
        problem.fixes.clear();
        problem.demand = None;
        problem.future.span = span(9, 1, 5);
        let at_report = problem.clone();
        check_problem(
            problem.clone(),
            9,
            3,
            expect![[r#"
            **`żółw` is not general enough**

            No value is at fault here: when the compiler looks into the future it forgets how lifetimes relate, and then cannot prove what it needs for all of them.

            Usually a closure that takes or returns references is alive across an `.await`, often inside an iterator or a stream.

            Known ways out: `flat_map` instead of `map(..).flatten()`, `collect()` before the loop, items that are owned instead of borrowed, or a boxed future (`Pin<Box<dyn Future<Output = T> + Send>>`) as the function's return type."#]],
        );
        let shown = Shown { root: "/w".into(), problem: Arc::new(at_report) };
        let snapshot = Snapshot { problems: vec![shown], ..Snapshot::default() };
        let text = Rope::new();
        let view = View::new(&snapshot, "/w/src/main.rs".into(), &text);
        let link = |label: &str, _: &Utf8Path, _: u32| label.to_owned();
        let advised = |line| {
            explain(&snapshot.problems, &view, Position { line, column: 6 }, &link).is_some()
        };
        assert!(advised(12) && !advised(13));
    }

    #[test]
    fn a_temporary_over_several_lines() {
        let mut problem = problem("p");
        problem.held[0].name = None;
        problem.held[0].text = "pool\n    .lock()".into();
        problem.held[0].awaits.truncate(1);
        problem.held[0].why.clear();
        problem.demand = None;
        problem.fixes.clear();
        check_problem(
            problem,
            4,
            9,
            expect![[r#"
            **`pool.lock()` is held across an `.await`, but is not `Send`**

            Type: `std::sync::MutexGuard<'_, u32>`

            Still alive at the `.await` on [line 6](#L6)."#]],
        );
    }
}
