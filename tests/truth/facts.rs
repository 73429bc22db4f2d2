//! What the dumps say about types, receivers and positions, as facts for the analysis.

use std::collections::{HashMap, HashSet};

use ra_ap_syntax::{TextRange, TextSize};
use sendlens::syntax::{Facts, Receiver, ValueFacts};

use crate::mir::{Body, Span};

/// What the types of a crate are known to be.
#[derive(Default)]
pub(crate) struct Types {
    pub(crate) copied: HashSet<String>,
    pub(crate) dropped: HashSet<String>,
}

impl Types {
    pub(crate) fn collect<'a>(bodies: impl Iterator<Item = &'a Body>) -> Self {
        let mut types = Self::default();
        for local in bodies.flat_map(|body| body.locals.values()) {
            if local.copied {
                types.copied.insert(local.ty.clone());
            }
            if local.dropped {
                types.dropped.insert(local.ty.clone());
            }
        }
        types
    }

    pub(crate) fn facts(&self, ty: &str) -> ValueFacts {
        let read = ValueFacts::from_type(ty);
        ValueFacts {
            // A closure is `Copy` or not by what it captures: `copy _n` need not occur.
            copy: match self.copied.contains(ty) || read.copy == Some(true) {
                false if ty.contains("{closure") => None,
                copied => Some(copied),
            },
            needs_drop: Some(self.dropped.contains(ty) || read.needs_drop == Some(true)),
            shape: read.shape,
        }
    }
}

/// `x` of `mut x`, `ref x`, `&mut self`, `(x)`.
pub(crate) fn strip(text: &str, range: TextRange) -> TextRange {
    let value = &text[range];
    for prefix in ["mut ", "ref mut ", "ref ", "&mut self", "&self"] {
        if let Some(rest) = value.strip_prefix(prefix) {
            let rest = if prefix.ends_with("self") { "self" } else { rest.trim_start() };
            let is_name = rest.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '#');
            if is_name {
                return TextRange::new(range.end() - TextSize::of(rest), range.end());
            }
        }
    }
    if value.starts_with('&')
        && value.ends_with("self")
        && value.contains('\'')
        && !value.contains(['.', '('])
    {
        return TextRange::new(range.end() - TextSize::of("self"), range.end());
    }
    if value.starts_with('(') && closes_at_end(value) && !value.contains(',') {
        let one = TextSize::new(1);
        return strip(text, TextRange::new(range.start() + one, range.end() - one));
    }
    range
}

pub(crate) fn closes_at_end(value: &str) -> bool {
    let mut depth = 0;
    for (at, c) in value.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1 == value.len();
        }
    }
    false
}

/// The type of each value: of a named local, and of what an expression makes.
pub(crate) fn add_types(
    body: &Body,
    name: &str,
    text: &str,
    lines: &Lines,
    types: &Types,
    facts: &mut Facts,
) {
    let mut chosen: HashMap<TextRange, (u32, ValueFacts)> = HashMap::new();
    for local in body.locals.values().filter(|local| local.span.file == name) {
        let Some(range) = lines.range(text, &local.span) else {
            continue;
        };
        let range = strip(text, range);
        let explicit = text[range].starts_with('&');
        let says_deref = [".deref()", ".deref_mut()"].iter().any(|it| text[range].ends_with(it));
        let is_adjustment =
            local.is_reference_to && !explicit || local.made_by_deref && !says_deref;
        if is_adjustment && local.name.is_none() {
            continue;
        }
        let is_await = text[range].ends_with(".await");
        // One expression has many locals. The user's name counts most; in a guard it stands for
        // a reference, too. `result` is what an await gives. Otherwise later locals are made
        // further inside: they have the expression's own type, before it is adjusted.
        let rank = match local.name.as_deref() {
            Some("result") if is_await => 3,
            Some("__awaitee") => 0,
            Some(_) if local.is_reference_to && !explicit => 1,
            Some(_) => 4,
            None if is_await => 1,
            None => 2,
        };
        let mut new = types.facts(&local.ty);
        let old = chosen.get(&range).copied();
        if old.is_some_and(|(old, _)| old > rank) {
            continue;
        }
        // `x?` makes a `ControlFlow` and the value: it is dropped when either is.
        if let (Some((_, old)), true) = (old, text[range].ends_with('?')) {
            new.needs_drop = Some(new.needs_drop == Some(true) || old.needs_drop == Some(true));
        }
        chosen.insert(range, (rank, new));
    }
    facts.values.extend(chosen.into_iter().map(|(range, (_, facts))| (range, facts)));
}

/// How each receiver is taken: by reference when a reference to it is made at its place.
pub(crate) fn add_receivers(body: &Body, name: &str, text: &str, lines: &Lines, facts: &mut Facts) {
    let mut by_range: HashMap<TextRange, bool> = HashMap::new();
    for local in
        body.locals.values().filter(|local| local.span.file == name && local.name.is_none())
    {
        let Some(range) = lines.range(text, &local.span) else {
            continue;
        };
        // `await` makes one of its own, to the task's context.
        let by_reference = local.is_reference_to && !local.ty.contains("task::Context");
        *by_range.entry(strip(text, range)).or_default() |= by_reference;
    }
    for (range, by_reference) in by_range {
        let kind = if by_reference { Receiver::Reference } else { Receiver::Value };
        facts.receivers.insert(range, kind);
    }
}

/// Line starts, to turn rustc's columns (characters) into offsets.
pub(crate) struct Lines {
    pub(crate) starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { starts: starts.collect() }
    }

    pub(crate) fn offset(&self, text: &str, (line, column): (usize, usize)) -> Option<TextSize> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let rest = text.get(start..)?;
        let bytes: usize = rest.chars().take(column.checked_sub(1)?).map(char::len_utf8).sum();
        TextSize::try_from(start + bytes).ok()
    }

    pub(crate) fn range(&self, text: &str, span: &Span) -> Option<TextRange> {
        let (start, end) = (self.offset(text, span.start)?, self.offset(text, span.end)?);
        (start <= end).then(|| TextRange::new(start, end))
    }
}
