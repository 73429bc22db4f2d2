//! Fix: encloses a value's declaration and its uses before the await in a block, so that it is
//! dropped before the task may move to another thread.
//!
//! ```ignore
//! let guard = state.lock().unwrap();      let count = {
//! let count = guard.len();                    let guard = state.lock().unwrap();
//! save(count).await;                          guard.len()
//!                                         };
//!                                         save(count).await;
//! ```
//!
//! Values that are needed later come out of the block. Declines when the value itself is used
//! after (or by) the await, and when an item is declared in between. Known problem: a value that
//! borrows from the enclosed one cannot come out; the compiler then rejects the fix.

use ra_ap_syntax::{
    AstNode, AstToken, SyntaxNode, TextRange,
    ast::{self, HasArgList, HasName},
};

use super::{Draft, FixContext, Reach, context::mentions, indent::indent};
use crate::problem::Edit;

/// Drafts `enclose_in_block`.
pub(super) fn enclose_in_block(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref()?;
    let stmts = Enclosed::find(context, name)?;
    let escaping = stmts.escaping(name);
    let variants =
        [tail_variant(context, &stmts, &escaping), plain_variant(context, &stmts, &escaping)];
    Some(Draft {
        id: "enclose_in_block",
        title: format!("Enclose `{name}` in a block that ends before the `.await`"),
        note: None,
        variants: variants.into_iter().flatten().collect(),
        reach: Reach::Body,
        repairs: &[],
    })
}

/// The statements that go into the block, and those after it.
struct Enclosed {
    inside: Vec<SyntaxNode>,
    after: Vec<SyntaxNode>,
}

impl Enclosed {
    fn find(context: &FixContext<'_>, name: &str) -> Option<Self> {
        let stmt = context.let_stmt()?;
        let list = stmt.syntax().parent()?;
        let nodes: Vec<SyntaxNode> = list.children().filter(is_stmt_or_tail).collect();
        let first = nodes.iter().position(|node| node == stmt.syntax())?;
        let awaits = context.awaits();
        let crosses =
            |node: &SyntaxNode| awaits.iter().any(|range| node.text_range().contains_range(*range));
        let first_await = nodes.iter().skip(first).position(crosses)? + first;
        let last_use = nodes.iter().rposition(|node| mentions(node, name)).unwrap_or(first);
        let last = last_use.max(first);
        if first_await == first || last >= first_await {
            return None;
        }
        let inside = nodes.get(first..=last)?.to_vec();
        let after = nodes.get(last + 1..)?.to_vec();
        let has_item = inside.iter().any(|node| ast::Item::can_cast(node.kind()));
        (!has_item).then_some(Self { inside, after })
    }

    fn range(&self) -> Option<TextRange> {
        Some(self.inside.first()?.text_range().cover(self.inside.last()?.text_range()))
    }

    /// Variables declared inside, the held one excepted, that later statements mention.
    fn escaping(&self, held: &str) -> Vec<ast::IdentPat> {
        let declared = self.inside.iter().filter_map(|node| ast::LetStmt::cast(node.clone()));
        let patterns = declared.filter_map(|stmt| stmt.pat());
        let bindings =
            patterns.flat_map(|pat| pat.syntax().descendants().filter_map(ast::IdentPat::cast));
        let mut escaping: Vec<ast::IdentPat> = Vec::new();
        for binding in bindings {
            let Some(name) = binding.name() else { continue };
            let name = name.text();
            let is_needed = name != held && self.after.iter().any(|node| mentions(node, &name));
            if is_needed {
                // A shadowed binding does not come out; the last one of its name does.
                escaping.retain(|known| known.name().is_none_or(|known| known.text() != name));
                escaping.push(binding);
            }
        }
        escaping
    }
}

/// Statements and the tail expression, which is a bare expression node in the list.
fn is_stmt_or_tail(node: &SyntaxNode) -> bool {
    ast::Stmt::can_cast(node.kind()) || ast::Expr::can_cast(node.kind())
}

/// When the last enclosed statement is `let x = EXPR;` and only `x` comes out, `EXPR` becomes the
/// block's value.
fn tail_variant(
    context: &FixContext<'_>,
    stmts: &Enclosed,
    escaping: &[ast::IdentPat],
) -> Option<Vec<Edit>> {
    let [only] = escaping else { return None };
    let last = ast::LetStmt::cast(stmts.inside.last()?.clone())?;
    let pat = last.pat().filter(|pat| pat.syntax() == only.syntax())?;
    let value = last.initializer().filter(|_| last.let_else().is_none())?;
    if stmts.inside.len() < 2 {
        return None;
    }
    let ty = last.ty().map(|ty| format!(": {}", ty.syntax().text())).unwrap_or_default();
    let head = format!("let {}{ty} = {{", pat.syntax().text());
    let start = last.syntax().text_range().start();
    let range = stmts.range()?;
    let mut edits = open(context, range, &head);
    edits.push(context.edit(TextRange::new(start, value.syntax().text_range().start()), ""));
    let semicolon = TextRange::new(value.syntax().text_range().end(), range.end());
    edits.push(context.edit(semicolon, format!("{}}};", line_break(context, range))));
    Some(edits)
}

/// The general form: the values that come out are named at the end of the block.
fn plain_variant(
    context: &FixContext<'_>,
    stmts: &Enclosed,
    escaping: &[ast::IdentPat],
) -> Option<Vec<Edit>> {
    let range = stmts.range()?;
    let names: Vec<String> =
        escaping.iter().filter_map(|pat| Some(pat.name()?.text().to_string())).collect();
    let patterns: Vec<String> = escaping
        .iter()
        .filter_map(|pat| {
            let mutable = if pat.mut_token().is_some() { "mut " } else { "" };
            Some(format!("{mutable}{}", pat.name()?.text()))
        })
        .collect();
    let line_break = line_break(context, range);
    let step = context.indent_step();
    let (head, value, close) = match (names.as_slice(), patterns.as_slice()) {
        ([], _) => ("{".to_owned(), String::new(), "}".to_owned()),
        ([name], [pattern]) => {
            (format!("let {pattern} = {{"), format!("{line_break}{step}{name}"), "};".to_owned())
        }
        _ => {
            let head = format!("let ({}) = {{", patterns.join(", "));
            (head, format!("{line_break}{step}({})", names.join(", ")), "};".to_owned())
        }
    };
    let mut edits = open(context, range, &head);
    let end = match explicit_drop(context, stmts).filter(|_| stmts.inside.len() > 1) {
        // The block's end drops the value now.
        Some(dropped) => dropped,
        None => TextRange::empty(range.end()),
    };
    edits.retain(|edit| {
        let start = context.lines.offset(edit.span.start);
        end.is_empty() || start.is_none_or(|start| !end.contains(start))
    });
    edits.push(context.edit(end, format!("{value}{line_break}{close}")));
    Some(edits)
}

fn open(context: &FixContext<'_>, range: TextRange, head: &str) -> Vec<Edit> {
    let step = context.indent_step();
    let start = range.start();
    let mut edits =
        vec![context.insert(start, format!("{head}{}{step}", line_break(context, range)))];
    edits.extend(indent(context, range));
    edits
}

fn line_break(context: &FixContext<'_>, range: TextRange) -> String {
    format!("{}{}", context.newline(), context.indent_at(range.start()))
}

/// `drop(x);` as the last enclosed statement, with the white space before it.
fn explicit_drop(context: &FixContext<'_>, stmts: &Enclosed) -> Option<TextRange> {
    let name = context.held.name.as_deref()?;
    let last = ast::ExprStmt::cast(stmts.inside.last()?.clone())?;
    let ast::Expr::CallExpr(call) = last.expr()? else {
        return None;
    };
    let callee = call.expr()?.syntax().text().to_string();
    let argument = call.arg_list()?.args().next()?.syntax().text().to_string();
    if !callee.ends_with("drop") || argument != name {
        return None;
    }
    let before = last.syntax().first_token()?.prev_token()?;
    let space = ast::Whitespace::cast(before).map(|space| space.syntax().text_range());
    Some(space.map_or(last.syntax().text_range(), |it| it.cover(last.syntax().text_range())))
}
