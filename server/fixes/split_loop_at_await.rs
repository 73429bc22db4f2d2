//! Fix: a loop over items that are not `Send` ends before its await; a second loop goes on with
//! the values that it needs.
//!
//! ```text
//! for link in page.select(&links) {       let mut hrefs = Vec::new();
//!     let href = link.attr("href")?;      for link in page.select(&links) {
//!     fetch(href).await;                      let href = link.attr("href")?;
//! }                                           hrefs.push(href.to_owned());
//!                                         }
//!                                         for href in hrefs {
//!                                             fetch(&href).await;
//!                                         }
//! ```
//!
//! An `if` without `else` at the end of the body stays with the first loop. Declines where the
//! first part of the body leaves the fn or may see what the second part changes, and for iterators
//! that seem to wait for others or never to end. Known problem: the first part runs for all items
//! before the second runs for one; the note says so.

mod parts;

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self, HasLoopBody},
};

use self::parts::Parts;
use super::{
    Draft, FixContext, Reach,
    chain::{free_name, is_owned, name_of, owned_forms},
    context::{has_ident, mentions},
    reads::{Read, distinct},
    region,
};
use crate::problem::Edit;

/// Every variant costs a run of the compiler.
const VARIANTS_MAX: usize = 6;
/// More values than this make no readable tuple.
const VALUES_MAX: usize = 4;

/// Drafts `split_loop_at_await`.
pub(super) fn split_loop_at_await(context: &FixContext<'_>) -> Option<Draft> {
    let for_ = looped(context)?;
    let parts = Parts::new(context, &for_)?;
    let values = values(context, &parts)?;
    let variants = variants(context, &parts, &values);
    (!variants.is_empty()).then(|| Draft {
        id: "split_loop_at_await",
        title: "End the loop before its `.await`, and go on in a second one".to_owned(),
        note: Some(
            "The first part of the loop then runs for all items before the second runs for one."
                .to_owned(),
        ),
        variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

/// The loop whose items, or whose iterator, are at fault.
fn looped(context: &FixContext<'_>) -> Option<ast::ForExpr> {
    let for_ = context.value_node().ancestors().find_map(ast::ForExpr::cast)?;
    let holds = |it: Option<&SyntaxNode>| {
        it.is_some_and(|it| it.text_range().contains_range(context.value))
    };
    let (pattern, iterable) = (for_.pat(), for_.iterable());
    let is_ours = holds(pattern.as_ref().map(AstNode::syntax))
        || holds(iterable.as_ref().map(AstNode::syntax));
    let ends = for_.iterable().is_some_and(|it| !may_wait(context, &it));
    (is_ours && ends && for_.label().is_none()).then_some(for_)
}

/// Whether an iterator may wait for others, or never end: nobody may wait for all of its items.
fn may_wait(context: &FixContext<'_>, iterable: &ast::Expr) -> bool {
    const WAIT: &[&str] = &[
        "rx",
        "recv",
        "receiver",
        "incoming",
        "listener",
        "stdin",
        "lines",
        "inbox",
        "channel",
        "queue",
        "events",
        "cycle",
        "repeat",
        "successors",
        "from_fn",
        "mpsc",
        "lock",
    ];
    let ty = context.held.ty.as_deref().unwrap_or_default().to_lowercase();
    let text = iterable.syntax().text().to_string().to_lowercase();
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let is_open = text.ends_with("..") || text.contains("..)");
    is_open || words(&text).iter().chain(&words(&ty)).any(|it| WAIT.contains(&it.as_str()))
}

/// What the second loop needs of the first.
struct Value {
    /// What the second loop calls it, with `mut` where it is changed.
    pattern: String,
    /// How it can be written so that it stands on its own, likeliest first.
    forms: Vec<String>,
    /// Where the second loop reads it, and what stands there then for an owned value.
    reads: Vec<(TextRange, String)>,
}

impl Value {
    fn name(&self) -> &str {
        self.pattern.trim_start_matches("mut ")
    }
}

fn values(context: &FixContext<'_>, parts: &Parts) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    let held = context.held.name.as_deref();
    for (at, binding) in parts.bindings.iter().enumerate() {
        let Some(name) = region::name_of(binding) else { continue };
        // Of two with one name the later counts.
        let mut later = parts.bindings.iter().skip(at + 1);
        if later.any(|it| region::name_of(it).as_ref() == Some(&name)) {
            continue;
        }
        if !parts.second.iter().any(|it| mentions(it, &name)) {
            continue;
        }
        if held == Some(name.as_str()) {
            values.extend(read_of_item(context, parts, &name)?);
        } else {
            values.push(variable(context, parts, binding, &name)?);
        }
    }
    (values.len() <= VALUES_MAX && !values.is_empty()).then_some(values)
}

/// What the second part reads of the item itself: `link.text().collect()`.
fn read_of_item(context: &FixContext<'_>, parts: &Parts, item: &str) -> Option<Vec<Value>> {
    let mut reads = Vec::new();
    for stmt in &parts.second {
        reads.extend(Read::all_in(context, stmt, item, false)?);
    }
    let around = context.surroundings(parts.for_.syntax());
    let mut values: Vec<Value> = Vec::new();
    for value in distinct(&reads) {
        if value.text() == item {
            return None;
        }
        let field = value.expr().syntax().parent().and_then(ast::RecordExprField::cast);
        let field = field.and_then(|it| Some(it.name_ref()?.text().to_string()));
        let own = field.or_else(|| name_of(value.expr())).filter(|it| it != item);
        let long = own.as_ref().map(|own| format!("{item}_{own}"));
        let candidates = own.into_iter().chain(long);
        // A field's name is no variable's.
        let is_variable = |it: &str| {
            let names = around
                .descendants()
                .filter(|it| ast::Name::can_cast(it.kind()) || ast::PathExpr::can_cast(it.kind()));
            names.into_iter().any(|name| name.text() == it)
        };
        let pattern = free_name(candidates, |it| {
            is_variable(it) || values.iter().any(|known| known.name() == it)
        });
        let same = reads.iter().filter(|it| it.text() == value.text());
        let reads = same.map(|it| (place_of(it, &pattern), pattern.clone())).collect();
        values.push(Value { forms: owned_forms(value.expr(), false), pattern, reads });
    }
    Some(values)
}

/// What gives way to a name: the read, or all of `name: READ`.
fn place_of(read: &Read, name: &str) -> TextRange {
    let field = read.expr().syntax().parent().and_then(ast::RecordExprField::cast);
    let field = field.filter(|it| it.name_ref().is_some_and(|it| it.text() == name));
    field.map_or(read.range(), |it| it.syntax().text_range())
}

/// A variable of the first part. What may be borrowed is copied; an argument then gets `&`.
fn variable(
    context: &FixContext<'_>,
    parts: &Parts,
    binding: &ast::IdentPat,
    name: &str,
) -> Option<Value> {
    let mut reads = Vec::new();
    for stmt in &parts.second {
        let found = Read::all_outside_strings(context, stmt, name, false).unwrap_or_default();
        let whole = found.iter().filter(|it| it.text() == name);
        let passed = whole.filter(|it| {
            it.expr().syntax().parent().is_some_and(|it| it.kind() == SyntaxKind::ARG_LIST)
        });
        reads.extend(passed.map(|it| (it.range(), format!("&{name}"))));
    }
    let mutable = binding.mut_token().map_or("", |_| "mut ");
    let made = binding.syntax().ancestors().find_map(ast::LetStmt::cast);
    let made = made.and_then(|it| it.initializer());
    let is_own = made.is_some_and(|it| is_owned(&it)) || !mutable.is_empty();
    let copies = [format!("{name}.to_owned()"), format!("{name}.clone()")];
    let plain = [name.to_owned()];
    let forms = match is_own {
        true => plain.into_iter().chain(copies).collect(),
        false => copies.into_iter().take(1).chain(plain).collect(),
    };
    Some(Value { pattern: format!("{mutable}{name}"), forms, reads })
}

fn variants(context: &FixContext<'_>, parts: &Parts, values: &[Value]) -> Vec<Vec<Edit>> {
    let mut choices: Vec<Vec<&str>> = vec![Vec::new()];
    for value in values {
        choices = value
            .forms
            .iter()
            .flat_map(|form| {
                choices
                    .iter()
                    .map(move |known| known.iter().copied().chain([form.as_str()]).collect())
            })
            .take(VARIANTS_MAX)
            .collect();
    }
    choices.iter().filter_map(|forms| variant(context, parts, values, forms)).collect()
}

fn variant(
    context: &FixContext<'_>,
    parts: &Parts,
    values: &[Value],
    forms: &[&str],
) -> Option<Vec<Edit>> {
    let patterns: Vec<&str> = values.iter().map(|it| it.pattern.as_str()).collect();
    let around = context.surroundings(parts.for_.syntax());
    let many = match (values, context.held.name.as_deref()) {
        ([one], _) => plural(one.name()),
        (_, Some(item)) => plural(item),
        _ => "items".to_owned(),
    };
    let candidates = [many.clone(), format!("{many}_needed"), "items".to_owned()];
    let many = free_name(candidates, |it| has_ident(&around, it));
    let mut replaced: Vec<(TextRange, String)> = Vec::new();
    for (value, form) in values.iter().zip(forms) {
        // A variable that is moved as it is stays what it was.
        let is_moved = *form == value.name();
        replaced.extend(value.reads.iter().filter(|_| !is_moved).cloned());
    }
    parts.written(context, &many, &tuple(&patterns), &tuple(forms), &replaced)
}

fn tuple(parts: &[&str]) -> String {
    match parts {
        [one] => (*one).to_owned(),
        many => format!("({})", many.join(", ")),
    }
}

fn plural(name: &str) -> String {
    match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if name.ends_with('s') => format!("{name}_list"),
        _ => format!("{name}s"),
    }
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "split_loop_at_await";
    const TY: &str = "ElementRef<'_>";

    #[test]
    fn what_is_needed_is_collected() {
        check(
            ID,
            TY,
            "
async fn f(seite: Html) {
    for $0link$0 in seite.select(&größen) {
        let Some(href) = link.attr(\"href\") else { continue }; // ż
        let page = fetch(href).$1await;
        out.push(page);
    }
}
",
            "
async fn f(seite: Html) {
    let mut hrefs = Vec::new();
    for link in seite.select(&größen) {
        let Some(href) = link.attr(\"href\") else { continue }; // ż
        hrefs.push(href.to_owned());
    }
    for href in hrefs {
        let page = fetch(&href).await;
        out.push(page);
    }
}
",
        );
    }

    #[test]
    fn what_is_read_of_the_item_later() {
        check(
            ID,
            TY,
            "
async fn f(seite: Html) {
    for $0link$0 in seite.select(&größen) {
        let href = link.href().to_string();
        let page = fetch(&href).$1await;
        out.push(Article { title: link.text().collect(), page });
    }
}
",
            "
async fn f(seite: Html) {
    let mut links = Vec::new();
    for link in seite.select(&größen) {
        let href = link.href().to_string();
        links.push((link.text().collect(), href));
    }
    for (title, href) in links {
        let page = fetch(&href).await;
        out.push(Article { title, page });
    }
}
",
        );
    }

    #[test]
    fn a_condition_stays_with_the_first_loop() {
        check(
            ID,
            TY,
            "
async fn f(seite: Html) {
    for $0img$0 in seite.select(&größen) {
        if let Some(src) = img.attr(\"src\") {
            let bytes = fetch(src).$1await;
            save(bytes);
        }
    }
}
",
            "
async fn f(seite: Html) {
    let mut srcs = Vec::new();
    for img in seite.select(&größen) {
        if let Some(src) = img.attr(\"src\") {
            srcs.push(src.to_owned());
        }
    }
    for src in srcs {
        let bytes = fetch(&src).await;
        save(bytes);
    }
}
",
        );
    }

    #[test]
    fn declines() {
        for body in [
            // The item itself is needed.
            "for $0link$0 in a.select() { let h = link.h(); io(h).$1await; keep(link); }",
            // The first part leaves the fn.
            "for $0link$0 in a.select() { if bad(&link) { return; } let h = link.h(); io(h).$1await; }",
            // The second part changes what the first one reads.
            "for $0link$0 in a.select() { if seen.contains(&link) { continue; } let h = link.h(); io(h).$1await; seen.push(h); }",
            // Nothing would be known of the items.
            "for $0link$0 in a.select() { io().$1await; }",
        ] {
            let body = body.replace("{ ", "{\n").replace("; ", ";\n");
            check_declines(ID, TY, &format!("async fn f(größe: A) {{\n{body}\n}}"));
        }
        for iterable in ["rx.iter()", "self.größen_rx", "stdin().lines()", "(0..)", "l.incoming()"]
        {
            let code = format!(
                "async fn f() {{\nfor $0link$0 in {iterable} {{\nlet h = link.h();\nio(h).$1await;\n}}\n}}"
            );
            check_declines(ID, TY, &code);
        }
        check_declines(ID, TY, "async fn f() {\nlet $0x$0 = g();\nio().$1await;\n}");
    }
}
