//! A guard that a `let` declares before a `match` or an `if` of which one arm awaits: guard and
//! branch go in a block that hands out what the arm goes on with.
//!
//! ```text
//! let mut jobs = jobs.lock().unwrap();    let n = {
//! match jobs.get_mut(&id) {                   let mut jobs = jobs.lock().unwrap();
//!     Some(job) => {                          match jobs.get_mut(&id) {
//!         job.runs += 1;                          Some(job) => {
//!         report(job.runs).await;                     job.runs += 1;
//!     }                                               Some(job.runs)
//!     None => jobs.clear(),                       }
//! }                                               None => {
//!                                                     jobs.clear();
//!                                                     None
//!                                                 }
//!                                             }
//!                                         };
//!                                         if let Some(n) = n {
//!                                             report(n).await;
//!                                         }
//! ```
//!
//! Everything else runs under the lock as before, and in the same order. Declines when several
//! arms await, and when something behind the branch uses the guard.

mod arms;
mod render;

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self, HasName},
};

use self::{
    arms::Arms,
    render::{Handed, render},
};
use super::VARIANTS_MAX;
use crate::{
    fixes::{
        Draft, FixContext, Reach,
        chain::{free_name, name_of, owned_forms},
        context::{has_ident, mentions, mentions_await},
        reads::{Read, distinct},
        region::{self, is_drop_of, is_stmt_or_tail},
    },
    problem::Edit,
};

/// More values than this make no readable tuple.
const VALUES_MAX: usize = 4;

/// Drafts the split for a guard that a `let` declares.
pub(super) fn split_guarded(context: &FixContext<'_>, held: &str) -> Option<Draft> {
    if !context.holds_lock() {
        return None;
    }
    let guarded = Guarded::find(context, held)?;
    let mut variants: Vec<Vec<Edit>> = Vec::new();
    for handed in guarded.handed() {
        let edits = render(&guarded, &handed);
        variants.extend(edits.filter(|it| !variants.contains(it)));
    }
    variants.truncate(VARIANTS_MAX);
    (!variants.is_empty()).then(|| Draft {
        id: "split_branch_at_await",
        title: format!("Let go of `{held}` in the branch before it awaits"),
        note: Some(format!(
            "`{held}` no longer spans the `.await`: others may change the data while the branch \
             awaits."
        )),
        variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

/// The guard's `let`, the branch, and what lies between.
pub(super) struct Guarded<'a> {
    context: &'a FixContext<'a>,
    held: &'a str,
    declared: SyntaxNode,
    /// Statements between the declaration and the branch.
    between: Vec<SyntaxNode>,
    /// The statement that the branch is, or is in.
    stmt: SyntaxNode,
    arms: Arms,
    /// What follows the branch in its block.
    behind: Vec<SyntaxNode>,
}

impl<'a> Guarded<'a> {
    fn find(context: &'a FixContext<'a>, held: &'a str) -> Option<Self> {
        let declared = context.let_stmt().filter(|it| it.let_else().is_none())?;
        let pattern = ast::IdentPat::cast(declared.pat()?.syntax().clone())?;
        pattern.name().filter(|it| it.text() == held)?;
        let declared = declared.syntax().clone();
        let nodes: Vec<SyntaxNode> =
            declared.parent()?.children().filter(is_stmt_or_tail).collect();
        let first = nodes.iter().position(|it| *it == declared)?;
        let awaits = context.awaits();
        let crosses = |it: &SyntaxNode| awaits.iter().any(|at| it.text_range().contains_range(*at));
        let at = first + 1 + nodes.get(first + 1..)?.iter().position(crosses)?;
        let stmt = nodes.get(at)?.clone();
        let arms = Arms::of(&stmt)?;
        let between = nodes.get(first + 1..at)?.to_vec();
        let behind = nodes.get(at + 1..)?.to_vec();
        let found = Self { context, held, declared, between, stmt, arms, behind };
        found.is_fit().then_some(found)
    }

    fn is_fit(&self) -> bool {
        let names: Vec<String> = self.between.iter().flat_map(bound_in).collect();
        let needs_lock = |it: &SyntaxNode| {
            mentions(it, self.held) && !is_drop_of(it, self.held)
                || names.iter().any(|name| mentions(it, name))
        };
        // Lines of a literal would move with the code around them.
        let strings =
            self.range_text().is_some_and(|it| it.contains("r#\"") || it.contains("\\\n"));
        let mut tokens = self.stmt.descendants_with_tokens().filter_map(|it| it.into_token());
        let has_lines =
            tokens.any(|it| it.kind() == SyntaxKind::STRING && it.text().contains('\n'));
        let has_items = self.between.iter().any(|it| ast::Item::can_cast(it.kind()));
        let awaits_before = self.between.iter().any(mentions_await);
        !strings
            && !has_lines
            && !has_items
            && !awaits_before
            && !self.behind.iter().any(needs_lock)
    }

    fn range_text(&self) -> Option<&str> {
        self.context.text.get(std::ops::Range::<usize>::from(self.range()))
    }

    fn range(&self) -> TextRange {
        self.declared.text_range().cover(self.stmt.text_range())
    }

    /// Ways to hand out what the arm goes on with: variables as they are, then copies of what it
    /// reads of them.
    fn handed(&self) -> Vec<Handed> {
        let rest = self.arms.rest();
        let is_needed = |name: &String| rest.iter().any(|it| mentions(it, name));
        let own: Vec<String> =
            self.arms.front().iter().flat_map(bound_in).filter(is_needed).collect();
        let outer: Vec<String> = self.between.iter().flat_map(bound_in).collect();
        let views: Vec<String> =
            self.arms.bindings().into_iter().chain(outer).filter(is_needed).collect();
        let mut all = Vec::new();
        if let Some(held) = self.reads(&[self.held.to_owned()]) {
            let plain: Vec<String> = own.iter().chain(&views).cloned().collect();
            all.extend(self.with_reads(&plain, &held));
        }
        let names: Vec<String> = views.into_iter().chain([self.held.to_owned()]).collect();
        if let Some(reads) = self.reads(&names) {
            all.extend(self.with_reads(&own, &reads));
        }
        all
    }

    /// What the rest of the arm reads of variables that stay behind.
    fn reads(&self, names: &[String]) -> Option<Vec<Read>> {
        let mut reads = Vec::new();
        for stmt in self.arms.rest() {
            for name in names {
                reads.extend(Read::all_in(self.context, &stmt, name, true)?);
            }
        }
        Some(reads)
    }

    fn with_reads(&self, plain: &[String], reads: &[Read]) -> Vec<Handed> {
        let values = distinct(reads);
        let is_whole = |it: &Read| it.text() == self.held;
        if plain.len() + values.len() > VALUES_MAX || values.iter().any(is_whole) {
            return Vec::new();
        }
        let around = self.context.surroundings(&self.stmt);
        let mut names: Vec<String> = Vec::new();
        for value in &values {
            let own = name_of(value.expr()).filter(|it| it != self.held);
            let candidates = own.into_iter().chain(["snapshot".to_owned()]);
            let name = free_name(candidates, |it| {
                has_ident(&around, it) || names.iter().any(|known| known == it)
            });
            names.push(name);
        }
        // Code behind the branch may mean another variable of that name.
        let mut patterns = plain.iter().chain(&names);
        if patterns.any(|name| self.behind.iter().any(|it| mentions(it, name))) {
            return Vec::new();
        }
        let mut choices: Vec<Vec<String>> = vec![Vec::new()];
        for value in &values {
            let forms = owned_forms(value.expr(), false);
            let longer = forms.iter().flat_map(|form| {
                choices.iter().map(move |known| known.iter().chain([form]).cloned().collect())
            });
            choices = longer.take(VARIANTS_MAX).collect();
        }
        let replaced: Vec<(TextRange, String)> = reads
            .iter()
            .filter_map(|read| {
                let at = values.iter().position(|it| it.text() == read.text())?;
                Some((read.range(), names.get(at)?.clone()))
            })
            .collect();
        let handed = |forms: Vec<String>| Handed {
            patterns: plain.iter().chain(&names).cloned().collect(),
            values: plain.iter().cloned().chain(forms).collect(),
            replaced: replaced.clone(),
            carrier: self.carrier(plain, &names),
        };
        choices.into_iter().map(handed).collect()
    }

    /// One value keeps its name.
    fn carrier(&self, plain: &[String], names: &[String]) -> String {
        let around = self.context.surroundings(&self.stmt);
        match (plain, names) {
            ([one], []) | ([], [one]) => one.clone(),
            _ => free_name(["locked".to_owned()], |it| has_ident(&around, it)),
        }
    }
}

/// The variables that a statement declares.
fn bound_in(stmt: &SyntaxNode) -> Vec<String> {
    let pattern = ast::LetStmt::cast(stmt.clone()).and_then(|it| it.pat());
    let names = pattern.iter().flat_map(|it| it.syntax().descendants());
    names.filter_map(ast::IdentPat::cast).filter_map(|it| region::name_of(&it)).collect()
}

#[cfg(test)]
mod tests;
