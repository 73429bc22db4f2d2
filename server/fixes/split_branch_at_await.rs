//! Fix: lets go of a guard that a pattern binds (`if let Ok(g) = m.lock()`) before the await: the
//! branch ends there, and a second one goes on with the values that it needs.
//!
//! ```text
//! if let Ok(mut jobs) = jobs.lock() {     let n = if let Ok(mut jobs) = jobs.lock() {
//!     jobs.push(job);                         jobs.push(job);
//!     let n = jobs.len();                     let n = jobs.len();
//!     report(n).await;                        Some(n)
//! }                                       } else {
//!                                             None
//!                                         };
//!                                         if let Some(n) = n {
//!                                             report(n).await;
//!                                         }
//! ```
//!
//! A guard that a `let` before the branch declares is let go in the same way.
//! A block inside of the branch would not do: the scrutinee itself lives as long as the branch.
//! A `match` of two arms is treated alike. What the awaiting code reads of the guard is copied
//! out. Known problems: an arm that binds the error and leaves the fn is not handled; code on
//! one line is broken up for rustfmt to put right.

mod branch;
mod guarded;

use ra_ap_syntax::{AstNode, SyntaxNode, TextSize, ast};

use self::branch::Branch;
use super::{
    Draft, FixContext, Reach,
    chain::{free_name, name_of, owned_forms},
    context::{has_ident, mentions},
    reads::{Read, distinct},
    region,
};
use crate::problem::Edit;

/// Every variant costs a run of the compiler.
const VARIANTS_MAX: usize = 9;
/// More values than this make no readable tuple.
const VALUES_MAX: usize = 4;

/// Drafts `split_branch_at_await`.
pub(super) fn split_branch_at_await(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref()?;
    if let Some(draft) = guarded::split_guarded(context, name) {
        return Some(draft);
    }
    let branch = Branch::find(context, name)?;
    let split = Split::new(context, &branch, name)?;
    let mut variants: Vec<Vec<Edit>> = Vec::new();
    for count in split.counts() {
        variants.extend(split.variants(count));
    }
    variants.truncate(VARIANTS_MAX);
    (!variants.is_empty()).then(|| Draft {
        id: "split_branch_at_await",
        title: format!("End the branch that binds `{name}` before the `.await`"),
        note: (!split.values.is_empty()).then(|| {
            "The value is read before the `.await`: what others change meanwhile is not seen."
                .to_owned()
        }),
        variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

struct Split<'a> {
    context: &'a FixContext<'a>,
    branch: &'a Branch,
    held: &'a str,
    /// The index of the statement that awaits.
    awaiting: usize,
    reads: Vec<Read>,
    values: Vec<Read>,
}

impl<'a> Split<'a> {
    fn new(context: &'a FixContext<'a>, branch: &'a Branch, held: &'a str) -> Option<Self> {
        let awaits = context.awaits();
        let crosses =
            |node: &SyntaxNode| awaits.iter().any(|it| node.text_range().contains_range(*it));
        let awaiting = branch.stmts.iter().position(crosses)?;
        let mut reads = Vec::new();
        for stmt in branch.stmts.get(awaiting..)? {
            reads.extend(Read::all_in(context, stmt, held, true)?);
        }
        let values = distinct(&reads);
        let is_fit = values.len() <= VALUES_MAX && !values.iter().any(|it| it.text() == held);
        is_fit.then_some(Self { context, branch, held, awaiting, reads, values })
    }

    /// How many statements stay in the first branch: as few as can be, then all before the await.
    fn counts(&self) -> Vec<usize> {
        let before = self.branch.stmts.get(..self.awaiting).unwrap_or_default();
        let used = before.iter().rposition(|it| mentions(it, self.held)).map_or(0, |at| at + 1);
        if used == self.awaiting { vec![used] } else { vec![used, self.awaiting] }
    }

    fn variants(&self, count: usize) -> Vec<Vec<Edit>> {
        let names = self.names();
        let mut choices: Vec<Vec<String>> = vec![Vec::new()];
        for value in &self.values {
            let forms = owned_forms(value.expr(), false);
            choices = forms
                .iter()
                .flat_map(|form| {
                    choices
                        .iter()
                        .map(move |known| known.iter().cloned().chain([form.clone()]).collect())
                })
                .take(VARIANTS_MAX)
                .collect();
        }
        choices.iter().filter_map(|forms| self.variant(count, &names, forms)).collect()
    }

    fn variant(&self, count: usize, names: &[String], forms: &[String]) -> Option<Vec<Edit>> {
        let (mut patterns, mut values) = self.escaping(count);
        patterns.extend(names.iter().cloned());
        values.extend(forms.iter().cloned());
        let around = self.context.surroundings(self.branch.node.syntax());
        let carrier = match patterns.as_slice() {
            [one] if !self.is_used_behind(one.trim_start_matches("mut ")) => {
                one.trim_start_matches("mut ").to_owned()
            }
            _ => free_name(["locked".to_owned()], |it| has_ident(&around, it)),
        };
        let at = match count.checked_sub(1) {
            Some(last) => self.end_of_line(self.branch.stmts.get(last)?.text_range().end()),
            None => self.branch.start,
        };
        let out = branch::Out { carrier, pattern: tuple(&patterns), value: tuple(&values) };
        let mut edits = self.branch.split(self.context, at, &out)?;
        for read in &self.reads {
            let at = self.values.iter().position(|it| it.text() == read.text())?;
            edits.push(self.context.edit(read.range(), names.get(at)?.clone()));
        }
        Some(edits)
    }

    /// Variables of the first branch that the second needs: as patterns and as values.
    fn escaping(&self, count: usize) -> (Vec<String>, Vec<String>) {
        let first = self.branch.stmts.get(..count).unwrap_or_default();
        let rest = self.branch.stmts.get(count..).unwrap_or_default();
        let stmts = first.iter().filter_map(|it| ast::LetStmt::cast(it.clone()));
        let patterns = stmts.filter_map(|it| it.pat());
        let (mut found, mut names): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for pattern in patterns {
            for binding in pattern.syntax().descendants().filter_map(ast::IdentPat::cast) {
                let Some(name) = region::name_of(&binding) else { continue };
                if names.contains(&name) || !rest.iter().any(|it| mentions(it, &name)) {
                    continue;
                }
                let mutable = binding.mut_token().map_or("", |_| "mut ");
                found.push(format!("{mutable}{name}"));
                names.push(name);
            }
        }
        (found, names)
    }

    fn names(&self) -> Vec<String> {
        let around = self.context.surroundings(self.branch.node.syntax());
        let mut names: Vec<String> = Vec::new();
        for value in &self.values {
            let own = name_of(value.expr()).filter(|it| it != self.held);
            let long = own.as_ref().map(|own| format!("{}_{own}", self.held));
            let candidates = own.into_iter().chain(long).chain(["snapshot".to_owned()]);
            let name = free_name(candidates, |it| {
                has_ident(&around, it) || names.iter().any(|known| known == it)
            });
            names.push(name);
        }
        names
    }

    /// Whether the code around the branch uses a name that the new `let` would hide.
    fn is_used_behind(&self, name: &str) -> bool {
        let stmt = &self.branch.place;
        let mut later = stmt.siblings(ra_ap_syntax::Direction::Next).skip(1);
        self.branch.others_mention(name) || later.any(|it| mentions(&it, name))
    }

    /// A comment at the end of the last line belongs to that line.
    fn end_of_line(&self, end: TextSize) -> TextSize {
        let rest = self.context.text.get(usize::from(end)..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default().trim_end();
        if line.trim_start().starts_with("//") { end + TextSize::of(line) } else { end }
    }
}

fn tuple(parts: &[String]) -> Option<String> {
    match parts {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("({})", many.join(", "))),
    }
}

#[cfg(test)]
mod tests;
