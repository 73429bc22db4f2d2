//! Values in calls of the workspace's own macros: the call is written out as the macro's body, the
//! fixes work on that text as on any other, and their edits go back to where each piece of it
//! stands: the caller, the arguments of the call, or the macro.
//!
//! ```text
//! macro_rules! job { ($f:ident, $t:ty) => { async fn $f(v: $t) { io().await; drop(v); } } }
//! job!(first, Rc<u8>);        // async fn first(v: Rc<u8>) { io().await; drop(v); }
//! ```
//!
//! Known problem: names that a macro keeps to itself (hygiene) are not told from the caller's.

mod patchwork;
mod whole_file;

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, TextRange,
    ast::{self, HasName},
};

use self::patchwork::{Level, Order, Patchwork, Source};
pub(super) use self::whole_file::{Macros, WholeFile};
use super::{Draft, Reach};
use crate::{
    macro_rules::{self, Part, block_in},
    problem::{Edit, Held, Problem, Span},
    recognise::{complete, variable_name},
    sources::Sources,
    syntax,
    text::Lines,
};

/// Calls within calls that are written out at most.
const CALLS_MAX: usize = 16;

/// The ways to tell where an insertion between two pieces belongs.
const ORDERS: [Order; 3] = [
    [Level::Caller, Level::Body, Level::Argument],
    [Level::Body, Level::Argument, Level::Caller],
    [Level::Argument, Level::Body, Level::Caller],
];

/// A problem as it would be if the macro around its value were written out.
pub(super) struct WrittenOut<'a> {
    pub(super) problem: Problem,
    pub(super) sources: Sources,
    original: &'a Sources,
    file: Utf8PathBuf,
    patchwork: Patchwork,
}

/// Writes out the calls around the problem's value; none when it stands in none, or the macro is
/// none of the workspace's. One for each fn of a repetition that may be meant.
pub(super) fn written_out<'a>(problem: &Problem, sources: &'a Sources) -> Vec<WrittenOut<'a>> {
    let Some((patchwork, first)) = patched(problem, sources) else { return Vec::new() };
    let values = in_future(&patchwork, problem, first, sources);
    let written = values.into_iter().filter_map(|value| {
        let file = problem.held.first()?.span.file.clone();
        let mut written = sources.clone();
        written.insert(file.as_path(), patchwork.text.as_str());
        let problem = moved(problem, &patchwork, &file, value, sources, &written)?;
        let patchwork = patchwork.clone();
        Some(WrittenOut { problem, sources: written, original: sources, file, patchwork })
    });
    written.collect()
}

/// The text with the calls written out, and where the value is in it.
fn patched(problem: &Problem, sources: &Sources) -> Option<(Patchwork, TextRange)> {
    let held = problem.held.first()?;
    let file = held.span.file.as_path();
    let text = sources.text(file).filter(|_| held.span.is_local())?;
    let edition = syntax::edition(&problem.unit.edition);
    let lines = Lines::new(text);
    let within = lines.range(&held.span)?;
    let mut patchwork = Patchwork::new(file, text);
    let macros = Macros::of(sources);
    let around = |patchwork: &Patchwork, range: TextRange, whole: bool| {
        call_around(&patchwork.text, edition, range, whole, &macros)
    };
    let outermost = around(&patchwork, within, true)?;
    let mut region = write_out(&mut patchwork, &outermost, sources, &macros)?.1;
    let mut value = value_in(&patchwork, held, file, within, sources);
    for _ in 1..CALLS_MAX {
        let inner = match value {
            Some(value) => around(&patchwork, value, false),
            None => call_in(&patchwork.text, edition, region, &macros),
        };
        let Some((replaced, written)) =
            inner.and_then(|it| write_out(&mut patchwork, &it, sources, &macros))
        else {
            break;
        };
        region = TextRange::new(region.start(), region.end() - replaced.len() + written.len());
        value = value_in(&patchwork, held, file, within, sources);
    }
    Some((patchwork, value?))
}

/// Where the value is now.
fn value_in(
    patchwork: &Patchwork,
    held: &Held,
    file: &Utf8Path,
    within: TextRange,
    sources: &Sources,
) -> Option<TextRange> {
    let Some(span) = &held.in_macro else { return patchwork.of_caller(file, within) };
    let range = Lines::new(sources.text(&span.file)?).range(span)?;
    patchwork.of_body(&span.file, range)
}

/// Of the fns that a repetition wrote, the one that the problem is about, else some of them.
fn in_future(
    patchwork: &Patchwork,
    problem: &Problem,
    first: TextRange,
    sources: &Sources,
) -> Vec<TextRange> {
    const PLACES_MAX: usize = 4;
    let places = || {
        let span = problem.held.first()?.in_macro.as_ref()?;
        let range = Lines::new(sources.text(&span.file)?).range(span)?;
        Some(patchwork.all_of_body(&span.file, range))
    };
    let places = places().filter(|it| it.len() > 1).unwrap_or_default();
    if places.is_empty() {
        return vec![first];
    }
    let edition = syntax::edition(&problem.unit.edition);
    let tree = SourceFile::parse(&patchwork.text, edition).tree();
    let is_it = |range: &TextRange| {
        let func = tree.syntax().covering_element(*range).ancestors().find_map(ast::Fn::cast);
        let name = func.and_then(|it| it.name());
        name.is_some_and(|it| problem.future.what.contains(&format!("`{}`", it.text())))
    };
    match places.iter().find(|it| is_it(it)) {
        Some(place) => vec![*place],
        None => places.into_iter().take(PLACES_MAX).collect(),
    }
}

/// The outermost call of a macro of ours that is, or has among its tokens, a range. Blocks among
/// the tokens of other macros (the arms of `select!`) are looked into.
fn call_around(
    text: &str,
    edition: Edition,
    range: TextRange,
    whole: bool,
    macros: &Macros,
) -> Option<ast::MacroCall> {
    let mut tree = SourceFile::parse(text, edition).tree();
    loop {
        let element = tree.syntax().covering_element(range);
        let calls = element.ancestors().filter_map(ast::MacroCall::cast);
        let mut calls = calls.filter(|call| {
            let tokens = call.token_tree().map(|it| it.syntax().text_range());
            let is_inside = tokens.is_some_and(|it| it.contains_range(range) && it != range);
            let is_all = macro_rules::call_range(call) == Some(range);
            (is_inside || (whole && is_all)) && is_ours(call, macros)
        });
        if let Some(found) = calls.next() {
            return Some(found);
        }
        tree = block_in(text, edition, range, &tree)?;
    }
}

/// The first call in a range of a macro that is ours.
fn call_in(
    text: &str,
    edition: Edition,
    range: TextRange,
    macros: &Macros,
) -> Option<ast::MacroCall> {
    let mut tree = SourceFile::parse(text, edition).tree();
    loop {
        let calls = tree.syntax().descendants().filter_map(ast::MacroCall::cast);
        let mut calls = calls.filter(|it| range.contains_range(it.syntax().text_range()));
        if let Some(found) = calls.find(|it| is_ours(it, macros)) {
            return Some(found);
        }
        tree = block_in(text, edition, range, &tree)?;
    }
}

fn is_ours(call: &ast::MacroCall, macros: &Macros) -> bool {
    macro_name(call).is_some_and(|name| !macros.named(&name).is_empty())
}

fn macro_name(call: &ast::MacroCall) -> Option<String> {
    Some(call.path()?.segment()?.name_ref()?.text().to_string())
}

/// A call with the semicolon that ends it as a statement or an item.
fn whole_call(call: &ast::MacroCall) -> Option<TextRange> {
    let range = macro_rules::call_range(call)?;
    let expr = call.syntax().parent().and_then(ast::MacroExpr::cast);
    let statement = expr.and_then(|it| ast::ExprStmt::cast(it.syntax().parent()?));
    let of_statement = statement.and_then(|it| it.semicolon_token());
    let semicolon = call.semicolon_token().or(of_statement);
    Some(semicolon.map_or(range, |it| range.cover(it.text_range())))
}

/// Replaces a call in the text by what the first definition makes of it that fits: the range that
/// was replaced, and that of what came instead.
fn write_out(
    patchwork: &mut Patchwork,
    call: &ast::MacroCall,
    sources: &Sources,
    macros: &Macros,
) -> Option<(TextRange, TextRange)> {
    let (range, parts, file) = expanded(call, sources, macros)?;
    let source = Source { file: &file, text: sources.text(&file)? };
    Some((range, patchwork.write_out(range, &parts, &source)?))
}

/// The range to replace, what comes instead, and the file of the macro.
fn expanded(
    call: &ast::MacroCall,
    sources: &Sources,
    macros: &Macros,
) -> Option<(TextRange, Vec<Part>, Utf8PathBuf)> {
    let whole = whole_call(call)?;
    let tokens = call.token_tree()?.syntax().text_range();
    macros.named(&macro_name(call)?).iter().find_map(|(file, rules)| {
        let text = sources.text(file)?;
        let parts = macro_rules::expand(rules, call)?;
        let parts = with_parentheses(parts, &Source { file, text });
        let range = match ends_itself(&parts, text) {
            true => whole,
            false => TextRange::new(whole.start(), tokens.end()),
        };
        Some((range, parts, file.clone()))
    })
}

/// Whether what a call becomes needs no semicolon after it.
fn ends_itself(parts: &[Part], text: &str) -> bool {
    match parts.last() {
        Some(Part::Body(range)) => {
            let body = text.get(std::ops::Range::<usize>::from(*range)).unwrap_or_default();
            body.trim_end().ends_with([';', '}'])
        }
        _ => parts.is_empty(),
    }
}

/// An argument that is a sum stays one where the body multiplies it.
fn with_parentheses(parts: Vec<Part>, source: &Source<'_>) -> Vec<Part> {
    let body_at = |part: Option<&Part>| match part {
        Some(Part::Body(range)) => {
            source.text.get(std::ops::Range::<usize>::from(*range)).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    };
    let mut out = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let before = body_at(n.checked_sub(1).and_then(|n| parts.get(n)));
        let after = body_at(parts.get(n + 1));
        let (before, after) = (before.trim_end(), after.trim_start());
        let opens = before.is_empty() || before.ends_with(['(', ',', '{', ';', '=', '[', '}']);
        let closes = after.is_empty() || after.starts_with([')', ',', ';', '}', ']']);
        let is_compound = matches!(part, Part::Argument { is_compound: true, .. });
        match is_compound && !(opens && closes) {
            true => out.extend([Part::Glue("("), part.clone(), Part::Glue(")")]),
            false => out.push(part.clone()),
        }
    }
    out
}

/// The problem with its places in the written text.
fn moved(
    problem: &Problem,
    patchwork: &Patchwork,
    file: &Utf8Path,
    value: TextRange,
    sources: &Sources,
    written: &Sources,
) -> Option<Problem> {
    let (old, new) = (Lines::new(sources.text(file)?), Lines::new(&patchwork.text));
    let at = |span: &Span| match span.file == file {
        true => Some(new.span(file, patchwork.of_caller(file, old.range(span)?)?)),
        false => Some(span.clone()),
    };
    let mut moved = problem.clone();
    let range = old.range(&problem.held.first()?.span)?;
    let others = problem.held.iter().skip(1).filter_map(|held| {
        let within = old.range(&held.span).filter(|_| held.span.file == file);
        let range = match within {
            Some(within) => Some(value_in(patchwork, held, file, within, sources)?),
            None => None,
        };
        let span = range.map_or_else(|| held.span.clone(), |range| new.span(file, range));
        Some(Held { span, in_macro: None, ..held.clone() })
    });
    let others: Vec<Held> = others.collect();
    let first = problem.held.first()?;
    let span = new.span(file, value);
    let text = written.slice(&span)?.to_owned();
    let name = match is_binding(&patchwork.text, value, syntax::edition(&problem.unit.edition)) {
        true => variable_name(&text).map(str::to_owned),
        false => None,
    };
    let first = Held { name, text, span, in_macro: None, awaits: Vec::new(), ..first.clone() };
    moved.held = std::iter::once(first).chain(others).collect();
    for held in moved.held.iter_mut().filter(|it| it.span.file == file) {
        held.awaits.clear();
    }
    let fallback = new.span(file, value);
    let place = |span: &Span| at(span).unwrap_or_else(|| fallback.clone());
    moved.reported_at = place(&problem.reported_at);
    moved.future.span = match old.range(&problem.future.span) {
        // The whole fn comes out of the macro.
        Some(whole) if problem.future.span.file == file && whole == range => fallback.clone(),
        _ => place(&problem.future.span),
    };
    moved.demand = problem.demand.clone().and_then(|mut demand| {
        demand.span = at(&demand.span)?;
        Some(demand)
    });
    moved.path.clear();
    complete(&mut moved, written);
    Some(moved)
}

/// Whether a pattern stands there, and no expression.
fn is_binding(text: &str, value: TextRange, edition: Edition) -> bool {
    let mut tree = SourceFile::parse(text, edition).tree();
    while let Some(inner) = block_in(text, edition, value, &tree) {
        tree = inner;
    }
    let element = tree.syntax().covering_element(value);
    let mut around = element.ancestors().take_while(|it| it.text_range() == value);
    around.any(|it| {
        let kind = it.kind();
        ast::Pat::can_cast(kind) || ast::Name::can_cast(kind) || ast::SelfParam::can_cast(kind)
    })
}

/// What to say of edits in a macro: they are for all who call it.
pub(super) fn note(before: &Sources, edits: &[Edit]) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for edit in edits {
        let file = edit.span.file.as_path();
        let text = before.text(file).filter(|text| text.contains("macro_rules!"));
        let Some(range) = text.and_then(|text| Lines::new(text).range(&edit.span)) else {
            continue;
        };
        let tree = text.map(|text| SourceFile::parse(text, Edition::CURRENT).tree());
        let macros = tree.iter().flat_map(|it| it.syntax().descendants());
        for rules in macros.filter_map(ast::MacroRules::cast) {
            let is_in = rules.syntax().text_range().contains_range(range);
            let name = rules.name().map(|it| format!("`{}!`", it.text()));
            names.extend(name.filter(|name| is_in && !names.contains(name)));
        }
    }
    (!names.is_empty()).then(|| format!("Every call of {} changes with it.", names.join(", ")))
}

impl WrittenOut<'_> {
    /// A draft with its edits at the places that the written text came from.
    pub(super) fn back(&self, mut draft: Draft) -> Option<Draft> {
        let mut variants: Vec<Vec<Edit>> = Vec::new();
        let mut in_body = false;
        for edits in &draft.variants {
            for order in ORDERS {
                let Some((edits, reaches)) = self.edits_back(edits, order) else { continue };
                if !variants.contains(&edits) {
                    in_body |= reaches;
                    variants.push(edits);
                }
            }
        }
        draft.variants = variants;
        if in_body {
            // Other calls of the macro change with it.
            draft.reach = Reach::Workspace;
        }
        (!draft.variants.is_empty()).then_some(draft)
    }

    /// The edits, and whether one of them changes a macro; `None` when one has no place.
    fn edits_back(&self, edits: &[Edit], order: Order) -> Option<(Vec<Edit>, bool)> {
        let lines = Lines::new(&self.patchwork.text);
        let (mut found, mut in_body) = (Vec::new(), false);
        for edit in edits {
            if edit.span.file != self.file {
                found.push(edit.clone());
                continue;
            }
            let place = self.patchwork.origin(lines.range(&edit.span)?, order)?;
            let text = self.original.text(&place.file)?;
            let source = Source { file: &place.file, text };
            let new_text = match place.level {
                Level::Caller => self.patchwork.called_again(&edit.new_text),
                Level::Body => self.patchwork.variables_again(&edit.new_text, &source),
                Level::Argument => edit.new_text.clone(),
            };
            in_body |= place.level == Level::Body;
            let span = Lines::new(text).span(&place.file, place.range);
            let edit = Edit { span, new_text };
            // A repetition writes one place several times.
            if !found.contains(&edit) {
                found.push(edit);
            }
        }
        Some((found, in_body))
    }
}

#[cfg(test)]
mod tests;
