//! Fix: encloses a value's declaration and its uses before the await in a block, so that it is
//! dropped before the task may move to another thread.
//!
//! ```text
//! let guard = state.lock().unwrap();      let count = {
//! let count = guard.len();                    let guard = state.lock().unwrap();
//! save(count).await;                          guard.len()
//!                                         };
//!                                         save(count).await;
//! ```
//!
//! Values that are needed later come out of the block; an explicit `drop` at its end goes. When
//! something that comes out still borrows from the value, or is a guard itself, the block grows
//! over its uses. Declines when the value is used after (or by) the await, and when it is
//! not used at all: such a lock is there to span the await. Known problem: comments behind
//! the last statement stay on its line.

mod borrowed;
mod head;
mod merged;

use ra_ap_syntax::{AstNode, TextRange, ast};

use super::{
    Draft, FixContext, Reach,
    region::{Block, Region, name_of},
};
use crate::problem::Edit;

/// Drafts `enclose_in_block`.
pub(super) fn enclose_in_block(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref()?;
    let small = Region::find(context, name)?;
    if !small.later_uses().is_empty() {
        return taken_out(context, &small, name);
    }
    let is_idle = !small.uses_value() && small.dropped.is_none();
    if is_idle {
        return None;
    }
    let variants = enclosed(context, &small, name);
    (!variants.is_empty()).then(|| Draft {
        id: "enclose_in_block",
        title: format!("Enclose `{name}` in a block that ends before the `.await`"),
        note: None,
        variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

/// The ways to write a region as a block, nicest first.
pub(super) fn enclosed(context: &FixContext<'_>, small: &Region, name: &str) -> Vec<Vec<Edit>> {
    let grown = small.grown(name);
    let has_guard = small.escaping(name).iter().any(is_guard);
    let [near, far] = [small, &grown].map(|it| it.lifted(name));
    let order = if has_guard { [&far, &near] } else { [&near, &far] };
    let mut variants: Vec<Vec<Edit>> = Vec::new();
    for region in order.into_iter().filter(|it| !it.hides_item()) {
        let merged = merged::merged(context, region, name);
        for variant in [merged, tail(context, region, name), plain(context, region, name)] {
            let fresh = variant.filter(|it| !variants.contains(it));
            variants.extend(fresh);
        }
    }
    variants.extend(borrowed::borrowed(context, &far, name));
    variants
}

/// The value is used once more, at the start of the statement that awaits.
fn taken_out(context: &FixContext<'_>, region: &Region, name: &str) -> Option<Draft> {
    let head = head::find(context, region, name)?;
    Some(Draft {
        id: "enclose_in_block",
        title: format!("Take `{}` before the `.await` and let `{name}` go", head.taken),
        note: None,
        variants: head.variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

/// Whether a variable is declared as the guard of a lock.
fn is_guard(binding: &ast::IdentPat) -> bool {
    let stmt = binding.syntax().ancestors().find_map(ast::LetStmt::cast);
    let value = stmt.and_then(|it| it.initializer());
    value.is_some_and(|it| {
        let text = it.syntax().text().to_string();
        let text = text.trim_end_matches(".unwrap()").trim_end_matches('?');
        let text = text.split(".expect(").next().unwrap_or(text);
        [".lock()", ".read()", ".write()", ".borrow()", ".borrow_mut()"]
            .iter()
            .any(|call| text.ends_with(call))
    })
}

/// When the last enclosed statement is `let x = EXPR;` and only `x` comes out, `EXPR` becomes the
/// block's value.
fn tail(context: &FixContext<'_>, region: &Region, held: &str) -> Option<Vec<Edit>> {
    let escaping = region.escaping(held);
    let [only] = escaping.as_slice() else {
        return None;
    };
    let last = ast::LetStmt::cast(region.inside.last()?.clone())?;
    let pat = last.pat().filter(|pat| pat.syntax() == only.syntax())?;
    let value = last.initializer().filter(|_| last.let_else().is_none())?;
    if !region.uses_value() {
        return None;
    }
    let ty = last.ty().map(|ty| format!(": {}", ty.syntax().text())).unwrap_or_default();
    let block = Block::new(context, region)?;
    let mut edits = block.open(&format!("let {}{ty} = ", pat.syntax().text()));
    let stmt = last.syntax().text_range();
    let value = value.syntax().text_range();
    edits.push(context.edit(TextRange::new(stmt.start(), value.start()), ""));
    let semicolon = TextRange::new(value.end(), stmt.end());
    let mut close = block.close(region, None, "};");
    if block.end_of_line(stmt.end()) == stmt.end() && region.dropped.is_none() {
        // One edit: `;` becomes the end of the block.
        let text = close.pop()?.new_text;
        edits.push(context.edit(semicolon, text));
    } else {
        edits.push(context.edit(semicolon, ""));
        edits.append(&mut close);
    }
    Some(edits)
}

/// The general form: the values that come out are named at the end of the block.
fn plain(context: &FixContext<'_>, region: &Region, held: &str) -> Option<Vec<Edit>> {
    let escaping = region.escaping(held);
    let names: Vec<String> = escaping.iter().filter_map(name_of).collect();
    let patterns: Vec<String> = escaping
        .iter()
        .filter_map(|pat| {
            let mutable = pat.mut_token().map_or("", |_| "mut ");
            Some(format!("{mutable}{}", name_of(pat)?))
        })
        .collect();
    let (head, value, end) = match (names.as_slice(), patterns.as_slice()) {
        ([], _) => (String::new(), None, "}"),
        ([name], [pattern]) => (format!("let {pattern} = "), Some(name.clone()), "};"),
        _ => (
            format!("let ({}) = ", patterns.join(", ")),
            Some(format!("({})", names.join(", "))),
            "};",
        ),
    };
    let block = Block::new(context, region)?;
    let mut edits = block.open(&head);
    edits.extend(block.close(region, value.as_deref(), end));
    Some(edits)
}

#[cfg(test)]
mod tests;
