//! Other futures of the same demand: rustc reports one value for each leaf type and demand, and
//! hides those in the other async fns that the task runs.
//!
//! Text finds the fns, the compiler says what they hold. Only fns whose name leaves no doubt are
//! followed: a wrong one would be blamed for nothing. What the task spawns in turn is another
//! demand. Of several async blocks in one fn rustc reports the first with a leaf; those beside it
//! that are passed on in the same way count, too.

use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange,
    ast::{self, HasName},
};

use crate::{
    problem::{Problem, is_local},
    sources::Sources,
    text::Lines,
};

/// What lies deeper than this is found when what lies above is fixed.
const DEPTH_MAX: usize = 5;
/// Each file costs a run of the compiler.
const FILES_MAX: usize = 6;

/// An async body besides the problem's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Other {
    pub(super) file: Utf8PathBuf,
    /// The whole fn or block, as `AsyncBody` has it.
    pub(super) range: TextRange,
}

/// The other bodies, nearest first, in few files.
pub(super) fn others(problem: &Problem, sources: &Sources, edition: Edition) -> Vec<Other> {
    let search = Search { sources, edition };
    let mut found = search.of_demand(problem).unwrap_or_default();
    let own = |other: &Other| {
        let text = sources.text(&other.file);
        let lines = text.map(|it| Lines::new(it));
        let future = lines.and_then(|it| it.range(&problem.future.span));
        other.file == problem.future.span.file
            && future.is_some_and(|it| other.range.contains_range(it))
    };
    found.retain(|it| !own(it));
    let mut files: HashSet<Utf8PathBuf> = HashSet::new();
    found.retain(|it| {
        let fits = files.contains(&it.file) || files.len() < FILES_MAX;
        fits && {
            files.insert(it.file.clone());
            true
        }
    });
    found
}

struct Search<'a> {
    sources: &'a Sources,
    edition: Edition,
}

/// How a fn is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Call {
    name: String,
    /// `steps` of `steps::first()`.
    module: Option<String>,
    is_method: bool,
}

impl Search<'_> {
    fn tree(&self, file: &Utf8Path) -> Option<SyntaxNode> {
        let text = self.sources.text(file)?;
        Some(SourceFile::parse(text, self.edition).tree().syntax().clone())
    }

    fn of_demand(&self, problem: &Problem) -> Option<Vec<Other>> {
        let at = &problem.reported_at;
        let root = self.tree(&at.file).filter(|_| is_local(&at.file))?;
        let range = Lines::new(self.sources.text(&at.file)?).range(at)?;
        let node = match root.covering_element(range) {
            ra_ap_syntax::NodeOrToken::Node(node) => node,
            ra_ap_syntax::NodeOrToken::Token(token) => token.parent()?,
        };
        // Of a method call rustc shows the name.
        let call = node.ancestors().take(3).find_map(ast::MethodCallExpr::cast);
        let call =
            call.filter(|it| it.name_ref().is_some_and(|it| it.syntax().text_range() == range));
        let node = call.map_or(node, |it| it.syntax().clone());
        let start = passed(&node).unwrap_or_else(|| node.clone());
        let mut found = twins(&at.file, &start);
        let mut seen: HashSet<(Utf8PathBuf, Call)> = HashSet::new();
        let mut next: Vec<(Utf8PathBuf, Call)> =
            calls(&start).into_iter().map(|call| (at.file.clone(), call)).collect();
        for _ in 0..DEPTH_MAX {
            let mut deeper = Vec::new();
            for (from, call) in next.drain(..) {
                if !seen.insert((from.clone(), call.clone())) {
                    continue;
                }
                let Some((file, func)) = self.resolve(&from, &call) else { continue };
                let range = func.syntax().text_range();
                found.push(Other { file: file.clone(), range });
                let body = func.body().map(|it| calls(it.syntax())).unwrap_or_default();
                deeper.extend(body.into_iter().map(|call| (file.clone(), call)));
            }
            next = deeper;
        }
        let mut known = HashSet::new();
        found.retain(|it| known.insert(it.clone()));
        Some(found)
    }

    /// The one async fn that a call can mean; `None` in doubt.
    fn resolve(&self, from: &Utf8Path, call: &Call) -> Option<(Utf8PathBuf, ast::Fn)> {
        let needle = format!("fn {}", call.name);
        let mut found: Vec<(Utf8PathBuf, ast::Fn)> = Vec::new();
        for (file, text) in self.sources.iter().filter(|(_, text)| text.contains(&needle)) {
            let tree = SourceFile::parse(text, self.edition).tree();
            let fns = tree.syntax().descendants().filter_map(ast::Fn::cast);
            let named =
                fns.filter(|it| it.name().is_some_and(|it| it.text() == call.name.as_str()));
            found.extend(named.map(|it| (file.to_owned(), it)));
        }
        let is_method =
            |func: &ast::Fn| func.param_list().is_some_and(|it| it.self_param().is_some());
        found.retain(|(_, func)| is_method(func) == call.is_method);
        if found.len() > 1 && !call.is_method {
            match &call.module {
                Some(module) => {
                    found.retain(|(file, func)| in_module(file, func.syntax(), module));
                }
                None => found.retain(|(file, _)| file == from),
            }
        }
        let only = found.pop().filter(|_| found.is_empty())?;
        (only.1.async_token().is_some() && only.1.body().is_some()).then_some(only)
    }
}

/// A module is a file, a folder, a crate or a block of this name; a type counts, too.
fn in_module(file: &Utf8Path, node: &SyntaxNode, module: &str) -> bool {
    let in_path = file.components().any(|it| {
        let part = it.as_str();
        part.strip_suffix(".rs").unwrap_or(part).replace('-', "_") == module
    });
    in_path
        || node.ancestors().any(|it| match ast::Impl::cast(it.clone()) {
            Some(block) => block
                .self_ty()
                .is_some_and(|it| it.syntax().text().to_string().split('<').next() == Some(module)),
            None => {
                ast::Module::cast(it).and_then(|it| it.name()).is_some_and(|it| it.text() == module)
            }
        })
}

/// What a call passes on: of `spawn(..)` the argument.
fn passed(node: &SyntaxNode) -> Option<SyntaxNode> {
    let arguments = node.children().find_map(ast::ArgList::cast)?;
    Some(arguments.syntax().clone())
}

/// The async blocks that the same fn passes to the same callee.
fn twins(file: &Utf8Path, start: &SyntaxNode) -> Vec<Other> {
    let is_async_block =
        |it: &ast::Expr| matches!(it, ast::Expr::BlockExpr(block) if block.async_token().is_some());
    let of_block = |call: &SyntaxNode| {
        let mut arguments = call.children().find_map(ast::ArgList::cast)?.args();
        let block = arguments.find(|it| is_async_block(it))?;
        let callee = call.text().slice(..arguments_start(call)?).to_string();
        Some((callee, block.syntax().text_range()))
    };
    let own = start.parent().and_then(|call| of_block(&call));
    let (Some((callee, _)), Some(func)) = (own, start.ancestors().find_map(ast::Fn::cast)) else {
        return Vec::new();
    };
    let calls = func.syntax().descendants().filter_map(|call| of_block(&call));
    let same = calls.filter(|(theirs, _)| *theirs == callee);
    same.map(|(_, range)| Other { file: file.to_owned(), range }).collect()
}

fn arguments_start(call: &SyntaxNode) -> Option<ra_ap_syntax::TextSize> {
    let list = call.children().find_map(ast::ArgList::cast)?;
    Some(list.syntax().text_range().start() - call.text_range().start())
}

/// The calls of a body, those of other tasks aside.
fn calls(body: &SyntaxNode) -> Vec<Call> {
    let tokens = body.descendants_with_tokens().filter_map(|it| it.into_token());
    let names = tokens.filter(|it| it.kind() == SyntaxKind::IDENT && is_called(it));
    names.filter(|it| !is_of_other_task(it, body)).map(|token| call(&token)).collect()
}

fn is_called(token: &SyntaxToken) -> bool {
    if token.parent().is_some_and(|it| ast::Name::can_cast(it.kind())) {
        return false;
    }
    let next = std::iter::successors(token.next_token(), |it| it.next_token());
    next.into_iter().find(|it| !it.kind().is_trivia()).is_some_and(|it| it.kind() == T!['('])
}

fn call(token: &SyntaxToken) -> Call {
    let before = |token: &SyntaxToken| {
        let all = std::iter::successors(token.prev_token(), |it| it.prev_token());
        all.into_iter().find(|it| !it.kind().is_trivia())
    };
    let sign = before(token);
    let is_method = sign.as_ref().is_some_and(|it| it.kind() == T![.]);
    // In a macro's tokens `::` is two.
    let is_path = sign.as_ref().is_some_and(|it| matches!(it.kind(), T![::] | T![:]));
    let mut module = sign.filter(|_| is_path).and_then(|it| before(&it));
    while module.as_ref().is_some_and(|it| it.kind() == T![:]) {
        module = module.and_then(|it| before(&it));
    }
    let module = module.filter(|it| it.kind() == SyntaxKind::IDENT);
    let module = module.map(|it| it.text().to_owned());
    Call { name: token.text().to_owned(), module, is_method }
}

/// Within the arguments of something that starts a task, or in a closure for a thread.
fn is_of_other_task(token: &SyntaxToken, body: &SyntaxNode) -> bool {
    let around = token.parent_ancestors().take_while(|it| it != body);
    around.into_iter().any(|node| {
        let name = match ast::MethodCallExpr::cast(node.clone()) {
            Some(call) => call.name_ref().map(|it| it.text().to_string()),
            None => ast::CallExpr::cast(node)
                .and_then(|it| it.expr())
                .map(|it| it.syntax().text().to_string()),
        };
        name.is_some_and(|it| it.contains("spawn") || it.contains("block_on"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let tree = SourceFile::parse(text, Edition::Edition2021).tree();
        let calls = calls(tree.syntax()).into_iter();
        calls
            .map(|it| format!("{}{}", it.module.map(|it| it + "::").unwrap_or_default(), it.name))
            .collect()
    }

    #[test]
    fn calls_of_other_tasks_are_not_followed() {
        let text =
            "async fn f() { größe::erste().await; tokio::spawn(other()); x.second().await; }";
        assert_eq!(names(text), ["größe::erste", "second"]);
    }

    #[test]
    fn calls_in_macros_are_followed() {
        assert_eq!(names("fn f() { join!(a::one(), two()) }"), ["a::one", "two"]);
    }
}
