//! The async fns between the demand and the culprit, which rustc does not mention when the chain
//! is all in one crate.
//!
//! Text tells: an edge leads from a body to every async fn whose name it calls. The shortest way
//! from the future that was demanded to the one that keeps the value is the path.

use std::collections::{HashMap, HashSet, VecDeque};

use camino::Utf8Path;
use ra_ap_syntax::{AstNode, SourceFile, SyntaxKind, SyntaxNode, T, ast, ast::HasName};

use crate::{
    problem::{Place, Problem},
    sources::Sources,
    syntax,
    text::Lines,
};

/// Longer chains are not searched: nobody reads them.
const LENGTH_MAX: usize = 16;

/// From the demanded future down to (and without) the one that keeps the value.
pub(super) fn from_demand(problem: &Problem, demanded: &Place, sources: &Sources) -> Vec<Place> {
    if demanded.what == problem.future.what && !demanded.what.contains("block") {
        return Vec::new();
    }
    let Some(goal) = fn_around(&problem.future, sources, &problem.unit.edition) else {
        return Vec::new();
    };
    let search = Search::new(sources, &problem.unit.edition);
    if let Some(name) = name_of(&demanded.what) {
        return search.between(name, &goal).unwrap_or_default();
    }
    // A block is demanded: its first calls start the way.
    let Some(block) = search.block_at(demanded) else {
        return Vec::new();
    };
    let (block_span, future) = (&block.place.span, &problem.future.span);
    if (&block_span.file, block_span.start) == (&future.file, future.start) {
        return Vec::new();
    }
    let ways = block.calls.iter().filter_map(|name| {
        if *name == goal { Some(Vec::new()) } else { search.between(name, &goal) }
    });
    let Some(shortest) = ways.min_by_key(Vec::len) else {
        return Vec::new();
    };
    let mut path = vec![block.place];
    path.extend(shortest);
    path
}

/// "async fn `worker`" -> "worker".
fn name_of(what: &str) -> Option<&str> {
    what.strip_prefix("async fn `")?.strip_suffix('`')
}

/// The name of the fn that a body is, or stands in.
fn fn_around(place: &Place, sources: &Sources, edition: &str) -> Option<String> {
    if let Some(name) = name_of(&place.what) {
        return Some(name.to_owned());
    }
    let text = sources.text(&place.span.file)?;
    let offset = Lines::new(text).offset(place.span.start)?;
    let tree = SourceFile::parse(text, syntax::edition(edition)).tree();
    let token = tree.syntax().token_at_offset(offset).right_biased()?;
    let func = token.parent_ancestors().find_map(ast::Fn::cast)?;
    Some(func.name()?.text().to_string())
}

/// A body with the names that it calls.
#[derive(Debug, Clone)]
struct Caller {
    place: Place,
    calls: Vec<String>,
}

struct Search<'a> {
    sources: &'a Sources,
    edition: &'a str,
}

impl<'a> Search<'a> {
    fn new(sources: &'a Sources, edition: &'a str) -> Self {
        Self { sources, edition }
    }

    /// Breadth first, so the first way found is a shortest one.
    fn between(&self, from: &str, goal: &str) -> Option<Vec<Place>> {
        let mut queue = VecDeque::from([vec![from.to_owned()]]);
        let mut seen = HashSet::from([from.to_owned()]);
        let mut known: HashMap<String, Vec<Caller>> = HashMap::new();
        while let Some(way) = queue.pop_front() {
            let last = way.last()?;
            let callers = known.entry(last.clone()).or_insert_with(|| self.fns_named(last));
            let calls: HashSet<String> =
                callers.iter().flat_map(|caller| caller.calls.iter().cloned()).collect();
            if calls.contains(goal) {
                let places = way.iter().filter_map(|name| known.get(name)?.first());
                return Some(places.map(|caller| caller.place.clone()).collect());
            }
            if way.len() >= LENGTH_MAX {
                continue;
            }
            for name in calls {
                if self.is_known_fn(&name) && seen.insert(name.clone()) {
                    let mut longer = way.clone();
                    longer.push(name);
                    queue.push_back(longer);
                }
            }
        }
        None
    }

    fn is_known_fn(&self, name: &str) -> bool {
        let needle = format!("fn {name}");
        self.sources.iter().any(|(_, text)| text.contains(&needle))
    }

    fn fns_named(&self, name: &str) -> Vec<Caller> {
        let needle = format!("fn {name}");
        let files = self.sources.iter().filter(|(_, text)| text.contains(&needle));
        files.flat_map(|(file, text)| self.fns_in(file, text, name)).collect()
    }

    fn fns_in(&self, file: &Utf8Path, text: &str, name: &str) -> Vec<Caller> {
        let tree = SourceFile::parse(text, syntax::edition(self.edition)).tree();
        let lines = Lines::new(text);
        let fns = tree.syntax().descendants().filter_map(ast::Fn::cast);
        let of_name = fns.filter(|it| it.name().is_some_and(|it| it.text() == name));
        of_name
            .filter_map(|it| {
                let head = it.async_token().or_else(|| it.fn_token())?;
                let range = head.text_range().cover(it.name()?.syntax().text_range());
                let what = format!("async fn `{name}`");
                let place = Place { what, span: lines.span(file, range) };
                Some(Caller { place, calls: calls_in(it.body()?.syntax()) })
            })
            .collect()
    }

    /// The async block that a demand's expression contains.
    fn block_at(&self, demanded: &Place) -> Option<Caller> {
        let text = self.sources.text(&demanded.span.file)?;
        let lines = Lines::new(text);
        let range = lines.range(&demanded.span)?;
        let tree = SourceFile::parse(text, syntax::edition(self.edition)).tree();
        let blocks = tree.syntax().descendants().filter_map(ast::BlockExpr::cast);
        let block = blocks.filter(|it| it.async_token().is_some()).find(|it| {
            let block = it.syntax().text_range();
            range.contains_range(block) || block.contains_range(range)
        })?;
        let head = block.async_token()?.text_range();
        let place =
            Place { what: "async block".to_owned(), span: lines.span(&demanded.span.file, head) };
        Some(Caller { place, calls: calls_in(block.syntax()) })
    }
}

/// Every name that is followed by `(` or `::<..>(`, macros' tokens included.
fn calls_in(body: &SyntaxNode) -> Vec<String> {
    let mut calls = Vec::new();
    let tokens = body.descendants_with_tokens().filter_map(|it| it.into_token());
    for token in tokens.filter(|it| it.kind() == SyntaxKind::IDENT) {
        let next = std::iter::successors(token.next_token(), |it| it.next_token())
            .find(|it| !it.kind().is_trivia());
        if next.is_some_and(|it| it.kind() == T!['('] || it.kind() == T![::] || it.kind() == T![:])
        {
            calls.push(token.text().to_owned());
        }
    }
    calls
}
