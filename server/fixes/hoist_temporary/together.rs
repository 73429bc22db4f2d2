//! Several temporaries of one statement, which would each be reported once the other is gone.
//!
//! ```text
//!                                             let wait = m.lock().unwrap().wait;
//!                                             let url = m.lock().unwrap().url.clone();
//! timeout(m.lock().unwrap().wait,             timeout(wait, load(url)).await;
//!     load(m.lock().unwrap().url.clone())).await;
//! ```

use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self},
};

use super::merge_touching;
use crate::{
    fixes::{
        FixContext,
        chain::{free_name, name_of, owned_forms, projection},
        context::has_ident,
        place::{Place, is_harmless},
    },
    problem::Edit,
};

/// A read of one temporary.
struct Part {
    expr: ast::Expr,
    forms: Vec<String>,
}

/// What is read of all temporaries of the value's statement, for the title, and the ways to hoist
/// them; `None` when it has only one.
pub(super) fn together(context: &FixContext<'_>) -> Option<(String, Vec<Vec<Edit>>)> {
    let (place, parts) = parts(context)?;
    let text = |it: &Part| format!("`{}`", context.shorten(&it.expr.syntax().text().to_string()));
    let texts: Vec<String> = parts.iter().map(text).collect();
    let around = context.surroundings(place.node());
    let mut names: Vec<String> = Vec::new();
    for part in &parts {
        let own = name_of(&part.expr).into_iter();
        let name =
            free_name(own, |it| has_ident(&around, it) || names.iter().any(|known| known == it));
        names.push(name);
    }
    let variant = |last: bool| {
        let form = |part: &Part| match last {
            true => part.forms.get(1).or(part.forms.first()).cloned(),
            false => part.forms.first().cloned(),
        };
        let lets = parts.iter().zip(&names);
        let lets: Option<Vec<String>> =
            lets.map(|(part, name)| Some(format!("let {name} = {};", form(part)?))).collect();
        let mut edits = place.insert(context, &lets?);
        let places = parts.iter().zip(&names);
        edits.extend(places.map(|(it, name)| context.edit(it.expr.syntax().text_range(), name)));
        Some(merge_touching(edits))
    };
    let mut variants: Vec<Vec<Edit>> = [false, true].into_iter().filter_map(variant).collect();
    variants.dedup();
    Some((texts.join(", "), variants))
}

/// What is read of each temporary, in the order of evaluation, and the statement.
fn parts(context: &FixContext<'_>) -> Option<(Place, Vec<Part>)> {
    let file = context.file;
    let held = context.problem.held.iter();
    let held = held.filter(|it| it.name.is_none() && it.span.file == file);
    let mut ranges: Vec<TextRange> = held.filter_map(|it| context.lines.range(&it.span)).collect();
    ranges.sort_by_key(|it| it.start());
    ranges.dedup();
    let place = Place::of(&context.value_node())?;
    let stmt = place.node().clone();
    ranges.retain(|it| stmt.text_range().contains_range(*it));
    let exprs: Option<Vec<ast::Expr>> = ranges.iter().map(|it| read_at(&stmt, *it)).collect();
    let exprs = exprs.filter(|it| it.len() > 1)?;
    let hoisted: Vec<TextRange> = exprs.iter().map(|it| it.syntax().text_range()).collect();
    let are_apart = hoisted.windows(2).all(|it| matches!(it, [a, b] if a.end() <= b.start()));
    let is_here = |it: &ast::Expr| Place::of(it.syntax()).is_some_and(|it| *it.node() == stmt);
    let are_first = exprs.iter().all(|it| is_here(it) && runs_first(&stmt, it.syntax(), &hoisted));
    let part = |expr: &ast::Expr| Part { forms: owned_forms(expr, false), expr: expr.clone() };
    (are_apart && are_first).then(|| (place, exprs.iter().map(part).collect()))
}

/// What is read of the temporary at a range; the temporary alone is no value to keep.
fn read_at(stmt: &SyntaxNode, range: TextRange) -> Option<ast::Expr> {
    let mut exprs = stmt.descendants().filter_map(ast::Expr::cast);
    let value = exprs.find(|it| it.syntax().text_range() == range)?;
    let read = projection(&value);
    (read.syntax().text_range() != range).then_some(read)
}

/// Whether only harmless code, and what is hoisted too, is evaluated before an expression.
fn runs_first(stmt: &SyntaxNode, expr: &SyntaxNode, hoisted: &[TextRange]) -> bool {
    expr.ancestors().take_while(|it| it != stmt).all(|node| {
        let mut earlier = node.siblings(ra_ap_syntax::Direction::Prev).skip(1);
        earlier.all(|it| hoisted.contains(&it.text_range()) || is_harmless(&it))
    })
}
