//! Values to try where the compiler names none: `implementation of .. is not general enough` is
//! about what an async body holds across an await, but not about which of it.
//!
//! The fixes that end a value's life before the await, or begin it after, are drafted for each
//! local that crosses one. The compiler tells which of them helps.

use std::{borrow::Cow, rc::Rc};

use camino::Utf8Path;
use ra_ap_syntax::{AstNode, TextRange, ast};

use super::FixContext;
use crate::{
    problem::{Await, Held, Kind},
    syntax::{self, AsyncBody, Crossing, Origin},
    text::Lines,
};

/// Fixes that shorten a value's life, nicest first.
const SHORTENING: &[&str] =
    &["move_after_await", "enclose_in_block", "drop_before_await", "hoist_temporary"];

/// Bodies that hold more are not searched: every value costs several runs of the compiler.
const SUSPECTS_MAX: usize = 8;

/// Whether a fix is drafted for suspects.
pub(super) fn suits(id: &str) -> bool {
    SHORTENING.contains(&id)
}

/// A context for each value that may be at fault; none where the compiler named it.
pub(super) fn suspects<'a>(context: &FixContext<'a>) -> Vec<FixContext<'a>> {
    let problem = context.problem;
    if problem.kind != Kind::NotGeneralEnough || !problem.held.is_empty() {
        return Vec::new();
    }
    let bodies = syntax::analyse(context.text, context.edition());
    let Some(body) = body_of(context, &bodies) else { return Vec::new() };
    let crosses = |it: &&Crossing| {
        matches!(it.origin, Origin::Local | Origin::Temporary) && !it.awaits.is_empty()
    };
    let crossings = body.crossings.iter().filter(crosses).take(SUSPECTS_MAX);
    let held =
        crossings.filter_map(|it| held(body, it, context.file, context.text, &context.lines));
    held.map(|(held, value)| FixContext {
        problem,
        held: Cow::Owned(held),
        sources: context.sources,
        file: context.file,
        text: context.text,
        lines: context.lines.clone(),
        tree: context.tree.clone(),
        value,
        world: Rc::clone(&context.world),
    })
    .collect()
}

/// The body that the error is about: the outermost in the expression that it shows, the fn that
/// is called there, or the innermost around it.
fn body_of<'b>(context: &FixContext<'_>, bodies: &'b [AsyncBody]) -> Option<&'b AsyncBody> {
    let shown = context.value;
    let inside = bodies.iter().find(|it| shown.contains_range(it.range));
    let called = || {
        let node = context.value_node();
        let calls = node.descendants().filter_map(ast::CallExpr::cast);
        let names = calls.filter_map(|it| match it.expr()? {
            ast::Expr::PathExpr(it) => Some(it.path()?.segment()?.name_ref()?.text().to_string()),
            _ => None,
        });
        let names: Vec<String> = names.collect();
        bodies.iter().find(|it| it.name.as_ref().is_some_and(|name| names.contains(name)))
    };
    let around = || {
        let around = bodies.iter().filter(|it| it.range.contains_range(shown));
        around.min_by_key(|it| it.range.len())
    };
    inside.or_else(called).or_else(around)
}

fn held(
    body: &AsyncBody,
    crossing: &Crossing,
    file: &Utf8Path,
    text: &str,
    lines: &Lines,
) -> Option<(Held, TextRange)> {
    let awaits = crossing.awaits.iter().filter_map(|n| body.awaits.get(*n));
    let awaits =
        awaits.map(|range| Await { span: lines.span(file, *range), reported: false }).collect();
    let held = Held {
        name: crossing.name.clone(),
        text: text.get(std::ops::Range::<usize>::from(crossing.range))?.to_owned(),
        ty: None,
        send: None,
        span: lines.span(file, crossing.range),
        in_macro: None,
        awaits,
        why: Vec::new(),
    };
    Some((held, crossing.range))
}

#[cfg(test)]
mod tests {
    use ra_ap_syntax::{TextRange, TextSize};

    use crate::{
        fixes::{
            self,
            tests::{problem, sources_of},
        },
        problem::Kind,
    };

    /// The titles of what is drafted where the compiler only shows a part of the text.
    fn titles(text: &str, shown: &str, kind: Kind) -> Vec<String> {
        let size = |offset: usize| TextSize::try_from(offset).unwrap();
        let at = text.find(shown).unwrap();
        let range = TextRange::new(size(at), size(at + shown.len()));
        let mut problem = problem(text, &[range], &[], "");
        problem.held.clear();
        problem.leaf = None;
        problem.kind = kind;
        let drafts = fixes::drafts_as_written(&problem, &sources_of(text));
        drafts.into_iter().map(|it| it.title).collect()
    }

    #[test]
    fn locals_that_cross_an_await_in_the_body_that_is_shown() {
        let block = "async { let größe = hold(|| 1); let n = 2; io().await; drop(größe); }";
        let text = format!("fn f() {{ spawn({block}); }}");
        let found = titles(&text, block, Kind::NotGeneralEnough);
        assert!(found.contains(&"Declare `größe` after the `.await`".to_owned()), "{found:?}");
        assert!(!found.iter().any(|it| it.contains("`n`")), "{found:?}");
    }

    #[test]
    fn in_the_fn_that_is_called() {
        let text = "async fn g() { let h = hold(); io().await; drop(h); } fn f() { spawn(g()); }";
        let found = titles(text, "spawn(g())", Kind::NotGeneralEnough);
        assert!(found.contains(&"Declare `h` after the `.await`".to_owned()), "{found:?}");
    }

    #[test]
    fn none_for_other_problems() {
        let text = "async fn g() { let h = hold(); io().await; drop(h); } fn f() { spawn(g()); }";
        let found = titles(text, "spawn(g())", Kind::HeldAcrossAwait);
        assert!(!found.iter().any(|it| it.contains("`h`")), "{found:?}");
    }
}
