//! The dataflow passes: which values a future holds at each await.
//!
//! This is rustc's own rule (`locals_live_across_suspend_points`): a value is held when it needs
//! storage there, and is used later, or will be dropped, or was borrowed before.

use super::graph::{Action, Block, BlockId, Graph, ValueId};

/// A fixed-size set of small numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct BitSet(Vec<u64>);

impl BitSet {
    fn new(bits: usize) -> Self {
        Self(vec![0; bits.div_ceil(64)])
    }

    fn insert(&mut self, bit: u32) {
        if let Some(word) = self.0.get_mut(bit as usize / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    fn remove(&mut self, bit: u32) {
        if let Some(word) = self.0.get_mut(bit as usize / 64) {
            *word &= !(1 << (bit % 64));
        }
    }

    fn contains(&self, bit: u32) -> bool {
        self.0.get(bit as usize / 64).is_some_and(|word| word & (1 << (bit % 64)) != 0)
    }

    /// Adds all of `other`; says whether anything was new.
    fn union(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            changed |= more & !*word != 0;
            *word |= more;
        }
        changed
    }
}

/// For each await the values it holds, both by index, ascending.
pub(super) fn held_at_awaits(graph: &Graph) -> Vec<Vec<ValueId>> {
    let mut bits = Bits::new(graph);
    let live = bits.live_at_ends();
    bits.learn_copies(&live);
    let borrowed = bits.forward(|bits, action, state, _| bits.borrow_step(action, state), None);
    let storage = bits.forward(
        |bits, action, state, borrowed| bits.storage_step(action, state, borrowed),
        Some(&borrowed),
    );
    bits.collect(&live, &borrowed, &storage)
}

type Step = fn(&Bits<'_>, Action, &mut BitSet, &BitSet);

/// The graph with its tracked values numbered densely.
struct Bits<'a> {
    graph: &'a Graph,
    /// Value to bit; `u32::MAX` for a value that is not tracked.
    bit_of: Vec<u32>,
    value_of: Vec<ValueId>,
    copy: BitSet,
    needs_drop: BitSet,
    predecessors: Vec<Vec<BlockId>>,
    /// Reverse postorder from the entry: what cannot be reached is not in it.
    order: Vec<BlockId>,
}

impl<'a> Bits<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut bit_of = vec![u32::MAX; graph.values.len()];
        let mut value_of = Vec::new();
        for (value, slot) in bit_of.iter_mut().enumerate() {
            if graph.values.get(value).is_some_and(|value| value.tracked) {
                *slot = value_of.len() as u32;
                value_of.push(value as ValueId);
            }
        }
        let (mut copy, mut needs_drop) = (BitSet::new(value_of.len()), BitSet::new(value_of.len()));
        for (bit, value) in value_of.iter().enumerate() {
            let Some(value) = graph.values.get(*value as usize) else {
                continue;
            };
            // Without a destructor, a closure most often, it is `Copy` more often than not.
            let facts = value.facts;
            if facts.is_copy() || facts.copy.is_none() && facts.needs_drop == Some(false) {
                copy.insert(bit as u32);
            } else if value.facts.may_need_drop() {
                needs_drop.insert(bit as u32);
            }
        }
        let order = reverse_postorder(graph);
        let mut predecessors = vec![Vec::new(); graph.blocks.len()];
        for block in &order {
            for next in graph.blocks.get(*block as usize).map_or(&[][..], |it| &it.successors) {
                if let Some(list) = predecessors.get_mut(*next as usize) {
                    list.push(*block);
                }
            }
        }
        Self { graph, bit_of, value_of, copy, needs_drop, predecessors, order }
    }

    fn block(&self, block: BlockId) -> Option<&'a Block> {
        self.graph.blocks.get(block as usize)
    }

    fn bit(&self, value: ValueId) -> u32 {
        self.bit_of.get(value as usize).copied().unwrap_or(u32::MAX)
    }

    fn empty(&self) -> BitSet {
        BitSet::new(self.value_of.len())
    }

    /// Which values are used after each block. Drops are not counted here.
    fn live_at_ends(&self) -> Vec<BitSet> {
        let mut starts = vec![self.empty(); self.graph.blocks.len()];
        let mut ends = starts.clone();
        let mut work: Vec<BlockId> = self.order.clone();
        let mut queued = vec![true; self.graph.blocks.len()];
        // The list is popped from its end, so blocks near the exits come first.
        while let Some(index) = work.pop() {
            if let Some(flag) = queued.get_mut(index as usize) {
                *flag = false;
            }
            let Some(block) = self.block(index) else {
                continue;
            };
            let mut state = self.empty();
            for next in &block.successors {
                if let Some(start) = starts.get(*next as usize) {
                    state.union(start);
                }
            }
            if let Some(end) = ends.get_mut(index as usize) {
                end.clone_from(&state);
            }
            for action in block.actions.iter().rev() {
                self.live_step(*action, &mut state);
            }
            let changed = starts.get_mut(index as usize).is_some_and(|start| start.union(&state));
            if changed {
                self.queue(self.predecessors.get(index as usize), &mut work, &mut queued);
            }
        }
        ends
    }

    fn queue(&self, blocks: Option<&Vec<BlockId>>, work: &mut Vec<BlockId>, queued: &mut [bool]) {
        for block in blocks.into_iter().flatten() {
            if let Some(flag) = queued.get_mut(*block as usize)
                && !*flag
            {
                *flag = true;
                work.push(*block);
            }
        }
    }

    fn live_step(&self, action: Action, state: &mut BitSet) {
        match action {
            Action::Use(value)
            | Action::Move(value)
            | Action::CaptureByUse(value)
            | Action::Borrow(value) => state.insert(self.bit(value)),
            Action::Init(value) | Action::Replace(value) => state.remove(self.bit(value)),
            Action::Dead(_) | Action::Await(_) => {}
        }
    }

    /// The borrow checker allows no use after a move, so a value that is used by value and then
    /// used again is `Copy`.
    fn learn_copies(&mut self, live: &[BitSet]) {
        for index in self.order.clone() {
            let (Some(block), Some(end)) = (self.block(index), live.get(index as usize)) else {
                continue;
            };
            let mut state = end.clone();
            for action in block.actions.iter().rev() {
                if let Action::Move(value) | Action::CaptureByUse(value) = *action {
                    let bit = self.bit(value);
                    let known = self.graph.values.get(value as usize);
                    if state.contains(bit) && known.is_some_and(|it| it.facts.copy.is_none()) {
                        self.copy.insert(bit);
                        self.needs_drop.remove(bit);
                    }
                }
                self.live_step(*action, &mut state);
            }
        }
    }

    /// A forward pass: the state at the start of each block.
    fn forward(&self, step: Step, borrowed: Option<&Vec<BitSet>>) -> Vec<BitSet> {
        let mut starts = vec![self.empty(); self.graph.blocks.len()];
        let mut queued = vec![true; self.graph.blocks.len()];
        let mut work: Vec<BlockId> = self.order.iter().rev().copied().collect();
        while let Some(index) = work.pop() {
            if let Some(flag) = queued.get_mut(index as usize) {
                *flag = false;
            }
            let Some(block) = self.block(index) else {
                continue;
            };
            let Some(mut state) = starts.get(index as usize).cloned() else {
                continue;
            };
            let mut loans = borrowed
                .and_then(|borrowed| borrowed.get(index as usize))
                .cloned()
                .unwrap_or_else(|| self.empty());
            for action in &block.actions {
                step(self, *action, &mut state, &loans);
                if borrowed.is_some() {
                    self.borrow_step(*action, &mut loans);
                }
            }
            for next in &block.successors {
                if starts.get_mut(*next as usize).is_some_and(|start| start.union(&state)) {
                    self.queue(Some(&vec![*next]), &mut work, &mut queued);
                }
            }
        }
        starts
    }

    fn borrow_step(&self, action: Action, state: &mut BitSet) {
        match action {
            Action::Borrow(value) => state.insert(self.bit(value)),
            Action::CaptureByUse(value) if self.copy.contains(self.bit(value)) => {
                state.insert(self.bit(value));
            }
            // A destructor takes `&mut self`.
            Action::Replace(value) if self.needs_drop.contains(self.bit(value)) => {
                state.insert(self.bit(value));
            }
            Action::Dead(value) => state.remove(self.bit(value)),
            _ => {}
        }
    }

    fn storage_step(&self, action: Action, state: &mut BitSet, borrowed: &BitSet) {
        match action {
            Action::Init(value) | Action::Replace(value) => state.insert(self.bit(value)),
            Action::Move(value) | Action::CaptureByUse(value) => {
                let bit = self.bit(value);
                // A moved value that was borrowed keeps its place: rustc cannot rule out that
                // the reference still points there.
                if !self.copy.contains(bit) && !borrowed.contains(bit) {
                    state.remove(bit);
                }
            }
            Action::Dead(value) => state.remove(self.bit(value)),
            Action::Use(_) | Action::Borrow(_) | Action::Await(_) => {}
        }
    }

    fn collect(
        &self,
        live: &[BitSet],
        borrowed: &[BitSet],
        storage: &[BitSet],
    ) -> Vec<Vec<ValueId>> {
        let mut held = vec![Vec::new(); self.graph.awaits.len()];
        for index in &self.order {
            let at = *index as usize;
            let Some(block) = self.block(*index) else {
                continue;
            };
            if !block.actions.iter().any(|action| matches!(action, Action::Await(_))) {
                continue;
            }
            let (Some(loans), Some(stored), Some(end)) =
                (borrowed.get(at), storage.get(at), live.get(at))
            else {
                continue;
            };
            let later = self.live_after_awaits(block, end.clone());
            let (mut loans, mut stored) = (loans.clone(), stored.clone());
            let mut later = later.into_iter().rev();
            for action in &block.actions {
                if let Action::Await(number) = action {
                    let Some(live) = later.next() else { continue };
                    if let Some(held) = held.get_mut(*number as usize) {
                        *held = self.held(&live, &loans, &stored);
                    }
                }
                self.storage_step(*action, &mut stored, &loans);
                self.borrow_step(*action, &mut loans);
            }
        }
        held
    }

    /// What is live after each await of a block, the last await first.
    fn live_after_awaits(&self, block: &Block, mut state: BitSet) -> Vec<BitSet> {
        let mut after = Vec::new();
        for action in block.actions.iter().rev() {
            if matches!(action, Action::Await(_)) {
                after.push(state.clone());
            }
            self.live_step(*action, &mut state);
        }
        after
    }

    fn held(&self, live: &BitSet, borrowed: &BitSet, storage: &BitSet) -> Vec<ValueId> {
        let words = live.0.iter().zip(&borrowed.0).zip(&self.needs_drop.0).zip(&storage.0);
        let mut values = Vec::new();
        for (index, (((live, borrowed), drop), storage)) in words.enumerate() {
            // A future that is dropped at the await drops what it holds: that is a use, too.
            let mut word = (live | borrowed | drop) & storage;
            while word != 0 {
                let bit = index * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                values.extend(self.value_of.get(bit));
            }
        }
        values
    }
}

fn reverse_postorder(graph: &Graph) -> Vec<BlockId> {
    let mut seen = vec![false; graph.blocks.len()];
    let mut postorder = Vec::new();
    let mut stack: Vec<(BlockId, usize)> = vec![(0, 0)];
    if let Some(first) = seen.first_mut() {
        *first = true;
    }
    while let Some((block, child)) = stack.pop() {
        let next = graph.blocks.get(block as usize).and_then(|it| it.successors.get(child));
        let Some(next) = next else {
            postorder.push(block);
            continue;
        };
        stack.push((block, child + 1));
        if let Some(flag) = seen.get_mut(*next as usize)
            && !*flag
        {
            *flag = true;
            stack.push((*next, 0));
        }
    }
    postorder.reverse();
    postorder
}
