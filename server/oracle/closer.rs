//! Ask closer: what to do when an error names no value.
//!
//! First a function beside the innermost async fn demands `Send` of it, and rustc explains
//! itself. Where it still names nothing (tuples, captures), every value of the body is probed
//! for its type.

use anyhow::Result;
use camino::Utf8Path;
use cargo_metadata::diagnostic::Diagnostic;
use ra_ap_syntax::{AstNode, SourceFile, TextRange, ast, ast::HasName};

use super::{
    demand::{Demand, NEED, demand_of},
    types,
    workbench::Workbench,
};
use crate::{
    problem::{Held, Kind, Place, Problem},
    recognise::recognise,
    rustc::RustcCommand,
    sources::Sources,
    syntax,
    text::Lines,
};

/// Whether an error is one that names no value, so that asking closer helps.
pub(super) fn needs_asking(problem: &Problem) -> bool {
    let shape = matches!(
        problem.kind,
        Kind::HeldAcrossAwait | Kind::Captured | Kind::Handler | Kind::Generic
    );
    shape
        && problem.held.is_empty()
        && (problem.future.span.is_local() || problem.kind == Kind::Handler)
}

/// The async body that the error is about.
struct Asked<'a> {
    file: &'a Utf8Path,
    text: &'a str,
    /// Where the async body stands, or a part of it.
    range: Option<TextRange>,
    /// What demands `Send` of it, where a function can. No tree is kept: trees are not `Send`, and
    /// the compiler is awaited.
    demand: Option<Demand>,
}

/// Fills in the values at fault. `Ok(None)`: the compiler says that the body is `Send`, so the
/// error has another cause and is none of ours.
pub(super) async fn ask(
    bench: &mut Workbench,
    command: &RustcCommand,
    problem: &Problem,
    sources: &Sources,
) -> Result<Option<Problem>> {
    let Some(asked) = find_body(problem, sources) else {
        return Ok(Some(problem.clone()));
    };
    let mut by_demand = Vec::new();
    if let Some(demand) = &asked.demand {
        let text = insert(asked.text, demand.at, &demand.text);
        let said = run(bench, command, sources, asked.file, text, NEED).await?;
        by_demand = explanations(problem, &said, bench.root());
        if let Some(best) = by_demand.iter().find(|it| is_about(problem, it)) {
            return Ok(Some(explained(problem, best)));
        }
    }
    let mut found = problem.clone();
    let Some(range) = asked.range else { return Ok(Some(found)) };
    let bodies = types::of_file(bench, command, sources, asked.file, edition(problem)).await?;
    let Some(typed) = types::innermost(&bodies, range) else { return Ok(Some(found)) };
    let values = typed.not_send(asked.file, asked.text);
    // A generic body knows `T`, the error knows what `T` was: where no leaf is alike, what the
    // compiler says of the body as it stands counts.
    let named = values.iter().any(|(leaf, _)| likeness(problem, leaf) > Likeness::None);
    if let Some(first) = by_demand.first().filter(|_| !named) {
        return Ok(Some(explained(problem, first)));
    }
    found.held = guilty(problem, values);
    if found.held.is_empty() && problem.kind == Kind::Handler {
        return Ok(None);
    }
    let in_future = found.held.first().is_some_and(|first| first.awaits.is_empty());
    if in_future && problem.kind != Kind::Handler {
        found.kind = Kind::Captured;
    }
    Ok(Some(found))
}

/// Compiles one changed file: in the failing unit when it belongs there (the answers then carry
/// our mark), in the whole selection otherwise: another crate that compiled so far.
pub(super) async fn run(
    bench: &mut Workbench,
    command: &RustcCommand,
    sources: &Sources,
    file: &Utf8Path,
    text: String,
    mark: &str,
) -> Result<Vec<Diagnostic>> {
    let mut texts = sources.clone();
    texts.insert(file, text);
    let said = bench.compile(&texts, command).await?;
    if said.iter().any(|it| carries(it, mark)) {
        return Ok(said);
    }
    let survey = bench.survey(&texts).await?;
    Ok(survey.diagnostics.into_iter().map(|it| it.diagnostic).collect())
}

fn carries(diagnostic: &Diagnostic, mark: &str) -> bool {
    diagnostic.message.contains(mark)
        || diagnostic.children.iter().any(|child| child.message.contains(mark))
}

/// What the demand beside the fn brought to light.
fn explanations(problem: &Problem, said: &[Diagnostic], root: &Utf8Path) -> Vec<Problem> {
    let ours = said.iter().filter(|it| carries(it, NEED));
    let found = ours.filter_map(|it| recognise(it, &problem.unit, root));
    found.filter(|it| !it.held.is_empty()).collect()
}

fn is_about(problem: &Problem, found: &Problem) -> bool {
    found.leaf == problem.leaf && found.auto_trait == problem.auto_trait
}

/// The problem with the value that another error about the same future names.
fn explained(problem: &Problem, best: &Problem) -> Problem {
    let mut complete = problem.clone();
    complete.held.clone_from(&best.held);
    complete.leaf.clone_from(&best.leaf);
    complete.auto_trait = best.auto_trait;
    if problem.kind != Kind::Handler {
        complete.kind = best.kind;
    }
    complete
}

/// How much a leaf looks like the one that the error names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    None,
    /// The same type constructor: `Rc<T>` in the generic body, `Rc<u8>` in the error.
    Head,
    /// The same, but for integers whose size the body leaves open (`{integer}`).
    Same,
}

fn likeness(problem: &Problem, leaf: &str) -> Likeness {
    let Some(wanted) = &problem.leaf else { return Likeness::Same };
    let head = |ty: &str| {
        let path = ty.split('<').next().unwrap_or_default();
        path.rsplit("::").next().unwrap_or_default().to_owned()
    };
    if open_numbers(wanted) == open_numbers(leaf) {
        Likeness::Same
    } else if head(wanted) == head(leaf) {
        Likeness::Head
    } else {
        Likeness::None
    }
}

/// `Rc<i32>` -> `Rc<{integer}>`.
fn open_numbers(ty: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let close = |word: &mut String, out: &mut String| {
        let digits = word.get(1..).unwrap_or_default();
        let sized = digits == "size" || digits.parse::<u8>().is_ok();
        match word.chars().next() {
            Some('i' | 'u') if sized => out.push_str("{integer}"),
            Some('f') if sized => out.push_str("{float}"),
            _ => out.push_str(word),
        }
        word.clear();
    };
    for c in ty.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            close(&mut word, &mut out);
            out.push(c);
        }
    }
    close(&mut word, &mut out);
    out
}

/// The values whose leaf is most like the one that the error names.
fn guilty(problem: &Problem, values: Vec<(String, Held)>) -> Vec<Held> {
    let best = values.iter().map(|(leaf, _)| likeness(problem, leaf)).max();
    let chosen = values.into_iter().filter(|(leaf, _)| Some(likeness(problem, leaf)) == best);
    let mut values: Vec<Held> = chosen.map(|(_, held)| held).collect();
    values.dedup_by(|next, known| next.span == known.span);
    values
}

fn find_body<'a>(problem: &Problem, sources: &'a Sources) -> Option<Asked<'a>> {
    match handler_name(&problem.future).filter(|_| problem.kind == Kind::Handler) {
        Some(name) => {
            let near = sources.iter().filter(|(file, _)| *file == problem.reported_at.file);
            let mut files = near.chain(sources.iter()).filter(|(_, text)| text.contains(name));
            files.find_map(|(file, text)| {
                let tree = SourceFile::parse(text, edition(problem)).tree();
                let mut fns = tree.syntax().descendants().filter_map(ast::Fn::cast);
                let is_it = |it: &ast::Fn| it.name().is_some_and(|it| it.text() == name);
                let func = fns.find(|it| it.async_token().is_some() && is_it(it))?;
                let range = func.body()?.syntax().text_range();
                let demand = demand_of(&func);
                Some(Asked { file, text, range: Some(range), demand })
            })
        }
        None => {
            let (file, text) =
                sources.iter().find(|(file, _)| *file == problem.future.span.file)?;
            let span = Lines::new(text).range(&problem.future.span)?;
            if problem.kind == Kind::Handler {
                let bodies = syntax::analyse(text, edition(problem)).into_iter();
                let inside = bodies.filter(|body| span.contains_range(body.range));
                let body = inside.max_by_key(|body| body.range.len());
                let range = body.map(|body| body.range);
                return Some(Asked { file, text, range, demand: None });
            }
            let tree = SourceFile::parse(text, edition(problem)).tree();
            let is_fn = problem.future.what.contains("fn");
            let element = tree.syntax().covering_element(span);
            let func = element.ancestors().find_map(ast::Fn::cast).filter(|_| is_fn);
            let demand = func.as_ref().and_then(demand_of);
            Some(Asked { file, text, range: Some(span), demand })
        }
    }
}

fn handler_name(future: &Place) -> Option<&str> {
    future.what.strip_prefix("async fn `")?.strip_suffix('`')
}

fn edition(problem: &Problem) -> ra_ap_syntax::Edition {
    syntax::edition(&problem.unit.edition)
}

fn insert(text: &str, at: TextRange, inserted: &str) -> String {
    let at = usize::from(at.start());
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    format!("{before}{inserted}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_integers_are_alike() {
        assert_eq!(open_numbers("Rc<i32>"), "Rc<{integer}>");
        assert_eq!(open_numbers("(Rc<{integer}>, f64)"), "(Rc<{integer}>, {float})");
        assert_eq!(open_numbers("uuid::Id8"), "uuid::Id8");
    }
}
