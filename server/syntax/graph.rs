//! The control-flow graph of one async body: what happens to which value, in which order.
//!
//! It is a small copy of the shape that rustc's MIR has before drop elaboration, which is what
//! decides the types inside a future. Only what matters for "alive across an await" is kept.

use ra_ap_syntax::{SmolStr, TextRange, TextSize};

use super::{Origin, types::ValueFacts};

/// Index of a value in [`Graph::values`].
pub(super) type ValueId = u32;
/// Index of a block in [`Graph::blocks`].
pub(super) type BlockId = u32;

/// One step of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// The whole value is written.
    Init(ValueId),
    /// The whole value is written over an older one, which is dropped in place.
    Replace(ValueId),
    /// The value, or a part of it, is read.
    Use(ValueId),
    /// The whole value is used by value: a move unless its type is `Copy`.
    Move(ValueId),
    /// A closure uses the whole value by value: a move, but a borrow when its type is `Copy`.
    CaptureByUse(ValueId),
    /// A reference to the value or to a part of it is taken.
    Borrow(ValueId),
    /// The value's scope ends.
    Dead(ValueId),
    /// The await with this index.
    Await(u32),
}

/// Straight-line steps and where control may go afterwards.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) actions: Vec<Action>,
    pub(super) successors: Vec<BlockId>,
}

/// A named local, a parameter or a temporary.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) name: Option<SmolStr>,
    pub(super) origin: Origin,
    pub(super) range: TextRange,
    pub(super) facts: ValueFacts,
    /// Declared by a macro's definition: nobody can point to it.
    pub(super) hidden: bool,
    /// False for what can cross no await, which keeps the bit sets small.
    pub(super) tracked: bool,
}

/// The finished graph.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) blocks: Vec<Block>,
    pub(super) values: Vec<Value>,
    pub(super) awaits: Vec<TextRange>,
}

/// Why a scope exists, which decides what leaves it.
#[derive(Debug, Clone)]
pub(super) enum ScopeKind {
    /// Named locals.
    Locals,
    /// Temporaries of a statement, a condition, an arm.
    Temporaries,
    /// A loop or labelled block: `continue_to` is `None` for a block.
    Breakable { label: Option<SmolStr>, break_to: BlockId, continue_to: Option<BlockId> },
}

/// A region of the source whose values die together.
#[derive(Debug)]
pub(super) struct Scope {
    kind: ScopeKind,
    values: Vec<ValueId>,
    /// How many names were visible when it began.
    names: usize,
    /// Where it ends in the source, to leave out values that meet no await.
    end: TextSize,
}

/// Builds a [`Graph`]: the current block, the open scopes, the names in sight.
#[derive(Debug)]
pub(super) struct GraphBuilder {
    graph: Graph,
    current: BlockId,
    scopes: Vec<Scope>,
    names: Vec<(SmolStr, ValueId)>,
    /// Offsets where the source may await, ascending.
    await_offsets: Vec<TextSize>,
    hidden: bool,
}

impl GraphBuilder {
    pub(super) fn new(await_offsets: Vec<TextSize>) -> Self {
        let graph = Graph { blocks: vec![Block::default()], ..Graph::default() };
        let (scopes, names) = (Vec::new(), Vec::new());
        Self { graph, current: 0, scopes, names, await_offsets, hidden: false }
    }

    /// Whether what is declared from now on is hidden; gives how it was.
    pub(super) fn hide(&mut self, hidden: bool) -> bool {
        std::mem::replace(&mut self.hidden, hidden)
    }

    pub(super) fn finish(self) -> Graph {
        self.graph
    }

    pub(super) fn push(&mut self, action: Action) {
        let value = match action {
            Action::Await(_) => None,
            Action::Init(value)
            | Action::Replace(value)
            | Action::Use(value)
            | Action::Move(value)
            | Action::CaptureByUse(value)
            | Action::Borrow(value)
            | Action::Dead(value) => Some(value),
        };
        if value.is_some_and(|value| !self.value(value).is_some_and(|value| value.tracked)) {
            return;
        }
        if let Some(block) = self.graph.blocks.get_mut(self.current as usize) {
            block.actions.push(action);
        }
    }

    pub(super) fn value(&self, value: ValueId) -> Option<&Value> {
        self.graph.values.get(value as usize)
    }

    pub(super) fn facts(&self, value: ValueId) -> ValueFacts {
        self.value(value).map(|value| value.facts).unwrap_or_default()
    }

    /// Adds an await point and passes it.
    pub(super) fn await_point(&mut self, range: TextRange) {
        let index = self.graph.awaits.len() as u32;
        self.graph.awaits.push(range);
        self.push(Action::Await(index));
    }

    // --- blocks ---------------------------------------------------------------------------

    pub(super) fn new_block(&mut self) -> BlockId {
        self.graph.blocks.push(Block::default());
        (self.graph.blocks.len() - 1) as BlockId
    }

    pub(super) fn current(&self) -> BlockId {
        self.current
    }

    pub(super) fn switch_to(&mut self, block: BlockId) {
        self.current = block;
    }

    pub(super) fn edge(&mut self, from: BlockId, to: BlockId) {
        if let Some(block) = self.graph.blocks.get_mut(from as usize) {
            block.successors.push(to);
        }
    }

    pub(super) fn goto(&mut self, to: BlockId) {
        self.edge(self.current, to);
    }

    /// What follows cannot be reached.
    pub(super) fn diverge(&mut self) {
        let dead = self.new_block();
        self.switch_to(dead);
    }

    // --- scopes ---------------------------------------------------------------------------

    pub(super) fn depth(&self) -> usize {
        self.scopes.len()
    }

    pub(super) fn enter(&mut self, kind: ScopeKind, end: TextSize) {
        self.scopes.push(Scope { kind, values: Vec::new(), names: self.names.len(), end });
    }

    /// Ends the innermost scope: its values die.
    pub(super) fn leave(&mut self) {
        if let Some(scope) = self.scopes.pop() {
            if matches!(scope.kind, ScopeKind::Locals) {
                self.names.truncate(scope.names);
            }
            for value in scope.values.into_iter().rev() {
                self.push(Action::Dead(value));
            }
        }
    }

    /// An edge from here to `target` that leaves every scope above `depth`; control stays here.
    pub(super) fn exit_to(&mut self, target: BlockId, depth: usize) {
        let back = self.current;
        let exit = self.new_block();
        self.edge(back, exit);
        self.switch_to(exit);
        let dying: Vec<ValueId> = self
            .scopes
            .iter()
            .skip(depth)
            .rev()
            .flat_map(|scope| scope.values.iter().rev().copied())
            .collect();
        for value in dying {
            self.push(Action::Dead(value));
        }
        self.goto(target);
        self.switch_to(back);
    }

    /// The innermost scope of temporaries.
    pub(super) fn temporaries(&self) -> usize {
        let found =
            self.scopes.iter().rposition(|scope| matches!(scope.kind, ScopeKind::Temporaries));
        found.unwrap_or(0)
    }

    /// The innermost scope of locals, where extended temporaries live.
    pub(super) fn locals(&self) -> usize {
        let found = self.scopes.iter().rposition(|scope| matches!(scope.kind, ScopeKind::Locals));
        found.unwrap_or(0)
    }

    /// Where `break` (or `continue`) with this label leads, and the depth of what stays open.
    pub(super) fn jump_target(
        &self,
        label: Option<&str>,
        is_continue: bool,
    ) -> Option<(BlockId, usize)> {
        self.scopes.iter().enumerate().rev().find_map(|(depth, scope)| match &scope.kind {
            ScopeKind::Breakable { label: found, break_to, continue_to } => {
                let named = label.is_some() && label == found.as_deref();
                let nearest = label.is_none() && continue_to.is_some();
                let target = if is_continue { *continue_to } else { Some(*break_to) };
                (named || nearest).then_some(target).flatten().map(|block| (block, depth + 1))
            }
            ScopeKind::Locals | ScopeKind::Temporaries => None,
        })
    }

    // --- values ---------------------------------------------------------------------------

    /// Whether the source may await in `start..end`.
    pub(super) fn awaits_within(&self, start: TextSize, end: TextSize) -> bool {
        let first = self.await_offsets.partition_point(|offset| *offset < start);
        self.await_offsets.get(first).is_some_and(|offset| *offset < end)
    }

    /// A new value of the scope at `depth`; it is not initialised yet.
    pub(super) fn declare(
        &mut self,
        name: Option<SmolStr>,
        origin: Origin,
        range: TextRange,
        facts: ValueFacts,
        depth: usize,
    ) -> ValueId {
        let end = self.scopes.get(depth).map_or(range.end(), |scope| scope.end);
        // A parameter is part of the future from the start, so it is always listed.
        let tracked = origin == Origin::Param || self.awaits_within(range.start(), end);
        let value = self.graph.values.len() as ValueId;
        let hidden = self.hidden;
        self.graph.values.push(Value { name, origin, range, facts, hidden, tracked });
        if let Some(scope) = self.scopes.get_mut(depth) {
            scope.values.push(value);
        }
        value
    }

    /// Makes a value visible under a name until the innermost scope ends.
    pub(super) fn name(&mut self, name: SmolStr, value: ValueId) {
        self.names.push((name, value));
    }

    pub(super) fn resolve(&self, name: &str) -> Option<ValueId> {
        self.names.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}
