//! What later statements read of a reference into the value comes out of the block in its place.
//!
//! ```text
//! let mut map = map.lock().unwrap();      let user = {
//! let session = map.get_mut(&id)?;            let mut map = map.lock().unwrap();
//! session.hits += 1;                          let session = map.get_mut(&id)?;
//! notify(session.user.clone()).await;         session.hits += 1;
//!                                             session.user.clone()
//!                                         };
//!                                         notify(user).await;
//! ```

use ra_ap_syntax::{
    AstNode, SyntaxKind,
    ast::{self},
};

use crate::{
    fixes::{
        FixContext,
        chain::{free_name, is_owned, name_of, owned_forms},
        context::{has_ident, mentions},
        reads::{Read, distinct},
        region::{self, Block, Region},
    },
    problem::Edit,
};

/// Every variant costs a run of the compiler.
const VARIANTS_MAX: usize = 4;
/// More values than this make no readable tuple.
const VALUES_MAX: usize = 4;

/// The variants that copy out of a reference; none when no reference comes out.
pub(super) fn borrowed(context: &FixContext<'_>, region: &Region, held: &str) -> Vec<Vec<Edit>> {
    find(context, region, held).map(|it| it.variants(context, region)).unwrap_or_default()
}

struct Copies {
    /// What comes out besides: patterns and names.
    others: Vec<(String, String)>,
    reads: Vec<Read>,
    values: Vec<Read>,
    names: Vec<String>,
    /// The references.
    sources: Vec<String>,
}

fn find(context: &FixContext<'_>, region: &Region, held: &str) -> Option<Copies> {
    let lent = lent(region, held);
    let (references, others): (Vec<_>, Vec<_>) =
        region.escaping(held).into_iter().partition(|it| is_made_of(it, &lent));
    let sources: Vec<String> = references.iter().filter_map(region::name_of).collect();
    let mut reads = Vec::new();
    for source in &sources {
        for stmt in region.later() {
            reads.extend(Read::all_in(context, stmt, source, true)?);
        }
    }
    let values = distinct(&reads);
    if values.is_empty() || values.len() > VALUES_MAX {
        return None;
    }
    let stmt = context.let_stmt()?;
    let around = context.surroundings(stmt.syntax());
    let mut names: Vec<String> = Vec::new();
    for value in &values {
        if sources.contains(&value.text()) {
            names.push(value.text());
            continue;
        }
        let own = name_of(value.expr());
        let long = own.as_ref().zip(sources.first()).map(|(own, of)| format!("{of}_{own}"));
        let name = free_name(own.into_iter().chain(long), |it| {
            has_ident(&around, it) || names.iter().any(|known| known == it)
        });
        names.push(name);
    }
    let others = others.iter().filter_map(|it| {
        let mutable = it.mut_token().map_or("", |_| "mut ");
        let name = region::name_of(it)?;
        Some((format!("{mutable}{name}"), name))
    });
    Some(Copies { others: others.collect(), reads, values, names, sources })
}

/// The value, and the variables that may borrow from it, some through others.
fn lent(region: &Region, held: &str) -> Vec<String> {
    let mut lent = vec![held.to_owned()];
    for stmt in region.inside.iter().filter_map(|it| ast::LetStmt::cast(it.clone())) {
        let bindings = stmt.syntax().children().filter(|it| ast::Pat::can_cast(it.kind()));
        let bindings = bindings.flat_map(|it| it.descendants()).filter_map(ast::IdentPat::cast);
        let made: Vec<ast::IdentPat> = bindings.filter(|it| is_made_of(it, &lent)).collect();
        lent.extend(made.iter().filter_map(region::name_of));
    }
    lent
}

/// Whether a variable is declared by something that may lend it a part of one of these.
fn is_made_of(binding: &ast::IdentPat, lent: &[String]) -> bool {
    let stmt = binding.syntax().ancestors().find_map(ast::LetStmt::cast);
    let value = stmt.and_then(|it| it.initializer());
    value
        .is_some_and(|it| !is_owned(&it) && lent.iter().any(|lender| mentions(it.syntax(), lender)))
}

impl Copies {
    fn variants(&self, context: &FixContext<'_>, region: &Region) -> Vec<Vec<Edit>> {
        let mut choices: Vec<Vec<String>> = vec![Vec::new()];
        for value in &self.values {
            let forms = owned_forms(value.expr(), self.sources.contains(&value.text()));
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
        let whole = self.whole(context, region);
        let parts = choices.iter().filter_map(|forms| self.variant(context, region, forms));
        whole.into_iter().chain(parts).collect()
    }

    /// Where what comes out is cloned later anyway, the clone comes out under the same name.
    fn whole(&self, context: &FixContext<'_>, region: &Region) -> Option<Vec<Edit>> {
        let [source] = self.sources.as_slice() else { return None };
        let clone = format!("{source}.clone()");
        let is_cloned = self.values.iter().any(|it| it.text() == clone);
        if !is_cloned || !self.others.is_empty() {
            return None;
        }
        let block = Block::new(context, region)?;
        let mut edits = block.open(&format!("let {source} = "));
        edits.extend(block.close(region, Some(&clone), "};"));
        let passed_on = self.reads.iter().filter(|it| it.text() == *source && is_passed_on(it));
        edits.extend(passed_on.map(|it| context.edit(it.range(), format!("&{source}"))));
        Some(edits)
    }

    fn variant(
        &self,
        context: &FixContext<'_>,
        region: &Region,
        forms: &[String],
    ) -> Option<Vec<Edit>> {
        let (mut patterns, mut values): (Vec<String>, Vec<String>) =
            self.others.iter().cloned().unzip();
        patterns.extend(self.names.iter().cloned());
        values.extend(forms.iter().cloned());
        let (pattern, value) = match (patterns.as_slice(), values.as_slice()) {
            ([pattern], [value]) => (pattern.clone(), value.clone()),
            _ => (format!("({})", patterns.join(", ")), format!("({})", values.join(", "))),
        };
        let block = Block::new(context, region)?;
        let mut edits = block.open(&format!("let {pattern} = "));
        edits.extend(block.close(region, Some(&value), "};"));
        for read in &self.reads {
            let at = self.values.iter().position(|it| it.text() == read.text())?;
            let name = self.names.get(at)?;
            if !self.sources.contains(name) {
                edits.push(context.edit(read.range(), name.clone()));
            } else if is_passed_on(read) {
                edits.push(context.edit(read.range(), format!("&{name}")));
            }
        }
        Some(edits)
    }
}

/// The reference itself is an argument: a reference to the copy takes its place.
fn is_passed_on(read: &Read) -> bool {
    let parent = read.expr().syntax().parent();
    parent.is_some_and(|it| matches!(it.kind(), SyntaxKind::ARG_LIST | SyntaxKind::LET_STMT))
}
