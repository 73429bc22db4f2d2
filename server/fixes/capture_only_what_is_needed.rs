//! Fix: takes what an async block reads of a captured value out before the block, so that the
//! block captures that instead of the value.
//!
//! ```text
//!                                     let name = user.name.clone();
//! spawn(async move {                  spawn(async move {
//!     greet(&user.name).await;            greet(&name).await;
//! });                                 });
//! ```
//!
//! A value that is needed whole is copied out of its `Rc` under its own name. Declines when the
//! block may write through the value, and when what it reads depends on the block's own
//! variables. Known problem: what others change before the future runs is not seen; the note
//! says so.

use ra_ap_syntax::{AstNode, SyntaxKind, ast};

use super::{
    Draft, FixContext, Reach,
    captured::Capture,
    chain::{free_name, name_of, owned_forms},
    context::has_ident,
    reads::{Read, distinct},
};
use crate::problem::Edit;

/// Every variant costs a run of the compiler.
const VARIANTS_MAX: usize = 9;
/// More values than this are better passed another way.
const VALUES_MAX: usize = 4;

/// Drafts `capture_only_what_is_needed`.
pub(super) fn capture_only_what_is_needed(context: &FixContext<'_>) -> Option<Draft> {
    let capture = Capture::find(context)?;
    if is_only_dropped(&capture) {
        return None;
    }
    let reads = reads(context, &capture);
    let values = reads.as_deref().map(distinct).unwrap_or_default();
    let mut variants = Vec::new();
    if let Some(reads) = reads.filter(|it| !it.is_empty())
        && values.len() <= VALUES_MAX
        && !values.iter().any(|it| it.text() == capture.name)
    {
        variants.extend(parts(context, &capture, &reads, &values));
    }
    variants.extend(whole(context, &capture));
    variants.truncate(VARIANTS_MAX);
    let what: Vec<String> =
        values.iter().map(|it| format!("`{}`", context.shorten(&it.text()))).collect();
    let what = if what.is_empty() { format!("`{}`", capture.name) } else { what.join(", ") };
    (!variants.is_empty()).then(|| Draft {
        id: "capture_only_what_is_needed",
        title: format!("Read {what} before the `async` block"),
        note: Some(format!(
            "The block works on a copy: what happens to `{}` before it runs is not seen.",
            capture.name
        )),
        variants,
        reach: Reach::Body,
        repairs: &[],
    })
}

/// Whether the block does nothing with the value but end it: there is nothing that it needs.
fn is_only_dropped(capture: &Capture) -> bool {
    let is_dropped = |path: &ast::PathExpr| {
        let call = path.syntax().parent().and_then(|it| ast::CallExpr::cast(it.parent()?));
        let callee = call.and_then(|it| it.expr()).map(|it| it.syntax().text().to_string());
        callee.is_some_and(|it| it.rsplit("::").next() == Some("drop"))
    };
    let paths = capture.block.syntax().descendants().filter_map(ast::PathExpr::cast);
    let ours: Vec<_> = paths.filter(|it| it.syntax().text() == capture.name.as_str()).collect();
    let mut tokens = capture.block.syntax().descendants_with_tokens();
    let others = |it: &ast::PathExpr| it.syntax().text_range();
    let is_elsewhere = tokens.any(|it| {
        it.as_token().is_some_and(|token| {
            token.kind() == SyntaxKind::STRING
                && token.text().contains(&format!("{{{}", capture.name))
                || token.text() == capture.name
                    && !ours.iter().any(|it| others(it) == token.text_range())
        })
    });
    !ours.is_empty() && !is_elsewhere && ours.iter().all(is_dropped)
}

/// The reads of the block, as far as all of them can move out.
fn reads(context: &FixContext<'_>, capture: &Capture) -> Option<Vec<Read>> {
    let reads = Read::all_in(context, capture.block.syntax(), &capture.name, true)?;
    let is_fit =
        |it: &Read| !capture.depends_on_block(it.expr().syntax()) && !is_awaited(it.expr());
    reads.iter().all(is_fit).then_some(reads)
}

/// A future that is made of the value still borrows from it.
fn is_awaited(read: &ast::Expr) -> bool {
    read.syntax().parent().is_some_and(|it| ast::AwaitExpr::can_cast(it.kind()))
}

/// A `let` for each part that is read.
fn parts(
    context: &FixContext<'_>,
    capture: &Capture,
    reads: &[Read],
    values: &[Read],
) -> Vec<Vec<Edit>> {
    let names = names(context, capture, values);
    let shadows = names.contains(&capture.name) && capture.is_used_later();
    let forms: Vec<Vec<String>> = values.iter().map(|it| owned_forms(it.expr(), false)).collect();
    let variant = |choice: Vec<&String>, is_move: bool| {
        let lets = names.iter().zip(choice);
        let lets: Vec<String> = lets.map(|(name, form)| format!("let {name} = {form};")).collect();
        let mut edits = capture.prepend(context, &lets, shadows)?;
        for read in reads {
            let at = values.iter().position(|it| it.text() == read.text())?;
            let name = names.get(at)?;
            if context.text.get(std::ops::Range::<usize>::from(read.range()))? != name {
                edits.push(context.edit(read.range(), name.clone()));
            }
        }
        if is_move {
            edits.extend(capture.make_move(context));
        }
        Some(edits)
    };
    let mut variants: Vec<Vec<Edit>> = Vec::new();
    // With `move` first: without it the future borrows the new variables.
    for is_move in [true, false] {
        for choice in choices(&forms) {
            let fresh = variant(choice, is_move).filter(|it| !variants.contains(it));
            variants.extend(fresh);
        }
    }
    variants
}

/// The combinations of forms, plain ones first.
fn choices(forms: &[Vec<String>]) -> Vec<Vec<&String>> {
    let mut choices: Vec<Vec<&String>> = vec![Vec::new()];
    for forms in forms {
        let extended = forms.iter().flat_map(|form| {
            choices.iter().map(move |known| known.iter().copied().chain([form]).collect())
        });
        choices = extended.take(VARIANTS_MAX).collect();
    }
    choices
}

fn names(context: &FixContext<'_>, capture: &Capture, values: &[Read]) -> Vec<String> {
    let around = context.surroundings(capture.block.syntax());
    let mut names: Vec<String> = Vec::new();
    for value in values {
        let own = name_of(value.expr()).filter(|it| it != "found");
        let long = own.as_ref().filter(|_| capture.name != "self");
        let long = long.map(|own| format!("{}_{own}", capture.name));
        // The only value of a variable may take its place.
        let is_same = values.len() == 1 && own.as_ref().is_none_or(|own| *own == capture.name);
        if is_same && capture.name != "self" {
            return vec![capture.name.clone()];
        }
        let candidates = own.into_iter().chain(long);
        let name = free_name(candidates, |it| {
            has_ident(&around, it) || names.iter().any(|known| known == it)
        });
        names.push(name);
    }
    names
}

/// The value itself, copied out of its `Rc` or reference under its own name.
fn whole(context: &FixContext<'_>, capture: &Capture) -> Vec<Vec<Edit>> {
    let name = &capture.name;
    if name == "self" || !only_reads(context, capture) {
        return Vec::new();
    }
    let is_counted = context
        .held
        .ty
        .as_deref()
        .is_some_and(|ty| ty.contains("Rc<") || ty.contains("Arc<") || ty.starts_with('&'));
    if !is_counted {
        return Vec::new();
    }
    let plain = is_copy(context).then(|| format!("*{name}"));
    let forms: Vec<String> = plain
        .into_iter()
        .chain([format!("(*{name}).clone()"), format!("(*{name}).to_owned()")])
        .collect();
    let stars = dereferences(capture);
    let variant = |form: &String| {
        let stmts = [format!("let {name} = {form};")];
        let mut edits = capture.prepend(context, &stmts, capture.is_used_later())?;
        edits.extend(stars.iter().map(|it| context.edit(*it, "")));
        edits.extend(capture.make_move(context));
        Some(edits)
    };
    forms.iter().filter_map(variant).collect()
}

/// Whether the value is a number or its like. The compiler does not always say that something
/// else cannot be moved out: it checks no borrows in a fn that has other errors.
fn is_copy(context: &FixContext<'_>) -> bool {
    const COPY: &[&str] = &[
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64", "bool", "char",
    ];
    let ty = context.held.ty.as_deref().unwrap_or_default();
    let inner = ty.rsplit(['<', '&', ':']).next().unwrap_or_default();
    COPY.contains(&inner.trim_end_matches('>').trim())
}

/// Whether the block only reads the value; inside of format strings it can do nothing else.
fn only_reads(context: &FixContext<'_>, capture: &Capture) -> bool {
    let block = capture.block.syntax();
    Read::all_outside_strings(context, block, &capture.name, true).is_some()
}

/// The `*` in front of uses: the copy needs none.
fn dereferences(capture: &Capture) -> Vec<ra_ap_syntax::TextRange> {
    let prefixes = capture.block.syntax().descendants().filter_map(ast::PrefixExpr::cast);
    prefixes
        .filter(|it| it.op_kind() == Some(ast::UnaryOp::Deref))
        .filter(|it| it.expr().is_some_and(|it| it.syntax().text() == capture.name.as_str()))
        .filter_map(|it| Some(it.op_token()?.text_range()))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines, variants};

    const ID: &str = "capture_only_what_is_needed";
    const RC: &str = "Rc<User>";

    #[test]
    fn parts_of_the_value() {
        check(
            ID,
            RC,
            "
fn f(user: Rc<User>, größe: u8) {
    spawn(async move {
        io(größe).$1await;
        println!(\"ż {} {}\", $0user$0.names.len(), user.names.len());
    });
}
",
            "
fn f(user: Rc<User>, größe: u8) {
    let len = user.names.len();
    spawn(async move {
        io(größe).await;
        println!(\"ż {} {}\", len, len);
    });
}
",
        );
    }

    #[test]
    fn field_of_self_is_cloned_when_it_must() {
        let code = "fn f(&self) { spawn(async { greet(&$0self$0.name).$1await }); }";
        let all = variants(ID, code, "&App").unwrap();
        assert_eq!(
            all[1],
            "fn f(&self) { let name = self.name.clone(); spawn(async move { greet(&name).await }); }"
        );
    }

    #[test]
    fn whole_value_in_a_format_string() {
        check(
            ID,
            "Rc<u32>",
            "fn f(n: Rc<u32>) { spawn(async move { io().$1await; println!(\"{n}\", n = $0n$0) }); }",
            "fn f(n: Rc<u32>) { let n = *n; spawn(async move { io().await; println!(\"{n}\", n = n) }); }",
        );
    }

    #[test]
    fn used_later_goes_in_a_block() {
        check(
            ID,
            "Rc<u32>",
            "
fn f(n: Rc<u32>) {
    spawn(async move { io(*$0n$0).$1await });
    drop(n);
}
",
            "
fn f(n: Rc<u32>) {
    spawn({
        let n = *n;
        async move { io(n).await }
    });
    drop(n);
}
",
        );
    }

    #[test]
    fn declines_when_written_or_dependent() {
        for code in [
            "fn f(c: &Cell<u8>) { spawn(async move { $0c$0.set(1); io().$1await }); }",
            "fn f(r: Receiver<u8>) { spawn(async { while let Ok(n) = $0r$0.recv() { io(n).$1await } }); }",
            "fn f(v: &V) { spawn(async move { for i in 0..3 { io($0v$0.x.get(i)).$1await } }); }",
            "async fn f(p: Rc<u8>) { io(*$0p$0).$1await }",
            "fn f(größe: &Rc<u8>) { spawn(async move { io().$1await; drop($0größe$0) }); }",
        ] {
            check_declines(ID, "V", code);
        }
    }
}
