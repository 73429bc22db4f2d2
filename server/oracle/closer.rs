//! Ask closer: what to do when an error names no value.
//!
//! First a function beside the innermost async fn demands `Send` of it, and rustc explains
//! itself. Where it still names nothing (tuples, captures), every value of the body is probed
//! for its type.

use anyhow::Result;
use camino::Utf8Path;
use cargo_metadata::diagnostic::Diagnostic;
use ra_ap_syntax::{AstNode, SourceFile, TextRange, ast};

use super::{
    demand::{Demand, NEED, Parameters, demand_of},
    types::{self, Asking},
};
use crate::{
    problem::{Held, Kind, Place, Problem},
    recognise::{Shortfall, handler_fn, reasons_of_parameter, recognise},
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
    /// What demands `Send` of it, where a function can, most telling first. No tree is kept: trees
    /// are not `Send`, and the compiler is awaited.
    demands: Vec<(Demand, Accept)>,
}

/// Fills in the values at fault. `Ok(None)`: the compiler says that the body is `Send`, so the
/// error has another cause and is none of ours.
pub(super) async fn ask(asking: &mut Asking<'_>, problem: &Problem) -> Result<Option<Problem>> {
    let Some(asked) = find_body(problem, asking.sources) else {
        return Ok(Some(problem.clone()));
    };
    for (demand, accept) in &asked.demands {
        let text = insert(asked.text, demand.at, &demand.text);
        let said = asking.run(asked.file, text, NEED, true).await?;
        let root = asking.bench.root();
        if let Some(found) = explained(problem, &said, root, *accept, &demand.parameters) {
            return Ok(Some(found));
        }
        let is_explained = said.iter().any(|it| carries(it, NEED));
        if is_explained || demand.parameters.is_empty() {
            break;
        }
    }
    let mut found = problem.clone();
    let Some(range) = asked.range else { return Ok(Some(found)) };
    asking.learn(&[asked.file.to_owned()], edition(problem)).await?;
    let Some(typed) = types::innermost(asking.bodies(asked.file), range) else {
        return Ok(Some(found));
    };
    let values = typed.not_send(asked.file, asked.text);
    let leaves = values.clone();
    found.held = guilty(problem, values);
    if let (None, Some(first)) = (&found.leaf, found.held.first()) {
        let of_first = leaves.into_iter().find(|(_, held)| held.span == first.span);
        found.leaf = of_first.map(|(shortfall, _)| shortfall.leaf);
    }
    if found.held.is_empty() && problem.kind == Kind::Handler {
        return Ok(None);
    }
    let in_future = found.held.first().is_some_and(|first| first.awaits.is_empty());
    if in_future && !matches!(problem.kind, Kind::Handler | Kind::Generic) {
        found.kind = Kind::Captured;
    }
    Ok(Some(found))
}

/// Which of the values that the compiler names may be the one that is looked for.
type Accept = fn(&Problem, &Problem) -> bool;

fn same_kind_of_leaf(wanted: &Problem, found: &Problem) -> bool {
    let same = |a: &str, b: &str| head(a) == head(b);
    wanted.kind == Kind::Handler
        || wanted.leaf.as_deref().zip(found.leaf.as_deref()).is_none_or(|(a, b)| same(a, b))
}

fn anything(_: &Problem, _: &Problem) -> bool {
    true
}

/// The last segment of a type's path: the same of `Rc<T>` and `std::rc::Rc<i32>`.
fn head(ty: &str) -> &str {
    let plain = ty.trim_start_matches(['(', '&']).trim_start_matches("dyn ");
    let path = plain.split(['<', ' ', ')', ',']).next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or(path)
}

/// Whether a diagnostic is an answer to what we wrote.
pub(super) fn carries(diagnostic: &Diagnostic, mark: &str) -> bool {
    diagnostic.message.contains(mark)
        || diagnostic.children.iter().any(|child| child.message.contains(mark))
}

/// The problem as the demand beside the fn explains it.
fn explained(
    problem: &Problem,
    said: &[Diagnostic],
    root: &Utf8Path,
    accept: Accept,
    parameters: &[String],
) -> Option<Problem> {
    let ours = said.iter().filter(|it| carries(it, NEED));
    let found: Vec<Problem> = ours
        .filter_map(|it| recognise(it, &problem.unit, root))
        .filter(|it| !it.held.is_empty() && accept(problem, it))
        .collect();
    let same_leaf = |it: &&Problem| it.leaf == problem.leaf && it.auto_trait == problem.auto_trait;
    let best = found.iter().find(same_leaf).or(found.first())?;
    let mut complete = problem.clone();
    complete.held.clone_from(&best.held);
    match (&best.leaf, &problem.leaf) {
        // The body knows only `T`; the error knows what it is in this call.
        (Some(parameter), Some(leaf)) if parameters.contains(parameter) && parameter != leaf => {
            let why = reasons_of_parameter(parameter, leaf, problem.auto_trait);
            complete.held.iter_mut().for_each(|held| held.why.clone_from(&why));
        }
        _ => {
            complete.leaf.clone_from(&best.leaf);
            complete.auto_trait = best.auto_trait;
        }
    }
    if !matches!(problem.kind, Kind::Handler | Kind::Generic) {
        complete.kind = best.kind;
    }
    Some(complete)
}

/// The values whose leaf is the one that the error names. A generic body knows `T`, the error
/// knows what `T` was: then the outermost names are compared, and where nothing is the same, all
/// values count.
fn guilty(problem: &Problem, values: Vec<(Shortfall, Held)>) -> Vec<Held> {
    let wanted = problem.leaf.as_deref();
    let exactly = |it: &Shortfall| {
        let is_same = |wanted| types::is_same(wanted, &it.leaf);
        wanted.is_none_or(|wanted| is_same(wanted) && it.auto_trait == problem.auto_trait)
    };
    let roughly = |it: &Shortfall| wanted.is_none_or(|wanted| head(wanted) == head(&it.leaf));
    let (any_exact, any_rough) = (
        values.iter().any(|(shortfall, _)| exactly(shortfall)),
        values.iter().any(|(shortfall, _)| roughly(shortfall)),
    );
    let chosen = values.into_iter().filter(|(shortfall, _)| match (any_exact, any_rough) {
        (true, _) => exactly(shortfall),
        (_, true) => roughly(shortfall),
        _ => true,
    });
    let mut guilty: Vec<Held> = Vec::new();
    for held in chosen.map(|(_, held)| with_integers(held, wanted)) {
        if !guilty.iter().any(|known| known.span == held.span) {
            guilty.push(held);
        }
    }
    guilty
}

/// A probe stands where the compiler has not yet chosen the type of a number; the error knows it.
fn with_integers(mut held: Held, leaf: Option<&str>) -> Held {
    if let (Some(ty), Some(leaf)) = (&mut held.ty, leaf)
        && types::is_same(leaf, ty)
    {
        leaf.clone_into(ty);
    }
    held
}

fn find_body<'a>(problem: &Problem, sources: &'a Sources) -> Option<Asked<'a>> {
    match handler_name(&problem.future).filter(|_| problem.kind == Kind::Handler) {
        Some(name) => {
            let (file, text, func) = handler_fn(problem, name, sources, edition(problem))?;
            let range = func.body()?.syntax().text_range();
            Some(Asked { file, text, range: Some(range), demands: demands(&func) })
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
                return Some(Asked { file, text, range, demands: Vec::new() });
            }
            let tree = SourceFile::parse(text, edition(problem)).tree();
            let is_fn = problem.future.what.contains("fn");
            let element = tree.syntax().covering_element(span);
            let func = element.ancestors().find_map(ast::Fn::cast).filter(|_| is_fn);
            let demands = func.as_ref().map(demands).unwrap_or_default();
            Some(Asked { file, text, range: Some(span), demands })
        }
    }
}

/// With type parameters that are `Send` only what the body itself adds is at fault; where that is
/// nothing, a parameter is.
fn demands(func: &ast::Fn) -> Vec<(Demand, Accept)> {
    let own = demand_of(func, Parameters::AreSend).map(|it| (it, same_kind_of_leaf as Accept));
    let any = demand_of(func, Parameters::AsWritten).map(|it| (it, anything as Accept));
    own.into_iter().chain(any).collect()
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
