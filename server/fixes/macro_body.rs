//! Code inside of `select!` arms and `stream!` bodies: a macro's tokens, which the fixes that move
//! statements see as the block that they are written as.
//!
//! ```text
//! select! {
//!     x = rx.recv() => { let g = m.lock().unwrap(); … }      // the arm's block
//! }
//! ```
//!
//! The block is parsed on its own, at the same offsets as in the file, so that edits fit as they
//! are. Known problem: an arm without braces stays what it is, tokens.

use std::rc::Rc;

use ra_ap_syntax::{AstNode, SourceFile, SyntaxElement, SyntaxKind, T, TextRange, ast};

use super::FixContext;
use crate::macro_rules::block_in;

/// Fixes that only look at the statements around the value.
const WITHIN_BODY: &[&str] = &[
    "enclose_in_block",
    "hoist_temporary",
    "clone_out_of_guard",
    "split_branch_at_await",
    "collect_iterator_first",
    "drop_before_await",
    "move_after_await",
    "declare_in_branch",
    "await_first",
    "lock_in_each_turn",
    "lock_again_after_await",
];

/// Whether a fix can work on a block alone.
pub(super) fn suits(id: &str) -> bool {
    WITHIN_BODY.contains(&id)
}

/// The context whose tree is the block in a macro that contains the value; `None` when the value
/// stands in no such block.
pub(super) fn within<'a>(context: &FixContext<'a>) -> Option<FixContext<'a>> {
    let mut found = None;
    let mut tree = context.tree.clone();
    while let Some(inner) = block_in(context.text, context.edition(), context.value, &tree) {
        tree = inner.clone();
        found = Some(inner);
    }
    Some(with_tree(context, found?))
}

/// Macros that evaluate all their arguments, each once; those of tracing and `log` only where they
/// are enabled.
const FORMATTING: &[&str] = &[
    "print", "println", "eprint", "eprintln", "format", "write", "writeln", "panic", "bail",
    "anyhow", "info", "warn", "error", "debug", "trace", "log", "event",
];

/// Those that evaluate their arguments only sometimes.
const LOGGING: &[&str] = &["info", "warn", "error", "debug", "trace", "log", "event"];

/// Whether a macro's arguments are evaluated only where it is enabled.
pub(super) fn logs(path: &str) -> bool {
    LOGGING.contains(&path.rsplit("::").next().unwrap_or_default())
}

/// The context in whose tree the formatting macro around the value is a call of a fn with the
/// same arguments, at the same offsets.
pub(super) fn as_call<'a>(context: &FixContext<'a>) -> Option<FixContext<'a>> {
    let element = context.tree.syntax().covering_element(context.value);
    let calls = element.ancestors().filter_map(ast::MacroCall::cast);
    let call = calls.into_iter().find(|it| {
        let name = it.path().and_then(|it| it.segment()?.name_ref());
        name.is_some_and(|it| FORMATTING.iter().any(|known| it.text() == *known))
    })?;
    let tokens = call.token_tree()?;
    let mut text = context.tree.syntax().text().to_string();
    let mut blank = |range: TextRange| {
        let range = std::ops::Range::<usize>::from(range);
        text.replace_range(range.clone(), &" ".repeat(range.len()));
    };
    blank(call.excl_token()?.text_range());
    let elements: Vec<SyntaxElement> =
        tokens.syntax().children_with_tokens().filter(|it| !it.kind().is_trivia()).collect();
    for parts in elements.windows(3) {
        let [before, sigil, after] = parts else { continue };
        let starts = matches!(before.kind(), T![,] | T!['('] | T![=]);
        // `?field`, `%field`; `target: "name"`.
        if starts && matches!(sigil.kind(), T![?] | T![%]) {
            blank(sigil.text_range());
        } else if starts && after.kind() == T![:] && sigil.kind() == SyntaxKind::IDENT {
            blank(sigil.text_range().cover(after.text_range()));
        }
    }
    let parse = SourceFile::parse(&text, context.edition());
    let tree = parse.errors().is_empty().then(|| parse.tree())?;
    Some(with_tree(context, tree))
}

fn with_tree<'a>(context: &FixContext<'a>, tree: SourceFile) -> FixContext<'a> {
    FixContext {
        problem: context.problem,
        held: context.held.clone(),
        sources: context.sources,
        file: context.file,
        text: context.text,
        lines: context.lines.clone(),
        tree,
        value: context.value,
        world: Rc::clone(&context.world),
    }
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

    #[test]
    fn arm_of_select() {
        check(
            "enclose_in_block",
            GUARD,
            "
async fn f(m: M) {
    loop {
        tokio::select! {
            Some(größe) = rx.recv() => {
                let mut $0list$0 = m.lock().unwrap();
                list.push(größe);
                let n = list.len();
                io(n).$1await;
            }
            else => break,
        }
    }
}
",
            "
async fn f(m: M) {
    loop {
        tokio::select! {
            Some(größe) = rx.recv() => {
                let n = {
                    let mut list = m.lock().unwrap();
                    list.push(größe);
                    list.len()
                };
                io(n).await;
            }
            else => break,
        }
    }
}
",
        );
    }

    #[test]
    fn temporary_in_a_stream() {
        check(
            "hoist_temporary",
            GUARD,
            "
fn f(m: M) -> S {
    try_stream! {
        yield \"ü\";
        io($0m.lock().unwrap()$0.len()).$1await?;
    }
}
",
            "
fn f(m: M) -> S {
    try_stream! {
        yield \"ü\";
        let len = m.lock().unwrap().len();
        io(len).await?;
    }
}
",
        );
    }

    #[test]
    fn declines_without_braces() {
        let code = "async fn f() { select! { x = a => io($0m.lock().unwrap()$0.len()).$1await } }";
        check_declines("enclose_in_block", GUARD, code);
    }
}
