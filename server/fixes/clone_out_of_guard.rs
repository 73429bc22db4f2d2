//! Fix: takes the values that are read after (or by) the await out of the guard before it, and
//! lets the guard go.
//!
//! ```text
//! let user = users.lock().unwrap();       let name = users.lock().unwrap().name.clone();
//! greet(&user.name).await;                greet(&name).await;
//! ```
//!
//! Of an `Arc` in a lock a clone is taken, which is cheap and shares what is in it.
//! Declines when a later use may write through the guard: a copy would swallow the write.
//! Known problems: others may change the data during the await, so the copy may be out of date
//! where the guard was not; a value with interior mutability is a copy as well.

mod shared;

use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasName},
};

use super::{
    Draft, FixContext, Reach,
    chain::{free_name, name_of},
    context::{has_ident, is_postfix},
    reads::{Read, distinct},
    region::{self, Block, Region, is_drop_of},
};
use crate::problem::Edit;

/// Every variant costs a run of the compiler.
const VARIANTS_MAX: usize = 9;
/// More values than this make no readable tuple.
const READS_MAX: usize = 4;

/// Drafts `clone_out_of_guard`.
pub(super) fn clone_out_of_guard(context: &FixContext<'_>) -> Option<Draft> {
    let held = context.held.name.as_deref()?;
    if !context.holds_lock() {
        return None;
    }
    if let Some(edits) = shared::clone_shared(context, held) {
        return Some(Draft {
            id: "clone_out_of_guard",
            title: format!("Clone the `Arc` out of the guard `{held}`"),
            note: Some(format!(
                "Another `Arc` that is put in its place meanwhile is not seen, and `{held}` no \
                 longer keeps others from doing so."
            )),
            variants: vec![edits],
            reach: Reach::Body,
            repairs: &[],
        });
    }
    let region = Region::find(context, held)?;
    let (drops, uses): (Vec<_>, Vec<_>) =
        region.later_uses().iter().cloned().partition(|it| is_drop_of(it, held));
    let is_mutable = is_mutable(context);
    let mut reads = Vec::new();
    for node in &uses {
        reads.extend(Read::all_in(context, node, held, is_mutable)?);
    }
    let copy = Copying { context, held, region: &region, drops, values: distinct(&reads), reads };
    if copy.values.is_empty() || copy.values.len() > READS_MAX {
        return None;
    }
    let names = copy.names();
    let mut variants: Vec<Vec<Edit>> =
        copy.choices().iter().filter_map(|choice| copy.variant(&names, choice)).collect();
    variants.truncate(VARIANTS_MAX);
    let what: Vec<String> =
        copy.values.iter().map(|value| format!("`{}`", context.shorten(&value.text()))).collect();
    (!variants.is_empty()).then(|| Draft {
        id: "clone_out_of_guard",
        title: format!("Take {} out of the guard before the `.await`", what.join(", ")),
        note: Some(format!(
            "The value is read before the `.await`: what others change meanwhile is not seen, \
             and `{held}` no longer keeps them out."
        )),
        variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

fn is_mutable(context: &FixContext<'_>) -> bool {
    let stmt = context.let_stmt();
    let pattern = stmt.and_then(|it| it.pat());
    pattern.is_none_or(|it| {
        let mut bindings = it.syntax().descendants().filter_map(ast::IdentPat::cast);
        bindings.any(|it| it.mut_token().is_some())
    })
}

/// The facts of one draft.
struct Copying<'a> {
    context: &'a FixContext<'a>,
    held: &'a str,
    region: &'a Region,
    /// `drop(guard);` statements that lose their reason.
    drops: Vec<SyntaxNode>,
    /// Every read, in source order.
    reads: Vec<Read>,
    /// The values that must come out.
    values: Vec<Read>,
}

/// How each value is written: the form, and what follows its name where it is used.
type Choice = Vec<(String, &'static str)>;

impl Copying<'_> {
    /// The combinations of forms, plain ones first.
    fn choices(&self) -> Vec<Choice> {
        let mut choices: Vec<Choice> = vec![Vec::new()];
        for value in &self.values {
            let forms = value.forms();
            choices = forms
                .iter()
                .flat_map(|form| {
                    choices.iter().map(move |known| {
                        let mut choice = known.clone();
                        choice.push(form.clone());
                        choice
                    })
                })
                .take(VARIANTS_MAX)
                .collect();
        }
        choices
    }

    fn names(&self) -> Vec<String> {
        let Some(stmt) = self.context.let_stmt() else {
            return Vec::new();
        };
        let around = self.context.surroundings(stmt.syntax());
        let source = stmt.initializer().and_then(|it| name_of(&it));
        let mut names: Vec<String> = Vec::new();
        for value in &self.values {
            let own = name_of(value.expr()).filter(|it| it != self.held);
            let candidates = match &own {
                Some(name) => vec![name.clone(), format!("{}_{name}", self.held)],
                None => source
                    .iter()
                    .flat_map(|it| [it.clone(), format!("{it}_snapshot")])
                    .filter(|it| it.chars().count() > 2 && !it.starts_with("m_"))
                    .chain(["snapshot".to_owned()])
                    .collect(),
            };
            let name = free_name(candidates, |it| {
                has_ident(&around, it) || names.iter().any(|known| known == it)
            });
            names.push(name);
        }
        names
    }

    fn variant(&self, names: &[String], choice: &Choice) -> Option<Vec<Edit>> {
        let mut edits = match self.inline(names, choice) {
            Some(edit) => vec![edit],
            None => self.block(names, choice)?,
        };
        for read in &self.reads {
            let at = self.values.iter().position(|it| it.text() == read.text())?;
            let text = format!("{}{}", names.get(at)?, choice.get(at)?.1);
            edits.push(self.context.edit(read.range(), text));
        }
        for dropped in &self.drops {
            edits.push(self.context.edit(self.context.line_of(dropped.text_range()), ""));
        }
        Some(edits)
    }

    /// `let len = m.lock().unwrap().len();` in place of the guard's own `let`.
    fn inline(&self, names: &[String], choice: &Choice) -> Option<Edit> {
        let ([name], [(form, _)]) = (names, choice.as_slice()) else {
            return None;
        };
        let value = self.values.first()?;
        let stmt = self.context.let_stmt()?;
        let source = stmt.initializer().filter(is_postfix)?;
        if self.region.uses_value() || self.region.dropped.is_some() || value.mentions() != 1 {
            return None;
        }
        // The pattern must be the guard alone.
        let pattern = ast::IdentPat::cast(stmt.pat()?.syntax().clone())?;
        pattern.name().filter(|it| it.text() == self.held)?;
        let code = form.replacen(self.held, &source.syntax().text().to_string(), 1);
        let range = stmt.syntax().text_range();
        Some(self.context.edit(range, format!("let {name} = {code};")))
    }

    /// The guard, its uses before the await and the values in a block.
    fn block(&self, names: &[String], choice: &Choice) -> Option<Vec<Edit>> {
        let escaping = self.region.escaping(self.held);
        let mut patterns: Vec<String> = Vec::new();
        let mut values: Vec<String> = Vec::new();
        for binding in &escaping {
            let name = region::name_of(binding)?;
            let mutable = binding.mut_token().map_or("", |_| "mut ");
            patterns.push(format!("{mutable}{name}"));
            values.push(name);
        }
        patterns.extend(names.iter().cloned());
        values.extend(choice.iter().map(|(form, _)| form.clone()));
        let (pattern, value) = match (patterns.as_slice(), values.as_slice()) {
            ([pattern], [value]) => (pattern.clone(), value.clone()),
            _ => (format!("({})", patterns.join(", ")), format!("({})", values.join(", "))),
        };
        let block = Block::new(self.context, self.region)?;
        let mut edits = block.open(&format!("let {pattern} = "));
        edits.extend(block.close(self.region, Some(&value), "};"));
        Some(edits)
    }
}

#[cfg(test)]
mod tests;
