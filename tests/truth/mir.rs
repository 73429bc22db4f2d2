//! Reads what `-Zdump-mir` writes and repeats rustc's own computation on it: which locals a
//! coroutine stores at each of its yields.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// `file:line:column: line:column` as rustc prints it, columns in characters, 1-based.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) file: String,
    pub(crate) start: (usize, usize),
    pub(crate) end: (usize, usize),
}

/// One local of a body.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub(crate) ty: String,
    pub(crate) span: Span,
    /// The user's name for it.
    pub(crate) name: Option<String>,
    /// It is made by taking a reference: the span is that of what it points to.
    pub(crate) is_reference_to: bool,
    /// It is what `deref` of an adjusted receiver returned: the span is that of the whole call.
    pub(crate) made_by_deref: bool,
    /// It is used by `copy _n`.
    pub(crate) copied: bool,
    /// There is a `drop(_n)`.
    pub(crate) dropped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Define(u32),
    /// A part of it is written.
    Write(u32),
    Use(u32),
    Move(u32),
    Borrow(u32),
    Dead(u32),
}

#[derive(Debug, Default)]
struct Block {
    steps: Vec<Step>,
    /// How many of the steps come before the terminator.
    before: usize,
    next: Vec<u32>,
    suspends: Option<Span>,
}

/// One coroutine body.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) title: String,
    pub(crate) locals: BTreeMap<u32, Local>,
    blocks: BTreeMap<u32, Block>,
}

type Set = BTreeSet<u32>;

/// Reads one dump; `None` when it is no coroutine.
pub(crate) fn read(text: &str) -> Option<Body> {
    if !text.contains("\nyields ()") && !text.contains("yield(") {
        return None;
    }
    let mut body = Body { title: text.lines().next()?.to_owned(), ..Body::default() };
    let mut names = HashMap::new();
    let mut block: Option<u32> = None;
    for line in text.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") || trimmed.starts_with('|') {
            continue;
        }
        let (code, comment) = split_comment(trimmed);
        if let Some(rest) = code.strip_prefix("debug ") {
            if let Some((name, place)) = rest.trim_end_matches(';').split_once(" => ")
                && let Some(local) = whole_local(place)
            {
                names.insert(local, name.to_owned());
            }
        } else if let Some(rest) = code.strip_prefix("let ") {
            let rest = rest.strip_prefix("mut ").unwrap_or(rest);
            if let (Some((name, ty)), Some(span)) = (rest.split_once(": "), span(comment))
                && let Some(number) = whole_local(name)
            {
                let ty = ty.trim_end_matches(';').to_owned();
                let local = Local {
                    ty,
                    span,
                    name: None,
                    is_reference_to: false,
                    made_by_deref: false,
                    copied: false,
                    dropped: false,
                };
                body.locals.insert(number, local);
            }
        } else if let Some(number) = block_header(code) {
            block = Some(number);
            body.blocks.entry(number).or_default();
        } else if code == "}" {
            block = None;
        } else if let (Some(number), true) = (block, code.ends_with(';')) {
            let code = code.trim_end_matches(';');
            let block = body.blocks.entry(number).or_default();
            block.before = block.steps.len();
            read_step(code, comment, block, &mut body.locals);
        }
    }
    for (number, name) in names {
        if let Some(local) = body.locals.get_mut(&number) {
            local.name = Some(name);
        }
    }
    Some(body)
}

fn split_comment(line: &str) -> (&str, &str) {
    // The comment is the last `// `: strings may hold others.
    match line.rfind("// ") {
        Some(at) => (line[..at].trim_end(), &line[at + 3..]),
        None => (line.trim_end(), ""),
    }
}

fn span(comment: &str) -> Option<Span> {
    let text = comment.rsplit_once(" at ").map_or(comment, |(_, span)| span);
    let (rest, end_column) = text.rsplit_once(':')?;
    let (rest, end_line) = rest.rsplit_once(": ")?;
    let (rest, column) = rest.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(Span {
        file: file.to_owned(),
        start: (line.parse().ok()?, column.parse().ok()?),
        end: (end_line.parse().ok()?, end_column.trim().parse().ok()?),
    })
}

fn whole_local(text: &str) -> Option<u32> {
    text.strip_prefix('_')?.parse().ok()
}

fn block_header(code: &str) -> Option<u32> {
    let rest = code.strip_prefix("bb")?;
    let (number, rest) = rest.split_at(rest.find([':', ' '])?);
    let is_header = rest == ": {" || rest == " (cleanup): {";
    if is_header { number.parse().ok() } else { None }
}

fn read_step(code: &str, comment: &str, block: &mut Block, locals: &mut BTreeMap<u32, Local>) {
    let (code, targets) = match code.rfind(" -> ") {
        Some(at) if is_targets(&code[at + 4..]) => (&code[..at], &code[at + 4..]),
        _ => (code, ""),
    };
    block.next.extend(targets_of(targets));
    if code == "goto" || code.starts_with("falseEdge") || code.starts_with("StorageLive") {
        return;
    }
    if let Some(rest) = code.strip_prefix("StorageDead(") {
        block.steps.extend(mentions(rest).first().map(|it| Step::Dead(it.local)));
        return;
    }
    if code.starts_with("AscribeUserType") || code.starts_with("BackwardIncompatibleDropHint") {
        return;
    }
    if code == "return" {
        block.steps.push(Step::Use(0));
        return;
    }
    if let Some(rest) = code.strip_prefix("drop(") {
        if let Some(it) = mentions(rest).first() {
            block.steps.push(if it.indirect {
                Step::Use(it.local)
            } else {
                Step::Borrow(it.local)
            });
            if let (true, Some(local)) = (it.whole, locals.get_mut(&it.local)) {
                local.dropped = true;
            }
        }
        return;
    }
    let (target, value) = match code.split_once(" = ") {
        Some((target, value)) if target.starts_with(['_', '(']) => (Some(target), value),
        _ => (None, code),
    };
    read_value(value, target, block, locals);
    if value.starts_with("yield(") {
        block.suspends = span(comment);
    }
    let Some(target) = target else { return };
    match (whole_local(target), mentions(target).first()) {
        (Some(local), _) => block.steps.push(Step::Define(local)),
        (None, Some(it)) if it.indirect => block.steps.push(Step::Use(it.local)),
        (None, Some(it)) => block.steps.push(Step::Write(it.local)),
        (None, None) => {}
    }
}

fn read_value(
    value: &str,
    target: Option<&str>,
    block: &mut Block,
    locals: &mut BTreeMap<u32, Local>,
) {
    let borrows = value.starts_with('&') && !value.starts_with("&fake");
    if borrows
        && let Some(made) = target.and_then(whole_local)
        && let Some(local) = locals.get_mut(&made)
    {
        local.is_reference_to = true;
    }
    let derefs = value.contains("Deref>::deref(") || value.contains("DerefMut>::deref_mut(");
    if let (true, Some(local)) =
        (derefs, target.and_then(whole_local).and_then(|it| locals.get_mut(&it)))
    {
        local.made_by_deref = true;
    }
    for it in mentions(value) {
        let step = if borrows && !it.indirect {
            Step::Borrow(it.local)
        } else if it.whole && it.moved {
            Step::Move(it.local)
        } else {
            Step::Use(it.local)
        };
        if it.whole
            && it.copied
            && let Some(local) = locals.get_mut(&it.local)
        {
            local.copied = true;
        }
        block.steps.push(step);
    }
}

fn is_targets(text: &str) -> bool {
    text.starts_with('[') || text.starts_with("bb") || text.starts_with("unwind")
}

fn targets_of(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("bb") {
        let digits: String = text[at + 2..].chars().take_while(char::is_ascii_digit).collect();
        found.extend(digits.parse::<u32>());
    }
    found
}

struct Mention {
    local: u32,
    whole: bool,
    indirect: bool,
    moved: bool,
    copied: bool,
}

/// Every `_n` of a statement, with how it is reached.
fn mentions(text: &str) -> Vec<Mention> {
    let text = without_strings(text);
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for (at, _) in text.match_indices('_') {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        if before.is_alphanumeric() || before == '_' || before == '\'' {
            continue;
        }
        let digits: String = text[at + 1..].chars().take_while(char::is_ascii_digit).collect();
        let after = bytes.get(at + 1 + digits.len()).copied().unwrap_or(b' ');
        let Ok(local) = digits.parse::<u32>() else {
            continue;
        };
        if after.is_ascii_alphanumeric() || after == b'_' {
            continue;
        }
        let head = &text[..at];
        let start = head.trim_end_matches(['(', '*']);
        let projected = start.len() != head.len() || after == b'.' || after == b'[';
        // `(*_5)`: only what is directly around the local says that it is dereferenced; a
        // deref of a field (`(*(_5.0: &T))`) stands further out.
        let indirect = head[start.len()..].contains('*');
        found.push(Mention {
            local,
            whole: !projected || (!indirect && head.ends_with("move (") && after == b')'),
            indirect,
            moved: start.ends_with("move "),
            copied: start.ends_with("copy "),
        });
    }
    found
}

fn without_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        match (inside, c) {
            (false, '"') => inside = true,
            (true, _) if escaped => escaped = false,
            (true, '\\') => escaped = true,
            (true, '"') => inside = false,
            (true, _) => {}
            (false, _) => out.push(c),
        }
    }
    out
}

impl Body {
    /// For each yield: its span and the locals that the coroutine stores there.
    pub(crate) fn stored(&self) -> Vec<(Span, Set)> {
        let live = self.live_at_ends();
        let borrowed = self.forward(|step, state, _| borrow_step(step, state), None);
        let storage = self.forward(storage_step, Some(&borrowed));
        let mut found = Vec::new();
        for (number, block) in &self.blocks {
            let Some(span) = &block.suspends else {
                continue;
            };
            let (mut loans, mut stored) = (borrowed[number].clone(), storage[number].clone());
            for step in &block.steps[..block.before] {
                storage_step(*step, &mut stored, &loans);
                borrow_step(*step, &mut loans);
            }
            let held: Set =
                live[number].union(&loans).copied().filter(|it| stored.contains(it)).collect();
            found.push((span.clone(), held));
        }
        found
    }

    fn live_at_ends(&self) -> BTreeMap<u32, Set> {
        let mut starts: BTreeMap<u32, Set> =
            self.blocks.keys().map(|it| (*it, Set::new())).collect();
        let mut ends = starts.clone();
        let mut changed = true;
        while changed {
            changed = false;
            for (number, block) in self.blocks.iter().rev() {
                let mut state = Set::new();
                for next in &block.next {
                    state.extend(starts.get(next).into_iter().flatten());
                }
                ends.insert(*number, state.clone());
                for step in block.steps.iter().rev() {
                    match step {
                        Step::Use(it) | Step::Move(it) | Step::Borrow(it) => {
                            state.insert(*it);
                        }
                        Step::Define(it) => {
                            state.remove(it);
                        }
                        Step::Write(_) | Step::Dead(_) => {}
                    }
                }
                if starts[number] != state {
                    starts.insert(*number, state);
                    changed = true;
                }
            }
        }
        ends
    }

    fn forward(
        &self,
        apply: impl Fn(Step, &mut Set, &Set),
        borrowed: Option<&BTreeMap<u32, Set>>,
    ) -> BTreeMap<u32, Set> {
        let mut starts: BTreeMap<u32, Set> =
            self.blocks.keys().map(|it| (*it, Set::new())).collect();
        let mut work: Vec<u32> = self.blocks.keys().rev().copied().collect();
        while let Some(number) = work.pop() {
            let block = &self.blocks[&number];
            let mut state = starts[&number].clone();
            let mut loans = borrowed.map(|it| it[&number].clone()).unwrap_or_default();
            for step in &block.steps {
                apply(*step, &mut state, &loans);
                borrow_step(*step, &mut loans);
            }
            for next in &block.next {
                let Some(start) = starts.get_mut(next) else {
                    continue;
                };
                let size = start.len();
                start.extend(&state);
                if start.len() != size {
                    work.push(*next);
                }
            }
        }
        starts
    }
}

fn borrow_step(step: Step, state: &mut Set) {
    match step {
        Step::Borrow(it) => {
            state.insert(it);
        }
        Step::Dead(it) => {
            state.remove(&it);
        }
        _ => {}
    }
}

fn storage_step(step: Step, state: &mut Set, borrowed: &Set) {
    match step {
        Step::Define(it) | Step::Write(it) | Step::Borrow(it) => {
            state.insert(it);
        }
        Step::Move(it) if !borrowed.contains(&it) => {
            state.remove(&it);
        }
        Step::Dead(it) => {
            state.remove(&it);
        }
        _ => {}
    }
}

/// The pairs of a printed `CoroutineLayout`: the spans of the stored locals by suspend point.
pub(crate) fn read_layout(text: &str) -> Option<Vec<Vec<(Span, String)>>> {
    let start = text.find("/* coroutine_layout = CoroutineLayout {")?;
    let text = &text[start..];
    let mut saved: Vec<(Span, String)> = Vec::new();
    let mut suspends = Vec::new();
    let mut ty = String::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("ty: ") {
            ty = rest.trim_end_matches(',').to_owned();
        } else if let Some(rest) = line.strip_prefix("span: ") {
            let rest = rest.split(" (#").next()?;
            saved.push((span(rest)?, ty.clone()));
        } else if let Some((name, fields)) = line.split_once("): [")
            && name.starts_with("Suspend")
        {
            let fields = fields.trim_end_matches("],").split(", ");
            let numbers =
                fields.filter_map(|it| it.trim().strip_prefix("_s")?.parse::<usize>().ok());
            suspends.push(numbers.filter_map(|it| saved.get(it).cloned()).collect());
        } else if line.starts_with("storage_conflicts") {
            break;
        }
    }
    Some(suspends)
}
