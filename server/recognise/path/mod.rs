//! The async fns between the demand and the culprit, which rustc does not mention when the chain
//! is all in one crate.
//!
//! Text tells: an edge leads from a body to every fn that it may call by the look of the call
//! (`.name(..)` calls methods, `Type::name(..)` those of that type). The shortest way from the
//! future that was demanded to the one that keeps the value is the path; where several are as
//! short, what they have in common.

mod calls;

use std::{collections::HashMap, rc::Rc};

use ra_ap_syntax::Edition;

use self::calls::{Call, Callee, block_at, calls_at, fns_in, is_within};
use crate::{
    problem::{Place, Problem},
    sources::Sources,
    syntax,
};

/// Longer chains are not searched: nobody reads them.
const LENGTH_MAX: usize = 16;

/// Code that calls this many fns of one name is not followed.
const WAYS_MAX: usize = 1000;

/// From the demanded future down to (and without) the one that keeps the value.
pub(super) fn from_demand(problem: &Problem, demanded: &Place, sources: &Sources) -> Vec<Place> {
    let edition = syntax::edition(&problem.unit.edition);
    let mut search = Search { sources, edition, goal: problem, known: HashMap::new() };
    if let Some(name) = name_of(&demanded.what) {
        let text = sources.text(&demanded.span.file);
        let calls = text.map(|text| calls_at(text, edition, &demanded.span, name));
        let calls = calls.unwrap_or_default();
        let mut starts = search.fns_named(name);
        if starts.iter().any(|it| it.is_async) {
            starts.retain(|it| it.is_async);
        }
        if starts.iter().any(|start| calls.iter().any(|call| start.is_called_by(call, None))) {
            starts.retain(|start| calls.iter().any(|call| start.is_called_by(call, None)));
        }
        return search.common(starts.into_iter().map(|start| vec![start]).collect());
    }
    // A block is demanded: its calls start the way.
    let text = sources.text(&demanded.span.file);
    let block = text.and_then(|text| block_at(text, edition, &demanded.span));
    let Some((place, calls)) = block else {
        return Vec::new();
    };
    let future = &problem.future.span;
    if (&place.span.file, place.span.start) == (&future.file, future.start) {
        return Vec::new();
    }
    let mut starts: Vec<Way> = Vec::new();
    for call in &calls {
        for callee in search.called_by(call, None) {
            if !starts.iter().any(|known| known.contains(&callee)) {
                starts.push(vec![callee]);
            }
        }
    }
    let is_direct = starts.iter().flatten().any(|callee| search.is_goal(callee));
    let rest = search.common(starts);
    if rest.is_empty() && !is_direct {
        return Vec::new();
    }
    std::iter::once(place).chain(rest).collect()
}

/// "async fn `worker`" -> "worker".
fn name_of(what: &str) -> Option<&str> {
    what.strip_prefix("async fn `")?.strip_suffix('`')
}

/// Fns, each of which calls the next.
type Way = Vec<Rc<Callee>>;

struct Search<'a> {
    sources: &'a Sources,
    edition: Edition,
    /// The fn that keeps the value is the one around this problem's future.
    goal: &'a Problem,
    known: HashMap<String, Way>,
}

impl Search<'_> {
    /// What the shortest of the ways that begin so have in common, the goal left out. Breadth
    /// first: all ways of one length are looked at together.
    fn common(&mut self, starts: Vec<Way>) -> Vec<Place> {
        let mut ways = starts;
        let mut seen: Way = ways.iter().flatten().cloned().collect();
        for _ in 0..LENGTH_MAX {
            let is_there = |way: &Way| way.last().is_some_and(|it| self.is_goal(it));
            let arrived: Vec<&Way> = ways.iter().filter(|way| is_there(way)).collect();
            if let Some((first, others)) = arrived.split_first() {
                let inner = first.iter().take(first.len() - usize::from(!self.keeps_around(first)));
                let shared = inner.filter(|it| others.iter().all(|way| way.contains(it)));
                return shared.map(|it| it.place.clone()).collect();
            }
            let mut longer = Vec::new();
            let mut reached = Vec::new();
            for way in ways {
                let Some(last) = way.last().cloned() else { continue };
                for callee in last.calls.iter().flat_map(|call| self.called_by(call, Some(&last))) {
                    if !seen.contains(&callee) && !way.contains(&callee) {
                        reached.push(callee.clone());
                        longer.push(way.iter().cloned().chain([callee]).collect());
                    }
                }
            }
            if longer.is_empty() || longer.len() > WAYS_MAX {
                break;
            }
            seen.extend(reached);
            ways = longer;
        }
        Vec::new()
    }

    /// Whether the value is kept by a block within the last fn, which is on the way, then.
    fn keeps_around(&self, way: &Way) -> bool {
        let is_block = self.goal.future.what.starts_with("async block");
        is_block && way.last().is_some_and(|last| last.is_async)
    }

    fn is_goal(&self, callee: &Callee) -> bool {
        is_within(&self.goal.future.span, &callee.whole)
    }

    /// The fns that a call may mean.
    fn called_by(&mut self, call: &Call, caller: Option<&Callee>) -> Way {
        let mut callees = self.fns_named(&call.name);
        callees.retain(|callee| callee.is_called_by(call, caller));
        callees
    }

    fn fns_named(&mut self, name: &str) -> Way {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let needle = format!("fn {name}");
        let files = self.sources.iter().filter(|(_, text)| text.contains(&needle));
        let found = files.flat_map(|(file, text)| fns_in(file, text, self.edition, name));
        let found: Way = found.map(Rc::new).collect();
        self.known.insert(name.to_owned(), found.clone());
        found
    }
}

#[cfg(test)]
mod tests;
