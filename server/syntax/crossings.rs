//! From a graph to the answer: the awaits in source order and what crosses them.

use ra_ap_syntax::{NodeOrToken, SmolStr, SyntaxKind, SyntaxNode, T, TextRange, TextSize};
use rustc_hash::FxHashSet;

use super::{
    Crossing, Origin, control::AWAIT_NAME, graph::Graph, liveness::held_at_awaits, lower::shifted,
    macros::AWAITING,
};

/// The awaits in source order and what crosses them.
pub(super) fn crossings(graph: &Graph) -> (Vec<TextRange>, Vec<Crossing>) {
    let held = held_at_awaits(graph);
    let mut awaits = graph.awaits.clone();
    awaits.sort_by_key(|range| (range.start(), range.end()));
    awaits.dedup();
    let mut crossings: Vec<Crossing> = graph
        .values
        .iter()
        .map(|value| Crossing {
            name: value.name.as_ref().map(SmolStr::to_string),
            origin: value.origin,
            range: value.range,
            awaits: Vec::new(),
            held_from_start: value.origin == Origin::Param,
        })
        .collect();
    for (range, values) in graph.awaits.iter().zip(&held) {
        let Ok(index) =
            awaits.binary_search_by_key(&(range.start(), range.end()), |it| (it.start(), it.end()))
        else {
            continue;
        };
        let shown = |value: &&u32| !graph.values.get(**value as usize).is_some_and(|it| it.hidden);
        for value in values.iter().filter(shown) {
            if let Some(crossing) = crossings.get_mut(*value as usize) {
                crossing.awaits.push(index);
            }
        }
    }
    crossings.retain(|it| it.held_from_start || !it.awaits.is_empty());
    (awaits, merge(crossings))
}

/// A value and the reference to it that an expression makes have one range: they are one.
fn merge(mut crossings: Vec<Crossing>) -> Vec<Crossing> {
    crossings.sort_by_key(|it| (it.range.start(), it.range.end(), it.name.is_none()));
    crossings.dedup_by(|later, first| {
        let same = later.range == first.range;
        if same {
            first.awaits.append(&mut later.awaits);
        }
        same
    });
    for crossing in &mut crossings {
        crossing.awaits.sort_unstable();
        crossing.awaits.dedup();
    }
    crossings
}

/// Where a body may await: words and macro calls, ascending.
pub(super) fn await_offsets(
    node: &SyntaxNode,
    shift: i64,
    awaiting: &FxHashSet<SmolStr>,
) -> Vec<TextSize> {
    let tokens = node.descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let awaits = tokens.filter(|token| {
        let text = token.text();
        match token.kind() {
            SyntaxKind::IDENT => {
                let hides = AWAITING.contains(&text) || awaiting.contains(text);
                text == "await"
                    || text == AWAIT_NAME
                    || hides && token.next_token().is_some_and(|next| next.kind() == T![!])
            }
            kind => kind == T![await] || kind == T![yield] || text == "yield",
        }
    });
    awaits.map(|token| shifted(token.text_range(), shift).start()).collect()
}
