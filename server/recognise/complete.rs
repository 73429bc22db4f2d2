//! What the compiler left out and the source text tells: the innermost async body, the other
//! awaits, the async fns on the way from the demand.

use camino::Utf8Path;
use ra_ap_syntax::{AstNode, Edition, SourceFile, SyntaxKind, SyntaxToken, TextRange, ast};

use rustc_hash::FxHashMap;

use super::{held::variable_name, path};
use crate::{
    macro_rules::{self, Part, block_in},
    problem::{Await, Held, Kind, Place, Problem, Span},
    sources::Sources,
    syntax::{self, AsyncBody, BodyKind, ValueFacts},
    text::Lines,
};

/// Completes a problem from the texts that the compiler saw.
pub fn complete(problem: &mut Problem, sources: &Sources) {
    let outermost = problem.future.clone();
    let file = problem.culprit().file.clone();
    if let Some(text) = sources.text(&file) {
        let culprit = Culprit::new(&file, text, problem);
        if matches!(problem.kind, Kind::AwaitsNotSend | Kind::TraitFuture | Kind::Generic) {
            for held in &mut problem.held {
                culprit.find_operand_await(held);
            }
        }
        if problem.held.is_empty() && problem.kind == Kind::ErrorNotSend {
            problem.held.extend(culprit.converted_operand(problem, text));
        }
        for held in problem.held.iter_mut().filter(|held| held.text.is_empty()) {
            culprit.find_argument(held, text);
        }
        for held in &mut problem.held {
            culprit.name_macro_variable(held, text, sources);
        }
        culprit.find_future(problem);
        if problem.kind != Kind::Captured {
            for held in &mut problem.held {
                culprit.find_awaits(held);
            }
        }
    }
    if problem.path.is_empty() && problem.future.span.is_local() {
        problem.path = path::from_demand(problem, &outermost, sources);
    }
    name_bodies(problem, sources);
    problem.message = super::message::message(problem);
}

/// The file of the value at fault, analysed.
struct Culprit<'a> {
    file: &'a Utf8Path,
    text: &'a str,
    edition: Edition,
    lines: Lines,
    tree: SourceFile,
    bodies: Vec<AsyncBody>,
}

impl<'a> Culprit<'a> {
    fn new(file: &'a Utf8Path, text: &'a str, problem: &Problem) -> Self {
        let edition = syntax::edition(&problem.unit.edition);
        let lines = Lines::new(text);
        let tree = SourceFile::parse(text, edition).tree();
        let mut facts = syntax::Facts::default();
        facts.methods.add(text, edition);
        let bodies = syntax::analyse_with(text, edition, &facts);
        facts.values = facts_of_types(&bodies, file, &lines, &problem.held);
        let bodies = match facts.values.is_empty() {
            true => bodies,
            false => syntax::analyse_with(text, edition, &facts),
        };
        Self { file, text, edition, lines, tree, bodies }
    }

    /// The innermost async body around the value and its first await.
    fn find_future(&self, problem: &mut Problem) {
        let Some(held) = problem.held.first() else {
            return;
        };
        // A capture is declared outside of the body that the compiler has already shown.
        let shown = problem.future.span != problem.reported_at;
        let is_captured = matches!(problem.kind, Kind::Captured | Kind::ReferenceNotSync);
        if shown && is_captured && !problem.future.span.contains(&held.span) {
            return;
        }
        let at = held.awaits.first().map_or(&held.span, |it| &it.span);
        let at = if at.file == self.file { at } else { &held.span };
        let Some(range) = self.lines.range(at) else {
            return;
        };
        if let Some(body) = self.innermost(range) {
            problem.future = self.place(body);
        } else if self.macro_call(range).is_some() {
            // The whole fn comes out of a macro.
            problem.future.span = held.span.clone();
        }
    }

    /// The call that is a range, in an arm of `select!`, too.
    fn macro_call(&self, range: TextRange) -> Option<ast::MacroCall> {
        let mut tree = self.tree.clone();
        loop {
            let element = tree.syntax().covering_element(range);
            let mut calls = element.ancestors().filter_map(ast::MacroCall::cast);
            let found = calls.find(|it| macro_rules::call_range(it) == Some(range));
            if found.is_some() {
                return found;
            }
            tree = block_in(self.text, self.edition, range, &tree)?;
        }
    }

    /// A value that a macro calls `$n`: what the caller wrote for it, else the call itself.
    fn name_macro_variable(&self, held: &mut Held, text: &str, sources: &Sources) {
        if !held.text.contains('$') || held.span.file != self.file {
            return;
        }
        let Some(range) = self.lines.range(&held.span) else { return };
        let slice = |range| text.get(std::ops::Range::<usize>::from(range)).unwrap_or_default();
        let call = self.macro_call(range);
        let found = call.and_then(|call| argument(&call, held.in_macro.as_ref()?, sources));
        let Some((given, may_bind)) = found else {
            held.text = slice(range).to_owned();
            return;
        };
        held.text = slice(given).to_owned();
        held.span = self.lines.span(self.file, given);
        let name = variable_name(&held.text).filter(|_| may_bind);
        held.name = name.map(str::to_owned);
    }

    /// The first argument of a method call, of which rustc points at the name.
    fn find_argument(&self, held: &mut Held, text: &str) -> Option<()> {
        let name = self.lines.range(&held.span)?;
        let element = self.tree.syntax().covering_element(name);
        let call = element.ancestors().find_map(ast::MethodCallExpr::cast)?;
        let is_it = call.name_ref()?.syntax().text_range() == name;
        let argument = ast::HasArgList::arg_list(&call)?.args().next().filter(|_| is_it)?;
        let range = argument.syntax().text_range();
        held.text = text.get(std::ops::Range::<usize>::from(range))?.to_owned();
        held.span = self.lines.span(self.file, range);
        Some(())
    }

    /// The operand of a `?`, where rustc points at the operator only.
    fn converted_operand(&self, problem: &Problem, text: &str) -> Option<Held> {
        let operator = self.lines.range(&problem.reported_at)?;
        let element = self.tree.syntax().covering_element(operator);
        let tried = element.ancestors().find_map(ast::TryExpr::cast)?;
        let range = tried.expr()?.syntax().text_range();
        if tried.question_mark_token()?.text_range() != operator {
            return None;
        }
        Some(Held {
            name: None,
            text: text.get(std::ops::Range::<usize>::from(range))?.to_owned(),
            ty: None,
            send: Some(false),
            span: self.lines.span(self.file, range),
            in_macro: None,
            awaits: Vec::new(),
            why: Vec::new(),
        })
    }

    fn innermost(&self, range: TextRange) -> Option<&AsyncBody> {
        let around = self.bodies.iter().filter(|body| body.range.contains_range(range));
        around.min_by_key(|body| body.range.len())
    }

    fn place(&self, body: &AsyncBody) -> Place {
        let what = describe(body);
        Place { what, span: self.lines.span(self.file, body.header) }
    }

    /// rustc names one await; the analysis knows the others that the value crosses.
    fn find_awaits(&self, held: &mut Held) {
        if held.span.file != self.file {
            return;
        }
        let Some(value) = self.lines.range(&held.span) else {
            return;
        };
        let name = held.name.as_deref();
        let awaits = self.bodies.iter().flat_map(|body| body.awaits_of(value, name));
        let spans: Vec<Span> = awaits.map(|range| self.lines.span(self.file, range)).collect();
        look_into_macros(&mut held.awaits, &spans);
        for span in spans {
            // Of a `yield` rustc shows the whole expression.
            if !held.awaits.iter().any(|known| known.span.start == span.start) {
                held.awaits.push(Await { span, reported: false });
            }
        }
        held.awaits.sort_by(|a, b| (&a.span.file, a.span.start).cmp(&(&b.span.file, b.span.start)));
    }

    /// rustc points at the awaited operand; the await is the word behind it.
    fn find_operand_await(&self, held: &mut Held) {
        let Some(operand) = self.lines.range(&held.span) else {
            return;
        };
        let node = self.tree.syntax().covering_element(operand);
        let awaiting = node
            .ancestors()
            .filter_map(ast::AwaitExpr::cast)
            .find(|it| it.expr().is_some_and(|expr| expr.syntax().text_range() == operand));
        if let Some(token) = awaiting.and_then(|it| it.await_token()) {
            let span = self.lines.span(self.file, token.text_range());
            held.awaits = vec![Await { span, reported: true }];
        }
    }
}

/// What a call gives for the variable of a macro that stands at a place of the macro's body, and
/// whether it can be a name.
fn argument(
    call: &ast::MacroCall,
    variable: &Span,
    sources: &Sources,
) -> Option<(TextRange, bool)> {
    let text = sources.text(&variable.file)?;
    let at = Lines::new(text).range(variable)?;
    let tree = SourceFile::parse(text, Edition::CURRENT).tree();
    let element = tree.syntax().covering_element(at);
    let rules = element.ancestors().find_map(ast::MacroRules::cast)?;
    let parts = macro_rules::expand(&rules, call)?;
    // `mut $n` is a name, too; `$e.lock()` is more than the variable.
    let written = text.get(std::ops::Range::<usize>::from(at))?.replace('$', "");
    variable_name(&written)?;
    parts.iter().find_map(|part| match part {
        Part::Argument { given, variable, may_bind, .. } if at.contains_range(*variable) => {
            Some((*given, *may_bind))
        }
        _ => None,
    })
}

/// The compiler told the types of some values: whether they are copied, and whether dropping them
/// runs code, decides how long they are held.
fn facts_of_types(
    bodies: &[AsyncBody],
    file: &Utf8Path,
    lines: &Lines,
    held: &[Held],
) -> FxHashMap<TextRange, ValueFacts> {
    let mut facts = FxHashMap::default();
    for held in held.iter().filter(|held| held.span.file == file) {
        let (Some(ty), Some(value)) = (&held.ty, lines.range(&held.span)) else { continue };
        let crossings = bodies.iter().flat_map(|body| &body.crossings);
        let of_value = crossings
            .filter(|it| value.contains_range(it.range) && it.name == held.name)
            .map(|it| (it.range, ValueFacts::from_type(ty)));
        facts.extend(of_value);
    }
    facts
}

/// An await of `stream!` is reported as the whole macro: it is the first await or `yield` inside
/// that the value crosses.
fn look_into_macros(reported: &mut [Await], spans: &[Span]) {
    for known in reported {
        let is_macro = !spans.contains(&known.span);
        if let Some(inside) = spans.iter().find(|it| is_macro && known.span.contains(it)) {
            known.span = inside.clone();
        }
    }
}

fn describe(body: &AsyncBody) -> String {
    match (body.kind, &body.name) {
        (BodyKind::Fn, Some(name)) => format!("async fn `{name}`"),
        (BodyKind::Fn, None) => "async fn".to_owned(),
        (BodyKind::Block, _) => "async block".to_owned(),
        (BodyKind::Closure, _) => "async closure".to_owned(),
    }
}

/// rustc's chain shows bodies as spans; people want the fns' names and their heads.
fn name_bodies(problem: &mut Problem, sources: &Sources) {
    let edition = problem.unit.edition.clone();
    for place in problem.path.iter_mut().chain([&mut problem.future]) {
        let Some(owner) = place.what.strip_prefix("async fn").filter(|it| !it.starts_with(" `"))
        else {
            continue;
        };
        if let Some(mut named) = named_fn(place, sources, &edition) {
            named.what.push_str(owner);
            *place = named;
        }
    }
}

fn named_fn(place: &Place, sources: &Sources, edition: &str) -> Option<Place> {
    let text = sources.text(&place.span.file)?;
    let lines = Lines::new(text);
    let start = lines.offset(place.span.start)?;
    let tree = SourceFile::parse(text, syntax::edition(edition)).tree();
    let token: SyntaxToken = tree.syntax().token_at_offset(start).right_biased()?;
    let func = token.parent_ancestors().find_map(ast::Fn::cast)?;
    let name = ast::HasName::name(&func)?;
    let head = func
        .async_token()
        .or_else(|| func.fn_token())
        .filter(|it| matches!(it.kind(), SyntaxKind::ASYNC_KW | SyntaxKind::FN_KW))?;
    let range = head.text_range().cover(name.syntax().text_range());
    let what = format!("async fn `{}`", name.text());
    Some(Place { what, span: lines.span(&place.span.file, range) })
}
