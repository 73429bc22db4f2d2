//! The statement that awaits begins with something that it takes out of the value: that comes out
//! of the block in its place.
//!
//! ```text
//! let mut jobs = jobs.lock().unwrap();        let job = jobs.lock().unwrap().pop();
//! if let Some(job) = jobs.pop() {             if let Some(job) = job {
//!     run(job).await;                             run(job).await;
//! }                                           }
//! ```
//!
//! What is only read is left to `clone_out_of_guard`.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self, HasName},
};

use crate::{
    fixes::{
        FixContext,
        chain::{free_name, name_of, projection},
        context::{has_ident, is_postfix, mentions_await, mentions_outside},
        place::{Place, is_first_effect},
        reads::Read,
        region::{self, Block, Region},
    },
    problem::Edit,
};

/// What is taken, and the ways to write it.
pub(super) struct Head {
    pub(super) taken: String,
    pub(super) variants: Vec<Vec<Edit>>,
}

/// The head of the only later statement that uses the value.
pub(super) fn find(context: &FixContext<'_>, region: &Region, held: &str) -> Option<Head> {
    let [stmt] = region.later_uses() else {
        return None;
    };
    if region.after.first() != Some(stmt) || is_only_read(context, stmt, held) {
        return None;
    }
    let (use_, expr) = taken(stmt, held)?;
    let taking = Taking { context, region, stmt, held, use_, expr };
    let name = taking.name();
    let mut variants: Vec<Vec<Edit>> = taking.inline(&name).into_iter().collect();
    for form in taking.forms() {
        variants.extend(taking.block(&name, &form));
    }
    let taken = context.shorten(&taking.expr.syntax().text().to_string());
    Some(Head { taken, variants })
}

fn is_only_read(context: &FixContext<'_>, stmt: &SyntaxNode, held: &str) -> bool {
    context.holds_lock() && Read::all_in(context, stmt, held, true).is_some()
}

/// The first use of the value, and the smallest expression around it that has all uses in it, is
/// evaluated once and before anything else of the statement, and does not await.
fn taken(stmt: &SyntaxNode, held: &str) -> Option<(TextRange, ast::Expr)> {
    let mut uses = stmt.descendants().filter_map(ast::PathExpr::cast);
    let first = uses.find(|it| it.syntax().text() == held)?;
    let use_ = first.syntax().text_range();
    let start = projection(&ast::Expr::PathExpr(first));
    let around = start.syntax().ancestors().take_while(|it| it != stmt);
    let mut exprs = around.take_while(|it| !mentions_await(it)).map_while(ast::Expr::cast);
    let expr = exprs.find(|it| !mentions_outside(stmt, it.syntax(), held))?;
    let is_value = !matches!(expr, ast::Expr::LetExpr(_) | ast::Expr::PathExpr(_));
    let is_first = matches!(Place::of(expr.syntax())?, Place::Before(node) if node == *stmt)
        && is_first_effect(stmt, expr.syntax());
    (is_value && is_first && !is_assigned(&expr)).then_some((use_, expr))
}

fn is_assigned(expr: &ast::Expr) -> bool {
    let parent = expr.syntax().parent().and_then(ast::BinExpr::cast);
    parent.is_some_and(|it| matches!(it.op_kind(), Some(ast::BinaryOp::Assignment { .. })))
}

struct Taking<'a> {
    context: &'a FixContext<'a>,
    region: &'a Region,
    stmt: &'a SyntaxNode,
    held: &'a str,
    /// Where the value is used first.
    use_: TextRange,
    expr: ast::Expr,
}

impl Taking<'_> {
    /// How the taken value is written in the block.
    fn forms(&self) -> Vec<String> {
        let text = self.expr.syntax().text().to_string();
        let is_iterated =
            self.expr.syntax().parent().is_some_and(|it| it.kind() == SyntaxKind::FOR_EXPR);
        let collected = is_iterated.then(|| format!("{text}.collect::<Vec<_>>()"));
        collected.into_iter().chain([text]).collect()
    }

    /// The name that the statement gives to what it takes, else one of its own.
    fn name(&self) -> String {
        let around = self.context.surroundings(self.stmt);
        // Behind a `let` its own variable is the one that is meant.
        let is_let = ast::LetStmt::can_cast(self.stmt.kind());
        let is_free = |name: &str| {
            let later = self.region.later().filter(|it| !is_let && *it != self.stmt);
            self.region.inside.iter().chain(later).all(|it| !has_ident(it, name))
        };
        if let Some(name) = self.bound_name().filter(|it| it != self.held && is_free(it)) {
            return name;
        }
        let own = name_of(&self.expr).filter(|it| it != self.held);
        let long = own.as_ref().map(|own| format!("{}_{own}", self.held));
        free_name(own.into_iter().chain(long).chain(["taken".to_owned()]), |name| {
            has_ident(&around, name)
        })
    }

    /// `let Some(job) = ..`, `if let Some(job) = ..`: the only name in the pattern.
    fn bound_name(&self) -> Option<String> {
        let parent = self.expr.syntax().parent()?;
        let pat = ast::LetStmt::cast(parent.clone())
            .and_then(|it| it.pat())
            .or_else(|| ast::LetExpr::cast(parent)?.pat())?;
        let mut names = pat.syntax().descendants().filter_map(ast::IdentPat::cast);
        let names: Vec<String> = names.by_ref().filter_map(|it| region::name_of(&it)).collect();
        let [name] = names.as_slice() else {
            return None;
        };
        Some(name.clone())
    }

    /// In place of the value's own `let`, when nothing else needs the value.
    fn inline(&self, name: &str) -> Option<Vec<Edit>> {
        let stmt = self.context.let_stmt().filter(|it| it.let_else().is_none())?;
        let is_alone = !self.region.uses_value() && self.region.dropped.is_none();
        let is_next = stmt.syntax().next_sibling().as_ref() == Some(self.stmt);
        let pattern = ast::IdentPat::cast(stmt.pat()?.syntax().clone())?;
        let is_whole = pattern.name().is_some_and(|it| it.text() == self.held);
        let source = stmt.initializer().filter(is_postfix)?.syntax().text().to_string();
        let code = self.expr.syntax().text().to_string();
        let start = self.expr.syntax().text_range().start();
        let at = std::ops::Range::<usize>::from(self.use_ - start);
        let rest = code.get(at.end..)?;
        let uses = self.expr.syntax().descendants().filter(|it| it.text() == self.held);
        let is_single = uses.filter_map(ast::PathExpr::cast).count() == 1;
        if !(is_alone && is_next && is_whole && is_single) || self.forms().len() > 1 {
            return None;
        }
        let code = format!("{}{source}{rest}", code.get(..at.start)?);
        let range = stmt.syntax().text_range();
        Some(vec![
            self.context.edit(range, format!("let {name} = {code};")),
            self.context.edit(self.expr.syntax().text_range(), name),
        ])
    }

    /// All up to the statement in a block.
    fn block(&self, name: &str, form: &str) -> Option<Vec<Edit>> {
        let region = self.region.up_to_await();
        let mut patterns: Vec<String> = Vec::new();
        let mut values: Vec<String> = Vec::new();
        for binding in region.escaping(self.held) {
            let escaping = region::name_of(&binding)?;
            let mutable = binding.mut_token().map_or("", |_| "mut ");
            patterns.push(format!("{mutable}{escaping}"));
            values.push(escaping);
        }
        patterns.push(name.to_owned());
        values.push(form.to_owned());
        let (pattern, value) = match (patterns.as_slice(), values.as_slice()) {
            ([pattern], [value]) => (pattern.clone(), value.clone()),
            _ => (format!("({})", patterns.join(", ")), format!("({})", values.join(", "))),
        };
        let block = Block::new(self.context, &region)?;
        let mut edits = block.open(&format!("let {pattern} = "));
        edits.extend(block.close(&region, Some(&value), "};"));
        edits.push(self.context.edit(self.expr.syntax().text_range(), name));
        Some(edits)
    }
}
