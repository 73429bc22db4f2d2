//! Where a new `let` can go so that it runs just before an expression is evaluated.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self, LogicOp},
};

use super::FixContext;
use crate::problem::Edit;

/// A place for statements that run before an expression, and only when it runs.
pub(super) enum Place {
    /// In front of a statement (or tail expression) of a block.
    Before(SyntaxNode),
    /// The expression is no statement (a match arm, a closure's body): it becomes a block.
    Around(SyntaxNode),
}

impl Place {
    /// The innermost place for an expression. `None` where nothing can run in between: the
    /// condition of a loop, a pattern guard, a later operand of a let chain.
    pub(super) fn of(expr: &SyntaxNode) -> Option<Self> {
        expr.ancestors().find_map(step).flatten()
    }

    /// The statement, or the expression that becomes a block.
    pub(super) fn node(&self) -> &SyntaxNode {
        match self {
            Self::Before(node) | Self::Around(node) => node,
        }
    }

    /// Edits that put statements there, one a line.
    pub(super) fn insert(&self, context: &FixContext<'_>, stmts: &[String]) -> Vec<Edit> {
        match self {
            Self::Before(node) => vec![insert_before(context, node, stmts)],
            Self::Around(node) => wrap(context, node.text_range(), stmts),
        }
    }
}

/// `Some(None)` ends the search: no place.
fn step(node: SyntaxNode) -> Option<Option<Place>> {
    let parent = node.parent()?;
    match parent.kind() {
        SyntaxKind::STMT_LIST => Some(Some(Place::Before(node))),
        SyntaxKind::MATCH_ARM | SyntaxKind::CLOSURE_EXPR => Some(Some(Place::Around(node))),
        SyntaxKind::MATCH_GUARD | SyntaxKind::WHILE_EXPR => Some(None),
        SyntaxKind::IF_EXPR => {
            let is_condition = ast::IfExpr::cast(parent)
                .and_then(|it| it.condition())
                .is_some_and(|it| it.syntax() == &node);
            // The condition runs with the `if`; what follows `else` runs later.
            (!is_condition).then_some(Some(Place::Around(node)))
        }
        SyntaxKind::BIN_EXPR => {
            let bin = ast::BinExpr::cast(parent)?;
            let is_lazy =
                matches!(bin.op_kind(), Some(ast::BinaryOp::LogicOp(LogicOp::And | LogicOp::Or)))
                    && bin.rhs().is_some_and(|it| it.syntax() == &node);
            let binds = node.descendants().any(|it| it.kind() == SyntaxKind::LET_EXPR);
            is_lazy.then_some((!binds).then_some(Place::Around(node)))
        }
        _ => None,
    }
}

fn insert_before(context: &FixContext<'_>, node: &SyntaxNode, stmts: &[String]) -> Edit {
    let at = node.text_range().start();
    let separator = if context.starts_line(at) {
        format!("{}{}", context.newline(), context.indent_at(at))
    } else {
        " ".to_owned()
    };
    let text: String = stmts.iter().flat_map(|stmt| [stmt.as_str(), &separator]).collect();
    context.insert(at, text)
}

/// `EXPR` -> `{ STMTS EXPR }`, over several lines.
fn wrap(context: &FixContext<'_>, range: TextRange, stmts: &[String]) -> Vec<Edit> {
    let outer = format!("{}{}", context.newline(), context.indent_at(range.start()));
    let inner = format!("{outer}{}", context.indent_step());
    let mut head = format!("{{{inner}");
    for stmt in stmts {
        head.push_str(stmt);
        head.push_str(&inner);
    }
    let mut edits = vec![context.insert(range.start(), head)];
    edits.extend(super::indent::indent(context, range));
    edits.push(context.insert(range.end(), format!("{outer}}}")));
    edits
}

/// Whether nothing that could be noticed runs between the start of `place` and `expr`: the
/// expression may be evaluated first without a change of meaning.
pub(super) fn is_first_effect(place: &SyntaxNode, expr: &SyntaxNode) -> bool {
    expr.ancestors().take_while(|node| node != place).all(|node| {
        let earlier = node.siblings(ra_ap_syntax::Direction::Prev).skip(1);
        earlier.into_iter().all(|sibling| is_harmless(&sibling))
    })
}

/// Whether evaluating an expression changes nothing that another expression could see.
pub(super) fn is_harmless(node: &SyntaxNode) -> bool {
    const CALLS: &[&str] = &[
        "clone",
        "Some",
        "Ok",
        "from",
        "into",
        "new",
        "as_ref",
        "as_str",
        "to_string",
        "to_owned",
        "len",
        "borrow",
        "deref",
        "default",
        "iter",
    ];
    node.descendants().all(|it| match it.kind() {
        SyntaxKind::AWAIT_EXPR | SyntaxKind::TRY_EXPR => false,
        SyntaxKind::CALL_EXPR => {
            let callee = ast::CallExpr::cast(it).and_then(|it| it.expr());
            callee.is_some_and(|it| {
                let text = it.syntax().text().to_string();
                let last = text.rsplit("::").next().unwrap_or_default();
                CALLS.contains(&last.trim())
            })
        }
        SyntaxKind::METHOD_CALL_EXPR => {
            let name = ast::MethodCallExpr::cast(it).and_then(|it| it.name_ref());
            name.is_some_and(|it| CALLS.iter().any(|known| it.text() == *known))
        }
        SyntaxKind::MACRO_CALL => {
            let text = it.text().to_string();
            ["format!", "vec!", "stringify!", "concat!"].iter().any(|known| text.starts_with(known))
        }
        _ => true,
    })
}
