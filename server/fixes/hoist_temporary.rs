//! Fix: binds what is read from a temporary to a variable, so that the temporary is dropped at
//! the end of that `let` and not at the end of the `match`, loop or call around it.
//!
//! ```text
//! if let Some(job) = queue.lock().unwrap().pop() {     let job = queue.lock().unwrap().pop();
//!     run(job).await;                                  if let Some(job) = job {
//! }                                                        run(job).await;
//!                                                      }
//! ```
//!
//! A `while let` becomes a `loop` with a `let … else`, because its head runs again and again. A
//! result that borrows from the temporary is copied, cloned or collected. Where a `let` in front
//! would change the order of evaluation, it goes in a block on the spot. Known problems: the
//! writes of a `get_mut` cannot be kept, so it declines there; an iterator over a copy does not
//! see what others change during the loop.

mod site;
mod together;

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasLoopBody},
};

use self::site::{Header, Site};
use super::{
    Draft, FixContext, Reach,
    chain::{covers, free_name, name_of, owned_forms, projection, writes_through},
    context::{has_ident, mentions_await},
    place::{Place, is_first_effect},
};
use crate::problem::Edit;

/// Every variant costs a run of the compiler.
const VARIANTS_MAX: usize = 9;

/// Drafts `hoist_temporary`.
pub(super) fn hoist_temporary(context: &FixContext<'_>) -> Option<Draft> {
    if context.held.name.is_some() || context.problem.held.is_empty() {
        return None;
    }
    let site = Site::find(context)?;
    let candidates = candidates(context, &site);
    let first = candidates.first()?;
    let title = format!(
        "Hoist `{}` to a `let` before the `.await`",
        context.shorten(&first.expr.syntax().text().to_string())
    );
    let mut variants: Vec<Vec<Edit>> = candidates
        .iter()
        .filter_map(|it| it.out_of_block())
        .filter_map(|it| it.hoisted(context, &site))
        .collect();
    variants.extend(candidates.iter().filter_map(|it| it.hoisted(context, &site)));
    variants.extend(candidates.iter().filter_map(|it| it.in_place(context, &site)));
    variants.truncate(VARIANTS_MAX);
    // One alone only uncovers the other.
    let (others, together) = together::together(context).unwrap_or_default();
    let title = if together.is_empty() {
        title
    } else {
        format!("Hoist {others} to `let`s before the `.await`")
    };
    variants = together.into_iter().chain(variants).collect();
    (!variants.is_empty()).then_some(Draft {
        id: "hoist_temporary",
        title,
        // `fixes::note` knows which variants copy.
        note: None,
        variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

/// An expression that could become a `let`.
struct Candidate {
    /// What the variable stands for.
    expr: ast::Expr,
    /// The initializer.
    form: String,
    /// Written around the variable where the expression was.
    around: (&'static str, &'static str),
    /// Whether the initializer copies what it reads.
    copies: bool,
}

fn candidates(context: &FixContext<'_>, site: &Site) -> Vec<Candidate> {
    let value = &site.value;
    let read = projection(value);
    let is_value = covers(&read, value.syntax().text_range());
    let mut found = Vec::new();
    // An iterator is run to its end by `collect_iterator_first`.
    let is_iterator = !context.holds_lock() && site.head().as_ref() == Some(value);
    if matches!(site.header, Header::For(_)) && !is_iterator {
        found.extend(collected(site, &read, is_value));
    }
    let calls: Vec<ast::Expr> = site.enclosing_arguments(&read).collect();
    let whole = |expr: &ast::Expr| Candidate {
        form: expr.syntax().text().to_string(),
        expr: expr.clone(),
        around: ("", ""),
        copies: false,
    };
    // A call that only looks at the guard gives a better value than a copy of all it guards.
    if is_value {
        found.extend(calls.iter().map(whole));
    }
    if !(is_value && (!context.holds_lock() || is_written(&read))) {
        found.extend(read_forms(site, &read, is_value));
    }
    if !is_value {
        found.extend(calls.iter().map(whole));
    }
    found
}

/// The guard is assigned to, or a method is called on it that may need it mutable.
fn is_written(guard: &ast::Expr) -> bool {
    let Some(parent) = guard.syntax().parent() else {
        return false;
    };
    if writes_through(&parent) {
        return true;
    }
    ast::MethodCallExpr::cast(parent).is_some_and(|it| mentions_await(it.syntax()))
}

fn read_forms(site: &Site, read: &ast::Expr, is_value: bool) -> Vec<Candidate> {
    let plain = read.syntax().text().to_string();
    let forms: Vec<(String, bool)> = owned_forms(read, is_value)
        .into_iter()
        .map(|form| {
            let copies = form != plain;
            (form, copies)
        })
        .collect();
    let candidate = |(form, copies): &(String, bool), around| Candidate {
        expr: read.clone(),
        form: form.clone(),
        around,
        copies: *copies,
    };
    let mut found: Vec<Candidate> = forms.iter().map(|it| candidate(it, ("", ""))).collect();
    let is_scrutinee = site.head().is_some_and(|head| head == *read);
    if is_scrutinee && !matches!(site.header, Header::For(_)) {
        // The body may rely on a reference: borrow the copy as the lookup borrowed the guard.
        let lookups = forms.iter().filter(|(form, _)| form.ends_with("ed()"));
        found.extend(lookups.map(|it| candidate(it, ("", ".as_ref()"))));
        let clones = forms.iter().filter(|(form, copies)| *copies && form.ends_with("clone()"));
        found.extend(clones.map(|it| candidate(it, ("&", ""))));
    }
    found
}

/// `for x in LOCK.iter().filter(..)`: the items in a vector of their own.
fn collected(site: &Site, read: &ast::Expr, is_value: bool) -> Vec<Candidate> {
    let Some(head) = site.head().filter(|it| ast::MethodCallExpr::can_cast(it.syntax().kind()))
    else {
        return Vec::new();
    };
    let text = head.syntax().text().to_string();
    let ends_in = |name: &str| text.ends_with(&format!(".{name}()"));
    let candidate = |form: String, before| Candidate {
        expr: head.clone(),
        form,
        around: (before, ""),
        copies: true,
    };
    let by_reference = candidate(format!("{text}.cloned().collect::<Vec<_>>()"), "&");
    let by_value = candidate(format!("{text}.collect::<Vec<_>>()"), "");
    if text.contains(".drain(") || ends_in("cloned") || ends_in("copied") {
        vec![by_value]
    } else if is_value && !ends_in("iter") {
        vec![by_reference, by_value]
    } else if *read == head {
        vec![by_value, by_reference]
    } else {
        Vec::new()
    }
}

impl Candidate {
    /// `{ EXPR }`: a block of one expression goes as a whole.
    fn out_of_block(&self) -> Option<Self> {
        let list = ast::StmtList::cast(self.expr.syntax().parent()?)?;
        let block = ast::BlockExpr::cast(list.syntax().parent()?)?;
        let is_operand =
            block.syntax().parent().is_some_and(|it| ast::ArgList::can_cast(it.kind()));
        let is_plain = block.modifier().is_none() && list.statements().next().is_none();
        (is_operand && is_plain && self.around == ("", "")).then(|| Self {
            expr: ast::Expr::BlockExpr(block),
            form: self.form.clone(),
            around: self.around,
            copies: self.copies,
        })
    }

    /// `let NAME = FORM;` in front.
    fn hoisted(&self, context: &FixContext<'_>, site: &Site) -> Option<Vec<Edit>> {
        if let Header::WhileLet(while_expr, let_expr) = &site.header {
            return self.looped(context, while_expr, let_expr);
        }
        let place = Place::of(site.anchor(&self.expr))?;
        if !is_first_effect(place.node(), site.anchor(&self.expr)) {
            return None;
        }
        let name = self.name(context, site);
        let mut edits = place.insert(context, &[format!("let {name} = {};", self.form)]);
        edits.push(self.replacement(context, site, &name));
        Some(merge_touching(edits))
    }

    /// `while let PAT = FORM {` -> `loop {`, `let PAT = FORM else { break };`.
    fn looped(
        &self,
        context: &FixContext<'_>,
        while_expr: &ast::WhileExpr,
        let_expr: &ast::LetExpr,
    ) -> Option<Vec<Edit>> {
        let head = let_expr.expr()?;
        let form = match head == self.expr {
            true if self.around == ("", "") => self.form.clone(),
            true => format!("{}{}{}", self.around.0, self.form, self.around.1),
            false => head.syntax().text().to_string(),
        };
        // A borrow of a copy that dies at once cannot be matched in a `let … else`.
        if self.around != ("", "") || form.ends_with('}') {
            return None;
        }
        let body = while_expr.loop_body()?.stmt_list()?;
        let brace = body.l_curly_token()?;
        let start = while_expr.while_token()?.text_range().start();
        let indent = context.indent_at(start);
        let inner = format!("{}{indent}{}", context.newline(), context.indent_step());
        let pattern = let_expr.pat()?.syntax().text().to_string();
        let text = format!("loop {{{inner}let {pattern} = {form} else {{ break }};");
        let range = ra_ap_syntax::TextRange::new(start, brace.text_range().end());
        Some(vec![context.edit(range, text)])
    }

    /// `{ let NAME = FORM; NAME }` on the spot.
    fn in_place(&self, context: &FixContext<'_>, site: &Site) -> Option<Vec<Edit>> {
        if !self.around.1.is_empty() || self.around.0 == "&" {
            return None;
        }
        let name = self.name(context, site);
        let text = format!("{{ let {name} = {}; {name} }}", self.form);
        Some(vec![self.replacement(context, site, &text)])
    }

    fn replacement(&self, context: &FixContext<'_>, site: &Site, text: &str) -> Edit {
        let (before, after) = self.around;
        let range = site.range_of(&self.expr);
        let field = self.expr.syntax().parent().and_then(ast::RecordExprField::cast);
        if let Some(field) = field
            && field.field_name().is_some_and(|it| it.text() == text)
        {
            return context.edit(field.syntax().text_range(), text);
        }
        context.edit(range, format!("{before}{text}{after}"))
    }

    fn name(&self, context: &FixContext<'_>, site: &Site) -> String {
        let around = context.surroundings(site.anchor(&self.expr));
        let bound = site.bound_name().filter(|_| site.head().as_ref() == Some(&self.expr));
        if let Some(name) = bound
            && !site.is_used_outside_header(&around, &name)
        {
            return name;
        }
        let name = name_of(&self.expr);
        let noun = if self.copies { "snapshot" } else { "value" };
        let snapshot = name.as_ref().map(|name| match name.chars().count() {
            // `m_value` says no more than `value`.
            0..=2 => noun.to_owned(),
            _ => format!("{name}_{noun}"),
        });
        free_name(name.into_iter().chain(snapshot), |name| has_ident(&around, name))
    }
}

/// The insertion in front and the replacement may meet when the expression starts its statement.
fn merge_touching(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort();
    let mut merged: Vec<Edit> = Vec::new();
    for edit in edits {
        match merged.last_mut() {
            Some(last) if last.span.end == edit.span.start && last.span.start == last.span.end => {
                last.new_text.push_str(&edit.new_text);
                last.span.end = edit.span.end;
            }
            _ => merged.push(edit),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
